"""Frames: small files, and no more of them than a browser has painted."""

import io
import threading

import pytest
import torch
from PIL import Image

from nstlib.studio import frames
from nstlib.studio.frames import PATIENCE, UNSEEN, Frames, jpeg


@pytest.fixture
def clock(monkeypatch):
    """Give a clock that stands until it is moved."""
    moments = [100.0]
    monkeypatch.setattr(frames.time, "monotonic", lambda: moments[0])
    return moments


def test_a_frame_is_a_jpeg_of_the_picture():
    picture = torch.zeros(3, 40, 60)
    picture[0] = 1.2  # beyond the range: clamped
    with Image.open(io.BytesIO(jpeg(picture))) as image:
        assert image.format == "JPEG" and image.size == (60, 40)
        assert image.getpixel((30, 20))[0] > 250


@pytest.mark.parametrize("step", [0.005, 0.017, 0.05])
def test_a_browser_that_paints_gets_as_many_as_the_rate_allows(clock, step):
    paced = Frames(rate=30)
    sent = 0
    for _ in range(int(10 / step)):  # ten seconds
        if number := paced.next():
            sent += 1
            paced.confirm(number)
        clock[0] += step
    assert 10 / max(step, 1 / 30 + step) - 2 <= sent <= 10 * 30 + 1


def test_a_browser_that_is_slow_never_has_more_than_three_on_their_way(clock):
    paced = Frames(rate=1000)
    waiting = []
    for tick in range(500):
        if number := paced.next():
            waiting.append(number)
        assert len(waiting) <= UNSEEN == 3
        if tick % 20 == 0 and waiting:  # it paints one of every twenty ticks
            paced.confirm(waiting.pop(0))
        clock[0] += 0.002


def test_a_hidden_page_gets_a_frame_a_second(clock):
    paced = Frames(rate=30)
    sent = 0
    for _ in range(1000):
        sent += paced.next() is not None
        clock[0] += 0.01  # ten seconds, and nothing is confirmed
    assert 10 / PATIENCE - 2 <= sent <= 10 / PATIENCE + UNSEEN


def test_a_new_runs_first_frame_does_not_wait_for_the_beat_and_the_last_waits_for_nothing(clock):
    paced = Frames(rate=0.5)
    assert paced.next() == 1 and paced.next() is None
    assert paced.next(now=True) == 2 and paced.next(now=True) == 3 and paced.next(now=True) is None
    assert paced.next(last=True) == 4


def test_a_browser_that_confirms_every_second_frame_gets_as_many(clock):
    paced = Frames(rate=30)
    sent = 0
    for _ in range(1000):
        if number := paced.next():
            sent += 1
            if number % 2 == 0:
                paced.confirm(number)
        clock[0] += 0.01  # ten seconds
    assert 10 / (1 / 30 + 0.01) - 2 <= sent <= 10 * 30 + 1


def test_waiting_ends_with_the_confirmation_or_after_the_time_given():
    paced = Frames()
    assert paced.wait(0)  # nothing was sent
    number = paced.next()
    assert not paced.wait(0.01)
    threading.Timer(0.05, paced.confirm, [number]).start()
    assert paced.wait(60)


def test_what_is_confirmed_twice_or_was_never_sent_counts_once(clock):
    paced = Frames(rate=1000)
    paced.next()
    paced.confirm(77)
    assert paced.seen == 1
    paced.confirm(0)
    assert paced.seen == 1
