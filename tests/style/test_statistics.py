import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import statistics
from nstlib.style import layer_style_cost, mean_gram, unroll
from nstlib.style.statistics import STATISTICS

each = pytest.mark.parametrize("name", list(STATISTICS))
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))


def random_features(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def columns(features):
    return [row.flatten().tolist() for row in features]


def diagonal_by_loops(x, s):
    mean_square = [[sum(v * v for v in row) / len(row) for row in columns(f)] for f in (x, s)]
    return sum((a - b) ** 2 for a, b in zip(*mean_square, strict=True)) / (4 * len(x) ** 2)


def moments_by_loops(x, s):
    total = 0.0
    for row_x, row_s in zip(columns(x), columns(s), strict=True):
        means = [sum(row) / len(row) for row in (row_x, row_s)]
        deviations = [
            (sum((v - mean) ** 2 for v in row) / len(row)) ** 0.5
            for row, mean in zip((row_x, row_s), means, strict=True)
        ]
        total += (means[0] - means[1]) ** 2 + (deviations[0] - deviations[1]) ** 2
    return total / len(x)


def covariance_by_loops(x, s):
    matrices = []
    for rows in (columns(x), columns(s)):
        centred = [[v - sum(row) / len(row) for v in row] for row in rows]
        matrices.append([[sum(map(float.__mul__, a, b)) / len(a) for b in centred] for a in centred])
    squares = ((a - b) ** 2 for rows in zip(*matrices, strict=True) for a, b in zip(*rows, strict=True))
    return sum(squares) / (4 * len(x) ** 2)


def wasserstein_by_repetition(x, s):
    """Each of x repeated M_S times and each of s repeated M_X times are equally many; sorted, they pair up."""
    n, m_x, m_s = len(x), x[0].numel(), s[0].numel()
    directions = torch.randn(n, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total = 0.0
    for direction in directions:
        direction = direction / direction.square().sum().sqrt()
        p_x = (direction @ x.reshape(n, m_x)).repeat_interleave(m_s).sort().values
        p_s = (direction @ s.reshape(n, m_s)).repeat_interleave(m_x).sort().values
        total += float((p_x - p_s).square().mean())
    return total / n


def gaussian_by_eigenvalues(x, s):
    """tr (√C_s C_x √C_s)^½ sums the roots of the eigenvalues of C_s C_x, which need no root of a matrix."""
    means = [f.flatten(1).mean(1) for f in (x, s)]
    c_x, c_s = (torch.cov(f.flatten(1), correction=0).reshape(len(f), len(f)) for f in (x, s))
    roots = torch.linalg.eigvals(c_s @ c_x).real.clamp_min(0).sqrt().sum()
    return ((means[0] - means[1]).square().sum() + c_x.trace() + c_s.trace() - 2 * roots).item() / len(x)


ORACLES = {
    "gram": lambda x, s: layer_style_cost(x, s).item(),
    "diagonal": diagonal_by_loops,
    "moments": moments_by_loops,
    "covariance": covariance_by_loops,
    "sliced_wasserstein": wasserstein_by_repetition,
    "gaussian": gaussian_by_eigenvalues,
}
ROUNDING = {"gaussian": 1e-7}  # roots of eigenvalues that should be 0 and are 1e-16


def test_the_names_are_those_of_the_course():
    assert list(STATISTICS) == list(ORACLES)
    assert all(statistic.formula and statistic.source for statistic in STATISTICS.values())


@each
@settings(max_examples=30, deadline=None)
@given(SIZES, st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(0, 9))
def test_each_cost_is_its_formula_for_any_sizes(name, size, size_s, seed):
    x, s = random_features(*size, seed=seed) + 1, random_features(size[0], *size_s, seed=seed + 1)
    assert STATISTICS[name].cost(x, s).item() == pytest.approx(
        ORACLES[name](x, s), rel=1e-10, abs=ROUNDING.get(name, 1e-13)
    )


def test_moments_hold_means_above_population_deviations():
    summary = statistics.moments(torch.tensor([[[1.0, 3.0]], [[5.0, 5.0]]]))
    assert summary.tolist() == [[2.0, 5.0], [1.0, 0.0]]


def test_summaries_are_parts_of_the_mean_gram():
    features = random_features(4, 3, 5) + 2
    mean = features.mean((1, 2))
    torch.testing.assert_close(statistics.mean_square(features), mean_gram(features).diagonal())
    torch.testing.assert_close(statistics.covariance(features), mean_gram(features) - mean.outer(mean))
    torch.testing.assert_close(statistics.covariance(features).diagonal().sqrt(), statistics.moments(features)[1])


@each
def test_positions_and_repetition_are_forgotten(name):
    statistic, features = STATISTICS[name], random_features(4, 3, 5)
    order = torch.randperm(15, generator=torch.Generator().manual_seed(3))
    nothing = 1e-14 if name == "gaussian" else 1e-25  # the one difference of traces, the others sums of squares
    assert statistic.cost(unroll(features)[:, order].reshape(4, 5, 3), features) < nothing
    assert statistic.cost(features.tile(1, 2, 2), features) < nothing
    assert statistic.cost(features, features.tile(1, 2, 2)) < nothing
    assert statistic.cost(features + 1, features) > 1e-3 or name == "covariance"
    assert statistic.cost(2 * features, features) > 1e-3


def test_only_pairs_tell_which_filters_fire_together():
    together = torch.tensor([[[1.0, 1.0, 0.0, 0.0]], [[1.0, 1.0, 0.0, 0.0]]])
    apart = torch.tensor([[[1.0, 1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, 1.0]]])
    costs = {name: statistic.cost(together, apart).item() for name, statistic in STATISTICS.items()}
    assert costs["diagonal"] == costs["moments"] == 0
    assert costs["gram"] == costs["covariance"] == 2 * 0.5**2 / 16
    assert costs["sliced_wasserstein"] > 0.01


@each
@pytest.mark.parametrize("size_s", [(3, 5), (2, 4)])
def test_a_batch_equals_a_loop(name, size_s):
    statistic, x, s = STATISTICS[name], random_features(2, 4, 3, 5), random_features(2, 4, *size_s, seed=1)
    expected = torch.stack([statistic.cost(a, b) for a, b in zip(x, s, strict=True)])
    torch.testing.assert_close(statistic.cost(x, s), expected, rtol=1e-12, atol=0)
    one_style = torch.stack([statistic.cost(a, s[0]) for a in x])
    torch.testing.assert_close(statistic.cost(x, s[0]), one_style, rtol=1e-12, atol=0)


@each
@pytest.mark.parametrize("size_s", [(3, 2), (2, 4)])
def test_gradcheck(name, size_s):
    x, s = random_features(3, 3, 2).requires_grad_(), random_features(3, *size_s, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(STATISTICS[name].cost, (x, s))


@each
@pytest.mark.parametrize("value", [0.0, 0.1, 300.0])
@pytest.mark.parametrize("positions", [(1, 1), (8, 9)])
def test_flat_and_dead_filters_have_a_finite_gradient(name, value, positions):
    features = random_features(3, *positions, dtype=torch.float32)
    features[1] = value
    features.requires_grad_()
    STATISTICS[name].cost(features, random_features(3, 4, 4, seed=1, dtype=torch.float32)).backward()
    assert features.grad.isfinite().all()


@each
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(name, dtype):
    x, s = torch.zeros(2, 512, 512, dtype=dtype), random_features(2, 30, 30, dtype=dtype)
    x[:, ::2] = 500.0
    x.requires_grad_()
    statistic = STATISTICS[name]
    cost = statistic.cost(x, s)
    assert cost.dtype == statistic.summarise(x).dtype == torch.float32
    assert cost.item() == pytest.approx(statistic.cost(x.double(), s.double()).item(), rel=1e-3)
    cost.backward()
    assert x.grad.dtype == dtype and x.grad.isfinite().all()


@each
def test_autocast_does_not_round_the_sums(name):
    x, s = random_features(4, 9, 9, dtype=torch.float32), random_features(4, 7, 9, seed=1, dtype=torch.float32)
    expected = STATISTICS[name].cost(x, s)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(STATISTICS[name].cost(x, s), expected)


@each
def test_meta_tensors_show_shapes_without_numbers(name):
    x, s = torch.empty(2, 64, 40, 40, device="meta"), torch.empty(2, 64, 30, 20, device="meta")
    assert STATISTICS[name].cost(x, s).shape == (2,)


def test_the_seed_decides_the_directions():
    features = random_features(3, 4, 5)
    first = statistics.sorted_projections(features)
    assert torch.equal(first, statistics.sorted_projections(features, seed=0))
    assert not torch.allclose(first, statistics.sorted_projections(features, seed=1))
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    statistics.sorted_projections(features)
    assert torch.equal(torch.rand(1), expected)  # the global generator is left alone


def test_directions_are_drawn_once_for_all_steps_also_where_nothing_was_to_be_differentiated(monkeypatch):
    seed = 12345  # of this test alone
    with torch.inference_mode():
        statistics.sorted_projections(torch.rand(3, 4, 5), seed)
    monkeypatch.setattr(torch, "randn", lambda *_, **__: pytest.fail("drawn again"))
    features = torch.rand(3, 4, 5, requires_grad=True)
    statistics.sorted_projections(features, seed).sum().backward()
    assert features.grad.isfinite().all()


def blind_pair():
    """Two clouds that fixed directions cannot tell apart: on the first, two numbers have changed places."""
    F = torch.tensor([[41.0, 39, 40, 40], [40, 40, 41, 39]], dtype=torch.float64)
    columns = torch.eye(2, dtype=torch.float64).view(2, 2, 1, 1)  # a direction's projection of one is its number there
    directions = statistics.sorted_projections(columns).squeeze(-1).T
    projected = directions @ F
    projected[0] = projected[0][[1, 0, 2, 3]]
    return torch.linalg.solve(directions, projected)[:, None], F[:, None]


def test_fixed_directions_are_blind_to_a_pair_that_other_directions_see():
    x, s = blind_pair()
    sliced = STATISTICS["sliced_wasserstein"]
    assert sliced.cost(x, s) < 1e-20 and STATISTICS["covariance"].cost(x, s) > 1e4
    assert all(sliced.drawn(seed).cost(x, s) > 50 for seed in range(1, 8))


@pytest.mark.parametrize(("redraw", "left"), [(False, 1.0), (True, 0.01)])
def test_descent_reaches_the_other_cloud_only_where_directions_are_redrawn(redraw, left):
    x, s = blind_pair()
    sliced, unseen = STATISTICS["sliced_wasserstein"], STATISTICS["sliced_wasserstein"].drawn(1000)
    before = unseen.cost(x, s)
    x.requires_grad_()
    for step in range(1000):
        (slope,) = torch.autograd.grad(sliced.drawn(step if redraw else 0).cost(x, s), x)
        x = (x - slope).detach().requires_grad_()
    assert (unseen.cost(x, s) / before).item() == pytest.approx(left, abs=0.01)


@each
def test_only_sliced_wasserstein_has_a_random_part(name):
    statistic, x, s = STATISTICS[name], random_features(3, 4, 5), random_features(3, 4, 5, seed=1)
    again, other = statistic.drawn(0), statistic.drawn(3).drawn(1)
    assert torch.equal(again.cost(x, s), statistic.cost(x, s))
    assert torch.equal(other.cost(x, s), statistic.cost(x, s)) == (name != "sliced_wasserstein")
    assert torch.equal(other.cost(x, s), statistic.drawn(1).cost(x, s))  # the last seed counts


def test_directions_have_unit_length():
    unit_vectors = torch.eye(6, dtype=torch.float64).reshape(6, 2, 3)  # their projections are the directions
    squares = statistics.sorted_projections(unit_vectors).square().sum(-1)
    torch.testing.assert_close(squares, torch.ones(6, dtype=torch.float64))


@each
@pytest.mark.parametrize("n_filters", [(3, 5), (1, 5)])
@pytest.mark.usefixtures("unchecked")
def test_another_number_of_filters_is_refused(name, n_filters):
    x, s = (random_features(n, 4, 4) for n in n_filters)
    with pytest.raises(ValueError, match=r"Expected .* got .*same layer of the same network"):
        STATISTICS[name].cost(x, s)


@each
@pytest.mark.usefixtures("unchecked")
def test_wrong_blocks_are_refused(name):
    with pytest.raises(ValueError, match=r"Expected \(\.\.\., n_filters, height, width\), .* got \(3, 20\): pass"):
        STATISTICS[name].summarise(torch.zeros(3, 20))
    with pytest.raises(TypeError, match=r"Expected a floating-point tensor, got torch.uint8: convert"):
        STATISTICS[name].summarise(torch.zeros(3, 4, 5, dtype=torch.uint8))


@given(st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_gaussian_of_commuting_covariances_compares_spreads(seed):
    """Where both covariances are diagonal, W₂² is Σ (μ_x − μ_s)² + (σ_x − σ_s)²: N times the mean of `moments`."""
    draw = torch.Generator().manual_seed(seed)
    mean_x, mean_s, spread_x, spread_s = torch.rand(4, 5, generator=draw, dtype=torch.float64)
    x, s = (torch.cat((m[:, None], v.square().diag()), 1) for m, v in ((mean_x, spread_x), (mean_s, spread_s)))
    expected = statistics.moments_distance(torch.stack((mean_x, spread_x)), torch.stack((mean_s, spread_s)))
    torch.testing.assert_close(statistics.gaussian_distance(x, s), expected)


def test_gaussian_gradient_of_a_singular_covariance_leaves_empty_directions_alone():
    features = random_features(6, 1, 3)  # three positions span two directions of six
    features.requires_grad_()
    STATISTICS["gaussian"].cost(features, random_features(6, 4, 4, seed=1)).backward()
    assert features.grad.isfinite().all() and features.grad.abs().max() < 10


def test_gaussian_of_features_that_are_not_finite_is_not_finite():
    features = random_features(3, 2, 2)
    features[0, 0, 0] = float("nan")
    assert STATISTICS["gaussian"].cost(features, random_features(3, 4, 4, seed=1)).isnan()


def test_projections_can_be_differentiated_forward_and_mapped():
    F = torch.rand(4, 3, 3, dtype=torch.float64)
    value, slope = torch.func.jvp(lambda block: statistics.sorted_projections(block).square().sum(), (F,), (F,))
    torch.testing.assert_close(slope, 2 * value)  # it is quadratic in F
    both = torch.stack([F, 2 * F])
    mapped = torch.vmap(statistics.sorted_projections)(both)
    torch.testing.assert_close(mapped, statistics.sorted_projections(both))
