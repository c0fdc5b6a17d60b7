"""The questions' own proofs: the reference passes, each mistake is known by its name, no two look alike."""

import dis
import inspect
import re
import subprocess
import sys
import types
from itertools import combinations
from pathlib import Path

import pytest
import torch

import nstlib
from nstlib import checks
from nstlib.checks import references
from nstlib.checks.calling import reply
from nstlib.checks.judging.verdict import judge
from nstlib.checks.random_cases import Draw
from tests.checks.hidden import hidden_verdict
from tests.checks.right_answers import RIGHT, STUDENTS
from tests.checks.wrong_answers import COMPOSED, WRONG_ANSWERS

QUESTIONS = checks.all_questions()
SEEDS = ("public", "a secret", "another")
SOURCES = Path(__file__).parents[2] / "notebooks" / "sources"
NEW = {  # whose answers stand in no lesson, and in no function of the library
    "ex01.field", "ex01.hooks", "ex02.soft_mask", "ex02.equal_grams", "ex03.covariance_gradient", "ex03.program",
    "ex04.shares", "ex04.as_paper", "ex05.plateau", "ex05.adam", "ex05.bug_hunt", "ex07.same_diagonal",
    "ex09.adain", "ex09.patch_cost", "ex09.bug_hunt",
}  # fmt: skip
every = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


def test_there_are_33_questions_whose_difficulty_rises_within_an_exercise():
    assert len(QUESTIONS) == 33
    for exercise in checks.EXERCISES:
        own = [question for name, question in QUESTIONS.items() if name.startswith(exercise)]
        levels = [question.difficulty for question in own]
        assert levels == sorted(levels), exercise
        assert all(1 <= q.difficulty <= 5 and 1 <= q.importance <= 5 and 2 <= q.minutes <= 30 for q in own)


@every
@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_is_right_whatever_the_cases(question, seed):
    assert question.verdict(question.reference, question.cases(Draw(seed))).outcome == "correct"


@every
@pytest.mark.parametrize("seed", [SEEDS[0], *(pytest.param(seed, marks=pytest.mark.matrix) for seed in SEEDS[1:])])
def test_each_misconception_is_reported_under_its_own_name(question, seed):
    cases = question.cases(Draw(seed))
    for mistake in question.misconceptions:
        verdict = question.verdict(mistake.function, cases)
        assert (verdict.outcome, verdict.misconception) == ("not yet", mistake.id)


@every
def test_no_two_misconceptions_look_alike(question):
    cases = question.public_cases
    replies = {
        mistake.id: question.measured(cases, [reply(mistake.function, case) for case in cases])
        for mistake in question.misconceptions
    }
    symbols = [case.symbols for case in cases]
    for one, other in combinations(replies, 2):
        verdict = judge(replies[one], {}, replies[other], symbols, question.kinds, question.tolerance)
        assert verdict.outcome != "correct", (one, other)


@every
def test_there_are_misconceptions_with_evidence_and_messages_that_fill_in(question):
    assert 4 <= len(question.misconceptions) <= 50
    assert len({mistake.id for mistake in question.misconceptions}) == len(question.misconceptions)
    for mistake in question.misconceptions:
        assert mistake.evidence and 0 <= mistake.credit < question.points
        message = question.check(mistake.function).message
        assert "{" not in message and message.count(".") >= 2
        assert not re.search(r"\*\w", message)  # shown as it is: no markdown but code between backticks


def spelling(code):
    """Return what a function calls, loops over and computes with, whatever its own names are."""
    words = {
        instruction.argrepr if instruction.opname.startswith(("LOAD", "BINARY", "COMPARE")) else instruction.opname
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_ATTR", "LOAD_METHOD", "BINARY_OP", "COMPARE_OP", "FOR_ITER")
    }
    return words.union(*(spelling(inner) for inner in code.co_consts if isinstance(inner, types.CodeType)))


@every
def test_right_answers_written_in_other_ways_pass(question):
    assert len({frozenset(spelling(answer.__code__)) for answer in STUDENTS[question.id]}) >= 5
    for answer in RIGHT[question.id]:
        result = question.check(answer)
        assert (result.outcome, result.points) == ("correct", question.points), str(result)
        assert hidden_verdict(question.id, answer).outcome == "correct", answer.__name__


@pytest.mark.parametrize("name", [name for name, question in QUESTIONS.items() if question.property])
def test_a_right_answer_to_an_open_question_passes_whatever_numbers_are_drawn(name):
    for seed in range(30):
        cases = QUESTIONS[name].cases(Draw(f"{seed}"))
        for answer in RIGHT[name]:
            assert QUESTIONS[name].verdict(answer, cases).outcome == "correct", (seed, answer)


@every
def test_two_mistakes_at_once_never_pass_and_are_never_called_another(question):
    assert len(COMPOSED[question.id]) >= 2
    for name, answer in COMPOSED[question.id].items():
        verdict = question.verdict(answer)
        assert verdict.outcome == "not yet" and verdict.misconception is None, (name, verdict)


@pytest.mark.parametrize("number", range(len(WRONG_ANSWERS)))
def test_a_wrong_answer_is_met_with_these_words(number):
    question, answer, words = WRONG_ANSWERS[number]
    result = QUESTIONS[question].check(answer)
    assert result.outcome in ("not yet", "raised") and result.points < result.of
    assert words in result.message


@every
def test_asking_the_library_earns_nothing(question):
    library = {
        "unroll": nstlib.style.unroll,
        "content_cost": nstlib.style.content_cost,
        "gram_matrix": nstlib.style.gram_matrix,
        "gram_batch": nstlib.style.gram_matrix,
        "layer_style_cost": nstlib.style.layer_style_cost,
        "convention_factor": nstlib.conventions.factor,
        "style_cost": nstlib.style.style_cost,
        "leave_one_out": nstlib.weighting.leave_one_out,
        "balanced_weights": nstlib.weighting.balanced,
        "total_cost": nstlib.style.total_cost,
        "total_variation": nstlib.style.total_variation,
        "diagonal_style_cost": nstlib.statistics.STATISTICS["diagonal"].cost,
        "statistics_cost": nstlib.statistics.STATISTICS["moments"].cost,
    }.get(question.reference.__name__)
    if library is None:  # loops, the covariance of a Gram matrix, one step, colours: the library has no such function
        assert question.id in {"ex02.gram_loops", "ex02.covariance", "ex03.gradient", "ex05.step", "ex07.colour", *NEW}
        return
    for answer in (library, lambda *given: library(*given)):
        result = question.check(answer)
        assert (result.outcome, result.points, result.misconception) == ("not yet", 0, "calls-nstlib")


def test_a_gradient_by_autograd_is_recognised():
    def by_autograd(F_x, gram_s):
        with torch.enable_grad():
            F = F_x.clone().requires_grad_()
            E = (F @ F.T - gram_s).square().sum() / (4 * F.numel() ** 2)
            return torch.autograd.grad(E, F)[0]

    result = QUESTIONS["ex03.gradient"].check(by_autograd)
    assert (result.points, result.misconception) == (0, "uses-autograd")


@every
def test_hints_rise_to_the_answer_and_the_solution_is_right(question):
    assert [question.hint(rung).title for rung in (1, 2, 3)] == [f"Hint {n} of 3 for {question.id}" for n in (1, 2, 3)]
    with pytest.raises(ValueError, match="ask for 1, 2 or 3"):
        question.hint(4)
    names: dict = {"torch": torch} | vars(references)
    exec(question.solution().code, names)
    assert question.verdict(names[question.reference.__name__]).outcome == "correct"


@every
def test_reread_names_a_section_that_is_there(question):
    for mistake in (None, *(mistake.id for mistake in question.misconceptions)):
        place = question.place(mistake)
        (source,) = (path for path in SOURCES.glob(f"{place.lesson}_*.py"))
        text = source.read_text(encoding="utf-8")
        assert all(f"\n# ## {number}. " in text for number in place.sections), (mistake, str(place))


def test_a_check_sends_to_where_its_mistake_is_explained():
    centred = QUESTIONS["ex02.gram"].check(lambda f: references.gram_matrix(f - f.mean((1, 2), keepdim=True)))
    assert centred.footer[1] == "Reread: lesson 02, section 3"
    assert QUESTIONS["ex02.gram"].check(lambda f: f).footer[1] == "Reread: lesson 02, section 1"
    with pytest.raises(KeyError):
        QUESTIONS["ex02.gram"].place("unheard-of")


def test_judging_needs_numpy_alone():
    code = "import sys, nstlib.checks.judging.verdict; print('torch' in sys.modules, 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


def test_the_references_are_the_librarys_functions():
    generator = torch.Generator().manual_seed(0)
    x, s = (torch.randn(5, 3, n, generator=generator).double() for n in (4, 6))
    F = x.flatten(1)
    S = torch.randn(5, 12, generator=generator).double()
    style = nstlib.style
    statistics = nstlib.statistics.STATISTICS
    assert references.unroll(x).equal(style.unroll(x))
    assert references.content_cost(x, x + 1).allclose(style.content_cost(x, x + 1))
    assert references.gram_matrix(x).allclose(style.gram_matrix(x))
    assert torch.tensor(references.gram_loops(F)).double().allclose(style.gram_matrix(x))
    assert references.covariance_from_gram(F @ F.T, F.mean(1), 12).allclose(nstlib.statistics.covariance(x))
    assert references.layer_style_cost(x, s).allclose(style.layer_style_cost(x, s))
    assert references.style_gradient(F, S @ S.T).allclose(style.style_gradient(x, S @ S.T / 12))
    assert references.total_variation(x).allclose(style.total_variation(x))
    assert references.diagonal_style_cost(x, s).allclose(statistics["diagonal"].cost(x, s))
    assert references.statistics_cost(x, s).allclose(statistics["moments"].cost(x, s))
    for name in nstlib.conventions.CONVENTIONS:
        ours = references.convention_factor(name, 64, 900, 5000)
        theirs = nstlib.conventions.factor(name, 64, 900, 5000)
        assert ours == pytest.approx(theirs)


def test_names_and_signatures_are_the_courses():
    signatures = {name: str(inspect.signature(question.reference)) for name, question in QUESTIONS.items()}
    assert signatures["ex02.covariance"] == "(gram, mean, n_positions)"
    assert signatures["ex03.factor"] == "(convention, n_filters, n_positions, image_positions)"
    assert signatures["ex04.style_cost"] == "(features_x, features_s, layer_weights)"
    assert signatures["ex05.step"] == "(x, gradient, learning_rate)"


def test_the_references_are_nobodys_answer():
    from nstlib.checks import ex02, references

    for answer in (references.gram_matrix, lambda features: references.gram_matrix(features)):
        assert (ex02.gram.check(answer).outcome, ex02.gram.check(answer).misconception) == ("not yet", "calls-nstlib")
