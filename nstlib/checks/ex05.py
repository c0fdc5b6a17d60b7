"""Exercise 05: the number that is lowered, one step downhill, and the smoothness of a picture."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.progress import table
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.with_networks import bug_hunt
from nstlib.checks.with_numbers import adam, plateau


def _costs(draw: Draw) -> list[Case]:
    few = tuple(map(float, draw.shuffled((2, 3, 5, 7, 10))[:4]))
    numbers = tuple(draw.number(0.5, 9.0) for _ in range(4))
    tensors = (draw.uniform(low=1, high=5), draw.uniform(low=1, high=5), draw.number(1, 2), draw.number(10, 40))
    cases = []
    for costs, gradient in ((few, ()), (numbers, ()), (tensors, (0, 1))):
        words = "J_content = {:.3g}, J_style = {:.3g}, α = {:.3g}, β = {:.3g}".format(*map(float, costs))
        symbols = {"α": float(costs[2]), "β": float(costs[3])}
        cases.append(Case(costs, f"tensors, {words}" if gradient else words, symbols, gradient))
    return cases


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


def _pictures(draw: Draw) -> list[Case]:
    drawn = [draw.whole(1, 2, 3)]
    for dtype, rows in ((torch.float64, (3, 4)), (torch.float32, (5, 7))):
        drawn.append(draw.uniform(*draw.sizes((2, 3), rows, (4, 8)), dtype=dtype))
    return [
        Case((x,), f"a picture of {' × '.join(map(str, x.shape))} numbers", dict(zip("CHW", x.shape, strict=True)))
        for x in drawn
    ]


def _in_place(x, gradient, rate):
    return x.sub_(rate * gradient).clamp_(0, 1)


def _around(x):
    return (x - x.roll(1, 1)).abs().sum() + (x - x.roll(1, 2)).abs().sum()


def _cut_to_one_shape(x):
    return x[:, 1:, :-1] - x[:, :-1, :-1], x[:, :-1, 1:] - x[:, :-1, :-1]


def _cropped(x):
    return sum(difference.abs().sum() for difference in _cut_to_one_shape(x))


def _isotropic(x):
    down, across = _cut_to_one_shape(x)
    return (down.square() + across.square()).sqrt().sum()


def _squares(x):
    return x.diff(dim=1).square().sum() + x.diff(dim=2).square().sum()


def _stretched(x):
    return (x - x.min()) / (x.max() - x.min())


def _wide(x):
    return (x[:, 2:] - x[:, :-2]).abs().sum() + (x[:, :, 2:] - x[:, :, :-2]).abs().sum()


def _slanted(x):
    return (x[:, 1:, 1:] - x[:, :-1, :-1]).abs().sum() + (x[:, 1:, :-1] - x[:, :-1, 1:]).abs().sum()


total_cost = Question(
    id="ex05.total_cost",
    points=1,
    reference=references.total_cost,
    cases=_costs,
    kinds=frozenset({"number", "tensor"}),
    confirmation="J = α J_content + β J_style.",
    hints=(
        "Two costs, two weights, one number.",
        "α belongs to content, β to style.",
        "`alpha * j_content + beta * j_style`.",
    ),
    reread="lesson 05, section 1",
    difficulty=1,
    importance=4,
    minutes=2,
    misconceptions=(
        Misconception(
            "exchanged",
            lambda c, s, a, b: b * c + a * s,
            "α and β are exchanged: α weighs content, β style.",
            "foreseen by the authors",
        ),
        Misconception(
            "unweighted",
            lambda c, s, a, b: c + s,
            "You added the two costs without α and β.",
            "foreseen by the authors",
        ),
        Misconception(
            "beta-only",
            lambda c, s, a, b: c + b * s,
            "α is missing: content has a weight, too.",
            "jcjohnson/neural-style, issue 87: is one of the two enough?",
        ),
        Misconception(
            "averaged",
            lambda c, s, a, b: (a * c + b * s) / (a + b),
            "You divided by α + β. J is the weighted sum itself.",
            "foreseen by the authors",
        ),
        Misconception(
            "alpha-only",
            lambda c, s, a, b: a * c + s,
            "β is missing: style has a weight, too.",
            TRIED,
        ),
        Misconception(
            "one-weight",
            lambda c, s, a, b: a * (c + s),
            "You weighted both costs by α. β belongs to style.",
            TRIED,
        ),
        Misconception(
            "product",
            lambda c, s, a, b: a * c * b * s,
            "You multiplied the two terms. J is their sum.",
            TRIED,
        ),
        Misconception(
            "difference",
            lambda c, s, a, b: a * c - b * s,
            "You subtracted style. Then the optimiser would make it larger. J is the sum.",
            TRIED,
        ),
        Misconception(
            "squared",
            lambda c, s, a, b: (a * c) ** 2 + (b * s) ** 2,
            "You squared the terms. The squares are inside the two costs already.",
            TRIED,
        ),
    ),
)
step = Question(
    id="ex05.step",
    points=3,
    reference=references.gradient_step,
    cases=_steps,
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
            "foreseen by the authors",
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
            "foreseen by the authors",
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
            "absolute-gradient",
            lambda x, g, rate: (x - rate * g.abs()).clamp(0, 1),
            "The gradient's signs are gone: where it is negative, the number has to grow.",
            TRIED,
        ),
    ),
)
tv = Question(
    id="ex05.tv",
    points=2,
    reference=references.total_variation,
    cases=_pictures,
    confirmation="Each pair of neighbours once, downwards and across, in absolute value.",
    hints=(
        "Which pixels are neighbours? How many pairs does a row of W pixels have?",
        "Two slices, shifted against each other by one, give all pairs in one direction.",
        "`x[:, 1:] - x[:, :-1]` downwards, the same with the last dimension across; absolute values, summed.",
    ),
    reread="lesson 05b, section 1",
    difficulty=2,
    importance=3,
    minutes=8,
    misconceptions=(
        Misconception(
            "squares",
            _squares,
            "You summed squares. This course's total variation has absolute values, so that one sharp edge costs no "
            "more than a gentle slope.",
            "TensorFlow's tutorial says squares where its code has absolute values",
        ),
        Misconception(
            "cropped",
            _cropped,
            "Pairs at an edge are missing: you cut both differences to one shape. They are summed separately, so each "
            "may have its own: `x[:, 1:] - x[:, :-1]` keeps all columns.",
            TRIED,
        ),
        Misconception(
            "down-only",
            lambda x: x.diff(dim=1).abs().sum(),
            "Only the differences downwards are counted. Add those across.",
            "foreseen by the authors",
        ),
        Misconception(
            "across-only",
            lambda x: x.diff(dim=2).abs().sum(),
            "Only the differences across are counted. Add those downwards.",
            "foreseen by the authors",
        ),
        Misconception(
            "mean",
            lambda x: (x.diff(dim=1).abs().mean() + x.diff(dim=2).abs().mean()) / 2,
            "You took means, and half their sum. The plain sum is wanted.",
            "d2l's chapter takes half the sum of two means",
        ),
        Misconception(
            "around",
            _around,
            "You compared the last row with the first, and the last column with the first: `roll` closes the picture "
            "to a ring. Border pixels have no neighbour there.",
            "torch.roll wraps around",
        ),
        Misconception(
            "root",
            _isotropic,
            "You took the length of both differences together, √(down² + across²). That is the isotropic form; this "
            "course adds absolute values.",
            "Rudin, Osher and Fatemi 1992",
        ),
        Misconception(
            "channels-last",
            lambda x: x.diff(dim=0).abs().sum() + x.diff(dim=1).abs().sum(),
            "You took the first two dimensions for height and width, as in (H, W, C). Here a picture is (C, H, W): "
            "colours are no neighbours.",
            "TensorFlow's pictures are (H, W, C)",
        ),
        Misconception(
            "colours-too",
            lambda x: sum(x.diff(dim=dim).abs().sum() for dim in range(3)),
            "You also compared the colour channels with each other. Neighbours lie below and to the right, in the "
            "same channel.",
            TRIED,
        ),
        Misconception(
            "signed",
            lambda x: x.diff(dim=1).sum() + x.diff(dim=2).sum(),
            "The absolute values are missing: rises and falls cancel each other.",
            TRIED,
        ),
        Misconception(
            "absolute-of-sum",
            lambda x: x.diff(dim=1).sum().abs() + x.diff(dim=2).sum().abs(),
            "You summed first and took the absolute value of the sum. Rises and falls have cancelled by then: `abs` "
            "before `sum`.",
            TRIED,
        ),
        Misconception(
            "both-ways",
            lambda x: 2 * (x.diff(dim=1).abs().sum() + x.diff(dim=2).abs().sum()),
            "Each pair is counted twice, from both of its pixels. Count each pair once.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "two-apart",
            _wide,
            "You compared pixels two apart: both slices were cut. One begins at 1, the other ends before the last.",
            TRIED,
        ),
        Misconception(
            "slanted",
            _slanted,
            "You compared pixels across corners. Neighbours share a side: below, and to the right.",
            TRIED,
        ),
        Misconception(
            "means-added",
            lambda x: x.diff(dim=1).abs().mean() + x.diff(dim=2).abs().mean(),
            "You took means. The plain sum over all pairs is wanted.",
            TRIED,
        ),
        Misconception(
            "product",
            lambda x: x.diff(dim=1).abs().sum() * x.diff(dim=2).abs().sum(),
            "You multiplied the two directions. Add them.",
            TRIED,
        ),
    ),
)
QUESTIONS = (total_cost, step, tv, plateau, adam, bug_hunt)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 05", QUESTIONS)
