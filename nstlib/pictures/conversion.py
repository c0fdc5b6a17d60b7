"""From an image of PIL to a tensor: upright, in sRGB, on white."""

import io
from contextlib import suppress

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

from nstlib.pictures.errors import PictureError
from nstlib.pictures.tensors import scale, size_with_shorter_side


def to_tensor(image: Image.Image, name: str, size: int | None) -> Float[Tensor, "3 height width"]:
    """Return the picture of an image, turned upright, its shorter side `size` if given; this changes the image.

    name: what the image is called in a PictureError.
    """
    with suppress(Exception):  # a broken EXIF block spoils no picture
        image.getexif()  # read before the block is dropped: Pillow would write it again, which odd tags forbid
        image.info.pop("exif", None)
        ImageOps.exif_transpose(image, in_place=True)
    height, width = image.height, image.width
    if size:
        height, width = size_with_shorter_side(height, width, size)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        picture = _from_deep_grey(image, name)
    else:
        picture = _from_eight_bits(image, (4 * width, 4 * height))
    return scale(picture, height, width)


def _from_deep_grey(image: Image.Image, name: str) -> Float[Tensor, "3 height width"]:
    """Scale one channel of 16-bit, 32-bit or float values to [0, 1] by the rule in ``read``."""
    values = torch.from_numpy(np.array(image).astype(np.float64))
    lowest = values.min().item()
    highest = values.max().item()
    whites = {"F": (1, 255, 65535), "I": (255, 65535)}.get(image.mode, (65535,))
    white = next((white for white in whites if lowest >= 0 and highest <= white), None)
    if white is None:
        raise PictureError(
            f"{name} holds numbers from {lowest:g} to {highest:g}, so it is unclear which value means white. "
            f"Scale them to 0…255, leave no NaN, save them as an 8-bit PNG, and give that file."
        )
    transparent = values == image.info.get("transparency", -1)
    return (values / white).masked_fill(transparent, 1.0).float().repeat(3, 1, 1)


def _from_eight_bits(image: Image.Image, enough: tuple[int, int]) -> Float[Tensor, "3 height width"]:
    """Convert to sRGB and lay on white; average down to ``enough`` pixels before, so that large photos cost little."""
    profile = image.info.get("icc_profile")
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.width > enough[0]:
        image = image.resize(enough, Image.Resampling.BOX)
    with suppress(Exception):  # no profile, or a broken one, as many are
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if embedded.profile.xcolor_space.strip() == "RGB":
            image = ImageCms.profileToProfile(image, embedded, ImageCms.createProfile("sRGB"))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div_(255)
    return pixels if len(pixels) == 3 else pixels[:3] * pixels[3:] + (1.0 - pixels[3:])
