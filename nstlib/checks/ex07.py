"""Exercise 07: two other statistics, and a painting in a photo's colours."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.ex03 import pairs
from nstlib.checks.progress import table
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.with_matrices import same_diagonal


def _pictures(draw: Draw) -> list[Case]:
    """Draw pictures of equally many pixels, or of many: by M or by M − 1, the result is the same."""
    cases = []
    for equal, *ranges in ((True, (5, 6), (7, 9)), (True, (9, 11), (4, 7)), (False, (24, 26), (30, 34), (40, 44))):
        height, width, *more = draw.sizes(*ranges)
        other = height if equal else more[0]
        matched = torch.zeros(1)
        while matched.min() >= 0 and matched.max() <= 1:  # until clipping would show
            style, content = _mixed(draw, height, width), _mixed(draw, width, other) * 0.8 + 0.1
            matched = references.match_colour(style, content)
        words = f"a style of {height} × {width} pixels and a content of {width} × {other}"
        cases.append(Case((style, content), words, {}, gradient=()))
    return cases


def _mixed(draw: Draw, *size: int) -> torch.Tensor:
    """Draw a picture whose three colours vary together, but none is given by the two others."""
    mix = torch.zeros(3, 3)
    while torch.linalg.svdvals(mix).min() < 0.15:
        mix = draw.uniform(3, 3, low=0.1, high=0.5) + 0.3 * torch.eye(3).double()
    return torch.einsum("ij,jhw->ihw", mix, draw.uniform(3, *size))


def _squares(x, s):
    return x.flatten(1).square().mean(1) - s.flatten(1).square().mean(1)


def _variances(x, s):
    return x.flatten(1).var(1, correction=0) - s.flatten(1).var(1, correction=0)


def _sizes(features):
    return features.flatten(1).square().mean(1).sqrt()


def _moments(x, s, spread):
    x, s = x.flatten(1), s.flatten(1)
    return ((x.mean(1) - s.mean(1)).square() + (spread(x) - spread(s)).square()).sum() / len(x)


def _parts(x, s):
    F_x, F_s = x.flatten(1), s.flatten(1)
    return torch.stack([F_x.mean(1) - F_s.mean(1), F_x.std(1, correction=0) - F_s.std(1, correction=0)])


def _over_positions(x, s):
    means = x.flatten(1).mean(0).mean() - s.flatten(1).mean(0).mean()
    deviations = x.flatten(1).std(0, correction=0).mean() - s.flatten(1).std(0, correction=0).mean()
    return means.square() + deviations.square()


def _deviation(F):
    return F.std(1, correction=0)


def _triangular(style, content):
    s, c = style.flatten(1), content.flatten(1)
    turn = torch.linalg.cholesky(torch.cov(c)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(s)))
    return (turn @ (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).reshape(style.shape)


def _each_channel(style, content):
    s, c = style.flatten(1), content.flatten(1)
    scale = c.std(1, keepdim=True) / s.std(1, keepdim=True)
    return (scale * (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).reshape(style.shape)


def _mean_only(style, content):
    return style - style.mean((1, 2), keepdim=True) + content.mean((1, 2), keepdim=True)


def _no_root(style, content):
    s, c = style.flatten(1), content.flatten(1)
    turn = torch.cov(c) @ torch.linalg.inv(torch.cov(s))
    return (turn @ (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).reshape(style.shape)


def _undivided(style, content):
    mean = content.mean((1, 2), keepdim=True)
    return (references.match_colour(style, content) - mean) * (content[0].numel() / style[0].numel()) ** 0.5 + mean


def _own_mean(style, content):
    matched = references.match_colour(style, content)
    return matched - content.mean((1, 2), keepdim=True) + style.mean((1, 2), keepdim=True)


def _power(picture, exponent):
    values, axes = torch.linalg.eigh(torch.cov(picture.flatten(1), correction=0))
    return axes @ (values**exponent).diag() @ axes.T


def _turned(style, content, turn):
    s, mean = style.flatten(1), content.mean((1, 2), keepdim=True)
    return (turn @ (s - s.mean(1, keepdim=True))).reshape(style.shape) + mean


def _not_centred(style, content):
    turn = _power(content, 0.5) @ _power(style, -0.5)
    return (turn @ style.flatten(1)).reshape(style.shape) - style.mean((1, 2), keepdim=True) + _mean(content)


def _mean(picture):
    return picture.mean((1, 2), keepdim=True)


def _inverse_turn(style, content):
    return _turned(style, content, _power(style, 0.5) @ _power(content, -0.5))


def _whitened(style, content):
    return _turned(style, content, _power(style, -0.5))


def _wrong_order(style, content):
    return _turned(style, content, _power(style, -0.5) @ _power(content, 0.5))


def _unrooted_content(style, content):
    return _turned(style, content, _power(content, 1.0) @ _power(style, -0.5))


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
            "foreseen by the authors",
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
statistics = Question(
    id="ex07.statistics",
    points=2,
    reference=references.statistics_cost,
    cases=pairs,
    confirmation="Mean and population deviation of each filter, compared, over N.",
    hints=(
        "Two numbers for each filter, over its positions. Along which dimension?",
        "The population deviation divides by M. What does `torch.std` do unless told otherwise?",
        "`F.std(1, correction=0)`; then squared differences of both, summed over filters, over N.",
    ),
    reread="lesson 07, section 3",
    difficulty=2,
    importance=4,
    minutes=8,
    misconceptions=(
        Misconception(
            "sample-deviation",
            lambda x, s: _moments(x, s, lambda F: F.std(1)),
            "`torch.std` divides by M − 1 unless told otherwise. The population's divides by M: `correction=0`.",
            "torch.std's default, correction=1",
            credit=1,
        ),
        Misconception(
            "variances",
            lambda x, s: _moments(x, s, lambda F: F.var(1, correction=0)),
            "You compared variances. Take their roots first: the deviation has the features' own unit.",
            "Li et al. 2017 write σ² beside μ",
        ),
        Misconception(
            "means-only",
            lambda x, s: _moments(x, s, lambda F: 0 * F.mean(1)),
            "Only the means are compared. The deviations are missing.",
            "lesson 02: means alone already behave like a style",
        ),
        Misconception(
            "deviations-only",
            lambda x, s: (_deviation(x.flatten(1)) - _deviation(s.flatten(1))).square().sum() / len(x),
            "Only the deviations are compared. The means are missing.",
            "adaptive instance normalisation needs both",
        ),
        Misconception(
            "not-over-N",
            lambda x, s: _moments(x, s, _deviation) * len(x),
            "You summed over the filters. Divide by N, here {N}.",
            "lesson 07, section 3",
            credit=1,
        ),
        Misconception(
            "all-together",
            lambda x, s: (x.mean() - s.mean()).square() + (x.std(correction=0) - s.std(correction=0)).square(),
            "You took one mean and one deviation for the whole layer, and the filters are lost. Take them for each "
            "filter.",
            "layer normalisation in place of the filters' own",
        ),
        Misconception(
            "no-square",
            lambda x, s: _parts(x, s).sum() / len(x),
            "The squares are missing: differences of either sign then cancel, and the cost can be negative.",
            TRIED,
        ),
        Misconception(
            "absolute",
            lambda x, s: _parts(x, s).abs().sum() / len(x),
            "You summed absolute differences. The cost sums squares.",
            TRIED,
        ),
        Misconception(
            "root-of-cost",
            lambda x, s: references.statistics_cost(x, s).sqrt(),
            "This is the root of the cost. Leave the root out.",
            TRIED,
        ),
        Misconception(
            "squared-together",
            lambda x, s: _parts(x, s).sum(0).square().sum() / len(x),
            "You added the two differences and squared the sum. Square each of them, then add.",
            TRIED,
        ),
        Misconception(
            "sample-variances",
            lambda x, s: _moments(x, s, lambda F: F.var(1)),
            "You compared variances, and those that divide by M − 1. Take the population's deviation: `std(1, "
            "correction=0)`.",
            "torch.var's default, correction=1",
        ),
        Misconception(
            "mean-squares",
            lambda x, s: _moments(x, s, lambda F: F.square().mean(1)),
            "In place of the deviation you compared the mean square. Subtract the mean first, then square, average, "
            "and take the root.",
            TRIED,
        ),
        Misconception(
            "root-mean-squares",
            lambda x, s: _moments(x, s, lambda F: F.square().mean(1).sqrt()),
            "Your deviation is the root of the mean square: the mean was not subtracted before.",
            TRIED,
        ),
        Misconception(
            "over-N-squared",
            lambda x, s: references.statistics_cost(x, s) / len(x),
            "You divided by N twice. Once is enough.",
            TRIED,
        ),
        Misconception(
            "over-2N",
            lambda x, s: references.statistics_cost(x, s) / 2,
            "You took the mean over all 2 N numbers. Sum over both statistics, and divide by N alone.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "over-positions",
            _over_positions,
            "You took mean and deviation over the filters, for each position. Each filter has its own, over its "
            "positions: `dim=1` of F.",
            TRIED,
        ),
        Misconception(
            "mean-deviation",
            lambda x, s: _moments(x, s, lambda F: (F - F.mean(1, keepdim=True)).abs().mean(1)),
            "Your deviation is the mean absolute one. The standard deviation is the root of the mean square.",
            TRIED,
        ),
    ),
)
colour = Question(
    id="ex07.colour",
    points=2,
    reference=references.match_colour,
    cases=_pictures,
    tolerance=1e-3,  # a small number added to the covariance before its inverse is common, and harmless
    confirmation="The style's pixels with the content's mean and covariance, whatever the order of the channels.",
    hints=(
        "Pixels as columns of three numbers: subtract their mean, turn and stretch them, add the other mean.",
        "Stretch so that the covariance becomes 1, then so that it becomes the content's.",
        "The symmetric root: `values, axes = torch.linalg.eigh(cov)`, then `axes @ values.sqrt().diag() @ axes.T`.",
    ),
    reread="lesson 07, section 8",
    difficulty=4,
    importance=3,
    minutes=15,
    misconceptions=(
        Misconception(
            "exchanged",
            lambda style, content: references.match_colour(content, style),
            "Style and content are exchanged: you gave the photo the painting's colours.",
            "jcjohnson/neural-style changes colours the other way, afterwards",
        ),
        Misconception(
            "mean-only",
            _mean_only,
            "Only the mean colour is the content's. How colours vary, and together, is still the style's.",
            "colour transfer by means alone",
        ),
        Misconception(
            "each-channel",
            _each_channel,
            "Each channel has its mean and deviation, but not the covariances: which colours go together is still the "
            "style's. That needs 3 × 3 matrices.",
            "Reinhard et al. 2001 match each channel",
        ),
        Misconception(
            "triangular",
            _triangular,
            "Mean and covariance are right, but with the triangular root (Cholesky) the result depends on the order of "
            "the channels. The symmetric root is wanted.",
            "Gatys et al. 2016, arXiv:1606.05897, discuss both roots",
            credit=1,
        ),
        Misconception(
            "no-root",
            _no_root,
            "You multiplied by the covariances themselves. A picture stretched by A has the covariance A Cov Aᵀ: take "
            "roots.",
            "foreseen by the authors",
        ),
        Misconception(
            "own-mean",
            _own_mean,
            "The covariance is the content's, the mean is still the style's. Add the content's mean.",
            "foreseen by the authors",
            credit=1,
        ),
        Misconception(
            "clipped",
            lambda style, content: references.match_colour(style, content).clamp(0, 1),
            "You clipped to [0, 1]. That changes mean and covariance: clip when the picture is shown, not here.",
            "Gatys et al. 2016, arXiv:1606.05897",
            credit=1,
        ),
        Misconception(
            "no-mean",
            lambda style, content: references.match_colour(style, content) - content.mean((1, 2), keepdim=True),
            "The covariance is the content's, but the mean is 0: add the content's mean at the end.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "not-centred",
            _not_centred,
            "You turned the style before you subtracted its mean, so the mean was turned with it. Subtract it first.",
            TRIED,
        ),
        Misconception(
            "not-divided",
            _undivided,
            "Your covariances are sums: divide each by its picture's number of pixels, or a picture of more pixels "
            "gives more contrast.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "turned-inside-out",
            _inverse_turn,
            "The two roots are exchanged: you divided by the content's and multiplied by the style's.",
            TRIED,
        ),
        Misconception(
            "whitened",
            _whitened,
            "The covariance is the identity: you took the style's away and did not give it the content's.",
            TRIED,
        ),
        Misconception(
            "wrong-order",
            _wrong_order,
            "The two roots are multiplied in the wrong order. From the right: first the style's is taken away, then "
            "the content's is given.",
            TRIED,
        ),
        Misconception(
            "variances-for-roots",
            _unrooted_content,
            "The content's covariance is there without its root. A picture stretched by A has the covariance A Cov "
            "Aᵀ: take the root.",
            TRIED,
        ),
    ),
)
QUESTIONS = (diagonal, statistics, same_diagonal, colour)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 07", QUESTIONS)
