"""What a panel shows: the picture, a sentence, the cost curve, who pulls. It may be written to from any thread."""

import html
import threading
import time

import ipywidgets as widgets

from nstlib.studio import drawing
from nstlib.studio.frames import CALM_RATE, RATE, Pace, Picture, jpeg, wiped
from nstlib.studio.page import Page
from nstlib.transfer import resample_to

CURVE_EVERY = 0.25  # seconds between two drawings of the cost curve


class Screen:
    """A picture and a sentence; `lock` is held by whoever writes several of the widgets."""

    def __init__(self) -> None:
        self.lock, self._pace = threading.RLock(), Pace()
        self.picture: Picture | None = None
        self.frame = widgets.Image(format="jpeg")
        self.frame.add_class("nst-frame")
        self.status = widgets.HTML('<span role="status">Ready.</span>')
        self.status.add_class("nst-status")
        self.page = Page()
        self.page.observe(self._calmed, "calm")

    def begin(self) -> None:
        """Let the next picture pass at once."""
        self._pace.reset()

    def due(self) -> bool:
        """Whether a picture may be painted now, as far as a browser can follow."""
        return self._pace.due()

    def paint(self) -> None:
        """Send the picture."""
        with self.lock:
            if self.picture is not None:
                self.frame.value = jpeg(self._painted(self.picture))

    def say(self, sentence: str, *, alert: bool = False) -> None:
        """Say a sentence, aloud to screen readers; `alert` for what went wrong."""
        with self.lock:
            role = "alert" if alert else "status"
            self.status.value = f'<span role="{role}">{html.escape(sentence)}</span>'

    def describe(self, words: str) -> None:
        """Describe the picture to those who do not see it."""
        if self.picture is not None:
            height, width = self.picture.shape[1:]
            self.page.alt = f"{words}, {height} by {width} pixels"

    def _painted(self, picture: Picture) -> Picture:
        return picture

    def _calmed(self, change) -> None:
        self._pace.rate = CALM_RATE if change["new"] else RATE


class StudioScreen(Screen):
    """Also a wiper over the photo, the cost curve, who pulls, and the speed."""

    def __init__(self) -> None:
        super().__init__()
        self._drawn = 0.0
        self.before: Picture | None = None  # the photo that the wiper shows beside the picture
        self.wiper = widgets.FloatSlider(0, min=0, max=1, step=0.01, description="before | after", readout=False)
        self.speed, self.curve, self.bars = widgets.HTML(), widgets.HTML(), widgets.HTML(drawing.bars({}))
        self.wiper.observe(lambda change: self.paint(), "value")

    def draw(self, totals: list[float], *, now: bool = False) -> None:
        """Draw the cost curve, if it is some time ago."""
        if now or time.monotonic() - self._drawn > CURVE_EVERY:
            self._drawn = time.monotonic()
            self.curve.value = drawing.curve(totals)

    def pull(self, shares: dict[str, float]) -> None:
        """Show each layer's share of the gradient."""
        self.bars.value = drawing.bars(shares)

    def _painted(self, picture: Picture) -> Picture:
        share = self.wiper.value
        if share == 0 or self.before is None:
            return picture
        return wiped(resample_to(self.before, picture), picture, share)


def close(widget: widgets.Widget) -> None:
    """Close a widget, all in it, and its layout and style, which are widgets too."""
    for part in (*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(part, widgets.Widget):
            close(part)
    widget.close()
