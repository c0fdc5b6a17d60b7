"""Frames: small files, and no more of them than a browser paints."""

import io

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


def test_the_pace_keeps_the_beat(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(frames.time, "monotonic", lambda: clock[0])
    pace, passed = Pace(10.0), 0
    for _ in range(1000):  # 10 seconds of steps of 10 ms
        passed += pace.due()
        clock[0] += 0.01
    assert 99 <= passed <= 102


def test_steps_that_miss_the_beat_do_not_lose_frames(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(frames.time, "monotonic", lambda: clock[0])
    pace, passed = Pace(15.0), 0
    for _ in range(int(10 / 0.035)):  # steps of 35 ms fall beside the beat of 67 ms
        passed += pace.due()
        clock[0] += 0.035
    assert 145 <= passed <= 152


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
