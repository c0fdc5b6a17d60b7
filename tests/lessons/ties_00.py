"""Lesson 00's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from nstlib import Settings
from tests.lessons.shown import Computed, Elsewhere, Tie, about

TIES: list[Tie] = [
    ("picture of 192 × 289 pixels", "numbers in X: {} ", lambda numbers: numbers == 3 * 192 * 289),
    ("`relu3_1` has 64 filters", "| relu3_1 | {} | 64 | 96 |", lambda filters: filters == 64),
    (
        "for a photo twice as large",
        "| this photo | (64, {}) | (64, 64) | | twice as large | (64, {}) |",
        lambda positions, of_large: of_large == 2 * 2 * positions,
    ),
    ("A share above 1 is no mistake", "content lost at β = 100: ≈ {},", lambda share: share > 1),
    (
        "here it was 3 % and 3.2 times as much",
        "content lost at β = 1, over that at 0.1: ≈ {}, above 2 ✓ content lost at β = 100, over that at 1: ≈ 13.8, "
        "above 7 ✓ content lost at β = 0.1: ≈ {},",
        lambda times, lost: (round(100 * lost), round(times, 1)) == (3, 3.2),
    ),
    ("here 14 times", "content lost at β = 100, over that at 1: ≈ {},", lambda times: round(times) == 14),
    (
        "here three times",
        "content cost with α = 0, as a multiple of that with both: ≈ {},",
        lambda times: about(times, 3),
    ),
    ("shorter side is 8 pixels", "The picture is 12 × {} pixels", lambda side: side == 8),
]
ELSEWHERE: list[Elsewhere] = [
    (
        "With the rocket and the waves, $\\beta = 0.1$ loses 7 % of the content, and $\\beta = 1$ loses 1.9 times as "
        "much",
        "beta",
        ("rocket", "waves"),
        lambda times, large_times, lost, *_: (round(100 * lost), round(times, 1)) == (7, 1.9),
    ),
    (
        "With the coffee and the mosaic, $\\beta = 100$ loses 6.5 times as much as $\\beta = 1$",
        "beta",
        ("coffee", "mosaic"),
        lambda times, large_times, *_: round(large_times, 1) == 6.5,
    ),
    (
        "makes the content cost twice as high",
        "one term alone",
        ("coffee", "mosaic"),
        lambda changed, times: round(times, 1) == 2,
    ),
]
COMPUTED: list[Computed] = [
    ("So far it was 10, with", lambda: (Settings().alpha, Settings().beta) == (1, 10)),
]
# Lengths and names, what a cell's code fixes, and arithmetic
GIVEN = (
    "20 minutes",
    "between 0 and 1:",
    "3 is the block and 1 the convolution",
    "filter 3 meets filter 8 as often as 8 meets 3",
    "is 0.1, then 1, then 100",
    "Does `alpha=2, beta=20` ask for another picture than `beta=10`? No: $J$ is twice as large",
    "Halved four times, 8 pixels become half a pixel",
    "So `beta=10` means",
)
