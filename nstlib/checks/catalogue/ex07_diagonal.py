"""ex07.diagonal: a style cost by the diagonal alone."""

from nstlib.checks import references
from nstlib.checks.catalogue.shared import pairs
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question


def _squares(x, s):
    return x.flatten(1).square().mean(1) - s.flatten(1).square().mean(1)


def _variances(x, s):
    return x.flatten(1).var(1, correction=0) - s.flatten(1).var(1, correction=0)


def _sizes(features):
    return features.flatten(1).square().mean(1).sqrt()


diagonal = Question(
    id="ex07.diagonal",
    points=2,
    reference=references.diagonal_style_cost,
    cases=pairs,
    confirmation="N numbers a picture, compared; no product of two different filters is needed.",
    hints=(
        "The diagonal's entry of filter k is the sum of its squares. Is a matrix product needed?",
        "The mean of F_ki² over the positions of each picture, compared filter by filter.",
        "Σ_k of the squared differences, over 4 N².",
    ),
    reread="lesson 07, section 1",
    difficulty=1,
    importance=3,
    minutes=5,
    misconceptions=(
        Misconception(
            "whole-matrix",
            references.layer_style_cost,
            "This is the whole Gram matrix's cost. Keep the N entries of the diagonal alone.",
            "forums.fast.ai, 2881: full matrix or diagonal",
        ),
        Misconception(
            "no-quarter",
            lambda x, s: _squares(x, s).square().sum() / len(x) ** 2,
            "Your cost is 4 times too large: divide by 4 N², as E_l does.",
            "TensorFlow's tutorial has no ¼",
            credit=1,
            reread="lesson 03, section 2",
        ),
        Misconception(
            "mean-over-filters",
            lambda x, s: _squares(x, s).square().mean() / 4,
            "You divided by N once, as a mean over the N filters does. E_l divides by N², here {N}².",
            "a mean over N entries where the paper's sum has N²",
            reread="lesson 03, section 4",
        ),
        Misconception(
            "raw",
            lambda x, s: (
                (x.flatten(1).square().sum(1) - s.flatten(1).square().sum(1)).square().sum() / (4 * len(x) ** 2)
            ),
            "M is missing: the sums of squares must be divided by each picture's own positions.",
            "jcjohnson/neural-style, issue 199",
            reread="lesson 03, section 3",
        ),
        Misconception(
            "squared-means",
            lambda x, s: (
                (x.flatten(1).mean(1).square() - s.flatten(1).mean(1).square()).square().sum() / (4 * len(x) ** 2)
            ),
            "You squared the mean. The diagonal is the mean of the squares, which also knows how much a filter varies.",
            "lesson 07: G_kk/M = μ² + σ²",
        ),
        Misconception(
            "only-off-diagonal",
            lambda x, s: references.layer_style_cost(x, s) - references.diagonal_style_cost(x, s),
            "You kept the pairs of different filters and left the diagonal out. Do the reverse.",
            FORESEEN,
        ),
        Misconception(
            "no-square",
            lambda x, s: _squares(x, s).sum() / (4 * len(x) ** 2),
            "The square is missing: you summed the differences themselves, which cancel, and a cost could then be "
            "negative.",
            TRIED,
        ),
        Misconception(
            "absolute",
            lambda x, s: _squares(x, s).abs().sum() / (4 * len(x) ** 2),
            "You summed absolute differences. The cost sums their squares.",
            TRIED,
        ),
        Misconception(
            "root-of-cost",
            lambda x, s: references.diagonal_style_cost(x, s).sqrt(),
            "This is the root of the cost. Leave the root out.",
            TRIED,
        ),
        Misconception(
            "square-of-sum",
            lambda x, s: _squares(x, s).sum() ** 2 / (4 * len(x) ** 2),
            "You summed the differences first and squared the sum. Then they cancel. Square each one, then sum.",
            TRIED,
        ),
        Misconception(
            "roots-compared",
            lambda x, s: (_sizes(x) - _sizes(s)).square().sum() / (4 * len(x) ** 2),
            "You compared the roots of the diagonal. Compare the mean squares themselves: G_kk/M without a root.",
            TRIED,
        ),
        Misconception(
            "variances",
            lambda x, s: _variances(x, s).square().sum() / (4 * len(x) ** 2),
            "You compared variances: the mean was subtracted first. The diagonal of G keeps it: G_kk/M = μ² + σ².",
            TRIED,
            reread="lesson 07, section 3",
        ),
        Misconception(
            "means",
            lambda x, s: (x.flatten(1).mean(1) - s.flatten(1).mean(1)).square().sum() / (4 * len(x) ** 2),
            "You compared the filters' means. The diagonal of G holds mean squares: square the features first.",
            TRIED,
        ),
        Misconception(
            "absolute-means",
            lambda x, s: (x.flatten(1).abs().mean(1) - s.flatten(1).abs().mean(1)).square().sum() / (4 * len(x) ** 2),
            "You compared means of absolute values. The diagonal of G holds mean squares.",
            TRIED,
        ),
        Misconception(
            "plus",
            lambda x, s: (
                (x.flatten(1).square().mean(1) + s.flatten(1).square().mean(1)).square().sum() / (4 * len(x) ** 2)
            ),
            "You added the two pictures' numbers. The cost compares them: subtract.",
            TRIED,
        ),
    ),
)
