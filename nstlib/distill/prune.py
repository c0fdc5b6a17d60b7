"""The student's first weights: the teacher with most filters cut away and the others refitted.

Layer by layer, the filters are kept that explain most of all filters' energy (pivoted Cholesky of their Gram matrix).
Their kernels are then solved for anew by least squares, from the pruned layer below to the teacher's answers, as He,
Zhang and Sun do (2017, arXiv:1707.06168). Two minutes of this beat an hour of training from random weights.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from nstlib.networks.vgg import Network

POSITIONS = 40_000  # sampled for each least-squares problem: 20 for each unknown of the largest kernel
RIDGE = 1e-4  # of the mean energy of the inputs
ROUNDS = 4


@torch.no_grad()
def prune(teacher: Network, student: Network, batch: Float[Tensor, "b 3 h w"], seed: int = 0) -> dict[str, Tensor]:
    """Fill `student`, of the teacher's depth and fewer filters; return the linear map (N, n) of each of its layers.

    Each layer leaves the student with unit mean square, and the maps predict the teacher's features, scaled alike.
    """
    generator = torch.Generator().manual_seed(seed)
    above, below = (batch - teacher.mean) / teacher.std, (batch - student.mean) / student.std
    maps = {}
    for name, stage in student.stages.items():
        if not isinstance(stage, nn.Conv2d):
            above, below = (_apply(stage, features) for features in (above, below))
        else:
            answers = _apply(teacher.stages[name], above)
            sampled = torch.randint(answers[:, 0].numel(), (POSITIONS,), generator=generator)
            goal = _columns(answers)[:, sampled].double()
            active = goal.clamp_min(0)
            kept = choose_filters(active @ active.T, stage.out_channels)
            kernels = refit(_patches(below, sampled), goal[kept])
            kernels /= active[kept].square().mean().sqrt()
            stage.weight.copy_(kernels[:, :-1].view_as(stage.weight))
            stage.bias.copy_(kernels[:, -1])
            above, below = answers, _apply(stage, below)
            pruned = _columns(below)[:, sampled].double().clamp_min(0)
            maps[name.replace("conv", "relu")] = least_squares(pruned, active / active.square().mean().sqrt()).float()
    return {layer: maps[layer] for layer in student.layers}


def choose_filters(gram: Float[Tensor, "n n"], count: int) -> list[int]:
    """Greedily take the filters whose linear combinations explain the most energy of all filters."""
    left = gram / gram.diagonal().mean()
    chosen: list[int] = []
    for _ in range(count):
        diagonal = left.diagonal()
        gain = left.square().sum(0) / diagonal.clamp_min(1e-9)
        gain[diagonal < 1e-9] = 0  # explained already, or never active
        gain[chosen] = -1
        best = int(gain.argmax())
        chosen.append(best)
        column = left[:, best] / left[best, best].clamp_min(1e-9).sqrt()
        left = left - torch.outer(column, column)
    return sorted(chosen)


def refit(patches: Float[Tensor, "k p"], answers: Float[Tensor, "n p"]) -> Float[Tensor, "n k"]:
    """Kernels that answer to the patches as the teacher does once both went through a ReLU.

    A ReLU hides how far below zero an answer is: there any negative one is right, which a few rounds make use of.
    """
    goal = answers
    for _ in range(ROUNDS):
        kernels = least_squares(patches, goal)
        goal = torch.where(answers > 0, answers, (kernels @ patches).clamp_max(0))
    return kernels


def least_squares(inputs: Float[Tensor, "k p"], goal: Float[Tensor, "n p"]) -> Float[Tensor, "n k"]:
    """The W with least ‖W · inputs − goal‖², slightly ridged."""
    second = inputs @ inputs.T
    second.diagonal().add_(RIDGE * second.diagonal().mean())
    return torch.linalg.solve(second, inputs @ goal.T).T


def _apply(stage: nn.Module, features: Tensor) -> Tensor:
    """A few pictures at a time: a whole batch of shallow features takes gigabytes."""
    return torch.cat([stage(part) for part in features.split(8)])


def _columns(features: Tensor) -> Tensor:
    return features.transpose(0, 1).flatten(1)


def _patches(features: Tensor, positions: Tensor) -> Float[Tensor, "k p"]:
    """3 × 3 neighbourhoods at the sampled positions, as columns, with a 1 for the bias below."""
    height, width = features.shape[-2:]
    padded = functional.pad(features, (1, 1, 1, 1))
    item, rest = positions // (height * width), positions % (height * width)
    y, x = rest // width, rest % width
    taps = [padded[item, :, y + dy, x + dx] for dy in range(3) for dx in range(3)]
    columns = torch.stack(taps, dim=-1).flatten(1).T.double()  # (channels, 3 · 3) is the order of a kernel's weights
    return torch.cat([columns, torch.ones(1, len(positions), dtype=torch.double)])
