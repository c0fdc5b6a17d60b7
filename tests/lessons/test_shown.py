"""Lesson 02's prose says what its cells show, and what the stored table says of VGG-16."""

import contextlib
import io
import re

import jupytext
import pytest

from nstlib.claims import recording
from tests.lessons.cells import SOURCES
from tests.lessons.shown import Tie, about, numbers, untied
from tests.lessons.test_claims import LESSONS
from tests.lessons.true_network import PAGE
from tests.prose import FORMULA, LINK

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
    ("sums four times as many", "a map laid out 2 × 2 against four times its G: largest entry ≈ {}, equal", bool),
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
    (
        "at most 0.21 of a layer's cost",
        "largest share of a layer's cost that the diagonal has: ≈ {},",
        lambda n: n == 0.21,
    ),
    ("0.92 of the pieces on minivgg", "recognised by 256 entries of G: ≈ {},", lambda n: round(n, 2) == 0.92),
]
# Lengths and names, what a cell's code or a proof fixes, what is quoted from others, and what the tests below measure
GIVEN = (
    "60 minutes",
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
    "third seems",
    "30 other seeds they found between 10 and 28 of the 30",
    "0.10 on VGG-16",
    "256 entries of $G$ recognise",
    "0.88 on VGG-16",
)


def told():
    """The lesson's prose in one line, without headings and the places that it refers to."""
    (path,) = SOURCES.glob("02_*.py")
    cells = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"]
    text = re.sub(r"^#+ .*$", "", "\n".join(cells), flags=re.MULTILINE)
    text = re.sub(r"\b([Ll]essons?|section) \d\w*", " ", text)
    return " ".join(text.split())


def test_each_number_in_lesson_02s_prose_is_tied_or_given():
    ties = [(_typeless(words), place, holds) for words, place, holds in TIES]
    assert not untied(_typeless(told()), ties, tuple(map(_typeless, GIVEN)))


def _typeless(text):
    """Without formulas, whose numbers are no measurements, and without addresses."""
    return " ".join(LINK.sub(" ", FORMULA.sub(" ", text)).split())


@pytest.mark.parametrize(("words", "place", "holds"), TIES, ids=[tie[0] for tie in TIES])
def test_what_lesson_02_says_is_what_it_shows(words, place, holds):
    assert holds(*numbers("02", place)), numbers("02", place)


def test_lesson_02s_numbers_of_vgg16_are_the_tables():
    rows = dict(re.findall(r"^\| (.*?) \| [-\d.e]+ \| ([-\d.e]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    text = told()
    for claim, said in (
        ("largest share of a layer's cost that the diagonal has", r"and ([\d.]+) on VGG-16"),
        ("recognised by 256 entries of G", r"minivgg and ([\d.]+) on VGG-16\."),
    ):
        (quoted,) = {float(number) for number in re.findall(said, text)} & {round(float(rows[claim]), 2)}
        assert quoted == round(float(rows[claim]), 2)


def test_samples_are_as_unreliable_with_other_seeds_as_lesson_02_says():
    found = []
    for seed in range(2, 32):
        with recording(raising=False) as measured, contextlib.redirect_stdout(io.StringIO()):
            LESSONS["02"].run("pedometer", ("manual_seed(1)", f"manual_seed({seed})"))
        by_samples, by_grams = (one.value for one in measured)
        found.append(round(30 * by_samples))
        assert by_grams == 30, seed
    assert f"with {len(found)} other seeds they found between {min(found)} and {max(found)} of the 30" in told()
