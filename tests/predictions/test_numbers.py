"""Each number that a card tells its reader is what the built lesson shows, or follows from the question alone."""

import pytest

from nstlib.predictions import of_lesson
from tests.lessons.shown import Tie, about, numbers, untied
from tests.predictions.test_catalogue import LESSONS

TIES: dict[str, list[Tie]] = {
    "00.pixels": [("166,464", "numbers in X: {}", lambda n: n == 3 * 192 * 289 == 166_464)],
    "00.gram": [("64 × 64", "shape of G, twice as large: ({}, {})", lambda *shape: shape == (64, 64))],
    "01.reshape": [
        ("1, 4, 2 and 5, 3, 6", "trap: {}, {}, {} / {}, {}, {}", lambda *rows: rows == (1, 4, 2, 5, 3, 6)),
    ],
    "02.rows": [("5. Both", "G by loops: [[{}, {}], [{}, {}]]", lambda a, b, c, d: b == c == 5)],
    "02.stripes": [
        (
            "1/2, 0 and 1/4",
            "together: {}, {} / {}, {}; apart: {}, {} / {}, {}; independent: {}, {} / {}, {}",
            lambda *n: n[2::4] == (1 / 2, 0, 1 / 4) and set(n[::4] + n[3::4]) == {1 / 2},
        )
    ],
    "03.twice": [
        ("sum four times as large", "the sum of squares grows, times: ≈ {},", lambda n: n == 4),
        ("E_l as before", "E_l grows, times: ≈ {},", lambda n: n == 1),
    ],
    "04.sum": [("five times the average", "the sum and five times the average: ≈ {}, equal up to", lambda n: n > 0)],
    "04.missed": [
        (
            "about twice as high",
            "relu5_1 with it {}, without it {} ✓ missed least",
            lambda kept, missed: about(missed / kept, 2),
        )
    ],
    "04.cost": [
        (
            "about half",
            "λ = 1 / E: relu1_1 {}%, relu2_1 {}%, relu3_1 {}%, relu4_1 {}%, relu5_1 {}%",
            lambda *shares: about(shares[4], 50) and shares[0] < 5,
        )
    ],
    "05.louder": [
        ("grows 4 times", "J_content grows by: ≈ {},", lambda n: n == 4),
        ("grows 16 times", "the E of a layer grows at least by: ≈ {},", lambda n: n == 16),
        ("4 and 16 times as large, J unchanged", "J_content {}, each layer's E {}, J {}", lambda *n: n == (4, 16, 1)),
    ],
    "05.stride": [("by 0.05", "share of the numbers that moved by 0.05: ≈ {},", lambda n: n > 0.99)],
    "05.optimisers": [
        ("within a fifth", "J at the end, Adam's against L-BFGS's: ≈ {},", lambda n: 1 / 1.2 < n < 1.2),
        ("After 120 steps", "| mean J, steps 100 to 120 | {} | {} |", lambda adam, lbfgs: adam / lbfgs > 1.2),
    ],
    "06.terms": [
        (
            "not nearly to a tenth",
            "| β = 10 | {} | {} | {} | {} | {} | {} | | β = 100 | {} | {} | {} | {} | {} | {} |",
            lambda *left: min(now / before for before, now in zip(left[:5], left[6:11], strict=True)) > 0.2,
        )
    ],
    "06.bend": [
        (
            "about β = 3",
            "style won from β = 3 to 100, of that from 0.1 to 3: ≈ {},",
            lambda n: n < 1 / 4,
        ),
        (
            "the first tenth of style",
            "β = 0.1 {} and {}; β = 0.3 {} and {}; β = 1 {} and {}; β = 3 {} and {}; β = 10 {} and {}",
            lambda *n: prices(n) == sorted(prices(n)),
        ),
    ],
    "07.diagonal": [
        (
            "Less than a third",
            "relu2_1 whole matrix {}, diagonal alone {}; relu3_1 whole matrix {}, diagonal alone {}; "
            "relu4_1 whole matrix {}, diagonal alone {}; relu5_1 whole matrix {}, diagonal alone {}",
            lambda *left: max(left[1::2]) < 1 / 3,
        ),
        ("about half", "the diagonal leaves of a layer's Gram cost, at most: ≈ {},", lambda n: about(n, 1 / 2)),
    ],
    "07.boards": [
        ("About an eighth", "sees of what the matrix sees, in relu1_1: ≈ {},", lambda n: about(n, 1 / 8)),
        ("more than half", "and from relu2_1 on, at least: ≈ {}, above 0.5", lambda n: n > 1 / 2),
    ],
    "07.blind": [
        (
            "the third and the fourth",
            "pairs that gram cannot see: [{}, {}]",
            lambda *pairs: pairs == (3, 4),
        )
    ],
    "08.cut": [
        ("About a thirtieth", "share of a step's FLOPs that the cut saves: ≈ {},", lambda n: about(n, 1 / 30)),
        ("Less than a twentieth", "share of a step's FLOPs that the cut saves: ≈ {},", lambda n: n < 1 / 20),
    ],
    "09.rebuilt": [
        (
            "Roughly a tenth to a fifth",
            "of the distance by moments the picture leaves: ≈ {},",
            lambda n: 1 / 10 < n < 1 / 5,
        ),
        ("about a third", "share of the new features below 0: ≈ {},", lambda n: about(n, 1 / 3)),
    ],
    "09.least": [
        ("A few per cent", "change by WCT, of the best: ≈ {},", lambda n: 1.02 < n < 1.1),
        ("several times the least", "change with a random rotation, of the best: ≈ {},", lambda n: n > 3),
    ],
    "09c.grid": [
        ("9/4", "numbers of places that see a pixel: [{}, {}, {}]", lambda *n: (min(n), max(n)) == (4, 9)),
    ],
}
# What the question gives, and what follows from it by counting
GIVEN: dict[str, tuple[str, ...]] = {
    "00.beta": ("At β = 0.1",),
    "00.gram": ("twice as large?",),
    "00.pixels": ("3 × 192 × 289", "192 × 289"),
    "01.shift": ("halve twice", "4 pixels", "2 pixels", "by 2:"),
    "01.reshape": ("1, 4, 2, 5, 3, 6", "1, 2, 3 and 4, 5, 6", "position 1", "position 2"),
    "02.rows": ("1 · 3 + 2 · 1", "the third 0 · 2", "18"),
    "02.stripes": ("in G twice",),
    "03.lawn": ("four times as many", "twice as wide and high"),
    "03.twice": ("come twice", "grown four times", "four times as many pairs", "exists twice", "Twice as many"),
    "03.sweep": ("0.1 to 100",),
    "04.sum": ("a fifth of β", "A fifth of the β", "five times as"),
    "04.palette": ("3 × 3 pixels",),
    "05.louder": ("twice as loudly",),
    "05.optimisers": ("the last quarter", "160 steps"),
    "05.stride": ("By 0.05",),
    "05b.ratio": ("half as large", "Twice the J"),
    "06.terms": ("10 to 100", "Ten times", "ten times", "to a tenth, just as β grows tenfold"),
    "07.diagonal": ("Less than half",),
    "08.kept": ("serves twice",),
    "09.rebuilt": ("less than half", "below 0"),
    "09b.gap": ("40 steps",),
    "09c.grid": ("mod 4",),
}
PREDICTIONS = {prediction.name: prediction for lesson in LESSONS for prediction in of_lesson(lesson)}


def prices(bend):
    """Content lost for each share of style won, from one β to the next."""
    content, style = bend[::2], bend[1::2]
    return [(content[step + 1] - content[step]) / (style[step] - style[step + 1]) for step in range(len(content) - 1)]


def told(prediction):
    """All that a card says which should be true: no choice that is wrong."""
    replies = [choice.reply for choice in prediction.choices]
    right = [choice.text for choice in prediction.choices if choice.right]
    return " ".join([prediction.question, prediction.answer, *replies, *right])


@pytest.mark.parametrize("name", PREDICTIONS)
def test_each_number_on_a_card_is_tied_or_given(name):
    assert not untied(told(PREDICTIONS[name]), TIES.get(name, []), GIVEN.get(name, ()))


@pytest.mark.parametrize(
    ("name", "words", "place", "holds"),
    [(name, *tie) for name, ties in TIES.items() for tie in ties],
    ids=[f"{name} · {tie[0]}" for name, ties in TIES.items() for tie in ties],
)
def test_each_number_on_a_card_is_what_its_lesson_shows(name, words, place, holds):
    found = numbers(name.partition(".")[0], place)
    assert holds(*found), (words, found)


def test_every_card_named_here_is_there():
    assert set(TIES) | set(GIVEN) <= set(PREDICTIONS)


def test_a_number_that_nothing_ties_is_found():
    tie = ("about half", "somewhere {}", bool)
    text = "It is about half of 0.25, in relu4_1 a tenth, by VGG-19 1,024 and twice 1/4."
    assert untied(text, [tie], ("1/4",)) == ["0.25", "tenth", "1,024", "twice"]
    with pytest.raises(LookupError, match="No 'about half'"):
        untied("a third", [tie], ())
    with pytest.raises(LookupError, match=r"'no such words .*' 0 times"):
        numbers("02", "no such words {}")
