"""``Live("β", (0.1, 1, 10), run)`` as the last line of a cell: one slider, and a picture that follows it."""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ipywidgets as widgets

from nstlib.errors import NstError, in_words
from nstlib.studio import kernel
from nstlib.studio.base import Panel
from nstlib.studio.screen import Screen
from nstlib.studio.worker import Task
from nstlib.transfer import Picture

__all__ = ["Live"]

TEST_STEPS = 3  # pictures made of each value where tests run a notebook


class Live(Panel):
    """A slider over a few values; each move cancels what is running and starts `run(value)`.

    run(value) yields pairs of a picture (3,H,W) in [0,1] and a sentence about it: one pair, or one for each step of an
    optimisation. If it raises, the message appears below the picture. Where tests run the notebook (NST_TEST=1) there
    is no slider: each value's third pair is made, and its sentence printed.

    Raises NstError if there are no values; ``lines()`` also if a run yields nothing.

    >>> import torch
    >>> def run(level):
    ...     for step in range(1, 5):
    ...         yield torch.full((3, 8, 8), level * step / 10), f"grey {level * step / 10}"
    >>> live = Live("level", (1, 2), run)
    >>> live.lines()
    ['level = 1: grey 0.3', 'level = 2: grey 0.6']
    >>> live.slider.value = 2  # runs in the background, and the picture follows
    >>> live.close()
    """

    def __init__(self, name: str, values: Sequence[Any], run: Callable[[Any], Iterator[tuple[Picture, str]]]) -> None:
        if not values:
            raise NstError(f"Expected at least one value, got none: write Live({name!r}, (1, 10), run).")
        self._run = run
        self._values = tuple(values)
        self._sentence = ""
        self.screen = Screen()
        self.slider = widgets.SelectionSlider(
            options=[(str(value), value) for value in values], description=name, continuous_update=True
        )
        self.task = Task(self._make, self._report)
        self.panel = widgets.VBox([self.screen.frame, self.slider, self.screen.status, self.screen.page])
        self.panel.add_class("nst-studio")
        self.slider.observe(lambda change: self.start(), "value")
        kernel.register(self)

    def start(self) -> None:
        """Run the slider's value from the beginning."""
        kernel.WORKER.submit(self.task, self.slider.value)

    def lines(self) -> list[str]:
        """Return a line for each value: its sentence after a few steps."""
        lines = []
        for value in self._values:
            pairs = list(itertools.islice(self._run(value), TEST_STEPS))
            if not pairs:
                raise NstError(f"run({value!r}) yielded nothing: yield pairs of a picture and a sentence.")
            _, sentence = pairs[-1]
            lines.append(f"{self.slider.description} = {value}: {sentence}")
        return lines

    def _repr_mimebundle_(self, **kwargs):
        if os.environ.get("NST_TEST"):
            return {"text/plain": "\n".join(self.lines())}
        return super()._repr_mimebundle_(**kwargs)

    # On the worker's thread

    def _make(self, value: Any, check: Callable[[], None]) -> Iterator[tuple[Picture, str]]:
        for pair in self._run(value):
            check()
            yield pair

    def _report(self, event: str, value: Any) -> None:
        with self.screen.lock:
            if event == "started":
                self.screen.reset_pace()
                self.screen.say("Running.")
            elif event == "item":
                self.screen.picture, self._sentence = value
                if self.screen.due():
                    self.screen.paint()
            elif event == "failed":
                self.screen.say(in_words(value) or f"{value}", alert=True)
            else:
                self.screen.paint()
                self.screen.say(f"{self._sentence}" if event == "done" else f"Stopped. {self._sentence}")
                self.screen.describe(f"{self.slider.description} = {self.slider.label}")
