"""Tables as CSV: read what an instructor wrote, write no formulas, replace a file whole or not at all."""

import csv
import io
import math
import os
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from nstlib.errors import NstError
from nstlib.files import replacing
from nstlib.grading.escaping import printable

__all__ = ["TableError", "cell", "delimiter", "number", "read", "require_unique", "text", "write"]

# Where Excel, LibreOffice and Google Sheets see the start of a formula, also in full-width characters.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class TableError(NstError):
    """A table cannot be read; the message names the file and the line, and says what to write there."""


def cell(value: object) -> str:
    """Return a cell's text: numbers as they are, text with its control characters shown and never a formula."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return f"'{printable(value)}" if value.lstrip(" \u00a0").startswith(FORMULA) else printable(value)


def text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV with a heading, each line ended by a line feed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def read(path: Path, columns: Sequence[str], also: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return a table's rows as dictionaries: `columns`, those of `also` that the table has, and "line", a number.

    Takes commas or semicolons (spreadsheet programs write either, by their language) and UTF-8 with or without a byte
    order mark, and skips empty rows. Raises TableError.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise TableError(f"{path.name} cannot be read ({fault.strerror}). Check that you may read it.") from None
    except UnicodeDecodeError:
        raise TableError(f"{path.name} is not in UTF-8. In your spreadsheet program, save it as “CSV UTF-8”.") from None
    first_line = content.partition("\n")[0]
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter(first_line))
    try:
        heading = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in columns if name not in heading]:
            raise TableError(
                f"{path.name}, line 1: expected the column {missing[0]!r}, got {', '.join(heading) or 'no column'}. "
                f"Let the first line be {','.join([*columns, *also])}"
            )
        present = [name for name in (*columns, *also) if name in heading]
        rows = []
        for values in reader:
            if any(value.strip() for value in values):
                row = dict(zip(heading, values, strict=False))
                rows.append({name: row.get(name, "").strip() for name in present} | {"line": reader.line_num})
        return rows
    except csv.Error as fault:
        raise TableError(
            f"{path.name}, line {reader.line_num}: {fault}. Give a CSV file, as a spreadsheet program saves it."
        ) from None


def number(path: Path, row: dict, column: str) -> Decimal:
    """Return a row's number of 0 or more, with a point or a comma; raises TableError."""
    text = row[column].replace(",", ".")  # as a spreadsheet writes it in many languages
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not math.isfinite(number) or number < 0 or number > 10**6:
        raise TableError(
            f"{path.name}, line {row['line']}: expected a number of 0 or more under {column}, got "
            f"{printable(row[column])!r}. Correct it."
        )
    return number


def require_unique(path: Path, keys: list[tuple], rows: list[dict], second: str = "question") -> None:
    """Raise TableError where the student is missing and where two rows have the same key."""
    lines: dict[tuple, int] = {}
    for key, row in zip(keys, rows, strict=True):
        if not key[0]:
            raise TableError(
                f"{path.name}, line {row['line']}: the student is missing. Write the id, or delete the line."
            )
        if key in lines:
            same = "student" if len(key) == 1 else f"student and {second}"
            raise TableError(
                f"{path.name}, line {row['line']} has the same {same} as line {lines[key]}. Delete one of them."
            )
        lines[key] = row["line"]


def delimiter(first_line: str) -> str:
    """Return what stands between a table's columns."""
    return ";" if ";" in first_line and "," not in first_line else ","


def write(path: Path, data: str | bytes) -> None:
    """Replace a file in one step: after a power cut, the old one or the new one is there, and it is whole."""
    content = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    with replacing(path) as part, part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if os.name == "posix":  # so that the new name is on the disk, too; other systems cannot open a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
