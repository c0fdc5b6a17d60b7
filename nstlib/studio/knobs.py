"""What the controls of a studio say, as one immutable value, and the ``Settings`` that it adds up to."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nstlib.errors import NstError
from nstlib.studio.controls import RULE_BY_HAND
from nstlib.transfer.settings import Settings

SAME_NAME = ("statistic", "convention", "init", "optimizer", "size", "seed", "colour", "style_scale")
SAME_NAME += ("alpha", "beta", "total_variation", "chroma_smoothness")
LARGEST = 1e12  # of any knob: far beyond what each control reaches
NUMBERS = ("alpha", "beta", "total_variation", "chroma_smoothness", "style_scale", "blend")


@dataclass(frozen=True)
class Knobs:
    """Every knob by name. ``moved`` returns others, ``settings`` what they mean for a run.

    content, style, second_style: names of pictures; "" is none. blend: the second style's share, 0 to 1. faders: by
    what each layer's λ is multiplied, 1 where none is named. muted, solo: layers. rule: which rule gives the λ, or
    "given" for numbers. mask: the name of one that was painted; "" is none. go_on: whether a move goes on from the
    present picture. All others are those of ``Settings``.

    >>> knobs = Knobs.of(Settings(beta=3), "cat", "night").moved(solo=["relu1_1"])
    >>> knobs.beta, knobs.muted_layers(Settings())
    (3.0, ('relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'))
    """

    content: str
    style: str
    second_style: str = ""
    blend: float = 0.5
    alpha: float = 1.0
    beta: float = 10.0
    faders: dict[str, float] = field(default_factory=dict)
    muted: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()
    rule: str = "relative"
    statistic: str = "gram"
    convention: str = "gatys"
    content_layer: str = "relu4_2"
    init: str = "content"
    optimizer: str = "adam"
    colour: str = "style"
    total_variation: float = 0.0
    chroma_smoothness: float = 0.0
    style_scale: float = 1.0
    size: int = 192
    seed: int = 0
    mask: str = ""
    go_on: bool = False

    NAMES: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def of(cls, settings: Settings, content: str, style: str) -> "Knobs":
        """Return the knobs that say what `settings` do; raise NstError for what no knob can show.

        That is an α or β of 0, which no logarithmic slider reaches, and more than one content layer.
        """
        for name, value in {"content weight α": settings.alpha, "style weight β": settings.beta}.items():
            if value <= 0:
                raise NstError(f"Expected {name} > 0, got {value}: its slider starts above 0, so give at least 0.01.")
        if len(settings.content_layers) > 1:
            layers = ", ".join(settings.content_layers)
            raise NstError(f"Expected one content layer, got {layers}: name one, as a studio compares only one.")
        same = {name: getattr(settings, name) for name in SAME_NAME}
        given = settings.weights_given
        if given and not any(given.values()):
            raise NstError("Expected a layer weight above 0, got only zeros: give at least one layer a say.")
        return cls(content, style).moved(
            **same,
            rule=RULE_BY_HAND if given else settings.layer_weights,
            muted=tuple(layer for layer, weight in given.items() if not weight),
            content_layer=settings.content_layers[0],
        )

    def moved(self, **changes: Any) -> "Knobs":
        """Return these knobs with some of them elsewhere; raise NstError for a name or a value that none has.

        >>> Knobs("cat", "night").moved(faders={"relu5_1": 2}).faders
        {'relu5_1': 2.0}
        """
        for name in changes:
            if name not in self.NAMES:
                raise NstError(f"Expected a knob's name, got {name!r}: choose from {', '.join(self.NAMES)}.")
        return dataclasses.replace(self, **{name: _checked(name, value) for name, value in changes.items()})

    def settings(self, base: Settings) -> Settings:
        """Return the Settings of a run, those of `base` where there is no knob, as if every fader stood at 1."""
        return dataclasses.replace(
            base,
            **{name: getattr(self, name) for name in SAME_NAME},
            content_layers=(self.content_layer,),
            style_layers=base.style_layers,
            layer_weights=without_zeros(base.weights_given) if self.rule == RULE_BY_HAND else self.rule,
            style_blend=(1 - self.blend, self.blend) if self.second_style else (),
        )

    def muted_layers(self, base: Settings) -> tuple[str, ...]:
        """Return the layers without solo, or those on mute if none has solo; raise NstError if that is all."""
        layers = base.style_layers
        muted = [layer for layer in layers if (layer not in self.solo if self.solo else layer in self.muted)]
        if len(muted) == len(layers):
            raise NstError("All layers are muted: unmute at least one.")
        return tuple(muted)

    def to_dict(self) -> dict[str, Any]:
        """Return what a browser gets: plain numbers, words and lists."""
        return dataclasses.asdict(self) | {"muted": list(self.muted), "solo": list(self.solo)}

    def changes(self, before: "Knobs") -> dict[str, Any]:
        """Return the knobs that stand elsewhere than `before`, by name."""
        ours, theirs = self.to_dict(), before.to_dict()
        return {name: value for name, value in ours.items() if value != theirs[name]}


Knobs.NAMES = tuple(each.name for each in dataclasses.fields(Knobs))


def without_zeros(weights: Mapping[str, float]) -> dict[str, float]:
    """Return given λ_l, a zero replaced by the smallest other one, so that unmuting its layer changes something."""
    least = min((weight for weight in weights.values() if weight), default=1.0)
    return {layer: weight or least for layer, weight in weights.items()}


def _checked(name: str, value: Any) -> Any:
    """Return a knob's value as its own type; raise NstError for anything else."""
    if name == "faders":
        if not isinstance(value, Mapping) or not all(map(_is_number, value.values())):
            raise NstError(f"Expected a number of 0 or more for each layer, got faders={value!r}.")
        return {str(layer): float(number) for layer, number in sorted(value.items()) if number != 1}  # 1: the rule
    if name in ("muted", "solo"):
        if not isinstance(value, list | tuple) or not all(isinstance(layer, str) for layer in value):
            raise NstError(f"Expected a list of layers, got {name}={value!r}.")
        return tuple(sorted(value))
    if name == "go_on":
        return bool(value)
    if name in ("size", "seed") and _is_number(value) and value == int(value):
        return int(value)
    if name in NUMBERS and _is_number(value):
        return float(value)
    if name in ("size", "seed", *NUMBERS):
        raise NstError(f"Expected a finite number of 0 or more, got {name}={value!r}.")
    if not isinstance(value, str):
        raise NstError(f"Expected text, got {name}={value!r}.")
    return value


def _is_number(value: Any) -> bool:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and 0 <= value <= LARGEST and not math.isnan(value)
