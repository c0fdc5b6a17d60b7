"""What a class did with each question: who tried it, who was right, the known mistakes, and each hidden test."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.records import outcomes
from nstlib.grading.records.gradebook import Answer, Row

__all__ = ["Item", "Passed", "items"]

RIGHT = "correct"


@dataclass(frozen=True)
class Passed:
    """How many answers passed a hidden test, of those on which it was run."""

    id: str
    passed: int
    of: int


@dataclass(frozen=True)
class Item:
    """A question's numbers. tried: answers that were graded and are not a stub; the right ones are among them.

    bonus: whether its points come on top. mistakes: the known ones. others: outcomes of tried answers that are neither
    right nor a known mistake. Both come with their counts, the most frequent first.
    """

    id: str
    points: int
    submitted: int = 0
    ungraded: int = 0
    tried: int = 0
    right: int = 0
    mistakes: tuple[tuple[str, int], ...] = ()
    others: tuple[tuple[str, int], ...] = ()
    tests: tuple[Passed, ...] = ()
    bonus: bool = False

    @property
    def share(self) -> float | None:
        """The share of right answers among those tried, from 0 to 1; None where nobody tried."""
        return self.right / self.tried if self.tried else None


def items(rows: Iterable[Row], questions: Mapping[str, GradedQuestion]) -> list[Item]:
    """Return each question's numbers in the course's order."""
    answers: dict[str, list[Answer]] = {name: [] for name in questions}
    for row in rows:
        for name, answer in row.answers.items():
            answers[name].append(answer)
    return [_item(questions[name], of_question) for name, of_question in answers.items()]


def _item(question: GradedQuestion, answers: list[Answer]) -> Item:
    if question.criteria:
        written = sum(answer.outcome in ("by hand", "marked") for answer in answers)
        return Item(question.id, question.points, len(answers), tried=written)
    graded = [answer for answer in answers if answer.outcome not in outcomes.OURS]
    tried = [answer for answer in graded if answer.outcome not in outcomes.NOT_TRIED]
    wrong = [answer for answer in tried if answer.outcome != RIGHT]
    return Item(
        id=question.id,
        points=question.points,
        submitted=len(answers),
        ungraded=len(answers) - len(graded),
        tried=len(tried),
        right=len(tried) - len(wrong),
        mistakes=_by_frequency(answer.misconception for answer in tried if answer.misconception),
        others=_by_frequency(answer.outcome for answer in wrong if not answer.misconception),
        tests=_tests(question, answers),
        bonus=question.bonus,
    )


def _by_frequency(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))


def _tests(question: GradedQuestion, answers: Iterable[Answer]) -> tuple[Passed, ...]:
    run: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for test in (test for answer in answers for test in answer.tests if test.get("verdict") not in outcomes.OURS):
        run[str(test.get("id"))] += 1
        passed[str(test.get("id"))] += test.get("verdict") == RIGHT
    known = [test.id for test in question.tests]
    return tuple(Passed(name, passed[name], run[name]) for name in (*known, *sorted(set(run) - set(known))))
