"""Adam against torch's own, and that neither it nor a first picture loads torch's compiler."""

import subprocess
import sys

import pytest
import torch

from nstlib.transfer.adam import Adam

BETAS = (0.9, 0.99)


def moved(make):
    """What two tensors come to after four steps, the rates halved after two, by the optimiser that `make` gives."""
    chance = torch.Generator().manual_seed(3)
    tensors = [torch.rand(3, 5, 4, generator=chance).requires_grad_(), torch.rand(3, 2, 2, generator=chance)]
    tensors[1].requires_grad_()
    optimizer, halve = make(tensors)
    totals = []

    def evaluate():
        optimizer.zero_grad()
        total = sum((tensor**3 - tensor).square().sum() for tensor in tensors)
        total.backward()
        totals.append(total.item())
        return total

    for index in range(4):
        if index == 2:
            halve()
        assert optimizer.step(evaluate).item() == totals[-1]
    return tensors, optimizer.state, totals


def ours(tensors):
    optimizer = Adam(tensors, [0.1, 0.02], BETAS)

    def halve():
        optimizer.rates = [0.05, 0.01]

    return optimizer, halve


def theirs(tensors):
    groups = [{"params": [tensor], "lr": rate} for tensor, rate in zip(tensors, (0.1, 0.02), strict=True)]
    optimizer = torch.optim.Adam(groups, betas=BETAS)

    def halve():
        for group in optimizer.param_groups:
            group["lr"] /= 2

    return optimizer, halve


def test_it_moves_as_torchs_bit_for_bit():
    (mine, my_state, my_totals), (others, other_state, other_totals) = moved(ours), moved(theirs)
    assert my_totals == other_totals and my_totals[-1] < my_totals[0]
    for one, other in zip(mine, others, strict=True):
        assert one.equal(other)
        assert my_state[one].keys() == other_state[other].keys()
        assert all(my_state[one][name].equal(other_state[other][name]) for name in my_state[one])


def test_it_goes_on_from_given_moments():
    tensor = torch.ones(2, requires_grad=True)
    optimizer = Adam([tensor], [0.5], BETAS)
    optimizer.state[tensor] = {
        "step": torch.tensor(9.0),
        "exp_avg": torch.full((2,), 0.3),
        "exp_avg_sq": torch.full((2,), 0.2),
    }

    def evaluate():
        total = 2 * tensor.sum()
        total.backward()
        return total

    optimizer.step(evaluate)
    m, v = 0.9 * 0.3 + 0.1 * 2, 0.99 * 0.2 + 0.01 * 4
    wanted = 1 - 0.5 * (m / (1 - 0.9**10)) / (v / (1 - 0.99**10)) ** 0.5
    assert tensor.tolist() == pytest.approx([wanted] * 2)


@pytest.mark.parametrize("optimizer", ["adam", "pyramid"])  # lbfgs is torch's own
def test_a_first_picture_loads_no_compiler(optimizer):
    program = f"""
import sys, torch, nstlib
nstlib.stylize(torch.rand(3, 32, 40), torch.rand(3, 32, 40), nstlib.Settings(size=32, steps=2, optimizer={optimizer!r}))
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
