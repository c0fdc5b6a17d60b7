"""Run one answer again and say all about it: for the instructor who wonders why it earned nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from nstlib.errors import NstError
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.marking.marking import mark
from nstlib.grading.records import outcomes
from nstlib.grading.reports.attention import FLAGS, REJECTED
from nstlib.grading.runner.runner import Runner
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions.find import find

__all__ = ["RerunError", "rerun"]

LOG = 4_000  # characters shown of what was printed


class RerunError(NstError):
    """There is no such student or question; the message says which there are."""


def rerun(folder: Path, bundle: Bundle, student: str, question: str, *, pattern: str = "", weak: bool = False) -> str:
    """Return what becomes of one answer in each file of a student, with the traceback from inside the jail.

    Nothing is written, and no mark changes. Raises RerunError, SandboxError, SubmissionsError.
    """
    if question not in bundle.questions:
        raise RerunError(f"The bundle has no question {question!r}. It has {', '.join(bundle.questions)}: give one.")
    limits = Limits()
    wanted = normalized(student)
    found = [one for one in find(folder, bundle.roster, limits, pattern) if normalized(one.student) == wanted]
    if not found:
        raise RerunError(f"{printable(student)!r} has no submission in {printable(folder)}. Correct the name.")
    pieces = []
    with Runner(limits, weak=weak) as runner:
        for submission in found:
            pieces.append(printable(submission.path))
            if submission.reject:
                pieces.append(REJECTED.get(submission.reject, submission.reject))
                continue
            marks = mark(submission.data, bundle.questions, Traced(runner), limits, only=[question])
            pieces += _say(marks, question)
    return "\n".join(pieces)


@dataclass
class Traced:
    """A runner whose children print the traceback of what they raise."""

    runner: Runner

    def __getattr__(self, name: str):
        """Return what the runner has."""
        return getattr(self.runner, name)

    def call(self, job, wall=None):
        """Call an answer."""
        return self.runner.call(replace(job, trace=True), wall)


def _say(marks, question: str) -> Iterator[str]:
    if marks.reject:
        yield REJECTED.get(marks.reject, marks.reject)
        return
    entry = marks.questions.get(question, {"outcome": "ungraded"})
    points = "" if entry.get("points") is None else f", {entry['points']} of {entry['of']} points"
    yield f"  {question}: {outcomes.label(entry['outcome'])}{points}"
    for warning in entry.get("warnings", ()):
        if warning in FLAGS:
            yield f"  {FLAGS[warning]}"
    for test in entry.get("tests", ()):
        verdict = outcomes.label(test["verdict"])
        ratio = "" if test["error_ratio"] is None else f", error {test['error_ratio']:.2g} of the tolerance"
        yield f"  {test['id']}: {verdict}{ratio} {test['detail']}".rstrip()
    log = next((test["log"] for test in entry.get("tests", ()) if test["log"]), b"")
    if log:
        text = log.decode("utf-8", "replace")
        yield "\n".join(f"    {line}" for line in printable(text, lines=True, most=LOG).splitlines())
