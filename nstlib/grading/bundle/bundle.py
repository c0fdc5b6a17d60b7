"""The instructor's folder: a secret, hidden tests for every question, points, due dates and the class list.

``new`` makes a bundle, which takes PyTorch and the reference answers; ``Bundle.load`` needs numpy alone. No child ever
reads a bundle: it lies outside every folder that a child may read, and it is not part of the package.
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

from nstlib.errors import NstError
from nstlib.files import require_folder
from nstlib.grading.bundle import classroom, rubric
from nstlib.grading.bundle.classroom import Override, Student
from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.bundle.questions import GradedQuestion, Test, read_questions, write_questions
from nstlib.grading.csv_files import TableError, write
from nstlib.grading.escaping import printable

__all__ = ["Bundle", "BundleError", "GradedQuestion", "Test", "new"]

SECRET_BYTES = 16  # the fewest that a secret may have


class BundleError(NstError):
    """The bundle cannot be used, or none can be made there; the message says why and what to do."""


@dataclass(frozen=True)
class Bundle:
    """What the grader knows of a course and its class.

    marks: of the questions that a person marks. digest: of everything that can change a verdict or its points (secret,
    tests, points); not of dates, the class or the rubric.
    """

    path: Path
    name: str
    questions: Mapping[str, GradedQuestion]
    policy: Policy
    roster: tuple[Student, ...]
    overrides: tuple[Override, ...]
    marks: rubric.Marks
    digest: str
    secret: bytes = field(repr=False)

    @property
    def tests(self) -> dict[str, list[Test]]:
        """The hidden tests of each question."""
        return {name: list(question.tests) for name, question in self.questions.items()}

    @property
    def points(self) -> dict[str, int]:
        """The points of each question, in the course's order."""
        return {name: question.points for name, question in self.questions.items()}

    @property
    def bonus(self) -> frozenset[str]:
        """The questions whose points come on top of the others'."""
        return frozenset(name for name, question in self.questions.items() if question.bonus)

    def only(self, exercises: Sequence[str]) -> "Bundle":
        """Return the bundle with the questions of these exercises alone; raises BundleError for an unknown one."""
        known = sorted({_exercise(name) for name in self.questions})
        if unknown := [exercise for exercise in exercises if exercise not in known]:
            raise BundleError(f"The bundle has no exercise {printable(unknown[0])!r}; it has {', '.join(known)}.")
        questions = {name: question for name, question in self.questions.items() if _exercise(name) in exercises}
        overrides = tuple(override for override in self.overrides if override.question in questions)
        marks = {name: lines for name, lines in self.marks.items() if name in questions}
        return replace(self, questions=questions, overrides=overrides, marks=marks)

    @classmethod
    def load(cls, path: Path) -> "Bundle":
        """Read a bundle; raises BundleError."""
        if not (path / "bundle.toml").is_file():
            raise BundleError(
                f"Expected a bundle at {path}, but there is no bundle.toml in it. Give the folder that "
                "nst bundle new made, or make one: nst bundle new FOLDER"
            )
        try:
            return cls._read(path)
        except BundleError:
            raise
        except TableError as fault:
            raise BundleError(f"{path}: {fault}") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as fault:
            message = printable(fault, most=200)
            raise BundleError(
                f"{path} is damaged ({type(fault).__name__}: {message}). Restore it from a copy. A new bundle would "
                "have other tests, and the whole class would be graded again."
            ) from None

    @classmethod
    def _read(cls, path: Path) -> "Bundle":
        settings = classroom.read_toml(path / "bundle.toml")
        tested = read_questions(path, settings.get("points", {}))
        questions = rubric.read_rubric(path / "rubric.csv", tested)
        roster = classroom.roster(path / "roster.csv")
        policy = classroom.policy(settings.get("late", {}), classroom.extensions(path / "extensions.csv"))
        points = {name: question.points for name, question in questions.items()}
        overrides = classroom.overrides(path / "overrides.csv", points)
        classroom.require_known({_exercise(name) for name in questions}, roster, policy, overrides)
        return cls(
            path=path,
            name=str(settings.get("name", path.name)),
            questions=questions,
            policy=policy,
            roster=roster,
            overrides=overrides,
            marks=rubric.read_marks(path, questions.values()),
            digest=_digest(path, tested),
            secret=_read_secret(path / "secret"),
        )


def new(directory: Path, *, secret: bytes | None = None, created: date | None = None, by_hand: bool = True) -> Bundle:
    """Make a bundle in a temporary folder, which takes its name once it is complete. Raises BundleError.

    by_hand: whether the course's own questions that a person marks are in its rubric.csv.
    """
    directory = Path(os.path.abspath(directory))
    _require_safe_location(directory)
    from nstlib.checks import all_questions
    from nstlib.checks.open_questions import OPEN
    from nstlib.grading.bundle import hidden_tests

    secret = secrets.token_bytes(32) if secret is None else secret
    part = directory.with_name(f".{uuid.uuid4().hex}.part")
    part.mkdir(mode=0o700)
    try:
        questions = {
            name: hidden_tests.make_question(question, secret, directory.name)
            for name, question in all_questions().items()
        }
        points = {name: question.points for name, question in questions.items()}
        title = json.dumps(directory.name, ensure_ascii=False)[1:-1]  # escaped, as a string of TOML is
        bonus = {name for name, question in questions.items() if question.bonus}
        write(part / "bundle.toml", classroom.toml(title, created or date.today(), points, bonus))
        for name, text in classroom.EMPTY.items():
            write(part / name, text)
        if by_hand:
            exercises = {_exercise(name) for name in questions}
            of_these = [question for name, question in OPEN.items() if _exercise(name) in exercises]
            write(part / "rubric.csv", rubric.text(of_these))
        write(part / ".gitignore", "*\n")  # no repository that it lies in commits it
        _write_secret(part / "secret", secret)
        write_questions(part, questions)
        os.rename(part, directory)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Bundle.load(directory)


def _exercise(question: str) -> str:
    return question.partition(".")[0]


def _require_safe_location(directory: Path) -> None:
    """Refuse what exists already, and every folder that a child may read or that is handed on to others."""
    if directory.exists() or directory.is_symlink():
        raise BundleError(f"{directory} already exists, and a bundle is never overwritten. Choose another name.")
    if not directory.parent.is_dir():
        raise BundleError(f"The folder {directory.parent} does not exist. Make it first, then make the bundle in it.")
    location = directory.resolve()
    package = Path(__file__).resolve().parents[2]
    readable = {Path(path).resolve() for path in (sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", package)}
    for folder in location.parents:
        if folder in readable - {Path(location.anchor)}:
            raise BundleError(
                f"{directory} would lie in {folder}, which graded answers may read. Choose a place in your home folder."
            )
        if folder.name in ("exercises", "site-packages"):
            raise BundleError(
                f"{directory} would lie in {folder}, which is handed on to others. Choose a place of your own."
            )
    require_folder(directory.parent)


def _write_secret(path: Path, secret: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        os.fsync(file.fileno())


def _read_secret(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise BundleError(f"Other users of this computer can read {path}. Close it to them: chmod 600 {path}")
    secret = path.read_bytes()
    if len(secret) < SECRET_BYTES:
        raise BundleError(
            f"Expected at least {SECRET_BYTES} bytes of secret in {path}, got {len(secret)}. Restore it from a copy."
        )
    return secret


def _digest(folder: Path, questions: Mapping[str, GradedQuestion]) -> str:
    points = {name: question.points for name, question in questions.items()}
    digest = hashlib.sha256(json.dumps(points).encode())
    for path in (folder / "secret", folder / "tests.json", *(folder / "tests" / f"{name}.npz" for name in questions)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
