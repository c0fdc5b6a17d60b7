"""`nst train`: the file it writes, what it refuses, how it is stopped."""

import inspect

import pytest
from typer.testing import CliRunner

from nstlib import feedforward, painted, pictures
from nstlib.cli import app
from nstlib.feedforward import training
from nstlib.stylizing.training import train
from nstlib.transfer.run import DivergedError

run = CliRunner().invoke
SMALL = ["--steps", "2", "--size", "32"]


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_the_file_says_what_it_was_trained_for_and_paints(tmp_path):
    done = run(app, ["train", "mosaic", "--out", "mosaic.safetensors", *SMALL, "--beta", "3", "--seed", "4"])
    assert done.exit_code == 0 and "Wrote mosaic.safetensors after 2 steps" in done.stderr
    trained = feedforward.load("mosaic.safetensors")
    expected = feedforward.About("mosaic", 2, 4, 32, 32, 1.0, 3.0, 5.0, "scikit-image's samples")
    assert trained.about == expected
    assert feedforward.Painter(trained.generator)(pictures.sample("cat", 32)).shape == (3, 32, 48)


def test_a_folder_s_photos_take_the_samples_place_and_what_is_none_is_named(tmp_path):
    (tmp_path / "photos").mkdir()
    pictures.write(pictures.sample("rocket", 40), tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "b.png").write_text("no picture")
    pictures.write(painted.paint("waves", 40), tmp_path / "style.png")
    done = run(app, ["train", "style.png", "--out", "own.safetensors", "--photos", "photos", *SMALL])
    assert done.exit_code == 0 and "Left out: " in done.stderr and "b.png" in done.stderr
    assert feedforward.load("own.safetensors").about.photos == "1 photo of the folder photos"


def test_minutes_become_steps_that_are_told(monkeypatch):
    monkeypatch.setattr(feedforward, "steps_within", lambda seconds, *_: round(seconds / 10))
    done = run(app, ["train", "mosaic", "--out", "mosaic.safetensors", "--minutes", "0.5", "--size", "32"])
    assert "3 steps fit into the time; --steps 3 trains as many again." in done.stderr
    assert feedforward.load("mosaic.safetensors").about.steps == 3


def test_ctrl_c_keeps_the_network_as_far_as_it_has_come(monkeypatch):
    whole = training.training_steps

    def interrupted(*given):
        for step in whole(*given):
            yield step
            if step.index == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(feedforward, "training_steps", interrupted)
    done = run(app, ["train", "mosaic", "--out", "mosaic.safetensors", "--steps", "9", "--size", "32"])
    assert done.exit_code == 130 and "Stopped: wrote mosaic.safetensors after 3 steps" in done.stderr
    assert feedforward.load("mosaic.safetensors").about.steps == 3


def test_a_fault_after_some_steps_keeps_the_network_and_is_told(monkeypatch):
    whole = training.training_steps

    def diverging(*given):
        for step in whole(*given):
            yield step
            if step.index == 2:
                raise DivergedError("J became nan at step 4: take a smaller beta.")

    monkeypatch.setattr(feedforward, "training_steps", diverging)
    done = run(app, ["train", "mosaic", "--out", "mosaic.safetensors", "--steps", "9", "--size", "32"])
    assert done.exit_code == 1 and "Stopped: wrote mosaic.safetensors after 3 steps" in done.stderr
    assert done.stderr.endswith("nst: J became nan at step 4: take a smaller beta.\n")
    assert feedforward.load("mosaic.safetensors").about.steps == 3


def test_ctrl_c_before_the_first_step_writes_nothing(tmp_path, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(feedforward, "training_steps", interrupted)
    done = run(app, ["train", "mosaic", "--out", "mosaic.safetensors", *SMALL])
    assert done.exit_code == 130 and "nothing was written" in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "a.png"], "a name that ends in .safetensors"),
        (["--out", "a.safetensors", "--minutes", "2"], "got both"),
        (["--out", "none/a.safetensors"], "The folder 'none' does not exist"),
        (["--out", "a.safetensors", "--photos", "."], "got none that can be read"),
        (["--out", "there.safetensors"], "exists already"),
        (["--out", "a.safetensors", "--size", "8"], "at least 16"),
    ],
)
def test_what_cannot_be_trained_is_refused(tmp_path, arguments, words):
    (tmp_path / "there.safetensors").write_text("mine")
    done = run(app, ["train", "mosaic", *SMALL, *arguments])
    assert done.exit_code == 1 and words in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there.safetensors"]


def test_the_defaults_shown_are_the_recipe_s():
    parameters = inspect.signature(train).parameters
    settings = feedforward.Recipe().settings
    for name in ("size", "beta", "seed"):
        assert parameters[name].default == getattr(settings, name)
