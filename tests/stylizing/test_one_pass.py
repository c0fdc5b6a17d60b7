"""`nst stylize` with a trained generator in place of a style."""

import json

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from nstlib import feedforward, pictures
from nstlib.cli import app

run = CliRunner().invoke


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pictures.write(pictures.sample("coffee", 64), tmp_path / "photo.png")
    about = feedforward.About("mosaic", 7, 0, 64, 64, 1.0, 5.0, 40.0, "none")
    feedforward.save(feedforward.seeded_generator(0, (8, 8, 8), 1), about, tmp_path / "mosaic.safetensors")
    return tmp_path


def test_a_photo_is_painted_at_the_size_asked_for(folder):
    done = run(app, ["stylize", "photo.png", "mosaic.safetensors", "--out", "out.png", "--size", "33"])
    assert done.exit_code == 0 and done.stderr.startswith("Wrote out.png in one pass of 0.")
    painter = feedforward.Painter(feedforward.load("mosaic.safetensors").generator)
    expected = painter(pictures.read("photo.png", 33))
    assert (pictures.read("out.png") - expected).abs().max() <= 0.5 / 255 + 1e-6


def test_the_embedded_one_paints_where_no_such_file_is_and_a_file_of_its_name_goes_first(folder):
    arguments = ["stylize", "photo.png", "night.safetensors", "--out", "out.png", "--size", "32", "--force"]
    assert run(app, arguments).exit_code == 0
    embedded = pictures.read("out.png")
    (folder / "mosaic.safetensors").rename("night.safetensors")
    assert run(app, arguments).exit_code == 0
    assert not torch.equal(pictures.read("out.png"), embedded)


def test_several_photos_go_into_a_folder_and_one_that_fails_is_named(folder):
    (folder / "photos").mkdir()
    for name in ("a.png", "b.png"):
        pictures.write(pictures.sample("cat", 40), folder / "photos" / name)
    (folder / "photos" / "broken.png").write_text("no picture")
    done = run(app, ["stylize", "photos", "mosaic.safetensors", "--out", "painted", "--size", "32", "--json"])
    assert done.exit_code == 1 and "broken.png was not painted" in done.stderr
    assert sorted(path.name for path in (folder / "painted").iterdir()) == ["a.png", "b.png"]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["out"] for line in lines] == ["painted/a.png", "painted/b.png"] and lines[0]["seconds"] > 0


def test_transparency_is_kept_if_asked_for(folder):
    logo = Image.new("RGBA", (96, 64), (200, 30, 30, 0))
    logo.paste((200, 30, 30, 255), (32, 0, 96, 64))
    logo.save("logo.png")
    run(app, ["stylize", "logo.png", "mosaic.safetensors", "--out", "out.png", "--size", "32", "--keep-alpha"])
    assert Image.open("out.png").getpixel((2, 16))[3] == 0 and Image.open("out.png").getpixel((40, 16))[3] == 255


@pytest.mark.parametrize("option", [["--seed", "0"], ["--beta", "3"], ["--steps", "5"], ["--quality", "best"]])
def test_an_option_that_a_trained_generator_cannot_follow_is_refused(folder, option):
    done = run(app, ["stylize", "photo.png", "mosaic.safetensors", "--out", "out.png", *option])
    assert done.exit_code == 1 and f"Expected no {option[0]} with a trained generator" in done.stderr
    assert not (folder / "out.png").exists()


def test_a_file_that_is_none_and_one_that_would_be_overwritten_are_refused(folder):
    done = run(app, ["stylize", "photo.png", "lost.safetensors", "--out", "out.png"])
    assert done.exit_code == 1 and "train one by nst train" in done.stderr
    done = run(app, ["stylize", "photo.png", "typo/night.safetensors", "--out", "out.png"])
    assert done.exit_code == 1 and "which does not exist" in done.stderr
    done = run(app, ["stylize", "photo.png", "mosaic.safetensors", "--out", "out.png", "--size", "0"])
    assert done.exit_code == 1 and not (folder / "out.png").exists()
    done = run(app, ["stylize", "photo.png", "mosaic.safetensors", "--out", "photo.png", "--force"])
    assert done.exit_code == 1 and "file of its own" in done.stderr


@pytest.mark.parametrize("photos", [["photo.png"], ["photo.png", "grey.png"]])
def test_too_large_a_size_is_named_as_its_option(folder, photos):
    pictures.write(pictures.sample("camera", 40), folder / "grey.png")
    out = "out.png" if len(photos) == 1 else "painted"
    done = run(app, ["stylize", *photos, "mosaic.safetensors", "--out", out, "--size", "99999999"])
    assert done.exit_code == 1 and done.stderr.count("got --size 99999999, which makes") == len(photos)


def test_ctrl_c_ends_with_what_is_done(folder, monkeypatch):
    def pressed(self, photo):
        raise KeyboardInterrupt

    monkeypatch.setattr(feedforward.Painter, "__call__", pressed)
    done = run(app, ["stylize", "photo.png", "mosaic.safetensors", "--out", "out.png"])
    assert done.exit_code == 130 and "Stopped: painted 0 of 1 photos." in done.stderr
