"""Exercise 03: the style cost of a layer, its gradient by hand, and the constants of other programs."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.progress import table
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.with_matrices import covariance_gradient
from nstlib.checks.with_numbers import program

FAMILIES = ("gatys", "mean_hw", "sum_chw", "mean_chw", "keras")


def pairs(draw: Draw) -> list[Case]:
    """Draw features of two pictures: two calls of equal sizes, the first of whole numbers, and two of unequal ones."""
    n, height, width, larger = draw.sizes((5, 6), (2, 4), (2, 4), (7, 9))
    cases = [
        _pair(draw.whole(2, 1, 3), draw.whole(2, 1, 3)),
        _pair(draw.normal(n, height, width, dtype=torch.float32), draw.normal(n, height, width, mean=0.7).float()),
    ]
    for filters, swapped in (((7, 9), False), ((3, 4), True)):
        n, height, width, larger = draw.sizes(filters, (2, 5), (2, 5), (10, 12))
        blocks = draw.normal(n, height, width), draw.normal(n, height + 1, larger, mean=0.7)
        cases.append(_pair(*(blocks[::-1] if swapped else blocks)))
    return cases


def _pair(x: torch.Tensor, s: torch.Tensor) -> Case:
    n, height, width = x.shape
    words = f"{n} filters, X on {height} × {width} and S on {s.shape[1]} × {s.shape[2]} positions"
    symbols = {"N": n, "M": height * width, "H": height, "W": width}
    if x.shape == s.shape:
        return Case((x, s), words, symbols, group="equal sizes")
    return Case((x, s), words, symbols | {"M_S": s[0].numel()}, group="unequal sizes")


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


def _layers(draw: Draw) -> list[Case]:
    cases = []
    for convention in (*FAMILIES, *FAMILIES):  # two calls each: a formula in N, M and HW that fits both is no chance
        n, m, hw = draw.sizes((16, 512), (100, 3000), (4000, 60000))
        words = f"{convention!r}, N = {n}, M = {m} and HW = {hw}"
        symbols = {"N": n, "M": m, "HW": hw}
        cases.append(Case((convention, n, m, hw), words, symbols, gradient=(), group=convention))
    return cases


def _difference(x, s, m_x=None, m_s=None):
    F_x, F_s = x.flatten(1), s.flatten(1)
    return F_x @ F_x.T / (m_x or F_x.shape[1]) - F_s @ F_s.T / (m_s or F_s.shape[1])


def _cost(x, s, gram):
    """Return E_l with another matrix in place of G/M."""
    return (gram(x) - gram(s)).square().sum() / (4 * len(x) ** 2)


def _mean_gram(F):
    return F @ F.T / F.shape[1]


def _dealt_gram(features):
    return _mean_gram(features.reshape(-1, len(features)).T)


def _mixed_gram(features):
    return _mean_gram(features.permute(1, 2, 0).reshape(len(features), -1))


def _covariance(features):
    return torch.cov(features.flatten(1), correction=0)


def _cosines(features):
    return _mean_gram(features.flatten(1) / features.flatten(1).norm(dim=1, keepdim=True))


def _upper(features):
    return _mean_gram(features.flatten(1)).triu()


def _by_other_sizes(x, s):
    return _difference(x, s, s[0].numel(), x[0].numel())


def _without(names):
    return lambda c, n, m, hw: references.convention_factor("gatys" if c in names else c, n, m, hw)


layer_cost = Question(
    id="ex03.layer_cost",
    points=4,
    reference=references.layer_style_cost,
    cases=pairs,
    confirmation="Each Gram matrix by its own M, then Σ (…)² / (4 N²): right for equal sizes and for unequal ones.",
    hints=(
        "Two Gram matrices, one number. What makes them comparable when the pictures differ in size?",
        "Divide each Gram matrix by its own picture's positions. Then subtract, square, sum.",
        "At the end divide by 4 N², where N is the layer's number of filters.",
    ),
    reread="lesson 03, sections 1 and 3",
    difficulty=2,
    importance=5,
    minutes=10,
    misconceptions=(
        Misconception(
            "one-M",
            lambda x, s: _difference(x, s, 1, 1).square().sum() / (4 * len(x) ** 2 * x[0].numel() ** 2),
            "For equal sizes you are right. For unequal ones you divided both Gram matrices by X's M = {M}: divide "
            "each by its own.",
            "pytorch/tutorials, issue 281: must the two pictures have one size?",
            credit=2,
        ),
        Misconception(
            "no-M",
            lambda x, s: _difference(x, s, 1, 1).square().sum() / (4 * len(x) ** 2),
            "M is missing: you compared raw Gram matrices. A larger picture then has a larger style.",
            "jcjohnson/neural-style, issue 199: results change with the size",
        ),
        Misconception(
            "no-quarter",
            lambda x, s: _difference(x, s).square().mean(),
            "Your cost is 4 times the paper's: the ¼ is missing. (A mean over the N² entries is 1/N² already.)",
            "TensorFlow's tutorial; a forum asks where the 1/4 went (C4W1 lab)",
            credit=2,
            reread="lesson 03, section 2",
        ),
        Misconception(
            "twice-N",
            lambda x, s: (_difference(x, s) / len(x)).square().mean(),
            "Your cost is 4/N² of the paper's: you divided by N twice, once inside the Gram matrices and once in the "
            "mean over their entries.",
            "PyTorch's tutorial and jcjohnson/neural-style",
            reread="lesson 03, section 4",
        ),
        Misconception(
            "colours",
            lambda x, s: _difference(x, s).square().sum() / (4 * 3**2),
            "You divided by 3², the colours of a picture. N is the number of the layer's filters, here {N}.",
            "keras-team/keras, pull request 6872",
            reread="lesson 03, section 5",
        ),
        Misconception(
            "root",
            lambda x, s: _difference(x, s).norm() / (4 * len(x) ** 2),
            "You took the Frobenius norm. The cost has its square.",
            "the lecture writes the style cost as a Frobenius norm",
        ),
        Misconception(
            "place-by-place",
            lambda x, s: (x - s).square().sum() / (4 * len(x) ** 2 * x[0].numel() ** 2),
            "You compared the features place by place. That is content. Style compares their Gram matrices.",
            "a docstring says two images where two Gram matrices are meant (C4W1 lab)",
            reread="lesson 02, section 7",
        ),
        Misconception(
            "no-square",
            lambda x, s: _difference(x, s).sum() / (4 * len(x) ** 2),
            "The square is missing: you summed the differences themselves, which cancel, and a cost could then be "
            "negative.",
            TRIED,
        ),
        Misconception(
            "absolute",
            lambda x, s: _difference(x, s).abs().sum() / (4 * len(x) ** 2),
            "You summed absolute differences. The cost sums their squares.",
            TRIED,
        ),
        Misconception(
            "root-of-cost",
            lambda x, s: references.layer_style_cost(x, s).sqrt(),
            "This is the root of the cost, a norm over 2N. Leave the root out: the cost has the norm's square.",
            TRIED,
        ),
        Misconception(
            "square-of-sum",
            lambda x, s: _difference(x, s).sum() ** 2 / (4 * len(x) ** 2),
            "You summed the differences first and squared the sum. Then they cancel. Square each one, then sum.",
            TRIED,
        ),
        Misconception(
            "fourth-power",
            lambda x, s: _difference(x, s).pow(4).sum() / (4 * len(x) ** 2),
            "The differences are squared twice. One square is enough.",
            TRIED,
        ),
        Misconception(
            "squares-subtracted",
            lambda x, s: (
                (_mean_gram(x.flatten(1)).square() - _mean_gram(s.flatten(1)).square()).sum() / (4 * len(x) ** 2)
            ),
            "You squared each Gram matrix and subtracted afterwards, so the cost can be negative. First subtract, "
            "then square.",
            TRIED,
        ),
        Misconception(
            "plus",
            lambda x, s: (_mean_gram(x.flatten(1)) + _mean_gram(s.flatten(1))).square().sum() / (4 * len(x) ** 2),
            "You added the two Gram matrices. The cost compares them: subtract.",
            TRIED,
        ),
        Misconception(
            "one-M-of-S",
            lambda x, s: _difference(x, s, s[0].numel(), s[0].numel()).square().sum() / (4 * len(x) ** 2),
            "For equal sizes you are right. For unequal ones you divided both Gram matrices by S's M: divide each "
            "by its own.",
            "pytorch/tutorials, issue 281: must the two pictures have one size?",
            credit=2,
        ),
        Misconception(
            "exchanged-M",
            lambda x, s: _by_other_sizes(x, s).square().sum() / (4 * len(x) ** 2),
            "Each Gram matrix is divided by the other picture's M. For unequal sizes that matters: divide each by "
            "its own.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "raw-by-M",
            lambda x, s: _difference(x, s, 1, 1).square().sum() / (4 * len(x) ** 2 * x[0].numel()),
            "You divided the squared difference of the raw Gram matrices by M once. The square doubles the "
            "division: with raw ones it is M², and for unequal sizes each needs its own M inside.",
            TRIED,
        ),
        Misconception(
            "height-for-M",
            lambda x, s: _difference(x, s, x.shape[1], s.shape[1]).square().sum() / (4 * len(x) ** 2),
            "You divided by the height alone. M counts all positions, H · W, here {M}.",
            TRIED,
        ),
        Misconception(
            "width-for-M",
            lambda x, s: _difference(x, s, x.shape[2], s.shape[2]).square().sum() / (4 * len(x) ** 2),
            "You divided by the width alone. M counts all positions, H · W, here {M}.",
            TRIED,
        ),
        Misconception(
            "width-for-N",
            lambda x, s: _difference(x, s).square().sum() / (4 * x.shape[2] ** 2),
            "In 4 N² you took the width for N. N is the number of filters, the first dimension, here {N}.",
            "TensorFlow's blocks are (H, W, C)",
            reread="lesson 03, section 4",
        ),
        Misconception(
            "N-not-squared",
            lambda x, s: _difference(x, s).square().sum() / (4 * len(x)),
            "You divided by 4 N. The paper divides by 4 N², here 4 · {N}².",
            TRIED,
            reread="lesson 03, section 4",
        ),
        Misconception(
            "dealt-in-columns",
            lambda x, s: _cost(x, s, _dealt_gram),
            "`reshape(-1, N).T` has the right shape, but its rows hold numbers of several filters. Unroll with "
            "`flatten(1)`.",
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "mixed-rows",
            lambda x, s: _cost(x, s, _mixed_gram),
            "After moving the filters to the end, `reshape` dealt the numbers of one position into different rows. "
            "Keep the filters first: `flatten(1)`.",
            "marcopeix/Deep_Learning_AI, issue 1",
            reread="lesson 01, section 3",
        ),
        Misconception(
            "centred",
            lambda x, s: _cost(x, s, _covariance),
            "You compared covariances: each filter's mean was subtracted first. The Gram matrix keeps the means.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "cosines",
            lambda x, s: _cost(x, s, _cosines),
            "You scaled each filter to length 1 first, so how strongly it answers is lost. Use the features as they "
            "are.",
            TRIED,
            reread="lesson 02, section 4",
        ),
        Misconception(
            "diagonal",
            references.diagonal_style_cost,
            "You compared the diagonals alone. The pairs of different filters count, too: sum over all N × N entries.",
            TRIED,
        ),
        Misconception(
            "upper-triangle",
            lambda x, s: _cost(x, s, _upper),
            "You summed over one triangle. G is symmetric, and the paper's sum counts each pair twice: sum over all "
            "entries.",
            TRIED,
        ),
        Misconception(
            "only-x",
            lambda x, s: _mean_gram(x.flatten(1)).square().sum() / (4 * len(x) ** 2),
            "The style does not occur in your numbers: G_S is not subtracted.",
            TRIED,
        ),
    ),
)
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
factor = Question(
    id="ex03.factor",
    points=4,
    reference=references.convention_factor,
    cases=_layers,
    kinds=frozenset({"number", "tensor"}),
    confirmation="1, 4, 4, 4/N² and N² M² / (9 (HW)²): only the first three can be absorbed by β.",
    hints=(
        "Write each program's cost as (a constant) · Σ (G_X − G_S)², and the paper's too. Then divide.",
        "A mean over the entries of G is a sum over N² of them. Who divides by N inside as well?",
        "The Keras example has 3 in place of N and the picture's pixels in place of M.",
    ),
    reread="lesson 03, section 6",
    difficulty=3,
    importance=4,
    minutes=15,
    misconceptions=(
        Misconception(
            "upside-down",
            lambda *sizes: 1 / references.convention_factor(*sizes),
            "All factors are upside down: you divided the paper's cost by the program's.",
            "a forum compares 1/4 with 1 and is unsure which one is larger (C4W1 lab)",
        ),
        Misconception(
            "no-four",
            lambda c, n, m, hw: references.convention_factor(c, n, m, hw) / (1 if c in ("gatys", "keras") else 4),
            "The 4 is missing in three of them: only the paper and the Keras example divide by 4.",
            "the C4W1 lab's forum: the 1/4 is missing without explanation",
        ),
        Misconception(
            "mean-is-sum",
            lambda c, n, m, hw: references.convention_factor("sum_chw" if c == "mean_chw" else c, n, m, hw),
            "`mean_chw` is not `sum_chw`: it divides by N inside the Gram matrices and by N² in the mean, so 4/N².",
            "jcjohnson/fast-neural-style, issue 61",
        ),
        Misconception(
            "sum-is-mean",
            lambda c, n, m, hw: references.convention_factor("mean_chw" if c == "sum_chw" else c, n, m, hw),
            "`sum_chw` divides by N inside and then sums: N² divides once, as in the paper. Its factor is 4.",
            "jcjohnson/fast-neural-style, issue 61, asks about both divisions",
        ),
        Misconception(
            "keras-is-paper",
            _without(("keras",)),
            "The Keras example is not the paper: its 3 and its picture size stand where the layer's N and M belong.",
            "keras-team/keras, pull request 6872: reviewers saw no change",
        ),
        Misconception(
            "keras-only-N",
            lambda c, n, m, hw: n**2 / 9 if c == "keras" else references.convention_factor(c, n, m, hw),
            "In the Keras example you replaced N by 3, but not M by the picture's pixels: N² M² / (9 (HW)²).",
            "forums.fast.ai, 2881, notes the channels alone",
        ),
        Misconception(
            "keras-only-M",
            lambda c, n, m, hw: m**2 / hw**2 if c == "keras" else references.convention_factor(c, n, m, hw),
            "In the Keras example you replaced M by the picture's pixels, but not N by 3: N² M² / (9 (HW)²).",
            TRIED,
        ),
        Misconception(
            "keras-upside-down",
            lambda c, n, m, hw: (3 * hw / (n * m)) ** 2 if c == "keras" else references.convention_factor(c, n, m, hw),
            "Your factor for `keras` is upside down: you divided the paper's cost by the program's.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "keras-not-squared",
            lambda c, n, m, hw: n * m / (3 * hw) if c == "keras" else references.convention_factor(c, n, m, hw),
            "Keras' constants stand squared in its cost: square your factor for it.",
            TRIED,
        ),
        Misconception(
            "one-N",
            lambda c, n, m, hw: 4 / n if c == "mean_chw" else references.convention_factor(c, n, m, hw),
            "`mean_chw` divides by N² twice: once inside, where the square doubles the N, and once in the mean. "
            "Against the paper N² remains.",
            TRIED,
        ),
    ),
)
QUESTIONS = (layer_cost, gradient, factor, covariance_gradient, program)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 03", QUESTIONS)
