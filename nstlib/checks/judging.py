"""Judge answers as data: what the reference gave, what each known mistake gave, what the learner's function gave.

Needs numpy alone, so that a grader can call a function in one process and judge its replies in another. Nothing here
calls a function, and a reply's text is only ever shown, never read: the verdict comes from numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product, zip_longest

import numpy as np

__all__ = ["TOLERANCE", "Numbers", "Reply", "Verdict", "judge"]

# Sums of thousands of float32 products in another order differ by about 1e-6; a mistake by far more than 1e-4.
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
FACTORS = tuple(sign * Fraction(2) ** power for power in (0, -1, 1, -2, 2) for sign in (1, -1))
POWERS = (0, -1, 1, -2, 2)


@dataclass(frozen=True)
class Reply:
    """What one call gave.

    status: "value", "nothing" for None, "not attempted", "raised" or "too long". kind: "tensor", "numpy", "list",
    "number", "dict" or another type's name. values: name -> float64 array, the name "" where the answer has no names.
    gradients: for each floating-point input the gradient of the answer's fixed weighted sum, None where none arrives.
    changed: the call altered an input. text: for people; of an exception, what it said and in which line.
    unread: why no numbers could be read from the answer, "" where they could.
    """

    status: str
    kind: str = ""
    dtype: str = ""
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    gradients: tuple[np.ndarray | None, ...] = ()
    changed: bool = False
    text: str = ""
    unread: str = ""


@dataclass(frozen=True)
class Numbers:
    """How a wrong answer differs in the first call where it does: what is said when no known mistake fits.

    missing: names that are missing or not asked for. name, place: where the largest difference is. right: share of
    entries that agree. ratio: answer / expected where one factor explains all entries, and `factor`, that ratio written
    in the call's symbols where one formula fits all calls.
    """

    call: int
    wanted: tuple[int, ...]
    got: tuple[int, ...]
    missing: str = ""
    name: str = ""
    right: float = 0.0
    largest: float = 0.0
    place: tuple[int, ...] = ()
    ratio: float | None = None
    factor: str = ""
    finite: bool = True


@dataclass(frozen=True)
class Verdict:
    """outcome: "correct", "not yet", "not attempted", "raised" or "took too long".

    misconception: the one known mistake whose replies are the answer's, in every call and respect. likely: one whose
    numbers are the answer's, while something besides them differs. faults: what is wrong beside the numbers in that
    call, of "nothing", "kind", "unread", "dtype", "changed", "gradient". call: the first call that shows it.
    """

    outcome: str
    misconception: str | None = None
    likely: str | None = None
    faults: tuple[str, ...] = ()
    numbers: Numbers | None = None
    call: int = 0


def judge(
    expected: Sequence[Reply],
    mistakes: Mapping[str, Sequence[Reply]],
    answer: Sequence[Reply],
    symbols: Sequence[Mapping[str, float]],
    kinds: frozenset[str],
    tolerance: float = 0.0,
) -> Verdict:
    """Judge the replies to the same calls.

    `symbols` holds each call's sizes by name, `kinds` the types an answer may have. Numbers are compared relative to
    the largest of their array, by TOLERANCE of their dtype or by `tolerance`, whichever is wider.
    """
    for status, outcome in (("not attempted", "not attempted"), ("too long", "took too long")):
        if stopped := [call for call, reply in enumerate(answer) if reply.status == status]:
            return Verdict(outcome, call=stopped[0])
    rule, pairs = _Rule(kinds, tolerance), list(zip(expected, answer, strict=True))
    if all(rule.same(*pair) for pair in pairs):
        return Verdict("correct")
    known = {name: list(zip(replies, answer, strict=True)) for name, replies in mistakes.items()}
    for name, twins in known.items():
        if all(rule.same(*twin) for twin in twins) and any(reply.status == "value" for reply in answer):
            return Verdict("not yet", misconception=name)
    if raised := [call for call, reply in enumerate(answer) if reply.status == "raised"]:
        return Verdict("raised", call=raised[0])
    if empty := [call for call, reply in enumerate(answer) if reply.status == "nothing"]:
        return Verdict("not yet", faults=("nothing",), call=empty[0])
    faults = [tuple(rule.faults(*pair)) for pair in pairs]
    first = next((call for call, found in enumerate(faults) if found), 0)
    if all(rule.agree(*pair) for pair in pairs):
        return Verdict("not yet", faults=faults[first], call=first)
    for name, twins in known.items():
        if all(rule.agree(*twin) for twin in twins):
            return Verdict("not yet", likely=name, faults=faults[first], call=first)
    numbers = _numbers(pairs, symbols, rule)
    return Verdict("not yet", faults=faults[numbers.call], numbers=numbers, call=numbers.call)


@dataclass(frozen=True)
class _Rule:
    """When two replies count as alike."""

    kinds: frozenset[str]
    least: float

    def tolerance(self, *replies: Reply) -> float:
        """The widest of the replies' dtypes'; what is no tensor was computed in Python's float64."""
        return max(self.least, *(TOLERANCE.get(reply.dtype, TOLERANCE["float64"]) for reply in replies))

    def agree(self, expected: Reply, answer: Reply) -> bool:
        """Whether both hold the same numbers under the same names."""
        if expected.status != answer.status or answer.unread or set(expected.values) != set(answer.values):
            return False
        tolerance = self.tolerance(expected, answer)
        return all(_close(value, answer.values[name], tolerance) for name, value in expected.values.items())

    def faults(self, expected: Reply, answer: Reply) -> list[str]:
        """What differs beside the numbers."""
        found = []
        if answer.kind != expected.kind and not {answer.kind, expected.kind} <= self.kinds:
            found.append("kind")
        elif answer.unread:
            found.append("unread")
        elif answer.kind == expected.kind == "tensor" and answer.dtype != expected.dtype:
            found.append("dtype")
        if answer.changed != expected.changed:
            found.append("changed")
        if not {"kind", "unread"} & set(found) and any(
            a is not None and b is None for a, b in _gradients(expected, answer)
        ):
            found.append("gradient")
        return found

    def same(self, expected: Reply, answer: Reply) -> bool:
        """Whether both are alike in every respect, gradients included."""
        if not self.agree(expected, answer) or self.faults(expected, answer):
            return False
        tolerance = 10 * self.tolerance(expected, answer)
        pairs = _gradients(expected, answer)
        return all((a is None) == (b is None) and (a is None or _close(a, b, tolerance)) for a, b in pairs)


def _gradients(expected: Reply, answer: Reply) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
    return list(zip_longest(expected.gradients, answer.gradients))


def _close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    """Written so that nan is never close, and so that an entry of 0 is judged by its array's largest."""
    if a.shape != b.shape:
        return False
    scale = np.abs(a).max(initial=0.0)
    return bool((np.abs(a - b) <= tolerance * scale + 1e-30).all())


def _numbers(pairs: Sequence[tuple[Reply, Reply]], symbols: Sequence[Mapping[str, float]], rule: _Rule) -> Numbers:
    call = next(call for call, pair in enumerate(pairs) if not rule.agree(*pair))
    expected, answer = pairs[call]
    if answer.unread:
        return Numbers(call, (), ())
    if names := set(expected.values) ^ set(answer.values):
        return Numbers(call, (), (), missing=", ".join(sorted(map(str, names))))
    for value, other in _both(expected, answer):
        if value.shape != other.shape:
            return Numbers(call, value.shape, other.shape)
        if not np.isfinite(other).all():
            return Numbers(call, value.shape, other.shape, finite=False)
    largest = {name: np.abs(value - answer.values[name]) for name, value in expected.values.items()}
    name = max(largest, key=lambda each: largest[each].max())
    wanted, difference = expected.values[name], largest[name]
    place = tuple(int(index) for index in np.unravel_index(difference.argmax(), difference.shape))
    right = float((difference <= rule.tolerance(expected, answer) * np.abs(wanted).max(initial=0.0)).mean())
    ratios = [_ratio(*pair, rule) for pair in pairs]
    factor = "" if None in ratios else _factor(ratios, symbols)
    return Numbers(
        call, wanted.shape, wanted.shape, "", name, right, float(difference.max()), place, ratios[call], factor
    )


def _both(expected: Reply, answer: Reply) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(value, answer.values[name]) for name, value in expected.values.items()]


def _ratio(expected: Reply, answer: Reply, rule: _Rule) -> float | None:
    """Return the one number that all entries of the answer are times the expected ones, where there is one."""
    if set(expected.values) != set(answer.values):
        return None
    both = _both(expected, answer)
    if any(a.shape != b.shape for a, b in both):
        return None
    a, b = (np.concatenate([pair[side].ravel() for pair in both]) for side in (0, 1))
    if not np.isfinite(b).all() or not a.any():
        return None
    ratio = float(a @ b / (a @ a))
    return ratio if ratio and _close(ratio * a, b, 10 * rule.tolerance(expected, answer)) else None


def _factor(ratios: Sequence[float], symbols: Sequence[Mapping[str, float]]) -> str:
    """Write the ratios of all calls as one product of powers of their symbols, such as 2 / M; "" where none fits."""
    shared = [name for name in symbols[0] if all(name in each for each in symbols)]
    for powers in sorted(product(POWERS, repeat=len(shared)), key=lambda each: sum(map(abs, each))):
        for number in FACTORS:
            tried = [
                float(number)
                * np.prod([each[name] ** float(power) for name, power in zip(shared, powers, strict=True)])
                for each in symbols
            ]
            if np.allclose(tried, ratios, rtol=1e-3, atol=0):
                return _written(number, dict(zip(shared, powers, strict=True)))
    return f"{ratios[0]:.4g}" if np.allclose(ratios, ratios[0], rtol=1e-3, atol=0) else ""


def _written(number: Fraction, powers: Mapping[str, int]) -> str:
    above = [f"{name}²" if power == 2 else name for name, power in powers.items() if power > 0]
    below = [f"{name}²" if power == -2 else name for name, power in powers.items() if power < 0]
    if abs(number.numerator) != 1 or not above:
        above.insert(0, str(number.numerator))
    elif number < 0:
        above[0] = f"−{above[0]}"
    if number.denominator != 1:
        below.insert(0, str(number.denominator))
    under = " ".join(below)
    return " ".join(above).replace("-", "−") + (f" / ({under})" if len(below) > 1 else f" / {under}" if below else "")
