"""Mark submissions on this machine: a few threads, each with a runner and thus a zygote of its own."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.marking.gate import Gate
from nstlib.grading.marking.marking import Marks, Stopped, mark
from nstlib.grading.runner import proof
from nstlib.grading.runner.runner import Runner, SandboxError
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions.find import Submission

__all__ = ["Proof", "marked", "marks_of", "proved"]


@dataclass(frozen=True)
class Proof:
    """What held where submissions were marked, tried before the first and after the last. escapes: what did not."""

    layers: tuple[str, ...]
    escapes: tuple[str, ...]
    weak: bool


def marked(
    submissions: Iterable[Submission],
    asked: Mapping[str, GradedQuestion],
    limits: Limits,
    *,
    jobs: int,
    weak: bool,
    apart: Sequence[Path] = (),
) -> Iterator[tuple[Submission, Marks] | Proof]:
    """Give each submission with its marks as it is done, and a Proof from each thread at its start and end.

    apart: paths that no child may read. Raises SandboxError where one can, or where the jail does not hold; what was
    given until then stands.
    """
    left, turn, stop, gate = iter(submissions), threading.Lock(), threading.Event(), Gate()
    done: queue.Queue = queue.Queue(maxsize=2 * jobs)

    def following() -> Submission | None:
        with turn:
            return None if stop.is_set() else next(left, None)

    def work() -> None:
        try:
            with Runner(limits, weak=weak, alone=gate.alone) as runner:
                _require_unseen(runner, () if weak else apart)
                with gate.shared():
                    done.put(proved(runner, weak))
                while (submission := following()) is not None:
                    with gate.shared():
                        marks = marks_of(submission, asked, runner, limits, lambda: not stop.is_set())
                    done.put((submission, marks))
                if not stop.is_set():
                    with gate.shared():
                        done.put(proved(runner, weak))
        except Stopped:
            pass
        except BaseException as fault:
            done.put(fault)
        finally:
            done.put(None)

    threads = [threading.Thread(target=work, name="nst-grade", daemon=True) for _ in range(jobs)]
    try:
        for thread in threads:
            thread.start()
        yield from _given(done, len(threads))
    finally:
        stop.set()
        _drain(done, threads)


def marks_of(
    submission: Submission,
    asked: Mapping[str, GradedQuestion],
    runner: Runner,
    limits: Limits,
    go_on: Callable[[], bool] = lambda: True,
) -> Marks:
    """Mark one submission; what could not be read is rejected with the reason that was found when it was listed.

    A fault in the grader itself leaves this submission ungraded, and the others alone.
    """
    if submission.reject is not None:
        return Marks({}, reject=submission.reject)
    try:
        return mark(submission.data, asked, runner, limits, go_on)
    except Stopped:
        raise
    except Exception:
        logging.getLogger(__name__).exception("%s could not be graded, through a fault of the grader.", submission.path)
        return Marks({}, ungraded=tuple(asked))


def _require_unseen(runner: Runner, paths: Sequence[Path]) -> None:
    for path in paths:
        if runner.visible(path):
            raise SandboxError(f"{path} lies where answers may read. Move it into a folder of your own, in your home.")


def proved(runner: Runner, weak: bool) -> Proof:
    """Try the jail; raises SandboxError where it does not hold, unless `weak`."""
    return Proof(runner.layers, proof.self_test(runner, weak=weak), weak)


def _given(done: queue.Queue, running: int) -> Iterator:
    while running:
        found = done.get()
        if found is None:
            running -= 1
        elif isinstance(found, BaseException):
            raise found
        else:
            yield found


def _drain(done: queue.Queue, threads: list[threading.Thread]) -> None:
    """Wait until every thread has ended its runner, taking what they still give so that none of them waits for us."""
    for thread in threads:
        while thread.is_alive():
            try:
                done.get(timeout=0.05)
            except queue.Empty:
                thread.join(0.05)
