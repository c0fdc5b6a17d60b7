import itertools

import pytest
import torch

from nstlib import painted
from nstlib.bench.strong import sides, strong

CPU = torch.device("cpu")


def distance_to_grey(_side):
    return lambda x: (x - 0.5).square().mean()


@pytest.mark.parametrize(("size", "expected"), [(100, [100]), (181, [128, 181]), (256, [128, 181, 256])])
def test_sides_grow_by_the_root_of_two(size, expected):
    assert sides(size) == expected


def test_passes_are_shared_between_the_sizes_and_the_rest_is_the_finest():
    photo = painted.paint("mosaic", (182, 200))
    shapes = [tuple(picture.shape[1:]) for picture in strong(photo, 182, distance_to_grey, 7, CPU)]
    assert shapes == [(129, 142)] * 3 + [(182, 200)] * 4


def test_the_result_is_the_running_mean_and_comes_nearer():
    photo = painted.paint("night", 40)
    found = list(strong(photo, 40, distance_to_grey, 30, CPU))
    costs = [distance_to_grey(40)(picture).item() for picture in found]
    assert costs[-1] < 0.3 * costs[0] and all(p.min() >= 0 and p.max() <= 1.0001 for p in found)
    assert all(later <= earlier + 1e-6 for earlier, later in itertools.pairwise(costs))
