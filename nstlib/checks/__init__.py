"""Checks of the exercises: ``from nstlib.checks import ex02; ex02.gram.check(gram_matrix)``.

A check runs in the learner's own kernel, where anyone can patch it: it is for learning, and counts for nothing.
Progress stays on this computer; ``nstlib.checks.reset()`` forgets it.
"""

from nstlib.checks.progress import reset

EXERCISES = ("ex01", "ex02", "ex03", "ex04", "ex05", "ex07", "ex09")

__all__ = ["EXERCISES", "all_questions", "reset"]


def all_questions() -> dict:
    """Return every question of the course by its id, in order.

    >>> questions = all_questions()
    >>> len(questions), questions["ex02.gram"].call
    (33, 'gram_matrix(features)')
    """
    import importlib

    modules = [importlib.import_module(f"nstlib.checks.{name}") for name in EXERCISES]
    return {question.id: question for module in modules for question in module.QUESTIONS}
