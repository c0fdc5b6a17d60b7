"""Lesson 01's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from math import prod

from nstlib import pictures
from nstlib.networks import ARCHITECTURES
from tests.lessons.shown import Computed, Elsewhere, Tie

TIES: list[Tie] = [
    (
        "a slab is half as high and half as wide as the photo",
        "| relu1_1 | 3 | 1 | | relu2_1 | 10 | {} |",
        lambda step: step == 2,
    ),
    ("The photo moves by 4 pixels", "| relu3_1 | 24 | {} |", lambda step: step == 4),
    ("is left, less than 0.2", "right of the diagonal, most that is left: ≈ {},", lambda n: n < 0.2),
    (
        "nearly half or more",
        "from relu3_2 or deeper, left of the diagonal, least: ≈ {},",
        lambda n: 0.45 < n < 0.5,
    ),
    ("A share above 1 is worse", "| relu5_1 | {} | {} | {} | {} | 0.285 |", lambda *left: min(left) > 1),
    (
        "Block 4 keeps *less* of the photo",
        "content left: from relu4_2 / from relu3_2: relu1_1 ratio {}; relu2_1 ratio {}; relu3_2 ratio {} ",
        lambda *ratios: min(ratios) > 1,
    ),
    (
        "the content cost that it leaves at `relu1_1` is 1.8 times that of block 3",
        "rebuilt from relu4_2 over rebuilt from relu3_2: ≈ {},",
        lambda times: round(times, 1) == 1.8,
    ),
]
ELSEWHERE: list[Elsewhere] = [
    (
        "with the rocket and the waves, 1.2 times",
        "block 3 and block 4",
        ("rocket", "waves"),
        lambda first, *_: round(first, 1) == 1.2,
    )
]


def row_of_the_trap() -> bool:
    """Whether relu2_1 has 6,144 positions, of which a row of the trap holds 192, all filters of each."""
    positions = prod(side // 2 for side in pictures.sample("cat", 128).shape[1:])
    return (positions, positions / ARCHITECTURES["minivgg"].widths[1]) == (6144, 192)


COMPUTED: list[Computed] = [("the row holds 192 of the 6,144 positions", row_of_the_trap)]
# Lengths and names, what a cell's code fixes, examples by hand, which claims repeat, and what is quoted from others
GIVEN = (
    "45 minutes",
    "(negative answers become 0)",
    "(of each 2 × 2 answers",
    "take it away again, `[0]`",
    "if it moves by 2?",
    "both are 1.",
    "[2013",
    "each counted from 0",
    "Filter 1 answers 1, 2, 3 at three positions, filter 2 answers 4, 5, 6",
    "`.permute(2, 0, 1)`",
    "[2015",
    "equation 1)",
    "has the rows 1, 2 and 3, 4;",
    "has the rows 1, 0 and 3, 1. The differences are 0, 2, 0, 3,",
    "[2014",
    "The paper, too, takes block 4",
    "the Keras example take block 5",
    "take block 3",
    "Shift the photo by 8 pixels",
)
