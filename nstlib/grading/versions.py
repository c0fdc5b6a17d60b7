"""What can change a number: it is part of the key under which marks are found again."""

import platform
from importlib.metadata import PackageNotFoundError, version


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages that compute, and the machine's kind."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in ("nstlib", "torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout that was not installed
            found[package] = "not installed"
    return found
