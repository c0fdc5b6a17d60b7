"""`make claims` finds in every lesson the pair of pictures that it exchanges for others."""

import pytest

from tests.lessons.pictures import WITH_A_PAIR, changes
from tests.lessons.test_claims import LESSONS


@pytest.mark.parametrize("lesson", WITH_A_PAIR)
def test_each_claim_about_pictures_needs_the_texts_that_are_exchanged(lesson):
    cells = LESSONS[lesson]
    for claim in filter(cells.optimises, cells.claims):
        needed = [cells.sources[index] for index in cells.needed(claim)]
        for old, _ in changes(lesson, "coffee", "mosaic", seed=1):
            assert any(old in source for source in needed), (claim, old)
