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
    picture = _from_deep_grey(image, name) if _is_deep_grey(image) else _from_eight_bits(image, (4 * width, 4 * height))
    return scale(picture, height, width)


def opacity(image: Image.Image, size: int | None) -> Float[Tensor, "1 height width"] | None:
    """Return how opaque an upright image is, 0 to 1, its shorter side `size` if given; None if opaque everywhere."""
    if not image.has_transparency_data:
        return None
    height, width = image.height, image.width
    if size:
        height, width = size_with_shorter_side(height, width, size)
    if _is_deep_grey(image):
        alpha = torch.from_numpy(np.array(image) != image.info["transparency"])[None].float()
    else:
        channel = image.convert("RGBA").getchannel("A")
        if channel.width > 4 * width:
            channel = channel.resize((4 * width, 4 * height), Image.Resampling.BOX)
        alpha = torch.from_numpy(np.array(channel))[None].float() / 255
    return None if alpha.min() == 1 else scale(alpha, height, width)


def _is_deep_grey(image: Image.Image) -> bool:
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


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
    profile = _embedded_profile(image)
    plain = profile[0] if profile else "RGB"
    image = image.convert(f"{plain}A" if image.has_transparency_data else plain)
    if image.width > enough[0]:
        image = image.resize(enough, Image.Resampling.BOX)
    if profile:
        image = _by_profile(image, *profile)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div_(255)
    return pixels if len(pixels) == 3 else pixels[:3] * pixels[3:] + (1.0 - pixels[3:])


def _embedded_profile(image: Image.Image) -> tuple[str, ImageCms.ImageCmsProfile] | None:
    """Return an embedded profile that fits the image, and the mode in which it describes colours; else None."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        space = profile.profile.xcolor_space.strip()
    except Exception:  # no profile, or a broken one, as many are
        return None
    own = {"CMYK": "CMYK", "L": "GRAY", "LA": "GRAY"}.get(image.mode, "RGB")
    if space not in ("RGB", own):  # an RGB profile fits whatever Pillow makes RGB of
        return None
    return {"CMYK": "CMYK", "GRAY": "L", "RGB": "RGB"}[space], profile


def _by_profile(image: Image.Image, plain: str, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """Return the image in sRGB, with its transparency; by Pillow's own rule where the profile cannot be used."""
    colours = image.convert(plain)
    try:
        converted = ImageCms.profileToProfile(colours, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except ImageCms.PyCMSError:
        converted = image.convert("RGB")
    if plain == "L":
        converted = converted.getchannel("G").convert("RGB")  # each channel was rounded by itself
    if image.mode.endswith("A"):
        converted.putalpha(image.getchannel("A"))
    return converted
