"""Clock and counters of a device: all that a graphics card does otherwise than the CPU in these measurements."""

import shutil
import subprocess
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nstlib.bench.step import interleaved, peak_memory

Work = Callable[[], object]
READS = ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__")  # each makes a card end its work
WARM_UP = 3  # calls before a graph is captured, as torch asks
QUERY = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]


class Meter:
    """The CPU's stand-ins, with which a rehearsal takes the same way as a card.

    >>> meter = Meter()
    >>> meter.waits(lambda: torch.ones(2).sum().item()), meter.seconds(lambda: None) >= 0
    (1, True)
    """

    def about(self) -> dict[str, Any]:
        """Name the card and its driver."""
        return {"card": "none: a rehearsal on the CPU"}

    def wait(self) -> None:
        """Wait until the device has done all that it was told."""

    def seconds(self, work: Work) -> float:
        """Return the seconds of one call."""
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    def medians(self, variants: dict[str, Work], rounds: int) -> dict[str, float]:
        """Return the median milliseconds of each variant, taken in turns after a warm-up."""
        medians = interleaved(variants, rounds, self.seconds)
        return {name: round(1e3 * seconds, 4) for name, seconds in medians.items()}

    def peak(self, work: Work) -> float:
        """Return the most megabytes that were held during a call: here, since the process began."""
        work()
        return round(peak_memory() / 1e6, 1)

    def waits(self, work: Work) -> int:
        """Count how often a call waits for the device; here, how often it reads numbers back."""
        with _Reads() as reads:
            work()
        return reads.count

    def to_cpu(self, tensor: torch.Tensor) -> torch.Tensor:
        """Bring a tensor to the CPU by way of memory that is pinned for the card."""
        return tensor.cpu()

    def captured(self, work: Work) -> Work:
        """Return the work as one launch (a CUDA graph); here, the work itself."""
        return work

    def compiled(self, network: nn.Module) -> nn.Module:
        """Return a network as torch.compile makes it; here it is traced, but not translated."""
        return torch.compile(network, backend="eager")

    def forget(self) -> None:
        """Give memory that nothing uses back."""


class CudaMeter(Meter):
    """An NVIDIA card's clock is its own events, its memory what torch held there, its waits what CUDA reports."""

    def about(self) -> dict[str, Any]:
        """Name the card and its driver."""
        properties = torch.cuda.get_device_properties(0)
        told = subprocess.run(QUERY, capture_output=True, text=True).stdout.strip() if shutil.which(QUERY[0]) else ""
        return {
            "card": properties.name,
            "memory": properties.total_memory,
            "multiprocessors": properties.multi_processor_count,
            "nvidia-smi": told,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "cudnn_tf32": torch.backends.cudnn.allow_tf32,  # torch's default: float32 convolutions in TF32
        }

    def wait(self) -> None:
        """Wait until the device has done all that it was told."""
        torch.cuda.synchronize()

    def seconds(self, work: Work) -> float:
        """Return the seconds of one call, between two events in the card's queue."""
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.wait()
        start.record()
        work()
        end.record()
        self.wait()
        return start.elapsed_time(end) / 1e3

    def peak(self, work: Work) -> float:
        """Return the most megabytes that torch held on the card during a call."""
        self.wait()
        torch.cuda.reset_peak_memory_stats()
        work()
        self.wait()
        return round(torch.cuda.max_memory_allocated() / 1e6, 1)

    def waits(self, work: Work) -> int:
        """Count how often a call waits for the card, as CUDA's own debugging mode reports it."""
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                work()
        finally:
            torch.cuda.set_sync_debug_mode(before)
        return sum("synchroniz" in str(warning.message) for warning in told)

    def to_cpu(self, tensor: torch.Tensor) -> torch.Tensor:
        """Bring a tensor to the CPU by way of memory that is pinned for the card."""
        copied = tensor.to("cpu", non_blocking=True)
        self.wait()
        return copied

    def captured(self, work: Work) -> Work:
        """Return the work as one launch, a CUDA graph: nothing in it may wait for the card."""
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                work()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay

    def compiled(self, network: nn.Module) -> nn.Module:
        """Return a network as torch.compile makes it."""
        return torch.compile(network)

    def forget(self) -> None:
        """Give memory that nothing uses back."""
        torch.cuda.empty_cache()


def meter_of(device: torch.device) -> Meter:
    """Return the meter of a device.

    >>> type(meter_of(torch.device("cpu"))).__name__
    'Meter'
    """
    return CudaMeter() if device.type == "cuda" else Meter()


class _Reads(TorchFunctionMode):
    """Counts calls of torch's functions that read numbers back."""

    count = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.count += getattr(function, "__name__", "") in READS
        return function(*args, **(kwargs or {}))
