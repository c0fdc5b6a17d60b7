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

__all__ = ["Proof", "mark_submission", "mark_submissions", "self_test"]


@dataclass(frozen=True)
class Proof:
    """What a trial of the sandbox found where submissions are marked.

    layers: what the sandbox is made of. escapes: what a hostile child could do all the same.
    """

    layers: tuple[str, ...]
    escapes: tuple[str, ...]
    weak: bool


def mark_submissions(
    submissions: Iterable[Submission],
    questions: Mapping[str, GradedQuestion],
    limits: Limits,
    *,
    jobs: int,
    weak: bool,
    apart: Sequence[Path] = (),
) -> Iterator[tuple[Submission, Marks] | Proof]:
    """Yield each submission with its marks as soon as it has them, and a Proof when a thread starts and when it ends.

    apart: paths that no child may read. Raises SandboxError where a child may, or where the jail does not hold; what
    was yielded until then stands.
    """
    waiting = iter(submissions)
    turn = threading.Lock()
    stop = threading.Event()
    gate = Gate()
    done: queue.Queue = queue.Queue(maxsize=2 * jobs)

    def next_submission() -> Submission | None:
        with turn:
            return None if stop.is_set() else next(waiting, None)

    def work() -> None:
        try:
            with Runner(limits, weak=weak, alone=gate.alone) as runner:
                _require_invisible(runner, () if weak else apart)
                with gate.shared():
                    done.put(self_test(runner, weak))
                while (submission := next_submission()) is not None:
                    with gate.shared():
                        marks = mark_submission(submission, questions, runner, limits, lambda: not stop.is_set())
                    done.put((submission, marks))
                if not stop.is_set():
                    with gate.shared():
                        done.put(self_test(runner, weak))
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
        yield from _results(done, len(threads))
    finally:
        stop.set()
        _drain(done, threads)


def mark_submission(
    submission: Submission,
    questions: Mapping[str, GradedQuestion],
    runner: Runner,
    limits: Limits,
    go_on: Callable[[], bool] = lambda: True,
) -> Marks:
    """Mark one submission; what could not be read is rejected, with the reason that was found when it was listed.

    A fault in the grader itself leaves this submission ungraded, and does no harm to the others.
    """
    if submission.reject is not None:
        return Marks({}, reject=submission.reject)
    try:
        return mark(submission.data, questions, runner, limits, go_on)
    except Stopped:
        raise
    except Exception:
        logging.getLogger(__name__).exception("%s could not be graded: the grader itself failed.", submission.path)
        return Marks({}, ungraded=tuple(questions))


def _require_invisible(runner: Runner, paths: Sequence[Path]) -> None:
    for path in paths:
        if runner.visible(path):
            raise SandboxError(
                f"{path} lies where answers may read. Move it to a folder of your own, in your home folder."
            )


def self_test(runner: Runner, weak: bool) -> Proof:
    """Try to break out of the jail; raises SandboxError where it does not hold, unless `weak`."""
    return Proof(runner.layers, proof.self_test(runner, weak=weak), weak)


def _results(done: queue.Queue, running: int) -> Iterator:
    """Yield what the threads give until the last has ended; raise what one of them raised."""
    while running:
        result = done.get()
        if result is None:
            running -= 1
        elif isinstance(result, BaseException):
            raise result
        else:
            yield result


def _drain(done: queue.Queue, threads: list[threading.Thread]) -> None:
    """Wait until every thread has ended its runner; take what they still give, so that none of them waits for us."""
    for thread in threads:
        while thread.is_alive():
            try:
                done.get(timeout=0.05)
            except queue.Empty:
                thread.join(0.05)
