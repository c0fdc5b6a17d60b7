"""The lessons' cells ask for the same paintings again and again: each is painted once."""

from functools import cache

import pytest

from nstlib import painted


@pytest.fixture(autouse=True, scope="module")
def painted_once():
    paint = cache(painted.paint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painted, "paint", lambda *choice, **named: paint(*choice, **named).clone())
        yield
