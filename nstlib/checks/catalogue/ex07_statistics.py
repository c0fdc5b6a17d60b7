"""ex07.statistics: means and deviations compared."""

import torch

from nstlib.checks import references
from nstlib.checks.catalogue.shared import pairs
from nstlib.checks.questions import TRIED, Misconception, Question


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


def _with_epsilon(epsilon):
    return lambda x, s: _moments(x, s, lambda F: (F.var(1, correction=0) + epsilon).sqrt())


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
        *(
            Misconception(
                f"epsilon-of-{epsilon:g}",
                _with_epsilon(epsilon),
                f"Your deviations have ε = {epsilon:g} under their root, as in `(var + {epsilon:g}).sqrt()`. The "
                "formula has none: leave it out.",
                "adaptive instance normalisation adds ε to the variance, by which it divides",
                credit=1,
            )
            for epsilon in (0.1, 0.01)
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
            "multiplied",
            lambda x, s: _parts(x, s).square().mean(1).prod(),
            "You multiplied the means' part by the deviations'. Then one that is 0 hides the other: add them.",
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
