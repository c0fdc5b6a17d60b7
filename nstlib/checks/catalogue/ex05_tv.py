"""ex05.tv: how rough a picture is."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _pictures(draw: Draw) -> list[Case]:
    drawn = [draw.whole(1, 2, 3), draw.whole(2, 2, 2)]
    for dtype, rows in ((torch.float64, (3, 4)), (torch.float32, (5, 7))):
        drawn.append(draw.uniform(*draw.sizes((2, 3), rows, (4, 8)), low=-0.5, dtype=dtype))  # `abs` of it shows
    return [
        Case((x,), f"a picture of {' × '.join(map(str, x.shape))} numbers", dict(zip("CHW", x.shape, strict=True)))
        for x in drawn
    ]


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


def _wide(x):
    return (x[:, 2:] - x[:, :-2]).abs().sum() + (x[:, :, 2:] - x[:, :, :-2]).abs().sum()


def _slanted(x):
    return (x[:, 1:, 1:] - x[:, :-1, :-1]).abs().sum() + (x[:, 1:, :-1] - x[:, :-1, 1:]).abs().sum()


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
            FORESEEN,
        ),
        Misconception(
            "across-only",
            lambda x: x.diff(dim=2).abs().sum(),
            "Only the differences across are counted. Add those downwards.",
            FORESEEN,
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
            "one-slant",
            lambda x: (x[:, 1:, 1:] - x[:, :-1, :-1]).abs().sum(),
            "You compared each pixel with the one below and to the right, in one difference. Neighbours lie below or "
            "to the right: two differences for each pixel.",
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
