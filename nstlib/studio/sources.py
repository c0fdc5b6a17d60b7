"""Where a studio's two pictures come from: a sample, a painted style, a path, a tensor, an upload, a dropped file."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import torch

from nstlib import painted, pictures
from nstlib.transfer import Picture

AUTO = {"width": "auto"}
LARGEST = 512  # pixels of the shorter side of a photo, before `size` makes it smaller
NAMES = {"content": tuple(pictures.SAMPLES), "style": tuple(painted.STYLES)}
Source = str | Path | bytes | Picture


class Sources:
    """The choosers of content and style; `changed` is called when another picture was chosen.

    refused: called with a sentence for a file that is no picture; what was chosen before stays.
    """

    def __init__(
        self, content: Source, style: Source, changed: Callable[[], None], refused: Callable[[str], None]
    ) -> None:
        self._own, self._changed, self._refused = {"content": content, "style": style}, changed, refused
        self.choose = {kind: _chooser(kind, given) for kind, given in self._own.items()}
        self.upload = {
            kind: widgets.FileUpload(
                accept="image/*", description="own picture", tooltip=f"{kind}: own picture", layout=AUTO
            )
            for kind in self._own
        }
        for kind in self._own:
            self.choose[kind].observe(lambda change: self._changed(), "value")
            self.upload[kind].observe(lambda change, kind=kind: self._uploaded(kind, change), "value")

    def rows(self) -> list[widgets.HBox]:
        """The widgets, a row a picture; dropping a file on the style's row makes it the style."""
        rows = {kind: widgets.HBox([self.choose[kind], self.upload[kind]]) for kind in self._own}
        for kind, row in rows.items():
            row.add_class(f"nst-{kind}")
        return list(rows.values())

    def chosen(self, kind: str) -> Source:
        """The name that is chosen, or the learner's own picture."""
        name = self.choose[kind].value
        return self._own[kind] if name == "own" else name

    def take(self, kind: str, data: bytes) -> None:
        """Make a file's bytes the picture, if they are one."""
        try:
            picture(data)
        except Exception as fault:
            self._refused(f"{fault} The picture before stays.")
            return
        self._own[kind] = data
        choice = self.choose[kind]
        if "own" not in choice.options:
            choice.options = (*choice.options, "own")
        if choice.value == "own":
            self._changed()
        else:
            choice.value = "own"

    def _uploaded(self, kind: str, change) -> None:
        if change["new"]:
            self.take(kind, bytes(change["new"][0]["content"]))


def picture(source: Source, size: tuple[int, int] | None = None) -> Picture:
    """Return the picture of a source; a painted style is painted in `size`."""
    return source if isinstance(source, torch.Tensor) else _read(source, size if source in NAMES["style"] else None)


@lru_cache(maxsize=6)
def _read(source: str | Path | bytes, size: tuple[int, int] | None) -> Picture:
    """Read or paint a picture once: painting takes longer than many steps."""
    if isinstance(source, bytes):
        return pictures.read(source, LARGEST)
    if source in NAMES["style"]:
        return painted.paint(source, size or LARGEST)
    if source in NAMES["content"]:
        return pictures.sample(source, LARGEST)
    return pictures.read(source, LARGEST)


def code(source: Source) -> str:
    """The expression that gives the same picture without a studio."""
    if isinstance(source, str) and source in NAMES["style"]:
        return f"painted.paint({source!r}, tuple(content.shape[1:]))"
    if isinstance(source, str) and source in NAMES["content"]:
        return f"pictures.sample({source!r}, {LARGEST})"
    if isinstance(source, str | Path):
        return f"pictures.read({str(source)!r}, {LARGEST})"
    return f"pictures.read('your own picture.png', {LARGEST})  # put its path here"


def _chooser(kind: str, given: Source) -> widgets.Dropdown:
    known = isinstance(given, str) and given in NAMES[kind]
    options = NAMES[kind] if known else (*NAMES[kind], "own")
    return widgets.Dropdown(options=options, value=given if known else "own", description=kind)
