import csv
import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from nstlib import painted, pictures, transfer
from nstlib.cli import app

run = CliRunner().invoke


@pytest.fixture
def photo(tmp_path):
    return str(pictures.write(pictures.sample("coffee", 96), tmp_path / "photo.png"))


def quick(photo, out, *more, style="mosaic"):
    return run(app, ["stylize", photo, style, "--out", str(out), "--size", "64", "--steps", "4", *more])


def test_stylize_writes_a_picture_of_the_size_asked_for(photo, tmp_path):
    done = quick(photo, tmp_path / "out.png")
    assert done.exit_code == 0 and "Wrote" in done.stderr and "after 4 steps" in done.stderr
    assert pictures.read(tmp_path / "out.png").shape == (3, 64, 96)


def test_the_same_command_gives_the_same_file(photo, tmp_path):
    for name in ("a.png", "b.png"):
        quick(photo, tmp_path / name, "--init", "noise", "--seed", "3")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_style_may_be_a_file(photo, tmp_path):
    pictures.write(painted.paint("waves", 80), tmp_path / "painting.jpg")
    assert quick(photo, tmp_path / "out.png", style=str(tmp_path / "painting.jpg")).exit_code == 0


def test_costs_and_json_tell_the_same(photo, tmp_path):
    done = quick(photo, tmp_path / "out.png", "--costs", str(tmp_path / "costs.csv"), "--json")
    summary = json.loads(done.stdout)
    rows = list(csv.DictReader((tmp_path / "costs.csv").open()))
    assert len(rows) == summary["steps"] == 4
    assert float(rows[-1]["total"]) == summary["total"]["last"] < summary["total"]["first"]
    assert float(rows[-1]["relu3_1"]) == summary["style_costs"]["relu3_1"]


def test_layer_weights_by_hand(photo, tmp_path):
    done = quick(photo, tmp_path / "out.png", "--layer-weights", "relu1_1=1,relu2_1=0.5", "--json")
    assert list(json.loads(done.stdout)["style_costs"]) == ["relu1_1", "relu2_1"]


def test_nothing_is_overwritten_without_force(photo, tmp_path):
    out = tmp_path / "out.png"
    out.write_text("mine")
    refused = quick(photo, out)
    assert refused.exit_code == 1 and "exists already" in refused.stderr and out.read_text() == "mine"
    assert quick(photo, out, "--force").exit_code == 0
    (tmp_path / "costs.csv").write_text("mine")
    refused = quick(photo, tmp_path / "other.png", "--costs", str(tmp_path / "costs.csv"))
    assert refused.exit_code == 1 and not (tmp_path / "other.png").exists()


def test_stopping_keeps_what_there_is(photo, tmp_path, monkeypatch):
    real = transfer.steps

    def interrupted(*arguments, **values):
        for step in real(*arguments, **values):
            yield step
            if step.index == 1:
                raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "steps", interrupted)
    done = quick(photo, tmp_path / "out.png", "--costs", str(tmp_path / "costs.csv"))
    assert done.exit_code == 130 and "Stopped: wrote" in done.stderr and "after 2 steps" in done.stderr
    assert pictures.read(tmp_path / "out.png").shape == (3, 64, 96)
    assert len((tmp_path / "costs.csv").read_text().splitlines()) == 3


def test_stopping_before_the_first_step_writes_nothing(photo, tmp_path, monkeypatch):
    def interrupted(*arguments, **values):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(transfer, "steps", interrupted)
    done = quick(photo, tmp_path / "out.png")
    assert done.exit_code == 130 and not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--size", "0"], "size=0 was given; expected is a whole number"),
        (["--size", "20000", "--steps", "50"], "Give a smaller size, such as 512."),
        (["--layer-weights", ","], "Name at least one content layer and one style layer"),
        (["--network", "vgg99"], "There is no network 'vgg99'; choose from minivgg"),
        (["--layer-weights", "relu1_1"], "expected is layer=number"),
        (["--layer-weights", "relu9_9=1"], "This network has no layer 'relu9_9'"),
        (["--content-layer", "relu5_4"], "This network has no layer 'relu5_4'"),
        (["--preset", "heavy"], "layer_weights='heavy' is unknown; choose from equal"),
        (["--init", "zero"], "init='zero' is unknown"),
        (["--optimizer", "sgd"], "optimizer='sgd' is unknown"),
        (["--size", "8"], "needs at least 16"),
        (["--alpha", "nan"], "alpha=nan was given"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(photo, tmp_path, more, sentence):
    done = quick(photo, tmp_path / "out.png", *more)
    assert done.exit_code == 1 and sentence in done.stderr.replace("\n", " ")
    assert not (tmp_path / "out.png").exists() and "Traceback" not in done.stderr


def test_unknown_places_are_named(photo, tmp_path):
    assert "neither a file nor a painted style" in quick(photo, tmp_path / "out.png", style="cubsim").stderr
    assert "does not exist" in quick(photo, tmp_path / "no" / "out.png").stderr
    missing = quick(str(tmp_path / "none.jpg"), tmp_path / "out.png")
    assert missing.exit_code == 1 and "does not exist" in missing.stderr


def test_an_impossible_place_is_refused_before_the_work(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "steps", lambda *_: pytest.fail("the work began"))
    for out in (tmp_path / "out.xyz", tmp_path):
        done = quick(photo, out, "--force")
        assert (done.exit_code == 1 and ".png" in done.stderr.replace("\n", " ")) or "folder" in done.stderr


@pytest.mark.parametrize("words", [["stylize"], ["bench", "--size", "big"], ["bench", "--rounds", "0"], ["paint"]])
def test_wrong_usage_exits_with_two(words):
    assert run(app, words).exit_code == 2


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [(ModuleNotFoundError("No module named 'torch'"), "Run nst doctor"), (MemoryError(), "Choose a smaller --size")],
)
def test_no_traceback_escapes(photo, tmp_path, monkeypatch, fault, sentence):
    def failing(*_, **__):
        raise fault

    monkeypatch.setattr(pictures, "read", failing)
    done = quick(photo, tmp_path / "out.png")
    assert done.exit_code == 1 and sentence in done.stderr.replace("\n", " ")


def test_stopping_on_a_coarse_scale_still_gives_the_size_asked_for(photo, tmp_path, monkeypatch):
    real = transfer.steps

    def interrupted(*arguments, **values):
        yield next(real(*arguments, **values))
        raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "steps", interrupted)
    quick(photo, tmp_path / "out.png", "--size", "256")
    assert pictures.read(tmp_path / "out.png").shape == (3, 256, 384)


def test_a_folder_does_not_hide_a_style(photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mosaic").mkdir()
    assert quick(photo, tmp_path / "out.png").exit_code == 0


def test_styles_lists_and_paints_every_style(tmp_path):
    done = run(app, ["styles", "--out", str(tmp_path / "sheet.png"), "--size", "48"])
    assert done.exit_code == 0 and done.stdout.split() == list(painted.STYLES)
    assert pictures.read(tmp_path / "sheet.png").shape[2] >= 4 * 48


def test_the_guard_fails_where_our_step_lost_half_of_its_advantage(monkeypatch):
    seconds = {"nstlib": 1.0, "plain": 2.0}
    monkeypatch.setattr("nstlib.bench.step.interleaved", lambda variants, _: {each: seconds[each] for each in variants})
    done = run(app, ["bench", "--quick"])
    assert done.exit_code == 0 and "takes 2.00 × our step; recorded is" in done.stderr
    seconds["nstlib"] = 20.0
    done = run(app, ["bench", "--quick"])
    assert done.exit_code == 1 and "find what made the step slow" in done.stderr


def test_bench_compares_in_one_run():
    done = run(app, ["bench", "--size", "64", "--network", "minivgg", "--rounds", "1"])
    assert done.exit_code == 0
    for variant in ("nstlib", "plain", "bare"):
        assert variant in done.stdout


def test_help_answers_without_loading_torch():
    script = """
import sys
from nstlib.cli import app
app(["--help"], standalone_mode=False)
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")


def test_build_says_which_notebook_is_stale(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks" / "sources").mkdir(parents=True)
    source = tmp_path / "notebooks" / "sources" / "00_one.py"
    source.write_text("# %% [markdown]\n# # One\n\n# %%\n1 + 1\n")
    lesson = 'file = "00_one"\ntitle = "One"\ngoal = "add"\nminutes = 1\nneeds = []\n'
    (tmp_path / "course.toml").write_text(f"[[lesson]]\n{lesson}")
    assert run(app, ["build", "--check"]).exit_code == 1
    assert "00_one.ipynb" in run(app, ["build"]).stdout
    assert run(app, ["build", "--check"]).exit_code == 0 and run(app, ["build"]).stdout == ""
    source.write_text(source.read_text().replace("1 + 1", "1 + 2"))
    stale = run(app, ["build", "--check"])
    assert stale.exit_code == 1 and "00_one.ipynb is stale" in stale.stderr.replace("\n", " ")
