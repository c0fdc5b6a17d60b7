"""What a desk asks for: playing, going back, tasks, files, looks at a layer."""

import dataclasses
import threading
import time

import numpy as np
import pytest
import torch

from nstlib import networks, pictures
from nstlib.studio import Studio, kernel
from nstlib.studio.history import WORTH
from nstlib.studio.tasks import TASKS
from tests.studio.conftest import listen, of_kind, sentence, tell, wait_for_end
from tests.studio.waiting import until


def png(tmp_path, height=70, width=90):
    return pictures.write(torch.rand(3, height, width), tmp_path / f"{height}x{width}.png").read_bytes()


def test_pause_step_play(studio):
    tell(studio, "pause")
    studio.start()
    until(lambda: studio.task.run is not None and sentence(studio) == "Ready: press play, or step.")
    for count in (1, 2):
        tell(studio, "step")
        until(lambda count=count: sentence(studio).startswith(f"Paused after {count} step"))
    tell(studio, "play")
    wait_for_end(studio)
    tell(studio, "play", anew=True)
    until(lambda: len(studio.history._runs) == 2)


def test_a_run_from_before_comes_back_with_its_knobs_and_its_picture(studio):
    heard = listen(studio)
    studio.start()
    wait_for_end(studio)
    first, code = studio.picture, studio.as_code()
    number = of_kind(heard, "history")[-1]["number"]
    studio.move(beta=100)
    until(lambda: len(of_kind(heard, "history")) == 2)
    assert not studio.picture.equal(first)
    tell(studio, "back", number=number)
    assert studio.knobs.beta == studio.desk.knobs["beta"] == 10 and studio.picture.equal(first)
    assert studio.as_code() == code and "Back to run 1," in sentence(studio)


def test_going_back_while_a_run_is_under_way_keeps_both(studio):
    heard = listen(studio)
    studio.start()
    wait_for_end(studio)
    first, costs = studio.view.run, list(studio.view.run.costs)
    studio.base = dataclasses.replace(studio.base, steps=5000)
    studio.move(beta=100, content="coffee")
    until(lambda: studio.view.run is not first and studio.view.run.steps > WORTH)
    with studio.lock:  # a step waits for it
        tell(studio, "back", number=first.number)
    until(lambda: not kernel.WORKER.busy())
    assert studio.view.run is first and first.costs == costs and studio.picture.equal(first.picture)
    assert sentence(studio).startswith(f"Back to run {first.place}, after 6 steps.")
    assert [each["number"] for each in of_kind(heard, "history")] == [first.number, first.number + 1]
    photos = [data for content, data in heard if content["kind"] == "photo"]
    assert len(photos) == 3 and photos[0] == photos[2]
    assert of_kind(heard, "costs")[-1]["rows"] == costs and of_kind(heard, "film")[-1]["steps"]


@pytest.mark.parametrize("number", [0, None, "1", [1]])
def test_a_run_that_was_forgotten_is_a_sentence(studio, number):
    tell(studio, "back", number=number)
    assert studio.desk.status["alert"]


def test_each_refusal_to_go_back_is_answered_with_the_knobs_that_stand(studio):
    """The second says the same sentence, which changes nothing on the desk."""
    for number in (1, 2):
        tell(studio, "back", number=99, moves={"view": number})
        assert studio.desk.knobs == studio.knobs.to_dict() | {"moves": {"view": number}}


@pytest.mark.parametrize("changes", [{"beta": "loud"}, {"no such knob": 1}])
def test_each_refusal_of_a_move_is_answered_with_the_knobs_that_stand(studio, changes):
    for number in (1, 2):
        tell(studio, "move", changes=changes, moves={"view": number})
        assert studio.desk.status["alert"]
        assert studio.desk.knobs == studio.knobs.to_dict() | {"moves": {"view": number}}


def test_a_file_becomes_the_picture_and_the_same_one_again_runs_again(studio, tmp_path):
    heard = listen(studio)
    data = png(tmp_path)
    for count in (1, 2):
        tell(studio, "file", data, side="style", name="own.png")
        assert studio.knobs.style == studio.desk.knobs["style"] == "own: own.png"
        until(lambda count=count: len(of_kind(heard, "history")) == count)
    until(lambda: {"side": "style", "name": "own: own.png", "kind": "thumbnail"} in of_kind(heard, "thumbnail"))
    tell(studio, "file", png(tmp_path, 70, 80), side="style", name="own.png")
    assert studio.knobs.style == "own: own.png (2)"
    wait_for_end(studio)


def test_a_file_that_is_no_picture_leaves_the_one_that_was_there(studio):
    tell(studio, "file", b"no picture", side="content", name="notes.txt")
    assert studio.desk.status["alert"] and "picture" in sentence(studio)
    assert studio.knobs.content == "cat"
    studio.move(beta=3)
    wait_for_end(studio)


def test_a_file_that_is_too_large_is_a_sentence(studio):
    tell(studio, "file", side="content", name="huge<b>.tif", bytes=43_000_000)
    assert "'huge<b>.tif' is 43 MB" in sentence(studio) and "at most 9 MB" in sentence(studio)


@pytest.mark.parametrize("content", [{"side": "content", "name": "own.png"}, {"name": "own.png"}, {}])
def test_a_file_that_arrives_without_its_bytes_is_a_sentence(studio, content):
    tell(studio, "file", **content)
    assert "were lost on the way" in sentence(studio) and "give its path" in sentence(studio)


def test_a_file_for_neither_side_is_a_sentence(studio, tmp_path):
    tell(studio, "file", png(tmp_path), side="frame", name="own.png")
    assert "Expected content or style" in sentence(studio)


def test_thumbnails_of_all_pictures_are_made_beside_a_run(studio):
    heard = listen(studio)
    studio.start()
    tell(studio, "hello")
    expected = {(side, name) for side, names in studio.desk.spec["sources"].items() for name in names}
    until(lambda: {(each["side"], each["name"]) for each in of_kind(heard, "thumbnail")} == expected)


def test_a_desk_that_is_opened_again_gets_all_that_there_is(studio):
    studio.start()
    wait_for_end(studio)
    studio.move(beta=3)
    wait_for_end(studio)
    heard = listen(studio)
    tell(studio, "hello")
    kinds = [content["kind"] for content, _ in heard]
    assert {"photo", "run", "frame", "costs"} <= set(kinds) and kinds.count("history") == 2
    assert len(of_kind(heard, "costs")[-1]["rows"]) == 6 and of_kind(heard, "costs")[-1]["first"] == 0


def test_a_file_leaves_the_other_thumbnails_to_come(studio, tmp_path):
    heard = listen(studio)
    tell(studio, "hello")
    tell(studio, "file", png(tmp_path), side="style", name="own.png")
    names = {"own: own.png", *studio.desk.spec["sources"]["style"]}
    until(lambda: {each["name"] for each in of_kind(heard, "thumbnail") if each["side"] == "style"} == names)


def test_a_picture_that_cannot_be_read_leaves_the_other_thumbnails_to_come():
    studio = Studio("no/such/file.png", size=64, steps=2)
    heard = listen(studio)
    tell(studio, "hello")
    names = {name for name in studio.desk.spec["sources"]["content"] if not name.startswith("own")}
    until(lambda: {each["name"] for each in of_kind(heard, "thumbnail") if each["side"] == "content"} == names)
    studio.close()


def test_somebody_who_goes_step_by_step_sees_each_step_in_order(studio):
    studio.start()
    wait_for_end(studio)
    tell(studio, "pause")
    heard = listen(studio)
    studio.move(beta=3)
    for count in (1, 2, 3):
        tell(studio, "step")
        until(lambda count=count: sentence(studio).startswith(f"Paused after {count} step"))
    steps = [each["step"] for each in of_kind(heard, "frame")]
    assert steps == sorted(steps) and steps[0] == 0


def test_a_pause_is_no_time_of_a_step(studio, monkeypatch):
    studio._size_chosen = False
    tell(studio, "pause")
    studio.start()
    for count in range(1, 7):
        until(lambda count=count: count == 1 or sentence(studio).startswith(f"Paused after {count - 1} step"))
        time.sleep(0.3)
        tell(studio, "step")
    until(lambda: studio.view.run.steps == 6)
    assert studio.knobs.size == 64 and studio.view.run.seconds < 1.5


@pytest.mark.parametrize("kind", ["restart", "solution", "large"])
def test_what_asks_for_a_run_also_ends_a_pause(studio, kind):
    tell(studio, "pause")
    studio.start()
    tell(studio, kind, name="palette only", size=512)
    until(lambda: studio.playing and studio.view.run is not None and studio.view.run.steps > 1)


def test_a_layer_can_be_looked_at_both_ways_at_once(studio):
    studio.start()
    wait_for_end(studio)
    heard = listen(studio)
    tell(studio, "pull", layer="relu3_1")
    tell(studio, "focus", layer="relu3_1")
    until(lambda: of_kind(heard, "pull") and of_kind(heard, "gram"))


@pytest.mark.parametrize("kind", ["tiff", "../x", 3])
def test_a_film_of_another_kind_is_a_sentence(studio, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studio.start()
    wait_for_end(studio)
    tell(studio, "save", film=kind)
    assert "gif or webp" in sentence(studio) and not list(tmp_path.iterdir())


def test_the_layer_in_focus_shows_its_gram_matrices(studio):
    heard = listen(studio)
    studio.start()
    wait_for_end(studio)
    tell(studio, "focus", layer="relu3_1")
    until(lambda: of_kind(heard, "gram"))
    content, matrices = next((content, data) for content, data in heard if content["kind"] == "gram")
    assert content["layer"] == "relu3_1" and [len(each) for each in matrices] == [content["side"] ** 2] * 3
    style, picture, difference = (np.frombuffer(each, np.uint8).astype(int) for each in matrices)
    assert style.max() == 255 or picture.max() == 255
    apart = picture - style
    assert np.corrcoef(apart, difference)[0, 1] > 0.9


def test_where_a_layer_pulls_is_a_picture(studio):
    heard = listen(studio)
    studio.start()
    wait_for_end(studio)
    tell(studio, "pull", layer="relu4_1")
    until(lambda: of_kind(heard, "pull"))
    content, (data,) = next((content, data) for content, data in heard if content["kind"] == "pull")
    assert (content["height"], content["width"]) == (64, 96) and len(data) == 64 * 96 and max(data) == 255


@pytest.mark.parametrize("kind", ["focus", "pull"])
def test_a_layer_that_is_not_there_is_not_looked_at(studio, kind):
    heard = listen(studio)
    for layer in ("relu9_9", None, 3):
        tell(studio, kind, layer=layer)
    assert not heard and not studio.desk.status["alert"]


@pytest.mark.parametrize("task", TASKS, ids=[task.name for task in TASKS])
def test_a_task_is_measured_on_the_picture_that_is_shown_and_its_solution_solves_it(task):
    studio = Studio("cat", "night", size=128, steps=100)
    heard = listen(studio)
    tell(studio, "task", name=task.name)
    tell(studio, "solution", name=task.name)
    wait_for_end(studio)
    until(lambda: of_kind(heard, "task"))
    found = of_kind(heard, "task")[-1]["found"]
    assert len(found) == len(task.conditions) and all(met for _, met in found), found
    assert of_kind(heard, "why")[-1]["text"] == task.why
    studio.close()


def test_the_desk_is_told_no_solution_before_it_asks(studio):
    told = repr(studio.desk.spec["tasks"])
    assert "solution" not in told and not any(task.why in told for task in TASKS)


def test_rendering_large_takes_several_scales(studio, monkeypatch):
    monkeypatch.setattr("nstlib.studio.messages.LARGE", (256,))
    tell(studio, "large", size=256)
    until(lambda: studio.picture is not None and studio.picture.shape[1] == 256)
    wait_for_end(studio)
    tell(studio, "large", size=4096)  # no size that is offered
    assert not kernel.WORKER.busy()


def test_reduced_motion_gets_a_frame_a_second(studio):
    tell(studio, "calm", calm=True)
    assert studio.desk.frames.rate == 1
    tell(studio, "calm", calm=False)
    assert studio.desk.frames.rate == 30


def test_a_front_end_that_loses_bytes_gets_them_as_text(studio):
    heard = listen(studio)
    tell(studio, "plain")
    assert "sent as text" in sentence(studio)
    until(lambda: of_kind(heard, "thumbnail"))
    studio.start()
    wait_for_end(studio)
    frames = of_kind(heard, "frame")
    assert frames and all(isinstance(each["base64"][0], str) for each in frames)


@pytest.mark.parametrize("content", [None, 3, [], {"kind": "no such thing"}, {"kind": "seen"}, {"kind": "solution"}])
def test_a_message_that_means_nothing_harms_nothing(studio, content):
    studio.desk._handle_custom_msg(content, [])
    assert not studio.desk.status["alert"] or sentence(studio)
    studio.start()
    wait_for_end(studio)


def test_a_painted_mask_keeps_the_photo_where_it_is_black_and_can_be_saved(studio, tmp_path, monkeypatch):
    mask = torch.zeros(3, 60, 90)
    mask[:, :, :45] = 1
    tell(studio, "mask", pictures.write(mask, tmp_path / "mask.png").read_bytes())
    assert studio.knobs.mask == studio.desk.knobs["mask"] == "mask 1"
    wait_for_end(studio)
    photo = pictures.resize(studio.view.run.request.content, 64)
    away = (studio.picture - photo).abs().mean(0)
    assert away[:, 52:].max() < 1e-5 and away[:, :44].mean() > 0.02
    monkeypatch.chdir(tmp_path)
    tell(studio, "save")
    code = studio.as_code().replace("your mask.png", "studio_1_mask.png")
    names = {}
    exec(code, names)
    assert names["picture"].equal(studio.picture)


def test_whoever_copies_code_hears_what_its_mask_and_own_pictures_need_before_it_runs(studio, tmp_path):
    heard = listen(studio)
    tell(studio, "code")
    mask = torch.zeros(3, 60, 90)
    mask[:, :, :45] = 1
    tell(studio, "mask", pictures.write(mask, tmp_path / "mask.png").read_bytes())
    wait_for_end(studio)
    tell(studio, "code")
    tell(studio, "file", png(tmp_path), side="style", name="own.png")
    wait_for_end(studio)
    tell(studio, "code")
    plain, masked, both = (content["to_do"] for content in of_kind(heard, "code"))
    assert plain == "" and "'your mask.png'" in masked and "save picture" in masked
    assert "'your own picture.png'" not in masked
    assert "'your mask.png'" in both and "'your own picture.png'" in both
    assert all(name in of_kind(heard, "code")[-1]["text"] for name in ("'your mask.png'", "'your own picture.png'"))


def test_a_fault_that_comes_twice_is_said_twice(studio):
    """Between the two, the desk may have said that it is at work."""
    studio.move(muted=networks.STYLE_LAYERS)
    until(lambda: studio.desk.status["alert"])
    changes = []
    studio.desk.observe(changes.append, "status")
    tell(studio, "code")
    assert len(changes) == 1 and "unmute at least one" in sentence(studio)


def test_a_mask_that_covers_nothing_is_none(studio, tmp_path):
    tell(studio, "mask", pictures.write(torch.ones(3, 60, 90), tmp_path / "mask.png").read_bytes())
    assert studio.knobs.mask == "" and not studio.desk.status["alert"]


def test_a_mask_of_another_studio_is_a_sentence(studio):
    studio.move(mask="mask 7")
    until(lambda: "paint it again" in sentence(studio))


def test_every_mask_is_shown_to_a_page_that_opens_and_to_other_views(studio, tmp_path):
    heard = listen(studio)
    for number in (1, 2):
        mask = torch.zeros(3, 60, 90)
        mask[:, :, : 30 * number] = 1
        tell(studio, "mask", pictures.write(mask, tmp_path / f"{number}.png").read_bytes(), stroke=f"view-{number}")
    told = [(content["name"], content["stroke"]) for content in of_kind(heard, "mask")]
    assert told == [("mask 1", "view-1"), ("mask 2", "view-2")]
    assert all(data[0][:2] == b"\xff\xd8" for content, data in heard if content["kind"] == "mask")
    heard.clear()
    tell(studio, "hello")
    assert [content["name"] for content in of_kind(heard, "mask")] == ["mask 1", "mask 2"]
    wait_for_end(studio)


@pytest.mark.parametrize("data", [[], [b"no picture"]])
def test_a_stroke_that_cannot_be_kept_is_answered_and_said(studio, data):
    heard = listen(studio)
    tell(studio, "mask", *data, stroke="view-1")
    assert of_kind(heard, "mask") == [{"kind": "mask", "name": "", "stroke": "view-1", "refused": True}]
    assert studio.desk.status["alert"] and studio.knobs.mask == ""


def test_a_stroke_that_arrives_after_the_clear_that_followed_it_does_not_come_back(studio, tmp_path):
    heard = listen(studio)
    mask = torch.ones(3, 60, 90)
    whole = pictures.write(mask, tmp_path / "whole.png").read_bytes()
    mask[:, :, :30] = 0
    stroke = pictures.write(mask, tmp_path / "stroke.png").read_bytes()
    tell(studio, "mask", whole, stroke="view-2", moves={"view": 2})
    tell(studio, "mask", stroke, stroke="view-1", moves={"view": 1})
    assert studio.knobs.mask == ""
    answers = [(content["stroke"], content["overtaken"]) for content in of_kind(heard, "mask")]
    assert answers == [("view-2", False), ("view-1", True)]  # each has its answer


def test_of_two_files_the_later_one_is_the_picture_though_it_arrives_first(studio, tmp_path):
    tell(studio, "file", png(tmp_path, 70, 90), side="style", name="second.png", moves={"view": 2})
    tell(studio, "file", png(tmp_path, 70, 80), side="style", name="first.png", moves={"view": 1})
    assert studio.knobs.style == "own: second.png" and "own: first.png" in studio.sources.names("style")
    wait_for_end(studio)


@pytest.mark.parametrize(("later", "plays"), [("pause", False), ("play", True), ("step", False), ("restart", True)])
@pytest.mark.parametrize("earlier", ["pause", "play", "step", "restart"])
def test_of_two_that_say_whether_to_run_the_later_holds(earlier, later, plays, studio):
    tell(studio, later, moves={"view": 2})
    tell(studio, earlier, moves={"view": 1})
    assert studio.playing is plays


@pytest.mark.parametrize("later", ["pause", "step"])
@pytest.mark.parametrize("earlier", ["restart", "play", "large"])
def test_a_run_that_was_asked_for_begins_though_a_later_message_arrives_first(earlier, later, studio):
    studio.start()
    wait_for_end(studio)
    before = studio.view.run
    tell(studio, later, moves={"view": 2})
    tell(studio, earlier, anew=True, size=512, moves={"view": 1})
    until(lambda: studio.desk.status["state"] in ("ready", "paused") or studio.view.run is not before)
    assert studio.playing is (later == "pause")  # which did nothing: the run before had ended
    until(lambda: studio._newest is not before)
    tell(studio, "pause")


def test_two_steps_are_two_in_whatever_order_they_arrive(studio):
    tell(studio, "pause")
    studio.start()
    until(lambda: studio.task.run is not None and sentence(studio) == "Ready: press play, or step.")
    for number in (2, 1):
        tell(studio, "step", moves={"view": number})
    until(lambda: sentence(studio).startswith("Paused after 2 steps"))


def test_a_move_made_before_going_back_is_not_made_after_it(studio):
    studio.start()
    wait_for_end(studio)
    first = studio.view.run
    studio.move(beta=100)
    until(lambda: len(studio.history) == 2)
    tell(studio, "back", number=first.number, moves={"view": 5})
    tell(studio, "move", changes={"beta": 50}, moves={"view": 4})
    assert studio.knobs.beta == 10 and studio.view.run is first


@pytest.mark.parametrize("later", ["pause", "play"])
def test_going_back_shows_the_run_though_a_later_pause_or_play_arrives_first(later, studio):
    studio.start()
    wait_for_end(studio)
    first = studio.view.run
    studio.move(beta=100)
    until(lambda: len(studio.history) == 2)
    tell(studio, later, moves={"view": 5})
    tell(studio, "back", number=first.number, moves={"view": 4})
    assert studio.view.run is first and len(studio.history) == 2


def test_a_run_begun_after_going_back_takes_those_knobs_though_it_arrives_first(studio):
    studio.start()
    wait_for_end(studio)
    first = studio.view.run
    studio.move(beta=100)
    until(lambda: len(studio.history) == 2)
    tell(studio, "restart", moves={"view": 5})
    tell(studio, "back", number=first.number, moves={"view": 4})
    until(lambda: not kernel.WORKER.busy())
    assert studio.view.run not in (first, None) and studio.view.run.knobs.beta == 10


def test_a_move_made_after_going_back_stays_though_it_arrives_first(studio):
    studio.start()
    wait_for_end(studio)
    first = studio.view.run
    studio.move(beta=100, alpha=2)
    until(lambda: len(studio.history) == 2)
    tell(studio, "move", changes={"beta": 50}, moves={"view": 5})
    tell(studio, "back", number=first.number, moves={"view": 4})
    assert (studio.knobs.beta, studio.knobs.alpha) == (50, 1)
    until(lambda: len(studio.history) == 3)


@pytest.mark.parametrize("later", ["none", "restart", "move"])
def test_going_back_tells_the_desk_that_it_has_arrived(later, studio):
    """Until then the desk shows the knobs of that run, though Python may have refused some."""
    studio.start()
    wait_for_end(studio)
    if later != "none":
        tell(studio, later, changes=studio.knobs.to_dict(), moves={"view": 5})
    tell(studio, "back", number=next(iter(studio.history)).number, moves={"view": 4})
    assert studio.desk.knobs["moves"]["view"] >= 4


def test_a_solution_undoes_no_move_made_after_it(studio):
    tell(studio, "move", changes={"beta": 50}, moves={"view": 2})
    tell(studio, "solution", name=TASKS[0].name, moves={"view": 1})
    assert studio.knobs.beta == 50 and studio.knobs.alpha == studio.first_knobs.moved(**TASKS[0].solution).alpha
    wait_for_end(studio)


def test_the_layer_and_the_task_chosen_last_stay(studio):
    for layer, number in (("relu4_1", 2), ("relu1_1", 1)):
        tell(studio, "focus", layer=layer, moves={"view": number})
    for task, number in ((TASKS[0].name, 4), ("", 3)):
        tell(studio, "task", name=task, moves={"view": number})
    assert (studio.view.focus, studio.view.task) == ("relu4_1", TASKS[0].name)


def test_two_that_save_at_once_write_two_pictures(studio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studio.start()
    wait_for_end(studio)
    threads = [threading.Thread(target=tell, args=(studio, "save")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [f"studio_{number}.png" for number in range(1, 5)]


def test_runs_are_numbered_as_they_are_shown(studio):
    heard = listen(studio)
    studio.start()
    wait_for_end(studio)
    for beta in (20, 30, 40):  # runs that the next one ends at once have no picture in the row
        studio.move(beta=beta)
    until(lambda: len(of_kind(heard, "history")) == 2)
    told = of_kind(heard, "history")
    assert [content["place"] for content in told] == [1, 2]
    tell(studio, "back", number=told[1]["number"])
    assert sentence(studio).startswith("Back to run 2,")
