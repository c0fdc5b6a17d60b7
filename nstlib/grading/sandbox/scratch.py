"""A folder in memory where answers may write: small, seen by one zygote's children alone, empty for each of them."""

import ctypes
import os
from pathlib import Path

FOLDER = Path("/dev/shm")  # exists on every Linux, and holds nothing that an answer needs
SIZE, ENTRIES = 16 << 20, 200  # bytes, files and folders
NEW_USER, NEW_MOUNTS = 0x10000000, 0x20000
NO_SUID, NO_DEVICES, NO_PROGRAMS = 2, 4, 8

_libc = ctypes.CDLL(None, use_errno=True)


def make() -> Path | None:
    """Put an empty folder over FOLDER in a mount namespace of this process's own; None where the kernel forbids it."""
    user, group = os.geteuid(), os.getegid()
    try:
        if _libc.unshare(NEW_USER | NEW_MOUNTS):
            return None
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError:
        return None
    flags = NO_SUID | NO_DEVICES | NO_PROGRAMS
    options = f"size={SIZE},nr_inodes={ENTRIES},mode=700".encode()
    failed = _libc.mount(b"scratch", bytes(FOLDER), b"tmpfs", ctypes.c_ulong(flags), options)
    return None if failed else FOLDER


def clear(folder: Path = FOLDER) -> None:
    """Delete everything in the folder. Raises OSError where something stays."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, 0o700)  # a child may have shut it
            clear(entry.path)
            os.rmdir(entry.path)
        else:
            os.unlink(entry.path)
