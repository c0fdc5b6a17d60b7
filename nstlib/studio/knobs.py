"""A studio's controls, and what they say together: ``Settings``. Nothing here runs anything."""

import math

import ipywidgets as widgets

from nstlib import conventions, networks, painted, pictures, weighting
from nstlib.settings import INITS, OPTIMIZERS, Settings

STATISTICS = {"whole Gram matrix": "gram", "diagonal only": "diagonal", "mean and spread": "moments"}
STATISTICS |= {"covariance": "covariance"}
WEIGHTS = (1e-6, 1e3)  # λ_l reaches from where it has no say to where it has all
WIDE = {"description_width": "initial"}


class Knobs:
    """The controls by name; ``settings()`` reads them, ``watch`` calls back when any of them changes."""

    def __init__(self, settings: Settings, steps: int) -> None:
        self.steps = steps
        self.alpha = _log("content weight α", settings.alpha, -2, 2)
        self.beta = _log("style weight β", settings.beta, -1, 3)
        given = settings.weights_given or dict.fromkeys(settings.style_layers, 1 / len(settings.style_layers))
        low, high = WEIGHTS
        self.weights = {
            layer: widgets.FloatLogSlider(
                value=min(max(weight, low), high),
                min=-6,
                max=3,
                step=0.05,
                description=f"λ {layer}",
                readout_format=".1e",
                style=WIDE,
            )
            for layer, weight in given.items()
        }
        self.muted = {layer: _toggle("mute", f"leave {layer} out", given[layer] == 0) for layer in given}
        self.solo = {layer: _toggle("solo", f"{layer} alone", False) for layer in given}
        rule = settings.layer_weights if isinstance(settings.layer_weights, str) else "by hand"
        self.rule = _choice("layer weights", [*weighting.PRESETS, "by hand"], rule)
        self.statistic = _choice("statistic", list(STATISTICS.items()), settings.statistic)
        self.convention = _choice("convention", list(conventions.CONVENTIONS), settings.convention)
        self.content_layer = _choice(
            "content layer", [*networks.CONTENT_LAYERS, *networks.STYLE_LAYERS], settings.content_layers[0]
        )
        self.init = _choice("start", list(INITS), settings.init)
        self.optimizer = _choice("optimizer", list(OPTIMIZERS), settings.optimizer)
        self.size = widgets.IntSlider(settings.size, 64, 256, 32, description="size", style=WIDE)
        self.seed = widgets.BoundedIntText(settings.seed, 0, 9999, description="seed", style=WIDE)

    def settings(self) -> Settings:
        """What the controls say now; raises ValueError where all layers are muted."""
        return Settings(
            size=self.size.value,
            steps=self.steps,
            scales=1,
            content_layers=(self.content_layer.value,),
            layer_weights=self.layer_weights(),
            statistic=self.statistic.value,
            convention=self.convention.value,
            alpha=self.alpha.value,
            beta=self.beta.value,
            init=self.init.value,
            optimizer=self.optimizer.value,
            plateau=0.0,
            seed=self.seed.value,
        )

    def layer_weights(self) -> str | dict[str, float]:
        """A rule's name, or λ_l by layer where faders, mute or solo were touched."""
        solo = [layer for layer, button in self.solo.items() if button.value]
        silent = [layer for layer in self.weights if self.muted[layer].value or (solo and layer not in solo)]
        if self.rule.value != "by hand" and not silent:
            return self.rule.value
        if len(silent) == len(self.weights):
            raise ValueError("All layers are muted: let one sound.")
        return {layer: 0.0 if layer in silent else fader.value for layer, fader in self.weights.items()}

    def show_weights(self, weights: dict[str, float]) -> None:
        """Move the faders to a rule's λ_l, without calling that a change."""
        low, high = WEIGHTS
        for layer, weight in weights.items():
            if weight > 0:
                self.weights[layer].value = min(max(weight, low), high)

    def moved(self, change: dict) -> bool:
        """Whether a control was moved: a browser sends a slider's value back, rounded to its own step."""
        if not isinstance(change["owner"], widgets.FloatLogSlider):
            return True
        return abs(math.log10(change["new"] / change["old"])) > change["owner"].step / 2

    def all(self) -> list[widgets.Widget]:
        """Every control."""
        singles = (self.alpha, self.beta, self.rule, self.statistic, self.convention, self.content_layer)
        singles += (self.init, self.optimizer, self.size, self.seed)
        return [*singles, *self.weights.values(), *self.muted.values(), *self.solo.values()]


def pictures_to_choose() -> tuple[list[str], list[str]]:
    """Names of the sample photos and of the painted styles."""
    return list(pictures.SAMPLES), list(painted.STYLES)


def _log(name: str, value: float, low: int, high: int) -> widgets.FloatLogSlider:
    value = min(max(value, 10.0**low), 10.0**high)
    return widgets.FloatLogSlider(
        value=value, min=low, max=high, step=0.05, description=name, readout_format=".3g", style=WIDE
    )


def _choice(name: str, options: list, value: str) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, value=value, description=name, style=WIDE)


def _toggle(name: str, tooltip: str, value: bool) -> widgets.ToggleButton:
    return widgets.ToggleButton(value=value, description=name, tooltip=tooltip, layout={"width": "4.5em"})
