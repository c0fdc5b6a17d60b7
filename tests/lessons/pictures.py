"""Try each lesson's claims about optimised pictures on three picture pairs and five seeds: ``make claims``.

A lesson shows one run. Here the same cells are run with other photos and paintings, the painting's seed being the run's
too; printed is the claim's number, and by how many of its spreads over the seeds it is away from no difference.
"""

import contextlib
import io
import statistics
import sys
import time

from rich.console import Console
from rich.table import Table

from tests.lessons.test_claims import LESSONS, MODULES

PAIRS = (("cat", "night"), ("coffee", "mosaic"), ("rocket", "waves"))
SEEDS = range(5)
LEAST_GAP = 3


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


def table(lessons: list[str]) -> tuple[Table, bool]:
    """Run all claims that measure pictures; return the table and whether each held everywhere with a clear gap."""
    shown, good = Table("lesson", "claim", "pair", "held", "larger", "smaller", "gap / spread"), True
    for lesson in lessons:
        for claim, (larger, smaller) in MODULES[lesson].MEASURED.items():
            for pair in PAIRS:
                held, gaps, values = 0, [], []
                for seed in SEEDS:
                    try:
                        with contextlib.redirect_stdout(io.StringIO()):
                            names = LESSONS[lesson].run(claim, *changes(lesson, *pair, seed))
                    except AssertionError:
                        continue
                    held += 1
                    values.append((eval(larger, names), eval(smaller, names)))
                    gaps.append(values[-1][0] - values[-1][1])
                spread = statistics.stdev(gaps) if len(gaps) > 1 else float("inf")
                gap = statistics.mean(gaps) / max(spread, 1e-12) if gaps else 0.0
                good &= held == len(SEEDS) and gap >= LEAST_GAP
                means = [f"{statistics.mean(each):.4g}" for each in zip(*values, strict=True)] or ["", ""]
                shown.add_row(lesson, claim, " × ".join(pair), f"{held} of {len(SEEDS)}", *means, f"{gap:.1f}")
    return shown, good


if __name__ == "__main__":
    began = time.perf_counter()
    result, good = table(sys.argv[1:] or sorted(MODULES))
    Console(width=130).print(result, f"{time.perf_counter() - began:.0f} s")
    sys.exit(not good)
