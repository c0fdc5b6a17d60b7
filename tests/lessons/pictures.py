"""Try each lesson's claims about optimised pictures on three picture pairs and five seeds: ``make claims``.

A lesson shows one run. Here the same cells are run with other photos and paintings, the painting's seed being the run's
too. Printed is what each `claim` measures, and by how many of its spreads over the seeds it keeps its bound, in a table
for each lesson and pair, as soon as it is done. Lessons named after the command are tried alone.
"""

import contextlib
import io
import itertools
import math
import statistics
import sys
import time
from collections import defaultdict

from rich.console import Console
from rich.progress import track
from rich.table import Table

from nstlib.claims import Measured, recording
from tests.lessons.test_claims import LESSONS, MODULES

PAIRS = (("cat", "night"), ("coffee", "mosaic"), ("rocket", "waves"))
SEEDS = range(5)
LEAST_GAP = 3
# A lesson says PAIR = None where another pair would make no sense
WITH_A_PAIR = [lesson for lesson in sorted(MODULES) if getattr(MODULES[lesson], "PAIR", ()) is not None]


def changes(lesson: str, photo: str, painting: str, seed: int) -> list[tuple[str, str]]:
    """Return what turns a lesson's pair into another one, and its `seed`, of a run that begins with noise, too."""
    if pair := getattr(MODULES[lesson], "PAIR", None):
        others = f'nstlib.pictures.sample("{photo}")', f'nstlib.painted.paint("{painting}", seed={seed})'
        return list(zip(pair, others, strict=True))
    return [
        ('photo = pictures.sample("cat", side)', f'photo = pictures.sample("{photo}", side)\nseed = {seed}'),
        (
            'painted.paint("night", tuple(photo.shape[1:]))',
            f'painted.paint("{painting}", tuple(photo.shape[1:]), {seed})',
        ),
    ]


def table(lesson: str, pair: tuple[str, str]) -> tuple[Table, bool]:
    """Run a lesson's claims that measure pictures; return the table, and whether each held with every seed, clearly."""
    columns = "claim", "held", "mean", "spread", "bound", "margin / spread"
    shown, good = Table(*columns, title=f"Lesson {lesson}, {' × '.join(pair)}"), True
    for (_, what), found in measured(lesson, pair).items():
        *row, clear = summary(found)
        shown.add_row(what, *row)
        good &= clear
    return shown, good


def summary(found: list[Measured]) -> tuple[str, str, str, str, str, bool]:
    """Return what the table says of a claim's line, and whether it held with every seed, well clear of its bound."""
    held = sum(one.kept for one in found)
    margins = [one.margin for one in found if not math.isnan(one.margin)]
    several = len(margins) > 1
    margin, spread = (of(margins) if several else math.nan for of in (statistics.mean, statistics.stdev))
    clear = margin / spread if spread else math.copysign(math.inf, margin)
    mean = f"{statistics.mean(one.value for one in found):.4g}" if several else ""
    good = held == len(SEEDS) and not clear < LEAST_GAP  # nan for what had to be equal
    return f"{held} of {len(SEEDS)}", mean, f"{spread:.2g}", found[0].bound, f"{clear:.1f}", good


def measured(lesson: str, pair: tuple[str, str]) -> dict[tuple[str, str], list[Measured]]:
    """Return, by the name of each claim about pictures and its lines, what was found with each seed.

    One seed after the other: the claims of one share what is kept of their cells.
    """
    found = defaultdict(list)
    for seed in track(SEEDS, f"lesson {lesson}, {' × '.join(pair)}", console=Console(stderr=True)):
        for name in filter(LESSONS[lesson].optimises, LESSONS[lesson].claims):
            with recording(raising=False) as claims, contextlib.redirect_stdout(io.StringIO()):
                LESSONS[lesson].run(name, *changes(lesson, *pair, seed))
            for one in claims:
                found[name, one.what].append(one)
    return found


if __name__ == "__main__":
    good = True
    for lesson, pair in itertools.product(sys.argv[1:] or WITH_A_PAIR, PAIRS):
        began = time.perf_counter()
        result, clear = table(lesson, pair)
        Console(width=130).print(result, f"{time.perf_counter() - began:.0f} s")
        good &= clear
    sys.exit(not good)
