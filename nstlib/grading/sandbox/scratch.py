"""A folder in memory where answers may write: small, empty for each, and seen by nobody else.

There are two, which the zygote's children get in turns: while one child dies, the next can begin. Each sees its own
alone, under a name that is always the same, in a mount namespace of its own.
"""

import ctypes
import os
from pathlib import Path

FOLDER = Path("/dev/shm")  # exists on every Linux, and holds nothing that an answer needs
TURNS = 2
SIZE, ENTRIES = 16 << 20, 200  # bytes, files and folders
NEW_USER, NEW_MOUNTS = 0x10000000, 0x20000
NO_SUID, NO_DEVICES, NO_PROGRAMS, BIND = 2, 4, 8, 4096

_libc = ctypes.CDLL(None, use_errno=True)


def make() -> tuple[Path, ...]:
    """Return a folder for each turn, in a mount namespace of this process's own; none where the kernel forbids it."""
    user, group = os.geteuid(), os.getegid()
    try:
        if _libc.unshare(NEW_USER | NEW_MOUNTS):
            return ()
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _mount_empty(FOLDER)
        folders = tuple(FOLDER / str(turn) for turn in range(TURNS))
        for folder in folders:
            folder.mkdir()
            _mount_empty(folder)
    except OSError:
        return ()
    return folders


def enter(folder: Path) -> None:
    """Put one of the folders in the place of FOLDER, for this process alone, and go there. Raises OSError."""
    _require(_libc.unshare(NEW_MOUNTS))
    _require(_libc.mount(bytes(folder), bytes(FOLDER), None, ctypes.c_ulong(BIND), None))
    os.chdir(FOLDER)  # what stood there before is out of sight, the other folders with it


def _mount_empty(folder: Path) -> None:
    flags = NO_SUID | NO_DEVICES | NO_PROGRAMS
    options = f"size={SIZE},nr_inodes={ENTRIES},mode=700".encode()
    _require(_libc.mount(b"scratch", bytes(folder), b"tmpfs", ctypes.c_ulong(flags), options))


def _require(failed: int) -> None:
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def clear(folder: Path) -> None:
    """Delete everything in the folder. Raises OSError where something stays."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, 0o700)  # a child may have shut it
            clear(entry.path)
            os.rmdir(entry.path)
        else:
            os.unlink(entry.path)
