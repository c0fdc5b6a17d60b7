"""A studio without a panel: its worker runs wishes, and each picture becomes a frame as a browser would get it."""

import statistics
import threading
import time
from dataclasses import replace
from typing import Any

from nstlib import engine
from nstlib.bench.gpu.workshop import Workshop
from nstlib.errors import NstError
from nstlib.studio import frames, runs
from nstlib.studio.worker import Task, Worker
from nstlib.transfer import Step
from nstlib.transfer.objective import prepare_pair
from nstlib.transfer.settings import Settings

UNTIL = 4  # steps after which the next wish comes: in the midst of a run
PATIENCE = 120.0  # seconds


class Headless:
    """Waits for what the worker makes of a wish."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.task = Task(runs.run, self._report, lambda item: isinstance(item, Step))
        self.frames = frames.Frames()
        self.arrived = threading.Condition()
        self.wished: runs.RunRequest | None = None
        self.running: runs.RunRequest | None = None
        self.began = 0.0
        self.seconds: list[float] = []  # from the wish to each of its steps
        self.n_frames = 0
        self.end: tuple[str, Any] | None = None

    def wish(self, request: runs.RunRequest, n_steps: int | None = None) -> list[float]:
        """Send a request; return the seconds from then to each of its first steps, or to all up to its end."""
        with self.arrived:
            self.wished = request
            self.seconds = []
            self.end = None
            self.n_frames = 0
            self.began = time.perf_counter()
        self.worker.submit(self.task, request, now=True)
        with self.arrived:
            there = self.arrived.wait_for(lambda: self.end or (n_steps and len(self.seconds) >= n_steps), PATIENCE)
            if not there or (self.end and self.end[0] == "failed"):
                raise NstError(f"Expected the studio to run a wish within {PATIENCE:.0f} s, got {self.end}.")
            return list(self.seconds)

    def close(self) -> None:
        """End the run."""
        self.worker.close(self.task)

    def _report(self, event: str, value: Any) -> None:
        with self.arrived:
            if event == "started":
                self.running = value
            elif self.running is not self.wished:
                return  # the last words of the run before
            elif isinstance(value, Step):
                number = self.frames.next(now=value.index < 2)
                if number is not None:
                    frames.jpeg(value.picture)
                    self.frames.confirm(number)  # as a browser does that keeps up
                    self.n_frames += 1
                self.seconds.append(time.perf_counter() - self.began)
            elif event in ("done", "failed"):
                self.end = (event, value)
            self.arrived.notify_all()


def measure(shop: Workshop, name: str) -> dict[str, Any]:
    """Move a slider again and again, then let one run go to its end.

    first_frame_ms: from the wish to the frame of its first picture, which is its start. changed_frame_ms: to that of
    the second, the first that the wish has changed. of_it_ms: parts of that time, each alone.
    """
    size, n_steps = shop.scale.studio
    content, style = shop.pair(size)
    settings = Settings(size=size, steps=n_steps, scales=1, plateau=0)
    request = runs.RunRequest(content, style, settings, network=name)
    studio = Headless()
    try:
        studio.wish(request, UNTIL)  # loads the network
        heard = [
            studio.wish(replace(request, settings=replace(settings, beta=10.0 + wish)), UNTIL)
            for wish in range(shop.scale.wishes)
        ]
        whole = studio.wish(request)
        n_frames = studio.n_frames
    finally:
        studio.close()
    return {
        "first_frame_ms": _spread([seconds[0] for seconds in heard]),
        "changed_frame_ms": _spread([seconds[1] for seconds in heard]),
        "steps_a_second": round((len(whole) - 1) / (whole[-1] - whole[0]), 1),
        "frames": n_frames,
        "of_it_ms": _of_it(shop, request),
    }


def _of_it(shop: Workshop, request: runs.RunRequest) -> dict[str, float]:
    """Time what a wish waits for before its first step, and the encoding of a frame."""
    layers = runs.layers(request.settings)
    placed = runs.placed_network(request.network, layers, shop.plan).with_layers(request.settings.layers)
    side = request.settings.size
    works = {
        "resolving weights": lambda: runs.resolve_weights(request),
        "copying the network": lambda: engine.place(placed, shop.plan),
        "features of the pair": lambda: prepare_pair(request.content, request.style, side, placed, shop.plan.device),
        "encoding a frame": lambda: frames.jpeg(request.content),
    }
    return shop.meter.medians(works, shop.scale.rounds)


def _spread(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(1e3 * statistics.median(seconds), 2), "p95": round(1e3 * cuts[-1], 2)}
