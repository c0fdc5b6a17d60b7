"""What the worker runs, without a panel: steps, shares, and pairs from the cache."""

import threading

import pytest
import torch

from nstlib import engine, transfer
from nstlib.studio import runs
from nstlib.studio.runs import GradientShares, RunRequest, RunStarted
from nstlib.studio.sources import picture
from nstlib.transfer import objective
from nstlib.transfer.settings import Settings


@pytest.fixture
def pair():
    return picture("cat"), picture("waves", (96, 96))


def request(pair, *, muted=(), **settings):
    return RunRequest(*pair, Settings(size=64, scales=1, plateau=0.0, **settings), muted)


def run(run_request):
    return list(runs.run(run_request, lambda: None))


def test_what_is_run_comes_first_then_steps_and_shares(pair):
    items = run(request(pair, steps=12))
    kinds = [type(item).__name__ for item in items]
    assert kinds == ["RunStarted", *["Step"] * 9, "GradientShares", *["Step"] * 3, "GradientShares"]
    assert all(sum(item.shares.values()) == pytest.approx(1) for item in items if isinstance(item, GradientShares))


def test_a_run_stops_inside_a_step_when_it_is_checked(pair):
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 12:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        list(runs.run(request(pair, steps=50), check))
    assert len(calls) == 13


def test_muted_layers_have_the_weight_0_and_the_others_keep_the_rule(pair):
    whole = runs.resolve_weights(request(pair))
    part = runs.resolve_weights(request(pair, muted=("relu2_1",)))
    assert part.layer_weights == whole.layer_weights
    assert part.settings.layer_weights == whole.layer_weights | {"relu2_1": 0.0}
    assert isinstance(whole, RunStarted) and whole.settings == request(pair).settings


def test_a_network_is_placed_once_and_no_run_leaves_its_check_on_it(pair, monkeypatch):
    loaded = []
    monkeypatch.setattr(runs, "network", lambda *given, real=runs.network: loaded.append(given) or real(*given))
    runs.placed_network.cache_clear()
    for beta in (10, 20):
        run(request(pair, steps=2, beta=beta))
    (given,) = loaded
    placed = runs.placed_network(*given, engine.plan())
    assert not any(stage._forward_hooks for stage in placed.stages.values())


def test_a_cached_pair_gives_the_same_pictures(pair):
    first, again = (run(request(pair, steps=3)) for _ in range(2))
    fresh = list(transfer.steps(*pair, request(pair, steps=3).settings, runs.network("minivgg")))
    for items in (first, again):
        pictures = [item.picture for item in items if isinstance(item, transfer.Step)]
        assert all(one.equal(other.picture) for one, other in zip(pictures, fresh, strict=True))


def test_features_are_computed_once_for_a_pair_and_anew_for_a_changed_picture(pair, monkeypatch):
    sides = []

    real = objective.prepare_pair

    def prepare_pair(*given):
        sides.append(given[2])
        return real(*given)

    monkeypatch.setattr(runs.objective, "prepare_pair", prepare_pair)
    runs._pair_cache.clear()
    run(request(pair, steps=2))
    run(request(pair, steps=2, beta=30))
    assert sides == [64]
    pair[0].mul_(0.5)
    run(request(pair, steps=2))
    assert sides == [64, 64] and len(runs._pair_cache) <= runs.CACHED_PAIRS


def test_large_pairs_are_not_cached(pair, monkeypatch):
    monkeypatch.setattr(runs, "LARGEST_CACHED", 60)
    runs._pair_cache.clear()
    run(request(pair, steps=1))
    assert not runs._pair_cache


def test_two_threads_may_prepare_pairs_at_once(pair):
    runs._pair_cache.clear()
    faults = []

    def often():
        try:
            for _ in range(5):
                run(request((torch.rand(3, 64, 64), pair[1]), steps=1))
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=often) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not faults and len(runs._pair_cache) <= runs.CACHED_PAIRS
