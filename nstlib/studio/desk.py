"""The panel as a browser shows it: one widget whose JavaScript and CSS are the files in ``front/``.

Knobs and status are synced dictionaries that Python alone writes: a browser sends what somebody moves, and shows that
at once. Pictures go as messages with their bytes beside them, or as base64 to front ends that lose those.
"""

import base64
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from nstlib.studio.frames import CALM_RATE, RATE, Frames, Picture, jpeg

FRONT = Path(__file__).parent / "front"
# Plain functions, put together in this order: anywidget takes one module, and no build step is worth three imports
SCRIPTS = ("elements", "numbers", "picture", "brush", "sliders", "sources", "layers", "plots")
SCRIPTS += ("history", "tasks", "desk")
MAX_BYTES = 9_000_000  # of a file: Jupyter's socket takes 10 MiB in one message


class Desk(anywidget.AnyWidget):
    """A picture and controls. ``spec`` says which, once; ``knobs`` where they stand; ``status`` what is going on.

    Messages have a ``kind``. To the browser: frame, film, photo, thumbnail, run, costs, pulls, gram, pull, toolarge,
    history, task, why, mask, code. From it: seen, plain (it loses bytes), calm, of each view hello and gone, and what
    the panel listens for with ``on_msg``.
    """

    # Text, not paths: anywidget would watch a path and keep its widgets for ever.
    _esm = "\n".join((FRONT / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    _css = (FRONT / "desk.css").read_text(encoding="utf-8")
    spec = traitlets.Dict().tag(sync=True)
    knobs = traitlets.Dict().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)

    def __init__(self, spec: dict, knobs: dict) -> None:
        super().__init__(spec=spec | {"max_bytes": MAX_BYTES}, knobs=knobs, status={"sentence": "", "alert": False})
        self._plain = False  # whether this front end loses bytes
        self._views: int | None = None  # None until there was one; a page that is loaded again leaves those it had
        self.frames = Frames()
        self.on_msg(self._receive)

    def show(self, picture: Picture, *, now: bool = False, last: bool = False, **about: Any) -> bytes | None:
        """Send a picture, and what is told `about` it, if the browser can take one; return its JPEG, if so.

        now, last: those of `Frames.next`. The browser is to confirm every second frame, and one that is `last`; the
        others have the number 0.
        """
        number = self.frames.next(now=now, last=last)
        if number is None:
            return None
        data = jpeg(picture)
        self.post("frame", data, number=number if last or number % 2 == 0 else 0, **about)
        return data

    def post(self, kind: str, *data: bytes, **content: Any) -> None:
        """Send a message with bytes."""
        content["kind"] = kind
        if self._plain and data:
            self.send(content | {"base64": [base64.b64encode(each).decode() for each in data]})
        else:
            self.send(content, buffers=list(data))

    def say(self, sentence: str, *, alert: bool = False, passing: bool = False, **more: Any) -> None:
        """Show a sentence, which screen readers read aloud; `alert` if something went wrong.

        `passing` if it is about one action alone: then it goes when the next one begins.
        """
        said = self.status.get("said", 0) + 1  # or the same sentence twice would be no change
        self.status = {**self.status, "sentence": sentence, "alert": alert, "passing": passing, "said": said, **more}

    @property
    def is_shown(self) -> bool:
        """Whether there is a view of it."""
        return bool(self._views)

    @property
    def was_left(self) -> bool:
        """Whether every view of it that there was has gone, as when its cell's output is cleared."""
        return self._views == 0

    def close(self) -> None:
        """Close the widget and its layout, which is one, too."""
        if layout := self.layout:
            layout.close()
        super().close()

    def _receive(self, _, content: Any, buffers: list) -> None:
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind == "seen" and isinstance(content.get("number"), int):
            self.frames.confirm(content["number"])
        elif kind == "hello":
            self._views = (self._views or 0) + 1
        elif kind == "gone" and self._views:
            self._views -= 1
        elif kind == "plain":
            self._plain = True
        elif kind == "calm":
            self.frames.rate = CALM_RATE if content.get("calm") else RATE
