"""What panels of one kernel share: cells that show them, and the stop button."""

import signal
import types

import pytest

from nstlib.studio import Studio, kernel
from tests.studio.conftest import sentence, wait_for_end
from tests.studio.waiting import until


@pytest.fixture
def shell(monkeypatch):
    made = types.SimpleNamespace(
        get_parent=lambda: {"metadata": {"cellId": made.cell}},
        cell="one",
        kernel=types.SimpleNamespace(saved_sigint_handler=None, pre_handler_hook=None),
    )
    monkeypatch.setattr(kernel, "get_ipython", lambda: made)
    before = signal.getsignal(signal.SIGINT)
    yield made
    signal.signal(signal.SIGINT, before)
    kernel._panels.clear()


def test_running_a_cell_again_removes_its_old_studio(shell):
    first = Studio(size=64, steps=500)
    first.start()
    task = first.task
    second = Studio(size=64, steps=2)
    assert task.closed and not second.task.closed and kernel._panels["one"] is second
    with pytest.raises(AttributeError, match="removed when its cell was run again"):
        first.settings()
    second.start()
    wait_for_end(second)
    second.close()
    assert not kernel._panels


def test_two_cells_show_two_studios(shell):
    first = Studio(size=64, steps=3)
    shell.cell = "two"
    second = Studio(size=64, steps=3)
    for studio in (first, second):
        studio.start()
    for studio in (first, second):
        wait_for_end(studio)
        studio.close()


@pytest.fixture
def running(shell):
    studio = Studio(size=64, steps=5000)
    studio.start()
    until(lambda: studio.totals)
    yield studio
    studio.close()


def stopped(studio):
    until(lambda: sentence(studio).startswith("Stopped after"))
    return not kernel.WORKER.busy()


def test_an_interrupt_of_a_cell_stops_the_runs_and_the_cell(running):
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert stopped(running)


def test_an_interrupt_while_no_cell_runs_stops_the_runs_alone(shell, running):
    signal.signal(signal.SIGINT, shell.kernel.saved_sigint_handler)  # as ipykernel does after a message
    signal.raise_signal(signal.SIGINT)
    assert stopped(running)


def test_interrupts_are_obeyed_after_messages_that_overlap(shell, running):
    for _ in range(2):
        shell.kernel.pre_handler_hook()
    for _ in range(2):
        signal.signal(signal.SIGINT, shell.kernel.saved_sigint_handler)
    signal.raise_signal(signal.SIGINT)
    assert stopped(running)
