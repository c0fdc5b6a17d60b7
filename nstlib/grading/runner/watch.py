"""Watch one child until it has replied, died, said too much or had its time: one poll, one deadline."""

import select
import signal
import time
from dataclasses import dataclass

from nstlib.grading.runner.process import Lost, Pipes
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.sandbox.protocol import ProtocolError, Reader

READY = b"\x01"
PIECE = 1 << 16


@dataclass
class End:
    """How a child ended, in the words of ``runner.Outcome``; `reader` holds the reply's frame where one is complete."""

    status: str
    detail: str = ""
    reader: Reader | None = None
    log: bytes = b""
    seconds: float = 0.0


class _Over(Exception):
    """The child has ended, in this way."""


def watch(pipes: Pipes, frame: bytes, wall: float, limits: Limits) -> End:
    """Send the request and return how it ended; raises Lost where the fault is ours. The caller kills the child."""
    watched = _Watched(pipes, frame, wall, limits)
    try:
        while True:
            watched.step()
    except _Over as over:
        return over.args[0]


class _Watched:
    """A child and what has come from it so far."""

    def __init__(self, pipes: Pipes, frame: bytes, wall: float, limits: Limits) -> None:
        self.pipes, self.rest, self.wall, self.limits = pipes, memoryview(frame), wall, limits
        self.reader, self.log, self.printed = Reader(limits.head, limits.body), bytearray(), 0
        self.ready: float | None = None
        self.until = time.monotonic() + limits.start
        self.poll = select.poll()
        self.handlers = {
            pipes.request.fileno(): self.send,
            pipes.reply.fileno(): self.take,
            pipes.log.fileno(): self.drain,
            pipes.control.fileno(): self.hear,
        }
        for place, handler in self.handlers.items():
            self.poll.register(place, select.POLLOUT if handler == self.send else select.POLLIN)

    def step(self) -> None:
        """Wait for the next event."""
        left = self.until - time.monotonic()
        if left <= 0:
            self.over("timeout")
        for place, _ in self.poll.poll(left * 1000 + 1):
            self.handlers[place]()

    def over(self, status: str, detail: str = "", reader: Reader | None = None) -> None:
        """Stop watching, with what is left of the log; that a child was never ready is our fault."""
        while self.printed <= self.limits.log_killed and self.keep():
            pass
        if self.ready is None:
            raise Lost(f"{status} {detail} before the jail was locked", bytes(self.log))
        seconds = time.monotonic() - self.ready
        raise _Over(End(status, detail, reader, bytes(self.log), seconds))

    def forget(self, end) -> None:
        """Watch a pipe no longer, since its other end is closed, or all is said."""
        self.handlers.pop(end.fileno())
        self.poll.unregister(end)
        end.close()

    def send(self) -> None:
        """Send what the pipe takes of the request; close it behind the last byte, which is how the child knows."""
        try:
            self.rest = self.rest[self.pipes.request.write(self.rest) or 0 :]
        except BrokenPipeError:  # the child died, or closed it; its end is news of its own
            self.rest = self.rest[:0]
        if not self.rest:
            self.forget(self.pipes.request)

    def take(self) -> bool:
        """Read of the reply: the ready byte, then the frame, and nothing behind it. Return whether anything came."""
        data = _read(self.pipes.reply)
        if data == b"":
            self.forget(self.pipes.reply)
        if not data:
            return False
        if self.ready is None:
            self.ready = time.monotonic()
            self.until = self.ready + self.wall
            data = data[len(READY) :]
        try:
            complete = self.reader.feed(data)
        except ProtocolError as fault:
            self.over("protocol", str(fault))
        if complete:
            self.over("replied", "", self.reader)
        return True

    def drain(self) -> None:
        """Read of the log, and stop a child that prints without end."""
        self.keep()
        if self.printed > self.limits.log_killed:
            self.over("output")

    def keep(self) -> bool:
        """Count what was printed and keep the first of it; return whether anything came."""
        data = _read(self.pipes.log)
        if data == b"":
            self.forget(self.pipes.log)
        if not data:
            return False
        self.printed += len(data)
        self.log += data[: max(0, self.limits.log_kept - len(self.log))]
        return True

    def hear(self) -> None:
        """Listen to the zygote: the child's death is news, after which what it had written is still read."""
        message = self.pipes.control.recv(256)
        if not message:
            raise Lost("The zygote is gone.")
        word, number, status = message.decode().split()
        if word != "dead" or int(number) != self.pipes.number:
            return
        while self.take():
            pass
        if int(status) >= 0:
            self.over("exited", status)
        name = signal.Signals(-int(status)).name
        self.over("timeout" if name == "SIGXCPU" else "killed", "cpu" if name == "SIGXCPU" else name)


def _read(end) -> bytes | None:
    """Return what a pipe holds: b"" at its end, None where it holds nothing now or is closed already."""
    return None if end.closed else end.read(PIECE)
