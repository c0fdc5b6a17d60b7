"""Call a learner's function on a case and return what came back as a ``Reply``; nothing here judges it.

Each call gets fresh copies of the case's arguments, so that one call cannot spoil the next.
"""

import _thread
import linecache
import re
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from nstlib.checks.judging.replies import Reply
from nstlib.checks.reading import (
    LIBRARIES,
    asks_autograd,
    built,
    changed,
    copied,
    fixed,
    gradients_on,
    is_stubs,
    left_set,
    read,
    tensors,
)

SECONDS = 5.0  # for all calls of a check together
TURNED = r"The use of `x\.T` on tensors of dimension other than 2"  # how PyTorch's warning begins
LIBRARY = __name__.rpartition(".")[0].rpartition(".")[0]
_shown: set[tuple] = set()  # the answers' warnings so far, by text, class and place


@dataclass(frozen=True)
class Case:
    """One call: its arguments, how to describe them, and the sizes in them by their symbols.

    `gradient` holds the indices of the arguments that a gradient must reach: X, not the style, which many detach.
    `group` names the calls that share a formula, where not all calls of a question do.
    """

    arguments: tuple
    words: str
    symbols: dict[str, float]
    gradient: tuple[int, ...] = (0,)
    group: str = ""


class TooLong(BaseException):
    """The time is over. It is no Exception, so that an `except Exception` in the learner's loop does not catch it."""


@gradients_on()
def reply(function: Callable, case: Case, weights: Callable[[tuple[int, ...]], torch.Tensor] | None = fixed) -> Reply:
    """Call the function with copies of the case's arguments; `weights` are those of ``reading.read``."""
    arguments = tuple(_copy(value, index in case.gradient) for index, value in enumerate(case.arguments))
    arguments = tuple(built(value) for value in arguments)
    inputs = list(tensors(arguments))
    before = copied(arguments)
    differentiable = [tensor for tensor in inputs if tensor.requires_grad]
    try:
        answer = function(*arguments)
        result = Reply("nothing") if answer is None else read(answer, differentiable, weights)
    except (KeyboardInterrupt, TooLong):  # the learner's stop button, and the limit
        raise
    except BaseException as fault:
        if isinstance(fault, NotImplementedError) and is_stubs(fault):
            return Reply("not attempted")
        return Reply("raised", text=describe(fault))
    if not changed(before, arguments):
        return result
    return replace(result, changed=True, text=_left_set(before, arguments))


def _left_set(before: tuple, arguments: tuple) -> str:
    try:
        left = left_set(before, arguments)
    except Exception:  # an argument holds something odd now
        return ""
    return f"Not as you found it: {left}." if left else ""


def replies(function: Callable, cases: list[Case], seconds: float = SECONDS) -> list[Reply]:
    """Call the function on every case; from the call on that takes too long, the replies say so."""
    answers: list[Reply] = []
    try:
        with limited(seconds):
            for case in cases:
                answers.append(reply(function, case))
    except TooLong:
        answers += [Reply("too long")] * (len(cases) - len(answers))
    return answers


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooLong in the main thread when the time is over; other threads have no limit.

    Interrupting the main thread works on every system; a signal handler of ours would work only on some.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    done = threading.Event()

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
    """Let interrupts through where they are ignored, as in a program that a script started in the background."""
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
    """Give a set that collects what is called meanwhile: "nstlib" for the library itself, "autograd" for torch's."""
    seen: set[str] = set()
    before = sys.getprofile()
    checks = f"{LIBRARY}.checks"

    def notice(frame, event, argument) -> None:
        if asks_autograd(frame, event, argument):
            seen.add("autograd")
        elif event == "call":
            module = frame.f_globals.get("__name__", "")
            ours = module.split(".")[0] == LIBRARY
            answers = module == f"{checks}.references" and _is_learners(frame.f_back)
            if answers or (ours and not module.startswith(checks)):
                seen.add("nstlib")

    sys.setprofile(notice)
    try:
        yield seen
    finally:
        sys.setprofile(before)


@contextmanager
def turned() -> Iterator[set[str]]:
    """Give a set that gets ".T" if that is meanwhile taken of a tensor that is not a matrix; in the main thread alone.

    PyTorch's own warning of it, which it gives once and above all that a check says, is kept back: the check says the
    same. To hear of `.T` each time, Python's and PyTorch's memory of all warnings is set aside; ours shows each other
    warning once.
    """
    seen: set[str] = set()
    if threading.current_thread() is not threading.main_thread():  # where warnings are shown belongs to all threads
        yield seen
        return
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", message=TURNED)
            show = warnings.showwarning

            def notice(message, category, filename, lineno, file=None, line=None) -> None:
                known = (str(message), category, filename, lineno)
                if re.match(TURNED, str(message)):
                    seen.add(".T")
                elif known not in _shown:
                    _shown.add(known)
                    show(message, category, filename, lineno, file, line)

            warnings.showwarning = notice
            yield seen
    finally:
        torch.set_warn_always(before)


def _is_learners(frame) -> bool:
    """Return whether a frame is not of the library, whose known mistakes call its references, too."""
    return frame is None or frame.f_globals.get("__name__", "").split(".")[0] != LIBRARY


def describe(fault: BaseException) -> str:
    """Return an exception's message, and the learner's line: the last that no library wrote."""
    frames = [
        (frame, line)
        for frame, line in traceback.walk_tb(fault.__traceback__)
        if frame.f_globals.get("__name__", "").split(".")[0] not in (LIBRARY, *LIBRARIES)
    ]
    try:
        message = str(fault).strip().splitlines()
    except Exception:  # a learner's own class may have a __str__ that raises
        message = []
    text = f"{type(fault).__name__}: {message[0] if message else 'without a message'}"
    if not frames:
        return text
    frame, line = frames[-1]
    code = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    where = f"in line {line} of your cell" if "ipykernel" in frame.f_code.co_filename else f"in line {line}"
    return f"{text}\n{where}: {code}" if code else f"{text}\n{where}"


def _copy(value, gradient: bool):
    copy = copied(value)
    for tensor in tensors(copy) if gradient else ():
        tensor.requires_grad_(tensor.is_floating_point())
    return copy
