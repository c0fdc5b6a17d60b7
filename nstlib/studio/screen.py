"""What a panel shows: the picture, a sentence, the cost curve, the gradient shares. Any thread may write to it."""

import html
import threading
import time

import ipywidgets as widgets

from nstlib.studio import drawing
from nstlib.studio.frames import CALM_RATE, RATE, Pace, Picture, jpeg, wipe
from nstlib.studio.page import Page
from nstlib.transfer import resample_to

CURVE_SECONDS = 0.25  # between two drawings of the cost curve


class Screen:
    """A picture and a sentence; hold `lock` while you write to several of the widgets."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._pace = Pace()
        self.picture: Picture | None = None
        self.frame = widgets.Image(format="jpeg")
        self.frame.add_class("nst-frame")
        self.status = widgets.HTML('<span role="status">Ready.</span>')
        self.status.add_class("nst-status")
        self.page = Page()
        self.page.observe(self._set_rate, "calm")

    def reset_pace(self) -> None:
        """Let the next picture pass at once."""
        self._pace.reset()

    def due(self) -> bool:
        """Say whether the browser can take another picture now."""
        return self._pace.due()

    def paint(self) -> None:
        """Send the picture."""
        with self.lock:
            if self.picture is not None:
                self.frame.value = jpeg(self._frame_of(self.picture))

    def say(self, sentence: str, *, alert: bool = False) -> None:
        """Show a sentence, which screen readers read aloud; `alert` if something went wrong."""
        with self.lock:
            role = "alert" if alert else "status"
            self.status.value = f'<span role="{role}">{html.escape(sentence)}</span>'

    def describe(self, text: str) -> None:
        """Describe the picture to those who cannot see it."""
        if self.picture is not None:
            height, width = self.picture.shape[1:]
            self.page.alt = f"{text}, {height} by {width} pixels"

    def _frame_of(self, picture: Picture) -> Picture:
        return picture

    def _set_rate(self, change) -> None:
        self._pace.rate = CALM_RATE if change["new"] else RATE


class StudioScreen(Screen):
    """Also a wiper over the photo, the cost curve, the gradient shares and the speed."""

    def __init__(self) -> None:
        super().__init__()
        self._last_drawing = 0.0
        self.before: Picture | None = None  # the photo, which the wiper shows beside the picture
        self.wiper = widgets.FloatSlider(0, min=0, max=1, step=0.01, description="before | after", readout=False)
        self.speed = widgets.HTML()
        self.curve = widgets.HTML()
        self.bars = widgets.HTML(drawing.bars({}))
        self.wiper.observe(lambda change: self.paint(), "value")

    def draw(self, totals: list[float], *, now: bool = False) -> None:
        """Draw the cost curve, unless that was a moment ago."""
        if now or time.monotonic() - self._last_drawing > CURVE_SECONDS:
            self._last_drawing = time.monotonic()
            self.curve.value = drawing.curve(totals)

    def show_shares(self, shares: dict[str, float]) -> None:
        """Show each layer's share of the gradient."""
        self.bars.value = drawing.bars(shares)

    def _frame_of(self, picture: Picture) -> Picture:
        share = self.wiper.value
        if share == 0 or self.before is None:
            return picture
        return wipe(resample_to(self.before, picture), picture, share)


def close_all(widget: widgets.Widget) -> None:
    """Close a widget and all that is in it, with their layouts and styles, which are widgets too."""
    for part in (*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(part, widgets.Widget):
            close_all(part)
    widget.close()
