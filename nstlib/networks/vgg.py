"""VGG's layer names, its architecture, and the frozen network that gives features by name.

A layer is named as in the papers: ``conv4_2`` is the second convolution of the fourth block, ``relu4_2`` what its ReLU
lets through, ``pool4`` what the block hands on. Source: Simonyan and Zisserman, 2015, arXiv:1409.1556.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from nstlib.errors import NstError

Batch = Float[Tensor, "batch 3 height width"]
Features = Float[Tensor, "batch _n_filters _height _width"]  # layers differ in these
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Pooling = Literal["max", "average"]

# Without a gain each average pool hands on weaker features than the next filters were trained for: in minivgg on the
# seven colour sample photos at 256 px, relu2_1, 3_1, 4_1 and 5_1 keep .77, .53, .38 and .28 of their root mean square
# (medians). With 1.4 they keep 1.02, .93, .73 and .56; single photos range from .47 (at relu4_1) to 1.14 (at relu2_1).
# VGG-16 keeps 1.01, .89, .69 and .50 with it.
AVERAGE_POOL_GAIN = 1.4


@dataclass(frozen=True)
class Architecture:
    """Filters and convolutions of each block, and the input scaling ``(picture - mean) / std``.

    >>> VGG19.layers[:5]
    ('conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1')
    >>> VGG19.convolutions["conv4_1"]
    (256, 512)
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    @property
    def convolutions(self) -> dict[str, tuple[int, int]]:
        """Name -> (channels in, filters) of each convolution, in order."""
        shapes = {}
        channels = 3
        for block, (width, depth) in enumerate(zip(self.widths, self.depths, strict=True), start=1):
            for index in range(1, depth + 1):
                shapes[f"conv{block}_{index}"] = (channels, width)
                channels = width
        return shapes

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer's name, from the picture to the depth."""
        names = []
        for block, depth in enumerate(self.depths, start=1):
            for index in range(1, depth + 1):
                names += [f"conv{block}_{index}", f"relu{block}_{index}"]
            names.append(f"pool{block}")
        return tuple(names)

    def until_deepest(self, asked: Iterable[str]) -> tuple[str, ...]:
        """Return the layers from the first to the deepest one asked for; NstError names an unknown layer.

        >>> VGG16.until_deepest(["relu1_1", "conv1_1"])
        ('conv1_1', 'relu1_1')
        """
        asked = list(asked)
        known = self.layers
        unknown = [name for name in asked if name not in known]
        if unknown:
            raise NstError(f"Expected a layer of this network, got {unknown[0]!r}: choose from {', '.join(known)}.")
        if not asked:
            raise NstError("Expected layers, got none: name at least one, for example relu4_2.")
        return known[: max(map(known.index, asked)) + 1]

    def stage(self, name: str, pooling: Pooling) -> nn.Module:
        """Make one layer: a 3 × 3 convolution, a ReLU or a pool."""
        if name.startswith("conv"):
            return nn.Conv2d(*self.convolutions[name], kernel_size=3, padding=1)
        if name.startswith("relu"):
            return nn.ReLU(inplace=False)  # in place it would overwrite the conv layer's features
        return MaxPool() if pooling == "max" else AveragePool()

    def least_side(self, layers: Iterable[str]) -> int:
        """Least picture side, in pixels, that leaves one position at the deepest of `layers`.

        >>> VGG16.least_side(["relu1_1"]), VGG16.least_side(["relu5_1"])
        (1, 16)
        """
        return 2 ** sum(name.startswith("pool") for name in self.until_deepest(layers))


VGG16 = Architecture(widths=(64, 128, 256, 512, 512), depths=(2, 2, 3, 3, 3))
VGG19 = Architecture(widths=(64, 128, 256, 512, 512), depths=(2, 2, 4, 4, 4))


class MaxPool(nn.Module):
    """2 × 2 max pooling; a last odd row or column is left out."""

    def forward(self, features: Tensor) -> Tensor:
        """(B,N,H,W) -> (B,N,H/2,W/2)."""
        strict = torch.are_deterministic_algorithms_enabled()  # torch then refuses to unpool
        ours = features.device.type == "cpu" and not strict and _unpools(features.dtype)
        return _MaxPool.apply(features) if ours else functional.max_pool2d(features, 2)


@cache
def _unpools(dtype: torch.dtype) -> bool:
    """Whether this release of torch can unpool such numbers on the CPU; early ones cannot in half precision."""
    ones, indices = (torch.ones(1, 1, 1, 1, dtype=kind, device="cpu") for kind in (dtype, torch.int64))
    try:
        _unpooled(ones, indices, (2, 2))
    except RuntimeError:  # NotImplementedError is one
        return False
    return True


def _unpooled(pooled: Tensor, indices: Tensor, size: tuple[int, int]) -> Tensor:
    # functional.max_unpool2d first loads sympy for a check of the size, which takes half a second
    return torch.ops.aten.max_unpool2d(pooled, indices, size)


class _MaxPool(torch.autograd.Function):
    """On the CPU torch's own way back takes one thread a picture, three times as long, and gives the same numbers."""

    @staticmethod
    def forward(ctx, features: Tensor) -> Tensor:
        pooled, indices = functional.max_pool2d(features, 2, return_indices=True)
        ctx.save_for_backward(indices)
        ctx.size = features.shape[-2:]
        return pooled

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return _unpooled(gradient, *ctx.saved_tensors, ctx.size)


class AveragePool(nn.Module):
    """2 × 2 average pooling, times the gain that keeps the features as strong as max pooling leaves them."""

    def forward(self, features: Tensor) -> Tensor:
        """(B,N,H,W) -> (B,N,H/2,W/2)."""
        return functional.avg_pool2d(features, 2) * AVERAGE_POOL_GAIN


class Network(nn.Module):
    """A frozen network: ``network(batch)`` -> ``{layer: features}`` for the layers asked for, cut after the deepest.

    batch: (B, 3, H, W) in [0, 1], any float dtype; it is scaled as the weights expect and takes their dtype.
    features: (B, N, H', W') in the weights' dtype, H' = H / 2^(pools before the layer) in a VGG.

    >>> network = Network("small", Architecture(widths=(8, 16), depths=(1, 1)), ["relu2_1", "conv1_1"])
    >>> {layer: tuple(block.shape) for layer, block in network(torch.zeros(1, 3, 6, 8)).items()}
    {'relu2_1': (1, 16, 3, 4), 'conv1_1': (1, 8, 6, 8)}
    >>> network.n_filters, network.deepest, network.minimum_side
    ({'relu2_1': 16, 'conv1_1': 8}, 'relu2_1', 2)
    >>> list(network.convolutions)
    ['conv1_1', 'conv2_1']
    """

    def __init__(self, name: str, architecture: Architecture, layers: Sequence[str], pooling: Pooling = "max") -> None:
        super().__init__()
        if pooling not in ("max", "average"):
            raise NstError(f"Expected pooling to be 'max' or 'average', got {pooling!r}: choose one of them.")
        self.name = name
        self.architecture = architecture
        self.layers = tuple(dict.fromkeys(layers))
        names = architecture.until_deepest(self.layers)
        self.stages = nn.ModuleDict({name: architecture.stage(name, pooling) for name in names})
        self.register_buffer("mean", torch.tensor(architecture.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(architecture.std).view(3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    @property
    def convolutions(self) -> dict[str, nn.Conv2d]:
        """Name -> convolution, for the layers that are there."""
        return {name: stage for name, stage in self.stages.items() if isinstance(stage, nn.Conv2d)}

    @property
    def n_filters(self) -> dict[str, int]:
        """Layer asked for -> N, its number of filters."""
        widths = self.architecture.widths
        return {layer: widths[int(layer[4]) - 1] for layer in self.layers}  # conv4_2 and pool4 are in block 4

    @property
    def deepest(self) -> str:
        """The deepest layer asked for."""
        return self.architecture.until_deepest(self.layers)[-1]

    @property
    def minimum_side(self) -> int:
        """Least picture side, in pixels, that leaves one position at the deepest layer asked for."""
        return self.architecture.least_side(self.layers)

    def with_layers(self, layers: Sequence[str]) -> "Network":
        """Return the same weights asked for other layers; NstError for one beyond the layer of this one's cut.

        >>> network = Network("small", Architecture(widths=(8, 16), depths=(1, 1)), ["relu2_1"])
        >>> list(network.with_layers(["relu1_1"])(torch.zeros(1, 3, 4, 4)))
        ['relu1_1']
        """
        beyond = [stage for stage in self.architecture.until_deepest(layers) if stage not in self.stages]
        if beyond:
            raise NstError(
                f"Expected layers up to {list(self.stages)[-1]}, where this {self.name} was cut, got {beyond[-1]}: "
                f"load it again with layers that include {beyond[-1]}."
            )
        narrowed = copy.copy(self)
        narrowed.layers = tuple(dict.fromkeys(layers))
        return narrowed

    def load_convolutions(self, weights: Mapping[str, Tensor]) -> "Network":
        """Copy ``{conv1_1.weight, conv1_1.bias, …}`` in, all or nothing; NstError names what is missing or wrong.

        >>> network = Network("small", Architecture(widths=(2,), depths=(1,)), ["conv1_1"])
        >>> weights = {"conv1_1.weight": torch.zeros(2, 3, 3, 3), "conv1_1.bias": torch.tensor([0.0, 1.0])}
        >>> network.load_convolutions(weights)(torch.zeros(1, 3, 1, 1))["conv1_1"].flatten()
        tensor([0., 1.])
        """
        parameters = {
            f"{name}.{part}": getattr(convolution, part)
            for name, convolution in self.convolutions.items()
            for part in ("weight", "bias")
        }
        for key, own in parameters.items():
            if key not in weights:
                raise NstError(f"Expected weights with {key}, got none: pass those of {self.name}.")
            given = weights[key]
            if given.shape != own.shape:
                raise NstError(
                    f"Expected {key} of shape {tuple(own.shape)}, got {tuple(given.shape)}: pass those of {self.name}."
                )
            if not (given.is_floating_point() and given.isfinite().all()):
                raise NstError(f"Expected finite floating-point numbers in {key}, got others: pass sound weights.")
        for key, own in parameters.items():
            own.data.copy_(weights[key])
        return self

    def forward(self, batch: Batch) -> dict[str, Features]:
        """Features by layer name, in the order asked for."""
        features = dict(self.iter_features(batch))
        return {layer: features[layer] for layer in self.layers}

    def iter_features(self, batch: Batch) -> Iterator[tuple[str, Features]]:
        """Yield layer and features, from the picture to the deepest layer asked for, each one stage late.

        So autograd, which works in the opposite order, adds the gradient of a cost computed from these features just
        before the next stage's, which is faster: a step of VGG-19 at 512 px takes × 0.97.

        >>> network = Network("small", Architecture(widths=(8, 16), depths=(1, 1)), ["relu2_1", "conv1_1"])
        >>> [layer for layer, block in network.iter_features(torch.zeros(1, 3, 4, 4))]
        ['conv1_1', 'relu2_1']
        """
        left = set(self.layers)
        weight = next(iter(self.stages.values())).weight
        by_position = weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
        order = torch.channels_last if by_position else torch.preserve_format
        features = (batch.to(self.mean.dtype) - self.mean).div_(self.std).to(weight.dtype, memory_format=order)
        last = None
        for name, stage in self.in_order():
            features = stage(features)
            if last:
                yield last
            last = (name, features) if name in left else None
            left.discard(name)
            if not left:
                break
        yield last

    def in_order(self) -> list[tuple[str, nn.Module]]:
        """What to do until each layer: a max pool ahead of its ReLU, a quarter of the work, if no ReLU is asked for.

        ReLU(max(a, b)) = max(ReLU(a), ReLU(b)), and where that is not 0 its gradient goes to the same position, too.
        """
        names = list(self.stages)
        stages = list(self.stages.values())
        for index in range(1, len(stages)):
            if isinstance(stages[index], MaxPool) and names[index - 1] not in self.layers:
                stages[index - 1], stages[index] = stages[index], stages[index - 1]
        return list(zip(names, stages, strict=True))


def random_weights(network: Network, seed: int = 0) -> Network:
    """Fill with seeded normal weights, then scale each layer to unit mean square after its ReLU.

    The scaling is measured on seeded noise of several grain sizes; biases are zero. What such a network still
    knows about style is one of lesson 07's questions (He, Wang and Hopcroft, 2016, arXiv:1606.04801).

    >>> network = random_weights(Network("small", Architecture(widths=(8,), depths=(1,)), ["relu1_1"]))
    >>> network.convolutions["conv1_1"].bias.any()
    tensor(False)
    """
    generator = torch.Generator().manual_seed(seed)
    grains = [torch.rand(2, 3, side, side, generator=generator) for side in (4, 16, 64)]
    noise = sum(functional.interpolate(grain, size=(64, 64), mode="bilinear") for grain in grains) / len(grains)
    features = (noise - noise.mean()) / noise.std()
    for stage in network.stages.values():
        if isinstance(stage, nn.Conv2d):
            stage.weight.data.normal_(generator=generator)
            stage.bias.data.zero_()
            stage.weight.data /= functional.relu(stage(features)).square().mean().sqrt()
        features = stage(features)
    return network
