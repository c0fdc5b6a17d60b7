"""ex01.hooks: features read while a network runs."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import random_network
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _hooked(draw: Draw) -> list[Case]:
    cases = [_by_hand(draw)]
    for count in (2, 3, 4):
        height, width = draw.sizes((4, 7), (6, 9))
        filters = draw.sizes((2, 4), (3, 6), (4, 7))
        network = random_network(draw, *filters)["network"]
        names = [layer[0] for layer in network]
        layers = draw.shuffled(["conv1_1", *draw.shuffled(names[1:])[: count - 1]])
        words = f"a small VGG, a picture of 3 × {height} × {width} numbers and the layers {', '.join(layers)}"
        cases.append(
            Case(({"lent network": network}, draw.uniform(3, height, width), layers), words, {}, gradient=(1,))
        )
    return cases


def _by_hand(draw: Draw) -> Case:
    """Draw a network whose kernels are 1 × 1, so that each convolution is a product of two matrices.

    Each gives something negative, so that what the ReLU after it does in place can be seen.
    """
    while True:
        first, second, pixels = draw.whole(2, 3), draw.whole(2, 2), draw.whole(3, draw.sizes((2, 3))[0]).abs()
        before = first @ pixels
        if (before < 0).any() and (second @ before.relu() < 0).any():
            break
    zeros = torch.zeros(2).double()
    layers = [["conv1_1", "conv", first[..., None, None], zeros], ["relu1_1", "relu", None, None]]
    layers += [["conv1_2", "conv", second[..., None, None], zeros], ["relu1_2", "relu", None, None]]
    asked = draw.shuffled(["conv1_1", "conv1_2"])
    words = (
        f"a network of two convolutions with kernels of 1 × 1, each with a ReLU, a picture of 3 × 1 × {len(pixels[0])} "
    )
    words += f"numbers and the layers {', '.join(asked)}"
    return Case(({"lent network": layers}, pixels[:, None], asked), words, {}, gradient=(1,))


def _by_hooks(network, picture, layers, keep):
    found = {}
    handles = []
    for name, module in network.named_children():
        if name in layers:
            handles.append(module.register_forward_hook(lambda m, i, o, name=name: found.update({name: keep(i, o)})))
    network(picture[None])
    return found, handles


def _kept(network, picture, layers, keep):
    found, handles = _by_hooks(network, picture, layers, keep)
    for handle in handles:
        handle.remove()
    return found


def _hooks_left(network, picture, layers):
    return _by_hooks(network, picture, layers, lambda inputs, output: output[0].clone())[0]


def _ran_last(network, layers):
    return [name for name, _ in network.named_children() if name in layers][-1]


def _sorted_out(keep, under):
    """Return the mistake of keeping this of each output, and of giving it back under these names."""
    return lambda network, picture, layers: under(network, layers, _kept(network, picture, layers, keep))


def _one_name_for_all():
    """Give the mistakes of hooks that do not know which layer they are for; each also without a copy of the output."""
    late = (
        "Only one name came back, since all hooks wrote under it: a hook looks its variable up when it runs, and by "
        "then the loop stands at the last name{whose}. Give each hook a name of its own, as by a function that makes "
        "the hook or by `name=name` among its parameters."
    )
    for name, under, message in (
        (
            "late-name",
            lambda network, layers, found: {layers[-1]: found[_ran_last(network, layers)]},
            late.format(whose=""),
        ),
        (
            "late-name-of-the-network",
            lambda network, layers, found: {
                [*dict(network.named_children())][-1]: found[_ran_last(network, layers)],
            },
            late.format(whose=" of the network"),
        ),
        (
            "last-for-all",
            lambda network, layers, found: dict.fromkeys(layers, found[_ran_last(network, layers)]),
            "Every name has the features of the layer that ran last: all hooks wrote into one variable. Let each hook "
            "keep its own layer's output, under its name.",
        ),
        (
            "order-of-the-run",
            lambda network, layers, found: dict(zip(layers, found.values(), strict=True)),
            "The features stand under each other's names: hooks run in the order of the network, which is not that of "
            "`layers`. Let each hook know its layer's name.",
        ),
    ):
        for after, keep, more in (
            ("", lambda inputs, output: output[0].clone(), ""),
            (
                "-written-over",
                lambda inputs, output: output[0],
                " And what you kept of a convolution was written over by the ReLU after it: keep `output[0].clone()`.",
            ),
        ):
            evidence = "Python's FAQ: why do lambdas defined in a loop all return the same result?"
            yield Misconception(
                name + after,
                _sorted_out(keep, under),
                message + more,
                evidence if name.startswith("late") else TRIED,
            )


hooks = Question(
    id="ex01.hooks",
    points=5,
    reference=references.layer_features,
    cases=_hooked,
    confirmation="Each layer's own answer, in the right shape, with a gradient, and no hook left behind.",
    hints=(
        "A hook is a function that a layer calls after each forward pass: `layer.register_forward_hook(hook)`, "
        "with the layer, its inputs and its output.",
        "`network.get_submodule(name)` finds a layer by name. What does the ReLU after a convolution do with the "
        "convolution's output, if it works in place?",
        "Keep `output[0].clone()` under the layer's name, run the network once on `picture[None]`, then call "
        "`remove()` on every handle.",
    ),
    reread="lesson 08, section 4",
    difficulty=3,
    importance=4,
    minutes=15,
    kinds=frozenset({"dict"}),
    misconceptions=(
        Misconception(
            "written-over",
            lambda network, picture, layers: _kept(network, picture, layers, lambda inputs, output: output[0]),
            "What you kept of a convolution was written over: the ReLU after it works in place (`inplace=True`). "
            "Keep a copy: `output[0].clone()`.",
            "torchvision's VGG has nn.ReLU(inplace=True)",
            credit=2,
        ),
        Misconception(
            "network-changed",
            _hooks_left,
            "The features are right, but the network is not as you found it. A hook that stays runs at each later "
            "call: call `remove()` on each handle. Of what you set, such as `inplace`, put back what was there; "
            "`output[0].clone()` needs no setting.",
            "PyTorch's documentation of register_forward_hook returns a handle for this",
            credit=3,
        ),
        Misconception(
            "batch-kept",
            lambda network, picture, layers: _kept(network, picture, layers, lambda inputs, output: output.clone()),
            "The batch's dimension is still there: (1, N, H, W). Give back (N, H, W), the first of the batch.",
            FORESEEN,
            reread="lesson 01, section 1",
        ),
        Misconception(
            "inputs",
            lambda network, picture, layers: _kept(
                network, picture, layers, lambda inputs, output: inputs[0][0].clone()
            ),
            "You kept what goes into the layer. A hook gets the layer, its inputs and its output: keep the output.",
            FORESEEN,
        ),
        Misconception(
            "detached",
            lambda network, picture, layers: _kept(
                network, picture, layers, lambda inputs, output: output[0].detach().clone()
            ),
            "The features are right, but no gradient arrives at the picture: leave `.detach()` and "
            "`torch.no_grad()` out.",
            "many a feature extractor runs under no_grad",
            credit=2,
        ),
        Misconception(
            "all-layers",
            lambda network, picture, layers: references.layer_features(
                network, picture, [name for name, _ in network.named_children()]
            ),
            "You gave back every layer. Only those that are named in `layers` are wanted.",
            FORESEEN,
            credit=3,
        ),
        *_one_name_for_all(),
    ),
)
