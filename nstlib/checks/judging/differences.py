"""How a wrong answer's numbers differ from the expected ones. Needs numpy alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nstlib.checks.judging.factors import factor
from nstlib.checks.judging.replies import Reply, Rule, close, some

NEARLY = 1e-3  # relative: what lies nearer than this and is not right comes of an ε, a finite difference, or few digits


@dataclass(frozen=True)
class Numbers:
    """How a wrong answer differs in the first call where it does.

    wanted, got: the shapes. missing, unasked: names that do not come back, and that are not asked for. name, index: the
    entry with the largest difference, or the first that is not finite; expected, given: the two numbers there. right:
    share of entries that agree. agreeing: how many calls do. ratio: answer / expected where one factor explains all
    entries, and `factor`, that ratio written in the call's symbols where one formula fits all calls. each_ratio: every
    call has one such ratio. factors: the formula for each group of calls that has a wrong one. apart: the largest
    difference in any call, in units of the call's largest expected entry. nearly: that is too small for a mistake in
    the formula.
    """

    call: int
    wanted: tuple[int, ...] = ()
    got: tuple[int, ...] = ()
    missing: str = ""
    unasked: str = ""
    finite: bool = True
    name: str = ""
    index: tuple[int, ...] | None = None
    expected: float = 0.0
    given: float = 0.0
    right: float = 0.0
    agreeing: int = 0
    ratio: float | None = None
    factor: str = ""
    each_ratio: bool = False
    factors: Mapping[str, str] = field(default_factory=dict)
    apart: float = 1.0
    nearly: bool = False


def differences(
    pairs: Sequence[tuple[Reply, Reply]], symbols: Sequence[Mapping[str, float]], rule: Rule, groups: Sequence[str] = ()
) -> Numbers | None:
    """Describe the first call in which expected and answer differ; None where all calls agree."""
    wrong = [call for call, pair in enumerate(pairs) if not rule.agree(*pair)]
    if not wrong:
        return None
    wrong.sort(key=lambda call: _is_finite(pairs[call][1]))  # nan says more than any number
    expected, answer = pairs[wrong[0]]
    numbers = Numbers(wrong[0], agreeing=len(pairs) - len(wrong))
    if answer.unread or {expected.status, answer.status} != {"value"}:
        return numbers
    wanted, got = set(expected.values), set(answer.values)
    if wanted != got:
        missing, unasked = map(_listed, (wanted - got, got - wanted))
        return replace(numbers, missing=missing, unasked=unasked)
    for name, value in expected.values.items():
        other = answer.values[name]
        if value.shape != other.shape:
            finite = bool(np.isfinite(other).all())
            return replace(numbers, wanted=value.shape, got=other.shape, name=name, finite=finite)
        if not np.isfinite(other).all():
            index = tuple(int(position) for position in np.argwhere(~np.isfinite(other))[0])
            place = {"name": name, "index": index, "expected": float(value[index]), "given": float(other[index])}
            return replace(numbers, wanted=value.shape, got=other.shape, finite=False, **place)
    apart = max((_apart(*pair) for pair in pairs), default=1.0)
    if apart < max(NEARLY, 10 * rule.least):  # no mistake in the formula is so small: a factor would be called 1
        return replace(_farthest(numbers, expected, answer, rule), apart=apart, nearly=True)
    ratios = [_ratio(*pair, rule) for pair in pairs]
    factors = {group: _common(group, groups, ratios, symbols) for group in dict.fromkeys(groups) if group}
    kept = {group: text for group, text in factors.items() if any(groups[call] == group for call in wrong)}
    each = None not in ratios
    everywhere = factor(ratios, symbols) if each else ""
    found = _farthest(numbers, expected, answer, rule)
    return replace(found, ratio=ratios[wrong[0]], factor=everywhere, each_ratio=each, factors=kept, apart=apart)


def _listed(names: Iterable[str]) -> str:
    """Name the first of them."""
    shown, more = some(sorted(names))
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _is_finite(reply: Reply) -> bool:
    return all(np.isfinite(value).all() for value in reply.values.values())


def _apart(expected: Reply, answer: Reply) -> float:
    """Return the largest difference in units of the largest expected entry; infinite where numbers cannot be paired.

    They cannot where one side has another shape, or a finite number where the other has none.
    """
    if set(expected.values) != set(answer.values) or any(a.shape != b.shape for a, b in _both(expected, answer)):
        return float("inf")
    if any((np.isfinite(a) != np.isfinite(b)).any() for a, b in _both(expected, answer)):
        return float("inf")
    finite = [(a[np.isfinite(a)], b[np.isfinite(a)]) for a, b in _both(expected, answer)]
    both = [(np.abs(a - b).max(initial=0.0), np.abs(a).max(initial=0.0)) for a, b in finite]
    return max((float(gap / scale) if scale else float("inf") for gap, scale in both if gap), default=0.0)


def _farthest(numbers: Numbers, expected: Reply, answer: Reply, rule: Rule) -> Numbers:
    """Add the entry at which the two are farthest apart, and both numbers there."""
    apart = {name: np.abs(value - answer.values[name]) for name, value in expected.values.items()}
    name = max(apart, key=lambda key: apart[key].max())
    wanted = expected.values[name]
    got = answer.values[name]
    index = tuple(int(position) for position in np.unravel_index(apart[name].argmax(), apart[name].shape))
    agreeing = apart[name] <= rule.tolerance(expected, answer) * np.abs(wanted).max(initial=0.0)
    return replace(
        numbers,
        wanted=wanted.shape,
        got=got.shape,
        name=name,
        index=index,
        expected=float(wanted[index]),
        given=float(got[index]),
        right=float(agreeing.mean()),
    )


def _common(group: str, groups: Sequence[str], ratios: Sequence[float | None], symbols: Sequence) -> str:
    calls = [call for call, own in enumerate(groups) if own == group]
    chosen = [ratios[call] for call in calls]
    return "" if None in chosen else factor(chosen, [symbols[call] for call in calls])


def _both(expected: Reply, answer: Reply) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(value, answer.values[name]) for name, value in expected.values.items()]


def _ratio(expected: Reply, answer: Reply, rule: Rule) -> float | None:
    """Return the one number by which every expected entry is multiplied in the answer, None where there is none."""
    if set(expected.values) != set(answer.values):
        return None
    both = _both(expected, answer)
    if not both or any(a.shape != b.shape for a, b in both):
        return None
    a, b = (np.concatenate([pair[side].ravel() for pair in both]) for side in (0, 1))
    if not np.isfinite(b).all() or not a.any():
        return None
    ratio = float(a @ b / (a @ a))
    return ratio if ratio and close(ratio * a, b, 10 * rule.tolerance(expected, answer)) else None
