"""The studio without a browser: moves become runs, faults become sentences, closing leaves nothing behind."""

import dataclasses
import gc
import math
import threading
import time
import weakref

import pytest
import torch
from ipywidgets.widgets import widget

from nstlib import networks
from nstlib.errors import NstError
from nstlib.studio import Studio, kernel, panel, runs
from nstlib.transfer import DivergedError
from tests.studio.conftest import listen, of_kind, sentence, tell, wait_for_end
from tests.studio.waiting import until


def test_a_run_shows_pictures_costs_pulls_and_a_sentence(studio):
    heard = listen(studio)
    studio.start()
    wait_for_end(studio)
    until(lambda: of_kind(heard, "history"))
    assert sentence(studio).startswith("Done: 6 steps in ") and studio.picture.shape == (3, 64, 96)
    last = next((content, data) for content, data in reversed(heard) if content["kind"] == "frame")
    assert last[0]["step"] == 5 and last[1][0][:2] == b"\xff\xd8"
    rows = [row for content in of_kind(heard, "costs") for row in content["rows"]]
    assert [row[0] for row in rows] == studio.totals and len(rows[0]) == 2 + len(networks.STYLE_LAYERS)
    assert set(of_kind(heard, "pulls")[-1]["shares"]) == set(networks.STYLE_LAYERS)
    assert "steps a second · cpu, float32 · minivgg" in of_kind(heard, "costs")[-1]["speed"]
    assert studio.desk.status["alt"] == "the picture after 6 steps, 64 by 96 pixels"
    assert of_kind(heard, "run")[-1]["layers"] == list(networks.STYLE_LAYERS)
    assert of_kind(heard, "photo")


def test_waiting_ends_when_the_run_has_been_told_of_or_pauses(studio):
    studio.wait()  # nothing runs yet
    studio.move(beta=20)
    studio.wait()
    (run,) = studio.history
    assert run.steps == 6 and run.picture is studio.picture and run.knobs.beta == 20
    studio.base = dataclasses.replace(studio.base, steps=5000)
    studio.start()
    until(lambda: studio.view.run is not run)
    tell(studio, "pause")
    studio.wait()
    assert studio.desk.status["state"] == "paused"
    studio.move(beta=30)
    until(lambda: studio.desk.status["state"] == "ready")


def test_the_first_step_waits_until_the_browser_has_painted_or_a_newer_move_has_come(studio, monkeypatch):
    """Else the step takes the processor from the browser, and the picture that a move has changed comes later."""
    monkeypatch.setattr(panel, "PAINTING", 60)
    tell(studio, "hello")
    listen(studio)
    studio.start()
    wait_for_end(studio)
    sent = []
    studio.desk.send = lambda content, buffers=None: sent.append(content)  # nothing is confirmed
    before = studio.view.run
    for beta in (20, 30):
        sent.clear()
        studio.move(beta=beta)  # the second one does not wait for the first one's picture
        until(lambda: any(content["kind"] == "frame" for content in sent))
    time.sleep(0.1)  # a step takes a tenth of that
    assert studio.view.run is before
    studio.desk.frames.confirm(studio.desk.frames.sent)
    until(lambda: studio.view.run is not before)


def test_a_run_that_is_shown_again_is_measured_again(studio):
    for beta in (0.1, 100):
        studio.move(beta=beta)
        studio.wait()
    first, second = studio.history
    assert first.left["content"] < second.left["content"] and studio.view.run.left == second.left
    tell(studio, "task", name="still a cat")
    heard = listen(studio)
    tell(studio, "back", number=first.number)
    (told,) = of_kind(heard, "task")
    assert told["found"][0][0] == studio.view.run.left["content"] == first.left["content"]


def test_the_terms_add_up_to_j(studio):
    studio.move(chroma_smoothness=0)
    heard = listen(studio)
    studio.start()
    wait_for_end(studio)
    for total, *terms in (row for content in of_kind(heard, "costs") for row in content["rows"]):
        assert sum(terms) == pytest.approx(total, rel=1e-4)


def test_the_last_of_many_moves_is_what_runs(studio):
    studio.start()
    for number in range(200):
        tell(studio, "move", changes={"beta": 10 ** (number / 100)}, moves={"view": number})
    until(lambda: not studio.task.waiting)
    wait_for_end(studio)
    assert studio.view.run.request.settings.beta == pytest.approx(10**1.99)
    assert studio.desk.knobs["moves"] == {"view": 199}
    assert studio.task.run is None and not studio.task.waiting


def test_a_move_that_arrives_late_undoes_no_later_one(studio):
    tell(studio, "move", changes={"beta": 20}, moves={"view": 2})
    tell(studio, "move", changes={"alpha": 3, "beta": 11}, moves={"view": 1})
    assert (studio.knobs.beta, studio.knobs.alpha) == (20, 3)
    assert studio.desk.knobs["moves"] == {"view": 2}
    tell(studio, "move", changes={"beta": 5}, moves={"other": 1})
    assert studio.knobs.beta == 5 and studio.desk.knobs["moves"] == {"view": 2, "other": 1}
    wait_for_end(studio)


def test_a_fader_multiplies_the_rules_weight(studio):
    studio.start()
    wait_for_end(studio)
    rule = runs.resolve_weights(studio.view.run.request).layer_weights
    assert studio.settings().layer_weights == "relative"
    studio.move(faders={"relu5_1": 2.0})
    wait_for_end(studio)
    weights = studio.view.run.request.settings.layer_weights
    assert weights == pytest.approx(rule | {"relu5_1": 2 * rule["relu5_1"]})


def test_a_browsers_nonsense_is_a_sentence_and_moves_nothing(studio):
    before = studio.knobs
    tell(studio, "move", changes={"beta": "much"}, moves={"view": 1})
    assert "a finite number" in sentence(studio) and studio.desk.status["alert"]
    assert studio.knobs == before
    tell(studio, "move", changes={"beta": 3}, moves={"view": 2})
    assert studio.knobs.beta == 3
    wait_for_end(studio)


def test_a_move_says_no_more_than_what_it_moved(studio):
    studio.put(studio.knobs.moved(size=96))
    tell(studio, "move", changes={"beta": 20}, moves={"view": 1})
    assert (studio.knobs.size, studio.knobs.beta) == (96, 20) == (studio.desk.knobs["size"], studio.desk.knobs["beta"])
    wait_for_end(studio)


def test_what_a_report_raises_is_said_and_the_studio_goes_on(studio, monkeypatch):
    monkeypatch.setattr(studio.view, "send_costs", lambda: 1 / 0)
    studio.start()
    until(lambda: "division by zero" in sentence(studio))
    assert studio.desk.status["alert"]
    monkeypatch.undo()
    studio.start()
    wait_for_end(studio)


def test_only_tasks_that_can_be_measured_are_offered():
    few = Studio(size=64, steps=3, layer_weights={"relu2_1": 1.0})
    assert not few.desk.spec["tasks"]
    few.close()


def test_all_muted_is_a_sentence_and_the_next_move_runs(studio):
    studio.move(muted=networks.STYLE_LAYERS)
    until(lambda: "unmute at least one" in sentence(studio))
    assert studio.desk.status["alert"]
    studio.move(muted=networks.STYLE_LAYERS[1:])
    wait_for_end(studio)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no picture at all", "picture"), ("no/such/file.png", "no/such/file.png"), (torch.rand(3, 4, 400), "")],
)
def test_a_picture_that_is_none_is_a_sentence(content, words):
    studio = Studio(content, "night", size=64, steps=2)
    studio.start()
    until(lambda: studio.desk.status["alert"])
    assert words in sentence(studio)
    studio.move(content="cat")
    wait_for_end(studio)
    studio.close()


def test_a_picture_with_nan_is_a_sentence(studio):
    broken = torch.rand(3, 70, 90)
    broken[0, 3, 3] = math.nan
    other = Studio(broken, "night", size=64, steps=3)
    other.start()
    until(lambda: other.desk.status["alert"])
    assert sentence(other).endswith(".")
    other.close()


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


def test_full_memory_is_a_sentence(studio, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 40000000000 bytes. Error")
        yield

    monkeypatch.setattr(panel.runs.transfer, "steps", refuse)
    studio.start()
    until(lambda: "There is not enough memory for this (40.0 GB were asked for at once)" in sentence(studio))


def test_two_styles_are_blended(studio):
    studio.move(second_style="waves", blend=0.3)
    wait_for_end(studio)
    assert studio.view.run.request.settings.style_blend == (0.7, 0.3)
    assert "painted.paint('night', tuple(content.shape[1:])), painted.paint('waves'" in studio.as_code()


def test_going_on_begins_where_the_picture_is(studio):
    studio.start()
    wait_for_end(studio)
    reached, before = studio.totals[-1], studio.view.run
    studio.move(go_on=True, seed=7)
    until(lambda: studio.view.run is not before)
    wait_for_end(studio)
    assert studio.totals[0] < 1.2 * reached and "restart" in studio.as_code()


@pytest.mark.parametrize(
    "given",
    [
        {"size": 64},
        {"size": 64, "beta": 50, "total_variation": 2, "steps": 7},
        {"layer_weights": {"relu1_1": 2.0, "relu3_1": 1.0}, "plateau": 0.1, "learning_rate": 0.02},
    ],
)
def test_a_copied_line_brings_the_studio_back(given):
    studio = Studio("coffee", "waves", **given)
    heard = listen(studio)
    studio.put(studio.knobs.moved(beta=3, solo=["relu1_1"], second_style="night"))
    tell(studio, "code", line=True)
    again = eval(of_kind(heard, "code")[-1]["text"], {"Studio": Studio})
    assert again.knobs == studio.knobs and again.settings() == studio.settings()
    for each in (studio, again):
        each.close()


@pytest.mark.parametrize("own", [{"content": "own: given"}, {"mask": "mask 1"}])
def test_a_line_does_not_promise_what_only_this_studio_has(own):
    studio = Studio(torch.rand(3, 70, 90), size=64)
    studio.put(studio.knobs.moved(**({"content": "cat"} | own)))
    with pytest.raises(NstError, match="A line cannot carry"):
        studio.as_line()
    studio.close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("beta=3", "the line that a studio copied"),
        ("[1]", "the line that a studio"),
        ('{"gamma": 1}', "a knob's name"),
        ('{"content": "nope"}', "the name of a content"),
        ('{"rule": "given"}', "at least one content layer and one style layer"),
        ('{"mask": "mask 1"}', "paint it again"),
        ('{"size": 0}', "at least 1"),
        ('{"statistic": "zzz"}', "statistic='zzz'"),
        ('{"beta": 1' + 400 * "0" + "}", "a finite number"),
    ],
)
def test_a_code_that_is_none_is_a_sentence_and_leaves_no_widget(code, words):
    before = set(widget._instances)
    with pytest.raises(NstError, match=words):
        Studio.from_code(code)
    assert set(widget._instances) == before


def test_a_slow_network_makes_the_picture_smaller_unless_a_size_was_chosen(monkeypatch):
    monkeypatch.setattr(panel, "SLOW", 1e-5)
    slow = Studio(steps=8)
    chosen = Studio(steps=8, size=192)
    for studio in (slow, chosen):
        studio.start()
    for studio in (slow, chosen):
        wait_for_end(studio)
    assert slow.picture.shape[1] == slow.knobs.size == slow.desk.knobs["size"] == 64
    assert "now has 64; to change this, open “more” and move “size”." in sentence(slow)
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
        ({"beta": 0}, "its slider starts"),
        ({"content_layers": ("relu3_2", "relu4_2")}, "one content layer"),
    ],
)
def test_what_no_knob_can_show_is_refused_at_once_and_leaves_no_widget(given, words):
    before = set(widget._instances)
    with pytest.raises(ValueError, match=words):
        Studio(**given)
    assert set(widget._instances) == before


@pytest.mark.parametrize("name", ["scales", "style_blend"])
def test_a_setting_that_a_studio_has_not_is_refused(name):
    with pytest.raises(NstError, match=f"Expected no {name} for a studio"):
        Studio(**{name: 3})


def test_a_size_that_was_asked_for_stays_and_so_does_the_one_of_a_large_picture(monkeypatch):
    monkeypatch.setattr(panel, "SLOW", 1e-5)
    by_line = Studio.from_code('{"content": "cat", "style": "night", "size": 96, "steps": 8}')
    moved = Studio(steps=8)
    moved.move(size=96)
    large = Studio(steps=40)
    tell(large, "large", size=512)
    until(lambda: large.view.run is not None and large.view.run.steps > 3 + panel.TIMED_STEPS)
    assert large.view.run.request.settings.size == 512 and large.knobs.size == 192
    assert large.view.run.costs and "Running at 512 pixels" in sentence(large)
    large.close()  # its steps are long, and the others' come after them
    by_line.start()
    for studio in (by_line, moved):
        wait_for_end(studio)
        assert studio.knobs.size == 96 and "the picture now has" not in sentence(studio)
        studio.close()


def test_what_was_said_about_the_size_goes_with_it(monkeypatch):
    monkeypatch.setattr(panel, "SLOW", 1e-5)
    slow = Studio(steps=8)
    slow.start()
    wait_for_end(slow)
    assert slow.knobs.size == 64 and "the picture now has 64" in sentence(slow)
    tell(slow, "solution", name="palette only")
    wait_for_end(slow)
    assert slow.knobs.size == 64
    tell(slow, "move", changes={"size": 96}, moves={"view": 1})
    wait_for_end(slow)
    assert slow.picture.shape[1] == 96 and "the picture now has" not in sentence(slow)
    slow.close()


def test_a_pause_that_comes_after_the_end_stops_no_later_run(studio):
    studio.start()
    wait_for_end(studio)
    tell(studio, "pause")
    studio.move(beta=20)
    until(lambda: len(studio.history) == 2)


def test_paused_is_not_said_once_somebody_has_pressed_play(studio):
    studio.base = dataclasses.replace(studio.base, steps=5000)
    studio.start()
    until(lambda: studio.picture is not None)
    studio._report("paused", None)  # late, as from the worker's thread
    assert sentence(studio) == "Running."


def test_the_request_is_what_the_knobs_say_whichever_thread_moved_them(studio, monkeypatch):
    submitted = []
    monkeypatch.setattr(kernel.WORKER, "submit", lambda task, request, now=False: submitted.append(request))
    ask = studio.request

    def slowly():
        request = ask()
        time.sleep(0.02)  # in which another thread moves
        return request

    monkeypatch.setattr(studio, "request", slowly)
    movers = [threading.Thread(target=studio.move, kwargs={"beta": beta}) for beta in (2.0, 3.0, 4.0)]
    for mover in movers:
        mover.start()
    for mover in movers:
        mover.join()
    assert [request.settings.beta == knobs.beta for request, knobs in submitted] == [True] * 3
    assert submitted[-1][1].beta == studio.knobs.beta


def test_a_page_that_opens_before_the_first_step_gets_the_photo_and_the_rule(studio):
    studio.start()
    wait_for_end(studio)
    heard = listen(studio)
    before = studio.view.run
    with studio.lock:
        studio.move(content="coffee")
        studio.view.begin(True)
        coming = dataclasses.replace(before, number=2, request=dataclasses.replace(before.request))
        studio.view._next = coming
        heard.clear()
        tell(studio, "hello")
        assert [content["number"] for content in of_kind(heard, "run")] == [before.number, 2]
    wait_for_end(studio)


def test_a_page_that_opens_during_a_run_gets_its_film(studio):
    studio.base = dataclasses.replace(studio.base, steps=5000)
    studio.start()
    until(lambda: studio.view.run is not None and studio.view.run.steps > 30)
    heard = listen(studio)
    with studio.lock:
        tell(studio, "hello")
        assert len(of_kind(heard, "film")[0]["steps"]) == len(studio.view.run.film) > 1


def test_a_thumbnail_may_be_asked_for_twice(studio):
    name = studio.sources.names("style")[0]
    heard = listen(studio)
    for _ in range(2):
        studio._report_thumbnail("item", ("style", name, torch.rand(3, 8, 8)))
    assert len(of_kind(heard, "thumbnail")) == 2


def test_a_run_that_is_stopped_before_it_begins_counts_no_steps_of_another(studio):
    studio.start()
    wait_for_end(studio)
    studio.task.last_start = time.monotonic()  # as in a drag: the request waits
    with studio.lock:  # no report comes before the stop
        studio.move(beta=20)
        studio.task.due = math.inf
        kernel.WORKER.stop_all()
    until(lambda: sentence(studio) == "Stopped before the first step.")
    with studio.lock:
        studio.view.begin(True)
        studio.view.end("stopped", None)
        assert sentence(studio) == "Stopped after 0 steps."


def test_where_gram_matrices_are_not_measured_that_is_said(studio):
    studio.move(size=288)
    studio.wait()
    heard = listen(studio)
    tell(studio, "focus", layer="relu3_1")
    assert of_kind(heard, "toolarge") and studio.desk.spec["most_measured"] == 256
