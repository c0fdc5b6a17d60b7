"""ex01.unroll: a block of features as a matrix, one row a filter."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import MIXED
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _blocks(draw: Draw) -> list[Case]:
    cases = [_block(draw.whole(2, 1, 3)), _block(draw.whole(2, 2, 2))]
    for dtype, filters, most in ((torch.float64, (7, 9), 6), (torch.float32, (4, 5), 6), (torch.float64, (7, 9), 3)):
        n, height, width = draw.sizes(filters, (2, most), (2, most))
        cases.append(_block(draw.normal(n, height, width, dtype=dtype)))
    return cases


def _block(features: torch.Tensor) -> Case:
    n, height, width = features.shape
    words = f"{n} filters on {height} × {width} positions ({str(features.dtype).removeprefix('torch.')})"
    return Case((features,), words, {"N": n, "M": height * width, "H": height, "W": width})


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
