"""Lesson 09c's numbers in prose: where each is shown or measured, or why it needs to be neither."""

import re

from nstlib.networks.vgg import AVERAGE_POOL_GAIN
from tests.lessons.shown import Computed, Quote, Tie, row
from tests.lessons.test_why_vgg import PAGE

TIES: list[Tie] = [
    (
        "The maximum pulls at a quarter of the positions",
        "share of positions that the maximum pulls at: ≈ {},",
        lambda share: round(share, 2) == 0.25,
    ),
    ("so 4, 6 or 9 places", "numbers of places that see a pixel: [{}, {}, {}]", lambda *kinds: kinds == (4, 6, 9)),
]
EXCHANGED = "left by the right network, exchanged over right"
QUOTES: list[Quote] = [
    (
        "random filters in `relu3_1`, scrambled over another, of trained ones (section 1) | {small} | {large} |",
        "relu3_1, random filters of trained",
    ),
    (
        "style cost left with exchanged colours, of what the right order leaves (section 2) | {small} | {large} |",
        EXCHANGED,
    ),
    (
        "style cost left by average pooling (section 3) | {small} | {large} |",
        "style cost left by the average",
    ),
    ("The exchange does less harm there: {large} is", EXCHANGED),
]


def third_blocks() -> bool:
    """Whether section 5 says of the scrambled paintings what the page of its tables has measured."""
    (_, *alexnet), (_, *vgg) = (row(PAGE, "## Scrambled paintings", name) for name in ("alexnet", "vgg16"))
    return min(alexnet) > 1 and (alexnet[2], vgg[2]) == (2.36, 2.55)


COMPUTED: list[Computed] = [
    ("by a gain of 1.4", lambda: AVERAGE_POOL_GAIN == 1.4),
    (
        "its ratio is above 1 in every block, and in the third (2.36) nearly level with VGG-16's (2.55)",
        third_blocks,
    ),
]
# Rows of section 5's tables, as docs/why_vgg.py has measured them
MEASURED = re.findall(r"^\| .*\d\.\d.*\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
# Lengths and names, what a cell's code fixes, what is quoted from others, and the sizes of a network's filters
GIVEN = (
    *MEASURED,
    "35 minutes",
    "To you the third picture",
    "is below 1, the features",
    "[2019",
    "feeds 0 to 255",
    "of 2 × 2 answers. Gatys et al. (2016)",
    "AlexNet (2012)",
    "filters of 11 × 11 pixels",
    "VGG's are 3 × 3,",
    "the 16 kinds of pixels meet",
    "AlexNet's pools, 3 × 3 in steps of 2,",
    "its 2 × 2 pools",
    "`NST_TEST=1 python docs/why_vgg.py`",
    "of the 16 kinds of pixels, needs no judge; 1 is even",
    "block 1 | block 2 | block 3 | block 4 | block 5 |",
    "not far above the claim's 1.5",
    "AlexNet's steps of 4",
    "`total_variation=10`",
    "first filters are 7 × 7 in steps of 2",
)
