import importlib
import subprocess
import sys

import pytest

import nstlib
from nstlib import diagnosis


def test_a_report_names_what_was_chosen():
    report = nstlib.doctor()
    values = {finding.what: finding.found for finding in report.findings}
    assert values["device, precision, threads"] == "cpu, float32, 1 threads (NST_TEST=1)"
    assert values["network minivgg"] == "ready" and "not fetched yet" in values["network vgg19"]
    assert str(report).count("\n") >= len(report.findings) - 1
    assert "<caption>" in report._repr_html_() and "color" not in report._repr_html_()


@pytest.mark.parametrize("fault", [ImportError("libcudart.so.13: cannot open"), OSError("WinError 126"), ImportError()])
def test_a_broken_torch_is_named_with_what_to_do(monkeypatch, fault):
    def broken(name):
        raise fault

    monkeypatch.setattr(importlib, "import_module", broken)
    report = diagnosis.doctor()
    finding = next(finding for finding in report.findings if finding.what == "PyTorch")
    assert type(fault).__name__ in finding.found and "pip install --force-reinstall torch" in finding.advice
    assert not report.healthy and "→ Reinstall PyTorch" in str(report) and "To do:" in report._repr_html_()


@pytest.mark.parametrize("package", ["torch", "torchvision", "psutil", "platformdirs", "safetensors"])
def test_it_answers_where_something_is_not_installed(package):
    script = (
        f"import sys; sys.modules['{package}'] = None\n"  # what import meets when a package is not there
        "import nstlib; print(nstlib.doctor())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "✗" in done.stdout and package in done.stdout and "→" in done.stdout


def test_missing_packages_and_little_memory_are_named(monkeypatch):
    monkeypatch.setattr(diagnosis, "PACKAGES", ("nstlib", "no-such-package"))
    monkeypatch.setattr(diagnosis, "ENOUGH_MEMORY", 1e18)
    report = diagnosis.doctor()
    advice = {finding.what: finding.advice for finding in report.findings}
    assert advice["no-such-package"] == "Run: python -m pip install no-such-package"
    assert "Close other programs" in advice["free memory"] and not advice["nstlib"]


def test_a_gpu_that_runs_nothing_is_named(monkeypatch):
    from nstlib import engine

    def broken(network, plan):
        raise RuntimeError("CUDA error: no kernel image is available")

    monkeypatch.setattr(engine, "place", broken)
    finding = next(finding for finding in diagnosis.doctor().findings if finding.what.startswith("device"))
    assert "no kernel image" in finding.found and "NST_DEVICE=cpu" in finding.advice
