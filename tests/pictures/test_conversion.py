"""Orientation and colour profiles of images that PIL opened, and of files."""

import io
import struct

import numpy as np
import pytest
import torch
from PIL import Image, features

from nstlib import pictures

UPRIGHT = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
UPRIGHT = np.asarray(Image.fromarray(UPRIGHT).resize((8, 6)).resize((64, 48), Image.Resampling.BICUBIC))
# How a camera stores the upright picture, for each EXIF value
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
LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}, "JPEG2000": {}}
LOSSY = {"JPEG": {"quality": 95, "subsampling": 0}, "MPO": {"quality": 95, "subsampling": 0}, "AVIF": {"quality": 95}}
if not features.check("avif"):  # Pillow before 11.3
    del LOSSY["AVIF"]


def tensor(values):
    return torch.from_numpy(np.array(values)).permute(2, 0, 1) / 255


def encoded(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


@pytest.fixture(params=STORED)
def orientation(request):
    return request.param


@pytest.fixture(params=[*LOSSLESS, *LOSSY])
def photo(request, orientation):
    """A file's bytes, and by how much its decoded values may differ."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](UPRIGHT)))
    options = (LOSSLESS | LOSSY)[request.param]
    if request.param == "MPO":
        options = options | {"save_all": True, "append_images": [stored]}
    if request.param == "JPEG2000":  # Pillow writes none
        stored = Image.fromarray(UPRIGHT)
    else:
        options = options | {"exif": exif}
    return encoded(stored, request.param, **options), 1e-6 if request.param in LOSSLESS else 0.05


@pytest.mark.parametrize("opened", ["lazily", "loaded", "copied", "its EXIF read"])
def test_an_opened_image_is_turned_once_whatever_its_format(photo, opened):
    data, tolerance = photo
    image = Image.open(io.BytesIO(data))
    if opened == "loaded":
        image.load()
    if opened == "copied":
        image = image.copy()
    if opened == "its EXIF read":
        image.getexif()
    once = pictures.from_pil(image)
    assert once.shape == (3, 48, 64) and (once - tensor(UPRIGHT)).abs().max() <= tolerance
    assert torch.equal(pictures.from_pil(image), once)


def test_a_file_is_turned_once_whatever_its_format(photo):
    data, tolerance = photo
    assert (pictures.read(data) - tensor(UPRIGHT)).abs().max() <= tolerance


def test_the_callers_image_stays_as_it_was(photo):
    image = Image.open(io.BytesIO(photo[0]))
    image.load()
    before = image.size, image.tobytes(), dict(image.getexif()), dict(image.info)
    pictures.from_pil(image)
    assert (image.size, image.tobytes(), dict(image.getexif()), dict(image.info)) == before


def test_an_opened_image_that_is_broken_is_a_sentence():
    data = encoded(Image.fromarray(UPRIGHT), "PNG")
    with pytest.raises(pictures.PictureError, match="The image begins like a picture but cannot be decoded"):
        pictures.from_pil(Image.open(io.BytesIO(data[: len(data) // 2])))


# Profiles, made here: whatever the ink, neutral colours of a lightness that no other reading gives


def profile(space, connection, tags, kind=b"prtr"):
    """An ICC profile of version 2.4."""
    body, table, start = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"lcms", 0x02400000, kind, space, connection)
    header += struct.pack(">6H4s4s", 2026, 1, 1, 0, 0, 0, b"acsp", b"APPL") + bytes(24)
    header += struct.pack(">3i", *(round(value * 65536) for value in (0.9642, 1, 0.8249)))
    return header + bytes(128 - len(header)) + table + body


def inks():
    """No ink is white, full cyan has the lightness 60, full magenta 40, all others are black: each neutral."""
    lightness = {(0, 0, 0, 0): 100, (1, 0, 0, 0): 60, (0, 1, 0, 0): 40}
    corners = [tuple(index >> shift & 1 for shift in (3, 2, 1, 0)) for index in range(16)]
    values = [round(lightness.get(corner, 0) * 2.55) for corner in corners]
    straight = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    lookup = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + straight * 4
    lookup += b"".join(bytes([value, 128, 128]) for value in values) + straight * 3
    return profile(b"CMYK", b"Lab ", {b"A2B0": lookup})


def grey_of_old_macs():
    white = b"XYZ " + struct.pack(">4x3i", *(round(value * 65536) for value in (0.9642, 1, 0.8249)))
    return profile(
        b"GRAY", b"XYZ ", {b"wtpt": white, b"kTRC": b"curv" + struct.pack(">4xIH", 1, round(1.8 * 256))}, b"mntr"
    )


def encode(light):
    """The sRGB value of a linear one."""
    return 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055


@pytest.mark.parametrize("format", ["TIFF", "JPEG"])
@pytest.mark.parametrize(("ink", "lightness"), [((255, 0, 0, 0), 60), ((0, 255, 0, 0), 40), ((0, 0, 0, 0), 100)])
@pytest.mark.parametrize("size", [None, 4])
def test_cmyk_follows_its_profile(format, ink, lightness, size):
    data = encoded(Image.new("CMYK", (64, 64), ink), format, icc_profile=inks())
    value = encode(((lightness + 16) / 116) ** 3)
    assert (pictures.read(data, size) - value).abs().max() < 0.02
    assert (pictures.from_pil(Image.open(io.BytesIO(data))) - value).abs().max() < 0.02


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_follows_its_profile_and_stays_grey(mode):
    levels = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    image = levels if mode == "L" else Image.merge("LA", [levels, Image.new("L", (16, 16), 51)])
    picture = pictures.read(encoded(image, "PNG", icc_profile=grey_of_old_macs()))
    wanted = torch.tensor([encode((level / 255) ** 1.8) for level in range(256)]).view(16, 16)
    wanted = wanted if mode == "L" else 0.2 * wanted + 0.8
    assert (picture - wanted).abs().max() < 0.02
    assert torch.equal(picture[0], picture[1]) and torch.equal(picture[0], picture[2])


@pytest.mark.parametrize(
    ("mode", "embedded"), [("RGB", inks()), ("CMYK", grey_of_old_macs()), ("RGB", grey_of_old_macs())]
)
def test_a_profile_of_another_kind_of_image_is_ignored(mode, embedded):
    image = Image.fromarray(UPRIGHT).convert(mode)
    plain = pictures.read(encoded(image, "TIFF"))
    assert torch.equal(pictures.read(encoded(image, "TIFF", icc_profile=embedded)), plain)


def test_cmyk_without_a_profile_is_what_pillow_makes_of_it():
    image = Image.fromarray(UPRIGHT).convert("CMYK")
    assert torch.equal(pictures.read(encoded(image, "TIFF")), tensor(image.convert("RGB")).float())
