"""Judge answers as data: what the reference gave, what each known mistake gave, what the learner's function gave.

Needs numpy alone, so that a grader can call a function in one process and judge its replies in another. Nothing here
calls a function, and a reply's text is only ever shown, never read: the verdict comes from numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nstlib.checks.differing import Numbers, differences
from nstlib.checks.replies import Reply, Rule

__all__ = ["Reply", "Verdict", "judge"]


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
    rule, pairs = Rule(kinds, tolerance), list(zip(expected, answer, strict=True))
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
    numbers = differences(pairs, symbols, rule)
    return Verdict("not yet", faults=faults[numbers.call], numbers=numbers, call=numbers.call)
