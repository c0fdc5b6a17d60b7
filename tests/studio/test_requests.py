"""What is kept from run to run: networks, and the newest pairs."""

import threading

import torch

from nstlib import engine
from nstlib.studio import mixing, requests
from nstlib.studio.requests import Newest
from nstlib.transfer import objective
from tests.studio.asking import request, run


def test_the_newest_values_stay():
    kept = Newest(most=2)
    made = []

    def get(key, **how):
        return kept.get(key, lambda: made.append(key) or key.upper(), **how)

    assert [get("a"), get("b"), get("a"), get("c")] == ["A", "B", "A", "C"] and made == ["a", "b", "c"]
    assert kept.peek("b") is None and kept.peek("a") == "A" and len(kept) == 2
    assert get("d", keep=False) == "D" and kept.peek("d") is None and len(kept) == 2


def test_a_network_is_placed_once_and_no_run_leaves_its_check_on_it(pair, monkeypatch):
    loaded = []
    monkeypatch.setattr(requests, "network", lambda *given, real=requests.network: loaded.append(given) or real(*given))
    requests.placed_network.cache_clear()
    for beta in (10, 20):
        run(request(pair, steps=2, beta=beta))
    (given,) = loaded
    placed = requests.placed_network(*given, engine.plan())
    assert not any(stage._forward_hooks for stage in placed.stages.values())


def test_features_are_computed_once_for_a_pair_and_anew_for_a_changed_picture(pair, monkeypatch):
    sides = []

    real = objective.prepare_pair

    def prepare_pair(*given):
        sides.append(given[2])
        return real(*given)

    monkeypatch.setattr(objective, "prepare_pair", prepare_pair)
    requests.PAIRS.clear()
    mixing.MIXERS.clear()
    run(request(pair, steps=2))
    run(request(pair, steps=2, beta=30))
    assert sides == [64]
    pair[0].mul_(0.5)
    run(request(pair, steps=2))
    assert sides == [64, 64] and len(requests.PAIRS) <= requests.CACHED_PAIRS


def test_large_pairs_are_not_cached(pair, monkeypatch):
    monkeypatch.setattr(requests, "LARGEST_CACHED", 60)
    requests.PAIRS.clear()
    mixing.MIXERS.clear()
    run(request(pair, steps=1))
    assert not len(requests.PAIRS)


def test_two_threads_may_prepare_pairs_at_once(pair):
    requests.PAIRS.clear()
    mixing.MIXERS.clear()
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
    assert not faults and len(requests.PAIRS) <= requests.CACHED_PAIRS
