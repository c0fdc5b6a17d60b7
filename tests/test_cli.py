import ast
import contextlib
import csv
import dataclasses
import inspect
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest
import torch
from typer.testing import CliRunner

import nstlib
from nstlib import networks, painted, paintings, pictures, transfer
from nstlib.checks import all_questions
from nstlib.cli import app
from nstlib.errors import NstError
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.bundle.bundle import new as make_bundle
from nstlib.style import weighting
from nstlib.stylizing.commands import stylize
from nstlib.transfer import quality
from nstlib.transfer.settings import COLOURS, INITS, OPTIMIZERS

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


def test_files_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    pictures.write(pictures.sample("coffee", 64), "~/photo.png")
    refused = quick("~/photo.png", tmp_path / "photo.png", "--force")
    assert refused.exit_code == 1 and "the same file as the photo" in refused.stderr
    assert quick("~/photo.png", "~/out.png", "--costs", "~/costs.csv").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"photo.png", "out.png", "costs.csv"}


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

    monkeypatch.setattr(quality, "steps", interrupted)
    done = quick(photo, tmp_path / "out.png", "--costs", str(tmp_path / "costs.csv"))
    assert done.exit_code == 130 and "Stopped: wrote" in done.stderr and "after 2 steps" in done.stderr
    assert pictures.read(tmp_path / "out.png").shape == (3, 64, 96)
    assert len((tmp_path / "costs.csv").read_text().splitlines()) == 3


def test_stopping_before_the_first_step_writes_nothing(photo, tmp_path, monkeypatch):
    def interrupted(*arguments, **values):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(quality, "steps", interrupted)
    done = quick(photo, tmp_path / "out.png")
    assert done.exit_code == 130 and not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--size", "0"], "Expected a whole number of at least 1, got --size 0: give another."),
        (["--size", "20000", "--steps", "50"], "give a smaller size, such as 512."),
        (["--layer-weights", ","], "Expected at least one content layer and one style layer"),
        (["--network", "vgg99"], "Expected the name of a network, got 'vgg99': choose from minivgg"),
        (["--layer-weights", "relu1_1"], "Expected --layer-weights as layer=number, got 'relu1_1'"),
        (["--layer-weights", "relu1_1=a"], "got 'relu1_1=a': write, for example, relu1_1=1"),
        (["--layer-weights", "relu1_1=-1"], "got --layer-weights relu1_1=-1: give another"),
        (["--layer-weights", "relu1_1=1", "--preset", "equal"], "got both: leave one of them out"),
        (["--beta", "-1"], "got --beta -1: give another"),
        (["--beta", "-0.30000001"], "got --beta -0.30000001: give another"),
        (["--size", "1234567", "--steps", "50"], "got --size 1234567: give a smaller size"),
        (["--beta", "inf"], "got --beta inf: give another"),
        (["--seed", "-1"], "got --seed -1: give another"),
        (["--network", ""], "''"),
        (["--content-layer", "relu9_1"], "'relu9_1'"),
        (["--content-layer", ""], "Expected a layer of this network, got '': choose from"),
        (["--layer-weights", "relu9_9=1"], "Expected a layer of this network, got 'relu9_9'"),
        (["--content-layer", "relu5_4"], "Expected a layer of this network, got 'relu5_4'"),
        (["--preset", "heavy"], "got --preset 'heavy': choose one of these"),
        (["--init", "zero"], "content, style, noise or a picture file, got 'zero': choose one of these"),
        (["--optimizer", "sgd"], "got --optimizer 'sgd': choose one of these"),
        (["--size", "8"], "The picture is 12 × 8 pixels, but relu5_1 needs at least 16 on the shorter side"),
        (["--alpha", "nan"], "got --alpha nan: give another"),
        (["--colour", "sepia"], "got --colour 'sepia': choose one of these"),
        (["--style-blend", "2,-1"], "got -1 in --style-blend: give another"),
        (["--style-blend", "0"], "got --style-blend 0: give at least one style a say"),
        (["--style-blend", "2,1"], "got 2 in --style-blend and 1 style"),
        (["--style-scale", "1e9"], "by --style-scale 1000000000 and --size 64: give a smaller --style-scale or --size"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(photo, tmp_path, more, sentence):
    done = quick(photo, tmp_path / "out.png", *more)
    assert done.exit_code == 1 and sentence in done.stderr.replace("\n", " ")
    assert not (tmp_path / "out.png").exists() and "Traceback" not in done.stderr


def test_unknown_places_are_named(photo, tmp_path):
    assert (
        "Expected a picture file or a style, got 'cubsim': did you mean cubist?"
        in quick(photo, tmp_path / "out.png", style="cubsim").stderr
    )
    assert "does not exist" in quick(photo, tmp_path / "no" / "out.png").stderr
    missing = quick(str(tmp_path / "none.jpg"), tmp_path / "out.png")
    assert missing.exit_code == 1 and "does not exist" in missing.stderr


def test_an_impossible_place_is_refused_before_the_work(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(quality, "steps", lambda *_: pytest.fail("the work began"))
    for out in (tmp_path / "out.xyz", tmp_path):
        done = quick(photo, out, "--force")
        assert (done.exit_code == 1 and ".png" in done.stderr.replace("\n", " ")) or "folder" in done.stderr


@pytest.mark.parametrize("words", [["stylize"], ["bench", "--size", "big"], ["bench", "--rounds", "0"], ["paint"]])
def test_wrong_usage_exits_with_two(words):
    assert run(app, words).exit_code == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["stylize", "cat", "night", "--out", "o.png", "--beta", "abc"], "Expected --beta as a number, got 'abc'."),
        (["stylize", "cat", "night", "--out", "o.png", "--steps=1"], "a whole number from 2 up, got '1'."),
        (["stylize", "cat", "night", "--out", "o.png", "--steps", "2.5"], "a whole number from 2 up, got '2.5'."),
        (["train", "night", "--out", "o.safetensors", "--minutes", "0"], "a number from 0.1 up, got '0'."),
        (["bench", "--size", "x", "--size", "32"], "Expected --size as a whole number from 16 up, got 'x'."),
        (["bench", "--size", "32", "--size", "8"], "Expected --size as a whole number from 16 up, got '8'."),
        (["bench", "--size", "x", "--size", "32", "--size", "8"], "a whole number from 16 up, got 'x', '8'."),
        (["grade", "class", "--bundle", "b", "--jobs", "x"], "--jobs as a whole number from 1 to 64, got 'x'."),
        (["styles", "--size", "3"], "Expected --size as a whole number from 32 up, got '3'."),
    ],
)
def test_a_value_that_is_no_such_number_is_quoted(words, sentence):
    done = run(app, words)
    assert done.exit_code == 2 and sentence in re.sub(r"[\s│]+", " ", done.stderr)


def test_commands_run_without_docstrings(tmp_path):
    command = [sys.executable, "-OO", "-m", "nstlib.cli", "bundle", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "Usage" in done.stdout, done.stderr


def test_help_flows_and_names_every_kind_of_picture(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.sub(r"[\s│]+", " ", run(app, ["stylize", "--help"]).stdout)
    for kind in pictures.reading.FORMATS:
        assert {"MPO": "JPEG", "WEBP": "WebP", "JPEG2000": "JPEG 2000"}.get(kind, kind) in pictures.kinds.READABLE
    assert f"or a folder of them: {pictures.kinds.READABLE}." in shown
    *others, last = pictures.writing.SUFFIXES
    for command in ("stylize", "styles"):
        help_text = re.sub(r"[\s│]+", " ", run(app, [command, "--help"]).stdout)
        assert f"{', '.join(others)} or {last}" in help_text
    rows = run(app, ["stylize", "--help"]).stdout.splitlines()
    (row,) = [index for index, line in enumerate(rows) if line.startswith(" (exit status 130)")]
    assert rows[row].rstrip().endswith("the others")  # goes on to the width, where the source's line ends earlier


@pytest.mark.parametrize(
    ("situation", "sentence"),
    [
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "Run nst doctor"),
        (ImportError("DLL load failed", name="torch._C"), "Run nst doctor"),
        (MemoryError(), "choose a smaller size (--size)"),
        (
            RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 40000000000 bytes"
            ),
            "40.0 GB were asked for",
        ),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"), "smaller size"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "2.1 GB were asked for"),
        (RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"), "choose a smaller size"),
        (OSError(28, "No space left on device", "out.png"), "No space left on device"),
        (NstError("Expected this, got that: do so."), "Expected this, got that: do so."),
    ],
)
def test_a_situation_of_the_users_is_a_sentence(photo, tmp_path, monkeypatch, situation, sentence):
    monkeypatch.setattr(pictures, "read_with_alpha", raising(situation))
    done = quick(photo, tmp_path / "out.png")
    assert done.exit_code == 1 and sentence in done.stderr and "Traceback" not in done.stderr


BUGS = [
    ValueError("not enough values to unpack"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
    KeyError("relu3_1"),
    ZeroDivisionError("division by zero"),
    AssertionError(),
    ImportError("cannot import name 'steps'", name="nstlib.transfer"),
    ModuleNotFoundError("No module named 'nstlib.carpet'", name="nstlib.carpet"),
    subprocess.CalledProcessError(1, ["python"]),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
def test_a_bug_keeps_its_traceback_and_says_how_to_report_it(photo, tmp_path, monkeypatch, bug):
    monkeypatch.setattr(pictures, "read_with_alpha", raising(bug))
    monkeypatch.setattr(sys, "argv", ["nst", "stylize", "my photo.png", "mosaic"])
    done = quick(photo, tmp_path / "out.png")
    assert done.exit_code == 70
    trace, _, report = done.stderr.rpartition("nst: ")
    assert trace.startswith("Traceback") and "in failing" in trace and type(bug).__name__ in trace
    assert "bug in nstlib" in report and "`nst doctor`" in report and "traceback" in report
    assert report.rstrip().endswith("nst stylize 'my photo.png' mosaic")


@pytest.mark.parametrize(
    ("arguments", "function"),
    [
        (["doctor"], "nstlib.diagnosis.doctor"),
        (["styles", "--out", "sheet.png"], "nstlib.painted.paint"),
        (["gallery", "pages"], "nstlib.gallery.flipbooks"),
        (["bench", "--quick"], "nstlib.bench.guard"),
        (["build"], "nstlib.authoring.build.build"),
        (["misconceptions"], "nstlib.checks.all_questions"),
        (["bundle", "new", "bundle"], "nstlib.grading.bundle.bundle.new"),
        (["demo-class", "class"], "nstlib.grading.demo.demo.make"),
        (["grade", "class", "--bundle", "b", "--out", "out"], "nstlib.grading.bundle.bundle.Bundle.load"),
    ],
)
def test_every_command_tells_bugs_from_mistakes(tmp_path, monkeypatch, arguments, function):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(function, raising(KeyError("a bug")))
    done = run(app, arguments)
    assert done.exit_code == 70 and "KeyError: 'a bug'" in done.stderr and "bug in nstlib" in done.stderr
    monkeypatch.setattr(function, raising(NstError("Expected a, got b: do c.")))
    done = run(app, arguments)
    assert done.exit_code == 1 and done.stderr == "nst: Expected a, got b: do c.\n"


def raising(fault):
    def failing(*_, **__):
        raise fault

    return failing


def test_what_a_user_can_cause_is_one_tree():
    package = Path(nstlib.__file__).parent
    bases = {}
    for path in package.rglob("*.py"):
        if "sandbox" not in path.relative_to(package).parts:
            classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
            bases |= {node.name: [ast.unparse(base) for base in node.bases] for node in classes}
    errors = {name: names for name, names in bases.items() if name.endswith("Error") and name != "NstError"}
    assert errors.pop("ClaimError") == ["NstError", "AssertionError"]  # a claim is an assertion, too
    assert len(errors) > 10 and {tuple(names) for names in errors.values()} == {("NstError",)}


def test_the_defaults_shown_are_those_of_good_quality():
    shown = {}
    for name, parameter in inspect.signature(stylize).parameters.items():
        option = parameter.annotation.__metadata__[0]
        if isinstance(option.show_default, str):
            shown[name] = option.show_default
            assert parameter.default is None  # so the quality decides
    settings = quality.QUALITIES["good"].settings
    for name, of in (("steps", lambda each: each.settings.steps), ("network", lambda each: each.network)):
        assert shown.pop(name) == ", ".join(f"{key} {of(each)}" for key, each in quality.QUALITIES.items())
    names = {"preset": settings.layer_weights, "content_layer": settings.content_layers[0]}
    assert shown == {name: str(names.get(name) or getattr(settings, name, None)) for name in shown}
    own = {field.name for field in dataclasses.fields(settings)} & set(inspect.signature(stylize).parameters)
    assert own - {"layer_weights", "style_blend", "steps"} | {"preset", "content_layer"} == set(shown)
    for name in ("size", "alpha", "layer_weights", "optimizer", "content_layers", "init", "seed"):
        assert len({str(getattr(each.settings, name)) for each in quality.QUALITIES.values()}) == 1


def test_a_plain_command_runs_good_quality(photo, tmp_path, monkeypatch):
    runs = []

    def recorded(content, style, settings, network, start):
        runs.append(settings)
        raise NstError("enough")
        yield

    monkeypatch.setattr(quality, "steps", recorded)
    run(app, ["stylize", photo, "mosaic", "--out", str(tmp_path / "out.png")])
    assert runs == [quality.QUALITIES["good"].settings]


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("network", networks.ARCHITECTURES),
        ("preset", weighting.PRESETS),
        ("init", INITS),
        ("optimizer", OPTIMIZERS),
        ("colour", COLOURS),
    ],
)
def test_the_help_names_every_choice(option, known):
    help = inspect.signature(stylize).parameters[option].annotation.__metadata__[0].help
    assert set(known) <= set(re.split("[^\\w-]+", help))


# What a user can do wrong, command by command: a sentence each, and nothing left behind


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A photo, and files that are none."""
    files = tmp_path_factory.mktemp("files")
    whole = pictures.write(pictures.sample("coffee", 64), files / "photo.png").read_bytes()
    (files / "half.png").write_bytes(whole[: len(whole) // 2])
    (files / "empty.png").write_bytes(b"")
    (files / "text.png").write_text("no picture")
    frames = [PIL.Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(files / "moving.gif", save_all=True, append_images=frames[1:])
    PIL.Image.new("1", (8000, 7000)).save(files / "huge.png")
    PIL.Image.new("RGB", (2000, 10)).save(files / "strip.png")
    (files / "pictures").mkdir()
    return files


@pytest.fixture
def folder(files, tmp_path, monkeypatch):
    """The working folder, with these files."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(files, tmp_path, dirs_exist_ok=True)


def mistake(arguments, *words):
    """The command must end with one sentence that holds the words."""
    done = run(app, [str(argument) for argument in arguments])
    assert done.exit_code == 1, done.stderr
    sentence = done.stderr.strip()  # a progress bar leaves an empty line
    assert sentence.startswith("nst: ") and "\n" not in sentence
    for word in words:
        assert word in sentence


@pytest.mark.parametrize("file", ["none.png", "half.png", "empty.png", "text.png", "huge.png", "strip.png", "pictures"])
def test_a_photo_that_is_none(folder, file):
    mistake(["stylize", file, "mosaic", "--out", "out.png"], file)
    assert not Path("out.png").exists()


@pytest.mark.parametrize("file", ["none.png", "half.png", "empty.png", "text.png", "huge.png", "strip.png", "pictures"])
def test_a_painting_that_is_none(folder, file):
    mistake(["stylize", "photo.png", file, "--out", "out.png"], file)
    assert not Path("out.png").exists()


def test_an_animation_gives_its_first_frame(folder):
    assert quick("photo.png", "out.png", style="moving.gif").exit_code == 0


@pytest.mark.parametrize("preset", ["relative", "balanced"])
def test_a_painting_without_style_is_a_sentence(folder, monkeypatch, preset):
    network = networks.load("minivgg")
    for convolution in network.convolutions.values():
        convolution.weight.data.zero_()
        convolution.bias.data.zero_()
    monkeypatch.setattr(networks, "load", lambda *_: network)
    command = ["stylize", "photo.png", "photo.png", "--out", "out.png", "--size", "64", "--steps", "2"]
    mistake([*command, "--preset", preset], "for each layer")


def test_every_file_of_a_command_is_another(folder, monkeypatch):
    monkeypatch.setattr(quality, "steps", lambda *_: pytest.fail("the work began"))
    before = Path("photo.png").read_bytes()
    Path("link.png").symlink_to("photo.png")
    Path("again.png").hardlink_to("photo.png")
    command = ["stylize", "photo.png", "mosaic", "--force"]
    mistake([*command, "--out", "z.png", "--costs", "z.png"], "for --costs, got 'z.png', the same file as --out")
    mistake([*command, "--out", "z.png", "--costs", "pictures/../z.png"], "the same file as --out 'z.png'")
    for other in ("photo.png", "link.png", "again.png", folder / "photo.png"):
        mistake([*command, "--out", other], "for --out", "the same file as the photo 'photo.png'")
        mistake([*command, "--out", "z.png", "--costs", other], "for --costs", "the same file as the photo")
        mistake(["stylize", "moving.gif", "photo.png", "--force", "--out", other], "the same file as the style")
    assert Path("photo.png").read_bytes() == before and not Path("z.png").exists()


def test_costs_need_a_place(folder):
    command = ["stylize", "photo.png", "mosaic", "--out", "out.png"]
    mistake([*command, "--costs", "pictures", "--force"], "got the folder 'pictures'")
    mistake([*command, "--costs", "none/costs.csv"], "The folder 'none' does not exist")
    assert not Path("out.png").exists()


REFUSING = "/proc/1"  # even root, who may write everywhere, cannot make a file here


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, a folder in which nobody can make a file")
@pytest.mark.parametrize(
    ("command", "work"),
    [
        (["stylize", "photo.png", "mosaic", "--out", f"{REFUSING}/out.png"], "nstlib.transfer.steps"),
        (
            ["stylize", "photo.png", "mosaic", "--out", "out.png", "--costs", f"{REFUSING}/costs.csv"],
            "nstlib.transfer.steps",
        ),
        (["styles", "--out", f"{REFUSING}/styles.png"], "nstlib.painted.paint"),
        (["gallery", REFUSING], "nstlib.gallery.paint"),
        (["release", f"{REFUSING}/autumn"], "shutil.copyfile"),
        (["build", "--nbgrader", f"{REFUSING}/course"], "nstlib.authoring.course.read"),
        (["bundle", "new", f"{REFUSING}/bundle"], "nstlib.checks.all_questions"),
        (["demo-class", f"{REFUSING}/class"], "nstlib.grading.demo.demo.all_questions"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(folder, monkeypatch, command, work):
    begun = []
    monkeypatch.setattr(work, lambda *_, **__: begun.append(work) or pytest.fail("the work began"))
    if command[0] == "release":
        monkeypatch.chdir(Path(nstlib.__file__).parents[1])
    mistake(command, f"Nothing can be written into the folder '{REFUSING}'")
    assert not begun and not Path("out.png").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, a folder in which nobody can make a file")
def test_grades_that_cannot_be_written_are_refused_before_the_marking(folder, class_and_bundle, monkeypatch):
    monkeypatch.setattr("nstlib.grading.marking.local.mark_submissions", lambda *_, **__: pytest.fail("it began"))
    handed_in, bundle = class_and_bundle / "submissions", class_and_bundle / "bundle"
    refused = f"Nothing can be written into the folder '{REFUSING}'"
    mistake(["grade", handed_in, "--bundle", bundle, "--out", REFUSING], refused)
    mistake(["grades", "merge", REFUSING, handed_in, "--bundle", bundle], refused)
    Path("out").mkdir()
    Path("out", "feedback").symlink_to(REFUSING, target_is_directory=True)
    mistake(["grade", handed_in, "--bundle", bundle, "--out", "out"], "Nothing can be written into the folder")


def test_a_canvas_gradebook_is_never_written_over(folder, class_and_bundle, monkeypatch):
    monkeypatch.setattr("nstlib.grading.marking.local.mark_submissions", lambda *_, **__: pytest.fail("it began"))
    Path("out").mkdir()
    command = ["grade", class_and_bundle / "submissions", "--bundle", class_and_bundle / "bundle", "--out", "out"]
    for name in ("canvas.csv", "gradebook.csv"):
        Path("out", name).write_text("as Canvas gave it")
        mistake([*command, "--canvas", f"out/{name}"], f"for --canvas, got 'out/{name}'")
        assert Path("out", name).read_text() == "as Canvas gave it"


def test_a_full_disk_is_a_sentence(folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(PIL.Image.Image, "save", full)
        arguments = ["stylize", "photo.png", "mosaic", "--out", "out.png", "--size", "64", "--steps", "2"]
        mistake(arguments, "out.png", "No space left on device")
        mistake(["styles", "--size", "32"], "styles.png", "No space left on device")
    monkeypatch.setattr(csv.DictWriter, "writeheader", full)
    done = run(app, [*arguments, "--costs", "costs.csv"])
    wrote, sentence = done.stderr.splitlines()
    assert done.exit_code == 1 and wrote.startswith("Wrote out.png") and "make room" in sentence
    assert sentence.startswith("nst: 'costs.csv': No space left on device")
    assert not Path("costs.csv").exists() and not list(folder.glob("*.part"))


def test_costs_that_are_not_finite_are_a_sentence(folder, monkeypatch):
    monkeypatch.setattr(quality, "steps", raising(transfer.DivergedError("J became nan, because of a cause.")))
    mistake(["stylize", "photo.png", "mosaic", "--out", "out.png", "--size", "64"], "J became nan")


def test_weights_that_cannot_be_had_are_a_sentence(folder, monkeypatch):
    monkeypatch.setattr(networks.weights, "_own_file", raising(networks.weights.WeightsError("no host")))
    mistake(["stylize", "photo.png", "mosaic", "--out", "out.png", "--network", "vgg19"], "no host")


def test_styles_refuses_what_it_cannot_paint(folder):
    mistake(["styles", "--size", "20000"], "megapixels")
    mistake(["styles", "--out", "sheet.gif"], "sheet.gif")
    mistake(["styles", "--out", "none/sheet.png"], "none")
    mistake(["styles", "--out", "photo.png"], "exists already")
    assert run(app, ["styles", "--size", "0"]).exit_code == 2


def test_gallery_refuses_a_place_that_is_taken(folder):
    mistake(["gallery", "photo.png"], "photo.png")
    mistake(["gallery", "no/pages"], "no/pages")
    (folder / "pages" / "index.html").mkdir(parents=True)
    mistake(["gallery", "pages"], "is a folder")


def test_bench_refuses_what_it_cannot_time(folder, monkeypatch):
    mistake(["bench", "--network", "vgg99"], "'vgg99'")
    assert run(app, ["bench", "--size", "0"]).exit_code == 2
    killed = subprocess.CompletedProcess([], -9, "")
    monkeypatch.setattr("nstlib.bench.step.subprocess.run", lambda *_, **__: killed)
    mistake(["bench", "--network", "minivgg", "--size", "32", "--rounds", "1"], "signal 9", "choose a smaller --size")


def test_authors_mistakes_are_sentences(folder):
    mistake(["build"], "course.toml")
    mistake(["build", "--check"], "course.toml")
    mistake(["build", "--nbgrader", "course"], "course.toml")
    Path("course.toml").write_bytes(b"\xff")
    mistake(["build"], "course.toml")
    for text in ("lesson = 3", "lesson = [3]", "[lesson]\nfile = 'a'"):
        Path("course.toml").write_text(text)
        mistake(["build"], "course.toml")
    lesson = {"file": "'00_one'", "title": "'One'", "goal": "'add'", "minutes": "1", "needs": "[{a = 1}]"}
    Path("course.toml").write_text("\n".join(["[[lesson]]", *map(" = ".join, lesson.items())]))
    mistake(["build"], "needs of 00_one")
    mistake(["misconceptions", "ex99"], "'ex99'")


def test_misconceptions_end_with_the_slips_that_change_nothing(folder):
    done = run(app, ["misconceptions", "ex05.total_cost"])
    _, counted, listed = done.stdout.partition("Slips after which the answer is as right as before")
    assert done.exit_code == 0 and counted
    assert "the result is reversed in its last dimension" in listed and "the result is negated" not in listed
    assert "Slips after which" not in run(app, ["misconceptions", "ex05.total_cost", "--no-slips"]).stdout


@pytest.fixture(scope="module")
def class_and_bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    submission = folder / "submissions" / "alice" / "ex01.ipynb"
    submission.parent.mkdir(parents=True)
    submission.write_text("{}")
    questions = {"ex02.gram": all_questions()["ex02.gram"]}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("nstlib.checks.all_questions", lambda: questions)
        make_bundle(folder / "bundle")
    return folder


def test_instructors_mistakes_are_sentences(folder, class_and_bundle):
    mistake(["bundle", "new", "pictures"], "pictures already exists")
    mistake(["bundle", "new", "no/bundle"], "does not exist")
    mistake(["demo-class", "pictures"], "pictures already exists")
    mistake(["demo-class", "no/class"], "does not exist")
    handed_in, bundle = class_and_bundle / "submissions", class_and_bundle / "bundle"
    mistake(["grade", handed_in, "--bundle", "pictures", "--out", "out"], "is no bundle")
    mistake(["grade", "none", "--bundle", bundle, "--out", "out"], "none")
    mistake(["grade", "pictures", "--bundle", bundle, "--out", "out"], "pictures")
    mistake(["grade", "photo.png", "--bundle", bundle, "--out", "out"], "is not a .zip that can be used")
    grade = ["grade", handed_in, "--bundle", bundle, "--out", "out"]
    mistake([*grade, "--only", "bob"], "'bob'")
    mistake([*grade, "--exclude", "bob"], "'bob'")
    mistake([*grade, "--exclude", "alice"], "nobody to grade")
    mistake([*grade, "--exercise", "ex99"], "'ex99'")
    mistake([*grade, "--pattern", "("], "regular expression")
    mistake([*grade, "--pattern", "a"], "student")
    mistake([*grade, "--executor", "cloud"], "'cloud'")
    mistake([*grade, "--executor", "dask"], "--scheduler")
    mistake([*grade, "--scheduler", "tcp://127.0.0.1:1"], "--executor dask")
    mistake([*grade[:-1], handed_in / "out"], "--out")
    mistake([*grade[:-1], bundle], "--bundle")
    mistake([*grade[:-1], "photo.png"], "photo.png")
    Path("out").mkdir(exist_ok=True)
    Path("out", "journal.jsonl").write_text("no journal\n")
    mistake(grade, "journal.jsonl")


DAMAGE = [b"", b"\xff\xfe", b"[1, 2]", b"{}", b"a,b\n1,2\n", b"late = 3", b"late = [3]", b"points = 3", None]
TABLES = ["bundle.toml", "roster.csv", "extensions.csv", "overrides.csv", "tests.json", "secret"]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_broken_bundle_is_a_sentence(folder, class_and_bundle, name, damage):
    bundle = Path("bundle")
    shutil.copytree(class_and_bundle / "bundle", bundle)
    (bundle / name).unlink()
    if damage is None:
        (bundle / name).mkdir(mode=0o700)
    else:
        (bundle / name).touch(mode=0o600)
        (bundle / name).write_bytes(damage)
    try:
        Bundle.load(bundle)
    except NstError:
        mistake(["grade", class_and_bundle / "submissions", "--bundle", "bundle", "--out", "out"], "bundle")


def test_stopping_on_a_coarse_scale_still_gives_the_size_asked_for(photo, tmp_path, monkeypatch):
    real = transfer.steps

    def interrupted(*arguments, **values):
        yield next(real(*arguments, **values))
        raise KeyboardInterrupt

    monkeypatch.setattr(quality, "steps", interrupted)
    quick(photo, tmp_path / "out.png", "--size", "256")
    assert pictures.read(tmp_path / "out.png").shape == (3, 256, 384)


def test_a_folder_does_not_hide_a_style(photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mosaic").mkdir()
    assert quick(photo, tmp_path / "out.png").exit_code == 0


def test_styles_lists_and_paints_every_style(tmp_path):
    done = run(app, ["styles", "--out", str(tmp_path / "sheet.png"), "--size", "48"])
    ours, theirs = done.stdout.split("\n\n")
    assert done.exit_code == 0 and ours.split() == list(painted.STYLES)
    assert pictures.read(tmp_path / "sheet.png").shape[2] >= 4 * 48
    lines = theirs.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(paintings.PAINTINGS)
    assert "The Starry Night, Vincent van Gogh (1853–1890), 1889: comes at its first use" in lines[0]


def test_a_painting_that_is_here_is_a_style_like_any_other(photo, tmp_path, monkeypatch):
    pictures.write(painted.paint("poppies", 64), tmp_path / "wave.png")
    monkeypatch.setattr(paintings, "fetch", lambda name: tmp_path / "wave.png")
    monkeypatch.setattr(paintings, "present", lambda name: True)
    assert quick(photo, tmp_path / "out.png", style="reading").exit_code == 0
    done = run(app, ["styles", "--paintings", "--out", str(tmp_path / "sheet.png"), "--size", "32"])
    rows = (len(painted.STYLES) + len(paintings.PAINTINGS) + 3) // 4
    assert done.exit_code == 0 and ": here" in done.stdout
    assert pictures.read(tmp_path / "sheet.png").shape[1] >= rows * 32


def test_paintings_that_cannot_be_fetched_are_said_after_the_sheet(tmp_path, monkeypatch):
    def refuse(name):
        raise NstError(f"{name} cannot be had.")

    monkeypatch.setattr(paintings, "fetch", refuse)
    done = run(app, ["styles", "--paintings", "--out", str(tmp_path / "sheet.png"), "--size", "32"])
    assert done.exit_code == 1 and (tmp_path / "sheet.png").is_file()
    assert done.stderr.count("cannot be had.") == len(paintings.PAINTINGS)


def test_the_guard_fails_where_our_step_lost_half_of_its_advantage(monkeypatch):
    seconds = {"nstlib": 1.0, "plain": 2.0}
    monkeypatch.setattr("nstlib.bench.step.interleaved", lambda variants, _: {each: seconds[each] for each in variants})
    done = run(app, ["bench", "--quick"])
    assert done.exit_code == 0 and "takes 2.00 × our step; recorded is" in done.stderr
    seconds["nstlib"] = 20.0
    done = run(app, ["bench", "--quick"])
    assert done.exit_code == 1 and "find what made the step slow" in done.stderr


def test_bench_compares_in_one_run(monkeypatch):
    """The first memory is measured in a process, as users have it; the others here, as importing takes seconds."""
    real, scripts = subprocess.run, []

    def measured(command, **options):
        if command[:-1] != [sys.executable, "-c"]:
            return real(command, **options)
        scripts.append(command[-1])
        if len(scripts) == 1:
            return real(command, **options)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(command[-1], {})
        return subprocess.CompletedProcess(command, 0, printed.getvalue())

    monkeypatch.setattr("nstlib.bench.step.subprocess.run", measured)
    done = run(app, ["bench", "--size", "64", "--network", "minivgg", "--rounds", "1"])
    assert done.exit_code == 0 and len(scripts) == 3
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
