"""nbval finds what the built lessons print unchanged. Before the claims: what its kernels computed is kept for them."""

from pathlib import Path

import pytest

from tests.lessons.cells import SOURCES, side
from tests.with_nbval import ROOT, nbval

LESSONS = {path.name[:2]: path for path in sorted(SOURCES.parent.glob("[0-9]*.ipynb"))}
AS_LEARNERS_RUN_IT = ("08",)  # it measures time, which keeping a run takes, and prints FLOPs of its own size


def test_there_are_lessons():
    assert LESSONS


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS)
def test_nbval_finds_every_checked_output_unchanged(lesson):
    startup = str(Path(__file__).with_name("startup.py"))
    small = {"NST_SIDE": str(side(lesson)), "PYTHONSTARTUP": startup, "PYTHONPATH": str(ROOT)}
    run = nbval(LESSONS[lesson], **({} if lesson in AS_LEARNERS_RUN_IT else small))
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.matrix
@pytest.mark.parametrize("lesson", sorted(set(LESSONS) - set(AS_LEARNERS_RUN_IT)))
def test_nbval_finds_them_unchanged_at_the_size_that_learners_run(lesson):
    run = nbval(LESSONS[lesson])
    assert run.returncode == 0, run.stdout + run.stderr
