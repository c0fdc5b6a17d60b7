"""What ``Studio`` and ``Live`` share: a screen, a task for the worker, and an end that leaves nothing behind."""

import ipywidgets as widgets

from nstlib.studio import kernel
from nstlib.studio.screen import Screen, close_all
from nstlib.studio.worker import Task
from nstlib.transfer import Picture


class Panel:
    """A picture and the controls that rerun it. Running its cell again closes it and shows the new one in its place.

    A subclass sets the three attributes, then calls ``kernel.register(self)``.
    """

    screen: Screen
    task: Task
    panel: widgets.Box  # all its widgets

    @property
    def picture(self) -> Picture | None:
        """The picture on the screen, float32 (3,H,W) in [0,1]; None before the first step."""
        return self.screen.picture

    def start(self) -> None:
        """Run from the beginning with what the controls say now."""
        raise NotImplementedError

    def close(self) -> None:
        """End the runs and remove the widgets."""
        kernel.WORKER.close(self.task)
        kernel.forget(self)
        with self.screen.lock:
            close_all(self.panel)

    def remove(self) -> None:
        """Close, and let go of everything: IPython's `Out` keeps this object for as long as the kernel runs."""
        self.close()
        vars(self).clear()

    def __getattr__(self, name: str):
        """Explain why a removed panel has no attributes; Python calls this only for attributes that are missing."""
        reason = "" if vars(self) else "; it was removed when its cell was run again: use the one on the screen now"
        raise AttributeError(f"This {type(self).__name__} has no {name!r}{reason}.")

    def _repr_mimebundle_(self, **kwargs):
        self.start()
        return self.panel._repr_mimebundle_(**kwargs)
