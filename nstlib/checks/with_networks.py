"""Questions that take a network: its layers by hooks, how far a layer sees, and a program to repair."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw

FORESEEN = "foreseen by the authors"


def random_network(draw: Draw, *filters: int, before: int = 3) -> dict:
    """Draw a plain VGG of two blocks as the data of which ``reading.built`` makes a network.

    before: the channels of what goes in.
    """
    layers: list[list] = []
    for number, after in enumerate(filters):
        name = f"{number // 2 + 1}_{number % 2 + 1}"
        weight = draw.normal(after, before, 3, 3, mean=0.05) * (2 / (9 * before)) ** 0.5
        layers += [
            [f"conv{name}", "conv", weight, draw.normal(after, mean=0.0) / 4],
            [f"relu{name}", "relu", None, None],
        ]
        if number % 2 and number + 1 < len(filters):
            layers.append([f"pool{number // 2 + 1}", "pool", None, None])
        before = after
    return {"network": layers}


def _hooked(draw: Draw) -> list[Case]:
    cases = []
    for count in (2, 3, 4):
        height, width = draw.sizes((4, 7), (6, 9))
        filters = draw.sizes((2, 4), (3, 6), (4, 7))
        network = random_network(draw, *filters)
        names = [layer[0] for layer in network["network"]]
        layers = draw.shuffled(["conv1_1", *draw.shuffled(names[1:])[: count - 1]])
        words = f"a small VGG, a picture of 3 × {height} × {width} numbers and the layers {', '.join(layers)}"
        cases.append(Case((network, draw.uniform(3, height, width), layers), words, {}, gradient=(1,)))
    return cases


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


def _batches(draw: Draw) -> list[Case]:
    cases = []
    for pictures, steps, *ranges in ((2, 3, (4, 5), (6, 9)), (3, 4, (6, 7), (4, 5)), (2, 5, (8, 9), (6, 7))):
        height, width = draw.sizes(*ranges)
        contents, styles = (draw.uniform(pictures, 3, height, width, low=-0.4, high=1.4).clamp(0, 1) for _ in range(2))
        words = f"{pictures} photos and {pictures} paintings of {height} × {width} pixels, and {steps} steps"
        cases.append(Case((random_network(draw, 3, 5), contents, styles, steps), words, {}, gradient=()))
    return cases


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


def _steps_between(layers):
    apart = 1
    for _, stride in layers:
        apart *= stride
    return apart


def _broken(network, contents, styles, steps, bgr=False, mixed=False, clamped=False, limited=True):
    mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]

    def features(pictures):
        return network(((pictures.flip(1) if bgr else pictures) - mean) / deviation)

    def gram(block):
        F = block.flatten(0, 1).flatten(1) if mixed else block.flatten(2)
        return F @ F.mT / F.shape[-1]

    kept, goal = features(contents).detach(), gram(features(styles)).detach()
    x = contents.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)
    costs = []

    def closure():
        if clamped:
            x.data.clamp_(0, 1)
        optimizer.zero_grad()
        now = features(x)
        cost = (now - kept).square().mean() + 10 * (gram(now) - goal).square().mean()
        cost.backward()
        costs.append(cost.item())
        return cost

    for _ in range(steps):
        optimizer.step(closure)
    pictures = x.detach().clamp(0, 1) if limited else x.detach()
    return {"pictures": pictures, "goal": goal, "costs": torch.tensor(costs)}


def _left(**mistakes):
    return lambda network, contents, styles, steps: _broken(network, contents, styles, steps, **mistakes)


def _clamped_inside(name, message, evidence=FORESEEN, *, credit, **others):
    """Give two misconceptions: the clamp in the closure as the exercise has it, and with one more at the end."""
    place = "lesson 05, section 5"
    for limited, ending in ((False, ""), (True, "-and-at-the-end")):
        program = _left(clamped=True, limited=limited, **others)
        yield Misconception(name + ending, program, message, evidence, credit, place)


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
    reread="lesson 01, section 1",
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
            "hooks-left",
            _hooks_left,
            "The features are right, but your hooks are still on the network: they would run at each later call, "
            "and the next check would find twice as many. Call `remove()` on each handle.",
            "PyTorch's documentation of register_forward_hook returns a handle for this",
            credit=3,
        ),
        Misconception(
            "batch-kept",
            lambda network, picture, layers: _kept(network, picture, layers, lambda inputs, output: output.clone()),
            "The batch's dimension is still there: (1, N, H, W). Give back (N, H, W), the first of the batch.",
            FORESEEN,
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
    ),
)
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
bug_hunt = Question(
    id="ex05.bug_hunt",
    points=6,
    reference=references.transfer,
    cases=_batches,
    confirmation="Pictures, goals and costs are right: the channels, the clamp and the batch are repaired, and nothing "
    "stops with an error. If your program says `retain_graph=True`, take it out; if it then stops, detach the targets.",
    hints=(
        "The program stops with an error first. Read its last line: whose graph is used twice, and should a "
        "target have one at all?",
        "The other three raise nothing. Print shapes: what should the Gram matrices of a batch of 2 be? And look "
        "at the channels on their way into the network.",
        "L-BFGS remembers where it was and compares gradients. Whatever moves X in between makes its memory "
        "wrong: limit X once, at the end.",
    ),
    reread="lesson 05b, section 5",
    difficulty=5,
    importance=5,
    minutes=25,
    kinds=frozenset({"dict"}),
    slips=False,  # hundreds of runs would take half a minute
    tolerance=1e-4,  # L-BFGS divides by differences of gradients, in which few digits are left
    misconceptions=(
        Misconception(
            "channels-turned",
            _left(bgr=True),
            "Nearly: the channels are still turned around. The network wants red, green, blue, the order in which "
            "mean and deviation are written; `flip(1)` makes it blue, green, red.",
            "jcjohnson/neural-style works with Caffe's BGR",
            credit=4,
        ),
        Misconception(
            "batch-mixed",
            _left(mixed=True),
            "Nearly: the Gram matrices still have B · N rows, so filters of one picture meet those of another. Keep "
            "the batch as a dimension of its own.",
            "udacity/deep-learning-v2-pytorch, issue 167",
            credit=4,
            reread="lesson 02, section 1",
        ),
        *_clamped_inside(
            "clamped-inside",
            "Nearly: X is still clamped inside the closure. L-BFGS compares gradients of two places, and one of "
            "them was moved behind its back. Clamp the result, once.",
            "PyTorch's tutorial clamps inside the closure",
            credit=4,
        ),
        Misconception(
            "never-clamped",
            _left(limited=False),
            "Nearly: now nothing keeps the pictures between 0 and 1. Not inside the closure, but at the end: clamp "
            "what is returned.",
            FORESEEN,
            credit=4,
            reread="lesson 05, section 5",
        ),
        Misconception(
            "turned-and-mixed",
            _left(bgr=True, mixed=True),
            "Two are left: the channels are still turned around on their way into the network, and the Gram "
            "matrices mix the pictures of the batch.",
            FORESEEN,
            credit=2,
        ),
        *_clamped_inside(
            "turned-and-clamped",
            "Two are left: the channels are still turned around on their way into the network, and X is clamped "
            "inside the closure.",
            credit=2,
            bgr=True,
        ),
        *_clamped_inside(
            "mixed-and-clamped",
            "Two are left: the Gram matrices mix the pictures of the batch, and X is clamped inside the closure.",
            credit=2,
            mixed=True,
        ),
        *_clamped_inside(
            "all-three",
            "It runs now, but the three silent mistakes are still there. Look at the channels, at the shape of the "
            "Gram matrices, and at what the closure does to X.",
            credit=1,
            bgr=True,
            mixed=True,
        ),
    ),
)
