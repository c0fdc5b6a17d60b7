"""What a panel shows: the picture, a sentence, the cost curve, who pulls. It may be written to from any thread."""

import html
import threading
import time

import ipywidgets as widgets

from nstlib.studio import drawing
from nstlib.studio.frames import CALM_RATE, RATE, Pace, Picture, jpeg, wiped
from nstlib.studio.page import Page
from nstlib.transfer import fitted

CURVE_EVERY = 0.25  # seconds between two drawings of the cost curve


class Screen:
    """The widgets that are shown, and how they are written; `lock` is held by whoever writes several."""

    def __init__(self) -> None:
        self.lock, self._pace, self._drawn = threading.RLock(), Pace(), 0.0
        self.picture: Picture | None = None
        self.before: Picture | None = None  # the photo that the wiper shows beside the picture
        self.frame = widgets.Image(format="jpeg")
        self.frame.add_class("nst-frame")
        self.status = widgets.HTML('<span role="status">Ready.</span>')
        self.status.add_class("nst-status")
        self.wiper = widgets.FloatSlider(0, min=0, max=1, step=0.01, description="before | after", readout=False)
        self.speed, self.curve, self.bars = widgets.HTML(), widgets.HTML(), widgets.HTML(drawing.bars({}))
        self.page = Page()
        self.wiper.observe(lambda change: self.paint(), "value")
        self.page.observe(self._calmed, "calm")

    def begin(self) -> None:
        """Let the next picture pass at once."""
        self._pace.reset()

    def due(self) -> bool:
        """Whether a picture may be painted now, as far as a browser can follow."""
        return self._pace.due()

    def paint(self) -> None:
        """Send the picture, and the photo beside it as far as the wiper says."""
        with self.lock:
            if self.picture is None:
                return
            picture, share = self.picture, self.wiper.value
            if share > 0 and self.before is not None:
                picture = wiped(fitted(self.before, picture), picture, share)
            self.frame.value = jpeg(picture)

    def draw(self, totals: list[float], *, now: bool = False) -> None:
        """Draw the cost curve, if it is some time ago."""
        if now or time.monotonic() - self._drawn > CURVE_EVERY:
            self._drawn = time.monotonic()
            self.curve.value = drawing.curve(totals)

    def pull(self, shares: dict[str, float]) -> None:
        """Show each layer's share of the gradient."""
        self.bars.value = drawing.bars(shares)

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

    def _calmed(self, change) -> None:
        self._pace.rate = CALM_RATE if change["new"] else RATE


def close(widget: widgets.Widget) -> None:
    """Close a widget, all in it, and its layout and style, which are widgets too."""
    for part in (*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(part, widgets.Widget):
            close(part)
    widget.close()
