"""ex04.balance: weights with which all layers pull alike."""

import math

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH, LAYER_NAMES, in_proportion, rounded, softmax
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _norms(draw: Draw) -> list[Case]:
    cases = []
    for least, most in ((2, 2), (3, 4), (5, 6)):
        (count,) = draw.sizes((least, most))
        names = draw.shuffled(LAYER_NAMES, unlike=LAYER_NAMES)[:count]
        norms = {layer: draw.number(0.01, 4.0) for layer in names}
        if count == 2:
            norms = dict(zip(names, draw.shuffled((1.0, 3.0, 4.0)), strict=False))
        words = "the norms " + ", ".join(f"{layer}: {norm:.3g}" for layer, norm in norms.items())
        cases.append(Case((norms,), words, {"L": count}, gradient=()))
    return cases


def _softmax(norms, exponent):
    return softmax(_norm_weights(norms, exponent))


def _norm_weights(norms, weight):
    return {layer: weight(norm) for layer, norm in norms.items()}


def _as_it_goes(norms):
    weights = _norm_weights(norms, lambda norm: 1 / norm)
    for layer in weights:
        weights[layer] /= sum(weights.values())
    return weights


def _by_rank(norms):
    largest_first = sorted(in_proportion(norms).values(), reverse=True)
    return dict(zip(sorted(norms, key=norms.get), largest_first, strict=True))


def _powers(exponent):
    return lambda norms: {layer: math.exp(exponent(norm)) for layer, norm in norms.items()}


balance = Question(
    id="ex04.balance",
    points=3,
    reference=references.balanced_weights,
    cases=_norms,
    kinds=frozenset({"dict"}),
    tolerance=BY_TORCH,
    confirmation="λ_l · norm_l is the same for all layers, and the weights add up to 1.",
    hints=(
        "The layer that pulls hardest needs the smallest weight. In which proportion?",
        "λ_l = constant / norm_l. Which constant makes the sum 1?",
        "The constant is 1 over the sum of all 1/norm.",
    ),
    reread="lesson 04, section 7",
    difficulty=2,
    importance=4,
    minutes=8,
    misconceptions=(
        Misconception(
            "in-proportion",
            lambda norms: _norm_weights(norms, lambda norm: norm / sum(norms.values())),
            "Your weights grow with the norm: the layer that pulls hardest gets the most. It is the other way round.",
            "limingcv/Photorealistic-Style-Transfer, issue 16",
        ),
        Misconception(
            "not-normalised",
            lambda norms: _norm_weights(norms, lambda norm: 1 / norm),
            "1/norm balances the layers, but the weights do not add up to 1 yet. Divide by their sum.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "one-over-L-norm",
            lambda norms: _norm_weights(norms, lambda norm: 1 / (len(norms) * norm)),
            "1/(L · norm) makes each layer pull with 1/L, but the weights do not add up to 1. Divide by their sum.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "squared",
            lambda norms: _norm_weights(norms, lambda norm: norm**-2 / sum(other**-2 for other in norms.values())),
            "You divided by the square of the norm. Then weak layers pull harder than strong ones.",
            FORESEEN,
        ),
        Misconception(
            "equal",
            lambda norms: dict.fromkeys(norms, 1 / len(norms)),
            "All weights are equal. Then the pulls are as uneven as the norms are.",
            "the paper's 1/5 for every layer",
        ),
        Misconception(
            "rest",
            lambda norms: _norm_weights(
                norms, lambda norm: (sum(norms.values()) - norm) / (len(norms) - 1) / sum(norms.values())
            ),
            "You gave each layer what the others have: total minus norm. That is in the right direction, but λ_l · "
            "norm_l is not the same for all. Take 1/norm.",
            TRIED,
        ),
        Misconception(
            "by-smallest",
            lambda norms: _norm_weights(norms, lambda norm: min(norms.values()) / norm),
            "λ_l · norm_l is the same for all layers, but the weakest has weight 1, so the sum is above 1. Divide "
            "by the sum.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "by-largest",
            lambda norms: _norm_weights(norms, lambda norm: max(norms.values()) / norm),
            "λ_l · norm_l is the same for all layers, but no weight is below 1, so the sum is above 1. Divide by the "
            "sum.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "by-mean",
            lambda norms: _norm_weights(norms, lambda norm: sum(norms.values()) / len(norms) / norm),
            "λ_l · norm_l is the same for all layers, but the weights do not add up to 1. Divide by their sum.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "root",
            lambda norms: _norm_weights(norms, lambda norm: norm**-0.5 / sum(other**-0.5 for other in norms.values())),
            "You divided by the root of the norm. Then strong layers still pull harder.",
            TRIED,
        ),
        Misconception(
            "softmax",
            lambda norms: _softmax(norms, lambda norm: -norm),
            "This is softmax(−norm). The weights add up to 1, but λ_l · norm_l is not the same for all: take 1/norm "
            "in place of exp(−norm).",
            TRIED,
        ),
        Misconception(
            "softmax-of-norms",
            lambda norms: _softmax(norms, lambda norm: norm),
            "This is softmax(norm): the weights add up to 1, but the layer that pulls hardest gets the most. Take "
            "1/norm in place of exp(norm), and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "softmax-of-reciprocals",
            lambda norms: _softmax(norms, lambda norm: 1 / norm),
            "This is softmax(1/norm). 1/norm is the right proportion, and exp spoils it: to make the sum 1, divide "
            "each 1/norm by their sum.",
            TRIED,
        ),
        Misconception(
            "softmax-of-weights",
            lambda norms: _softmax(norms, lambda norm: 1 / norm / sum(1 / other for other in norms.values())),
            "The right weights went through a softmax. They add up to 1 before it, and λ_l · norm_l is no longer the "
            "same for all after it: leave it out.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "softmax-of-shares",
            lambda norms: _softmax(norms, lambda norm: norm / sum(norms.values())),
            "This is softmax(norm / sum): the weights add up to 1, but the layer that pulls hardest gets the most. "
            "Take 1/norm in place of the exponential, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "softmax-of-negative-shares",
            lambda norms: _softmax(norms, lambda norm: -norm / sum(norms.values())),
            "This is softmax(−norm / sum). The weights add up to 1, but λ_l · norm_l is not the same for all: take "
            "1/norm in place of the exponential.",
            TRIED,
        ),
        Misconception(
            "softmax-of-negative-reciprocals",
            lambda norms: _softmax(norms, lambda norm: -1 / norm),
            "This is softmax(−1/norm): the weights add up to 1, but the layer that pulls hardest gets the most. 1/norm "
            "without minus and exponential is the right proportion: divide it by the sum.",
            TRIED,
        ),
        *(
            Misconception(
                name,
                _powers(exponent),
                f"This is {shown} for each layer. {grows}, and λ_l · norm_l is not the same for all; nor do the "
                "weights add up to 1. Take 1/norm in place of the exponential, and divide by the sum.",
                TRIED,
            )
            for name, exponent, shown, grows in (
                ("exp-of-negative", lambda norm: -norm, "exp(−norm)", "It falls with the norm, but not like 1/norm"),
                ("exp", lambda norm: norm, "exp(norm)", "The layer that pulls hardest gets the most"),
                ("exp-of-reciprocal", lambda norm: 1 / norm, "exp(1/norm)", "It is never below 1"),
                (
                    "exp-of-negative-reciprocal",
                    lambda norm: -1 / norm,
                    "exp(−1/norm)",
                    "The layer that pulls hardest gets the most",
                ),
            )
        ),
        Misconception(
            "squares-in-proportion",
            lambda norms: _norm_weights(norms, lambda norm: norm**2 / sum(other**2 for other in norms.values())),
            "Your weights grow like the square of the norm: the layer that pulls hardest gets the most. It is the "
            "other way round: 1/norm.",
            TRIED,
        ),
        Misconception(
            "logarithms",
            lambda norms: _norm_weights(
                norms, lambda norm: math.log(norm) / sum(math.log(other) for other in norms.values())
            ),
            "Your weights are in proportion to logarithms. λ_l · norm_l is not the same for all then, and a norm of 1 "
            "gets nothing: take 1/norm.",
            TRIED,
        ),
        *rounded(references.balanced_weights, 1, 2, 3, 4),
        Misconception(
            "sum-changes",
            _as_it_goes,
            "You divided each weight by a sum that holds the weights divided before it: the sum changes while the loop "
            "runs. Take the sum once, before the loop.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "shares-reversed",
            lambda norms: dict(zip(norms, [*in_proportion(norms).values()][::-1], strict=True)),
            "You gave the norms' shares out in the reversed order. Which layer comes last says nothing of how hard it "
            "pulls: take 1/norm of each, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "shares-by-rank",
            _by_rank,
            "You gave the largest share to the smallest norm, and so on. The order is right, but λ_l · norm_l is not "
            "the same for all: take 1/norm, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "up-to-the-largest",
            lambda norms: in_proportion(_norm_weights(norms, lambda norm: max(norms.values()) - norm)),
            "You took the difference to the largest norm: the strongest layer gets 0 and is lost. Take 1/norm, and "
            "divide by the sum.",
            TRIED,
        ),
        Misconception(
            "mirrored",
            lambda norms: in_proportion(
                _norm_weights(norms, lambda norm: max(norms.values()) + min(norms.values()) - norm)
            ),
            "You mirrored the norms between the smallest and the largest. The order is right, but λ_l · norm_l is not "
            "the same for all: take 1/norm, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "plus-one",
            lambda norms: in_proportion(_norm_weights(norms, lambda norm: 1 + norm), -1),
            "You took 1/(1 + norm). Then weak layers pull less than strong ones: take 1/norm, no norm here is 0.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "squares-add-up",
            lambda norms: _norm_weights(norms, lambda norm: 1 / norm / math.hypot(*(1 / n for n in norms.values()))),
            "λ_l · norm_l is the same for all layers, but it is the squares of your weights that add up to 1. Divide "
            "by the sum of all 1/norm, without squares and root.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "over-the-smallest",
            lambda norms: _norm_weights(norms, lambda norm: norm / min(norms.values())),
            "You took each norm over the smallest: the layer that pulls hardest gets the most. Turn the fraction "
            "round, and divide by the sum.",
            TRIED,
        ),
        Misconception(
            "less-than-the-largest",
            lambda norms: _norm_weights(norms, lambda norm: 1 - norm / max(norms.values())),
            "You took 1 minus each norm over the largest: the strongest layer gets 0 and is lost. Take 1/norm, and "
            "divide by the sum.",
            TRIED,
        ),
        Misconception(
            "one-minus",
            lambda norms: _norm_weights(norms, lambda norm: 1 - norm / sum(norms.values())),
            "You took 1 minus each layer's share. The pulls λ_l · norm_l are then not equal: take 1/norm.",
            TRIED,
        ),
    ),
)
