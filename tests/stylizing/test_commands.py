"""`nst stylize`: sizes of strokes, starts, several photos, transparency, colours, several styles."""

import csv
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from nstlib import networks, painted, paintings, pictures, transfer
from nstlib.cli import app
from nstlib.errors import NstError, WeightsError
from nstlib.transfer import quality

run = CliRunner().invoke


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    files = tmp_path_factory.mktemp("files")
    pictures.write(pictures.sample("coffee", 64), files / "photo.png")
    pictures.write(pictures.sample("camera", 64), files / "grey.jpg")
    pictures.write(painted.paint("waves", 80), files / "painting.jpg")
    logo = Image.new("RGBA", (96, 64), (200, 30, 30, 0))
    logo.paste((200, 30, 30, 255), (32, 0, 96, 64))
    logo.paste((200, 30, 30, 102), (28, 0, 32, 64))
    logo.save(files / "logo.png")
    (files / "photos").mkdir()
    for name in ("b.jpg", "a.png"):
        pictures.write(pictures.sample("cat", 40), files / "photos" / name)
    (files / "photos" / "notes.txt").write_text("mine")
    (files / "empty").mkdir()
    return files


@pytest.fixture
def folder(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(files, tmp_path, dirs_exist_ok=True)


def stylize(*arguments, out="out.png", style="mosaic", steps=4):
    command = ["stylize", *arguments[:1], style, "--out", out, "--size", "32", "--steps", str(steps), *arguments[1:]]
    return run(app, command)


def several(*photos, out="out", more=(), style="mosaic"):
    return run(app, ["stylize", *photos, style, "--out", out, "--size", "32", "--steps", "3", *more])


def refused(done, *words):
    assert done.exit_code == 1, done.stderr
    sentence = done.stderr.strip()
    assert sentence.startswith("nst: ") and "\n" not in sentence
    for word in words:
        assert word in sentence


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def seen(monkeypatch):
    """What each run of the transfer was given."""
    runs = []
    real = transfer.steps

    def recorded(content, style, settings, network, start=None):
        runs.append({"content": content, "styles": style, "settings": settings, "network": network, "start": start})
        yield from real(content, style, settings, network, start=start)

    monkeypatch.setattr(quality, "steps", recorded)
    return runs


# The size of strokes


def test_a_style_is_read_and_painted_large_enough_for_its_scale(folder, seen):
    for style in ("painting.jpg", "mosaic"):
        assert stylize("photo.png", "--style-scale", "2.5", "--force", style=style).exit_code == 0
        assert seen[-1]["styles"][0].shape == (3, 80, 80) and seen[-1]["settings"].style_scale == 2.5
        assert pictures.read("out.png").shape == (3, 32, 48)


@pytest.mark.parametrize(
    ("scale", "sentence"),
    [
        ("0", "Expected a finite number above 0, got --style-scale 0: give another."),
        ("nan", "got --style-scale nan"),
        ("0.1", "Expected at least 16 pixels on the style's shorter side, as relu5_1 needs, got 3: give"),
        ("0.001", "got 0: give a larger --style-scale or --size,"),
        ("1000", "Expected at most 7071 pixels on the style's shorter side, got 32000 by --style-scale 1000"),
    ],
)
@pytest.mark.parametrize("style", ["painting.jpg", "mosaic"])
def test_strokes_that_cannot_be_had_are_a_sentence(folder, scale, sentence, style):
    refused(stylize("photo.png", "--style-scale", scale, style=style), sentence)
    assert not Path("out.png").exists()


# A file to start from


def test_a_run_starts_from_a_file_of_any_size(folder, seen):
    pictures.write(painted.paint("night", (70, 90)), "start.png")
    assert stylize("photo.png", "--init", "start.png").exit_code == 0
    assert min(seen[0]["start"].shape[1:]) == 32 and seen[0]["settings"].init == "content"
    first = next(transfer.steps(**{"style" if key == "styles" else key: value for key, value in seen[0].items()}))
    assert first.picture.equal(transfer.resample_to(seen[0]["start"], first.picture))


def test_a_result_can_be_gone_on_from(folder, seen):
    stylize("photo.png", out="first.png")
    assert stylize("photo.png", "--init", "first.png").exit_code == 0
    assert seen[1]["start"].equal(pictures.read("first.png"))
    assert seen[0]["start"] is None


@pytest.mark.parametrize(
    ("init", "sentence"),
    [
        ("zero", "Expected --init as content, style, noise or a picture file, got 'zero': choose one of these."),
        ("", "got ''"),
        ("none.png", "'none.png' does not exist"),
        ("photos/notes.txt", "holds text"),
        ("https://example.org/a", "download the picture"),
    ],
)
def test_a_start_that_is_none_is_a_sentence(folder, init, sentence):
    refused(stylize("photo.png", "--init", init), sentence)
    assert not Path("out.png").exists()


def test_the_file_to_start_from_is_not_written_over(folder):
    before = Path("photo.png").read_bytes()
    refused(stylize("grey.jpg", "--init", "photo.png", "--force", out="photo.png"), "the same file as --init")
    assert Path("photo.png").read_bytes() == before


# Several photos


def test_a_folder_of_photos_is_painted_under_their_names(folder, monkeypatch):
    loads = []
    real = networks.load
    monkeypatch.setattr(networks, "load", lambda *given: loads.append(given) or real(*given))
    done = several("photos", more=["--json", "--costs", "costs.csv"])
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "b.png"]
    assert pictures.read("out/b.png").shape == (3, 32, 48)
    assert "Left out, as their names are not those of pictures: notes.txt." in done.stderr
    assert "Painted 2 of 2 photos into out." in done.stderr and len(loads) == 1
    assert [json.loads(line)["out"] for line in done.stdout.splitlines()] == ["out/a.png", "out/b.png"]
    assert [row["photo"] for row in rows("costs.csv")] == ["a.png"] * 3 + ["b.jpg"] * 3


def test_each_photo_is_painted_as_it_would_be_alone(folder):
    several("photos/a.png", "photo.png", "photos")
    assert not Path("out").exists()  # a.png twice
    assert several("photos/b.jpg", "photo.png", out="deep/out").exit_code == 0
    several("photo.png", out="alone.png")
    assert Path("deep/out/photo.png").read_bytes() == Path("alone.png").read_bytes()


def test_a_folder_of_one_photo_is_painted_into_a_folder(folder):
    Path("photos/a.png").unlink()
    assert several("photos").exit_code == 0 and Path("out/b.png").exists()


@pytest.mark.parametrize(
    ("photos", "out", "words"),
    [
        (["empty"], "out", ["Expected pictures in the folder 'empty', got none"]),
        (["photo.png", "empty"], "out", ["in the folder 'empty'"]),
        (["photo.png", "grey.jpg"], "out.png", ["Expected a folder for these photos, got --out 'out.png'"]),
        (["photo.png", "grey.jpg"], "photos/notes.txt", ["Expected a folder", "photos/notes.txt"]),
        (["photos"], "photos/notes.txt/out", ["Expected a folder to write into", "notes.txt"]),
        (["photo.png", "photo.png"], "out", ["would both be painted into photo.png: rename one"]),
        (["grey.jpg", "GREY.png"], "out", ["got 'grey.jpg' and 'GREY.png'"]),
        (["photo.png", "none.jpg"], "out", ["'none.jpg' does not exist"]),
        (["photo.png", "night"], "out", ["got 'night', which is no file: a further style is named by --and-style"]),
        (["photo.png", "https://example.org/a"], "out", ["https://example.org/a", "download the picture"]),
    ],
)
def test_what_several_photos_cannot_be_is_refused_before_the_run(folder, seen, photos, out, words):
    shutil.copy("photo.png", "GREY.png")
    refused(several(*photos, out=out), *words)
    assert not seen and not Path("out").exists()


def test_no_result_is_written_over_without_force(folder, seen):
    Path("out").mkdir()
    Path("out/b.png").write_text("mine")
    refused(several("photos"), "b.png in the folder 'out' exists already: choose another folder", "--force")
    assert not seen and Path("out/b.png").read_text() == "mine" and not Path("out/a.png").exists()
    assert several("photos", more=["--force"]).exit_code == 0 and pictures.read("out/b.png").shape == (3, 32, 48)


def test_no_photo_is_painted_over(folder, seen):
    before = Path("photos/a.png").read_bytes()
    refused(several("photos", out="photos", more=["--force"]), "for --out, got 'photos/a.png', the same file as")
    assert not seen and Path("photos/a.png").read_bytes() == before


def test_a_photo_that_fails_does_not_lose_the_others(folder):
    Path("photos/b.jpg").write_text("no picture")
    shutil.copy("photo.png", "photos/c.png")
    done = several("photos", more=["--costs", "costs.csv"])
    assert done.exit_code == 1 and "Traceback" not in done.stderr
    assert "nst: photos/b.jpg was not painted. The file 'photos/b.jpg' cannot be read as a picture" in done.stderr
    assert "Painted 2 of 3 photos into out; not b.jpg." in done.stderr
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "c.png"]
    assert {row["photo"] for row in rows("costs.csv")} == {"a.png", "c.png"}


@pytest.mark.parametrize("fault", [MemoryError(), OSError(28, "No space left on device"), NstError("J became nan.")])
def test_a_fault_of_the_run_does_not_lose_the_others(folder, monkeypatch, fault):
    real = transfer.steps

    def failing(content, *others, **named):
        for step in real(content, *others, **named):
            yield step
            if failing.runs == 0:
                failing.runs = 1
                raise fault

    failing.runs = 0
    monkeypatch.setattr(quality, "steps", failing)
    done = several("photos")
    assert done.exit_code == 1 and "photos/a.png was not painted." in done.stderr
    assert [path.name for path in Path("out").iterdir()] == ["b.png"]


def test_a_bug_ends_the_command_and_keeps_what_is_done(folder, monkeypatch):
    real = pictures.read_with_alpha

    def failing(path, *others):
        if Path(path).name == "b.jpg":
            raise KeyError("a bug")
        return real(path, *others)

    monkeypatch.setattr(pictures, "read_with_alpha", failing)
    done = several("photos")
    assert done.exit_code == 70 and "KeyError: 'a bug'" in done.stderr
    assert [path.name for path in Path("out").iterdir()] == ["a.png"]


@pytest.mark.parametrize(("index", "written"), [(None, ["a.png"]), (0, ["a.png", "b.png"])])
def test_ctrl_c_keeps_what_is_done(folder, monkeypatch, index, written):
    """At once in the second photo, or after its first step."""
    shutil.copy("photo.png", "photos/c.png")
    real = transfer.steps
    runs = []

    def interrupted(*given, **named):
        runs.append(given)
        for step in real(*given, **named):
            if len(runs) == 2 and index is None:
                raise KeyboardInterrupt
            yield step
            if len(runs) == 2 and step.index == index:
                raise KeyboardInterrupt

    monkeypatch.setattr(quality, "steps", interrupted)
    done = several("photos", more=["--costs", "costs.csv"])
    assert done.exit_code == 130 and f"Stopped: painted {len(written)} of 3 photos into out." in done.stderr
    assert sorted(path.name for path in Path("out").iterdir()) == written and len(runs) == 2
    assert ("Stopped: wrote out/b.png after 1 steps" in done.stderr) == (index == 0)
    assert len(Path("costs.csv").read_text().splitlines()) == 1 + 3 + (index == 0)


def test_one_bar_counts_the_steps_of_all_photos(folder, monkeypatch):
    bars = []

    class Bar:
        def __init__(self, *_, **__):
            self.updates = []
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def add_task(self, description, total):
            self.total = total

        def update(self, task, completed, description=""):
            self.updates.append(completed)

    monkeypatch.setattr("nstlib.stylizing.painting.Progress", Bar)
    several("photos")
    (bar,) = bars
    assert bar.total == 6 and bar.updates == [1, 2, 3, 3, 4, 5, 6, 6]


# Transparency


def test_transparency_lies_on_white_and_that_is_said_once(folder):
    done = stylize("logo.png")
    assert done.exit_code == 0 and pictures.read_with_alpha("out.png")[1] is None
    assert "logo.png is transparent and lies on white here; --keep-alpha keeps it transparent." in done.stderr
    shutil.copy("logo.png", "logo2.png")
    assert several("logo.png", "logo2.png").stderr.count("lies on white") == 1


def test_transparency_is_kept_on_request(folder):
    done = stylize("logo.png", "--keep-alpha")
    assert done.exit_code == 0 and "white" not in done.stderr
    _, alpha = pictures.read_with_alpha("out.png")
    assert torch.allclose(alpha, pictures.read_with_alpha("logo.png", 32)[1], atol=1 / 255)
    with Image.open("out.png") as image:
        assert image.mode == "RGBA" and image.size == (48, 32)
    assert stylize("logo.png", "--keep-alpha", out="out.webp").exit_code == 0
    assert pictures.read_with_alpha("out.webp")[1] is not None


def test_no_white_shines_through_at_the_edge(folder, seen):
    stylize("logo.png", "--keep-alpha", "--beta", "0")
    assert torch.allclose(seen[0]["content"], torch.tensor([200, 30, 30]).view(3, 1, 1) / 255, atol=0.02)
    stylize("logo.png", "--beta", "0", "--force")
    assert seen[1]["content"][:, 0, 0].tolist() == [1, 1, 1]


def test_an_opaque_photo_stays_opaque(folder):
    assert stylize("photo.png", "--keep-alpha").exit_code == 0
    with Image.open("out.png") as image:
        assert image.mode == "RGB"


def test_a_jpeg_is_refused_before_the_run(folder, seen):
    refused(stylize("logo.png", "--keep-alpha", out="out.jpg"), "ends in .png or .webp, got 'out.jpg': a JPEG cannot")
    assert not seen


def test_a_transparent_style_is_said(folder):
    done = stylize("photo.png", style="logo.png")
    assert done.exit_code == 0 and "logo.png is transparent and lies on white here." in done.stderr


# Colours


def channels(path):
    with Image.open(path) as image:
        return [channel.tobytes() for channel in image.convert("RGB").split()]


def test_grey_stays_grey_on_request(folder):
    assert stylize("grey.jpg", "--colour", "photo").exit_code == 0
    assert len(set(channels("out.png"))) == 1
    assert stylize("grey.jpg", "--colour", "style", "--force").exit_code == 0
    assert len(set(channels("out.png"))) == 3


def test_names_of_files_are_told_as_they_are(folder):
    name = "cat size=512 style_scale beta=2.0.png"
    (folder / "photos" / name).write_text("no picture")
    done = several("photos")
    assert done.exit_code == 1 and f"photos/{name} was not painted. The file 'photos/{name}' " in done.stderr
    refused(stylize(f"photos/{name}"), f"The file 'photos/{name}' ")
    refused(stylize("photo.png", style=f"no {name}"), f"The file 'no {name}' does not exist")


def test_of_several_photos_too_a_fault_names_the_option(folder):
    done = several("photos", more=["--style-scale", "0.1"])
    assert "got 3: give a larger --style-scale or --size, or" in done.stderr


def test_unknown_colours_are_a_sentence(folder):
    refused(stylize("photo.png", "--colour", "blue"), "Expected one of style, photo, got --colour 'blue'")


# Several styles


def test_styles_are_blended_by_weights(folder, seen):
    more = ("--and-style", "painting.jpg", "--and-style", "night", "--style-blend", "2,1,0.5")
    assert stylize("photo.png", *more).exit_code == 0
    assert [style.shape for style in seen[0]["styles"]] == [(3, 32, 32)] * 3
    assert seen[0]["styles"][2].equal(painted.paint("night", 32))
    assert seen[0]["settings"].style_blend == (2, 1, 0.5)


def test_styles_count_alike_without_weights(folder, seen):
    for more in ([], ["--style-blend", "1,1", "--force"]):
        assert stylize("photo.png", "--and-style", "night", *more).exit_code == 0
    assert seen[0]["settings"].style_shares(2) == seen[1]["settings"].style_shares(2)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--style-blend", "2,1"], "got 2 in --style-blend and 1 style: give as many weights as styles"),
        (["--and-style", "night", "--style-blend", "2"], "got 1 in --style-blend and 2 styles"),
        (
            ["--and-style", "night", "--style-blend", "2;1"],
            "a number for each style, got '2;1': write, for example, 2,1",
        ),
        (["--and-style", "night", "--style-blend", "1,-1"], "got -1 in --style-blend"),
        (["--and-style", "night", "--style-blend", "0,0"], "got --style-blend 0,0: give at least one style a say"),
        (["--and-style", "nihgt"], "got 'nihgt': did you mean night?"),
        (["--and-style", "none.png"], "'none.png' does not exist"),
    ],
)
def test_blends_that_cannot_be_are_a_sentence(folder, more, sentence):
    refused(stylize("photo.png", *more), sentence)
    assert not Path("out.png").exists()


def test_a_run_whose_cost_rose_says_so(folder):
    """With balanced weights λ and a small β the style has hardly a say, and Adam's steps only disturb a grey photo."""
    weak = ("--preset", "balanced", "--beta", "1e-4", "--optimizer", "adam", "--colour", "photo")
    weakly = stylize("photo.png", *weak, "--steps", "20").stderr
    assert "The cost J rose from" in weakly and "By these weights hardly any picture" in weakly
    usual = stylize("photo.png", "--force", "--steps", "20").stderr
    assert "The cost J fell from" in usual and "By these weights" not in usual


def test_it_is_said_how_large_the_picture_is_and_what_asks_for_more(folder):
    said = " ".join(stylize("photo.png").stderr.split())
    with Image.open("out.png") as painted_picture:
        width, height = painted_picture.size
    assert f"{width} × {height} pixels (--size asks for others)" in said and width > height == 32


def test_best_says_how_far_its_own_network_came(folder, monkeypatch):
    real = networks.load
    monkeypatch.setattr(networks, "load", lambda name, *rest, **options: real("random-vgg19", *rest, **options))
    monkeypatch.setitem(quality.QUALITIES, "draft", quality.QUALITIES["draft"].changed(steps=3))
    done = stylize("photo.png", "--quality", "best", "--steps", "2", "--costs", "costs.csv", "--json")
    assert done.exit_code == 0
    totals = [float(row["total"]) for row in rows("costs.csv")]
    assert len(totals) == 5
    assert json.loads(done.stdout)["total"] == {"first": totals[3], "last": totals[4]}


def test_best_falls_back_to_good_where_the_true_network_cannot_be_had(folder, monkeypatch):
    real = networks.load

    def load(name, *rest, **options):
        if name == "vgg16":
            raise WeightsError("vgg16 lies on a host that is away.")
        return real(name, *rest, **options)

    monkeypatch.setattr(networks, "load", load)
    done = stylize("photo.png", "--quality", "best", "--steps", "2")
    assert done.exit_code == 0
    assert "The best quality needs vgg16, which cannot be had, so this is the good one. vgg16 lies on" in done.stderr
    best = Path("out.png").read_bytes()
    assert stylize("photo.png", "--quality", "good", "--steps", "2", "--force").exit_code == 0
    assert Path("out.png").read_bytes() == best
    assert stylize("photo.png", "--network", "vgg16", "--force").exit_code == 1


def test_best_s_own_network_named_keeps_the_draft(folder, seen, monkeypatch):
    real = networks.load
    monkeypatch.setattr(networks, "load", lambda name, *rest, **options: real("random-vgg19", *rest, **options))
    assert stylize("photo.png", "--quality", "best", "--network", "vgg16", "--steps", "2").exit_code == 0
    assert len(seen) == 2


def test_a_network_named_beside_best_paints_alone(folder, seen):
    assert stylize("photo.png", "--quality", "best", "--network", "random-vgg19", "--steps", "2").exit_code == 0
    assert [run["network"].name for run in seen] == ["random-vgg19"]


def test_an_unknown_quality_is_a_sentence(folder):
    refused(stylize("photo.png", "--quality", "great"), "Expected one of the qualities draft, good, best, got 'great'")


def test_layers_beyond_the_usual_five_are_columns_too(folder, monkeypatch):
    real = networks.load
    monkeypatch.setattr(networks, "load", lambda name, *rest, **options: real("random-vgg19", *rest, **options))
    monkeypatch.setitem(quality.QUALITIES, "draft", quality.QUALITIES["draft"].changed(steps=2))
    more = ("--quality", "best", "--layer-weights", "relu1_2=1", "--steps", "2", "--costs", "costs.csv")
    assert stylize("photo.png", *more).exit_code == 0
    found = rows("costs.csv")
    assert [row["network"] for row in found] == ["minivgg", "minivgg", "vgg16", "vgg16"]
    assert all(float(row["relu1_2"]) > 0 for row in found)


def test_ctrl_c_while_the_picture_is_written_loses_nothing(folder, monkeypatch):
    real = pictures.write

    def pressed(*arguments, **options):
        os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments, **options)

    monkeypatch.setattr(pictures, "write", pressed)
    done = stylize("photo.png", "--costs", "costs.csv")
    assert done.exit_code == 130 and "Stopped: wrote out.png after 4 steps" in done.stderr
    assert pictures.read("out.png").shape == (3, 32, 48) and len(rows("costs.csv")) == 4


def test_a_photo_behind_another_s_result_is_never_replaced(folder):
    Path("out").mkdir()
    shutil.copy("photo.png", "b.png")
    shutil.copy("photo.png", "out/b.png")
    Path("c.png").symlink_to("out/b.png")
    refused(several("b.png", "c.png", more=("--force",)), "the same file as photo 2 'c.png'")
    assert Path("out/b.png").read_bytes() == Path("photo.png").read_bytes()


def test_a_folder_where_a_later_result_goes_is_found_before_the_first_is_painted(folder):
    Path("out/b.png").mkdir(parents=True)
    refused(several("photos", more=("--force",)), "b.png")
    assert [path.name for path in Path("out").iterdir()] == ["b.png"]


def test_what_is_missing_is_said_before_anything_is_fetched(folder, monkeypatch):
    def fetched(*arguments, **options):
        raise AssertionError("fetched too early")

    monkeypatch.setattr(networks, "load", fetched)
    monkeypatch.setattr(paintings, "read", fetched)
    refused(stylize("mising.png", style="starry-night"), "mising.png")
    refused(stylize("photo.png", "--init", "mising.png", style="starry-night"), "mising.png")


def test_a_tilde_that_the_shell_left_is_the_home_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    assert several("photos", out="~/painted", more=("--costs", "~/costs.csv")).exit_code == 0
    assert {path.name for path in (tmp_path / "home").iterdir()} == {"painted", "costs.csv"}
    assert {path.name for path in (tmp_path / "home" / "painted").iterdir()} == {"a.png", "b.png"}


def test_a_sample_is_painted_by_its_name_and_a_file_of_that_name_goes_first(folder, seen):
    small = ["--size", "32", "--steps", "2"]
    assert run(app, ["stylize", "cat", "night", "--out", str(folder / "one.png"), *small]).exit_code == 0
    sample = seen[-1]["content"]
    several = ["stylize", "cat", "coffee", "night", "--out", str(folder / "several"), *small]
    assert run(app, several).exit_code == 0
    assert sorted(path.name for path in (folder / "several").iterdir()) == ["cat.png", "coffee.png"]
    shutil.copy(folder / "photo.png", folder / "cat.png")
    refused(
        run(app, ["stylize", "cat", "cat.png", "night", "--out", str(folder / "x"), *small]), "painted into cat.png"
    )
    shutil.copy(folder / "photo.png", folder / "cat")
    assert run(app, ["stylize", "cat", "night", "--out", str(folder / "two.png"), *small]).exit_code == 0
    assert not seen[-1]["content"].equal(sample)


def test_a_style_that_was_forgotten_is_what_is_said_to_be_missing(folder):
    result = run(app, ["stylize", "photo.png", "--out", "x.png"])
    assert result.exit_code == 2 and "Expected a photo and then a style" in result.output
