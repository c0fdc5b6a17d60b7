"""What lies in a folder or in a .zip: names, times, and how to open each. No link is followed, nothing is unpacked."""

import errno
import io
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from nstlib.grading.escaping import printable

__all__ = ["MEMBERS", "Item", "Reader", "Rejected", "archive", "members", "walk"]

MEMBERS = 5_000  # of an archive
CONTENTS = 4 << 20  # bytes of an archive's table of contents
DEEP = 6  # parts of a path; below, what is no notebook is not even listed
KINDS = (".ipynb", ".zip")
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of others, zipfile unpacks more than it is asked for
CHUNK = 1 << 20  # bytes at a time


class Rejected(Exception):
    """Why something is not read (a word of submissions.REJECTIONS), and how large it is, as far as is known."""

    def __init__(self, reason: str, size: int = 0) -> None:
        super().__init__(reason, size)
        self.reason, self.size = reason, size


@dataclass(frozen=True)
class Item:
    """Something that was found and not yet read.

    path: shown. cost: bytes that reading it takes at least. fault: the reason where reading fails.
    """

    parts: tuple[str, ...]
    path: str
    time: datetime | None = None
    flags: frozenset[str] = frozenset()
    open: Callable[[], BinaryIO] | None = None
    reject: str | None = None
    folder: bool = False
    cost: int = 0
    fault: str = "unreadable"

    @property
    def kind(self) -> str:
        """The ending, where it is .ipynb or .zip."""
        return "" if self.folder else _kind(self.parts)


def walk(folder: Path) -> Iterator[Item]:
    """Yield what is in a folder, in any order; folders, too."""
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parts = waiting.pop()
        try:
            with os.scandir(folder.joinpath(*parts)) as entries:
                names = [each.name for each in entries if not _hidden(each.name)]
        except OSError:
            yield Item(parts, printable("/".join(parts)), reject="unreadable", folder=True)
            continue
        for name in names:
            item = _on_disk(folder, (*parts, name))
            if item.folder:
                waiting.append(item.parts)
            if item.kind or len(item.parts) <= DEEP:
                yield item


def _on_disk(folder: Path, parts: tuple[str, ...]) -> Item:
    path, whole = printable("/".join(parts)), folder.joinpath(*parts)
    try:
        status = os.lstat(whole)
    except OSError:
        return Item(parts, path, reject="unreadable")
    time, flags = _changed(status), frozenset({"time_from_file"})
    if stat.S_ISDIR(status.st_mode) and _kind(parts) != ".ipynb":
        return Item(parts, path, time, flags, folder=True)
    reject = None if stat.S_ISREG(status.st_mode) else "not_a_file"
    return Item(parts, path, time, flags, partial(_opened, whole), reject)


def _opened(path: Path) -> BinaryIO:
    """Open a file that is one; what became a link or a pipe since it was found neither leads away nor waits."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise Rejected("not_a_file" if fault.errno in (errno.ELOOP, errno.ENXIO) else "unreadable") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Rejected("not_a_file")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


class Reader:
    """Reads in pieces, and nothing once it has read `left` bytes in all."""

    def __init__(self, left: int) -> None:
        self._left = left

    def chunks(self, item: Item, most: int) -> Iterator[bytes]:
        """Yield at most so many bytes and one more, then raise Rejected; the sizes in an archive are not believed."""
        most, done = min(most, self._left), 0
        if item.cost > self._left:
            raise Rejected("too_large", item.cost)
        try:
            with _failing_as(item.fault):
                file = item.open()
            with file:
                size = os.fstat(file.fileno()).st_size if isinstance(file, io.BufferedReader) else 0
                if size > most:
                    raise Rejected("too_large", size)
                while done <= most:
                    wanted = min(CHUNK, most + 1 - done)
                    with _failing_as(item.fault):
                        chunk = file.read(wanted)
                    if not chunk:
                        return
                    done += len(chunk)
                    yield chunk
        finally:
            self._left -= max(item.cost, done)
        raise Rejected("too_large", done)


@contextmanager
def _failing_as(reason: str) -> Iterator[None]:
    """Turn what fails into Rejected: zipfile has a dozen exceptions for broken archives, not all of them documented."""
    try:
        yield
    except (Rejected, MemoryError):
        raise
    except Exception:
        raise Rejected(reason) from None


class _Bounded(io.BufferedReader):
    """A file of which no single read is large: zipfile reads all of an archive's table of contents at once."""

    def read(self, size: int | None = -1) -> bytes:
        most = CONTENTS + 1
        data = super().read(most if size is None or size < 0 else min(size, most))
        if len(data) == most:
            raise Rejected("too_many")
        return data


class _Archive(zipfile.ZipFile):
    """An archive that closes the file that it was given."""

    def close(self) -> None:
        file = self.fp
        super().close()
        if file:
            file.close()


def archive(file: io.RawIOBase) -> zipfile.ZipFile:
    """Open an archive; raises Rejected. The file is closed if that fails, and else with the archive."""
    try:
        with _failing_as("bad_archive"):
            found = _Archive(_Bounded(file))
        if len(found.filelist) > MEMBERS:
            raise Rejected("too_many")
    except BaseException:
        file.close()
        raise
    return found


def members(found: zipfile.ZipFile, outer: str, changed: datetime | None = None) -> Iterator[Item]:
    """Yield what is in an archive, in its own order; `changed` is the time of what does not say when it was."""
    for info in found.infolist():
        name = info.orig_filename
        parts = tuple(each for each in name.split("/") if each not in ("", "."))
        unsafe = info.filename != name or name.startswith("/") or "\\" in name or ".." in parts or name[1:2] == ":"
        if not parts or (not unsafe and any(map(_hidden, parts))):
            continue
        path = f"{outer}/{printable('/'.join(parts) if not unsafe else name, most=1000)}"
        time, flags = _noted(info), frozenset({"time_from_zip"})
        if not time:
            time, flags = changed, frozenset({"time_from_file"})
        folder = name.endswith("/") and _kind(parts) != ".ipynb"
        reject = "bad_name" if unsafe else None if folder else _why_not(info)
        yield Item(
            parts, path, time, flags, partial(found.open, info), reject, folder, info.compress_size, fault="bad_archive"
        )


def _why_not(info: zipfile.ZipInfo) -> str | None:
    if info.is_dir() or stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "not_a_file"
    if info.flag_bits & 0x41:
        return "encrypted"
    return None if info.compress_type in PACKED else "bad_archive"


def _noted(info: zipfile.ZipInfo) -> datetime | None:
    try:
        found = datetime(*info.date_time, tzinfo=UTC)
    except ValueError:
        return None
    return found if found.year > 1980 else None  # the first day of 1980 is what stands where nothing is known


def _changed(status: os.stat_result) -> datetime | None:
    try:
        return datetime.fromtimestamp(status.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _kind(parts: tuple[str, ...]) -> str:
    ending = os.path.splitext(parts[-1])[1].lower() if parts else ""
    return ending if ending in KINDS else ""


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
