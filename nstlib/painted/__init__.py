"""Pictures of our own: nine procedural painting styles and the controlled textures of lessons 02 and 07.

`paint(name, size, seed)` returns a float32 tensor (3, H, W) in [0, 1]. A seed shows the same composition at any size,
on any machine, without a download. The styles live in `brushed`, `printed`, `planes` and `ornamented`, what
they share in `canvas`.
"""

import math

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor, from_numpy

from nstlib.errors import NstError
from nstlib.painted.brushed import night, pointillism, poppies
from nstlib.painted.canvas import Canvas
from nstlib.painted.controlled import textured_tint, two_filter_bank
from nstlib.painted.ornamented import gilded
from nstlib.painted.planes import cubist, mosaic
from nstlib.painted.printed import hatching, marbling, waves

__all__ = ["STYLES", "paint", "textured_tint", "two_filter_bank"]

STYLES = {
    style.__name__: style for style in (night, mosaic, hatching, waves, pointillism, marbling, poppies, cubist, gilded)
}
"""Name -> function (canvas, rng) that returns colours (rows, columns, 3), float, a few of them just outside [0, 1]."""


def paint(name: str, size: int | tuple[int, int] = 256, seed: int = 0) -> Float[Tensor, "3 height width"]:
    """Paint a picture in one of our own styles; returns float32 in [0, 1].

    `size` is the side of a square, or (height, width): at least 16 pixels, the longer side at most 8 times the shorter.
    The same name, size and seed give the same bytes; another size with the same proportions gives the same composition,
    finer or coarser. Raises NstError for an unknown name or a size outside these limits.

    >>> picture = paint("waves", (32, 48), seed=1)
    >>> picture.shape, picture.dtype
    (torch.Size([3, 32, 48]), torch.float32)
    >>> picture.equal(paint("waves", (32, 48), seed=1)), picture.equal(paint("waves", (32, 48), seed=2))
    (True, False)
    """
    if name not in STYLES:
        raise NstError(f"Expected one of the painted styles {', '.join(STYLES)}, got {name!r}: choose one of these.")
    height, width = _height_and_width(size)
    # Twice as fine smooths every edge; below 192 pixels finer still, since strokes thinner than a pixel draw badly.
    finer = max(2, math.ceil(384 / min(height, width)))
    colours = STYLES[name](Canvas(height * finer, width * finer), np.random.default_rng(seed))
    raster = Image.fromarray((colours.clip(0, 1) * 255 + 0.5).astype(np.uint8))
    picture = np.asarray(raster.resize((width, height), Image.Resampling.HAMMING), np.float32) / 255
    return from_numpy(picture.transpose(2, 0, 1).copy())


def _height_and_width(size: int | tuple[int, int]) -> tuple[int, int]:
    """`size` as (height, width), or an NstError that says what was expected."""
    sides = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(side, (int, np.integer)) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or min(sides) < 16 or max(sides) > 8 * min(sides) or math.prod(sides) > 50e6:
        raise NstError(
            "Expected a whole number of pixels for a square, or (height, width): at least 16, the longer side at most "
            f"8 times the shorter, 50 megapixels at most. Got size={size!r}: give another."
        )
    return int(sides[0]), int(sides[1])
