"""Open answers: what holds of them, whichever way they were found."""

import numpy as np
import pytest

from nstlib.checks.judging.properties import PROPERTIES, measured
from nstlib.checks.judging.replies import Reply

F = np.array([[1.0, 2.0, 3.0], [4.0, 0.0, 1.0]])


def held(name, answer):
    reply = Reply("value", "tensor", "float64", {"": np.asarray(answer, float)}, gradients=(np.ones(3),))
    return [bool(value) for value in measured(name, (F,), reply).values.values()]


@pytest.mark.parametrize(
    ("A", "B", "expected"),
    [
        (F[:, ::-1], -F, [True] * 6),
        (F[:, [1, 2, 0]], F * [1, -1, 1], [True] * 6),
        (F, -F, [True, True, False, True, True, True]),
        (F + 1e-9, -F, [True, True, False, True, True, True]),
        (F[::-1], -F, [True, False, True, True, True, True]),
        (F[:, ::-1], F, [True, True, True, True, True, False]),
        (F[:, ::-1], -2 * F, [True, True, True, True, False, True]),
        (F[:, ::-1] * np.nan, -F, [False] * 6),
    ],
)
def test_two_with_equal_gram_matrices(A, B, expected):
    assert held("equal Gram matrices", [A, B]) == expected


def test_the_same_diagonal_and_another_gram_matrix():
    moved = np.array([[2.0, 3.0, 1.0], [4.0, 0.0, 1.0]])
    assert held("the same diagonal", moved) == [True] * 4
    assert held("the same diagonal", F[:, ::-1]) == [True, True, True, False]
    assert held("the same diagonal", moved * 2) == [True, True, False, True]
    assert held("the same diagonal", moved * [[-1], [1]]) == [True, False, True, True]


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("answer", [1.0, [], [[1.0]], F.T, [F, F, F], [[np.inf] * 3] * 2])
def test_an_answer_of_any_shape_is_measured_and_misses_something(name, answer):
    assert not all(held(name, answer))


def test_what_is_no_value_and_what_has_no_property_stays_as_it_is():
    raised = Reply("raised", text="no")
    assert measured("the same diagonal", (F,), raised) is raised
    value = Reply("value", "tensor", "float64", {"": F})
    assert measured("", (F,), value) is value
