"""``claim``: one line that shows a measured number beside the bound that it must keep."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from nstlib.errors import NstError

DIGITS = 3
ROUNDING = {2: 1e-2, 4: 1e-4, 8: 1e-9}  # bytes of a number: how far two ways to the same one may lie apart, relatively


class ClaimError(NstError, AssertionError):
    """A measured number does not keep the bound that was claimed for it.

    >>> claim("the cost that is left", 0.62, below=1 / 2)
    Traceback (most recent call last):
    nstlib.claims.ClaimError: Expected the cost that is left to be below 0.5, got 0.62: ...
    """


@dataclass(frozen=True)
class Measured:
    """What one call of `claim` was given."""

    what: str
    value: float
    above: float | None
    below: float | None
    kept: bool


@dataclass
class _Recording:
    measured: list[Measured]
    raising: bool


_recordings: list[_Recording] = []  # those under way, the innermost last


def claim(what: str, value: Any, *, above: float | None = None, below: float | None = None, equals: Any = None) -> None:
    """Print ``✓ what: ≈ value`` and its bound; raise ClaimError where the value breaks it, is nan or infinite.

    ``above`` and ``below`` are strict, and may both be given. ``equals`` compares numbers, tensors or arrays of one
    shape up to rounding, which is 1e−9 of the largest entry in float64 and 1e−4 in float32; whole numbers, words and
    lists must be exactly equal. What follows ≈ may differ between machines, all else may not.

    >>> claim("relu1_1 alone leaves of the palette's distance", 0.3127, below=1 / 2)
    ✓ relu1_1 alone leaves of the palette's distance: ≈ 0.313, below 0.5
    >>> claim("numbers in G", 4 * 4, equals=16)
    ✓ numbers in G: 16
    >>> claim("loops and one line", 0.1 + 0.2, equals=0.3)
    ✓ loops and one line: ≈ 0.3, equal up to rounding
    """
    if equals is not None:
        shown, kept, expected = _equality(value, equals)
        if above is not None or below is not None:
            raise NstError("Expected either equals or bounds, got both: make two claims.")
    else:
        value = _number(value)
        shown = f"≈ {three_digits(value)}, {_bounds(above, below)}"
        kept = math.isfinite(value) and (above is None or value > above) and (below is None or value < below)
        expected = f"{_bounds(above, below)}, got {three_digits(value)}"
        for recording_now in _recordings[-1:]:
            recording_now.measured.append(Measured(what, value, above, below, kept))
    if not kept and not (_recordings and not _recordings[-1].raising):
        raise ClaimError(
            f"Expected {what} to be {expected}: if you changed a cell above, this is what your change did. Otherwise "
            "run the notebook again from the top."
        )
    if kept:
        print(f"✓ {what}: {shown}")


@contextmanager
def recording(*, raising: bool = True) -> Iterator[list[Measured]]:
    """Collect what the claims with bounds measure inside a ``with`` block, those that fail included.

    With ``raising=False`` a claim that fails is only recorded.

    >>> with recording(raising=False) as measured:
    ...     claim("a third", 1 / 3, above=1)
    >>> measured[0].what, measured[0].kept
    ('a third', False)
    """
    _recordings.append(_Recording([], raising))
    try:
        yield _recordings[-1].measured
    finally:
        _recordings.pop()


def _equality(value: Any, expected: Any) -> tuple[str, bool, str]:
    """Return what to print, whether the two are equal, and what was expected and given."""
    if not (_inexact(value) or _inexact(expected)):
        value, expected = (_plain(side) for side in (value, expected))
        return f"{value}", bool(value == expected), f"{expected}, got {value}"
    first, second = (_array(side) for side in (value, expected))
    if first.shape != second.shape:
        return "", False, f"of the shape {second.shape}, got {first.shape}"
    size = max(float(np.abs(second).max(initial=0)), 1e-300)
    gap = float(np.abs(first - second).max(initial=0))
    tolerance = max(ROUNDING.get(_bytes(side), 1e-9) for side in (value, expected) if _inexact(side))
    single = f"≈ {three_digits(float(first.flat[0]))}" if first.size == 1 else f"largest entry ≈ {three_digits(size)}"
    found = f"{three_digits(float(second.flat[0]))}, got {three_digits(float(first.flat[0]))}"
    if first.size != 1:
        found = (
            f"equal up to rounding, got a difference of {three_digits(gap)} where the largest is {three_digits(size)}"
        )
    return f"{single}, equal up to rounding", gap <= tolerance * size, found


def _inexact(value: Any) -> bool:
    if isinstance(value, float):
        return True
    dtype = getattr(value, "dtype", None)
    return bool(getattr(dtype, "is_floating_point", getattr(dtype, "kind", "") == "f"))


def _bytes(value: Any) -> int:
    return getattr(getattr(value, "dtype", None), "itemsize", 8)


def _array(value: Any) -> np.ndarray:
    detached = value.detach().cpu().double() if hasattr(value, "detach") else value
    return np.asarray(detached, dtype=np.float64)


def _plain(value: Any) -> Any:
    """Return a tensor or array of whole numbers as lists, which compare and print plainly."""
    return value.tolist() if hasattr(value, "tolist") else value


def _number(value: Any) -> float:
    array = _array(value)
    if array.size != 1:
        raise NstError(f"Expected one number for a bound, got {array.size}: claim the largest or the smallest of them.")
    return float(array.flat[0])


def _bounds(above: float | None, below: float | None) -> str:
    if above is None and below is None:
        raise NstError("Expected a bound, got none: give above=, below= or equals=.")
    if above is not None and below is not None:
        return f"between {three_digits(above)} and {three_digits(below)}"
    return f"above {three_digits(above)}" if below is None else f"below {three_digits(below)}"


def three_digits(number: float) -> str:
    """Write a number with three digits, without an exponent where people do without one.

    >>> three_digits(0.31274), three_digits(12345.6), three_digits(3e-17)
    ('0.313', '12346', '3.00e-17')
    """
    if math.isfinite(number) and (number == 0 or 1e-4 <= abs(number) < 1e7):
        decimals = max(0, DIGITS - 1 - math.floor(math.log10(abs(number)))) if number else 0
        text = f"{number:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{number:.{DIGITS - 1}e}"
