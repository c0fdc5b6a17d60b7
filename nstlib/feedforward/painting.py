"""Paint with a trained generator: one pass, a photo of any size."""

from jaxtyping import Float
import torch
from torch import Tensor
from torch.nn import functional

from nstlib import engine, pictures
from nstlib.feedforward.network import Generator
from nstlib.transfer.shapes import Picture

MULTIPLE = 4  # the map is halved twice, and doubled twice
LEAST_SIDE = 8  # pixels that leave more than one position to normalise


class Painter:
    """``painter(photo)`` -> the painted picture, float32 (3,H,W) in [0,1] on the CPU, of the photo's size.

    Convolutions run in the plan's precision, by default the engine's own choice. The last rows and columns are
    repeated up to a multiple of 4, and cut away afterwards. Raises NstError for a photo with a side below 8 pixels.

    >>> from nstlib.feedforward import load
    >>> painter = Painter(load("night").generator)
    >>> painter(pictures.sample("cat", 33)).shape
    torch.Size([3, 33, 50])
    """

    def __init__(self, generator: Generator, plan: engine.Plan | None = None) -> None:
        self.plan = plan or engine.plan()
        self.generator = generator_at(generator, self.plan)

    @torch.inference_mode()
    def __call__(self, photo: Picture) -> Picture:
        """Paint one photo."""
        photo = pictures.checked(photo)
        pictures.require_side(photo, LEAST_SIDE, "the generator")
        height, width = photo.shape[1:]
        below, right = -height % MULTIPLE, -width % MULTIPLE
        padded = functional.pad(photo[None].to(self.plan.device), (0, right, 0, below), mode="replicate")
        painted = forward(self.generator, padded, self.plan)
        return painted[0, :, :height, :width].clamp(0, 1).contiguous().cpu().clone()
