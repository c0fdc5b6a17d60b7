"""What panels of one kernel share: cells that show them, and the stop button."""

import types

import pytest
from IPython.core.events import EventManager, available_events

from nstlib.studio import Studio, kernel
from tests.studio.conftest import finished, said
from tests.studio.waiting import until


@pytest.fixture
def shell(monkeypatch):
    made = types.SimpleNamespace(
        get_parent=lambda: {"metadata": {"cellId": made.cell}},
        cell="one",
        kernel=types.SimpleNamespace(saved_sigint_handler=None),
    )
    made.events = EventManager(made, available_events)
    monkeypatch.setattr(kernel, "get_ipython", lambda: made)
    yield made
    kernel._shown.clear()


def test_running_a_cell_again_removes_its_old_studio(shell):
    first = Studio(size=64, steps=500)
    first.start()
    task = first.task
    second = Studio(size=64, steps=2)
    assert task.closed and not second.task.closed and kernel._shown["one"] is second
    with pytest.raises(AttributeError, match="removed when its cell was run again"):
        first.settings()
    second.start()
    finished(second)
    second.close()
    assert not kernel._shown


def test_two_cells_show_two_studios(shell):
    first = Studio(size=64, steps=3)
    shell.cell = "two"
    second = Studio(size=64, steps=3)
    for studio in (first, second):
        studio.start()
    for studio in (first, second):
        finished(studio)
        studio.close()


def test_a_cell_that_is_interrupted_stops_the_runs(shell):
    studio = Studio(size=64, steps=5000)
    studio.start()
    until(lambda: studio.totals)
    shell.events.trigger("post_run_cell", types.SimpleNamespace(error_in_exec=ValueError()))
    shell.events.trigger("post_run_cell", types.SimpleNamespace(error_in_exec=KeyboardInterrupt()))
    until(lambda: said(studio).startswith("Stopped after"))
    assert not kernel.WORKER.busy()
    studio.close()


def test_an_interrupt_while_no_cell_runs_stops_the_runs(shell):
    studio = Studio(size=64, steps=5000)
    studio.start()
    until(lambda: studio.totals)
    shell.kernel.saved_sigint_handler(2, None)
    until(lambda: said(studio).startswith("Stopped after"))
    studio.start()
    until(lambda: said(studio).startswith("Running"))
    studio.close()
