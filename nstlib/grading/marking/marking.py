"""Mark one submission: read it in a child, call each answer in children of its own, and judge here what they reply.

One process calls every answer for its first test, as the notebook comes to it. Then all tests of an answer have a
process, and if its replies settle the verdict, and the first is the same in both, they count. Else the first test has
processes of its own; and where that does not agree with the one of all tests either, each test has one.

A child's reply is an answer and never a verdict. Points come from ``judge`` alone, and need all of a question's tests.
What a child claims about itself can cost points, but never earn any. Where the grader fails there is no verdict at all.
"""

import builtins
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from nstlib.checks.judging.properties import measured
from nstlib.checks.judging.replies import Reply, Rule
from nstlib.checks.judging.verdict import Verdict, judge, known_mistake, outcome_of
from nstlib.grading.bundle.questions import GradedQuestion, Test
from nstlib.grading.records.outcomes import BY_HAND, WAITING
from nstlib.grading.runner.runner import Job, Outcome, Runner
from nstlib.grading.sandbox.answers import Extract, Reading, Run
from nstlib.grading.sandbox.limits import Limits

__all__ = ["Marks", "Stopped", "mark"]

FLAKY = "nondeterministic"
RAISED = ("raised", *WAITING)
NO_VERDICT = (*WAITING, "absent")  # of a reply that says nothing about the answer
CELLS = 2.0  # the seconds that the cells may take together, in units of those of the answers
BROKEN = {status: f"together_{status}" for status in ("exited", "killed", "protocol")}  # of a process with all tests
UNLIKE = "together_wrong"  # wrong in a process with all tests, and right in each test's own
NOT_RUN = Outcome("timeout", "not run")  # of a test after one that took too long


@dataclass
class Budget:
    """The seconds that a submission's answers may take together, and its cells, without waiting.

    go_on: whether the run goes on.
    """

    left: float
    cells: float
    go_on: Callable[[], bool] = field(default=lambda: True)

    def spend(self, outcome: Outcome) -> None:
        """Take off a job's time, once for each of its runs."""
        self.left -= outcome.seconds * (1 + len(outcome.earlier))
        self.cells -= outcome.before * (1 + len(outcome.earlier))


class Stopped(Exception):
    """The run was called off: the submission has no marks, and nothing is written about it."""


@dataclass(frozen=True)
class Marks:
    """What the journal keeps of a submission.

    questions: an entry each. reject: why nothing could be read. ungraded: questions that the grader failed to grade.
    """

    questions: Mapping[str, Mapping]
    warnings: tuple[str, ...] = ()
    reject: str | None = None
    ungraded: tuple[str, ...] = ()


def mark(
    data: bytes,
    questions: Mapping[str, GradedQuestion],
    runner: Runner,
    limits: Limits = Limits(),  # noqa: B008, it is frozen
    go_on: Callable[[], bool] = lambda: True,
    only: Collection[str] = (),
) -> Marks:
    """Mark a notebook's bytes. Never raises for what they hold; raises Stopped once `go_on` says no.

    only: the questions to mark, while the cells are run for all `questions`; every question if empty.
    """
    budget = Budget(limits.submission, CELLS * limits.submission, go_on)
    outcome = runner.read(data, {name: question.function for name, question in questions.items()})
    if outcome.status == "infra":
        return Marks({}, ungraded=tuple(questions))
    if outcome.data is None:
        return Marks({}, reject=f"reading_{outcome.status}")
    if outcome.data.reject is not None:
        return Marks({}, outcome.data.warnings, outcome.data.reject)
    reading = outcome.data
    notebook = _run_cells(reading, questions, runner, budget)
    if notebook is None:
        return Marks({}, reading.warnings, ungraded=tuple(questions))
    called = {name: question for name, question in questions.items() if not only or name in only}
    firsts = _call_firsts(called, notebook, runner, budget, limits)
    entries = {}
    ungraded = []
    for name, question in questions.items():
        if only and name not in only:
            continue
        answer = reading.answers.get(name)
        if answer is None:
            ungraded.append(name)
        elif question.criteria and answer.status in BY_HAND:
            text = {"source": answer.source, "digest": answer.digest, "cut": answer.cut}
            entries[name] = _entry(answer.status, question, points=None, **text)
        elif answer.status != "found":
            entries[name] = _entry(answer.status, question, warnings=answer.warnings)
        else:
            entries[name] = _mark_question(question, answer, notebook, runner, budget, limits, firsts.get(name))
            entries[name] |= {"shape": answer.shape, "size": answer.size}
            if entries[name]["points"] is None:
                ungraded.append(name)
    return Marks(entries, reading.warnings, None, tuple(ungraded))


@dataclass(frozen=True)
class Notebook:
    """A notebook, and what a first run of all its cells has found.

    seconds: of that run, None where it sent no reply. stuck: it did not come to its end in time.
    """

    reading: Reading
    run: Run
    seconds: float | None = None
    stuck: bool = False


def _run_cells(
    reading: Reading, questions: Mapping[str, GradedQuestion], runner: Runner, budget: Budget
) -> Notebook | None:
    """Run the cells once; None where the grader fails. A notebook that ends its process is run answer by answer."""
    asked = {
        name: (questions[name].function, answer.stop)
        for name, answer in reading.answers.items()
        if answer.status == "found"
    }
    if not asked:
        return Notebook(reading, Run({}))
    outcome = runner.run(reading.cells, asked, reading.clean)
    if outcome.status == "infra":
        return None
    run = outcome.data or Run(dict.fromkeys(asked, True))
    seconds = None if outcome.data is None else outcome.seconds
    return Notebook(reading, run, seconds, stuck=outcome.status == "timeout")


def _call_firsts(
    questions: Mapping[str, GradedQuestion], notebook: Notebook, runner: Runner, budget: Budget, limits: Limits
) -> dict[str, Outcome]:
    """Call every answer for its first test, in one process; return what replied, by question.

    That spares most answers a process. It is no more than a second opinion: points need a process of the answer's own,
    and where an earlier answer has spoilt this one, or ended it, the first test gets one, too.
    """
    run = notebook.run
    found = {name: answer for name, answer in notebook.reading.answers.items() if run.found.get(name)}
    asked = sorted(set(found) & set(questions), key=lambda name: (found[name].stop, name))
    if len(asked) < 2 or notebook.seconds is None or any(run.skip.values()):  # what is left out depends on the answer
        return {}
    jobs = [_job(questions[name], found[name], notebook, questions[name].tests[0]) for name in asked]
    outcomes = _call_each(jobs, min(limits.wall + 2 * notebook.seconds, budget.left), runner, budget)
    pairs = zip(asked, outcomes, strict=True)
    return {name: each for name, each in pairs if each.reply and each.reply.status not in NO_VERDICT}


def _mark_question(
    question: GradedQuestion,
    answer: Extract,
    notebook: Notebook,
    runner: Runner,
    budget: Budget,
    limits: Limits,
    second: Outcome | None,
) -> dict[str, object]:
    """Run a question's tests, and judge; where each has a reply, the first of them runs in a second process, too.

    second: how the first test ended in a process with those of other questions, if it has run there.
    """
    if notebook.stuck:
        return _entry("stuck", question, points=None, source=answer.source, warnings=answer.warnings)
    if not notebook.run.found.get(question.id):
        outcome = "syntax" if "no_python" in answer.warnings else "absent"
        return _entry(outcome, question, source=answer.source, warnings=answer.warnings)
    call = partial(_run_test, question, answer, notebook, runner, budget, limits)
    run_together = partial(_run_together, question, answer, notebook, runner, budget, limits)
    together = run_together(second) if second else []
    settled = bool(second) and _settle(question, second, together)
    if settled:
        outcomes, again = together, second
    else:
        first = call(question.tests[0])
        together = together or run_together(first)
        settled = _settle(question, first, together)
        outcomes = [first, *(together[1:] if settled else _run_tests(question, call, first))]
        if "stuck" in [outcome.status for outcome in outcomes]:
            return _entry("stuck", question, points=None, source=answer.source, warnings=answer.warnings)
        vary = _vary(question, first, together)
        again = together[0] if settled or vary else first
        # Two processes agree as a rule; where the one with other answers did not, a third opinion of its own is asked
        if not vary and (second or not settled) and all(outcome.reply is not None for outcome in outcomes):
            again = call(question.tests[0])
    left_out = notebook.run.skip.get(question.id)
    flags = [flag for flag in notebook.run.flags if flag != "cell_too_long" or left_out]
    broken = [BROKEN[outcome.status] for outcome in together[:1] if outcome.status in BROKEN]
    entry = _conclude(question, answer.source, (*answer.warnings, *flags, *broken), outcomes, again)
    if entry["outcome"] == "correct":
        unlike = (UNLIKE,) if together and together[0].reply and not settled else ()
        known = tuple(warning for warning in entry["warnings"] if warning != "check_said_right")
        entry["warnings"] = known + unlike
    return entry | _error(outcomes, answer, notebook)


PLACE = re.compile(r"in cell (\d{1,4}), line (\d{1,4})(?:: |$)")
ERRORS = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)


def _error(outcomes: Sequence[Outcome], answer: Extract, notebook: Notebook) -> dict[str, str]:
    """Return what was raised: `error` for the instructor, and `where` for the student, which quotes no child.

    An answer could write what it was given into an exception's message, name and line. So a student sees the name only
    if it is one of Python's own, and the line only if it stands in the answer's cell.
    """
    raised = [outcome.reply for outcome in outcomes if outcome.reply and outcome.reply.status in RAISED]
    if not raised or not raised[0].text:
        return {}
    text = raised[0].text
    name, place = text.partition(":")[0], PLACE.match(text.splitlines()[-1])
    kind = name if name in ERRORS else "An error"
    cell, line = (int(place[1]), int(place[2])) if place else (0, 0)
    cells = notebook.reading.cells
    own = 0 < cell <= len(cells) and cells[cell - 1].strip() == answer.source.strip()
    in_it = own and 0 < line <= len(cells[cell - 1].splitlines())
    return {"error": text, "where": f"{kind} in line {line} of the answer's cell" if in_it else kind}


def _run_tests(question: GradedQuestion, call: Callable[[Test], Outcome], first: Outcome) -> list[Outcome]:
    """Run each test but the first, until one takes too long: then the points are lost, and the rest is not run."""
    outcomes = [first]
    for test in question.tests[1:]:
        timed_out = any(outcome.status == "timeout" for outcome in outcomes)
        outcomes.append(NOT_RUN if timed_out else call(test))
    return outcomes[1:]


def _run_together(
    question: GradedQuestion,
    answer: Extract,
    notebook: Notebook,
    runner: Runner,
    budget: Budget,
    limits: Limits,
    first: Outcome,
) -> list[Outcome]:
    """Run all tests in one process, if time allows; return how they ended, nothing where they were not run."""
    wall = min(limits.wall, budget.left)
    status = first.reply.status if first.reply else "absent"
    too_slow = 2 * first.seconds * len(question.tests) > wall or budget.cells <= 0
    if status in NO_VERDICT or too_slow or len(question.tests) < 2:
        return []
    return _call_each([_job(question, answer, notebook, test) for test in question.tests], wall, runner, budget)


def _call_each(jobs: Sequence[Job], wall: float, runner: Runner, budget: Budget) -> list[Outcome]:
    """Call answers in one process, on the submission's time."""
    if not budget.go_on():
        raise Stopped
    outcomes = runner.call_each(jobs, wall)
    for outcome in outcomes:
        budget.spend(outcome)
    return outcomes


def _settle(question: GradedQuestion, first: Outcome, together: Sequence[Outcome]) -> bool:
    """Return whether the replies of one process settle what the answer is.

    They do where all tests are passed, where each reply is that of one known mistake, and where the answer cannot be
    called. Points need the right number for each test. Yet an answer may be right here only because an earlier call set
    something up, such as a global: that is accepted, since the notebook's own check calls it for all its cases in one
    process, too. What an answer loses here, as one that counts its calls may, the tests in processes of their own give
    back.
    """
    replies = [outcome.reply for outcome in (first, *together)]
    if not together or any(reply is None or reply.status != first.reply.status for reply in replies):
        return False
    expected, mistakes, answer = _measured(question, question.tests, together)
    rule = Rule(question.kinds, question.tolerance)
    settled = first.reply.status != "value" or known_mistake(mistakes, answer, rule) is not None
    settled = settled or all(map(rule.same, expected, answer))
    return settled and not _vary(question, first, together)


def _vary(question: GradedQuestion, first: Outcome, together: Sequence[Outcome]) -> bool:
    """Return whether the first test, which is the first call in both processes, has ended in two ways."""
    if not together or first.reply is None or together[0].reply is None:
        return False
    return _verdict(question, question.tests[0], first) != _verdict(question, question.tests[0], together[0])


def _conclude(
    question: GradedQuestion, source: str, warnings: Sequence[str], outcomes: Sequence[Outcome], again: Outcome
) -> dict[str, object]:
    """Return a question's entry; `again`: how the first test ended when it was run a second time."""
    tests = [_test_entry(question, test, outcome) for test, outcome in zip(question.tests, outcomes, strict=True)]
    more = {"source": source, "tests": tests, "warnings": tuple(warnings)}
    if "infra" in (again.status, *(outcome.status for outcome in outcomes)):
        return _entry("infra", question, points=None, **more)
    for status in NO_VERDICT:
        if any(outcome.reply is not None and outcome.reply.status == status for outcome in outcomes):
            return _entry(status, question, points=None if status in WAITING else 0, **more)
    flaky = again.reply is not None and _verdict(question, question.tests[0], again) != tests[0]["verdict"]
    if flaky:
        more["warnings"] = (*warnings, FLAKY)
    if failed := next((outcome for outcome in outcomes if outcome.reply is None), None):
        return _entry(failed.status, question, **more)
    verdict = _judge(question, outcomes)
    details = {outcome.detail for outcome in outcomes}
    if "nstlib" in details:
        return _entry(verdict.outcome, question, "calls-nstlib", **more)
    if verdict.outcome != "correct":
        credit = question.credit.get(verdict.misconception, 0)
        message_keys = _message_keys(verdict, outcomes[verdict.call].reply)
        return _entry(verdict.outcome, question, verdict.misconception, credit, message_keys=message_keys, **more)
    if flaky or again.reply is None:
        return _entry("not yet", question, message_keys=("again",), **more | {"warnings": (*warnings, FLAKY)})
    if question.by_hand and "autograd" in details:
        return _entry("not yet", question, "uses-autograd", **more)
    return _entry("correct", question, None, question.points, **more)


def _run_test(
    question: GradedQuestion,
    answer: Extract,
    notebook: Notebook,
    runner: Runner,
    budget: Budget,
    limits: Limits,
    test: Test,
) -> Outcome:
    if not budget.go_on():
        raise Stopped
    if budget.left <= 0:
        return Outcome("timeout", "submission")
    if budget.cells <= 0:
        return Outcome("stuck")
    outcome = runner.call(_job(question, answer, notebook, test), min(limits.wall, budget.left))
    budget.spend(outcome)
    return outcome


def _job(question: GradedQuestion, answer: Extract, notebook: Notebook, test: Test) -> Job:
    return Job(
        question.function,
        notebook.reading.cells[: answer.stop + 1],
        test.arguments,
        test.gradient,
        test.cotangent,
        question.by_hand,
        question.id,
        notebook.run.skip.get(question.id, ()),
        notebook.reading.clean,
    )


def _judge(question: GradedQuestion, outcomes: Sequence[Outcome]) -> Verdict:
    """Judge the replies to all tests."""
    symbols = [test.symbols for test in question.tests]
    groups = [test.group for test in question.tests]
    expected, mistakes, answer = _measured(question, question.tests, outcomes)
    return judge(expected, mistakes, answer, symbols, question.kinds, question.tolerance, groups)


def _verdict(question: GradedQuestion, test: Test, outcome: Outcome) -> str:
    """Return what became of one test, in a word."""
    if outcome.reply is None or outcome.reply.status in NO_VERDICT:
        return outcome.reply.status if outcome.reply else outcome.status
    return outcome_of(*_measured(question, [test], [outcome]), question.kinds, question.tolerance)


def _measured(
    question: GradedQuestion, tests: Sequence[Test], outcomes: Sequence[Outcome]
) -> tuple[list[Reply], dict[str, list[Reply]], list[Reply]]:
    """Return the expected, the known mistakes' and the answer's replies as they are compared."""

    def seen(replies: Iterable[Reply]) -> list[Reply]:
        pairs = zip(tests, replies, strict=True)
        return [measured(question.property, test.arguments, reply) for test, reply in pairs]

    mistakes = {name: seen(test.mistakes[name] for test in tests) for name in tests[0].mistakes}
    return seen(test.expected for test in tests), mistakes, seen(outcome.reply for outcome in outcomes)


def _test_entry(question: GradedQuestion, test: Test, outcome: Outcome) -> dict[str, object]:
    return {
        "id": test.id,
        "verdict": _verdict(question, test, outcome),
        "seconds": round(outcome.seconds, 4),
        "detail": outcome.detail,
        "error_ratio": _error_ratio(question, test.expected, outcome.reply),
        "digest": outcome.digest,
        "log": outcome.log,
        "text": outcome.reply.text if outcome.reply else "",
        "retries": list(outcome.earlier),
    }


def _error_ratio(question: GradedQuestion, expected: Reply, answer: Reply | None) -> float | None:
    """Return the largest error as a multiple of the allowed one, for the list of near misses; None without numbers."""
    if answer is None or answer.unread or answer.status != "value" or set(answer.values) != set(expected.values):
        return None
    allowed = Rule(question.kinds, question.tolerance).tolerance(expected, answer)
    ratio = 0.0
    for name, right in expected.values.items():
        value = answer.values[name]
        if value.shape != right.shape or not np.isfinite(value).all():
            return None
        error = np.abs(value - right).max(initial=0.0)
        ratio = max(ratio, float(error / (allowed * np.abs(right).max(initial=0.0) + 1e-30)))
    return float(f"{ratio:.2g}")


def _message_keys(verdict: Verdict, reply: Reply) -> tuple[str, ...]:
    """Return the keys of the bundle's sentences on what is wrong, beside the numbers, or on the gradient alone."""
    if verdict.misconception or verdict.outcome != "not yet":
        return ()
    if verdict.faults:
        return tuple(f"kind:{reply.kind}" if fault == "kind" else fault for fault in verdict.faults)
    return () if verdict.numbers else ("gradient differs",)


def _entry(
    outcome: str, question: GradedQuestion, misconception: str | None = None, points: int | None = 0, **more: object
) -> dict[str, object]:
    empty = {"source": "", "message_keys": (), "warnings": (), "tests": []}
    return empty | {"outcome": outcome, "misconception": misconception, "points": points, "of": question.points} | more
