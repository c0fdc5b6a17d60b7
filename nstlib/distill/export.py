"""Write a trained student as minivgg.safetensors: filters rescaled to the teacher's strength, weights in 8 bits."""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from nstlib.distill.train import Run
from nstlib.errors import NstError
from nstlib.files import replacing
from nstlib.networks.vgg import Network


def rescale(network: Network, batch: Tensor, wanted: dict[str, float]) -> Network:
    """Scale each convolution so that its ReLU has the mean square `wanted`; the next convolution undoes it.

    ReLU(c · a) = c · ReLU(a) for c > 0, so what the network computes after that is exactly the same. Layers not in
    `wanted` keep their strength. Raises NstError for a layer that is 0 everywhere.
    """
    before = 1.0
    with torch.no_grad():
        features = network.with_layers([name.replace("conv", "relu") for name in network.convolutions])(batch)
        for name, convolution in network.convolutions.items():
            layer = name.replace("conv", "relu")
            present = features[layer].square().mean().item()
            if present == 0:
                raise NstError(f"Expected a student whose {layer} answers to pictures, found one that is 0 everywhere.")
            factor = (wanted.get(layer, present) / present) ** 0.5
            convolution.weight.mul_(factor / before)
            convolution.bias.mul_(factor)
            before = factor
    return network


def quantise(network: Network) -> dict[str, Tensor]:
    """Write each filter's weights as whole numbers in [-127, 127] times the filter's step; biases in float32."""
    stored = {}
    for name, convolution in network.convolutions.items():
        step = convolution.weight.detach().abs().amax((1, 2, 3)).clamp_min(1e-12) / 127
        stored[f"{name}.weight"] = (
            (convolution.weight.detach() / step.view(-1, 1, 1, 1)).round().to(torch.int8).contiguous()
        )
        stored[f"{name}.weight.step"] = step
        stored[f"{name}.bias"] = convolution.bias.detach().clone()
    return stored


def export(run: Run, batch: Tensor, path: Path) -> None:
    """Write a training's averaged student, scaled on `batch`, to `path`."""
    wanted = {layer: scale**2 for layer, scale in run.scales.items()}
    with replacing(path) as part:
        part.write_bytes(safetensors.torch.save(quantise(rescale(run.average, batch, wanted))))
