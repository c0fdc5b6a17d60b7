"""Pictures as frames for a browser: small files, and no more of them than it can paint."""

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


def wipe(before: Picture, after: Picture, share: float) -> Picture:
    """Return the left `share` of one picture beside the rest of the other, which has the same size."""
    border = round(share * after.shape[-1])
    mixed = after.clone()
    mixed[..., :border] = before[..., :border]
    return mixed


class Pace:
    """A limit on frames: `rate` a second on average, and two at once after a pause.

    Two, because a run's first picture is its start, and only the second shows what the moved knob has changed.
    """

    def __init__(self, rate: float = RATE) -> None:
        self.rate = rate
        self._next = 0.0

    def due(self) -> bool:
        """Say whether a frame may be sent now; if so, count it as sent."""
        moment = time.monotonic()
        if moment < self._next:
            return False
        gap = 1 / self.rate
        self._next = max(self._next, moment - gap) + gap  # steps miss the beat: a late frame does not delay the next
        return True

    def reset(self) -> None:
        """Let the next frame pass."""
        self._next = 0.0
