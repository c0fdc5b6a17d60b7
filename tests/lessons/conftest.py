"""The lessons' cells ask for the same paintings and runs again and again: each is made once."""

import dataclasses
import hashlib
import os
import subprocess
from collections import OrderedDict
from functools import cache

import pytest
import torch

from nstlib import painted, transfer

MOST_RUNS, MOST_PICTURES = 12, 200  # kept in memory: a run is up to 50 MB, a picture 0.3 MB


def fingerprint(value) -> object:
    """Return what tells a tensor, a network or settings from others of their kind."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), str(value.dtype), hashlib.sha256(value.detach().contiguous().numpy()).hexdigest()
    if isinstance(value, torch.nn.Module):
        tensors = (*value.named_parameters(), *value.named_buffers())
        return repr(value), value.layers, tuple((name, fingerprint(tensor)) for name, tensor in tensors)
    return repr(value)


def remembered(function, most):
    """Return the function with its last results kept, by its arguments' fingerprints."""
    results = OrderedDict()

    def remembering(*arguments, **named):
        key = tuple(map(fingerprint, arguments)), tuple((name, fingerprint(value)) for name, value in named.items())
        if key not in results:
            results[key] = function(*arguments, **named)
        results.move_to_end(key)
        while len(results) > most:
            results.popitem(last=False)
        return results[key]

    return remembering


@pytest.fixture(autouse=True, scope="module")
def made_once():
    paint, run = cache(painted.paint), transfer.steps
    all_steps = remembered(lambda *pair, **named: list(run(*pair, **named)), MOST_RUNS)

    def last(*pair, **named):
        for step in run(*pair, **named):  # noqa: B007  the last one is the result
            pass
        return step.picture

    result = remembered(last, MOST_PICTURES)

    once = remembered(subprocess.run, MOST_RUNS)

    def process(*command, env=None, **named):
        """Lesson 08 measures processes: each runs once. pytest writes each test's name into their environment."""
        env = {name: value for name, value in (env or os.environ).items() if name != "PYTEST_CURRENT_TEST"}
        return once(*command, env=env, **named)

    def steps(*pair, **named):
        for step in all_steps(*pair, **named):
            yield dataclasses.replace(step, picture=step.picture.clone())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painted, "paint", lambda *choice, **named: paint(*choice, **named).clone())
        patch.setattr(transfer, "stylize", lambda *pair, **named: result(*pair, **named).clone())
        patch.setattr(transfer, "steps", steps)
        patch.setattr(subprocess, "run", process)
        yield
