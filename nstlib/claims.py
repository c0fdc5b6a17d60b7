"""``claim``: one line that shows a measured number beside the bound that it must keep."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from nstlib.errors import NstError

DIGITS = 3
LINE = 78  # letters beside JupyterLab's panels in a window of 800 px; it breaks longer lines in the midst of words
LONGEST = "3.36e-15"  # takes the place of each number as lines are measured, so that all machines break the same ones
NEXT_LINE = "\n  "
ROUNDING = {2: 1e-2, 4: 1e-4, 8: 1e-9}  # bytes of a number: how far two ways to the same one may lie apart, relatively


class ClaimError(NstError, AssertionError):
    """A measured number does not keep the bound that was claimed for it.

    >>> claim("the cost that is left", 0.62, below=1 / 2)
    Traceback (most recent call last):
    nstlib.claims.ClaimError: Expected the cost that is left to be below 0.5, got 0.62: ...
    """


@dataclass(frozen=True)
class Measured:
    """What one call of `claim` found: a number with bounds, or anything that had to equal something.

    margin: how far a number is inside its nearest bound, below 0 outside; nan for what had to be equal.
    """

    what: str
    value: Any
    bound: str
    kept: bool
    margin: float


@dataclass
class _Recording:
    measured: list[Measured]
    raising: bool


_recordings: list[_Recording] = []  # those under way, the innermost last


def claim(what: str, value: Any, *, above: float | None = None, below: float | None = None, equals: Any = None) -> None:
    """Print ``✓ what: ≈ value`` and its bound; raise ClaimError where the value breaks it, is nan or infinite.

    ``above`` and ``below`` are strict, and may both be given. ``equals`` compares numbers, tensors or arrays of one
    shape up to rounding, which is 1e−9 of the largest entry in float64 and 1e−4 in float32; whole numbers, words and
    lists must be exactly equal. What follows ≈ may differ between machines, all else may not. What would not fit into
    a line of a narrow page goes on in a second one.

    >>> claim("relu1_1 alone leaves of the palette's distance", 0.3127, below=1 / 2)
    ✓ relu1_1 alone leaves of the palette's distance: ≈ 0.313, below 0.5
    >>> claim("numbers in G", 4 * 4, equals=16)
    ✓ numbers in G: 16
    >>> claim("loops and one line", 0.1 + 0.2, equals=0.3)
    ✓ loops and one line: ≈ 0.3, equal up to rounding
    >>> claim("distance to the photo, started there against started at the painting", 0.475, below=0.7)
    ✓ distance to the photo, started there against started at the painting:
      ≈ 0.475, below 0.7
    """
    if equals is not None and (above is not None or below is not None):
        raise NstError("Expected either equals or bounds, got both: make two claims.")
    margin = math.nan
    if equals is not None:
        kept, shown, bound, given = _equality(value, equals)
    else:
        value = _number(value)
        bound = _bounds(above, below)
        over = math.inf if above is None else value - above
        under = math.inf if below is None else below - value
        margin = min(over, under)
        kept = math.isfinite(value) and margin > 0
        given = three_digits(value)
        shown = f"≈ {given}, {bound}"
    recording_now = _recordings[-1] if _recordings else None
    if recording_now:
        recording_now.measured.append(Measured(what, value, bound, kept, margin))
    if kept:
        print(_line(what, shown))
    elif not recording_now or recording_now.raising:
        raise ClaimError(
            f"Expected {what} to be {bound}, got {given}: if you changed a cell above, this is what your change did. "
            "Otherwise run the notebook again from the top."
        )


def _line(what: str, shown: str) -> str:
    fits = len(f"✓ {what}: {re.sub('≈ [^,]*', f'≈ {LONGEST}', shown)}") <= LINE
    return f"✓ {what}:{' ' if fits else NEXT_LINE}{shown}"


@contextmanager
def recording(*, raising: bool = True) -> Iterator[list[Measured]]:
    """Collect what the claims inside a ``with`` block measure, those that fail included.

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


def _equality(value: Any, expected: Any) -> tuple[bool, str, str, str]:
    """Return whether the two are equal, what to print if so, what was expected, and what was given."""
    if not (_inexact(value) or _inexact(expected)):
        value, expected = (_plain(side) for side in (value, expected))
        return bool(value == expected), f"{value}", f"{expected}", f"{value}"
    first, second = (_array(side) for side in (value, expected))
    if first.shape != second.shape:
        return False, "", f"of the shape {second.shape}", f"{first.shape}"
    size = max(float(np.abs(second).max(initial=0)), 1e-300)
    gap = float(np.abs(first - second).max(initial=0))
    equal = gap <= size * max(ROUNDING.get(_bytes(side), 1e-9) for side in (value, expected) if _inexact(side))
    if first.size == 1:
        given, wanted = (three_digits(float(side.flat[0])) for side in (first, second))
        return equal, f"≈ {given}, equal up to rounding", wanted, given
    largest = three_digits(size)
    given = f"a difference of {three_digits(gap)} where the largest entry is {largest}"
    return equal, f"all entries equal up to rounding, the largest ≈ {largest}", "equal up to rounding", given


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


def three_digits(number: float, digits: int = DIGITS) -> str:
    """Write a number with three digits, or as many as given, without an exponent where people do without one.

    >>> three_digits(0.31274), three_digits(12345.6), three_digits(3e-17)
    ('0.313', '12346', '3.00e-17')
    """
    if math.isfinite(number) and (number == 0 or 1e-4 <= abs(number) < 1e7):
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(number)))) if number else 0
        text = f"{number:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{number:.{digits - 1}e}"
