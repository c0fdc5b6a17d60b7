"""Every cost and statistic on the CPU and on a card: the oracle is float64 on the CPU, which the other tests prove."""

import pytest
import torch

from nstlib import style
from nstlib.style import patches, transforms
from nstlib.style.statistics import STATISTICS

# Of the value and of the gradient's norm: bfloat16 has 8 binary digits
TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-4, torch.bfloat16: 2e-2}
precisions = pytest.mark.parametrize("dtype", list(TOLERANCES))


def features(height, width, dtype, seed=0):
    """Eight filters' features, which are 0 at about half of the positions, as behind a ReLU."""
    drawn = torch.randn(8, height, width, generator=torch.Generator().manual_seed(seed))
    return drawn.clamp(min=0).to(dtype)


def check(cost, x, device):
    """Compare value and gradient of cost(x) with those of the same numbers in float64 on the CPU."""
    found = []
    for start in (x.to(device, copy=True), x.double()):
        start.requires_grad_()
        value = cost(start)
        value.backward()
        assert value.device == start.device
        found.append((value.detach().double().cpu(), start.grad.double().cpu()))
    (value, gradient), (exact, slope) = found
    tolerance = TOLERANCES[x.dtype]
    assert (value - exact).abs() <= tolerance * exact.abs()
    assert (gradient - slope).norm() <= tolerance * slope.norm()


@precisions
@pytest.mark.parametrize("size_s", [(12, 20), (9, 9)])
@pytest.mark.parametrize("name", list(STATISTICS))
def test_each_statistic(device, name, size_s, dtype):
    s = features(*size_s, dtype, seed=1)
    check(lambda x: STATISTICS[name].cost(x, s.to(x)), features(12, 20, dtype), device)


@precisions
@pytest.mark.parametrize("transform", [transforms.adain, transforms.wct, transforms.transport])
def test_each_transform(device, transform, dtype):
    s, target = features(9, 9, dtype, seed=1), features(12, 20, torch.float64, seed=2)
    check(lambda x: (transform(x, s.to(x)) - target.to(x.device)).square().mean(), features(12, 20, dtype), device)


@precisions
def test_the_patch_cost(device, dtype):
    s = features(9, 9, dtype, seed=1)
    check(lambda x: patches.patch_cost(x, s.to(x)), features(12, 20, dtype), device)


@precisions
def test_the_content_cost(device, dtype):
    c = features(12, 20, dtype, seed=1)
    check(lambda x: style.content_cost(x, c.to(x)), features(12, 20, dtype), device)


@precisions
@pytest.mark.parametrize("cost", [style.total_variation, style.chroma_roughness])
def test_smoothness(device, cost, dtype):
    check(cost, features(12, 20, dtype)[:3], device)


@precisions
def test_the_gradient_by_hand(device, dtype):
    x, s = features(12, 20, dtype), style.mean_gram(features(9, 9, dtype, seed=1))
    exact = style.style_gradient(x.double(), s.double())
    found = style.style_gradient(x.to(device), s.to(device))
    assert (found.double().cpu() - exact).norm() <= TOLERANCES[dtype] * exact.norm()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_sums_as_many_positions_as_a_large_picture_has(device, dtype):
    large = torch.full((64, 512, 512), 500.0, dtype=dtype, device=device)  # G_kk' is 6.6e10, float16 ends at 65,504
    wanted = torch.full((64, 64), 500.0**2 * 512**2)
    torch.testing.assert_close(style.gram_matrix(large).cpu(), wanted, rtol=1e-3, atol=0)
