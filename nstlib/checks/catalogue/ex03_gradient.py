"""ex03.gradient: the style cost's gradient, by hand."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _matrices(draw: Draw) -> list[Case]:
    drawn = [(draw.whole(2, 3), draw.whole(2, 3))]
    for ranges in (((4, 5), (8, 9)), ((2, 3), (5, 7)), ((6, 7), (3, 4))):
        size = draw.sizes(*ranges)
        drawn.append((draw.normal(*size), draw.normal(*size, mean=0.8)))
    F, S = drawn[-1]  # here E is so large beside its gradient that a finite difference of it is far off
    S[:, -1] = 300 * torch.linalg.svd(F)[0][:, -1]  # a column on which no column of F falls
    cases = []
    for F, S in drawn:
        n, m = F.shape
        words = f"{n} filters × {m} positions and the raw Gram matrix of a style of the same size"
        cases.append(Case((F, S @ S.T), words, {"N": n, "M": m}, gradient=()))
    return cases


gradient = Question(
    id="ex03.gradient",
    points=4,
    reference=references.style_gradient,
    cases=_matrices,
    confirmation="(G_X − G_S) F / (N² M²), written by hand; the ¼ has cancelled two 2s.",
    hints=(
        "E is a sum of squares: what does the outer square give? And how often does one number of F occur in G?",
        "A number of row k stands in row k and in column k of G: that is the second 2.",
        "2 · 2 · ¼ = 1. What remains is the difference of the raw Gram matrices, times F, over N² M².",
    ),
    reread="lesson 03, section 2",
    by_hand=True,
    difficulty=3,
    importance=4,
    minutes=15,
    misconceptions=(
        Misconception(
            "quarter-left",
            lambda F, S: references.style_gradient(F, S) / 4,
            "Your gradient is 4 times too small: the ¼ is still there. Both 2s, of the square and of row and column, "
            "cancel it.",
            "forums.fast.ai, 2881: why divide by 4?",
            credit=2,
        ),
        Misconception(
            "one-two",
            lambda F, S: references.style_gradient(F, S) / 2,
            "Your gradient is half as large as it should be: one 2 is missing. A number of F counts in a row and in "
            "a column of G.",
            "lesson 03, claim “row and column”",
            credit=2,
        ),
        Misconception(
            "no-constants",
            lambda F, S: (F @ F.T - S) @ F,
            "N² and M² are missing: every entry is N² M² times too large.",
            "programs that leave the constants to the learning rate",
        ),
        Misconception(
            "uphill",
            lambda F, S: -references.style_gradient(F, S),
            "The sign is the wrong way round: you took G_S − G_X. The gradient points where the cost grows.",
            "lesson 05: the step goes the other way, the gradient does not",
        ),
        Misconception(
            "transposed",
            lambda F, S: references.style_gradient(F, S).T,
            "Your gradient is {M} × {N}. It has F's own shape, {N} × {M}: a number for each number of F.",
            "leongatys/DeepTextures computes (Fᵀ D)ᵀ",
        ),
        Misconception(
            "mean-gram",
            lambda F, S: (F @ F.T / F.shape[1] - S) @ F / (len(F) ** 2 * F.shape[1]),
            "You divided X's Gram matrix by M, but S is a raw one. Divide both or neither.",
            "programs that keep G/M as the target",
        ),
        Misconception(
            "masked",
            lambda F, S: references.style_gradient(F, S) * (F >= 0),
            "Where F is negative you put 0. In the paper that 0 comes from the ReLU, one step further down; ∂E/∂F "
            "has none.",
            "Gatys et al. 2015, equation 6",
        ),
        Misconception(
            "no-style",
            lambda F, S: F @ F.T @ F / F.numel() ** 2,
            "G_S is not in your gradient. The difference G_X − G_S is multiplied by F.",
            TRIED,
        ),
        Misconception(
            "no-features",
            lambda F, S: (F @ F.T - S) / F.numel() ** 2,
            "You stopped at the difference of the Gram matrices, {N} × {N}. The chain rule goes on to F: multiply "
            "by it.",
            TRIED,
        ),
        Misconception(
            "only-N",
            lambda F, S: (F @ F.T - S) @ F / len(F) ** 2,
            "M² is missing: every entry is M² times too large (M = {M}).",
            TRIED,
        ),
        Misconception(
            "only-M",
            lambda F, S: (F @ F.T - S) @ F / F.shape[1] ** 2,
            "N² is missing: every entry is N² times too large (N = {N}).",
            TRIED,
        ),
        Misconception(
            "not-squared",
            lambda F, S: (F @ F.T - S) @ F / F.numel(),
            "You divided by N M. Both are squared: N² M².",
            TRIED,
        ),
        Misconception(
            "signs-of-the-difference",
            lambda F, S: (F @ F.T - S).sign() @ F / F.numel() ** 2,
            "You took the signs of G_X − G_S alone: this is the gradient of a cost of absolute differences. The cost "
            "has squares, so the difference itself comes down.",
            TRIED,
        ),
        Misconception(
            "signs",
            lambda F, S: references.style_gradient(F, S).sign(),
            "You returned signs. The gradient's size counts, too.",
            TRIED,
        ),
        Misconception(
            "absolute",
            lambda F, S: references.style_gradient(F, S).abs(),
            "The signs are gone: a gradient says in which direction the cost grows.",
            TRIED,
        ),
        Misconception(
            "per-row",
            lambda F, S: (F @ F.T - S).diag()[:, None] * F / F.numel() ** 2,
            "Each row of F is multiplied by the diagonal's difference alone. The pairs of different filters count, "
            "too: a matrix product with F.",
            TRIED,
        ),
    ),
)
