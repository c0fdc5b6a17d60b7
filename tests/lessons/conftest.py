"""The lessons' cells ask for the same paintings and runs again and again: each is made once."""

import dataclasses
import os
import subprocess
from collections import OrderedDict
from functools import cache

import pytest

from nstlib import painted, transfer
from tests.lessons import memory

MOST_RUNS, MOST_PICTURES = 12, 200  # kept in memory: a run is up to 50 MB, a picture 0.3 MB


def remembered(name, function, most):
    """Return the function with its last results kept, and those that nbval's kernel has kept in files."""
    results = OrderedDict()

    def remembering(*arguments, **named):
        call = memory.key(name, arguments, named)
        if call not in results:
            kept = memory.load(call) if memory.is_known_by_its_values(arguments, named) else None
            results[call] = function(*arguments, **named) if kept is None else kept
        results.move_to_end(call)
        while len(results) > most:
            results.popitem(last=False)
        return results[call]

    return remembering


@pytest.fixture(autouse=True, scope="module")
def made_once():
    paint, run, once = cache(painted.paint), transfer.steps, subprocess.run
    all_steps = remembered("steps", lambda *pair, **named: list(run(*pair, **named)), MOST_RUNS)

    def last(*pair, **named):
        for step in run(*pair, **named):  # noqa: B007  the last one is the result
            pass
        return step.picture

    result = remembered("stylize", last, MOST_PICTURES)
    done = remembered("process", lambda *command, **named: once(*command, **named), MOST_RUNS)

    def process(*command, env=None, **named):
        """Lesson 08 measures processes: each runs once. pytest writes each test's name into their environment."""
        env = {name: value for name, value in (env or os.environ).items() if name != "PYTEST_CURRENT_TEST"}
        return done(*command, env=env, **named)

    def steps(*pair, **named):
        for step in all_steps(*pair, **named):
            yield dataclasses.replace(step, picture=step.picture.clone())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painted, "paint", lambda *choice, **named: paint(*choice, **named).clone())
        patch.setattr(transfer, "stylize", lambda *pair, **named: result(*pair, **named).clone())
        patch.setattr(transfer, "steps", steps)
        patch.setattr(subprocess, "run", process)
        yield
