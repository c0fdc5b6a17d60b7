"""A child: lock the jail, take one request, call the answer or read the notebook, reply once.

From the ready byte on, all in here belongs to the student's code, which can change any of it. That spoils nothing but
its own reply.
"""

import linecache
import os
import random
import sys
import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from . import answers, protocol, reading  # `reading` is of nstlib.checks: the zygote puts it here
from .answers import Answer

READY = b"\x01"
FILE = "answer.py"


def main(jail, request: int, reply: int, parent: int, notebook) -> None:
    """Serve one request; never returns. Exit statuses beside 0 are for faults in here."""
    random.seed(0)  # a fork seeds it anew
    jail.lock(parent)
    head, chunks = protocol.unpack(_all(request))
    os.write(reply, READY)  # from here on what goes wrong is the student's, before it was ours
    frame = _read(head, chunks, notebook) if head["ask"] == "read" else _call(head, chunks, jail.limits)
    sys.stdout.flush()
    sys.stderr.flush()
    while frame:
        frame = frame[os.write(reply, frame) :]
    os._exit(0)


def _all(source: int) -> bytes:
    pieces = []
    while piece := os.read(source, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def _read(head: dict, chunks: list[bytes], notebook) -> bytes:
    try:
        return answers.tell_reading(notebook.read(chunks[0], head["questions"]))
    except MemoryError:
        return answers.tell(Answer("memory"))


def _call(head: dict, chunks: list[bytes], limits) -> bytes:
    try:
        answer = _answer(head, chunks, limits.body)
        frame = answers.tell(answer)
    except MemoryError:
        return answers.tell(Answer("memory"))
    fits = len(frame) <= limits.body and int.from_bytes(frame[:4], "big") <= limits.head
    return frame if fits else answers.tell(Answer("value", answer.kind, answer.dtype, text="too large to compare"))


def _answer(head: dict, chunks: list[bytes], most: int) -> Answer:
    """Do as ``nstlib.checks.calling.reply`` does, with the cotangent of the request for its fixed weights."""
    try:
        function = _defined(chunks[0].decode(), head["function"])
        arguments = [protocol.decode(tree, chunks, torch.from_numpy) for tree in head["arguments"]]
        for place in head["gradient"]:
            for tensor in _tensors(arguments[place]):
                tensor.requires_grad_(tensor.is_floating_point())
        inputs = list(_tensors(arguments))
        before, moving = [each.detach().clone() for each in inputs], [each for each in inputs if each.requires_grad]
        with _watched(head["by_hand"]) as used:
            answer = function(*arguments)
    except NotImplementedError:
        return Answer("not attempted")
    except BaseException as fault:
        if _out_of_memory(fault):
            raise MemoryError from None
        return Answer("raised", text=_told(fault), detail=_about(fault))
    if answer is None:
        return Answer("nothing")
    changed = _changed(before, inputs)
    found = _numbers(answer, moving, protocol.decode(head["cotangent"], chunks, np.asarray), most)
    found.changed, found.detail = changed, "autograd" if used else ""
    return found


@contextmanager
def _watched(wanted: bool) -> Iterator[set[str]]:
    """Give a set that is not empty once autograd was asked for a gradient; a claim, which can only cost points."""
    used: set[str] = set()

    def notice(frame, event, argument) -> None:
        called = frame.f_globals.get("__name__", "") if event == "call" else ""
        if called.startswith("torch.autograd") and frame.f_code.co_name in ("grad", "backward"):
            used.add("autograd")

    sys.setprofile(notice if wanted else None)
    try:
        yield used
    finally:
        sys.setprofile(None)


def _defined(source: str, name: str):
    """Run the definitions as a module, and return the one that is asked for."""
    module = types.ModuleType("__main__")  # as in a notebook
    sys.modules["__main__"] = module  # dataclasses look there
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    exec(compile(source, FILE, "exec"), module.__dict__)
    if name not in module.__dict__:
        raise NameError(f"name '{name}' is not defined")
    return module.__dict__[name]


def _tensors(value) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict | tuple | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _tensors(each)


def _changed(before: list[torch.Tensor], inputs: list[torch.Tensor]) -> bool:
    try:
        return any(not torch.equal(old, new.detach()) for old, new in zip(before, inputs, strict=True))
    except Exception:  # of another dtype now, or no tensor any more
        return True


def _numbers(answer, moving: list[torch.Tensor], cotangent: np.ndarray | None, most: int) -> Answer:
    """Read an answer as the notebook's check does; without numbers where it holds none, or more than `most` bytes."""
    size = answer.numel() if isinstance(answer, torch.Tensor) else getattr(answer, "size", 0)
    if isinstance(answer, torch.Tensor | np.ndarray) and 8 * size > most:  # before anybody makes numbers of it
        kind = "tensor" if isinstance(answer, torch.Tensor) else "numpy"
        return Answer("value", kind, _dtype(str(answer.dtype)), unread=True)
    weights = None if cotangent is None else lambda shape: torch.from_numpy(np.resize(cotangent, shape))
    found = reading.read(answer, moving, weights)
    kind = found.kind if found.kind in answers.KINDS else _name(type(answer))
    return Answer("value", kind, _dtype(found.dtype), dict(found.values), found.gradients, unread=bool(found.unread))


def _dtype(name: str) -> str:
    name = name.removeprefix("torch.")
    return name if name in answers.DTYPES else "other"


def _name(kind: type) -> str:
    name = str(getattr(kind, "__name__", ""))[: answers.NAME]
    return name if name.isidentifier() else "object"


def _out_of_memory(fault: BaseException) -> bool:
    return isinstance(fault, MemoryError) or (isinstance(fault, RuntimeError) and "can't allocate memory" in str(fault))


def _about(fault: BaseException) -> str:
    name = getattr(fault, "name", None)
    return "nstlib" if isinstance(fault, ImportError) and str(name).split(".")[0] == "nstlib" else ""


def _told(fault: BaseException) -> str:
    """Say what an exception said, and in which line of the student's."""
    try:
        said = str(fault).strip().splitlines() or ["without a message"]
        text = f"{_name(type(fault))}: {said[0][: answers.TEXT // 2]}"
        places = list(traceback.walk_tb(fault.__traceback__))
        frames = [(frame, line) for frame, line in places if frame.f_code.co_filename == FILE]
        if not frames:
            return text
        frame, line = frames[-1]
        code = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()[:200]
        return f"{text}\nin line {line}: {code}" if code else f"{text}\nin line {line}"
    except BaseException:  # its __str__ raises
        return _name(type(fault))
