import random

import pytest
import torch

from nstlib import pictures
from nstlib.errors import NstError
from nstlib.feedforward import photos


def test_what_is_held_out_is_no_training_photo():
    shown = photos.sample_photos(32)
    assert len(shown) == len(pictures.SAMPLES) - len(photos.HELD_OUT)
    for name in photos.HELD_OUT:
        held = pictures.sample(name, 32).mul(255).round().to(torch.uint8)
        assert not any(torch.equal(held, photo) for photo in shown)


def test_a_folder_s_photos_are_resized_and_at_most_so_many_that_the_seed_chooses(tmp_path, monkeypatch):
    for level in range(6):
        pictures.write(torch.full((3, 40, 60), level / 10), tmp_path / f"{level}.png")
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.setattr(photos, "MOST", 4)
    found, complaints = photos.folder_photos(tmp_path, 20, seed=1)
    again, _ = photos.folder_photos(tmp_path, 20, seed=1)
    other, _ = photos.folder_photos(tmp_path, 20, seed=2)
    assert {tuple(photo.shape) for photo in found} == {(3, 20, 30)} and len(found) == 4 and not complaints
    levels = [[photo[0, 0, 0].item() for photo in some] for some in (found, again, other)]
    assert levels[0] == levels[1] != levels[2]


def test_a_folder_without_a_readable_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(NstError, match=r"Expected photos in the folder .*, got none that can be read"):
        photos.folder_photos(tmp_path, 32)


def test_crops_lie_within_their_photo_and_are_sometimes_mirrored():
    ramp = torch.arange(60, dtype=torch.uint8).expand(3, 40, 60)
    rng = random.Random(0)
    crops = [photos.random_crop([ramp], 32, rng) * 255 for _ in range(40)]
    steps = {crop[0, 0].diff().round().unique().item() for crop in crops}
    starts = {crop[0, 0].min().round().item() for crop in crops}
    assert steps == {1.0, -1.0} and min(starts) >= 0 and max(starts) <= 60 - 32 and len(starts) > 10


def test_a_crop_as_large_as_the_photo_is_the_photo():
    photo = torch.full((3, 32, 32), 51, dtype=torch.uint8)
    assert torch.equal(photos.random_crop([photo], 32, random.Random(0)), torch.full((3, 32, 32), 0.2))
