"""Lesson 03's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from tests.lessons.shown import Quote, Tie

TIES: list[Tie] = [
    ("layer's cost is four times as large", "| relu1_1 | 1 | {} | 4 | 0.0156 |", lambda B: B == 4),
    (
        "four times the area gives four times",
        "G of the tiling, beside {} G: all entries equal up to rounding, the largest ≈ {}",
        lambda times, largest: times == 4 and largest > 0,
    ),
    ("a quarter of what it should be", "one M for both, gap as a share of the Gram: ≈ {},", lambda gap: gap == 3 / 4),
    (
        "64 to 512 in VGG-19",
        "| relu1_1 | {} | 160000 | 455 | | relu2_1 | {} | 40000 | 114 | | relu3_1 | {} | 10000 | 28.4 | | relu4_1 | {}"
        " | 2500 |",
        lambda *filters: (min(filters), max(filters)) == (64, 512),
    ),
    ("a picture of 400 × 400 pixels", "| relu1_1 | 64 | {} | 455 |", lambda M: M == 400 * 400),
    (
        "the first one counts 1024 times as much",
        "the last column, as multiples of its last entry: [{}, ",
        lambda times: times == 1024,
    ),
    ("in every layer: takes the 4", "| relu1_1 | 16 | {} | 1024 |", lambda mean: mean == 4),
    (
        "with 64 filters in the first style layer and 512 in the last, the change shifts their balance 64 times",
        "the sum favours the deepest layer over the first, times: {}",
        lambda times: times == 64 == (512 / 64) ** 2,
    ),
    (
        "climbs more than tenfold",
        "| E, β = 0.1 | {} | {} | | E, β = 1 | {} | {} | | E, β = 10 | {} | {} | | E, β = 100 | {} |",
        lambda *row: min(row[::2]) > 10,
    ),
]
QUOTES: list[Quote] = [
    (
        "the least of `relu1_1` to `relu4_1` (section 3) | {small} | {large} |",
        "raw, down to relu4_1, the large lawn in gravel's distances, at least",
    ),
    (
        "the 4 is left out and $\\beta$ stays (section 2) | {small} | {large} |",
        "mean difference between the first and the third",
    ),
    ("as a part of its share in A (section 7) | {small} | {large} |", "relu5_1's share in E over that in A"),
    ("has {large} times its share in A, where minivgg has {small}", "relu1_1's share in E over that in A"),
]
# Lengths and names, what a cell's code or the question fixes, and what is quoted from others
GIVEN = (
    "45 minutes",
    "each pair of filters counts twice",
    "[2015",
    "the second 2 is harder",
    "be 1 where",
    "and 0 otherwise",
    "no 2 and no 4 is left",
    "Silence filter 7",
    '"0 where',
    "The 4 makes",
    "a piece twice as wide",
    "the third looks finer",
    "holds four times as many",
    "is only half as wide",
    "repaint the photo twice",
    "of a layer exist twice",
    "`channels = 3`",
    "thread of 2017",
    "D divides by $N^2$ twice",
    "from 0.1 to 100",
    "[2017",
    "**4** cancels the two 2s",
)
