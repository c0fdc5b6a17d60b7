"""Grade a folder of submissions: mark what the journal does not have, then write grades from journal and bundle."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.marking import local
from nstlib.grading.marking.local import Proof
from nstlib.grading.marking.marking import Marks
from nstlib.grading.records import gradebook, versions
from nstlib.grading.records.gradebook import Row
from nstlib.grading.records.journal import Journal
from nstlib.grading.reports import feedback, report
from nstlib.grading.reports.report import Run
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions.find import Submission, find

__all__ = ["Graded", "GradingError", "grade"]

PART = f".{'[0-9a-f]' * 32}.part"  # as nstlib.files names them
Marker = Callable[[Iterable[Submission], Mapping, Limits], Iterator]


class GradingError(ValueError):
    """The run cannot begin; the message says why and what to do."""


@dataclass(frozen=True)
class Graded:
    """The class's rows, the run as the report tells it, and how many submissions were marked now, not before."""

    rows: Sequence[Row]
    run: Run
    marked: int

    def count(self, status: str) -> int:
        """Return how many students have this status."""
        return sum(row.status == status for row in self.rows)

    @property
    def exit_status(self) -> int:
        """0 all graded, 1 something could not be read, 2 something waits for the next run."""
        return 2 if self.count("ungraded") else 1 if self.count("rejected") else 0


def grade(
    folder: Path,
    bundle: Bundle,
    out: Path,
    *,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    force: bool = False,
    jobs: int = 2,
    weak: bool = False,
    pattern: str = "",
    limits: Limits = Limits(),  # noqa: B008, it is frozen
    marker: Marker | None = None,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Graded:
    """Grade, and write gradebook.csv, tests.csv, report.html, feedback/ and journal.jsonl into `out`.

    only, exclude: students. force: mark again what is marked. marker: marks submissions elsewhere than on this
    machine. told: called with how many are done, of how many. Raises GradingError, SandboxError, JournalError.
    """
    _require_apart(folder, bundle, out)
    listed = [replace(each, data=b"") for each in find(folder, bundle.roster, limits, pattern)]
    wanted = _wanted(listed, only, exclude)
    environment = versions.environment()
    facts = {"bundle": bundle.digest, "environment": environment, "limits": asdict(limits), "weak": weak}
    facts["asked"] = list(bundle.asked)
    keys = {each.path: _key(each, facts) for each in listed}
    apart = (bundle.path, folder, out)
    marker = marker or (
        lambda these, asked, within: local.marked(these, asked, within, jobs=jobs, weak=weak, apart=apart)
    )
    out.mkdir(parents=True, exist_ok=True)
    with Journal.open(out / "journal.jsonl") as journal:
        valid = set() if force else _valid(journal, keys)
        todo = {each.path for each in listed if each.student in wanted} - valid
        told(0, len(todo))
        done = 0
        if todo:
            these = (each for each in find(folder, bundle.roster, limits, pattern) if each.path in todo)
            for found in marker(these, bundle.asked, limits):
                if isinstance(found, Proof):
                    journal.append({"proof": asdict(found)} | facts)
                    continue
                submission, marks = found
                journal.append(_record(submission, marks, _key(submission, facts)) | facts)
                done += 1
                told(done, len(todo))
        rows = gradebook.build(
            _records(journal, listed, keys, bundle), bundle.roster, bundle.overrides, bundle.policy, bundle.points
        )
        run = _run(journal, bundle, environment)
        write(out, rows, bundle, run)  # while the journal keeps other graders out
    return Graded(rows, run, done)


def write(out: Path, rows: Sequence[Row], bundle: Bundle, run: Run) -> None:
    """Write all that is read by people and platforms, and remove what a run that was killed left half written."""
    for part in (*out.glob(PART), *(out / "feedback").glob(PART)):
        part.unlink()
    gradebook.write(out, rows, bundle.points)
    feedback.write(out / "feedback", rows, bundle.asked, bundle.name)
    report.write(out / "report.html", rows, bundle.asked, run)


def _require_apart(folder: Path, bundle: Bundle, out: Path) -> None:
    """Refuse places that would be read as submissions, or handed to students with the feedback."""
    places = {"--out": out.resolve(), "--bundle": bundle.path.resolve()}
    for name, place in places.items():
        if place.is_relative_to(folder.resolve()):
            raise GradingError(
                f"{name} {printable(place)} lies in the folder of submissions. Choose another place for it."
            )
    if places["--bundle"].is_relative_to(places["--out"]) or places["--out"].is_relative_to(places["--bundle"]):
        raise GradingError("--out and --bundle lie in each other. Keep the bundle, and its secret, apart.")


def _wanted(listed: Sequence[Submission], only: Sequence[str], exclude: Sequence[str]) -> set[str]:
    students = {each.student for each in listed}
    known = {normalized(each) for each in students}
    if unknown := [each for each in (*only, *exclude) if normalized(each) not in known]:
        some = ", ".join(printable(each) for each in sorted(students)[:10])
        raise GradingError(f"There is no submission of {printable(unknown[0])!r}. There are those of {some} …")
    chosen, left_out = {normalized(each) for each in only}, {normalized(each) for each in exclude}
    wanted = {
        each for each in students if (not chosen or normalized(each) in chosen) and normalized(each) not in left_out
    }
    if not wanted:
        raise GradingError("--only and --exclude leave nobody to grade. Leave one of them out.")
    return wanted


def _key(submission: Submission, facts: Mapping) -> str:
    """Return what tells whether marks are of these bytes, by these tests, this code, and this jail."""
    parts = [submission.sha256, submission.reject, facts]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _record(submission: Submission, marks: Marks, key: str) -> dict:
    return {
        "student": submission.student,
        "path": submission.path,
        "sha256": submission.sha256,
        "size": submission.size,
        "time": submission.time,
        "flags": submission.flags,
        "key": key,
        "reject": marks.reject,
        "warnings": marks.warnings,
        "questions": dict(marks.questions),
        "ungraded": marks.ungraded,
    }


def _valid(journal: Journal, keys: Mapping[str, str]) -> set[str]:
    """Return the paths whose last record is of the same bytes, tests and versions, and left nothing ungraded."""
    valid: set[str] = set()
    for record in journal.records():
        path = record.get("path")
        if path in keys and record.get("key") == keys[path] and not record.get("ungraded"):
            valid.add(path)
        else:
            valid.discard(path)
    return valid


def _records(
    journal: Journal, listed: Sequence[Submission], keys: Mapping[str, str], bundle: Bundle
) -> Iterator[Mapping]:
    """Give the last record of each file that is there now; whose and of when it is, the folder says, not the journal.

    A file that no run has marked as it is now waits: marks of another file of the same name are not its marks.
    """
    files = {each.path: each for each in listed}
    seen = set()
    for record in journal.records():
        path = record.get("path")
        if path in files and record.get("key") == keys[path]:
            seen.add(path)
            yield {**record, **_now(files[path], record.get("warnings", ()))}
    for path, each in files.items():
        if path not in seen:
            yield {"path": path, **_now(each, (gradebook.LEFT_OUT,)), "questions": {}, "ungraded": list(bundle.points)}


def _now(submission: Submission, warnings: Iterable[str]) -> dict:
    return {
        "student": submission.student,
        "time": submission.time.isoformat() if submission.time else None,
        "flags": [*submission.flags, *warnings],
    }


def _run(journal: Journal, bundle: Bundle, environment: Mapping[str, str]) -> Run:
    """Tell of the run what the journal knows: what held in all of its proofs, and what did not in any."""
    proofs = [record["proof"] for record in journal.records() if "proof" in record]
    layers = [each for each in (proofs[0]["layers"] if proofs else ()) if all(each in one["layers"] for one in proofs)]
    return Run(
        title=bundle.name,
        layers=tuple(layers),
        weak=any(each["weak"] for each in proofs),
        escapes=tuple(sorted({escape for each in proofs for escape in each["escapes"]})),
        versions=environment,
        bundle=bundle.digest,
    )
