"""The journal: a line for each graded submission, on the disk before the next begins, chained to the line before.

What has a line need not be graded again. A line holds JSON in ASCII, so that nothing a student wrote can end it.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where nothing is graded
    fcntl = None

__all__ = ["START", "Journal", "JournalError"]

START = "0" * 64  # what the first line has in place of the hash of a line before
PREVIOUS = "previous"


class JournalError(ValueError):
    """The journal was changed, or another grader writes it; the message says which, and what to do."""


class Journal:
    """A journal that is open for appending; one process at a time. `Journal.open(path)` makes or continues it.

    digest: the SHA-256 of the last line, which stands for all that is above it.
    """

    def __init__(self, path: Path, descriptor: int, size: int, digest: str, dropped: int) -> None:
        self.path, self.digest, self.dropped = path, digest, dropped
        self._descriptor, self._size = descriptor, size

    @classmethod
    def open(cls, path: Path) -> "Journal":
        """Check the chain, drop a last line that was cut off, and keep others out until `close`.

        Raises JournalError where a line does not follow from the one before.
        """
        made = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
        try:
            _keep_others_out(descriptor, path)
            size, digest = 0, START
            for _, end, line in _lines(path):
                size, digest = end, line
            dropped = os.fstat(descriptor).st_size - size
            if dropped:
                os.ftruncate(descriptor, size)
                os.fsync(descriptor)
            if made and os.name == "posix":
                _sync(path.parent)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor, size, digest, dropped)

    def append(self, record: dict) -> None:
        """Write a record and wait until the disk has it. If that fails, the journal stays as it was."""
        if PREVIOUS in record:
            raise ValueError(f"A record has no {PREVIOUS!r} of its own: the journal writes it.")
        line = _written({PREVIOUS: self.digest} | record)
        try:
            left = line
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)
        self.digest = hashlib.sha256(line).hexdigest()

    def records(self) -> Iterator[dict]:
        """Read the records one by one, oldest first."""
        for line, end, _ in _lines(self.path):
            if end > self._size:
                return
            line.pop(PREVIOUS)
            yield line

    def close(self) -> None:
        """Let others have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lines(path: Path) -> Iterator[tuple[dict, int, str]]:
    """Read each whole line's record, where the line ends, and its hash; raise JournalError where the chain breaks."""
    end, previous = 0, START
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):  # a write that did not come to its end: no line contains a line feed
                return
            try:
                record = json.loads(line)
                chained = isinstance(record, dict) and record.get(PREVIOUS) == previous
            except (ValueError, RecursionError):
                chained = False
            if not chained:
                raise JournalError(
                    f"{path.name}: line {number} does not follow from the line before. It, or the line before, was "
                    f"changed after it was written. Restore the file from a copy, or move it away and grade anew."
                )
            end, previous = end + len(line), hashlib.sha256(line).hexdigest()
            yield record, end, previous


def _written(record: dict) -> bytes:
    return json.dumps(_plain(record), allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def _plain(value):
    """Turn into what JSON has: bytes become text, numbers that JSON lacks their names, a date its ISO form."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float) and number - number != 0:
        return str(number)
    if isinstance(number, int | float):
        return number
    raise TypeError(f"A journal holds numbers, text, lists and dictionaries, not {type(value).__name__}.")


def _keep_others_out(descriptor: int, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalError(f"{path.name} is in use by another grader. Wait for it, or choose another --out.") from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
