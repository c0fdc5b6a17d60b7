"""The controls of a studio as data: what each is called, what it can be set to. The browser draws them from this."""

from nstlib import networks
from nstlib.style import conventions, weighting
from nstlib.style.statistics import STATISTICS
from nstlib.transfer.settings import COLOURS, INITS, OPTIMIZERS, Settings

LEAST_FADER = 1e-3  # of a fader: λ_l is the rule's, times this
STEP = 0.05  # of an exponent, by which an arrow key moves a logarithmic control
STATISTIC_NAMES = {"gram": "whole Gram matrix", "diagonal": "its diagonal", "moments": "means and spreads"}
COLOUR_NAMES = {"style": "the painting's", "photo": "the photo's"}
HINTS = {  # for names that say little
    "convention": "How E_l is normalised, as five families of programs write it: this changes what a layer weighs.",
    "total_variation": "The weight in J of the differences between neighbouring pixels: more smooths the picture.",
    "chroma_smoothness": "The weight in J of changes of colour from pixel to pixel: more smooths the colours and "
    "leaves light and dark.",
    "go_on": "A move then runs on from the picture that is shown, instead of starting anew.",
}
RULE_BY_HAND = "given"  # λ_l that came as numbers; the faders multiply those


def logarithmic(label: str, low: float, high: float, *, zero: bool = False) -> dict:
    """Return a slider whose steps are factors; with `zero` its lowest place means 0."""
    return {"kind": "log", "label": label, "low": low, "high": high, "step": STEP, "zero": zero}


def linear(label: str, low: float, high: float, step: float) -> dict:
    """Return a slider whose steps are differences."""
    return {"kind": "linear", "label": label, "low": low, "high": high, "step": step}


def choice(label: str, values: tuple, names: dict[str, str] | None = None) -> dict:
    """Return a list to choose from; `names` says in words what the values mean."""
    options = [[value, (names or {}).get(value, str(value).replace("_", " "))] for value in values]
    return {"kind": "choice", "label": label, "options": options}


def flag(label: str) -> dict:
    """Return a box to tick."""
    return {"kind": "flag", "label": label}


def controls(settings: Settings) -> dict[str, dict]:
    """Return every control by the name of its knob, in the order in which the panel shows them.

    Each reaches what these settings say, which may be beyond its usual range. Layer weights that were given as numbers
    are a rule, too.
    """
    rules = (*([RULE_BY_HAND] if settings.weights_given else []), *weighting.PRESETS)
    compared = tuple(dict.fromkeys((*networks.CONTENT_LAYERS, *networks.STYLE_LAYERS, *settings.content_layers)))
    usual = {
        "alpha": logarithmic("content weight α", 0.01, 100),
        "beta": logarithmic("style weight β", 0.1, 1000),
        "faders": logarithmic("λ", LEAST_FADER, 1e3) | {"layers": list(settings.style_layers)},
        "rule": choice("layer weights", rules),
        "statistic": choice("statistic", tuple(STATISTICS), STATISTIC_NAMES),
        "convention": choice("convention", tuple(conventions.CONVENTIONS)),
        "content_layer": choice("content layer", compared, {layer: layer for layer in compared}),
        "init": choice("start", INITS),
        "optimizer": choice("optimizer", OPTIMIZERS),
        "colour": choice("colours", COLOURS, COLOUR_NAMES),
        "total_variation": logarithmic("total variation", 0.01, 100, zero=True),
        "chroma_smoothness": logarithmic("chroma smoothness", 0.1, 1000, zero=True),
        "style_scale": logarithmic("size of strokes", 0.5, 2),
        "blend": linear("share of the second style", 0, 1, 0.05),
        "size": linear("size", 64, 256, 32),
        "seed": linear("seed", 0, 9999, 1),
        "go_on": flag("go on from this picture"),
    }
    return {
        name: _reaching(control, getattr(settings, name, None)) | {"hint": HINTS.get(name, "")}
        for name, control in usual.items()
    }


def _reaching(control: dict, value: object) -> dict:
    """Return the control with a range that holds this value."""
    if "low" not in control or not isinstance(value, int | float) or (value == 0 and control.get("zero")):
        return control
    return control | {"low": min(control["low"], value), "high": max(control["high"], value)}
