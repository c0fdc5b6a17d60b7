import json

import pytest

from nstlib.bench import limits


def test_a_pass_is_measured():
    rows = limits.measure("minivgg", 32)
    assert rows["pixels"] == 32 * 48 and rows["seconds"] > 0 and rows["memory"] > 1e8


def test_the_exponent_is_the_slope_of_the_logarithms():
    rows = [{"pixels": pixels, "seconds": 3 * pixels**1.25} for pixels in (10, 100, 5000)]
    assert limits.exponent(rows) == pytest.approx(1.25)


def test_each_size_has_a_process_and_a_row(monkeypatch):
    commands = []

    def run(command, **_):
        commands.append(command[-1])
        rows = {"pixels": 100 * 4 ** len(commands), "seconds": 2 * 4 ** len(commands), "memory": 2e9}
        return type("Done", (), {"stdout": json.dumps(rows), "returncode": 0})

    monkeypatch.setattr(limits.subprocess, "run", run)
    monkeypatch.setattr(limits, "machine", lambda: "here")  # it asks the system by a process, too
    report = limits.table("minivgg", [10, 20])
    assert len(commands) == 2 and "'minivgg', 20" in commands[1] and report.caption == "seconds ∝ pixels^1.00"
    assert [*report.columns[3].cells] == ["2.00 GB", "2.00 GB"]


def test_a_size_that_fails_keeps_the_rows_before_it():
    report = limits.table("minivgg", [16, 15, 17])  # 15 pixels leave no position at the deepest layer
    sizes = [*report.columns[1].cells]
    last = [*report.columns[3].cells][-1]
    assert (
        sizes == ["16", "15"]
        and last.startswith("failed: nstlib.errors.NstError: Expected ")
        and report.caption is None
    )
