"""ex02.covariance: the covariance that hides in the Gram matrix."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import matrix_root
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _summed(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 3)]
    for ranges in (((4, 5), (6, 8)), ((2, 3), (9, 12)), ((6, 7), (3, 4))):
        drawn.append(draw.normal(*draw.sizes(*ranges)))
    cases = []
    for F in drawn:
        n, m = F.shape
        cases.append(Case((F @ F.T, F.mean(1), m), f"{n} filters, {m} positions", {"N": n, "M": m}))
    return cases


def _scaled(cov):
    return cov / cov.diag().sqrt()[:, None] / cov.diag().sqrt()


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
            "matrix-root",
            lambda gram, mean, m: matrix_root(references.covariance_from_gram(gram, mean, m)),
            "This is the matrix root of the covariance: multiplied with itself, as a matrix, it gives what is wanted. "
            "Leave the root out: the covariance itself is asked for.",
            TRIED,
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
            FORESEEN,
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
            "means-divided",
            lambda gram, mean, m: gram - torch.outer(mean, mean) / m,
            "You divided μμᵀ by M and left G as it is. It is the other way round: G is a sum over {M} positions, so "
            "divide it; μ is a mean already.",
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
            "deviations",
            lambda gram, mean, m: references.covariance_from_gram(gram, mean, m).diag().sqrt(),
            "You returned the {N} standard deviations. The covariance has no root, and an entry for each pair of "
            "filters: return the whole matrix.",
            TRIED,
        ),
        Misconception(
            "sample-of-the-difference",
            lambda gram, mean, m: (gram - torch.outer(mean, mean)) / (m - 1),
            "You divided the whole difference by M − 1. μμᵀ is made of means already: divide G alone, and by M = {M}.",
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
