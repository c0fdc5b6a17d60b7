"""``Studio("cat", "night")`` as the last line of a cell: every knob moves the picture while you watch.

A move only leaves a request with the worker, and what the worker reports is shown under the panel's lock, which nobody
holds for long. So a slider never waits for a step, and a run never waits for a slider.
"""

import contextlib
import dataclasses
import itertools
import json
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from nstlib.errors import NstError, in_words
from nstlib.studio import export, kernel, runs, tasks
from nstlib.studio.base import Panel
from nstlib.studio.controls import controls
from nstlib.studio.desk import Desk
from nstlib.studio.frames import jpeg
from nstlib.studio.history import FILM, MOST, History, Run
from nstlib.studio.knobs import Knobs
from nstlib.studio.messages import on_message
from nstlib.studio.moves import Moves
from nstlib.studio.requests import LARGEST_CACHED
from nstlib.studio.runs import GradientShares, Preview, RunRequest, RunStarted
from nstlib.studio.sources import KINDS, Source, Sources, picture
from nstlib.studio.view import View, look_gram, look_pull
from nstlib.studio.worker import Task
from nstlib.style.statistics import STATISTICS
from nstlib.terminal import counted
from nstlib.transfer import Step
from nstlib.transfer.settings import Settings

__all__ = ["Studio"]

SLOW = 0.2  # seconds a step above which the picture is made smaller, unless its size was chosen
TIMED_STEPS = 3  # steps timed for that, after the first, which is slower than the rest
PAINTING = 0.06  # seconds that the first step waits at most until a browser has painted the picture before it
BEAT = 0.005  # seconds between two looks whether a newer move has come meanwhile
LOOKS = {"gram": look_gram, "pull": look_pull}
SMALLER = (
    " {network} takes {seconds:.1f} s a step at {size} pixels, so the picture now has {smaller}; "
    "to change this, open “more” and move “size”."
)
NEITHER = {  # settings that a studio has not
    "scales": "each run of a studio has one size; render large, or nstlib.stylize, goes from small to large",
    "style_blend": "the knobs second_style and blend set it: studio.move(second_style='waves', blend=0.3)",
}
OPTIONS = ("network", "steps", *(each.name for each in dataclasses.fields(Settings)))
OPTIONS = tuple(name for name in OPTIONS if name not in (*Knobs.NAMES, *NEITHER))
DEFAULTS = {"size": 192, "plateau": 0.0, "chroma_smoothness": 20.0}


class Studio(Panel):
    """A desk of sliders and the picture that follows them.

    content, style: a sample's or painted style's name, a path, or a picture (3,H,W) in [0,1]. network: a name that
    ``nstlib.networks.load`` knows. steps: the length of a run. Other keywords are those of ``Settings``; without `size`
    it is 192, or smaller where the network is slow. ``picture`` is the last one, ``settings()`` what the knobs say,
    ``move`` moves them. ``close()`` ends its runs and removes the panel; running its cell again does the same.

    Raises NstError for settings that no knob can show; whatever goes wrong later appears in the panel.

    >>> studio = Studio("cat", "night", size=64, steps=30, layer_weights="equal")
    >>> studio.knobs.beta, studio.settings().steps
    (10.0, 30)
    >>> print(studio.as_code())
    import nstlib
    from nstlib import Settings, painted, pictures
    <BLANKLINE>
    content = pictures.sample('cat', 512)
    style = painted.paint('night', tuple(content.shape[1:]))
    network = nstlib.networks.load('minivgg')
    settings = Settings(size=64, steps=30, scales=1, layer_weights='equal', chroma_smoothness=20.0, plateau=0.0)
    picture = nstlib.stylize(content, style, settings, network)
    pictures.to_pil(picture)
    >>> studio.close()
    """

    BY_CODE = (
        "studio.start() runs here, too; nstlib.pictures.to_pil(studio.picture) is what it has painted, and "
        "print(studio.as_code()) the code for it."
    )
    FLIPBOOKS = True

    def __init__(
        self,
        content: Source = "cat",
        style: Source = "night",
        *,
        network: str = "minivgg",
        steps: int = 150,
        **settings,
    ) -> None:
        for name in NEITHER.keys() & settings.keys():
            raise NstError(f"Expected no {name} for a studio: {NEITHER[name]}.")
        self.network = network
        self.base = Settings(**{**DEFAULTS, **settings, "steps": steps, "scales": 1})
        self.options = settings | ({"network": network} if network != "minivgg" else {})
        self.options |= {"steps": steps} if steps != 150 else {}
        self.sources = Sources()
        names = self.sources.name("content", content), self.sources.name("style", style)
        self.knobs = self.first_knobs = Knobs.of(self.base, *names)
        self.tasks = tasks.for_layers(self.base.style_layers)
        super().__init__(Desk(self._spec(), self.knobs.to_dict()), Task(self._make, self._report, _is_step))
        self.moves = Moves()
        self.history = History()
        self.view = View(self.desk, self.history, self.look_at_focus)
        self.looks = {kind: Task(look, partial(self._report_look, kind)) for kind, look in LOOKS.items()}
        self.thumbnails = {
            kind: Task(partial(self._thumbnails, kind), self._report_thumbnail, patient=True) for kind in KINDS
        }
        self.playing = True
        self._missing: dict[str, list[str]] = {kind: [] for kind in KINDS}  # thumbnails that the desk has not got
        self._run_numbers = itertools.count(1)
        self._newest: Run | None = None
        self._away = False  # gone back to a run from before: the one that was under way is no longer shown
        self._seconds_before: float | None = None
        self._size_chosen = "size" in settings
        self.desk.on_msg(lambda _, content, buffers: on_message(self, content, buffers))
        kernel.register(self)

    @classmethod
    def from_code(cls, code: str) -> "Studio":
        """Return a studio as the desk's *copy line* describes it: JSON of its knobs and options.

        Raises NstError for anything else.

        >>> studio = Studio.from_code('{"content": "coffee", "beta": 20.0, "solo": ["relu1_1"], "steps": 20}')
        >>> studio.knobs.content, studio.knobs.beta
        ('coffee', 20.0)
        >>> studio.close()
        """
        try:
            said = json.loads(code)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise NstError(f"Expected the line that a studio copied, got {code[:40]!r}: paste it whole.")
        options = {name: value for name, value in said.items() if name in OPTIONS}
        studio = cls(**options)
        try:
            studio.put(studio.knobs.moved(**{name: said[name] for name in said if name not in options}))
            studio._size_chosen |= "size" in said
            studio.settings()  # whether all of it can be run
        except Exception:
            studio.close()
            raise
        return studio

    def move(self, **knobs: Any) -> None:
        """Move knobs as if somebody had, and run: ``studio.move(beta=20, solo=["relu1_1"])``.

        Raises NstError for a knob or a value that there is not.
        """
        with self.lock:
            self._turn(self.knobs.moved(**knobs))
            self.send()

    def settings(self) -> Settings:
        """Return what the knobs say now; raise NstError if all layers are muted."""
        return runs.resolve_weights(self._read_pictures(self.request())).settings

    def start(self) -> None:
        """Run from the beginning with what the knobs say now."""
        self.send(now=True, restart=True)

    def as_code(self) -> str:
        """Return the code that makes this picture, or the one to come, without a studio."""
        with self.lock:
            run = self.view.run
            if run is not None:
                return export.code(run.named, run.steps)
            request = dataclasses.replace(self.request(), settings=self.settings())
        return export.code(request, request.settings.steps)

    def as_line(self) -> str:
        """Return the call that makes a studio like this one; raise NstError where it has pictures of its own."""
        options = {name: value for name, value in self.options.items() if name in OPTIONS}
        kept = {name: value for name, value in options.items() if name not in ("network", "steps")}
        usual = Knobs.of(Settings(**{**DEFAULTS, **kept, "scales": 1}), "cat", "night")
        return f"Studio.from_code({export.line(self.knobs, usual, options)!r})"

    def close(self) -> None:
        """End the runs and remove the panel."""
        for task in (*self.looks.values(), *self.thumbnails.values()):
            kernel.WORKER.close(task)
        super().close()

    @property
    def totals(self) -> list[float]:
        """J after each step of the run that is shown."""
        return self.view.run.totals if self.view.run else []

    # From the desk to the worker. Nothing here may fail: Jupyter shows an observer's exception nowhere.

    def _spec(self) -> dict[str, Any]:
        return {
            "view": "studio",
            "controls": controls(self.base),
            "sources": {kind: self.sources.names(kind) for kind in KINDS},
            "steps": self.base.steps,
            "first": self.knobs.to_dict(),
            "tasks": tasks.tables(self.tasks),
            "drawn": [name for name, statistic in STATISTICS.items() if statistic.is_drawn],
            "most_measured": LARGEST_CACHED,
            "most_runs": MOST,
            "film": FILM,
        }

    def take(self, changes: dict[str, Any], moves: dict[str, int]) -> None:
        """Move knobs as a browser says; `moves`, the number by its view, tells it what has arrived."""
        with self.lock:
            self.moves.arrive(moves)
            try:
                knobs = self.knobs.moved(**self.moves.still_new(changes, moves))
            except NstError:
                self.put(self.knobs)  # an answer, too: the browser shows the knobs as they stand
                raise
            moved = knobs != self.knobs
            self._turn(knobs)
            if moved:
                self.send()

    def _turn(self, knobs: Knobs) -> None:
        """Let somebody's knobs stand here: a size that they turned to was chosen."""
        if knobs.size != self.knobs.size:
            self._size_chosen = True
            self.view.note = ""
        self.put(knobs)

    def put(self, knobs: Knobs) -> None:
        """Let the knobs stand here, on the desk too, without a run."""
        self.knobs = knobs
        self.desk.knobs = knobs.to_dict() | {"moves": dict(self.moves.arrived)}

    def go_back(self, run: Run) -> None:
        """Show a run from before, and let the knobs stand as they did."""
        with self.lock:
            self._away = True  # first: no end of the run under way is told any more
            kernel.WORKER.stop(self.task)
            self.put(run.knobs)
            self._picture = run.picture
            self.view.back(run)
            self._keep_still(run)

    def send(self, *, now: bool = False, restart: bool = False, size: int | None = None) -> None:
        """Leave a request with the worker: `restart` ignores *go on*, `size` is another than the knob's."""
        with self.lock:  # the last request must be what the knobs say, whichever thread moved them
            try:
                request = self.request()
                if size:
                    settings = dataclasses.replace(request.settings, size=size, scales=None)
                    request = dataclasses.replace(request, settings=settings)
                if self.knobs.go_on and not restart:
                    request = dataclasses.replace(request, start=self.picture)
            except Exception as fault:  # the worker raises it again, and the panel shows it
                request = fault
            kernel.WORKER.submit(self.task, (request, self.knobs), now=now)

    def request(self) -> RunRequest:
        """Return what the knobs say now, with names in place of pictures; raise NstError if that cannot be run."""
        knobs = self.knobs
        styles = [name for name in (knobs.style, knobs.second_style) if name]
        style = tuple(self.sources.source("style", name) for name in styles)
        return RunRequest(
            self.sources.source("content", knobs.content),
            style[0] if len(style) == 1 else style,
            knobs.settings(self.base),
            knobs.muted_layers(self.base),
            self.network,
            faders=knobs.faders,
            mask=self.sources.mask(knobs.mask),
        )

    def show_thumbnails(self, kind: str, names: list[str]) -> None:
        """Have small pictures of these made for the desk, between the steps of a run."""
        with self.lock:
            self._missing[kind] = [*names, *(name for name in self._missing[kind] if name not in names)]
            kernel.WORKER.submit(self.thumbnails[kind], list(self._missing[kind]), now=True)

    def look_at_focus(self) -> None:
        """Have the Gram matrices of the layer in focus looked at, beside the run."""
        if self.view.focus:
            self.look("gram", self.view.focus)

    def look(self, kind: str, layer: str) -> None:
        """Have a layer looked at: "gram", its Gram matrices, or "pull", where in the picture it pulls."""
        run = self.view.run
        if run is None or run.picture is None:
            return
        if min(run.picture.shape[1:]) <= LARGEST_CACHED:
            kernel.WORKER.submit(self.looks[kind], (run, layer), now=True)
        elif kind == "gram":
            self.desk.post("toolarge")

    # On the worker's thread

    def _make(
        self, asked: tuple[RunRequest | Exception, Knobs], check: Callable[[], None]
    ) -> Iterator[RunStarted | Preview | Step | GradientShares]:
        request, knobs = asked
        if isinstance(request, Exception):
            raise request
        self._newest = Run(next(self._run_numbers), knobs, request, self._read_pictures(request))
        return self._let_paint(runs.run(self._newest.request, check), check)

    def _let_paint(self, items: Iterator, check: Callable[[], None]) -> Iterator:
        """Pass items on; leave the processor to the browser until it has painted a preview."""
        with contextlib.closing(items):
            for item in items:
                yield item
                waits = isinstance(item, Preview) and self.desk.is_shown
                end = time.monotonic() + (PAINTING if waits else 0)
                while time.monotonic() < end and not self.desk.frames.wait(BEAT):
                    check()

    def _read_pictures(self, request: RunRequest) -> RunRequest:
        content = picture(request.content)
        size = tuple(content.shape[1:])
        if isinstance(request.style, tuple):
            style = tuple(picture(each, size) for each in request.style)
        else:
            style = picture(request.style, size)
        return dataclasses.replace(request, content=content, style=style)

    def _report(self, event: str, value: Any) -> None:
        with self.lock:
            self._away &= event != "started"
            if self._away:
                return
            try:
                self._tell(event, value)
            except Exception as fault:  # else the worker would close the panel, and nobody would know why
                logging.getLogger(__name__).exception("A studio could not show %r.", event)
                self.view.fail(fault)

    def _tell(self, event: str, value: Any) -> None:
        if event == "started":
            self.view.begin(self.playing)
        elif event == "paused" and self.playing:
            return  # somebody pressed play while this was on its way
        elif isinstance(value, RunStarted):
            self._seconds_before = None
            self.view.started(self._newest, value)
        elif isinstance(value, Preview):
            self.view.preview(value.picture)
        elif isinstance(value, Step):
            self._picture = value.picture
            self.view.step(value)
            self._time(value)
        elif isinstance(value, GradientShares):
            self.view.show_pulls(value.shares)
        else:
            self.view.end(event, value)
            if self.view.run is not None and self.view.run.picture is not None and event not in ("failed", "dropped"):
                self._keep_still(self.view.run)

    def _keep_still(self, run: Run) -> None:
        pair = f"{run.knobs.content} in the style of {run.knobs.style}"
        self.still.keep(run.picture, f"The studio's last picture: {pair}, after {counted(run.steps, 'step')}.")

    def _report_look(self, kind: str, event: str, value: Any) -> None:
        with self.lock:
            if event == "failed":
                self.desk.say(in_words(value) or f"{value}", alert=True)
            elif event == "item" and kind == "gram":
                self.view.show_gram(*value)
            elif event == "item":
                layer, pull = value
                self.desk.post("pull", pull.tobytes(), layer=layer, width=pull.shape[1], height=pull.shape[0])

    def _thumbnails(self, kind: str, names: list[str], check: Callable[[], None]) -> Iterator[tuple[str, str, Any]]:
        for name, small in self.sources.thumbnails(kind, names):
            check()
            yield kind, name, small

    def _report_thumbnail(self, event: str, value: Any) -> None:
        with self.lock:
            if event == "item":
                kind, name, small = value
                if name in self._missing[kind]:  # a second greeting may have asked for it again
                    self._missing[kind].remove(name)
                self.desk.post("thumbnail", jpeg(small), side=kind, name=name)

    def _time(self, step: Step) -> None:
        """Make the picture smaller, once, if a step takes too long to watch."""
        if step.index == 1:
            self._seconds_before = step.seconds
        if step.index != 1 + TIMED_STEPS or self._size_chosen or step.scale > 1 or self._seconds_before is None:
            return
        if self.view.run.is_large:  # its steps may be slow
            return
        self._size_chosen = True
        seconds = (step.seconds - self._seconds_before) / TIMED_STEPS
        size = self.desk.spec["controls"]["size"]
        smaller = max(size["low"], int(self.knobs.size * (SLOW / seconds) ** 0.5) // size["step"] * size["step"])
        if seconds <= SLOW or smaller >= self.knobs.size:
            return
        about = {"network": self.network, "seconds": seconds, "size": self.knobs.size, "smaller": smaller}
        self.view.note = SMALLER.format(**about)
        self.put(self.knobs.moved(size=smaller))
        self.send(now=True)

    def pause_clock(self) -> None:
        """Let no pause count as time of a step."""
        self._seconds_before = None


def _is_step(item: Any) -> bool:
    return isinstance(item, Step)
