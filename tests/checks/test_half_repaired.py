"""The programs to repair, with some of their mistakes repaired and the others left as the exercise has them."""

import textwrap
from itertools import combinations
from pathlib import Path

import pytest
import torch

from nstlib import checks

SOURCES = Path(__file__).parents[2] / "exercises" / "sources"
RUNS = {  # what must be repaired before the program runs at all
    "ex05.bug_hunt": {
        "kept = features(contents)": "kept = features(contents).detach()",
        "goal = gram(features(styles))": "goal = gram(features(styles)).detach()",
    },
    "ex09.bug_hunt": {
        "block.mean((0, 2, 3))": "block.mean((0, 2, 3), keepdim=True)",
        "correction=0)": "correction=0, keepdim=True)",
    },
}
REPAIRS = {
    "ex05.bug_hunt": [
        {"    pictures = pictures.flip(1)\n": ""},
        {"F = block.reshape(b * n, h * w)\n    return F @ F.T": "F = block.flatten(2)\n    return F @ F.mT"},
        {"    x.data.clamp_(0, 1)\n": "", "x.detach()": "x.detach().clamp(0, 1)"},
    ],
    "ex09.bug_hunt": [
        {"batch.sub_(mean).div_(deviation)": "(batch - mean) / deviation"},
        {"(0, 2, 3)": "(2, 3)"},
        {"strength * content + (1 - strength) * moved": "(1 - strength) * content + strength * moved"},
    ],
}
NAMED = {  # by what is left
    "ex05.bug_hunt": {
        (0,): "channels-turned",
        (1,): "batch-mixed",
        (2,): "clamped-inside",
        (0, 1): "turned-and-mixed",
        (0, 2): "turned-and-clamped",
        (1, 2): "mixed-and-clamped",
        (0, 1, 2): "all-three",
    },
    "ex09.bug_hunt": {
        (0,): "in-place",
        (1,): "over-the-batch",
        (2,): "reversed",
        (0, 1): "batch-and-in-place",
        (0, 2): "reversed-and-in-place",
        (1, 2): "batch-and-reversed",
        (0, 1, 2): "all-three",
    },
}
CASES = [
    (name, left)
    for name, repairs in REPAIRS.items()
    for count in range(len(repairs) + 1)
    for left in combinations(range(len(repairs)), count)
]


def half_repaired(name, left):
    """Return the exercise's broken program, of whose mistakes that do not stop it those of these numbers are left."""
    (source,) = SOURCES.glob(f"{name[:4]}_*.py")
    cell = source.read_text(encoding="utf-8").split(f'# %% question="{name}"\n')[1]
    head, rest = cell.split("    # BEGIN SOLUTION\n")
    lines = rest.split("    # BEGIN BROKEN\n")[1].split("    # END BROKEN")[0].splitlines(keepends=True)
    body = "".join(line.removeprefix("    #").removeprefix(" ") for line in lines)
    repairs = [repair for number, repair in enumerate(REPAIRS[name]) if number not in left]
    for wrong, right in [pair for repair in (RUNS[name], *repairs) for pair in repair.items()]:
        assert wrong in body, wrong
        body = body.replace(wrong, right)
    names = {"torch": torch}
    exec(head + textwrap.indent(body, "    "), names)
    return names[checks.all_questions()[name].reference.__name__]


@pytest.mark.parametrize(("name", "left"), CASES)
def test_what_is_left_to_repair_is_named(name, left):
    result = checks.all_questions()[name].check(half_repaired(name, left))
    assert (result.outcome == "correct") == (not left)
    assert result.misconception == NAMED[name].get(left), str(result)
