"""The judge on plain arrays: what counts as right, and the patterns it finds in what is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.checks.judging.replies import Reply
from nstlib.checks.judging.verdict import judge

KINDS = frozenset({"tensor"})
SYMBOLS = [{"N": 3, "M": 10}, {"N": 5, "M": 7}]


def tensor(value, dtype="float64", **more):
    return Reply("value", "tensor", dtype, {"": np.asarray(value, dtype=float)}, **more)


def judged(expected, answer, mistakes=None, **more):
    return judge(expected, mistakes or {}, answer, SYMBOLS[: len(expected)], KINDS, **more)


@given(st.integers(0, 6), st.sampled_from(["float32", "float64"]))
def test_rounding_passes_and_a_thousand_times_as_much_does_not(seed, dtype):
    right = np.random.default_rng(seed).standard_normal((4, 5))
    limit = {"float32": 1e-4, "float64": 1e-9}[dtype] * np.abs(right).max()
    near, far = right.copy(), right.copy()
    near[1, 2] += 0.9 * limit
    far[1, 2] += 1.1 * limit
    assert judged([tensor(right, dtype)], [tensor(near, dtype)]).outcome == "correct"
    verdict = judged([tensor(right, dtype)], [tensor(far, dtype)])
    assert verdict.outcome == "not yet" and verdict.numbers.index == (1, 2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_passes(bad):
    verdict = judged([tensor([1.0, 2.0])], [tensor([1.0, bad])])
    assert verdict.outcome == "not yet" and not verdict.numbers.finite
    assert judged([tensor([1.0, 2.0])], [tensor([bad, bad])]).outcome == "not yet"


def test_a_known_mistake_may_hold_numbers_that_are_not_finite_but_not_these_alone():
    right, mistake = [tensor([1.0, 2.0]), tensor([3.0, 4.0])], [tensor([1.5, np.nan]), tensor([3.5, 4.0])]
    known = judged(right, mistake, {"divided-by-0": mistake})
    assert known.misconception == "divided-by-0" and known.numbers.index == (1,) and np.isnan(known.numbers.given)
    for answer in ([np.nan, 1.5], [1.5, 2.0], [1.6, np.nan]):
        assert judged(right, [tensor(answer), mistake[1]], {"divided-by-0": mistake}).misconception is None
    nothing = [tensor([np.nan, np.nan])] * 2
    assert judged(right, nothing, {"all": nothing}).misconception is None


@given(
    st.sampled_from([1, 2, 4, 0.5, 0.25, -1, -0.5]),
    st.integers(-4, 4),
    st.integers(-4, 4),
)
def test_a_factor_is_found_and_written_in_symbols(number, n, m):
    expected = [tensor(np.arange(1.0, 7.0)), tensor(np.arange(2.0, 5.0))]
    factors = [number * each["N"] ** float(n) * each["M"] ** float(m) for each in SYMBOLS]
    answer = [tensor(factor * each.values[""]) for factor, each in zip(factors, expected, strict=True)]
    verdict = judged(expected, answer)
    if number == 1 and n == m == 0:
        assert verdict.outcome == "correct"
        return
    assert verdict.numbers.ratio == pytest.approx(factors[0])
    written = verdict.numbers.factor.replace("−", "-").replace(" / ", "/").replace(" ", "*")
    for sign, power in zip("²³⁴", "234", strict=True):
        written = written.replace(sign, f"**{power}")
    assert [eval(written, {}, each) for each in SYMBOLS] == pytest.approx(factors)


THREE = [*SYMBOLS, {"N": 11, "M": 6}]


@given(st.sampled_from([-1, -0.5, 0, 0.5, 1]), st.sampled_from([-0.5, 0.5]), st.sampled_from([1, -1]))
def test_a_root_of_a_size_is_found_in_three_calls_and_not_claimed_of_two(n, m, sign):
    expected = [tensor(np.arange(1.0, 7.0))] * 3
    ratios = [sign * each["N"] ** n * each["M"] ** m for each in THREE]
    answer = [tensor(ratio * each.values[""]) for ratio, each in zip(ratios, expected, strict=True)]
    written = judge(expected, {}, answer, THREE, KINDS).numbers.factor
    above, _, below = written.replace("−", "-").partition(" / ")
    for size in "NM":
        above, below = (part.replace(f"√{size}", f"{size}**0.5").replace(" ", "*") for part in (above, below))
    assert [eval(f"{above}/({below or 1})", {}, each) for each in THREE] == pytest.approx(ratios)
    assert judged(expected[:2], answer[:2]).numbers.factor == ""


def test_factors_that_differ_without_a_formula_are_known_as_one_a_call():
    expected = [tensor([1.0, 2.0])] * 2
    assert judged(expected, [tensor([3.0, 6.0]), tensor([0.37, 0.74])]).numbers.each_ratio
    assert not judged(expected, [tensor([3.0, 6.0]), tensor([0.37, 0.75])]).numbers.each_ratio


def test_a_factor_that_differs_from_call_to_call_has_no_formula():
    expected = [tensor([1.0, 2.0]), tensor([1.0, 2.0])]
    verdict = judged(expected, [tensor([3.0, 6.0]), tensor([0.37, 0.74])])
    assert verdict.numbers.ratio == pytest.approx(3) and verdict.numbers.factor == ""


def test_a_constant_without_symbols_is_still_one_constant():
    expected = [tensor([1.0, 2.0]), tensor([1.0, 2.0])]
    assert judged(expected, [tensor([16.0, 32.0])] * 2).numbers.factor == "16"


def test_what_is_hardly_beyond_a_wide_tolerance_is_not_called_a_factor_of_1():
    numbers = judged([tensor([1.0, 2.0])], [tensor([1.002, 2.004])], tolerance=1e-3).numbers
    assert (numbers.ratio, numbers.factor) == (None, "")


def test_calls_that_share_a_formula_are_written_by_group():
    expected = [tensor(1.0)] * 4
    answer = [tensor(each) for each in (3.0, 1.0, 5.0, 1.0)]
    groups = ("a", "b", "a", "b")
    numbers = judge(expected, {}, answer, SYMBOLS * 2, KINDS, groups=groups).numbers
    assert (numbers.factors, numbers.factor, numbers.agreeing) == ({"a": ""}, "", 2)
    answer = [tensor(each) for each in (9.0, 1.0, 9.0, 1.0)]
    assert judge(expected, {}, answer, SYMBOLS[:1] * 4, KINDS, groups=groups).numbers.factors == {"a": "9"}


def test_a_known_mistake_comes_with_the_first_call_that_differs():
    expected, wrong = [tensor([1.0, 2.0]), tensor([2.0, 3.0])], [tensor([1.0, 2.0]), tensor([2.0, 7.0])]
    verdict = judged(expected, wrong, {"seven": wrong})
    assert (verdict.misconception, verdict.call) == ("seven", 1)
    assert (verdict.numbers.index, verdict.numbers.expected, verdict.numbers.given) == ((1,), 3.0, 7.0)


def test_shapes_names_and_kinds_are_told_apart():
    matrix = tensor(np.ones((2, 3)))
    numbers = judged([matrix], [tensor(np.ones((3, 2)))]).numbers
    assert (numbers.wanted, numbers.got) == ((2, 3), (3, 2))
    pair = Reply("value", "dict", values={"a": np.array(1.0), "b": np.array(2.0)})
    lacking = Reply("value", "dict", values={"a": np.array(1.0), "c": np.array(2.0)})
    numbers = judge([pair], {}, [lacking], SYMBOLS[:1], frozenset({"dict"})).numbers
    assert (numbers.missing, numbers.unasked) == ("b", "c")
    assert judged([matrix], [Reply("value", "numpy", "float64", matrix.values)]).faults == ("kind",)
    assert judged([matrix], [tensor(np.ones((2, 3)), "float32")]).faults == ("dtype",)


def test_what_is_wrong_beside_the_numbers_never_passes():
    expected = tensor([1.0], gradients=(np.array([2.0]),))
    assert judged([expected], [tensor([1.0])]).faults == ("gradient",)
    assert judged([expected], [tensor([1.0], gradients=(None,))]).faults == ("gradient",)
    assert judged([expected], [tensor([1.0], gradients=(np.array([3.0]),))]).outcome == "not yet"
    assert judged([expected], [tensor([1.0], gradients=expected.gradients, changed=True)]).faults == ("changed",)
    assert judged([expected], [tensor([1.0], gradients=expected.gradients)]).outcome == "correct"


def test_a_gradient_of_zeros_is_as_good_as_none_where_none_is_asked_for():
    expected = tensor([1.0], gradients=(np.array([2.0]), None))
    assert judged([expected], [tensor([1.0], gradients=(np.array([2.0]), np.zeros(3)))]).outcome == "correct"
    assert judged([expected], [tensor([1.0], gradients=(np.array([2.0]), np.ones(3)))]).outcome == "not yet"
    assert judged([expected], [tensor([1.0], gradients=(np.zeros(1), None))]).outcome == "not yet"


def test_a_known_mistake_may_raise_in_some_calls():
    expected, raised = [tensor(1.0), tensor(2.0)], Reply("raised")
    wrong = [raised, tensor(3.0)]
    assert judged(expected, wrong, {"too short": wrong}).misconception == "too short"
    nothing = [Reply("value", "dict")] * 2
    assert judged(expected, nothing, {"too short": wrong}).misconception is None


def test_a_mistake_is_named_only_if_every_call_and_respect_agrees():
    expected, wrong = [tensor([1.0]), tensor([2.0])], [tensor([5.0]), tensor([6.0])]
    assert judged(expected, wrong, {"five": wrong}).misconception == "five"
    assert judged(expected, [wrong[0], tensor([7.0])], {"five": wrong}).misconception is None
    changed = [tensor([5.0], changed=True), tensor([6.0], changed=True)]
    verdict = judged(expected, changed, {"five": wrong})
    assert (verdict.misconception, verdict.likely, verdict.faults) == (None, "five", ("changed",))


def test_how_a_call_ended_decides_first():
    right = tensor([1.0])
    for status, outcome in (("not attempted", "not attempted"), ("too long", "took too long"), ("raised", "raised")):
        verdict = judged([right, right], [right, Reply(status)])
        assert (verdict.outcome, verdict.call) == (outcome, 1)
    assert judged([right], [Reply("nothing")]).faults == ("nothing",)


def test_a_word_from_a_call_is_never_a_verdict():
    right = tensor([1.0])
    for word in ("correct", "value correct", "", "VALUE"):
        assert judged([right], [Reply(word, "tensor", "float64", right.values)]).outcome != "correct"
    assert judged([right], [Reply("value", "correct", "correct", {}, text="correct")]).outcome == "not yet"


def test_a_wider_tolerance_is_only_ever_wider():
    right, near = tensor([1.0]), tensor([1.0 + 1e-4])
    assert judged([right], [near]).outcome == "not yet"
    assert judged([right], [near], tolerance=1e-3).outcome == "correct"
    assert judged([right], [right], tolerance=0.0).outcome == "correct"


def test_finite_numbers_are_not_nearly_those_of_a_mistake_that_are_nan():
    right, mistake = [tensor([1.0, 2.0]), tensor([3.0, 4.0])], [tensor([1.0, np.nan]), tensor([3.0, 7.0])]
    for answer in ([99.0, 99.0], [1.0, 5.0]):
        assert judged(right, [tensor(answer), tensor([3.0, 7.00001])], {"nan": mistake}).likely is None
    finite = [tensor([1.0, 5.0]), tensor([3.0, 7.0])]
    assert judged(right, [tensor([1.0, 5.0]), tensor([3.0, 7.00001])], {"finite": finite}).likely == "finite"
