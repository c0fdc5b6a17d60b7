"""A child: lock the jail, take one request, call the answer or read the notebook, reply once.

After the ready byte everything in this process belongs to the student's code, which may change any of it. That spoils
only its own reply.
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

from . import answers, protocol, reading, values  # `reading` is of nstlib.checks: the zygote puts it here
from .answers import Answer

READY = b"\x01"
FILE = "answer.py"


def main(jail, request: int, reply: int, parent: int, notebook) -> None:
    """Serve one request; never returns. An exit status other than 0 means a fault of this file."""
    random.seed(0)  # a fork seeds it anew
    jail.lock(parent)
    head, chunks = protocol.unpack(_all(request))
    os.write(reply, READY)  # a fault before this byte is ours, after it the student's
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
        return answers.pack_reading(notebook.read(chunks[0], head["questions"]))
    except MemoryError:
        return answers.pack_answer(Answer("memory"))


def _call(head: dict, chunks: list[bytes], limits) -> bytes:
    try:
        answer = _answer(head, chunks, limits.body)
        frame = answers.pack_answer(answer)
    except MemoryError:
        return answers.pack_answer(Answer("memory"))
    fits = len(frame) <= limits.body and int.from_bytes(frame[:4], "big") <= limits.head
    return (
        frame if fits else answers.pack_answer(Answer("value", answer.kind, answer.dtype, text="too large to compare"))
    )


def _answer(head: dict, chunks: list[bytes], most: int) -> Answer:
    """Do as ``nstlib.checks.calling.reply`` does, with the request's cotangent in place of its fixed weights."""
    try:
        function = _define(chunks[0].decode(), head["function"])
        arrays = values.from_bytes(head["arrays"], chunks[1:])
        cotangent = values.decode(head["cotangent"], arrays)
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        arguments = values.decode(head["arguments"], tensors)
        for index in head["gradient"]:
            for tensor in reading.tensors(arguments[index]):
                tensor.requires_grad_(tensor.is_floating_point())
        inputs = list(reading.tensors(arguments))
        before = [tensor.detach().clone() for tensor in inputs]
        differentiable = [tensor for tensor in inputs if tensor.requires_grad]
        with _watched(head["by_hand"]) as used:
            returned = function(*arguments)
    except NotImplementedError:
        return Answer("not attempted")
    except BaseException as fault:
        if _out_of_memory(fault):
            raise MemoryError from None
        return Answer("raised", text=_describe(fault), detail=_about(fault))
    if returned is None:
        return Answer("nothing")
    changed = reading.changed(before, inputs)
    answer = _numbers(returned, differentiable, cotangent, most)
    answer.changed = changed
    answer.detail = "autograd" if used else ""
    return answer


@contextmanager
def _watched(wanted: bool) -> Iterator[set[str]]:
    """Give a set that is no longer empty once autograd was asked for a gradient; a claim that can only cost points."""
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


def _define(source: str, name: str):
    """Run the definitions as a module, and return the function of this name."""
    module = types.ModuleType("__main__")  # as in a notebook
    sys.modules["__main__"] = module  # dataclasses look there
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    exec(compile(source, FILE, "exec"), module.__dict__)
    if name not in module.__dict__:
        raise NameError(f"name '{name}' is not defined")
    return module.__dict__[name]


def _numbers(answer, inputs: list[torch.Tensor], cotangent: np.ndarray | None, most: int) -> Answer:
    """Read an answer as the notebook's check does; without numbers where it has none, or more than `most` bytes."""
    size = answer.numel() if isinstance(answer, torch.Tensor) else getattr(answer, "size", 0)
    if isinstance(answer, torch.Tensor | np.ndarray) and 8 * size > most:  # look before making an array of it
        kind = "tensor" if isinstance(answer, torch.Tensor) else "numpy"
        return Answer("value", kind, _dtype(str(answer.dtype)), unread=True)
    weights = None if cotangent is None else lambda shape: torch.from_numpy(np.resize(cotangent, shape))
    reply = reading.read(answer, inputs, weights)
    kind = reply.kind if reply.kind in answers.KINDS else _name(type(answer))
    return Answer("value", kind, _dtype(reply.dtype), dict(reply.values), reply.gradients, unread=bool(reply.unread))


def _dtype(name: str) -> str:
    name = name.removeprefix("torch.")
    return name if name in answers.DTYPES else "other"


def _name(cls: type) -> str:
    name = str(getattr(cls, "__name__", ""))[: answers.NAME]
    return name if name.isidentifier() else "object"


def _out_of_memory(fault: BaseException) -> bool:
    return isinstance(fault, MemoryError) or (isinstance(fault, RuntimeError) and "can't allocate memory" in str(fault))


def _about(fault: BaseException) -> str:
    name = getattr(fault, "name", None)
    return "nstlib" if isinstance(fault, ImportError) and str(name).split(".")[0] == "nstlib" else ""


def _describe(fault: BaseException) -> str:
    """Return an exception's message, and the student's line that raised it."""
    try:
        message = str(fault).strip().splitlines() or ["without a message"]
        text = f"{_name(type(fault))}: {message[0][: answers.TEXT // 2]}"
        frames = list(traceback.walk_tb(fault.__traceback__))
        own = [(frame, line) for frame, line in frames if frame.f_code.co_filename == FILE]
        if not own:
            return text
        frame, line = own[-1]
        code = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()[:200]
        return f"{text}\nin line {line}: {code}" if code else f"{text}\nin line {line}"
    except BaseException:  # its __str__ raises
        return _name(type(fault))
