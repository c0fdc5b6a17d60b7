"""The pictures of the flipbooks, and the path of their page."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from nstlib import networks, painted, pictures, transfer
from nstlib.errors import NstError
from nstlib.files import require_folder
from nstlib.gallery.flipbooks import Flipbook, Frame
from nstlib.transfer import Picture


@cache
def pair(size: int) -> tuple[Picture, Picture]:
    """Return the photo and the painting that the lines of a Frame's code make."""
    photo = pictures.sample("cat", size)
    return photo, painted.paint("night", tuple(photo.shape[1:]))


def paint(books: Sequence[Flipbook]) -> Iterator[tuple[Frame, Picture]]:
    """Yield each frame of the flipbooks with its picture; frames with equal Settings share one run."""
    network = networks.load()
    for frames in _runs(books):
        settings = frames[0].settings
        for step in transfer.steps(*pair(settings.size), settings, network):
            yield from ((frame, step.picture) for frame in frames if frame.step == step.index)
        yield from ((frame, step.picture) for frame in frames if frame.step is None)


def _runs(books: Sequence[Flipbook]) -> list[list[Frame]]:
    """The frames, grouped by their Settings."""
    runs: dict[str, list[Frame]] = {}
    for book in books:
        for frame in book.frames:
            runs.setdefault(frame.settings.to_json(), []).append(frame)
    return list(runs.values())


def page_path(folder: Path, *, overwrite: bool = False) -> Path:
    """Return the path of the page, ``index.html`` in a folder that is made if it is missing; call it before a long run.

    Raises NstError where nothing can be written, and for a page that exists, unless `overwrite`.
    """
    path = Path(folder) / "index.html"
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as fault:
        raise NstError(
            f"Nothing can be written into the folder {folder} ({fault.strerror}). Give a folder that is yours, or "
            "the name of a new one in a folder that exists."
        ) from fault
    require_folder(folder)
    if path.is_dir():
        raise NstError(f"{path} is a folder, and the page should have this name. Give another folder.")
    if path.exists() and not overwrite:
        raise NstError(f"{path} exists already. Give another folder, or pass --force to replace it.")
    return path
