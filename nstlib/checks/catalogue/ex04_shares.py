"""ex04.shares: weights with which the layers pull as you wish."""

import math

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH, LAYER_NAMES, in_proportion, rounded, softmax
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _wished(draw: Draw) -> list[Case]:
    cases = []
    for least, most in ((2, 2), (3, 4), (5, 6)):
        names = draw.shuffled(LAYER_NAMES, unlike=LAYER_NAMES)[: draw.sizes((least, most))[0]]
        norms = {name: draw.number(0.05, 4.0) for name in names}
        parts = [draw.number(0.1, 1.0) for _ in names]
        if least == 2:
            norms, parts = dict(zip(names, draw.shuffled((1.0, 2.0, 4.0)), strict=False)), [1.0, 4.0]
        order = draw.shuffled(names, unlike=names)
        shares = {name: part / sum(parts) for name, part in zip(order, parts, strict=True)}
        words = f"the norms {_listed(norms)} and the shares {_listed(shares)}"
        cases.append(Case((norms, shares), words, {"L": len(names)}, gradient=()))
    return cases


def _listed(numbers):
    return ", ".join(f"{name}: {number:.3g}" for name, number in numbers.items())


def _quotients(norms, wished):
    return {name: share / norms[name] for name, share in wished.items()}


def _damped(norms, wished):
    return {name: share * math.exp(-norms[name]) for name, share in wished.items()}


shares = Question(
    id="ex04.shares",
    points=3,
    reference=references.weights_for_shares,
    cases=_wished,
    confirmation="λ_l · norm_l stands in the wished proportion, and the weights add up to 1.",
    hints=(
        "Balanced weights are the case of equal shares. What changes if one layer should pull twice as hard?",
        "λ_l · norm_l = constant · share_l.",
        "λ_l = share_l / norm_l, divided by the sum of all of them.",
    ),
    reread="lesson 04, section 7",
    difficulty=2,
    importance=3,
    minutes=8,
    kinds=frozenset({"dict"}),
    tolerance=BY_TORCH,
    misconceptions=(
        Misconception(
            "norms-ignored",
            lambda norms, shares: dict(shares),
            "You gave the shares as weights. A layer with a large gradient then pulls harder than its share: divide "
            "by the norm.",
            FORESEEN,
        ),
        Misconception(
            "shares-ignored",
            lambda norms, shares: references.balanced_weights(norms),
            "These weights make all layers pull alike. The shares were not used.",
            FORESEEN,
        ),
        Misconception(
            "times-norm",
            lambda norms, shares: in_proportion({name: share * norms[name] for name, share in shares.items()}),
            "You multiplied by the norm. The layer that pulls hardest needs the smaller weight: divide.",
            FORESEEN,
        ),
        Misconception(
            "not-normalised",
            lambda norms, shares: {name: share / norms[name] for name, share in shares.items()},
            "The pulls stand in the wished proportion, but the weights do not add up to 1. Divide by their sum.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "by-position",
            lambda norms, shares: in_proportion(
                {k: s / n for k, s, n in zip(shares, shares.values(), norms.values(), strict=True)}
            ),
            "You paired norms and shares by position, the first with the first. The two dictionaries are not in one "
            "order: look each number up by its name.",
            FORESEEN,
        ),
        Misconception(
            "by-position-of-the-norms",
            lambda norms, shares: in_proportion(
                {k: s / n for k, s, n in zip(norms, shares.values(), norms.values(), strict=True)}
            ),
            "You paired norms and shares by position, the first with the first. The two dictionaries are not in one "
            "order: look each number up by its name.",
            TRIED,
        ),
        Misconception(
            "balanced-times-share",
            lambda norms, shares: {
                name: share * references.balanced_weights(norms)[name] for name, share in shares.items()
            },
            "Balanced weights times the shares give the wished proportion, but they do not add up to 1 any more. "
            "Divide by their sum at the end.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "softmax-of-quotients",
            lambda norms, shares: softmax(_quotients(norms, shares)),
            "This is softmax(share / norm). share / norm is the right proportion, and exp spoils it: to make the sum "
            "1, divide by the sum.",
            TRIED,
        ),
        Misconception(
            "exp-of-quotients",
            lambda norms, shares: {name: math.exp(part) for name, part in _quotients(norms, shares).items()},
            "This is exp(share / norm) for each layer. share / norm is the right proportion, and exp spoils it. Leave "
            "it out, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "share-times-exp",
            lambda norms, shares: in_proportion(_damped(norms, shares)),
            "Your weights are in proportion to share · exp(−norm). That falls with the norm, but λ_l · norm_l is not "
            "in proportion to the shares: divide by the norm in place of the exponential.",
            TRIED,
        ),
        Misconception(
            "share-times-exp-not-normalised",
            _damped,
            "This is share · exp(−norm). λ_l · norm_l is not in proportion to the shares, and the weights do not add "
            "up to 1: take share / norm, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "share-times-softmax",
            lambda norms, shares: {
                name: shares[name] * weight
                for name, weight in softmax({name: -norm for name, norm in norms.items()}).items()
            },
            "This is share · softmax(−norm). λ_l · norm_l is not in proportion to the shares, and the weights do not "
            "add up to 1: take share / norm, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "inverse-shares",
            lambda norms, shares: in_proportion({name: 1 / (share * norms[name]) for name, share in shares.items()}),
            "A layer with a large share got a small weight. Divide by the norm, and multiply by the share.",
            FORESEEN,
        ),
        *rounded(references.weights_for_shares, 1, 2, 3, 4),
    ),
)
