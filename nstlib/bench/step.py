"""One step of the library beside a plain PyTorch loop and the bare network, interleaved in one run.

plain: contiguous float32, five Gram matrices, autograd and Adam, as tutorials write it. bare: the same network's
forward and backward pass in the engine's precision, with the simplest cost there is: a floor. Compare the ratios of
medians; seconds depend on the machine and on what else it does. Memory is what a run needs beyond Python, torch, the
network and the pictures.
"""

import copy
import platform
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import torch
from rich.table import Table
from torch.nn import functional

from nstlib import engine, networks, painted, pictures
from nstlib.errors import NstError
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

WARM_UP = 2
STATUS = Path("/proc/self/status")
GUARDED = ("minivgg", 192, 9)  # network, size and rounds of the guard
RECORDED = {torch.bfloat16: 1.7, torch.float32: 1.15}  # the plain loop's step in ours, by the engine's precision


def table(names: list[str], sizes: list[int], rounds: int) -> Table:
    """Time every network at every size; return the table to print. Raises NstError for an unknown network."""
    report = Table("network", "size", "variant", "ms a step", "× ours", "memory", title=machine())
    for name in names:
        for size in sizes:
            times = interleaved({variant: prepare() for variant, prepare in _variants(name, size).items()}, rounds)
            ours = times["nstlib"]
            for variant, seconds in times.items():
                memory = f"{_megabytes(name, size, variant):,.0f} MB"
                report.add_row(name, str(size), variant, f"{seconds * 1e3:.1f}", f"{seconds / ours:.2f}", memory)
    return report


def guard() -> str:
    """Compare one step with the plain loop's in a few seconds; return a sentence with both ratios.

    Raises NstError if ours has less than half of the recorded advantage. Seconds differ from machine to machine,
    but a ratio within one run falls that far only if something made our step slow.
    """
    name, size, rounds = GUARDED
    variants = {variant: prepare() for variant, prepare in _variants(name, size).items() if variant != "bare"}
    times = interleaved(variants, rounds)
    ratio = times["plain"] / times["nstlib"]
    recorded = RECORDED[engine.plan().dtype]
    summary = f"{name} at {size} px: the plain loop takes {ratio:.2f} × our step; recorded is {recorded:.2f}"
    if ratio < recorded / 2:
        raise NstError(f"{summary}. Expected at least half of that: find what made the step slow.")
    return f"{summary}."


def wall_seconds(work: Callable[[], object]) -> float:
    """Return the seconds from the call of `work` until the device has done it.

    >>> wall_seconds(lambda: None) >= 0
    True
    """
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start


def interleaved(
    variants: dict[str, Callable[[], object]],
    rounds: int,
    seconds: Callable[[Callable[[], object]], float] = wall_seconds,
) -> dict[str, float]:
    """Return the median seconds of each; all take turns in every round, so that a busy moment hits all alike.

    `seconds` is the clock: it calls a variant once and says how long that took.

    >>> seconds = interleaved({"sum": lambda: sum(range(10)), "nothing": lambda: None}, rounds=3)
    >>> list(seconds), seconds["sum"] > 0
    (['sum', 'nothing'], True)
    """
    for work in variants.values():
        for _ in range(WARM_UP):
            work()
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, work in variants.items():
            times[name].append(seconds(work))
    return {name: statistics.median(measured) for name, measured in times.items()}


def wait() -> None:
    """Wait for the device: a GPU returns before it has finished."""
    device = engine.plan().device.type
    if device != "cpu":
        getattr(torch, device).synchronize()


def _variants(name: str, size: int) -> dict[str, Callable[[], Callable[[], object]]]:
    network = networks.load(name, Settings().layers)
    return contestants(pictures.sample("cat", size), painted.paint("night", size), network)


def contestants(
    content: torch.Tensor, style: torch.Tensor, network: networks.Network
) -> dict[str, Callable[[], Callable[[], object]]]:
    """Return, for each variant, a function that prepares it and returns one step, at the size of `content`.

    >>> network = networks.load("minivgg", Settings().layers)
    >>> list(contestants(painted.paint("mosaic", 32), painted.paint("night", 32), network))
    ['nstlib', 'plain', 'bare']
    """
    settings = Settings(size=min(content.shape[1:]), scales=1, steps=10**6, plateau=0)
    running = steps(content, style, settings, network)  # a generator: nothing happens before the first step
    return {
        "nstlib": lambda: lambda: next(running),
        "plain": lambda: plain_loop(content, style, network),
        "bare": lambda: bare_pass(content, network),
    }


def plain_loop(content: torch.Tensor, style: torch.Tensor, network: networks.Network) -> Callable[[], None]:
    """Return one step of the loop as tutorials write it, on the network as it was loaded."""

    def gram(features):
        rows = features.reshape(features.shape[1], -1)
        return rows @ rows.T / rows.numel()

    device = engine.plan().device
    network = copy.deepcopy(network).to(device)
    content, style = content.to(device), style.to(device)
    x = content[None].clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.02)
    with torch.no_grad():
        goal = network(content[None])["relu4_2"]
        grams = {layer: gram(features) for layer, features in network(style[None]).items() if layer != "relu4_2"}

    def step() -> None:
        optimizer.zero_grad()
        features = network(x)
        cost = functional.mse_loss(features["relu4_2"], goal)
        cost = cost + 1e6 * sum(functional.mse_loss(gram(features[layer]), grams[layer]) for layer in grams)
        cost.backward()
        optimizer.step()

    return step


def bare_pass(content: torch.Tensor, network: networks.Network) -> Callable[[], None]:
    """Return the forward and backward pass alone, in the engine's precision and memory format."""
    plan = engine.plan()
    placed = engine.place(network, plan)
    x = content[None].to(plan.device).requires_grad_()

    def step() -> None:
        x.grad = None
        sum(features.sum() for features in placed(x).values()).backward()

    return step


def _megabytes(name: str, size: int, variant: str) -> float:
    """Measure the memory of three steps of this variant, in a process that does nothing else."""
    script = f"from nstlib.bench import step; step.print_memory({name!r}, {size}, {variant!r})"
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)  # its traceback is shown
    if done.returncode < 0:
        raise NstError(
            f"Expected a measurement of {name} at {size} px, but the system ended it by signal {-done.returncode}, "
            "usually for want of memory: choose a smaller --size, or close other programs."
        )
    done.check_returncode()
    return float(done.stdout)


def print_memory(name: str, size: int, variant: str) -> None:
    """Print by how many MB three steps raise this process's memory, once network and pictures are loaded."""
    prepare = _variants(name, size)[variant]
    process = psutil.Process()
    done = threading.Event()
    before = highest = process.memory_info().rss

    def watch() -> None:
        nonlocal highest
        while not done.wait(0.002):
            highest = max(highest, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work = prepare()
        for _ in range(3):
            work()
    finally:
        done.set()
        watcher.join()
    print((highest - before) / 1e6)


def peak_memory() -> int:
    """Return the most memory in bytes that this process ever held, on the graphics card if it computes there."""
    if engine.plan().device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    if STATUS.exists():  # Linux; getrusage there starts from what the parent process held
        return int(re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())[1]) * 1024
    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return memory.peak_wset
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def machine() -> str:
    """Name what measured: the processor, torch's version, the engine's plan."""
    flags = getattr(torch.cpu, "get_capabilities", dict)()
    name = flags.get("cpu_name", platform.processor() or platform.machine())
    return f"{name}, torch {torch.__version__}, {engine.plan()}"
