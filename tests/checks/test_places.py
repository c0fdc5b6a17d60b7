"""Places in lessons are read and written alike."""

import pytest

from nstlib.checks import places
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


def test_each_section_leads_to_its_heading_in_the_published_book(published):
    page = f"{published}/notebooks/03_style_cost.html#lesson-03-section-"
    assert Place.read("lesson 03, section 2").linked() == (("lesson 03, ", ""), ("section 2", f"{page}2"))
    several = Place.read("lesson 03, sections 1, 3 and 4").linked()
    assert "".join(words for words, _ in several) == "lesson 03, section 1, section 3 and section 4"
    assert [address for _, address in several if address] == [f"{page}{number}" for number in (1, 3, 4)]
    assert Place("77", (1,)).linked() == (("lesson 77, section 1", ""),)  # in no course


@pytest.mark.parametrize(
    "course",
    ['book = ""', "", "book = 3", 'book = "javascript:alert(1)"', 'book = "https://a/"', "book =", "lesson = 3"],
)
def test_without_an_address_no_words_lead_anywhere(monkeypatch, tmp_path, published, course):
    (tmp_path / "course.toml").write_text(f'{course}\n[[lesson]]\nfile = "03_style_cost"\n', encoding="utf-8")
    assert Place.read("lesson 03, sections 1 and 3").linked() == (("lesson 03, sections 1 and 3", ""),)


def test_in_a_checkout_the_course_lies_one_folder_up(monkeypatch, tmp_path, published):
    monkeypatch.setattr(places, "COURSE", tmp_path / "nstlib" / "course.toml")
    assert Place("03", (2,)).linked()[1][1].startswith(published)
