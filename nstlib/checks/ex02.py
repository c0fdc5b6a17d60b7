"""Exercise 02: the Gram matrix, by loops, in one line, for a batch; and the covariance that hides in it."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.progress import table
from nstlib.checks.questions import Misconception, Question
from nstlib.checks.random_cases import Draw

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

gram_loops = Question(
    id="ex02.gram_loops",
    points=4,
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
    ),
)
gram = Question(
    id="ex02.gram",
    points=8,
    reference=references.gram_matrix,
    cases=_blocks,
    confirmation="N × N, symmetric, divided by nothing, and the gradient arrives at the features.",
    hints=(
        "What are the rows of F, and what its columns? Which of the two should disappear?",
        "Unroll first: (N, H, W) to (N, M). Then one matrix product makes every pair of rows meet.",
        "`F @ F.T` is (N, M) times (M, N).",
    ),
    reread="lesson 02, section 1",
    misconceptions=(
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
        ),
        Misconception(
            "centred",
            _centred,
            "You subtracted each filter's mean first: that is M times the covariance. The Gram matrix keeps the means.",
            "ProGamerGov/neural-style-pt, issue 11",
        ),
        Misconception(
            "correlation",
            _correlation,
            "The diagonal is 1 everywhere: you scaled each filter to length 1, so how strongly a filter answers is "
            "lost. G is called a correlation, but it is only a sum of products.",
            TRANSCRIPT,
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
            credit=4,
        ),
    ),
)
gram_batch = Question(
    id="ex02.gram_batch",
    points=4,
    reference=references.gram_batch,
    cases=_batches,
    confirmation="A Gram matrix for each picture of the batch, and none that mixes two pictures.",
    hints=(
        "Which of the four dimensions must still be there at the end, untouched?",
        "Flatten height and width only: (B, N, M). Then multiply picture by picture.",
        "`torch.bmm`, `@` on three dimensions, or `einsum` with the letter of the batch on both sides.",
    ),
    reread="lesson 02, section 1",
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
    ),
)
covariance = Question(
    id="ex02.covariance",
    points=6,
    reference=references.covariance_from_gram,
    cases=_summed,
    confirmation="G/M = Cov + μμᵀ, solved for the covariance.",
    hints=(
        "The covariance is the mean product minus the product of the means. Which of them is in G?",
        "G is a sum over M positions. What turns it into a mean?",
        "The product of the means is needed for every pair of filters: an N × N matrix. See `torch.outer`.",
    ),
    reread="lesson 02, section 3",
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
    ),
)
QUESTIONS = (gram_loops, gram, gram_batch, covariance)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 02", QUESTIONS)
