"""One worker thread a kernel: it runs the newest request of each panel, one step in turn, and stops inside a step.

JupyterLab hands a slider's events to the kernel on changing threads, also while a cell runs. So a panel only leaves its
request here and returns; the worker alone calls `report`, and nothing else may write to what the panel shows.
A request cancels the run before it at once. A single one also starts at once; in a drag over many values each waits for
a short pause, so that there are few runs, and a long drag still starts one now and then. Nothing here knows of widgets
or torch.
"""

import contextvars
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Stopped", "Task", "Worker"]

PAUSE, LONGEST = 0.05, 0.25  # seconds without a new request before a run starts in a drag, and the longest wait there
IDLE = 30.0  # seconds without work after which the thread ends; the next request starts another


class Stopped(Exception):
    """Raised by a run's check when nobody wants its result any more."""


class _Run:
    """An iterator under way, and whether it has been called off."""

    def __init__(self) -> None:
        self.called_off = threading.Event()
        self.items: Iterator | None = None

    def check(self) -> None:
        if self.called_off.is_set():
            raise Stopped

    def end(self) -> None:
        if hasattr(self.items, "close"):
            self.items.close()


class Task:
    """A panel's place at the worker.

    make(request, check) gives an iterator; it calls `check` often, which raises Stopped once the run is called off.
    report(event, value) is called on the worker's thread alone, with "started" and the request, "item" and what the
    iterator gave, "done", "stopped", "paused", or "failed" and the exception; in the context that made the task.
    is_step(item) says which items `advance` counts.
    """

    def __init__(
        self,
        make: Callable[[Any, Callable[[], None]], Iterator],
        report: Callable[[str, Any], None],
        is_step: Callable[[Any], bool] = lambda item: True,
    ) -> None:
        self.make, self.report, self.is_step = make, report, is_step
        # Else ipykernel takes a report for an answer to whatever message came last, and sends the widget's replies to
        # that message's subshell (since 7.4), which JupyterLab may have ended: they would be lost.
        self.context = contextvars.copy_context()
        self.closed = False
        self.request: Any = None
        self.waiting = False
        self.first = self.due = self.begun = 0.0
        self.run: _Run | None = None
        self.steps: int | None = None  # how many steps are left until it pauses; None for no end


class Worker:
    """Runs tasks; all methods may be called from any thread and return at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._tasks: list[Task] = []
        self._turn = itertools.count()
        self._thread: threading.Thread | None = None

    def ask(self, task: Task, request: Any, *, now: bool = False) -> None:
        """Make this the task's request; `now` starts it without waiting for further ones."""
        moment = time.monotonic()
        with self._changed:
            if task.closed:
                return
            if not task.waiting:
                task.first = moment
            task.request, task.waiting = request, True
            single = now or moment - task.begun > LONGEST
            task.due = moment if single else min(moment + PAUSE, task.first + LONGEST)
            self._call_off(task)
            if task not in self._tasks:
                self._tasks.append(task)
            self._wake()

    def pause(self, task: Task) -> None:
        """Hold the run after the step under way."""
        self._allow(task, 0)

    def resume(self, task: Task) -> None:
        """Let the run go on."""
        self._allow(task, None)

    def advance(self, task: Task) -> None:
        """Take one step, then hold."""
        self._allow(task, 1)

    def stop(self, task: Task) -> None:
        """Call the run off, and the request that waits."""
        with self._changed:
            task.waiting = False
            self._call_off(task)
            self._wake()

    def close(self, task: Task) -> None:
        """Stop and forget the task: it reports nothing from now on."""
        with self._changed:
            task.closed, task.waiting = True, False
            self._call_off(task)
            self._wake()

    def stop_all(self) -> None:
        """Stop every task, as after a kernel's interrupt."""
        with self._changed:
            tasks = list(self._tasks)
        for task in tasks:
            self.stop(task)

    def busy(self) -> bool:
        """Whether a request waits or a run is under way."""
        with self._changed:
            return any(task.waiting or task.run for task in self._tasks)

    def _allow(self, task: Task, steps: int | None) -> None:
        with self._changed:
            task.steps = steps
            self._wake()

    def _call_off(self, task: Task) -> None:
        if task.run:
            task.run.called_off.set()

    def _wake(self) -> None:
        if self._tasks and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._work, name="nst-studio", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _next(self) -> tuple[Task | None, float | None]:
        """Return the task whose turn it is, or how long to wait for one."""
        moment = time.monotonic()
        self._tasks = [task for task in self._tasks if task.waiting or task.run]
        for task in self._tasks:
            if task.run and task.run.called_off.is_set():
                return task, None
        for task in self._tasks:
            if task.waiting and task.due <= moment:
                return task, None
        ready = [task for task in self._tasks if task.run and task.steps != 0]
        if ready:
            return ready[next(self._turn) % len(ready)], None
        waits = [task.due - moment for task in self._tasks if task.waiting]
        return None, min(waits, default=None)

    def _work(self) -> None:
        idle = time.monotonic()
        while True:
            with self._changed:
                task, wait = self._next()
                if task is None:
                    if not self._tasks and time.monotonic() - idle > IDLE:
                        self._thread = None
                        return
                    self._changed.wait(IDLE if wait is None else wait)
                    continue
                start = task.waiting and not task.run
                if start:
                    request, task.waiting, task.run = task.request, False, _Run()
                    task.begun = time.monotonic()
                run = task.run
            self._turn_of(task, run, request if start else None, start)
            idle = time.monotonic()

    def _turn_of(self, task: Task, run: _Run, request: Any, start: bool) -> None:
        """Begin the run or take its next step; report what came of it."""
        event, value = "item", None
        try:
            run.check()
            if start:
                self._report(task, "started", request)
                run.items = task.make(request, run.check)
            value = next(run.items)
            run.check()
        except StopIteration:
            event = "done"
        except Stopped:
            event, value = "stopped", None
        except Exception as fault:
            event, value = "failed", fault
        if event != "item":
            run.end()
            with self._changed:
                task.run = None
                superseded = task.waiting
            if not (event == "stopped" and superseded):  # the next "started" says it
                self._report(task, event, value)
            return
        self._report(task, "item", value)
        with self._changed:
            if task.steps and task.is_step(value):
                task.steps -= 1
            held = task.steps == 0
        if held:
            self._report(task, "paused", None)

    def _report(self, task: Task, event: str, value: Any) -> None:
        if task.closed:
            return
        try:
            task.context.run(task.report, event, value)
        except Exception:  # a panel that cannot show anything any more must not end the worker for the others
            logging.getLogger(__name__).exception("A panel could not show %r and was closed.", event)
            self.close(task)
