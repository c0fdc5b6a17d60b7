"""No answer passes that is right for some inputs alone, by their order, names or sizes, or that changes them."""

import itertools

import pytest
import torch

from nstlib.checks import references
from nstlib.checks.reading import described
from tests.checks.hidden import QUESTIONS, graded, hidden_verdict, tensors

every = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)


def changes(value):
    """Give each way to change an argument in place, as a function of the argument."""
    if isinstance(value, torch.Tensor):
        yield lambda x: x.data.add_(1)
        yield lambda x: setattr(x, "data", x.data.float() if x.dtype == torch.float64 else x.data.double())
    if isinstance(value, list):
        yield list.pop
        yield list.reverse
        yield lambda items: items.append(items[0])
    if described(value):
        yield lambda network: network[0].weight.data.add_(1)
        yield lambda network: network[0].register_forward_hook(lambda *given: None) and None
        if "lent network" in value:
            yield lambda network: network.eval()
            yield lambda network: network.requires_grad_(False)
            yield lambda network: setattr(network[1], "inplace", False)
    elif isinstance(value, dict):
        yield lambda items: items.pop(next(iter(items)))
        yield lambda items: items.update(extra=1.0)
        yield lambda items: items.update({next(iter(items)): items.pop(next(iter(items)))})
        yield lambda items: items.__setitem__(next(iter(items)), None)
        if isinstance(next(iter(value.values())), torch.Tensor):
            yield lambda items: next(iter(items.values())).data.add_(1)


@every
def test_an_answer_that_changes_any_of_its_arguments_never_passes(question):
    case = question.public_cases[0]
    for index, value in enumerate(case.arguments):
        for change in changes(value):

            def answer(*arguments, index=index, change=change):
                found = question.reference(*arguments)
                kept = found.clone() if isinstance(found, torch.Tensor) else found
                change(arguments[index])
                return kept

            result = question.check(answer)
            assert result.points < question.points, (question.id, index)
            assert "changed" in result.message or result.misconception == "network-changed"
            assert hidden_verdict(question.id, answer).outcome != "correct"


def by_position(reference, which):
    """Give the names of the first dictionary to the values of `which`, in their order."""

    def answer(*arguments):
        names = list(arguments[0])
        arguments = list(arguments)
        arguments[which] = dict(zip(names, arguments[which].values(), strict=False))
        return reference(*arguments)

    return answer


def test_dictionaries_are_read_by_name_not_by_position():
    for which in (1, 2):
        answer = by_position(references.style_cost, which)
        assert QUESTIONS["ex04.style_cost"].check(answer).outcome != "correct"
        assert hidden_verdict("ex04.style_cost", answer).outcome != "correct"


def test_three_dictionaries_zipped_do_not_pass():
    def zipped(x, s, w):
        return sum(a * references.layer_style_cost(p, q) for p, q, a in zip(x.values(), s.values(), w.values()))  # noqa: B905

    def sorted_first(x, s, w):
        names = sorted(x)[: len(w)]
        return sum(a * references.layer_style_cost(x[k], s[k]) for k, a in zip(names, w.values(), strict=True))

    for answer in (zipped, sorted_first):
        assert QUESTIONS["ex04.style_cost"].check(answer).outcome != "correct"
        assert hidden_verdict("ex04.style_cost", answer).outcome != "correct"


SECRETS = [b"a secret of tests", *(bytes([number]) * 32 for number in range(11))]


def by_the_order_of_s(x, s, w):
    order = [name for name in s if name in w]
    return sum(a * references.layer_style_cost(x[k], s[j]) for (k, a), j in zip(w.items(), order, strict=True))


def highest_of_the_window(costs, patience, share):
    steps = range(patience, len(costs))
    late = (step for step in steps if costs[step] > (1 - share) * max(costs[step - patience : step]))
    return next(late, len(costs))


def rounded_shares(costs, patience, share):
    steps = range(patience, len(costs))
    return next((step for step in steps if round(costs[step] / costs[step - patience], 2) > 1 - share), len(costs))


def name_within_the_dropped(layers, dropped):
    left = sum(layer not in dropped for layer in layers)
    return {layer: 0.0 if layer in dropped else 1 / left for layer in layers}


def name_around_the_dropped(layers, dropped):
    left = sum(dropped not in layer for layer in layers)
    return {layer: 0.0 if dropped in layer else 1 / left for layer in layers}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("ex04.style_cost", by_the_order_of_s),
        ("ex05.plateau", highest_of_the_window),
        ("ex05.plateau", rounded_shares),
        ("ex07.colour", lambda style, content: references.match_colour(style, content).clamp(min=0)),
        ("ex07.colour", lambda style, content: references.match_colour(style, content).clamp(max=1)),
        ("ex04.leave_one_out", name_within_the_dropped),
        ("ex04.leave_one_out", name_around_the_dropped),
    ],
)
def test_what_is_right_by_the_luck_of_the_draw_passes_with_no_secret(question, answer):
    assert QUESTIONS[question].check(answer).outcome != "correct"
    for secret in SECRETS:
        assert hidden_verdict(question, answer, secret).outcome != "correct", secret


@pytest.mark.parametrize("place", [0, 1, 2, -1, -2])
def test_the_dropped_layer_is_found_by_its_name(place):
    def answer(layers, dropped):
        return references.leave_one_out(layers, layers[place % len(layers)])

    assert QUESTIONS["ex04.leave_one_out"].check(answer).outcome != "correct"
    assert hidden_verdict("ex04.leave_one_out", answer).outcome != "correct"


def test_the_names_of_layers_are_not_known_beforehand():
    names = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

    def answer(norms):
        return references.balanced_weights({name: norms[name] for name in names if name in norms})

    assert QUESTIONS["ex04.balance"].check(answer).outcome != "correct"
    assert hidden_verdict("ex04.balance", answer).outcome != "correct"


def sizes(arguments):
    """Give the sizes in the arguments: dimensions of tensors, whole numbers, numbers of items."""
    for value in arguments:
        if isinstance(value, torch.Tensor):
            yield from value.shape
        elif isinstance(value, int):
            yield value
        elif isinstance(value, dict | list) and not described(value):
            yield len(value)


@every
def test_no_size_is_the_same_in_all_calls_and_none_is_always_the_larger(question):
    """Such a size could stand in an answer as a number, or be told from another by a comparison."""
    colours = {"ex07.colour": {0, 3}, "ex01.hooks": {0}, "ex05.bug_hunt": {1, 5}, "ex09.bug_hunt": {1, 5}}
    fixed = colours.get(question.id, set())
    for calls in (
        [case.arguments for case in question.public_cases],
        [tensors(test.arguments) for test in graded(question.id).tests],
    ):
        columns = list(zip(*(list(sizes(arguments)) for arguments in calls), strict=True))
        for number, column in enumerate(columns):
            assert number in fixed or len(set(column)) > 1, (question.id, column)


def shapes(value):
    """Describe the sizes and names in a value."""
    if isinstance(value, torch.Tensor):
        return str(tuple(value.shape))
    if isinstance(value, dict):
        return str({key: shapes(item) for key, item in value.items()})
    if isinstance(value, tuple | list):
        return str([len(value), *(shapes(item) for item in value if not isinstance(item, float))])
    return str(value)


@every
def test_an_answer_for_the_notebooks_own_sizes_alone_fails_the_hidden_tests(question):
    known = [shapes(case.arguments) for case in question.public_cases]

    def answer(*arguments):
        if shapes(arguments) not in known:
            raise ValueError
        return question.reference(*arguments)

    if question.id != "ex05.total_cost":  # four numbers, which have no sizes
        assert hidden_verdict(question.id, answer).outcome != "correct"


@pytest.mark.parametrize("name", ["ex01.unroll", "ex02.gram_loops", "ex02.gram", "ex02.gram_batch", "ex03.gradient"])
def test_there_are_calls_with_more_filters_than_positions_and_with_fewer(name):
    for calls in (
        [case.arguments[0] for case in QUESTIONS[name].public_cases],
        [tensors(test.arguments[0]) for test in graded(name).tests],
    ):
        shapes = [F.flatten(2).shape[-2:] if F.ndim == 4 else F.flatten(1).shape for F in calls]
        assert {n > m for n, m in shapes} == {True, False}


@pytest.mark.parametrize("name", ["ex01.unroll", "ex02.gram", "ex03.layer_cost", "ex07.statistics"])
def test_height_and_width_are_told_apart_in_both_ways(name):
    calls = [tensors(test.arguments[0]) for test in graded(name).tests]
    assert {f.shape[1] > f.shape[2] for f in calls} == {True, False} or len(calls) < 4


def test_either_picture_is_the_larger_one_in_some_call():
    for calls in (
        [case.arguments for case in QUESTIONS["ex03.layer_cost"].public_cases],
        [tensors(test.arguments) for test in graded("ex03.layer_cost").tests],
    ):
        assert {x[0].numel() > s[0].numel() for x, s in calls if x.shape != s.shape} == {True, False}


DOORS = {
    "torch.func.jacfwd": lambda E, F: torch.func.jacfwd(E)(F),
    "torch.func.jacrev": lambda E, F: torch.func.jacrev(E)(F),
    "torch.func.grad": lambda E, F: torch.func.grad(E)(F),
    "torch.func.vjp": lambda E, F: torch.func.vjp(E, F)[1](torch.tensor(1.0).double())[0],
    "torch.autograd.functional.jacobian": torch.autograd.functional.jacobian,
}


def E(F, gram_s):
    return (F @ F.T - gram_s).square().sum() / (4 * F.numel() ** 2)


def by_backward(F, gram_s):
    X = F.clone().requires_grad_()
    E(X, gram_s).backward()
    return X.grad


def by_run_backward(F, gram_s):
    X = F.clone().requires_grad_()
    engine = torch.autograd.Variable._execution_engine
    return engine.run_backward((E(X, gram_s),), (torch.ones(()).double(),), False, False, (X,), True, False)[0]


@pytest.mark.parametrize(
    "door", [*DOORS, by_backward, by_run_backward], ids=lambda door: getattr(door, "__name__", door)
)
def test_autograd_is_noticed_by_whichever_door(door):
    def answer(F, gram_s):
        return door(F, gram_s) if callable(door) else DOORS[door](lambda X: E(X, gram_s), F)

    result = QUESTIONS["ex03.gradient"].check(answer)
    assert (result.outcome, result.misconception) == ("not yet", "uses-autograd")


def differences(F, gram_s, h):
    out = torch.zeros_like(F)
    for k, i in itertools.product(*map(range, F.shape)):
        step = torch.zeros_like(F)
        step[k, i] = h
        out[k, i] = (E(F + step, gram_s) - E(F - step, gram_s)) / (2 * h)
    return out


def with_epsilon(epsilon):
    def answer(x, s):
        x, s = x.flatten(1), s.flatten(1)
        spread = [(F.var(1, correction=0) + epsilon).sqrt() for F in (x, s)]
        return ((x.mean(1) - s.mean(1)).square() + (spread[0] - spread[1]).square()).mean()

    return answer


@pytest.mark.parametrize(
    ("name", "answer", "digits"),
    [
        ("ex07.statistics", with_epsilon(1e-5), "ε"),
        ("ex07.statistics", with_epsilon(1e-8), "ε"),
        ("ex03.gradient", lambda F, S: differences(F, S, 1e-2), "finite difference"),
        ("ex03.gradient", lambda F, S: differences(F, S, 1e-4), "finite difference"),
        ("ex02.gram", lambda f: references.gram_matrix(f) + 1e-6, "ε"),
        ("ex03.layer_cost", lambda x, s: references.layer_style_cost(x.float(), s.float()).to(x), "float32"),
    ],
)
def test_what_is_right_but_for_a_small_error_is_told_so(name, answer, digits):
    result = QUESTIONS[name].check(answer)
    assert result.outcome == "not yet" and "agree" in result.message and digits in result.message, str(result)
    assert "1 times what is expected" not in result.message
    assert hidden_verdict(name, answer).outcome != "correct"
