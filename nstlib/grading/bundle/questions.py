"""A question as the grader knows it, with its hidden tests, and how it is kept in a bundle's files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nstlib.checks.judging.replies import Reply
from nstlib.grading import csv_files
from nstlib.grading.bundle import serialization

__all__ = ["Criterion", "GradedQuestion", "Test", "read_questions", "write_questions"]

# Fields that are JSON as they are.
SIMPLE = ("id", "function", "call", "points", "tolerance", "by_hand", "property", "credit", "messages")
LATER = {"bonus": False}  # fields that a bundle of this version may lack, and what they are then
VERSION = 3  # of tests.json; the first was a list of questions without a version, the second had no properties


@dataclass(frozen=True)
class Test:
    """One hidden call: what is sent to a child, what the reference answered, and what each known mistake answers.

    arguments: arrays, numbers, text, and lists, tuples and dictionaries of these. gradient: indices of the arguments
    that a gradient must reach. cotangent: float64, of the right answer's shape; None where no gradient is asked for.
    """

    __test__ = False  # the name begins with "Test", and pytest would collect it

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
class Criterion:
    """What a person marks in an answer, and the most points for it. description: for the student, too."""

    name: str
    points: int
    description: str = ""


@dataclass(frozen=True)
class GradedQuestion:
    """A question with its hidden tests, or with the criteria by which a person marks it.

    property: where many answers are right, the name of what they have in common, in ``checks.judging.properties``.
    credit: the points that each known mistake earns. messages: the notebook's sentences, by verdict. bonus: whether
    its points come on top of the course's.
    """

    id: str
    function: str
    call: str
    points: int
    kinds: frozenset[str]
    tolerance: float
    by_hand: bool
    credit: Mapping[str, int]
    messages: Mapping[str, str]
    tests: tuple[Test, ...]
    criteria: tuple[Criterion, ...] = ()
    property: str = ""
    bonus: bool = False


def write_questions(folder: Path, questions: Mapping[str, GradedQuestion]) -> None:
    """Write tests.json and, for each question, its arrays."""
    (folder / "tests").mkdir()
    entries = []
    for question in questions.values():
        arrays: dict[str, np.ndarray] = {}
        tests = [_encode_test(test, arrays) for test in question.tests]
        simple = {key: getattr(question, key) for key in (*SIMPLE, *LATER)}
        entries.append(simple | {"kinds": sorted(question.kinds), "tests": tests})
        np.savez_compressed(folder / "tests" / f"{question.id}.npz", **arrays)
    csv_files.write(
        folder / "tests.json", json.dumps({"version": VERSION, "questions": entries}, allow_nan=False, indent=1)
    )


def read_questions(folder: Path, points: Mapping[str, int]) -> dict[str, GradedQuestion]:
    """Read the questions; `points`, from bundle.toml, replace those of tests.json.

    Raises TableError where these points make no sense or another version of nstlib has made the tests, and whatever
    reading a damaged file raises.
    """
    content = json.loads((folder / "tests.json").read_text(encoding="utf-8"))
    version = 1 if isinstance(content, list) else content["version"]
    if version != VERSION:
        raise csv_files.TableError(
            f"Expected hidden tests of version {VERSION}, got version {version}: another version of nstlib has made "
            "this bundle. Grade with that version until the term ends, or make a new bundle and grade the class again."
        )
    questions = {}
    for entry in content["questions"]:
        name = entry["id"]
        with np.load(folder / "tests" / f"{name}.npz", allow_pickle=False) as file:
            arrays = dict(file)
        worth = points.get(name, entry["points"])
        if isinstance(worth, bool) or not isinstance(worth, int) or worth < 0:
            raise csv_files.TableError(
                f'bundle.toml, [points]: expected a whole number for "{name}", 0 or more, got {worth!r}. Correct it.'
            )
        tests = tuple(_decode_test(test, arrays) for test in entry["tests"])
        simple = {key: entry[key] for key in SIMPLE} | {"points": worth}
        simple |= {key: entry.get(key, before) for key, before in LATER.items()}
        questions[name] = GradedQuestion(**simple, kinds=frozenset(entry["kinds"]), tests=tests)
    if unknown := sorted(set(points) - set(questions)):
        raise csv_files.TableError(
            f"bundle.toml, [points] names {unknown[0]!r}, for which there are no tests. Correct the name, or delete "
            "the line."
        )
    return questions


def _encode_test(test: Test, arrays: dict[str, np.ndarray]) -> dict:
    plain = {key: serialization.encode(getattr(test, key), arrays) for key in ("arguments", "gradient", "cotangent")}
    mistakes = {name: serialization.encode_reply(reply, arrays) for name, reply in test.mistakes.items()}
    named = {"id": test.id, "words": test.words, "symbols": dict(test.symbols), "group": test.group}
    return {**named, **plain, "expected": serialization.encode_reply(test.expected, arrays), "mistakes": mistakes}


def _decode_test(entry: dict, arrays: Mapping[str, np.ndarray]) -> Test:
    plain = {key: serialization.decode(entry[key], arrays) for key in ("arguments", "gradient", "cotangent")}
    mistakes = {name: serialization.decode_reply(reply, arrays) for name, reply in entry["mistakes"].items()}
    named = {key: entry[key] for key in ("id", "words", "symbols", "group")}
    return Test(**named, **plain, expected=serialization.decode_reply(entry["expected"], arrays), mistakes=mistakes)
