"""The zygote as the parent sees it: started without secrets, asked for children, ended."""

import contextlib
import io
import json
import os
import platform
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from nstlib.errors import NstError
from nstlib.grading.sandbox import seccomp
from nstlib.grading.sandbox.limits import Limits

ZYGOTE = Path(__file__).parents[1] / "sandbox" / "zygote.py"
NEEDED = ("rlimits", "no capabilities", "landlock", "seccomp")
# Nothing of the parent's environment: it may hold secrets, and its hash seed, threads and locale change results.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
}
SYSTEM = (
    "Answers run in a jail that only Linux offers; this is {system}. Grade in a Linux container, or on Windows in WSL2."
)
MACHINE = (
    "Expected an x86_64 machine, whose system calls the jail's filter (seccomp) knows by number; this one is "
    "{machine}. Grade on x86_64, or allow a weak sandbox if you trust every submission."
)
MISSING = (
    "Expected a jail of {needed}; this machine does not give {missing}. Grade on Linux 5.13 or newer with Landlock "
    "switched on, or allow a weak sandbox if you trust every submission."
)


class SandboxError(NstError):
    """There is no jail on this machine; the message says what is missing and what to do."""


class Lost(Exception):
    """The zygote is gone or could make no child: our fault. log: what the child printed about it."""

    def __init__(self, message: str, log: bytes = b"") -> None:
        super().__init__(message)
        self.log = log


@dataclass
class Pipes:
    """The parent's ends of a child's request, reply and log, its process, and the zygote's socket."""

    request: io.FileIO
    reply: io.FileIO
    log: io.FileIO
    process: int
    control: socket.socket
    number: int


class Zygote:
    """A running zygote, ready for jobs. Raises SandboxError where a layer is missing and `weak` is False."""

    def __init__(self, limits: Limits, weak: bool, notebook: Path) -> None:
        if not sys.platform.startswith("linux"):
            system = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, sys.platform)
            raise SandboxError(SYSTEM.format(system=system))
        if not seccomp.known() and not weak:
            raise SandboxError(MACHINE.format(machine=platform.machine()))
        self._limits = limits
        self._number = 0
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                # -I would ignore PYTHONHASHSEED; -u, so that what was printed before a crash is in the log
                [sys.executable, "-s", "-P", "-u", ZYGOTE, str(theirs.fileno()), json.dumps(asdict(limits)), notebook],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=ENVIRONMENT,
                cwd="/",
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        try:
            hello = self._hello()
            self.layers: tuple[str, ...] = tuple(hello["layers"])
            self.granted = [Path(path) for path in hello.get("granted", [])]
            present = {layer.rstrip(" 0123456789") for layer in self.layers}
            missing = [name for name in NEEDED if name not in present]
            if missing and not weak:
                raise SandboxError(MISSING.format(needed=", ".join(NEEDED), missing=", ".join(missing)))
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def close(self) -> None:
        """End the zygote and its children, and wait until they are gone; a second call does nothing."""
        self._control.close()  # it notices, kills and reaps its children, and ends
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()  # its children die with it: each has asked the kernel for that
            self._process.wait()

    @contextlib.contextmanager
    def born(self) -> Iterator[Pipes]:
        """Give a new child's pipes; the child is killed at the end of the block. Raises Lost."""
        self._number += 1
        with contextlib.ExitStack() as ours:
            with contextlib.ExitStack() as theirs:
                request, request_end = _pipe(theirs, ours)
                reply_end, reply = _pipe(ours, theirs)
                log_end, log = _pipe(ours, theirs)
                try:
                    descriptors = [pipe.fileno() for pipe in (request, reply, log)]
                    socket.send_fds(self._control, [str(self._number).encode()], descriptors)
                except OSError:
                    raise Lost("Expected the zygote to take a job, but it is gone.") from None
            process = self._handle()
            ours.callback(os.close, process)
            ours.callback(_kill, process)
            for end in (request_end, reply_end, log_end):
                os.set_blocking(end.fileno(), False)
            yield Pipes(request_end, reply_end, log_end, process, self._control, self._number)

    def _handle(self) -> int:
        """Wait for the child's pidfd; messages about earlier children are ignored."""
        until = time.monotonic() + self._limits.start
        while _readable(self._control, until):
            try:
                message, descriptors, _, _ = socket.recv_fds(self._control, 256, 1)
            except OSError:
                break
            if message.decode().split() == ["born", str(self._number), "0"]:
                return descriptors[0]
            if not message or message.startswith(b"unborn"):
                break
        raise Lost("Expected a child from the zygote, but it made none.")

    def _hello(self) -> dict:
        if _readable(self._control, time.monotonic() + self._limits.zygote):
            with contextlib.suppress(OSError, ValueError):
                return json.loads(self._control.recv(1 << 20))
        raise SandboxError(
            "The process that runs answers did not start; its error is above. Try "
            f"`{sys.executable} -c 'import torch'`, then grade again."
        )


def _pipe(reads: contextlib.ExitStack, writes: contextlib.ExitStack) -> tuple[io.FileIO, io.FileIO]:
    read, write = os.pipe()
    return reads.enter_context(io.FileIO(read, "r")), writes.enter_context(io.FileIO(write, "w"))


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, signal.SIGKILL)


def _readable(control: socket.socket, until: float) -> bool:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))
