"""One runner for a file's tests; a machine that cannot jail skips them, and says why."""

import os
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psutil
import pytest

from nstlib.grading.bundle import bundle
from nstlib.grading.runner.runner import Runner, SandboxError
from nstlib.grading.sandbox import zygote
from nstlib.grading.sandbox.limits import Limits

QUICK = Limits(wall=1.0, cpu=2, memory=512 << 20, session=2.0)


@contextmanager
def running(limits=QUICK, **more):
    try:
        runner = Runner(limits, **more)
    except SandboxError as why:
        pytest.skip(f"cannot jail here: {why}")
    with runner:
        assert runner.pid in _family(runner.pid), "the search for left-over processes finds no zygote at all"
        yield runner
    assert left_over(runner.pid) == []


def left_over(zygote_pid: int, seconds: float = 10.0) -> list[int]:
    """Return the processes of this zygote that are still there after so many seconds; itself, too."""
    until = time.monotonic() + seconds
    while (processes := _family(zygote_pid)) and time.monotonic() < until:
        time.sleep(0.02)
    return processes


def _family(zygote_pid: int) -> list[int]:
    """Return the zygote, what it forked, and what was forked by a zygote that is gone."""
    processes = []
    for process in psutil.process_iter():
        try:
            ours = zygote.__file__ in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
            if ours and (process.ppid() == 1 or zygote_pid in (process.pid, process.ppid(), os.getsid(process.pid))):
                processes.append(process.pid)
        except (psutil.Error, ProcessLookupError):
            continue
    return processes


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A bundle of all questions; not to be changed."""
    return bundle.new(
        tmp_path_factory.mktemp("class") / "autumn", secret=bytes(range(32)), created=date(2026, 9, 1), by_hand=False
    )


@pytest.fixture(scope="module")
def runner():
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def jail():
    """Skip where no jail can be had. From then on its errors are faults: a proof that fails is no reason to skip."""
    with running():
        pass


@pytest.fixture
def canary(tmp_path) -> Path:
    file = tmp_path / "canary"
    file.write_text("hidden tests")
    return file
