import pytest
import torch
from torch.nn import functional

from nstlib import painted, pictures
from nstlib.transfer import steps
from nstlib.transfer.parameterization import COARSER, COARSEST_SIDE, FINEST, STEADY, Parameterization
from nstlib.transfer.settings import OPTIMIZERS, Settings

PYRAMID = Settings(size=32, optimizer="pyramid", learning_rate=0.1, steps=100)


@pytest.fixture
def start():
    return painted.paint("mosaic", (67, 91), seed=1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_begins_as_the_picture_that_it_is_given_and_leaves_that_alone(start, optimizer):
    before = start.clone()
    parameters = Parameterization(start, Settings(size=32, optimizer=optimizer))
    assert torch.equal(parameters.x(), start)
    with torch.no_grad():
        parameters.levels[0].add_(1)
    assert torch.equal(start, before)


def test_a_pyramid_halves_until_its_top_would_be_too_small(start):
    sizes = [tuple(level.shape) for level in Parameterization(start, PYRAMID).levels]
    assert sizes == [(3, 67, 91), (3, 34, 46), (3, 17, 23), (3, 9, 12)] and min(sizes[-1][1:]) < 2 * COARSEST_SIDE
    assert len(Parameterization(start[:, :15], PYRAMID).levels) == 1


def test_x_is_the_sum_of_all_levels(start):
    parameters = Parameterization(start, PYRAMID)
    total = start.clone()
    with torch.no_grad():
        for number, level in enumerate(parameters.levels[1:], start=1):
            level.fill_(0.01 * number)
            total += 0.01 * number  # a constant stays one, however often it is resized
    assert torch.allclose(parameters.x(), total, atol=1e-6)


def test_one_number_of_a_coarse_level_moves_a_patch(start):
    parameters = Parameterization(start, PYRAMID)
    gradient = torch.autograd.grad(parameters.x()[0, 20, 30], parameters.levels)
    assert [round(level.sum().item(), 5) for level in gradient] == [1.0] * 4  # bilinear weights add up to one
    with torch.no_grad():
        parameters.levels[3][0, 4, 5] += 1
    assert ((parameters.x() - start).abs() > 1e-6).sum() > 100


def test_each_level_has_its_rate_which_falls_after_a_while_and_at_the_end(start):
    parameters = Parameterization(start, PYRAMID, first=10)
    falls = {10: 1, 9 + STEADY: 1, 9 + 4 * STEADY: 0.44 * 0.5, 99: 0.1 * (STEADY / 90) ** 0.5}
    for index, fall in falls.items():
        parameters.set_rates(index)
        assert parameters.optimizer.rates == pytest.approx([0.1 * FINEST * COARSER**k * fall for k in range(4)])


def test_adam_on_pixels_has_one_rate_which_falls_over_the_last_quarter(start):
    parameters = Parameterization(start, Settings(size=32, learning_rate=0.1, steps=100))
    for index, fall in ((0, 1), (75, 1), (90, 0.4), (99, 0.1)):
        parameters.set_rates(index)
        assert parameters.optimizer.rates == pytest.approx([0.1 * fall])


@pytest.mark.parametrize(("small", "large"), [((40, 40), (57, 57)), ((60, 60), (85, 85))])
def test_carried_moments_belong_to_the_level_of_the_same_share_of_the_picture(small, large):
    """85 pixels have a level more than 60: the new finest one takes over the moments of the old finest."""
    before = Parameterization(torch.zeros(3, *small), PYRAMID)
    gradients = [torch.rand_like(level) for level in before.levels]
    for level, gradient in zip(before.levels, gradients, strict=True):
        level.grad = gradient
    before.optimizer.step(lambda: torch.tensor(0.0))
    after = Parameterization(torch.zeros(3, *large), PYRAMID, previous=before)
    for back, level in enumerate(reversed(after.levels), start=1):
        old = before.levels[-min(back, len(before.levels))]
        state, expected = after.optimizer.state[level], before.optimizer.state[old]
        ratio = old.numel() / level.numel()
        for name, factor in (("exp_avg", ratio), ("exp_avg_sq", ratio**2)):
            grown = functional.interpolate(expected[name][None], level.shape[1:], mode="bilinear")[0]
            assert torch.allclose(state[name], grown * factor)
        assert state["step"] == expected["step"]


def test_a_pyramid_is_ahead_where_large_areas_change_their_colour():
    pair = pictures.sample("cat", 96), painted.paint("night", 96)
    ends = {}
    for optimizer in ("adam", "pyramid"):
        for step in steps(*pair, Settings(size=96, scales=1, steps=20, optimizer=optimizer)):
            ends[optimizer] = step.total
    assert ends["pyramid"] < 0.9 * ends["adam"]
