"""Grade a folder of submissions: mark what the journal does not have yet, then write the grades from the journal."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from nstlib.errors import NstError
from nstlib.files import require_folder
from nstlib.grading.bundle import rubric
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.marking import local
from nstlib.grading.marking.local import Proof
from nstlib.grading.marking.marking import Marks
from nstlib.grading.records import gradebook, names, versions
from nstlib.grading.records.gradebook import Row
from nstlib.grading.records.journal import Journal
from nstlib.grading.reports import feedback, report
from nstlib.grading.reports import similar as similarity
from nstlib.grading.reports.report import Run
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions.find import Submission, find

__all__ = ["Graded", "GradingError", "grade", "summary", "write"]

PART = f".{'[0-9a-f]' * 32}.part"  # how nstlib.files names a file that is being written
Marker = Callable[[Iterable[Submission], Mapping, Limits], Iterator]


class GradingError(NstError):
    """The run cannot begin; the message says why and what to do."""


@dataclass(frozen=True)
class Graded:
    """The class's rows, what the report says about the run, and how many submissions this run has marked."""

    rows: Sequence[Row]
    run: Run
    marked_now: int

    def count(self, status: str) -> int:
        """Return how many students have this status."""
        return sum(row.status == status for row in self.rows)

    @property
    def unmarked(self) -> int:
        """How many answers wait for a person's marks."""
        return sum(len(row.unmarked) for row in self.rows)

    @property
    def waits(self) -> bool:
        """Whether an answer waits for the machine."""
        return any(
            answer.points is None and name not in (*row.unmarked, *row.overrides)
            for row in self.rows
            if row.status == "ungraded"
            for name, answer in row.answers.items()
        )

    @property
    def exit_status(self) -> int:
        """0: all graded, 1: something could not be read, or it is not clear whose it is, 2: something waits."""
        return 2 if self.count("ungraded") else 1 if self.count("rejected") or self.whose else 0

    @property
    def whose(self) -> list[str]:
        """The students of whom it is not clear whose work they have."""
        return [row.student for row in self.rows if {"clash", "ambiguous", "spellings"} & set(row.flags)]


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
    similar: bool = False,
    limits: Limits = Limits(),  # noqa: B008, it is frozen
    marker: Marker | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Graded:
    """Grade, and write gradebook.csv, tests.csv, report.html, feedback/ and journal.jsonl into `out`.

    only, exclude: students. force: mark again what is marked already. similar: note answers that are alike. marker:
    marks the submissions, instead of the threads on this machine. progress: called with how many are done, and of how
    many. Raises GradingError, SandboxError, JournalError.
    """
    _require_apart(folder, bundle, out)
    for place in (out, out / "feedback", out / "report"):
        require_folder(place)
    submissions = [replace(submission, data=b"") for submission in find(folder, bundle.roster, limits, pattern)]
    students = _choose_students(submissions, only, exclude)
    environment = versions.environment()
    facts = {
        "bundle": bundle.digest,
        "environment": environment,
        "limits": asdict(limits),
        "weak": weak,
        "bundle_questions": list(bundle.questions),
    }
    keys = {submission.path: _key(submission, facts) for submission in submissions}
    marker = marker or partial(local.mark_submissions, jobs=jobs, weak=weak, apart=(bundle.path, folder, out))
    out.mkdir(parents=True, exist_ok=True)
    with Journal.open(out / "journal.jsonl") as journal:
        marked = set() if force else _marked_paths(journal, keys)
        todo = {submission.path for submission in submissions if submission.student in students} - marked
        progress(0, len(todo))
        done = 0
        if todo:
            waiting = (
                submission for submission in find(folder, bundle.roster, limits, pattern) if submission.path in todo
            )
            for result in marker(waiting, bundle.questions, limits):
                if isinstance(result, Proof):
                    journal.append({"proof": asdict(result)} | facts)
                    continue
                submission, marks = result
                journal.append(_record(submission, marks, _key(submission, facts)) | facts)
                done += 1
                progress(done, len(todo))
        _note_files(journal, submissions, keys)
        records = _records(journal, submissions, keys, bundle)
        rows = gradebook.build(
            records, bundle.roster, bundle.overrides, bundle.policy, bundle.points, bundle.marks, bundle.bonus
        )
        run = summary(journal.records(), bundle, environment)
        run = replace(run, notes=similarity.notes(rows)) if similar else run
        write(out, rows, bundle, run)  # while the journal keeps other graders out
        _add_lines(rows, bundle)
    return Graded(rows, run, done)


def write(out: Path, rows: Sequence[Row], bundle: Bundle, run: Run) -> None:
    """Write everything that people and platforms read, and delete what a run that was killed left half written."""
    for part in (part for place in (out, out / "feedback", out / "report") for part in place.glob(PART)):
        part.unlink()
    gradebook.write(out, rows, bundle.points)
    feedback.write(out / "feedback", rows, bundle.questions, bundle.name)
    report.write(out / "report.html", rows, bundle.questions, run)


def _add_lines(rows: Sequence[Row], bundle: Bundle) -> None:
    """Put each answer that a person has to mark into the sheet of its question."""
    for name in bundle.marks:
        waiting = [row for row in rows if name in row.unmarked]
        answers = [(row.answers[name].line or row.student, row.answers[name].fingerprint) for row in waiting]
        rubric.add_lines(rubric.sheet(bundle.path, name), bundle.questions[name], answers)


def _require_apart(folder: Path, bundle: Bundle, out: Path) -> None:
    """Refuse folders whose files would be read as submissions, or handed to students with the feedback."""
    out_path = out.resolve()
    bundle_path = bundle.path.resolve()
    for option, path in (("--out", out_path), ("--bundle", bundle_path)):
        if path.is_relative_to(folder.resolve()):
            raise GradingError(
                f"{option} {printable(path)} lies in the folder of submissions, and would be read as one. Choose "
                "another folder for it."
            )
    if bundle_path.is_relative_to(out_path) or out_path.is_relative_to(bundle_path):
        raise GradingError(
            f"Of --out {printable(out_path)} and --bundle {printable(bundle_path)}, one lies in the other. Keep the "
            "bundle, which holds the secret, in a folder of its own."
        )


def _choose_students(submissions: Sequence[Submission], only: Sequence[str], exclude: Sequence[str]) -> set[str]:
    students = {submission.student for submission in submissions}
    known = {normalized(student) for student in students}
    if unknown := [student for student in (*only, *exclude) if normalized(student) not in known]:
        some = ", ".join([*map(printable, sorted(students)[:10]), *(["…"] if len(students) > 10 else [])])
        raise GradingError(
            f"--only or --exclude names {printable(unknown[0])!r}, who has no submission. There are those of {some}. "
            "Correct the name."
        )
    included = {normalized(student) for student in only} or known
    excluded = {normalized(student) for student in exclude}
    chosen = {student for student in students if normalized(student) in included - excluded}
    if not chosen:
        raise GradingError("--only and --exclude leave nobody to grade. Leave one of them out.")
    return chosen


def _key(submission: Submission, facts: Mapping) -> str:
    """Return a key that marks keep only for the same bytes, tests, code and limits, and the same kind of jail."""
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


def _marked_paths(journal: Journal, keys: Mapping[str, str]) -> set[str]:
    """Return the paths whose last record has the key of the file that is there now, and left nothing ungraded."""
    marked: set[str] = set()
    for record in journal.records():
        path = record.get("path")
        if path in keys and record.get("key") == keys[path] and not record.get("ungraded"):
            marked.add(path)
        else:
            marked.discard(path)
    return marked


def _records(
    journal: Journal, submissions: Sequence[Submission], keys: Mapping[str, str], bundle: Bundle
) -> Iterator[Mapping]:
    """Yield the records of each file that is there now; the folder, not the journal, says whose it is and of when.

    A file that no run has marked as it is now waits: it does not get the marks of another file of the same name.
    """
    files = {submission.path: submission for submission in submissions}
    pairs = [(submission.sha256, submission.student) for submission in submissions]
    earlier = names.earlier_names(journal.records(), pairs)
    seen = set()
    for record in journal.records():
        path = record.get("path")
        if path in files and record.get("key") == keys[path]:
            seen.add(path)
            known_as = earlier.get(files[path].sha256, ())
            yield {**record, **_from_folder(files[path], record.get("warnings", ())), "known_as": known_as}
    for path, submission in files.items():
        if path not in seen:
            known = _from_folder(submission, (gradebook.LEFT_OUT,))
            yield {"path": path, **known, "questions": {}, "ungraded": list(bundle.points)}


def _note_files(journal: Journal, submissions: Sequence[Submission], keys: Mapping[str, str]) -> None:
    """Write down which files count, and whose they are, for ``merge``; once for the same files."""
    files = [
        {"path": submission.path, "key": keys[submission.path], **_from_folder(submission, ())}
        for submission in submissions
    ]
    last = None
    for record in journal.records():
        last = record.get("files", last)
    if last != files:
        journal.append({"files": files})


def _from_folder(submission: Submission, warnings: Iterable[str]) -> dict:
    return {
        "student": submission.student,
        "time": submission.time.isoformat() if submission.time else None,
        "within": submission.within.isoformat() if submission.within else None,
        "flags": [*submission.flags, *warnings],
    }


def _escapes(proof: Mapping) -> list[str]:
    """Return what a proof found; version 0.1.0 wrote it under another name, and its journals are read, too."""
    return proof["escapes"] if "escapes" in proof else proof["holes"]


def summary(records: Iterable[Mapping], bundle: Bundle, environment: Mapping[str, str]) -> Run:
    """Return what a journal knows of the run: layers that held in all proofs, and what escaped in any of them."""
    proofs = [record["proof"] for record in records if "proof" in record]
    first_layers = proofs[0]["layers"] if proofs else ()
    layers = [layer for layer in first_layers if all(layer in proof["layers"] for proof in proofs)]
    return Run(
        title=bundle.name,
        layers=tuple(layers),
        weak=any(proof["weak"] for proof in proofs),
        escapes=tuple(sorted({escape for proof in proofs for escape in _escapes(proof)})),
        versions=environment,
        bundle=bundle.digest,
    )
