"""What panels of one kernel share: the worker, which cell shows which panel, and what the stop button does."""

import contextlib
import signal
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
    """Let the kernel's interrupt stop the runs, too: while a cell runs, a slider's message is read, or nothing is done.

    ipykernel sets a handler before each message and another one after it. Its own of these two are lost where two
    messages overlap, so ours are set anew with each.
    """
    kernel = getattr(shell, "kernel", None)
    if not hasattr(kernel, "saved_sigint_handler"):
        return

    def before_message() -> None:
        kernel.saved_sigint_handler = _while_idle
        signal.signal(signal.SIGINT, _while_busy)

    kernel.pre_handler_hook = before_message
    with contextlib.suppress(ValueError):  # not on the main thread; the next message's hook does it
        before_message()


def _while_idle(number, frame) -> None:
    WORKER.stop_all()


def _while_busy(number, frame) -> None:
    WORKER.stop_all()
    signal.default_int_handler(number, frame)
