"""``nstlib.doctor()``: whether the course runs here, what to do where it does not, and what this machine has.

It must answer where PyTorch is missing or broken, so nothing here imports it, or a module that does, at the top.
"""

import html
import importlib
import importlib.metadata
import importlib.util
import platform
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nstlib.errors import NstError

PACKAGES = ("nstlib", "torch", "torchvision", "numpy", "scipy", "pillow", "scikit-image", "matplotlib", "safetensors")
PACKAGES += ("jaxtyping", "platformdirs", "psutil", "unearth", "jupyterlab", "ipykernel", "ipywidgets", "anywidget")
# Versions that pip accepts and that break something, with what it is; the issue in brackets is their own
KNOWN_FAULTS = {
    ("ipykernel", "6.18.2"): "widgets do not answer (ipykernel 1040)",
    ("ipykernel", "6.18.3"): "widgets do not answer (ipykernel 1043)",
    ("ipykernel", "6.19.0"): "widgets do not answer (ipykernel 1050)",
    ("ipykernel", "7.0.0"): "what threads print goes to the wrong cell (ipykernel 1451)",
    ("ipykernel", "7.0.1"): "what threads print goes to the wrong cell (ipykernel 1451)",
}
NETWORKS = ("minivgg", "vgg19", "vgg16", "alexnet", "random-vgg19")
MODULES = {"pillow": "PIL", "scikit-image": "skimage"}  # where a package's module has another name
REINSTALL = "Reinstall PyTorch: python -m pip install --force-reinstall torch torchvision"
ENOUGH_MEMORY = 2e9  # a run at 512 px with minivgg peaks below 1.5 GB


@dataclass(frozen=True)
class Finding:
    """One line of the report; `advice` is empty where there is nothing to do about it.

    sign: ✓ is fine, ✗ stands in the way, ! does not and yet has advice; if not given, ✗ with advice and ✓ without.

    >>> Finding("psutil", "not installed", "Run: python -m pip install psutil").sign
    '✗'
    """

    what: str
    found: str
    advice: str = ""
    sign: str = ""

    def __post_init__(self) -> None:
        if not self.sign:
            object.__setattr__(self, "sign", "✗" if self.advice else "✓")


@dataclass(frozen=True)
class Report:
    """All findings, after a sentence that says whether the course runs; as text, and as a table in a notebook.

    >>> report = Report((Finding("Python", "3.11"), Finding("psutil", "not installed", "Install it.")))
    >>> print(report)
    Something is missing for the course: 1 thing to do.
    <BLANKLINE>
    ✗ psutil: not installed
      → Install it.
    <BLANKLINE>
    ✓ Python  3.11
    >>> report.healthy
    False
    """

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether no finding stands in the way."""
        return not any(finding.sign == "✗" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """Whether the course runs here, and how much there is to do, in one sentence."""
        if self.healthy:
            advised = any(finding.advice for finding in self.findings)
            return f"The course runs here: nothing to do{', but see the advice' if advised else ''}."
        to_do = sum(finding.sign == "✗" and bool(finding.advice) for finding in self.findings)
        return f"Something is missing for the course: {to_do} thing{'s' if to_do > 1 else ''} to do."

    def __str__(self) -> str:
        fine = [finding for finding in self.findings if finding.sign == "✓"]
        width = max((len(finding.what) for finding in fine), default=0)
        # Advice is not wrapped: a command to copy stays in one piece
        to_do = [
            _wrapped(f"{finding.sign} ", f"{finding.what}: {finding.found}")
            + (f"\n  → {finding.advice}" if finding.advice else "")
            for finding in self.findings
            if finding.sign != "✓"
        ]
        looked_at = [_wrapped(f"✓ {finding.what:{width}}  ", finding.found) for finding in fine]
        parts = (self.verdict, "\n".join(to_do), "\n".join(looked_at))
        return "\n\n".join(part for part in parts if part)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = []
        for finding in sorted(self.findings, key=lambda finding: finding.sign == "✓"):
            head = "To do" if finding.sign == "✗" else "Advice"
            advice = f"<br><strong>{head}:</strong> {html.escape(finding.advice)}" if finding.advice else ""
            mark = {"✓": "fine", "✗": "to do" if advice else "not yet", "!": "advice"}[finding.sign]
            rows.append(
                f"<tr><td style='text-align:left'>{html.escape(finding.what)}</td>"
                f"<td style='text-align:left'>{html.escape(finding.found)}{advice}</td><td>{mark}</td></tr>"
            )
        return f"<table><caption>nstlib.doctor(): {self.verdict}</caption>{''.join(rows)}</table>"


def _wrapped(head: str, text: str) -> str:
    """Return a line of the report, broken at 80 columns below where its text begins."""
    indent = " " * len(head)
    return textwrap.fill(head + text, 80, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def doctor() -> Report:
    """Look at versions, device, precision, threads, weights and memory.

    >>> report = doctor()  # as the last line of a cell it is shown as a table
    >>> [finding.what for finding in report.findings][:2]
    ['Python', 'nstlib']
    """
    packages = [_package(name) for name in PACKAGES]
    missing = {MODULES.get(finding.what, finding.what): finding.what for finding in packages if finding.advice}
    examined = partial(_examined, missing)
    findings = [_python(), *packages, examined("PyTorch", _torch, REINSTALL)]
    if findings[-1].sign == "✓":
        findings.append(examined("device, precision, threads", _plan, "Set NST_DEVICE=cpu, or r" + REINSTALL[1:]))
        findings += [examined(f"network {name}", partial(_network, name), REINSTALL) for name in NETWORKS]
    return Report((*findings, examined("free memory", _memory, "Run: python -m pip install psutil")))


def _examined(missing: dict[str, str], what: str, look: Callable[[], Finding], advice: str) -> Finding:
    """Return what `look` finds, or its failure as a finding: broken installations raise errors of every kind.

    missing: the packages that have a finding of their own, by module; what fails for want of one asks for nothing else.
    """
    try:
        return look()
    except Exception as fault:
        module = (fault.name or "").split(".")[0] if isinstance(fault, ModuleNotFoundError) else ""
        if module in missing:
            return Finding(what, f"needs {missing[module]}, which is missing above", sign="✗")
        reason = str(fault).strip().split("\n")[0] or "no reason given"
        return Finding(what, f"does not work, {type(fault).__name__}: {reason}", advice)


def _python() -> Finding:
    system = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    advice = "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer and set the project up again."
    return Finding("Python", system, advice)


def _package(name: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "not installed", f"Run: python -m pip install {name}")
    if importlib.util.find_spec(MODULES.get(name, name)) is None:
        return Finding(name, "its files are missing", f"Run: python -m pip install --force-reinstall {name}")
    fault = KNOWN_FAULTS.get((name, version))
    if fault is None:
        return Finding(name, version)
    return Finding(name, f"{version}: {fault}", f"Run: python -m pip install --upgrade {name}")


def _torch() -> Finding:
    """Import it and multiply: a broken installation often fails only there."""
    torch = importlib.import_module("torch")
    works = (torch.ones(2, 2) @ torch.ones(2, 2)).sum().item() == 8
    return Finding("PyTorch", "works" if works else "multiplies wrongly", "" if works else REINSTALL)


def _plan() -> Finding:
    """Choose, and take one step there: a GPU may be seen and yet run nothing."""
    from nstlib import engine
    from nstlib.networks.vgg import Architecture, Network

    try:
        plan = engine.plan()
    except NstError as refusal:  # an NST_DEVICE that cannot be had
        found, _, advice = str(refusal).rpartition(": ")
        return Finding("device, precision, threads", found, advice[0].upper() + advice[1:])
    network = engine.place(Network("trial", Architecture((8, 8), (1, 1)), ["relu2_1"]), plan)
    picture = network.mean.new_full((1, 3, 32, 32), 0.5, requires_grad=True)
    network(picture)["relu2_1"].float().sum().backward()
    return Finding("device, precision, threads", str(plan), "" if picture.grad.isfinite().all() else REINSTALL)


def _network(name: str) -> Finding:
    from nstlib.networks import weights

    return Finding(f"network {name}", "ready" if weights.present(name) else weights.ABSENT[name])


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available
    found = f"{free / 1e9:.1f} GB"
    if free > ENOUGH_MEMORY:
        return Finding("free memory", found)
    advice = "Close other programs and notebooks, or work at size=192 and below."
    return Finding("free memory", found, advice, sign="!")
