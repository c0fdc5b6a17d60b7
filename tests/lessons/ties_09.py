"""Lesson 09's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from nstlib.networks import ARCHITECTURES
from tests.lessons.shown import Computed, Quote, Tie, about, on_both

TIES: list[Tie] = [
    (
        "0.57 of the first one's distance is left, and 0.47 of the second's",
        "first pair distance left {}; second pair distance left {} ",
        lambda *left: tuple(round(share, 2) for share in left) == (0.57, 0.47),
    ),
    (
        "All four leave less than half of the Gram cost",
        "most that any of the four leaves of the Gram cost: ≈ {},",
        lambda most: most < 1 / 2,
    ),
]
CONTENT_LOST = "content lost: set / optimised, the smaller of the two"
QUOTES: list[Quote] = [
    (
        "share of AdaIN's features below 0, in `relu4_1` (section 1) | {small} | {large} |",
        "share of the new features below 0",
    ),
    (
        "distance by moments that the rebuilt picture leaves there | {small} | {large} |",
        "of the distance by moments the picture leaves",
    ),
    (f"{CONTENT_LOST} (section 3) | {{small}} | {{large}} |", CONTENT_LOST),
    ("change by WCT, of the least change (section 4) | {small} | {large} |", "change by WCT, of the best"),
    (
        "patch cost left in `relu4_1` by the Gram matrix's run (section 5) | {small} | {large} |",
        "run by the Gram matrix: patch cost left",
    ),
    ("patch cost left by its own run | {small} | {large} |", "run by patches: patch cost left"),
]
COMPUTED: list[Computed] = [
    ("but 160 filters may have fewer than 160 positions", lambda: ARCHITECTURES["minivgg"].widths[3] == 160),
    ("loses only a third more of it", lambda: about(on_both("09")[CONTENT_LOST]["large"] - 1, 1 / 3)),
]
# Lengths and names, examples by hand, which claims repeat, what a painted board or a proof fixes, and what is quoted
GIVEN = (
    "60 minutes",
    "[2017",
    "the photo's filter answers 1 and 3, with mean 2 and deviation 1",
    "The painting's answers 10, 10, 20, 20, with mean 15 and deviation 5",
    "So 1 becomes $5 \\cdot (1 - 2)/1 + 15 = 10$, and 3 becomes 20",
    "no answer is below 0",
    "[2016",
    "would divide by 0",
    "orange lies on half of the stripes",
    "[1990",
    "[2019",
    "looks at patches of 3 × 3 positions",
    "the cost is 1 minus the cosine of that angle",
    "patches of 1 × 2",
    "S is the row 3, 4, 0",
    "and 1, so the cost is 0",
    "a third formula",
    "[2022",
    "[2023",
    "strength=0.5",
)
