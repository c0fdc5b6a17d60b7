"""A small studio, and what it says."""

import re

import pytest

from nstlib.studio import Studio, kernel
from nstlib.studio.sources import picture
from tests.studio.waiting import until


def sentence(studio):
    """The sentence that a studio shows."""
    return re.sub(r"<[^>]+>", "", studio.screen.status.value)


def wait_for_end(studio):
    """Wait for the end of a studio's run."""
    until(lambda: sentence(studio).startswith("Done"))


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
