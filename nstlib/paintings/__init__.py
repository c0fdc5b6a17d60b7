"""Real paintings in the public domain. Each is fetched out of a package at its first use, and kept.

`read(name, size)` returns a float32 tensor (3, H, W) in [0, 1], as `pictures.read` does. Nothing comes with the course:
without a network, `painted` has styles of our own.
"""

import hashlib
import lzma
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from nstlib import painted, pictures
from nstlib.errors import NstError
from nstlib.files import replacing
from nstlib.networks.download import file_digest, sound, usable_cache
from nstlib.paintings.catalogue import PAINTINGS, Painting

__all__ = ["PAINTINGS", "Painting", "fetch", "present", "read", "where"]


def read(name: str, size: int | None = None) -> Float[Tensor, "3 height width"]:
    """Read a painting, fetched if it is not here: float32, RGB in [0, 1], the shorter side `size` pixels if given.

    Raises NstError for an unknown name, and where the painting cannot be had: the sentence says why, and what can.

    >>> read("the-scream")
    Traceback (most recent call last):
    nstlib.errors.NstError: Expected one of the paintings starry-night, pearl-earring, ..., got 'the-scream': ...
    """
    picture = pictures.read(fetch(name))
    if PAINTINGS[name].painted:
        left, top, right, bottom = PAINTINGS[name].painted
        picture = picture[:, top:bottom, left:right].contiguous()
    return picture if size is None else pictures.resize(picture, size)


def present(name: str) -> bool:
    """Say whether the painting is here, so that reading it needs no download.

    >>> present("ducks")
    False
    """
    painting = _known(name)
    path = _path(name, painting)
    return path.is_file() and file_digest(path) == painting.sha256


def where(name: str) -> str:
    """Say in words where the painting is, or where it will come from.

    >>> where("pearl-earring")
    'comes at its first use, out of the Python package ascii-monet 0.0.6 (4 MB)'
    """
    carrier = _known(name).carrier
    if present(name):
        return "here"
    if carrier.reachable():
        return f"comes at its first use, out of {carrier}"
    return f"not to be had here: it is in {carrier}, which needs apt-get"


def fetch(name: str) -> Path:
    """Return the path of the painting's file, fetched if it is not here or damaged. Raises NstError as `read` does.

    What else the same package carries is kept, too.

    >>> fetch("the-scream")
    Traceback (most recent call last):
    nstlib.errors.NstError: Expected one of the paintings starry-night, ...
    """
    painting = _known(name)
    path = _path(name, painting)
    with usable_cache(path):
        if sound(path, painting.sha256, file_digest):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _fetch_all_of(painting)
            if not path.is_file():
                raise NstError(f"It is not in {painting.carrier} as this system has it.")
        except NstError as fault:
            raise NstError(
                f"{painting.title} by {painting.painter} is in {painting.carrier} and could not be fetched. {fault} "
                f"These styles need no download: {', '.join(painted.STYLES)}. Or give a picture file of your own."
            ) from None
    return path


def _known(name: str) -> Painting:
    if name not in PAINTINGS:
        raise NstError(f"Expected one of the paintings {', '.join(PAINTINGS)}, got {name!r}: choose one of these.")
    return PAINTINGS[name]


def _folder() -> Path:
    return Path(torch.hub.get_dir()) / "paintings"


def _path(name: str, painting: Painting) -> Path:
    return _folder() / (name + Path(painting.member).suffix)


def _fetch_all_of(wanted: Painting) -> None:
    """Fetch the carrier of `wanted`, and keep its paintings whose digests are the known ones."""
    together = {name: other for name, other in PAINTINGS.items() if other.carrier == wanted.carrier}
    print(f"Fetching {wanted.title} out of {wanted.carrier}.", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        try:
            with wanted.carrier.fetch(Path(folder)) as archive:
                contents = {name: _member(archive, other.member) for name, other in together.items()}
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as fault:
            reason = str(fault).splitlines()[0].rstrip(":")
            raise NstError(f"What was fetched cannot be unpacked: {reason}.") from None
    for name, other in together.items():
        if hashlib.sha256(contents[name]).hexdigest() == other.sha256:
            with replacing(_path(name, other)) as part:
                part.write_bytes(contents[name])


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    """Return a file out of the package; nothing if it is not there."""
    try:
        file = archive.extractfile(name)
    except KeyError:
        return b""
    return file.read() if file else b""
