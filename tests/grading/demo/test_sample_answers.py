"""Answers made from the catalogue: each stands alone, and the notebook's check says of it what it is."""

import pytest

from nstlib.checks import all_questions
from nstlib.grading.demo import sample_answers

QUESTIONS = all_questions()


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_made_answer_is_what_it_says(name):
    question = QUESTIONS[name]
    for mistake in (None, *(known.id for known in question.misconceptions)):
        source, names = sample_answers.source(question, mistake), {}
        assert "nstlib" not in source
        exec(source, names)
        verdict = question.verdict(names[question.reference.__name__])
        assert (verdict.outcome == "correct", verdict.misconception) == (mistake is None, mistake), source


def test_a_mistake_that_nobody_catalogued_is_refused():
    with pytest.raises(KeyError, match="unheard-of"):
        sample_answers.source(QUESTIONS["ex02.gram"], "unheard-of")
