"""Writing without harm: a file is made beside its place and then takes its name, or nothing happens.

A long run asks first whether what it will write can be written: ``require_writable``, ``require_folder`` and
``require_distinct``.
"""

import os
import tempfile
import unicodedata
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nstlib.errors import FULL_DISK, NstError

PROBE = bytes(2**16)  # what a disk takes that is not full; a single byte it may find room for beside a file's name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it replaces `path` when the block ends well, and is removed otherwise.

    An OSError of the temporary file, or of a full disk, which names no file, gets the name of `path`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "notes.txt")
    ...     with replacing(path) as part:
    ...         _ = part.write_text("whole")
    ...     print(path.read_text(), len(list(path.parent.iterdir())))
    whole 1
    """
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield part
        os.replace(part, path)
    except OSError as fault:
        if fault.errno is not None and fault.filename in (None, str(part), part):
            fault.filename = str(path)
            fault.filename2 = None
        raise
    finally:
        part.unlink(missing_ok=True)


def require_writable(path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Return the path if a file can be written there, else raise NstError; ask this before a long run.

    The folder is probed by writing to it, since permissions say little of network and read-only disks.

    >>> try:
    ...     require_writable("none/costs.csv")
    ... except NstError as error:
    ...     print(error)
    The folder 'none' does not exist. Create it, or save into another one.
    """
    path = Path(os.path.expanduser(path))
    if not os.path.lexists(path.parent):
        raise NstError(f"The folder '{path.parent}' does not exist. Create it, or save into another one.")
    if os.path.isdir(path):
        raise NstError(f"Expected a file to write, got the folder '{path}': add a file name to it.")
    require_folder(path.parent)
    try:
        is_there = bool(path.lstat())
    except FileNotFoundError:
        is_there = False
    except OSError as fault:
        raise NstError(f"'{path}' cannot be written ({fault.strerror}). Choose another name.") from fault
    if is_there and not overwrite:
        hint = "Choose another name, or replace it: overwrite=True, on the command line --force."
        raise NstError(f"The file '{path}' exists already. {hint}")
    if is_there and os.path.exists(path) and not path.is_file():
        raise NstError(f"Expected a file to write, got '{path}', which is a device: choose another name.")
    return path


def require_folder(folder: str | os.PathLike) -> Path:
    """Return the folder if files can be written into it, also where it is yet to be made; else raise NstError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(require_folder(Path(folder, "new", "pages")).name, len(list(Path(folder).iterdir())))
    pages 0
    """
    folder = Path(os.path.expanduser(folder))
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    if not nearest.is_dir():
        raise NstError(f"Expected a folder to write into, got '{nearest}', which is a file: choose another name.")
    probe = nearest / f".{uuid.uuid4().hex}.part"
    try:
        probe.write_bytes(PROBE)
        probe.unlink()
    except OSError as fault:
        probe.unlink(missing_ok=True)
        advice = "Make room there, or choose another." if fault.errno in FULL_DISK else "Choose a folder that is yours."
        raise NstError(f"Nothing can be written into the folder '{nearest}' ({fault.strerror}). {advice}") from fault
    return folder


def require_distinct(
    reads: Mapping[str, str | os.PathLike | None], writes: Mapping[str, str | os.PathLike | None]
) -> None:
    """Raise NstError if a file to write is one to read, or one to write twice, by whatever names and links.

    reads, writes: each path by what the sentence calls it, such as "the photo" or "--out"; None is left out, as is
    what cannot be read since it does not exist.

    >>> try:
    ...     require_distinct({}, {"--out": "z.png", "--costs": "./z.png"})
    ... except NstError as error:
    ...     print(error)
    Expected a file of its own for --costs, got './z.png', the same file as --out 'z.png': give --costs another name.
    """
    given = {name: path for name, path in reads.items() if path is not None}
    taken = {name: path for name, path in given.items() if os.path.exists(os.path.expanduser(path))}
    for name, path in writes.items():
        if path is None:
            continue
        for other, place in taken.items():
            if same_file(path, place):
                raise NstError(
                    f"Expected a file of its own for {name}, got '{path}', the same file as {other} '{place}': "
                    f"give {name} another name."
                )
        taken[name] = path


def same_file(first: str | os.PathLike, second: str | os.PathLike) -> bool:
    """Say whether two paths lead to one file or would, once it is there: links are followed, and the disk is asked.

    >>> same_file("a/../b.png", Path("b.png").absolute())
    True
    """
    first, second = (Path(os.path.realpath(os.path.expanduser(path))) for path in (first, second))
    if first == second:
        return True
    there = [path for path in (first, second) if os.path.exists(path)]
    if there:
        return len(there) == 2 and first.samefile(second)
    if folded(first.name) != folded(second.name) or not same_file(first.parent, second.parent):
        return False
    return first.name == second.name or _is_one_name(first.parent, first.name, second.name)


def folded(name: str) -> str:
    r"""Return a name as a disk compares it that ignores case and how an umlaut is written.

    >>> folded("GRU\u0308N.png") == folded("gr\u00fcn.PNG")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _is_one_name(folder: Path, first: str, second: str) -> bool:
    """Ask the folder's disk, in a folder of its own, whether it takes two names for one."""
    try:
        with tempfile.TemporaryDirectory(prefix=".", suffix=".part", dir=folder) as trial:
            Path(trial, first).touch()
            return os.path.lexists(Path(trial, second))
    except OSError:  # nothing can be written there, which require_writable says
        return False
