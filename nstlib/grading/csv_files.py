"""Tables as CSV: an instructor's are read, ours hold no formula, and a file is replaced whole or not at all."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from nstlib.files import replacing
from nstlib.grading.escaping import printable

__all__ = ["TableError", "cell", "read", "text", "write"]

# What Excel, LibreOffice and Google Sheets take for the start of a formula, the wide forms of it too.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class TableError(ValueError):
    """A table cannot be read; the message names file and line, and what to write there."""


def cell(value: object) -> str:
    """Return what stands in a cell: numbers as they are, text with control signs shown and no formula at its start."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return f"'{printable(value)}" if value.lstrip(" \u00a0").startswith(FORMULA) else printable(value)


def text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV with a heading, lines ending in a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([cell(each) for each in columns])
    writer.writerows([cell(each) for each in row] for row in rows)
    return out.getvalue()


def read(path: Path, columns: Sequence[str], also: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return a table's rows as dictionaries with `columns`, those of `also` that are there, and "line", a number.

    Takes commas or semicolons (what a spreadsheet program writes depends on its language), UTF-8 with or without BOM,
    and passes over empty rows. Raises TableError.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise TableError(f"{path.name} cannot be read: {fault.strerror}.") from None
    except UnicodeDecodeError:
        raise TableError(f"{path.name} is not in UTF-8. Save it as “CSV UTF-8”.") from None
    first = lines.partition("\n")[0]
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=";" if ";" in first and "," not in first else ",")
    try:
        heading = [each.strip().lower() for each in next(reader, [])]
        if missing := [each for each in columns if each not in heading]:
            raise TableError(
                f"{path.name} has no column {missing[0]!r} in its first line; it has {', '.join(heading) or 'none'}. "
                f"Begin it with {','.join([*columns, *also])}"
            )
        wanted = [each for each in (*columns, *also) if each in heading]
        rows = []
        for row in reader:
            if any(each.strip() for each in row):
                values = dict(zip(heading, row, strict=False))
                rows.append({each: values.get(each, "").strip() for each in wanted} | {"line": reader.line_num})
        return rows
    except csv.Error as fault:
        raise TableError(f"{path.name}, line {reader.line_num}: {fault}. Is it a CSV file?") from None


def write(path: Path, data: str | bytes) -> None:
    """Replace a file: written beside it, forced to the disk, renamed. After a power cut the old or the new is there."""
    whole = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    with replacing(path) as part, part.open("wb") as file:
        file.write(whole)
        file.flush()
        os.fsync(file.fileno())
    if os.name == "posix":  # the name itself; other systems cannot open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
