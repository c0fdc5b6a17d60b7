"""ex03.layer_cost: the style cost of one layer."""

import torch

from nstlib.checks import references
from nstlib.checks.catalogue.shared import matrix_root, pairs
from nstlib.checks.questions import TRIED, Misconception, Question


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


def _through(step, inside=True):
    """Return E_l with a step taken in every entry: of G/M, or of G before it is divided by M."""

    def gram(features):
        F = features.flatten(1)
        return step(_mean_gram(F)) if inside else step(F @ F.T) / F.shape[1]

    return lambda x, s: _cost(x, s, gram)


def _signed_root(G):
    return G.sign() * G.abs().sqrt()


def _by_other_sizes(x, s):
    return _difference(x, s, s[0].numel(), x[0].numel())


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
            "Your cost is 4 times the paper's: the ¼ is missing. This is a mean over the N² entries of the difference, "
            "as `.mean()` and `mse_loss` take it. Of the lecture's 1/(2 N M)² = ¼ · 1/N² · 1/M² that mean is the 1/N², "
            "and the Gram matrices hold the 1/M²; the ¼ is left.",
            "TensorFlow's tutorial; a forum asks where the 1/4 went (C4W1 lab)",
            credit=2,
            reread="lesson 03, section 2",
        ),
        Misconception(
            "mean-of-entries",
            lambda x, s: _difference(x, s).square().mean() / (4 * len(x) ** 2),
            "Your cost is 1/N² of the paper's: it is divided by N² twice. A mean over the N² differences, as "
            "`.mean()` and `mse_loss` take it, is divided by N² already; so is the square of Gram matrices over N · M. "
            "The lecture's 1/(2 N M)² = ¼ · 1/N² · 1/M² stands before a sum: take the sum, or leave 1/N² to the mean "
            "and divide by 4 alone; or divide each Gram matrix by M alone.",
            TRIED,
            credit=2,
            reread="lesson 03, section 4",
        ),
        Misconception(
            "mean-of-rows",
            lambda x, s: _difference(x, s).square().sum(1).mean() / (4 * len(x) ** 2),
            "Your cost is 1/N of the paper's: it is divided by N once too often. A sum over one index and a mean over "
            "the other does this. The lecture's 1/(2 N M)² = ¼ · 1/N² · 1/M² stands before a sum over both.",
            TRIED,
            credit=2,
            reread="lesson 03, section 4",
        ),
        Misconception(
            "mean-of-raw-entries",
            lambda x, s: _difference(x, s, 1, 1).square().mean() / (4 * len(x) ** 2 * x[0].numel() ** 2),
            "Your cost is divided by N² twice: a mean over N² entries divides by it, and your factor does so again. "
            "The lecture's 1/(2 N M)² stands before a sum. And both raw Gram matrices are divided by X's M = {M}: for "
            "unequal sizes each needs its own.",
            TRIED,
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
            "absolute-grams",
            _through(lambda G: G.abs()),
            "You took |G| of each Gram matrix. An entry is negative where two filters answer with opposite signs, and "
            "styles differ in that, too: subtract the matrices as they are.",
            TRIED,
        ),
        Misconception(
            "relu-grams",
            _through(lambda G: G.relu()),
            "Negative entries of the Gram matrices were set to 0. They say that two filters answer with opposite "
            "signs: subtract the matrices as they are.",
            TRIED,
        ),
        *(
            Misconception(
                name + after,
                _through(root, inside),
                f"You took a root of each Gram matrix before subtracting{how}. The cost compares the matrices "
                "themselves: leave the root out.",
                TRIED,
            )
            for name, root, how in (
                ("root-grams", lambda G: G.abs().sqrt(), ", of its entries made positive"),
                ("signed-root-grams", _signed_root, ", and gave it the entry's sign"),
                ("clamped-root-grams", lambda G: G.clamp(min=0).sqrt(), ", with 0 for its negative entries"),
            )
            for after, inside in (("", True), ("-by-M", False))
        ),
        *(
            Misconception(
                name,
                _through(matrix_root, inside),
                "You took the matrix root of each Gram matrix before subtracting: multiplied with itself it gives the "
                "Gram matrix. The cost compares the Gram matrices themselves: leave the root out.",
                TRIED,
            )
            for name, inside in (("matrix-root-grams", True), ("matrix-root-grams-by-M", False))
        ),
        Misconception(
            "only-x",
            lambda x, s: _mean_gram(x.flatten(1)).square().sum() / (4 * len(x) ** 2),
            "The style does not occur in your numbers: G_S is not subtracted.",
            TRIED,
        ),
    ),
)
