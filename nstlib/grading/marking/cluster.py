"""Mark submissions on dask.distributed's workers, each of which has a parent, runners and zygotes of its own.

Submissions and the bundle's tests travel to the workers, and marks come back; nothing that comes from a child is
unpickled, here or there. Hidden tests cross the network: use Dask's TLS, or a network that you trust.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from nstlib.errors import NstError
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.marking.gate import Gate
from nstlib.grading.marking.local import Proof, mark_submission, self_test
from nstlib.grading.marking.marking import Marks
from nstlib.grading.records.versions import environment
from nstlib.grading.runner.runner import Runner
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions.find import Submission

__all__ = ["ClusterError", "marker"]

AHEAD = 3  # submissions that each thread has been sent, so that it never waits for one
PATIENCE = 60.0  # seconds without a worker until the run gives up


class ClusterError(NstError):
    """The cluster cannot be used; the message says why and what to do."""


def marker(scheduler: str, *, weak: bool):
    """Return a marker for ``grade`` that works on the cluster whose scheduler has this address.

    If a worker is lost, others mark its submissions. Raises ClusterError.
    """

    def mark_submissions(
        submissions: Iterable[Submission], questions: Mapping[str, GradedQuestion], limits: Limits
    ) -> Iterator[tuple[Submission, Marks] | Proof]:
        with _connect(scheduler) as client, _closing_runners(client):
            _require_same_versions(client)
            scattered = client.scatter(dict(questions), broadcast=True, hash=False)
            waiting = iter(submissions)
            sent = {}
            arriving = as_completed(loop=client.loop)

            def send() -> None:
                while len(sent) < AHEAD * max(1, sum(client.nthreads().values())):
                    submission = next(waiting, None)
                    if submission is None:
                        return
                    future = client.submit(_mark, submission, scattered, limits, weak, pure=False)
                    sent[future.key] = submission
                    arriving.add(future)

            send()
            while sent:
                future = _wait_for_next(arriving, client)
                submission = sent.pop(future.key)
                proof, marks = _result(future, questions)
                future.release()
                if proof is not None:
                    yield proof
                yield submission, marks
                send()
            trials = [_submit_to(client, worker, _try_jails, limits, weak) for worker in client.nthreads()]
            yield from client.gather(trials)

    return mark_submissions


def _connect(scheduler: str) -> Client:
    try:
        return Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as fault:
        raise ClusterError(
            f"There is no Dask scheduler at {scheduler!r} ({fault}). Start one with: dask scheduler"
        ) from None


def _require_same_versions(client: Client) -> None:
    """Refuse workers with other versions, whose numbers may be others."""
    versions = client.run(environment)
    if not versions:
        raise ClusterError("The scheduler has no worker. Start one with: dask worker tcp://… --nthreads 2")
    here = environment()
    for address in sorted(versions):
        if versions[address] != here:
            raise ClusterError(f"Expected {here} on the worker {address}, got {versions[address]}. Make them the same.")


def _wait_for_next(arriving: as_completed, client: Client) -> Future:
    """Wait for a result, as long as there are workers that can give one."""
    alone_since = None
    while arriving.count() and not arriving.has_ready():
        if client.scheduler_info()["workers"]:
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since > PATIENCE:
            raise ClusterError("All workers are gone. Start others and run the same command again: marks are kept.")
        time.sleep(0.02)
    return next(arriving)


def _result(future: Future, questions: Mapping[str, GradedQuestion]) -> tuple[Proof | None, Marks]:
    try:
        return future.result()
    except KilledWorker:  # one worker after another died of it, and we cannot tell that the student is to blame
        return None, Marks({}, ungraded=tuple(questions))


@contextmanager
def _closing_runners(client: Client) -> Iterator[None]:
    """Close the runners on all workers at the end, however it comes."""
    try:
        yield
    finally:
        with suppress(Exception):  # a cluster that is gone has no runners
            client.cancel(list(client.futures.values()))
            client.gather([_submit_to(client, worker, _close_runners) for worker in client.nthreads()], errors="skip")


def _submit_to(client: Client, worker: str, function: Callable, *arguments: object) -> Future:
    return client.submit(function, *arguments, workers=[worker], pure=False)


# On a worker

_state: dict[str, Any] = {"gate": Gate(), "runners": {}, "lock": threading.Lock()}


def _runner(limits: Limits, weak: bool) -> tuple[Runner, bool]:
    """Return this thread's runner, and whether it is new."""
    key = (threading.get_ident(), limits, weak)
    with _state["lock"]:
        runner = _state["runners"].get(key)
    if runner is not None:
        return runner, False
    runner = Runner(limits, weak=weak, alone=_state["gate"].alone)
    with _state["lock"]:
        _state["runners"][key] = runner
    return runner, True


def _mark(
    submission: Submission, questions: Mapping[str, GradedQuestion], limits: Limits, weak: bool
) -> tuple[Proof | None, Marks]:
    """Mark a submission; the first of a runner comes with a Proof of its jail."""
    runner, new = _runner(limits, weak)
    with _state["gate"].shared():
        proof = self_test(runner, weak) if new else None
        return proof, mark_submission(submission, questions, runner, limits)


def _try_jails(limits: Limits, weak: bool) -> Proof:
    """Try all jails of a worker once more, at the end; for a worker that has none, make one and try that."""
    with _state["lock"]:
        runners = list(_state["runners"].values())
    runners = runners or [_runner(limits, weak)[0]]
    with _state["gate"].shared():
        proofs = [self_test(runner, weak) for runner in runners]
    escapes = sorted({escape for proof in proofs for escape in proof.escapes})
    return Proof(proofs[0].layers, tuple(escapes), weak)


def _close_runners() -> None:
    with _state["lock"]:
        runners = list(_state["runners"].values())
        _state["runners"].clear()
    for runner in runners:
        runner.close()
