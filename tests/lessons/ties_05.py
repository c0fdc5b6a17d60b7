"""Lesson 05's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from tests.lessons.shown import Tie

TIES: list[Tie] = [
    (
        "lie between 0.03 and 18",
        "| raw cost | 347422 | {} | {} | {} | {} | {} |",
        lambda *E: (round(min(E), 2), round(max(E))) == (0.03, 18),
    ),
    (
        "asked that network for four times as much style",
        "J_content {}, each layer's E {}, J 1",
        lambda content, style: style / content == 4,
    ),
    ("is lowest in the left half", "η at which J is lowest, of 0 to 12.5: ≈ {},", lambda rate: rate < 12.5 / 2),
    ("nearly all numbers end at a border, 0 or 1", "share of numbers at 0 or 1 then: ≈ {},", lambda n: n > 0.95),
    ("From step 20 to 75", "lower J, of steps 20 to 75 | {} | {} |", lambda adam, lbfgs: adam > 0.9 * (adam + lbfgs)),
    (
        "until step 120, it gets no lower",
        "mean J, steps 76 to 99 | {} | {} | | mean J, steps 100 to 120 | {} |",
        lambda before, lbfgs, adam: adam >= before,
    ),
    (
        "within a fifth of each other",
        "J at the end, Adam's against L-BFGS's: ≈ {},",
        lambda n: 1 / 1.2 < n < 1.2,
    ),
    ("far ahead at step 120", "mean J, steps 100 to 120 | {} | {} |", lambda adam, lbfgs: adam / lbfgs > 1.4),
    ("comes back to within 0.05", "how far from it clamped Adam ends: ≈ {},", lambda n: n < 0.05),
]
# Lengths and names, what a cell's code or the question fixes, what the library does, and what is quoted from others
GIVEN = (
    "35 minutes",
    "1 for the paper's",
    "answers twice as loudly",
    "half photo, half painting",
    "drawn as 0 where",
    "fall below 0",
    "each number on it is ten times the one below",
    "Kingma and Ba, 2015, [arXiv:1412.6980",
    "rate has a meaning: 0.05 is one twentieth",
    "a stride of 0.05",
    "over its last quarter",
    "Liu and Nocedal, 1989",
    "after 160 steps",
    "In the last quarter",
    "remembers 30 steps",
    "60 times the picture's size. Adam remembers twice the picture's size",
    "which is 0 there",
    "Byrd et al., 1995",
    "in 20 steps",
    "is a distance: 0.05 is a twentieth",
    "run for 400 steps",
)
