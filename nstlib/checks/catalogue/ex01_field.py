"""ex01.field: how much of the picture one position sees."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _stacks(draw: Draw) -> list[Case]:
    cases = []
    for count in (2, 3, 5, 6):
        layers = [(3, 1)]
        while sum(stride > 1 for _, stride in layers[:-1]) < 1:  # a stride counts only if something comes after it
            kernels = [draw.sizes((2, 5))[0] for _ in range(count)]
            layers = [(kernel, draw.sizes((1, min(3, kernel)))[0]) for kernel in kernels]
        words = "the layers (kernel, stride) " + ", ".join(map(str, layers))
        cases.append(Case((layers,), words, {"L": count}, gradient=()))
    return cases


def _steps_between(layers):
    apart = 1
    for _, stride in layers:
        apart *= stride
    return apart


field = Question(
    id="ex01.field",
    points=3,
    reference=references.receptive_field,
    cases=_stacks,
    confirmation="Each layer adds (kernel − 1) steps, and a stride makes every later step longer.",
    hints=(
        "Begin with one number of the last layer, or with one pixel of the first. How many more pixels does a 3 × "
        "3 kernel bring in?",
        "After a stride of 2, neighbours in the map are 2 pixels apart in the picture. How much does the next "
        "kernel add then?",
        "`field += (kernel - 1) * apart`, then `apart *= stride`, layer by layer from the first.",
    ),
    reread="lesson 01, section 2",
    difficulty=3,
    importance=3,
    minutes=10,
    kinds=frozenset({"number", "tensor"}),
    misconceptions=(
        Misconception(
            "no-strides",
            lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers),
            "You added the kernels and left the strides out. After a stride of 2 neighbours are 2 pixels apart, so "
            "a later kernel reaches twice as far.",
            FORESEEN,
        ),
        Misconception(
            "no-minus",
            lambda layers: references.receptive_field([(kernel + 1, stride) for kernel, stride in layers]),
            "Each kernel adds one step too many: a kernel of 3 reaches one pixel to either side, which are 2 more, "
            "not 3.",
            FORESEEN,
        ),
        Misconception(
            "stride-first",
            lambda layers: (
                1
                + sum((kernel - 1) * _steps_between(layers[: number + 1]) for number, (kernel, _) in enumerate(layers))
            ),
            "You counted a layer's own stride for its own kernel. Its kernel still steps as far as the layers "
            "before it say; its stride counts for the layers after it.",
            FORESEEN,
        ),
        Misconception(
            "own-stride",
            lambda layers: 1 + sum((kernel - 1) * stride for kernel, stride in layers),
            "You multiplied each kernel less 1 by its own stride. A kernel steps as far as the strides of all layers "
            "before it, multiplied with each other; its own stride counts for the layers after it.",
            TRIED,
        ),
        Misconception(
            "product",
            lambda layers: torch.tensor([kernel for kernel, _ in layers]).prod().item(),
            "You multiplied the kernels. Two kernels of 3, one after the other, see 5 pixels, not 9.",
            FORESEEN,
        ),
        Misconception(
            "from-zero",
            lambda layers: references.receptive_field(layers) - 1,
            "You began at 0. Without any layer a number depends on 1 pixel, itself.",
            FORESEEN,
        ),
        Misconception(
            "forwards",
            lambda layers: references.receptive_field(layers[::-1]),
            "You took the layers in the wrong order. `width = kernel + (width - 1) * stride` goes back from the last "
            "layer to the picture; from the first layer on, add (kernel − 1) times all strides before it.",
            TRIED,
        ),
        Misconception(
            "sum-of-kernels",
            lambda layers: sum(kernel for kernel, _ in layers),
            "You added the kernels. Two kernels of 3 see 5 pixels, not 6, for they overlap; and after a stride of 2 "
            "a kernel reaches twice as far.",
            TRIED,
        ),
        Misconception(
            "last-layer",
            lambda layers: layers[-1][0],
            "This is the last kernel alone. Each layer before it makes it see further.",
            FORESEEN,
        ),
    ),
)
