"""Watch one child until it has replied, died, printed too much or run out of time: one poll, one deadline."""

import select
import signal
import time
from dataclasses import dataclass

from nstlib.grading.runner.process import Lost, Pipes
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.sandbox.protocol import ProtocolError, Reader

READY = b"\x01"  # from a child that is jailed
BEGUN = b"\x02"  # from one that has run the notebook's cells
PIECE = 1 << 16


@dataclass
class End:
    """How a child ended, in the words of ``runner.Outcome``; `reader` holds the reply's frame if it is complete."""

    status: str
    detail: str = ""
    reader: Reader | None = None
    log: bytes = b""
    seconds: float = 0.0
    before: float = 0.0


class _Over(Exception):
    """The child has ended; the argument is its End."""


def watch(pipes: Pipes, frame: bytes, wall: float, limits: Limits, session: float = 0.0) -> End:
    """Send the request and return how the child ended; the caller kills it. Raises Lost where the fault is ours.

    session: seconds for running cells before the `wall` begins, of a child that says when it has; 0 for another.
    """
    watched = _Watched(pipes, frame, wall, limits, session)
    try:
        while True:
            watched.step()
    except _Over as over:
        return over.args[0]


class _Watched:
    """A child and what has come from it so far."""

    def __init__(self, pipes: Pipes, frame: bytes, wall: float, limits: Limits, session: float) -> None:
        self.pipes = pipes
        self.rest = memoryview(frame)
        self.wall = wall
        self.session = session
        self.has_cells = session > 0
        self.begun: float | None = None
        self.limits = limits
        self.reader = Reader(limits.head, limits.body)
        self.log = bytearray()
        self.printed = 0
        self.ready: float | None = None
        self.until = time.monotonic() + limits.start
        self.poll = select.poll()
        self.handlers = {
            pipes.request.fileno(): self.send,
            pipes.reply.fileno(): self.take,
            pipes.log.fileno(): self.drain,
            pipes.control.fileno(): self.listen,
        }
        for descriptor, handler in self.handlers.items():
            self.poll.register(descriptor, select.POLLOUT if handler == self.send else select.POLLIN)

    def step(self) -> None:
        """Wait for the next event."""
        left = self.until - time.monotonic()
        if left <= 0:
            self.over("timeout")
        for descriptor, _ in self.poll.poll(left * 1000 + 1):
            self.handlers[descriptor]()

    def over(self, status: str, detail: str = "", reader: Reader | None = None) -> None:
        """Stop watching and read the rest of the log; a child that was never ready is our fault."""
        while self.printed <= self.limits.log_killed and self.keep():
            pass
        if self.ready is None:
            raise Lost(f"{status} {detail} before the jail was locked", bytes(self.log))
        now = time.monotonic()
        begun = self.begun or (now if self.has_cells else self.ready)
        raise _Over(End(status, detail, reader, bytes(self.log), now - begun, begun - self.ready))

    def forget(self, end) -> None:
        """Stop watching a pipe whose other end is closed, or through which everything was sent."""
        self.handlers.pop(end.fileno())
        self.poll.unregister(end)
        end.close()

    def send(self) -> None:
        """Send as much of the request as the pipe takes; closing it after the last byte tells the child so."""
        try:
            self.rest = self.rest[self.pipes.request.write(self.rest) or 0 :]
        except BrokenPipeError:  # the child died or closed it; its end is reported by the zygote
            self.rest = self.rest[:0]
        if not self.rest:
            self.forget(self.pipes.request)

    def take(self) -> bool:
        """Read the ready byte, then the frame and nothing after it; return whether anything came."""
        data = _read(self.pipes.reply)
        if data == b"":
            self.forget(self.pipes.reply)
        if not data:
            return False
        if self.ready is None:
            self.ready = time.monotonic()
            self.until = self.ready + (self.session or self.wall)
            data = data[len(READY) :]
        if self.session and data:
            self.session = 0.0
            self.begun = time.monotonic()
            self.until = self.begun + self.wall
            if not data.startswith(BEGUN):
                self.over("protocol", "Expected the byte that tells that the cells have run, got another.")
            data = data[len(BEGUN) :]
        try:
            complete = self.reader.feed(data)
        except ProtocolError as fault:
            self.over("protocol", str(fault))
        if complete:
            self.over("replied", "", self.reader)
        return True

    def drain(self) -> None:
        """Read the log, and stop a child that prints without end."""
        self.keep()
        if self.printed > self.limits.log_killed:
            self.over("output")

    def keep(self) -> bool:
        """Count what was printed and keep its beginning; return whether anything came."""
        data = _read(self.pipes.log)
        if data == b"":
            self.forget(self.pipes.log)
        if not data:
            return False
        self.printed += len(data)
        self.log += data[: max(0, self.limits.log_kept - len(self.log))]
        return True

    def listen(self) -> None:
        """Take a message of the zygote's: when the child is dead, read what it had still written."""
        message = self.pipes.control.recv(256)
        if not message:
            raise Lost("The zygote died.")
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
    """Return what a pipe holds: b"" at its end, None where it is empty for now or already closed."""
    return None if end.closed else end.read(PIECE)
