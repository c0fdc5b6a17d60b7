"""The comparison with a tiny network in place of the true one, on two small pairs."""

import csv
import dataclasses

import pytest
import torch

from nstlib import networks, painted
from nstlib import pictures as files
from nstlib.bench import pictures
from nstlib.bench.held_out import held_out_pairs
from nstlib.bench.judge import LAYERS
from nstlib.errors import NstError
from nstlib.networks import Network
from nstlib.networks.vgg import Architecture, random_weights

TINY = Architecture(widths=(4, 6, 8, 10, 12), depths=(2, 2, 2, 2, 1))


@pytest.fixture(scope="module")
def network():
    return random_weights(Network("tiny", TINY, LAYERS))


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(pictures, "TUTORIAL_PASSES", 3)
    monkeypatch.setattr(pictures, "STRONG_PASSES", 3)
    monkeypatch.setattr(pictures, "ALONE", pictures.Settings(steps=3, scales=1, optimizer="lbfgs"))
    for steps, (name, quality) in enumerate(pictures.QUALITIES.items(), start=3):
        brief = dataclasses.replace(quality.settings, steps=steps)
        monkeypatch.setitem(pictures.QUALITIES, name, type(quality)(quality.network, brief, quality.draft))


@pytest.fixture
def pairs():
    made = (("mosaic", "night"), ("waves", "cubist"))
    return {str(n): tuple(painted.paint(name, (36, 40)) for name in names) for n, names in enumerate(made, start=1)}


def test_every_loop_paints_every_pair_at_its_size_and_is_scored(network, short, pairs, tmp_path):
    found = list(pictures.compare(pairs, pictures.loops(32, network), 32, network))
    names = ["draft", "good", "best", "vgg16", "tutorial", "strong"]
    assert [(one.pair, one.loop) for one in found] == [(pair, name) for pair in pairs for name in names]
    for one in found:
        assert one.picture.shape == (3, 32, 36) and one.seconds > 0 and 0 <= one.picture.min() <= one.picture.max() <= 1
        assert one.score.content > 0 and len({tuple(p.picture.flatten().tolist()) for p in found}) == len(found)

    report = pictures.results(found, 32)
    assert [*report.columns[0].cells] == names
    pictures.write_scores(found, tmp_path / "scores.csv")
    pictures.write_pictures(found, pairs, tmp_path)
    rows = list(csv.DictReader((tmp_path / "scores.csv").open()))
    assert len(rows) == 12 and float(rows[3]["cut"]) == pytest.approx(found[3].score.cut, abs=1e-4)
    assert files.read(tmp_path / "frontier.png", None).shape[0] == 3
    sheet = files.read(tmp_path / "pictures.jpg", None)
    assert sheet.shape[2] > 8 * pictures.TILE and sheet.shape[1] > 2 * pictures.TILE


def test_the_frontier_shows_each_loops_means_over_its_seconds():
    picture, loops = torch.zeros(3, 2, 2), {"good": (4.0, 0.6), "tutorial": (100.0, 0.5)}
    found = [
        pictures.Painted(loop, pair, seconds * factor, pictures.Score(cut, 0.2, 1.0, {}), picture)
        for loop, (seconds, cut) in loops.items()
        for pair, factor in (("1", 0.5), ("2", 1.5))
    ]
    figure = pictures.frontier(found)
    assert "good 4 s, 0.60, 0.20; tutorial 100 s, 0.50, 0.20" in figure.alt
    gone, content = figure.axes
    assert [line.get_xydata().tolist() for line in gone.lines] == [[[4, 0.6]], [[100, 0.5]]]
    assert [line.get_marker() for line in content.lines] == ["o", "s"]  # told apart without colour
    assert gone.get_xscale() == "log" and gone.get_ylim()[0] == 0


def test_the_strong_loop_repeats_the_border_and_leaves_the_network_as_it_was(network, short, pairs):
    photo, painting = pairs["1"]
    pictures.loops(32, network)["strong"](photo, painting)
    assert network.stages["conv1_1"].padding_mode == "zeros"


def test_means_are_over_pairs():
    picture = torch.zeros(3, 2, 2)
    scores = [pictures.Score(cut, 0.2, 1.0, {}) for cut in (0.5, 0.7)]
    painted_ones = [pictures.Painted("good", str(n), 2.0, score, picture) for n, score in enumerate(scores)]
    report = pictures.results(painted_ones, 64)
    assert [[*column.cells] for column in report.columns] == [["good"], ["2.0"], ["0.60"], ["0.20"], ["1.00"]]


def test_a_folder_without_pairs_and_an_unknown_loop_are_refused(tmp_path, network, monkeypatch):
    with pytest.raises(NstError, match=r"held_out: run python -m nstlib.distill collect"):
        held_out_pairs(tmp_path)
    monkeypatch.setattr(networks, "load", lambda *_, **__: network)
    monkeypatch.setattr(pictures, "held_out_pairs", lambda folder: {})
    with pytest.raises(NstError, match=r"Expected one of the loops draft, good, best.*got 'peer'"):
        pictures.main(tmp_path, tmp_path, only=["peer"])
