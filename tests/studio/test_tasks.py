"""Tasks: what counts as reached."""

import pytest

from nstlib import networks
from nstlib.studio.knobs import Knobs
from nstlib.studio.tasks import CONTENT, TASKS, Condition, named


def test_the_layer_that_is_farthest_off_counts():
    left = {"relu4_1": 0.1, "relu5_1": 0.8}
    below, above = (Condition("", tuple(left), **bound) for bound in ({"below": 0.5}, {"above": 0.5}))
    assert below.measure(left) == 0.8 and above.measure(left) == 0.1
    assert not below.met(left) and not above.met(left)
    assert below.met({name: 0.4 for name in left}) and above.met({name: 0.6 for name in left})


@pytest.mark.parametrize("task", TASKS, ids=[task.name for task in TASKS])
def test_each_task_measures_what_there_is_and_its_solution_moves_something(task):
    names = {name for condition in task.conditions for name in condition.of}
    assert names <= {*networks.STYLE_LAYERS, CONTENT} and named(task.name) is task
    assert Knobs("cat", "night").moved(**task.solution) != Knobs("cat", "night")
