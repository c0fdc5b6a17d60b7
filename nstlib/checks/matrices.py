"""Small numbers as a learner would write them: matrices side by side, each under its name, in plain text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

import numpy as np
import torch

from nstlib.checks.judging.replies import Reply, some
from nstlib.checks.reading import described
from nstlib.checks.results import Block

__all__ = ["WIDEST", "beside_or_below", "side_by_side", "work"]

MOST = 36  # numbers in a matrix that is shown
GIVEN = 18  # numbers in an argument that is shown
ROW = 8  # numbers of a row that stands for a larger array
FEWEST = 4  # digits of a number; more where two that differ would look alike
MOST_DIGITS = 17  # of a float64
WIDEST = 68  # characters in a line, which a page of 800 pixels has room for


def work(names: Sequence[str], arguments: Sequence, answer: Reply, expected: Reply, first: int = 0) -> Block | None:
    """Show a call's arguments beside what came back and what was expected; None where nothing can be compared.

    Where the arguments are too large they are left out, and of a large answer the row with the largest difference is
    shown. first: of what has three dimensions, which matrix is shown.

    >>> F = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]])
    >>> wrong, right = (np.array([[5.0, 2.0], [2.0, strength]]) for strength in (9, 10))
    >>> print(work(["F"], [F], *(Reply("value", "tensor", "float32", {"": G}) for G in (wrong, right))))
    F            your answer    expected
    1   0   2    5   2          5    2
    0   3   1    2   9          2   10
    """
    if answer.unread or answer.status != "value" or not answer.values:
        return None
    if set(answer.values) != set(expected.values) or (len(expected.values) > 1 and _are_numbers(answer, expected)):
        orders = _in_their_orders(names, arguments)
        return Block("\n\n".join([*orders, _by_name(answer.values, expected.values)]))
    given = [_given(name, value) for name, value in zip(names, arguments, strict=True)]
    most = max((value.size for columns in given for value in columns.values()), default=0)
    given = [columns for columns in given if columns] if most <= GIVEN else []
    for shown in _compared(answer.values, expected.values):
        if any(value.squeeze().ndim == 3 for value in shown.values()):
            groups, shown = [_layer(columns, first) for columns in given], _layer(shown, first)
        else:
            groups = [_maps(columns) for columns in given]
        together = {name: value for columns in groups for name, value in columns.items()}
        below = [{name: value} for name, value in shown.items()]
        digits = dict.fromkeys(shown, _digits(*shown.values()))
        packed = _packed(groups)
        beside = [[together | shown], [together, shown], [*packed, shown], [*packed, *below]] if groups else []
        alone = [[shown], below] if any(value.ndim for value in shown.values()) or not groups else []
        for lines in (*beside, *alone):
            blocks = [side_by_side(columns, digits) for columns in lines]
            if blocks and all(block and max(map(len, block.splitlines())) <= WIDEST for block in blocks):
                return Block("\n\n".join(blocks))
    return None


def _packed(groups: Sequence[Mapping[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """Put as many of the groups as fit into each line."""
    lines: list[dict[str, np.ndarray]] = []
    for columns in groups:
        block = side_by_side(lines[-1] | columns) if lines else None
        if block and max(map(len, block.splitlines())) <= WIDEST:
            lines[-1] |= columns
        else:
            lines.append(dict(columns))
    return lines


def _in_their_orders(names: Sequence[str], arguments: Sequence) -> list[str]:
    """Write dictionaries of numbers beside each other, each in its own order, where there are several."""
    columns = [
        [name, *(f"{key}: {_number(number)}" for key, number in argument.items())]
        for name, argument in zip(names, arguments, strict=True)
        if isinstance(argument, dict) and argument and all(isinstance(number, float) for number in argument.values())
    ]
    if len(columns) < 2:
        return []
    widths = [max(map(len, column)) for column in columns]
    rows = zip_longest(*columns, fillvalue="")
    return ["\n".join("    ".join(map(str.ljust, row, widths)).rstrip() for row in rows)]


def _are_numbers(*replies: Reply) -> bool:
    return not any(value.ndim for reply in replies for value in reply.values.values())


def _given(name: str, argument) -> dict[str, np.ndarray]:
    """Return an argument's arrays by their names: a tensor, those of a dictionary, or the weights of a network."""
    if isinstance(argument, torch.Tensor):
        return {name: argument.detach().double().numpy()}
    if not isinstance(argument, dict):
        return {}
    if layers := described(argument):
        weights = {layer: weight for layer, kind, weight, _ in layers if kind == "conv"}
        return {f"weights of {layer}": weight.double().numpy() for layer, weight in weights.items()}
    tensors = {key: value for key, value in argument.items() if isinstance(value, torch.Tensor)}
    return {f"{name}[{key}]": value.detach().double().numpy() for key, value in tensors.items()}


def _compared(answer: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """Give what can be set side by side, the array that differs most first; last, of each array, the row that does.

    An array of another shape differs most of all.
    """
    apart = {
        name: float("inf") if value.shape != answer[name].shape else np.abs(value - answer[name]).max(initial=0.0)
        for name, value in expected.items()
    }
    order = [name for name in sorted(apart, key=lambda name: -apart[name]) if apart[name]]
    for name in order:
        of = f"[{name}]" if name else ""
        yield {f"your answer{of}": answer[name], f"expected{of}": expected[name]}
    for name in order:
        a, b = answer[name], expected[name]
        if a.shape == b.shape and a.ndim > 1:
            *row, place = np.unravel_index(np.abs(a - b).argmax(), a.shape)
            begin = max(0, min(int(place) - ROW // 2, a.shape[-1] - ROW))
            some = (*row, slice(begin, begin + ROW))
            cut = f"{begin}:{begin + ROW}" if a.shape[-1] > ROW else ":"
            of = ", ".join([*([name] if name else []), *map(str, row), cut])
            yield {f"your answer[{of}]": a[some][:, None], "expected": b[some][:, None]}


def _layer(columns: Mapping[str, np.ndarray], first: int) -> dict[str, np.ndarray]:
    """Take one matrix of what has several; a matrix that belongs to all of them stays."""
    several = {name for name, value in columns.items() if value.ndim > 2 and len(value) > first}
    return {
        f"{name}[{first}]" if name in several else name: value[first] if name in several else value
        for name, value in columns.items()
    }


def _maps(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Take apart what has several filters on a map of two dimensions, filter by filter."""
    parts = {
        name: {f"{name}[{number}]": part for number, part in enumerate(value)}
        if value.squeeze().ndim == 3
        else {name: value}
        for name, value in columns.items()
    }
    return {name: value for part in parts.values() for name, value in part.items()}


def beside_or_below(columns: Mapping[str, np.ndarray]) -> Block | None:
    """Write arrays as matrices side by side or, where a line would be too long, below each other."""
    block = side_by_side(columns)
    if block is None or max(map(len, block.splitlines())) <= WIDEST:
        return block
    return Block("\n\n".join(side_by_side({name: value}) for name, value in columns.items()))


def side_by_side(columns: Mapping[str, np.ndarray], digits: Mapping[str, int] | None = None) -> Block | None:
    """Write each array as a matrix under its name; None where one is too large or has more than two long dimensions.

    digits: how many the numbers of an array have at most, where that is not FEWEST.
    """
    texts = []
    for name, value in columns.items():
        matrix = _matrix(value)
        if matrix is None:
            return None
        texts.append([name, *_rows(matrix, (digits or {}).get(name, FEWEST))])
    height = max(map(len, texts))
    widths = [max(map(len, text)) for text in texts]
    lines = []
    for row in range(height):
        cells = [text[row] if row < len(text) else "" for text in texts]
        lines.append("    ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    return Block("\n".join(lines))


def _by_name(answer: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> Block:
    """Write a line for each name: its number, or the sizes of its array, and a dash where it is not.

    Of the names that are not asked for there are a few.
    """
    unasked = sorted(name for name in answer if name not in expected)
    shown, more = some(unasked)
    names = {**{name: name for name in expected}, **dict(zip(unasked, shown, strict=False))}
    pairs = [(answer[name], value) for name, value in expected.items() if name in answer]
    digits = max((_digits(*pair) for pair in _most_apart(pairs)), default=FEWEST)
    rows = [["", "your answer", "expected"]]
    rows += [[text, *(_entry(side.get(name), digits) for side in (answer, expected))] for name, text in names.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["    ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return Block("\n".join([*lines, *([f"and {more} more"] if more else [])]))


def _most_apart(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the pair of numbers with the largest difference, none where there are no two finite numbers."""
    numbers = [pair for pair in pairs if pair[0].shape == pair[1].shape == () and np.isfinite(pair).all()]
    return sorted(numbers, key=lambda pair: float(abs(pair[0] - pair[1])))[-1:]


def _digits(answer: np.ndarray, expected: np.ndarray) -> int:
    """Return how many digits show the largest difference between two arrays, FEWEST or more."""
    if answer.shape != expected.shape or not answer.size or not np.isfinite([answer, expected]).all():
        return FEWEST
    place = np.unravel_index(np.abs(answer - expected).argmax(), answer.shape)
    mine, right = float(answer[place]), float(expected[place])
    return next((d for d in range(FEWEST, MOST_DIGITS) if _number(mine, d) != _number(right, d)), MOST_DIGITS)


def _entry(value: np.ndarray | None, digits: int) -> str:
    if value is None:
        return "–"
    return " × ".join(map(str, value.shape)) or _number(float(value), digits)


def _matrix(value: np.ndarray) -> np.ndarray | None:
    """Return the array with two dimensions at most, without those of size 1; None if that cannot be."""
    if not 0 < value.size <= MOST:
        return None
    if value.ndim > 2:
        value = value.reshape([size for size in value.shape if size > 1])
    return None if value.ndim > 2 else np.atleast_2d(value)


def _rows(matrix: np.ndarray, digits: int) -> list[str]:
    cells = [[_number(float(number), digits) for number in row] for row in matrix]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return ["   ".join(map(str.rjust, row, widths)) for row in cells]


def _number(number: float, digits: int = FEWEST) -> str:
    return f"{number:.{digits}g}".replace("-", "−")
