"""Whatever an answer returns or raises, a check meets it with a sentence."""

import asyncio
import warnings

import numpy as np
import pytest
import torch

from nstlib import checks

QUESTIONS = checks.all_questions()


class Hostile:
    """Refuses whatever is asked of it."""

    def _refuse(self, *given):
        raise KeyError("no")

    __float__ = __iter__ = __len__ = __bool__ = __eq__ = __repr__ = __array__ = _refuse
    __hash__ = None


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Breaking(torch.autograd.Function):
    """Right on the way forth, and raises on the way back."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise KeyError("on the way back")


def raising(fault):
    def answer(*given):
        raise fault

    return answer


def for_ever(*given):
    return for_ever(*given)


def generator(*given):
    yield 1.0


def itself(*given):
    return itself


def spoiling(*given):
    for argument in given:
        if isinstance(argument, torch.Tensor):
            argument.data.resize_(0)
        elif isinstance(argument, dict | list):
            argument.clear()
    return 1.0


def through_breaking(*given):
    return Breaking.apply(given[0]) if isinstance(given[0], torch.Tensor) else 1.0


ring: list = []
ring.append(ring)
moving = torch.ones(2, requires_grad=True)
RETURNED = {
    "None": None,
    "ragged": [[1.0, 2.0], [3.0]],
    "list of matrices": [torch.ones(2, 2), torch.ones(2, 2)],
    "list of unequal tensors": [torch.ones(2), torch.ones(3)],
    "list of tensors with gradient": [moving, moving],
    "list of single tensors with gradient": [[moving[0], moving[1]]],
    "list of words": ["a", "1"],
    "list of hostile": [Hostile()],
    "ring": ring,
    "nothing in a list": [],
    "word": "1",
    "numpy": np.ones((2, 3)),
    "numpy of objects": np.array([None, 1]),
    "numpy complex": np.array([1j]),
    "complex": 1j,
    "bool": True,
    "object": object(),
    "hostile": Hostile(),
    "meta": torch.ones(2, device="meta"),
    "meta with gradient": torch.ones(2, device="meta", requires_grad=True),
    "gradient to elsewhere": moving,
    "no dimension": torch.tensor(1.0),
    "empty": torch.ones(0, 3),
    "nan": torch.full((2, 2), torch.nan),
    "inf": float("inf"),
    "sparse": torch.ones(2, 2).to_sparse(),
    "whole numbers": torch.ones(2, dtype=torch.int64),
    "complex tensor": torch.ones(2, dtype=torch.complex64, requires_grad=True),
    "bfloat16": torch.ones(2, dtype=torch.bfloat16, requires_grad=True),
    "too large": 10**400,
    "too large in a list": [10**400],
    "dict": {"a": 1.0},
    "empty dict": {},
    "dict of tensors": {"relu1_1": torch.ones(2), None: None},
    "dict of hostile": {"a": Hostile()},
    "range": range(3),
    "exception": ValueError("a"),
    "exception class": ValueError,
    "NotImplemented": NotImplemented,
}
ANSWERS = {name: lambda *given, value=value: value for name, value in RETURNED.items()} | {
    "generator": generator,
    "itself": itself,
    "arguments": lambda *given: given,
    "no parameters": lambda: 1.0,
    "spoiling": spoiling,
    "breaking": through_breaking,
    "for ever": for_ever,
    "SystemExit": raising(SystemExit(1)),
    "GeneratorExit": raising(GeneratorExit()),
    "cancelled": raising(asyncio.CancelledError()),
    "group": raising(BaseExceptionGroup("several", [SystemExit()])),
    "mute": raising(Mute()),
    "stub": raising(NotImplementedError()),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_odd_answer_is_met_with_a_sentence_and_without_a_warning(answer):
    for question in QUESTIONS.values():
        with warnings.catch_warnings():
            warnings.filterwarnings("error", module=r"nstlib\.")
            result = question.check(answer)
        assert result.outcome in ("not yet", "not attempted", "raised") and result.points < question.points
        assert result.lines and all(result.lines) and "object of type Tensor" not in result.message
        assert str(result) and result._repr_html_()


def test_a_learners_stop_button_still_stops():
    with pytest.raises(KeyboardInterrupt):
        QUESTIONS["ex02.gram"].check(raising(KeyboardInterrupt()))


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("ex02.gram_loops", lambda F: [[1.0], [1.0, 2.0]], "rows differ in length"),
        ("ex02.gram_loops", lambda F: [["1"]], "no number"),
        ("ex02.gram_loops", lambda F: torch.ones(2, device="meta"), "holds no numbers"),
        ("ex02.gram", lambda f: (f @ f.mT).to_sparse(), "sparse"),
        ("ex04.balance", lambda norms: dict.fromkeys(norms, "a"), "no number"),
        ("ex03.factor", lambda *sizes: 10**400, "too large"),
        ("ex01.unroll", through_breaking, "on the way back"),
    ],
)
def test_what_cannot_be_read_is_said(question, answer, words):
    assert words in QUESTIONS[question].check(answer).message


def test_rows_as_tensors_are_rows():
    result = QUESTIONS["ex02.gram_loops"].check(lambda F: [torch.stack([(p * q).sum() for q in F]) for p in F])
    assert result.outcome == "correct"
