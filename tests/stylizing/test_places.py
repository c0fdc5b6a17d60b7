from pathlib import Path

import pytest

from nstlib.stylizing.places import listed


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "0.png"),
        (2, "0.png and 1.png"),
        (5, "0.png, 1.png, 2.png, 3.png and 4.png"),
        (8, "0.png, 1.png, 2.png, 3.png, 4.png and 3 more"),
    ],
)
def test_files_are_listed_and_counted(count, text):
    assert listed([Path("folder", f"{n}.png") for n in range(count)]) == text
