"""A small studio, what it says, and what its desk sends."""

import pytest

from nstlib.studio import Studio, kernel
from nstlib.studio.sources import picture
from tests.studio.waiting import until


def sentence(panel):
    """The sentence that a panel shows."""
    return panel.desk.status["sentence"]


def wait_for_end(panel):
    """Wait for the end of a panel's run."""
    until(lambda: not kernel.WORKER.busy() and panel.desk.status.get("state") == "done")


def tell(panel, kind, *data, **content):
    """Let a message arrive as if from the browser."""
    panel.desk._handle_custom_msg({"kind": kind, **content}, [memoryview(each) for each in data])


def listen(panel):
    """Note what the desk sends from now on: a list of contents and bytes, which grows. Each frame is confirmed."""
    heard = []

    def send(content, buffers=None):
        heard.append((content, [bytes(each) for each in buffers or ()]))
        if content.get("kind") == "frame":
            panel.desk.frames.confirm(content["number"])

    panel.desk.send = send
    return heard


def of_kind(heard, kind):
    """The contents of one kind of what was heard."""
    return [content for content, _ in heard if content["kind"] == kind]


@pytest.fixture
def pair():
    """Give a photo and a painting that no cache has seen."""
    return picture("cat").clone(), picture("waves", (96, 96)).clone()


@pytest.fixture
def studio():
    """Give a studio of 64 pixels and 6 steps that has not begun."""
    made = Studio("cat", "night", size=64, steps=6)
    yield made
    made.close()
    until(lambda: not kernel.WORKER.busy())
