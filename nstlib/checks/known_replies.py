"""What the right function, known mistakes and slips return on a question's cases: called once, compared often."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property

from nstlib.checks import calling
from nstlib.checks.calling import Case
from nstlib.checks.judging.replies import Reply, Rule
from nstlib.checks.mutants import Mutant, mutants

Measure = Callable[[Sequence[Case], Sequence[Reply]], list[Reply]]


class KnownReplies:
    """The replies on these cases of a reference, of known mistakes by their ids, and of slips in the reference.

    measure: returns what of the replies to the cases is judged. rule: when two replies agree.

    >>> from nstlib.checks import ex02
    >>> known = ex02.gram.known_replies(ex02.gram.public_cases)
    >>> known.expected[0].status, "positions" in known.mistakes
    ('value', True)
    """

    def __init__(
        self,
        reference: Callable,
        mistakes: Mapping[str, Callable],
        cases: Sequence[Case],
        measure: Measure,
        rule: Rule,
    ) -> None:
        self._reference = reference
        self._mistakes = mistakes
        self._cases = cases
        self._measure = measure
        self._rule = rule
        self._of_slip = cache(self._slips_reply)

    @cached_property
    def expected(self) -> list[Reply]:
        """What the right function returns."""
        return self._replies(self._reference)

    @cached_property
    def mistakes(self) -> dict[str, list[Reply]]:
        """What each known mistake returns, by its id."""
        return {name: self._replies(function) for name, function in self._mistakes.items()}

    def slip(self, answer: Sequence[Reply], call: int) -> str:
        """Return the first slip that gives the answer's numbers in all calls, or "". `call` is tried first."""
        order = [call, *(number for number in range(len(self._cases)) if number != call)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broadcasting, and of deviations of one number
            for index, mutant in enumerate(self._mutants):
                if all(self._rule.agree(self._of_slip(index, number), answer[number]) for number in order):
                    return mutant.change
        return ""

    @cached_property
    def _mutants(self) -> list[Mutant]:
        return mutants(self._reference)

    def _slips_reply(self, index: int, number: int) -> Reply:
        return calling.reply(self._mutants[index].function, self._cases[number], None)

    def _replies(self, function: Callable) -> list[Reply]:
        return self._measure(self._cases, [calling.reply(function, case) for case in self._cases])
