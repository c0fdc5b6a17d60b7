"""`make claims` finds in every lesson the pair that it exchanges for others, and sums up what was measured."""

import math

import pytest

from nstlib.claims import Measured
from tests.lessons.pictures import SEEDS, WITH_A_PAIR, changes, summary
from tests.lessons.test_claims import LESSONS


@pytest.mark.parametrize("lesson", WITH_A_PAIR)
def test_each_claim_about_pictures_needs_the_texts_that_are_exchanged(lesson):
    cells = LESSONS[lesson]
    for claim in filter(cells.optimises, cells.claims):
        needed = [cells.sources[index] for index in cells.needed(claim)]
        for old, _ in changes(lesson, "coffee", "mosaic", seed=1):
            assert any(old in source for source in needed), (claim, old)


@pytest.mark.parametrize(
    ("margins", "row"),
    [
        ([1, 2, 3, 4, 5], ("5 of 5", "3", "1.6", "below 6", "1.9", False)),
        ([10, 11, 12, 13, 14], ("5 of 5", "12", "1.6", "below 6", "7.6", True)),
        ([10, 11, 12, 13, -1], ("4 of 5", "9", "5.7", "below 6", "1.6", False)),
        ([2, 2, 2, 2, 2], ("5 of 5", "2", "0", "below 6", "inf", True)),
        ([-2, -2, -2, -2, -2], ("0 of 5", "-2", "0", "below 6", "-inf", False)),
        ([math.nan] * 5, ("5 of 5", "", "nan", "below 6", "nan", True)),
    ],
)
def test_a_claim_is_clear_if_it_is_kept_by_three_spreads(margins, row):
    found = [Measured("it", margin, "below 6", not margin < 0, margin) for margin in margins]
    assert len(found) == len(SEEDS)
    assert summary(found) == row
