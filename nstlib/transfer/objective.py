"""J for one pair of pictures at one size: the targets are computed once, the costs at every step.

Nothing here knows about optimisers or files. It runs on its network's device, in its network's precision.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from nstlib import pictures
from nstlib.errors import NstError
from nstlib.networks import Network
from nstlib.style import content_cost, conventions, total_cost, total_variation, weighting
from nstlib.style.statistics import STATISTICS
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Block, Picture, Scalar


@dataclass(frozen=True)
class Costs:
    """J, the raw J_content, and the raw E_l by layer, all of them ready for backward()."""

    total: Scalar
    content: Scalar
    style: dict[str, Scalar]


@dataclass(frozen=True)
class Pair:
    """Content and style at one size on a network's device, with the features of both: what several runs can share."""

    content: Picture
    style: Picture
    features_c: dict[str, Block]
    features_s: dict[str, Block]


@torch.no_grad()
def prepare_pair(content: Picture, style: Picture, side: int, network: Network, device: torch.device) -> Pair:
    """Resize both pictures to `side` pixels on the shorter side, and compute their features on the network's `device`.

    Raises NstError for a picture too small for the network.
    """
    both = [pictures.resize(picture, side) for picture in (content, style)]
    for picture in both:
        pictures.require_side(picture, network.minimum_side, network.deepest)
    content, style = (picture.to(device) for picture in both)
    return Pair(content, style, *(dict(_features(picture, network)) for picture in (content, style)))


class Objective:
    """``objective(x)`` compares a picture with the content and style of a pair, and returns its Costs.

    At the picture `start` the preset ``balanced`` measures its gradients. Raises NstError if the preset ``relative``
    would have to divide by the cost of a layer in which the style has no features.
    """

    def __init__(self, pair: Pair, settings: Settings, network: Network, start: Picture) -> None:
        self.settings = settings
        self.network = network
        self.statistic = STATISTICS[settings.statistic]
        with torch.no_grad():
            self.content_targets = {layer: pair.features_c[layer] for layer in settings.content_layers}
            self.style_targets = {
                layer: self.statistic.summarise(pair.features_s[layer]) for layer in settings.style_layers
            }
            nothing = _zeros(self.content_targets)
            self.content_scale = sum(self._content(nothing[layer], layer) for layer in nothing)  # K_c
            self.zero_costs = {  # features that are 0 everywhere are summarised by zeros
                layer: self.statistic.distance(zero, self.style_targets[layer])
                for layer, zero in _zeros(self.style_targets).items()
            }
            self.style_scale = sum(self.zero_costs.values()) / len(self.zero_costs)  # K_s
        height, width = pair.content.shape[-2:]
        self.factors = {  # f_l, with M of X's layer: X has the content's size
            layer: conventions.factor(settings.convention, *_counts(pair.features_c[layer]), height * width)
            for layer in self.style_targets
        }
        try:
            self.layer_weights = self._weights(start)
        except ValueError as fault:  # a black painting has no style energy, say; nstlib.style knows no NstError
            raise NstError(str(fault)) from fault

    def __call__(self, x: Picture) -> Costs:
        """Costs of the picture x."""
        content, style = self._costs(x)
        weighted = sum(self.layer_weights[layer] * self.factors[layer] * style[layer] for layer in style)
        total = total_cost(
            content / self.content_scale, weighted / self.style_scale, self.settings.alpha, self.settings.beta
        )
        if self.settings.total_variation:
            total = total + self.settings.total_variation * total_variation(x) / x.numel()
        return Costs(total, content, style)

    def gradient_norms(self, x: Picture) -> dict[str, float]:
        """‖∂E_l/∂X‖ by style layer: how hard each layer alone would pull at the picture x."""
        x = x.detach().requires_grad_()
        _, style = self._costs(x)
        return {
            layer: torch.autograd.grad(cost, x, retain_graph=True)[0].norm().item() for layer, cost in style.items()
        }

    def _costs(self, x: Picture) -> tuple[Scalar, dict[str, Scalar]]:
        """J_content, and E_l by layer, each computed as soon as the network yields it: see `Network.iter_features`."""
        content, style = {}, {}
        for layer, block in _features(x, self.network):
            if layer in self.content_targets:
                content[layer] = self._content(block, layer)
            if layer in self.style_targets:
                style[layer] = self.statistic.distance(self.statistic.summarise(block), self.style_targets[layer])
        in_order = {layer: style[layer] for layer in self.style_targets}
        return sum(content[layer] for layer in self.content_targets), in_order

    def _content(self, block: Block, layer: str) -> Scalar:
        return content_cost(block, self.content_targets[layer])

    def _weights(self, start: Picture) -> dict[str, float]:
        layers = self.settings.style_layers
        preset = self.settings.layer_weights
        if preset == "relative":
            return weighting.relative({layer: cost.item() for layer, cost in self.zero_costs.items()})
        if preset == "balanced":
            norms = self.gradient_norms(start)
            return weighting.balanced({layer: self.factors[layer] * norm for layer, norm in norms.items()})
        if preset == "inverse_n2":
            return weighting.inverse_n2({layer: self.network.n_filters[layer] for layer in layers})
        return self.settings.weights_given or weighting.PRESETS[preset](layers)


def _features(picture: Picture, network: Network) -> Iterator[tuple[str, Block]]:
    for layer, block in network.iter_features(picture[None]):
        yield layer, block.squeeze(0)  # not block[0], whose gradient comes back in another order: slow for all above


def _counts(block: Block) -> tuple[int, int]:
    """N and M of a layer's block."""
    return block.shape[0], block.shape[1] * block.shape[2]


def _zeros(by_layer: dict[str, Tensor]) -> dict[str, Tensor]:
    return {layer: torch.zeros_like(tensor) for layer, tensor in by_layer.items()}
