"""``Studio("cat", "night")`` as the last line of a cell: every knob moves the picture while you watch.

Controls are read, and a request is left with the worker; what is shown is written from the worker's reports. So a
slider never waits for a step, and a run never waits for a slider.
"""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import ipywidgets as widgets

from nstlib import engine
from nstlib.studio import export, kernel, runs
from nstlib.studio.knobs import FREE, Knobs
from nstlib.studio.runs import GradientShares, RunRequest, RunStarted
from nstlib.studio.screen import StudioScreen, close
from nstlib.studio.sources import AUTO, Source, Sources, picture
from nstlib.studio.worker import Task
from nstlib.transfer import Picture, Step
from nstlib.transfer.settings import Settings

__all__ = ["Studio"]

SLOW = 0.2  # seconds a step from which the picture is made smaller, unless its size was chosen
READY = "Ready: press step or play."
TIMED = 3  # steps that are timed for it, after the first, which is slower than the rest


class Studio:
    """A panel of sliders and the picture that follows them.

    content, style: a sample's or painted style's name, a path, or a picture (3,H,W) in [0,1]. network: a name that
    ``nstlib.networks.load`` knows. steps: how long a run is. Other keywords are those of ``Settings``; without `size`
    it is 192, or smaller where the network is slow. ``picture`` is the last one, ``settings()`` what the knobs say.
    ``close()`` ends its runs and removes its widgets; running its cell again does the same.

    Raises ValueError for settings that no knob can show; what goes wrong later is said in the panel.
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
        self.network, self.totals = network, []
        self.knobs = Knobs(Settings(**{"size": 192, "plateau": 0.0, **settings, "steps": steps, "scales": 1}))
        self.sources = Sources(content, style, self._ask, lambda said: self.screen.say(said, alert=True))
        self.screen = StudioScreen()
        self.task = Task(self._make, self._report, lambda item: isinstance(item, Step))
        self._made = self._request = None  # what the picture came from, and what is under way
        self._silent: int | None = None  # the thread whose own changes to the knobs are no request
        self._sized, self._note = "size" in settings, ""
        self._build()
        kernel.register(self)

    @property
    def picture(self) -> Picture | None:
        """The picture that is shown, float32 (3,H,W) in [0,1]; None before the first step."""
        return self.screen.picture

    def settings(self) -> Settings:
        """What the knobs say now; ValueError where all layers are muted."""
        return runs.begin(self._with_pictures(self._requested())).settings

    def start(self) -> None:
        """Ask for a run from the beginning."""
        self._ask(now=True, over=True)

    def close(self) -> None:
        """End the runs and remove the widgets."""
        kernel.WORKER.close(self.task)
        kernel.forget(self)
        with self.screen.lock:
            close(self.panel)

    def remove(self) -> None:
        """Close, and hold nothing any more: IPython's `Out` keeps this object for as long as the kernel runs."""
        self.close()
        vars(self).clear()

    def __getattr__(self, name: str):
        """Say of a removed studio that it was; called for attributes that are not there."""
        words = "" if vars(self) else "; it was removed when its cell was run again: use the studio that is shown now"
        raise AttributeError(f"This studio has no {name!r}{words}.")

    def as_code(self) -> str:
        """Lines that make the picture that is shown, or the one to come, without a studio."""
        with self.screen.lock:
            request, steps = (
                self._made or dataclasses.replace(self._requested(), settings=self.settings()),
                len(self.totals),
            )
        return export.code(request, steps or request.settings.steps)

    def _repr_mimebundle_(self, **kwargs):
        self.start()
        return self.panel._repr_mimebundle_(**kwargs)

    # The panel

    def _build(self) -> None:
        self.play = widgets.ToggleButton(value=True, description="play", tooltip="play", layout=AUTO)
        self.go_on = widgets.ToggleButton(value=False, description="go on", tooltip="go on", layout=AUTO)
        self.code = widgets.Textarea(layout={"width": "100%", "height": "11em", "display": "none"})
        self.large = widgets.Dropdown(options=[512, 1024], value=512, description="large")
        buttons = {
            "step": self._advance,
            "restart": lambda button: self.start(),
            "copy as code": self._show_code,
            "save": self._save,
            "render large": lambda button: self._ask(now=True, over=True, large=self.large.value),
        }
        self.buttons = {name: _button(name, act) for name, act in buttons.items()}
        self.panel = widgets.HBox([self._pictures(), self._controls()])
        self.panel.add_class("nst-studio")
        for knob in self.knobs.all():
            knob.observe(self._changed, "value")
        self.knobs.task.observe(self._task_chosen, "value")
        self.play.observe(self._played, "value")
        self.screen.page.on_msg(self._dropped)

    def _pictures(self) -> widgets.VBox:
        screen = self.screen
        run = widgets.HBox([self.play, self.buttons["step"], self.buttons["restart"], self.go_on])
        keep = widgets.HBox([self.buttons["copy as code"], self.buttons["save"]])
        render = widgets.HBox([self.large, self.buttons["render large"]])
        shown = [screen.frame, screen.wiper, screen.status, screen.speed, run, keep, render, self.code]
        return widgets.VBox([*shown, screen.curve, screen.bars, screen.page])

    def _controls(self) -> widgets.VBox:
        knobs = self.knobs
        faders = [
            widgets.HBox([fader, knobs.muted[layer], knobs.solo[layer]]) for layer, fader in knobs.weights.items()
        ]
        first = [knobs.task, *self.sources.rows(), knobs.alpha, knobs.beta, knobs.rule]
        rest = [knobs.statistic, knobs.convention, knobs.content_layer, knobs.init, knobs.optimizer, knobs.size]
        return widgets.VBox([*first, *faders, *rest, knobs.seed])

    # From the controls to the worker. Nothing here may fail: an observer's exception is shown nowhere.

    def _changed(self, change) -> None:
        if self._silent == threading.get_ident() or not self.knobs.moved(change):
            return
        if change["owner"] in self.knobs.weights.values():
            self._quietly(lambda: setattr(self.knobs.rule, "value", "by hand"))
        self._sized |= change["owner"] is self.knobs.size
        self._quietly(lambda: setattr(self.knobs.task, "value", FREE))
        self._ask()

    def _task_chosen(self, change) -> None:
        if self._silent == threading.get_ident() or change["new"] == FREE:
            return
        self._quietly(lambda: self.knobs.follow(change["new"]))
        self._ask()

    def _ask(self, *, now: bool = False, over: bool = False, large: int | None = None) -> None:
        self.code.layout.display = "none"  # its lines are of the run before
        try:
            request = self._requested()
            if large:
                settings = dataclasses.replace(request.settings, size=large, scales=None)
                request = dataclasses.replace(request, settings=settings)
            if self.go_on.value and not over:
                request = dataclasses.replace(request, start=self.picture)
        except Exception as fault:  # told in the panel, by the worker
            request = fault
        kernel.WORKER.ask(self.task, request, now=now)

    def _requested(self) -> RunRequest:
        """What the knobs say now, with names in the place of pictures."""
        chosen = (self.sources.chosen(kind) for kind in ("content", "style"))
        return RunRequest(*chosen, self.knobs.settings(), self.knobs.muted_layers(), self.network)

    def _dropped(self, page, message: dict, buffers: list) -> None:
        if "refused" in message:
            self.screen.say(
                f"'{message['refused']}' has {message['bytes'] / 1e6:.0f} MB; a picture that is dropped here may have "
                f"{page.most_bytes / 1e6:.0f}. Make it smaller, or give its path: Studio('…').",
                alert=True,
            )
        else:
            self.sources.take(message["kind"], bytes(buffers[0]))

    def _played(self, change) -> None:
        (kernel.WORKER.resume if change["new"] else kernel.WORKER.pause)(self.task)

    def _advance(self, button) -> None:
        self.play.value = False
        kernel.WORKER.advance(self.task)

    def _quietly(self, act: Callable[[], None]) -> None:
        before, self._silent = self._silent, threading.get_ident()
        try:
            act()
        finally:
            self._silent = before

    # On the worker's thread

    def _make(
        self, request: RunRequest | Exception, check: Callable[[], None]
    ) -> Iterator[RunStarted | Step | GradientShares]:
        if isinstance(request, Exception):
            raise request
        self._request, seen = request, self._with_pictures(request)
        self.screen.before = seen.content
        return runs.run(seen, check)

    def _with_pictures(self, request: RunRequest) -> RunRequest:
        content = picture(request.content)
        style = picture(request.style, tuple(content.shape[1:]))
        return dataclasses.replace(request, content=content, style=style)

    def _report(self, event: str, value) -> None:
        with self.screen.lock:
            if event == "started":
                self._began = time.perf_counter()
                self.screen.begin()
                self._say("Running." if self.play.value else READY)
            elif isinstance(value, RunStarted):
                self._request = dataclasses.replace(self._request, settings=value.settings)
                if self.knobs.rule.value != "by hand":
                    self._quietly(lambda: self.knobs.show_weights(value.layer_weights))
            elif isinstance(value, Step):
                self._stepped(value)
            elif isinstance(value, GradientShares):
                self.screen.pull(value.shares)
            else:
                self._ended(event, value)

    def _stepped(self, step: Step) -> None:
        if step.index == 0:
            self.totals, self._made = [], self._request
        self.screen.picture = step.picture
        self.totals.append(step.total)
        if self.screen.due():
            self.screen.paint()
            self.screen.draw(self.totals)
            self._tell_speed()
        if step.index == 1:
            self._timed_from = step.seconds
        if step.index == 1 + TIMED and not self._sized and step.scale == 1:
            self._adapt((step.seconds - self._timed_from) / TIMED)

    def _adapt(self, seconds: float) -> None:
        """Make the picture smaller, once, where a step takes too long to watch."""
        size = self.knobs.size
        smaller = max(size.min, int(size.value * (SLOW / seconds) ** 0.5) // size.step * size.step)
        self._sized = True
        if seconds <= SLOW or smaller >= size.value:
            return
        self._note = (
            f" A step of {self.network} takes {seconds:.1f} s at {size.value} pixels here, so the picture now has "
            f"{smaller}; move size for more."
        )
        self._quietly(lambda: setattr(size, "value", smaller))
        self._ask(now=True)

    def _ended(self, event: str, fault: Exception | None) -> None:
        self.screen.paint()
        self.screen.draw(self.totals, now=True)
        if self._made is self._request and event != "failed":
            self._tell_speed()
        count = len(self.totals)
        if event == "done":
            self._say(f"Done: {count} steps in {time.perf_counter() - self._began:.1f} s.")
        elif event == "paused":
            self._say(f"Paused after {count} steps." if self._made is self._request else READY)
        elif event == "stopped":
            self._say(f"Stopped after {count} steps.")
        else:
            self.screen.say(f"{fault}", alert=True)

    def _say(self, sentence: str) -> None:
        self.screen.describe(f"the picture after {len(self.totals)} steps")  # first: whoever hears the end may ask
        self.screen.say(sentence + self._note)

    def _tell_speed(self) -> None:
        plan, seconds = engine.plan(), time.perf_counter() - self._began
        rate = len(self.totals) / seconds if seconds else 0.0
        self.screen.speed.value = (
            f"step {len(self.totals)} · {rate:.0f} steps a second · {plan.device}, "
            f"{str(plan.dtype).removeprefix('torch.')} · {self.network}"
        )

    # What is kept

    def _show_code(self, button) -> None:
        try:
            self.code.value = self.as_code()
        except Exception as fault:
            self.screen.say(f"{fault}", alert=True)
            return
        self.code.layout.display = "none" if self.code.layout.display == "" else ""

    def _save(self, button) -> None:
        with self.screen.lock:
            made, shown = self._made, self.picture
        if made is None:
            self.screen.say("There is no picture yet: press play.", alert=True)
            return
        try:
            name = export.save(shown, made.settings, Path.cwd())
            self.screen.say(f"Saved {name}, and its settings as {Path(name).with_suffix('.json')}.")
        except Exception as fault:
            self.screen.say(f"Nothing was saved: {fault}", alert=True)


def _button(name: str, act: Callable) -> widgets.Button:
    button = widgets.Button(description=name, layout=AUTO)
    button.on_click(act)
    return button
