"""What panels of one kernel share: cells that show them, and the stop button."""

import signal
import sys
import types

import pytest

from nstlib.studio import Studio, kernel
from tests.studio.conftest import sentence, tell, wait_for_end
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
    kernel._by_text.clear()
    kernel._told.clear()


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


def test_without_cell_ids_a_cell_is_known_by_its_text(shell):
    shell.get_parent = lambda: {"metadata": {}, "content": {"code": "studio"}}
    studios = [Studio(size=64, steps=2) for _ in range(3)]
    assert [studio for studio in studios if vars(studio)] == studios[-1:]
    studios[-1].close()


@pytest.fixture
def nameless(shell):
    """Give a function that makes a studio in a cell of this text, without an id."""

    def made(text):
        shell.get_parent = lambda: {"metadata": {}, "content": {"code": text}}
        return Studio(size=64, steps=2)

    return made


@pytest.mark.parametrize("gone_first", [True, False])
def test_without_cell_ids_an_edited_cell_leaves_no_panel_that_its_page_has_cleared(gone_first, nameless):
    """The output is cleared before the cell runs, or when it shows something new."""
    first = nameless("studio 1")
    tell(first, "hello")
    if gone_first:
        tell(first, "gone")
    assert vars(first)  # a front end may only have scrolled it out of sight
    second = nameless("studio 2")
    if not gone_first:
        tell(first, "gone")
    assert not vars(first) and vars(second)
    second.close()


def test_without_cell_ids_panels_that_a_page_shows_stay_and_this_is_said_once(nameless, capsys):
    studios = []
    for number in range(3):
        studios.append(nameless(f"studio {number}"))
        tell(studios[-1], "hello")
    tell(studios[0], "hello")  # a second view
    tell(studios[0], "gone")
    assert all(map(vars, studios))
    assert capsys.readouterr().out == f"{kernel.TEXT_ALONE}\n"
    for studio in studios:
        studio.close()
    assert not kernel._by_text


def test_nothing_is_said_of_panels_that_no_page_shows_yet(nameless, capsys):
    """As where a notebook runs without a page: nobody edits its cells."""
    studios = [nameless(f"studio {number}") for number in range(2)]
    assert capsys.readouterr().out == ""
    for studio in studios:
        studio.close()


def test_a_panel_whose_cell_has_an_id_stays_when_its_page_goes(shell):
    first = Studio(size=64, steps=2)
    tell(first, "hello")
    tell(first, "gone")
    shell.cell = "two"
    second = Studio(size=64, steps=2)
    assert vars(first)
    for studio in (first, second):
        studio.close()


def test_marimo_removes_a_panel_with_its_cell(monkeypatch):
    items = []
    registry = types.SimpleNamespace(cell_lifecycle_registry=types.SimpleNamespace(add=items.append))
    context = types.SimpleNamespace(get_context=lambda: registry)
    monkeypatch.setitem(sys.modules, "marimo", types.ModuleType("marimo"))
    monkeypatch.setitem(sys.modules, "marimo._runtime.context", context)
    monkeypatch.setattr(kernel, "get_ipython", lambda: None)
    studio = Studio(size=64, steps=500)
    assert studio._display_() is studio.desk
    until(lambda: studio.totals)
    task, (item,) = studio.task, items
    assert item.dispose(registry, deletion=False) and task.closed
    until(lambda: not kernel.WORKER.busy())


def test_another_marimo_leaves_a_panel_to_its_end(monkeypatch):
    monkeypatch.setitem(sys.modules, "marimo", types.ModuleType("marimo"))
    monkeypatch.setattr(kernel, "get_ipython", lambda: None)
    studio = Studio(size=64, steps=2)
    studio.start()
    wait_for_end(studio)
    studio.close()
