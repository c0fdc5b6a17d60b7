"""What all panels of a kernel share: the worker, the list of cells with a panel, and the stop button."""

import contextlib
import signal
import sys
from typing import Protocol

from IPython import get_ipython

from nstlib.studio.worker import Worker

WORKER = Worker()
_panels: dict[str, "Removable"] = {}  # by the id of the cell that shows it, or by its text
_by_text: list["Removable"] = []  # those of cells without an id, the newest last
_told: set[str] = set()  # what was said in this kernel
TEXT_ALONE = (
    "This front end does not say which cell it runs: if an edited cell leaves its earlier panel, close() ends it."
)


class Removable(Protocol):
    """A panel, as far as this module knows it."""

    @property
    def is_shown(self) -> bool:
        """Whether a page shows it."""

    @property
    def was_left(self) -> bool:
        """Whether no page shows it any more."""

    def remove(self) -> None:
        """End the runs, remove the widgets and let go of everything."""


def register(panel: Removable) -> None:
    """Replace the panel that the running cell showed before, and from now on obey the stop button."""
    shell = get_ipython()
    if shell is None:
        _end_with_marimo_cell(panel)
        return
    parent = (shell.get_parent() if hasattr(shell, "get_parent") else None) or {}
    cell, text = parent.get("metadata", {}).get("cellId"), parent.get("content", {}).get("code")
    if cell or text:
        previous = _panels.pop(cell or text, None)
        if previous is not None:
            previous.remove()
        _panels[cell or text] = panel
    if text and not cell:
        _by_text.append(panel)
        remove_left()
        if any(other.is_shown for other in _by_text[:-1]) and TEXT_ALONE not in _told:
            _told.add(TEXT_ALONE)
            print(TEXT_ALONE)
    _obey_interrupts(shell)


def forget(panel: Removable) -> None:
    """Drop the reference to a panel that was closed."""
    for cell in [cell for cell, other in _panels.items() if other is panel]:
        del _panels[cell]
    _by_text[:] = [other for other in _by_text if other is not panel]


def remove_left() -> None:
    """Remove what an edited cell has left: panels of cells without an id that no page shows, but for the newest."""
    for panel in _by_text[:-1]:
        if panel.was_left:
            panel.remove()


def in_notebook() -> bool:
    """Say whether somebody could see a panel: IPython runs in a kernel."""
    return hasattr(get_ipython(), "kernel")


class _MarimoItem:
    """What marimo disposes of before it runs a cell again, deletes it, or ends."""

    def __init__(self, panel: Removable) -> None:
        self._panel = panel

    def create(self, context: object) -> None:
        """Do nothing: the panel is there already."""

    def dispose(self, context: object, deletion: bool) -> bool:
        """Remove the panel, and say that it is gone."""
        self._panel.remove()
        return True


def _end_with_marimo_cell(panel: Removable) -> None:
    """Have marimo remove a panel with what its cell has made; marimo says so in no public way."""
    if "marimo" in sys.modules:
        with contextlib.suppress(Exception):  # outside a cell, or another marimo: the run ends by itself
            sys.modules["marimo._runtime.context"].get_context().cell_lifecycle_registry.add(_MarimoItem(panel))


def _obey_interrupts(shell) -> None:
    """Let the kernel's interrupt stop the runs too, whether a cell is running, a message is being read, or neither.

    ipykernel sets a signal handler before each message and restores the old one after it. Where two messages overlap,
    it loses a handler, so we set ours again before every message.
    """
    kernel = getattr(shell, "kernel", None)
    if not hasattr(kernel, "saved_sigint_handler"):
        return

    def before_message() -> None:
        kernel.saved_sigint_handler = _interrupt_while_idle
        signal.signal(signal.SIGINT, _interrupt_while_busy)

    kernel.pre_handler_hook = before_message
    with contextlib.suppress(ValueError):  # not on the main thread; the next message's hook does it
        before_message()


def _interrupt_while_idle(number, frame) -> None:
    WORKER.stop_all()


def _interrupt_while_busy(number, frame) -> None:
    WORKER.stop_all()
    signal.default_int_handler(number, frame)
