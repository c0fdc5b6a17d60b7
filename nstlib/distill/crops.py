"""What the student sees: crops of many pictures, disturbed as an optimisation disturbs its picture."""

import random
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from nstlib import pictures
from nstlib.errors import NstError

SIDES = (224, 384, 640)  # a stroke at one scale is a motif at another
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def load_pictures(folder: Path) -> list[np.ndarray]:
    """Load all pictures under `folder` as bytes (H,W,3), at the scales that do not enlarge them much."""
    arrays = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            image = pictures.to_pil(pictures.read(path))
            shorter = min(image.size)
            for side in (side for side in SIDES if side <= 1.2 * shorter or side == SIDES[0]):
                size = [max(side, round(length * side / shorter)) for length in image.size]
                arrays.append(np.asarray(image.resize(size, Image.Resampling.LANCZOS)))
    if not arrays:
        raise NstError(f"No pictures ({', '.join(SUFFIXES)}) under {folder}: run the collect command, or add your own.")
    return arrays


def crop(pictures: list[np.ndarray], side: int, rng: random.Random) -> Float[Tensor, "3 side side"]:
    """Cut a random square out of a random picture, in [0, 1].

    >>> picture = np.full((40, 60, 3), 255, np.uint8)
    >>> square = crop([picture], 32, random.Random(0))
    >>> tuple(square.shape), square.mean().item()
    ((3, 32, 32), 1.0)
    """
    picture = rng.choice(pictures)
    top, left = (rng.randrange(length - side + 1) for length in picture.shape[:2])
    return torch.from_numpy(picture[top : top + side, left : left + side].copy()).permute(2, 0, 1) / 255


def disturbed_crop(pictures: list[np.ndarray], side: int, rng: random.Random) -> Float[Tensor, "3 side side"]:
    """Return a crop, sometimes mirrored, and with noise, another palette, other contrast, or a second crop on top."""
    picture = crop(pictures, side, rng)
    if rng.random() < 0.5:
        picture = picture.flip(2)
    generator = torch.Generator().manual_seed(rng.getrandbits(60))
    kind = rng.random()
    mean = picture.mean()
    if kind < 0.12:
        picture = picture + torch.randn(picture.shape, generator=generator) * rng.random() * 0.3
    elif kind < 0.35:
        palette = torch.eye(3) + 0.35 * torch.randn(3, 3, generator=generator)
        picture = torch.einsum("ij,jhw->ihw", palette, picture - mean) + torch.rand(3, 1, 1, generator=generator)
    elif kind < 0.50:
        picture = (picture - mean) * rng.uniform(0.5, 2.5) + rng.random()
    elif kind < 0.62:
        mixed = (picture + crop(pictures, side, rng)) / 2
        picture = (mixed - mixed.mean()) * 1.5 + mixed.mean()
    return picture.clamp(0, 1)
