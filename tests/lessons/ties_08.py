"""Lesson 08's numbers in prose: where each is shown or measured, or why it needs to be neither.

Its races depend on the machine and on the minute: no `times as fast`, no exponent p, no speed and no share of the time
is tied. What is tied are counts of operations and bytes, J and pictures, and the memory of a process.
"""

import torch

from nstlib import Settings
from nstlib.networks import ARCHITECTURES
from nstlib.transfer.settings import COARSEST
from tests.lessons.shown import Computed, Elsewhere, Tie, about, numbers

TIES: list[Tie] = [
    ("With 8 binary digits,", "1 + 1 + … + 1, a thousand times, in bfloat16: {} ", lambda total: total == 2**8),
    (
        "The 9997 is float32's own rounding of a long sum: 0.03 %",
        "| answers of 100 | inf | {} | {} |",
        lambda exact, summed: (summed, round(1 - summed / exact, 4)) == (9997, 0.0003),
    ),
    (
        "the largest moved 0.63 times as far as the middle one here",
        "the largest picture moved, of the middle: ≈ {},",
        lambda times: round(times, 2) == 0.63,
    ),
    (
        "coarse to fine moved the large areas 2.9 times as far",
        "coarse to fine moved large areas, times full size alone: ≈ {},",
        lambda times: round(times, 1) == 2.9,
    ),
    (
        "full size may reach the lower $J$, for twice the work",
        "| coarse to fine | {} | {} | | full size | 2.71 | 1.87 | | full size, 40 steps | {} | {} |",
        lambda J, work, J_full, work_full: J_full < J and about(work_full / work, 2),
    ),
    (
        "a run took about three times the floor. Allow for 4 times",
        "measured bytes a pixel, times the floor: ≈ {},",
        lambda times: about(times, 3),
    ),
    (
        "**freeze the weights** (a third)",
        "share of a step's FLOPs that went to the weights' gradients: ≈ {},",
        lambda share: about(share, 1 / 3),
    ),
    (
        "**compute targets once** (two thirds of the rest)",
        "FLOPs before, times those after: ≈ {},",
        lambda times: about(1 - 1 / times, 2 / 3),
    ),
    ("a list of 40 steps", "bytes a pixel in list(steps) of {} steps: ≈ 480,", lambda steps: 12 * steps == 480),
]
ELSEWHERE: list[Elsewhere] = [
    (
        "0.94 times with the coffee and the mosaic",
        "larger moves less",
        ("coffee", "mosaic"),
        lambda middle, largest: abs(largest - 0.94) < 0.01,
    ),
    (
        "(with the coffee and the mosaic, 1.5 times)",
        "coarse to fine",
        ("coffee", "mosaic"),
        lambda steps, times: round(times, 1) == 1.5,
    ),
]


def forward() -> float:
    """The share of the frozen step's way forward in the plain step, from its weights' gradients and the cut."""
    (of_gradients,) = numbers("08", "share of a step's FLOPs that went to the weights' gradients: ≈ {},")
    (until_relu5_1,) = numbers("08", "share of a pass that ends at relu5_1: ≈ {},")
    return of_gradients / until_relu5_1


def weights(*names: str) -> int:
    """How many weights VGG-19's convolutions have, or those named: 3 × 3 of each filter and channel, and a bias."""
    convolutions = ARCHITECTURES["random-vgg19"].convolutions
    return sum(9 * n_in * n_out + n_out for n_in, n_out in map(convolutions.get, names or convolutions))


def digits(dtype: torch.dtype) -> float:
    """Binary digits of a number; the first is always 1, and ε is the value of the last beside it."""
    return 2 / torch.finfo(dtype).eps


COMPUTED: list[Computed] = [
    ("so it is a little more than a third", lambda: 1 / 3 < forward() < 0.36),
    ("the gradients of 20 million weights", lambda: round(weights() / 1e6) == 20),
    (
        "of 512 filters on 512. **Predict.** These are 7 of 20 million weights",
        lambda: (round(weights("conv5_2", "conv5_3", "conv5_4") / 1e6), round(weights() / 1e6)) == (7, 20),
    ),
    (
        "only 8 of its 24 binary digits",
        lambda: (digits(torch.bfloat16), digits(torch.float32)) == (2**8, 2**24),
    ),
    ("8 digits are one part in 256", lambda: digits(torch.bfloat16) == 256),
    (
        "float16 has 11 binary digits, but ends at 65,504",
        lambda: (digits(torch.float16), torch.finfo(torch.float16).max) == (2**11, 65_504),
    ),
    (
        "`scales=None` begins near 180 pixels",
        lambda: about(COARSEST, 180) and about(Settings(size=1024).sides()[0], 180),
    ),
]
# Lengths and names, what a cell's code fixes, arithmetic, what is quoted from others, and what depends on the machine
GIVEN = (
    "use half precision without",
    "45 minutes",
    "1. The weights still ask for gradients",
    "2. The network runs on past",
    "3. Photo and painting are shown again",
    "4. Their targets are computed again",
    "does 2, 3 and 4;",
    "does only 1.",
    "It takes half the bytes, and on some CPUs and GPUs its products are several times as fast",
    "is 256. A Gram entry",
    "Try it at 512 × 512 positions, with filters that answer 100 everywhere, and 500 everywhere",
    "in half precision: first sum",
    "to 16 pixels",
    "[2017",
    "so twice the pixels",
    "Compare 40 steps over four scales",
    "(Three rounds each: a tenth up or down means nothing.)",
    "takes a Gram matrix's product twice",
    "a quarter as many numbers",
    "in 8 bytes",
    "both sides divide by 16",
    "the last is block 5",
    "and for 0.5 to 0.7 GB",
    "less memory, but twice the time",
    "the cat at four times `side`",
    "`NST_TEST=1` makes",
    "Twice the side is four times the pixels",
    "It is below 1 as long as a step's fixed costs show, and nears 1",
    "twice the side takes four times as long. It is above 1",
    "up to 4 times over",
    "`NST_SIDE=256`",
    "try half of it, a quarter of the pixels",
    "these are $HW$, $W$ and 1",
    "the strides are 1,",
    "to lose the 1: `block[0]` and `block.squeeze(0)`",
    "`block[0]` spoils it",
    "on a map of 1/64",
    "**Look at** block 1",
)
