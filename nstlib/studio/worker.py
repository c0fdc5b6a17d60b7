"""One worker thread a kernel: it runs each panel's newest request, a step in turn, and can stop inside a step.

JupyterLab hands a slider's events to the kernel on changing threads, two at a time. So a panel only leaves its
request here and returns; the worker alone calls `report`, and nothing else may write to what the panel shows.

A request cancels the run before it at once. A single request also starts at once. In a drag over many values each waits
for a short pause, so that there are few runs, though a long drag still starts one now and then. This module knows
nothing of widgets or torch.
"""

import contextvars
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Stopped", "Task", "Worker"]

PAUSE = 0.05  # seconds without a new request before a run starts in a drag
LONGEST_WAIT = 0.25  # seconds that a request waits in a drag at most
PATIENCE = 4  # turns of which a patient task gets one
IDLE = 30.0  # seconds without work after which the thread ends; the next request starts another


class Stopped(Exception):
    """Raised by a run's `check` once nobody wants its result any more."""


class _Run:
    """An iterator under way, and whether it has been cancelled."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.items: Iterator | None = None

    def check(self) -> None:
        if self.cancelled.is_set():
            raise Stopped

    def end(self) -> None:
        if hasattr(self.items, "close"):
            self.items.close()


class Task:
    """What a panel has to do, for the worker.

    make(request, check) returns an iterator, which often calls `check`; that raises Stopped once the run is cancelled.
    report(event, value) runs on the worker's thread alone, in the context that made the task: with "started" and the
    request, "item" and what the iterator yielded, "done", "stopped", "dropped" (stopped before it began), "paused", or
    "failed" and the exception.
    is_step(item) says which items `advance` counts. A patient task lets others have most of the turns.
    """

    def __init__(
        self,
        make: Callable[[Any, Callable[[], None]], Iterator],
        report: Callable[[str, Any], None],
        is_step: Callable[[Any], bool] = lambda item: True,
        *,
        patient: bool = False,
    ) -> None:
        self.make = make
        self.report = report
        self.is_step = is_step
        self.patient = patient
        # Otherwise ipykernel (since 7.4) takes a report for an answer to the latest message and sends it to that
        # message's subshell, which JupyterLab may have ended: the report would be lost.
        self.context = contextvars.copy_context()
        self.closed = False
        self.request: Any = None
        self.waiting = False
        self.waiting_since = 0.0
        self.due = 0.0  # when the waiting request may start
        self.last_start = 0.0
        self.run: _Run | None = None
        self.steps: int | None = None  # steps left until it pauses; None for no limit
        self.pause_told = False  # whether it was reported that none is left
        self.telling = False  # whether an end or a pause is about to be reported


class Worker:
    """Runs tasks. Any thread may call its methods; they return at once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._tasks: list[Task] = []
        self._turns = itertools.count()
        self._thread: threading.Thread | None = None

    def submit(self, task: Task, request: Any, *, now: bool = False) -> None:
        """Make this the task's request; `now` starts it without waiting for newer ones."""
        moment = time.monotonic()
        with self._condition:
            if task.closed:
                return
            if not task.waiting:
                task.waiting_since = moment
            task.request = request
            task.waiting = True
            single = now or moment - task.last_start > LONGEST_WAIT
            task.due = moment if single else min(moment + PAUSE, task.waiting_since + LONGEST_WAIT)
            self._cancel(task)
            if task not in self._tasks:
                self._tasks.append(task)
            self._wake()

    def pause(self, task: Task) -> None:
        """Pause the run after the step under way."""
        self._set_steps(task, 0)

    def resume(self, task: Task) -> None:
        """Let the run go on."""
        self._set_steps(task, None)

    def advance(self, task: Task) -> None:
        """Take one step more, then pause."""
        with self._condition:
            self._set_steps(task, (task.steps or 0) + 1)

    def stop(self, task: Task) -> None:
        """Cancel the run, and the request that waits."""
        with self._condition:
            if task.waiting and task.run is None:
                task.run = _Run()  # that never began: so that its end is reported
            task.waiting = False
            self._cancel(task)
            self._wake()

    def close(self, task: Task) -> None:
        """Stop and forget the task: from now on it reports nothing."""
        with self._condition:
            task.closed = True
            task.waiting = False
            self._cancel(task)
            self._wake()

    def stop_all(self) -> None:
        """Stop every task, as the kernel's interrupt does."""
        with self._condition:
            tasks = list(self._tasks)
        for task in tasks:
            self.stop(task)

    def busy(self, task: Task | None = None) -> bool:
        """Say whether a request waits or a run is under way.

        Of a given task, a run that pauses does not count, and its end does until it has been reported.
        """
        with self._condition:
            if task is not None:
                return task.waiting or task.telling or (task.run is not None and not task.pause_told)
            return any(task.waiting or task.run for task in self._tasks)

    def _set_steps(self, task: Task, steps: int | None) -> None:
        with self._condition:
            task.steps = steps
            task.pause_told = False
            self._wake()

    def _cancel(self, task: Task) -> None:
        if task.run:
            task.run.cancelled.set()

    def _wake(self) -> None:
        if self._tasks and (self._thread is None or not self._thread.is_alive()):
            self._thread = threading.Thread(target=self._work, name="nst-studio", daemon=True)
            self._thread.start()
        self._condition.notify_all()

    def _next(self) -> tuple[Task | None, float | None]:
        """Return the task whose turn it is, or how long to wait for one."""
        moment = time.monotonic()
        self._tasks = [task for task in self._tasks if task.waiting or task.run]
        for task in self._tasks:
            if task.run and task.run.cancelled.is_set():
                return task, None
        for task in self._tasks:
            if task.waiting and task.due <= moment:
                return task, None
        ready = [task for task in self._tasks if task.run and (task.steps != 0 or not task.pause_told)]
        if ready:
            turn = next(self._turns)
            urgent = [task for task in ready if not task.patient]
            patient = [task for task in ready if task.patient]
            ready = patient if patient and (not urgent or turn % PATIENCE == 0) else urgent
            return ready[turn // PATIENCE % len(ready) if ready is patient else turn % len(ready)], None
        waits = [task.due - moment for task in self._tasks if task.waiting]
        return None, min(waits, default=None)

    def _work(self) -> None:
        idle = time.monotonic()
        while True:
            with self._condition:
                task, wait = self._next()
                if task is None:
                    if not self._tasks and time.monotonic() - idle > IDLE:
                        self._thread = None
                        return
                    self._condition.wait(IDLE if wait is None else wait)
                    continue
                start = task.waiting and not task.run
                if start:
                    task.waiting = False
                    task.run = _Run()
                    task.pause_told = False
                    task.last_start = time.monotonic()
                run = task.run
                request = task.request
            self._take_turn(task, run, request, start)
            idle = time.monotonic()

    def _take_turn(self, task: Task, run: _Run, request: Any, start: bool) -> None:
        """Start the run or take its next step, or pause; report what came of it."""
        if not start and not run.cancelled.is_set() and self._pauses(task):
            self._report(task, "paused", None)
            task.telling = False
            return
        event = "item"
        value = None
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
            event = "stopped" if run.items is not None else "dropped"
            value = None
        except Exception as fault:
            event = "failed"
            value = fault
        if event != "item":
            run.end()
            with self._condition:
                task.telling = True
                task.run = None
                superseded = task.waiting
                if task.steps and event == "done":
                    task.steps = 0  # those that were asked for beyond the end are not the next run's
            if not (event in ("stopped", "dropped") and superseded):  # the next "started" says so
                self._report(task, event, value)
            task.telling = False
            return
        self._report(task, "item", value)
        with self._condition:
            if task.steps and task.is_step(value):
                task.steps -= 1

    def _pauses(self, task: Task) -> bool:
        """Say whether no step is left; if so, that is about to be reported."""
        with self._condition:
            if task.steps == 0:
                task.telling = task.pause_told = True
            return task.steps == 0

    def _report(self, task: Task, event: str, value: Any) -> None:
        if task.closed:
            return
        try:
            task.context.run(task.report, event, value)
        except Exception:  # a panel that can show nothing any more must not end the worker for the others
            logging.getLogger(__name__).exception("A panel could not show %r and was closed.", event)
            self.close(task)
