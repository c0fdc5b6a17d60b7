"""ex03.covariance_gradient: the gradient of a cost that compares covariances."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _centred_targets(draw: Draw) -> list[Case]:
    drawn = [(draw.whole(2, 3), draw.whole(2, 3))]
    for ranges in (((4, 5), (8, 9)), ((2, 3), (5, 7)), ((6, 7), (3, 4))):
        size = draw.sizes(*ranges)
        drawn.append((draw.normal(*size), draw.normal(*size, mean=0.8)))
    F, S = drawn[-1]  # here the cost is so large beside its gradient that a finite difference of it is far off
    across = torch.linalg.svd(F - F.mean(1, keepdim=True))[0][:, -1]
    wave = torch.ones(S.shape[1]).double().cumsum(0)
    drawn[-1] = (F, 300 * across[:, None] * (wave - wave.mean()))
    cases = []
    for F, S in drawn:
        n, m = F.shape
        words = f"{n} filters × {m} positions and the covariance of a style"
        cases.append(Case((F, torch.cov(S, correction=0)), words, {"N": n, "M": m}, gradient=()))
    return cases


def _covariance(F):
    return torch.cov(F, correction=0)


def _with_centred(centred, S):
    return (centred @ centred.T / centred.shape[1] - S) @ centred / (len(centred) ** 2 * centred.shape[1])


covariance_gradient = Question(
    id="ex03.covariance_gradient",
    points=4,
    reference=references.covariance_gradient,
    cases=_centred_targets,
    confirmation="(Cov_X − Cov_S) F_centred / (N² M), and what the mean would have added is zero.",
    hints=(
        "Write Cov as F_c F_cᵀ / M with the centred F_c, and take the derivative by F_c as you did for the Gram "
        "matrix.",
        "One number of F changes the mean of its row, and so all of F_c. What does that add? The rows of (Cov_X − "
        "Cov_S) F_c sum to 0.",
        "2 · 2 · ¼ = 1 again. What remains is the difference of the covariances times the centred F, over N² M.",
    ),
    reread="lesson 03, section 2",
    difficulty=4,
    importance=4,
    minutes=15,
    by_hand=True,
    misconceptions=(
        Misconception(
            "not-centred",
            lambda F, S: (_covariance(F) - S) @ F / (len(F) ** 2 * F.shape[1]),
            "The last factor is F. It is the centred F: adding a constant to a filter changes no covariance, so "
            "each row of the gradient sums to 0.",
            FORESEEN,
        ),
        Misconception(
            "gram",
            lambda F, S: (F @ F.T / F.shape[1] - S) @ F / (len(F) ** 2 * F.shape[1]),
            "You took the gradient of the Gram matrix's cost. The covariance subtracts each filter's mean first.",
            FORESEEN,
        ),
        Misconception(
            "quarter-left",
            lambda F, S: references.covariance_gradient(F, S) / 4,
            "Your gradient is 4 times too small: the ¼ is still there. The 2 of the square and the 2 of row and "
            "column cancel it.",
            "lesson 03: the ¼ cancels two 2s",
            credit=2,
        ),
        Misconception(
            "one-two",
            lambda F, S: references.covariance_gradient(F, S) / 2,
            "Your gradient is half as large as it should be: a number of F counts in a row and in a column of the "
            "covariance.",
            "lesson 03, claim “row and column”",
            credit=2,
        ),
        Misconception(
            "centred-positions",
            lambda F, S: (_covariance(F) - S) @ (F - F.mean(0)) / (len(F) ** 2 * F.shape[1]),
            "You centred the last factor over the filters, at each position. Each filter has a mean of its own, over "
            "its positions: `F.mean(1, keepdim=True)`.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "one-mean",
            lambda F, S: _with_centred(F - F.mean(), S),
            "You subtracted one mean of all numbers. Each filter has a mean of its own, over its positions: "
            "`F.mean(1, keepdim=True)`.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "centred-over-filters",
            lambda F, S: _with_centred(F - F.mean(0), S),
            "You subtracted at each position the mean over the filters. Each filter has a mean of its own, over its "
            "positions: `F.mean(1, keepdim=True)`.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "M-squared",
            lambda F, S: references.covariance_gradient(F, S) / F.shape[1],
            "You divided by M² = {M}². The covariances here are divided by M already, so one more M comes from the "
            "chain rule, not two.",
            FORESEEN,
        ),
        Misconception(
            "no-M",
            lambda F, S: references.covariance_gradient(F, S) * F.shape[1],
            "M is missing: the covariance is a mean over {M} positions, and each of them has a share of 1/M.",
            FORESEEN,
        ),
        Misconception(
            "sample-throughout",
            lambda F, S: (torch.cov(F) - S) @ (F - F.mean(1, keepdim=True)) / (len(F) ** 2 * (F.shape[1] - 1)),
            "Your covariance divides by M − 1, as `torch.cov` does unless told otherwise, and so does its gradient. "
            "Here both divide by M.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "sample",
            lambda F, S: (torch.cov(F) - S) @ (F - F.mean(1, keepdim=True)) / (len(F) ** 2 * F.shape[1]),
            "Your covariance divides by M − 1, as `torch.cov` does unless told otherwise. Here it divides by M.",
            "torch.cov's default, correction=1",
            reread="lesson 02, section 3",
        ),
        Misconception(
            "uphill",
            lambda F, S: -references.covariance_gradient(F, S),
            "The sign is the wrong way round: the gradient points where the cost grows.",
            FORESEEN,
        ),
    ),
)
