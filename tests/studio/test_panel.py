"""The panel without a browser: knobs become settings, faults become sentences, closing leaves nothing behind."""

import datetime
import re

import pytest
import torch
from ipywidgets.widgets import widget

from nstlib.settings import Settings
from nstlib.studio import Studio, panel
from nstlib.studio.knobs import Knobs
from nstlib.studio.running import Shares, Wish, run
from tests.studio.waiting import until


def said(studio):
    return re.sub(r"<[^>]+>", "", studio.status.value)


@pytest.fixture
def studio():
    made = Studio("cat", "night", size=64, steps=6)
    yield made
    made.close()
    until(lambda: not panel.WORKER.busy())


def finished(studio):
    until(lambda: said(studio).startswith("Done"))


def test_a_run_shows_a_picture_a_curve_shares_and_a_sentence(studio):
    studio.start()
    finished(studio)
    assert studio.frame.value[:2] == b"\xff\xd8" and studio.picture.shape == (3, 64, 96)
    assert said(studio).startswith("Done: 6 steps in ")
    assert "<polyline" in studio.curve.value and 'role="img"' in studio.curve.value
    assert "relu5_1" in studio.bars.value
    assert "steps a second · cpu, float32 · minivgg" in studio.speed.value
    assert "64 by 96 pixels" in studio.names.alt


def test_the_code_makes_the_picture_exactly(studio):
    studio.knobs.beta.value = 30
    studio.knobs.muted["relu2_1"].value = True
    studio.start()
    finished(studio)
    names = {}
    exec(studio.as_code(), names)
    assert names["picture"].equal(studio.picture)


def test_the_last_of_many_moves_is_what_runs(studio):
    studio.start()
    for number in range(200):
        studio.knobs.beta.value = 10 ** (number / 100)
    until(lambda: not studio.task.waiting)
    finished(studio)
    assert studio.settings().beta == pytest.approx(10**1.99)
    assert studio.task.run is None and not studio.task.waiting


def test_knobs_say_settings():
    knobs = Knobs(Settings(size=128), 40)
    given = knobs.settings()
    assert (given.alpha, given.beta, given.layer_weights) == (1, 10, "relative")
    assert (given.size, given.steps, given.scales, given.content_layers) == (128, 40, 1, ("relu4_2",))
    knobs.rule.value, knobs.statistic.value, knobs.convention.value = "equal", "moments", "keras"
    knobs.content_layer.value, knobs.init.value, knobs.optimizer.value = "relu3_2", "noise", "lbfgs"
    given = knobs.settings()
    assert (given.layer_weights, given.statistic, given.convention) == ("equal", "moments", "keras")
    assert (given.content_layers, given.init, given.optimizer) == (("relu3_2",), "noise", "lbfgs")


def test_mute_solo_and_faders():
    knobs = Knobs(Settings(layer_weights="equal"), 10)
    knobs.solo["relu3_1"].value = True
    assert [layer for layer, weight in knobs.layer_weights().items() if weight] == ["relu3_1"]
    knobs.solo["relu3_1"].value = False
    knobs.muted["relu1_1"].value = True
    weights = knobs.layer_weights()
    assert weights["relu1_1"] == 0 and weights["relu5_1"] == pytest.approx(0.2)
    for button in knobs.muted.values():
        button.value = True
    with pytest.raises(ValueError, match="let one sound"):
        knobs.layer_weights()


def test_a_rule_moves_the_faders_and_a_fader_ends_the_rule(studio):
    studio.start()
    finished(studio)
    assert studio.knobs.rule.value == "relative"
    assert studio.knobs.weights["relu5_1"].value > 100 * studio.knobs.weights["relu2_1"].value
    studio.knobs.weights["relu5_1"].value = 1.0
    assert studio.knobs.rule.value == "by hand" and studio.settings().layer_weights["relu5_1"] == 1.0


def test_what_a_browser_sends_back_is_no_move(studio):
    fader = studio.knobs.weights["relu1_1"]
    fader.value = fader.value * 1.002
    assert studio.knobs.rule.value == "relative"


def test_all_muted_is_a_sentence_and_the_next_move_runs(studio):
    for button in studio.knobs.muted.values():
        button.value = True
    until(lambda: "let one sound" in said(studio))
    assert 'role="alert"' in studio.status.value
    studio.knobs.muted["relu1_1"].value = False
    finished(studio)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no picture at all", "picture"), ("no/such/file.png", "no/such/file.png"), (torch.rand(3, 4, 400), "")],
)
def test_a_picture_that_is_none_is_a_sentence(content, words):
    studio = Studio(content, "night", size=64, steps=2)
    studio.start()
    until(lambda: 'role="alert"' in studio.status.value)
    assert words in said(studio)
    studio.choose["content"].value = "cat"
    finished(studio)
    studio.close()


def test_a_network_that_cannot_be_had_is_a_sentence(studio):
    studio.network = "no-such-network"
    studio.start()
    until(lambda: "choose from minivgg" in said(studio))


def test_an_upload_becomes_the_picture(studio, tmp_path):
    from nstlib import pictures

    path = pictures.write(torch.rand(3, 70, 90), tmp_path / "own.png")
    content = memoryview(path.read_bytes())
    file = {"name": "own.png", "type": "image/png", "size": len(content), "content": content}
    file["last_modified"] = datetime.datetime.now(datetime.UTC)
    studio.upload["style"].value = (file,)
    assert studio.choose["style"].value == "own"
    finished(studio)


def test_pause_step_play(studio):
    studio.play.value = False
    studio.start()
    studio.buttons["step"].click()
    until(lambda: said(studio) == "Paused after 1 steps.")
    studio.buttons["step"].click()
    until(lambda: said(studio) == "Paused after 2 steps.")
    studio.play.value = True
    finished(studio)


def test_going_on_begins_where_the_picture_is(studio):
    studio.start()
    finished(studio)
    reached = studio.totals[-1]
    studio.go_on.value = True
    studio.totals = []
    studio.knobs.seed.value = 7
    until(lambda: studio.totals)
    finished(studio)
    assert studio.totals[0] < 1.2 * reached and "restart" in studio.as_code()


def test_the_wiper_shows_the_photo_beside_the_picture(studio):
    studio.start()
    finished(studio)
    whole = studio.frame.value
    studio.wiper.value = 0.5
    half = studio.frame.value
    studio.wiper.value = 1.0
    assert len({whole, half, studio.frame.value}) == 3


def test_a_picture_and_its_settings_are_saved_and_nothing_is_replaced(studio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studio.start()
    finished(studio)
    studio.buttons["save"].click()
    studio.buttons["save"].click()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "studio_1.json",
        "studio_1.png",
        "studio_2.json",
        "studio_2.png",
    ]
    assert Settings.from_json((tmp_path / "studio_1.json").read_text()) == studio.settings()


def test_rendering_large_takes_several_scales(studio):
    studio.large.options = [256]
    studio.large.value = 256
    studio.buttons["render large"].click()
    until(lambda: studio.picture is not None and studio.picture.shape[1] == 256)
    finished(studio)


def test_closing_leaves_no_widget_and_a_closed_studio_runs_nothing():
    before = set(widget._instances)
    studio = Studio("cat", "night", size=64, steps=500)
    studio.start()
    until(lambda: studio.picture is not None)
    studio.close()
    until(lambda: not panel.WORKER.busy())
    assert set(widget._instances) <= before
    studio.start()
    assert not panel.WORKER.busy()


def test_running_a_cell_again_closes_its_old_studio(monkeypatch):
    class Shell:
        def get_parent(self):
            return {"metadata": {"cellId": "one"}}

    monkeypatch.setattr(panel, "get_ipython", lambda: Shell())
    first = Studio(size=64, steps=500)
    first.start()
    second = Studio(size=64, steps=2)
    assert first.task.closed and not second.task.closed and panel.OPEN["one"] is second
    second.start()
    finished(second)
    second.close()
    panel.OPEN.clear()


def test_a_run_stops_inside_a_step_when_it_is_checked(studio):
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 12:
            raise KeyError("stop")

    pair = [panel._picture("cat"), panel._picture("waves", (96, 96))]
    with pytest.raises(KeyError):
        list(run(Wish(*pair, Settings(size=64, scales=1, steps=50)), check))
    assert len(calls) == 13


def test_shares_come_after_some_steps_and_at_the_end():
    pair = [panel._picture("cat"), panel._picture("waves", (96, 96))]
    items = list(run(Wish(*pair, Settings(size=64, scales=1, steps=12, plateau=0.0)), lambda: None))
    shares = [item for item in items if isinstance(item, Shares)]
    assert len(items) == 14 and len(shares) == 2
    assert all(sum(each.shares.values()) == pytest.approx(1) for each in shares)
