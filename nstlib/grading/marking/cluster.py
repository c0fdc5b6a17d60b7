"""Mark submissions on dask.distributed's workers: each has a parent, runners and zygotes of its own.

A submission's bytes and the bundle's tests travel there, marks come back; nothing of a child's is unpickled, here or
there. Hidden tests cross the network, so the cluster must be yours: use Dask's TLS, or a network that you trust.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from distributed import Client, Future, KilledWorker, as_completed

from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.marking.gate import Gate
from nstlib.grading.marking.local import Proof, marks_of, proved
from nstlib.grading.marking.marking import Marks
from nstlib.grading.records.versions import environment
from nstlib.grading.runner.runner import Runner
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions.find import Submission

__all__ = ["ClusterError", "marker"]

AHEAD = 3  # submissions sent to each thread before it needs them
PATIENCE = 60.0  # seconds without any worker after which the run is given up


class ClusterError(RuntimeError):
    """The cluster cannot be used; the message says why and what to do."""


def marker(scheduler: str, *, weak: bool):
    """Return a marker, as ``grading.grade`` takes it, that works on the cluster of this scheduler's address.

    A lost worker's submissions are marked by others. Raises ClusterError.
    """

    def marked(
        submissions: Iterable[Submission], asked: Mapping[str, GradedQuestion], limits: Limits
    ) -> Iterator[tuple[Submission, Marks] | Proof]:
        with _client(scheduler) as client, _ended(client):
            _require_same_versions(client)
            tests = client.scatter(dict(asked), broadcast=True, hash=False)
            left, sent = iter(submissions), {}
            arriving = as_completed(loop=client.loop)

            def send() -> None:
                while len(sent) < AHEAD * max(1, sum(client.nthreads().values())):
                    submission = next(left, None)
                    if submission is None:
                        return
                    future = client.submit(_mark, submission, tests, limits, weak, pure=False)
                    sent[future.key] = submission
                    arriving.add(future)

            send()
            while sent:
                future = _next(arriving, client)
                submission = sent.pop(future.key)
                proof, marks = _result(future, asked)
                future.release()
                if proof is not None:
                    yield proof
                yield submission, marks
                send()
            yield from client.gather([_on(client, worker, _prove, limits, weak) for worker in client.nthreads()])

    return marked


def _client(scheduler: str) -> Client:
    try:
        return Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as fault:
        raise ClusterError(f"There is no Dask scheduler at {scheduler!r} ({fault}). Start: dask scheduler") from None


def _require_same_versions(client: Client) -> None:
    """Numbers of other versions are not this run's numbers."""
    if not (found := client.run(environment)):
        raise ClusterError("The scheduler has no worker. Start: dask worker tcp://… --nthreads 2")
    if other := sorted(address for address, versions in found.items() if versions != environment()):
        raise ClusterError(f"The worker {other[0]} has {found[other[0]]}; here is {environment()}. Make them the same.")


def _next(arriving: as_completed, client: Client) -> Future:
    """Wait for a result as long as there are workers to give one."""
    alone_since = None
    while arriving.count() and not arriving.has_ready():
        if client.scheduler_info()["workers"]:
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since > PATIENCE:
            raise ClusterError("All workers are gone. Start others and run the same command again; marks are kept.")
        time.sleep(0.02)
    return next(arriving)


def _result(future: Future, asked: Mapping[str, GradedQuestion]) -> tuple[Proof | None, Marks]:
    try:
        return future.result()
    except KilledWorker:  # one worker after the other died of it: no fault of the student's as far as we can tell
        return None, Marks({}, ungraded=tuple(asked))


@contextmanager
def _ended(client: Client) -> Iterator[None]:
    """End the runners on all workers, however the run ends."""
    try:
        yield
    finally:
        with suppress(Exception):  # a cluster that is gone has no runners
            client.cancel(list(client.futures.values()))
            client.gather([_on(client, worker, _end) for worker in client.nthreads()], errors="skip")


def _on(client: Client, worker: str, function: Callable, *given: object) -> Future:
    return client.submit(function, *given, workers=[worker], pure=False)


# On a worker

_here: dict[str, Any] = {"gate": Gate(), "runners": {}, "lock": threading.Lock()}


def _runner(limits: Limits, weak: bool) -> tuple[Runner, bool]:
    """Return this thread's runner, and whether it is new."""
    key = (threading.get_ident(), limits, weak)
    with _here["lock"]:
        runner = _here["runners"].get(key)
    if runner is not None:
        return runner, False
    runner = Runner(limits, weak=weak, alone=_here["gate"].alone)
    with _here["lock"]:
        _here["runners"][key] = runner
    return runner, True


def _mark(
    submission: Submission, asked: Mapping[str, GradedQuestion], limits: Limits, weak: bool
) -> tuple[Proof | None, Marks]:
    """Mark a submission; with what a new runner's jail was found to hold before its first."""
    runner, new = _runner(limits, weak)
    with _here["gate"].shared():
        proof = proved(runner, weak) if new else None
        return proof, marks_of(submission, asked, runner, limits)


def _prove(limits: Limits, weak: bool) -> Proof:
    """Try the jails of a worker that has marked, once more; a worker without a runner has one made and tried."""
    with _here["lock"]:
        runners = list(_here["runners"].values())
    runners = runners or [_runner(limits, weak)[0]]
    with _here["gate"].shared():
        found = [proved(runner, weak) for runner in runners]
    return Proof(found[0].layers, tuple(sorted({escape for each in found for escape in each.escapes})), weak)


def _end() -> None:
    with _here["lock"]:
        runners = list(_here["runners"].values())
        _here["runners"].clear()
    for runner in runners:
        runner.close()
