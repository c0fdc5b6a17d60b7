"""What comes back from a call: every way a learner's function can end, as data."""

import contextlib
import functools
import signal
import sys
import threading
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from nstlib.checks import calling, ex02
from nstlib.checks.calling import Case, TooLong, limited, replies, reply, watched

CASE = Case((torch.arange(6.0, dtype=torch.float64).reshape(2, 3),), "six numbers", {"N": 2})


def test_a_value_comes_back_as_float64_with_its_gradient():
    found = reply(lambda x: x.square().sum(), CASE)
    assert (found.status, found.kind, found.dtype, found.changed) == ("value", "tensor", "float64", False)
    assert found.values[""] == 55
    (gradient,) = found.gradients
    assert np.allclose(gradient / gradient[0, 1], [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda x: x.tolist(), "list"),
        (lambda x: x.detach().numpy(), "numpy"),
        (lambda x: 3.0, "number"),
        (lambda x: Fraction(1, 3), "number"),
        (lambda x: {"a": torch.tensor(1.0)}, "dict"),
        (lambda x: [[1, 2], [3]], "list"),
        (lambda x: {"a": "b"}, "dict"),
        (lambda x: True, "bool"),
        (lambda x: "words", "str"),
        (lambda x: (x.detach(), x.detach()), "tuple"),
        (lambda x: x.detach().to(torch.complex64), "tensor"),
        (lambda x: x.detach().to_sparse(), "tensor"),
    ],
)
def test_each_kind_is_told_and_nothing_raises(function, kind):
    found = reply(function, CASE)
    assert found.status == "value" and found.kind == kind


def test_the_ends_that_are_no_value():
    def stub(x):
        raise NotImplementedError("ex02.gram")

    assert reply(stub, CASE).status == "not attempted"
    assert reply(lambda x: None, CASE).status == "nothing"
    assert reply(lambda x: x.no_such_thing, CASE).status == "raised"
    assert reply(lambda x: sys.exit(0), CASE).text.startswith("SystemExit: 0")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: torch.nn.functional.interpolate(x.flatten(), scale_factor=2), "Input"),
        (lambda x: torch.nn.Module()(x), "Module [Module] is missing"),
        (lambda x: torch.ones(2, 2, dtype=torch.bool) @ torch.ones(2, 2, dtype=torch.bool), "not implemented for"),
    ],
)
def test_what_torch_does_not_implement_is_no_stub(function, words):
    found = reply(function, CASE)
    assert found.status == "raised" and found.text.startswith("NotImplementedError: ") and words in found.text


def test_an_error_names_the_learners_line_not_ours_and_not_torchs():
    def wrong(x):
        return torch.einsum("ij,jk->ik", x, x)

    text = reply(wrong, CASE).text
    assert text.startswith("RuntimeError: ") and text.endswith('return torch.einsum("ij,jk->ik", x, x)')
    assert "nstlib" not in text and "site-packages" not in text


def test_an_error_without_words_or_with_many_is_one_line():
    def mute(x):
        raise ValueError

    words = "first\nsecond"

    def wordy(x):
        raise ValueError(words)

    assert "ValueError: without a message" in reply(mute, CASE).text
    assert "second" not in reply(wordy, CASE).text


def test_only_named_arguments_must_receive_a_gradient():
    pair = Case((torch.ones(3), torch.ones(3)), "", {})
    assert len(reply(lambda x, s: (x * s.detach()).sum(), pair).gradients) == 1
    both = Case(pair.arguments, "", {}, gradient=(0, 1))
    assert [each is None for each in reply(lambda x, s: (x * s.detach()).sum(), both).gradients] == [False, True]
    none = Case(pair.arguments, "", {}, gradient=())
    assert reply(lambda x, s: (x * s).sum(), none).gradients == ()


def test_a_change_of_the_input_is_seen_and_spoils_no_other_call():
    def in_place(x):
        x.data.mul_(2)
        return x.sum()

    assert [reply(in_place, CASE).changed for _ in range(2)] == [True, True]
    assert CASE.arguments[0][1, 2] == 5


def test_dictionaries_and_lists_of_tensors_are_copied_too():
    case = Case(({"a": torch.ones(2)}, [torch.ones(3)]), "", {})

    def spoil(first, second):
        first["a"].data.zero_()
        second.append(1)
        return first["a"].sum()

    found = reply(spoil, case)
    assert found.changed and len(found.gradients) == 1
    assert case.arguments[0]["a"].sum() == 2 and len(case.arguments[1]) == 1


def test_an_endless_loop_ends():
    def endless(x):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    began = time.monotonic()
    found = replies(endless, [CASE, CASE], seconds=0.3)
    assert [each.status for each in found] == ["too long", "too long"]
    assert time.monotonic() - began < 30


def test_a_loop_ends_where_interrupts_are_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert [each.status for each in replies(lambda x: time.sleep(5), [CASE], seconds=0.1)] == ["too long"]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_limit_leaves_no_thread_and_no_late_interrupt():
    before = set(threading.enumerate())  # one of an earlier test may still be ending
    for _ in range(20):
        with limited(5):
            pass
    with pytest.raises(TooLong), limited(0.05):
        time.sleep(5)
    time.sleep(0.2)
    assert set(threading.enumerate()) <= before


def test_a_learners_own_interrupt_is_not_mistaken_for_the_limit():
    with pytest.raises(KeyboardInterrupt), limited(5):
        raise KeyboardInterrupt


def test_elsewhere_than_in_the_main_thread_there_is_no_limit_and_no_harm():
    found = []
    thread = threading.Thread(target=lambda: found.extend(replies(lambda x: x.sum(), [CASE], seconds=0.01)))
    thread.start()
    thread.join()
    assert found[0].status == "value"


def test_what_is_called_is_noticed():
    from nstlib import style

    with watched() as seen:
        style.unroll(torch.ones(1, 2, 3))
    assert seen == {"nstlib"}
    x = torch.ones(1, requires_grad=True)
    with watched() as seen:
        torch.autograd.grad(x.sum(), x)
    assert seen == {"autograd"}
    with watched() as seen:
        calling.reply(lambda x: x.sum().item(), CASE)
    assert not seen


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_a_check_runs_on_one_thread_and_gives_the_learners_threads_back(two_threads):
    seen = []

    def answer(features):
        seen.append(torch.get_num_threads())
        torch.set_num_threads(3)
        return features.flatten(1) @ features.flatten(1).T

    assert ex02.gram.check(answer).outcome == "correct"
    assert seen[0] == 1 and torch.get_num_threads() == 2


@pytest.mark.parametrize("fault", [ZeroDivisionError, KeyboardInterrupt])
def test_threads_are_given_back_when_a_check_ends_early(fault, two_threads):
    def raises(features):
        raise fault

    with contextlib.suppress(KeyboardInterrupt):
        ex02.gram.check(raises)
    assert torch.get_num_threads() == 2


def test_threads_are_given_back_when_a_check_takes_too_long(two_threads, monkeypatch):
    monkeypatch.setattr(calling, "replies", functools.partial(replies, seconds=0.1))
    assert ex02.gram.check(lambda features: time.sleep(5)).outcome == "took too long"
    assert torch.get_num_threads() == 2


def test_a_check_in_another_thread_leaves_its_threads_alone_too(two_threads):
    seen = []

    def work():
        torch.set_num_threads(2)
        ex02.gram.check(lambda features: seen.append(torch.get_num_threads()))
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0] == 1 and seen[-1] == 2 and torch.get_num_threads() == 2


@pytest.mark.parametrize("spoil", ["x.data = x.data.float()", "x.data = x.data[:1]", "x.data = torch.empty(0)"])
def test_an_input_of_another_dtype_or_shape_counts_as_changed(spoil):
    names: dict = {"torch": torch}
    exec(f"def f(x):\n    {spoil}\n    return torch.ones(2)", names)
    assert reply(names["f"], CASE).changed


def network_case():
    weight, bias = torch.full((1, 3, 1, 1), -1.0), torch.zeros(1)
    layers = [["conv1_1", "conv", weight, bias], ["relu1_1", "relu", None, None], ["pool1", "pool", None, None]]
    return Case(({"network": layers}, torch.ones(1, 3, 2, 2)), "", {}, gradient=(1,))


def test_a_network_is_made_of_data_and_its_relu_works_in_place():
    def answer(network, picture):
        x = network[0](picture)
        before = x.clone()
        network[1](x)
        return torch.stack([before.sum(), x.sum(), torch.tensor(float(network[2](x).numel()))])

    found = reply(answer, network_case())
    assert found.values[""].tolist() == [-12, 0, 1] and not found.changed


@pytest.mark.parametrize(
    "spoil",
    [
        lambda network: network[0].weight.data.add_(1),
        lambda network: network[1].register_forward_hook(lambda *given: None),
        lambda network: network.append(torch.nn.Linear(1, 1)),
    ],
)
def test_a_network_that_is_left_otherwise_counts_as_changed(spoil):
    def answer(network, picture):
        spoil(network)
        return picture.sum()

    assert reply(answer, network_case()).changed
    assert not reply(lambda network, picture: network.eval().requires_grad_(False)(picture), network_case()).changed


def inplace_off(network):
    for module in network:
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False


def frozen(network):
    network[0].weight.requires_grad_(False)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (inplace_off, "`inplace` of `relu1_1`"),
        (frozen, "`requires_grad` of `conv1_1.weight`"),
        (lambda network: network.eval(), "`training` of the network, `conv1_1`, `relu1_1` and others"),
        (lambda network: network[1].eval(), "`training` of `relu1_1`"),
        (lambda network: network[1].register_forward_hook(lambda *given: None), "hooks of `relu1_1`"),
        (lambda network: setattr(network, "relu1_1", torch.nn.ReLU()), "`inplace` of `relu1_1`"),
    ],
)
def test_of_a_lent_network_every_setting_must_be_put_back(spoil, told):
    case = network_case()
    lent = replace(case, arguments=({"lent network": case.arguments[0]["network"]}, case.arguments[1]))

    def answer(network, picture):
        spoil(network)
        return picture

    found = reply(answer, lent)
    assert found.changed and found.text == f"Not as you found it: {told}."

    def evaluated(network, picture):
        before = network.training
        network.eval()
        output = network(picture)
        network.train(before)
        return output

    assert not reply(evaluated, lent).changed


def test_tensors_by_name_keep_their_shapes_and_gradients():
    found = reply(lambda x: {"a": x.sum(0), "b": x.sum(), "c": 2.0}, CASE)
    assert [found.values[name].shape for name in "abc"] == [(3,), (), ()]
    assert found.gradients[0] is not None and reply(lambda x: {"a": x.detach()}, CASE).gradients == (None,)


@pytest.mark.parametrize(
    ("answer", "dtype"),
    [
        (torch.tensor(0.1), "float32"),
        (np.float32(0.1), "float32"),
        ({"a": torch.tensor(0.1), "b": 0}, "float32"),
        ({"a": 0.1, "b": np.float32(0.1)}, "float32"),
        ((torch.tensor(0.1).double(), torch.tensor(0.1)), "float32"),
        ([[torch.tensor(0.1).double()], [0.1]], ""),
        ({"a": 0.1, "b": 1}, ""),
    ],
)
def test_one_number_in_float32_makes_an_answer_one_in_float32(answer, dtype):
    assert reply(lambda x: answer, CASE).dtype == dtype
