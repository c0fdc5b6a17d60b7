"""Exercise 02: the Gram matrix, by loops, in one line, for a batch; and the covariance that hides in it."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.progress import table
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.with_matrices import equal_grams, soft_mask

TENSORFLOW = "TensorFlow's tutorial and course lab divide by height · width"
TRANSCRIPT = "the lecture on the style cost calls G a correlation"


# Cases


def _unrolled(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 3)]
    for ranges in (((3, 6), (7, 9)), ((5, 6), (2, 4))):
        drawn.append(draw.normal(*draw.sizes(*ranges)))
    return [
        Case((F,), f"{len(F)} filters × {len(F[0])} positions", {"N": len(F), "M": len(F[0])}, gradient=())
        for F in drawn
    ]


def _blocks(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 1, 3)]
    for dtype, filters, most in ((torch.float64, (7, 9), 6), (torch.float32, (4, 6), 6), (torch.float64, (7, 9), 3)):
        drawn.append(draw.normal(*draw.sizes(filters, (2, most), (2, most)), dtype=dtype))
    cases = []
    for features in drawn:
        n, height, width = features.shape
        words = f"{n} filters on {height} × {width} positions ({str(features.dtype).removeprefix('torch.')})"
        cases.append(Case((features,), words, {"N": n, "M": height * width, "H": height, "W": width}))
    return cases


def _batches(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 3, 1, 2)]
    for dtype, pictures, filters in ((torch.float64, (3, 4), (5, 6)), (torch.float32, (1, 2), (13, 15))):
        drawn.append(draw.normal(*draw.sizes(pictures, filters, (2, 4), (2, 4)), dtype=dtype))
    cases = []
    for features in drawn:
        b, n, height, width = features.shape
        words = f"a batch of {b}, {n} filters on {height} × {width} positions"
        cases.append(Case((features,), words, {"B": b, "N": n, "M": height * width, "H": height, "W": width}))
    return cases


def _summed(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 3)]
    for ranges in (((4, 5), (6, 8)), ((2, 3), (9, 12)), ((6, 7), (3, 4))):
        drawn.append(draw.normal(*draw.sizes(*ranges)))
    cases = []
    for F in drawn:
        n, m = F.shape
        cases.append(Case((F @ F.T, F.mean(1), m), f"{n} filters, {m} positions", {"N": n, "M": m}))
    return cases


# Mistakes


def _rows(F):
    return torch.as_tensor(F)


def _only_diagonal(F):
    F = _rows(F)
    return torch.diag(F.square().sum(1)).tolist()


def _upper(F):
    return torch.triu(_rows(F) @ _rows(F).T).tolist()


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


def _by_one_list(F):
    G = _rows(F) @ _rows(F).T
    return [G.sum(0).tolist()] * len(G)


def _last_row(F):
    G = _rows(F) @ _rows(F).T
    return [G[-1].tolist()] * len(G)


def _all_centred(features):
    return features.flatten(2) - features.flatten(2).mean(2, keepdim=True)


def _scaled(cov):
    return cov / cov.diag().sqrt()[:, None] / cov.diag().sqrt()


def _mixed_pictures(features):
    F = features.reshape(features.shape[0] * features.shape[1], -1)
    return F @ F.T


POSITIONS = (
    "You multiplied positions with positions (FᵀF): an entry for each pair of {M} positions. Style asks which "
    "filters fire together: F Fᵀ, a row for each of the {N} filters."
)
BY_M = (
    "Every entry is {M} times too small, and {M} = M: you divided by the positions. This course keeps the sum, and "
    "divides where two pictures are compared."
)
BY_NM = (
    "Every entry is N · M times too small ({N} filters, {M} positions): you divided by the number of entries of F. "
    "This course keeps the sum."
)

MIXED = (
    "The sizes are right, but a row holds numbers of several filters: `reshape` cuts the numbers in the "
    "order in which they lie, and after `permute`, or in `reshape(-1, N).T`, that is not filter by filter. "
    "Keep the filters first: `flatten(1)`."
)


gram_loops = Question(
    id="ex02.gram_loops",
    points=2,
    reference=references.gram_loops,
    cases=_unrolled,
    confirmation="N × N: the sum over positions of the product of two filters' answers, for every pair of filters.",
    hints=(
        "G has a row and a column for each filter. How many loops choose the pair, how many run over positions?",
        "For filters k and l: start at 0, and for every position i add F[k][i] · F[l][i].",
        "Three loops: k and l over the rows of F, i over its columns. Only i is summed away.",
    ),
    reread="lesson 02, section 1",
    kinds=frozenset({"list", "tuple", "tensor", "numpy"}),
    difficulty=1,
    importance=5,
    minutes=10,
    misconceptions=(
        Misconception(
            "positions",
            lambda F: (_rows(F).T @ _rows(F)).tolist(),
            POSITIONS,
            "DeepLearning.AI's test says: check the order of the matmul parameters",
        ),
        Misconception("divided-by-M", lambda F: (_rows(F) @ _rows(F).T / len(F[0])).tolist(), BY_M, TENSORFLOW),
        Misconception(
            "only-diagonal",
            _only_diagonal,
            "Only the diagonal is filled: each filter was multiplied with itself. The pairs of different filters "
            "are missing: two loops choose the pair.",
            "a thread asks whether the diagonal alone would do (forums.fast.ai, 2881)",
        ),
        Misconception(
            "each-pair-once",
            _upper,
            "Below the diagonal everything is 0. You computed each pair once, but it belongs in two places: G is "
            "symmetric.",
            "a question calls G the numbers for each pairing of channels (stats.stackexchange, 333586)",
        ),
        Misconception(
            "last-position",
            lambda F: torch.outer(_rows(F)[:, -1], _rows(F)[:, -1]).tolist(),
            "Each entry holds the last position's product alone. Inside the inner loop add (`+=`), do not assign.",
            "foreseen by the authors",
        ),
        Misconception(
            "one-list",
            _by_one_list,
            "All rows are the same: `[[0] * N] * N` makes one list and names it N times, so each `+=` lands in "
            "every row. Make a new list for each row: `[[0] * N for _ in range(N)]`.",
            "Python's FAQ: how do I create a multidimensional list?",
        ),
        Misconception(
            "one-list-assigned",
            _last_row,
            "All rows are the last one: `[[0] * N] * N` makes one list and names it N times. Make a new list for "
            "each row: `[[0] * N for _ in range(N)]`.",
            "Python's FAQ: how do I create a multidimensional list?",
        ),
        Misconception(
            "first-position-missing",
            lambda F: (_rows(F)[:, 1:] @ _rows(F)[:, 1:].T).tolist(),
            "The first position is missing: the loop over positions begins at 1. Counting begins at 0, and "
            "`range(M)` gives all {M}.",
            TRIED,
        ),
        Misconception(
            "last-position-missing",
            lambda F: (_rows(F)[:, :-1] @ _rows(F)[:, :-1].T).tolist(),
            "The last position is missing: `range(M - 1)` stops one too early. `range(M)` gives 0 to M − 1, which "
            "are all {M}.",
            TRIED,
        ),
        Misconception(
            "sums",
            lambda F: (_rows(F)[:, None] + _rows(F)[None]).sum(-1).tolist(),
            "You added the two filters' numbers. G adds up their products: F[k][i] · F[l][i].",
            TRIED,
        ),
        Misconception(
            "whole-numbers",
            lambda F: (_rows(F).trunc() @ _rows(F).trunc().T).tolist(),
            "The digits after the point are lost: `int` cuts them off. Use the numbers as they are, or `float`.",
            TRIED,
        ),
        Misconception(
            "lower-triangle",
            lambda F: (_rows(F) @ _rows(F).T).tril().tolist(),
            "Above the diagonal everything is 0. You computed each pair once, but it belongs in two places: G is "
            "symmetric.",
            TRIED,
        ),
        Misconception(
            "absolute",
            lambda F: (_rows(F) @ _rows(F).T).abs().tolist(),
            "The signs are gone. An entry of G is negative where two filters answer with opposite signs; keep it so.",
            TRIED,
        ),
    ),
)
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
            "distances",
            lambda f: torch.cdist(f.flatten(1), f.flatten(1)),
            "These are distances between filters: 0 on the diagonal. The Gram matrix has their scalar products.",
            TRIED,
        ),
    ),
)
gram_batch = Question(
    id="ex02.gram_batch",
    points=2,
    reference=references.gram_batch,
    cases=_batches,
    confirmation="A Gram matrix for each picture of the batch, and none that mixes two pictures.",
    hints=(
        "Which of the four dimensions must still be there at the end, untouched?",
        "Flatten height and width only: (B, N, M). Then multiply picture by picture.",
        "`torch.bmm`, `@` on three dimensions, or `einsum` with the letter of the batch on both sides.",
    ),
    reread="lesson 02, section 1",
    difficulty=2,
    importance=4,
    minutes=5,
    misconceptions=(
        Misconception(
            "mixed-pictures",
            _mixed_pictures,
            "Your answer has B · N rows: filters of one picture meet those of another. Keep the batch as a dimension "
            "of its own and multiply inside each picture.",
            "udacity/deep-learning-v2-pytorch, issue 167",
        ),
        Misconception(
            "summed-pictures",
            lambda f: references.gram_batch(f).sum(0),
            "You summed over the batch, too: all {B} pictures share one matrix. Each needs its own.",
            "foreseen by the authors",
        ),
        Misconception(
            "first-picture",
            lambda f: references.gram_batch(f)[0],
            "This is the first picture's Gram matrix. The other pictures of the batch are missing.",
            "programs for one picture take `[0]`; PyTorch's tutorial notes a = 1",
        ),
        Misconception(
            "positions",
            lambda f: f.flatten(2).transpose(1, 2) @ f.flatten(2),
            POSITIONS,
            "DeepLearning.AI's test says: check the order of the matmul parameters",
        ),
        Misconception("divided-by-M", lambda f: references.gram_batch(f) / f[0, 0].numel(), BY_M, TENSORFLOW),
        Misconception(
            "divided-by-NM",
            lambda f: references.gram_batch(f) / f[0].numel(),
            BY_NM,
            "pytorch/examples, fast neural style",
        ),
        Misconception(
            "dealt-in-columns",
            lambda f: f.reshape(len(f), -1, f.shape[1]).mT @ f.reshape(len(f), -1, f.shape[1]),
            "The sizes are right, but `reshape(B, -1, N)` deals numbers of one filter into several columns. Keep "
            "the filters where they are and flatten the last two dimensions: `flatten(2)`.",
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "detached",
            lambda f: references.gram_batch(f).detach(),
            "The numbers are right, but no gradient arrives at the features: leave `.detach()` and numpy out.",
            "PyTorch's tutorial detaches the target's Gram matrix",
            credit=1,
        ),
        Misconception(
            "mean-of-pictures",
            lambda f: references.gram_batch(f).mean(0),
            "You averaged over the batch: all {B} pictures share one matrix. Each needs its own.",
            TRIED,
        ),
        Misconception(
            "centred",
            lambda f: _all_centred(f) @ _all_centred(f).mT,
            "You subtracted each filter's mean first: that is M times the covariance. The Gram matrix keeps the means.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "between-pictures",
            lambda f: torch.einsum("bnhw,cnhw->bc", f, f),
            "Your answer is {B} × {B}: pictures met pictures. In each picture filters meet filters, {N} × {N}.",
            TRIED,
        ),
        Misconception(
            "channels-last",
            lambda f: f.flatten(1, 2).mT @ f.flatten(1, 2),
            "Your matrices are {W} × {W}: you took the last dimension for the filters, as TensorFlow orders them. "
            "Here a batch is (B, N, H, W).",
            "TensorFlow's blocks are (H, W, C)",
            reread="lesson 01, section 3",
        ),
        Misconception(
            "relu",
            lambda f: references.gram_batch(f.relu()),
            "Negative features were set to 0 first. G takes the features as they come.",
            TRIED,
        ),
        Misconception(
            "first-everywhere",
            lambda f: references.gram_batch(f[:1]).repeat(len(f), 1, 1),
            "Every matrix is the first picture's: the loop over the batch does not use its counter.",
            TRIED,
        ),
    ),
)
covariance = Question(
    id="ex02.covariance",
    points=3,
    reference=references.covariance_from_gram,
    cases=_summed,
    confirmation="G/M = Cov + μμᵀ, solved for the covariance.",
    hints=(
        "The covariance is the mean product minus the product of the means. Which of them is in G?",
        "G is a sum over M positions. What turns it into a mean?",
        "The product of the means is needed for every pair of filters: an N × N matrix. See `torch.outer`.",
    ),
    reread="lesson 02, section 3",
    difficulty=2,
    importance=3,
    minutes=10,
    misconceptions=(
        Misconception(
            "not-divided",
            lambda gram, mean, m: gram - torch.outer(mean, mean),
            "You subtracted μμᵀ from the sum over {M} positions. Divide G by M first: both must be means.",
            "the course's G is divided by nothing, other programs' is not",
        ),
        Misconception(
            "sample",
            lambda gram, mean, m: (gram - m * torch.outer(mean, mean)) / (m - 1),
            "You divided by M − 1, as `torch.cov` does unless told otherwise. The population's covariance is "
            "wanted: divide by M = {M}.",
            "torch.cov's default, correction=1",
        ),
        Misconception(
            "scatter",
            lambda gram, mean, m: gram - m * torch.outer(mean, mean),
            "Every entry is {M} times too large, and {M} = M: this is the centred sum. The covariance is its mean.",
            "ProGamerGov/neural-style-pt, pull request 85",
        ),
        Misconception(
            "inner-product",
            lambda gram, mean, m: gram / m - mean @ mean,
            "`mean @ mean` of two vectors is one number, which you subtracted from every entry. The pairs need a "
            "matrix: `torch.outer(mean, mean)`.",
            "torch.matmul's documentation: of two vectors it is the dot product",
        ),
        Misconception(
            "elementwise",
            lambda gram, mean, m: gram / m - mean * mean,
            "`mean * mean` has {N} numbers, and each was subtracted from a whole column. The pairs need a matrix: "
            "`torch.outer(mean, mean)`.",
            "broadcasting, as in numpy's guide to it",
        ),
        Misconception(
            "added",
            lambda gram, mean, m: gram / m + torch.outer(mean, mean),
            "You added μμᵀ. G/M already contains it: subtract it.",
            "foreseen by the authors",
        ),
        Misconception(
            "mean-products",
            lambda gram, mean, m: gram / m,
            "This is G/M, the mean product. The covariance is that minus the product of the means: subtract μμᵀ.",
            TRIED,
        ),
        Misconception(
            "divided-after",
            lambda gram, mean, m: (gram - torch.outer(mean, mean)) / m,
            "You subtracted μμᵀ from the sum and divided both by M. μ is a mean already: divide G alone by M, then "
            "subtract.",
            TRIED,
        ),
        Misconception(
            "by-N",
            lambda gram, mean, m: gram / len(gram) - torch.outer(mean, mean),
            "You divided by N = {N}, the number of filters. G is a sum over the M = {M} positions: divide by M.",
            TRIED,
        ),
        Misconception(
            "mean-divided-again",
            lambda gram, mean, m: gram / m - torch.outer(mean, mean) / m**2,
            "You divided the mean by M once more. μ is a mean already; G alone is a sum.",
            TRIED,
        ),
        Misconception(
            "sample-of-products",
            lambda gram, mean, m: gram / (m - 1) - torch.outer(mean, mean),
            "You divided G by M − 1. The population's covariance divides by M = {M}.",
            "torch.cov's default, correction=1",
        ),
        Misconception(
            "means-of-rows",
            lambda gram, mean, m: gram / m - torch.outer(mean, mean.mean().expand_as(mean)),
            "One of the two means in the product is the mean of all filters. Each filter has its own: "
            "`torch.outer(mean, mean)`.",
            TRIED,
        ),
        Misconception(
            "correlation",
            lambda gram, mean, m: _scaled(gram / m - torch.outer(mean, mean)),
            "The diagonal is 1: you divided by the deviations, which gives correlations. Leave the covariance as it "
            "is.",
            TRIED,
        ),
        Misconception(
            "only-variances",
            lambda gram, mean, m: (gram / m - torch.outer(mean, mean)).diag(),
            "You returned the {N} variances. The covariances of different filters stand beside the diagonal: return "
            "the whole matrix.",
            TRIED,
        ),
        Misconception(
            "turned",
            lambda gram, mean, m: torch.outer(mean, mean) - gram / m,
            "The sign is the wrong way round: the mean product comes first, and μμᵀ is subtracted from it.",
            TRIED,
        ),
    ),
)
QUESTIONS = (gram_loops, gram, gram_batch, covariance, soft_mask, equal_grams)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 02", QUESTIONS)
