"""``Live("β", (0.1, 1, 10), run)`` as the last line of a cell: one slider, and a picture that follows it."""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ipywidgets as widgets

from nstlib.studio import kernel
from nstlib.studio.screen import Screen, close
from nstlib.studio.worker import Task
from nstlib.transfer import Picture

__all__ = ["Live"]

TESTED = 3  # pictures of each value that are made where tests run a notebook


class Live:
    """A slider over a few values; each move runs `run(value)` anew and calls off what runs.

    run(value) yields pairs of a picture (3,H,W) in [0,1] and a sentence about it: one pair, or one for each step of an
    optimisation. An exception that it raises is said below the picture. Where tests run the notebook (NST_TEST=1) there
    is no slider: each value's third pair is made, and its sentence printed.

    Raises ValueError where there are no values; ``lines()`` also where a run yields nothing.
    """

    def __init__(self, name: str, values: Sequence[Any], run: Callable[[Any], Iterator[tuple[Picture, str]]]) -> None:
        if not values:
            raise ValueError(f"Live({name!r}) was given no values; give those that the slider shall have.")
        self._run, self._values = run, tuple(values)
        self.screen, self._words = Screen(), ""
        self.slider = widgets.SelectionSlider(
            options=[(str(value), value) for value in values], description=name, continuous_update=True
        )
        self.task = Task(self._make, self._report)
        self.panel = widgets.VBox([self.screen.frame, self.slider, self.screen.status, self.screen.page])
        self.panel.add_class("nst-studio")
        self.slider.observe(lambda change: self.start(), "value")
        kernel.register(self)

    @property
    def picture(self) -> Picture | None:
        """The picture that is shown; None before the first."""
        return self.screen.picture

    def start(self) -> None:
        """Run the slider's value from the beginning."""
        kernel.WORKER.ask(self.task, self.slider.value)

    def lines(self) -> list[str]:
        """What is said of each value after a few steps."""
        said = []
        for value in self._values:
            pairs = list(itertools.islice(self._run(value), TESTED))
            if not pairs:
                raise ValueError(f"run({value!r}) gave nothing; it shall yield pairs of a picture and a sentence.")
            _, words = pairs[-1]
            said.append(f"{self.slider.description} = {value}: {words}")
        return said

    def close(self) -> None:
        """End the run and remove the widgets."""
        kernel.WORKER.close(self.task)
        kernel.forget(self)
        with self.screen.lock:
            close(self.panel)

    def remove(self) -> None:
        """Close, and let go of the pictures: IPython's `Out` keeps this object for as long as the kernel runs."""
        self.close()
        vars(self).clear()

    def _repr_mimebundle_(self, **kwargs):
        if os.environ.get("NST_TEST"):
            return {"text/plain": "\n".join(self.lines())}
        self.start()
        return self.panel._repr_mimebundle_(**kwargs)

    # On the worker's thread

    def _make(self, value: Any, check: Callable[[], None]) -> Iterator[tuple[Picture, str]]:
        for pair in self._run(value):
            check()
            yield pair

    def _report(self, event: str, value: Any) -> None:
        with self.screen.lock:
            if event == "started":
                self.screen.begin()
                self.screen.say("Running.")
            elif event == "item":
                self.screen.picture, self._words = value
                if self.screen.due():
                    self.screen.paint()
            elif event == "failed":
                self.screen.say(f"{value}", alert=True)
            else:
                self.screen.paint()
                self.screen.say(f"{self._words}" if event == "done" else f"Stopped. {self._words}")
                self.screen.describe(f"{self.slider.description} = {self.slider.label}")
