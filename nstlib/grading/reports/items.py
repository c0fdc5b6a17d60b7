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
    """How many passed a hidden test, of those in whose answers it was run."""

    id: str
    passed: int
    of: int


@dataclass(frozen=True)
class Item:
    """A question's numbers. tried: all that were graded and are no stub; right is a part of these.

    mistakes: known ones, others: outcomes of tried answers that are neither right nor a known mistake; both with how
    often, the most frequent first.
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

    @property
    def share(self) -> float | None:
        """The right ones among those tried, from 0 to 1; None where nobody tried."""
        return self.right / self.tried if self.tried else None


def items(rows: Iterable[Row], asked: Mapping[str, GradedQuestion]) -> list[Item]:
    """Return each question's numbers in the course's order."""
    answers: dict[str, list[Answer]] = {name: [] for name in asked}
    for row in rows:
        for name, answer in row.answers.items():
            answers[name].append(answer)
    return [_item(asked[name], found) for name, found in answers.items()]


def _item(asked: GradedQuestion, answers: list[Answer]) -> Item:
    graded = [each for each in answers if each.outcome not in outcomes.OURS]
    tried = [each for each in graded if each.outcome not in outcomes.NOT_TRIED]
    wrong = [each for each in tried if each.outcome != RIGHT]
    return Item(
        id=asked.id,
        points=asked.points,
        submitted=len(answers),
        ungraded=len(answers) - len(graded),
        tried=len(tried),
        right=len(tried) - len(wrong),
        mistakes=_frequent(each.misconception for each in tried if each.misconception),
        others=_frequent(each.outcome for each in wrong if not each.misconception),
        tests=_tests(asked, answers),
    )


def _frequent(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items(), key=lambda each: (-each[1], each[0])))


def _tests(asked: GradedQuestion, answers: Iterable[Answer]) -> tuple[Passed, ...]:
    run, passed = Counter(), Counter()
    for test in (test for answer in answers for test in answer.tests if test.get("verdict") not in outcomes.OURS):
        run[str(test.get("id"))] += 1
        passed[str(test.get("id"))] += test.get("verdict") == RIGHT
    known = [test.id for test in asked.tests]
    return tuple(Passed(name, passed[name], run[name]) for name in (*known, *sorted(set(run) - set(known))))
