"""A picture as a tensor: what counts as one, its size, and the way to an image of PIL."""

import math

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from nstlib.pictures.errors import PictureError

MAX_PIXELS = 50_000_000


def checked(picture: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 height width"]:
    """Return the picture as float32 in [0, 1], rounding errors clamped; PictureError for what is no picture.

    >>> checked(torch.tensor([1.0000001, 0.5, 0.0]).view(3, 1, 1)).flatten()
    tensor([1.0000, 0.5000, 0.0000])
    """
    if not isinstance(picture, Tensor) or not picture.is_floating_point():
        kind = str(getattr(picture, "dtype", type(picture).__name__)).removeprefix("torch.")
        advice = "take one from pictures.read or from_pil; whole numbers become a picture by .float() / 255."
        raise PictureError(f"Expected a float tensor (3, height, width), got {kind}: {advice}")
    if picture.ndim != 3 or picture.shape[0] != 3 or picture.numel() == 0:
        advice = "picture[0] takes one out of a batch; picture.permute(2, 0, 1) brings the channels to the front."
        raise PictureError(f"Expected a picture (3, height, width), got {tuple(picture.shape)}: {advice}")
    lowest, highest = (value.item() for value in picture.aminmax())
    if not math.isfinite(lowest + highest):
        advice = "look for the step that made them; often the learning rate was too large."
        raise PictureError(f"Expected finite values, got NaN or infinity: {advice}")
    if lowest < -1e-3 or highest > 1 + 1e-3:
        advice = "use picture.clamp(0, 1), or divide by 255 if they run to 255."
        raise PictureError(f"Expected values in [0, 1], got {lowest:.4g} to {highest:.4g}: {advice}")
    return picture.float().clamp(0, 1)


def resize(picture: Float[Tensor, "3 height width"], size: int) -> Float[Tensor, "3 new_height new_width"]:
    """Return a copy whose shorter side is ``size``: antialiased bicubic, aspect kept to the pixel, values in [0, 1].

    Raises PictureError for a tensor that is no picture, and for a size that is no positive whole number or makes the
    result larger than 50 megapixels.

    >>> resize(torch.zeros(3, 40, 60), 20).shape
    torch.Size([3, 20, 30])
    """
    check_size(size)
    picture = checked(picture)
    return scale(picture, *size_with_shorter_side(*picture.shape[1:], size))


def require_side(picture: Float[Tensor, "3 height width"], minimum: int, what: str) -> None:
    """Raise PictureError if the shorter side has fewer than the ``minimum`` pixels that ``what`` (a layer) needs.

    >>> try:
    ...     require_side(torch.zeros(3, 12, 24), 16, "relu5_1")
    ... except PictureError as error:
    ...     print(str(error).partition(".")[0])
    The picture is 24 × 12 pixels, but relu5_1 needs at least 16 on the shorter side
    """
    height, width = picture.shape[-2:]
    if min(height, width) < minimum:
        raise PictureError(
            f"The picture is {width} × {height} pixels, but {what} needs at least {minimum} on the shorter side. "
            f"Use a larger picture or size, or choose shallower layers."
        )


def to_pil(picture: Float[Tensor, "3 height width"]) -> Image.Image:
    """Turn a picture into an 8-bit RGB image of PIL, rounded to the nearest value; notebooks can display it.

    Raises PictureError for a tensor that is no picture.

    >>> to_pil(torch.ones(3, 2, 3)).getpixel((0, 0))
    (255, 255, 255)
    """
    pixels = checked(picture).detach().cpu().mul(255).round().to(torch.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()))


def check_size(size: int | None) -> None:
    """Raise PictureError for a size that is no positive whole number; None, the picture's own, is fine."""
    if size is not None and (not isinstance(size, int) or size < 1 or isinstance(size, bool)):
        raise PictureError(f"Expected a size in whole pixels, got {size!r}: give the shorter side, such as 256.")


def size_with_shorter_side(height: int, width: int, size: int) -> tuple[int, int]:
    """Return height and width with the shorter one equal to ``size`` and the aspect kept."""
    shorter = min(height, width)
    height, width = round(height * size / shorter), round(width * size / shorter)
    if height * width > MAX_PIXELS:
        got = f"%s, which makes {width} × {height} of them"
        raise PictureError(
            f"Expected at most {MAX_PIXELS:,} pixels, got {got}: give a smaller size, such as 512.", ("size", size)
        )
    return height, width


def scale(picture: Float[Tensor, "3 _ _"], height: int, width: int) -> Float[Tensor, "3 height width"]:
    """Return a picture of this size, antialiased bicubic; the picture itself if it has it."""
    if picture.shape[1:] == (height, width):
        return picture
    options = {"size": (height, width), "mode": "bicubic", "align_corners": False, "antialias": True}
    return torch.nn.functional.interpolate(picture[None], **options)[0].clamp(0, 1)  # bicubic overshoots at edges
