"""How a wrong answer's numbers differ from the expected ones. Needs numpy alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from nstlib.checks.replies import Reply, Rule, close

FACTORS = tuple(sign * Fraction(2) ** power for power in (0, -1, 1, -2, 2) for sign in (1, -1))
POWERS = (0, -1, 1, -2, 2)


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


def differences(pairs: Sequence[tuple[Reply, Reply]], symbols: Sequence[Mapping[str, float]], rule: Rule) -> Numbers:
    """Describe the first call in which expected and answer differ."""
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


def _ratio(expected: Reply, answer: Reply, rule: Rule) -> float | None:
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
    return ratio if ratio and close(ratio * a, b, 10 * rule.tolerance(expected, answer)) else None


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
