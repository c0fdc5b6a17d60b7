"""The panel without a browser: moves become runs, faults become sentences, closing leaves nothing behind."""

import datetime
import gc
import math
import weakref

import pytest
import torch
from ipywidgets.widgets import widget

from nstlib import pictures
from nstlib.studio import Studio, kernel, panel
from nstlib.studio.knobs import FREE
from nstlib.transfer import DivergedError
from tests.studio.conftest import sentence, wait_for_end
from tests.studio.waiting import until


def test_a_run_shows_a_picture_a_curve_shares_and_a_sentence(studio):
    studio.start()
    wait_for_end(studio)
    screen = studio.screen
    assert screen.frame.value[:2] == b"\xff\xd8" and studio.picture.shape == (3, 64, 96)
    assert sentence(studio).startswith("Done: 6 steps in ")
    assert "<polyline" in screen.curve.value and 'role="img"' in screen.curve.value
    assert "relu5_1" in screen.bars.value
    assert "steps a second · cpu, float32 · minivgg" in screen.speed.value
    assert "after 6 steps, 64 by 96 pixels" in screen.page.alt


def test_the_last_of_many_moves_is_what_runs(studio):
    studio.start()
    for number in range(200):
        studio.knobs.beta.value = 10 ** (number / 100)
    until(lambda: not studio.task.waiting)
    wait_for_end(studio)
    assert studio.settings().beta == pytest.approx(10**1.99)
    assert studio.task.run is None and not studio.task.waiting


def test_a_rule_moves_the_faders_and_a_fader_ends_the_rule(studio):
    studio.start()
    wait_for_end(studio)
    assert studio.knobs.rule.value == "relative"
    faders = [fader.value for fader in studio.knobs.weights.values()]
    assert max(faders) > 2 * min(faders)  # each at its own layer's λ
    studio.knobs.weights["relu5_1"].value = 1.0
    assert studio.knobs.rule.value == "by hand" and studio.settings().layer_weights["relu5_1"] == 1.0


def test_a_task_moves_its_knobs_and_runs_once(studio):
    begun = []
    make = studio.task.make
    studio.task.make = lambda request, check: begun.append(request) or make(request, check)
    studio.knobs.task.value = "palette only"
    wait_for_end(studio)
    assert len(begun) == 1
    audible = [layer for layer, weight in studio.settings().layer_weights.items() if weight]
    assert audible == ["relu1_1"] and studio.knobs.rule.value == "relative"


def test_a_move_leaves_the_tasks_way_and_the_lines_of_the_run_before(studio):
    studio.knobs.task.value = "palette only"
    wait_for_end(studio)
    studio.buttons["copy as code"].click()
    assert studio.code.layout.display == ""
    studio.knobs.beta.value = 3
    assert studio.knobs.task.value == FREE and studio.code.layout.display == "none"
    assert studio.knobs.muted_layers() == ("relu2_1", "relu3_1", "relu4_1", "relu5_1")  # nothing else was put back
    wait_for_end(studio)
    studio.knobs.task.value = "palette only"
    assert studio.knobs.beta.value == 10
    wait_for_end(studio)


def test_all_muted_is_a_sentence_and_the_next_move_runs(studio):
    for button in studio.knobs.muted.values():
        button.value = True
    until(lambda: "unmute at least one" in sentence(studio))
    assert 'role="alert"' in studio.screen.status.value
    studio.knobs.muted["relu1_1"].value = False
    wait_for_end(studio)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no picture at all", "picture"), ("no/such/file.png", "no/such/file.png"), (torch.rand(3, 4, 400), "")],
)
def test_a_picture_that_is_none_is_a_sentence(content, words):
    studio = Studio(content, "night", size=64, steps=2)
    studio.start()
    until(lambda: 'role="alert"' in studio.screen.status.value)
    assert words in sentence(studio)
    studio.sources.choosers["content"].value = "cat"
    wait_for_end(studio)
    studio.close()


def test_a_network_that_cannot_be_had_is_a_sentence(studio):
    studio.network = "no-such-network"
    studio.start()
    until(lambda: "choose from minivgg" in sentence(studio))


def test_a_run_that_diverges_is_a_sentence(studio, monkeypatch):
    def steps(*pair, **how):
        raise DivergedError("J is NaN at step 3: lower β.")
        yield

    monkeypatch.setattr(panel.runs.transfer, "steps", steps)
    studio.start()
    until(lambda: "lower β" in sentence(studio))
    monkeypatch.undo()
    studio.start()
    wait_for_end(studio)


def test_a_picture_with_nan_is_a_sentence(studio):
    broken = torch.rand(3, 70, 90)
    broken[0, 3, 3] = math.nan
    other = Studio(broken, "night", size=64, steps=3)
    other.start()
    until(lambda: 'role="alert"' in other.screen.status.value)
    assert sentence(other).endswith(".")
    other.close()


def test_an_upload_becomes_the_picture(studio, tmp_path):
    path = pictures.write(torch.rand(3, 70, 90), tmp_path / "own.png")
    content = memoryview(path.read_bytes())
    file = {"name": "own.png", "type": "image/png", "size": len(content), "content": content}
    file["last_modified"] = datetime.datetime.now(datetime.UTC)
    studio.sources.uploads["style"].value = (file,)
    assert studio.sources.choosers["style"].value == "own"
    wait_for_end(studio)


def test_a_dropped_file_becomes_the_picture_and_a_second_one_takes_its_place(studio, tmp_path):
    seen = {}
    for width in (70, 105):
        data = pictures.write(torch.rand(3, 70, width), tmp_path / f"{width}.png").read_bytes()
        studio._on_drop(studio.screen.page, {"kind": "content", "name": "own.png"}, [memoryview(data)])
        until(lambda: not kernel.WORKER.busy())
        seen[width] = tuple(studio.screen.before.shape)
    assert seen == {70: (3, 512, 512), 105: (3, 512, 768)}


def test_a_file_that_is_no_picture_leaves_the_own_picture_that_was_there(studio, tmp_path):
    path = pictures.write(torch.rand(3, 40, 50), tmp_path / "own.png")
    studio.sources.take("content", path.read_bytes())
    wait_for_end(studio)
    speed = studio.screen.speed.value
    studio.sources.take("content", b"no picture")
    assert "The picture before stays." in sentence(studio) and studio.screen.speed.value == speed
    studio.knobs.beta.value = 3
    wait_for_end(studio)
    assert sentence(studio).startswith("Done") and studio.sources.source("content") == path.read_bytes()


def test_a_dropped_file_that_is_too_large_is_a_sentence(studio):
    studio._on_drop(studio.screen.page, {"refused": "huge<b>.tif", "bytes": 43_000_000}, [])
    assert "huge&lt;b&gt;.tif&#x27; is 43 MB" in studio.screen.status.value and "may be at most 9 MB." in sentence(
        studio
    )


@pytest.mark.parametrize("message", [{"kind": "content", "name": "own.png"}, {"name": "own.png"}, {}])
def test_a_drop_that_arrives_without_its_bytes_is_a_sentence(studio, message):
    studio._on_drop(studio.screen.page, message, [])
    assert "arrived without" in sentence(studio) and "own picture" in sentence(studio)


def test_full_memory_is_a_sentence(studio, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 40000000000 bytes. Error")
        yield

    monkeypatch.setattr(panel.runs.transfer, "steps", refuse)
    studio.start()
    until(lambda: "There is not enough memory for this (40.0 GB were asked for at once)" in sentence(studio))


def test_pause_step_play(studio):
    studio.play.value = False
    studio.start()
    until(lambda: studio.task.run is not None and sentence(studio) == "Ready: press step or play.")
    studio.buttons["step"].click()
    until(lambda: sentence(studio) == "Paused after 1 steps.")
    studio.buttons["step"].click()
    until(lambda: sentence(studio) == "Paused after 2 steps.")
    studio.play.value = True
    wait_for_end(studio)


def test_going_on_begins_where_the_picture_is(studio):
    studio.start()
    wait_for_end(studio)
    reached = studio.totals[-1]
    studio.go_on.value = True
    studio.totals = []
    studio.knobs.seed.value = 7
    until(lambda: studio.totals)
    wait_for_end(studio)
    assert studio.totals[0] < 1.2 * reached and "restart" in studio.as_code()


def test_the_wiper_shows_the_photo_beside_the_picture(studio):
    studio.start()
    wait_for_end(studio)
    whole = studio.screen.frame.value
    studio.screen.wiper.value = 0.5
    half = studio.screen.frame.value
    studio.screen.wiper.value = 1.0
    assert len({whole, half, studio.screen.frame.value}) == 3


def test_reduced_motion_sends_a_frame_a_second(studio):
    studio.screen.page.calm = True
    assert studio.screen._pace.rate == 1
    studio.screen.page.calm = False
    assert studio.screen._pace.rate == 15


def test_rendering_large_takes_several_scales(studio):
    studio.large.options = [256]
    studio.large.value = 256
    studio.buttons["render large"].click()
    until(lambda: studio.picture is not None and studio.picture.shape[1] == 256)
    wait_for_end(studio)


def test_a_slow_network_makes_the_picture_smaller_unless_a_size_was_chosen(monkeypatch):
    monkeypatch.setattr(panel, "SLOW", 1e-5)
    slow = Studio(steps=8)
    chosen = Studio(steps=8, size=192)
    for studio in (slow, chosen):
        studio.start()
    for studio in (slow, chosen):
        wait_for_end(studio)
    assert slow.picture.shape[1] == slow.knobs.size.value == 64 and "move size for more" in sentence(slow)
    assert chosen.picture.shape[1] == 192
    for studio in (slow, chosen):
        studio.close()


def test_closing_leaves_no_widget_and_a_closed_studio_runs_nothing():
    before = set(widget._instances)
    studio = Studio("cat", "night", size=64, steps=500)
    studio.start()
    until(lambda: studio.picture is not None)
    studio.close()
    until(lambda: not kernel.WORKER.busy())
    assert set(widget._instances) <= before
    studio.start()
    assert not kernel.WORKER.busy()


def test_nothing_keeps_a_closed_studio():
    studio = Studio("cat", "night", size=64, steps=3)
    studio.start()
    wait_for_end(studio)
    studio.close()
    until(lambda: not kernel.WORKER.busy())
    gone = weakref.ref(studio)
    del studio
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"beta": 0}, "its slider starts at"),
        ({"content_layers": ("relu3_2", "relu4_2")}, "one content layer"),
    ],
)
def test_what_no_knob_can_show_is_refused_at_once_and_leaves_no_widget(given, words):
    before = set(widget._instances)
    with pytest.raises(ValueError, match=words):
        Studio(**given)
    assert set(widget._instances) == before
