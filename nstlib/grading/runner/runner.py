"""The parent's side of a child: start the zygote, give it jobs, watch the clock, and take replies as data.

Nothing here parses, compiles, imports or unpickles what a student wrote, and no text from a child decides anything.
"""

import contextlib
import functools
import hashlib
import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nstlib.checks.judging.replies import Reply
from nstlib.grading.runner.process import Lost, SandboxError, Zygote
from nstlib.grading.runner.watch import End, watch
from nstlib.grading.sandbox import answers, protocol, values
from nstlib.grading.sandbox.answers import Reading, Run
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.sandbox.protocol import ProtocolError

__all__ = ["Job", "Outcome", "Runner", "SandboxError"]

NOTEBOOK = Path(__file__).parents[1] / "sandbox" / "notebook.py"
AGAIN = ("timeout", "memory")  # repeated once: a loaded machine must not cost points
STARTS = 3  # zygotes for one job


@dataclass(frozen=True)
class Job:
    """One call of an answer.

    function: its name. cells: the notebook's code until its check. arguments: arrays (tensors in the child) and plain
    Python. gradient: indices of arguments that require a gradient. cotangent: float64, of the right answer's shape,
    resized for another (np.resize); None asks for no gradient. by_hand: watch for the use of autograd. question: its
    id, for what the notebook gives to its check. skip: (cell, statement) that are left out. clean: the
    cells that raised nothing for the student. trace: print an exception's traceback, into the outcome's log.
    """

    function: str
    cells: tuple[str, ...]
    arguments: tuple
    gradient: tuple[int, ...] = ()
    cotangent: np.ndarray | None = None
    by_hand: bool = False
    question: str = ""
    skip: tuple[tuple[int, int], ...] = ()
    clean: tuple[int, ...] = ()
    trace: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    status: "replied", "timeout", "memory", "output", "protocol", "exited", "killed", or "infra", which is our fault.
    detail: always in our words: "SIGSEGV", an exit status, "nstlib", "autograd". data: the Reading or Run of a
    notebook. log: the first bytes of what was printed, for the instructor alone. before: seconds of the notebook's
    cells. seconds: from then, or from the jail, to the reply. digest: SHA-256 of the reply's bytes. earlier: statuses
    of the same job's runs before this one.
    """

    status: str
    detail: str = ""
    reply: Reply | None = None
    data: Reading | Run | None = None
    log: bytes = b""
    seconds: float = 0.0
    before: float = 0.0
    digest: str = ""
    earlier: tuple[str, ...] = ()


class Runner:
    """Runs jobs one after the other, each in a new process or, with `call_each`, several in one.

    A context manager; for one thread. Raises SandboxError where there is no jail and `weak` is False. alone: entered
    while a job is repeated, for those who run several at once. notebook: the file that reads notebooks.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008, it is frozen
        *,
        weak: bool = False,
        alone: Callable[[], AbstractContextManager] = nullcontext,
        notebook: Path = NOTEBOOK,
    ) -> None:
        self.limits = limits
        self._alone = alone
        self._notebook = Path(notebook)
        self._zygote = Zygote(limits, weak, self._notebook)
        self._weak = weak

    @property
    def layers(self) -> tuple[str, ...]:
        """The jail's layers: "rlimits", "no capabilities", "landlock 7", "seccomp", "namespaces", "scratch folder"."""
        return self._zygote.layers

    @property
    def pid(self) -> int:
        """The number of the zygote's process."""
        return self._zygote.pid

    def visible(self, path: Path) -> bool:
        """Return whether a child may read this path: then no bundle and no submission belongs there."""
        return any(Path(path).resolve().is_relative_to(granted) for granted in self._zygote.granted)

    def __enter__(self) -> "Runner":
        return self

    def __exit__(self, *fault) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote and every child, and wait until they are gone."""
        self._zygote.close()

    def call(self, job: Job, wall: float | None = None) -> Outcome:
        """Call an answer; `wall` is the seconds it may take, the limits' unless given. Never raises for an answer."""

        def take(outcome: Outcome, head: dict, chunks: list[bytes]) -> Outcome:
            return _taken(outcome, job, head, chunks, self.limits)

        return self._run_twice(_request([job]), wall or self.limits.wall, take, self.limits.session)

    def call_each(self, jobs: Sequence[Job], wall: float) -> list[Outcome]:
        """Call one or several answers of a notebook in one process, each once the cells up to its check have run.

        The jobs come in the order of these cells, and have the same `skip`, `clean` and `trace`. `wall` is the seconds
        that all calls may take together, and the cells after the first of them. A process that takes too long is not
        repeated. Unless every call has a reply, none has one. Each outcome's seconds are the whole process's, divided
        by the calls; the first has the log.
        """
        found: list[Outcome] = []

        def take(outcome: Outcome, head: dict, chunks: list[bytes]) -> Outcome:
            if len(chunks) != len(jobs):
                raise ProtocolError("Expected a reply to each call, got more or fewer.")
            for job, chunk in zip(jobs, chunks, strict=True):
                digest = hashlib.sha256(chunk).hexdigest()
                found.append(_taken(replace(outcome, digest=digest), job, *protocol.unpack(chunk), self.limits))
            return outcome

        whole = self._run(_request(jobs), wall, take, self.limits.session)
        outcomes = found if len(found) == len(jobs) and all(each.reply for each in found) else [whole] * len(jobs)
        share = {"seconds": whole.seconds / len(jobs), "before": whole.before / len(jobs)}
        logs = [whole.log, *[b""] * (len(jobs) - 1)]
        return [replace(outcome, log=log, **share) for outcome, log in zip(outcomes, logs, strict=True)]

    def read(self, data: bytes, questions: Mapping[str, str], wall: float | None = None) -> Outcome:
        """Read a notebook's bytes; questions: id -> function's name. The outcome's data is a Reading."""
        words = _words(self._notebook)

        def take(outcome: Outcome, head: dict, chunks: list[bytes]) -> Outcome:
            if head.get("status") == "memory":
                return replace(outcome, status="memory")
            most, longest = self.limits.source, self.limits.notebook
            return replace(outcome, data=answers.unpack_reading(head, chunks, questions, words, most, longest))

        frame = protocol.pack({"ask": "read", "questions": dict(questions)}, data)
        return self._run_twice(frame, wall or self.limits.wall, take)

    def run(self, cells: Sequence[str], questions: Mapping[str, tuple[str, int]], clean: Sequence[int] = ()) -> Outcome:
        """Run a notebook's cells; questions: id -> function's name, last cell. The outcome's data is a Run."""

        def take(outcome: Outcome, head: dict, chunks: list[bytes]) -> Outcome:
            if head.get("status") == "memory":
                return replace(outcome, status="memory")
            return replace(outcome, data=answers.unpack_run(head, questions))

        texts = [text.encode("utf-8", "backslashreplace") for text in cells]
        frame = protocol.pack({"ask": "run", "questions": dict(questions), "clean": list(clean)}, *texts)
        return self._run_twice(frame, self.limits.session, take)

    def _run_twice(self, frame: bytes, wall: float, take: Callable, session: float = 0.0) -> Outcome:
        first = self._run(frame, wall, take, session)
        if first.status not in AGAIN and first.detail != "SIGKILL":  # which the kernel sends when memory is short
            return first
        with self._alone():
            again = self._run(frame, wall, take, session)
        return replace(again, earlier=(first.status, *again.earlier))

    def _run(self, frame: bytes, wall: float, take: Callable, session: float) -> Outcome:
        """Run a job once, and once more with a new zygote as long as the fault is ours."""
        earlier: list[str] = []
        while True:
            outcome = self._attempt(frame, wall, take, session)
            if outcome.status != "infra" or len(earlier) == STARTS - 1:
                return replace(outcome, earlier=tuple(earlier))
            earlier.append(outcome.status)
            with contextlib.suppress(SandboxError):  # the next attempt says so
                self._zygote.close()
                self._zygote = Zygote(self.limits, self._weak, self._notebook)

    def _attempt(self, frame: bytes, wall: float, take: Callable, session: float) -> Outcome:
        started = time.monotonic()
        try:
            with self._zygote.born() as pipes:
                end = watch(pipes, frame, wall, self.limits, session)
        except (Lost, OSError) as fault:
            return Outcome("infra", str(fault), log=getattr(fault, "log", b""), seconds=time.monotonic() - started)
        return _outcome(end, take)


def _request(jobs: Sequence[Job]) -> bytes:
    """Return the frame that asks for these calls, in the order in which the notebook has the answers."""
    job, calls, every = jobs[-1], [], []
    for each in jobs:
        arrays: dict[str, np.ndarray] = {}
        call = {
            "gradient": list(each.gradient),
            "arguments": values.encode(list(each.arguments), arrays),
            "cotangent": values.encode(each.cotangent, arrays),
            "answer": [each.question, each.function, len(each.cells) - 1],
            "by_hand": each.by_hand,
        }
        call["arrays"], chunks = values.to_bytes(arrays)
        calls.append(call)
        every += chunks
    head = {
        "ask": "call",
        "cells": len(job.cells),
        "skip": list(job.skip),
        "clean": list(job.clean),
        "trace": job.trace,
        "calls": calls,
    }
    return protocol.pack(head, *(text.encode("utf-8", "backslashreplace") for text in job.cells), *every)


def _taken(outcome: Outcome, job: Job, head: dict, chunks: Sequence[bytes], limits: Limits) -> Outcome:
    """Return the outcome with a reply to a call; raises ProtocolError."""
    shapes = [shape for index in job.gradient for shape in _shapes(job.arguments[index])]
    answer = answers.unpack_answer(head, chunks, shapes if job.cotangent is not None else [], limits.body)
    if answer.status == "memory":
        return replace(outcome, status="memory")
    fields = ("status", "kind", "dtype", "values", "gradients", "changed", "text")
    reply = Reply(*(getattr(answer, name) for name in fields), unread="unread" if answer.unread else "")
    return replace(outcome, detail=answer.detail, reply=reply)


def _outcome(end: End, take: Callable) -> Outcome:
    """Return the outcome of a child's end; `take` reads a complete frame."""
    outcome = Outcome(end.status, end.detail, log=end.log, seconds=end.seconds, before=end.before)
    if end.reader is None:
        return outcome
    digest = hashlib.sha256(end.reader.frame).hexdigest()
    try:
        return take(replace(outcome, digest=digest), *end.reader.parts())
    except ProtocolError as fault:
        return replace(outcome, status="protocol", detail=str(fault), digest=digest)


@functools.cache
def _words(notebook: Path) -> frozenset[str]:
    """Return every status, warning and reason to reject that the reader of notebooks knows."""
    spec = importlib.util.spec_from_file_location("nstlib.grading.sandbox.words", notebook)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return frozenset(word for name in ("STATUSES", "WARNINGS", "REJECTIONS") for word in getattr(module, name))


def _shapes(value) -> list[tuple[int, ...]]:
    """Return the shapes of the floating-point arrays in an argument, in the child's order."""
    if isinstance(value, np.ndarray):
        return [value.shape] if value.dtype.kind == "f" else []
    if isinstance(value, dict | list | tuple):
        items = value.values() if isinstance(value, dict) else value
        return [shape for item in items for shape in _shapes(item)]
    return []
