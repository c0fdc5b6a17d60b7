"""Landlock, Linux's own rules for files: what is not granted cannot be opened, whoever runs the process.

We call it by ctypes, since it takes two calls before and one call in the child. PyPI's landlock 1.0.0.dev5 knows no
signal scope; py-landlock and landlockpy do all that we need and are ten times as long as this file.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

CREATE, ADD, RESTRICT = 444, 445, 446  # the same numbers on every architecture
LATEST = 7  # the newest version tried; later kernels still accept it
EXECUTE, WRITE, READ, LIST = 1, 2, 4, 8
RIGHTS_OF_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many of the rights on files each version knows
TCP, SCOPES = 3, 3  # bind and connect; abstract sockets and signals

_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments) -> int:
    result = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def version() -> int:
    """Return the version of the kernel's Landlock, 0 without one; from 6 on it also keeps signals in."""
    try:
        return min(_call(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)), LATEST)
    except OSError:
        return 0


def ruleset(readable: Iterable[Path], writable: Iterable[Path] = ()) -> int:
    """Return the descriptor of rules that allow reading these files and folders, writing in others, and nothing else.

    It is made once and passed to every child, since a rule for each entry of site-packages takes milliseconds.
    """
    abi = version()
    files = (1 << RIGHTS_OF_ABI[min(abi, 5)]) - 1
    attributes = struct.pack("=QQQ", files, TCP if abi >= 4 else 0, SCOPES if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = _call(CREATE, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    for path in readable:
        _grant(rules, path, READ | (LIST if path.is_dir() else 0))
    _grant(rules, Path("/dev/null"), READ | WRITE)
    for path in writable:
        _grant(rules, path, files & ~EXECUTE)
    return rules


def restrict(rules: int) -> None:
    """Bind this process to the rules for good; needs no_new_privs."""
    _call(RESTRICT, ctypes.c_int(rules), ctypes.c_uint32(0))


def _grant(rules: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # a dangling link
        return
    try:
        _call(ADD, ctypes.c_int(rules), ctypes.c_int(1), struct.pack("=Qi", access, descriptor), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def without(roots: Iterable[Path], hidden: Iterable[Path]) -> list[Path]:
    """Return the roots; one with something hidden in it is replaced by all its other entries.

    Landlock knows only grants, so no folder above a hidden one may be granted. A link in a folder grants nothing.
    """
    secret = [path.resolve() for path in hidden]
    granted: list[Path] = []
    for root in dict.fromkeys(Path(root).resolve() for root in roots):
        if any(root.is_relative_to(path) for path in secret) or not root.exists():
            continue
        if not any(path.is_relative_to(root) for path in secret):
            granted.append(root)
        else:
            granted += without((path for path in root.iterdir() if not path.is_symlink()), secret)
    return list(dict.fromkeys(granted))
