"""Make hidden tests: draw calls by a secret, ask the reference and every known mistake, and make sure they differ.

Needs PyTorch, so it runs when a bundle is made and never in the process that grades.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import chain

import numpy as np
import torch

from nstlib import engine
from nstlib.checks import calling, messages
from nstlib.checks.calling import Case
from nstlib.checks.judging.properties import measured
from nstlib.checks.judging.replies import Reply
from nstlib.checks.judging.verdict import Verdict, judge
from nstlib.checks.questions import Question
from nstlib.checks.random_cases import Draw
from nstlib.errors import NstError
from nstlib.grading.bundle.questions import GradedQuestion, Test

__all__ = ["HiddenError", "make_question", "record_reply"]

LEAST = 3  # tests a question; more where one draw holds more kinds of calls, such as one for each convention
DRAWS = 40  # among which a call of new shapes is looked for; a few questions know one shape alone
ATTEMPTS = 10  # sets of tests, until one tells all known mistakes apart
FAULTS = ("nothing", "changed", "gradient", "again")
KINDS = ("tensor", "numpy", "list", "number", "dict")


class HiddenError(NstError):
    """Two mistakes of a question look alike whatever is drawn: the question is wrong, not the bundle."""


@engine.one_thread()  # all questions: 2.7 s; on two threads beside other programs 12 s
def make_question(question: Question, secret: bytes, bundle: str) -> GradedQuestion:
    """Return a question with hidden tests, drawn again until they tell every known mistake from all others."""
    for attempt in range(ATTEMPTS):
        tests = tuple(_make_tests(question, lambda *what, at=attempt: _key(secret, bundle, question.id, at, *what)))
        if _tell_mistakes_apart(question, tests):
            break
    else:
        raise HiddenError(
            f"None of {ATTEMPTS} sets of hidden tests tells the known mistakes of {question.id} apart. Two of them are "
            "the same, or its random cases are too much alike: correct the question."
        )
    return GradedQuestion(
        id=question.id,
        function=question.reference.__name__,
        call=question.call,
        points=question.points,
        kinds=question.kinds,
        tolerance=question.tolerance,
        by_hand=question.by_hand,
        property=question.property,
        bonus=question.bonus,
        credit={mistake.id: mistake.credit for mistake in question.misconceptions},
        messages=_messages(question),
        tests=tests,
    )


def record_reply(function: Callable, case: Case, cotangent: np.ndarray | None) -> Reply:
    """Return what a function replies, without its text.

    Differs from ``calling.reply`` in its weights: `cotangent`, brought to the answer's shape.
    """
    weights = None if cotangent is None else lambda shape: torch.from_numpy(np.resize(cotangent, shape))
    reply = calling.reply(function, case, weights)
    return replace(reply, text="", unread="unread" if reply.unread else "")


def _key(secret: bytes, *what: object) -> str:
    return hmac.new(secret, "\0".join(map(str, what)).encode(), hashlib.sha256).hexdigest()


def _make_tests(question: Question, key: Callable[..., str]) -> Iterator[Test]:
    known_shapes = {_shapes(case) for case in question.public_cases}
    for number in range(max(LEAST, len(question.public_cases))):
        case = _draw_case(question, number, known_shapes, key)
        known_shapes.add(_shapes(case))
        expected = calling.reply(question.reference, case)
        cotangent = None
        if any(gradient is not None for gradient in expected.gradients):
            cotangent = _cotangent(key(number, "cotangent"), next(iter(expected.values.values())).shape)
        yield Test(
            id=f"{question.id}.{number + 1}",
            arguments=tuple(_to_arrays(argument) for argument in case.arguments),
            gradient=() if cotangent is None else tuple(case.gradient),
            cotangent=cotangent,
            symbols=dict(case.symbols),
            words=case.words,
            group=getattr(case, "group", ""),
            expected=record_reply(question.reference, case, cotangent),
            mistakes={
                mistake.id: record_reply(mistake.function, case, cotangent) for mistake in question.misconceptions
            },
        )


def _draw_case(question: Question, number: int, known_shapes: set, key: Callable[..., str]) -> Case:
    """Draw this test's kind of call until its shapes are new; if they never are, take any kind of new shapes."""

    @cache
    def drawn(again: int) -> list[Case]:
        return list(question.cases(Draw(key(number, again))))

    kind = number % len(drawn(0))
    of_this_kind = (drawn(again)[kind] for again in range(DRAWS))
    of_any_kind = (case for again in range(DRAWS) for case in drawn(again))
    new = (case for case in chain(of_this_kind, of_any_kind) if _shapes(case) not in known_shapes)
    return next(new, drawn(0)[kind])


def _shapes(case: Case) -> str:
    def shape(value) -> object:
        if isinstance(value, torch.Tensor):
            return (str(value.dtype), *value.shape)
        if isinstance(value, dict):
            return tuple((key, shape(item)) for key, item in value.items())
        if isinstance(value, list | tuple):
            return tuple(shape(item) for item in value)
        return "number" if isinstance(value, float) else value

    return repr([shape(argument) for argument in case.arguments])


def _cotangent(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw numbers of either sign, none of them near 0, so that no entry's gradient goes unseen."""
    generator = np.random.Generator(np.random.Philox(key=int(key[:32], 16)))
    return np.array(generator.uniform(0.5, 1.5, shape) * generator.choice([-1.0, 1.0], shape))


def _tell_mistakes_apart(question: Question, tests: tuple[Test, ...]) -> bool:
    """Return whether the reference is found right and each known mistake is found under its own name."""

    def seen(replies: Iterable[Reply]) -> list[Reply]:
        pairs = zip(tests, replies, strict=True)
        return [measured(question.property, test.arguments, reply) for test, reply in pairs]

    expected = seen(test.expected for test in tests)
    symbols = [test.symbols for test in tests]
    mistakes = {mistake.id: seen(test.mistakes[mistake.id] for test in tests) for mistake in question.misconceptions}

    def verdict(answer: list[Reply]) -> Verdict:
        return judge(expected, mistakes, answer, symbols, question.kinds, question.tolerance)

    right = all(reply.status == "value" for reply in expected) and verdict(expected).outcome == "correct"
    return right and all(verdict(replies).misconception == name for name, replies in mistakes.items())


def _messages(question: Question) -> dict[str, str]:
    """Return the notebook's sentence for each verdict, with the numbers of its own calls, none of which is hidden."""

    def last(verdict: Verdict, reply: Reply) -> str:
        return messages.sentences(question, verdict, [reply])[-1]

    value = Reply("value", "tensor", "float64")
    wrong = "not yet"
    mistakes = {f"mistake:{mistake.id}": last(Verdict(wrong, mistake.id), value) for mistake in question.misconceptions}
    kinds = {f"kind:{kind}": last(Verdict(wrong, faults=("kind",)), Reply("value", kind)) for kind in KINDS}
    faults = {fault: last(Verdict(wrong, faults=(fault,)), value) for fault in FAULTS}
    return {
        "called": messages.sentences(question, Verdict(wrong, faults=("nothing",)), [value])[0],
        "correct": question.confirmation,
        "not attempted": last(Verdict("not attempted"), value),
        "gradient differs": last(Verdict(wrong), value),
        "calls-nstlib": messages.CALLS_NSTLIB[0],
        "uses-autograd": messages.USES_AUTOGRAD[0],
        "hint": question.hints[0],
        "reread": question.reread,
        **{f"reread:{mistake.id}": mistake.reread for mistake in question.misconceptions if mistake.reread},
        **faults,
        **kinds,
        **mistakes,
    }


def _to_arrays(value):
    """Turn the tensors of an argument into arrays."""
    if isinstance(value, torch.Tensor):
        return value.detach().numpy().copy()
    if isinstance(value, dict):
        return {key: _to_arrays(item) for key, item in value.items()}
    return type(value)(_to_arrays(item) for item in value) if isinstance(value, tuple | list) else value
