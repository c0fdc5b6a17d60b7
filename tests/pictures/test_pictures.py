"""Every picture and every broken file here is made by the test itself."""

import io
import re
import struct
import threading
import warnings
import zlib

import numpy as np
import PIL
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.version import Version
from PIL import Image, ImageCms, ImageFile

from nstlib import pictures
from nstlib.pictures import PictureError

# Seven wide, five high, no symmetry: any wrong turn shows.
COLOUR = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = COLOUR[..., 0]


def tensor(values, white=255):
    """What read should give for (H, W, 3) or (H, W) numbers."""
    values = torch.from_numpy(np.asarray(values, dtype=np.float64) / white).float()
    return values.permute(2, 0, 1) if values.ndim == 3 else values.expand(3, -1, -1)


def assert_near(picture, expected, tolerance=1e-6):
    assert picture.dtype == torch.float32
    assert picture.shape == expected.shape
    assert (picture - expected).abs().max() <= tolerance


def encoded(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def smooth(width=64, height=48):
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8))


def with_header_size(png, width, height):
    """The same PNG, claiming another size."""
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


# Formats and modes


@pytest.mark.parametrize("format, suffix", [("PNG", "png"), ("BMP", "bmp"), ("TIFF", "tif"), ("PPM", "ppm")])
def test_reads_lossless_formats_exactly(tmp_path, format, suffix):
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(COLOUR).save(path, format)
    assert_near(pictures.read(path), tensor(COLOUR))
    assert_near(pictures.read(str(path)), tensor(COLOUR))


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_reads_compressed_tiff(compression):
    assert_near(pictures.read(encoded(Image.fromarray(COLOUR), "TIFF", compression=compression)), tensor(COLOUR))


def test_reads_lossless_webp():
    assert_near(pictures.read(encoded(Image.fromarray(COLOUR), "WEBP", lossless=True)), tensor(COLOUR))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_reads_jpeg(options):
    image = smooth()
    assert_near(pictures.read(encoded(image, "JPEG", quality=95, **options)), tensor(image), 0.04)


def test_reads_the_format_not_the_suffix(tmp_path):
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encoded(Image.fromarray(COLOUR), "PNG"))
    assert_near(pictures.read(path), tensor(COLOUR))


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, io.BytesIO])
def test_reads_bytes_and_streams(wrap):
    assert_near(pictures.read(wrap(encoded(Image.fromarray(COLOUR), "PNG"))), tensor(COLOUR))


def test_reads_an_open_file_and_leaves_it_open(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(COLOUR), "PNG"))
    with open(tmp_path / "a.png", "rb") as file:
        assert_near(pictures.read(file), tensor(COLOUR))
        assert not file.closed


def test_reads_from_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    pictures.write(tensor(COLOUR), "~/a.png")
    assert_near(pictures.read("~/a.png"), tensor(COLOUR))


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG", "BMP", "GIF"])
def test_grey_becomes_three_equal_channels(format):
    flat = np.full((6, 9), 77, dtype=np.uint8)
    assert_near(pictures.read(encoded(Image.fromarray(flat), format)), tensor(flat), 1 / 255)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP"])
def test_one_bit(format):
    bits = GREY > 127
    assert_near(pictures.read(encoded(Image.fromarray(bits), format)), tensor(bits, white=1))


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_alpha_lies_on_white(format):
    rgba = np.dstack([COLOUR, GREY])
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    opacity = GREY[..., None] / 255
    expected = tensor(COLOUR * opacity + 255 * (1 - opacity))
    assert_near(pictures.read(encoded(Image.fromarray(rgba), format, **options)), expected)


def test_fully_transparent_is_white_whatever_it_hides():
    assert_near(pictures.read(encoded(Image.new("RGBA", (4, 3), (255, 0, 0, 0)), "PNG")), torch.ones(3, 3, 4))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_grey_with_alpha(format):
    image = Image.new("LA", (4, 3), (0, 51))
    assert_near(pictures.read(encoded(image, format)), torch.full((3, 3, 4), 0.8))


@pytest.mark.parametrize("mode, colour, key", [("L", 9, 9), ("RGB", (9, 8, 7), (9, 8, 7)), ("1", 0, 0), ("I;16", 9, 9)])
def test_png_transparent_colour_becomes_white(mode, colour, key):
    image = Image.new(mode, (4, 3), colour)
    assert_near(pictures.read(encoded(image, "PNG", transparency=key)), torch.ones(3, 3, 4))


@pytest.mark.parametrize("format", ["PNG", "GIF", "TIFF", "BMP"])
def test_palette(format):
    image = Image.fromarray(COLOUR).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    assert_near(pictures.read(encoded(image, format)), tensor(image.convert("RGB")))


@pytest.mark.parametrize("format, transparency", [("PNG", 1), ("PNG", b"\xff\x00\xff"), ("GIF", 1)])
def test_palette_with_transparency(format, transparency):
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    picture = pictures.read(encoded(image, format, transparency=transparency))
    assert_near(picture, tensor([[[255, 0, 0], [255, 255, 255], [0, 0, 255]]]))


def test_partly_transparent_palette():
    image = Image.new("P", (2, 2))
    image.putpalette([0, 0, 0])
    assert_near(pictures.read(encoded(image, "PNG", transparency=b"\x33")), torch.full((3, 2, 2), 0.8))


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk(format):
    # No ink is white, full cyan has no red: an inverted reading would show at once.
    image = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    image.paste((0, 0, 0, 0), (8, 0, 16, 16))
    picture = pictures.read(encoded(image, format))
    assert_near(picture[:, 8, 2], torch.tensor([0.0, 1.0, 1.0]), 0.03)
    assert_near(picture[:, 8, 14], torch.ones(3), 0.03)


def test_lab_tiff():
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.new("RGB", (4, 3), (200, 100, 30)), srgb, lab, outputMode="LAB")
    expected = tensor(Image.new("RGB", (4, 3), (200, 100, 30)))
    assert_near(pictures.read(encoded(image, "TIFF")), expected, 2 / 255)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_ycbcr_tiff(compression):
    image = smooth()
    data = encoded(image.convert("YCbCr"), "TIFF", compression=compression)
    if compression == "raw" and Version(PIL.__version__) < Version("13"):  # which cannot decode it
        with pytest.raises(PictureError, match="damaged or of a rare kind"):
            pictures.read(data)
    else:
        assert_near(pictures.read(data), tensor(image), 0.02)


@pytest.mark.parametrize("mode, kind", [("I;16", "<u2"), ("I;16B", ">u2")])
@pytest.mark.parametrize("format", ["TIFF", "PNG"])
def test_sixteen_bit_grey(mode, kind, format):
    values = np.array([[0, 1, 257], [32768, 65534, 65535]])
    image = Image.frombytes(mode, (3, 2), values.astype(kind).tobytes())
    assert_near(pictures.read(encoded(image, format)), tensor(values, 65535))
    assert_near(pictures.from_pil(image), tensor(values, 65535))


def test_sixteen_bit_colour_png():
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in COLOUR.astype(int) * 257)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 7, 5, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    assert_near(pictures.read(b"\x89PNG\r\n\x1a\n" + b"".join(parts)), tensor(COLOUR))


@pytest.mark.parametrize(
    "values, white",
    [
        (np.array([[0, 100, 255]], dtype=np.int32), 255),
        (np.array([[0, 100, 256]], dtype=np.int32), 65535),
        (np.array([[0.0, 0.25, 1.0]], dtype=np.float32), 1),
        (np.array([[0.0, 0.25, 200.0]], dtype=np.float32), 255),
        (np.array([[0.0, 0.25, 50000.0]], dtype=np.float32), 65535),
    ],
)
def test_integer_and_float_tiff(values, white):
    assert_near(pictures.read(encoded(Image.fromarray(values), "TIFF")), tensor(values, white))


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_animation_gives_its_first_frame(format):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if format == "WEBP" else {}
    if format == "MPO":
        del frames[2]  # Pillow before 11.3 writes a broken file of three
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == len(frames)
    assert_near(pictures.read(data), tensor(frames[0]), 0.02 if format == "MPO" else 1e-6)


# Orientation, colour profile


# Where the stored rows and columns come from: what a camera does to the upright picture for each EXIF value.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright.swapaxes(0, 1)[::-1, ::-1],
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation(orientation, format):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](COLOUR)))
    options = {"lossless": True} if format == "WEBP" else {}
    data = encoded(stored, format, exif=exif, **options)
    assert_near(pictures.read(data), tensor(COLOUR))
    assert pictures.read(data, 10).shape == (3, 10, 14)


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_of_jpeg(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.asarray(smooth())
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    assert_near(pictures.read(encoded(stored, "JPEG", quality=95, exif=exif)), tensor(upright), 0.04)


def test_a_photo_is_turned_though_another_tag_of_its_exif_block_is_out_of_range():
    width, orientation = struct.pack("<HHIi", 0x0100, 9, 1, -5), struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + width + orientation + struct.pack("<I", 0)
    stored = Image.fromarray(np.ascontiguousarray(STORED[6](COLOUR)))
    assert_near(pictures.read(encoded(stored, "PNG", exif=exif)), tensor(COLOUR))


@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_of_sixteen_bits(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = (GREY.astype(np.uint16) * 257).astype("<u2")
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    assert_near(pictures.read(encoded(stored, "PNG", exif=exif)), tensor(upright, 65535))


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_spoils_no_picture(exif):
    assert_near(pictures.read(encoded(smooth(), "JPEG", quality=95, exif=exif)), tensor(smooth()), 0.04)


def test_unknown_orientation_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 9
    assert_near(pictures.read(encoded(Image.fromarray(COLOUR), "PNG", exif=exif)), tensor(COLOUR))


def swapped_profile():
    """sRGB with its red and blue primaries swapped: converting must swap the channels back."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(data[i : i + 4]): i for i in range(132, 132 + 12 * struct.unpack(">I", data[128:132])[0], 12)}
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    data[red : red + 8], data[blue : blue + 8] = data[blue : blue + 8], data[red : red + 8]
    return bytes(data)


def test_embedded_rgb_profile_is_converted():
    data = encoded(Image.fromarray(COLOUR), "PNG", icc_profile=swapped_profile())
    assert_near(pictures.read(data), tensor(COLOUR[..., ::-1]), 2 / 255)


def test_profile_keeps_alpha():
    image = Image.new("RGBA", (4, 3), (255, 0, 0, 51))
    picture = pictures.read(encoded(image, "PNG", icc_profile=swapped_profile()))
    assert_near(picture[:, 0, 0], torch.tensor([0.8, 0.8, 1.0]), 0.01)


def test_srgb_profile_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert_near(pictures.read(encoded(Image.fromarray(COLOUR), "PNG", icc_profile=profile)), tensor(COLOUR), 1 / 255)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_useless_profiles_are_ignored(mode):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = Image.fromarray(COLOUR).convert(mode)
    plain = pictures.read(encoded(image, "TIFF"))
    for profile in (b"no profile at all", lab):
        assert_near(pictures.read(encoded(image, "TIFF", icc_profile=profile)), plain)


# Size


@pytest.mark.parametrize(
    "width, height, size, shape", [(60, 40, 20, (20, 30)), (40, 60, 80, (120, 80)), (9, 9, 9, (9, 9))]
)
def test_size_is_the_shorter_side(width, height, size, shape):
    assert pictures.read(encoded(smooth(width, height), "PNG"), size).shape == (3, *shape)


def test_large_photos_are_averaged_before_they_become_floats():
    image = smooth(1500, 1000)
    small, exact = pictures.read(encoded(image, "PNG"), 50), pictures.resize(tensor(image), 50)
    assert_near(small, exact, 0.01)


def test_shrinking_is_antialiased():
    stripes = torch.zeros(3, 64, 64)
    stripes[:, :, ::2] = 1.0
    middle = pictures.resize(stripes, 16)[:, 4:-4, 4:-4]
    assert (middle - 0.5).abs().max() < 0.05


def test_transparent_edges_stay_clean_when_shrunk():
    rgba = np.zeros((400, 400, 4), dtype=np.uint8)  # black hidden under full transparency
    rgba[:, 200:] = (255, 255, 255, 255)
    assert_near(pictures.read(encoded(Image.fromarray(rgba), "PNG"), 20), torch.ones(3, 20, 20), 0.01)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16"])
def test_pictures_are_contiguous(mode):
    data = encoded(Image.new(mode, (30, 20)), "PNG")
    assert pictures.read(data).is_contiguous() and pictures.read(data, 10).is_contiguous()


def test_resize_returns_a_copy():
    picture = torch.rand(3, 8, 8)
    pictures.resize(picture, 8).zero_()
    assert picture.max() > 0


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90))
@example(56, 84, 79)  # exactly half a pixel, which floating point once called more
def test_resize_keeps_the_aspect(height, width, size):
    resized = pictures.resize(torch.rand(3, height, width), size)
    shorter = min(height, width)
    assert resized.dtype == torch.float32 and resized.min() >= 0 and resized.max() <= 1
    assert min(resized.shape[1:]) == size
    for new, old in zip(resized.shape[1:], (height, width), strict=True):
        assert 2 * abs(new * shorter - old * size) <= shorter  # half a pixel, in whole numbers


def test_require_side():
    pictures.require_side(torch.rand(3, 16, 40), 16, "relu5_1")
    with pytest.raises(PictureError) as caught:
        pictures.require_side(torch.rand(3, 40, 15), 16, "relu5_1")
    assert str(caught.value) == (
        "The picture is 15 × 40 pixels, but relu5_1 needs at least 16 on the shorter side. "
        "Use a larger picture or size, or choose shallower layers."
    )


# Broken inputs: name, content (None: no such file), the sentence. "{file}" and "{folder}" stand for the path.

PNG = encoded(smooth(), "PNG")
JPEG = encoded(smooth(), "JPEG")
DAMAGED = (
    "The file '{file}' begins like a picture but cannot be decoded: it is incomplete, damaged or of a rare kind. "
    "Copy or download it again, or open it in a picture program and save it as PNG."
)
EXPORT = "Open it in a program that shows it, export it as PNG or JPEG, and give that file."
HOLDS = "The file '{file}' cannot be read as a picture: it holds "
GIVE = "Give a JPEG, PNG, WebP, TIFF, GIF, BMP, PPM, QOI, JPEG 2000 or AVIF file."
NO_WHITE = (
    "The file '{file}' holds numbers from %s, so it is unclear which value means white. "
    "Scale them to 0…255, leave no NaN, save them as an 8-bit PNG, and give that file."
)
BROKEN = {
    "missing.jpg": (None, "The file '{file}' does not exist. Check the name; the folder searched is '{folder}'."),
    "empty.jpg": (
        b"",
        "The file '{file}' cannot be read as a picture: it is empty. Copy or download the picture again.",
    ),
    "notes.txt": (b"Dear diary,\ntoday I painted.\n", HOLDS + "text. " + GIVE),
    "umlaut.png": ("Grüße aus Köln".encode(), HOLDS + "text. " + GIVE),
    "random.png": (bytes(range(256)), HOLDS + "data of an unknown kind. " + GIVE),
    "paper.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", HOLDS + "a PDF document. " + EXPORT),
    "logo.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', HOLDS + "an SVG drawing. " + EXPORT),
    "logo2.svg": (b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg/>', HOLDS + "an SVG drawing. " + EXPORT),
    "page.jpg": (
        b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>404</body></html>",
        HOLDS + "a web page. Open it in a browser, save the picture itself, and give that.",
    ),
    "phone.heic": (
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(80),
        HOLDS + "a HEIC photo, as phones take them. Export it from the photo app as JPEG, and give that.",
    ),
    "clip.mp4": (
        b"\0\0\0\x18ftypisom\0\0\x02\0isom" + bytes(80),
        HOLDS + "a video. Save one frame of it as PNG, and give that file.",
    ),
    "album.zip": (b"PK\x03\x04\x14\0\0\0", HOLDS + "an archive. Unpack it, and give the picture inside."),
    "layers.psd": (b"8BPS\0\1\0\0", HOLDS + "a document of a drawing program. " + EXPORT),
    "script.eps": (
        encoded(smooth(), "EPS"),
        HOLDS + "a document of a drawing program. " + EXPORT,
    ),
    "cut.png": (PNG[: len(PNG) // 2], DAMAGED),
    "signature.png": (PNG[:8], DAMAGED),
    "cut.jpg": (JPEG[: len(JPEG) // 2], DAMAGED),
    "head.jpg": (JPEG[:20], DAMAGED),
    "cut.gif": (encoded(smooth(), "GIF")[:900], DAMAGED),
    "cut.bmp": (encoded(smooth(), "BMP")[:900], DAMAGED),
    "cut.webp": (encoded(smooth(), "WEBP", lossless=True)[:60], DAMAGED),
    "cut.tif": (encoded(smooth(), "TIFF")[:900], DAMAGED),
    "cut_lzw.tif": (encoded(smooth(), "TIFF", compression="tiff_lzw")[:900], DAMAGED),
    "flipped_bits.png": (PNG[:60] + bytes(byte ^ 0x55 for byte in PNG[60:]), DAMAGED),
    "zero_wide.png": (with_header_size(PNG, 0, 48), DAMAGED),
    "huge.png": (
        with_header_size(PNG, 10_000, 5_001),
        "The file '{file}' is 10000 × 5001 pixels, 50,010,000 in total; the limit is 50,000,000. "
        "Save it smaller, or, with 1.2 GB of memory to spare, allow it: max_pixels=50010000.",
    ),
    "bomb.png": (
        with_header_size(PNG, 100_000, 100_000),
        "The file '{file}' is 100000 × 100000 pixels, 10,000,000,000 in total; the limit is 50,000,000. "
        "Save it smaller, or, with 240.0 GB of memory to spare, allow it: max_pixels=10000000000.",
    ),
    "strip.png": (
        encoded(Image.new("L", (210, 10)), "PNG"),
        "The file '{file}' is 210 × 10 pixels: one side is more than 20 times the other. Crop it first.",
    ),
    "negative.tif": (encoded(Image.new("F", (8, 8), -3.5), "TIFF"), NO_WHITE % "-3.5 to -3.5"),
    "nan.tif": (encoded(Image.new("F", (8, 8), float("nan")), "TIFF"), NO_WHITE % "nan to nan"),
    "counts.tif": (encoded(Image.new("I", (8, 8), 70_000), "TIFF"), NO_WHITE % "70000 to 70000"),
}


def sentence_of(call, *arguments, **options):
    """The message of the PictureError that the call raises, checked to be fit for a learner."""
    with pytest.raises(PictureError) as caught:
        call(*arguments, **options)
    message = str(caught.value)
    assert message[0].isupper() or message[0] == "'"
    assert message.endswith(".")
    if message.startswith("Expected "):  # one sentence: what was expected, what was given, what to do
        assert ": " in message and message.count(". ") == 0
    else:
        assert len(re.findall(r"[.?](?: |$)", message)) in (2, 3)
    assert not re.search(r"Traceback|Error|<class|<.* object|0x[0-9a-f]{6}|torch\.|PIL\.", message)
    return message


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.filterwarnings(
    "error::PIL.Image.DecompressionBombWarning", "ignore:Truncated File Read", "ignore:Corrupt EXIF"
)
def test_broken_input(tmp_path, name):
    content, sentence = BROKEN[name]
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
        named = sentence.replace("The file '{file}'", "The data given")
        assert sentence_of(pictures.read, content, 32) == named.format()
    assert sentence_of(pictures.read, path) == sentence.format(file=path, folder=tmp_path)


@pytest.mark.parametrize(
    "source, sentence",
    [
        (None, "Expected a picture file, got a value of type NoneType: give its path, its bytes or open(path, 'rb')."),
        (3, "Expected a picture file, got a value of type int: give its path, its bytes or open(path, 'rb')."),
        (
            torch.rand(3, 4, 4),
            "Expected a picture file, got a value of type Tensor: give its path, its bytes or open(path, 'rb').",
        ),
        (
            io.StringIO("text"),
            "Expected a picture file, got a file opened as text: give its path, its bytes or open(path, 'rb').",
        ),
        (
            "https://example.org/cat.jpg",
            "Expected a file, got the web address 'https://example.org/cat.jpg': "
            "download the picture, and give its path.",
        ),
        ("", "Expected a picture file, got the folder '.': give the path of one picture in it."),
        (
            "a\0b.png",
            "The file 'a\0b.png' cannot be opened: embedded null byte. Copy it to a folder of your own.",
        ),
    ],
)
def test_broken_source(source, sentence):
    assert sentence_of(pictures.read, source) == sentence


def test_folder_and_near_miss(tmp_path):
    (tmp_path / "chelsea.jpeg").write_bytes(JPEG)
    assert sentence_of(pictures.read, tmp_path) == (
        f"Expected a picture file, got the folder '{tmp_path}': give the path of one picture in it."
    )
    wanted = tmp_path / "chelsea.jpg"
    assert (
        sentence_of(pictures.read, wanted)
        == f"The file '{wanted}' does not exist. Perhaps you meant 'chelsea.jpeg', beside it."
    )


def test_unreadable_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(PNG)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    expected = f"The file '{path}' cannot be opened: Permission denied. Copy it to a folder of your own."
    assert sentence_of(pictures.read, path) == expected


@pytest.mark.parametrize("size", [0, -4, 2.5, "256", True])
def test_broken_size(size):
    expected = f"Expected a size in whole pixels, got {size!r}: give the shorter side, such as 256."
    assert sentence_of(pictures.read, PNG, size) == expected
    assert sentence_of(pictures.resize, torch.rand(3, 4, 4), size) == expected


def test_size_beyond_memory():
    assert sentence_of(pictures.read, PNG, 10_000) == (
        "Expected at most 50,000,000 pixels, got size=10000, which makes 13333 × 10000 of them: give a smaller size, "
        "such as 512."
    )


def test_max_pixels_allows_and_forbids():
    assert pictures.read(PNG, max_pixels=64 * 48).shape == (3, 48, 64)
    assert "max_pixels=3072" in sentence_of(pictures.read, PNG, max_pixels=64 * 48 - 1)


@pytest.mark.parametrize("limit", [None, 10, 89_478_485])
def test_globals_of_pil_are_as_before(monkeypatch, limit):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures.read(PNG)
        sentence_of(pictures.read, BROKEN["bomb.png"][0])
    assert limit == Image.MAX_IMAGE_PIXELS
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_globals_of_pil_survive_threads():
    before = Image.MAX_IMAGE_PIXELS
    threads = [threading.Thread(target=lambda: [pictures.read(PNG) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before == Image.MAX_IMAGE_PIXELS


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([encoded(smooth(), format) for format in ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP")]), st.data()
)
@pytest.mark.filterwarnings("ignore")
def test_damage_gives_a_picture_or_a_sentence(data, draw):
    data = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, min(len(data) - 1, 400)))] = draw.draw(st.integers(0, 255))
    try:
        picture = pictures.read(bytes(data[: draw.draw(st.integers(0, len(data)))]), max_pixels=100_000)
    except PictureError:
        return
    assert picture.dtype == torch.float32 and picture.min() >= 0 and picture.max() <= 1


# Writing


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31), st.sampled_from([".png", ".webp"]))
def test_round_trip_within_one_level(tmp_path_factory, height, width, seed, suffix):
    width = min(max(width, -(-height // 20)), 20 * height)
    picture = torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))
    path = tmp_path_factory.mktemp("trip") / f"a{suffix}"
    assert pictures.write(picture, path) == path
    assert_near(pictures.read(path), picture, 0.5 / 255 + 1e-6)


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
def test_jpeg_keeps_colours_at_full_resolution(tmp_path, suffix):
    pictures.write(tensor(smooth()), tmp_path / f"a{suffix}")
    assert_near(pictures.read(tmp_path / f"a{suffix}"), tensor(smooth()), 0.03)
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_same_picture_same_bytes(tmp_path, suffix):
    first, second = (pictures.write(tensor(smooth()), tmp_path / f"{name}{suffix}") for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_write_accepts_other_floats_gradients_and_rounding_errors(tmp_path):
    picture = torch.full((3, 4, 5), 1.0000005, dtype=torch.float64, requires_grad=True)
    assert_near(pictures.read(pictures.write(picture, tmp_path / "a.png")), torch.ones(3, 4, 5))
    almost = torch.full((3, 4, 5), -1e-7, dtype=torch.bfloat16)
    assert_near(pictures.read(pictures.write(almost, tmp_path / "b.png")), torch.zeros(3, 4, 5))


def test_existing_file_is_kept_unless_told(tmp_path):
    path = pictures.write(torch.zeros(3, 4, 4), tmp_path / "a.png")
    before = path.read_bytes()
    hint = "Choose another name, or replace it: overwrite=True, on the command line --force."
    expected = f"The file '{path}' exists already. {hint}"
    assert sentence_of(pictures.write, torch.ones(3, 4, 4), path) == expected
    assert path.read_bytes() == before
    pictures.write(torch.ones(3, 4, 4), path, overwrite=True)
    assert pictures.read(path).min() == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("No space left on device.")])
def test_failed_write_loses_nothing(tmp_path, monkeypatch, error):
    path = pictures.write(torch.zeros(3, 4, 4), tmp_path / "a.png")
    before = path.read_bytes()

    def fail(image, file, *_, **__):
        file.write(b"half a pict")
        raise error

    monkeypatch.setattr(Image.Image, "save", fail)
    expected = f"'{path}' could not be saved: No space left on device. Try another folder or another format."
    assert sentence_of(pictures.write, torch.ones(3, 4, 4), path, overwrite=True) == expected
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_interrupted_write_leaves_no_rubbish(tmp_path, monkeypatch):
    def interrupt(image, file, *_, **__):
        file.write(b"half a pict")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        pictures.write(torch.ones(3, 4, 4), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_failed_rename_loses_nothing(tmp_path, monkeypatch):
    path = pictures.write(torch.zeros(3, 4, 4), tmp_path / "a.png")

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", fail)
    sentence_of(pictures.write, torch.ones(3, 4, 4), path, overwrite=True)
    assert pictures.read(path).max() == 0
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_too_wide_for_webp(tmp_path):
    assert "could not be saved" in sentence_of(pictures.write, torch.zeros(3, 1, 16_384), tmp_path / "a.webp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["picture", "picture.gif", "picture.png.txt"])
def test_unknown_suffix(tmp_path, name):
    start = "Expected a name that ends in .png, .jpg, .jpeg, .webp, got"
    expected = f"{start} '{tmp_path / name}': its end decides the format."
    assert sentence_of(pictures.write, torch.zeros(3, 4, 4), tmp_path / name) == expected


def test_missing_folder_and_folder_for_a_name(tmp_path):
    expected = f"The folder '{tmp_path / 'no'}' does not exist. Create it, or save into another one."
    assert sentence_of(pictures.write, torch.zeros(3, 4, 4), tmp_path / "no" / "a.png") == expected
    (tmp_path / "b.png").mkdir()
    expected = f"Expected a file to write, got the folder '{tmp_path / 'b.png'}': add a file name to it."
    assert sentence_of(pictures.write, torch.zeros(3, 4, 4), tmp_path / "b.png", overwrite=True) == expected


SHAPE = (
    "Expected a picture (3, height, width), got {}: picture[0] takes one out of a batch; "
    "picture.permute(2, 0, 1) brings the channels to the front."
)
KIND = (
    "Expected a float tensor (3, height, width), got {}: "
    "take one from pictures.read or from_pil; whole numbers become a picture by .float() / 255."
)
RANGE = "Expected values in [0, 1], got {}: use picture.clamp(0, 1), or divide by 255 if they run to 255."
NOT_FINITE = (
    "Expected finite values, got NaN or infinity: "
    "look for the step that made them; often the learning rate was too large."
)


@pytest.mark.parametrize(
    "picture, sentence",
    [
        (torch.zeros(1, 3, 4, 4), SHAPE.format("(1, 3, 4, 4)")),
        (torch.zeros(4, 4, 3), SHAPE.format("(4, 4, 3)")),
        (torch.zeros(4, 4), SHAPE.format("(4, 4)")),
        (torch.zeros(3, 0, 4), SHAPE.format("(3, 0, 4)")),
        (torch.zeros(3, 4, 4, dtype=torch.uint8), KIND.format("uint8")),
        (np.zeros((3, 4, 4)), KIND.format("float64")),
        (smooth(), KIND.format("Image")),
        (None, KIND.format("NoneType")),
        (torch.full((3, 4, 4), float("nan")), NOT_FINITE),
        (torch.full((3, 4, 4), float("inf")), NOT_FINITE),
        (torch.full((3, 4, 4), -0.25), RANGE.format("-0.25 to -0.25")),
        (torch.linspace(0, 255, 48).view(3, 4, 4), RANGE.format("0 to 255")),
    ],
)
def test_no_picture(tmp_path, picture, sentence):
    calls = [(pictures.write, picture, tmp_path / "a.png"), (pictures.to_pil, picture), (pictures.resize, picture, 8)]
    for call, *arguments in [*calls, (pictures.contact_sheet, {"a": picture})]:
        assert sentence_of(call, *arguments) == sentence
    assert list(tmp_path.iterdir()) == []


# To and from PIL, samples, contact sheets


def test_to_pil_and_back():
    image = pictures.to_pil(tensor(COLOUR))
    assert image.mode == "RGB" and (np.asarray(image) == COLOUR).all()
    assert_near(pictures.from_pil(image), tensor(COLOUR))


@pytest.mark.parametrize(
    "size, sentence",
    [
        ((0, 5), "The image is 0 × 5 pixels: there is nothing to see. Give another picture."),
        ((1, 21), "The image is 1 × 21 pixels: one side is more than 20 times the other. Crop it first."),
    ],
)
def test_from_pil_refuses(size, sentence):
    assert sentence_of(pictures.from_pil, Image.new("RGB", size)) == sentence


@pytest.mark.parametrize("name", pictures.SAMPLES)
def test_sample(name, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)  # anything that downloads fails
    picture = pictures.sample(name, None)
    width, height = re.match(r"(?:photo|texture), (\d+) × (\d+)", pictures.SAMPLES[name]).groups()
    assert picture.shape == (3, int(height), int(width))
    assert (", grey:" in pictures.SAMPLES[name]) == bool((picture[0] == picture[2]).all())
    assert (
        "CC0" in pictures.SAMPLES[name]
        or "public domain" in pictures.SAMPLES[name]
        or "no known" in pictures.SAMPLES[name]
    )
    assert picture.std() > 0.05


def test_sample_has_a_handy_size():
    assert pictures.sample("cat").shape == (3, 256, 385)


def test_unknown_sample():
    names = ", ".join(pictures.SAMPLES)
    start = "Expected the name of a sample picture, got"
    expected = f"{start} 'Astronut': did you mean 'astronaut'? If not, choose one of {names}."
    assert sentence_of(pictures.sample, "Astronut") == expected
    assert sentence_of(pictures.sample, "zzz") == f"{start} 'zzz': choose one of {names}."


def test_contact_sheet_shows_every_picture_whole():
    colours = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
    wide = {name: torch.tensor(c).float()[:, None, None].expand(3, 20, 40) for name, c in colours.items()}
    sheet = pictures.contact_sheet(wide, columns=2, size=100)
    for colour in colours.values():
        rows, columns = torch.nonzero((sheet - torch.tensor(colour)[:, None, None]).abs().sum(0) < 0.01, as_tuple=True)
        assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (50, 100)
        assert len(rows) == 5000
    assert_near(sheet[:, 0, 0], torch.tensor([244, 244, 242]) / 255)
    assert (sheet.sum(0) < 1).any()  # the names' dark letters (pure colours sum to one)


def test_a_row_of_a_contact_sheet_is_as_high_as_its_tallest_picture():
    flat, tall = torch.zeros(3, 20, 100), torch.zeros(3, 100, 50)
    sheet = pictures.contact_sheet({"a": flat, "b": flat, "c": flat, "d": tall}, columns=2, size=100)
    black = (sheet < 0.01).all(0).any(1).nonzero().flatten()  # rows of the sheet
    gap, letters = 6, 12
    assert black.min() == gap and black.max() == gap + 20 + 2 * letters + gap + 100 - 1


def test_contact_sheet_cuts_long_names_to_their_cell():
    white = torch.ones(3, 40, 40)
    sheet = pictures.contact_sheet({"a very " * 30 + "long\nname": white, "": white}, size=64)
    ink = torch.nonzero((sheet < 0.5).all(0))[:, 1]
    assert ink.numel() > 0 and ink.min() >= 4 and ink.max() <= 72


def test_contact_sheet_is_narrow_for_few_pictures_and_repeats_itself():
    one = {"cat": pictures.sample("cat", 64)}
    assert pictures.contact_sheet(one).shape[2] < 250
    assert torch.equal(pictures.contact_sheet(one), pictures.contact_sheet(one))


def test_contact_sheet_may_be_a_long_strip():
    sheet = pictures.contact_sheet({str(index): torch.rand(3, 8, 8) for index in range(30)}, columns=1, size=32)
    assert sheet.shape[1] > 20 * sheet.shape[2]


def test_contact_sheet_refuses():
    expected = 'Expected pictures by name: give a dict such as {"before": a, "after": b}.'
    assert sentence_of(pictures.contact_sheet, {}) == expected
    assert sentence_of(pictures.contact_sheet, [torch.ones(3, 4, 4)]) == expected
    expected = "Expected at least 1 column and 32 pixels, got 0 and 192: give more."
    assert sentence_of(pictures.contact_sheet, {"a": torch.ones(3, 4, 4)}, columns=0) == expected
