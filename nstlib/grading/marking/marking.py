"""Mark one submission: read it in a child, call each answer in children of its own, and judge what came back here.

What a child says is an answer and never a verdict. Points come from ``judge`` alone, need all of a question's tests,
and are withheld, not given, by what a child claims of itself. What fails through our fault is no verdict at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nstlib.checks.judging.replies import Reply, Rule
from nstlib.checks.judging.verdict import Verdict, judge
from nstlib.grading.bundle.questions import GradedQuestion, Test
from nstlib.grading.runner.runner import Job, Outcome, Runner
from nstlib.grading.sandbox.limits import Limits

__all__ = ["Marks", "Stopped", "mark"]

FLAKY = "nondeterministic"
LATE = Outcome("timeout", "not run")  # a test after one that took too long


@dataclass
class Budget:
    """The seconds that a submission's answers may take together; what others' answers take is not counted."""

    left: float
    go_on: Callable[[], bool] = field(default=lambda: True)

    def spend(self, outcome: Outcome) -> None:
        """Count a job's time, and that of its earlier runs."""
        self.left -= outcome.seconds * (1 + len(outcome.earlier))


class Stopped(Exception):
    """The run was called off: the submission has no marks, and nothing is written of it."""


@dataclass(frozen=True)
class Marks:
    """What a journal holds of a submission. reject: why nothing could be read. ungraded: questions that wait for us."""

    questions: Mapping[str, Mapping]
    warnings: tuple[str, ...] = ()
    reject: str | None = None
    ungraded: tuple[str, ...] = ()


def mark(
    data: bytes,
    asked: Mapping[str, GradedQuestion],
    runner: Runner,
    limits: Limits = Limits(),  # noqa: B008, it is frozen
    go_on: Callable[[], bool] = lambda: True,
) -> Marks:
    """Mark a notebook's bytes. Never raises for what stands in them; raises Stopped once `go_on` says no."""
    budget = Budget(limits.submission, go_on)
    outcome = runner.read(data, {name: each.function for name, each in asked.items()})
    if outcome.status == "infra":
        return Marks({}, ungraded=tuple(asked))
    if outcome.data is None:
        return Marks({}, reject=f"reading_{outcome.status}")
    if outcome.data.reject is not None:
        return Marks({}, outcome.data.warnings, outcome.data.reject)
    questions, ungraded = {}, []
    for name, each in asked.items():
        found = outcome.data.found.get(name)
        if found is None:
            ungraded.append(name)
        elif found.status != "found":
            questions[name] = _entry(found.status, each, warnings=found.warnings)
        else:
            entry = _question(each, found.source, found.warnings, runner, budget, limits)
            questions[name] = entry
            if entry["outcome"] == "infra":
                ungraded.append(name)
    return Marks(questions, outcome.data.warnings, None, tuple(ungraded))


def _question(
    asked: GradedQuestion, source: str, warnings: Sequence[str], runner: Runner, budget: Budget, limits: Limits
) -> dict[str, object]:
    """Run a question's tests, and the first of them twice where all have answers; judge."""
    outcomes: list[Outcome] = []
    for test in asked.tests:
        late = any(each.status == "timeout" for each in outcomes)  # the question's points are lost, more time is not
        outcomes.append(LATE if late else _run(asked, test, source, runner, budget, limits))
    again = outcomes[0]
    if all(each.reply is not None for each in outcomes):
        again = _run(asked, asked.tests[0], source, runner, budget, limits)
    tests = [_test(asked, test, outcome) for test, outcome in zip(asked.tests, outcomes, strict=True)]
    more = {"source": source, "tests": tests, "warnings": tuple(warnings)}
    if "infra" in (again.status, *(each.status for each in outcomes)):
        return _entry("infra", asked, **more)
    if flaky := _judged(asked, asked.tests[:1], [again]).outcome != tests[0]["verdict"] and again.reply is not None:
        more["warnings"] = (*warnings, FLAKY)
    if failed := next((each for each in outcomes if each.reply is None), None):
        return _entry(failed.status, asked, **more)
    verdict = _judged(asked, asked.tests, outcomes)
    details = {each.detail for each in outcomes}
    if "nstlib" in details:
        return _entry(verdict.outcome, asked, "calls-nstlib", **more)
    if verdict.outcome != "correct":
        credit = asked.credit.get(verdict.misconception, 0)
        said = _said(verdict, outcomes[verdict.call].reply)
        return _entry(verdict.outcome, asked, verdict.misconception, credit, said=said, **more)
    if flaky or again.reply is None:
        return _entry("not yet", asked, said=("again",), **more | {"warnings": (*warnings, FLAKY)})
    if asked.by_hand and "autograd" in details:
        return _entry("not yet", asked, "uses-autograd", **more)
    return _entry("correct", asked, None, asked.points, **more)


def _run(asked: GradedQuestion, test: Test, source: str, runner: Runner, budget: Budget, limits: Limits) -> Outcome:
    if not budget.go_on():
        raise Stopped
    if budget.left <= 0:
        return Outcome("timeout", "submission")
    job = Job(asked.function, source, test.arguments, test.gradient, test.cotangent, asked.by_hand)
    outcome = runner.call(job, min(limits.wall, budget.left))
    budget.spend(outcome)
    return outcome


def _judged(asked: GradedQuestion, tests: Sequence[Test], outcomes: Sequence[Outcome]) -> Verdict:
    replies = [each.reply for each in outcomes]
    if any(reply is None for reply in replies):
        return Verdict("not yet")
    mistakes = {name: [test.mistakes[name] for test in tests] for name in tests[0].mistakes}
    symbols, groups = [test.symbols for test in tests], [test.group for test in tests]
    return judge([test.expected for test in tests], mistakes, replies, symbols, asked.kinds, asked.tolerance, groups)


def _test(asked: GradedQuestion, test: Test, outcome: Outcome) -> dict[str, object]:
    verdict = _judged(asked, [test], [outcome]).outcome if outcome.reply is not None else outcome.status
    return {
        "id": test.id,
        "verdict": verdict,
        "seconds": round(outcome.seconds, 4),
        "detail": outcome.detail,
        "error_ratio": _error_ratio(asked, test.expected, outcome.reply),
        "digest": outcome.digest,
        "log": outcome.log,
        "told": outcome.reply.text if outcome.reply else "",
        "retries": list(outcome.earlier),
    }


def _error_ratio(asked: GradedQuestion, expected: Reply, answer: Reply | None) -> float | None:
    """Return the largest error in units of what is allowed, for the list of near misses; None where there is none."""
    if answer is None or answer.unread or answer.status != "value" or set(answer.values) != set(expected.values):
        return None
    allowed, ratio = Rule(asked.kinds, asked.tolerance).tolerance(expected, answer), 0.0
    for name, right in expected.values.items():
        found = answer.values[name]
        if found.shape != right.shape or not np.isfinite(found).all():
            return None
        error = np.abs(found - right).max(initial=0.0)
        ratio = max(ratio, float(error / (allowed * np.abs(right).max(initial=0.0) + 1e-30)))
    return float(f"{ratio:.2g}")


def _said(verdict: Verdict, reply: Reply) -> tuple[str, ...]:
    """Name the bundle's sentences for what is wrong beside the numbers, or for a gradient alone."""
    if verdict.misconception or verdict.outcome != "not yet":
        return ()
    if verdict.faults:
        return tuple(f"kind:{reply.kind}" if fault == "kind" else fault for fault in verdict.faults)
    return () if verdict.numbers else ("gradient differs",)


def _entry(
    outcome: str, asked: GradedQuestion, misconception: str | None = None, points: int = 0, **more: object
) -> dict[str, object]:
    empty = {"source": "", "said": (), "warnings": (), "tests": []}
    return empty | {"outcome": outcome, "misconception": misconception, "points": points, "of": asked.points} | more
