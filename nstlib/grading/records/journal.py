"""The journal: one line for each graded submission, on the disk before the next is written, chained to the line before.

A submission that has a line need not be graded again. A line is JSON in ASCII: nothing a student wrote can end it.
"""

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from nstlib.errors import NstError

try:
    import fcntl
except ImportError:  # Windows, where nothing is graded
    fcntl = None

__all__ = ["START", "Journal", "JournalError"]

START = "0" * 64  # the first line has this in place of a hash of the line before
PREVIOUS = "previous"


class JournalError(NstError):
    """The journal was changed, or another grader is writing it; the message says which, and what to do."""


class Journal:
    """A journal that is open for appending, by one process at a time. `Journal.open(path)` makes or continues it.

    digest: the SHA-256 of the last line, which covers all above it. dropped: the bytes of a last line that was cut off.
    """

    def __init__(self, path: Path, descriptor: int, size: int, digest: str, dropped: int) -> None:
        self.path = path
        self.digest = digest
        self.dropped = dropped
        self._descriptor = descriptor
        self._size = size

    @classmethod
    def open(cls, path: Path) -> "Journal":
        """Check the chain, drop a last line that was cut off, and keep other graders out until `close`.

        Raises JournalError where a line does not follow from the line before it.
        """
        new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _keep_others_out(descriptor, path)
            size = 0
            digest = START
            for _, end, line_digest in _lines(path):
                size = end
                digest = line_digest
            dropped = os.fstat(descriptor).st_size - size
            if dropped:
                os.ftruncate(descriptor, size)
                os.fsync(descriptor)
            if new and os.name == "posix":
                _sync(path.parent)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, size, digest, dropped)

    def append(self, record: dict) -> None:
        """Write a record, and wait until it is on the disk. If that fails, the journal stays as it was."""
        if PREVIOUS in record:
            raise ValueError(f"Expected a record without {PREVIOUS!r}, got one of its own: leave it to the journal.")
        line = _encode_line({PREVIOUS: self.digest} | record)
        try:
            rest = line
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)
        self.digest = hashlib.sha256(line).hexdigest()

    def records(self) -> Iterator[dict]:
        """Read the records one by one, oldest first."""
        for record, end, _ in _lines(self.path):
            if end > self._size:
                return
            record.pop(PREVIOUS)
            yield record

    def close(self) -> None:
        """Close the file, so that another grader may open it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lines(path: Path) -> Iterator[tuple[dict, int, str]]:
    """Yield each whole line's record, where the line ends, and its hash; raise JournalError where the chain breaks."""
    end = 0
    previous = START
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):  # its writing was cut off
                return
            try:
                record = json.loads(line)
                chained = isinstance(record, dict) and record.get(PREVIOUS) == previous
            except (ValueError, RecursionError):
                chained = False
            if not chained:
                raise JournalError(
                    f"{path}, line {number} does not follow from the line before: one of the two was changed after it "
                    "was written. Restore the file from a copy, or move it away and grade everything again."
                )
            end += len(line)
            previous = hashlib.sha256(line).hexdigest()
            yield record, end, previous


def _encode_line(record: dict) -> bytes:
    return json.dumps(_plain(record), allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def _plain(value):
    """Turn a value into what JSON has: bytes into text, nan and infinities into their names, dates into ISO form."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float) and not math.isfinite(number):
        return str(number)
    if isinstance(number, int | float):
        return number
    raise TypeError(f"Expected numbers, text, lists or dictionaries in a record, not {type(value).__name__}.")


def _keep_others_out(descriptor: int, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalError(
            f"{path} is in use by another grader. Wait until it is done, or choose another --out."
        ) from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
