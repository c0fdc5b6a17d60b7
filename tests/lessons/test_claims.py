"""Every claim of a lesson holds, and notices the mistakes named for it: a check that cannot fail proves nothing."""

import importlib
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.lessons.cells import SIDE, Cells, side

MODULES = {
    path.stem.partition("_")[2]: importlib.import_module(f"tests.lessons.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("sabotage_*.py"))
}
LESSONS = {lesson: Cells(lesson) for lesson in MODULES}
# Each claim as it is, then with its mistakes: neighbours in this list share what conftest.py remembers
CASES = [
    (lesson, claim, mistake, changes)
    for lesson, cells in LESSONS.items()
    for claim in cells.claims
    for mistake, *changes in [("holds",), *(entry[1:] for entry in MODULES[lesson].SABOTAGES if entry[0] == claim)]
]


@pytest.mark.parametrize(("lesson", "claim", "mistake", "changes"), CASES, ids=[" · ".join(case[:3]) for case in CASES])
def test_the_claim_holds_and_notices(lesson, claim, mistake, changes):
    with pytest.raises(AssertionError) if changes else nullcontext():
        LESSONS[lesson].run(claim, *([changes] if changes else []), side=side(lesson, claim))


@pytest.mark.parametrize("lesson", MODULES)
def test_every_claim_has_a_mistake_and_every_assertion_a_claim(lesson):
    assert {entry[0] for entry in MODULES[lesson].SABOTAGES} == set(LESSONS[lesson].claims)
    assert not LESSONS[lesson].unnamed


def test_every_lesson_has_its_mistakes():
    sources = {
        path.stem.partition("_")[0] for path in (Path(__file__).parents[2] / "notebooks" / "sources").glob("*.py")
    }
    assert sources == set(MODULES)


def test_pictures_have_a_side_to_make_smaller():
    assert [lesson for lesson, cells in LESSONS.items() if not any(SIDE in source for source in cells.sources)] == [
        "00"
    ]


def test_only_what_a_cell_needs_is_run():
    cells = Cells("03")
    names = cells.run("frobenius")
    assert "photo" not in names and names["loops"] == 9
    with pytest.raises(LookupError, match="holds 'no such text'"):
        cells.run("frobenius", ("no such text", ""))
