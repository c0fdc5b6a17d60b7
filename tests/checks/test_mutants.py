"""Systematic slips: what they are, that none passes, and that nearly all are explained; here one in nine."""

import ast
import dataclasses
import inspect
import re
import warnings
from pathlib import Path

import pytest
import torch

from nstlib.authoring import mutation
from nstlib.checks import calling, references
from nstlib.checks.local_names import SAID
from nstlib.checks.mutants import mutants
from nstlib.checks.stages import Stage
from tests.checks.hidden import QUESTIONS, hidden_verdict
from tests.checks.right_answers import IDIOMS, RIGHT

ROOT = Path(__file__).parents[2]
every = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


def test_the_slips_of_a_small_function_are_these():
    def half(x):
        return x.abs().sum() / 2

    changes = {mutant.change: mutant.function for mutant in mutants(half)}
    x = torch.tensor([[1.0, -2.0]])
    assert changes["an absolute value is missing"](x) == -0.5
    assert changes["there is a mean where a sum belongs"](x) == 0.75
    assert changes["there is a product where a division belongs"](x) == 6
    assert changes["4 stands where 2 belongs"](x) == 0.75
    assert changes["`x` is squared first"](x) == 2.5
    assert changes["the result is negated"](x) == -1.5


@every
def test_there_are_forty_slips_of_each_question_or_more(question):
    assert len(mutants(question.reference)) >= 40


@every
def test_no_slip_passes_and_nearly_all_are_explained(question):
    found = mutation.count(question, every=9 if question.slips else 30)
    assert not found.by_outcome["survives"], found.unexplained
    assert found.share(*mutation.EXPLAINED) >= 0.85, found.unexplained


def others(name):
    """Return right answers of the tests that are whole functions, of which slips can be made; not the last hundred."""
    few = [answer for answer in RIGHT[name] if answer not in IDIOMS[name]]
    return [answer for answer in few if inspect.isfunction(answer) and answer.__name__ != "<lambda>"]


@pytest.mark.parametrize("name", [name for name in QUESTIONS if others(name) and QUESTIONS[name].slips])
def test_slips_in_answers_in_other_words_are_explained_too(name):
    found = mutation.count(QUESTIONS[name], others(name), every=9)
    assert not found.by_outcome["survives"], found.unexplained
    assert found.share(*mutation.EXPLAINED) > 1 / 3, found.unexplained  # most of the others exchange two counters


def test_a_slip_is_told_in_words():
    def no_square_of_the_means(x, s):
        x, s = x.flatten(1), s.flatten(1)
        deviations = x.std(1, correction=0) - s.std(1, correction=0)
        return ((x.mean(1) - s.mean(1)) + deviations.square()).sum() / len(x)

    message = QUESTIONS["ex07.statistics"].check(no_square_of_the_means).message
    assert "with one slip: a square is missing." in message


def local_names(function):
    """Return the names that a function's source gives a value to, without its parameters."""
    tree = ast.parse(inspect.getsource(function))
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored - set(inspect.signature(function).parameters)


def read_by_a_learner(question):
    """Return the text of the exercise and of the lessons of the same number, and what the question itself says."""
    number = question.id[2:4]
    files = [*ROOT.glob(f"exercises/sources/ex{number}_*.py"), *ROOT.glob(f"notebooks/sources/{number}*.py")]
    assert len(files) >= 2, files
    said = [*question.hints, *(mistake.message for mistake in question.misconceptions)]
    return " ".join([*(path.read_text(encoding="utf-8") for path in files), *said]).lower()


@pytest.mark.parametrize("name", [name for name, question in QUESTIONS.items() if question.slips])
def test_a_slip_names_nothing_that_a_learner_has_not_seen(name):
    question = QUESTIONS[name]
    parameters = set(inspect.signature(question.reference).parameters)
    said = SAID.get(question.reference.__name__, {})
    assert set(said) == local_names(question.reference)
    assert len(set(said.values())) == len(said)  # no two by the same words
    text = read_by_a_learner(question)
    for words in said.values():
        for word in words.removeprefix("the ").removeprefix("one ").split():
            assert word.lower().removesuffix("'s") in text, (words, word)
    changes = " ".join(mutant.change for mutant in mutants(question.reference) if "stands where" in mutant.change)
    assert set(re.findall(r"`(\w+)`", changes)) <= parameters
    assert all(f"{words} stands where" in changes or f"where {words} belongs" in changes for words in said.values())


def test_what_a_slip_exchanges_is_called_by_its_questions_own_words():
    changes = {name: {each.change for each in mutants(QUESTIONS[name].reference)} for name in QUESTIONS}
    assert "`mask` stands where the mask in one row belongs" in changes["ex02.soft_mask"]
    assert "the result before the blend stands where `features_c` belongs" in changes["ex09.adain"]
    assert "F′ stands where `F` belongs" in changes["ex07.same_diagonal"]


@pytest.mark.filterwarnings("ignore")
@every
def test_no_slip_reads_a_name_that_is_not_bound(question):
    arguments = calling.Case(question.public_cases[0].arguments, "", {})
    for mutant in mutants(question.reference):
        if "stands where" in mutant.change:
            reply = calling.reply(mutant.function, arguments, None)
            assert not reply.text.startswith(("NameError", "UnboundLocalError")), (mutant.change, reply.text)


def test_where_a_run_takes_long_no_slip_is_looked_for_but_a_stage_is_named():
    assert [name for name, question in QUESTIONS.items() if not question.slips] == ["ex05.bug_hunt", "ex09.bug_hunt"]
    half = QUESTIONS["ex05.bug_hunt"].check(
        lambda network, contents, *more: {**references.transfer(network, contents, *more), "pictures": contents / 2}
    )
    assert "one slip" not in half.message and "The first difference is in `pictures`." in half.message


def test_a_multiple_of_a_known_mistake_is_told_as_two_things():
    def centred_and_halved(x, s):
        def covariance(f):
            return torch.cov(f.flatten(1), correction=0)

        return (covariance(x) - covariance(s)).square().sum() / len(x) ** 2

    message = QUESTIONS["ex03.layer_cost"].check(centred_and_halved).message
    assert "You compared covariances" in message and "And the result is 4 times what that alone would give." in message


@every
def test_hidden_tests_refuse_what_the_check_refuses(question):
    for mutant in mutants(question.reference)[:: 10 if question.slips else 60]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen, hidden = question.verdict(mutant.function), hidden_verdict(question.id, mutant.function)
        assert (seen.outcome == "correct") == (hidden.outcome == "correct"), mutant.change


def test_the_slips_that_change_nothing_are_listed():
    question = QUESTIONS["ex02.gram_batch"]
    found = mutation.count(question)
    assert len(found.equivalent) == found.by_outcome["equivalent"] > 0
    assert "`features` is negated first" in found.equivalent and "the result is negated" not in found.equivalent
    passing = [each for each in mutants(question.reference) if question.verdict(each.function).outcome == "correct"]
    assert found.equivalent == [mutant.change for mutant in passing]


WRONG_ORDERS = [
    *((order, False) for order in ((1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))),
    *((order, True) for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 0, 1))),
]


@pytest.mark.parametrize("name", ["ex03.layer_cost", "ex07.diagonal", "ex07.statistics"])
@pytest.mark.parametrize(("order", "filters_last"), WRONG_ORDERS)
def test_a_reshape_that_mixes_the_filters_is_named_in_a_cost_of_two_pictures(name, order, filters_last):
    def unrolled(x):
        moved = x.permute(order)
        return (moved.reshape(-1, len(x)).T if filters_last else moved.reshape(len(x), -1))[..., None]

    result = QUESTIONS[name].check(lambda x, s: QUESTIONS[name].reference(unrolled(x), unrolled(s)))
    assert result.misconception or "dealt anew" in result.message, result.message


@pytest.mark.parametrize(("step", "words"), [(torch.abs, "made positive"), (torch.relu, "a ReLU")])
def test_what_is_done_to_both_pictures_features_is_named(step, words):
    answer = lambda x, s: references.layer_style_cost(step(x), step(s))  # noqa: E731
    assert words in QUESTIONS["ex03.layer_cost"].check(answer).message


def test_a_function_of_one_line_has_slips_too():
    assert {mutant.change for mutant in mutants(references.total_cost)} >= {
        "there is a minus where a plus belongs",
        "`beta` stands where `alpha` belongs",
    }


def test_a_single_number_has_no_mean_of_its_own_to_be_centred_by():
    message = QUESTIONS["ex05.plateau"].check(lambda costs, patience, share: 0).message
    assert "You stop at step 0" in message and "one slip" not in message, message


def test_a_stage_explains_a_slip_only_where_its_line_can_change_that_stage():
    question = dataclasses.replace(QUESTIONS["ex09.bug_hunt"], located=lambda *call: Stage("photos", ("Look.",)))
    found = mutation.count(question, every=20)
    assert found.by_outcome["elsewhere"] > found.by_outcome["stage"]
    assert any(text.startswith("elsewhere: ") for text in found.unexplained)
    assert found.share(*mutation.EXPLAINED) < 1 / 2
    halved = next(mutant for mutant in mutants(question.reference) if mutant.change == "`styles` is halved first")
    assert halved.line.startswith("styles = ")
    other = next(mutant for mutant in mutants(question.reference) if "mu_s" in mutant.change)
    assert "mu_s" in other.line
