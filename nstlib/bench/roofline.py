"""Where a pass's time goes: ``python -m nstlib.bench.roofline random-vgg19 256``.

For each stage, forward and backward: its floating-point operations, the bytes that it must move (features and weights,
each once a direction), the least time that the machine's measured peaks allow, and the time that it takes. This is the
roofline model of Williams, Waterman and Patterson, "Roofline: an insightful visual performance model" (2009): a stage
needs operations / peak, or bytes / bandwidth if that is longer, unless a library has a shorter way to convolve
(Winograd's).
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from nstlib import engine, networks
from nstlib.bench.step import WARM_UP, machine, wait
from nstlib.networks import Network
from nstlib.terminal import sentences

ROUNDS = 7
SIDE = 1024  # of the square matrix in the product that finds the peak
N_COPIED = 64 * 2**20  # numbers copied to find the bandwidth, more than any cache holds


@dataclass(frozen=True)
class Stage:
    """What one stage of a network costs, forward and backward to its input: operations, bytes, seconds."""

    name: str
    operations: float
    moved: float
    seconds: float

    def least(self, peak: float, bandwidth: float) -> float:
        """Return the seconds that any program needs, given operations and bytes a second.

        >>> Stage("conv1_1", operations=200, moved=100, seconds=9).least(peak=50, bandwidth=100)
        4.0
        """
        return max(self.operations / peak, self.moved / bandwidth)

    def bound(self, peak: float, bandwidth: float) -> str:
        """Name what that least time goes into: arithmetic or memory."""
        return "arithmetic" if self.operations / peak > self.moved / bandwidth else "memory"


def peak() -> float:
    """Measure operations a second, in the engine's precision, by a product of matrices as tall as a layer's.

    A large square product is a sixth slower on a CPU with AMX; some convolutions were faster than that.
    """
    plan = engine.plan()
    positions, weights = (torch.rand(rows, SIDE).to(plan.device, plan.dtype) for rows in (8 * SIDE, SIDE))
    product = torch.empty_like(positions)
    return 2 * positions.numel() * SIDE / _median(lambda: torch.mm(positions, weights.T, out=product))


def bandwidth() -> float:
    """Measure the bytes a second that a copy reads and writes."""
    plan = engine.plan()
    source = torch.rand(N_COPIED, device=plan.device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _median(lambda: target.copy_(source))


def stages(network: Network, height: int, width: int) -> list[Stage]:
    """Time each stage alone, on features as large as they are for a picture of this size."""
    plan = engine.plan()
    placed = engine.place(network, plan)
    features = torch.rand(1, 3, height, width).to(plan.device, plan.dtype, memory_format=engine.layout(plan))
    timed = []
    for name, stage in placed.in_order():
        features = features.detach().requires_grad_()
        after = stage(features)
        weights = sum(parameter.nbytes for parameter in stage.parameters())
        moved = 2 * (features.nbytes + weights + after.nbytes)  # forward in and out, backward in and out
        seconds = _median(_forward_and_backward(stage, features, torch.ones_like(after)))
        timed.append(Stage(name, _operations(stage, after), moved, seconds))
        features = after
    return timed


def _forward_and_backward(stage: nn.Module, features: Tensor, ones: Tensor) -> Callable[[], None]:
    def work() -> None:
        torch.autograd.grad(stage(features), features, ones)

    return work


def _operations(stage: nn.Module, after: Tensor) -> float:
    """Count a convolution's multiplications and additions, forward and backward; 0 for what only moves data."""
    return 2 * 2 * stage.weight[0].numel() * after.numel() if isinstance(stage, nn.Conv2d) else 0


def _median(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(WARM_UP + ROUNDS):
        start = time.perf_counter()
        work()
        wait()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[WARM_UP:])


def table(stages: list[Stage], peak: float, bandwidth: float) -> Table:
    """Return the table to print, with the convolutions, all other stages together, and the sum."""
    convolutions = [stage for stage in stages if stage.operations]
    rest = [stage for stage in stages if not stage.operations]
    report = Table("stage", "GFLOP", "MB", "least ms", "by", "ms", "of the least", title=machine())
    report.caption = f"peak {peak / 1e9:.0f} GFLOP/s, bandwidth {bandwidth / 1e9:.1f} GB/s"
    groups = [(stage.name, [stage]) for stage in convolutions] + [("ReLU and pooling", rest), ("all", stages)]
    for name, group in groups:
        least = sum(stage.least(peak, bandwidth) for stage in group)
        operations, moved, seconds = (
            sum(getattr(stage, key) for stage in group) for key in ("operations", "moved", "seconds")
        )
        for_arithmetic = sum(
            stage.least(peak, bandwidth) for stage in group if stage.bound(peak, bandwidth) == "arithmetic"
        )
        bound = "arithmetic" if for_arithmetic > least / 2 else "memory"
        report.add_row(
            name,
            f"{operations / 1e9:.1f}",
            f"{moved / 1e6:.1f}",
            f"{least * 1e3:.1f}",
            bound,
            f"{seconds * 1e3:.1f}",
            f"{seconds / least:.1f} ×",
        )
    return report


def main(
    network: Annotated[str, typer.Argument(help="The network.")] = "random-vgg19",
    size: Annotated[int, typer.Argument(help="Shorter side of a 2 : 3 picture, in pixels.")] = 256,
) -> None:
    """Print what each stage of a network costs on this machine, beside the least it could cost."""
    layers = (*networks.STYLE_LAYERS, "relu4_2")
    timed = stages(networks.load(network, layers), size, size * 3 // 2)
    Console().print(table(timed, peak(), bandwidth()))


if __name__ == "__main__":
    typer.run(sentences()(main))
