"""A slow cell is run again where it, or what it needs, has changed, and only there."""

import pytest
import torch

from tests.lessons import cells
from tests.lessons.kept import Kept, is_plain


@pytest.fixture
def executed(monkeypatch, capsys):
    """Execute cells as claims are executed, all of them being slow; return the names, and what was printed."""
    monkeypatch.setattr(cells, "SLOW", -1)
    kept = Kept()

    def execute(*sources):
        names = cells._executed(sources, "<test>", kept, 64)
        return names, capsys.readouterr().out.split()

    return execute


def test_only_what_changed_and_what_needs_it_is_run_again_and_always_the_last(executed):
    a, b, c, d = "a = 1\nprint('a')", "b = a + 1\nprint('b')", "c = 5\nprint('c')", "d = b + c\nprint('d')"
    end = "print(a, b, c, d)"
    assert executed(a, b, c, d, end)[1] == ["a", "b", "c", "d", "1", "2", "5", "7"]
    assert executed(a, b, c, d, end)[1] == ["1", "2", "5", "7"]
    assert executed(a, b.replace("+ 1", "+ 2"), c, d, end)[1] == ["b", "d", "1", "3", "5", "8"]
    assert executed(a, "def f():\n    return a", "e = f()\nprint('e')", "print(e)")[1] == ["e", "1"]
    assert executed(a.replace("1", "4"), "def f():\n    return a", "e = f()\nprint('e')", "print(e)")[1][-2:] == [
        "e",
        "4",
    ]


def test_what_is_kept_is_not_what_a_later_cell_changes(executed):
    for _ in range(2):
        names, _ = executed("import torch", "x = torch.zeros(2)", "y = [x[:1]]", "y[0].add_(1)\nx.add_(1)")
        assert names["x"].tolist() == [2, 1]  # y is a part of x, and stays one


@pytest.mark.parametrize(
    ("made", "changed", "seen"),
    [
        ("x = torch.zeros(2)", "x.add_({})", "x.sum().item()"),
        ("x = [0]", "x[0] = {}", "sum(x)"),
        ("x = torch.nn.Linear(1, 1).requires_grad_(False)", "x.weight.fill_({})", "x.weight.item()"),
    ],
)
def test_what_a_cell_changed_in_place_is_changed_the_next_time_too(executed, made, changed, seen):
    def result(number):
        names, _ = executed("import torch", made, "y = 0\n" + changed.format(number), f"z = {seen}", "y, z")
        return names["z"]

    assert result(1) == result(1) != result(2)


def test_names_of_their_own_and_graphs_are_not_kept():
    x = torch.ones(2, requires_grad=True)
    assert is_plain({"a": [torch.ones(2), (1, "b", None)], "c": torch.nn.Linear(1, 1), "d": x})
    for value in (lambda: 0, (each for each in "ab"), 2 * x, [lambda: 0], {"f": lambda: 0}, torch):
        assert not is_plain(value)


def test_the_oldest_goes_first():
    kept = Kept(most=100)
    for name in "abc":
        kept.put(name, {"x": torch.zeros(10)})
    assert kept.get("a") is None and kept.get("b") and kept.get("c")["x"].shape == (10,)
