"""How opaque a picture is: read, kept, and what stands behind it."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib import pictures
from nstlib.pictures import PictureError

SHAPE = (5, 7)  # no symmetry: a wrong turn shows
RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 256, (*SHAPE, 3), dtype=np.uint8)
ALPHA = RANDOM.integers(0, 256, SHAPE, dtype=np.uint8)


def encoded(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def alpha_of(image, format="PNG", size=None, **options):
    data = encoded(image, format, **options)
    picture, alpha = pictures.read_with_alpha(data, size)
    assert picture.equal(pictures.read(data, size))
    assert alpha is None or alpha.shape == (1, *picture.shape[1:])
    return alpha


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_the_alpha_channel_is_read(format):
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    alpha = alpha_of(Image.fromarray(np.dstack([COLOUR, ALPHA])), format, **options)
    assert torch.allclose(alpha[0], torch.from_numpy(ALPHA) / 255)


def test_grey_with_alpha():
    assert torch.allclose(alpha_of(Image.new("LA", (4, 3), (0, 51))), torch.full((1, 3, 4), 0.2))


@pytest.mark.parametrize("mode, key", [("L", 9), ("RGB", (9, 8, 7)), ("I;16", 9)])
def test_a_transparent_colour(mode, key):
    image = Image.new(mode, (4, 3), 9 if mode != "RGB" else key)
    image.putpixel((1, 0), 200 if mode != "RGB" else (1, 1, 1))
    alpha = alpha_of(image, transparency=key)
    assert alpha.sum() == 1 and alpha[0, 0, 1] == 1


def test_a_palette_with_transparency():
    image = Image.new("P", (3, 1))
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    assert alpha_of(image, transparency=1).flatten().tolist() == [1, 0, 1]


def test_opaque_pictures_have_none():
    assert alpha_of(Image.fromarray(COLOUR)) is None
    assert alpha_of(Image.fromarray(COLOUR), "JPEG") is None
    assert alpha_of(Image.fromarray(np.dstack([COLOUR, np.full(SHAPE, 255, np.uint8)]))) is None


def test_alpha_turns_with_the_picture():
    exif = Image.Exif()
    exif[0x0112] = 6
    alpha = alpha_of(Image.fromarray(np.dstack([COLOUR, ALPHA])), exif=exif)
    assert torch.allclose(alpha[0], torch.from_numpy(np.rot90(ALPHA, -1).copy()) / 255)


@pytest.mark.parametrize("side", [8, 64, 300])
def test_alpha_has_the_pictures_size(side):
    image = Image.new("RGBA", (300, 200), (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 150, 200))
    alpha = alpha_of(image, size=side)
    assert alpha.shape == (1, side, round(side * 1.5))
    third = alpha.shape[2] // 3
    assert torch.allclose(alpha[..., :third], torch.ones(())) and torch.allclose(alpha[..., -third:], torch.zeros(()))


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    alpha = torch.from_numpy(ALPHA)[None] / 255
    picture = torch.from_numpy(COLOUR).permute(2, 0, 1) / 255
    path = pictures.write(picture, tmp_path / f"a{suffix}", alpha=alpha)
    on_white, again = pictures.read_with_alpha(path)
    assert torch.allclose(again, alpha, atol=1e-6)
    assert torch.allclose(on_white, picture * alpha + 1 - alpha, atol=1e-6)


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
def test_a_jpeg_cannot_be_transparent(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    for refused in (
        lambda: pictures.require_writable(path, alpha=True),
        lambda: pictures.write(torch.zeros(3, 2, 2), path, alpha=torch.zeros(1, 2, 2)),
    ):
        with pytest.raises(PictureError, match=r"Expected a name that ends in \.png or \.webp, got .* a JPEG cannot"):
            refused()
    assert not path.exists()


# What stands behind it


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (33, 20), (64, 64)])
def test_no_white_is_left_behind(shape):
    alpha = torch.zeros(1, *shape)
    alpha[..., : max(1, shape[1] // 3)] = 1.0
    alpha[..., shape[1] // 3 : shape[1] // 2] = 0.3
    colour = torch.tensor([0.8, 0.1, 0.2]).view(3, 1, 1)
    picture = colour * alpha + 1 - alpha
    filled = pictures.extend_colours(picture, alpha)
    assert filled.shape == picture.shape and torch.allclose(filled, colour.expand_as(filled), atol=1e-5)


def test_opaque_pixels_stay_and_near_colours_count_most():
    alpha = torch.zeros(1, 32, 48)
    alpha[..., :8] = alpha[..., 40:] = 1.0
    picture = torch.ones(3, 32, 48)
    picture[1:, :, :8] = 0  # red on the left
    picture[:2, :, 40:] = 0  # blue on the right
    filled = pictures.extend_colours(picture, alpha)
    opaque = alpha.expand(3, -1, -1) == 1
    assert torch.allclose(filled[opaque], picture[opaque])
    assert (filled[0, :, 10] > filled[2, :, 10]).all() and (filled[0, :, 37] < filled[2, :, 37]).all()


def test_a_picture_of_nothing_is_black():
    assert not pictures.extend_colours(torch.ones(3, 8, 8), torch.zeros(1, 8, 8)).any()


# Folders


def test_a_folder_gives_its_pictures_by_name(tmp_path):
    for name in ("b.JPG", "a.png", "c.webp", "z.heic", "Thumbs.db", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "d.png").mkdir()
    found, others = pictures.in_folder(tmp_path)
    assert [path.name for path in found] == ["a.png", "b.JPG", "c.webp"]
    assert [path.name for path in others] == ["Thumbs.db", "z.heic"]


def test_what_is_no_folder_is_a_sentence(tmp_path):
    with pytest.raises(PictureError, match=r"none' cannot be read .*: give another one"):
        pictures.in_folder(tmp_path / "none")
