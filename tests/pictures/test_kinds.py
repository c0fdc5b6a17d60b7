"""What cannot be read is called by its kind, and an address by what it is."""

import re
from pathlib import Path

import pytest
from PIL import Image, features
from typer.testing import CliRunner

from nstlib import pictures
from nstlib.cli import app
from nstlib.pictures import PictureError

KINDS = {
    "JPEG XL": [b"\xff\x0a\xfa\x1f", b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0"],
    "raw photo": [
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
        b"II*\0\x10\0\0\0CR\2\0",
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08\0\0\0",
        b"IIU\0\x18\0\0\0",
        b"FOVb\0\0\2\0",
    ],
    "high dynamic range": [b"\x76\x2f\x31\x01\2\0\0\0", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", b"#?RGBE\n"],
    "JPEG XR": [b"II\xbc\x01\x20\0\0\0"],
    "DICOM": [bytes(128) + b"DICM\2\0"],
    "FITS": [b"SIMPLE  =                    T / conforms to the standard"],
    "icon": [b"\0\0\1\0\1\0\x10\x10", b"icns\0\0\x10\0"],
    "DjVu": [b"AT&TFORM\0\0\1\0DJVU"],
    "game's texture": [b"DDS |\0\0\0\7\x10"],
    "NumPy": [b"\x93NUMPY\1\0v\0{'descr': '<f4'"],
    "HEIC": [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"],
}


@pytest.mark.parametrize(("kind", "head"), [(kind, head) for kind, heads in KINDS.items() for head in heads])
def test_a_kind_that_pillow_cannot_read_is_named_with_what_to_do(kind, head):
    with pytest.raises(PictureError) as caught:
        pictures.read(head + bytes(600))
    sentence = str(caught.value)
    assert sentence.startswith("The data given cannot be read as a picture: it holds ") and kind in sentence
    assert sentence.count(". ") == 1 and re.search("PNG|JPEG|png", sentence)


HEADS = {
    "WEBP": b"RIFF\0\1\0\0WEBPVP8 ",
    "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0",
    "JPEG2000": b"\0\0\0\x0cjP  \r\n\x87\n",
}


@pytest.mark.parametrize("format", HEADS)
@pytest.mark.parametrize("how", ["no plugin", "no library"])
def test_a_kind_that_this_pillow_was_built_without_is_named(monkeypatch, format, how):
    Image.init()
    if how == "no plugin":
        monkeypatch.delitem(Image.OPEN, format, raising=False)
    else:
        monkeypatch.setattr(features, "check", lambda feature: False)
    with pytest.raises(PictureError, match=f"it holds {format}, and this installation of Pillow reads none"):
        pictures.read(HEADS[format] + bytes(600))


ADDRESSES = {
    "https://example.org/cat.jpg": "download the picture",
    "https://example.org/cat": "download the picture",
    "HTTP://example.org/": "download the picture",
    "ftp://example.org/cat.png": "download the picture",
    "s3://bucket/cat.png": "download the picture",
    "www.example.org/cat.png": "download the picture",
    "data:image/png;base64,iVBORw0KGgo=": "save the picture",
    "file:///home/ann/cat.png": "give '/home/ann/cat.png'.",
}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("kind", [str, Path])
def test_an_address_is_no_path(address, kind):
    with pytest.raises(PictureError) as caught:
        pictures.read(kind(address))
    sentence = str(caught.value)
    assert "address" in sentence and ADDRESSES[address] in sentence and address.rstrip("/") in sentence


def test_a_long_address_is_cut():
    with pytest.raises(PictureError) as caught:
        pictures.read("data:image/png;base64," + "A" * 5000)
    assert len(str(caught.value)) < 200 and "AAA…'" in str(caught.value)


@pytest.mark.parametrize("name", [r"C:\pictures\cat.png", "C:/pictures/cat.png", "a:b.png", "night", "cat.png"])
def test_a_path_is_no_address(name):
    assert not pictures.is_address(name)


def test_a_file_may_be_called_like_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictures.write(pictures.sample("cat", 32), "www.cat.png")
    assert not pictures.is_address("www.cat.png") and pictures.read("www.cat.png").shape[0] == 3


@pytest.mark.parametrize("place", ["photo", "style"])
@pytest.mark.parametrize("address", ["https://example.org/a.jpg", "https://example.org/a", "https://example.org/"])
def test_an_address_on_the_command_line_is_to_be_downloaded_first(tmp_path, place, address):
    photo = str(pictures.write(pictures.sample("cat", 32), tmp_path / "photo.png"))
    given = [address, "night"] if place == "photo" else [photo, address]
    done = CliRunner().invoke(app, ["stylize", *given, "--out", str(tmp_path / "out.png")])
    assert done.exit_code == 1 and "download the picture" in done.stderr and address.rstrip("/") in done.stderr
