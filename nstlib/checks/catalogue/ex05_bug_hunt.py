"""ex05.bug_hunt: a training loop to repair."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import random_network
from nstlib.checks.questions import FORESEEN, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.stages_of_transfer import located


def _batches(draw: Draw) -> list[Case]:
    cases = []
    for pictures, steps, *ranges in ((2, 3, (4, 5), (6, 9)), (3, 4, (6, 7), (4, 5)), (2, 5, (8, 9), (6, 7))):
        height, width = draw.sizes(*ranges)
        contents, styles = (draw.uniform(pictures, 3, height, width, low=-0.4, high=1.4).clamp(0, 1) for _ in range(2))
        words = f"{pictures} photos and {pictures} paintings of {height} × {width} pixels, and {steps} steps"
        cases.append(Case((random_network(draw, 3, 5), contents, styles, steps), words, {}, gradient=()))
    return cases


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
    located=located,
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
            "Nearly: X is still clamped while the optimiser works, inside the closure or between two steps. L-BFGS "
            "compares gradients of two places, and one of them was moved behind its back. Clamp the result, once.",
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
            "while the optimiser works.",
            credit=2,
            bgr=True,
        ),
        *_clamped_inside(
            "mixed-and-clamped",
            "Two are left: the Gram matrices mix the pictures of the batch, and X is clamped while the optimiser "
            "works.",
            credit=2,
            mixed=True,
        ),
        *_clamped_inside(
            "all-three",
            "It runs now, but the three silent mistakes are still there. Look at the channels, at the shape of the "
            "Gram matrices, and at what besides the optimiser moves X.",
            credit=1,
            bgr=True,
            mixed=True,
        ),
    ),
)
