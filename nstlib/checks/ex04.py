"""Exercise 04: several layers in one cost, one layer left out, and weights that balance the pulls."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.open_questions import claim
from nstlib.checks.progress import table
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.with_numbers import as_paper, shares

LAYERS = tuple(f"relu{block}_{number}" for block in range(1, 6) for number in (1, 2))


def _features(draw: Draw) -> list[Case]:
    """Draw three dictionaries, each in an order of its own: only the names say what belongs together."""
    cases = []
    for count, n_weights, dtype in ((2, 2, torch.float64), (4, 2, torch.float64), (5, 3, torch.float32)):
        names = draw.shuffled(LAYERS)[:count]
        order_s = draw.shuffled(names, unlike=names)
        weighted = draw.shuffled(_not_the_first(draw, names, n_weights), unlike=names)
        features_x, features_s = {}, {}
        for layer in names:
            n, height, width = (2, 1, 3) if count == 2 else draw.sizes((3, 7), (2, 4), (4, 6))
            features_x[layer] = draw.whole(2, 1, 3) if count == 2 else draw.normal(n, height, width, dtype=dtype)
            features_s[layer] = (
                draw.whole(2, 1, 3) if count == 2 else draw.normal(n, height + 1, width, mean=0.9, dtype=dtype)
            )
        weights = {layer: draw.number(0.2, 3.0) for layer in weighted}
        if count == 2:
            weights = dict(zip(weighted, draw.shuffled((2.0, 3.0, 5.0)), strict=False))
        words = f"features of {count} layers and the weights " + ", ".join(f"{k}: {v:.3g}" for k, v in weights.items())
        symbols = {"L": n_weights}
        cases.append(Case((features_x, {layer: features_s[layer] for layer in order_s}, weights), words, symbols))
    return cases


def _not_the_first(draw: Draw, names: list[str], count: int) -> list[str]:
    """Choose so many names which, if possible, are not the first ones."""
    while True:
        chosen = draw.shuffled(names)[:count]
        if count == len(names) or set(chosen) != set(names[:count]):
            return chosen


def _dropped(draw: Draw) -> list[Case]:
    cases = []
    for (least, most), place in (((2, 3), 0), ((4, 5), -1), ((5, 7), 2), ((3, 4), 1)):
        (count,) = draw.sizes((least, most))
        layers = draw.shuffled(LAYERS, unlike=LAYERS)[:count]
        words = f"the layers {', '.join(layers)}, of which {layers[place]} is dropped"
        cases.append(Case((layers, layers[place]), words, {"L": count}, gradient=()))
    return cases


def _norms(draw: Draw) -> list[Case]:
    cases = []
    for least, most in ((2, 2), (3, 4), (5, 6)):
        (count,) = draw.sizes((least, most))
        names = draw.shuffled(LAYERS, unlike=LAYERS)[:count]
        norms = {layer: draw.number(0.01, 4.0) for layer in names}
        if count == 2:
            norms = dict(zip(names, draw.shuffled((1.0, 3.0, 4.0)), strict=False))
        words = "the norms " + ", ".join(f"{layer}: {norm:.3g}" for layer, norm in norms.items())
        cases.append(Case((norms,), words, {"L": count}, gradient=()))
    return cases


def _norm_weights(norms, weight):
    return {layer: weight(norm) for layer, norm in norms.items()}


def _by_position(x, s, w):
    blocks = zip(x.values(), s.values(), w.values(), strict=False)
    return sum(weight * references.layer_style_cost(a, b) for a, b, weight in blocks if len(a) == len(b))


style_cost = Question(
    id="ex04.style_cost",
    points=2,
    reference=references.style_cost,
    cases=_features,
    confirmation="Σ λ_l E_l over the layers that have a weight.",
    hints=(
        "Which dictionary decides over which layers the sum runs?",
        "For every layer with a weight: its E_l, times its weight. Add them up.",
        "Loop over `layer_weights.items()` and add `weight * E(features_x[layer], features_s[layer])` to the total.",
    ),
    reread="lesson 04, section 1",
    difficulty=1,
    importance=5,
    minutes=5,
    misconceptions=(
        Misconception(
            "weights-ignored",
            lambda x, s, w: references.style_cost(x, s, dict.fromkeys(w, 1.0)),
            "The layers are added with equal weight: λ_l was not used.",
            "anishathalye/neural-style, issue 68: a weight without effect",
        ),
        Misconception(
            "averaged",
            lambda x, s, w: references.style_cost(x, s, w) / len(w),
            "You divided by the number of layers, here {L}. J_style is a sum; an average is a constant away from it.",
            "a thread answers that summing averages the layers out (forums.fast.ai)",
            credit=1,
        ),
        Misconception(
            "normalised",
            lambda x, s, w: references.style_cost(x, s, w) / sum(w.values()),
            "You divided by the sum of the weights. Weights are used as they come.",
            "anishathalye/neural-style scales its weights to the sum 1",
            credit=1,
        ),
        Misconception(
            "squared",
            lambda x, s, w: references.style_cost(x, s, {layer: weight**2 for layer, weight in w.items()}),
            "λ_l counts squared: you multiplied the Gram matrices by it, and their difference is squared afterwards. "
            "Multiply E_l.",
            "DmitryUlyanov/texture_nets, issue 65",
        ),
        Misconception(
            "last-layer",
            lambda x, s, w: references.style_cost(x, s, dict(list(w.items())[-1:])),
            "Only the last layer is in your answer: your loop assigns the total afresh. Add to it.",
            "jcjohnson/neural-style, issue 237: costs are printed layer by layer",
        ),
        Misconception(
            "first-layer",
            lambda x, s, w: references.style_cost(x, s, dict(list(w.items())[:1])),
            "Only the first layer is in your answer: does your `return` stand inside the loop?",
            TRIED,
        ),
        Misconception(
            "all-layers",
            lambda x, s, w: references.style_cost(x, s, {layer: w.get(layer, 1.0) for layer in x}),
            "You summed over all layers of the features, with weight 1 where none is given. Layers without a weight "
            "do not take part.",
            "anishathalye/neural-style, issue 128",
        ),
        Misconception(
            "by-position",
            _by_position,
            "You paired the dictionaries by position: the first with the first. Their orders differ. Look each "
            "layer up by its name: `features_x[layer]`, `features_s[layer]`.",
            "zip over `values()`, which passed this check once",
        ),
        Misconception(
            "no-cost",
            lambda x, s, w: sum(weight for weight in w.values()) * torch.ones(()).to(next(iter(x.values()))),
            "You summed the weights. Each is multiplied by its layer's E_l.",
            TRIED,
        ),
        Misconception(
            "root",
            lambda x, s, w: references.style_cost(x, s, w).sqrt(),
            "You took the root of the sum. J_style is the weighted sum itself.",
            TRIED,
        ),
        Misconception(
            "weighted-mean",
            lambda x, s, w: sum(references.style_cost(x, s, {k: 1.0}) for k in w) * sum(w.values()) / len(w),
            "Every layer got the mean weight. Each layer has its own: look it up by name.",
            TRIED,
        ),
        Misconception(
            "inverse-weights",
            lambda x, s, w: references.style_cost(x, s, {k: 1 / v for k, v in w.items()}),
            "You divided by the weights. A larger weight makes a layer count more: multiply.",
            TRIED,
        ),
        Misconception(
            "features-weighted",
            lambda x, s, w: references.style_cost(x, s, {k: v**4 for k, v in w.items()}),
            "λ_l counts to the fourth power: you multiplied the features by it. Multiply E_l.",
            TRIED,
        ),
    ),
)
leave_one_out = Question(
    id="ex04.leave_one_out",
    points=2,
    reference=references.leave_one_out,
    cases=_dropped,
    kinds=frozenset({"dict"}),
    confirmation="1/(L − 1) each, 0 for the dropped layer, and the sum is 1.",
    hints=(
        "How many layers are left, and what must their weights add up to?",
        "The dropped layer stays in the dictionary, with weight 0.",
        "`{layer: 0.0 if layer == dropped else 1 / (len(layers) - 1) for layer in layers}`.",
    ),
    reread="lesson 04, section 5",
    difficulty=1,
    importance=2,
    minutes=5,
    misconceptions=(
        Misconception(
            "one-over-L",
            lambda layers, dropped: {layer: 0.0 if layer == dropped else 1 / len(layers) for layer in layers},
            "You divided by all {L} layers, so the weights add up to less than 1. One fewer is left: 1/(L − 1).",
            "the thread's own weights are 1/(number of layers − 1) (forums.fast.ai)",
            credit=1,
        ),
        Misconception(
            "only-the-dropped",
            lambda layers, dropped: {layer: float(layer == dropped) for layer in layers},
            "This is the dropped layer alone, the other column of the thread's pictures. All the others are wanted.",
            "the thread shows both series side by side (forums.fast.ai)",
        ),
        Misconception(
            "left-in",
            lambda layers, dropped: dict.fromkeys(layers, 1 / (len(layers) - 1)),
            "The dropped layer kept its weight. It gets 0.",
            "foreseen by the authors",
        ),
        Misconception(
            "missing",
            lambda layers, dropped: {layer: 1 / (len(layers) - 1) for layer in layers if layer != dropped},
            "The weights are right, but the dropped layer is not in your dictionary. Keep it, with weight 0.",
            "foreseen by the authors",
            credit=1,
        ),
        Misconception(
            "ones",
            lambda layers, dropped: {layer: float(layer != dropped) for layer in layers},
            "Each remaining layer has weight 1, so they add up to L − 1. Then more layers would mean more style.",
            "a thread asks whether the layers are summed or averaged (forums.fast.ai)",
        ),
        Misconception(
            "first-dropped",
            lambda layers, dropped: references.leave_one_out(layers, layers[0]),
            "You dropped the first layer of the list. The one to drop is named: compare each name with `dropped`.",
            TRIED,
        ),
        Misconception(
            "last-dropped",
            lambda layers, dropped: references.leave_one_out(layers, layers[-1]),
            "You dropped the last layer of the list. The one to drop is named: compare each name with `dropped`.",
            TRIED,
        ),
        Misconception(
            "one-over-L-plus-1",
            lambda layers, dropped: {k: 0.0 if k == dropped else 1 / (len(layers) + 1) for k in layers},
            "You divided by L + 1. One layer fewer than {L} is left: 1/(L − 1).",
            TRIED,
        ),
        Misconception(
            "dropped-negative",
            lambda layers, dropped: {k: (-1 if k == dropped else 1) / (len(layers) - 1) for k in layers},
            "The dropped layer has a negative weight: the picture would flee from it. It gets 0.",
            TRIED,
        ),
    ),
)
balance = Question(
    id="ex04.balance",
    points=3,
    reference=references.balanced_weights,
    cases=_norms,
    kinds=frozenset({"dict"}),
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
            "foreseen by the authors",
            credit=1,
        ),
        Misconception(
            "one-over-L-norm",
            lambda norms: _norm_weights(norms, lambda norm: 1 / (len(norms) * norm)),
            "1/(L · norm) makes each layer pull with 1/L, but the weights do not add up to 1. Divide by their sum.",
            "foreseen by the authors",
            credit=1,
        ),
        Misconception(
            "squared",
            lambda norms: _norm_weights(norms, lambda norm: norm**-2 / sum(other**-2 for other in norms.values())),
            "You divided by the square of the norm. Then weak layers pull harder than strong ones.",
            "foreseen by the authors",
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
            lambda norms: dict(
                zip(norms, torch.softmax(-torch.tensor(list(norms.values())).double(), 0).tolist(), strict=True)
            ),
            "This is softmax(−norm). The weights add up to 1, but λ_l · norm_l is not the same for all: take 1/norm "
            "in place of exp(−norm).",
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
QUESTIONS = (style_cost, leave_one_out, balance, shares, as_paper)

__all__ = ["QUESTIONS", "as_paper", "balance", "claim", "leave_one_out", "progress", "shares", "style_cost"]


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 04", QUESTIONS, [claim])
