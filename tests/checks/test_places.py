"""Places in lessons are read and written alike."""

import pytest

from nstlib.checks.places import Place


@pytest.mark.parametrize(
    "text", ["lesson 03, section 2", "lesson 05b, sections 1 and 3", "lesson 09, sections 1, 2 and 10"]
)
def test_what_is_read_is_written(text):
    assert str(Place.read(text)) == text


@pytest.mark.parametrize("text", ["", "lesson 3, section 2", "lesson 03", "Lesson 03, section 2", "lesson 03, section"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError, match='such as "lesson 03, section 2"'):
        Place.read(text)
