"""Made-up records of a class, for the tests of what is done with them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from nstlib.grading.instructor import Override, Student

POINTS = {"ex01.unroll": 4, "ex01.content_cost": 6, "ex02.gram": 8}
DUE = datetime(2027, 3, 1, 23, 59)
SHA = "5" * 64


def question(outcome="correct", points=None, name="ex02.gram", **more):
    of = POINTS[name]
    worth = (of if outcome == "correct" else 0) if points is None else points
    verdict = "correct" if outcome == "correct" else "not yet"
    tests = [
        {"id": f"{name}.{n}", "verdict": verdict, "seconds": n / 100, "detail": "", "error_ratio": 0.001, "log": ""}
        for n in (1, 2, 3)
    ]
    return {"outcome": outcome, "misconception": None, "points": worth, "of": of, "tests": tests} | more


def record(student, hours=-1.0, path=None, questions=None, **more):
    answers = {name: question(name=name) for name in POINTS} if questions is None else questions
    return {
        "student": student,
        "path": path or f"{student}/all.ipynb",
        "sha256": SHA,
        "size": 1234,
        "time": (DUE.replace(tzinfo=UTC) + timedelta(hours=hours)).isoformat(),
        "flags": [],
        "questions": answers,
        "ungraded": [],
    } | more


def students(*names):
    return [Student(name, name.title(), f"{name}@example.org") for name in names]


def override(student, name, points, reason="oral exam"):
    return Override(student, name, Decimal(str(points)), reason)
