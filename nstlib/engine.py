"""Where and how the numbers are computed: device, precision, memory, threads. Nothing else sets them.

Features are bfloat16 where hardware multiplies it (AMX or AVX512-BF16 on the CPU, any GPU that has it) and float32
elsewhere; Grams and costs are float32 everywhere. ``NST_DEVICE`` chooses the device: ``cpu`` leaves a GPU alone,
``cuda:1`` is the second NVIDIA GPU.

There are as many threads as physical cores that this process may use (its affinity and the quotas of Linux's control
groups count), or as ``OMP_NUM_THREADS`` says. No timing decides anything, so the same command gives the same file on
the same CPU, also while other programs run. ``NST_TEST=1`` means float32 and one thread on the CPU, whatever else is
set, and so the same file on many machines.
"""

import contextlib
import copy
import ctypes
import math
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import psutil
import torch
from torch import nn

from nstlib.errors import NstError

CONTROL_GROUPS, OWN_CONTROL_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
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


def plan() -> Plan:
    """Choose for this machine, by its hardware and the environment variables above; sets torch's threads.

    Raises NstError for a device in ``NST_DEVICE`` that cannot be had.

    >>> print(plan())  # under NST_TEST=1
    cpu, float32, 1 threads (NST_TEST=1)
    """
    if testing():
        chosen = Plan(torch.device("cpu"), torch.float32, 1, "NST_TEST=1")
    else:
        chosen = _plan(os.environ.get("NST_DEVICE", ""), os.environ.get("OMP_NUM_THREADS", ""))
    if torch.get_num_threads() != chosen.threads:
        torch.set_num_threads(chosen.threads)
    return chosen


@cache
def _plan(wanted: str, threads_wanted: str) -> Plan:
    threads = _threads(threads_wanted)
    device = _device(wanted)
    if device.type == "cuda":
        # Older cards only emulate bfloat16, slower than float32; AMD's all have it.
        fast = torch.version.hip or torch.cuda.get_device_capability(device) >= (8, 0)
        name = torch.cuda.get_device_name(device)
        return Plan(device, torch.bfloat16 if fast else torch.float32, threads, name)
    if device.type == "mps":
        return Plan(device, torch.float32, threads, "Apple GPU; NST_DEVICE=cpu avoids it")
    if not hasattr(torch.cpu, "get_capabilities"):
        return Plan(device, torch.float32, threads, "this release of torch cannot tell the CPU's flags")
    flags = torch.cpu.get_capabilities()
    fast = next((name for flag, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")) if flags.get(flag)), None)
    dtype = torch.bfloat16 if fast else torch.float32
    return Plan(device, dtype, threads, f"the CPU has {fast}" if fast else "no fast bfloat16 here")


def _device(wanted: str) -> torch.device:
    """Return the device that is wanted, or without a wish a GPU where there is one; NstError if it cannot be had."""
    name = wanted.strip().lower()
    there = {
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
        "cpu": 1,
    }
    if not name:
        return torch.device(next(kind for kind, count in there.items() if count))
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise NstError(f"Expected NST_DEVICE to be cpu, cuda or mps, got {wanted!r}: set NST_DEVICE=cpu, or unset it.")
    kind, _, number = name.partition(":")
    if int(number or 0) < there[kind]:
        return torch.device(name)
    count = there[kind]
    found = f"the last of {count} is {kind}:{count - 1}" if count else "PyTorch finds none here"
    raise NstError(
        f"Expected a device that is there, got NST_DEVICE={name}, but {found}: set NST_DEVICE=cpu, or unset it."
    )


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


def _threads(wanted: str) -> int:
    """Return the number that OMP_NUM_THREADS begins with, where it is one; else that of the cores."""
    number = wanted.partition(",")[0].strip()  # a list has one for each level of nesting
    return int(number) if number.isdecimal() and int(number) else _cores()


def _cores() -> int:
    """Physical cores that this process may use; a container or a batch system often gives fewer than there are."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(psutil.cpu_count(logical=False) or 1, allowed, _quota_cores())


def _quota_cores() -> float:
    """Cores that the time quotas of Linux's control groups amount to, infinite without one.

    Version 2 has one for this process's group and for each above it; of version 1 the container's is read.
    """
    try:
        lines = OWN_CONTROL_GROUP.read_text().splitlines()
        own = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    except OSError:  # not Linux
        return math.inf
    groups = [Path(own), *Path(own).parents]
    quotas = [_text(CONTROL_GROUPS / group / "cpu.max") for group in groups]
    version_1 = CONTROL_GROUPS / "cpu"
    quotas.append(f"{_text(version_1 / 'cpu.cfs_quota_us')} {_text(version_1 / 'cpu.cfs_period_us')}")
    return min(_cores_of(quota) for quota in quotas)


def _cores_of(quota: str) -> float:
    """Return whole cores for "time period", both in microseconds; infinite where the time is "max", -1 or missing."""
    numbers = [int(part) for part in quota.split() if part.isdecimal()]
    return math.ceil(numbers[0] / numbers[1]) if len(numbers) == 2 and all(numbers) else math.inf


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
