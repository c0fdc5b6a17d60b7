"""Paint with a trained generator: one pass, a photo of any size."""

import copy

import torch
from torch.nn import functional

from nstlib import engine, pictures
from nstlib.feedforward.network import Generator, Noise, Pictures, still_noise
from nstlib.transfer.shapes import Picture

MULTIPLE = 4  # the map is halved twice and doubled twice
LEAST_SIDE = 8  # pixels that leave more than one position to normalise


class Painter:
    """``painter(photo)`` -> the painted picture, float32 (3,H,W) in [0,1] on the CPU, of the photo's size.

    `plan` says where and how precisely to compute; without one the engine chooses. The last rows and columns are
    repeated up to a multiple of 4 and cut away afterwards. In a film, `painter(frame, shift=(rows, columns))` moves the
    noise by as much as the scene has moved, so that the strokes go with it. Raises PictureError for what is no picture,
    and for a side below 8 pixels.

    >>> from nstlib.feedforward import seeded_generator
    >>> painter = Painter(seeded_generator(seed=0))
    >>> painter(pictures.sample("cat", 33)).shape
    torch.Size([3, 33, 50])
    """

    def __init__(self, generator: Generator, plan: engine.Plan | None = None) -> None:
        self.plan = plan or engine.plan()
        self.generator = place(generator, self.plan)

    @torch.no_grad()
    def __call__(self, photo: Picture, shift: tuple[int, int] = (0, 0)) -> Picture:
        """Paint one photo."""
        photo = pictures.checked(photo)
        pictures.require_side(photo, LEAST_SIDE, "the generator")
        height, width = photo.shape[1:]
        padding = 0, -width % MULTIPLE, 0, -height % MULTIPLE
        batch = functional.pad(photo[None].to(self.plan.device), padding, mode="replicate")
        painted = in_precision(self.generator, batch, self.plan, still_noise(*batch.shape[2:], shift))
        return painted[0, :, :height, :width].clamp(0, 1).cpu().contiguous()


def place(generator: Generator, plan: engine.Plan) -> Generator:
    """Copy a generator to the plan's device, in the memory layout that convolutions take fastest; weights in float32.

    >>> from nstlib.feedforward import seeded_generator
    >>> generator = place(seeded_generator(seed=0), engine.plan())
    >>> generator.to_picture.weight.dtype
    torch.float32
    """
    return copy.deepcopy(generator).to(plan.device, memory_format=engine.layout(plan))


def in_precision(generator: Generator, photos: Pictures, plan: engine.Plan, noise: Noise) -> Pictures:
    """Paint a batch with convolutions in the plan's precision: (B,3,H,W) becomes float32 (B,3,H,W).

    >>> from nstlib.feedforward import seeded_generator
    >>> in_precision(seeded_generator(seed=0), torch.zeros(1, 3, 8, 8), engine.plan(), still_noise(8, 8)).dtype
    torch.float32
    """
    with torch.autocast(plan.device.type, plan.dtype, enabled=plan.dtype != torch.float32):
        return generator(photos.contiguous(memory_format=engine.layout(plan)), noise).float()
