"""Put the gradebooks of several runs together, such as one for each week: free days are then counted over the term."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nstlib.errors import NstError
from nstlib.files import require_folder, same_file
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.records import gradebook, names, versions
from nstlib.grading.records.journal import Journal
from nstlib.grading.run import Graded, summary, write

__all__ = ["MergeError", "merge"]


class MergeError(NstError):
    """The runs cannot be put together; the message says why and what to do."""


def merge(out: Path, weeks: Sequence[Path], bundle: Bundle) -> Graded:
    """Write into `out` what one run over all that these runs have graded would give. Nothing is run or marked again.

    Without a class list, a name that was guessed in two weeks counts as two students, and is asked about. weeks: the
    --out folders of runs with this bundle. Raises MergeError, JournalError.
    """
    if any(same_file(out, week) for week in weeks):
        raise MergeError(f"{printable(out)} is one of the runs to put together. Choose another folder for the result.")
    require_folder(out)
    records, lines_of_all = [], []
    graded: set[str] = set()
    for week in weeks:
        lines, files = _read(week)
        _require_same_tests(week, lines, bundle)
        lines_of_all += lines
        graded |= {name for line in lines for name in line.get("bundle_questions", ())}
        records += _records(week, lines, files)
    asked = bundle.only(sorted({name.partition(".")[0] for name in graded}))
    told_apart = _told_apart(records, bundle)
    rows = gradebook.build(
        told_apart, asked.roster, asked.overrides, asked.policy, asked.points, asked.marks, asked.bonus
    )
    run = summary(lines_of_all, asked, versions.environment())
    out.mkdir(parents=True, exist_ok=True)
    write(out, rows, asked, run)
    return Graded(rows, run, 0)


def _read(week: Path) -> tuple[list[Mapping], list[Mapping]]:
    """Return a journal's records, and the files that its last run counts."""
    path = week / "journal.jsonl"
    if not path.is_file():
        raise MergeError(f"{printable(week)} has no journal.jsonl. Give folders that nst grade has written.")
    with Journal.open(path) as journal:
        lines = list(journal.records())
    files = next((line["files"] for line in reversed(lines) if "files" in line), None)
    if files is None:
        raise MergeError(
            f"{printable(path)} does not say which files it counts, as an older version wrote it. Grade that week "
            "again: what it has marked is kept."
        )
    return lines, files


def _require_same_tests(week: Path, lines: Sequence[Mapping], bundle: Bundle) -> None:
    """Refuse a run with other hidden tests, whose points mean something else."""
    last = next((line for line in reversed(lines) if "bundle_questions" in line), None)
    if last is None:
        return
    exercises = sorted({name.partition(".")[0] for name in last["bundle_questions"]})
    asked = bundle.only(exercises)
    if asked.digest != last["bundle"] or set(asked.questions) - set(last["bundle_questions"]):
        raise MergeError(
            f"{printable(week)} was graded with another bundle, or before a question was added to rubric.csv. Give its "
            "own bundle, or grade that week again."
        )


def _records(week: Path, lines: Sequence[Mapping], files: Sequence[Mapping]) -> Iterator[dict]:
    """Yield the last record of each file that a run counts, with what that run said of it; one not marked yet waits."""
    marked = {(line.get("path"), line.get("key")): line for line in lines if "path" in line}
    pairs = [(marked.get((file["path"], file["key"]), {}).get("sha256"), file["student"]) for file in files]
    earlier = names.earlier_names(lines, pairs)
    questions = next((line["bundle_questions"] for line in reversed(lines) if "bundle_questions" in line), ())
    for file in files:
        record = marked.get((file["path"], file["key"]), {"questions": {}, "ungraded": list(questions)})
        left_out = () if "path" in record else (gradebook.LEFT_OUT,)
        flags = [*file["flags"], *record.get("warnings", ()), *left_out]
        more = {"flags": flags, "week": str(week), "known_as": earlier.get(record.get("sha256"), ())}
        yield {**record, **file, "path": f"{week}/{file['path']}", **more}


def _told_apart(records: Sequence[dict], bundle: Bundle) -> Iterator[dict]:
    """Yield the records; a name that was guessed in two weeks, and is in no class list, may be two students'."""
    roster = {normalized(student.id) for student in bundle.roster}
    weeks: dict[str, set[str]] = defaultdict(set)
    spellings: dict[str, set[str]] = defaultdict(set)
    guessed: set[str] = set()
    for record in records:
        key = normalized(record["student"] or "")
        weeks[key].add(record["week"])
        spellings[key].add(unicodedata.normalize("NFC", record["student"] or ""))
        guessed |= {key} if {"guessed", "clash", "ambiguous"} & set(record["flags"]) else set()
    for record in records:
        key = normalized(record["student"] or "")
        unsure = key in guessed or len(spellings[key]) > 1
        if key and key not in roster and unsure and len(weeks[key]) > 1:
            record = record | {
                "student": f"{record['student']} ({record['week']})",
                "told_apart": record["student"],
                "flags": [*record["flags"], "clash"],
            }
        yield record
