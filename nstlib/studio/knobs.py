"""A studio's controls, and the ``Settings`` that they add up to. Nothing here runs anything."""

import dataclasses
import math
from collections import deque

import ipywidgets as widgets

from nstlib import networks
from nstlib.errors import NstError
from nstlib.style import conventions, weighting
from nstlib.transfer.settings import INITS, OPTIMIZERS, Settings

STATISTICS = {"whole Gram matrix": "gram", "diagonal only": "diagonal", "mean and spread": "moments"}
STATISTICS |= {"covariance": "covariance"}
WEIGHTS = (1e-6, 1e3)  # the range of λ_l: from no say at all to the only one
STEP = 0.05  # of a slider's exponent
FULL_LABEL = {"description_width": "initial"}
FREE = "none: move what you like"
TASKS: dict[str, dict] = {  # one way through each of lesson 06's tasks: what to move once all knobs are back
    FREE: {},
    "palette only": {"solo": ("relu1_1",)},
    "strokes, no palette": {"muted": ("relu1_1", "relu2_1")},
    "still a cat": {"beta": 10**0.5},
}


class Knobs:
    """The controls by name; ``settings()`` and ``muted_layers()`` read them, ``follow()`` moves them for a task.

    What has no control stays as it is in `settings`. Raises NstError for an α or β of 0, which no slider reaches, and
    for more than one content layer.

    >>> knobs = Knobs(Settings(beta=3))
    >>> knobs.solo["relu1_1"].value = True
    >>> knobs.settings().beta, knobs.muted_layers()
    (3.0, ('relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'))
    """

    def __init__(self, settings: Settings) -> None:
        _require_knobs(settings)
        self._initial = settings
        self.alpha = _log_slider("content weight α", settings.alpha, -2, 2)
        self.beta = _log_slider("style weight β", settings.beta, -1, 3)
        weights = settings.weights_given or dict.fromkeys(settings.style_layers, 1.0)
        self.weights = {
            layer: _log_slider(f"λ {layer}", weight or WEIGHTS[0], -6, 3, ".1e") for layer, weight in weights.items()
        }
        self.muted = {layer: _toggle("mute", f"mute {layer}", weight == 0) for layer, weight in weights.items()}
        self.solo = {layer: _toggle("solo", f"solo {layer}", False) for layer in weights}
        rule = settings.layer_weights if isinstance(settings.layer_weights, str) else "by hand"
        self.rule = _dropdown("layer weights", [*weighting.PRESETS, "by hand"], rule)
        self.statistic = _dropdown("statistic", list(STATISTICS.items()), settings.statistic)
        self.convention = _dropdown("convention", list(conventions.CONVENTIONS), settings.convention)
        layers = dict.fromkeys((*networks.CONTENT_LAYERS, *networks.STYLE_LAYERS, *settings.content_layers))
        self.content_layer = _dropdown("content layer", list(layers), settings.content_layers[0])
        self.init = _dropdown("start", list(INITS), settings.init)
        self.optimizer = _dropdown("optimizer", list(OPTIMIZERS), settings.optimizer)
        sizes = min(64, settings.size), max(256, settings.size)
        self.size = widgets.IntSlider(settings.size, *sizes, step=32, description="size", style=FULL_LABEL)
        self.seed = widgets.BoundedIntText(settings.seed, 0, 9999, description="seed", style=FULL_LABEL)
        self.task = _dropdown("a task's way", list(TASKS), FREE)
        self._rule_values = {fader: deque(maxlen=3) for fader in self.weights.values()}  # the last that rules set
        self._initial_values = {knob: knob.value for knob in self.all()}

    def settings(self) -> Settings:
        """Return what the controls say now, as if no layer were muted."""
        by_hand = self.rule.value == "by hand"
        return dataclasses.replace(
            self._initial,
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
        """Return the layers without solo, or those on mute if none has solo; raise NstError if that is all."""
        solo = [layer for layer, button in self.solo.items() if button.value]
        muted = [layer for layer in self.weights if (layer not in solo if solo else self.muted[layer].value)]
        if len(muted) == len(self.weights):
            raise NstError("All layers are muted: unmute at least one.")
        return tuple(muted)

    def show_weights(self, weights: dict[str, float]) -> None:
        """Move the faders to a rule's λ_l, rounded to their steps: a browser would send back any other value."""
        low, high = WEIGHTS
        for layer, weight in weights.items():
            if weight > 0:
                fader = self.weights[layer]
                steps = round((math.log10(min(max(weight, low), high)) - fader.min) / STEP)
                fader.value = 10 ** (fader.min + steps * STEP)
                self._rule_values[fader].append(fader.value)

    def follow(self, task: str) -> None:
        """Put all knobs back to where they began, then move those of a task."""
        for knob, value in self._initial_values.items():
            if knob not in self.weights.values() or self._initial_values[self.rule] == "by hand":
                knob.value = value  # otherwise the faders follow the rule
        for name, value in TASKS[task].items():
            if isinstance(value, tuple):
                for layer in value:
                    getattr(self, name)[layer].value = True
            else:
                getattr(self, name).value = value

    def is_move(self, change: dict) -> bool:
        """Say whether somebody moved a control: a browser also echoes a slider's value, rounded to its step."""
        slider = change["owner"]
        value = change["new"]
        if not isinstance(slider, widgets.FloatLogSlider):
            return True
        rule_values = () if self.rule.value == "by hand" else self._rule_values.get(slider, ())
        late_echo = any(math.isclose(value, rule_value) for rule_value in rule_values)
        return not late_echo and abs(math.log10(value / change["old"])) > STEP / 2

    def all(self) -> list[widgets.Widget]:
        """Return every control."""
        singles = (self.alpha, self.beta, self.rule, self.statistic, self.convention, self.content_layer)
        singles += (self.init, self.optimizer, self.size, self.seed)
        return [*singles, *self.weights.values(), *self.muted.values(), *self.solo.values()]


def _require_knobs(settings: Settings) -> None:
    """Raise NstError for settings that the controls cannot show, before any control is made."""
    for name, value in {"content weight α": settings.alpha, "style weight β": settings.beta}.items():
        if value <= 0:
            raise NstError(f"Expected {name} > 0, got {value}: its slider starts at 0.01: give at least that.")
    if len(settings.content_layers) > 1:
        layers = ", ".join(settings.content_layers)
        raise NstError(f"Expected one content layer, got {layers}: name one, as a studio compares only one.")


def _log_slider(name: str, value: float, low: int, high: int, readout_format: str = ".3g") -> widgets.FloatLogSlider:
    exponent = math.log10(value)
    below = math.ceil(round((exponent - low) / STEP, 6))  # the value is one of the slider's steps
    return widgets.FloatLogSlider(
        value=value,
        min=exponent - max(below, 0) * STEP,
        max=max(high, exponent),
        step=STEP,
        description=name,
        readout_format=readout_format,
        style=FULL_LABEL,
    )


def _dropdown(name: str, options: list, value: str) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, value=value, description=name, style=FULL_LABEL)


def _toggle(name: str, tooltip: str, value: bool) -> widgets.ToggleButton:
    return widgets.ToggleButton(value=value, description=name, tooltip=tooltip, layout={"width": "4.5em"})
