"""ex04.leave_one_out: what each layer adds to the cost."""

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH, LAYER_NAMES, rounded
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _dropped(draw: Draw) -> list[Case]:
    cases = []
    for (least, most), place in (((2, 3), 0), ((4, 4), -1), ((5, 7), 2), ((3, 4), 1)):
        (count,) = draw.sizes((least, most))
        layers = draw.shuffled(LAYER_NAMES, unlike=LAYER_NAMES)[:count]
        words = f"the layers {', '.join(layers)}, of which {layers[place]} is dropped"
        cases.append(Case((layers, layers[place]), words, {"L": count}, gradient=()))
    return [*cases, _names_within_names(draw)]


def _names_within_names(draw: Draw) -> Case:
    """Drop a layer whose name holds another's, and stands in a third."""
    names = ("relu1", "relu1_1", "relu1_1_pooled", *draw.shuffled(LAYER_NAMES[2:])[: draw.sizes((0, 5))[0]])
    layers = draw.shuffled(names)
    words = f"the layers {', '.join(layers)}, of which relu1_1 is dropped"
    return Case((layers, "relu1_1"), words, {"L": len(layers)}, gradient=())


leave_one_out = Question(
    id="ex04.leave_one_out",
    points=2,
    reference=references.leave_one_out,
    cases=_dropped,
    kinds=frozenset({"dict"}),
    tolerance=BY_TORCH,
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
            FORESEEN,
        ),
        Misconception(
            "missing",
            lambda layers, dropped: {layer: 1 / (len(layers) - 1) for layer in layers if layer != dropped},
            "The weights are right, but the dropped layer is not in your dictionary. Keep it, with weight 0.",
            FORESEEN,
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
        *rounded(references.leave_one_out, 1, 2, 3, 4, credit=1),
    ),
)
