"""A child: lock the jail, take one request, read the notebook, run its cells or call an answer, reply once.

After the ready byte everything in this process belongs to the student's code, which may change any of it. That spoils
only its own reply.
"""

import linecache
import os
import random
import sys
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from . import answers, inert, protocol, reading, values  # `reading` is of nstlib.checks: the zygote puts it here
from .answers import Answer, Run
from .session import Session, refused

READY = b"\x01"
UNKNOWN = "The answer uses what a widget, a picture, a magic or a statement that was left out would have given."
BEGUN = b"\x02"  # the cells have run, and the answer is called


def main(jail, request: int, reply: int, parent: int, turn: int, notebook) -> None:
    """Serve one request; never returns. An exit status other than 0 means a fault of this file."""
    random.seed(0)  # a fork seeds it anew
    jail.lock(parent, turn)
    head, chunks = protocol.unpack(_all(request))
    os.write(reply, READY)  # a fault before this byte is ours, after it the student's
    try:
        if head["ask"] == "read":
            frame = answers.pack_reading(notebook.read(chunks[0], head["questions"], jail.limits))
        elif head["ask"] == "run":
            frame = answers.pack_run(_run(head, chunks, jail.limits))
        else:
            frame = _call(head, chunks, jail.limits, reply)
    except MemoryError:
        frame = answers.pack_answer(Answer("memory"))
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


def _texts(chunks: list[bytes]) -> list[str]:
    return [chunk.decode() for chunk in chunks]


def _run(head: dict, chunks: list[bytes], limits) -> Run:
    """Run all cells once, and say what the calls of answers need to know."""
    session = Session(_texts(chunks), limits, limits.statement, clean=head["clean"])
    found, skip = {}, {}
    first = 0
    for question, (name, stop) in sorted(head["questions"].items(), key=lambda item: item[1][1]):
        session.run(first, stop)
        first = max(first, stop + 1)
        found[question] = callable(session.answer(question, name)) or name in session.lost
        skip[question] = session.slow()
    return Run(found, skip, tuple(sorted(session.flags)))


def _call(head: dict, chunks: list[bytes], limits, reply: int) -> bytes:
    """Call answers, each as it stands once the cells up to its check have run."""
    cells = chunks[: head["cells"]]
    # What the first run had time for is not interrupted now: on a busy machine it takes longer
    session = Session(_texts(cells), limits, None, map(tuple, head["skip"]), head["clean"])
    rest = iter(chunks[len(cells) :])
    frames: list[bytes] = []
    first, asked, function = 0, None, None
    for call in head["calls"]:
        if call["answer"] != asked:
            asked = call["answer"]
            question, name, stop = asked
            session.run(first, stop)
            first = max(first, stop + 1)
            function = session.answer(question, name)
        if not frames:
            os.write(reply, BEGUN)
        arrays = [next(rest) for _ in call["arrays"]]
        frames.append(_packed(_answer(head | call, arrays, function, session.lost, limits.body), limits))
    return frames[0] if len(frames) == 1 else protocol.pack({}, *frames)


def _packed(answer: Answer, limits) -> bytes:
    frame = answers.pack_answer(answer)
    fits = len(frame) <= limits.body and int.from_bytes(frame[:4], "big") <= limits.head
    return (
        frame if fits else answers.pack_answer(Answer("value", answer.kind, answer.dtype, text="too large to compare"))
    )


@reading.gradients_on()
def _answer(head: dict, chunks: list[bytes], function, lost: Collection[str], most: int) -> Answer:
    """Do as ``nstlib.checks.calling.reply`` does, with the request's cotangent in place of its fixed weights."""
    if not callable(function):
        return Answer("jailed", text=UNKNOWN) if head["answer"][1] in lost else Answer("absent")
    try:
        arrays = values.from_bytes(head["arrays"], chunks)
        cotangent = values.decode(head["cotangent"], arrays)
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        arguments = values.decode(head["arguments"], tensors)
        for index in head["gradient"]:
            for tensor in reading.tensors(arguments[index]):
                tensor.requires_grad_(tensor.is_floating_point())
        arguments = tuple(reading.built(argument) for argument in arguments)
        inputs = list(reading.tensors(arguments))
        before = reading.copied(arguments)
        differentiable = [tensor for tensor in inputs if tensor.requires_grad]
        inert.state.strict = True
        with _watched(head["by_hand"]) as used:
            returned = function(*arguments)
        if isinstance(returned, inert.Inert):
            returned()  # says that it is of no use here
            return Answer("jailed", text=UNKNOWN)
    except BaseException as fault:
        if isinstance(fault, NotImplementedError) and reading.is_stubs(fault):
            return Answer("not attempted")
        if _out_of_memory(fault):
            raise MemoryError from None
        if head["trace"]:
            _print_trace(fault)
        here = refused(fault) or isinstance(fault, inert.UnknownError)
        here = here or (isinstance(fault, NameError) and fault.name in lost)
        status = "jailed" if here else "no package" if _misses_a_package(fault) else "raised"
        return Answer(status, text=_describe(fault), detail=_about(fault))
    finally:
        inert.state.strict = False
    if returned is None:
        return Answer("nothing")
    changed = reading.changed(before, arguments)
    answer = _numbers(returned, differentiable, cotangent, most)
    answer.changed = changed
    answer.detail = "autograd" if used else ""
    return answer


@contextmanager
def _watched(wanted: bool) -> Iterator[set[str]]:
    """Give a set that is no longer empty once autograd was asked for a gradient; a claim that can only cost points."""
    used: set[str] = set()

    def notice(frame, event, argument) -> None:
        if reading.asks_autograd(frame, event, argument):
            used.add("autograd")

    sys.setprofile(notice if wanted else None)
    try:
        yield used
    finally:
        sys.setprofile(None)


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


def _misses_a_package(fault: BaseException) -> bool:
    return isinstance(fault, ModuleNotFoundError) and not _about(fault)


def _print_trace(fault: BaseException) -> None:
    """Print what an exception went through, from the student's first line to the last."""
    try:
        frames = traceback.extract_tb(fault.__traceback__)
        own = [number for number, frame in enumerate(frames) if frame.filename.startswith(inert.OWN)]
        print(*traceback.format_list(frames[own[0] : own[-1] + 1] if own else frames), sep="", end="")
        print(*traceback.format_exception_only(fault), sep="", end="")
    except Exception:  # its __str__ raises
        print(_name(type(fault)))


def _about(fault: BaseException) -> str:
    name = getattr(fault, "name", None)
    return "nstlib" if isinstance(fault, ImportError) and str(name).split(".")[0] == "nstlib" else ""


def _describe(fault: BaseException) -> str:
    """Return an exception's message, and the student's line that raised it."""
    try:
        message = str(fault).strip().splitlines() or ["without a message"]
        text = f"{_name(type(fault))}: {message[0][: answers.TEXT // 2]}"
        frames = list(traceback.walk_tb(fault.__traceback__))
        own = [(frame, line) for frame, line in frames if frame.f_code.co_filename.startswith(inert.OWN)]
        if not own:
            return text
        frame, line = own[-1]
        code = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()[:200]
        where = f"in {frame.f_code.co_filename[1:-1]}, line {line}"
        return f"{text}\n{where}: {code}" if code else f"{text}\n{where}"
    except BaseException:  # its __str__ raises
        return _name(type(fault))
