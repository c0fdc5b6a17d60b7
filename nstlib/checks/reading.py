"""Read what a learner's function gave back as arrays: a ``Reply``. Nothing that it gave can make this raise."""

import math
from collections.abc import Callable

import numpy as np
import torch

from .judging.replies import Reply  # relative: a grader's children load this file where nstlib cannot be imported

NO_NUMBER = "it holds something that is no number"


class Unread(Exception):
    """No numbers can be read from an answer; the message says why."""


def fixed(shape: tuple[int, ...]) -> torch.Tensor:
    """Return fixed numbers that differ from place to place, float64."""
    return torch.linspace(-1, 1.5, math.prod(shape), dtype=torch.float64).cos().reshape(shape)


def read(
    answer, inputs: list[torch.Tensor], weights: Callable[[tuple[int, ...]], torch.Tensor] | None = fixed
) -> Reply:
    """Turn an answer into arrays; where that fails, the reply says why.

    inputs: the tensors at which a gradient of Σ w · answer must arrive. weights: shape -> w; None asks for no gradient.
    """
    kind, why = _kind(answer), ""
    dtype = str(answer.dtype).removeprefix("torch.") if kind in ("tensor", "numpy") else ""
    try:
        values = _values(kind, answer)
    except Unread as fault:
        values, why = {}, str(fault)
    except Exception:  # an answer's own methods may raise anything
        values, why = {}, NO_NUMBER
    gradients = _gradients(answer, inputs, weights) if weights and kind == "tensor" and not why else ()
    return Reply("value", kind, dtype, values, gradients, unread=why)


def _kind(answer) -> str:
    if isinstance(answer, int | float | np.number) and not isinstance(answer, bool | np.complexfloating):
        return "number"
    known = {torch.Tensor: "tensor", np.ndarray: "numpy", dict: "dict", list: "list", tuple: "tuple"}
    return next((name for each, name in known.items() if isinstance(answer, each)), type(answer).__name__)


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
        rows = [_array(each) for each in value]
        if len({row.shape for row in rows}) > 1:
            raise Unread("its rows differ in length")
        return np.array(rows, dtype=np.float64)
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            raise Unread("its numbers are complex")
        return np.asarray(value).astype(np.float64)
    return np.array(_number(value))


def _gradients(answer: torch.Tensor, inputs: list[torch.Tensor], weights: Callable) -> tuple[np.ndarray | None, ...]:
    """Return ∂(Σ w · answer)/∂input for each."""
    if not answer.requires_grad or not answer.is_floating_point():
        return (None,) * len(inputs)
    try:
        w = weights(tuple(answer.shape)).to(answer)
        found = torch.autograd.grad((w * answer).sum(), inputs, allow_unused=True)
    except RuntimeError:  # an input was changed in place after it had been used
        return (None,) * len(inputs)
    return tuple(None if gradient is None else gradient.double().numpy() for gradient in found)
