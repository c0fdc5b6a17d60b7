"""Where a studio's pictures come from: samples, painted styles, paths, tensors, files of the learner's own."""

import contextlib
from collections.abc import Hashable, Iterator
from functools import lru_cache
from pathlib import Path

import torch

from nstlib import painted, pictures
from nstlib.errors import NstError
from nstlib.transfer import Picture
from nstlib.transfer.shapes import Mask

LARGEST = 512  # pixels of the shorter side of a photo, before `size` makes it smaller
THUMBNAIL = 72  # pixels of a thumbnail's shorter side
NAMES = {"content": tuple(pictures.SAMPLES), "style": tuple(painted.STYLES)}
KINDS = tuple(NAMES)
OWN = "own: "  # before the name of a picture that is not ours
YOUR_PICTURE = "your own picture.png"  # what code names a picture that only the studio has
Source = str | Path | bytes | Picture


class Sources:
    """Pictures by name, of content and of style; a learner's own ones join while the panel lives.

    >>> sources = Sources()
    >>> sources.name("content", "cat"), sources.name("style", torch.rand(3, 64, 64))
    ('cat', 'own: given')
    """

    def __init__(self) -> None:
        self._own: dict[str, dict[str, Source]] = {"content": {}, "style": {}}
        self._masks: dict[str, Mask] = {}

    def name(self, kind: str, source: Source) -> str:
        """Return the name under which a source is chosen; one that is not ours is kept under a name of its own."""
        if isinstance(source, str) and source in NAMES[kind]:
            return source
        return self._keep(kind, Path(source).name if isinstance(source, str | Path) else "given", source)

    def take(self, kind: str, name: str, data: bytes) -> str:
        """Keep a file's bytes and return their name; raise NstError if they are no picture."""
        if kind not in self._own:
            raise NstError(f"Expected content or style, got {kind!r}: drop the file on one of the two.")
        try:
            picture(data)
        except NstError as fault:
            raise NstError(f"'{name}' was not taken. {fault}") from fault
        return self._keep(kind, name, data)

    def _keep(self, kind: str, name: str, source: Source) -> str:
        name = OWN + name
        number = 1
        while name in self._own[kind] and not _same(self._own[kind][name], source):
            number += 1
            name = f"{name.removesuffix(f' ({number - 1})')} ({number})"
        self._own[kind][name] = source
        return name

    def names(self, kind: str) -> list[str]:
        """Return all names to choose from, the learner's own first."""
        return [*self._own[kind], *NAMES[kind]]

    def source(self, kind: str, name: str) -> Source:
        """Return what a name stands for; raise NstError if nothing does."""
        if name in NAMES[kind]:
            return name
        if name not in self._own[kind]:
            raise NstError(f"Expected the name of a {kind}, got {name!r}: choose from {', '.join(self.names(kind))}.")
        return self._own[kind][name]

    def keep_mask(self, data: bytes) -> str:
        """Keep a painted mask, a grey picture, white where the style may go; return its name, "" if it is all white."""
        mask = pictures.read(data)[0]
        if mask.min() == 1:
            return ""
        for name, known in self._masks.items():
            if known.equal(mask):
                return name
        name = f"mask {len(self._masks) + 1}"
        self._masks[name] = mask
        return name

    def masks(self) -> list[str]:
        """Return the names of all masks that were painted."""
        return list(self._masks)

    def mask(self, name: str) -> Mask | None:
        """Return the mask of a name; raise NstError if there is none."""
        if name and name not in self._masks:
            raise NstError(f"Expected the name of a mask of this studio, got {name!r}: paint it again.")
        return self._masks.get(name)

    def thumbnails(self, kind: str, names: list[str]) -> Iterator[tuple[str, Picture]]:
        """Yield a small picture of each of these names; one that cannot be read is left out, its run says why."""
        for name in names:
            with contextlib.suppress(NstError, OSError):
                yield name, _thumbnail(self.source(kind, name))


def _thumbnail(source: Source) -> Picture:
    if is_name(source, "style"):
        return painted.paint(source, (THUMBNAIL, THUMBNAIL * 4 // 3))
    # Not from the cache: it holds the pictures of the runs
    whole = source if isinstance(source, torch.Tensor) else _read.__wrapped__(source, None)
    return pictures.resize(whole, THUMBNAIL)


def _same(one: Source, other: Source) -> bool:
    if isinstance(one, torch.Tensor) or isinstance(other, torch.Tensor):
        return one is other
    return one == other


def is_name(source: Source, kind: str) -> bool:
    """Say whether a source is one of our own names."""
    return isinstance(source, str) and source in NAMES[kind]


def picture(source: Source, size: tuple[int, int] | None = None) -> Picture:
    """Return the picture of a source; a painted style is painted in `size`."""
    if isinstance(source, torch.Tensor):
        return source
    return _read(source, size if is_name(source, "style") else None, _edition(source))


def _edition(source: str | Path | bytes) -> Hashable:
    """Return what tells the contents of a path from those of before, None for what never changes."""
    if isinstance(source, bytes) or source in {name for names in NAMES.values() for name in names}:
        return None
    path = Path(source)
    try:
        found = path.stat()
    except OSError:  # an address, or a file that is not there: reading it says so
        return None
    return path.resolve(), found.st_mtime_ns, found.st_size


@lru_cache(maxsize=6)
def _read(source: str | Path | bytes, size: tuple[int, int] | None, edition: Hashable = None) -> Picture:
    """Read or paint a picture once: painting takes longer than many steps."""
    if isinstance(source, bytes):
        return pictures.read(source, LARGEST)
    if source in NAMES["style"]:
        return painted.paint(source, size or LARGEST)
    if source in NAMES["content"]:
        return pictures.sample(source, LARGEST)
    return pictures.read(source, LARGEST)


def code(source: Source, kind: str) -> str:
    """Return the expression that gives the same picture, of this kind, without a studio."""
    if is_name(source, kind):
        return {
            "content": f"pictures.sample({source!r}, {LARGEST})",
            "style": f"painted.paint({source!r}, tuple(content.shape[1:]))",
        }[kind]
    if is_name(source, "style"):
        return f"painted.paint({source!r}, {LARGEST})"
    if is_name(source, "content"):
        return f"pictures.sample({source!r}, {LARGEST})"
    if isinstance(source, str | Path):
        return f"pictures.read({str(source)!r}, {LARGEST})"
    return f"pictures.read({YOUR_PICTURE!r}, {LARGEST})"
