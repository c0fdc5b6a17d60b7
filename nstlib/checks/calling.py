"""Call a learner's function on a case, and write down what came back as a ``Reply``; nothing here judges it.

A case's arguments are made anew for each call, so that one call cannot spoil the next.
"""

import _thread
import linecache
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from nstlib.checks.judging.replies import Reply
from nstlib.checks.reading import fixed, read

SECONDS = 5.0  # for all calls of a check together
LIBRARY = __name__.rpartition(".")[0].rpartition(".")[0]


@dataclass(frozen=True)
class Case:
    """One call: its arguments, what to say of them, and the sizes in them by their symbols.

    `gradient` holds the places of the arguments at which a gradient must arrive: X, not the style, which many detach.
    `group` names the calls that share a formula, where not all calls of a question do.
    """

    arguments: tuple
    words: str
    symbols: dict[str, float]
    gradient: tuple[int, ...] = (0,)
    group: str = ""


class TooLong(BaseException):
    """Not an Exception: an `except Exception` in the learner's loop shall not catch it."""


def reply(function: Callable, case: Case, weights: Callable[[tuple[int, ...]], torch.Tensor] | None = fixed) -> Reply:
    """Call the function with copies of the case's arguments; `weights` are those of ``reading.read``."""
    arguments = tuple(_copy(each, place in case.gradient) for place, each in enumerate(case.arguments))
    inputs = list(_tensors(arguments))
    before, moving = [tensor.detach().clone() for tensor in inputs], [each for each in inputs if each.requires_grad]
    try:
        answer = function(*arguments)
        found = Reply("nothing") if answer is None else read(answer, moving, weights)
    except NotImplementedError:
        return Reply("not attempted")
    except (KeyboardInterrupt, TooLong):  # the learner's stop button, and the limit
        raise
    except BaseException as fault:
        return Reply("raised", text=told(fault))
    changed = any(not torch.equal(old, new.detach()) for old, new in zip(before, inputs, strict=True))
    return replace(found, changed=changed)


def replies(function: Callable, cases: list[Case], seconds: float = SECONDS) -> list[Reply]:
    """Call the function on every case; from the call on that takes too long, the replies say so."""
    found: list[Reply] = []
    try:
        with limited(seconds):
            for case in cases:
                found.append(reply(function, case))
    except TooLong:
        found += [Reply("too long")] * (len(cases) - len(found))
    return found


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooLong in the main thread when the time is over; in any other thread there is no limit.

    Interrupting the main thread works on every system; a signal handler of ours would work on some alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        if not done.wait(seconds):
            over.set()
            _thread.interrupt_main()

    watcher = threading.Thread(target=watch, daemon=True)
    with _interruptible():
        watcher.start()
        try:
            try:
                yield
            finally:
                done.set()
                watcher.join()
            if over.is_set():  # the time ended with the block: its interrupt is still to come
                time.sleep(0.1)
        except KeyboardInterrupt:
            if over.is_set():
                raise TooLong from None
            raise


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let interrupts arrive where they are ignored, as in all that a script starts in the background."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def watched() -> Iterator[set[str]]:
    """Give a set that fills with what is called meanwhile: "nstlib" for the library itself, "autograd" for torch's."""
    seen, before = set(), sys.getprofile()
    checks = f"{LIBRARY}.checks"

    def notice(frame, event, argument) -> None:
        if event == "call":
            module = frame.f_globals.get("__name__", "")
            if module.split(".")[0] == LIBRARY and not module.startswith(checks):
                seen.add("nstlib")
            elif module.startswith("torch.autograd") and frame.f_code.co_name in ("grad", "backward"):
                seen.add("autograd")

    sys.setprofile(notice)
    try:
        yield seen
    finally:
        sys.setprofile(before)


def told(fault: BaseException) -> str:
    """Say what an exception said, and in which line of the learner's, which is the last that no library wrote."""
    frames = [
        (frame, line)
        for frame, line in traceback.walk_tb(fault.__traceback__)
        if frame.f_globals.get("__name__", "").split(".")[0] not in (LIBRARY, "torch", "numpy", "jaxtyping", "einops")
    ]
    try:
        said = str(fault).strip().splitlines()
    except Exception:  # a learner's own class may fail to say anything
        said = []
    text = f"{type(fault).__name__}: {said[0] if said else 'without a message'}"
    if not frames:
        return text
    frame, line = frames[-1]
    code = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    where = f"in line {line} of your cell" if "ipykernel" in frame.f_code.co_filename else f"in line {line}"
    return f"{text}\n{where}: {code}" if code else f"{text}\n{where}"


def _copy(value, gradient: bool):
    if isinstance(value, torch.Tensor):
        copied = value.detach().clone()
        return copied.requires_grad_() if gradient and copied.is_floating_point() else copied
    if isinstance(value, dict):
        return {key: _copy(each, gradient) for key, each in value.items()}
    return type(value)(_copy(each, gradient) for each in value) if isinstance(value, tuple | list) else value


def _tensors(value) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict | tuple | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _tensors(each)
