"""Invented records of a class, for tests of what is made of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from nstlib.checks.judging.replies import Reply
from nstlib.grading.bundle.classroom import Override, Student
from nstlib.grading.bundle.questions import GradedQuestion, Test
from nstlib.grading.records.outcomes import OUTCOMES, WAITING

POINTS = {"ex01.unroll": 4, "ex01.content_cost": 6, "ex02.gram": 8}
DUE = datetime(2027, 3, 1, 23, 59)
SHA = "5" * 64


def question(outcome="correct", points=None, name="ex02.gram", **more):
    most = POINTS[name]
    worth = (most if outcome == "correct" else 0) if points is None else points
    verdict = "correct" if outcome == "correct" else "not yet"
    tests = [
        {"id": f"{name}.{n}", "verdict": verdict, "seconds": n / 100, "detail": "", "error_ratio": 0.001, "log": ""}
        for n in (1, 2, 3)
    ]
    return {"outcome": outcome, "misconception": None, "points": worth, "of": most, "tests": tests} | more


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


# Questions with hidden tests, whose numbers and words can be recognised wherever they leak

SECRET = 987654
MISTAKES = {"ex01.unroll": ("transposed",), "ex01.content_cost": ("no-half", "mean"), "ex02.gram": ("divided-by-M",)}


def graded_questions():
    return {name: _graded_question(name) for name in POINTS}


def _graded_question(name):
    function = name.partition(".")[2]
    messages = {
        "called": f"We called `{function}(features)` with 9 filters.",
        "correct": f"{name} is as it shall be.",
        "not attempted": "This is still the stub.",
        "gradient differs": "The numbers are right, but their gradient is not.",
        "calls-nstlib": "Your function asks nstlib.",
        "uses-autograd": "Your function asks autograd.",
        "hint": "What are the rows of `F`?",
        "reread": "lesson 02, section 1",
        "nothing": "Nothing came back (`None`).",
        "kind:list": "Your answer is a list.",
    }
    return GradedQuestion(
        id=name,
        function=function,
        call=f"{function}(features)",
        points=POINTS[name],
        kinds=frozenset({"tensor"}),
        tolerance=1e-4,
        by_hand=False,
        credit=dict.fromkeys(MISTAKES[name], 0),
        messages=messages | {f"mistake:{id}": f"Every entry shows {id}: 30 = M." for id in MISTAKES[name]},
        tests=tuple(_test(name, number) for number in (1, 2, 3)),
    )


def _test(name, number):
    value = np.array([[SECRET + 0.5, -SECRET]])
    reply = Reply("value", "tensor", "float64", {"": value})
    return Test(
        id=f"{name}.{number}",
        arguments=(value,),
        gradient=(0,),
        cotangent=value,
        symbols={"M": SECRET},
        words=f"We called it with {SECRET} positions.",
        expected=reply,
        mistakes=dict.fromkeys(MISTAKES[name], reply),
    )


# A class in which everything happens


def a_class(points=POINTS, mistakes=MISTAKES):
    """Return records, class list and overrides of thirty students, with every outcome, status and kind of flag."""
    names = list(points)
    outcomes = [*OUTCOMES, "a word on no list"]
    roster = [Student(f"s{n:02}", f"{FIRST[n % 10]} {LAST[n // 10]}") for n in range(30)]
    records = [_record(student.id, n, names, points, mistakes, outcomes) for n, student in enumerate(roster[:26])]
    records[3]["flags"], records[4]["flags"] = ["nondeterministic"], ["a flag of another day"]
    records[5]["questions"][names[0]]["warnings"] = ["after_check"]
    records[11]["questions"][names[0]] = _entry(names[0], "jailed", points, error="PermissionError: x")
    records[12]["questions"][names[0]] = _entry(names[0], "raised", points, error="NameError: name 'K'")
    records[13]["questions"][names[0]] = _entry(names[0], "not yet", points, warnings=["check_said_right"])
    records[6]["questions"][names[0]]["tests"][0] |= {"error_ratio": 0.7}
    records[7] |= {"questions": {}, "reject": "not_json"}
    records[8] |= {"questions": {}, "reject": "a reason of another day"}
    records[9]["ungraded"] = [names[-1]]
    records += [
        record("guest", questions={names[0]: _entry(names[0], "correct", points)}),
        record(None, path="somebody (1).ipynb", flags=["no_student"], questions={}),
    ]
    return records, roster, [override("s10", names[-1], 5.5), override("s28", names[0], 2)]


FIRST = ("Anna", "Ben", "Chidi", "Dörte", "Emre", "Fatima", "Guo", "Hélène", "Ivan", "Jun")
LAST = ("Archer", "van der Berg", "Przybyszewska-Özdemir")


def _record(student, n, names, points, mistakes, outcomes):
    entries = {}
    for index, name in enumerate(names):
        odd = (n * 7 + index * 3) % 5 == 0
        outcome = outcomes[(n + index) % len(outcomes)] if odd else "correct" if (n + index) % 4 else "not yet"
        known = mistakes[name][n % len(mistakes[name])] if outcome == "not yet" and n % 3 else None
        entries[name] = _entry(name, outcome, points, misconception=known)
    return record(student, hours=30.0 if n % 9 == 2 else -1.0, questions=entries)


def _entry(name, outcome, points, **more):
    right = outcome == "correct"
    tests = [
        {"id": f"{name}.{n}", "verdict": "correct" if right or n == 1 else outcome, "detail": "", "log": LOG}
        | {"error_ratio": 0.002 if right or n == 1 else None}
        for n in (1, 2, 3)
    ]
    tests = tests if outcome not in ("missing", "syntax", "infra", "ungraded") else []
    source = f"def {name.partition('.')[2]}(features):\n    F = features.flatten(1)\n    return F @ F.T  # {outcome}\n"
    worth = points[name] if right else None if outcome in ("infra", "ungraded", *WAITING) else 0
    entry = {"outcome": outcome, "points": worth, "of": points[name], "tests": tests, "source": source}
    return entry | {"misconception": None} | more


LOG = "features torch.Size([3, 4, 5])\nF torch.Size([3, 20])\n"
