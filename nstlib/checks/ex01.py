"""Exercise 01: unroll a layer's features, and measure content."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.progress import table
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.with_networks import field, hooks

MIXED = (
    "The sizes are right, but a row holds numbers of several filters: `reshape` cuts the numbers in the "
    "order in which they lie, and after `permute`, or in `reshape(-1, N).T`, that is not filter by filter. "
    "Keep the filters first: `flatten(1)`."
)


def _blocks(draw: Draw) -> list[Case]:
    cases = [_block(draw.whole(2, 1, 3))]
    for dtype, filters, most in ((torch.float64, (7, 9), 6), (torch.float32, (4, 5), 6), (torch.float64, (7, 9), 3)):
        n, height, width = draw.sizes(filters, (2, most), (2, most))
        cases.append(_block(draw.normal(n, height, width, dtype=dtype)))
    return cases


def _block(features: torch.Tensor) -> Case:
    n, height, width = features.shape
    words = f"{n} filters on {height} × {width} positions ({str(features.dtype).removeprefix('torch.')})"
    return Case((features,), words, {"N": n, "M": height * width, "H": height, "W": width})


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


def _dealt(features, order, columns=False):
    """Unroll the wrong way: after a change of the axes' order, dealt into N rows or into N columns."""
    moved = features.permute(*order)
    return moved.reshape(-1, len(features)).T if columns else moved.reshape(len(features), -1)


unroll = Question(
    id="ex01.unroll",
    points=2,
    reference=references.unroll,
    cases=_blocks,
    confirmation="A row for each filter, a column for each position, and the gradient arrives at the features.",
    hints=(
        "How many rows and columns does F have? Which of the three dimensions stays as it is?",
        "Filters come first in a torch block already. Only height and width become one dimension.",
        "`features.flatten(1)`, or `reshape` with the number of filters first.",
    ),
    reread="lesson 01, section 3",
    difficulty=1,
    importance=4,
    minutes=5,
    misconceptions=(
        Misconception(
            "transposed",
            lambda f: f.flatten(1).T,
            "Your F is {M} × {N}: a row for each position. This course writes a row for each filter, {N} × {M}.",
            "DeepLearning.AI's assignment unrolls to (n_H · n_W, n_C) and transposes",
        ),
        Misconception(
            "mixed-rows",
            lambda f: f.permute(1, 2, 0).reshape(f.shape[0], -1),
            "The shape is right, but a row holds numbers of several filters: you moved the filters to the end, and "
            "`reshape` then cut the numbers in their new order. Keep the filters first.",
            "marcopeix/Deep_Learning_AI, issue 1",
        ),
        Misconception(
            "column-by-column",
            lambda f: f.transpose(1, 2).flatten(1),
            "Each row holds its filter's numbers, but column by column of the map. Every fixed order gives the same "
            "Gram matrix; this course reads row by row.",
            "Keras' and Matlab's arrays run through a picture in other orders",
            credit=1,
        ),
        Misconception(
            "one-row",
            lambda f: f.flatten(),
            "You made one row of N · M numbers, in which the {N} filters are lost. Flatten height and width only.",
            "torch.flatten starts at dimension 0 unless told otherwise",
        ),
        Misconception(
            "extra-dimension",
            lambda f: f.flatten(1)[None],
            "There is a dimension of size 1 in front. A single picture's F has two dimensions, {N} × {M}.",
            "PyTorch's tutorial works on a batch of one",
        ),
        Misconception(
            "detached",
            lambda f: f.detach().flatten(1),
            "The numbers are right, but no gradient arrives at the features: leave `.detach()` and numpy out.",
            "PyTorch's tutorial detaches its targets",
            credit=1,
        ),
        Misconception(
            "dealt-in-columns",
            lambda f: _dealt(f, (0, 1, 2), columns=True),
            MIXED,
            TRIED,
        ),
        Misconception(
            "dealt-in-columns-hnw",
            lambda f: _dealt(f, (1, 0, 2), columns=True),
            MIXED,
            TRIED,
        ),
        Misconception(
            "dealt-in-columns-wnh",
            lambda f: _dealt(f, (2, 0, 1), columns=True),
            MIXED,
            TRIED,
        ),
        Misconception(
            "dealt-in-columns-nwh",
            lambda f: _dealt(f, (0, 2, 1), columns=True),
            MIXED,
            TRIED,
        ),
        Misconception(
            "mixed-rows-hnw",
            lambda f: _dealt(f, (1, 0, 2)),
            MIXED,
            TRIED,
        ),
        Misconception(
            "mixed-rows-wnh",
            lambda f: _dealt(f, (2, 0, 1)),
            MIXED,
            TRIED,
        ),
        Misconception(
            "mixed-rows-whn",
            lambda f: _dealt(f, (2, 1, 0)),
            MIXED,
            TRIED,
        ),
        Misconception(
            "dealt-in-rows",
            lambda f: f.reshape(-1, len(f)),
            "`reshape(-1, {N})` has a row for each of {M} positions in shape only: each row holds {N} numbers of "
            "one filter, not one number of each. Flatten height and width, then look at a small block by eye.",
            TRIED,
        ),
        Misconception(
            "height-with-filters",
            lambda f: f.flatten(0, 1),
            "You flattened filters with height: N · H rows of {W}. Leave the filters alone and flatten height and "
            "width: `flatten(1)`.",
            TRIED,
        ),
        Misconception(
            "channels-last",
            lambda f: f.reshape(-1, f.shape[-1]).T,
            "You took the last dimension for the filters, as TensorFlow orders them. In torch a block is (N, H, W): "
            "the filters come first.",
            "TensorFlow's blocks are (H, W, C)",
        ),
        Misconception(
            "relu",
            lambda f: f.flatten(1).relu(),
            "Where the features are negative you put 0. Unrolling changes no number: leave the ReLU to the network.",
            TRIED,
            reread="lesson 01, section 1",
        ),
        Misconception(
            "absolute",
            lambda f: f.flatten(1).abs(),
            "The signs are gone. Unrolling changes no number, only the shape.",
            TRIED,
        ),
        Misconception(
            "last-position-missing",
            lambda f: f.flatten(1)[:, :-1],
            "The last position is missing: F has {M} columns, from 0 to {M} − 1. A slice `[:-1]` leaves the last "
            "one out.",
            TRIED,
        ),
        Misconception(
            "first-position-missing",
            lambda f: f.flatten(1)[:, 1:],
            "The first position is missing: counting begins at 0, so a slice `[1:]` leaves one out.",
            TRIED,
        ),
    ),
)
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
QUESTIONS = (unroll, content_cost, field, hooks)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 01", QUESTIONS)
