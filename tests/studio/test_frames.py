"""Frames: small files, and no more of them than a browser paints."""

import io

import pytest
import torch
from PIL import Image

from nstlib.studio import frames
from nstlib.studio.frames import Pace, jpeg, wipe


def test_a_frame_is_a_jpeg_of_the_picture():
    picture = torch.zeros(3, 40, 60)
    picture[0] = 1.2  # beyond the range: clamped
    with Image.open(io.BytesIO(jpeg(picture))) as image:
        assert image.format == "JPEG" and image.size == (60, 40)
        assert image.getpixel((30, 20))[0] > 250


def test_the_wiper_mixes_by_columns():
    before = torch.zeros(3, 2, 10)
    after = torch.ones(3, 2, 10)
    assert wipe(before, after, 0.3)[0, 0].tolist() == [0] * 3 + [1] * 7


@pytest.mark.parametrize(
    ("rate", "step", "fewest", "most"),
    [(10.0, 0.01, 99, 102), (15.0, 0.035, 145, 152)],
    ids=["steps on the beat", "steps that miss the beat"],
)
def test_the_pace_keeps_the_beat_and_loses_no_frame(monkeypatch, rate, step, fewest, most):
    clock = [100.0]
    monkeypatch.setattr(frames.time, "monotonic", lambda: clock[0])
    pace = Pace(rate)
    sent = 0
    for _ in range(int(10 / step)):  # ten seconds
        sent += pace.due()
        clock[0] += step
    assert fewest <= sent <= most


def test_after_a_pause_two_frames_pass_at_once(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(frames.time, "monotonic", lambda: clock[0])
    pace = Pace(10.0)
    for _ in range(3):
        assert [pace.due() for _ in range(4)] == [True, True, False, False]
        clock[0] += 60


def test_a_new_run_shows_its_first_frame_at_once():
    pace = Pace(0.01)
    assert [pace.due() for _ in range(3)] == [True, True, False]
    pace.reset()
    assert pace.due()
