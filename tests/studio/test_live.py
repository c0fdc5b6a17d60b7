"""One slider and a picture that follows it, without a browser."""

import gc
import weakref

import pytest
import torch
from ipywidgets.widgets import widget

from nstlib.studio import Live, kernel
from tests.studio.conftest import sentence
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
    live.start()
    until(lambda: sentence(live) == "grey 1, step 4")
    assert live.picture.equal(torch.full((3, 8, 8), 0.4)) and live.screen.frame.value[:2] == b"\xff\xd8"
    assert live.screen.page.alt == "grey = 1, 8 by 8 pixels"


def test_a_move_runs_the_new_value(live):
    live.start()
    live.slider.value = 2
    until(lambda: sentence(live) == "grey 2, step 4")


def test_a_fault_is_said_and_the_next_move_runs(live):
    live._run = lambda value: (_ for _ in ()).throw(ValueError("no such grey"))
    live.start()
    until(lambda: sentence(live) == "no such grey")
    live._run = greys
    live.slider.value = 2
    until(lambda: sentence(live) == "grey 2, step 4")


def test_under_tests_it_is_text(live):
    assert live._repr_mimebundle_() == {"text/plain": "grey = 1: grey 1, step 3\ngrey = 2: grey 2, step 3"}


def test_elsewhere_it_is_a_widget_that_runs(live, monkeypatch):
    monkeypatch.delenv("NST_TEST")
    assert "application/vnd.jupyter.widget-view+json" in live._repr_mimebundle_()
    until(lambda: sentence(live) == "grey 1, step 4")


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
