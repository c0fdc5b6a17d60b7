"""Oracles are loops over tiny float64 tensors and identities that the formulas imply."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib import style

SIZES = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6))
few = settings(max_examples=40, deadline=None)


def random_features(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def gram_by_loops(features):
    n, height, width = features.shape
    gram = torch.zeros(n, n, dtype=torch.float64)
    for k in range(n):
        for j in range(n):
            for row in range(height):
                for column in range(width):
                    gram[k, j] += features[k, row, column].double() * features[j, row, column].double()
    return gram


def layer_cost_by_loops(features_x, features_s):
    n = len(features_x)
    gram_x, gram_s = gram_by_loops(features_x), gram_by_loops(features_s)
    m_x, m_s = features_x[0].numel(), features_s[0].numel()
    total = 0.0
    for k in range(n):
        for j in range(n):
            total += (float(gram_x[k, j]) / m_x - float(gram_s[k, j]) / m_s) ** 2
    return total / (4 * n * n)


def close(given_value, expected, rtol=1e-12):
    torch.testing.assert_close(
        torch.as_tensor(given_value, dtype=torch.float64).double(),
        torch.as_tensor(expected, dtype=torch.float64),
        rtol=rtol,
        atol=1e-15,
    )


# unroll and gram_matrix


def test_unroll_puts_a_filter_in_a_row_and_positions_in_reading_order():
    features = random_features(3, 2, 5)
    unrolled = style.unroll(features)
    assert unrolled.shape == (3, 10)
    for k in range(3):
        for row in range(2):
            for column in range(5):
                assert unrolled[k, row * 5 + column] == features[k, row, column]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_unroll_keeps_the_dtype_and_the_gram_is_at_least_float32(dtype):
    features = random_features(4, 3, 5, dtype=dtype)
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    assert style.unroll(features).dtype == dtype
    assert style.gram_matrix(features).dtype == style.mean_gram(features).dtype == expected
    assert style.layer_style_cost(features, features).dtype == style.content_cost(features, features).dtype == expected
    assert style.style_gradient(features, style.mean_gram(features)).dtype == expected
    assert style.total_variation(features).dtype == expected


@few
@given(SIZES, st.integers(0, 9))
def test_gram_is_the_sum_over_positions_divided_by_nothing(size, seed):
    features = random_features(*size, seed=seed)
    close(style.gram_matrix(features), gram_by_loops(features))
    close(style.mean_gram(features), gram_by_loops(features) / (size[1] * size[2]))


def test_gram_by_hand_on_two_filters_and_three_positions():
    features = torch.tensor([[[1.0, 2.0, 3.0]], [[4.0, 0.0, 1.0]]])
    assert style.gram_matrix(features).tolist() == [[14.0, 7.0], [7.0, 17.0]]


@pytest.mark.parametrize("lead", [(2,), (2, 3)])
def test_leading_dimensions_equal_a_loop_over_the_items(lead):
    x, s = random_features(*lead, 3, 4, 5), random_features(*lead, 3, 2, 7, seed=1)
    pairs = list(zip(x.flatten(0, -4), s.flatten(0, -4), strict=True))
    assert style.gram_matrix(x).shape == (*lead, 3, 3)
    close(style.gram_matrix(x).reshape(-1, 3, 3), torch.stack([style.gram_matrix(a) for a, _ in pairs]))
    costs = style.layer_style_cost(x, s)
    assert costs.shape == lead
    close(costs.reshape(-1), torch.stack([style.layer_style_cost(a, b) for a, b in pairs]))
    close(style.content_cost(x, 2 * x).reshape(-1), torch.stack([style.content_cost(a, 2 * a) for a, _ in pairs]))
    close(style.total_variation(x).reshape(-1), torch.stack([style.total_variation(a) for a, _ in pairs]))
    gradients = style.style_gradient(x, style.mean_gram(s)).reshape(-1, 3, 20)
    close(gradients, torch.stack([style.style_gradient(a, style.mean_gram(b)) for a, b in pairs]))


def test_one_style_serves_a_batch_of_pictures():
    x, s = random_features(2, 3, 4, 5), random_features(3, 6, 6, seed=1)
    close(style.layer_style_cost(x, s), torch.stack([style.layer_style_cost(item, s) for item in x]))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 2e-3), (torch.bfloat16, 2e-2)])
def test_the_gradient_of_a_half_precision_gram_matrix_is_the_formulas_up_to_rounding(dtype, tolerance):
    features, D = random_features(16, 20, 30, dtype=dtype).requires_grad_(), torch.randn(16, 16)
    (style.gram_matrix(features) * D).sum().backward()
    F = features.detach().double().flatten(1)
    wanted = ((D + D.T).double() @ F).reshape(features.shape)
    assert features.grad.dtype == dtype
    assert (features.grad.double() - wanted).norm() / wanted.norm() < tolerance


def test_a_large_gradient_of_a_float16_gram_matrix_does_not_overflow_on_its_way():
    features, D = torch.full((2, 4, 4), 1e-3, dtype=torch.float16).requires_grad_(), torch.full((2, 2), 1e6)
    (style.gram_matrix(features) * D).sum().backward()
    assert torch.isfinite(features.grad).all() and features.grad.max() > 1000


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_survives_512_squared_positions_of_size_500(dtype):
    features = torch.full((2, 512, 512), 500.0, dtype=dtype, requires_grad=True)
    gram = style.gram_matrix(features)
    torch.testing.assert_close(gram, torch.full((2, 2), 500.0**2 * 512**2), rtol=1e-3, atol=0)
    zero = torch.zeros_like(features)
    assert style.layer_style_cost(features, zero).item() == pytest.approx(500.0**4 / 4, rel=1e-3)
    assert style.content_cost(features, zero).item() == pytest.approx(500.0**2 * 512**2, rel=1e-3)
    style.layer_style_cost(features, zero).backward()
    assert features.grad.dtype == dtype and features.grad.isfinite().all() and features.grad.abs().max() > 0
    assert style.total_variation(torch.tensor([[[0.0, 60000.0] * 50]], dtype=dtype)).isfinite()


def test_half_precision_sums_are_float32_sums_not_rounded_ones():
    features = random_features(6, 40, 40, dtype=torch.bfloat16)
    torch.testing.assert_close(
        style.gram_matrix(features).double(), style.gram_matrix(features.double()), rtol=1e-5, atol=1e-3
    )


def test_autocast_does_not_round_the_sums():
    features = random_features(6, 40, 40, dtype=torch.float32)
    target = style.mean_gram(random_features(6, 9, 9, seed=1, dtype=torch.float32))
    plain = style.gram_matrix(features), style.style_gradient(features, target)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = style.gram_matrix(features), style.style_gradient(features, target)
    for before, after in zip(plain, inside, strict=True):
        assert after.dtype == torch.float32 and torch.equal(before, after)


def test_channels_last_memory_gives_the_same_gram():
    features = random_features(2, 3, 4, 5)
    close(style.gram_matrix(features.contiguous(memory_format=torch.channels_last)), style.gram_matrix(features))


def test_meta_tensors_show_shapes_without_numbers():
    x, s = torch.empty(2, 64, 512, 512, device="meta"), torch.empty(2, 64, 300, 200, device="meta")
    assert style.gram_matrix(x).shape == (2, 64, 64)
    assert (
        style.layer_style_cost(x, s).shape == style.content_cost(x, x).shape == style.total_variation(x).shape == (2,)
    )
    assert style.style_gradient(x, style.mean_gram(s)).shape == (2, 64, 512 * 512)


# What the Gram matrix keeps and forgets


def test_permuting_positions_leaves_the_gram():
    features = random_features(4, 3, 5)
    order = torch.randperm(15, generator=torch.Generator().manual_seed(3))
    close(style.gram_matrix(style.unroll(features)[:, order].reshape(4, 3, 5)), style.gram_matrix(features))


def test_tiling_multiplies_the_raw_gram_by_four_and_leaves_the_mean():
    features = random_features(4, 3, 5)
    close(style.gram_matrix(features.tile(1, 2, 2)), 4 * style.gram_matrix(features))
    close(style.mean_gram(features.tile(1, 2, 2)), style.mean_gram(features))
    assert style.layer_style_cost(features.tile(1, 2, 2), features) < 1e-28


def test_the_wrong_reshape_keeps_shape_and_trace_and_nothing_else():
    features = random_features(4, 3, 5)
    wrong = features.permute(1, 2, 0).reshape(4, 15)  # an (H, W, N) block reshaped without a transpose
    wrong_gram, gram = wrong @ wrong.T, style.gram_matrix(features)
    assert wrong_gram.shape == gram.shape
    close(wrong_gram.trace(), gram.trace())
    assert (wrong_gram - gram).abs().max() > 0.5


def test_mean_gram_is_covariance_plus_the_product_of_means():
    features = random_features(4, 3, 5) + 1
    mean = features.mean((1, 2))
    close(style.mean_gram(features), style.unroll(features).cov(correction=0) + mean.outer(mean))


def test_rank_is_at_most_the_number_of_positions():
    assert torch.linalg.matrix_rank(style.gram_matrix(random_features(8, 1, 3))) == 3


# Costs


@few
@given(SIZES, st.integers(0, 9))
def test_content_cost_is_half_the_sum_of_squares(size, seed):
    x, c = random_features(*size, seed=seed), random_features(*size, seed=seed + 1)
    expected = sum((a - b) ** 2 for a, b in zip(x.flatten().tolist(), c.flatten().tolist(), strict=True)) / 2
    close(style.content_cost(x, c), expected)


@few
@given(SIZES, st.tuples(st.integers(1, 6), st.integers(1, 6)), st.integers(0, 9))
def test_layer_style_cost_divides_each_gram_by_its_own_size(size, size_s, seed):
    x, s = random_features(*size, seed=seed), random_features(size[0], *size_s, seed=seed + 1)
    close(style.layer_style_cost(x, s), layer_cost_by_loops(x, s))
    close(style.style_distance(style.mean_gram(x), style.mean_gram(s)), style.layer_style_cost(x, s))


def test_equal_sizes_give_the_formula_of_the_paper_and_of_the_lecture():
    n, height, width = 5, 3, 7
    x, s = random_features(n, height, width), random_features(n, height, width, seed=1)
    squares = (gram_by_loops(x) - gram_by_loops(s)).square().sum()
    close(style.layer_style_cost(x, s), squares / (4 * n**2 * (height * width) ** 2))
    close(style.layer_style_cost(x, s), squares / (2 * height * width * n) ** 2)


def test_layer_style_cost_is_a_squared_mean_discrepancy():
    x, s = random_features(4, 3, 5), random_features(4, 2, 9, seed=1)

    def mean_kernel(a, b):
        pairs = [(p @ q).square() for p in style.unroll(a).T for q in style.unroll(b).T]
        return torch.stack(pairs).mean()

    mmd2 = mean_kernel(x, x) - 2 * mean_kernel(x, s) + mean_kernel(s, s)
    close(style.layer_style_cost(x, s), mmd2 / (4 * 4**2))


def test_style_cost_weighs_the_layers_and_ignores_the_others():
    x = {"relu1_1": random_features(3, 4, 4), "relu2_1": random_features(5, 2, 2), "relu4_2": random_features(6, 1, 1)}
    s = {"relu1_1": random_features(3, 6, 2, seed=1), "relu2_1": random_features(5, 3, 3, seed=1)}
    expected = 0.25 * layer_cost_by_loops(x["relu1_1"], s["relu1_1"])
    expected += 3 * layer_cost_by_loops(x["relu2_1"], s["relu2_1"])
    close(style.style_cost(x, s, {"relu1_1": 0.25, "relu2_1": 3.0}), expected)


def test_total_cost_by_hand():
    assert style.total_cost(3.0, 7.0, alpha=10.0, beta=0.5) == 33.5


@few
@given(SIZES, st.integers(0, 9))
def test_total_variation_sums_absolute_differences_both_ways(size, seed):
    x = random_features(*size, seed=seed)
    expected = 0.0
    for channel in x.tolist():
        for row in range(size[1]):
            for column in range(size[2]):
                if row + 1 < size[1]:
                    expected += abs(channel[row + 1][column] - channel[row][column])
                if column + 1 < size[2]:
                    expected += abs(channel[row][column + 1] - channel[row][column])
    close(style.total_variation(x), expected)


# Gradients


@pytest.mark.parametrize("size_s", [(3, 5), (4, 2)])
def test_the_gradient_by_hand_is_the_one_of_autograd(size_s):
    x = random_features(4, 3, 5).requires_grad_()
    s = random_features(4, *size_s, seed=1)
    (expected,) = torch.autograd.grad(style.layer_style_cost(x, s), x)
    by_hand = style.style_gradient(x.detach(), style.mean_gram(s))
    assert (by_hand - style.unroll(expected)).norm() < 1e-12 * expected.norm()


def test_the_gradient_keeps_the_pictures_dtype_beside_a_float64_style():
    x, target = random_features(4, 3, 5, dtype=torch.float32), style.mean_gram(random_features(4, 6, 6, seed=1))
    gradient = style.style_gradient(x, target)
    assert gradient.dtype == torch.float32
    close(gradient, style.style_gradient(x.double(), target), rtol=1e-4)


def test_the_gradient_for_equal_sizes_is_the_one_of_the_paper():
    x, s = random_features(4, 3, 5), random_features(4, 3, 5, seed=1)
    expected = (gram_by_loops(x) - gram_by_loops(s)) @ x.reshape(4, 15) / (4**2 * 15**2)
    close(style.style_gradient(x, style.mean_gram(s)), expected)


def test_gradcheck():
    x = random_features(2, 3, 2, 4).requires_grad_()
    s = random_features(3, 3, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(style.gram_matrix, x)
    assert torch.autograd.gradcheck(style.layer_style_cost, (x, s))
    assert torch.autograd.gradcheck(style.content_cost, (x, random_features(2, 3, 2, 4, seed=2)))
    assert torch.autograd.gradcheck(style.total_variation, x)
    assert torch.autograd.gradcheck(lambda a: style.style_cost({"l": a}, {"l": s}, {"l": 2.0}), x)


# Errors are sentences: what was given, what was expected, what to do


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: style.unroll(torch.zeros(3, 20)), ValueError, ["(3, 20)", "height, width", "not yet unrolled"]),
        (lambda: style.gram_matrix(torch.zeros(3, 0, 4)), ValueError, ["(3, 0, 4)", "none of these three 0"]),
        (lambda: style.total_variation(torch.zeros(4, 4)), ValueError, ["(4, 4)", "height, width"]),
        (lambda: style.chroma_roughness(torch.zeros(4, 4, 4)), ValueError, ["(..., 3, height, width)", "(4, 4, 4)"]),
        (lambda: style.gram_matrix(torch.zeros(3, 2, 2, dtype=torch.uint8)), TypeError, ["torch.uint8", ".float()"]),
        (
            lambda: style.content_cost(torch.zeros(3, 4, 4), torch.zeros(3, 5, 4)),
            ValueError,
            ["(3, 4, 4) and (3, 5, 4)", "equal numbers", "same layer"],
        ),
        (
            lambda: style.content_cost(torch.zeros(1, 4, 4), torch.zeros(3, 4, 4)),
            ValueError,
            ["(1, 4, 4) and (3, 4, 4)"],
        ),
        (
            lambda: style.layer_style_cost(torch.zeros(3, 4, 4), torch.zeros(5, 4, 4)),
            ValueError,
            ["(3, 3) and (5, 5)", "N × N for both", "same layer"],
        ),
        (lambda: style.layer_style_cost(torch.zeros(1, 4, 4), torch.zeros(5, 4, 4)), ValueError, ["(1, 1) and (5, 5)"]),
        (
            lambda: style.style_distance(torch.zeros(3, 4, 5), torch.zeros(3, 4, 5)),
            ValueError,
            ["(4, 5) and (4, 5)", "mean_gram"],
        ),
        (lambda: style.style_gradient(torch.zeros(3, 4, 4), torch.zeros(5, 5)), ValueError, ["(3, 3) and (5, 5)"]),
        (
            lambda: style.style_cost({"a": torch.zeros(1, 1, 1)}, {"b": torch.zeros(1, 1, 1)}, {"a": 1.0}),
            ValueError,
            ["weights for ['a']", "without both features of ['a']", "ask the network"],
        ),
        (lambda: style.style_cost({}, {}, {}), ValueError, ["weights for []", "one or more weights"]),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_errors_are_sentences(call, error, parts):
    with pytest.raises(error) as caught:
        call()
    sentence = str(caught.value)
    assert sentence.startswith("Expected ") and sentence.endswith(".")
    for part in (" got ", *parts):
        assert part in sentence


@few
@given(st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(0, 9))
def test_chroma_roughness_is_that_of_two_axes_orthogonal_to_grey(size, seed):
    x = torch.rand(3, *size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    axes = torch.tensor([[1.0, -1.0, 0.0], [1.0, 1.0, -2.0]], dtype=torch.float64)
    axes /= axes.norm(dim=1, keepdim=True)
    expected = 0.0
    for plane in torch.einsum("ac,chw->ahw", axes, x).tolist():
        for row, below in itertools.pairwise(plane):
            expected += sum((a - b) ** 2 for a, b in zip(row, below, strict=True))
        for row in plane:
            expected += sum((a - b) ** 2 for a, b in itertools.pairwise(row))
    assert style.chroma_roughness(x).item() == pytest.approx(expected, abs=1e-12)
    assert style.chroma_roughness(x + torch.rand(1, *size, dtype=torch.float64)).item() == pytest.approx(expected)


def test_chroma_roughness_takes_batches_and_has_a_gradient():
    x = torch.rand(2, 3, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    torch.testing.assert_close(
        style.chroma_roughness(x), torch.stack([style.chroma_roughness(picture) for picture in x])
    )
    assert torch.autograd.gradcheck(style.chroma_roughness, x)
