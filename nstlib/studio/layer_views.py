"""What one style layer sees: its Gram matrices as pictures, and where in the picture it pulls.

Both ask the network for that layer alone, and take the style's features from the cached pair (above
`requests.LARGEST_CACHED` pixels nothing is cached, and each call computes them anew). A Gram picture takes as long as a
forward pass to the layer, a pull the way back, too: of relu5_1 nearly as long as a step.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8

from nstlib import engine
from nstlib.studio.mixing import mixer
from nstlib.studio.requests import RunRequest, narrowed_network, pair_at, watched
from nstlib.style import mean_gram
from nstlib.style.products import full_precision
from nstlib.style.statistics import mean_square
from nstlib.transfer import Picture, grey
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Block

BRIGHTEST = 99.5  # percentile of the pull that is drawn as 255


@dataclass(frozen=True)
class GramPictures:
    """Mean Grams G/M of k filters in 256 shades, the strongest of the style first.

    style, current: 0 to 255 for 0 to `scale`, the larger of both matrices' maxima; below 0, before a ReLU, is 0.
    difference: current − style, 1 to 255 for −`difference_scale` to `difference_scale`, and 128 for 0.
    filters: their numbers in the layer.
    """

    style: UInt8[np.ndarray, "k k"]
    current: UInt8[np.ndarray, "k k"]
    difference: UInt8[np.ndarray, "k k"]
    scale: float
    difference_scale: float
    filters: tuple[int, ...]


@torch.no_grad()
def gram_pictures(
    request: RunRequest,
    settings: Settings,
    layer: str,
    picture: Picture,
    most: int = 24,
    check: Callable[[], None] = lambda: None,
) -> GramPictures:
    """Draw F Fᵀ / M of style and picture in one of the settings' layers, for the `most` strongest filters of the style.

    The strongest have the largest (G_S/M_S)_kk; of several styles the Gram is the mean by their shares. It is the Gram
    matrix whatever the settings' statistic. `picture` is float32 (3,H,W) in [0,1], the one of a Step. `check` is called
    between layers and may raise.

    >>> from nstlib import painted
    >>> request = RunRequest(painted.paint("mosaic", 32), painted.paint("night", 32), Settings(size=32))
    >>> seen = gram_pictures(request, request.settings, "relu2_1", request.content, most=5)
    >>> seen.style.shape, int(seen.style.max() | seen.current.max()), int(seen.style.argmax())
    ((5, 5), 255, 0)
    """
    check()
    blocks_s = [features[layer] for features in pair_at(request, min(picture.shape[1:])).features_s]
    shares = settings.style_shares(len(blocks_s))
    strengths = sum(share * mean_square(block) for share, block in zip(shares, blocks_s, strict=True))
    filters = strengths.argsort(descending=True, stable=True)[:most]
    check()
    block_x = _block(request, settings, layer, picture, check)
    check()
    *grams_s, gram_x = (mean_gram(full_precision(block[filters])) for block in (*blocks_s, block_x))
    gram_s = sum(share * gram for share, gram in zip(shares, grams_s, strict=True))
    style, current = (gram.cpu().numpy() for gram in (gram_s, gram_x))
    difference = current - style
    scale = float(max(style.max(), current.max()))
    difference_scale = float(np.abs(difference).max())
    return GramPictures(
        _shades(style, scale),
        _shades(current, scale),
        (128 + np.rint(127 * difference / (difference_scale or 1.0))).astype(np.uint8),
        scale,
        difference_scale,
        tuple(filters.tolist()),
    )


@torch.enable_grad()
def pull_map(
    request: RunRequest,
    settings: Settings,
    layer: str,
    picture: Picture,
    check: Callable[[], None] = lambda: None,
) -> UInt8[np.ndarray, "height width"]:
    """Return where a style layer pulls at the picture: |∂E_l/∂X| over the channels, 255 for its 99.5th percentile.

    E_l is that of the settings' statistic, before any weight. `picture` is float32 (3,H,W) in [0,1], the one of a
    Step; where the photo's colours are kept its luma is looked at. `check` is called between layers and may raise.
    A layer that pulls nowhere gives zeros.

    >>> from nstlib import painted
    >>> request = RunRequest(painted.paint("mosaic", 32), painted.paint("night", (32, 40)), Settings(size=32))
    >>> pull = pull_map(request, request.settings, "relu3_1", request.content)
    >>> pull.shape, int(pull.max())
    ((32, 32), 255)
    """
    check()
    objective = mixer(request, min(picture.shape[1:])).objective
    check()
    x = picture.to(engine.plan().device).detach().requires_grad_()
    cost = objective.style_cost(_block(request, settings, layer, x, check), layer)
    (gradient,) = torch.autograd.grad(cost, x)
    strength = gradient.norm(dim=0).cpu().numpy()
    return _shades(strength, float(np.percentile(strength, BRIGHTEST)))


def _block(request: RunRequest, settings: Settings, layer: str, picture: Picture, check: Callable[[], None]) -> Block:
    """Return the picture's features in one layer."""
    seen = grey(picture) if settings.colour == "photo" else picture
    network = watched(narrowed_network(request).with_layers((layer,)), check)
    return network(seen.to(engine.plan().device)[None])[layer].squeeze(0)


def _shades(values: Float[np.ndarray, "rows columns"], brightest: float) -> UInt8[np.ndarray, "rows columns"]:
    """256 shades for 0 to `brightest`."""
    return np.rint(255 * np.clip(values / (brightest or 1.0), 0, 1)).astype(np.uint8)
