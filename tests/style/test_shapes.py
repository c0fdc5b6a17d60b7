"""Signatures are checked in these tests: each must hold for all that its function takes, and for nothing else."""

import pytest
import torch
from jaxtyping import TypeCheckError

from nstlib import style
from nstlib.style.statistics import STATISTICS


def test_a_block_that_was_already_unrolled_contradicts_the_signature():
    with pytest.raises(TypeCheckError, match="features"):
        style.gram_matrix(torch.ones(3, 20))


@pytest.mark.parametrize("cost", [style.layer_style_cost, *(statistic.cost for statistic in STATISTICS.values())])
def test_two_blocks_of_features_may_differ_in_size_and_not_in_filters(cost):
    assert cost(torch.ones(3, 4, 5), torch.ones(3, 2, 7)).shape == ()
    with pytest.raises(TypeCheckError, match="n_filters"):
        cost(torch.ones(3, 4, 5), torch.ones(4, 4, 5))


def test_each_layer_has_its_own_size():
    features = {"relu1_1": torch.ones(3, 4, 5), "relu2_1": torch.ones(6, 2, 2)}
    larger = {"relu1_1": torch.ones(3, 8, 8), "relu2_1": torch.ones(6, 4, 4)}
    assert style.style_cost(features, larger, dict.fromkeys(features, 1.0)) == 0


def test_content_is_compared_at_one_size_only():
    with pytest.raises(TypeCheckError, match="features_c"):
        style.content_cost(torch.ones(3, 4, 5), torch.ones(3, 2, 7))


def test_leading_dimensions_broadcast_and_others_do_not():
    assert style.layer_style_cost(torch.ones(2, 3, 4, 5), torch.ones(3, 6, 6)).shape == (2,)
    with pytest.raises(TypeCheckError, match="batch"):
        style.layer_style_cost(torch.ones(2, 3, 4, 5), torch.ones(4, 3, 6, 6))


def test_without_the_check_the_librarys_own_sentence_is_heard(unchecked):
    with pytest.raises(ValueError, match=r"\(3, 20\)"):
        style.gram_matrix(torch.ones(3, 20))
