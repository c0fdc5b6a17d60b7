"""What a run of style transfer is asked to do: one frozen, validated record, which can be kept as JSON."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nstlib import networks, pictures
from nstlib.errors import NstError
from nstlib.style import conventions, statistics, weighting
from nstlib.terminal import counted

INITS = ("content", "style", "noise")
OPTIMIZERS = ("adam", "lbfgs", "pyramid")
COLOURS = ("style", "photo")
LARGEST_SEED = 2**63 - 1  # that PyTorch's generators take
COARSEST = 182  # a coarsest side above this leaves strokes too small for their picture, as full size alone does


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run, apart from the two pictures and the network.

    size: pixels of the shorter side of both pictures. steps: forward and backward passes, over all scales together.
    scales: how many sizes, each √2 of the one before, coarse to fine; 1 switches that off, None begins near 180 px.
    content_layers: where content is compared. layer_weights: a preset's name, λ_l over `style_layers`, or the λ_l
    by layer, which then are the style layers. statistic, convention: of the modules so named.
    alpha, beta, total_variation, chroma_smoothness: weights in J (see `nstlib.transfer.run`).
    init: content, style or noise.
    optimizer: adam, or lbfgs, or pyramid: Adam on a pyramid of pictures that add up to X (see
    `nstlib.transfer.parameterization`).
    learning_rate: Adam's, of the picture's range; a pyramid's levels together move up to twice as far.
    plateau: a scale ends early when J fell by less than this share in 20 steps; 0 never stops early.
    seed: decides the noise, and the random directions of sliced Wasserstein.
    style_scale: the size of strokes; it multiplies the style's side, see `style_side`.
    style_blend: a weight for each style where there are several, of which only the ratios count; () for equal ones.
    colour: whose colours the result has, the style's or those of the photo: `nstlib.transfer.colour` says how.
    margin: pixels around the photo that are painted with it and cut away: see `nstlib.transfer.frame`.
    redraw: whether sliced Wasserstein takes new directions at every pass. J then goes up and down a little with them,
    and no plateau is looked for. L-BFGS compares gradients of several passes, so with it they last for a scale.
    Raises NstError, in a sentence, for what cannot be run.

    >>> settings = Settings(size=256, layer_weights={"relu2_1": 2, "relu1_1": 1})
    >>> settings.style_layers, settings.sides()
    (('relu2_1', 'relu1_1'), [181, 256])
    >>> Settings.from_json(settings.to_json()) == settings
    True
    """

    size: int = 256
    steps: int = 60
    scales: int | None = None
    content_layers: list[str] | tuple[str, ...] = ("relu4_2",)
    style_layers: list[str] | tuple[str, ...] = networks.STYLE_LAYERS
    layer_weights: str | Mapping[str, float] = "relative"
    statistic: str = "gram"
    convention: str = "gatys"
    alpha: float = 1.0
    beta: float = 10.0
    total_variation: float = 0.0
    chroma_smoothness: float = 0.0
    init: str = "content"
    optimizer: str = "adam"
    learning_rate: float = 0.05
    plateau: float = 0.01
    seed: int = 0
    style_scale: float = 1.0
    style_blend: list[float] | tuple[float, ...] = ()
    colour: str = "style"
    margin: int = 0
    redraw: bool = True

    def __post_init__(self) -> None:
        for name in ("content_layers", "style_layers"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))
        if isinstance(self.layer_weights, Mapping):
            object.__setattr__(self, "layer_weights", dict(self.layer_weights))
            object.__setattr__(self, "style_layers", _names("layer_weights", list(self.layer_weights)))
        else:
            _one_of("layer_weights", self.layer_weights, weighting.PRESETS)
        _one_of("statistic", self.statistic, statistics.STATISTICS)
        _one_of("convention", self.convention, conventions.CONVENTIONS)
        _one_of("init", self.init, INITS)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        for name in ("size", "steps"):
            _whole(name, getattr(self, name), least=1)
        if self.scales is not None:
            _whole("scales", self.scales, least=1)
        if self.steps < len(self.sides()):
            scales = len(self.sides())
            raise NstError(
                f"Expected at least one step for each of {scales} scales, got %s: give more.", ("steps", self.steps)
            )
        if min(self.sides()) < 1:
            raise NstError(f"%s is too small for {self.scales} scales: give fewer scales.", ("size", self.size))
        _whole("seed", self.seed, least=0, most=LARGEST_SEED)
        _whole("margin", self.margin, least=0)
        if not isinstance(self.redraw, bool):
            raise NstError("Expected True or False, got %s: give one of them.", ("redraw", self.redraw))
        for name in ("alpha", "beta", "total_variation", "chroma_smoothness", "plateau"):
            _number(name, getattr(self, name))
        for layer, weight in self.weights_given.items():
            _number(f"layer_weights[{layer!r}]", weight)
        _number("learning_rate", self.learning_rate, positive=True)
        if not self.content_layers or not self.style_layers:
            raise NstError(
                "Expected at least one content layer and one style layer, got none: a weight of 0 switches a term off."
            )
        self._check_style()

    def _check_style(self) -> None:
        """Check colours, sizes and shares of styles."""
        _one_of("colour", self.colour, COLOURS)
        _number("style_scale", self.style_scale, positive=True)
        largest = math.isqrt(pictures.MAX_PIXELS)
        if self.size > largest:
            raise NstError(
                f"Expected at most {largest} pixels on the shorter side, got %s: give a smaller size, such as 512.",
                ("size", self.size),
            )
        if self.style_side(self.size) > largest:
            raise NstError(
                f"Expected at most {largest} pixels on the style's shorter side, got {self.style_side(self.size)} by "
                "%s and %s: give a smaller %s or %s.",
                ("style_scale", self.style_scale),
                ("size", self.size),
                ("style_scale",),
                ("size",),
            )
        if not isinstance(self.style_blend, list | tuple):
            raise NstError(
                "Expected a list of weights, got %s: pass [2, 1], for example.", ("style_blend", self.style_blend)
            )
        object.__setattr__(self, "style_blend", tuple(self.style_blend))
        for index, weight in enumerate(self.style_blend):
            _number(f"style_blend[{index}]", weight)
        if self.style_blend and not sum(self.style_blend):
            raise NstError(
                "Expected a weight above 0, got %s: give at least one style a say.", ("style_blend", self.style_blend)
            )

    @property
    def weights_given(self) -> dict[str, float]:
        """The λ_l that are given as numbers; none for a preset."""
        return self.layer_weights if isinstance(self.layer_weights, dict) else {}

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers whose features a run needs, each once."""
        return tuple(dict.fromkeys(self.style_layers + self.content_layers))

    def sides(self) -> list[int]:
        """Shorter side of each scale, coarse to fine: size / √2^k, the last one being `size`."""
        count = self.scales or max(1, math.ceil(2 * math.log2(self.size / COARSEST)) + 1)
        return [round(self.size / math.sqrt(2) ** k) for k in reversed(range(count))]

    def steps_at(self, scale: int) -> int:
        """Steps of a scale, counted from 1: equal parts, the remainder to the finest."""
        count = len(self.sides())
        part = self.steps // count
        return self.steps - part * (count - 1) if scale == count else part

    def style_side(self, side: int) -> int:
        """Shorter side of the style where the picture's is `side` pixels: style_scale · side, rounded."""
        return round(self.style_scale * side)

    def style_shares(self, n_styles: int) -> tuple[float, ...]:
        """Each style's share in the style cost, 1 in all; NstError unless `style_blend` fits so many styles."""
        weights = self.style_blend or (1.0,) * n_styles
        if len(weights) != n_styles:
            raise NstError(
                f"Expected a weight for each style, got {len(weights)} in %s and "
                f"{counted(n_styles, 'style')}: give as many weights as styles, or none for equal shares.",
                ("style_blend",),
            )
        return tuple(weight / sum(weights) for weight in weights)

    def to_json(self) -> str:
        """Write as JSON, which `from_json` reads back to an equal record."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Read what `to_json` wrote; NstError names an unknown setting or what is not JSON."""
        try:
            values: Any = json.loads(text)
        except ValueError as fault:
            raise NstError(
                f"Expected settings in JSON, got something else ({fault}): pass what Settings.to_json() wrote."
            ) from None
        if not isinstance(values, dict):
            raise NstError(
                f"Expected a JSON object of names and values, got {text[:40]!r}: pass what Settings.to_json() wrote."
            )
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := set(values) - known:
            raise NstError(
                f"Expected the settings {', '.join(sorted(known))}, got {min(unknown)!r}: rename it, or leave it out."
            )
        return cls(**values)


def _one_of(name: str, value: object, known: object) -> None:
    if not isinstance(value, str) or value not in known:
        raise NstError(f"Expected one of {', '.join(known)}, got %s: choose one of these.", (name, value))


def _names(name: str, layers: object) -> tuple[str, ...]:
    if not isinstance(layers, list | tuple) or not all(isinstance(layer, str) for layer in layers):
        raise NstError("Expected a list of layer names, got %s: pass ['relu4_2'], for example.", (name, layers))
    return tuple(layers)


def _whole(name: str, value: object, least: int, most: float = math.inf) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise NstError(f"Expected a whole number of at least {least}, got %s: give another.", (name, value))
    if value > most:
        raise NstError(f"Expected a whole number of at most {most}, got %s: give a smaller one.", (name, value))


def _number(name: str, value: object, positive: bool = False) -> None:
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not real or value < 0 or (positive and value == 0):
        least = "above 0" if positive else "of 0 or more"
        raise NstError(f"Expected a finite number {least}, got %s: give another.", (name, value))
