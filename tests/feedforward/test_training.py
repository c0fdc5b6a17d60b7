from dataclasses import replace

import pytest
import torch

from nstlib import engine, networks, painted
from nstlib.errors import NstError
from nstlib.feedforward import training
from nstlib.feedforward.network import seeded_generator, still_noise
from nstlib.feedforward.painting import Painter
from nstlib.feedforward.photos import random_crop, sample_photos
from nstlib.transfer import DivergedError, Settings, steps

SETTINGS = Settings(size=48, layer_weights="relative_geometric", beta=5.0, chroma_smoothness=40.0)
SMALL = training.Recipe(SETTINGS, steps=6, crop=32, widths=(8, 8, 8), n_blocks=1)
STYLE = painted.paint("night", 48)


@pytest.fixture(scope="module")
def photos():
    return sample_photos(48)


def run(photos, recipe=SMALL):
    return list(training.training_steps(photos, STYLE, recipe))


def test_what_falls_is_the_transfer_s_own_j(photos, monkeypatch):
    recipe = replace(SMALL, steps=1)
    crops = []
    # No shift: the painter's noise
    monkeypatch.setattr(training, "still_noise", lambda height, width, shift: still_noise(height, width))
    monkeypatch.setattr(training, "random_crop", lambda *given: crops.append(random_crop(*given)) or crops[-1])
    (step,) = run(photos, recipe)
    generator = seeded_generator(SETTINGS.seed, recipe.widths, recipe.n_blocks)
    begun = Painter(generator)(crops[-1])
    settings = replace(SETTINGS, size=32, scales=1, steps=1, style_scale=48 / 32)
    first = next(steps(crops[-1], STYLE, settings, networks.load(), start=begun))
    assert step.total == pytest.approx(first.total, rel=1e-5)


def test_j_falls(photos):
    totals = [step.total for step in run(photos, replace(SMALL, steps=120))]
    assert sum(totals[-20:]) < 0.6 * sum(totals[:20])


def test_the_same_seed_gives_the_same_generator_and_another_seed_another(photos):
    one, other = run(photos)[-1], run(photos)[-1]
    third = run(photos, replace(SMALL, settings=replace(SETTINGS, seed=1)))[-1]
    for mine, yours in zip(one.generator.parameters(), other.generator.parameters(), strict=True):
        assert torch.equal(mine, yours)
    assert one.total == other.total != third.total


def test_what_is_kept_is_a_running_mean_of_the_weights(photos, monkeypatch):
    seen = []
    real = training._follow

    def watched(average, generator, index):
        seen.append(generator.to_picture.weight.detach().clone())
        real(average, generator, index)

    monkeypatch.setattr(training, "_follow", watched)
    last = run(photos)[-1]
    mean = seen[0]
    for index, weights in enumerate(seen):
        mean = mean.lerp(weights, 10 / (index + 10))
    torch.testing.assert_close(last.generator.to_picture.weight, mean)


def test_the_rate_rises_then_falls_to_a_fiftieth():
    recipe = replace(SMALL, steps=1000)
    rates = [training._rate(index, recipe) for index in range(1000)]
    assert rates.index(max(rates)) == 49 and rates[0] == pytest.approx(recipe.rate / 50)
    assert rates[-1] == pytest.approx(recipe.rate / 50, rel=0.01)


@pytest.mark.parametrize("wrong", [torch.inf, torch.nan])
def test_a_gradient_that_overflows_is_forgotten_as_a_whole(wrong):
    weights = [torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)]
    for finite in (True, False):
        for tensor in weights:
            tensor.grad = torch.ones_like(tensor)
        weights[1].grad[0] = 1.0 if finite else wrong
        training._shorten(weights)
        assert all((tensor.grad == finite).all() for tensor in weights)


def test_too_long_a_gradient_is_shortened_and_keeps_its_direction():
    weights = [torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)]
    for tensor, slope in zip(weights, (300.0, 400.0), strict=True):
        tensor.grad = torch.full_like(tensor, slope)
    training._shorten(weights)
    torch.testing.assert_close(torch.cat([tensor.grad for tensor in weights]), torch.tensor([60.0, 80.0]))


def test_flat_photos_end_no_training():
    flat = [torch.full((3, 48, 48), level, dtype=torch.uint8) for level in (0, 128, 255)]
    last = run(flat, replace(SMALL, steps=30))[-1]
    assert all(weights.isfinite().all() for weights in last.generator.parameters())


@pytest.mark.parametrize("changes", [{"crop": 30}, {"crop": 52}, {"crop": 0}, {"steps": 0}])
def test_what_cannot_be_trained_is_refused(changes):
    with pytest.raises(NstError, match=r"^Expected (crops of a multiple of 4|at least one step).*: give "):
        replace(SMALL, **changes)


def test_a_crop_too_small_for_the_network_is_refused(photos):
    with pytest.raises(NstError, match=r"relu5_1 needs at least 16"):
        run(photos, replace(SMALL, crop=12))


def test_a_j_that_is_not_finite_ends_the_training_in_words(photos):
    with pytest.raises(DivergedError, match=r"J became (nan|inf) at step \d+: take a smaller rate than 1e\+20"):
        run(photos, replace(SMALL, rate=1e20, steps=8))


def test_the_time_that_a_few_steps_take_says_how_many_fit(photos, monkeypatch):
    def steps_of_two_seconds(photos, style, recipe):
        for index in range(recipe.steps):
            yield training.TrainingStep(index, 1.0, 5.0 + 2.0 * index, None)

    monkeypatch.setattr(training, "training_steps", steps_of_two_seconds)
    assert training.steps_within(60, photos, STYLE, SMALL) == 30
    assert training.steps_within(0.1, photos, STYLE, SMALL) == 1


def test_half_precision_leads_to_nearly_the_same_j(photos):
    plan = engine.Plan(torch.device("cpu"), torch.bfloat16, 1, "a test")
    (exact,) = run(photos, replace(SMALL, steps=1))
    (rounded,) = training.training_steps(photos, STYLE, replace(SMALL, steps=1), plan=plan)
    assert rounded.total == pytest.approx(exact.total, rel=0.03)


def test_each_crop_gets_the_noise_from_another_place(photos, monkeypatch):
    shifts = []
    monkeypatch.setattr(training, "still_noise", lambda *given: shifts.append(given[2]) or still_noise(*given))
    run(photos)
    assert len(set(shifts)) == len(shifts) == SMALL.steps
