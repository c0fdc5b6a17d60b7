"""Write a factor in a call's symbols: 0.05 as 1 / M where M is 20. Needs numpy alone."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

WHOLE = (1, 2, 4, 3, 8, 9, 16, 36, 81)
NUMBERS = tuple(number for whole in WHOLE for number in dict.fromkeys((Fraction(whole), Fraction(1, whole))))
POWERS = range(-4, 5)
HALVES = (-1, -0.5, 0, 0.5, 1)  # the powers beside a root
CALLS_FOR_ROOTS = 3  # of fewer calls a product with a root may fit by chance
CLOSE = 1e-4
RAISED = {1: "", 2: "²", 3: "³", 4: "⁴"}


def factor(ratios: Sequence[float], symbols: Sequence[Mapping[str, float]]) -> str:
    """Write the ratios of all calls as one product of powers of their symbols; the simplest, "" where none fits.

    A product with a root of a symbol is looked for only where no other fits, without a number before it.

    >>> factor([0.5, 0.25, 0.2], [{"M": 4}, {"M": 16}, {"M": 25}])
    '1 / √M'
    """
    if not all(ratios) or len(set(np.sign(ratios))) > 1:
        return ""
    shared = [name for name in symbols[0] if all(sizes.get(name, 0) > 0 for sizes in symbols)]
    logs = _logs(tuple(tuple(float(sizes[name]) for name in shared) for sizes in symbols))
    wanted = np.log(np.abs(ratios)) - np.log([float(number) for number in NUMBERS])[:, None]
    near = [slice(*np.searchsorted(logs.first, (first - CLOSE, first + CLOSE))) for first in wanted[:, 0]]
    fits = [
        (row, number)
        for number, window in enumerate(near)
        for row in logs.order[window]
        if (np.abs(logs.rows[row] - wanted[number]) < CLOSE).all()
    ]
    sign = int(np.sign(ratios[0]))
    if fits:
        row, number = min(fits)
        return _written(sign * NUMBERS[number], dict(zip(shared, _products(len(shared))[row], strict=True)))
    if len(symbols) >= CALLS_FOR_ROOTS:
        sizes = np.array([[float(sizes[name]) for name in shared] for sizes in symbols]).reshape(len(symbols), -1)
        rows = _roots(len(shared))
        fitting = (np.abs(rows @ np.log(sizes).T - np.log(np.abs(ratios))) < CLOSE).all(1)
        if fitting.any():
            return _written(Fraction(sign), dict(zip(shared, rows[fitting.argmax()], strict=True)))
    return f"{ratios[0]:.4g}".replace("-", "−") if np.allclose(ratios, ratios[0], rtol=CLOSE, atol=0) else ""


class _Logs(NamedTuple):
    """The logarithm of each product, in each call; which rows come in the order of the first call, and these values."""

    rows: np.ndarray
    order: np.ndarray
    first: np.ndarray


@lru_cache(64)
def _logs(sizes: tuple[tuple[float, ...], ...]) -> _Logs:
    rows = _products(len(sizes[0])) @ np.log(np.array(sizes).reshape(len(sizes), -1)).T
    order = rows[:, 0].argsort()
    return _Logs(rows, order, rows[order, 0])


@cache
def _products(count: int) -> np.ndarray:
    """Return all combinations of powers of so many symbols, one a row, the simplest first."""
    combinations = sorted(product(POWERS, repeat=count), key=lambda powers: sum(map(abs, powers)))
    return np.array(combinations, dtype=float).reshape(len(combinations), count)


@cache
def _roots(count: int) -> np.ndarray:
    """Return the short products that hold a root of one of so many symbols, one a row, the simplest first."""
    combinations = [
        powers
        for powers in product(HALVES, repeat=count)
        if any(power % 1 for power in powers) and sum(map(abs, powers)) <= 2
    ]
    combinations.sort(key=lambda powers: sum(map(abs, powers)))
    return np.array(combinations, dtype=float).reshape(len(combinations), count)


def _written(number: Fraction, powers: Mapping[str, float]) -> str:
    above = [_raised(name, power) for name, power in powers.items() if power > 0]
    below = [_raised(name, -power) for name, power in powers.items() if power < 0]
    if abs(number.numerator) != 1 or not above:
        above.insert(0, str(abs(number.numerator)))
    if number.denominator != 1:
        below.insert(0, str(number.denominator))
    under = " ".join(below)
    sign = "−" if number < 0 else ""
    return sign + " ".join(above) + (f" / ({under})" if len(below) > 1 else f" / {under}" if below else "")


def _raised(name: str, power: float) -> str:
    if power == 0.5:
        return f"√{name}"
    base = f"({name})" if len(name) > 1 and power > 1 else name
    return f"{base}{RAISED[power]}"
