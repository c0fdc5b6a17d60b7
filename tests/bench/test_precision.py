import math

import pytest
import torch

from nstlib import networks
from nstlib.bench import precision


def test_there_are_a_hundred_pairs_of_one_size():
    chosen = list(precision.pairs(16))
    assert len(chosen) == 100
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
        assert math.isfinite(precision.end(one, other, network, dtype))


def test_precisions_end_alike(monkeypatch):
    monkeypatch.setattr(precision, "SETTINGS", precision.Settings(size=32, steps=20, scales=1, plateau=0))
    chosen = list(precision.pairs(32))[55::7]
    ratios = precision.compare(chosen, networks.load("minivgg"))
    assert {name: len(given) for name, given in ratios.items()} == dict.fromkeys(ratios, len(chosen))
    for given in ratios.values():
        assert 0.9 < math.exp(sum(map(math.log, given)) / len(given)) < 1.1


def test_one_picture_twice_costs_nothing_in_any_precision():
    noise = precision.odd_pictures(64)["noise"]
    ratios = precision.compare([(noise, noise)], networks.load("minivgg"))
    assert ratios["bfloat16"] == ratios["float16"] == [1.0]


def test_the_table_counts_runs_without_a_number():
    shown = precision.table({"bfloat16": [1.0, 0.9, 1.1, math.nan]})
    assert [next(iter(column.cells)) for column in shown.columns][:4] == ["bfloat16", "1", "0.997", "1.000"]
