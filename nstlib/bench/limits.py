"""How large a picture can be: ``python -m nstlib.bench.limits minivgg 256 512 1024 2048``.

For each size, a process of its own makes a few passes at full size and reports the seconds of a pass and the most
memory that it ever held, Python, torch, network and pictures included (on a graphics card, what torch held there). The
last line is e in seconds ∝ pixels^e.
"""

import json
import math
import statistics
import subprocess
import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nstlib import networks, painted, pictures
from nstlib.bench.step import WARM_UP, machine, peak_memory, wait
from nstlib.terminal import sentences
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

PASSES = 5


def measure(name: str, size: int) -> dict[str, float]:
    """Make a few passes in this process; return pixels, seconds a pass (median) and peak memory in bytes."""
    settings = Settings(size=size, scales=1, steps=WARM_UP + PASSES, plateau=0)
    content, style = pictures.sample("cat", size), painted.paint("night", size)
    seconds = []
    start = time.perf_counter()
    for _ in steps(content, style, settings, networks.load(name, settings.layers)):
        wait()
        seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
    pixels = content.shape[1] * content.shape[2]
    return {"pixels": pixels, "seconds": statistics.median(seconds[WARM_UP:]), "memory": peak_memory()}


def exponent(rows: list[dict[str, float]]) -> float:
    """Fit e in seconds ∝ pixels^e: the slope of the straight line through the logarithms, by least squares.

    >>> round(exponent([{"pixels": 100, "seconds": 1}, {"pixels": 400, "seconds": 4}]), 6)
    1.0
    """
    x, y = ([math.log(row[key]) for row in rows] for key in ("pixels", "seconds"))
    return statistics.linear_regression(x, y).slope


def table(name: str, sizes: list[int]) -> Table:
    """Measure each size in its own process, up to the first that fails; return the table to print."""
    report = Table("network", "size", "s a pass", "peak memory", title=machine())
    rows = []
    for size in sizes:
        script = f"import json; from nstlib.bench import limits; print(json.dumps(limits.measure({name!r}, {size})))"
        process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        if process.returncode:
            lines = process.stderr.strip().splitlines() or ["the system ended it, as it does when memory runs out"]
            report.add_row(name, str(size), "–", f"failed: {lines[-1]}")
            break
        rows.append(json.loads(process.stdout))
        seconds = rows[-1]["seconds"]
        memory = rows[-1]["memory"]
        report.add_row(name, str(size), f"{seconds:.3f}", f"{memory / 1e9:.2f} GB")
    if len({row["pixels"] for row in rows}) > 1:
        report.caption = f"seconds ∝ pixels^{exponent(rows):.2f}"
    return report


def main(
    network: Annotated[str, typer.Argument(help="The network.")],
    sizes: Annotated[list[int], typer.Argument(help="Shorter sides, in pixels.")],
) -> None:
    """Print seconds and peak memory of a pass at each size."""
    Console().print(table(network, sizes))


if __name__ == "__main__":
    typer.run(sentences()(main))
