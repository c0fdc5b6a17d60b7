"""What the design asks of one H100, beside what was measured."""

import operator
from collections.abc import Callable
from typing import Any

from rich.table import Table

from nstlib.bench.gpu.journal import Journal

# What is measured, the part, the way to the number in it, at most or at least, the goal
GOALS = (
    ("a VGG-19 step at 512 px, of the bare pass", "step random-vgg19 512", ("of_the_bare_pass",), "≤", 1.2),
    ("the tutorials' loop, of that step", "step random-vgg19 512", ("plain_in_ours",), "≥", 4.0),
    ("any step at 1024 px, of the bare pass", "step random-vgg19 1024", ("of_the_bare_pass",), "≤", 1.3),
    ("a VGG-16 picture of 1024 px, seconds", "picture vgg16 1024", ("seconds",), "≤", 5.0),
    ("studio at 512 px, steps a second", "studio minivgg", ("steps_a_second",), "≥", 60.0),
    ("from a wish to its first frame, ms (p95)", "studio minivgg", ("first_frame_ms", "p95"), "≤", 30.0),
    ("minivgg at 4096 px, megabytes", "large minivgg 4096", ("megabytes",), "≤", 80_000.0),
)
COMPARED: dict[str, Callable[[float, float], bool]] = {"≤": operator.le, "≥": operator.ge}


def table(journal: Journal) -> Table:
    """Return the table of goals; a part that was not measured leaves a dash."""
    report = Table("goal", "asked", "measured", "met")
    for what, part, way, sign, goal in GOALS:
        measured = _at(journal.result(part), way)
        met = "–" if measured is None else ("yes" if COMPARED[sign](measured, goal) else "no")
        report.add_row(what, f"{sign} {goal:g}", "–" if measured is None else f"{measured:g}", met)
    return report


def _at(result: Any, way: tuple[str, ...]) -> float | None:
    for name in way:
        if result is None:
            return None
        result = result[name]
    return result
