"""List what is in a folder or a .zip, with times and a way to open it. No link is followed, nothing is unpacked."""

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

__all__ = ["MEMBERS", "Item", "Reader", "Rejected", "members", "open_archive", "walk"]

MEMBERS = 5_000  # the most that an archive may have
CONTENTS = 4 << 20  # bytes of an archive's table of contents
DEEP = 6  # parts of a path; deeper down, only notebooks and archives are listed
KINDS = (".ipynb", ".zip")
RENAMED = (".ipynb.txt", ".ipynb.json")  # as browsers and mail programs name a notebook that they do not know
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # with others, zipfile unpacks more than it is asked for
CHUNK = 1 << 20  # bytes read at a time


class Rejected(Exception):
    """Something is not read. reason: a key of find.REJECTIONS. size: its bytes, as far as they are known."""

    def __init__(self, reason: str, size: int = 0) -> None:
        super().__init__(reason, size)
        self.reason = reason
        self.size = size


@dataclass(frozen=True)
class Item:
    """A file or folder that was found and not yet read.

    path: as it is shown. within: a member's own time, of an archive that was handed in. reject: the reason not to read
    it. cost: bytes that reading it takes at least. fault: the
    reason to give where reading it fails.
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
    within: datetime | None = None

    @property
    def kind(self) -> str:
        """The ending, if it is .ipynb or .zip."""
        return "" if self.folder else _kind(self.parts)


def walk(folder: Path) -> Iterator[Item]:
    """Yield the files and folders in a folder, at any depth and in any order."""
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parts = waiting.pop()
        try:
            with os.scandir(folder.joinpath(*parts)) as entries:
                names = [entry.name for entry in entries if not _hidden(entry.name)]
        except OSError:
            yield Item(parts, printable("/".join(parts)), reject="unreadable", folder=True)
            continue
        for name in names:
            item = _item_on_disk(folder, (*parts, name))
            if item.folder:
                waiting.append(item.parts)
            if item.kind or len(item.parts) <= DEEP:
                yield item


def _item_on_disk(folder: Path, parts: tuple[str, ...]) -> Item:
    path = printable("/".join(parts))
    location = folder.joinpath(*parts)
    try:
        status = os.lstat(location)
    except OSError:
        return Item(parts, path, reject="unreadable")
    time = _modification_time(status)
    flags = frozenset({"time_from_file"})
    if stat.S_ISDIR(status.st_mode) and _kind(parts) != ".ipynb":
        return Item(parts, path, time, flags, folder=True)
    reject = None if stat.S_ISREG(status.st_mode) else "not_a_file"
    return Item(parts, path, time, flags, partial(_open_file, location), reject)


def _open_file(path: Path) -> BinaryIO:
    """Open a regular file; what has become a link or a pipe since it was found is neither followed nor waited for."""
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
    """Reads files in chunks, at most `left` bytes in all."""

    def __init__(self, left: int) -> None:
        self._left = left

    def chunks(self, item: Item, most: int) -> Iterator[bytes]:
        """Yield a file's bytes; raise Rejected once there are more than `most`, whatever size an archive claims."""
        most = min(most, self._left)
        done = 0
        if item.cost > self._left:
            raise Rejected("too_large", item.cost)
        try:
            with _rejecting(item.fault):
                file = item.open()
            with file:
                size = os.fstat(file.fileno()).st_size if isinstance(file, io.BufferedReader) else 0
                if size > most:
                    raise Rejected("too_large", size)
                while done <= most:
                    wanted = min(CHUNK, most + 1 - done)
                    with _rejecting(item.fault):
                        chunk = file.read(wanted)
                    if not chunk:
                        return
                    done += len(chunk)
                    yield chunk
        finally:
            self._left -= max(item.cost, done)
        raise Rejected("too_large", done)


@contextmanager
def _rejecting(reason: str) -> Iterator[None]:
    """Turn any failure into Rejected: zipfile raises a dozen exceptions for broken archives, not all documented."""
    try:
        yield
    except (Rejected, MemoryError):
        raise
    except Exception:
        raise Rejected(reason) from None


class _Bounded(io.BufferedReader):
    """A file that refuses a large read: zipfile reads an archive's whole table of contents at once."""

    def read(self, size: int | None = -1) -> bytes:
        most = CONTENTS + 1
        data = super().read(most if size is None or size < 0 else min(size, most))
        if len(data) == most:
            raise Rejected("too_many")
        return data


class _Archive(zipfile.ZipFile):
    """An archive that also closes the file that it was given."""

    def close(self) -> None:
        file = self.fp
        super().close()
        if file:
            file.close()


def open_archive(file: io.RawIOBase) -> zipfile.ZipFile:
    """Open an archive; raises Rejected. Closing the archive closes the file, and so does failing to open it."""
    try:
        with _rejecting("bad_archive"):
            archive = _Archive(_Bounded(file))
        if len(archive.filelist) > MEMBERS:
            raise Rejected("too_many")
    except BaseException:
        file.close()
        raise
    return archive


def members(archive: zipfile.ZipFile, outer: str, changed: datetime | None = None) -> Iterator[Item]:
    """Yield what is in an archive, in its own order; `changed` is the time of members that have none of their own."""
    for info in archive.infolist():
        name = info.orig_filename
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        unsafe = info.filename != name or name.startswith("/") or "\\" in name or ".." in parts or name[1:2] == ":"
        if not parts or (not unsafe and any(map(_hidden, parts))):
            continue
        path = f"{outer}/{printable('/'.join(parts) if not unsafe else name, most=1000)}"
        time = _member_time(info)
        folder = name.endswith("/") and _kind(parts) != ".ipynb"
        reject = "bad_name" if unsafe else None if folder else _rejection(info)
        yield Item(
            parts,
            path,
            time=time or changed,
            flags=frozenset({"time_from_zip" if time else "time_from_file"}),
            open=partial(archive.open, info),
            reject=reject,
            folder=folder,
            cost=info.compress_size,
            fault="bad_archive",
        )


def _rejection(info: zipfile.ZipInfo) -> str | None:
    if info.is_dir() or stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return "not_a_file"
    if info.flag_bits & 0x41:
        return "encrypted"
    return None if info.compress_type in COMPRESSIONS else "bad_archive"


def _member_time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        time = datetime(*info.date_time, tzinfo=UTC)
    except ValueError:
        return None
    return time if time.year > 1980 else None  # archives without times say the first day of 1980


def _modification_time(status: os.stat_result) -> datetime | None:
    try:
        return datetime.fromtimestamp(status.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _kind(parts: tuple[str, ...]) -> str:
    name = parts[-1].lower() if parts else ""
    if name.endswith(RENAMED):
        return ".ipynb"
    ending = os.path.splitext(name)[1]
    return ending if ending in KINDS else ""


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
