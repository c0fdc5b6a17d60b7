"""A studio's controls, and what they say together: ``Settings``. Nothing here runs anything."""

import dataclasses
import math
from collections import deque

import ipywidgets as widgets

from nstlib import networks
from nstlib.style import conventions, weighting
from nstlib.transfer.settings import INITS, OPTIMIZERS, Settings

STATISTICS = {"whole Gram matrix": "gram", "diagonal only": "diagonal", "mean and spread": "moments"}
STATISTICS |= {"covariance": "covariance"}
WEIGHTS = (1e-6, 1e3)  # λ_l reaches from where it has no say to where it has all
STEP = 0.05  # of a slider's power of ten
WIDE = {"description_width": "initial"}
FREE = "none: move what you like"
TASKS: dict[str, dict] = {  # one way each through lesson 06's tasks: what is moved after all knobs were put back
    FREE: {},
    "palette only": {"solo": ("relu1_1",)},
    "strokes, no palette": {"muted": ("relu1_1", "relu2_1")},
    "still a cat": {"beta": 10**0.5},
}


class Knobs:
    """The controls by name; ``settings()`` and ``muted_layers()`` read them, ``follow()`` moves them for a task.

    What has no control stays as `settings` says. Raises ValueError for an α or β of 0, which no slider reaches, and for
    more than one content layer.
    """

    def __init__(self, settings: Settings) -> None:
        _require_knobs(settings)
        self._given = settings
        self.alpha = _log("content weight α", settings.alpha, -2, 2)
        self.beta = _log("style weight β", settings.beta, -1, 3)
        given = settings.weights_given or dict.fromkeys(settings.style_layers, 1.0)
        low = WEIGHTS[0]
        self.weights = {layer: _log(f"λ {layer}", weight or low, -6, 3, ".1e") for layer, weight in given.items()}
        self.muted = {layer: _toggle("mute", f"mute {layer}", given[layer] == 0) for layer in given}
        self.solo = {layer: _toggle("solo", f"solo {layer}", False) for layer in given}
        rule = settings.layer_weights if isinstance(settings.layer_weights, str) else "by hand"
        self.rule = _choice("layer weights", [*weighting.PRESETS, "by hand"], rule)
        self.statistic = _choice("statistic", list(STATISTICS.items()), settings.statistic)
        self.convention = _choice("convention", list(conventions.CONVENTIONS), settings.convention)
        layers = dict.fromkeys((*networks.CONTENT_LAYERS, *networks.STYLE_LAYERS, *settings.content_layers))
        self.content_layer = _choice("content layer", list(layers), settings.content_layers[0])
        self.init = _choice("start", list(INITS), settings.init)
        self.optimizer = _choice("optimizer", list(OPTIMIZERS), settings.optimizer)
        sizes = min(64, settings.size), max(256, settings.size)
        self.size = widgets.IntSlider(settings.size, *sizes, step=32, description="size", style=WIDE)
        self.seed = widgets.BoundedIntText(settings.seed, 0, 9999, description="seed", style=WIDE)
        self.task = _choice("a task's way", list(TASKS), FREE)
        self._shown = {fader: deque(maxlen=3) for fader in self.weights.values()}  # the values that rules gave it
        self._first = {knob: knob.value for knob in self.all()}

    def settings(self) -> Settings:
        """What the controls say now, muted layers still sounding."""
        by_hand = self.rule.value == "by hand"
        return dataclasses.replace(
            self._given,
            size=self.size.value,
            content_layers=(self.content_layer.value,),
            layer_weights={layer: fader.value for layer, fader in self.weights.items()} if by_hand else self.rule.value,
            statistic=self.statistic.value,
            convention=self.convention.value,
            alpha=self.alpha.value,
            beta=self.beta.value,
            init=self.init.value,
            optimizer=self.optimizer.value,
            seed=self.seed.value,
        )

    def muted_layers(self) -> tuple[str, ...]:
        """Layers that solo or, where none has it, mute leaves out; raises ValueError where that is all of them."""
        solo = [layer for layer, button in self.solo.items() if button.value]
        silent = [layer for layer in self.weights if (layer not in solo if solo else self.muted[layer].value)]
        if len(silent) == len(self.weights):
            raise ValueError("All layers are muted: let one sound.")
        return tuple(silent)

    def show_weights(self, weights: dict[str, float]) -> None:
        """Move the faders to a rule's λ_l, as near as their steps allow: a browser would send back any other value."""
        low, high = WEIGHTS
        for layer, weight in weights.items():
            if weight > 0:
                fader = self.weights[layer]
                steps = round((math.log10(min(max(weight, low), high)) - fader.min) / STEP)
                fader.value = 10 ** (fader.min + steps * STEP)
                self._shown[fader].append(fader.value)

    def follow(self, task: str) -> None:
        """Put all knobs back to where they were at first, then move those of a task."""
        for knob, value in self._first.items():
            if knob not in self.weights.values() or self._first[self.rule] == "by hand":
                knob.value = value  # else the faders follow the rule
        for name, value in TASKS[task].items():
            if isinstance(value, tuple):
                for layer in value:
                    getattr(self, name)[layer].value = True
            else:
                getattr(self, name).value = value

    def moved(self, change: dict) -> bool:
        """Whether a control was moved: a browser sends a slider's value back, rounded to its step and maybe late."""
        slider, new = change["owner"], change["new"]
        if not isinstance(slider, widgets.FloatLogSlider):
            return True
        late = self.rule.value != "by hand" and any(math.isclose(new, shown) for shown in self._shown.get(slider, ()))
        return not late and abs(math.log10(new / change["old"])) > STEP / 2

    def all(self) -> list[widgets.Widget]:
        """Every control."""
        singles = (self.alpha, self.beta, self.rule, self.statistic, self.convention, self.content_layer)
        singles += (self.init, self.optimizer, self.size, self.seed)
        return [*singles, *self.weights.values(), *self.muted.values(), *self.solo.values()]


def _require_knobs(settings: Settings) -> None:
    """Raise ValueError for settings that the controls cannot show, before there is any control."""
    for name, value in {"content weight α": settings.alpha, "style weight β": settings.beta}.items():
        if value <= 0:
            raise ValueError(f"{name} = {value} was given; a slider for it begins at 0.01: give that, or more.")
    if len(settings.content_layers) > 1:
        layers = ", ".join(settings.content_layers)
        raise ValueError(f"content_layers = {layers} were given; a studio compares one content layer: name one.")


def _log(name: str, value: float, low: int, high: int, form: str = ".3g") -> widgets.FloatLogSlider:
    place = math.log10(value)
    below = math.ceil(round((place - low) / STEP, 6))  # the value is one of the slider's steps
    return widgets.FloatLogSlider(
        value=value,
        min=place - max(below, 0) * STEP,
        max=max(high, place),
        step=STEP,
        description=name,
        readout_format=form,
        style=WIDE,
    )


def _choice(name: str, options: list, value: str) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, value=value, description=name, style=WIDE)


def _toggle(name: str, tooltip: str, value: bool) -> widgets.ToggleButton:
    return widgets.ToggleButton(value=value, description=name, tooltip=tooltip, layout={"width": "4.5em"})
