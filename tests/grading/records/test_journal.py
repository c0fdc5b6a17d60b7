import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib.grading.records.journal import START, Journal, JournalError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


def fill(path, *students):
    with Journal.open(path) as journal:
        for student in students:
            journal.append({"student": student})
        return journal.digest


def students(path):
    with Journal.open(path) as journal:
        return [record["student"] for record in journal.records()]


def test_records_come_back_in_order_and_without_the_chain(path):
    fill(path, "anna", "ben")
    fill(path, "cleo")
    assert students(path) == ["anna", "ben", "cleo"]
    with Journal.open(path) as journal:
        assert next(journal.records()) == {"student": "anna"}


def test_82_a_last_line_that_was_cut_off_is_dropped_wherever_it_was_cut(path):
    digest = fill(path, "anna")
    start = path.stat().st_size
    fill(path, "ben")
    whole = path.read_bytes()
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        with Journal.open(path) as journal:
            assert journal.dropped == end - start and journal.digest == digest
            assert [record["student"] for record in journal.records()] == ["anna"]
            journal.append({"student": "ben"})
        assert path.read_bytes() == whole  # as if nothing had happened


def test_82_zeros_that_a_power_cut_left_at_the_end_are_dropped(path):
    fill(path, "anna")
    with path.open("ab") as file:
        file.write(b"\0" * 4096)
    assert students(path) == ["anna"]


def test_82_a_killed_writer_loses_at_most_the_line_it_was_writing(path):
    code = (
        "import sys; from pathlib import Path; from nstlib.grading.records.journal import Journal\n"
        "with Journal.open(Path(sys.argv[1])) as journal:\n"
        "    done = sum(1 for _ in journal.records())\n"
        "    for number in range(done, 1000000):\n"
        "        journal.append({'student': str(number), 'log': 'x' * 50000}); print(number, flush=True)\n"
    )
    said = -1
    for wait in (0.01, 0.05, 0.02, 0.09, 0.03):
        child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        told = child.stdout.read().split()
        child.wait()
        said = int(told[-1]) if told else said
        written = students(path)
        assert written == [str(number) for number in range(len(written))] and len(written) > said


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace(b"anna", b"anne"), *lines[1:]],
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2], lines[1]],
        lambda lines: [lines[0], lines[0], *lines[1:]],
        lambda lines: [*lines[:2], b"\n", lines[2]],
        lambda lines: [*lines, b"nonsense\n"],
        lambda lines: [*lines, b"[1]\n"],
        lambda lines: [*lines, b"[" * 100_000 + b"\n"],
        lambda lines: [lines[0][:-1], *lines[1:]],
    ],
)
def test_an_edit_shows(path, change):
    fill(path, "anna", "ben", "cleo")
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(JournalError, match=r"line \d does not follow"):
        Journal.open(path)


def test_an_edit_of_the_last_line_shows_in_the_digest(path):
    digest = fill(path, "anna", "ben")
    path.write_bytes(path.read_bytes().replace(b"ben", b"bea"))
    with Journal.open(path) as journal:
        assert journal.digest != digest


def test_each_line_holds_the_hash_of_the_line_before(path):
    fill(path, "anna", "ben")
    first, second = path.read_bytes().splitlines(keepends=True)
    assert json.loads(first)["previous"] == START
    assert json.loads(second)["previous"] == hashlib.sha256(first).hexdigest()


def test_two_graders_cannot_write_one_journal(path):
    with Journal.open(path), pytest.raises(JournalError, match="in use by another grader"):
        Journal.open(path)
    Journal.open(path).close()


def test_a_full_disk_leaves_the_journal_as_it_was(path, monkeypatch):
    digest = fill(path, "anna")
    before, write = path.read_bytes(), os.write

    def half(descriptor, data):
        monkeypatch.setattr(os, "write", full)
        return write(descriptor, data[: len(data) // 2])

    def full(descriptor, data):
        raise OSError(28, "No space left on device")

    with Journal.open(path) as journal:
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space"):
            journal.append({"student": "ben"})
        monkeypatch.undo()
        assert path.read_bytes() == before and journal.digest == digest
        journal.append({"student": "cleo"})
    assert students(path) == ["anna", "cleo"]


def test_whatever_is_in_a_record_is_one_line_of_ascii(path):
    record = {
        "log": b"\xff\x1b[31m\n",
        "text": "line\nfeed \u2028 \ud800 \u202e \0",
        "time": datetime(2027, 1, 1, tzinfo=UTC),
        "ratio": float("nan"),
        "largest": float("inf"),
        "numpy": np.float64(0.5),
        "flags": ("late",),
        "set": {"b", "a"},
    }
    with Journal.open(path) as journal:
        journal.append(record)
        (entry,) = journal.records()
    assert path.read_bytes().isascii() and path.read_bytes().count(b"\n") == 1
    assert entry["log"] == "\\xff\x1b[31m\n" and entry["text"] == record["text"]
    assert (entry["ratio"], entry["largest"], entry["numpy"]) == ("nan", "inf", 0.5)
    assert (entry["flags"], entry["set"], entry["time"]) == (["late"], ["a", "b"], "2027-01-01T00:00:00+00:00")


def test_what_cannot_be_written_is_refused_before_anything_is_written(path):
    with Journal.open(path) as journal:
        with pytest.raises(TypeError, match="not object"):
            journal.append({"student": object()})
        with pytest.raises(ValueError, match="of its own"):
            journal.append({"previous": "forged"})
        assert path.stat().st_size == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.floats(allow_nan=False) | st.none())))
def test_any_records_come_back(tmp_path_factory, records):
    records = [{key: value for key, value in record.items() if key != "previous"} for record in records]
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    with Journal.open(path) as journal:
        for record in records:
            journal.append(record)
    with Journal.open(path) as journal:
        finite = [{k: v if v not in (float("inf"), -float("inf")) else str(v) for k, v in r.items()} for r in records]
        assert list(journal.records()) == finite
