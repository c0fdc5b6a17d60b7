"""Find a picture whose features are transformed ones: lesson 01's reconstruction, with another target.

The content's features pass through a transform of `nstlib.style.transforms` at each size, and the content cost then
compares X with the result. Huang and Belongie (2017) and Li et al. (2017) train a decoder that guesses this picture in
one pass.
"""

import dataclasses
from collections.abc import Callable

import torch

from nstlib.networks import Network
from nstlib.transfer.objective import Pair, prepare_pair
from nstlib.transfer.run import steps
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Block, Picture

SETTINGS = Settings(content_layers=("relu4_1",), style_layers=("relu4_1",), beta=0, optimizer="pyramid")


def rebuild(
    content: Picture,
    style: Picture,
    transform: Callable[[Block, Block], Block],
    settings: Settings = SETTINGS,
    network: Network | None = None,
) -> Picture:
    """Return a picture whose features at `settings.content_layers` are transform(content's, style's), as far as any is.

    Pictures are float32 (3,H,W) in [0,1], and the result has the content's proportions; `transform` takes and returns
    blocks (N,H,W), such as `nstlib.style.transforms.adain`. The settings are those of any run; β = 0, as in the ones
    that are taken where you give none, leaves the targets alone in J. Raises what `steps` raises.

    >>> from nstlib import painted
    >>> from nstlib.style.transforms import adain
    >>> content, style = painted.paint("mosaic", (32, 40)), painted.paint("night", 32)
    >>> rebuild(content, style, adain, dataclasses.replace(SETTINGS, size=32, steps=3)).shape
    torch.Size([3, 32, 40])
    """

    @torch.no_grad()
    def transformed(*arguments) -> Pair:
        pair = prepare_pair(*arguments)
        features_c = {
            layer: transform(pair.features_c[layer].float(), pair.features_s[0][layer].float()).to(block.dtype)
            if layer in settings.content_layers
            else block
            for layer, block in pair.features_c.items()
        }
        return dataclasses.replace(pair, features_c=features_c)

    for step in steps(content, style, settings, network, prepare_pair=transformed):  # noqa: B007  the last is it
        pass
    return step.picture
