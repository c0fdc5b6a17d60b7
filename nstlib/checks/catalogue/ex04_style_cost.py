"""ex04.style_cost: the style cost of several layers."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH, LAYER_NAMES
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _features(draw: Draw) -> list[Case]:
    """Draw three dictionaries, each in an order of its own: only the names say what belongs together."""
    cases = []
    for count, n_weights, dtype in (
        (2, 2, torch.float64),
        (2, 1, torch.float64),
        (4, 2, torch.float64),
        (5, 3, torch.float32),
    ):
        names = draw.shuffled(LAYER_NAMES)[:count]
        order_s = draw.shuffled(names, unlike=names)
        weighted = draw.shuffled(_not_the_first(draw, names, n_weights), unlike=names)
        while n_weights > 2 and weighted == [name for name in order_s if name in weighted]:
            weighted = draw.shuffled(weighted, unlike=names)
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


def _by_position(x, s, w):
    blocks = zip(x.values(), s.values(), w.values(), strict=False)
    return sum(weight * references.layer_style_cost(a, b) for a, b, weight in blocks if len(a) == len(b))


style_cost = Question(
    id="ex04.style_cost",
    points=2,
    reference=references.style_cost,
    cases=_features,
    tolerance=BY_TORCH,
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
