"""The photos that a generator learns from: scikit-image's samples, or those of a folder.

Some samples are kept out of training, so that a generator can be judged on photos that it never saw.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from nstlib import pictures
from nstlib.errors import NstError

HELD_OUT = ("cat", "coffee", "astronaut")
MOST = 600  # photos of a folder; 256 × 384 px each they take 180 MB

Bytes = UInt8[Tensor, "3 _height _width"]


def sample_photos(size: int) -> list[Bytes]:
    """Return scikit-image's samples but for HELD_OUT, the shorter side `size`: uint8 (3,H,W), 0 to 255.

    >>> len(sample_photos(32)), sample_photos(32)[0].dtype
    (9, torch.uint8)
    """
    return [_bytes(pictures.sample(name, size)) for name in pictures.SAMPLES if name not in HELD_OUT]


def folder_photos(folder: Path, size: int, seed: int = 0) -> tuple[list[Bytes], list[str]]:
    """Return a folder's photos as `sample_photos` does, at most MOST that the seed chooses, and what was not readable.

    Raises NstError for a folder without a readable picture.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pictures.write(torch.zeros(3, 40, 60), Path(folder, "dark.png"))
    ...     _ = Path(folder, "broken.jpg").write_text("no picture")
    ...     photos, complaints = folder_photos(Path(folder), 32)
    >>> photos[0].shape, len(complaints)
    (torch.Size([3, 32, 48]), 1)
    """
    paths, _ = pictures.in_folder(folder)
    random.Random(seed).shuffle(paths)
    read = list(_read_each(paths[:MOST], size))
    photos = [photo for photo in read if isinstance(photo, Tensor)]
    if not photos:
        raise NstError(f"Expected photos in the folder '{folder}', got none that can be read: give a folder with some.")
    return photos, [complaint for complaint in read if isinstance(complaint, str)]


def random_crop(photos: list[Bytes], side: int, rng: random.Random) -> Float[Tensor, "3 side side"]:
    """Cut a random square out of a random photo, half of the time mirrored: float32 (3,side,side) in [0,1].

    >>> random_crop([torch.full((3, 40, 60), 255, dtype=torch.uint8)], 32, random.Random(0)).mean()
    tensor(1.)
    """
    photo = rng.choice(photos)
    top, left = (rng.randrange(length - side + 1) for length in photo.shape[1:])
    part = photo[:, top : top + side, left : left + side]
    return (part.flip(2) if rng.random() < 0.5 else part) / 255


def _read_each(paths: list[Path], size: int) -> Iterator[Bytes | str]:
    """Read the pictures one after the other; a sentence stands in the place of one that cannot be read."""
    for path in paths:
        try:
            yield _bytes(pictures.read(path, size))
        except pictures.PictureError as fault:
            yield str(fault)


def _bytes(picture: Tensor) -> Bytes:
    return picture.mul(255).round().to(torch.uint8)
