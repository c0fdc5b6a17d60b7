"""Marking on a cluster gives the bytes of a local run, also when a worker is lost."""

import os
import signal

import pytest

from nstlib.grading.run import grade
from nstlib.grading.sandbox.limits import Limits
from tests.grading.classes import GRAM, gram, outputs, right, write
from tests.grading.conftest import left_over

distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install -e '.[cluster]'")
from nstlib.grading.marking import cluster  # noqa: E402, it needs distributed
from nstlib.grading.records import versions  # noqa: E402

pytestmark = pytest.mark.slow
RIGHT = right(GRAM)[GRAM]
LIMITS = Limits(wall=2)


@pytest.fixture(scope="module")
def workers():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local_cluster:
        yield local_cluster


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    students = {f"s{number:02}": gram(RIGHT + f"\n# {number}") for number in range(16)}
    students |= {"s04": b"<html>", "s05": gram("def gram_matrix(f):\n    return f.flatten(1).T @ f.flatten(1)")}
    return write(tmp_path_factory.mktemp("class") / "in", students)


@pytest.fixture(scope="module")
def local(jail, folder, made, tmp_path_factory):
    out = tmp_path_factory.mktemp("graded") / "local"
    grade(folder, made, out, limits=LIMITS)
    return outputs(out)


@pytest.mark.parametrize("lost", [True, pytest.param(False, marks=pytest.mark.matrix)])
def test_a_cluster_gives_the_bytes_of_a_local_run_also_when_a_worker_is_lost(
    lost, folder, made, local, workers, tmp_path
):
    before = {worker.pid for worker in workers.workers.values()}

    def progress(done, of):
        if lost and done == 5:
            os.kill(min(before), signal.SIGKILL)

    remote = cluster.marker(workers.scheduler_address, weak=False)
    graded = grade(folder, made, tmp_path / "remote", marker=remote, progress=progress, limits=LIMITS)
    assert outputs(tmp_path / "remote") == local and graded.marked_now == 16
    assert (min(before) in {worker.pid for worker in workers.workers.values()}) is not lost
    assert all(left_over(pid) == [] for pid in before)


@pytest.mark.parametrize(
    ("by_worker", "message"),
    [({"tcp://w1": versions.environment() | {"torch": "1.0"}}, "Make them the same"), ({}, "no worker. Start")],
)
def test_workers_with_other_versions_or_none_at_all_are_refused(
    by_worker, message, folder, made, tmp_path, monkeypatch
):
    class Cluster:
        def __enter__(self):
            return self

        def __exit__(self, *fault):
            pass

        def run(self, function):
            return by_worker

    monkeypatch.setattr(cluster, "Client", lambda *given, **more: Cluster())
    with pytest.raises(cluster.ClusterError, match=message):
        grade(folder, made, tmp_path / "out", marker=cluster.marker("tcp://127.0.0.1:9", weak=False))


def test_without_a_scheduler_a_sentence_says_what_to_start(folder, made, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "Client", lambda *a, **more: (_ for _ in ()).throw(OSError("refused")))
    with pytest.raises(cluster.ClusterError, match="dask scheduler"):
        grade(folder, made, tmp_path / "out", marker=cluster.marker("tcp://127.0.0.1:9", weak=False))
