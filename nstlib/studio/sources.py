"""Where a studio's two pictures come from: samples, painted styles, paths, tensors, uploads, dropped files."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import torch

from nstlib import painted, pictures
from nstlib.errors import in_words
from nstlib.transfer import Picture

AUTO = {"width": "auto"}
LARGEST = 512  # pixels of the shorter side of a photo, before `size` makes it smaller
NAMES = {"content": tuple(pictures.SAMPLES), "style": tuple(painted.STYLES)}
Source = str | Path | bytes | Picture


class Sources:
    """The choosers of content and style.

    on_change: called when another picture is chosen. on_error: called with a sentence if a file is no picture; the
    picture before stays.
    """

    def __init__(
        self, content: Source, style: Source, on_change: Callable[[], None], on_error: Callable[[str], None]
    ) -> None:
        self._own = {"content": content, "style": style}  # what "own" stands for
        self._on_change = on_change
        self._on_error = on_error
        self.choosers = {kind: _chooser(kind, source) for kind, source in self._own.items()}
        self.uploads = {
            kind: widgets.FileUpload(
                accept="image/*", description="own picture", tooltip=f"{kind}: own picture", layout=AUTO
            )
            for kind in self._own
        }
        for kind in self._own:
            self.choosers[kind].observe(lambda change: self._on_change(), "value")
            self.uploads[kind].observe(lambda change, kind=kind: self._on_upload(kind, change), "value")

    def rows(self) -> list[widgets.HBox]:
        """Return a row of widgets for each picture; a file dropped on the style's row becomes the style."""
        rows = {kind: widgets.HBox([self.choosers[kind], self.uploads[kind]]) for kind in self._own}
        for kind, row in rows.items():
            row.add_class(f"nst-{kind}")
        return list(rows.values())

    def source(self, kind: str) -> Source:
        """Return the chosen name, or the learner's own picture."""
        name = self.choosers[kind].value
        return self._own[kind] if name == "own" else name

    def take(self, kind: str, data: bytes) -> None:
        """Make a file's bytes the picture, if they are one."""
        try:
            picture(data)
        except Exception as fault:
            self._on_error(f"{in_words(fault) or fault} The picture before stays.")
            return
        self._own[kind] = data
        chooser = self.choosers[kind]
        if "own" not in chooser.options:
            chooser.options = (*chooser.options, "own")
        if chooser.value == "own":
            self._on_change()
        else:
            chooser.value = "own"

    def _on_upload(self, kind: str, change) -> None:
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
    """Return the expression that gives the same picture without a studio."""
    if isinstance(source, str) and source in NAMES["style"]:
        return f"painted.paint({source!r}, tuple(content.shape[1:]))"
    if isinstance(source, str) and source in NAMES["content"]:
        return f"pictures.sample({source!r}, {LARGEST})"
    if isinstance(source, str | Path):
        return f"pictures.read({str(source)!r}, {LARGEST})"
    return f"pictures.read('your own picture.png', {LARGEST})  # put its path here"


def _chooser(kind: str, source: Source) -> widgets.Dropdown:
    known = isinstance(source, str) and source in NAMES[kind]
    options = NAMES[kind] if known else (*NAMES[kind], "own")
    return widgets.Dropdown(options=options, value=source if known else "own", description=kind)
