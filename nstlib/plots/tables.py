"""Numbers in rows and columns."""

from collections.abc import Mapping

from nstlib.claims import three_digits
from nstlib.errors import NstError


class Table:
    """A table that a notebook draws from Markdown.

    >>> Table(["layer", "cost"], [["relu1_1", "0.28"]])
    | layer | cost |
    |---|---:|
    | relu1_1 | 0.28 |
    """

    def __init__(self, columns: list[str], lines: list[list[str]]) -> None:
        self.columns = columns
        self.lines = lines

    def __repr__(self) -> str:
        rule = "|---|" + "---:|" * (len(self.columns) - 1)
        rows = [f"| {' | '.join(cells)} |" for cells in (self.columns, *self.lines)]
        return "\n".join([rows[0], rule, *rows[1:]])

    def _repr_markdown_(self) -> str:
        return repr(self)


def table(rows: Mapping[str, Mapping[str, object]], corner: str = "") -> Table:
    """Show numbers, with three digits, or words: a row for each name, columns named as in the first row.

    `corner` names the rows. Raises NstError for no rows and for rows of unequal names.

    >>> table({"relu1_1": {"cost": 0.2831, "filters": 16}}, "layer")
    | layer | cost | filters |
    |---|---:|---:|
    | relu1_1 | 0.283 | 16 |
    """
    columns = list(next(iter(rows.values()))) if isinstance(rows, Mapping) and rows else []
    if not columns or any(list(row) != columns for row in rows.values()):
        raise NstError('Expected rows with the same names, got others: pass {"relu1_1": {"cost": 1.0}, …}.')
    return Table([corner, *columns], [[name, *map(_cell, row.values())] for name, row in rows.items()])


def _cell(value: object) -> str:
    if isinstance(value, str | int):
        return str(value)
    return three_digits(float(value))
