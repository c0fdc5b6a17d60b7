"""Pictures from files, bytes and images of PIL."""

import difflib
import io
import math
import os
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from nstlib.errors import is_full_memory
from nstlib.pictures.addresses import address_in_words, is_address
from nstlib.pictures.conversion import opacity, to_tensor
from nstlib.pictures.errors import PictureError
from nstlib.pictures.kinds import DAMAGED, why_unreadable
from nstlib.pictures.tensors import MAX_PIXELS, check_size

MAX_ASPECT = 20  # longer side over shorter side


# What PIL may open. Left out on purpose: EPS (runs Ghostscript), icons, and formats without a signature, such as TGA.
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "QOI", "JPEG2000", "AVIF")
T = TypeVar("T")


def read(
    source: str | os.PathLike | bytes | BinaryIO, size: int | None = None, *, max_pixels: int = MAX_PIXELS
) -> Float[Tensor, "3 height width"]:
    """Read a picture from a path, from bytes or from an open binary file: float32, RGB in [0, 1].

    It is turned by its EXIF orientation, converted to sRGB by the profile that it embeds (RGB, CMYK or grey), and laid
    on white where it is transparent; of an animation the first frame is taken. Without a profile, CMYK becomes RGB as
    Pillow does it. Grey files become three equal channels. White is 65535 in
    16-bit grey files, in 32-bit integer TIFFs the smaller of 255 and 65535 that holds all values, in float TIFFs the
    smallest of 1, 255 and 65535 that does. ``size`` makes the shorter side that long, enlarging if need be.

    Raises PictureError for what is no picture, cannot be decoded to its end, has more than ``max_pixels`` pixels (told
    by the header, before decoding) or is more than 20 times as long as wide.

    >>> red = b"P6 2 1 255 " + bytes([255, 0, 0] * 2)  # a PPM file of 2 × 1 pixels
    >>> read(red)[:, 0, 0]
    tensor([1., 0., 0.])
    >>> read(red, size=8).shape
    torch.Size([3, 8, 16])
    """
    return _decoded(source, size, max_pixels, lambda image, name: to_tensor(image, name, size))


def read_with_alpha(
    source: str | os.PathLike | bytes | BinaryIO, size: int | None = None, *, max_pixels: int = MAX_PIXELS
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "1 height width"] | None]:
    """Read a picture as ``read`` does, and how opaque it is, 0 to 1; None instead if it is opaque everywhere.

    Raises what ``read`` raises.

    >>> half = io.BytesIO()
    >>> Image.new("RGBA", (4, 2), (255, 0, 0, 51)).save(half, "PNG")
    >>> picture, alpha = read_with_alpha(half.getvalue())
    >>> picture[:, 0, 0], alpha[:, 0, 0]  # a fifth of red on white
    (tensor([1.0000, 0.8000, 0.8000]), tensor([0.2000]))
    """
    return _decoded(source, size, max_pixels, lambda image, name: (to_tensor(image, name, size), opacity(image, size)))


def _decoded(
    source: str | os.PathLike | bytes | BinaryIO,
    size: int | None,
    max_pixels: int,
    convert: Callable[[Image.Image, str], T],
) -> T:
    check_size(size)
    name, stream = _open_stream(source)
    with stream:
        try:
            with _pil_limit_lifted():
                Image.init()
                image = Image.open(stream, formats=[format for format in FORMATS if format in Image.OPEN])
            _check_pixels(image.size, name, max_pixels)
            image.load()
            return convert(image, name)
        except PictureError:
            raise
        except Exception as error:  # decoders raise anything from SyntaxError to struct.error for broken files
            if is_full_memory(error):
                raise
            raise PictureError(why_unreadable(stream, name)) from error


def from_pil(image: Image.Image) -> Float[Tensor, "3 height width"]:
    """Turn an image of PIL, of any mode, into a picture by the rules of ``read``; the image stays as it is.

    Raises PictureError for an image without pixels, of absurd aspect, of numbers whose white is not known, or opened
    from a file that cannot be decoded.

    >>> from_pil(Image.new("L", (3, 2), 255)).shape
    torch.Size([3, 2, 3])
    """
    _check_pixels(image.size, "The image", math.inf)
    try:
        own = image.copy()  # decodes what PIL has only opened
    except Exception as error:  # see read
        if is_full_memory(error):
            raise
        raise PictureError(DAMAGED.format(name="The image")) from error
    return to_tensor(own, "The image", None)


def _open_stream(source: str | os.PathLike | bytes | BinaryIO) -> tuple[str, BinaryIO]:
    """Return the source's name for a sentence, and its bytes as a stream that may be closed."""
    data = source.read() if hasattr(source, "read") else source
    if isinstance(data, bytes | bytearray | memoryview):
        return "The data given", io.BytesIO(data)
    if data is not source or not isinstance(source, str | os.PathLike):
        what = "a file opened as text" if isinstance(data, str) else f"a value of type {type(source).__name__}"
        raise PictureError(f"Expected a picture file, got {what}: give its path, its bytes or open(path, 'rb').")
    if is_address(source):
        raise PictureError(address_in_words(source))
    path = Path(os.path.expanduser(source))
    if os.path.isdir(path):
        raise PictureError(f"Expected a picture file, got the folder '{path}': give the path of one picture in it.")
    try:
        return f"The file '{path}'", path.open("rb")
    except FileNotFoundError:
        names = [other.name for other in path.parent.glob("*")]
        close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.75)
        hint = (
            f"Perhaps you meant '{close[0]}', beside it."
            if close
            else f"Check the name; the folder searched is '{path.parent.resolve()}'."
        )
        raise PictureError(f"The file '{path}' does not exist. {hint}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"The file '{path}' cannot be opened: {reason}. Copy it to a folder of your own.") from error


_opening = threading.Lock()


@contextmanager
def _pil_limit_lifted():
    """Let PIL open a header of any size, without its warning: our ``max_pixels`` decides, before decoding."""
    with _opening:
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _check_pixels(size: tuple[int, int], name: str, max_pixels: float) -> None:
    pixels = math.prod(size)
    is_size = f"{name} is {size[0]} × {size[1]} pixels"
    if pixels == 0:
        raise PictureError(f"{is_size}: there is nothing to see. Give another picture.")
    if pixels > max_pixels:
        memory = f"{pixels * 24 / 1e9:.1f} GB of memory"
        hint = f"Save it smaller, or, with {memory} to spare, allow it: max_pixels={pixels}."
        raise PictureError(f"{is_size}, {pixels:,} in total; the limit is {max_pixels:,}. {hint}")
    if max(size) > MAX_ASPECT * min(size):
        raise PictureError(f"{is_size}: one side is more than {MAX_ASPECT} times the other. Crop it first.")
