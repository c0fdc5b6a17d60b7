"""Lesson 00's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from nstlib import Settings
from tests.lessons.shown import Computed, Elsewhere, Tie

TIES: list[Tie] = [
    ("picture of 192 × 289 pixels", "numbers in X: {} ", lambda numbers: numbers == 3 * 192 * 289),
    ("as it was read, 256 × 385", "| relu1_1 | 16 | {} | {} |", lambda *sides: sides == (256, 385)),
    ("`relu3_1` has 64 filters", "| relu3_1 | {} | 64 | 96 |", lambda filters: filters == 64),
    (
        "for a photo twice as large",
        "| this photo | (64, {}) | (64, 64) | | twice as large | (64, {}) |",
        lambda positions, of_large: of_large == 2 * 2 * positions,
    ),
    ("A share above 1 is no mistake", "content lost at β = 100: ≈ {},", lambda share: share > 1),
    (
        "Here $\\beta = 1$ lost 3.2 times as much content",
        "content lost at β = 1, over that at 0.1: ≈ {},",
        lambda times: round(times, 1) == 3.2,
    ),
    ("shorter side is 8 pixels", "The picture is 12 × {} pixels", lambda side: side == 8),
]
ELSEWHERE: list[Elsewhere] = [
    (
        "with the rocket and the waves it loses 1.9 times as much",
        "beta",
        ("rocket", "waves"),
        lambda times, *_: round(times, 1) == 1.9,
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
