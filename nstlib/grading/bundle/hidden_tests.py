"""Make hidden tests: draw calls by a secret, ask the references and every known mistake, and prove that these differ.

Needs PyTorch, so it runs when a bundle is made and never in the process that grades.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch

from nstlib.checks import calling, messages
from nstlib.checks.calling import Case
from nstlib.checks.judging.replies import Reply
from nstlib.checks.judging.verdict import Verdict, judge
from nstlib.checks.questions import Question
from nstlib.checks.random_cases import Draw
from nstlib.grading.bundle.questions import GradedQuestion, Test

__all__ = ["HiddenError", "asked", "replied"]

LEAST = 3  # tests a question; more where one draw holds more kinds of calls, such as one for each convention
TRIES = 40  # draws among which a call of other shapes is looked for; a few questions know one shape alone
FAULTS = ("nothing", "changed", "gradient", "again")
KINDS = ("tensor", "numpy", "list", "number", "dict")


class HiddenError(ValueError):
    """A question's mistakes look alike whatever is drawn: the question is wrong, not the bundle."""


def asked(question: Question, secret: bytes, name: str) -> GradedQuestion:
    """Return a question with its hidden tests; draw again until every known mistake is told from all others."""
    for attempt in range(10):
        tests = tuple(_tests(question, lambda *what, at=attempt: _key(secret, name, question.id, at, *what)))
        if _proved(question, tests):
            break
    else:
        raise HiddenError(f"No hidden tests were found that tell the known mistakes of {question.id} apart.")
    return GradedQuestion(
        id=question.id,
        function=question.reference.__name__,
        call=question.call,
        points=question.points,
        kinds=question.kinds,
        tolerance=question.tolerance,
        by_hand=question.by_hand,
        credit={each.id: each.credit for each in question.misconceptions},
        said=_said(question),
        tests=tests,
    )


def replied(function: Callable, case: Case, cotangent: np.ndarray | None) -> Reply:
    """Do as ``calling.reply`` does, with `cotangent` for its fixed weights, brought to the answer's shape."""
    weights = None if cotangent is None else lambda shape: torch.from_numpy(np.resize(cotangent, shape))
    found = calling.reply(function, case, weights)
    return replace(found, text="", unread="unread" if found.unread else "")


def _key(secret: bytes, *what: object) -> str:
    return hmac.new(secret, "\0".join(map(str, what)).encode(), hashlib.sha256).hexdigest()


def _tests(question: Question, key: Callable[..., str]) -> Iterator[Test]:
    taken = {_shape(case) for case in question.drawn}
    for number in range(max(LEAST, len(question.drawn))):
        case = _case(question, number, taken, key)
        taken.add(_shape(case))
        expected = calling.reply(question.reference, case)
        cotangent = None
        if any(each is not None for each in expected.gradients):
            cotangent = _cotangent(key(number, "cotangent"), expected.values[""].shape)
        yield Test(
            id=f"{question.id}.{number + 1}",
            arguments=tuple(_plain(each) for each in case.arguments),
            gradient=() if cotangent is None else tuple(case.gradient),
            cotangent=cotangent,
            symbols=dict(case.symbols),
            words=case.words,
            group=getattr(case, "group", ""),
            expected=replied(question.reference, case, cotangent),
            mistakes={each.id: replied(each.function, case, cotangent) for each in question.misconceptions},
        )


def _case(question: Question, number: int, taken: set, key: Callable[..., str]) -> Case:
    """Draw the call at the test's place until its shapes are new, and if they never are, one at any place."""
    draws = [list(question.cases(Draw(key(number, again)))) for again in range(TRIES)]
    place = number % len(draws[0])
    for cases in ([each[place] for each in draws], [case for each in draws for case in each]):
        for case in cases:
            if _shape(case) not in taken:
                return case
    return draws[0][place]


def _shape(case: Case) -> str:
    def of(value) -> object:
        if isinstance(value, torch.Tensor):
            return (str(value.dtype), *value.shape)
        if isinstance(value, dict):
            return tuple((key, of(each)) for key, each in value.items())
        if isinstance(value, list | tuple):
            return tuple(of(each) for each in value)
        return "number" if isinstance(value, float) else value

    return repr([of(each) for each in case.arguments])


def _cotangent(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of either sign, none of them near 0, so that no entry's gradient goes unseen."""
    numbers = np.random.Generator(np.random.Philox(key=int(key[:32], 16)))
    return np.array(numbers.uniform(0.5, 1.5, shape) * numbers.choice([-1.0, 1.0], shape))


def _proved(question: Question, tests: tuple[Test, ...]) -> bool:
    expected, symbols = [test.expected for test in tests], [test.symbols for test in tests]
    mistakes = {each.id: [test.mistakes[each.id] for test in tests] for each in question.misconceptions}

    def verdict(answer: list[Reply]) -> Verdict:
        return judge(expected, mistakes, answer, symbols, question.kinds, question.tolerance)

    right = all(reply.status == "value" for reply in expected) and verdict(expected).outcome == "correct"
    return right and all(verdict(replies).misconception == name for name, replies in mistakes.items())


def _said(question: Question) -> dict[str, str]:
    """Return the notebook's sentences for verdicts, with the numbers of its own calls, none of which is hidden."""

    def last(verdict: Verdict, reply: Reply) -> str:
        return messages.said(question, verdict, [reply])[-1]

    value, no = Reply("value", "tensor", "float64"), "not yet"
    mistakes = {f"mistake:{each.id}": last(Verdict(no, each.id), value) for each in question.misconceptions}
    kinds = {f"kind:{kind}": last(Verdict(no, faults=("kind",)), Reply("value", kind)) for kind in KINDS}
    faults = {fault: last(Verdict(no, faults=(fault,)), value) for fault in FAULTS}
    return {
        "called": messages.said(question, Verdict(no, faults=("nothing",)), [value])[0],
        "correct": question.right,
        "not attempted": last(Verdict("not attempted"), value),
        "gradient differs": last(Verdict(no), value),
        "calls-nstlib": messages.CALLS_NSTLIB[0],
        "uses-autograd": messages.USES_AUTOGRAD[0],
        "hint": question.hints[0],
        "reread": question.reread,
        **faults,
        **kinds,
        **mistakes,
    }


def _plain(value):
    """Turn tensors into arrays."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return type(value)(_plain(each) for each in value) if isinstance(value, tuple | list) else value
