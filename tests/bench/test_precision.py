import math

import pytest
import torch

from nstlib import engine, networks
from nstlib.bench import precision
from nstlib.transfer import DivergedError, steps


@pytest.fixture(autouse=True)
def one_thread():
    engine.plan()  # sets the number of threads


def test_there_are_a_hundred_pairs_of_one_size():
    chosen = list(precision.pairs(16))
    assert len(chosen) == 100 and not any(torch.equal(*pair) for pair in chosen)
    assert all(
        min(picture.shape[1:]) == 16 and 0 <= picture.min() <= picture.max() <= 1 for pair in chosen for picture in pair
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["flat", "black", "white", "noise", "one pixel"])
def test_odd_pictures_end_at_a_finite_cost_in_every_precision(dtype, name, monkeypatch):
    monkeypatch.setattr(precision, "SETTINGS", precision.Settings(size=24, steps=6, scales=1, plateau=0))
    odd = precision.odd_pictures(24)
    network = networks.load("minivgg")
    for one, other in ((odd[name], odd["noise"]), (odd["noise"], odd[name])):
        reached = precision.final_picture(one, other, network, dtype)
        assert reached.isfinite().all() and math.isfinite(precision.judge(reached, one, other, network))


def test_precisions_end_alike(monkeypatch):
    monkeypatch.setattr(precision, "SETTINGS", precision.Settings(size=32, steps=20, scales=1, plateau=0))
    chosen = list(precision.pairs(32))[55::15]
    ratios = precision.compare(chosen, networks.load("minivgg"))
    assert {name: len(given) for name, given in ratios.items()} == dict.fromkeys(ratios, len(chosen))
    for given in ratios.values():
        assert 0.9 < math.exp(sum(map(math.log, given)) / len(given)) < 1.1


def test_a_run_that_diverges_has_no_ratio(monkeypatch):
    def diverging(*_, plan):
        if plan.dtype == torch.float16:
            raise DivergedError
        yield from steps(*_, plan=plan)

    monkeypatch.setattr(precision, "SETTINGS", precision.Settings(size=24, steps=6, scales=1, plateau=0))
    monkeypatch.setattr(precision, "steps", diverging)
    ratios = precision.compare(list(precision.pairs(24))[:1], networks.load("minivgg"))
    assert math.isnan(ratios["float16"][0]) and math.isfinite(ratios["bfloat16"][0])


def test_the_table_counts_runs_without_a_number():
    report = precision.table({"bfloat16": [1.0, 0.9, 1.1, math.nan]})
    assert [next(iter(column.cells)) for column in report.columns][:4] == ["bfloat16", "1", "0.997", "1.000"]
