"""Put the gradebooks of several runs together, such as one for each week: free days are then counted over the term."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nstlib.errors import NstError
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.escaping import printable
from nstlib.grading.records import gradebook, versions
from nstlib.grading.records.journal import Journal
from nstlib.grading.run import Graded, summary, write

__all__ = ["MergeError", "merge"]


class MergeError(NstError):
    """The runs cannot be put together; the message says why and what to do."""


def merge(out: Path, weeks: Sequence[Path], bundle: Bundle) -> Graded:
    """Write into `out` what one run over all that these runs have graded would give. Nothing is run or marked again.

    weeks: the --out folders of runs with this bundle; where two have the same file, the later one counts. Raises
    MergeError, JournalError.
    """
    if out.resolve() in {week.resolve() for week in weeks}:
        raise MergeError(f"{printable(out)} is one of the runs to put together. Choose another folder for the result.")
    records, journals = [], []
    graded: set[str] = set()
    for week in weeks:
        path = week / "journal.jsonl"
        if not path.is_file():
            raise MergeError(f"{printable(week)} has no journal.jsonl. Give folders that nst grade has written.")
        with Journal.open(path) as journal:
            lines = list(journal.records())
        files = next((line["files"] for line in reversed(lines) if "files" in line), None)
        if files is None:
            raise MergeError(
                f"{printable(path)} does not say which files it counts, as an older version wrote it. Grade that "
                "week again: what it has marked is kept."
            )
        journals.append(lines)
        graded |= {name for line in lines for name in line.get("bundle_questions", ())}
        records += _records(week, lines, files)
    asked = bundle.only(sorted({name.partition(".")[0] for name in graded}))
    rows = gradebook.build(records, asked.roster, asked.overrides, asked.policy, asked.points)
    run = summary([line for lines in journals for line in lines], asked, versions.environment())
    out.mkdir(parents=True, exist_ok=True)
    write(out, rows, asked, run)
    return Graded(rows, run, 0)


def _records(week: Path, lines: Sequence[Mapping], files: Sequence[Mapping]) -> Iterator[Mapping]:
    """Yield the last record of each file that a run counts, with what that run said of it."""
    marked = {(line.get("path"), line.get("key")): line for line in lines if "path" in line}
    for file in files:
        record = marked.get((file["path"], file["key"]))
        if record is not None:
            flags = [*file["flags"], *record.get("warnings", ())]
            yield record | file | {"path": f"{week.name}/{file['path']}", "flags": flags}
