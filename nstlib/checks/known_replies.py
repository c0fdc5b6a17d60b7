"""What the right function, known mistakes and slips return on a question's cases: called once, compared often."""

import warnings
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from nstlib.checks import calling
from nstlib.checks.calling import Case
from nstlib.checks.judging.replies import Reply, Rule
from nstlib.checks.mutants import Mutant, mutants

if TYPE_CHECKING:
    from nstlib.checks.questions import Question


class KnownReplies:
    """The replies on these cases of a question's reference, of its misconceptions and of its slips.

    >>> from nstlib.checks import ex02
    >>> known = KnownReplies(ex02.gram, ex02.gram.public_cases)
    >>> known.expected[0].status, "positions" in known.mistakes
    ('value', True)
    """

    def __init__(self, question: "Question", cases: Sequence[Case]) -> None:
        self.question = question
        self.cases = cases
        self._of_slip = cache(self._slips_reply)

    @cached_property
    def expected(self) -> list[Reply]:
        """What the right function returns."""
        return self._replies(self.question.reference)

    @cached_property
    def mistakes(self) -> dict[str, list[Reply]]:
        """What each misconception returns, by its id."""
        return {mistake.id: self._replies(mistake.function) for mistake in self.question.misconceptions}

    def slip(self, answer: Sequence[Reply], call: int) -> str:
        """Return the first slip that gives the answer's numbers in all calls, or "". `call` is tried first."""
        rule = Rule(self.question.kinds, self.question.tolerance)
        order = [call, *(number for number in range(len(self.cases)) if number != call)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broadcasting, and of deviations of one number
            for index, mutant in enumerate(self._mutants):
                if all(rule.agree(self._of_slip(index, number), answer[number]) for number in order):
                    return mutant.change
        return ""

    @cached_property
    def _mutants(self) -> list[Mutant]:
        return mutants(self.question.reference)

    def _slips_reply(self, index: int, number: int) -> Reply:
        return calling.reply(self._mutants[index].function, self.cases[number], None)

    def _replies(self, function: Callable) -> list[Reply]:
        return self.question.measured(self.cases, (calling.reply(function, case) for case in self.cases))
