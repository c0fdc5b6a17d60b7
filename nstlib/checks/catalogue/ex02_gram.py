"""ex02.gram: the Gram matrix in one line."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_M, BY_NM, MIXED, POSITIONS, TENSORFLOW, matrix_root
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw

TRANSCRIPT = "the lecture on the style cost calls G a correlation"


def _blocks(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 1, 3), draw.whole(2, 2, 2)]
    while (drawn[0][0] * drawn[0][1]).sum() == 0:  # a root of 0 has no gradient
        drawn[0] = draw.whole(2, 1, 3)
    while (drawn[1][0] * drawn[1][1]).sum() >= 0:  # a small G with a negative entry
        drawn[1] = draw.whole(2, 2, 2)
    for dtype, filters, most in ((torch.float64, (7, 9), 6), (torch.float32, (4, 6), 6), (torch.float64, (7, 9), 3)):
        drawn.append(draw.normal(*draw.sizes(filters, (2, most), (2, most)), dtype=dtype))
    cases = []
    for features in drawn:
        n, height, width = features.shape
        words = f"{n} filters on {height} × {width} positions ({str(features.dtype).removeprefix('torch.')})"
        cases.append(Case((features,), words, {"N": n, "M": height * width, "H": height, "W": width}))
    return cases


def _dealt(features, order, columns=False):
    """Unroll the wrong way: after a change of the axes' order, dealt into N rows or into N columns."""
    moved = features.permute(*order)
    return moved.reshape(-1, len(features)).T if columns else moved.reshape(len(features), -1)


def _mixed_rows(features):
    F = features.permute(1, 2, 0).reshape(features.shape[0], -1)
    return F @ F.T


def _centred(features):
    F = features.flatten(1)
    F = F - F.mean(1, keepdim=True)
    return F @ F.T


def _correlation(features):
    F = features.flatten(1)
    F = F / F.norm(dim=1, keepdim=True)
    return F @ F.T


def _product(F):
    return F @ F.T


gram = Question(
    id="ex02.gram",
    points=4,
    reference=references.gram_matrix,
    cases=_blocks,
    confirmation="N × N, symmetric, divided by nothing, and the gradient arrives at the features.",
    hints=(
        "What are the rows of F, and what its columns? Which of the two should disappear?",
        "Unroll first: (N, H, W) to (N, M). Then one matrix product makes every pair of rows meet.",
        "`F @ F.T` is (N, M) times (M, N).",
    ),
    reread="lesson 02, section 1",
    difficulty=1,
    importance=5,
    minutes=5,
    misconceptions=(
        Misconception(
            "each-filter-alone",
            lambda f: f @ f.mT,
            "`@` on three dimensions works filter by filter, so each filter's map was multiplied with itself: no two "
            "filters met. Unroll to (N, M) first.",
            TRIED,
        ),
        Misconception(
            "each-filter-alone-summed",
            lambda f: (f @ f.mT).sum(0),
            "You multiplied each filter's map with itself and added up over the filters: that compares rows of the "
            "picture. Unroll to (N, M) first.",
            TRIED,
        ),
        Misconception("divided-by-M", lambda f: references.gram_matrix(f) / f[0].numel(), BY_M, TENSORFLOW),
        Misconception(
            "divided-by-NM",
            lambda f: references.gram_matrix(f) / f.numel(),
            BY_NM,
            "PyTorch's tutorial; jcjohnson/neural-style",
        ),
        Misconception(
            "positions",
            lambda f: f.flatten(1).T @ f.flatten(1),
            POSITIONS,
            "DeepLearning.AI's test says: check the order of the matmul parameters",
        ),
        Misconception(
            "mixed-rows",
            _mixed_rows,
            "Shape and even the trace are right, the rest is not: after moving the filters to the end, `reshape` dealt "
            "the numbers of one position into different rows. Keep the filters first and flatten the other two.",
            "marcopeix/Deep_Learning_AI, issue 1",
            reread="lesson 01, section 3",
        ),
        Misconception(
            "dealt-in-columns",
            lambda f: _product(_dealt(f, (0, 1, 2), columns=True)),
            MIXED,
            "a forum's and many a notebook's `features.reshape(-1, N).T`",
            reread="lesson 01, section 3",
        ),
        Misconception(
            "centred",
            _centred,
            "You subtracted each filter's mean first: that is M times the covariance. The Gram matrix keeps the means.",
            "ProGamerGov/neural-style-pt, issue 11",
            reread="lesson 02, section 3",
        ),
        Misconception(
            "correlation",
            _correlation,
            "The diagonal is 1 everywhere: you scaled each filter to length 1, so how strongly a filter answers is "
            "lost. G is called a correlation, but it is only a sum of products.",
            TRANSCRIPT,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "products-only",
            lambda f: f.flatten(1).square(),
            "You multiplied F with itself entry by entry (N × M). The sum over positions is missing, and so are the "
            "pairs of different filters: a matrix product does both.",
            "a question describes G as an elementwise multiplication (stats.stackexchange, 333586)",
        ),
        Misconception(
            "detached",
            lambda f: references.gram_matrix(f).detach(),
            "The numbers are right, but no gradient arrives at the features. `.detach()` is for the style picture's "
            "target; for X it stops the optimiser.",
            "PyTorch's tutorial detaches the target's Gram matrix",
            credit=2,
        ),
        Misconception(
            "dealt-in-columns-hnw",
            lambda f: _product(_dealt(f, (1, 0, 2), columns=True)),
            MIXED,
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "dealt-in-columns-wnh",
            lambda f: _product(_dealt(f, (2, 0, 1), columns=True)),
            MIXED,
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "dealt-in-columns-nwh",
            lambda f: _product(_dealt(f, (0, 2, 1), columns=True)),
            MIXED,
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "mixed-rows-hnw",
            lambda f: _product(_dealt(f, (1, 0, 2))),
            MIXED,
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "mixed-rows-wnh",
            lambda f: _product(_dealt(f, (2, 0, 1))),
            MIXED,
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "mixed-rows-whn",
            lambda f: _product(_dealt(f, (2, 1, 0))),
            MIXED,
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "dealt-in-rows",
            lambda f: _product(f.reshape(-1, len(f))),
            "Your answer is {M} × {M}: after `reshape(-1, {N})` there is a row for each position. Unroll to {N} "
            "rows with `flatten(1)`; then F Fᵀ is {N} × {N}.",
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "channels-last",
            lambda f: f.reshape(-1, f.shape[-1]).T @ f.reshape(-1, f.shape[-1]),
            "Your answer is {W} × {W}: you took the last dimension for the filters, as TensorFlow orders them. Here "
            "a block is (N, H, W), and N = {N} comes first.",
            "TensorFlow's blocks are (H, W, C)",
            reread="lesson 01, section 3",
        ),
        Misconception(
            "covariance",
            lambda f: torch.cov(f.flatten(1), correction=0),
            "This is the covariance: each filter's mean is subtracted, and the sum is divided by M. The Gram matrix "
            "does neither.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "sample-covariance",
            lambda f: torch.cov(f.flatten(1)),
            "This is `torch.cov`: each filter's mean is subtracted, and the sum is divided by M − 1. The Gram "
            "matrix does neither.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "pearson",
            lambda f: torch.corrcoef(f.flatten(1)),
            "This is `torch.corrcoef`: mean and strength of each filter are taken out. The Gram matrix keeps both: "
            "it is a sum of products and nothing more.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "centred-over-filters",
            lambda f: _product(f.flatten(1) - f.flatten(1).mean(0)),
            "At each position you subtracted the mean over the filters. The Gram matrix subtracts nothing.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "last-position-missing",
            lambda f: _product(f.flatten(1)[:, :-1]),
            "The last position is missing from the sum: a slice `[:-1]` or a `range` ends one too early.",
            TRIED,
        ),
        Misconception(
            "first-position-missing",
            lambda f: _product(f.flatten(1)[:, 1:]),
            "The first position is missing from the sum: counting begins at 0.",
            TRIED,
        ),
        Misconception(
            "height-width-exchanged",
            lambda f: f.flatten(1) @ f.transpose(1, 2).flatten(1).T,
            "In one of the two factors height and width are exchanged, so that products pair different positions. "
            "Unroll once, and use the same F twice.",
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "outer-of-sums",
            lambda f: torch.outer(f.sum((1, 2)), f.sum((1, 2))),
            "You summed each filter first and multiplied the sums; `einsum` with different letters for the two "
            "positions does this, too. The product belongs inside the sum: at each position first multiply, then "
            "add up.",
            TRIED,
        ),
        Misconception(
            "outer-of-means",
            lambda f: torch.outer(f.mean((1, 2)), f.mean((1, 2))),
            "You multiplied the filters' means. The product belongs inside the sum: at each position first "
            "multiply, then add up.",
            TRIED,
        ),
        Misconception(
            "root",
            lambda f: references.gram_matrix(f).abs().sqrt(),
            "You took the root of every entry. The Gram matrix is the sum of products itself.",
            TRIED,
        ),
        Misconception(
            "squared-features",
            lambda f: _product(f.flatten(1).square()),
            "You squared the features before multiplying. The product of a filter with itself already is a square: "
            "leave the first one out.",
            TRIED,
        ),
        Misconception(
            "relu",
            lambda f: _product(f.flatten(1).relu()),
            "Negative features were set to 0 first. A ReLU belongs to the network; G takes the features as they come.",
            TRIED,
        ),
        Misconception(
            "absolute",
            lambda f: _product(f.flatten(1).abs()),
            "The features' signs are gone. Where two filters answer with opposite signs their product is negative: "
            "keep it so.",
            TRIED,
        ),
        Misconception(
            "absolute-result",
            lambda f: references.gram_matrix(f).abs(),
            "The entries' signs are gone. An entry of G is negative where two filters answer with opposite signs.",
            TRIED,
        ),
        Misconception(
            "upper-triangle",
            lambda f: references.gram_matrix(f).triu(),
            "Below the diagonal everything is 0. Each pair belongs in two places: G is symmetric.",
            TRIED,
        ),
        Misconception(
            "lower-triangle",
            lambda f: references.gram_matrix(f).tril(),
            "Above the diagonal everything is 0. Each pair belongs in two places: G is symmetric.",
            TRIED,
        ),
        Misconception(
            "above-the-diagonal",
            lambda f: references.gram_matrix(f).triu(1),
            "Only the entries above the diagonal are filled. The diagonal belongs to G, each filter with itself; and G "
            "is symmetric: what stands above it stands below it, too.",
            TRIED,
        ),
        Misconception(
            "below-the-diagonal",
            lambda f: references.gram_matrix(f).tril(-1),
            "Only the entries below the diagonal are filled. The diagonal belongs to G, each filter with itself; and G "
            "is symmetric: what stands below it stands above it, too.",
            TRIED,
        ),
        Misconception(
            "only-diagonal",
            lambda f: references.gram_matrix(f).diag().diag(),
            "Only the diagonal is filled: each filter met itself alone. The pairs of different filters are what "
            "makes G more than N strengths.",
            TRIED,
        ),
        Misconception(
            "diagonal-vector",
            lambda f: f.flatten(1).square().sum(1),
            "You returned {N} numbers, each filter with itself. The pairs of different filters are missing: a "
            "matrix product gives all {N} × {N}.",
            TRIED,
        ),
        Misconception(
            "no-diagonal",
            lambda f: references.gram_matrix(f) - references.gram_matrix(f).diag().diag(),
            "The diagonal is 0: the products of each filter with itself are missing.",
            TRIED,
        ),
        Misconception(
            "matrix-root",
            lambda f: matrix_root(references.gram_matrix(f)),
            "This is the matrix root of G: multiplied with itself, as a matrix, it gives G. F Fᵀ itself is asked "
            "for: leave the root out.",
            TRIED,
        ),
        Misconception(
            "distances",
            lambda f: torch.cdist(f.flatten(1), f.flatten(1)),
            "These are distances between filters: 0 on the diagonal. The Gram matrix has their scalar products.",
            TRIED,
        ),
    ),
)
