"""What ``Studio`` and ``Live`` share: a desk, a task for the worker, a still for later, an end that leaves nothing."""

import os
import threading
import time

from nstlib.studio import elsewhere, kernel
from nstlib.studio.desk import Desk
from nstlib.studio.still import Still
from nstlib.studio.worker import Task
from nstlib.transfer import Picture

WAITS = 0.02  # seconds between two looks at whether a run has ended


class Panel:
    """A picture and the controls that rerun it. Running its cell again closes it and shows the new one in its place.

    A subclass calls ``super().__init__`` with its desk and its task, then ``kernel.register(self)``.
    """

    BY_CODE = ""  # how to use it where it cannot be shown
    FLIPBOOKS = False  # whether the flipbooks show what it does

    def __init__(self, desk: Desk, task: Task) -> None:
        self.desk = desk
        self.task = task
        self.still = Still(flipbooks=self.FLIPBOOKS)
        self.lock = threading.RLock()  # around what the worker's reports change
        self._picture: Picture | None = None
        self.desk.on_msg(self._see_views)

    @property
    def is_shown(self) -> bool:
        """Whether a page shows it."""
        return self.desk.is_shown

    @property
    def was_left(self) -> bool:
        """Whether no page shows it any more."""
        return self.desk.was_left

    @property
    def picture(self) -> Picture | None:
        """The picture on the screen, float32 (3,H,W) in [0,1]; None before the first step."""
        return self._picture

    def start(self) -> None:
        """Run from the beginning with what the controls say now."""
        raise NotImplementedError

    def wait(self) -> None:
        """Wait until its run has ended, or pauses.

        >>> from nstlib.studio import Studio
        >>> studio = Studio("cat", "night", size=64, steps=2)
        >>> studio.start()
        >>> studio.wait()
        >>> len(studio.totals)
        2
        >>> studio.close()
        """
        while kernel.WORKER.busy(self.task):
            time.sleep(WAITS)

    def close(self) -> None:
        """End the runs and remove the panel."""
        kernel.WORKER.close(self.task)
        kernel.forget(self)
        with self.lock:
            self.desk.close()
            self.still.close()

    def remove(self) -> None:
        """Close, and let go of everything: IPython's `Out` keeps this object for as long as the kernel runs."""
        self.close()
        vars(self).clear()

    def __getattr__(self, name: str):
        """Explain why a removed panel has no attributes; Python calls this only for attributes that are missing."""
        reason = "" if vars(self) else "; it was removed when its cell was run again: use the one on the screen now"
        raise AttributeError(f"This {type(self).__name__} has no {name!r}{reason}.")

    def _see_views(self, _, content: object, buffers: list) -> None:
        """Remove what a page no longer shows, once a view has gone."""
        if isinstance(content, dict) and content.get("kind") == "gone":
            kernel.remove_left()

    def _repr_mimebundle_(self, **kwargs):
        if name := elsewhere.host():
            return elsewhere.instead(name, self.BY_CODE, flipbooks=self.FLIPBOOKS)
        self.still.show()
        self.start()
        if os.environ.get("NST_TEST"):
            self.wait()  # so that the still is there before the cell ends: what comes later nobody stores
        shown = self.desk._repr_mimebundle_(**kwargs)
        bundle, *metadata = shown if isinstance(shown, tuple) else (shown,)
        more = f" {elsewhere.FLIPBOOKS}." if self.FLIPBOOKS else ""
        return {**bundle, "text/plain": elsewhere.TEXT + more}, *metadata

    def _display_(self) -> Desk:
        """Return what marimo shows."""
        self.start()
        return self.desk
