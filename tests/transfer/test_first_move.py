"""The first move from a gradient that is known is the run's own."""

import sys

import pytest
import torch

from nstlib import engine, painted, pictures
from nstlib.networks import DEFAULT, Network
from nstlib.networks.vgg import random_weights
from nstlib.transfer import steps
from nstlib.transfer.first_move import first_move
from nstlib.transfer.objective import Objective, prepare_pair
from nstlib.transfer.run import inner, opening
from nstlib.transfer.settings import COLOURS, INITS, OPTIMIZERS, Settings
from tests.transfer.test_run import TINY


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("colour", COLOURS)
def test_it_is_the_second_picture_of_a_run(optimizer, init, colour):
    settings = Settings(size=32, steps=3, scales=1, optimizer=optimizer, init=init, colour=colour, beta=5.0)
    network = random_weights(Network("tiny", TINY, DEFAULT)).with_layers(settings.layers)
    content, style = painted.paint("mosaic", (40, 56), seed=1), painted.paint("night", (48, 40), seed=2)
    _, step, _ = steps(content, style, settings, network)
    placed = engine.place(network, engine.plan())
    pair = prepare_pair(content, style, 32, placed, torch.device("cpu"), 32, colour)
    start = opening(pair, settings)
    inside = inner(start, colour == "photo").detach().requires_grad_()
    total = Objective(pair, settings, placed, start)(inside).total
    (gradient,) = torch.autograd.grad(total, inside)
    before = start.clone()
    picture = first_move(start, settings, total.detach(), gradient, pictures.resize(content, 32))
    assert torch.isclose(picture, step.picture, rtol=0, atol=1e-5).float().mean() > 0.999
    assert start.equal(before) and not picture.requires_grad


def test_gradients_may_be_switched_off_around_it():
    start = torch.full((3, 16, 16), 0.5)
    with torch.no_grad():
        moved = first_move(start, Settings(learning_rate=0.1), torch.tensor(1.0), torch.ones_like(start))
    assert torch.allclose(moved, torch.tensor(0.4))


def test_it_does_not_load_sympy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.fx.experimental.symbolic_shapes", None)  # importing it fails
    first_move(torch.rand(3, 16, 16), Settings(), torch.tensor(1.0), torch.ones(3, 16, 16))


def test_no_gradient_moves_nothing():
    start = torch.rand(3, 16, 16)
    for optimizer in OPTIMIZERS:
        settings = Settings(optimizer=optimizer)
        assert first_move(start, settings, torch.tensor(0.0), torch.zeros_like(start)).equal(start)
