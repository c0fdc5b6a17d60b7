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

import numpy as np
import torch

from . import answers, protocol
from .answers import Answer

READY = b"\x01"
FILE = "answer.py"


def main(jail, request: int, reply: int, parent: int, ingest) -> None:
    """Serve one request; never returns. Exit statuses beside 0 are for faults in here."""
    random.seed(0)  # a fork seeds it anew
    jail.lock(parent)
    head, chunks = protocol.unpack(_all(request))
    os.write(reply, READY)  # from here on what goes wrong is the student's, before it was ours
    frame = _read(head, chunks, ingest) if head["ask"] == "read" else _call(head, chunks, jail.limits)
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


def _read(head: dict, chunks: list[bytes], ingest) -> bytes:
    try:
        return answers.tell_reading(ingest.read(chunks[0], head["questions"]))
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
        arguments = [protocol.grow(tree, chunks, torch.from_numpy) for tree in head["arguments"]]
        for place in head["gradient"]:
            for tensor in _tensors(arguments[place]):
                tensor.requires_grad_(tensor.is_floating_point())
        inputs = list(_tensors(arguments))
        before, moving = [each.detach().clone() for each in inputs], [each for each in inputs if each.requires_grad]
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
    found = _numbers(answer, moving, protocol.grow(head["cotangent"], chunks, np.asarray), most)
    found.changed = changed
    return found


def _defined(source: str, name: str):
    """Run the definitions as a module, and return the one that is asked for."""
    module = types.ModuleType("answer")
    sys.modules["answer"] = module  # dataclasses look there
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
    """Turn an answer into float64 arrays; without numbers where it holds none, or more than `most` bytes."""
    try:
        if isinstance(answer, torch.Tensor):
            dtype = _dtype(str(answer.dtype).removeprefix("torch."))
            if 8 * answer.numel() > most:
                return Answer("value", "tensor", dtype, text="too large to compare")
            gradients = _gradients(answer, moving, cotangent)
            real = answer.detach().real if answer.is_complex() else answer.detach()
            return Answer("value", "tensor", dtype, {"": real.cpu().double().numpy()}, gradients)
        if isinstance(answer, np.ndarray):
            if 8 * answer.size > most:
                return Answer("value", "numpy", _dtype(str(answer.dtype)), text="too large to compare")
            return Answer("value", "numpy", _dtype(str(answer.dtype)), {"": answer.astype(np.float64)})
        if isinstance(answer, dict):
            return Answer("value", "dict", "", {str(key): np.array(float(value)) for key, value in answer.items()})
        if isinstance(answer, list | tuple):
            return Answer("value", "list", "", {"": np.array(_floats(answer), dtype=np.float64)})
        if isinstance(answer, int | float | np.number) and not isinstance(answer, bool):
            return Answer("value", "number", "", {"": np.array(float(answer))})
    except BaseException as fault:  # a list of unequal rows, a sparse tensor, an object that does something of its own
        if _out_of_memory(fault):
            raise MemoryError from None
    return Answer("value", _name(type(answer)))


def _gradients(answer, moving, cotangent) -> tuple[np.ndarray | None, ...]:
    """Return ∂(Σ w · answer)/∂input for each; w is the cotangent, which np.resize brings to the answer's shape."""
    if cotangent is None:
        return ()
    if not answer.requires_grad or not answer.is_floating_point():
        return (None,) * len(moving)
    weights = torch.from_numpy(np.resize(cotangent, tuple(answer.shape))).to(answer)
    try:
        found = torch.autograd.grad((weights * answer).sum(), moving, allow_unused=True)
    except RuntimeError:  # an input was changed in place after it had been used
        return (None,) * len(moving)
    return tuple(None if gradient is None else gradient.double().numpy() for gradient in found)


def _floats(value):
    return [_floats(each) for each in value] if isinstance(value, list | tuple) else float(value)


def _dtype(name: str) -> str:
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
