"""Lesson 06's numbers in prose: where each is shown or measured, or why it needs to be neither.

All runs in the text end after a fixed number of steps, so their numbers are no matter of time. The desk at the top
shows what it had painted when the notebook was saved; none of it is quoted.
"""

import inspect

from nstlib.studio import layer_views, messages
from tests.lessons.shown import Computed, Elsewhere, Tie, about

TIES: list[Tie] = [
    (
        "at about 9 to 25 times the photo's",
        "| relu5_1 alone | {} | {} | {} | 0.761 |",
        lambda *left: (round(min(left)), round(max(left))) == (9, 25),
    ),
    (
        "No $E_l$ falls to a tenth, while $\\beta$ grows tenfold",
        "| β = 10 | {} | {} | {} | {} | {} | 0.47 | | β = 100 | {} | {} | {} | {} | {} | 1.04 |",
        lambda *left: all(after > before / 10 for before, after in zip(left[:5], left[5:], strict=True)),
    ),
    ("At $\\beta = 100$ the cat is past that", "β = 100 {} and 0.0879", lambda lost: lost > 1),
]
ELSEWHERE: list[Elsewhere] = [
    (
        "Choose the rocket and the waves: one of the three costs falls, to three quarters of the photo's",
        "the deepest alone",
        ("rocket", "waves"),
        lambda least: about(least, 3 / 4),
    ),
    (
        "With the rocket and the waves the layers above bring the palette, too: about a seventh is left",
        "strokes only",
        ("rocket", "waves"),
        lambda first, strokes, second: about(first, 1 / 7),
    ),
]
COMPUTED: list[Computed] = [
    (
        "for up to 24 of its filters",
        lambda: inspect.signature(layer_views.gram_pictures).parameters["most"].default == 24,
    ),
    ("at 512 or 1024 pixels", lambda: messages.LARGE == (512, 1024)),
]
# Lengths and names, what a cell's code fixes, and what the desk's meters mean
GIVEN = (
    "40 minutes",
    "You move $\\beta$ from 10 to 100",
    "until × 0.01",
    "statistic (07), convention (03), content layer (01), start and optimizer (05)",
    "press 0 on them",
    "sees only 3 × 3 pixels",
    "It is 1 for the photo and 0 once the painting is reached. Above 1",
    "has lost 1",
    "see 3 × 3 pixels",
    "from 0.1 to 100",
    "at 100:",
    "A content lost of 1",
    "larger than 256 pixels",
)
