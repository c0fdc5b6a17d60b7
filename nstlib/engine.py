"""Where and how the numbers are computed: device, precision, memory, threads. Nothing else sets them.

Features are bfloat16 where hardware multiplies it (AMX or AVX512-BF16 on the CPU, any GPU that has it) and float32
elsewhere; Grams and costs are float32 everywhere. ``NST_DEVICE=cpu`` leaves a GPU alone. ``NST_TEST=1`` means float32
and one thread on the CPU, and so the same file from the same command.
"""

import contextlib
import copy
import ctypes
import json
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import platformdirs
import psutil
import torch
from torch import nn

from nstlib.files import replacing

CONTAINER_QUOTA = Path("/sys/fs/cgroup/cpu.max")
BUSY_PERCENT = 20
TURNS = 3
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4  # of glibc's malloc.h
KEEP = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: -1}
# Where glibc's own adjustment, which any of these options ends for good, would have come to after some large blocks
GIVE_BACK = {M_MMAP_MAX: 65536, M_MMAP_THRESHOLD: 32 * 2**20, M_TRIM_THRESHOLD: 64 * 2**20}
KEPT_PIXELS = 2**22  # at 2048 × 3072 a step of minivgg would be twice as fast, but take a third more memory
_open: set[object] = set()
_opening = threading.RLock()  # the garbage collector may close a run in the midst of opening another
N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Plan:
    """Device, precision of features, threads, and the reason in words.

    >>> print(Plan(torch.device("cpu"), torch.float32, 2, "no fast bfloat16 here"))
    cpu, float32, 2 threads (no fast bfloat16 here)
    """

    device: torch.device
    dtype: torch.dtype
    threads: int
    reason: str

    def __str__(self) -> str:
        return f"{self.device}, {str(self.dtype).removeprefix('torch.')}, {self.threads} threads ({self.reason})"


def testing() -> bool:
    """Say whether NST_TEST=1 asks for reproducible runs.

    >>> testing()  # these examples run under NST_TEST=1
    True
    """
    return os.environ.get("NST_TEST") == "1"


def plan(afresh: bool = False) -> Plan:
    """Choose for this machine: precision from its flags, threads from a stored measurement; sets torch's threads.

    `afresh` measures the threads again, for a machine that was busy the first time.

    >>> print(plan())  # under NST_TEST=1
    cpu, float32, 1 threads (NST_TEST=1)
    """
    if afresh and not testing():
        _measured_plan.cache_clear()
        with contextlib.suppress(OSError):
            _store().unlink()
    chosen = Plan(torch.device("cpu"), torch.float32, 1, "NST_TEST=1") if testing() else _measured_plan()
    if torch.get_num_threads() != chosen.threads:
        torch.set_num_threads(chosen.threads)
    return chosen


@cache
def _measured_plan() -> Plan:
    threads = _threads()
    gpu_wanted = os.environ.get("NST_DEVICE") != "cpu"
    if gpu_wanted and torch.cuda.is_available():
        # Older cards only emulate bfloat16, slower than float32; AMD's all have it.
        fast = torch.version.hip or torch.cuda.get_device_capability() >= (8, 0)
        name = torch.cuda.get_device_name()
        return Plan(torch.device("cuda"), torch.bfloat16 if fast else torch.float32, threads, name)
    if gpu_wanted and torch.backends.mps.is_available():
        return Plan(torch.device("mps"), torch.float32, threads, "Apple GPU; NST_DEVICE=cpu avoids it")
    if not hasattr(torch.cpu, "get_capabilities"):
        return Plan(torch.device("cpu"), torch.float32, threads, "this release of torch cannot tell the CPU's flags")
    flags = torch.cpu.get_capabilities()
    fast = next((name for flag, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")) if flags.get(flag)), None)
    dtype = torch.bfloat16 if fast else torch.float32
    return Plan(torch.device("cpu"), dtype, threads, f"the CPU has {fast}" if fast else "no fast bfloat16 here")


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run the block on one thread: sharing many small arrays between threads costs more than it saves.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def place(network: N, plan: Plan) -> N:
    """Copy a network to the plan's device, precision and channels-last memory; the original stays as it was.

    Input scaling stays float32: in bfloat16 the mean alone would be off by 0.2 %.

    >>> plan = Plan(torch.device("cpu"), torch.bfloat16, 1, "an example")
    >>> from nstlib import networks
    >>> place(networks.load("minivgg", ["relu1_1"]), plan)(torch.zeros(1, 3, 4, 4))["relu1_1"].dtype
    torch.bfloat16
    """
    placed = copy.deepcopy(network).to(plan.device)
    placed.stages.to(dtype=plan.dtype, memory_format=layout(plan))
    return placed


def layout(plan: Plan) -> torch.memory_format:
    """Channels-last, a position's filters side by side, which convolutions take fastest; not so on Apple GPUs.

    There the backward passes of pooling and convolution are unsound for channels-last input.

    >>> layout(Plan(torch.device("cpu"), torch.float32, 1, "an example"))
    torch.channels_last
    """
    return torch.contiguous_format if plan.device.type == "mps" else torch.channels_last


@contextlib.contextmanager
def keeping_memory(n_pixels: int) -> Iterator[Callable[[], object]]:
    """Let glibc keep what a step frees for the next one, until no picture is open any more.

    Otherwise each large block goes back to Linux, and is cleared anew, page by page, when the next step asks for it.
    Of pictures with more than `KEPT_PIXELS` (`n_pixels` counts this one's) the gaps between kept blocks would take too
    much, whatever the network: they ask for nothing to be kept. glibc's options hold for the process, so beside a
    smaller open picture they keep, too. Threads other than the main one (the studio's) keep only blocks that fit into
    glibc's 64 MB heaps. On other systems nothing happens.

    It yields a function to call when much was freed that no step will ask for again.

    >>> with keeping_memory(n_pixels=256 * 256) as give_back:
    ...     block = torch.zeros(10**6)
    ...     del block
    ...     _ = give_back()
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if not hasattr(libc, "mallopt"):  # musl has none
        yield lambda: None
        return
    token = object()
    try:
        if n_pixels <= KEPT_PIXELS:
            with _opening:
                _open.add(token)
                _tell(libc, KEEP)
        yield lambda: libc.malloc_trim(0)
    finally:
        with _opening:
            _open.discard(token)
            if not _open:
                _tell(libc, GIVE_BACK)
                libc.malloc_trim(0)


def _tell(libc: ctypes.CDLL, options: dict[int, int]) -> None:
    for option, value in options.items():
        libc.mallopt(option, value)


def _threads() -> int:
    """Threads that make a step fastest: measured once for these cores and this torch, then read from the cache.

    What a busy machine answers holds for now alone: one started while pip was at work would stay slow for ever.
    """
    cores = _cores()
    if cores == 1:
        return 1
    key, known = f"{cores} cores, torch {torch.__version__}, in turns", _stored()
    if known.get(key) not in range(1, cores + 1):
        busy = _busy()
        known[key] = _fastest((1, cores))
        if busy or _busy():
            return known[key]
        with contextlib.suppress(OSError):  # a cache that cannot be written costs a measurement each time
            _store().parent.mkdir(parents=True, exist_ok=True)
            with replacing(_store()) as part:
                part.write_text(json.dumps(known))
    return known[key]


def _busy() -> bool:
    """Whether other programs take a fifth of the machine or more, over a tenth of a second."""
    return psutil.cpu_percent(interval=0.1) >= BUSY_PERCENT


def _stored() -> dict[str, int]:
    try:
        known = json.loads(_store().read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _cores() -> int:
    """Physical cores that this process may use; a container or a batch system often gives fewer than there are."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or 1, allowed, _container_cores())


def _container_cores() -> float:
    """Cores that a container's time quota amounts to (Linux control groups, version 2), infinite without one."""
    try:
        quota, period = CONTAINER_QUOTA.read_text().split()
        return math.inf if quota == "max" else math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return math.inf


def _store() -> Path:
    return Path(platformdirs.user_cache_dir("nstlib")) / "threads.json"


def _fastest(counts: tuple[int, ...]) -> int:
    """Threads with the shortest step; in turns, so that another program's short burst hits all alike."""
    best = dict.fromkeys(counts, math.inf)
    for _ in range(TURNS):
        for threads in counts:
            best[threads] = min(best[threads], _seconds(threads))
    return min(best, key=best.get)


def _seconds(threads: int) -> float:
    """Time a small convolution step, warmed up; more threads lose where other programs keep the cores busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        layers = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1))
        picture = torch.full((1, 3, 128, 128), 0.5, requires_grad=True)
        return min(_timed(lambda: layers(picture).square().sum().backward()) for _ in range(2))
    finally:
        torch.set_num_threads(before)


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
