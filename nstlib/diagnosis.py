"""``nstlib.doctor()``: what this machine has, what the library chose because of it, and what to do about each problem.

It must answer where PyTorch is missing or broken, so nothing here imports it, or a module that does, at the top.
"""

import html
import importlib
import importlib.metadata
import platform
import sys
from dataclasses import dataclass

PACKAGES = ("nstlib", "torch", "torchvision", "numpy", "pillow", "scikit-image", "jupyterlab", "ipywidgets")
ENOUGH_MEMORY = 2e9  # a run at 512 px with minivgg peaks below 1.5 GB


@dataclass(frozen=True)
class Finding:
    """One line of the report; `advice` is empty where nothing is wrong."""

    what: str
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """All findings; readable as text, and as a table in a notebook."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether no finding asks for anything to be done."""
        return not any(finding.advice for finding in self.findings)

    def __str__(self) -> str:
        width = max(len(finding.what) for finding in self.findings)
        lines = []
        for finding in self.findings:
            lines.append(f"{'✗' if finding.advice else '✓'} {finding.what:{width}}  {finding.found}")
            if finding.advice:
                lines.append(f"  {'':{width}}  → {finding.advice}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = []
        for finding in self.findings:
            advice = f"<br><strong>To do:</strong> {html.escape(finding.advice)}" if finding.advice else ""
            mark = "to do" if finding.advice else "fine"
            rows.append(
                f"<tr><td style='text-align:left'>{html.escape(finding.what)}</td>"
                f"<td style='text-align:left'>{html.escape(finding.found)}{advice}</td><td>{mark}</td></tr>"
            )
        return f"<table><caption>nstlib.doctor()</caption>{''.join(rows)}</table>"


def doctor() -> Report:
    """Look at versions, device, precision, threads, weights and memory; measures the thread count afresh."""
    findings = [_python(), *_packages(), _torch()]
    if not findings[-1].advice:
        findings += [_plan(), *_networks()]
    return Report((*findings, _memory()))


def _python() -> Finding:
    system = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    advice = "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer and set the project up again."
    return Finding("Python", system, advice)


def _packages() -> list[Finding]:
    return [_package(name) for name in PACKAGES]


def _package(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", f"Run: python -m pip install {name}")


def _torch() -> Finding:
    """Import PyTorch and multiply: a broken installation often fails only there."""
    try:
        torch = importlib.import_module("torch")
        works = (torch.ones(2, 2) @ torch.ones(2, 2)).sum().item() == 8
    except Exception as fault:  # broken installations raise ImportError, OSError, AttributeError …
        reason = f"{type(fault).__name__}: {str(fault).splitlines()[0] if str(fault) else 'no reason given'}"
        return Finding(
            "PyTorch works", reason, "Reinstall it: python -m pip install --force-reinstall torch torchvision"
        )
    advice = "" if works else "Reinstall it: python -m pip install --force-reinstall torch torchvision"
    return Finding("PyTorch works", "yes" if works else "no, it multiplies wrongly", advice)


def _plan() -> Finding:
    from nstlib import engine

    return Finding("device, precision, threads", str(engine.plan(afresh=True)))


def _networks() -> list[Finding]:
    from nstlib.networks import ARCHITECTURES, weights

    return [
        Finding(f"network {name}", "ready" if weights.present(name) else f"not fetched yet; load('{name}') would")
        for name in ARCHITECTURES
    ]


def _memory() -> Finding:
    try:
        import psutil

        free = psutil.virtual_memory().available
    except ImportError:
        return Finding("free memory", "unknown", "Run: python -m pip install psutil")
    advice = "" if free > ENOUGH_MEMORY else "Close other programs and notebooks, or work at size=192 and below."
    return Finding("free memory", f"{free / 1e9:.1f} GB", advice)
