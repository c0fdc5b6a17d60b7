"""Patches and their nearest neighbours against loops in float64."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nstlib.style import mean_gram
from nstlib.style import patches as module
from nstlib.style.patches import nearest_patches, patch_cost, patches


def random_features(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def by_loops(features, size):
    _, height, width = features.shape
    corners = [(y, x) for y in range(height - size + 1) for x in range(width - size + 1)]
    return [features[:, y : y + size, x : x + size].flatten().tolist() for y, x in corners]


def inner(a, b):
    return sum(map(float.__mul__, a, b))


def cosine(a, b):
    return inner(a, b) / math.sqrt(inner(a, a) * inner(b, b))


@given(st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)), st.integers(1, 3), st.integers(0, 9))
def test_each_patch_is_a_column_in_reading_order(size, side, seed):
    features = random_features(*size, seed=seed)
    if min(size[1:]) < side:
        with pytest.raises(ValueError, match=f"Expected at least {side} rows and columns, got"):
            patches(features, side)
    else:
        assert patches(features, side).T.tolist() == by_loops(features, side)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(3, 5), st.integers(3, 5), st.integers(0, 99))
def test_the_cost_is_its_formula(n_filters, side, height, width, seed):
    x, s = random_features(n_filters, height, width, seed=seed), random_features(n_filters, width, 4, seed=seed + 100)
    table = [[cosine(p, q) for q in by_loops(s, side)] for p in by_loops(x, side)]
    largest = [max(row) for row in table]
    assert patch_cost(x, s, side).item() == pytest.approx(1 - sum(largest) / len(largest), abs=1e-12)
    chosen = nearest_patches(x, s, side).tolist()
    assert [row[column] for row, column in zip(table, chosen, strict=True)] == pytest.approx(largest)


@pytest.mark.parametrize("at_once", [1, 7, 40])
def test_chunks_change_nothing(monkeypatch, at_once):
    x, s = random_features(3, 5, 6), random_features(3, 4, 5, seed=1)
    whole = nearest_patches(x, s)
    monkeypatch.setattr(module, "CHUNK_NUMBERS", at_once)
    assert torch.equal(nearest_patches(x, s), whole)


def test_it_knows_neighbours_where_the_gram_matrix_does_not():
    texture = random_features(4, 8, 8).clamp_min(0)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    shuffled = texture.flatten(1)[:, order].reshape(texture.shape)
    torch.testing.assert_close(mean_gram(shuffled), mean_gram(texture))
    assert patch_cost(texture, texture) < 1e-12 < 0.05 < patch_cost(shuffled, texture)
    assert patch_cost(texture[:, 2:, 1:], texture) < 1e-12  # but not where a patch stands


def test_a_texture_may_use_a_part_of_the_style():
    texture = random_features(4, 8, 8)
    assert patch_cost(texture[:, :4, :4], texture) < 1e-12 < 0.05 < patch_cost(texture, texture[:, :4, :4])


def test_a_patch_of_zeros_is_like_nothing_and_has_no_gradient():
    x = torch.zeros(2, 3, 3, dtype=torch.float64, requires_grad=True)
    cost = patch_cost(x, random_features(2, 4, 4))
    cost.backward()
    assert cost == 1 and x.grad.abs().max() == 0


def test_gradcheck():
    s = random_features(2, 4, 5, seed=1)
    assert torch.autograd.gradcheck(lambda x: patch_cost(x, s), random_features(2, 4, 4).requires_grad_())


@pytest.mark.parametrize("size_s", [(3, 5), (4, 4)])
def test_a_batch_equals_a_loop(size_s):
    x, s = random_features(2, 4, 3, 5), random_features(2, 4, *size_s, seed=1)
    alone = torch.stack([patch_cost(*pair) for pair in zip(x, s, strict=True)])
    torch.testing.assert_close(patch_cost(x, s), alone)
    torch.testing.assert_close(patch_cost(x, s[0]), torch.stack([patch_cost(block, s[0]) for block in x]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_gives_float32(dtype):
    x, s = random_features(3, 8, 9, dtype=dtype), random_features(3, 7, 7, seed=1, dtype=dtype)
    cost = patch_cost(x, s)
    assert cost.dtype == torch.float32
    assert cost.item() == pytest.approx(patch_cost(x.double(), s.double()).item(), rel=1e-3)


@pytest.mark.usefixtures("unchecked")
def test_what_is_no_pair_of_blocks_is_refused():
    with pytest.raises(ValueError, match=r"equally many filters, got 3 and 4"):
        patch_cost(random_features(3, 4, 4), random_features(4, 4, 4))
    with pytest.raises(ValueError, match=r"Expected \(\.\.\., n_filters, height, width\)"):
        patch_cost(random_features(4, 4), random_features(4, 4))
