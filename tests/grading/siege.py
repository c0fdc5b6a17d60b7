"""Grade a class of 200 with 60 hostile ones among them, and the honest ones alone; say what became of it.

Run by hand: ``python -m tests.grading.siege [STUDENTS HOSTILE]``. Exit status 1 where anything forged a point, did
harm, was left over, or changed an honest student's row.
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


def honest(count: int) -> dict[str, bytes]:
    """Return notebooks of the whole course: every third all right, the others with mistakes of the catalogue."""
    questions = all_questions()
    found = {}
    for number in range(count):
        answers = {}
        for name, question in questions.items():
            mistakes = [None, *(each.id for each in question.misconceptions)]
            answers[name] = sample_answers.source(question, mistakes[number % len(mistakes) if number % 3 else 0])
        found[f"honest{number:03}"] = notebook(answers)
    return found


def attackers(count: int, canary: Path) -> dict[str, tuple[hostile.Hostile, bytes]]:
    """Return notebooks whose Gram matrix attacks, each of the collection in turn, spread over all threats."""
    places = {
        "@PARENT@": os.getpid(),
        "@ZYGOTE@": os.getpid(),
        "@CANARY@": canary,
        "@FOLDER@": canary.parent,
        "@LIBRARY@": Path(nstlib.__file__).parents[1],
    }
    step, others = max(1, len(hostile.ALL) // count), right()
    found = {}
    for number, each in enumerate(islice(cycle(hostile.ALL[::step]), count)):
        source = each.source
        for word, place in places.items():
            source = source.replace(word, str(place))
        found[f"hostile{number:03}"] = (each, notebook(others | {GRAM: source}))
    return found


def memory(stop: threading.Event, peaks: list[int]) -> None:
    """Watch the grader's own memory."""
    while not stop.wait(0.2):
        peaks.append(psutil.Process().memory_info().rss)


def rows(out: Path) -> dict[str, dict[str, str]]:
    """Return the gradebook by student."""
    with (out / "gradebook.csv").open() as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def main(students: int = 200, bad: int = 60) -> int:
    """Run both classes and print the figures."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        (work / "canary").mkdir()
        canary = work / "canary" / "file"
        canary.write_text("hidden tests")
        tests = bundle.new(work / "bundle")
        good, evil = honest(students - bad), attackers(bad, canary)
        write(work / "alone", good)
        write(work / "mixed", good | {name: data for name, (_, data) in evil.items()})
        peaks, stop, times = [], threading.Event(), {}
        threading.Thread(target=memory, args=(stop, peaks), daemon=True).start()
        for name in ("alone", "mixed"):
            start = time.monotonic()
            grade(work / name, tests, work / f"out-{name}", jobs=min(2, os.cpu_count() or 1))
            times[name] = time.monotonic() - start
        stop.set()
        alone, mixed = rows(work / "out-alone"), rows(work / "out-mixed")
        forged = [name for name, (each, _) in evil.items() if mixed[name][GRAM] != "0" and not each.right]
        lost = [name for name, (each, _) in evil.items() if each.right and mixed[name][GRAM] != "8"]
        harm = canary.read_text() != "hidden tests" or os.listdir(canary.parent) != ["file"]
        changed = [name for name in good if mixed[name] != alone[name]]
        ends = Counter()
        with (work / "out-mixed" / "tests.csv").open() as file:
            for row in csv.DictReader(file):
                if row["student"] in evil and row["question"] == GRAM:
                    ends[row["verdict"]] += 1
        calls = sum(len(each.tests) for each in tests.asked.values()) + len(tests.asked)
        print(f"{len(good)} honest alone: {times['alone']:.0f} s, {60 * len(good) / times['alone']:.0f} a minute")
        print(f"with {len(evil)} hostile: {times['mixed']:.0f} s; up to {calls} calls a submission")
        print(f"forged passes {len(forged)} {forged}, harm {harm}, honest rows that changed {len(changed)} {changed}")
        print(f"right answers beside an attack that lost their points {lost}")
        print(f"ends of the hostile answers' tests: {dict(ends.most_common())}")
        left = left_over(os.getpid())
        print(f"processes left {len(left)}; memory of the grader from {min(peaks) >> 20} to {max(peaks) >> 20} MB")
        return int(bool(forged or harm or changed or left))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
