"""The questions as the grader knows them, with their hidden tests, and how these are kept in a bundle's files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nstlib.checks.judging.replies import Reply
from nstlib.grading import csv_files
from nstlib.grading.bundle import serialization

__all__ = ["GradedQuestion", "Test", "read", "write"]

SIMPLE = ("id", "function", "call", "points", "tolerance", "by_hand", "credit", "said")


@dataclass(frozen=True)
class Test:
    """One hidden call: what goes to a child, and what came back from the reference and from each known mistake.

    arguments: arrays, numbers, text, lists, tuples and dictionaries of these. gradient: places of the arguments at
    which a gradient must arrive. cotangent: float64, of the right answer's shape; None where no gradient is asked.
    """

    __test__ = False  # for pytest, which takes the name for a class of tests

    id: str
    arguments: tuple
    gradient: tuple[int, ...]
    cotangent: np.ndarray | None
    symbols: Mapping[str, float]
    words: str
    expected: Reply
    mistakes: Mapping[str, Reply]
    group: str = ""


@dataclass(frozen=True)
class GradedQuestion:
    """A question as the grader knows it. credit: part points a mistake; said: the notebook's sentences, by verdict."""

    id: str
    function: str
    call: str
    points: int
    kinds: frozenset[str]
    tolerance: float
    by_hand: bool
    credit: Mapping[str, int]
    said: Mapping[str, str]
    tests: tuple[Test, ...]


def write(folder: Path, asked: Mapping[str, GradedQuestion]) -> None:
    """Write tests.json and, for each question, its arrays."""
    (folder / "tests").mkdir()
    listed = []
    for question in asked.values():
        arrays: dict[str, np.ndarray] = {}
        tests = [_tree(test, arrays) for test in question.tests]
        simple = {key: getattr(question, key) for key in SIMPLE}
        listed.append(simple | {"kinds": sorted(question.kinds), "tests": tests})
        np.savez_compressed(folder / "tests" / f"{question.id}.npz", **arrays)
    csv_files.write(folder / "tests.json", json.dumps(listed, allow_nan=False, indent=1))


def read(folder: Path, points: Mapping[str, int]) -> dict[str, GradedQuestion]:
    """Read them, with the points of bundle.toml; raises TableError for these, and whatever a damaged file raises."""
    found = {}
    for each in json.loads((folder / "tests.json").read_text(encoding="utf-8")):
        with np.load(folder / "tests" / f"{each['id']}.npz", allow_pickle=False) as file:
            arrays = dict(file)
        given = points.get(each["id"], each["points"])
        if isinstance(given, bool) or not isinstance(given, int) or given < 0:
            raise csv_files.TableError(f'[points] of bundle.toml: "{each["id"]}" = {given!r}; write a whole number.')
        tests = tuple(_grown(test, arrays) for test in each["tests"])
        simple = {key: each[key] for key in SIMPLE} | {"points": given}
        found[each["id"]] = GradedQuestion(**simple, kinds=frozenset(each["kinds"]), tests=tests)
    if unknown := sorted(set(points) - set(found)):
        raise csv_files.TableError(f"[points] of bundle.toml names {unknown[0]!r}, for which there are no tests.")
    return found


def _tree(test: Test, arrays: dict[str, np.ndarray]) -> dict:
    plain = {key: serialization.tree(getattr(test, key), arrays) for key in ("arguments", "gradient", "cotangent")}
    mistakes = {name: serialization.tree_of_reply(reply, arrays) for name, reply in test.mistakes.items()}
    named = {"id": test.id, "words": test.words, "symbols": dict(test.symbols), "group": test.group}
    return {**named, **plain, "expected": serialization.tree_of_reply(test.expected, arrays), "mistakes": mistakes}


def _grown(found: dict, arrays: Mapping[str, np.ndarray]) -> Test:
    plain = {key: serialization.grow(found[key], arrays) for key in ("arguments", "gradient", "cotangent")}
    mistakes = {name: serialization.grow_reply(reply, arrays) for name, reply in found["mistakes"].items()}
    named = {key: found[key] for key in ("id", "words", "symbols", "group")}
    return Test(**named, **plain, expected=serialization.grow_reply(found["expected"], arrays), mistakes=mistakes)
