"""Grade a class of 200, 60 of them hostile, and then the honest ones alone; print what came of it.

Run by hand: ``python -m tests.grading.siege [STUDENTS HOSTILE]``. Exit status 1 if an attack forged a point, did harm,
left a process behind, or changed an honest student's row.
"""

import csv
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

import psutil

import nstlib
from nstlib.checks import all_questions
from nstlib.grading.bundle import bundle
from nstlib.grading.demo import sample_answers
from nstlib.grading.demo.demo import notebook
from nstlib.grading.run import grade
from tests.grading import hostile
from tests.grading.classes import GRAM, right, write
from tests.grading.conftest import left_over

NOTHING = ("0", "")  # points of an answer that is not right, and of one that waits for the instructor


def honest(count: int) -> dict[str, bytes]:
    """Return notebooks of the whole course: every third all right, the others with the catalogue's mistakes."""
    questions = all_questions()
    notebooks = {}
    for number in range(count):
        answers = {}
        for name, question in questions.items():
            mistakes = [None, *(mistake.id for mistake in question.misconceptions)]
            answers[name] = sample_answers.source(question, mistakes[number % len(mistakes) if number % 3 else 0])
        notebooks[f"honest{number:03}"] = notebook(answers)
    return notebooks


def attackers(count: int, canary: Path) -> dict[str, tuple[hostile.Hostile, bytes]]:
    """Return notebooks whose Gram matrix attacks: one attack of the collection after another, over all threats."""
    values = {
        "@PARENT@": os.getpid(),
        "@ZYGOTE@": os.getpid(),
        "@CANARY@": canary,
        "@FOLDER@": canary.parent,
        "@LIBRARY@": Path(nstlib.__file__).parents[1],
    }
    step = max(1, len(hostile.ALL) // count)
    others = right()
    notebooks = {}
    for number, attack in enumerate(islice(cycle(hostile.ALL[::step]), count)):
        source = attack.source
        for word, value in values.items():
            source = source.replace(word, str(value))
        notebooks[f"hostile{number:03}"] = (attack, notebook(others | {GRAM: source}))
    return notebooks


def memory(stop: threading.Event, peaks: list[int]) -> None:
    """Write down the grader's own memory until `stop` is set."""
    while not stop.wait(0.2):
        peaks.append(psutil.Process().memory_info().rss)


def rows(out: Path) -> dict[str, dict[str, str]]:
    """Return the gradebook by student."""
    with (out / "gradebook.csv").open() as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def main(students: int = 200, bad: int = 60) -> int:
    """Grade both classes and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "canary").mkdir()
        canary = work / "canary" / "file"
        canary.write_text("hidden tests")
        tests = bundle.new(work / "bundle", by_hand=False)
        good = honest(students - bad)
        evil = attackers(bad, canary)
        write(work / "alone", good)
        write(work / "mixed", good | {name: data for name, (_, data) in evil.items()})
        peaks: list[int] = []
        stop = threading.Event()
        times = {}
        threading.Thread(target=memory, args=(stop, peaks), daemon=True).start()
        for name in ("alone", "mixed"):
            start = time.monotonic()
            grade(work / name, tests, work / f"out-{name}", jobs=min(2, os.cpu_count() or 1))
            times[name] = time.monotonic() - start
        stop.set()
        alone = rows(work / "out-alone")
        mixed = rows(work / "out-mixed")
        forged = [name for name, (attack, _) in evil.items() if mixed[name][GRAM] not in NOTHING and not attack.right]
        waiting = [name for name in evil if mixed[name][GRAM] == ""]
        lost = [name for name, (attack, _) in evil.items() if attack.right and mixed[name][GRAM] != "4"]
        harm = canary.read_text() != "hidden tests" or os.listdir(canary.parent) != ["file"]
        changed = [name for name in good if mixed[name] != alone[name]]
        ends = Counter()
        with (work / "out-mixed" / "tests.csv").open() as file:
            for row in csv.DictReader(file):
                if row["student"] in evil and row["question"] == GRAM:
                    ends[row["verdict"]] += 1
        calls = sum(len(question.tests) for question in tests.questions.values()) + len(tests.questions)
        print(f"{len(good)} honest alone: {times['alone']:.0f} s, {60 * len(good) / times['alone']:.0f} a minute")
        print(f"with {len(evil)} hostile: {times['mixed']:.0f} s; up to {calls} calls a submission")
        print(f"forged passes {len(forged)} {forged}, harm {harm}, honest rows that changed {len(changed)} {changed}")
        print(f"right answers beside an attack that lost their points {lost}")
        print(f"refused by the jail, so waiting for the instructor {len(waiting)}")
        print(f"ends of the hostile answers' tests: {dict(ends.most_common())}")
        left = left_over(os.getpid())
        print(f"processes left {len(left)}; memory of the grader from {min(peaks) >> 20} to {max(peaks) >> 20} MB")
        return int(bool(forged or harm or changed or left))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
