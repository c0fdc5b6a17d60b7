"""What can change a number: it is part of the key under which marks are found again."""

import functools
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute, the machine's kind, and the grader."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "grader": _code()}
    for package in ("nstlib", "torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout that was not installed
            found[package] = "not installed"
    return found


@functools.cache
def _code() -> str:
    """Return a digest of all code that reads, runs and judges: marks of other code are not this code's marks."""
    package, whole = Path(__file__).parents[1], hashlib.sha256()
    for file in sorted([*(package / "grading").glob("*.py"), *(package / "checks").glob("*.py")]):
        whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()[:16]
