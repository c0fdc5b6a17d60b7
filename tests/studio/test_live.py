"""One slider and a picture that follows it, without a browser."""

import gc
import threading
import weakref

import pytest
import torch
from ipywidgets.widgets import widget

from nstlib.studio import Live, kernel
from tests.studio.conftest import listen, of_kind, sentence
from tests.studio.waiting import until


def greys(value):
    for step in range(4):
        yield torch.full((3, 8, 8), value * (step + 1) / 10), f"grey {value}, step {step + 1}"


@pytest.fixture
def live():
    made = Live("grey", (1, 2), greys)
    yield made
    made.close()
    until(lambda: not kernel.WORKER.busy())


def test_it_shows_the_last_picture_and_says_its_sentence(live):
    heard = listen(live)
    live.start()
    until(lambda: sentence(live) == "grey 1, step 4")
    assert live.picture.equal(torch.full((3, 8, 8), 0.4))
    assert of_kind(heard, "frame")[-1]["step"] == 3 and heard[-1][1][0][:2] == b"\xff\xd8"
    assert live.desk.status["alt"] == "grey = 1, 8 by 8 pixels"


def test_a_move_runs_the_new_value(live):
    live.start()
    live.move(2)
    until(lambda: sentence(live) == "grey 2, step 4")


def test_a_value_that_is_not_there_is_a_sentence_and_a_browsers_nonsense_the_first_one(live):
    with pytest.raises(ValueError, match="Expected one of 1, 2, got 3"):
        live.move(3)
    for index in (7, -1, "2", None):
        live.desk.knobs = {"index": index}
        assert live.value == 1


def test_a_fault_is_said_and_the_next_move_runs(live):
    live._run = lambda value: (_ for _ in ()).throw(ValueError("no such grey"))
    live.start()
    until(lambda: sentence(live) == "no such grey")
    assert live.desk.status["alert"]
    live._run = greys
    live.move(2)
    until(lambda: sentence(live) == "grey 2, step 4")


def test_what_cannot_be_shown_is_a_sentence():
    with pytest.raises(ValueError, match="Expected at least one value"):
        Live("grey", (), greys)
    nothing = Live("grey", (1,), lambda value: iter(()))
    with pytest.raises(ValueError, match="yield pairs of"):
        nothing.lines()
    nothing.close()


def test_closing_leaves_no_widget_and_nothing_keeps_it():
    before = set(widget._instances)
    live = Live("grey", (1, 2), greys)
    live.start()
    until(lambda: sentence(live) == "grey 1, step 4")
    live.remove()
    assert set(widget._instances) <= before
    gone = weakref.ref(live)
    del live
    until(lambda: not kernel.WORKER.busy())
    gc.collect()
    assert gone() is None


def test_a_page_that_is_loaded_again_gets_the_picture(live):
    live.start()
    until(lambda: sentence(live) == "grey 1, step 4")
    heard = listen(live)
    live.desk._handle_custom_msg({"kind": "hello"}, [])
    assert of_kind(heard, "frame")[0]["step"] == 3


def test_a_run_without_a_picture_ends_with_a_sentence(live):
    live._run = lambda value: iter(())
    live.start()
    until(lambda: "run(1) yielded nothing" in sentence(live))
    assert live.desk.status["alert"]
    begun, stopped = threading.Event(), threading.Event()

    def waits(value):
        begun.set()
        assert stopped.wait(60)
        yield torch.rand(3, 8, 8), "never seen"

    live._run = waits
    live.start()
    assert begun.wait(60)
    kernel.WORKER.stop_all()
    stopped.set()
    until(lambda: sentence(live) == "Stopped before the first picture.")
