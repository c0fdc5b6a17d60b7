import pytest
import torch

from nstlib import engine, painted, pictures
from nstlib.feedforward import load
from nstlib.feedforward.network import seeded_generator
from nstlib.feedforward.painting import Painter
from nstlib.pictures import PictureError

HALF = engine.Plan(torch.device("cpu"), torch.bfloat16, 1, "a test")


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 31), (34, 33)])
def test_a_photo_of_any_size_is_painted_at_its_size(height, width):
    picture = Painter(seeded_generator(0))(torch.rand(3, height, width))
    assert picture.shape == (3, height, width) and picture.dtype == torch.float32 and picture.is_contiguous()
    assert 0 <= picture.min() <= picture.max() <= 1 and not picture.requires_grad


def test_a_photo_of_multiples_of_four_is_what_the_generator_makes_of_it():
    generator, photo = seeded_generator(0), torch.rand(3, 16, 24)
    with torch.no_grad():
        torch.testing.assert_close(Painter(generator)(photo), generator(photo[None])[0].clamp(0, 1))


def test_the_generator_stays_as_it_was():
    generator = seeded_generator(0)
    before = generator.to_picture.weight.clone()
    Painter(generator, HALF)(torch.rand(3, 16, 16))
    assert generator.to_picture.weight.dtype == torch.float32 and torch.equal(generator.to_picture.weight, before)


def test_half_precision_changes_little():
    generator, photo = load("night").generator, painted.paint("mosaic", 64)
    difference = (Painter(generator)(photo) - Painter(generator, HALF)(photo)).abs()
    assert 0 < difference.mean() < 0.02


def test_too_small_a_photo_and_no_picture_are_refused():
    painter = Painter(seeded_generator(0))
    with pytest.raises(PictureError, match=r"7 × 20 pixels|20 × 7 pixels, but the generator needs at least 8"):
        painter(torch.rand(3, 7, 20))
    with pytest.raises(PictureError, match="Expected a picture"):
        painter(torch.rand(1, 20, 20))


def test_where_scene_and_noise_move_alike_the_strokes_move_along():
    painter, scene = Painter(load("night").generator), pictures.sample("cat", 96)
    first, later = scene[..., :90], scene[..., 7:97]
    still, moved = painter(later), painter(later, shift=(0, -7))
    seen_before, inside = painter(first)[..., 7:], (..., slice(0, 83))

    def differ(picture):
        return (picture[inside] - seen_before[inside]).abs().mean()

    assert differ(moved) < 0.6 * differ(still)
