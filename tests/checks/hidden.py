"""Judge a function by a question's hidden tests, in this process."""

import functools

import numpy as np
import torch

from nstlib import checks
from nstlib.checks.calling import Case
from nstlib.checks.judging.properties import measured
from nstlib.checks.judging.verdict import Verdict, judge
from nstlib.grading.bundle import hidden_tests

QUESTIONS = checks.all_questions()


@functools.cache
def graded(name: str, secret: bytes = b"a secret of tests"):
    return hidden_tests.make_question(QUESTIONS[name], secret, "bundle")


def tensors(value):
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    if isinstance(value, dict):
        return {key: tensors(item) for key, item in value.items()}
    return type(value)(map(tensors, value)) if isinstance(value, tuple | list) else value


def hidden_verdict(name: str, function, secret: bytes = b"a secret of tests") -> Verdict:
    question = graded(name, secret)
    replies = []
    for test in question.tests:
        case = Case(tensors(test.arguments), test.words, dict(test.symbols), test.gradient)
        replies.append(hidden_tests.record_reply(function, case, test.cotangent))

    def seen(replies):
        pairs = zip(question.tests, replies, strict=True)
        return [measured(question.property, test.arguments, reply) for test, reply in pairs]

    replies = seen(replies)
    mistakes = {name: seen(test.mistakes[name] for test in question.tests) for name in question.credit}
    expected = seen(test.expected for test in question.tests)
    symbols = [test.symbols for test in question.tests]
    return judge(expected, mistakes, replies, symbols, question.kinds, question.tolerance)
