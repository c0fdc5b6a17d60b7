"""The jail that a child locks itself into before it sees a student's source: on Linux, by ctypes, without root.

Each layer stops something: limits (memory, CPU, files), no capabilities (root loses its own, too), Landlock (files),
seccomp (processes, threads, network, signals). Namespaces help where the machine allows them; many do not. They also
give scratch folders, one for each child, the only place where it may write.
A child can still read the interpreter, the libraries and site-packages without nstlib; learn whether a file exists and
how large it is (stat); and use one CPU until its time is over.
"""

import ctypes
import math
import os
import resource
import signal
import sys
import sysconfig
from pathlib import Path

from . import landlock, scratch, seccomp
from .limits import Limits

NEW_USER, NEW_OTHERS = 0x10000000, 0x40000000 | 0x08000000 | 0x04000000  # network, System V, host name
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/dev/zero")
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38

_libc = ctypes.CDLL(None, use_errno=True)


class JailError(OSError):
    """A layer cannot be set up; the message names the call that failed."""


class Jail:
    """Prepared once in the zygote and locked in each child."""

    def __init__(self, limits: Limits, hidden: list[Path]) -> None:
        self.limits = limits
        self.folders = scratch.make()
        self.namespaces = unshare()
        self._used = {name: _kilobytes(name) << 10 for name in ("VmData", "VmSize")}
        self.granted = landlock.without(readable(), hidden)
        self._rules = landlock.ruleset(self.granted, self.folders) if landlock.version() else None

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that `lock` sets up."""
        layers = ["rlimits", "no capabilities"]
        layers += [f"landlock {landlock.version()}"] if self._rules is not None else []
        layers += ["seccomp"] if seccomp.known() else []
        layers += ["namespaces"] if self.namespaces else []
        return (*layers, *(["scratch folder"] if self.writes else []))

    @property
    def writes(self) -> bool:
        """Whether a child may write into its scratch folder, and into nothing else."""
        return bool(self.folders) and self._rules is not None

    @property
    def descriptors(self) -> list[int]:
        """The descriptors that a child needs until it is locked."""
        return [] if self._rules is None else [self._rules]

    def lock(self, parent: int, turn: int) -> None:
        """Lock this process in for good; it dies when `parent`, which forked it, does. Raises OSError.

        turn: which of the scratch folders is its own.
        """
        if self.folders:
            scratch.enter(self.folders[turn])
        _limit(self.limits, self._used["VmData"], self._used["VmSize"], scratch.SIZE if self.writes else 0)
        _drop()
        _require("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            raise JailError("The zygote that forked this child has died, so the child ends, too.")
        _require("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if self._rules is not None:
            landlock.restrict(self._rules)
            os.close(self._rules)
        if seccomp.known():
            _filter(seccomp.program(os.getpid(), writes=self.writes))


def readable() -> list[Path]:
    """Return what a child may read: libraries of the system and the interpreter, and the site-packages with torch."""
    base, paths = Path(sys.base_prefix), sysconfig.get_paths()
    roots = [*SYSTEM, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))]
    roots += [base / "lib", base / "lib64", *(Path(sys.prefix) / name for name in ("lib", "lib64", "pyvenv.cfg"))]
    loaded = (sys.modules[name].__file__ for name in ("torch", "numpy") if name in sys.modules)
    roots += [folder for file in loaded if (folder := Path(file).parents[1]).name.endswith("-packages")]
    return [Path(root) for root in roots]


def unshare() -> bool:
    """Leave the machine's network, System V memory and user names; return whether the kernel allowed it."""
    return _libc.unshare(NEW_USER | NEW_OTHERS) == 0 or _libc.unshare(NEW_OTHERS) == 0


def _limit(limits: Limits, data: int, size: int, file: int) -> None:
    for name, most in (
        (resource.RLIMIT_DATA, data + limits.memory),
        (resource.RLIMIT_AS, size + limits.memory),
        (resource.RLIMIT_FSIZE, file),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.files),
    ):
        most = min(most, hard) if (hard := resource.getrlimit(name)[1]) != resource.RLIM_INFINITY else most
        resource.setrlimit(name, (most, most))
    seconds = limits.cpu + math.ceil(limits.session)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _drop() -> None:
    """Give up every capability, so that root has a user's rights and cannot lift its own limits."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()
    _require("capset", ctypes.byref(header), ctypes.byref(none))


def _filter(program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    _require("prctl", PR_SET_SECCOMP, 2, ctypes.byref(Program(len(program) // 8, program)), 0, 0)


def _require(function: str, *arguments) -> None:
    if getattr(_libc, function)(*(ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments)):
        code = ctypes.get_errno()
        raise JailError(code, f"{function}: {os.strerror(code)}")


def _kilobytes(name: str) -> int:
    """Return a size from /proc/self/status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise JailError(f"Expected {name} in /proc/self/status, found none: the limits need it.")
