"""How large a picture can be: ``python -m nstlib.bench.limits minivgg 256 512 1024 2048``.

For each size a process of its own makes a few passes at full size and says what a pass took and the most memory that
the whole process ever held, Python, torch, network and pictures included (on a graphics card, what torch held there).
The last line is e in seconds ∝ pixels^e.
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
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

PASSES = 5


def measure(name: str, size: int) -> dict[str, float]:
    """Make a few passes in this process; return pixels, seconds a pass (median) and peak memory in bytes."""
    settings = Settings(size=size, scales=1, steps=WARM_UP + PASSES, plateau=0)
    content, style = pictures.sample("cat", size), painted.paint("night", size)
    seconds, start = [], time.perf_counter()
    for _ in steps(content, style, settings, networks.load(name, settings.layers)):
        wait()
        seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
    pixels = content.shape[1] * content.shape[2]
    return {"pixels": pixels, "seconds": statistics.median(seconds[WARM_UP:]), "memory": peak_memory()}


def exponent(measured: list[dict[str, float]]) -> float:
    """Fit e in seconds ∝ pixels^e: the slope of the straight line through the logarithms, by least squares."""
    x, y = ([math.log(each[key]) for each in measured] for key in ("pixels", "seconds"))
    return statistics.linear_regression(x, y).slope


def table(name: str, sizes: list[int]) -> Table:
    """Measure each size in its own process, up to the first that fails; return the table to print."""
    shown = Table("network", "size", "s a pass", "peak memory", title=machine())
    measured = []
    for size in sizes:
        script = f"import json; from nstlib.bench import limits; print(json.dumps(limits.measure({name!r}, {size})))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["it was ended, as happens where memory does not suffice"]
            shown.add_row(name, str(size), "–", f"failed: {said[-1]}")
            break
        measured.append(json.loads(done.stdout))
        seconds, memory = measured[-1]["seconds"], measured[-1]["memory"]
        shown.add_row(name, str(size), f"{seconds:.3f}", f"{memory / 1e9:.2f} GB")
    if len({each["pixels"] for each in measured}) > 1:
        shown.caption = f"seconds ∝ pixels^{exponent(measured):.2f}"
    return shown


def main(
    network: Annotated[str, typer.Argument(help="The network.")],
    sizes: Annotated[list[int], typer.Argument(help="Shorter sides, in pixels.")],
) -> None:
    """Print seconds and peak memory of a pass at each size."""
    Console().print(table(network, sizes))


if __name__ == "__main__":
    typer.run(main)
