"""Judge answers as data: what the reference, each known mistake and the learner's function returned.

Needs numpy alone, so that a grader can call a function in one process and judge its replies in another. Nothing here
calls a function, and a reply's text is shown but never read: the verdict comes from numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nstlib.checks.judging.differences import Numbers, differences
from nstlib.checks.judging.replies import Reply, Rule


@dataclass(frozen=True)
class Verdict:
    """outcome: "correct", "not yet", "not attempted", "raised" or "took too long".

    misconception: the one known mistake whose replies are the answer's, in every call and respect. likely: one whose
    numbers are the answer's, while something else differs. faults: what is wrong besides the numbers in that
    call, of "nothing", "kind", "unread", "dtype", "changed", "gradient". numbers: how the answer's differ from the
    expected, None where they agree. call: the first call that shows it. factor: by which the answer's numbers differ
    from the `likely` mistake's, in all calls, "" where they are the same. near: how far the answer's numbers lie from
    the `likely` mistake's, in units of its largest entry, where that is little but not nothing. slip: a single change
    of the right answer that gives the answer's numbers, in words; looked for where nothing else is known.
    """

    outcome: str
    misconception: str | None = None
    likely: str | None = None
    faults: tuple[str, ...] = ()
    numbers: Numbers | None = None
    call: int = 0
    factor: str = ""
    near: float = 0.0
    slip: str = ""


def is_located(verdict: Verdict) -> bool:
    """Return whether numbers came back, by all names that are asked for, which are of no known mistake."""
    numbers = verdict.numbers
    return (
        verdict.outcome == "not yet"
        and not verdict.misconception
        and not verdict.likely
        and numbers is not None
        and not (numbers.missing or numbers.unasked)
        and not {"nothing", "kind", "unread", "dtype"} & set(verdict.faults)
    )


def is_unexplained(verdict: Verdict) -> bool:
    """Return whether numbers came back of which neither a known mistake nor a factor or a small error is the reason."""
    numbers = verdict.numbers
    return (
        is_located(verdict)
        and not numbers.factor
        and not any(numbers.factors.values())
        and not numbers.nearly
        and numbers.finite
    )


STOPPED = {"not attempted": "not attempted", "too long": "took too long"}  # a reply's status -> the outcome


def outcome_of(
    expected: Sequence[Reply],
    mistakes: Mapping[str, Sequence[Reply]],
    answer: Sequence[Reply],
    kinds: frozenset[str],
    tolerance: float = 0.0,
) -> str:
    """Return the outcome that `judge` finds, without looking for what is wrong, which takes longer."""
    statuses = [reply.status for reply in answer]
    for status, stopped in STOPPED.items():
        if status in statuses:
            return stopped
    rule = Rule(kinds, tolerance)
    if all(rule.same(*pair) for pair in zip(expected, answer, strict=True)):
        return "correct"
    return "raised" if "raised" in statuses and known_mistake(mistakes, answer, rule) is None else "not yet"


def known_mistake(mistakes: Mapping[str, Sequence[Reply]], answer: Sequence[Reply], rule: Rule) -> str | None:
    """Return the known mistake that replies as the answer does, in every call and respect."""
    if not any(reply.status == "value" for reply in answer):
        return None
    named = mistakes.items()
    return next((name for name, replies in named if all(map(rule.same, replies, answer))), None)


def judge(
    expected: Sequence[Reply],
    mistakes: Mapping[str, Sequence[Reply]],
    answer: Sequence[Reply],
    symbols: Sequence[Mapping[str, float]],
    kinds: frozenset[str],
    tolerance: float = 0.0,
    groups: Sequence[str] = (),
) -> Verdict:
    """Judge the replies to the same calls.

    `symbols` holds each call's sizes by name, `kinds` the types an answer may have. Numbers are compared relative to
    the largest of their array, by TOLERANCE of their dtype or by `tolerance`, whichever is wider. `groups` names calls
    that share a formula, where not all calls do.
    """
    for status, stopped in STOPPED.items():
        if calls := [call for call, reply in enumerate(answer) if reply.status == status]:
            return Verdict(stopped, call=calls[0])
    rule = Rule(kinds, tolerance)
    pairs = list(zip(expected, answer, strict=True))
    first = next((call for call, pair in enumerate(pairs) if not rule.same(*pair)), None)
    if first is None:
        return Verdict("correct")
    numbers = differences(pairs, symbols, rule, groups)
    call = numbers.call if numbers else first
    known = {name: list(zip(replies, answer, strict=True)) for name, replies in mistakes.items()}
    if (name := known_mistake(mistakes, answer, rule)) is not None:
        return Verdict("not yet", misconception=name, numbers=numbers, call=call)
    if raised := [call for call, reply in enumerate(answer) if reply.status == "raised"]:
        return Verdict("raised", call=raised[0])
    if empty := [call for call, reply in enumerate(answer) if reply.status == "nothing"]:
        return Verdict("not yet", faults=("nothing",), call=empty[0])
    if numbers and (likely := [name for name, twins in known.items() if all(rule.agree(*twin) for twin in twins)]):
        call = next((faulty for faulty, pair in enumerate(pairs) if rule.faults(*pair)), call)
        return Verdict("not yet", likely=likely[0], faults=tuple(rule.faults(*pairs[call])), numbers=numbers, call=call)
    if numbers and not numbers.factor and (multiple := _multiple(known, pairs, symbols, rule)):
        return Verdict("not yet", likely=multiple[0], numbers=numbers, call=call, factor=multiple[1])
    if numbers and not (numbers.factor or numbers.nearly) and (near := _near(known, symbols, rule)):
        return Verdict("not yet", likely=near[1], numbers=numbers, call=call, near=near[0])
    return Verdict("not yet", faults=tuple(rule.faults(*pairs[call])), numbers=numbers, call=call)


def _near(known: Mapping, symbols: Sequence, rule: Rule) -> tuple[float, str] | None:
    """Return how near the answer comes, in all calls, to the nearest known mistake, and that one; None if not near."""
    found = ((differences(twins, symbols, rule), name) for name, twins in known.items())
    return min(((numbers.apart, name) for numbers, name in found if numbers and numbers.nearly), default=None)


def _multiple(known: Mapping, pairs: Sequence, symbols: Sequence, rule: Rule) -> tuple[str, str] | None:
    """Return the known mistake of which the answer is a multiple in all calls, and by which factor."""
    for name, twins in known.items():
        numbers = differences(twins, symbols, rule)
        mistake = differences([(pair[0], twin[0]) for pair, twin in zip(pairs, twins, strict=True)], symbols, rule)
        if numbers and numbers.factor and mistake and not mistake.factor:
            return name, numbers.factor
    return None
