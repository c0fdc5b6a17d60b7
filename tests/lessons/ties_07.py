"""Lesson 07's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from tests.lessons.shown import Elsewhere, Quote, Tie, about

TIES: list[Tie] = [
    ("its gradient is 0,", "pull by the diagonal: 0, 0, 0 / {}, {}, {};", lambda *pulls: set(pulls) == {0}),
    ("sees more than half of what", "and from relu2_1 on, at least: ≈ {}, above 0.5", lambda n: n > 1 / 2),
    ("is not quite at 0", "beyond the sum of its parts, in conv1_1: ≈ {},", lambda n: 0 < n < 0.03),
    (
        "every row of the result adds up to 0",
        "the wrong one's largest sum of a row, of its largest entry: ≈ {},",
        lambda n: n < 1e-9,
    ),
    ("The fixed cost is 0", "torn and tight, cost by two fixed directions: ≈ {},", lambda n: n < 1e-20),
    (
        "doubled features give 0.08 by moments and 0.8 by the Gram matrix",
        "| features twice as strong | {} | 16 | {} | 16 | 4 |",
        lambda gram, moments: (round(0.02 * moments, 2), round(0.05 * gram, 1)) == (0.08, 0.8),
    ),
    (
        "the first gets less than its 0.3",
        "share of the first painting: "
        + "; ".join(f"relu{n}_1 raw units 0.3, each in its own {{}}" for n in range(1, 6)),
        lambda *shares: max(shares) < 0.3,
    ),
    ("hardly moves the right half", "by plain descent: ≈ {},", lambda moved: moved < 0.1),
    (
        "random filters leave 9.2 times as much as trained ones here",
        "they leave of all layers, times the trained filters: ≈ {},",
        lambda times: round(times, 1) == 9.2,
    ),
]
QUOTES: list[Quote] = [
    (
        "relative distance of the boards by the diagonal (section 2) | {small} | {large} |",
        "conv1_1, relative distance by the diagonal",
    ),
    (
        "what the diagonal sees of what the matrix sees, in `relu1_1` | {small} | {large} |",
        "the diagonal sees of what the matrix sees, in relu1_1",
    ),
    ("beyond the sum of its parts, in `relu1_1` | {small} | {large} |", "in relu1_1"),
    (
        "largest share of the orange that the diagonal brings onto stripes | {small} | {large} |",
        "largest share by the diagonal",
    ),
    ("on VGG-16 it brings up to {large} of the orange", "largest share by the diagonal"),
    ("the whole matrix at least {large}", "smallest share of orange on stripes by the whole matrix"),
]
ELSEWHERE: list[Elsewhere] = [
    (
        "for the coffee and the mosaic the worst of the five leaves half",
        "all of them work",
        ("coffee", "mosaic"),
        lambda worst: about(worst, 1 / 2),
    ),
    (
        "for the rocket and the waves nearly two thirds",
        "all of them work",
        ("rocket", "waves"),
        lambda worst: about(worst, 2 / 3) and worst < 2 / 3,
    ),
    (
        "with the coffee and the mosaic 4.7 times",
        "random filters",
        ("coffee", "mosaic"),
        lambda first, times: round(times, 1) == 4.7,
    ),
]
# Lengths and names, what a cell's code or the question fixes, and what is quoted from others
GIVEN = (
    "repaint half a picture",
    "60 minutes",
    "A sixth statistic",
    "answer 1 where",
    "or orange, and 0 elsewhere",
    "dealt three times",
    "began near 0; at",
    "Li et al. ([2017",
    "`F - F.mean(1)`",
    "`F.mean(0)`",
    "makes the filters add up to 0",
    "[2021",
    "by 50 directions",
    "The third pair",
    "Barnes, [2017",
    "The fifth are",
    "0.02 by moments and 0.05 by the Gram",
    "Hopcroft ([2016",
    "Ustyuzhaninov et al. ([2016",
    "of the third cat",
    "Gatys et al., [2016",
    "(3 numbers) and a covariance",
    "(3 × 3)",
    "takes 0 for what",
    "repainting half a picture",
    "between 0 and 1",
    "1 where the style shall hold and 0 elsewhere",
    "the right half in the middle",
    "`size=256`",
    "the left half by one painting and the right half by another",
)
