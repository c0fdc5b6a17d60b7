"""Call a learner's function on a case, and write down what came back as a ``Reply``; nothing here judges it.

A case's arguments are made anew for each call, so that one call cannot spoil the next.
"""

import _thread
import linecache
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch

from nstlib.checks.judging import Reply

SECONDS = 5.0  # for all calls of a check together
LIBRARY = __name__.rpartition(".")[0].rpartition(".")[0]


@dataclass(frozen=True)
class Case:
    """One call: its arguments, what to say of them, and the sizes in them by their symbols.

    `gradient` holds the places of the arguments at which a gradient must arrive: X, not the style, which many detach.
    """

    arguments: tuple
    words: str
    symbols: dict[str, float]
    gradient: tuple[int, ...] = (0,)


class TooLong(BaseException):
    """Not an Exception: an `except Exception` in the learner's loop shall not catch it."""


def reply(function: Callable, case: Case) -> Reply:
    """Call the function with copies of the case's arguments."""
    arguments = tuple(_copy(each, place in case.gradient) for place, each in enumerate(case.arguments))
    inputs = list(_tensors(arguments))
    before, moving = [tensor.detach().clone() for tensor in inputs], [each for each in inputs if each.requires_grad]
    try:
        answer = function(*arguments)
    except NotImplementedError:
        return Reply("not attempted")
    except (Exception, SystemExit) as fault:
        return Reply("raised", text=told(fault))
    if answer is None:
        return Reply("nothing")
    changed = any(not torch.equal(old, new.detach()) for old, new in zip(before, inputs, strict=True))
    return replace(_read(answer, moving), changed=changed)


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
    said = str(fault).strip().splitlines() or ["without a message"]
    text = f"{type(fault).__name__}: {said[0]}"
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


def _read(answer, inputs: list[torch.Tensor]) -> Reply:
    """Turn an answer into arrays."""
    try:
        if isinstance(answer, torch.Tensor):
            gradients = _gradients(answer, inputs)
            dtype = str(answer.dtype).removeprefix("torch.")
            return Reply("value", "tensor", dtype, {"": _real(answer.detach()).cpu().double().numpy()}, gradients)
        if isinstance(answer, np.ndarray):
            return Reply("value", "numpy", str(answer.dtype), {"": answer.astype(np.float64)})
        if isinstance(answer, dict):
            return Reply("value", "dict", "", {str(key): np.array(float(value)) for key, value in answer.items()})
        if isinstance(answer, list | tuple):
            return Reply("value", "list", "", {"": np.array(_floats(answer), dtype=np.float64)})
        if isinstance(answer, int | float | np.number) and not isinstance(answer, bool):
            return Reply("value", "number", "", {"": np.array(float(answer))})
    except (TypeError, ValueError, RuntimeError):
        pass  # a list of unequal rows, a complex number: no numbers to compare
    return Reply("value", type(answer).__name__)


def _real(answer: torch.Tensor) -> torch.Tensor:
    return answer.real if answer.is_complex() else answer


def _floats(value):
    return [_floats(each) for each in value] if isinstance(value, list | tuple) else float(value)


def _gradients(answer: torch.Tensor, inputs: list[torch.Tensor]) -> tuple[np.ndarray | None, ...]:
    """Return ∂(Σ w · answer)/∂input for each, the weights w being fixed numbers that differ from place to place."""
    if not answer.requires_grad or not answer.is_floating_point():
        return (None,) * len(inputs)
    weights = torch.linspace(-1, 1.5, answer.numel(), dtype=torch.float64).cos().to(answer).reshape(answer.shape)
    try:
        found = torch.autograd.grad((weights * answer).sum(), inputs, allow_unused=True)
    except RuntimeError:  # an input was changed in place after it had been used
        return (None,) * len(inputs)
    return tuple(None if gradient is None else gradient.double().numpy() for gradient in found)
