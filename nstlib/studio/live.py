"""``Live("β", (0.1, 1, 10), run)`` as the last line of a cell: one slider, and a picture that follows it."""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nstlib.errors import NstError, in_words
from nstlib.studio import kernel
from nstlib.studio.base import Panel
from nstlib.studio.desk import Desk
from nstlib.studio.worker import Task
from nstlib.transfer import Picture

__all__ = ["Live"]

TEST_STEPS = 3  # pictures made of each value where tests run a notebook
NOTHING = "run({!r}) yielded nothing: yield pairs of a picture and a sentence."


class Live(Panel):
    """A slider over a few values; each move cancels what is running and starts `run(value)`.

    run(value) yields pairs of a picture (3,H,W) in [0,1] and a sentence about it: one pair, or one for each step of an
    optimisation. If it raises, the message appears below the picture. Where tests run the notebook (NST_TEST=1) there
    is no slider: each value's third pair is made, and its sentence printed.

    Raises NstError if there are no values; ``lines()`` also if a run yields nothing, ``move`` for another value.

    >>> import torch
    >>> def run(level):
    ...     for step in range(1, 5):
    ...         yield torch.full((3, 8, 8), level * step / 10), f"grey {level * step / 10}"
    >>> live = Live("level", (1, 2), run)
    >>> live.lines()
    ['level = 1: grey 0.3', 'level = 2: grey 0.6']
    >>> live.move(2)  # runs in the background, and the picture follows
    >>> live.close()
    """

    BY_CODE = "lines() says what each value leads to."

    def __init__(self, name: str, values: Sequence[Any], run: Callable[[Any], Iterator[tuple[Picture, str]]]) -> None:
        if not values:
            raise NstError(f"Expected at least one value, got none: write Live({name!r}, (1, 10), run).")
        self.name = name
        self.values = tuple(values)
        self._run = run
        self._sentence = ""
        self._runs = 0
        self._step = 0
        self._shown: Any = None  # the value of the run under way
        self._begun = False  # whether this run has made a picture
        desk = Desk({"view": "live", "name": name, "values": [str(value) for value in values]}, {"index": 0})
        super().__init__(desk, Task(self._make, self._report))
        self.desk.observe(lambda change: self.start(), "knobs")
        self.desk.on_msg(lambda _, content, __: self._greet(content))
        kernel.register(self)

    @property
    def value(self) -> Any:
        """The value at which the slider stands."""
        index = self.desk.knobs.get("index")
        return self.values[index if isinstance(index, int) and 0 <= index < len(self.values) else 0]

    def move(self, value: Any) -> None:
        """Move the slider to a value, and run."""
        if value not in self.values:
            raise NstError(f"Expected one of {', '.join(map(str, self.values))}, got {value!r}: choose one of these.")
        self.desk.knobs = {"index": self.values.index(value)}

    def start(self) -> None:
        """Run the slider's value from the beginning."""
        kernel.WORKER.submit(self.task, self.value)

    def lines(self) -> list[str]:
        """Return a line for each value: its sentence after a few steps."""
        lines = []
        for value in self.values:
            pairs = list(itertools.islice(self._run(value), TEST_STEPS))
            if not pairs:
                raise NstError(NOTHING.format(value))
            _, sentence = pairs[-1]
            lines.append(f"{self.name} = {value}: {sentence}")
        return lines

    def _repr_mimebundle_(self, **kwargs):
        if os.environ.get("NST_TEST"):
            return {"text/plain": "\n".join(self.lines())}
        return super()._repr_mimebundle_(**kwargs)

    def _greet(self, content: Any) -> None:
        """Show the picture to a page that has just opened, or was loaded again."""
        if isinstance(content, dict) and content.get("kind") == "hello":
            with self.lock:
                if self._picture is not None:
                    self.desk.show(self._picture, last=True, run=self._runs, step=self._step)

    # On the worker's thread

    def _make(self, value: Any, check: Callable[[], None]) -> Iterator[tuple[Any, int, Picture, str]]:
        for step, (picture, sentence) in enumerate(self._run(value)):
            check()
            yield value, step, picture, sentence

    def _report(self, event: str, value: Any) -> None:
        with self.lock:
            if event == "started":
                self._runs += 1
                self._begun, self._shown = False, value
                self.desk.say("Running.", state="running")
            elif event == "item":
                self._begun = True
                self._shown, self._step, self._picture, self._sentence = value
                self.desk.show(self._picture, now=self._step < 2, run=self._runs, step=self._step)
            elif event == "failed":
                self.desk.say(in_words(value) or f"{value}", alert=True)
            elif self._begun and event != "dropped":
                self._end(event)
            elif event == "done":
                self.desk.say(NOTHING.format(self._shown), alert=True)
            else:
                self.desk.say("Stopped before the first picture.", state="stopped")

    def _end(self, event: str) -> None:
        self.desk.show(self._picture, last=True, run=self._runs, step=self._step)
        height, width = self._picture.shape[1:]
        alt = f"{self.name} = {self._shown}, {height} by {width} pixels"
        sentence = self._sentence if event == "done" else f"Stopped. {self._sentence}"
        self.desk.say(sentence, state=event, alt=alt)
        self.still.keep(self._picture, f"{self.name} = {self._shown}: {self._sentence}")
