"""What the worker runs, without a panel: steps, shares, and pairs that are remembered."""

import threading

import pytest
import torch

from nstlib import transfer
from nstlib.studio import runs
from nstlib.studio.runs import Begun, Shares, Wish
from nstlib.studio.sources import picture
from nstlib.transfer import objective
from nstlib.transfer.settings import Settings


@pytest.fixture
def pair():
    return picture("cat"), picture("waves", (96, 96))


def wish(pair, *, silent=(), **settings):
    return Wish(*pair, Settings(size=64, scales=1, plateau=0.0, **settings), silent)


def run(asked):
    return list(runs.run(asked, lambda: None))


def test_what_is_run_comes_first_then_steps_and_shares(pair):
    items = run(wish(pair, steps=12))
    assert [type(item).__name__ for item in items] == ["Begun", *["Step"] * 9, "Shares", *["Step"] * 3, "Shares"]
    assert all(sum(item.shares.values()) == pytest.approx(1) for item in items if isinstance(item, Shares))


def test_a_run_stops_inside_a_step_when_it_is_checked(pair):
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 12:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        list(runs.run(wish(pair, steps=50), check))
    assert len(calls) == 13


def test_silent_layers_have_the_weight_0_and_the_others_keep_the_rule(pair):
    whole, part = runs.begin(wish(pair)), runs.begin(wish(pair, silent=("relu2_1",)))
    assert part.layer_weights == whole.layer_weights
    assert part.settings.layer_weights == whole.layer_weights | {"relu2_1": 0.0}
    assert isinstance(whole, Begun) and whole.settings == wish(pair).settings


def test_a_remembered_pair_gives_the_same_pictures(pair):
    first, again = (run(wish(pair, steps=3)) for _ in range(2))
    fresh = list(transfer.steps(*pair, wish(pair, steps=3).settings, runs.network("minivgg")))
    for items in (first, again):
        pictures = [item.picture for item in items if isinstance(item, transfer.Step)]
        assert all(one.equal(other.picture) for one, other in zip(pictures, fresh, strict=True))


def test_features_are_computed_once_for_a_pair_and_anew_for_a_changed_picture(pair, monkeypatch):
    seen = []

    real = objective.see

    def see(*given):
        seen.append(given[2])
        return real(*given)

    monkeypatch.setattr(runs.objective, "see", see)
    runs._seen.clear()
    run(wish(pair, steps=2))
    run(wish(pair, steps=2, beta=30))
    assert seen == [64]
    pair[0].mul_(0.5)
    run(wish(pair, steps=2))
    assert seen == [64, 64] and len(runs._seen) <= runs.KEPT


def test_large_pairs_are_not_kept(pair, monkeypatch):
    monkeypatch.setattr(runs, "LARGEST_KEPT", 60)
    runs._seen.clear()
    run(wish(pair, steps=1))
    assert not runs._seen


def test_two_threads_may_see_at_once(pair):
    runs._seen.clear()
    faults = []

    def often():
        try:
            for _ in range(5):
                run(wish((torch.rand(3, 64, 64), pair[1]), steps=1))
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=often) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not faults and len(runs._seen) <= runs.KEPT
