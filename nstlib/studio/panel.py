"""``Studio("cat", "night")`` as the last line of a cell: every knob moves the picture while you watch.

Controls are read, and a wish is left with the worker; what is shown is written from the worker's reports. So a slider
never waits for a step, and a run never waits for a slider.
"""

import html
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import torch
from IPython import get_ipython

from nstlib import engine, painted, pictures
from nstlib.files import replacing
from nstlib.settings import Settings
from nstlib.studio import drawing, running
from nstlib.studio.frames import Pace, jpeg, wiped
from nstlib.studio.knobs import Knobs, pictures_to_choose
from nstlib.studio.look import Names
from nstlib.studio.running import Shares, Wish
from nstlib.studio.worker import Task, Worker
from nstlib.transfer import Picture, Step, fitted

__all__ = ["Studio"]

WORKER = Worker()
OPEN: dict[str, "Studio"] = {}  # the studio that each cell shows, so that running it again closes the old one
LARGEST = 512  # pixels of the shorter side of a photo, before `size` makes it smaller
CURVE_EVERY = 0.25  # seconds between two drawings of the cost curve


class Studio:
    """A panel of sliders and the picture that follows them.

    content, style: a sample's or painted style's name, a path, or a picture (3,H,W) in [0,1]. steps: how long a run is.
    Other keywords are those of ``Settings``; `size` is 192 unless given. ``picture`` is the last one, ``settings()``
    what the knobs say. ``close()`` ends its runs and removes its widgets; running its cell again does the same.
    """

    def __init__(
        self,
        content: str | Path | Picture = "cat",
        style: str | Path | Picture = "night",
        *,
        network: str = "minivgg",
        steps: int = 150,
        **settings,
    ) -> None:
        self.network, self.picture, self.totals = network, None, []
        self._sources = {"content": content, "style": style}
        self._photo: Picture | None = None
        self._shown, self._pace, self._drawn = threading.RLock(), Pace(), 0.0
        self._silent: int | None = None  # the thread whose own changes to the knobs are no wish
        self.knobs = Knobs(Settings(**{"size": 192, **settings, "steps": steps, "scales": 1}), steps)
        self.task = Task(self._make, self._report)
        self._build()
        self._register()

    def settings(self) -> Settings:
        """What the knobs say now."""
        return self.knobs.settings()

    def start(self) -> None:
        """Ask for a run from the beginning."""
        self._ask(now=True, over=True)

    def close(self) -> None:
        """End the runs and remove the widgets."""
        WORKER.close(self.task)
        with self._shown:
            _close(self.panel)

    def _repr_mimebundle_(self, **kwargs):
        self.start()
        return self.panel._repr_mimebundle_(**kwargs)

    # The panel

    def _build(self) -> None:
        photos, styles = pictures_to_choose()
        self.choose = {
            "content": _picture_choice("content", photos, self._sources["content"]),
            "style": _picture_choice("style", styles, self._sources["style"]),
        }
        self.upload = {
            name: widgets.FileUpload(accept="image/*", description=f"{name}: own picture", layout={"width": "12em"})
            for name in self.choose
        }
        self.frame = widgets.Image(format="jpeg")
        self.frame.add_class("nst-frame")
        self.status = widgets.HTML('<span role="status">Ready.</span>')
        self.status.add_class("nst-status")
        self.speed, self.curve, self.bars = widgets.HTML(), widgets.HTML(), widgets.HTML(drawing.bars({}))
        self.wiper = widgets.FloatSlider(0, min=0, max=1, step=0.01, description="before | after", readout=False)
        self.play = widgets.ToggleButton(value=True, description="play", tooltip="play or pause")
        self.go_on = widgets.ToggleButton(value=False, description="go on", tooltip="go on from this picture")
        self.code = widgets.Textarea(layout={"width": "100%", "height": "11em", "display": "none"})
        self.large = widgets.Dropdown(options=[512, 1024], value=512, description="large")
        self.names = Names()
        buttons = {
            "step": self._advance,
            "restart": lambda button: self._ask(now=True, over=True),
            "copy as code": self._show_code,
            "save": self._save,
            "render large": lambda button: self._ask(now=True, over=True, large=self.large.value),
        }
        self.buttons = {name: _button(name, act) for name, act in buttons.items()}
        self.panel = widgets.HBox([self._pictures(), self._controls()])
        self.panel.add_class("nst-studio")
        for knob in [*self.knobs.all(), *self.choose.values()]:
            knob.observe(self._changed, "value")
        for name, upload in self.upload.items():
            upload.observe(lambda change, name=name: self._uploaded(name, change), "value")
        self.wiper.observe(lambda change: self._send(), "value")
        self.play.observe(self._played, "value")

    def _pictures(self) -> widgets.VBox:
        run = widgets.HBox([self.play, self.buttons["step"], self.buttons["restart"], self.go_on])
        keep = widgets.HBox([self.buttons["copy as code"], self.buttons["save"]])
        render = widgets.HBox([self.large, self.buttons["render large"]])
        shown = [self.frame, self.wiper, self.status, self.speed, run, keep, render, self.code, self.curve, self.bars]
        return widgets.VBox([*shown, self.names])

    def _controls(self) -> widgets.VBox:
        knobs = self.knobs
        faders = [
            widgets.HBox([fader, knobs.muted[layer], knobs.solo[layer]]) for layer, fader in knobs.weights.items()
        ]
        sources = [widgets.HBox([self.choose[name], self.upload[name]]) for name in self.choose]
        rest = [knobs.statistic, knobs.convention, knobs.content_layer, knobs.init, knobs.optimizer, knobs.size]
        return widgets.VBox([*sources, knobs.alpha, knobs.beta, knobs.rule, *faders, *rest, knobs.seed])

    def _register(self) -> None:
        """Take the place of the studio that this cell showed before."""
        shell = get_ipython()
        parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
        cell = (parent or {}).get("metadata", {}).get("cellId")
        if cell:
            before = OPEN.pop(cell, None)
            if before is not None:
                before.close()
            OPEN[cell] = self

    # From the controls to the worker. Nothing here may fail: an observer's exception is shown nowhere.

    def _changed(self, change) -> None:
        if self._silent == threading.get_ident() or not self.knobs.moved(change):
            return
        if change["owner"] in self.knobs.weights.values():
            self._quietly(lambda: setattr(self.knobs.rule, "value", "by hand"))
        self._ask()

    def _ask(self, *, now: bool = False, over: bool = False, large: int | None = None) -> None:
        try:
            settings = self.settings()
            if large:
                settings = Settings(**{**vars(settings), "size": large, "scales": None})
            start = self.picture if self.go_on.value and not over else None
            wish = Wish(self._source("content"), self._source("style"), settings, self.network, start)
        except Exception as fault:  # told in the panel, by the worker
            wish = fault
        WORKER.ask(self.task, wish, now=now)

    def _source(self, name: str) -> str | Path | Picture:
        chosen = self.choose[name].value
        return self._sources[name] if chosen == "own" else chosen

    def _uploaded(self, name: str, change) -> None:
        if not change["new"]:
            return
        self._sources[name] = bytes(change["new"][0]["content"])
        choice = self.choose[name]
        if "own" not in choice.options:
            choice.options = (*choice.options, "own")
        if choice.value == "own":
            self._ask()
        else:
            choice.value = "own"

    def _played(self, change) -> None:
        (WORKER.resume if change["new"] else WORKER.pause)(self.task)

    def _advance(self, button) -> None:
        self._quietly(lambda: setattr(self.play, "value", False))
        WORKER.advance(self.task)

    def _quietly(self, act: Callable[[], None]) -> None:
        before, self._silent = self._silent, threading.get_ident()
        try:
            act()
        finally:
            self._silent = before

    # On the worker's thread

    def _make(self, wish: Wish | Exception, check: Callable[[], None]) -> Iterator[Step | Shares]:
        if isinstance(wish, Exception):
            raise wish
        content = _picture(wish.content)
        size = tuple(content.shape[1:])
        style = _picture(wish.style, size)
        self._photo = content
        return running.run(Wish(content, style, wish.settings, wish.network, wish.start), check)

    def _report(self, event: str, value) -> None:
        with self._shown:
            if event == "started":
                self.totals, self._began = [], time.perf_counter()
                self._pace.reset()
                self._say("Running." if self.play.value else "Ready: press step or play.")
            elif event == "item" and isinstance(value, Step):
                self.picture = value.picture
                self.totals.append(value.total)
                if self._pace.due():
                    self._send()
                    self._tell_speed()
            elif event == "item":
                self.bars.value = drawing.bars(value.shares)
                if self.knobs.rule.value != "by hand":
                    self._quietly(lambda: self.knobs.show_weights(value.layer_weights))
            else:
                self._ended(event, value)

    def _ended(self, event: str, fault: Exception | None) -> None:
        self._send()
        self._tell_speed()
        self.curve.value = drawing.curve(self.totals)
        count = len(self.totals)
        if event == "done":
            self._say(f"Done: {count} steps in {time.perf_counter() - self._began:.1f} s.")
        elif event == "paused":
            self._say(f"Paused after {count} steps.")
        elif event == "stopped":
            self._say(f"Stopped after {count} steps.")
        else:
            self._say(f"{fault}", alert=True)

    def _send(self) -> None:
        """Show the picture, and the photo beside it as far as the wiper says."""
        with self._shown:
            if self.picture is None:
                return
            picture = self.picture
            if self.wiper.value > 0 and self._photo is not None:
                picture = wiped(fitted(self._photo, picture), picture, self.wiper.value)
            self.frame.value = jpeg(picture)
            if time.monotonic() - self._drawn > CURVE_EVERY:
                self._drawn = time.monotonic()
                self.curve.value = drawing.curve(self.totals)

    def _tell_speed(self) -> None:
        plan, seconds = engine.plan(), time.perf_counter() - self._began
        rate = len(self.totals) / seconds if seconds else 0.0
        self.speed.value = (
            f"step {len(self.totals)} · {rate:.0f} steps a second · {plan.device}, "
            f"{str(plan.dtype).removeprefix('torch.')} · {self.network}"
        )

    def _say(self, sentence: str, alert: bool = False) -> None:
        role = "alert" if alert else "status"
        self.status.value = f'<span role="{role}">{html.escape(sentence)}</span>'
        if self.picture is not None:
            height, width = self.picture.shape[1:]
            self.names.alt = f"the picture after {len(self.totals)} steps, {height} by {width} pixels. {sentence}"

    # What is kept

    def _show_code(self, button) -> None:
        self.code.value = self.as_code()
        self.code.layout.display = "none" if self.code.layout.display == "" else ""

    def as_code(self) -> str:
        """Return lines that make the present picture, without a studio."""
        settings, default = self.settings(), Settings()
        given = {key: value for key, value in vars(settings).items() if value != getattr(default, key)}
        given["steps"] = len(self.totals) or settings.steps
        given.pop("style_layers", None)
        words = ", ".join(f"{key}={value!r}" for key, value in given.items())
        lines = ["import nstlib", "from nstlib import Settings, painted, pictures", ""]
        lines += [f"photo = {_code(self._source('content'), 'content')}"]
        lines += [f"painting = {_code(self._source('style'), 'style')}"]
        lines += [f"network = nstlib.networks.load({self.network!r})", f"settings = Settings({words})"]
        lines += ["picture = nstlib.stylize(photo, painting, settings, network)"]
        if self.go_on.value:
            lines += ["# This run went on from an earlier picture; press restart for one that these lines repeat."]
        return "\n".join(lines)

    def _save(self, button) -> None:
        if self.picture is None:
            return
        number = next(n for n in range(1, 10_000) if not Path(f"studio_{n}.png").exists())
        try:
            pictures.write(self.picture, f"studio_{number}.png")
            with replacing(Path(f"studio_{number}.json")) as part:
                part.write_text(self.settings().to_json(), encoding="utf-8")
            sentence, alert = f"Saved studio_{number}.png, and its settings as studio_{number}.json.", False
        except (OSError, ValueError) as fault:
            sentence, alert = f"Nothing was saved: {fault}", True
        with self._shown:
            self._say(sentence, alert)


def _picture_choice(name: str, options: list[str], given) -> widgets.Dropdown:
    own = not (isinstance(given, str) and given in options)
    shown = [*options, "own"] if own else options
    return widgets.Dropdown(options=shown, value="own" if own else given, description=name)


def _button(name: str, act: Callable) -> widgets.Button:
    button = widgets.Button(description=name, layout={"width": "auto"})
    button.on_click(act)
    return button


def _picture(source, size: tuple[int, int] | None = None) -> Picture:
    """Return the picture of a name, a path, an uploaded file's bytes, or the picture itself; a style in `size`."""
    return source if isinstance(source, torch.Tensor) else _read(source, size)


@lru_cache(maxsize=6)
def _read(source: str | Path | bytes, size: tuple[int, int] | None) -> Picture:
    """Read or paint a picture once: painting takes longer than many steps."""
    if isinstance(source, bytes):
        return pictures.read(source, LARGEST)
    if source in painted.STYLES:
        return painted.paint(source, size or LARGEST)
    if source in pictures.SAMPLES:
        return pictures.sample(source, LARGEST)
    return pictures.read(source, LARGEST)


def _code(source, name: str) -> str:
    if isinstance(source, str) and source in painted.STYLES:
        return f"painted.paint({source!r}, tuple(photo.shape[1:]))"
    if isinstance(source, str) and source in pictures.SAMPLES:
        return f"pictures.sample({source!r}, {LARGEST})"
    if isinstance(source, str | Path):
        return f"pictures.read({str(source)!r}, {LARGEST})"
    return f"{name}  # the picture that was given to the studio"


def _close(widget: widgets.Widget) -> None:
    """Close a widget, all in it, and its layout and style, which are widgets too."""
    for part in (*getattr(widget, "children", ()), getattr(widget, "layout", None), getattr(widget, "style", None)):
        if isinstance(part, widgets.Widget):
            _close(part)
    widget.close()
