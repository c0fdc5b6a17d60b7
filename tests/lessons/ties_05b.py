"""Lesson 05b's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from math import acos, degrees

import torch

from tests.lessons.shown import Computed, Tie, about

LARGEST = torch.finfo(torch.float16).max
TIES: list[Tie] = [
    (
        "It begins more than ten times as high as the others, and is still above them",
        "from the photo from {} to {}; from noise from {} to {}; from the painting from {} to {} ",
        lambda a, of_a, noise, of_noise, b, of_b: noise > 10 * max(a, b) and of_noise > max(of_a, of_b),
    ),
    (
        "by about 40°",
        "1 − cosine of (1, 20) and (1, 10): ≈ {},",
        lambda turned: about(degrees(acos(1 - turned)), 40),
    ),
    (
        "No layer gets back to a cosine of 1, and the deepest comes out worst",
        "features: relu1_1 {}; relu2_1 {}; relu3_1 {}; relu4_1 {}; relu5_1 {} ",
        lambda *cosines: max(cosines) < 0.9 and min(cosines) == cosines[-1],
    ),
    ("answers below 12 everywhere", "loudest answer of relu1_1: ≈ {},", lambda loudest: loudest < 12),
    (
        "Up to a side of 128 both Gram matrices stay below it; at 256 both have entries above",
        "side 128 photo {}, painting {}; side 256 photo {}, painting {} ",
        lambda a, b, large_a, large_b: max(a, b) < LARGEST < min(large_a, large_b),
    ),
    ("At 128 the entries fit", "side {}: cost in half precision: inf", lambda side: side == 128),
    (
        "At 256 the entries themselves are infinite",
        "side {}: largest entry of the photo's G: inf",
        lambda side: side == 256,
    ),
]
COMPUTED: list[Computed] = [
    ("Its largest number is 65,504", lambda: LARGEST == 65_504),
    ("in the eighth digit", lambda: 1e-8 < torch.finfo(torch.float32).eps / 2 < 1e-7),
]
# Lengths and names, what a cell's code fixes, and arithmetic
GIVEN = (
    "35 minutes",
    "from a tenth of $\\alpha$ to a hundred times $\\alpha$",
    "(1992)",
    "for 80 steps",
    "In the third picture",
    "a factor of 2 in $J$ is a factor of 2 in",
    "Block 4 lies between",
    "than with block 5",
    "and then 0 to 255",
    "From 0 to 255",
    "Half precision (float16)",
    "in half precision from the features on",
    "a half precision that reaches",
    "twice the side makes four times as many positions",
    "Is `beta=10` about the same there",
)
