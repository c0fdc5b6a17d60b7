"""What the checks say to systematic slips: a table with a line for each question.

Every mutant of a question's right answers goes through its check, and is counted by what the learner would read.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from nstlib.checks.calling import Case
from nstlib.checks.judging.verdict import Verdict
from nstlib.checks.mutants import Mutant, mutants
from nstlib.checks.number_messages import explain
from nstlib.checks.questions import Question
from nstlib.checks.random_cases import Draw

__all__ = ["COLUMNS", "EXPLAINED", "Count", "classify", "count"]

# stage: the stage named is one that the slip's line makes go another way. elsewhere: it is another, or the line is not
# known, which locates at most. equivalent: as right as the right answer. error: Python's own, with the learner's line.
COLUMNS = ("named", "factor", "pattern", "slip", "stage", "elsewhere", "nothing", "error", "survives", "equivalent")
EXPLAINED = ("named", "factor", "pattern", "slip", "stage")
RESULT = "the result is"  # how a slip is called that each `return` makes, those of the inner functions, too
# Of a program to repair: how a line begins, of the right one or put before it, and the stages that a slip there changes
STAGES_OF = {
    "ex05.bug_hunt": {
        RESULT: ("goal", "step"),
        "mean =": ("photos",),
        "deviation =": ("photos",),
        "return network(": ("photos", "paintings"),
        "F =": ("goal",),
        "return F @": ("goal",),
        "kept =": ("photos", "costs", "step"),
        "goal =": ("paintings", "goal"),
        "x =": ("costs", "step"),
        "optimizer =": ("step", "pictures"),
        "optimizer.": ("step", "costs"),
        "now =": ("costs", "step"),
        "cost =": ("costs", "step"),
        "cost.": ("costs", "step"),
        "costs": ("costs",),
        "return cost": ("step",),
        "for _ in": ("costs", "pictures"),
        "return {": ("goal", "costs", "pictures"),
        "contents =": ("photos",),
        "styles =": ("paintings",),
        "steps =": ("costs", "pictures"),
    },
    "ex09.bug_hunt": {
        RESULT: ("features",),
        "mean =": ("photos",),
        "deviation =": ("photos",),
        "return encoder(": ("photos", "paintings"),
        "mu =": ("features",),
        "return (mu": ("features",),
        "content, style =": ("photos", "paintings", "features"),
        "(content, style) =": ("photos", "paintings", "features"),
        "(mu_c": ("features",),
        "((mu_c": ("features",),
        "moved =": ("features",),
        "features =": ("features",),
        "pictures =": ("decoder", "pictures"),
        "return {": ("features", "pictures"),
        "contents =": ("photos",),
        "styles =": ("paintings",),
        "strength =": ("features",),
    },
}
SEEDS = ("one more", "and another")
VAGUE = ("more than a constant is wrong", "of the entries agree", "times what is expected in this call")


@dataclass
class Count:
    """How many mutants of a question were met in which way, and which changes were met with nothing, or change nothing.

    equivalent: the changes after which the function is as right as before, in the order of the mutants.
    """

    question: str
    by_outcome: Counter = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)
    equivalent: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """How many are wrong and return something."""
        return sum(self.by_outcome[name] for name in (*EXPLAINED, "elsewhere", "nothing", "survives"))

    def share(self, *outcomes: str) -> float:
        """Return which part of the wrong ones that return something was met in these ways."""
        return sum(self.by_outcome[name] for name in outcomes) / max(1, self.wrong)


def count(question: Question, functions: Iterable[Callable] = (), every: int = 1) -> Count:
    """Count what the check says to each mutant of these functions; of the reference, unless others are given.

    every: take one mutant in so many.
    """
    found = Count(question.id)
    more = [case for seed in SEEDS for case in question.cases(Draw(seed))]
    for function in list(functions) or [question.reference]:
        for mutant in mutants(function)[::every]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of broadcasting and of deviations of one number
                outcome = classify(question, mutant.function, more, _stages(question.id, mutant))
            found.by_outcome[outcome] += 1
            if outcome in ("elsewhere", "nothing", "survives"):
                found.unexplained.append(f"{outcome}: {mutant.change}")
            if outcome == "equivalent":
                found.equivalent.append(mutant.change)
    return found


def classify(question: Question, function: Callable, more: list[Case], stages: Collection[str] = ()) -> str:
    """Say how a function's answer is met, as one of COLUMNS.

    more: calls that the check does not make. stages: those that its slip makes go another way.
    """
    verdict = question.verdict(function)
    if verdict.outcome == "correct":
        return "equivalent" if question.verdict(function, more).outcome == "correct" else "survives"
    if verdict.outcome in ("raised", "took too long"):
        return "error"
    if stage := question.stage(function, verdict):
        return "stage" if stage.name in stages else "elsewhere"
    return "pattern" if question.property else _explained(verdict, len(question.public_cases))


def _stages(name: str, mutant: Mutant) -> tuple[str, ...]:
    """Return the stages that a mutant's slip makes go another way, by the line that it stands in."""
    known = STAGES_OF.get(name, {})
    return next(
        (
            stages
            for begin, stages in known.items()
            if (mutant.change if begin == RESULT else mutant.line).startswith(begin)
        ),
        (),
    )


def _explained(verdict: Verdict, calls: int) -> str:
    numbers = verdict.numbers
    if verdict.misconception or verdict.likely:
        return "named"
    if verdict.slip:
        return "slip"
    if numbers is None or {"kind", "unread", "dtype"} & set(verdict.faults):
        return "pattern"
    if numbers.missing or numbers.unasked:
        return "pattern"
    if numbers.factor or any(numbers.factors.values()):
        return "factor"
    told = [line for line in explain(numbers, calls) if not any(word in line for word in VAGUE)]
    return "pattern" if told else "nothing"
