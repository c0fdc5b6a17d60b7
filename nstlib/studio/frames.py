"""Pictures as frames for a browser: small files, and not more of them than it can paint."""

import io
import time

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

Picture = Float[Tensor, "3 height width"]
RATE = 15.0  # frames a second; more would queue in the browser and arrive seconds late
CALM_RATE = 1.0  # for readers who asked their system for reduced motion


def jpeg(picture: Picture) -> bytes:
    """Encode a picture in [0, 1], 0.3 ms at 256 px."""
    file = io.BytesIO()
    pixels = (picture.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(pixels).save(file, "JPEG", quality=88)
    return file.getvalue()


def wiped(before: Picture, after: Picture, share: float) -> Picture:
    """The left `share` of one picture beside the rest of the other, of the same size."""
    border = round(share * after.shape[-1])
    mixed = after.clone()
    mixed[..., :border] = before[..., :border]
    return mixed


class Pace:
    """Says whether a frame may be sent now: `rate` a second in the mean, and two at once after a pause.

    Two, because a run's first picture is its start: the second is the first that a moved knob has changed.
    """

    def __init__(self, rate: float = RATE) -> None:
        self.rate, self._next = rate, 0.0

    def due(self) -> bool:
        """Whether the next frame's time has come; if so, the one after it is due a gap later."""
        moment = time.monotonic()
        if moment < self._next:
            return False
        gap = 1 / self.rate
        self._next = max(self._next, moment - gap) + gap  # steps do not fall on the beat: what is late is made up for
        return True

    def reset(self) -> None:
        """Let the next frame pass."""
        self._next = 0.0
