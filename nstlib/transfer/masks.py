"""Style in one part of the picture, the photo in the other.

With a mask m, 1 where the style may go and 0 where the photo stays, the optimiser moves Y and J sees
X = C + m · (Y − C). So ∂J/∂Y = m · ∂J/∂X, and soft edges of m blend. J itself is unchanged: its Gram matrices are still
those of the whole picture. Guiding the Gram matrix instead is in Gatys et al., "Controlling Perceptual Factors in
Neural Style Transfer" (2017).
"""

from dataclasses import dataclass

from nstlib import pictures
from nstlib.errors import NstError
from nstlib.transfer.frame import Frame, resample_to
from nstlib.transfer.shapes import Mask, Picture


@dataclass(frozen=True)
class Masked:
    """The photo C and the mask m at one size of a run, both (3,H,W)."""

    photo: Picture
    mask: Picture

    def __call__(self, y: Picture) -> Picture:
        """X = C + m · (Y − C).

        >>> import torch
        >>> half = Masked(torch.zeros(3, 1, 2), torch.tensor([0.0, 1.0]).expand(3, 1, 2))
        >>> half(torch.full((3, 1, 2), 0.5))[0]
        tensor([[0.0000, 0.5000]])
        """
        return self.photo + self.mask * (y - self.photo)


def checked(mask: Mask, frame: Frame) -> Picture:
    """Return a mask as a picture of three equal channels, with the frame's margin; NstError for what is no mask.

    A mask is float32 (H,W) in [0,1], of any size and best of the photo's proportions: it is resampled to the photo's.
    """
    if mask.ndim != 2:
        raise NstError(f"Expected a mask (H, W), got {tuple(mask.shape)}: take one channel, mask[0], of a picture.")
    whole = pictures.checked(mask.expand(3, -1, -1))
    if not whole.any():
        raise NstError(
            "Expected a mask above 0 somewhere, got zeros: nothing would change, so paint where the style goes."
        )
    return frame.around(whole)


def at(mask: Picture, photo: Picture) -> Masked:
    """Return the mask at the size of a photo, on its device."""
    return Masked(photo, resample_to(mask, photo.cpu()).to(photo.device))
