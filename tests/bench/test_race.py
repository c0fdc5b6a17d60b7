import csv

import pytest
import torch

from nstlib import painted
from nstlib.bench import race
from nstlib.networks import DEFAULT, Network
from nstlib.networks.vgg import Architecture, random_weights

TINY = Architecture(widths=(4, 6, 8, 10, 12), depths=(2, 2, 2, 2, 1))
FALLING = [(passes, passes / 2, 10 / passes) for passes in (10, 20, 40, 100)]


@pytest.fixture
def network():
    return random_weights(Network("tiny", TINY, DEFAULT))


@pytest.fixture
def judge(network):
    return race.Judge(painted.paint("mosaic", (40, 40), seed=1), painted.paint("night", (40, 40), seed=2), network)


def test_all_loops_minimise_what_the_judge_measures(judge):
    picture = painted.paint("waves", (40, 40)).requires_grad_()
    plain = judge.plain_cost(40)(picture)
    ours = judge.objective(picture).total
    assert plain.item() == pytest.approx(ours.item(), rel=1e-5)
    slopes = [torch.autograd.grad(cost, picture)[0] for cost in (plain, ours)]
    assert torch.dist(*slopes) < 1e-5 * slopes[1].norm()  # the smallest of them are lost in the largest's rounding
    assert judge(picture.detach()) == pytest.approx(ours.item(), rel=1e-5)


def test_the_tutorials_loop_is_torchs_lbfgs_with_twenty_evaluations_in_a_row(judge):
    cost = judge.plain_cost(40)
    x = judge.content.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([x], max_iter=20, tolerance_change=0)
    pictures = []

    def closure():
        with torch.no_grad():
            x.clamp_(0, 1)
        pictures.append(x.detach().clone())
        optimizer.zero_grad()
        total = 1e3 * cost(x)
        total.backward()
        return total

    optimizer.step(closure)
    for one, other in zip(race.tutorial(judge, 9), pictures[1:10], strict=True):
        assert torch.allclose(one, other.clamp(0, 1), atol=1e-4)


@pytest.mark.parametrize("loop", ["tutorial", "strong"])
def test_plain_loops_come_down(judge, loop):
    loops = {
        "tutorial": race.tutorial(judge, 40),
        "strong": race.strong(judge.content, judge.size, judge.plain_cost, 40, judge.device),
    }
    ends = [judge(picture) for picture in loops[loop]]
    assert len(ends) == 40 and ends[-1] < 0.8 * judge(judge.content)


def test_every_loop_runs_its_passes_and_is_judged_at_its_end(judge, network, monkeypatch):
    monkeypatch.setattr(race, "SMALL_PASSES", 4)
    monkeypatch.setattr(race, "DRAFT_PASSES", 9)
    curves = race.race(judge, 13, network)
    assert {name: [passes for passes, _, _ in curve] for name, curve in curves.items()} == {
        "tutorial": [6, 12, 13],
        "strong": [6, 12, 13],
        "nstlib": [6, 12, 13],
        "drafted": [6, 12, 13],
        "minivgg": [1, 2, 3, 4],
    }


def test_a_loop_pays_for_its_own_seconds_alone(judge, network, monkeypatch):
    clock = iter(range(1, 10**6))
    monkeypatch.setattr(race, "DRAFT_PASSES", 9)
    monkeypatch.setattr(race.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(race, "library", lambda judge, passes, network: iter([judge.content] * passes))
    curves = race.race(judge, 12, network)  # each pass looks at the clock before and after: one tick
    assert [seconds for _, seconds, _ in curves["tutorial"]] == [6, 12]


def test_seconds_to_a_goal():
    assert race.seconds_to(FALLING, 0.5) == 10 and race.seconds_to(FALLING, 0.09) is None


def test_the_table_says_who_was_how_many_times_sooner():
    slow = [(passes, 2 * seconds, cost) for passes, seconds, cost in FALLING]
    report = race.results({"tutorial": slow, "nstlib": FALLING, "minivgg": FALLING[:2]})
    goals, costs, *loops = ([*column.cells] for column in report.columns)
    assert goals == [f"tutorial's lowest in {k} passes" for k in (10, 20, 40, 100)] + ["minivgg's own end + 10 %"]
    assert costs == ["1.000", "0.500", "0.250", "0.100", "0.550"]
    assert loops[1][3] == "50.0 s, 2.0 × sooner" and loops[2][3] == "never"


def test_a_goal_is_the_lowest_that_the_tutorial_had_reached():
    leaping = [(10, 5, 1.0), (20, 10, 0.1), (40, 20, 0.3), (100, 50, 0.2)]
    _, costs, *_ = race.results({"tutorial": leaping, "minivgg": FALLING}).columns
    assert [*costs.cells][:4] == ["1.000", "0.100", "0.100", "0.100"]


def test_points_are_written(tmp_path):
    race.write({"tutorial": FALLING}, tmp_path / "curves.csv")
    rows = list(csv.reader((tmp_path / "curves.csv").open()))
    assert rows[:2] == [["loop", "passes", "seconds", "J"], ["tutorial", "10", "5.0", "1.0"]] and len(rows) == 5
