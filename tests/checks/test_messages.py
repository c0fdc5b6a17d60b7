"""The sentences: true of the calls that were made, and with the numbers that show it."""

import threading
import warnings

import numpy as np
import pytest
import torch

from nstlib import checks
from nstlib.checks import calling, messages, references
from nstlib.checks.calling import reply, turned
from nstlib.checks.judging.differences import Numbers
from nstlib.checks.judging.replies import Reply
from nstlib.checks.matrices import WIDEST, work
from nstlib.checks.messages import ERRORS_OF_AUTOGRAD
from nstlib.checks.number_messages import explain
from nstlib.checks.results import Block
from tests.checks.hidden import hidden_verdict

QUESTIONS = checks.all_questions()


def message(question, answer):
    return QUESTIONS[question].check(answer).message


def without_brackets(convention, n, m, hw):
    paper = 1 / 4 * n**2 * m**2
    cost = {
        "gatys": paper,
        "mean_hw": 1 / m**2 / n**2,
        "sum_chw": 1 / (n * m) ** 2,
        "mean_chw": 1 / (n * m) ** 2 / n**2,
        "keras": 1 / 4 * 9 * hw**2,
    }
    return cost[convention] / paper


def keras_without_brackets(convention, n, m, hw):
    return (n * m) ** 2 / 9 * hw**2 if convention == "keras" else references.convention_factor(convention, n, m, hw)


def two_wrong(convention, n, m, hw):
    return {"mean_hw": 4 * n**2, "mean_chw": 4 / n}.get(convention, references.convention_factor(convention, n, m, hw))


def test_a_wrong_factor_is_written_for_each_convention():
    assert "for `mean_hw`: N²; `mean_chw`: N." in message("ex03.factor", two_wrong)
    assert "brackets" not in message("ex03.factor", two_wrong)
    none = message("ex03.factor", lambda c, n, m, hw: references.convention_factor(c, n, m, hw) + (c == "keras"))
    assert "`keras`: no product of powers of the sizes" in none and "gatys" not in none
    for answer in (two_wrong, without_brackets, lambda c, n, m, hw: 4):
        assert "in others" not in message("ex03.factor", answer)


def test_missing_brackets_are_known_by_their_fourth_power():
    text = message("ex03.factor", keras_without_brackets)
    assert "`keras`: (HW)⁴" in text and "missing brackets" in text
    text = message("ex03.factor", without_brackets)
    assert "`mean_hw`, `sum_chw`, `mean_chw`: 1 / (N⁴ M⁴); `keras`: 81 (HW)⁴ / (N⁴ M⁴)" in text
    text = message("ex03.gradient", lambda F, S: (F @ F.T - S) @ F / len(F) ** 2 * F.shape[1] ** 2)
    assert "M⁴" in text and "missing brackets" in text
    upside_down = message("ex03.program", lambda p, n, m: 4 / (n * m) ** 6 if p == "b" else 2)
    assert "1 / (N⁴ M⁴)" in upside_down and "brackets" not in upside_down


def test_a_factor_of_one_call_is_not_claimed_of_others():
    def right_for_equal_sizes(x, s):
        return references.layer_style_cost(x, s) * (1 if x.shape == s.shape else 2)

    assert "for `unequal sizes`: 2." in message("ex03.layer_cost", right_for_equal_sizes)

    def right_for_a_few(f):
        return references.gram_matrix(f) * (1 if len(f) < 6 else 2)

    assert "Of our 5 calls, 2 are answered right." in message("ex02.gram", right_for_a_few)
    assert "but not in all" in message("ex05.total_cost", lambda c, s, a, b: a * c + b * s + 1)


def test_factors_are_written_in_height_and_width_too():
    assert "= 1 / H," in message("ex02.gram", lambda f: references.gram_matrix(f) / f.shape[1])
    assert "= 1 / W," in message("ex01.content_cost", lambda x, c: references.content_cost(x, c) / x.shape[2])


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_known_mistake_is_shown_in_the_first_call_that_differs(question):
    for mistake in question.misconceptions:
        verdict = question.verdict(mistake.function)
        first, *rest = question.check(mistake.function).lines
        assert question.public_cases[verdict.call].words in first and rest
        if question.property:
            assert any("This does not hold yet: " in line for line in rest) or verdict.numbers is None
            continue
        compared = (
            ("Your answer: " in first and "Expected: " in first)
            or "Missing in your answer" in first
            or "not asked for" in first
        )
        assert (compared or "Error: " in rest[0]) == (verdict.numbers is not None), first


def test_a_mistake_in_one_convention_shows_that_convention():
    text = message(
        "ex03.factor", lambda c, n, m, hw: 4 if c == "mean_chw" else references.convention_factor(c, n, m, hw)
    )
    assert "`mean_chw` is not `sum_chw`" in text and "'mean_chw', N = " in text


def test_numbers_that_differ_little_are_told_apart():
    text = message("ex02.covariance", lambda G, mean, M: (G / M - torch.outer(mean, mean)) * (1 + 1e-7))
    given, expected = text.split("Your answer: ")[1].split(". Expected: ")
    assert not expected.startswith(given)


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("ex01.content_cost", lambda x, c: ((x - c) ** 2).sum((1, 2)) / 2, "a torch tensor of shape (2,). Expected: a"),
        ("ex02.gram", lambda f: (f.flatten(1) @ f.flatten(1).T).sum(), "shape (), which is a single number. Expected"),
        (
            "ex02.gram_batch",
            lambda features: [f.flatten(1) @ f.flatten(1).T for f in features],
            "Expected: a torch tensor. `torch.stack` makes one tensor of a list of tensors.",
        ),
        ("ex02.gram_loops", lambda F: [1.0, 2.0], "a list of shape (2,). Expected: the shape (2, 2)"),
        ("ex02.gram", lambda f: (f.flatten(1) @ f.flatten(1).T).detach().numpy(), "a numpy array of shape (2, 2)"),
        ("ex03.factor", lambda *sizes: torch.ones(1), "a torch tensor of shape (1,). Expected: a single number"),
        (
            "ex03.layer_cost",
            lambda x, s: references.layer_style_cost(x, s).item(),
            "Your answer is a number. Expected: ",
        ),
    ],
)
def test_shapes_are_named_with_what_has_them(question, answer, words):
    assert words in message(question, answer)


def test_small_matrices_stand_side_by_side_with_what_was_given():
    result = QUESTIONS["ex02.gram"].check(lambda f: f.reshape(-1, len(f)).T @ f.reshape(-1, len(f)))
    heads, *rows = result.lines[1].splitlines()
    assert heads.split() == ["features", "your", "answer", "expected"] and len(rows) == 2
    F = QUESTIONS["ex02.gram"].public_cases[0].arguments[0][:, 0]
    numbers = [[int(number.replace("−", "-")) for number in row.split()] for row in rows]
    assert [row[:3] for row in numbers] == F.int().tolist()
    assert [row[5:] for row in numbers] == (F @ F.T).int().tolist()
    assert "<pre" in result._repr_html_() and "<pre" not in str(result)


def test_of_a_batch_the_picture_that_differs_is_shown():
    upper = QUESTIONS["ex02.gram_batch"].check(lambda f: references.gram_batch(f).triu())
    assert "features[" in upper.message and "expected[" in upper.message


LARGE = {  # what no call of whole numbers shows that can be worked out by hand
    "ex05.bug_hunt",
    "ex09.bug_hunt",
    "ex07.colour each-channel",  # right where the covariance is diagonal, as are the next three
    "ex07.colour triangular",
    "ex07.colour elementwise-root",
    "ex07.colour wrong-order",
    "ex07.colour clipped",
    "ex07.colour not-divided",
    "ex09.adain row-by-row",  # right where a map is one row
}
UNSHOWN = {"ex09.bug_hunt exchanged", "ex05.plateau no-last-return"}  # a shape too large for a line, and nothing


def numbers(value):
    """Count the numbers in an argument."""
    if isinstance(value, dict | list | tuple):
        return sum(map(numbers, value.values() if isinstance(value, dict) else value))
    return value.numel() if isinstance(value, torch.Tensor) else isinstance(value, float | int)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_mistakes_answer_stands_beside_the_expected_one_in_a_small_call(question):
    for mistake in question.misconceptions:
        name = f"{question.id} {mistake.id}"
        verdict = question.verdict(mistake.function)
        lines = question.examine(mistake.function).lines
        if verdict.numbers and not question.property and not any("Error: " in line for line in lines):
            assert any(isinstance(line, Block) for line in lines) or name in UNSHOWN, name
        assert all(len(row) <= WIDEST for line in lines if isinstance(line, Block) for row in line.splitlines()), name
        small = numbers(question.public_cases[verdict.call].arguments) <= 36
        assert small or {question.id, name} & LARGE, name


def test_of_a_large_answer_a_row_is_shown():
    def more_than_six_filters_negated(features):
        G = references.gram_matrix(features)
        return -G if len(G) > 6 else G

    block = QUESTIONS["ex02.gram"].check(more_than_six_filters_negated).lines[1]
    assert "your answer[" in block and ":]" in block and len(block.splitlines()) == 9


def test_of_names_that_differ_those_that_are_missing_are_seen():
    def conv1_1_alone(network, picture, layers):
        return {"conv1_1": references.layer_features(network, picture, layers)["conv1_1"]}

    block = QUESTIONS["ex01.hooks"].check(conv1_1_alone).lines[1]
    rows = {line.split()[0]: line for line in block.splitlines()[1:]}
    assert "–" in rows["conv1_2"] and "–" not in rows["conv1_1"] and "2 × 1 × 3" in rows["conv1_1"]


def test_dictionaries_and_networks_are_shown_with_the_answers():
    style_cost = QUESTIONS["ex04.style_cost"]
    block = style_cost.check(lambda x, s, w: 2 * references.style_cost(x, s, w)).lines[1]
    for name, features in zip(("features_x", "features_s"), style_cost.public_cases[0].arguments[:2], strict=True):
        assert all(f"{name}[{layer}]" in block for layer in features)
    hooks = QUESTIONS["ex01.hooks"]
    twice = hooks.check(lambda *call: {name: 2 * kept for name, kept in references.layer_features(*call).items()})
    assert all(
        words in twice.lines[1] for words in ("weights of conv1_1", "weights of conv1_2", "picture", "expected[")
    )


def test_weights_are_shown_by_name():
    block = QUESTIONS["ex04.balance"].check(lambda norms: {k: v**2 for k, v in norms.items()}).lines[1]
    assert all(name in block for name in QUESTIONS["ex04.balance"].public_cases[0].arguments[0])


def test_of_a_negative_cost_it_is_said_that_there_is_none():
    assert "never negative" in message("ex03.layer_cost", lambda x, s: -len(x) * references.layer_style_cost(x, s))
    assert "never negative" not in message("ex03.layer_cost", lambda x, s: 5 * references.layer_style_cost(x, s))


def test_a_slip_that_divides_by_zero_explains_nothing():
    assert "stands where" not in message("ex03.layer_cost", lambda x, s: references.layer_style_cost(x, s) - 3)


def back_twice(x, s):
    cost = references.layer_style_cost(x.detach().requires_grad_(), s)
    cost.backward()
    cost.backward()


def by_numpy(x, s):
    return references.layer_style_cost(torch.from_numpy(x.numpy()), s)


def changed_after_use(x, s):
    difference = (x - s).sqrt()
    difference += 1
    difference.sum().backward()


def changed_in_place(x, s):
    x -= s


def cut_off(x, s):
    references.layer_style_cost(x.detach(), s).backward()


@pytest.mark.parametrize(
    ("answer", "pytorchs", "ours"),
    [
        (back_twice, "Specify retain_graph=True", "would only hide the cause"),
        (by_numpy, "Use tensor.detach().numpy() instead", "Stay in torch"),
        (changed_after_use, "modified by an inplace operation", "Make a new tensor instead"),
        (changed_in_place, "leaf Variable that requires grad", "whose gradient is wanted"),
        (cut_off, "does not have a grad_fn", "has cut the connection"),
    ],
)
def test_what_pytorch_says_of_gradients_is_explained(answer, pytorchs, ours):
    told = message("ex03.layer_cost", answer)
    assert pytorchs in told and ours in told


def test_words_in_the_learners_own_line_explain_nothing():
    def cut_off_and_kept(x, s):
        references.layer_style_cost(x.detach(), s).backward(retain_graph=True)  # Specify retain_graph=True

    told = message("ex03.layer_cost", cut_off_and_kept)
    assert "has cut the connection" in told and "hide the cause" not in told


def test_other_errors_are_shown_as_they_are():
    told = message("ex03.layer_cost", lambda x, s: x.nothing)
    assert "AttributeError" in told and not any(each in told for each in ERRORS_OF_AUTOGRAD.values())


def turning(features):
    return features.T.flatten(0, 1).T @ features.T.flatten(0, 1)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda f: f @ f.T, "(N, H, W) becomes (W, H, N)"),
        (lambda f: f.flatten(1) @ f.T.reshape(-1, len(f)), "(N, H, W) becomes (W, H, N)"),
        (turning, "PyTorch will refuse that in a later version"),
    ],
)
def test_pytorchs_warning_of_a_turned_block_becomes_a_sentence_of_the_checks(answer, words, recwarn):
    for _ in range(2):  # PyTorch warns once, the check says it each time
        assert words in message("ex02.gram", answer).splitlines()[-1]
    assert not recwarn
    assert "`.T`" not in message("ex02.gram", lambda f: f.flatten(1) @ f.flatten(1).T)


def test_other_warnings_of_an_answer_are_shown_once(recwarn, monkeypatch):
    monkeypatch.setattr(calling, "_shown", set())

    def gram_matrix(features):
        warnings.warn("a root of a negative number", RuntimeWarning, stacklevel=1)
        torch.meshgrid(torch.arange(2), torch.arange(3))  # PyTorch warns of it once
        return features.T

    def right(features):
        warnings.warn("a root of a negative number", RuntimeWarning, stacklevel=1)
        return features.flatten(1) @ features.flatten(1).T

    for _ in range(3):
        assert "becomes (W, H, N)" in message("ex02.gram", gram_matrix)
        assert QUESTIONS["ex02.gram"].check(right).outcome == "correct"
    told = [str(warning.message)[:16] for warning in recwarn]
    assert sorted(told) == ["a root of a nega", "a root of a nega", "torch.meshgrid: "]


def test_checks_in_threads_leave_warnings_as_they_were():
    shown = warnings.showwarning
    entered = [threading.Event(), threading.Event()]
    left = threading.Event()

    def first():
        with turned():
            entered[0].set()
            entered[1].wait()
        left.set()

    def second():
        entered[0].wait()
        with turned():
            entered[1].set()
            left.wait()

    threads = [threading.Thread(target=function) for function in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.showwarning is shown and not torch.is_warn_always_enabled()


def test_of_a_tuple_the_parts_that_are_right_are_told():
    def adam_step(x, gradient, m, v, step, learning_rate):
        x, m, v = references.adam_step(x, gradient, m, v, step, learning_rate)
        return x, 3 * m + 1, v

    told = message("ex05.adam", adam_step)
    assert "`[0]` and `[2]` are right, `[1]` is not" in told and "of the entries agree" not in told
    assert "gradient" in told.splitlines()[1]  # what the call was given stands above


@pytest.mark.parametrize(("share", "words"), [(0.999, "More than 99%"), (0.5, "50%"), (0.001, "Less than 1%")])
def test_a_share_of_entries_is_never_told_as_none_or_all(share, words):
    numbers = Numbers(0, wanted=(40, 40), got=(40, 40), index=(0, 0), right=share)
    assert explain(numbers, 3) == [f"{words} of the entries agree."]


def wide(F):
    return torch.cat([F, F], 1) / 2**0.5


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda F: (wide(F), -F), "A has shape (2, 6), B (2, 3): both need F's, (2, 3)."),
        (lambda F: [wide(F), -wide(F)], "A has shape (2, 6), B (2, 6): both need F's, (2, 3)."),
        (lambda F: (F[:, 1:], -F), "A has shape (2, 2), B (2, 3): both need F's, (2, 3)."),
        (lambda F: (F.flip(1), -F.T), "A has shape (2, 3), B (3, 2): both need F's, (2, 3)."),
        (lambda F: (F.flip(1).sum(), -F), "A has shape (), B (2, 3): both need F's, (2, 3)."),
        (lambda F: {"A": F.flip(1), "B": -F}, "Your answer is a dictionary. Return two matrices, `A, B`"),
        (lambda F: F.flip(1), "Your answer is a torch tensor of shape (2, 3). Return two matrices, `A, B`"),
        (lambda F: torch.cat([F.flip(1), -F]), "Your answer is a torch tensor of shape (4, 3). Return two matrices"),
        (lambda F: (F.flip(1),), "Your answer is a tuple of shape (1, 2, 3). Return two matrices, `A, B`"),
        (lambda F: (F, F.flip(1), -F), "Your answer is a tuple of shape (3, 2, 3). Return two matrices, `A, B`"),
        (lambda F: (F, F.T, -F), "Your answer is a tuple of 3. Return two matrices, `A, B`"),
        (lambda F: (F, "-F"), "Your answer is a tuple: it holds something that is no number. Return two matrices"),
        (lambda F: 1.0, "Your answer is a number. Return two matrices, `A, B`"),
        (lambda F: "A, B", "Your answer is an object of type str. Return two matrices, `A, B`"),
    ],
)
def test_of_an_open_answer_the_parts_and_their_shapes_are_told(answer, words):
    told = message("ex02.equal_grams", answer)
    assert words in told and "(2, 3)." in told
    assert "your answer 0" not in " ".join(told.split()) and "yet: ." not in told and "Gram matrix;" not in told
    assert hidden_verdict("ex02.equal_grams", answer).outcome == "not yet"


def test_of_an_open_answer_in_other_shapes_both_parts_are_shown():
    told = message("ex02.equal_grams", lambda F: (F[:, 1:], -F))
    assert "your answer[0]" in told and "your answer[1]" in told


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda F: F[:, 1:], "F′ has shape (2, 2): it needs F's, (2, 3)."),
        (lambda F: F.sum(), "F′ has shape (): it needs F's, (2, 3)."),
        (lambda F: {"F": F}, "Your answer is a dictionary of numbers. Expected: a torch tensor."),
        (lambda F: (F, F.T), "Your answer is a tuple. Expected: a torch tensor."),
        (lambda F: 1.0, "Your answer is a number. Expected: a torch tensor."),
    ],
)
def test_of_an_open_answer_of_one_part_its_shape_is_told(answer, words):
    told = message("ex07.same_diagonal", answer)
    assert words in told and "your answer 0" not in " ".join(told.split()) and "; " not in told
    assert hidden_verdict("ex07.same_diagonal", answer).outcome == "not yet"


def stopping(moved):
    """Make the right answer to ex05.plateau, with the step moved by a function of it and the number of costs."""

    def answer(costs, patience, share):
        return moved(references.stopping_step(costs, patience, share), len(costs))

    return answer


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (lambda step, end: step + 3, "You stop at step 7, 3 steps later than the rule."),
        (lambda step, end: step - 2, "You stop at step 2, 2 steps earlier than the rule."),
        (
            lambda step, end: step + (step == 4),
            "You stop at step 5, one step later than the rule. At step 4 J is 16",
        ),
        (lambda step, end: end if step == 4 else step, "lets the run go on to its end; the rule stops it at step 4."),
        (lambda step, end: 3 if step == end else step, "You stop at step 3; by the rule the run goes on to its end."),
        (lambda step, end: step - 100, "The steps of this run are 0 to 7, and 8 says that it goes on to its end."),
        (lambda step, end: step / 2, "You stop at step 2, 2 steps earlier than the rule."),
    ],
)
def test_counted_steps_are_told_by_their_difference(moved, words):
    told = " ".join(message("ex05.plateau", stopping(moved)).split())
    assert words in told and "times what" not in told


def test_of_lesson_05s_rule_it_is_said_what_differs():
    def lessons(costs, patience, share):
        for now in range(patience, len(costs)):
            if 0 <= costs[now - patience] - costs[now] <= share * costs[now - patience]:
                return now
        return len(costs)

    told = message("ex05.plateau", lessons)
    assert "This is lesson 05's rule" in told and "absolute" not in told
    assert hidden_verdict("ex05.plateau", lessons).misconception == "lessons-rule"


def test_where_some_calls_return_nothing_it_is_asked_which_way_has_no_return():
    told = message("ex05.plateau", stopping(lambda step, end: step if step > 4 else None))
    assert "Which way has no `return`?" in told
    told = message("ex05.plateau", stopping(lambda step, end: step if step < end else None))
    assert "Expected: " in told and "what do you return after the loop?" in told
    assert "Is there a `return`?" in message("ex05.plateau", lambda costs, patience, share: None)


def flat(f):
    return f.flatten(1)


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("ex02.gram", lambda f: references.gram_matrix(f) / f[0].numel() ** 0.5, "= 1 / √M, in all our calls."),
        ("ex02.gram", lambda f: references.gram_matrix(f) * len(f) ** 0.5, "= √N, in all our calls."),
        ("ex02.gram", lambda f: references.gram_matrix(f) / f.numel() ** 0.5, "= 1 / (√N √M), in all our calls."),
        ("ex02.gram", lambda f: -references.gram_matrix(f) / f.shape[1] ** 0.5, "= −1 / √H, in all our calls."),
        ("ex01.unroll", lambda f: flat(f) / f[0].numel() ** 0.5, "= 1 / √M, in all our calls."),
        ("ex01.content_cost", lambda x, c: references.content_cost(x, c) / len(x) ** 0.5, "= 1 / √N,"),
    ],
)
def test_a_factor_may_hold_the_root_of_a_size(question, answer, words):
    assert words in message(question, answer)
    assert hidden_verdict(question, answer).numbers.factor == words[2:].partition(",")[0]


def test_a_factor_that_is_no_product_is_asked_about():
    told = message("ex02.gram", lambda f: references.gram_matrix(f) / (f[0].numel() + 1))
    assert "The factor differs from call to call: does it hold a size?" in told and "more than a constant" not in told
    told = message("ex02.gram", lambda f: references.gram_matrix(f) / (1 + f.shape[1] ** 0.5))
    assert "does it hold a size?" in told and "√" not in told
    told = message("ex05.total_cost", lambda c, s, a, b: a * c + b * s + 1)
    assert "more than a constant" in told  # of a single number there is a ratio in any case


def turned_with_at(f):
    F = f.flatten(2)
    return F @ F.T


def turned_with_bmm(f):
    F = f.flatten(2)
    return torch.bmm(F, F.T)


def turned_with_matmul(f):
    F = f.flatten(2)
    return torch.matmul(F, F.T)


@pytest.mark.filterwarnings("ignore:The use of `x.T`")
@pytest.mark.parametrize("answer", [turned_with_at, turned_with_bmm, turned_with_matmul])
def test_of_a_batch_that_is_turned_as_a_whole_it_is_said_which_dimensions_to_turn(answer):
    told = message("ex02.gram_batch", answer)
    assert "RuntimeError" in told and "`F.transpose(1, 2)`" in told
    assert hidden_verdict("ex02.gram_batch", answer).outcome == "raised"


def test_of_two_matrices_that_do_not_fit_nothing_is_said_about_batches():
    told = message("ex02.gram", lambda f: f.flatten(1).T @ f.flatten(1).T)
    assert "RuntimeError" in told and "transpose" not in told


def ninety_nine_where_one_is_flat(content, style, strength):
    flat = content.std((1, 2)) == 0
    return torch.full_like(content, 99) if flat.any() else references.adain(content, style, strength)


def mean_where_one_is_flat(content, style, strength):
    return torch.stack(
        [
            s.mean().expand_as(c) if c.std() == 0 else references.adain(c[None], s[None], strength)[0]
            for c, s in zip(content, style, strict=True)
        ]
    )


@pytest.mark.parametrize("answer", [ninety_nine_where_one_is_flat, mean_where_one_is_flat])
def test_of_a_finite_answer_it_is_not_said_that_it_is_nan(answer):
    told = message("ex09.adain", answer)
    assert "nan" not in told and "digits" not in told


@pytest.mark.parametrize(
    ("question", "reference"),
    [("ex04.as_paper", references.weights_as_paper), ("ex04.shares", references.weights_for_shares)],
)
def test_a_table_has_as_many_digits_as_show_the_largest_difference(question, reference):
    table = QUESTIONS[question].check(lambda *given: {k: v * (1 + 1e-5) for k, v in reference(*given).items()}).lines[1]
    rows = [line.split() for line in table.splitlines() if line.startswith("relu") and ":" not in line]
    assert any(row[1] != row[2] for row in rows), table


def test_a_matrix_has_as_many_digits_as_show_the_largest_difference():
    F = torch.tensor([[1.0, 2.0]])
    near, right = (Reply("value", "tensor", "float64", {"": np.array([[1.281, k]])}) for k in (1.2810001, 1.281))
    shown = work(["F"], [F], near, right).splitlines()[-1].split()
    assert shown == ["1", "2", "1.281", "1.2810001", "1.281", "1.281"]


def test_a_whole_answer_is_shown_below_where_it_does_not_fit_beside():
    wrong, right = (torch.linspace(-1, 1, 16, dtype=torch.float64).reshape(4, 4).numpy() / k for k in (3, 7))
    replies = (Reply("value", "tensor", "float64", {"": G}) for G in (wrong, right))
    block = work(["F"], [torch.ones(4, 9)], *replies)
    assert len(block.splitlines()) == 11 and ":" not in block
    assert max(map(len, block.splitlines())) <= WIDEST


def test_of_many_and_long_names_a_few_are_shown_and_cut():
    def thousand(layers, dropped):
        return references.leave_one_out(layers, dropped) | {
            f"{k:04d}\nand a name of many characters": 1.0 for k in range(1000)
        }

    result = QUESTIONS["ex04.leave_one_out"].check(thousand)
    assert (
        "0000 and a name of many…, " in result.lines[0] and "0004" in result.lines[0] and "0005" not in result.lines[0]
    )
    assert result.lines[0].endswith(" and 995 more.")
    rows = result.lines[1].splitlines()
    assert rows[-1] == "and 995 more" and len(rows) < 20 and all(len(row) <= WIDEST for row in rows)
    missing = message("ex01.hooks", lambda network, picture, layers: {"x" * 300: torch.ones(1)})
    assert "not asked for: " + "x" * 23 + "…." in missing


def hooked(network):
    network[0].register_forward_hook(lambda *given: None)


def doubled(network):
    network[0].weight.data.mul_(2)


def in_training(network):
    network.train(not network.training)


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ((hooked,), ["hooks of `conv1_1`", "Call `remove()`"], ["weights", "ut back what"]),
        ((doubled,), ["weights of `conv1_1.weight`", "a copy of the weights"], ["hook", "ut back what"]),
        ((in_training,), ["`training` of the network", "Put back what you set."], ["hook", "weights"]),
        (
            (hooked, doubled),
            ["hooks of `conv1_1`; weights of", "Call `remove()` on each hook's handle. Work on a copy of the weights."],
            ["ut back what"],
        ),
    ],
)
def test_what_of_a_network_was_changed_is_named_with_its_own_cure(changes, said, unsaid):
    def answer(network, picture, layers):
        found = references.layer_features(network, picture, layers)
        for change in changes:
            change(network)
        return found

    question = QUESTIONS["ex01.hooks"]
    case = question.public_cases[0]
    told = messages._fault("changed", reply(answer, case), question)
    assert all(words in told for words in said) and not any(words in told for words in unsaid), told
