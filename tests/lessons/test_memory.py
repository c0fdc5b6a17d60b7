"""What a kernel has kept is found by all that decides a run, and by nothing less."""

import pytest

from nstlib import engine, networks, painted, transfer
from nstlib.studio import requests
from nstlib.transfer import Settings, objective
from tests.lessons import memory

SETTINGS = Settings(size=32, steps=3)


@pytest.fixture
def pair():
    return painted.paint("mosaic", 32), painted.paint("night", 32)


@pytest.fixture
def recording(tmp_path, monkeypatch):
    """Record as nbval's kernels do, into a folder of this test's own."""
    monkeypatch.setenv(memory.FOLDER, str(tmp_path))
    monkeypatch.setattr(transfer, "steps", transfer.run.steps)
    monkeypatch.setattr(transfer, "stylize", transfer.run.stylize)
    memory.record()


def kept(function, *arguments, **named):
    return memory.load(memory.key(function, arguments, named))


def test_a_run_is_found_by_its_pictures_settings_and_weights(recording, pair):
    network = networks.load(layers=SETTINGS.layers)
    run = list(transfer.steps(*pair, SETTINGS, network))
    found = kept("steps", *pair, SETTINGS, network)
    assert [step.total for step in found] == [step.total for step in run] and len(found) == 3
    assert found[-1].picture.equal(run[-1].picture)
    assert kept("steps", *pair, Settings(size=32, steps=3, beta=11), network) is None
    assert kept("steps", pair[1], pair[0], SETTINGS, network) is None
    network.convolutions["conv1_1"].bias.data += 1e-6
    assert kept("steps", *pair, SETTINGS, network) is None


def test_a_picture_that_is_changed_later_is_kept_as_it_was(recording, pair):
    for step in transfer.steps(*pair, SETTINGS):
        step.picture.zero_()
    assert all(step.picture.any() for step in kept("steps", *pair, SETTINGS))


def test_a_run_that_was_left_or_given_a_plan_or_a_function_is_not_kept(recording, pair, tmp_path):
    next(transfer.steps(*pair, SETTINGS))
    list(transfer.steps(*pair, SETTINGS, plan=engine.plan()))
    list(transfer.steps(*pair, SETTINGS, prepare_pair=lambda *given: objective.prepare_pair(*given)))
    assert not list(tmp_path.iterdir())


def test_a_check_decides_when_a_run_ends_and_not_what_it_gives(recording, pair):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(transfer.steps(*pair, SETTINGS, check=stop))
    assert kept("steps", *pair, SETTINGS) is None
    as_the_studio = {"check": lambda: None, "prepare_pair": requests.prepare_pair, "start": None}
    run = list(transfer.steps(*pair, SETTINGS, **as_the_studio))
    assert kept("steps", *pair, SETTINGS)[-1].picture.equal(run[-1].picture)
    assert kept("steps", *pair, SETTINGS, start=pair[0]) is None


def test_a_result_is_found_too(recording, pair):
    picture = transfer.stylize(*pair, SETTINGS)
    assert kept("stylize", *pair, SETTINGS).equal(picture)
