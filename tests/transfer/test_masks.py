"""Style in one part of the picture, the photo in the other."""

import inspect

import pytest
import torch

from nstlib import painted, pictures
from nstlib.errors import NstError
from nstlib.transfer import Settings, masks, steps, stylize
from nstlib.transfer.frame import Frame
from nstlib.transfer.masks import Masked

SIDES = 48, 64
PAIR = painted.paint("mosaic", SIDES), painted.paint("night", SIDES)


def left_half(height=48, width=64):
    mask = torch.zeros(height, width)
    mask[:, : width // 2] = 1
    return mask


@pytest.mark.parametrize(
    "more",
    [{}, {"optimizer": "lbfgs"}, {"optimizer": "pyramid"}, {"scales": 2}, {"margin": 8}, {"init": "noise"}],
    ids=str,
)
def test_the_photo_stays_where_the_mask_is_0_and_the_style_goes_where_it_is_1(more):
    settings = Settings(**{"size": 48, "steps": 20, "scales": 1, "plateau": 0.0} | more)
    made = stylize(*PAIR, settings, mask=left_half())
    photo = PAIR[0]
    away = (made - photo).abs().mean(0)
    far = 4 if settings.margin or settings.scales > 1 else 0  # resampling softens a mask's edge
    assert away[:, 32 + far :].max() < 1e-5 and away[:, : 32 - far].mean() > 0.03


def test_colours_can_be_kept_beside_it():
    settings = Settings(size=48, steps=10, scales=1, colour="photo")
    made = stylize(*PAIR, settings, mask=left_half())
    assert (made - PAIR[0])[:, :, 32:].abs().max() < 1e-4 < (made - PAIR[0])[:, :, :32].abs().mean()


def test_a_mask_of_ones_changes_nothing():
    settings = Settings(size=48, steps=5, scales=1)
    torch.testing.assert_close(
        stylize(*PAIR, settings, mask=torch.ones(SIDES)), stylize(*PAIR, settings), atol=1e-4, rtol=0
    )


def test_the_slope_is_the_mask_times_that_of_the_picture():
    photo, y = (torch.rand(3, 5, 7, dtype=torch.float64) for _ in range(2))
    mask = torch.rand(5, 7, dtype=torch.float64).expand(3, -1, -1)
    y.requires_grad_()
    x = Masked(photo, mask)(y)
    torch.testing.assert_close(x, (1 - mask) * photo + mask * y)
    (slope,) = torch.autograd.grad((x**3).sum(), y)
    torch.testing.assert_close(slope, mask * 3 * x.detach() ** 2)


def test_a_picture_is_no_mask():
    frame = Frame(PAIR[0], Settings(size=48))
    with pytest.raises(NstError, match=r"a mask \(H, W\), got \(3, 48, 64\)"):
        inspect.unwrap(masks.checked)(torch.ones(3, 48, 64), frame)


def test_a_mask_of_another_size_is_resampled():
    settings = Settings(size=48, steps=5, scales=1)
    made = stylize(*PAIR, settings, mask=left_half(96, 128))
    assert (made - PAIR[0])[:, :, 36:].abs().max() < 1e-5


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (torch.zeros(48, 64), "above 0 somewhere"),
        (torch.full((48, 64), float("nan")), "finite|NaN|nan"),
        (torch.full((48, 64), 7.0), r"\[0, 1\]"),
    ],
)
def test_what_is_no_mask_is_a_sentence(mask, words):
    with pytest.raises((NstError, pictures.PictureError), match=words):
        next(steps(*PAIR, Settings(size=48, steps=2), mask=mask))
