"""Runs of the lessons kept in files: what nbval's kernel has computed, the claims need not compute again.

The kernel only writes, so nbval always runs the library itself. A run is found again by all that decides it: pictures,
settings and the network's weights.
"""

import dataclasses
import hashlib
import os
from pathlib import Path

import torch

from nstlib import transfer
from nstlib.transfer import Settings

FOLDER = "NST_TEST_RUNS"  # the environment variable that names where runs are kept
STUDIOS = "nstlib.studio.requests"  # the module of its prepare_pair, which kernels without a studio need not import


def fingerprint(value) -> object:
    """Return what tells a tensor, a network or settings from others of their kind."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), str(value.dtype), hashlib.sha256(value.detach().contiguous().numpy()).hexdigest()
    if isinstance(value, torch.nn.Module):
        tensors = (*value.named_parameters(), *value.named_buffers())
        return repr(value), value.layers, tuple((name, fingerprint(tensor)) for name, tensor in tensors)
    return repr(value)


def key(function: str, arguments: tuple, named: dict) -> tuple:
    """Return what tells a call from others."""
    by_name = tuple((name, fingerprint(value)) for name, value in deciding(named).items())
    return function, tuple(map(fingerprint, arguments)), by_name


def deciding(named: dict) -> dict:
    """Return those of a run's named arguments that decide its result.

    Not when it is stopped, nor the studio's way to prepare a pair once for many runs.
    """
    return {
        name: value
        for name, value in named.items()
        if value is not None and name != "check" and getattr(value, "__module__", None) != STUDIOS
    }


def is_known_by_its_values(arguments: tuple, named: dict) -> bool:
    """Return whether the arguments say all that decides a run: another function among them does not."""
    values = (*arguments, *deciding(named).values())
    return all(isinstance(value, torch.Tensor | torch.nn.Module | Settings) for value in values)


def load(call: tuple):
    """Return a call's result, or None where no kernel has kept it."""
    path = _path(call)
    return torch.load(path, weights_only=False) if path and path.is_file() else None


def record() -> None:
    """Let this process keep the result of each run that comes to its end."""
    run, stylize = transfer.steps, transfer.stylize

    def steps(*arguments, **named):
        kept = []
        for step in run(*arguments, **named):
            kept.append(dataclasses.replace(step, picture=step.picture.clone()))
            yield step
        _save("steps", arguments, named, kept)

    def result(*arguments, **named):
        picture = stylize(*arguments, **named)
        _save("stylize", arguments, named, picture.clone())
        return picture

    transfer.steps, transfer.stylize = steps, result


def _path(call: tuple) -> Path | None:
    folder = os.environ.get(FOLDER)
    return Path(folder) / f"{hashlib.sha256(repr(call).encode()).hexdigest()}.pt" if folder else None


def _save(function: str, arguments: tuple, named: dict, result) -> None:
    if is_known_by_its_values(arguments, named):
        path = _path(key(function, arguments, named))
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(result, path)
