"""The margin: its geometry for any size, and what it is there for, borders that do not stand out."""

from dataclasses import replace

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nstlib import networks, painted, pictures
from nstlib.transfer import Settings, steps
from nstlib.transfer.frame import Frame

LAPLACIAN = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
BORDER = 3  # pixels


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 70), st.integers(4, 70), st.integers(0, 20), st.integers(16, 64))
@example(4, 56, 1, 25)
def test_the_photo_stands_in_the_middle_of_a_canvas_that_pools_divide(height, width, margin, size):
    photo = torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))
    frame = Frame(photo, Settings(size=size, margin=margin))
    whole = pictures.resize(photo, size)
    if not margin:
        assert frame.content is photo and frame.side(size) == size and frame.cut(photo, size) is photo
        return
    framed_height, framed_width = frame.content.shape[1:]
    assert framed_height % 16 == framed_width % 16 == 0
    assert (
        0 <= framed_height - whole.shape[1] - 2 * margin < 16 and 0 <= framed_width - whole.shape[2] - 2 * margin < 16
    )
    assert torch.equal(frame.cut(frame.content, size), whole)
    for side in {size, round(size / 2**0.5), size // 2}:
        at_side = pictures.resize(frame.content, frame.side(side))
        assert frame.cut(at_side, side).shape == pictures.resize(whole, side).shape


def test_the_photo_goes_on_as_in_a_mirror():
    row = torch.arange(32.0).expand(3, 32, 32) / 31
    frame = Frame(row, Settings(size=32, margin=8))
    assert torch.equal(frame.content[0, 0, :8], row[0, 0, 1:9].flip(0))


@pytest.mark.parametrize("scales", [1, 2])
@pytest.mark.parametrize("init", ["content", "noise", "style"])
def test_steps_have_the_photo_s_shape_at_every_scale(scales, init):
    pair = painted.paint("mosaic", (45, 61)), painted.paint("night", 64)
    wanted = Settings(size=45, steps=4, scales=scales, margin=8, init=init)
    shapes = [step.picture.shape for step in steps(*pair, wanted)]
    plain = [step.picture.shape for step in steps(*pair, Settings(size=45, steps=4, scales=scales, init=init))]
    assert shapes == plain


def test_a_start_is_framed_too():
    pair = painted.paint("mosaic", 48), painted.paint("night", 48)
    start = painted.paint("waves", 48)
    first = next(steps(*pair, Settings(size=48, steps=2, scales=1, margin=8), start=start))
    torch.testing.assert_close(first.picture, start)


def test_colours_of_the_photo_are_kept_in_a_frame():
    pair = painted.paint("mosaic", 48), painted.paint("night", 48)
    *_, last = steps(*pair, Settings(size=48, steps=3, scales=1, margin=8, colour="photo"))
    assert last.picture.shape == (3, 48, 48)
    chroma = [picture - picture.mean(0) for picture in (last.picture, pair[0])]
    assert (chroma[0] - chroma[1]).abs().mean() < 0.05


def sharpness_of_sides(picture):
    """Mean Laplacian of each side's outermost pixels against that of the inside, top, bottom, left, right."""
    padded = torch.nn.functional.pad(picture.mean(0)[None, None], (1, 1, 1, 1), mode="replicate")
    sharp = torch.nn.functional.conv2d(padded, LAPLACIAN)[0, 0].abs()
    inside = sharp[16:-16, 16:-16]
    sides = sharp[:BORDER, 16:-16], sharp[-BORDER:, 16:-16], sharp[16:-16, :BORDER], sharp[16:-16, -BORDER:]
    return torch.tensor([(side.mean() / inside.mean()).item() for side in sides])


@pytest.mark.slow
@pytest.mark.parametrize("margin", [0, 8])
def test_the_sides_do_not_stand_out(margin):
    """Textures have no inside and no border of their own: every side should stay as sharp as the rest."""
    assert unevenness(margin) < 0.25


def unevenness(margin):
    """Root mean square over sides and textures of how far a side's sharpness is from the texture's own."""
    network = networks.load("minivgg")
    style = painted.paint("night", 200, seed=3)
    wanted = Settings(size=120, steps=25, scales=1, plateau=0, optimizer="lbfgs", beta=20.0, margin=margin)
    found = []
    for turns, name in enumerate(("grass", "gravel", "brick")):
        photo = torch.rot90(pictures.sample(name, 120)[:, :120, :120], turns, (1, 2))
        *_, last = steps(photo, style, replace(wanted, layer_weights="relative_geometric"), network)
        found.append(sharpness_of_sides(last.picture) / sharpness_of_sides(photo))
    return (torch.stack(found) - 1).square().mean().sqrt()
