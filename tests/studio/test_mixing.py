"""The mixer: previews are the run's own second pictures, and no network is asked for them."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from nstlib import engine, pictures, transfer
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.studio import mixing, requests, runs
from nstlib.studio.runs import Preview
from nstlib.style import chroma_roughness, layer_style_cost, total_variation
from nstlib.style.conventions import CONVENTIONS
from nstlib.style.statistics import STATISTICS
from nstlib.style.weighting import PRESETS
from nstlib.transfer import Step
from nstlib.transfer.settings import COLOURS, INITS, OPTIMIZERS
from tests.studio.asking import request, run

QUIET = {"check": lambda: None}


def learned(asked):
    """Learn a request's parts; return it."""
    mixing.learn(asked, asked.settings, **QUIET)
    return asked


def preview_and_step(asked):
    """The preview of a request and the picture of its run's Step 1."""
    items = iter(runs.run(asked, lambda: None))
    _, preview, _, step = (next(items) for _ in range(4))
    assert isinstance(preview, Preview) and isinstance(step, Step) and step.index == 1
    return preview.picture, step.picture


def agree(preview, step, least=0.9998):
    """Say whether pictures are equal but for a few numbers: where terms cancel, Adam takes a rounding error's sign."""
    return np.isclose(preview, step, rtol=0, atol=1e-5).mean() >= least


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_preview_is_the_picture_of_step_1(pair, statistic):
    learned(request(pair, statistic=statistic))
    for convention in CONVENTIONS:
        for changed in ({}, {"muted": ("relu2_1", "relu4_1")}, {"faders": {"relu1_1": 3.0, "relu5_1": 0.0}}):
            asked = request(pair, statistic=statistic, convention=convention, beta=4.0, **changed)
            preview, step = preview_and_step(asked)
            assert preview.dtype == torch.float32 and preview.is_cpu and agree(preview, step)


def test_a_preview_has_the_directions_of_its_seed(pair):
    learned(request(pair, statistic="sliced_wasserstein"))
    other = request(pair, statistic="sliced_wasserstein", seed=5)
    learned(other)
    assert agree(*preview_and_step(other))


@pytest.fixture(scope="module")
def known():
    """Give a pair whose parts are known."""
    pair = pictures.sample("astronaut", 96), pictures.sample("coffee", 96)
    learned(request(pair))
    return pair


weights = st.floats(1e-2, 1e2)


@examples(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    alpha=weights,
    beta=weights,
    total_variation=st.just(0.0) | st.floats(0.01, 1),
    chroma_smoothness=st.just(0.0) | weights,
    preset=st.sampled_from(sorted(PRESETS)),
    convention=st.sampled_from(sorted(CONVENTIONS)),
    optimizer=st.sampled_from(OPTIMIZERS),
    faders=st.dictionaries(st.sampled_from(STYLE_LAYERS), st.just(0.0) | st.floats(0.01, 10)),
    muted=st.sets(st.sampled_from(STYLE_LAYERS), max_size=4),
)
def test_whatever_knobs_move_the_preview_is_the_picture_of_step_1(known, preset, faders, muted, **knobs):
    # Without style TV's steps alone remain, all equal but for their sign: what a coarse number sums of them is 0 or a
    # rounding error, by which the pyramid moves a whole block (4 % of the pixels were seen to differ)
    assume(any(faders.get(layer, 1) for layer in set(STYLE_LAYERS) - muted))
    mixing.learn(request(known), request(known).settings, **QUIET)  # other tests may have pushed it out
    asked = request(known, layer_weights=preset, faders=faders, muted=tuple(muted), **knobs)
    assert agree(*preview_and_step(asked), least=0.995)  # a coarse number of a pyramid moves many pixels


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("init", INITS)
def test_every_optimizer_colour_and_init_has_previews(pair, optimizer, colour, init):
    learned(request(pair, init=init, colour=colour, size=48))
    assert agree(*preview_and_step(request(pair, init=init, colour=colour, size=48, optimizer=optimizer, beta=3.0)))


def test_several_sizes_have_the_preview_of_the_first(pair):
    asked = learned(request(pair, size=64, scales=2, steps=5))
    preview, step = preview_and_step(asked)
    assert min(step.shape[1:]) == 45 and agree(preview, step)


def test_a_preview_asks_no_network(pair, monkeypatch):
    passes = []
    run(request(pair, steps=9))
    real = Network.iter_features
    monkeypatch.setattr(Network, "iter_features", lambda *given: passes.append(1) or real(*given))
    for asked in (request(pair, steps=9, beta=2.0), request(pair, muted=("relu1_1",)), request(pair, alpha=3.0)):
        items = iter(runs.run(asked, lambda: None))
        assert [type(next(items)).__name__ for _ in range(2)] == ["RunStarted", "Preview"]
    assert not passes
    next(items)
    assert len(passes) == 1  # Step 0


def test_what_is_not_known_has_no_preview(pair):
    learned(request(pair))
    unknown = (
        request(pair, statistic="moments"),
        request(pair, style_layers=["relu1_1"]),
        request(pair, content_layers=["relu3_2"]),
        request(pair, size=60),
        request(pair, init="noise"),
        request(pair, start=pair[1]),
        request(pair, margin=8),
        request(pair, steps=1),
        request(pair, scales=2, steps=2),
        request(pair, beta=1e39),  # J is infinite
        dataclasses.replace(request(pair), network="random-vgg19"),
    )
    for asked in unknown:
        assert mixing.preview(asked, asked.settings) is None
        mixing.learn(asked, asked.settings, **QUIET) if asked.start is not None or asked.settings.margin else None
        assert mixing.preview(asked, asked.settings) is None
    assert mixing.preview(request(pair), request(pair).settings) is not None


@pytest.mark.parametrize("which", [0, 1])
def test_a_picture_changed_in_place_is_another(pair, which):
    asked = learned(request(pair))
    assert mixing.preview(asked, asked.settings) is not None
    pair[which].mul_(0.5)
    assert mixing.preview(asked, asked.settings) is None


def test_noise_of_another_seed_is_another_start(pair):
    learned(request(pair, init="noise", seed=1))
    previews = [mixing.preview(request(pair), request(pair, init="noise", seed=seed).settings) for seed in (1, 2)]
    assert previews[0] is not None and previews[1] is None


def test_large_pairs_are_not_learned_and_mixers_are_few(pair, monkeypatch):
    for layer in STYLE_LAYERS:
        learned(request(pair, style_layers=[layer]))
    assert len(mixing.MIXERS) == mixing.CACHED_MIXERS
    mixing.MIXERS.clear()
    monkeypatch.setattr(mixing, "LARGEST_CACHED", 60)
    learned(request(pair))
    assert len(mixing.MIXERS) == 0


def test_learning_can_be_stopped_between_layers_and_then_knows_nothing(pair):
    calls = []

    def check():
        calls.append(1)
        if len(calls) > 20:
            raise KeyError("stop")

    asked = request(pair)
    with pytest.raises(KeyError):
        mixing.learn(asked, asked.settings, check)
    assert len(calls) == 21 and mixing.preview(asked, asked.settings) is None
    placed = requests.placed_network("minivgg", requests.layers(asked.settings), engine.plan())
    assert not any(stage._forward_hooks for stage in placed.stages.values())


def test_the_parts_are_the_gradients_of_the_terms(pair):
    asked = request(pair)
    network = requests.network("minivgg").with_layers(asked.settings.layers)
    objective = mixing.mixer(asked, 64).objective
    x = torch.rand(3, 64, 96, requires_grad=True)
    terms, gradients = objective.gradients(x)
    style = network(pictures.resize(pair[1], 64)[None])
    costs = {layer: layer_style_cost(network(x[None])[layer][0], style[layer][0]) for layer in STYLE_LAYERS}
    expected = costs | {"variation": total_variation(x), "roughness": chroma_roughness(x)}
    got = {layer: (terms.style[layer], gradients.style[layer]) for layer in STYLE_LAYERS}
    got["variation"] = terms.total_variation, gradients.total_variation
    got["roughness"] = terms.chroma_roughness, gradients.chroma_roughness
    for name, cost in expected.items():
        (slope,) = torch.autograd.grad(cost, x, retain_graph=True)
        torch.testing.assert_close(got[name][0], cost.detach(), rtol=1e-4, atol=0)
        assert (got[name][1] - slope).norm() <= 1e-4 * slope.norm()


@pytest.mark.parametrize("size", [48, 64])
def test_the_reference_is_what_the_photo_costs(pair, size, monkeypatch):
    asked = request(pair, size=size, init="noise")
    first = next(transfer.steps(*pair, request(pair, size=size).settings, requests.network("minivgg")))
    requests.pair_at(asked, size)
    monkeypatch.setattr(Network, "iter_features", None)
    known = runs.reference(asked)
    assert known.style_costs == pytest.approx(first.style_costs, rel=1e-5)
    monkeypatch.undo()
    content = pictures.resize(pair[0], size)
    features = requests.network("minivgg")(content[None])["relu4_2"].double()
    assert known.content_scale == pytest.approx(0.5 * features.square().sum().item(), rel=1e-5)
    assert runs.reference(asked) is known


def test_references_of_large_pictures_are_kept_too(pair, monkeypatch):
    monkeypatch.setattr(mixing, "LARGEST_CACHED", 60)
    asked = request(pair)
    assert runs.reference(asked) is runs.reference(asked) and mixing.MIXERS.peek(mixing._mixer_key(asked, 64)) is None


def test_a_reference_of_another_statistic_is_that_statistics(pair):
    network = requests.network("minivgg")
    c, s = (network(pictures.resize(picture, 64)[None]) for picture in pair)
    known = runs.reference(request(pair, statistic="moments", size=90), side=64)
    expected = {layer: STATISTICS["moments"].cost(c[layer][0], s[layer][0]).item() for layer in STYLE_LAYERS}
    assert known.style_costs == pytest.approx(expected, rel=1e-4)


def test_another_precision_has_a_mixer_of_its_own(pair, monkeypatch):
    asked = request(pair)
    plain = mixing.mixer(asked, 64)
    other = dataclasses.replace(engine.plan(), dtype=torch.bfloat16)
    monkeypatch.setattr(engine, "plan", lambda: other)
    assert mixing.mixer(asked, 64) is not plain


def test_a_masked_run_is_previewed_too(pair):
    mask = torch.zeros(64, 96)
    mask[:, :40] = 1
    asked = dataclasses.replace(request(pair, steps=12), mask=mask)
    run(asked)
    items = run(asked)
    previews = [item.picture for item in items if isinstance(item, runs.Preview)]
    second = [item.picture for item in items if isinstance(item, transfer.Step)][1]
    torch.testing.assert_close(previews[0], second, atol=1e-5, rtol=0)
    noise = dataclasses.replace(request(pair, steps=12, init="noise"), mask=mask)
    assert not any(isinstance(item, runs.Preview) for item in (*run(noise), *run(noise)))
