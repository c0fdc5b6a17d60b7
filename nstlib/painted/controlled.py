"""Controlled pictures for lessons 02 and 07: stripes and orange together, apart or independent, exactly.

A picture is a board of tiles. Half the tiles carry vertical stripes, which change along the grey axis; half carry an
orange tint, which changes along a colour axis orthogonal to grey. So neither can change the answer of a filter that
looks along the other's axis.
"""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nstlib.errors import NstError

TILE = 32
"""Side of a tile in pixels."""

PERIOD = 8
"""Pixels from stripe to stripe: half of them lighter, half darker than the ground. Divides the tile."""

"""p: the share of striped tiles, and of orange tiles."""

GREY = torch.ones(3) / 3**0.5
ORANGE = torch.tensor([1.0, 0.0, -1.0]) / 2**0.5
_GROUND, _STRIPE, _TINT = 0.5, 0.16 * 3**0.5, 0.28 * 2**0.5  # 0.5 ± 0.16 ± 0.28 stays inside [0, 1]
_WAVE = torch.tensor([1.0, -1.0]).repeat_interleave(PERIOD // 2)


def textured_tint(
    relation: Literal["together", "apart", "independent"], size: int = 256, seed: int = 0
) -> Float[Tensor, "3 size size"]:
    """A picture in which vertical stripes and an orange tint have a known relation; float32 in [0.06, 0.94].

    With one seed the stripes are the same in all three pictures. The same number of orange tiles, a share p = 1/2, is
    dealt to exactly the striped tiles (`together`), exactly the others (`apart`), or half of each (`independent`):

        picture = 1/2 + 0.16 · stripes(x) · striped(tile) · (1, 1, 1) + 0.28 · orange(tile) · (1, 0, −1),  stripes = ±1

    Equal in all three: the green channel and the projection on grey, pixel by pixel; the sorted values of the
    projection on orange; the mean and the covariance of (R, G, B), hence their Gram. Not equal: the sorted values of
    red and of blue. So no mean or pair of colours tells the pictures apart; only stripes *with* orange do.

    `size` is a multiple of 64 (an even number of tiles a side); anything else raises NstError, as does an unknown
    relation.

    >>> together, apart = textured_tint("together", 64), textured_tint("apart", 64)
    >>> together.shape, together[1].equal(apart[1]), together[0].equal(apart[0])  # equal in green, not in red
    (torch.Size([3, 64, 64]), True, False)
    """
    if relation not in ("together", "apart", "independent"):
        raise NstError(f"Expected together, apart or independent, got {relation!r}: choose one of these.")
    step = 2 * TILE
    if not isinstance(size, int) or size < step or size % step:
        below = max(step, size // step * step) if isinstance(size, int) else 256
        raise NstError(
            f"Expected an even number of {TILE}-pixel tiles a side, so a size that is a multiple of {step}, "
            f"got size={size!r}: use {below} or {below + step}."
        )
    side = size // TILE
    tiles = np.random.default_rng(seed).permutation(side * side)
    half = len(tiles) // 2
    quarter = len(tiles) // 4
    striped = tiles[:half]
    plain = tiles[half:]
    orange = {"together": striped, "apart": plain, "independent": np.r_[striped[:quarter], plain[:quarter]]}[relation]

    stripes = _WAVE.repeat(size // PERIOD)
    grey = _GROUND * 3**0.5 + _STRIPE * stripes * _board(striped, side)
    colour = _TINT * _board(orange, side)
    return grey * GREY[:, None, None] + colour * ORANGE[:, None, None]


def two_filter_bank(picture: Float[Tensor, "3 height width"]) -> Float[Tensor, "2 height width"]:
    """Answers of a hand-made bank of two filters, ReLU(w * picture): vertical stripes, and orange.

    - Filter 0 is PERIOD × PERIOD with stride PERIOD, on the grey axis g = (R + G + B)/√3: the mean of ±g with
      the stripes' own signs (+ + + + − − − −) in every row, divided by the stripes' amplitude. Flat or horizontal
      patterns answer 0. Its windows never look across a tile's border; each answer is repeated over its window.
    - Filter 1 is 1 × 1: (R − B)/√2 divided by the tint's amplitude.

    On a `textured_tint` picture both answers are 1 where their feature is and 0 elsewhere (within 1e-5). With M = H·W
    positions, G/M of the bank then has p on its diagonal for every relation, and off it p (`together`),
    0 (`apart`) or p² (`independent`: not zero; the covariance is). The result has the picture's dtype, is ≥ 0 and keeps
    the gradient; height and width must be multiples of PERIOD, anything else raises NstError.

    >>> stripes, orange = two_filter_bank(textured_tint("together", 64))
    >>> round(stripes.mean().item(), 3), round((stripes * orange).mean().item(), 3)  # p, and p again: always together
    (0.5, 0.5)
    """
    _, height, width = picture.shape
    if height % PERIOD or width % PERIOD:
        raise NstError(
            f"Expected height and width to be multiples of {PERIOD}, got {height} × {width}: "
            f"crop the picture to {height // PERIOD * PERIOD} × {width // PERIOD * PERIOD}."
        )
    grey = torch.einsum("c,chw->hw", GREY.to(picture), picture)
    windows = grey.reshape(height // PERIOD, PERIOD, width // PERIOD, PERIOD)
    stripes = torch.einsum("aibj,j->ab", windows, _WAVE.to(picture)) / (PERIOD**2 * _STRIPE)
    stripes = stripes.repeat_interleave(PERIOD, 0).repeat_interleave(PERIOD, 1)
    orange = torch.einsum("c,chw->hw", ORANGE.to(picture), picture) / _TINT
    return torch.stack([stripes, orange]).relu()


def _board(tiles: np.ndarray, side: int) -> Float[Tensor, "size size"]:
    """1 on the listed tiles of a `side` × `side` board, 0 elsewhere."""
    board = torch.zeros(side * side)
    board[torch.from_numpy(tiles)] = 1
    return board.reshape(side, side).repeat_interleave(TILE, 0).repeat_interleave(TILE, 1)
