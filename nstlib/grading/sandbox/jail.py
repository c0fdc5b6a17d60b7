"""The jail that a child locks itself into before it sees a student's source. Linux alone; by ctypes, without root.

Each layer alone stops much: limits (memory, CPU, files), no capabilities (also root's are gone), Landlock (files),
seccomp (processes, threads, network, signals). The namespaces are worth having, and many machines forbid them.
What a child still can: read the interpreter, the libraries and site-packages without nstlib; learn whether a file
exists and how large it is (stat); use one CPU until its time is over.
"""

import ctypes
import os
import resource
import signal
import sys
import sysconfig
from pathlib import Path

from . import landlock, seccomp
from .limits import Limits

NEW_USER, NEW_OTHERS = 0x10000000, 0x40000000 | 0x08000000 | 0x04000000  # network, System V, host name
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/dev/zero")
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38

_libc = ctypes.CDLL(None, use_errno=True)


class JailError(OSError):
    """A layer could not be had."""


class Jail:
    """What is made once in the zygote, and `lock`ed in each child."""

    def __init__(self, limits: Limits, hidden: list[Path]) -> None:
        self.limits, self.namespaces = limits, apart()
        self._used = {name: _kilobytes(name) << 10 for name in ("VmData", "VmSize")}
        self.granted = landlock.without(readable(), hidden)
        self._rules = landlock.ruleset(self.granted) if landlock.version() else None

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that `lock` sets up."""
        found = ["rlimits", "no capabilities"]
        found += [f"landlock {landlock.version()}"] if self._rules is not None else []
        found += ["seccomp"] if seccomp.known() else []
        return (*found, *(["namespaces"] if self.namespaces else []))

    @property
    def places(self) -> list[int]:
        """The descriptors that a child needs until it is locked."""
        return [] if self._rules is None else [self._rules]

    def lock(self, parent: int) -> None:
        """Lock this process in for good; raises JailError. It dies when `parent`, which forked it, does."""
        _limit(self.limits, self._used["VmData"], self._used["VmSize"])
        _drop()
        _demand("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            raise JailError("The zygote is gone.")
        _demand("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if self._rules is not None:
            landlock.restrict(self._rules)
            os.close(self._rules)
        if seccomp.known():
            _filter(seccomp.program(os.getpid()))


def readable() -> list[Path]:
    """Return what a child may read: system libraries, the interpreter's own, and the site-packages with torch in it."""
    base, paths = Path(sys.base_prefix), sysconfig.get_paths()
    roots = [*SYSTEM, *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))]
    roots += [base / "lib", base / "lib64", *(Path(sys.prefix) / name for name in ("lib", "lib64", "pyvenv.cfg"))]
    loaded = (sys.modules[name].__file__ for name in ("torch", "numpy") if name in sys.modules)
    roots += [place for file in loaded if (place := Path(file).parents[1]).name.endswith("-packages")]
    return [Path(root) for root in roots]


def apart() -> bool:
    """Leave the machine's network, System V memory and user names; return whether the kernel let us."""
    return _libc.unshare(NEW_USER | NEW_OTHERS) == 0 or _libc.unshare(NEW_OTHERS) == 0


def _limit(limits: Limits, data: int, size: int) -> None:
    for name, most in (
        (resource.RLIMIT_DATA, data + limits.memory),
        (resource.RLIMIT_AS, size + limits.memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.files),
    ):
        most = min(most, hard) if (hard := resource.getrlimit(name)[1]) != resource.RLIM_INFINITY else most
        resource.setrlimit(name, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))


def _drop() -> None:
    """Give up every capability, so that root has no more rights than a user, and cannot lift its own limits."""
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    _demand("capset", ctypes.byref(header), ctypes.byref(none))


def _filter(program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    _demand("prctl", PR_SET_SECCOMP, 2, ctypes.byref(Program(len(program) // 8, program)), 0, 0)


def _demand(function: str, *arguments) -> None:
    if getattr(_libc, function)(*(ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments)):
        code = ctypes.get_errno()
        raise JailError(code, f"{function}: {os.strerror(code)}")


def _kilobytes(name: str) -> int:
    """Return a size from /proc/self/status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise JailError(f"/proc/self/status has no {name}.")
