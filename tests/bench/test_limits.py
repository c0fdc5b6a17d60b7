import json

import pytest

from nstlib.bench import limits


def test_a_pass_is_measured():
    measured = limits.measure("minivgg", 32)
    assert measured["pixels"] == 32 * 48 and measured["seconds"] > 0 and measured["memory"] > 1e8


def test_the_exponent_is_the_slope_of_the_logarithms():
    measured = [{"pixels": pixels, "seconds": 3 * pixels**1.25} for pixels in (10, 100, 5000)]
    assert limits.exponent(measured) == pytest.approx(1.25)


def test_each_size_has_a_process_and_a_row(monkeypatch):
    asked = []

    def run(command, **_):
        asked.append(command[-1])
        measured = {"pixels": 100 * 4 ** len(asked), "seconds": 2 * 4 ** len(asked), "memory": 2e9}
        return type("Done", (), {"stdout": json.dumps(measured), "returncode": 0})

    monkeypatch.setattr(limits.subprocess, "run", run)
    monkeypatch.setattr(limits, "machine", lambda: "here")  # it asks the system by a process, too
    shown = limits.table("minivgg", [10, 20])
    assert len(asked) == 2 and "'minivgg', 20" in asked[1] and shown.caption == "seconds ∝ pixels^1.00"
    assert [*shown.columns[3].cells] == ["2.00 GB", "2.00 GB"]


def test_a_size_that_fails_keeps_the_rows_before_it():
    shown = limits.table("minivgg", [16, 15, 17])  # 15 pixels leave no position at the deepest layer
    sizes, last = [*shown.columns[1].cells], [*shown.columns[3].cells][-1]
    assert sizes == ["16", "15"] and last.startswith("failed: ValueError: ") and shown.caption is None
