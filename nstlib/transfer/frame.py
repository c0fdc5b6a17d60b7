"""A margin around the photo that is painted with it and cut away.

Beside a border a convolution sees zeros, and a pool drops the last of an odd number of rows, so the outermost pixels
are painted otherwise than the rest. With a margin the picture has no border of its own. The photo goes on in it as in a
mirror, and its sides become multiples of 16 pixels, which four pools divide without a rest.
"""

from torch.nn import functional

from nstlib import pictures
from nstlib.pictures.tensors import size_with_shorter_side
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture

POOLED = 16  # pixels of a picture to one position of relu5_1


class Frame:
    """The photo at its full size within its margin: `content`. With a margin of 0 it is the photo as it came.

    >>> import torch
    >>> frame = Frame(torch.rand(3, 30, 50), Settings(size=30, margin=8))
    >>> frame.content.shape, frame.side(30), frame.cut(frame.content, 30).shape
    (torch.Size([3, 48, 80]), 48, torch.Size([3, 30, 50]))
    """

    def __init__(self, content: Picture, settings: Settings) -> None:
        self.margin = settings.margin
        self.size = settings.size
        self.photo = pictures.resize(content, settings.size) if self.margin else content
        self.content = self.around(self.photo)

    def around(self, picture: Picture) -> Picture:
        """Resample a picture to the photo's shape and lay the margin around it."""
        if not self.margin:
            return picture
        picture = resample_to(picture, self.photo)
        (top, bottom), (left, right) = (self._margins(length) for length in picture.shape[1:])
        mirrored = max(top, bottom) < picture.shape[1] and max(left, right) < picture.shape[2]
        mode = "reflect" if mirrored else "replicate"
        return functional.pad(picture[None], (left, right, top, bottom), mode=mode)[0]

    def side(self, side: int) -> int:
        """Shorter side of the framed photo where the photo's own is `side`."""
        if not self.margin:
            return side
        framed = round(min(self.content.shape[1:]) * side / self.size)
        # Rounded down, the frame of a long photo can be shorter than the photo
        return framed if self._holds(framed, side) else framed + 1

    def cut(self, picture: Picture, side: int) -> Picture:
        """Take the photo's part of a framed picture whose photo has the shorter side `side`; a copy."""
        if not self.margin:
            return picture
        height, width = size_with_shorter_side(*self.photo.shape[1:], side)
        top, left = (
            min(round(self._margins(full)[0] * side / self.size), framed - part)
            for full, framed, part in zip(self.photo.shape[1:], picture.shape[1:], (height, width), strict=True)
        )
        return picture[:, top : top + height, left : left + width].clone()

    def _holds(self, framed: int, side: int) -> bool:
        """Return whether a frame with this shorter side is as large as the photo with its own, both ways."""
        frame = size_with_shorter_side(*self.content.shape[1:], framed)
        photo = size_with_shorter_side(*self.photo.shape[1:], side)
        return frame[0] >= photo[0] and frame[1] >= photo[1]

    def _margins(self, length: int) -> tuple[int, int]:
        """Margins before and after `length` pixels, at least `margin` each."""
        framed = -(-(length + 2 * self.margin) // POOLED) * POOLED
        before = (framed - length) // 2
        return before, framed - length - before


def resample_to(picture: Picture, like: Picture) -> Picture:
    """Resample to the size of `like`; of another shape the largest middle part is taken, so nothing is stretched.

    Antialiased bicubic, with values in [0, 1]; a picture of that size already comes back as a copy.

    >>> import torch
    >>> wide = torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]).expand(3, 4, 8)
    >>> resample_to(wide, torch.zeros(3, 2, 2)).round()[0]  # the middle 4 × 4
    tensor([[1., 1.],
            [1., 1.]])
    """
    height, width = like.shape[-2:]
    h, w = picture.shape[-2:]
    if (height, width) == (h, w):
        return picture.clone()
    scale = min(h / height, w / width)
    part_h, part_w = min(h, round(height * scale)), min(w, round(width * scale))
    top, left = (h - part_h) // 2, (w - part_w) // 2
    middle = picture[None, :, top : top + part_h, left : left + part_w]
    return functional.interpolate(middle, (height, width), mode="bicubic", antialias=True)[0].clamp(0, 1)
