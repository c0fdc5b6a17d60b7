"""Small numbers as a learner would write them: matrices side by side, each under its name, in plain text."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from nstlib.checks.judging.replies import Reply
from nstlib.checks.results import Block

__all__ = ["side_by_side", "work"]

MOST = 24  # numbers in a matrix that is shown
WIDEST = 88  # characters in a line


def work(names: Sequence[str], arguments: Sequence, answer: Reply, expected: Reply, first: int = 0) -> Block | None:
    """Show a call's arguments beside what came back and what was expected; None where they are too large for that.

    first: of what has three dimensions, which matrix is shown.

    >>> F = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]])
    >>> wrong, right = (np.array([[5.0, 2.0], [2.0, strength]]) for strength in (9, 10))
    >>> print(work(["F"], [F], *(Reply("value", "tensor", "float32", {"": G}) for G in (wrong, right))))
    F            your answer    expected
    1   0   2    5   2          5    2
    0   3   1    2   9          2   10
    """
    if answer.unread or answer.status != "value" or not answer.values or set(answer.values) != set(expected.values):
        return None
    if len(answer.values) > 1:
        return _by_name(answer.values, expected.values)
    tensors = {name: value for name, value in zip(names, arguments, strict=True) if isinstance(value, torch.Tensor)}
    given = {name: value.detach().double().numpy() for name, value in tensors.items() if value.numel() <= MOST // 2}
    if len(given) < len(tensors):
        given = {}
    shown = {"your answer": next(iter(answer.values.values())), "expected": next(iter(expected.values.values()))}
    if any(value.squeeze().ndim == 3 for value in shown.values()):
        given, shown = _layer(given, first), _layer(shown, first)
    alone = [shown] if any(value.ndim for value in shown.values()) else []
    for lines in ([given | shown], [given, *alone] if given and alone else [], alone):
        blocks = [side_by_side(columns) for columns in lines]
        if blocks and all(block and max(map(len, block.splitlines())) <= WIDEST for block in blocks):
            return Block("\n\n".join(blocks))
    return None


def _layer(columns: Mapping[str, np.ndarray], first: int) -> dict[str, np.ndarray]:
    """Take one matrix of what has several; a matrix that belongs to all of them stays."""
    several = {name for name, value in columns.items() if value.ndim > 2 and len(value) > first}
    return {
        f"{name}[{first}]" if name in several else name: value[first] if name in several else value
        for name, value in columns.items()
    }


def side_by_side(columns: Mapping[str, np.ndarray]) -> Block | None:
    """Write each array as a matrix under its name; None where one is too large or has more than two long dimensions."""
    texts = []
    for name, value in columns.items():
        matrix = _matrix(value)
        if matrix is None:
            return None
        texts.append([name, *_rows(matrix)])
    height = max(map(len, texts))
    widths = [max(map(len, text)) for text in texts]
    lines = []
    for row in range(height):
        cells = [text[row] if row < len(text) else "" for text in texts]
        lines.append("    ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    return Block("\n".join(lines))


def _by_name(answer: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> Block | None:
    if any(value.ndim for value in (*answer.values(), *expected.values())):
        return None
    rows = [["", "your answer", "expected"]]
    rows += [[name, _number(float(answer[name])), _number(float(value))] for name, value in expected.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return Block("\n".join("    ".join(map(str.ljust, row, widths)).rstrip() for row in rows))


def _matrix(value: np.ndarray) -> np.ndarray | None:
    """Return the array with two dimensions at most, without those of size 1; None if that cannot be."""
    if not 0 < value.size <= MOST:
        return None
    if value.ndim > 2:
        value = value.reshape([size for size in value.shape if size > 1])
    return None if value.ndim > 2 else np.atleast_2d(value)


def _rows(matrix: np.ndarray) -> list[str]:
    cells = [[_number(float(number)) for number in row] for row in matrix]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return ["   ".join(map(str.rjust, row, widths)) for row in cells]


def _number(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")
