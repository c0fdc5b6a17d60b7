"""Lesson 02's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from tests.lessons.shown import Quote, Tie, about

TIES: list[Tie] = [
    ("The 5 stands in", "G by loops: [[{}, {}], [{}, {}]]", lambda a, b, c, d: b == c == 5),
    (
        "half of the tiles are striped and half are orange, a quarter of them are both",
        "independent: {}, {} / {}, {}",
        lambda striped, both, again, orange: (striped, orange, both, again) == (1 / 2, 1 / 2, 1 / 4, 1 / 4),
    ),
    (
        "correlated, **negatively**, with",
        "correlation of the stripes and orange that lie apart: ≈ {},",
        lambda n: n == -1,
    ),
    ("in `relu4_1` only just", "relu4_1 means {}, covariance {}", lambda means, rest: 1 < means / rest < 1.2),
    ("In every layer the means are the larger part", "means over covariance, at least: ≈ {},", lambda n: n > 1),
    ("so most of the cost", "largest share of a layer's cost that the diagonal has: ≈ {},", lambda n: n < 1 / 2),
    ("diagonal entry for orange is 0", "| style | {} | {} |", lambda stripes, orange: orange == 0),
    ("Nearly half the entries of", "share of F Q's entries below 0: ≈ {},", lambda n: about(n, 1 / 2) and n < 1 / 2),
    ("stays at 0 % all the way", "single pixels: change of the colours' own G: ≈ {},", lambda n: n < 1e-6),
    (
        "sums four times as many",
        "a map laid out 2 × 2 against four times its G: all entries equal up to rounding, the largest ≈ {}",
        bool,
    ),
    ("almost four copies", "a picture laid out 2 × 2: growth of G at relu2_1: ≈ {},", lambda n: about(n, 4)),
    (
        "chance alone gives agreements as large as theirs",
        "largest agreement of the painting with a texture: ≈ {}, below 0.5 ✓ largest by chance, up or down, of "
        "23 moves: ≈ {},",
        lambda textures, chance: textures <= chance,
    ),
    (
        "random ones are as blind as all of them",
        "all activations share {}; 256 random projections share {};",
        lambda all_of_them, random: random <= all_of_them,
    ),
    (
        "does as well as $G$ here",
        "one big pile, sorted share {}; 16 means share {}; 256 entries of G share {}",
        lambda pile, means, entries: pile >= entries,
    ),
    (
        "16 means would do",
        "one big pile, sorted share {}; 16 means share {}; 256 entries of G share {}",
        lambda pile, means, entries: means >= entries,
    ),
]
QUOTES: list[Quote] = [
    (
        "at most {small} of a layer's cost on minivgg and {large} on VGG-16",
        "largest share of a layer's cost that the diagonal has",
    ),
    (
        "entries of $G$ recognise {small} of the pieces on minivgg and {large} on VGG-16",
        "recognised by 256 entries of G",
    ),
]
# Lengths and names, what a cell's code or a proof fixes, what is quoted from others, and what the tests measure
GIVEN = (
    "60 minutes",
    "a hundred times a second",
    "twice: filter 1 with filter 2, and 2 with 1",
    "half of them",
    "answer 1 where",
    "and 0 elsewhere",
    "Its diagonal is 1,",
    "must go to 0, too",
    "that is 1 at one position",
    "leaves one 1 in each row",
    "[2015",
    "24 fields",
    "from 0 does",
    "each of 23",
    "16 channels of 1000 × 1000 are 16 million",
    "has 256 entries",
    "and 256",
    "third seems",
    "30 other seeds they found between 10 and 28 of the 30",
)
