"""The instructor's folder: a secret, hidden tests for every question, points, dates, and the class list.

``new`` makes it with PyTorch and the references; ``Bundle.load`` needs numpy alone. A child never reads it: it lies
outside of all paths that a child may read, and is not a part of the package.
"""

import hashlib
import json
import os
import secrets
import shutil
import sys
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from nstlib.grading.bundle import classroom, questions
from nstlib.grading.bundle.classroom import Override, Student
from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.bundle.questions import GradedQuestion, Test
from nstlib.grading.csv_files import TableError, write
from nstlib.grading.escaping import printable

__all__ = ["Bundle", "BundleError", "GradedQuestion", "Test", "new"]


class BundleError(ValueError):
    """There is no usable bundle, or none can be made there; the message says why and what to do."""


@dataclass(frozen=True)
class Bundle:
    """digest: of all that can change a verdict or its points: secret, tests, points; not of dates and the class."""

    path: Path
    name: str
    asked: Mapping[str, GradedQuestion]
    policy: Policy
    roster: tuple[Student, ...]
    overrides: tuple[Override, ...]
    digest: str
    secret: bytes = field(repr=False)

    @property
    def tests(self) -> dict[str, list[Test]]:
        """The hidden tests by question."""
        return {name: list(each.tests) for name, each in self.asked.items()}

    @property
    def points(self) -> dict[str, int]:
        """The points by question, in the course's order."""
        return {name: each.points for name, each in self.asked.items()}

    def only(self, exercises: Sequence[str]) -> "Bundle":
        """Return the bundle with the questions of these exercises alone; raises BundleError for an unknown one."""
        known = sorted({name.partition(".")[0] for name in self.asked})
        if unknown := [each for each in exercises if each not in known]:
            raise BundleError(f"The bundle has no exercise {printable(unknown[0])!r}; it has {', '.join(known)}.")
        asked = {name: each for name, each in self.asked.items() if name.partition(".")[0] in exercises}
        return replace(self, asked=asked, overrides=tuple(each for each in self.overrides if each.question in asked))

    @classmethod
    def load(cls, path: Path) -> "Bundle":
        """Read a bundle; raises BundleError."""
        if not (path / "bundle.toml").is_file():
            raise BundleError(f"{path} is no bundle: it has no bundle.toml. Make one with: nst bundle new {path}")
        try:
            settings = classroom.read_toml(path / "bundle.toml")
            asked = questions.read(path, settings.get("points", {}))
            roster = classroom.roster(path / "roster.csv")
            late = classroom.policy(settings.get("late", {}), classroom.extensions(path / "extensions.csv"))
            overrides = classroom.overrides(path / "overrides.csv", {name: each.points for name, each in asked.items()})
            classroom.require_known({name.partition(".")[0] for name in asked}, roster, late, overrides)
            return cls(
                path=path,
                name=str(settings.get("name", path.name)),
                asked=asked,
                policy=late,
                roster=roster,
                overrides=overrides,
                digest=_digest(path, asked),
                secret=_secret(path / "secret"),
            )
        except TableError as fault:
            raise BundleError(f"{path}: {fault}") from None
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as fault:
            if isinstance(fault, BundleError):
                raise
            said = printable(fault, most=200)
            raise BundleError(
                f"{path} is damaged ({type(fault).__name__}: {said}). Restore it from a copy; a new bundle has other "
                "tests, and makes the class be graded anew."
            ) from None


def new(directory: Path, *, secret: bytes | None = None, created: date | None = None) -> Bundle:
    """Make a bundle: written to a temporary folder that then takes its name. Raises BundleError."""
    directory = Path(os.path.abspath(directory))
    _require_place(directory)
    from nstlib.checks import all_questions
    from nstlib.grading.bundle import hidden_tests

    secret = secrets.token_bytes(32) if secret is None else secret
    part = directory.with_name(f".{uuid.uuid4().hex}.part")
    part.mkdir(mode=0o700)
    try:
        asked = {name: hidden_tests.asked(each, secret, directory.name) for name, each in all_questions().items()}
        points = {name: each.points for name, each in asked.items()}
        write(
            part / "bundle.toml",
            classroom.toml(json.dumps(directory.name, ensure_ascii=False)[1:-1], created or date.today(), points),
        )
        for name, text in classroom.EMPTY.items():
            write(part / name, text)
        write(part / ".gitignore", "*\n")  # in whatever repository it lies, it is not committed
        _write_secret(part / "secret", secret)
        questions.write(part, asked)
        os.rename(part, directory)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Bundle.load(directory)


def _require_place(directory: Path) -> None:
    if directory.exists() or directory.is_symlink():
        raise BundleError(f"{directory} exists. Choose another name: a bundle is never overwritten.")
    if not directory.parent.is_dir():
        raise BundleError(
            f"The folder {directory.parent}, in which the bundle would lie, does not exist. Make it first."
        )
    place, package = directory.resolve(), Path(__file__).resolve().parents[2]
    readable = {Path(each).resolve() for each in (sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", package)}
    for folder in place.parents:
        if folder in readable - {Path(place.anchor)}:
            raise BundleError(
                f"{directory} lies in {folder}, which graded answers may read. Choose a place in your home."
            )
        if folder.name in ("exercises", "site-packages"):
            raise BundleError(f"{directory} lies in {folder}, which is given to others. Choose a place of your own.")


def _write_secret(path: Path, secret: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        os.fsync(file.fileno())


def _secret(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise BundleError(f"{path} can be read by others on this computer. Close it with: chmod 600 {path}")
    secret = path.read_bytes()
    if len(secret) < 16:
        raise BundleError(f"{path} holds {len(secret)} bytes, fewer than a secret has. Restore it from a copy.")
    return secret


def _digest(folder: Path, asked: Mapping[str, GradedQuestion]) -> str:
    whole = hashlib.sha256(json.dumps({name: each.points for name, each in asked.items()}).encode())
    for path in (folder / "secret", folder / "tests.json", *(folder / "tests" / f"{name}.npz" for name in asked)):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()
