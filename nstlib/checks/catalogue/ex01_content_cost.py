"""ex01.content_cost: how far a picture is from the photo, by one layer."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _pairs(draw: Draw) -> list[Case]:
    drawn = [(draw.whole(2, 1, 3), draw.whole(2, 1, 3))]
    for dtype, filters, most in ((torch.float64, (7, 9), 6), (torch.float32, (4, 5), 6), (torch.float64, (7, 9), 3)):
        size = draw.sizes(filters, (2, most), (2, most))
        drawn.append((draw.normal(*size, dtype=dtype), draw.normal(*size, dtype=dtype)))
    cases = []
    for x, c in drawn:
        n, height, width = x.shape
        words = f"two pictures' features, {n} filters on {height} × {width} positions each"
        cases.append(Case((x, c), words, {"N": n, "M": height * width, "H": height, "W": width}))
    return cases


content_cost = Question(
    id="ex01.content_cost",
    points=3,
    reference=references.content_cost,
    cases=_pairs,
    confirmation="Half the sum of squares, place by place, with a gradient that moves X.",
    hints=(
        "Compare the two blocks place by place. What happens to each difference before you sum?",
        "Squares, summed over filters and positions. Then the paper's ½.",
        "`((features_x - features_c) ** 2).sum() / 2`.",
    ),
    reread="lesson 01, section 4",
    difficulty=1,
    importance=4,
    minutes=5,
    misconceptions=(
        Misconception(
            "no-half",
            lambda x, c: (x - c).square().sum(),
            "Your cost is twice as large as it should be: the ½ in front of the sum is missing. It cancels the 2 of "
            "the gradient.",
            "Keras' example sums without ½",
            credit=1,
        ),
        Misconception(
            "mean",
            lambda x, c: (x - c).square().mean(),
            "You took the mean of the squares, as `mse_loss` does. The paper has half their sum: N · M / 2 times more.",
            "PyTorch's tutorial takes mse_loss",
        ),
        Misconception(
            "half-mean",
            lambda x, c: (x - c).square().mean() / 2,
            "You took half the mean. The paper takes half the sum, N · M times as much ({N} filters, {M} positions).",
            "½ of the paper with the mean of PyTorch's tutorial",
        ),
        Misconception(
            "course-4nm",
            lambda x, c: (x - c).square().sum() / (4 * x.numel()),
            "You divided the sum by 4 · N · M, as one well-known assignment does. This course follows the paper: ½ Σ.",
            "DeepLearning.AI C4W4 divides by 4 n_H n_W n_C",
        ),
        Misconception(
            "root",
            lambda x, c: (x - c).norm(),
            "This is the distance, the root of the sum of squares. The cost is half its square.",
            "lectures write the cost as a norm",
        ),
        Misconception(
            "absolute",
            lambda x, c: (x - c).abs().sum() / 2,
            "You summed absolute differences. The paper squares them.",
            "d2l's chapter uses absolute differences, for total variation",
        ),
        Misconception(
            "no-gradient",
            lambda x, c: references.content_cost(x.detach(), c.detach()),
            "The number is right, but no gradient arrives at X: `.detach()` or `.item()` cut it off.",
            "PyTorch's tutorial detaches its targets",
            credit=1,
        ),
        Misconception(
            "no-square",
            lambda x, c: (x - c).sum() / 2,
            "The square is missing: differences of either sign then cancel each other, and the cost can be negative.",
            TRIED,
        ),
        Misconception(
            "square-of-sum",
            lambda x, c: (x - c).sum() ** 2 / 2,
            "You summed first and squared the sum. Then differences of either sign cancel. Square each one, then sum.",
            TRIED,
        ),
        Misconception(
            "half-norm",
            lambda x, c: (x - c).norm() / 2,
            "This is half the distance. The cost has the square of the distance: leave the root out.",
            TRIED,
        ),
        Misconception(
            "fourth-power",
            lambda x, c: (x - c).pow(4).sum() / 2,
            "Your differences are squared twice. One square is enough.",
            TRIED,
        ),
        Misconception(
            "squares-subtracted",
            lambda x, c: (x**2 - c**2).sum() / 2,
            "You squared before you subtracted: x² − c² is not (x − c)². Subtract first.",
            TRIED,
        ),
        Misconception(
            "added",
            lambda x, c: (x + c).square().sum() / 2,
            "You added the two blocks. Content compares them: subtract.",
            TRIED,
        ),
        Misconception(
            "grams",
            lambda x, c: (x.flatten(1) @ x.flatten(1).T - c.flatten(1) @ c.flatten(1).T).square().sum() / 2,
            "You compared Gram matrices. That is style, which forgets the places; content compares place by place.",
            TRIED,
            reread="lesson 02, section 1",
        ),
        Misconception(
            "only-x",
            lambda x, c: x.square().sum() / 2,
            "The second picture's features do not occur in your numbers. Subtract them first.",
            TRIED,
        ),
        Misconception(
            "last-column-missing",
            lambda x, c: (x - c)[..., :-1].square().sum() / 2,
            "The last column of the map is left out: a slice ends too early.",
            TRIED,
        ),
    ),
)
