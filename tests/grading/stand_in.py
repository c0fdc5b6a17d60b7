"""A marker that needs no child, and so no PyTorch, for tests of everything that happens around marking."""

from collections.abc import Iterable, Mapping

from nstlib.grading.marking.local import Proof
from nstlib.grading.marking.marking import Marks


def mark_by_length(submissions: Iterable, questions: Mapping, limits) -> Iterable:
    """Mark without children: an odd number of bytes is right, an even number is wrong."""
    yield Proof(("rlimits",), (), False)
    for submission in submissions:
        points = {name: question.points if len(submission.data) % 2 else 0 for name, question in questions.items()}
        outcomes = {name: "correct" if points[name] else "not yet" for name in questions}
        entry = {"misconception": None, "message_keys": (), "warnings": (), "source": "x", "tests": []}
        entries = {
            name: entry | {"outcome": outcomes[name], "points": points[name], "of": question.points}
            for name, question in questions.items()
        }
        yield submission, Marks({} if submission.reject else entries, reject=submission.reject)
    yield Proof(("rlimits",), (), False)
