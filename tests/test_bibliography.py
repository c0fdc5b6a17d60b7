"""The bibliography holds every paper that is cited by a link or a number, each once, sorted."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIBLIOGRAPHY = ROOT / "docs" / "bibliography.md"
PLACES = ("notebooks/sources/*.py", "notebooks/README.md", "exercises/sources/*.py", "docs/*.md", "README.md")
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted({each for place in (*PLACES, "nstlib/**/*.py", "nstlib/**/*.md") for each in ROOT.glob(place)})
    if path != BIBLIOGRAPHY
}
ENTRIES = re.findall(r"^- (.*(?:\n  .*)*)", BIBLIOGRAPHY.read_text(encoding="utf-8"), re.MULTILINE)


def numbers(text: str) -> set[str]:
    """Return the arXiv numbers and DOIs that a text names, by links or in words."""
    arxiv = re.findall(r"(?:arxiv\.org/(?:abs|pdf)/|arXiv:)(\d{4}\.\d{4,5})", text)
    doi = re.findall(r"doi\.org/(10\.\d{4,}/[^\s)\]\"']+)", text)
    return {*arxiv, *(name.rstrip(".,") for name in doi)}


IN_BIBLIOGRAPHY = set().union(*map(numbers, ENTRIES))


def test_numbers_are_found_in_links_and_words():
    text = "([2015](https://arxiv.org/abs/1508.06576)), arXiv:1412.6980. See https://doi.org/10.1137/0916069."
    assert numbers(text) == {"1508.06576", "1412.6980", "10.1137/0916069"}


def test_lessons_and_docstrings_cite():
    assert numbers(TEXTS["notebooks/sources/07_other_statistics.py"]) and numbers(TEXTS["nstlib/transfer/adam.py"])


@pytest.mark.parametrize("place", [place for place, text in TEXTS.items() if numbers(text)])
def test_each_paper_cited_by_a_link_or_number_is_in_the_bibliography(place):
    assert numbers(TEXTS[place]) <= IN_BIBLIOGRAPHY


def test_entries_are_sorted_and_each_has_a_title_and_a_year():
    assert len(ENTRIES) == len(set(ENTRIES)) > 30
    authors = [re.sub(r"[^a-z, ]", "", entry.partition(".")[0].lower()) for entry in ENTRIES]
    assert authors == sorted(authors)
    for entry in ENTRIES:
        assert re.search(r"\*[^*]+\.\*", entry) and re.search(r"\b(19|20)\d\d\b", entry), entry


def test_no_paper_stands_there_twice():
    found = [number for entry in ENTRIES for number in numbers(entry)]
    assert len(found) == len(set(found))


def test_the_map_and_the_bibliography_lead_to_each_other():
    assert "(bibliography.md)" in TEXTS["docs/map.md"] and "(map.md)" in BIBLIOGRAPHY.read_text(encoding="utf-8")
