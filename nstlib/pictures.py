"""Pictures in and out: the only room of the library that touches image files.

Everywhere else a picture is a float32 tensor (3, height, width): red, green and blue in [0, 1], the sRGB curve left in.
``read`` makes one from whatever a learner drops in: turned the way the camera was held, transparency laid on white, in
one colour space. ``write`` saves one and never harms the file that was there. A ``PictureError`` says what went wrong.
"""

import difflib
import importlib.util
import io
import math
import os
import re
import threading
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps
from torch import Tensor

from nstlib.errors import NstError
from nstlib.files import replacing

MAX_PIXELS = 50_000_000
MAX_ASPECT = 20  # longer side over shorter side

# What PIL may open. Left out on purpose: EPS (runs Ghostscript), icons, and formats without a signature, such as TGA.
_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "QOI", "JPEG2000", "AVIF")
_JPEG = ("JPEG", {"quality": 95, "subsampling": 0})
_ENCODERS = {".png": ("PNG", {}), ".jpg": _JPEG, ".jpeg": _JPEG, ".webp": ("WEBP", {"lossless": True})}

# What the first bytes of something unreadable say: a pattern, what it is, what to do. The first match counts.
_GIVE = "Give a JPEG, PNG, WebP, TIFF, GIF or BMP file."
_EXPORT = "Open it in a program that shows it, export it as PNG or JPEG, and give that file."
_PICTURES = rb"\xff\xd8\xff|\x89PNG|GIF8[79]a|RIFF....WEBP|II[*+]\0|MM\0[*+]|BM.{4}\0{4}|....ftypavi[fs]"
_OTHERS = (
    (rb"\Z", "is empty", "Copy or download the picture again."),
    (rb"%PDF", "holds a PDF document", _EXPORT),
    (rb"\s*(<\?xml.*|<!--.*)?<svg", "holds an SVG drawing", _EXPORT),
    (
        rb"\s*<(!doctype|html|head|body)",
        "holds a web page",
        "Open it in a browser, save the picture itself, and give that.",
    ),
    (
        rb"....ftyp(hei|hev|mif|msf)",
        "holds a HEIC photo, as phones take them",
        "Export it from the photo app as JPEG, and give that.",
    ),
    (rb"....ftyp|RIFF....AVI|\x1aE\xdf\xa3", "holds a video", "Save one frame of it as PNG, and give that file."),
    (rb"8BPS|%!PS|\xc5\xd0\xd3\xc6|gimp xcf", "holds a document of a drawing program", _EXPORT),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!", "holds an archive", "Unpack it, and give the picture inside."),
    (rb"[^\0-\x08\x0e-\x1f]*\Z", "holds text", _GIVE),
    (rb"", "holds data of an unknown kind", _GIVE),
)

SAMPLES = {
    "astronaut": "photo, 512 × 512: Eileen Collins; NASA Great Images, public domain",
    "brick": "texture, 512 × 512, grey: a brick wall; CC0Textures Bricks25, CC0",
    "camera": "photo, 512 × 512, grey: a man with a camera; Lav Varshney, CC0",
    "cat": "photo, 451 × 300: Chelsea the cat; Stefan van der Walt, CC0",
    "coffee": "photo, 600 × 400: a cup of coffee; Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0",
    "coins": "photo, 384 × 303, grey: Greek coins from Pompeii; Brooklyn Museum, no known copyright restrictions",
    "grass": "texture, 512 × 512, grey: grass; linolafett on DeviantArt, CC0",
    "gravel": "texture, 512 × 512, grey: gravel; CC0Textures Gravel04, CC0",
    "hubble": "photo, 1000 × 872: Hubble eXtreme Deep Field; NASA, public domain",
    "retina": "photo, 1411 × 1411: a human retina; Mikael Häggström, CC0",
    "rocket": "photo, 640 × 427: Falcon 9 lifts off with DSCOVR; SpaceX, public domain",
    "tissue": "texture, 512 × 512: stained colonic glands; CMMI, no known copyright restrictions",
}
"""Names for ``sample``, with the source and licence that scikit-image states."""
_SAMPLE_FILES = {"cat": "chelsea.png", "hubble": "hubble_deep_field.jpg", "tissue": "ihc.png"}
_SAMPLE_FILES |= {"retina": "retina.jpg", "rocket": "rocket.jpg"}


class PictureError(NstError):
    """A picture cannot be read, used or written; the message says what was given, what was expected and what to do.

    >>> try:
    ...     read("https://example.org/cat.jpg")
    ... except PictureError as error:
    ...     print(error)
    Expected a file, got the web address 'https://example.org/cat.jpg': download the picture, and give its path.
    """


def read(
    source: str | os.PathLike | bytes | BinaryIO, size: int | None = None, *, max_pixels: int = MAX_PIXELS
) -> Float[Tensor, "3 height width"]:
    """Read a picture from a path, from bytes or from an open binary file: float32, RGB in [0, 1].

    It is turned by its EXIF orientation, converted to sRGB where it embeds an RGB profile, and laid on white where it
    is transparent; of an animation the first frame is taken. Grey files become three equal channels. White is 65535 in
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
    _check_size(size)
    name, stream = _open_stream(source)
    with stream:
        try:
            with _pil_limit_lifted():
                Image.init()
                image = Image.open(stream, formats=[format for format in _FORMATS if format in Image.OPEN])
            _check_pixels(image.size, name, max_pixels)
            image.load()
            return _to_tensor(image, name, size)
        except (PictureError, MemoryError):
            raise
        except Exception as error:  # decoders raise anything from SyntaxError to struct.error for broken files
            raise PictureError(_why_unreadable(stream, name)) from error


def sample(name: str, size: int | None = 256) -> Float[Tensor, "3 height width"]:
    """Read one of the free pictures in ``SAMPLES``, which scikit-image carries: nothing is downloaded.

    Raises PictureError for a name that is not in ``SAMPLES``.

    >>> sample("coffee", 64).shape
    torch.Size([3, 64, 96])
    """
    if name not in SAMPLES:
        close = difflib.get_close_matches(str(name).lower(), SAMPLES, n=1)
        hint = f"did you mean {close[0]!r}? If not, " if close else ""
        raise PictureError(
            f"Expected the name of a sample picture, got {name!r}: {hint}choose one of {', '.join(SAMPLES)}."
        )
    folder = Path(importlib.util.find_spec("skimage").origin).parent / "data"  # found without importing scikit-image
    return read(folder / _SAMPLE_FILES.get(name, f"{name}.png"), size)


def write(picture: Float[Tensor, "3 height width"], path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Save a picture with values in [0, 1] as PNG, JPEG or lossless WebP, by the suffix of ``path``; return the path.

    The bytes depend on the picture alone. They go to a temporary file beside ``path``, which then takes its name: when
    writing fails, an older file stays as it was. Raises PictureError for a tensor that is no picture, an unknown
    suffix, a missing folder, a file that exists (unless ``overwrite``) and a disk that refuses.

    >>> import tempfile
    >>> grey = torch.full((3, 4, 6), 0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write(grey, f"{folder}/grey.png")
    ...     print(path.name, (read(path) - grey).abs().max() < 1 / 255)
    grey.png tensor(True)
    """
    path = require_writable(path, overwrite=overwrite)
    image = to_pil(picture)
    encoder, options = _ENCODERS[path.suffix.lower()]
    try:
        with replacing(path) as part, part.open("xb") as file:
            image.save(file, encoder, **options)
    except Exception as error:
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise PictureError(f"'{path}' could not be saved: {reason}. Try another folder or another format.") from error
    return path


def require_writable(path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Return the path if ``write`` could save there, else raise PictureError; ask this before a long run.

    >>> try:
    ...     require_writable("picture.txt")
    ... except PictureError as error:
    ...     print(error)
    Expected a name that ends in .png, .jpg, .jpeg, .webp, got 'picture.txt': its end decides the format.
    """
    path = Path(os.path.expanduser(path))
    if path.suffix.lower() not in _ENCODERS:
        raise PictureError(
            f"Expected a name that ends in {', '.join(_ENCODERS)}, got '{path}': its end decides the format."
        )
    if not os.path.isdir(path.parent):
        raise PictureError(f"The folder '{path.parent}' does not exist. Create it, or save into another one.")
    if not os.access(path.parent, os.W_OK):
        raise PictureError(f"You may not write into the folder '{path.parent}'. Save into another one.")
    if os.path.isdir(path):
        raise PictureError(f"Expected a file to write, got the folder '{path}': add a file name to it.")
    if os.path.exists(path) and not overwrite:
        hint = "Choose another name, or replace it: overwrite=True, on the command line --force."
        raise PictureError(f"The file '{path}' exists already. {hint}")
    return path


def resize(picture: Float[Tensor, "3 height width"], size: int) -> Float[Tensor, "3 new_height new_width"]:
    """Return a copy whose shorter side is ``size``: antialiased bicubic, aspect kept to the pixel, values in [0, 1].

    Raises PictureError for a tensor that is no picture, and for a size that is no positive whole number or makes the
    result larger than 50 megapixels.

    >>> resize(torch.zeros(3, 40, 60), 20).shape
    torch.Size([3, 20, 30])
    """
    _check_size(size)
    picture = checked(picture)
    return _scale(picture, *_size_with_shorter_side(*picture.shape[1:], size))


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


def from_pil(image: Image.Image) -> Float[Tensor, "3 height width"]:
    """Turn an image of PIL, of any mode, into a picture by the rules of ``read``.

    Raises PictureError for an image without pixels, of absurd aspect, or of numbers whose white is not known.

    >>> from_pil(Image.new("L", (3, 2), 255)).shape
    torch.Size([3, 2, 3])
    """
    _check_pixels(image.size, "The image", math.inf)
    return _to_tensor(image, "The image", None)


def contact_sheet(
    pictures: Mapping[str, Float[Tensor, "3 _ _"]], columns: int = 4, size: int = 192
) -> Float[Tensor, "3 height width"]:
    """Lay pictures out in rows on light grey, each fitted into ``size`` × ``size`` pixels with its name below.

    Raises PictureError for no pictures, fewer than one column, and cells under 32 pixels.

    >>> contact_sheet({"black": torch.zeros(3, 8, 8), "white": torch.ones(3, 8, 8)}, size=32).shape
    torch.Size([3, 68, 82])
    """
    if not isinstance(pictures, Mapping) or not pictures:
        raise PictureError('Expected pictures by name: give a dict such as {"before": a, "after": b}.')
    if columns < 1 or size < 32:
        raise PictureError(f"Expected at least 1 column and 32 pixels, got {columns} and {size}: give more.")
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    gap = max(6, size // 16)
    letters = max(12, size // 13)
    cell_width = size + gap
    cell_height = size + 2 * letters + gap
    sheet = Image.new("RGB", (columns * cell_width + gap, rows * cell_height + gap), (244, 244, 242))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=letters)
    for index, (label, picture) in enumerate(pictures.items()):
        left = gap + index % columns * cell_width
        top = gap + index // columns * cell_height
        picture = checked(picture)
        height, width = (max(1, round(side * size / max(picture.shape[1:]))) for side in picture.shape[1:])
        sheet.paste(to_pil(_scale(picture, height, width)), (left + (size - width) // 2, top + size - height))
        text = " ".join(str(label).split())
        ellipsis = ""
        while text and font.getlength(text + ellipsis) > size:
            text = text[:-1]
            ellipsis = "…"
        draw.text((left + size / 2, top + size + letters), text + ellipsis, (40, 40, 40), font, anchor="mm")
    return _to_tensor(sheet, "The sheet", None)


def _open_stream(source: str | os.PathLike | bytes | BinaryIO) -> tuple[str, BinaryIO]:
    """Return the source's name for a sentence, and its bytes as a stream that may be closed."""
    data = source.read() if hasattr(source, "read") else source
    if isinstance(data, bytes | bytearray | memoryview):
        return "The data given", io.BytesIO(data)
    if data is not source or not isinstance(source, str | os.PathLike):
        what = "a file opened as text" if isinstance(data, str) else f"a value of type {type(source).__name__}"
        raise PictureError(f"Expected a picture file, got {what}: give its path, its bytes or open(path, 'rb').")
    if re.match("(?i)(https?|ftp):", str(source)):
        raise PictureError(f"Expected a file, got the web address '{source}': download the picture, and give its path.")
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


def _why_unreadable(stream: BinaryIO, name: str) -> str:
    stream.seek(0)
    head = stream.read(512).removeprefix(b"\xef\xbb\xbf")
    if re.match(_PICTURES, head, re.DOTALL):
        return (
            f"{name} begins like a picture but cannot be decoded: it is incomplete, damaged or of a rare kind. "
            f"Copy or download it again, or open it in a picture program and save it as PNG."
        )
    what, advice = next(row[1:] for row in _OTHERS if re.match(row[0], head, re.DOTALL | re.IGNORECASE))
    return f"{name} cannot be read as a picture: it {what}. {advice}"


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


def _to_tensor(image: Image.Image, name: str, size: int | None) -> Float[Tensor, "3 height width"]:
    with suppress(Exception):  # a broken EXIF block spoils no picture
        image.getexif()  # read before the block is dropped: Pillow would write it again, which odd tags forbid
        image.info.pop("exif", None)
        ImageOps.exif_transpose(image, in_place=True)
    height, width = image.height, image.width
    if size:
        height, width = _size_with_shorter_side(height, width, size)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        picture = _from_deep_grey(image, name)
    else:
        picture = _from_eight_bits(image, (4 * width, 4 * height))
    return _scale(picture, height, width)


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


def _check_size(size: int | None) -> None:
    if size is not None and (not isinstance(size, int) or size < 1 or isinstance(size, bool)):
        raise PictureError(f"Expected a size in whole pixels, got {size!r}: give the shorter side, such as 256.")


def _size_with_shorter_side(height: int, width: int, size: int) -> tuple[int, int]:
    """Return height and width with the shorter one equal to ``size`` and the aspect kept."""
    shorter = min(height, width)
    height, width = round(height * size / shorter), round(width * size / shorter)
    if height * width > MAX_PIXELS:
        got = f"size={size}, which makes {width} × {height} of them"
        raise PictureError(f"Expected at most {MAX_PIXELS:,} pixels, got {got}: give a smaller size, such as 512.")
    return height, width


def _scale(picture: Float[Tensor, "3 _ _"], height: int, width: int) -> Float[Tensor, "3 height width"]:
    if picture.shape[1:] == (height, width):
        return picture
    options = {"size": (height, width), "mode": "bicubic", "align_corners": False, "antialias": True}
    return torch.nn.functional.interpolate(picture[None], **options)[0].clamp(0, 1)  # bicubic overshoots at edges


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
