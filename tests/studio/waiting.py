"""Waiting for what another thread does."""

import time


def until(true, seconds=60.0):
    """Wait for something to become true; a generous limit, so that only a fault can reach it."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)
