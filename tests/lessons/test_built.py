"""nbval finds what the built lessons print unchanged. Before the claims: what its kernels computed is kept for them."""

import os
from pathlib import Path

import nbformat
import pytest

from nstlib.authoring.outputs import read_masks
from tests import smaller
from tests.lessons.cells import AT_LEARNERS_SIDE, SMALLEST, SOURCES, Cells
from tests.with_nbval import ROOT, nbval

LESSONS = {path.stem.partition("_")[0]: path for path in sorted(SOURCES.parent.glob("[0-9]*.ipynb"))}


def test_there_are_lessons():
    assert LESSONS


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_nbval_finds_every_checked_output_unchanged(lesson, tmp_path):
    """But of the claims that only hold at the learner's side: they come in the next test."""
    cells = Cells(lesson)
    but = [cells.sources[cells.claims[claim]] for claim in AT_LEARNERS_SIDE.get(lesson, ())]
    startup = str(Path(__file__).with_name("startup.py"))
    path = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    small = {"NST_SIDE": str(SMALLEST), "PYTHONSTARTUP": startup, "PYTHONPATH": path}
    run = nbval(smaller.copied(LESSONS[lesson], tmp_path, but), **small)
    assert run.returncode == 0, run.stdout + run.stderr


CLAIMS = [(lesson, claim) for lesson, claims in AT_LEARNERS_SIDE.items() for claim in claims]


@pytest.mark.parametrize(("lesson", "claim"), CLAIMS, ids=[" · ".join(each) for each in CLAIMS])
def test_a_claim_prints_at_the_learners_side_what_is_stored(lesson, claim, capsys):
    cells = Cells(lesson)
    source = cells.sources[cells.claims[claim]]
    capsys.readouterr()
    cells.run(claim)
    printed = capsys.readouterr().out
    (stored,) = (cell for cell in nbformat.read(LESSONS[lesson], as_version=4).cells if cell.source == source)
    (output,) = stored.outputs
    assert output.text and masked(printed).endswith(masked(output.text))  # cells before it may print, too


def masked(text):
    """What nbval compares: other versions and machines measure other digits."""
    for mask in read_masks(ROOT / "notebooks" / "sanitize.cfg"):
        text = mask.sub("MASKED", text)
    return text


@pytest.mark.slow
@pytest.mark.matrix
@pytest.mark.parametrize("lesson", sorted(LESSONS))
def test_nbval_finds_them_unchanged_at_the_size_that_learners_run(lesson):
    run = nbval(LESSONS[lesson])
    assert run.returncode == 0, run.stdout + run.stderr
