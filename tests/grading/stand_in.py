"""A marker that needs no child, and so no PyTorch: for tests of all that happens around marking."""

from collections.abc import Iterable, Mapping

from nstlib.grading.marking.local import Proof
from nstlib.grading.marking.marking import Marks


def made_up(submissions: Iterable, asked: Mapping, limits) -> Iterable:
    """Mark without children: what decides is in the bytes."""
    yield Proof(("rlimits",), (), False)
    for submission in submissions:
        points = {name: each.points if len(submission.data) % 2 else 0 for name, each in asked.items()}
        words = {name: "correct" if points[name] else "not yet" for name in asked}
        entry = {"misconception": None, "said": (), "warnings": (), "source": "x", "tests": []}
        questions = {
            name: entry | {"outcome": words[name], "points": points[name], "of": each.points}
            for name, each in asked.items()
        }
        yield submission, Marks({} if submission.reject else questions, reject=submission.reject)
    yield Proof(("rlimits",), (), False)
