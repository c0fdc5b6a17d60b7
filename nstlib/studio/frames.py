"""Pictures as frames for a browser: small files, and no more of them than it has painted.

A browser confirms a frame once it is on the screen, every second one: a notebook draws its kernel busy and idle again
at each message, which takes it two thirds as long as a frame. At most `UNSEEN` are on their way, so a slow browser gets
fewer frames, never late ones. One that confirms nothing, a hidden page's, gets a frame a second.
"""

import io
import math
import threading
import time

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

Picture = Float[Tensor, "3 height width"]
RATE = 30.0  # frames a second at most
CALM_RATE = 1.0  # for readers who asked their system for reduced motion
UNSEEN = 3  # frames on their way: while one is painted, the next travels, and one more is not confirmed
PATIENCE = 1.0  # seconds after which one more frame is sent, though none was confirmed


def jpeg(picture: Picture, quality: int = 88) -> bytes:
    """Encode a picture in [0, 1], 0.3 ms at 256 px."""
    file = io.BytesIO()
    pixels = (picture.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


class Frames:
    """Counts frames out and confirmations in. Any thread may call its methods.

    >>> frames = Frames()
    >>> [frames.next(now=True) for _ in range(4)]  # nothing is confirmed
    [1, 2, 3, None]
    >>> frames.confirm(2)
    >>> frames.next(now=True)
    4
    """

    def __init__(self, rate: float = RATE) -> None:
        self.rate = rate
        self.sent = 0
        self.seen = 0
        self._last = -math.inf
        self._changed = threading.Condition()

    def next(self, *, now: bool = False, last: bool = False) -> int | None:
        """Return the next frame's number, which then counts as sent, or None if the browser has enough to do.

        `now` does not wait for the next beat. `last` waits for nothing: it is for a run's last picture, after which
        none comes, and for the first one that a move has changed.
        """
        with self._changed:
            since = time.monotonic() - self._last
            if since >= PATIENCE:
                self.seen = max(self.seen, self.sent - UNSEEN + 1)  # room for one
            if not last and (self.sent - self.seen >= UNSEEN or (not now and since < 1 / self.rate)):
                return None
            self.sent += 1
            self._last = time.monotonic()
            return self.sent

    def confirm(self, number: int) -> None:
        """Note that the browser has painted this frame; those before it were painted or left out."""
        with self._changed:
            self.seen = max(self.seen, min(number, self.sent))
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until the browser has confirmed the last frame, at most so long; return whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self.seen == self.sent, seconds)
