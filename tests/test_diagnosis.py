import importlib
import importlib.metadata
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


def test_a_report_begins_with_whether_the_course_runs_and_ends_within_80_columns():
    finding, problem = (
        diagnosis.Finding("network vgg16", "not fetched yet; " * 9),
        diagnosis.Finding("psutil", "?", "Do."),
    )
    fine, broken = diagnosis.Report((finding,)), diagnosis.Report((finding, problem, problem))
    assert str(fine).startswith("The course runs here: nothing to do.\n\n✓")
    assert str(broken).startswith("Something is missing for the course: 2 things to do.\n\n✗ psutil: ?\n  → Do.\n✗")
    assert max(map(len, str(broken).splitlines())) <= 80 and str(broken).count("psutil") == 2
    for report in (fine, broken):
        assert report.verdict in report._repr_html_()
    assert broken._repr_html_().index("psutil") < broken._repr_html_().index("network vgg16")


@pytest.mark.parametrize("fault", [ImportError("libcudart.so.13: cannot open"), OSError("WinError 126"), ImportError()])
def test_a_broken_torch_is_named_with_what_to_do(monkeypatch, fault):
    def broken(name):
        raise fault

    monkeypatch.setattr(importlib, "import_module", broken)
    report = diagnosis.doctor()
    finding = next(finding for finding in report.findings if finding.what == "PyTorch")
    assert type(fault).__name__ in finding.found and "pip install --force-reinstall torch" in finding.advice
    assert not report.healthy and "→ Reinstall PyTorch" in str(report) and "To do:" in report._repr_html_()


WITHOUT = """
import importlib.metadata, os, sys
installed = importlib.metadata.version
for package in sys.argv[1:]:
    if package != "torch":
        import torch  # once, which takes seconds
    print("without", package, flush=True)
    process = os.fork()
    if not process:
        sys.modules[MODULES.get(package, package)] = None  # what import meets when a package is not there
        def version(name):
            if name == package:
                raise importlib.metadata.PackageNotFoundError(name)
            return installed(name)
        importlib.metadata.version = version
        import nstlib
        print(nstlib.doctor(), flush=True)
        os._exit(0)
    assert os.waitpid(process, 0)[1] == 0
"""
NEEDED = ["torch", "torchvision", "numpy", "psutil", "safetensors", "pillow", "jaxtyping", "scikit-image"]


@pytest.fixture(scope="module")
def reports_without():
    """What the doctor says in a process of its own without each of the packages."""
    command = [sys.executable, "-c", f"MODULES = {diagnosis.MODULES}\n{WITHOUT}", *NEEDED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(part.split("\n", 1) for part in done.stdout.split("without ")[1:])


@pytest.mark.parametrize("package", NEEDED)
def test_it_answers_where_something_is_not_installed(package, reports_without):
    report = reports_without[package]
    assert report.startswith(
        "Something is missing for the course: 1 thing to do.\n\n"
        f"✗ {package}: not installed\n  → Run: python -m pip install {package}\n"
    )
    assert report.count("→") == 1 and "Reinstall" not in report and "does not work" not in report


@pytest.mark.parametrize(
    ("package", "others"),
    [
        ("torch", ["PyTorch"]),
        ("psutil", ["device, precision, threads", "free memory"]),
        ("numpy", ["device, precision, threads", *(f"network {name}" for name in diagnosis.NETWORKS)]),
        ("torchvision", ["network vgg19", "network alexnet"]),
    ],
)
def test_what_fails_for_want_of_a_missing_package_is_no_second_thing_to_do(package, others, reports_without):
    for what in others:
        assert f"\n✗ {what}: needs {package}, which is missing above\n" in reports_without[package]


def test_a_package_whose_files_are_gone_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    report = diagnosis.doctor()
    assert str(report).startswith(
        "Something is missing for the course: 1 thing to do.\n\n"
        "✗ psutil: its files are missing\n  → Run: python -m pip install --force-reinstall psutil\n"
    )


def test_missing_packages_and_little_memory_are_named(monkeypatch):
    monkeypatch.setattr(diagnosis, "PACKAGES", ("nstlib", "no-such-package"))
    monkeypatch.setattr(diagnosis, "ENOUGH_MEMORY", 1e18)
    report = diagnosis.doctor()
    advice = {finding.what: finding.advice for finding in report.findings}
    assert advice["no-such-package"] == "Run: python -m pip install no-such-package"
    assert "Close other programs" in advice["free memory"] and not advice["nstlib"]


def test_little_memory_is_no_obstacle(monkeypatch):
    monkeypatch.setattr(diagnosis, "ENOUGH_MEMORY", 1e18)
    report = diagnosis.doctor()
    assert str(report).startswith("The course runs here: nothing to do, but see the advice.\n\n! free memory: ")
    assert report.healthy and "Advice:" in report._repr_html_() and "to do" not in report._repr_html_().split("but")[1]


def test_a_gpu_that_runs_nothing_is_named(monkeypatch):
    from nstlib import engine

    def broken(network, plan):
        raise RuntimeError("CUDA error: no kernel image is available")

    monkeypatch.setattr(engine, "place", broken)
    finding = next(finding for finding in diagnosis.doctor().findings if finding.what.startswith("device"))
    assert "no kernel image" in finding.found and "Set NST_DEVICE=cpu, or reinstall PyTorch: " in finding.advice


@pytest.mark.parametrize("given", ["cuda", "nonsense"])
def test_a_device_that_cannot_be_had_makes_the_report_unhealthy(monkeypatch, given):
    monkeypatch.delenv("NST_TEST")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setenv("NST_DEVICE", given)
    report = diagnosis.doctor()
    finding = next(finding for finding in report.findings if finding.what.startswith("device"))
    assert given in finding.found and "NstError" not in finding.found and "reinstall" not in finding.advice
    assert finding.advice.startswith("Set NST_DEVICE=cpu, or unset it") and not report.healthy


def test_versions_that_are_known_to_break_are_named(monkeypatch):
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "7.0.0" if name == "ipykernel" else real(name))
    report = diagnosis.doctor()
    (finding,) = [finding for finding in report.findings if finding.what == "ipykernel"]
    assert finding.found.startswith("7.0.0: what threads print") and not report.healthy
    assert finding.advice == "Run: python -m pip install --upgrade ipykernel"
