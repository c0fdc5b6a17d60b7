"""Read what a learner's function gave back as arrays: a ``Reply``. Nothing that it gave can make this raise.

The notebook's checks and the grader's children both read an answer with this file.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from .judging.replies import Reply  # relative: a grader's children load this file where nstlib cannot be imported

NO_NUMBER = "it holds something that is no number"
DERIVING = ("torch.autograd", "torch._functorch", "torch.func")
DERIVATIVES = frozenset(
    {"grad", "backward", "grad_and_value", "jacfwd", "jacrev", "jacobian", "hessian", "jvp", "vjp", "hvp", "vhp"}
    | {"make_dual", "linearize"}
)


class Unread(Exception):
    """No numbers can be read from an answer; the message says why."""


def tensors(value) -> Iterator[torch.Tensor]:
    """Give the tensors in an argument or in all arguments, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict | tuple | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors(item)


def copied(value):
    """Return a copy of an argument, or of all arguments, whose tensors, dictionaries and lists are its own."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return type(value)(copied(item) for item in value) if isinstance(value, tuple | list) else value


def changed(before, after) -> bool:
    """Return whether an argument, or anything in it, is no longer what it was; `before` is its copy."""
    try:
        return not _same(before, after)
    except Exception:  # an argument holds something odd now
        return True


def _same(old, new) -> bool:
    if type(old) is not type(new):
        return False
    if isinstance(old, torch.Tensor):
        return old.dtype == new.dtype and torch.equal(old, new.detach())
    if isinstance(old, dict):
        return list(old) == list(new) and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, tuple | list):
        return len(old) == len(new) and all(map(_same, old, new))
    return bool(old == new)


def asks_autograd(frame, event: str, argument) -> bool:
    """Return whether an event of ``sys.setprofile`` is a request for a derivative, by whichever of torch's doors."""
    if event == "c_call":
        return getattr(argument, "__name__", "") == "run_backward"
    module = frame.f_globals.get("__name__", "")
    return event == "call" and module.startswith(DERIVING) and frame.f_code.co_name in DERIVATIVES


def fixed(shape: tuple[int, ...]) -> torch.Tensor:
    """Return fixed numbers that differ from entry to entry, float64."""
    return torch.linspace(-1, 1.5, math.prod(shape), dtype=torch.float64).cos().reshape(shape)


def read(
    answer, inputs: list[torch.Tensor], weights: Callable[[tuple[int, ...]], torch.Tensor] | None = fixed
) -> Reply:
    """Turn an answer into arrays; where that fails, the reply says why.

    inputs: the tensors that a gradient of Σ w · answer must reach. weights: shape -> w; None asks for no gradient.
    """
    kind = _kind(answer)
    unread = ""
    dtype = str(answer.dtype).removeprefix("torch.") if kind in ("tensor", "numpy") else ""
    try:
        values = _values(kind, answer)
    except Unread as fault:
        values = {}
        unread = str(fault)
    except Exception:  # an answer's own methods may raise anything
        values = {}
        unread = NO_NUMBER
    gradients = _gradients(answer, inputs, weights) if weights and kind == "tensor" and not unread else ()
    return Reply("value", kind, dtype, values, gradients, unread=unread)


def _kind(answer) -> str:
    if isinstance(answer, int | float | np.number) and not isinstance(answer, bool | np.complexfloating):
        return "number"
    known = {torch.Tensor: "tensor", np.ndarray: "numpy", dict: "dict", list: "list", tuple: "tuple"}
    return next((name for cls, name in known.items() if isinstance(answer, cls)), type(answer).__name__)


def _values(kind: str, answer) -> dict[str, np.ndarray]:
    if kind == "dict":
        return {str(key): np.array(_number(value)) for key, value in answer.items()}
    if kind == "number":
        return {"": np.array(_number(answer))}
    if kind in ("tensor", "numpy", "list", "tuple"):
        return {"": _array(answer)}
    raise Unread(NO_NUMBER)


def _number(value) -> float:
    if isinstance(value, str | bytes):  # float("1") would read it
        raise Unread(NO_NUMBER)
    try:
        return float(value.detach() if isinstance(value, torch.Tensor) else value)
    except OverflowError:
        raise Unread("a number in it is too large") from None


def _array(value) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.is_nested:
            raise Unread("a sparse or nested tensor is not read here")
        if value.is_meta:
            raise Unread("a tensor on the device `meta` holds no numbers")
        value = value.detach().real if value.is_complex() else value.detach()
        return value.cpu().double().numpy()
    if isinstance(value, list | tuple):
        rows = [_array(row) for row in value]
        if len({row.shape for row in rows}) > 1:
            raise Unread("its rows differ in length")
        return np.array(rows, dtype=np.float64)
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            raise Unread("its numbers are complex")
        return np.asarray(value).astype(np.float64)
    return np.array(_number(value))


def _gradients(answer: torch.Tensor, inputs: list[torch.Tensor], weights: Callable) -> tuple[np.ndarray | None, ...]:
    """Return ∂(Σ w · answer)/∂input for each input."""
    if not answer.requires_grad or not answer.is_floating_point():
        return (None,) * len(inputs)
    try:
        w = weights(tuple(answer.shape)).to(answer)
        gradients = torch.autograd.grad((w * answer).sum(), inputs, allow_unused=True)
    except RuntimeError:  # an input was changed in place after it had been used
        return (None,) * len(inputs)
    return tuple(None if gradient is None else gradient.double().numpy() for gradient in gradients)
