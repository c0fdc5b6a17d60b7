"""Whether a student pulls where its teacher pulls: the cosine between the gradients of their style costs.

An optimisation knows a network only by these gradients. Measured on the held-out pairs, at the photo and at the picture
after PASSES passes of the student's own optimisation, a layer at a time, so that no layer weights decide.
"""

import statistics
from dataclasses import replace
from pathlib import Path

import torch
from rich.table import Table
from torch.nn import functional

from nstlib import networks, pictures
from nstlib.bench.held_out import PAIRS
from nstlib.distill.evaluate import SETTINGS
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.style import mean_gram
from nstlib.transfer import Settings, steps
from nstlib.transfer.shapes import Picture

PASSES = 20


def pulls(network: Network, picture: Picture, style: Picture) -> dict[str, Picture]:
    """Return ∂‖G_X − G_S‖²/∂X at each layer of STYLE_LAYERS; picture and style (3,H,W), as is each gradient.

    >>> picture, style = torch.rand(2, 3, 32, 32)
    >>> minivgg = networks.load("minivgg", STYLE_LAYERS)
    >>> {layer: tuple(pull.shape) for layer, pull in pulls(minivgg, picture, style).items()}["relu5_1"]
    (3, 32, 32)
    """
    x = picture.detach().clone().requires_grad_()
    features_x, features_s = network(x[None]), network(style[None])
    costs = {
        layer: (mean_gram(features_x[layer]) - mean_gram(features_s[layer])).square().sum() for layer in STYLE_LAYERS
    }
    return {layer: torch.autograd.grad(cost, x, retain_graph=True)[0] for layer, cost in costs.items()}


def cosines(student: Network, teacher: Network, picture: Picture, style: Picture) -> dict[str, float]:
    """Return at each layer the cosine between the two networks' pulls, 1 where they point the same way.

    >>> picture, style = torch.rand(2, 3, 32, 32)
    >>> minivgg = networks.load("minivgg", STYLE_LAYERS)
    >>> round(cosines(minivgg, minivgg, picture, style)["relu3_1"], 3)
    1.0
    """
    both = (pulls(network, picture, style) for network in (student, teacher))
    ours, theirs = ({layer: pull.flatten() for layer, pull in each.items()} for each in both)
    return {layer: functional.cosine_similarity(ours[layer], theirs[layer], dim=0).item() for layer in STYLE_LAYERS}


def compare(name: str, student: Network, held_out: Path, settings: Settings = SETTINGS) -> Table:
    """Return the table of the mean cosines over PAIRS, at the photo and after PASSES passes.

    student: a network that reads the settings' layers.
    """
    teacher = networks.load("vgg16", STYLE_LAYERS)
    by_place: dict[str, list[dict[str, float]]] = {"at the photo": [], f"after {PASSES} passes": []}
    for pair in PAIRS:
        content, style = (pictures.resize(pictures.read(held_out / f"{stem}.png"), settings.size) for stem in pair)
        *_, last = steps(content, style, replace(settings, steps=PASSES), student)
        for found, picture in zip(by_place.values(), (content, last.picture), strict=True):
            found.append(cosines(student.with_layers(STYLE_LAYERS), teacher, picture, style))
    table = Table("", *STYLE_LAYERS, title=f"{name}: cosine between its pulls and its teacher's")
    for place, found in by_place.items():
        table.add_row(place, *(f"{statistics.mean(each[layer] for each in found):.2f}" for layer in STYLE_LAYERS))
    return table
