"""Checks of the exercises: ``from nstlib.checks import ex02; ex02.gram.check(gram_matrix)``.

A check runs in the learner's own kernel and can be patched there: it is for learning, and counts for nothing. Progress
is kept on this computer alone; ``nstlib.checks.reset()`` forgets it.
"""

from nstlib.checks.progress import reset

EXERCISES = ("ex01", "ex02", "ex03", "ex04", "ex05", "ex07")

__all__ = ["EXERCISES", "all_questions", "reset"]


def all_questions() -> dict:
    """Return every question of the course by its id, in order."""
    import importlib

    modules = [importlib.import_module(f"nstlib.checks.{name}") for name in EXERCISES]
    return {question.id: question for module in modules for question in module.QUESTIONS}
