"""Every claim of a lesson holds, and notices the mistakes named for it: a check that cannot fail proves nothing."""

import importlib
from pathlib import Path

import pytest

from tests.lessons.cells import Cells

MODULES = {
    path.stem[-2:]: importlib.import_module(f"tests.lessons.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("sabotage_*.py"))
}
LESSONS = {lesson: Cells(lesson) for lesson in MODULES}
CLAIMS = [(lesson, claim) for lesson, cells in LESSONS.items() for claim in cells.claims]
SABOTAGES = [(lesson, *entry) for lesson, module in MODULES.items() for entry in module.SABOTAGES]


@pytest.mark.parametrize(("lesson", "claim"), CLAIMS)
def test_the_claim_holds(lesson, claim):
    LESSONS[lesson].run(claim)


@pytest.mark.parametrize(
    ("lesson", "claim", "mistake", "old", "new"), SABOTAGES, ids=[" · ".join(entry[:3]) for entry in SABOTAGES]
)
def test_the_claim_notices(lesson, claim, mistake, old, new):
    with pytest.raises(AssertionError):
        LESSONS[lesson].run(claim, (old, new))


@pytest.mark.parametrize("lesson", MODULES)
def test_every_claim_has_a_mistake_and_every_assertion_a_claim(lesson):
    assert {entry[0] for entry in MODULES[lesson].SABOTAGES} == set(LESSONS[lesson].claims)
    assert not LESSONS[lesson].unnamed


@pytest.mark.parametrize("lesson", MODULES)
def test_every_measured_claim_is_one(lesson):
    assert set(MODULES[lesson].MEASURED) <= set(LESSONS[lesson].claims)


def test_every_lesson_but_the_first_has_its_mistakes():
    sources = {path.name[:2] for path in (Path(__file__).parents[2] / "notebooks" / "sources").glob("*.py")}
    assert sources - {"00"} == set(MODULES)


def test_only_what_a_cell_needs_is_run():
    cells = Cells("03")
    names = cells.run("frobenius")
    assert "photo" not in names and names["loops"] == 9
    with pytest.raises(LookupError, match="holds 'no such text'"):
        cells.run("frobenius", ("no such text", ""))
