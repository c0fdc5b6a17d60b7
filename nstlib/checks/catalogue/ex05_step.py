"""ex05.step: one step downhill."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _steps(draw: Draw) -> list[Case]:
    rate = 0.5
    cases = [_step(draw.uniform(1, 2, 3).mul(10).round().div(10), draw.whole(1, 2, 3) / 2, rate)]
    for dtype, low, high in ((torch.float64, 0.2, 0.4), (torch.float32, 0.02, 0.1)):
        rate = round(draw.number(low, high), 3)
        channels, height, width = draw.sizes((1, 3), (4, 9), (4, 9))
        x = draw.uniform(channels, height, width, dtype=dtype)
        cases.append(_step(x, draw.normal(channels, height, width, mean=0.2, dtype=dtype), rate))
    return cases


def _step(x: torch.Tensor, gradient: torch.Tensor, rate: float) -> Case:
    words = f"a picture of {' × '.join(map(str, x.shape))} numbers and the rate {rate}"
    return Case((x, gradient, rate), words, {"rate": rate}, gradient=())


def _in_place(x, gradient, rate):
    return x.sub_(rate * gradient).clamp_(0, 1)


def _stretched(x):
    return (x - x.min()) / (x.max() - x.min())


step = Question(
    id="ex05.step",
    points=3,
    reference=references.gradient_step,
    cases=_steps,
    tolerance=BY_TORCH,
    confirmation="One step against the gradient, between 0 and 1, and the given picture is as it was.",
    hints=(
        "The gradient points uphill. Which way does the step go?",
        "First the step, then the limits: below 0 is black, above 1 is white.",
        "`(x - learning_rate * gradient).clamp(0, 1)` makes a new tensor and leaves x alone.",
    ),
    reread="lesson 05, section 2",
    difficulty=1,
    importance=5,
    minutes=5,
    misconceptions=(
        Misconception(
            "uphill",
            lambda x, g, rate: (x + rate * g).clamp(0, 1),
            "You stepped uphill: the gradient points where J grows. Subtract it.",
            FORESEEN,
        ),
        Misconception(
            "not-clamped",
            lambda x, g, rate: x - rate * g,
            "The step is right, but some numbers left [0, 1]. Clamp the result.",
            "PyTorch's tutorial has to correct the values afterwards",
            credit=1,
        ),
        Misconception(
            "in-place",
            _in_place,
            "The result is right, but the picture that was given changed with it: `-=`, `sub_` and `clamp_` work in "
            "place. Make a new tensor.",
            "PyTorch's tutorial clamps the input in place",
            credit=1,
        ),
        Misconception(
            "sign-only",
            lambda x, g, rate: (x - rate * g.sign()).clamp(0, 1),
            "Every number moved by the rate itself, {rate}: you took the gradient's sign. That is near Adam's first "
            "step; here the gradient's size counts.",
            "lesson 05, section 3",
            reread="lesson 05, section 3",
        ),
        Misconception(
            "unit-length",
            lambda x, g, rate: (x - rate * g / g.norm()).clamp(0, 1),
            "You scaled the gradient to length 1 first. Plain descent takes it as it is.",
            "ProGamerGov/neural-style-pt, issue 43, on normalised gradients",
        ),
        Misconception(
            "no-rate",
            lambda x, g, rate: (x - g).clamp(0, 1),
            "The learning rate was not used: the step has the gradient's full length.",
            FORESEEN,
        ),
        Misconception(
            "bytes",
            lambda x, g, rate: (x - rate * g).clamp(0, 255),
            "Numbers above 1 are left: you clamped to 0 … 255, or from below alone. Pictures of this course lie "
            "between 0 and 1.",
            "jcjohnson/neural-style works on 0 … 256",
            reread="lesson 05b, section 5",
        ),
        Misconception(
            "only-above",
            lambda x, g, rate: (x - rate * g).clamp(max=1),
            "The step is right, but some numbers are below 0. There are two limits: `clamp(0, 1)`.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "sigmoid",
            lambda x, g, rate: (x - rate * g).sigmoid(),
            "A sigmoid keeps the numbers between 0 and 1, but changes all of them. `clamp(0, 1)` changes only those "
            "outside.",
            TRIED,
        ),
        Misconception(
            "rescaled",
            lambda x, g, rate: _stretched(x - rate * g),
            "You stretched the result to [0, 1], which changes every number. `clamp(0, 1)` changes only those outside.",
            TRIED,
        ),
        Misconception(
            "divided-by-rate",
            lambda x, g, rate: (x - g / rate).clamp(0, 1),
            "You divided by the learning rate. A larger rate makes a longer step: multiply.",
            TRIED,
        ),
        Misconception(
            "only-step",
            lambda x, g, rate: (-rate * g).clamp(0, 1),
            "You returned the step without the picture. The new picture is x minus rate times gradient.",
            TRIED,
        ),
        Misconception(
            "clamped-gradient",
            lambda x, g, rate: (x - rate * g.clamp(0, 1)).clamp(0, 1),
            "You clamped the gradient, too. It may be negative: only the picture has limits.",
            TRIED,
        ),
        Misconception(
            "clamped-gradient-alone",
            lambda x, g, rate: x - rate * g.clamp(0, 1),
            "You clamped the gradient in place of the picture. The gradient may be negative or large; what has limits "
            "is the result.",
            TRIED,
        ),
        Misconception(
            "absolute-gradient",
            lambda x, g, rate: (x - rate * g.abs()).clamp(0, 1),
            "The gradient's signs are gone: where it is negative, the number has to grow.",
            TRIED,
        ),
    ),
)
