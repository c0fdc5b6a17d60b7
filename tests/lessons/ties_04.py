"""Lesson 04's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from tests.lessons.shown import Elsewhere, Quote, Tie, about

TIES: list[Tie] = [
    (
        "more values near 0, more near 1",
        "photo from {} to {}; painting from 0 to 1; relu1_1 alone from 0 to 1; relu4_1 alone from {} to {}",
        lambda *ends: ends[2] < ends[0] < ends[1] < ends[3],
    ),
    (
        "Twice as loud is 16 times the cost",
        "twice as loud, times the cost, in each layer: all entries equal up to rounding, the largest ≈ {}",
        lambda times: times == 16,
    ),
    (
        "undo a factor of 16",
        "twice as loud, times the pull, in each layer: all entries equal up to rounding, the largest ≈ {}",
        lambda times: times == 16,
    ),
    (
        "the deepest layer takes about half of the pull",
        "λ = 1 / E: relu1_1 {}%, relu2_1 {}%, relu3_1 {}%, relu4_1 {}%, relu5_1 {}%",
        lambda *shares: about(shares[-1], 50),
    ),
    (
        "each keeps more than twice as much of its cost as those two",
        "least that any other keeps, as a multiple of it: ≈ {},",
        lambda times: times > 2,
    ),
    (
        "by a tenth (with",
        "painting's content, five layers against one: ≈ {},",
        lambda times: about(1 - times, 0.1),
    ),
    ("here 13 times", "relu5_1 alone leaves of relu1_1's cost: ≈ {},", lambda times: round(times) == 13),
    (
        "It leaves 4 % of the cost",
        "relu1_1's cost, balanced against equal: ≈ {},",
        lambda share: round(100 * share) == 4,
    ),
    (
        "Without `relu5_1` its cost ends 4.3 times as high",
        "relu5_1's cost without it against with it: ≈ {},",
        lambda times: round(times, 1) == 4.3,
    ),
]
QUOTES: list[Quote] = [
    ("Leaving out `relu1_1` multiplies its cost by {large};", "without it its own cost is this many times as high"),
    ("own cost grows by a factor of {large} or more", "least for any other layer left out"),
    (
        "pulls {large} times as hard for its cost as `relu1_1`, on minivgg {small} times",
        "pull / cost, relu5_1 against relu1_1",
    ),
    (
        "`relu5_1`'s cost without it against with it (section 8) | {small} | {large} |",
        "relu5_1's cost without it against with it",
    ),
    ("at the end of a balanced run (section 7) | {small} | {large} |", "and at the end"),
    (
        "how many layers pull, equal weights minus $1/N^2$ (appendix) | {small} | {large} |",
        "ordinary: layers that pull, equal minus 1/N²",
    ),
]
ELSEWHERE: list[Elsewhere] = [
    (
        "the mosaic by 3 %",
        "less content",
        ("coffee", "mosaic"),
        lambda times: round(100 * (1 - times)) == 3,
    ),
    (
        "leaves `relu1_1`'s cost about where it was (1.1 times as high",
        "reach",
        ("rocket", "waves"),
        lambda deepest, times: round(times, 1) == 1.1,
    ),
    (
        "in one of the five runs a deeper cost ends lower than the one before it",
        "up and down",
        ("rocket", "waves"),
        lambda own, runs, *_: runs == 4,
    ),
    (
        "with the rocket and the waves, 10 %",
        "equally strong",
        ("rocket", "waves"),
        lambda share, *_: round(100 * share) == 10,
    ),
    (
        "for the rocket and the waves, 2.5 times",
        "must be asked for",
        ("rocket", "waves"),
        lambda middle, times, deepest: round(deepest, 1) == 2.5,
    ),
    (
        "With the coffee and the mosaic, `relu1_1` alone leaves a quarter of the distance, but another layer alone "
        "leaves less than half",
        "palette",
        ("coffee", "mosaic"),
        lambda first, others: about(first, 1 / 4) and others < 1 / 2,
    ),
    (
        "For the coffee and the mosaic it is 1.4 times as much",
        "must be asked for",
        ("coffee", "mosaic"),
        lambda middle, times, deepest: round(times, 1) == 1.4,
    ),
    (
        "for the rocket and the waves one of the three comes down by itself",
        "must be asked for",
        ("rocket", "waves"),
        lambda middle, times, deepest: times < 1,
    ),
]
# Lengths and names, what a cell's code or the question fixes, what is quoted from others, and what
# docs/layer_weights.py measures
GIVEN = (
    "45 minutes",
    "a sixth rule",
    "with the costs 6, 4 and 1",
    "counts for twice as much as the second",
    "an error in the eighth digit",
    "the forum's answer is half right",
    "is 1 for it and 0 for all others",
    "so that 1 means",
    "−1 means that a tenth of it is left, 1 that it is ten times as high",
    "4.7 beside 243,431",
    "the weights to add up to 1.",
    "`equal` | 1 |",
    "`geometric` | 1, ½",
    "times 1, ¼, 1/16",
    "weights that add up to 1 do",
    "do *not* add up to 1",
    "each filter's mean answer is 1",
    "Five even shares give 5, one layer that pulls alone gives 1",
    "1 for a filter that answers the same everywhere, 100 for one",
    "Once all means are 1",
    "*Normalised on 8* or *on 128*",
    "| minivgg | as it is | 2.2 to 3.0 | 1.8 to 1.9 | | | normalised on 8 | 1.0 to 1.5 | 1.7 to 4.0 | "
    "| | normalised on 128 | 1.0 to 1.1 | 1.6 to 1.9 |",
    "| vgg16 | as it is | 1.5 to 2.9 | 2.1 to 3.4 | | | normalised on 8 | 1.0 to 1.0 | 1.0 to 1.2 | "
    "| | normalised on 128 | 1.0 to 1.3 | 1.0 to 2.3 |",
    "| random-vgg19 | as it is | 2.3 to 2.9 | 1.1 to 1.5 | | | normalised on 128 | 1.0 to 2.4 | 1.0 to 2.6 |",
)
