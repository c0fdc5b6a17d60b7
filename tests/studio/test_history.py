"""Runs that are remembered, and their films."""

import torch

from nstlib.studio.history import FILM, MOST, History, Run
from nstlib.studio.knobs import Knobs


def run(number, picture=True):
    made = Run(number, Knobs("cat", "night"), None, None, costs=[[1.0]])
    made.picture = torch.zeros(3, 8, 8) if picture else None
    return made


def test_the_newest_runs_are_kept_and_each_once():
    history = History()
    for number in range(MOST + 3):
        assert history.keep(run(number))
    assert not history.keep(run(5)) and not history.keep(run(99, picture=False))
    assert history.find(2) is None and history.find(3).number == 3
    assert [each.number for each in history] == list(range(3, MOST + 3)) and len(history) == MOST


def test_a_film_keeps_its_first_and_last_frame_and_its_order():
    made = run(1)
    for index in range(10 * FILM):
        made.keep_frame(index, b"frame")
    steps = [step for step, _ in made.film]
    assert len(steps) <= FILM and steps == sorted(steps) and steps[0] == 0 and steps[-1] == 10 * FILM - 1
