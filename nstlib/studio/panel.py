"""``Studio("cat", "night")`` as the last line of a cell: every knob moves the picture while you watch.

The controls only leave a request with the worker; the worker's reports alone write to the screen. So a slider never
waits for a step, and a run never waits for a slider.
"""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ipywidgets as widgets

from nstlib import engine
from nstlib.errors import in_words
from nstlib.studio import export, kernel, runs
from nstlib.studio.base import Panel
from nstlib.studio.knobs import FREE, Knobs
from nstlib.studio.runs import GradientShares, RunRequest, RunStarted
from nstlib.studio.screen import StudioScreen
from nstlib.studio.sources import AUTO, Source, Sources, picture
from nstlib.studio.worker import Task
from nstlib.transfer import Step
from nstlib.transfer.settings import Settings

__all__ = ["Studio"]

SLOW = 0.2  # seconds a step above which the picture is made smaller, unless its size was chosen
TIMED_STEPS = 3  # steps timed for that, after the first, which is slower than the rest
READY = "Ready: press step or play."


class Studio(Panel):
    """A panel of sliders and the picture that follows them.

    content, style: a sample's or painted style's name, a path, or a picture (3,H,W) in [0,1]. network: a name that
    ``nstlib.networks.load`` knows. steps: the length of a run. Other keywords are those of ``Settings``; without `size`
    it is 192, or smaller where the network is slow. ``picture`` is the last one, ``settings()`` what the knobs say.
    ``close()`` ends its runs and removes its widgets; running its cell again does the same.

    Raises NstError for settings that no knob can show; whatever goes wrong later appears in the panel.

    >>> studio = Studio("cat", "night", size=64, steps=30, layer_weights="equal", beta=20)
    >>> settings = studio.settings()
    >>> settings.beta, settings.layer_weights, settings.steps
    (20.0, 'equal', 30)
    >>> print(studio.as_code())
    import nstlib
    from nstlib import Settings, painted, pictures
    <BLANKLINE>
    content = pictures.sample('cat', 512)
    style = painted.paint('night', tuple(content.shape[1:]))
    network = nstlib.networks.load('minivgg')
    settings = Settings(size=64, steps=30, scales=1, layer_weights='equal', beta=20.0, plateau=0.0)
    picture = nstlib.stylize(content, style, settings, network)
    >>> studio.close()
    """

    def __init__(
        self,
        content: Source = "cat",
        style: Source = "night",
        *,
        network: str = "minivgg",
        steps: int = 150,
        **settings,
    ) -> None:
        self.network = network
        self.totals: list[float] = []  # J after each step
        self.knobs = Knobs(Settings(**{"size": 192, "plateau": 0.0, **settings, "steps": steps, "scales": 1}))
        self.sources = Sources(content, style, self._send, lambda message: self.screen.say(message, alert=True))
        self.screen = StudioScreen()
        self.task = Task(self._make, self._report, lambda item: isinstance(item, Step))
        self._current_request: RunRequest | None = None
        self._picture_request: RunRequest | None = None  # the one that the picture came from
        self._quiet_thread: int | None = None  # the thread whose own changes to the knobs are no request
        self._size_chosen = "size" in settings
        self._size_note = ""
        self._build()
        kernel.register(self)

    def settings(self) -> Settings:
        """Return what the knobs say now; raise NstError if all layers are muted."""
        return runs.resolve_weights(self._read_pictures(self._request())).settings

    def start(self) -> None:
        """Run from the beginning with what the knobs say now."""
        self._send(now=True, restart=True)

    def as_code(self) -> str:
        """Return the code that makes this picture, or the one to come, without a studio."""
        with self.screen.lock:
            request = self._picture_request or dataclasses.replace(self._request(), settings=self.settings())
            steps = len(self.totals)
        return export.code(request, steps or request.settings.steps)

    # The panel

    def _build(self) -> None:
        self.play = widgets.ToggleButton(value=True, description="play", tooltip="play", layout=AUTO)
        self.go_on = widgets.ToggleButton(value=False, description="go on", tooltip="go on", layout=AUTO)
        self.code = widgets.Textarea(layout={"width": "100%", "height": "11em", "display": "none"})
        self.large = widgets.Dropdown(options=[512, 1024], value=512, description="large")
        actions = {
            "step": self._advance,
            "restart": lambda button: self.start(),
            "copy as code": self._show_code,
            "save": self._save,
            "render large": lambda button: self._send(now=True, restart=True, size=self.large.value),
        }
        self.buttons = {name: _button(name, action) for name, action in actions.items()}
        self.panel = widgets.HBox([self._left_column(), self._right_column()])
        self.panel.add_class("nst-studio")
        for knob in self.knobs.all():
            knob.observe(self._on_knob, "value")
        self.knobs.task.observe(self._on_task, "value")
        self.play.observe(self._on_play, "value")
        self.screen.page.on_msg(self._on_drop)

    def _left_column(self) -> widgets.VBox:
        screen = self.screen
        run_row = widgets.HBox([self.play, self.buttons["step"], self.buttons["restart"], self.go_on])
        keep_row = widgets.HBox([self.buttons["copy as code"], self.buttons["save"]])
        large_row = widgets.HBox([self.large, self.buttons["render large"]])
        top = [screen.frame, screen.wiper, screen.status, screen.speed]
        rows = [run_row, keep_row, large_row, self.code]
        return widgets.VBox([*top, *rows, screen.curve, screen.bars, screen.page])

    def _right_column(self) -> widgets.VBox:
        knobs = self.knobs
        faders = [
            widgets.HBox([fader, knobs.muted[layer], knobs.solo[layer]]) for layer, fader in knobs.weights.items()
        ]
        above = [knobs.task, *self.sources.rows(), knobs.alpha, knobs.beta, knobs.rule]
        below = [knobs.statistic, knobs.convention, knobs.content_layer, knobs.init, knobs.optimizer, knobs.size]
        return widgets.VBox([*above, *faders, *below, knobs.seed])

    # From the controls to the worker. Nothing here may fail: Jupyter shows an observer's exception nowhere.

    def _on_knob(self, change) -> None:
        if self._quiet_thread == threading.get_ident() or not self.knobs.is_move(change):
            return
        self._size_chosen |= change["owner"] is self.knobs.size
        with self._quiet():
            if change["owner"] in self.knobs.weights.values():
                self.knobs.rule.value = "by hand"
            self.knobs.task.value = FREE
        self._send()

    def _on_task(self, change) -> None:
        if self._quiet_thread == threading.get_ident() or change["new"] == FREE:
            return
        with self._quiet():
            self.knobs.follow(change["new"])
        self._send()

    def _send(self, *, now: bool = False, restart: bool = False, size: int | None = None) -> None:
        """Leave a request with the worker: `restart` ignores *go on*, `size` is another than the knob's."""
        self.code.layout.display = "none"  # its lines belong to the run before
        try:
            request = self._request()
            if size:
                settings = dataclasses.replace(request.settings, size=size, scales=None)
                request = dataclasses.replace(request, settings=settings)
            if self.go_on.value and not restart:
                request = dataclasses.replace(request, start=self.picture)
        except Exception as fault:  # the worker raises it again, and the panel shows it
            request = fault
        kernel.WORKER.submit(self.task, request, now=now)

    def _request(self) -> RunRequest:
        """Return what the knobs say now, with names in place of pictures."""
        content, style = (self.sources.source(kind) for kind in ("content", "style"))
        return RunRequest(content, style, self.knobs.settings(), self.knobs.muted_layers(), self.network)

    def _on_drop(self, page, message: dict, buffers: list) -> None:
        if "refused" in message:
            self.screen.say(
                f"'{message['refused']}' is {message['bytes'] / 1e6:.0f} MB; a picture dropped here may be at most "
                f"{page.max_bytes / 1e6:.0f} MB. Make it smaller, or give its path: Studio('…').",
                alert=True,
            )
        elif message.get("kind") in self.sources.choosers and buffers:
            self.sources.take(message["kind"], bytes(buffers[0]))
        else:  # some front ends lose what is sent beside a message
            self.screen.say(
                f"'{message.get('name', 'The file')}' arrived without its contents: choose it with the button own "
                "picture, or give its path: Studio('…').",
                alert=True,
            )

    def _on_play(self, change) -> None:
        (kernel.WORKER.resume if change["new"] else kernel.WORKER.pause)(self.task)

    def _advance(self, button) -> None:
        self.play.value = False
        kernel.WORKER.advance(self.task)

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """Let this thread move knobs without sending a request for each."""
        previous = self._quiet_thread
        self._quiet_thread = threading.get_ident()
        try:
            yield
        finally:
            self._quiet_thread = previous

    # On the worker's thread

    def _make(
        self, request: RunRequest | Exception, check: Callable[[], None]
    ) -> Iterator[RunStarted | Step | GradientShares]:
        if isinstance(request, Exception):
            raise request
        self._current_request = request
        request = self._read_pictures(request)
        self.screen.before = request.content
        return runs.run(request, check)

    def _read_pictures(self, request: RunRequest) -> RunRequest:
        content = picture(request.content)
        style = picture(request.style, tuple(content.shape[1:]))
        return dataclasses.replace(request, content=content, style=style)

    def _report(self, event: str, value) -> None:
        with self.screen.lock:
            if event == "started":
                self._start_time = time.perf_counter()
                self.screen.reset_pace()
                self._announce("Running." if self.play.value else READY)
            elif isinstance(value, RunStarted):
                self._current_request = dataclasses.replace(self._current_request, settings=value.settings)
                if self.knobs.rule.value != "by hand":
                    with self._quiet():
                        self.knobs.show_weights(value.layer_weights)
            elif isinstance(value, Step):
                self._on_step(value)
            elif isinstance(value, GradientShares):
                self.screen.show_shares(value.shares)
            else:
                self._on_end(event, value)

    def _on_step(self, step: Step) -> None:
        if step.index == 0:
            self.totals = []
            self._picture_request = self._current_request
        self.screen.picture = step.picture
        self.totals.append(step.total)
        if self.screen.due():
            self.screen.paint()
            self.screen.draw(self.totals)
            self._show_speed()
        if step.index == 1:
            self._seconds_before = step.seconds
        if step.index == 1 + TIMED_STEPS and not self._size_chosen and step.scale == 1:
            self._shrink_if_slow((step.seconds - self._seconds_before) / TIMED_STEPS)

    def _shrink_if_slow(self, seconds: float) -> None:
        """Make the picture smaller, once, if a step takes too long to watch."""
        size = self.knobs.size
        smaller = max(size.min, int(size.value * (SLOW / seconds) ** 0.5) // size.step * size.step)
        self._size_chosen = True
        if seconds <= SLOW or smaller >= size.value:
            return
        self._size_note = (
            f" A step of {self.network} takes {seconds:.1f} s at {size.value} pixels here, so the picture now has "
            f"{smaller}; move size for more."
        )
        with self._quiet():
            size.value = smaller
        self._send(now=True)

    def _on_end(self, event: str, fault: Exception | None) -> None:
        self.screen.paint()
        self.screen.draw(self.totals, now=True)
        has_picture = self._picture_request is self._current_request
        if has_picture and event != "failed":
            self._show_speed()
        count = len(self.totals)
        if event == "done":
            self._announce(f"Done: {count} steps in {time.perf_counter() - self._start_time:.1f} s.")
        elif event == "paused":
            self._announce(f"Paused after {count} steps." if has_picture else READY)
        elif event == "stopped":
            self._announce(f"Stopped after {count} steps.")
        else:
            self.screen.say(in_words(fault) or f"{fault}", alert=True)

    def _announce(self, sentence: str) -> None:
        self.screen.describe(f"the picture after {len(self.totals)} steps")  # first: whoever hears the end may ask
        self.screen.say(sentence + self._size_note)

    def _show_speed(self) -> None:
        plan = engine.plan()
        seconds = time.perf_counter() - self._start_time
        rate = len(self.totals) / seconds if seconds else 0.0
        self.screen.speed.value = (
            f"step {len(self.totals)} · {rate:.0f} steps a second · {plan.device}, "
            f"{str(plan.dtype).removeprefix('torch.')} · {self.network}"
        )

    # The code and the files

    def _show_code(self, button) -> None:
        try:
            self.code.value = self.as_code()
        except Exception as fault:
            self.screen.say(in_words(fault) or f"{fault}", alert=True)
            return
        self.code.layout.display = "none" if self.code.layout.display == "" else ""

    def _save(self, button) -> None:
        with self.screen.lock:
            request, saved = self._picture_request, self.picture
        if request is None:
            self.screen.say("There is no picture yet: press play.", alert=True)
            return
        try:
            name = export.save(saved, request.settings, Path.cwd())
            self.screen.say(f"Saved {name}, and its settings as {Path(name).with_suffix('.json')}.")
        except Exception as fault:
            self.screen.say(f"Nothing was saved: {in_words(fault) or fault}", alert=True)


def _button(name: str, action: Callable) -> widgets.Button:
    button = widgets.Button(description=name, layout=AUTO)
    button.on_click(action)
    return button
