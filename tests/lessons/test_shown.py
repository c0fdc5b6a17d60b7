"""The lessons' prose says what their cells show, and what the stored table says of VGG-16."""

import contextlib
import importlib
import io
from pathlib import Path

import pytest

from nstlib.claims import recording
from tests.lessons.pictures import changes
from tests.lessons.shown import numbers, on_both, quoted, told, untied
from tests.lessons.test_claims import LESSONS

MODULES = {
    path.stem.partition("_")[2]: importlib.import_module(f"tests.lessons.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("ties_*.py"))
}


def listed(kind):
    """Return every entry of one of the lists in which a lesson's ties are kept, its lesson before it."""
    return [(lesson, *entry) for lesson, module in MODULES.items() for entry in getattr(module, kind, ())]


TIES, QUOTES, ELSEWHERE, COMPUTED = map(listed, ("TIES", "QUOTES", "ELSEWHERE", "COMPUTED"))


def test_every_lesson_has_its_ties():
    assert set(MODULES) == set(LESSONS)


@pytest.mark.parametrize("lesson", MODULES)
def test_each_number_in_a_lessons_prose_is_tied_quoted_or_given(lesson):
    passages = [quoted(of, words)[0] for of, words, _ in QUOTES if of == lesson]
    passages += [words for of, words, *_ in (*ELSEWHERE, *COMPUTED) if of == lesson]
    assert not untied(told(lesson), MODULES[lesson].TIES, (*MODULES[lesson].GIVEN, *passages))


@pytest.mark.parametrize(
    ("lesson", "words", "place", "holds"), TIES, ids=[f"{lesson} · {words}" for lesson, words, *_ in TIES]
)
def test_what_a_lesson_says_is_what_it_shows(lesson, words, place, holds):
    assert holds(*numbers(lesson, place)), numbers(lesson, place)


@pytest.mark.parametrize(
    ("lesson", "words", "holds"), COMPUTED, ids=[f"{lesson} · {words}" for lesson, words, _ in COMPUTED]
)
def test_what_a_lesson_says_and_no_cell_shows_is_so(lesson, words, holds):
    assert holds()


@pytest.mark.parametrize(
    ("lesson", "words", "claim"), QUOTES, ids=[f"{lesson} · {words}" for lesson, words, _ in QUOTES]
)
def test_what_a_lesson_quotes_of_both_networks_is_in_the_table(lesson, words, claim):
    for name, number in quoted(lesson, words)[1].items():
        _, _, decimals = number.partition(".")
        assert float(number.replace("−", "-")) == round(on_both(lesson)[claim][name], len(decimals)), (name, number)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("lesson", "words", "claim", "pair", "holds"),
    ELSEWHERE,
    ids=[f"{lesson} · {words}" for lesson, words, *_ in ELSEWHERE],
)
def test_what_a_lesson_says_of_another_pair_is_so(lesson, words, claim, pair, holds):
    with recording(raising=False) as measured:
        LESSONS[lesson].run(claim, *changes(lesson, *pair, seed=0))
    assert holds(*(one.value for one in measured)), measured


def test_samples_are_as_unreliable_with_other_seeds_as_lesson_02_says():
    found = []
    for seed in range(2, 32):
        with recording(raising=False) as measured, contextlib.redirect_stdout(io.StringIO()):
            LESSONS["02"].run("pedometer", ("manual_seed(1)", f"manual_seed({seed})"))
        by_samples, by_grams = (one.value for one in measured)
        found.append(round(30 * by_samples))
        assert by_grams == 30, seed
    assert f"with {len(found)} other seeds they found between {min(found)} and {max(found)} of the 30" in told("02")
