"""What is kept of the reference, the mistakes and the slips: nothing of the cell in which a check was first called."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from nstlib.checks import ex02, references
from nstlib.checks.mutants import mutants
from nstlib.checks.random_cases import Draw
from tests.checks.hidden import QUESTIONS


def gram_matrix(features):
    F = features.flatten(1)
    return F @ F.T


def fresh(question):
    """A copy of a question, which has kept no replies yet."""
    return replace(question)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode], ids=["no_grad", "inference_mode"])
def test_the_mode_of_the_cell_that_checks_first_decides_nothing(mode):
    question = fresh(ex02.gram)
    with mode():
        assert question.check(gram_matrix).outcome == "correct"
        assert question.check(lambda features: gram_matrix(features).detach()).outcome == "not yet"
    assert question.check(gram_matrix).outcome == "correct"
    assert question.check(lambda features: gram_matrix(features).detach()).outcome == "not yet"


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_references_pass_without_gradients_and_after_that_with_them(question):
    question = fresh(question)
    with torch.no_grad():
        assert question.verdict(question.reference).outcome == "correct"
    assert question.verdict(question.reference).outcome == "correct"


def test_a_mistake_is_called_once_for_all_checks():
    called = Counter()

    def counted(mistake):
        def function(*arguments):
            called[mistake.id] += 1
            return mistake.function(*arguments)

        return replace(mistake, function=function)

    question = replace(ex02.gram, misconceptions=tuple(map(counted, ex02.gram.misconceptions)))
    for factor in (2.5, 3.5):
        question.check(lambda features, factor=factor: factor * gram_matrix(features))
    assert set(called.values()) == {len(question.public_cases)} and len(called) == len(question.misconceptions)


def test_other_cases_have_replies_of_their_own():
    question = fresh(ex02.gram)
    others = list(question.cases(Draw("others")))
    assert question.verdict(gram_matrix).outcome == question.verdict(gram_matrix, others).outcome == "correct"
    assert question.verdict(lambda features: features.flatten(1), others).outcome == "not yet"


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_every_slip_can_be_compiled(question):
    for mutant in mutants(question.reference):
        assert callable(mutant.function), mutant.change


def test_a_slip_is_found_again_in_the_second_check():
    question = fresh(ex02.gram_batch)
    slip = next(each for each in mutants(references.gram_batch) if each.change == "the result is halved")
    first, second = (question.verdict(slip.function) for _ in range(2))
    assert (first.outcome, first.factor, first.slip) == (second.outcome, second.factor, second.slip)
