"""What panels of one kernel share: the worker, which cell shows which panel, and what the stop button does."""

import contextlib
from typing import Protocol

from IPython import get_ipython

from nstlib.studio.worker import Worker

WORKER = Worker()
_shown: dict[str, "Panel"] = {}  # by the cell that shows it


class Panel(Protocol):
    """Whatever can be removed."""

    def remove(self) -> None:
        """End the runs, remove the widgets, and let go of everything."""


def register(panel: Panel) -> None:
    """Take the place of the panel that the running cell showed before, and obey the stop button from now on."""
    shell = get_ipython()
    if shell is None:
        return
    cell = _cell(shell)
    if cell:
        before = _shown.pop(cell, None)
        if before is not None:
            before.remove()
        _shown[cell] = panel
    _obey_interrupts(shell)


def forget(panel: Panel) -> None:
    """Keep no reference to a panel that was closed."""
    for cell in [cell for cell, shown in _shown.items() if shown is panel]:
        del _shown[cell]


def _cell(shell) -> str | None:
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    return (parent or {}).get("metadata", {}).get("cellId")


def _obey_interrupts(shell) -> None:
    """Let an interrupt stop the runs: one that ends a cell, and one that comes while no cell runs."""
    if hasattr(shell, "events"):
        with contextlib.suppress(ValueError):  # not registered yet
            shell.events.unregister("post_run_cell", _after_cell)
        shell.events.register("post_run_cell", _after_cell)
    kernel = getattr(shell, "kernel", None)
    if hasattr(kernel, "saved_sigint_handler"):  # what ipykernel puts back after each cell; ignoring, by itself
        kernel.saved_sigint_handler = _on_signal


def _after_cell(result) -> None:
    if isinstance(result.error_in_exec, KeyboardInterrupt):
        WORKER.stop_all()


def _on_signal(number, frame) -> None:
    WORKER.stop_all()
