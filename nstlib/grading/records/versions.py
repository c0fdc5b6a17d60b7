"""What can change a number: it is part of the key under which marks are found again."""

import functools
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute, the machine's kind, and the grader."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "grader": _grader()}
    for package in ("nstlib", "torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout that was not installed
            found[package] = "not installed"
    return found


def code_digest(package: Path) -> str:
    """Return a digest of all code that reads, runs and judges: marks of other code are not this code's marks."""
    digest = hashlib.sha256()
    for room in ("grading", "checks"):
        for file in sorted((package / room).rglob("*.py")):
            digest.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def _grader() -> str:
    return code_digest(PACKAGE)
