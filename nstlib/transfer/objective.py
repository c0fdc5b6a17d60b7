"""J for one pair of pictures at one size: the targets are computed once, the costs at every step.

Nothing here knows about optimisers or files. It runs on its network's device, in its network's precision.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib import pictures
from nstlib.errors import NstError
from nstlib.networks import Network
from nstlib.style import chroma_roughness, content_cost, conventions, total_cost, total_variation, weighting
from nstlib.style.statistics import STATISTICS
from nstlib.transfer.colour import grey, match_luma
from nstlib.transfer.settings import LARGEST_SEED, Settings
from nstlib.transfer.shapes import Block, Picture, Scalar


@dataclass(frozen=True)
class Costs:
    """J, the raw J_content, and the raw E_l by layer, all of them ready for backward()."""

    total: Scalar
    content: Scalar
    style: dict[str, Scalar]


@dataclass(frozen=True)
class Terms:
    """What J is a weighted sum of: J_content, E_l by layer, TV and R of a picture, or ∂/∂X of each, (3,H,W)."""

    content: Tensor
    style: dict[str, Tensor]
    total_variation: Tensor
    chroma_roughness: Tensor


@dataclass(frozen=True)
class Pair:
    """Content and styles at one size on a network's device, with the features of all: what several runs can share."""

    content: Picture
    styles: tuple[Picture, ...]
    features_c: dict[str, Block]
    features_s: tuple[dict[str, Block], ...]


@torch.no_grad()
def prepare_pair(
    content: Picture,
    style: Picture | Sequence[Picture],
    side: int,
    network: Network,
    device: torch.device,
    style_side: int | None = None,
    colour: str = "style",
) -> Pair:
    """Resize content and style, or several styles, and compute their features on the network's `device`.

    The content's shorter side becomes `side` pixels, a style's `style_side`, which is `side` if not given. With the
    colour "photo" all become grey, and each style's luma is matched to the content's: see `nstlib.transfer.colour`.

    Raises NstError for a picture too small for the network, and for no style.
    """
    content = pictures.resize(content, side)
    pictures.require_side(content, network.minimum_side, network.deepest)
    styles = [style] if isinstance(style, Tensor) else style
    if not styles:
        raise NstError("Expected at least one style, got none: give a picture, or several in a list.")
    if style_side is not None and style_side < network.minimum_side:
        raise NstError(
            f"Expected at least {network.minimum_side} pixels on the style's shorter side, as {network.deepest} needs, "
            f"got {style_side}: give a larger %s or %s, or shallower layers.",
            ("style_scale",),
            ("size",),
        )
    styles = [pictures.resize(picture, side if style_side is None else style_side) for picture in styles]
    if colour == "photo":
        content, styles = grey(content), [match_luma(picture, content) for picture in styles]
    content, *styles = (picture.to(device) for picture in (content, *styles))
    features_c, *features_s = (dict(_features(picture, network)) for picture in (content, *styles))
    return Pair(content, tuple(styles), features_c, tuple(features_s))


class Objective:
    """``objective(x)`` compares a picture with the content and the styles of a pair, and returns its Costs.

    E_l of several styles is Σ_i w_i E_l(X, S_i), by the settings' shares w_i, and so are the costs of zero features of
    which K_s and the preset ``relative`` are made: one unit for all styles. For the Gram matrix this has the gradient
    of one target Σ_i w_i G_i/M_i, that of a picture of which a share w_i is painted like S_i; a unit for each style
    would give up the strong ones for the weak. The blend weights of github.com/jcjohnson/neural-style are these.

    At the picture `start` the preset ``balanced`` measures its gradients. Raises NstError if a preset of
    relative costs would have to divide by the cost of a layer in which the style has no features.
    """

    def __init__(self, pair: Pair, settings: Settings, network: Network, start: Picture) -> None:
        self.network = network
        self.seed = settings.seed
        self.statistic = STATISTICS[settings.statistic].drawn(self.seed)
        with torch.no_grad():
            self.content_targets = {layer: pair.features_c[layer] for layer in settings.content_layers}
            self.style_shares = settings.style_shares(len(pair.styles))
            features_s = {
                layer: tuple(features[layer] for features in pair.features_s) for layer in settings.style_layers
            }
            self.style_targets = self._summaries(features_s)  # of each style
            self.features_s = features_s if self.statistic.is_drawn else {}  # these are large
            nothing = _zeros(self.content_targets)
            self.content_scale = sum(self._content(nothing[layer], layer) for layer in nothing)  # K_c
            self.zero_costs = {  # features that are 0 everywhere are summarised by zeros
                layer: self._style(tuple(torch.zeros_like(target) for target in targets), layer)
                for layer, targets in self.style_targets.items()
            }
            self.style_scale = sum(self.zero_costs.values()) / len(self.zero_costs)  # K_s
        height, width = pair.content.shape[-2:]
        self.n_numbers = pair.content.numel()
        self.counts = {  # N, M and HW of X's layer: X has the content's size
            layer: (*_counts(pair.features_c[layer]), height * width) for layer in self.style_targets
        }
        self._weigh(settings, start)

    def __call__(self, x: Picture) -> Costs:
        """Costs of the picture x."""
        content, style = self._costs(x)
        variation = total_variation(x) if self.settings.total_variation else None
        roughness = chroma_roughness(x) if self.settings.chroma_smoothness else None
        return Costs(self._total(content, style, variation, roughness), content, style)

    @torch.no_grad()
    def redraw(self, index: int) -> None:
        """Summarise X and the styles by new random directions, those of a run's pass `index`, if the statistic has any.

        The settings' seed decides them: pass t has the directions of seed + t. The units K_s and λ_l stay as they are.
        """
        seed = (self.settings.seed + index) % (LARGEST_SEED + 1)
        if self.statistic.is_drawn and seed != self.seed:
            self.seed, self.statistic = seed, self.statistic.drawn(seed)
            self.style_targets = self._summaries(self.features_s)

    def weighted(self, terms: Terms) -> Tensor:
        """J of a picture's terms; and since J is linear in them, of their gradients ∂J/∂X, (3,H,W)."""
        return self._total(terms.content, terms.style, terms.total_variation, terms.chroma_roughness)

    def with_settings(self, settings: Settings, start: Picture) -> "Objective":
        """The same targets under other weights, which costs little: α, β, λ_l and its preset, convention, γ, δ.

        The settings must name the same layers, statistic and shares of styles, and its seed where it is drawn. Raises
        what the class raises.
        """
        other = copy.copy(self)
        other._weigh(settings, start)
        return other

    def with_network(self, network: Network) -> "Objective":
        """The same targets with a copy of the network, which calls somebody between its layers, say."""
        other = copy.copy(self)
        other.network = network
        return other

    @torch.enable_grad()
    def gradients(self, x: Picture) -> tuple[Terms, Terms]:
        """Return J's terms at the picture x, and ∂/∂X of each: one forward pass, and one backward for each term."""
        x = x.detach().requires_grad_()

        def slope(cost: Scalar) -> Picture:
            return torch.autograd.grad(cost, x, retain_graph=True)[0].contiguous()

        content, style = self._costs(x)
        variation, roughness = total_variation(x), chroma_roughness(x)
        slopes = {layer: slope(cost) for layer, cost in style.items()}
        away = slope(content) if content else torch.zeros_like(x)  # ½ Σ (x − c)² is 0 only where its slope is
        gradients = Terms(away, slopes, slope(variation), slope(roughness))
        costs = {layer: cost.detach() for layer, cost in style.items()}
        return Terms(content.detach(), costs, variation.detach(), roughness.detach()), gradients

    def gradient_norms(self, x: Picture) -> dict[str, float]:
        """‖∂E_l/∂X‖ by style layer: how hard each layer alone would pull at the picture x."""
        x = x.detach().requires_grad_()
        _, style = self._costs(x)
        norms = {layer: torch.autograd.grad(cost, x, retain_graph=True)[0].norm() for layer, cost in style.items()}
        return _read(norms)

    def style_cost(self, block: Block, layer: str) -> Scalar:
        """E_l of a picture's features in one layer."""
        return self._style((self.statistic.summarise(block),) * len(self.style_shares), layer)

    def _costs(self, x: Picture) -> tuple[Scalar, dict[str, Scalar]]:
        """J_content, and E_l by layer, each computed as soon as the network yields it: see `Network.iter_features`."""
        content, style = {}, {}
        for layer, block in _features(x, self.network):
            if layer in self.content_targets:
                content[layer] = self._content(block, layer)
            if layer in self.style_targets:
                style[layer] = self.style_cost(block, layer)
        in_order = {layer: style[layer] for layer in self.style_targets}
        return sum(content[layer] for layer in self.content_targets), in_order

    def _total(
        self, content: Tensor, style: dict[str, Tensor], variation: Tensor | None, roughness: Tensor | None
    ) -> Tensor:
        """J; variation and roughness may be missing where their weights are 0."""
        weighted = sum(self.layer_weights[layer] * self.factors[layer] * style[layer] for layer in style)
        total = total_cost(
            content / self.content_scale, weighted / self.style_scale, self.settings.alpha, self.settings.beta
        )
        if self.settings.total_variation:
            total = total + self.settings.total_variation * variation / self.n_numbers
        if self.settings.chroma_smoothness:
            total = total + self.settings.chroma_smoothness * roughness / self.n_numbers
        return total

    def _summaries(self, features_s: dict[str, tuple[Block, ...]]) -> dict[str, tuple[Tensor, ...]]:
        return {layer: tuple(map(self.statistic.summarise, blocks)) for layer, blocks in features_s.items()}

    def _content(self, block: Block, layer: str) -> Scalar:
        return content_cost(block, self.content_targets[layer])

    def _style(self, summaries: tuple[Tensor, ...], layer: str) -> Scalar:
        """E_l of a picture's summary; it stands there once for each style, as zeros of another size must."""
        distances = map(self.statistic.distance, summaries, self.style_targets[layer])
        return sum(share * distance for share, distance in zip(self.style_shares, distances, strict=True))

    def _weigh(self, settings: Settings, start: Picture) -> None:
        """Take the weights, as far as they are not yet in the targets, from the settings."""
        self.settings = settings
        self.factors = {  # f_l
            layer: conventions.factor(settings.convention, *counts) for layer, counts in self.counts.items()
        }
        try:
            self.layer_weights = self._weights(start)
        except ValueError as fault:  # a black painting has no style energy, say; nstlib.style knows no NstError
            raise NstError(str(fault)) from fault

    def _weights(self, start: Picture) -> dict[str, float]:
        layers = self.settings.style_layers
        preset = self.settings.layer_weights
        if preset in ("relative", "relative_geometric"):
            return weighting.PRESETS[preset](_read(self.zero_costs))
        if preset == "balanced":
            norms = self.gradient_norms(start)
            return weighting.balanced({layer: self.factors[layer] * norm for layer, norm in norms.items()})
        if preset == "inverse_n2":
            return weighting.inverse_n2({layer: self.network.n_filters[layer] for layer in layers})
        return self.settings.weights_given or weighting.PRESETS[preset](layers)


def _features(picture: Picture, network: Network) -> Iterator[tuple[str, Block]]:
    for layer, block in network.iter_features(picture[None]):
        yield layer, block.squeeze(0)  # not block[0], whose gradient comes back in another order: slow for all above


def _read(by_layer: dict[str, Scalar]) -> dict[str, float]:
    """Read the numbers in one go: a GPU ends all its work for each."""
    return dict(zip(by_layer, torch.stack(list(by_layer.values())).tolist(), strict=True))


def _counts(block: Block) -> tuple[int, int]:
    """N and M of a layer's block."""
    return block.shape[0], block.shape[1] * block.shape[2]


def _zeros(by_layer: dict[str, Tensor]) -> dict[str, Tensor]:
    return {layer: torch.zeros_like(tensor) for layer, tensor in by_layer.items()}
