"""Read what a learner's function gave back as arrays: a ``Reply``. Nothing that it gave can make this raise.

The notebook's checks and the grader's children both read an answer with this file.
"""

import dis
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Real

import numpy as np
import torch

from .judging.replies import Reply  # relative: a grader's children load this file where nstlib cannot be imported

LAYERS = {"relu": lambda: torch.nn.ReLU(inplace=True), "pool": lambda: torch.nn.MaxPool2d(2)}
NO_NUMBER = "it holds something that is no number"
MOST_PARTS = 9
LIBRARIES = ("torch", "numpy", "jaxtyping", "einops")  # whose lines are not the learner's
DERIVING = ("torch.autograd", "torch._functorch", "torch.func")
DERIVATIVES = frozenset(
    {"grad", "backward", "grad_and_value", "jacfwd", "jacrev", "jacobian", "hessian", "jvp", "vjp", "hvp", "vhp"}
    | {"make_dual", "linearize"}
)


class Lent(torch.nn.Sequential):
    """A network that an answer must leave as it found it: its modes and settings count, too."""


NETWORKS = {"network": torch.nn.Sequential, "lent network": Lent}


class Unread(Exception):
    """No numbers can be read from an answer; the message says why."""


@contextmanager
def gradients_on() -> Iterator[None]:
    """Record gradients, whatever mode the learner's cells have left: an answer is judged alike in each."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def tensors(value) -> Iterator[torch.Tensor]:
    """Give the tensors in an argument or in all arguments, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict | tuple | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from tensors(item)


def built(value):
    """Return the argument that a call gets: {"network": layers} becomes a network, everything else stays.

    {"lent network": layers} becomes one of which every setting counts, not its weights and hooks alone.
    layers: a list of [name, kind, weight, bias], of which "relu" works in place, as in torchvision's VGG, and "pool"
    halves height and width.
    """
    layers = described(value)
    if layers is None:
        return value
    network = NETWORKS[next(iter(value))]()
    for name, kind, weight, bias in layers:
        network.add_module(name, _convolution(weight, bias) if kind == "conv" else LAYERS[kind]())
    return network


def described(value) -> list | None:
    """Return the layers of which a network is to be made; None of any other argument."""
    only = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
    return value[only] if only in NETWORKS else None


def _convolution(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Conv2d:
    outputs, inputs, size, _ = weight.shape
    layer = torch.nn.Conv2d(inputs, outputs, size, padding=size // 2, dtype=weight.dtype)
    layer.weight.data = weight.detach().clone()
    layer.bias.data = bias.detach().clone()
    return layer


def copied(value):
    """Return a copy of an argument, or of all arguments, whose tensors, dictionaries and lists are its own.

    Of a network it is what an answer must leave alone: its weights and hooks, and the settings of one that is lent.
    """
    if isinstance(value, torch.nn.Module):
        return {**_settings(value), "weights": copied(dict(value.named_parameters()))}
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return type(value)(copied(item) for item in value) if isinstance(value, tuple | list) else value


def _settings(network: torch.nn.Module) -> dict[str, dict]:
    """Return what can be set of a network, by kind and name."""
    modules = dict(network.named_modules())
    hooks = {name: len(each._forward_hooks) + len(each._forward_pre_hooks) for name, each in modules.items()}
    if not isinstance(network, Lent):
        return {"hooks": hooks}
    return {
        "hooks": hooks,
        "inplace": {name: getattr(each, "inplace", None) for name, each in modules.items()},
        "training": {name: each.training for name, each in modules.items()},
        "requires_grad": {name: weight.requires_grad for name, weight in network.named_parameters()},
    }


def left_set(before, after) -> str:
    """Say what of the networks among the arguments was changed and not put back; `before` is the arguments' copy.

    >>> network = torch.nn.Sequential(torch.nn.ReLU())
    >>> before = copied((network,))
    >>> handle = network[0].register_forward_hook(print)
    >>> left_set(before, (network,))
    'hooks of `0`'
    """
    told = []
    for old, new in zip(before, after, strict=True):
        if not isinstance(new, torch.nn.Module):
            continue
        for kind, now in copied(new).items():
            names = [name for name in now if name not in old[kind] or not _same(old[kind][name], now[name])]
            if names:
                shown = ", ".join(f"`{name}`" if name else "the network" for name in names[:3])
                what = kind if kind in ("hooks", "weights") else f"`{kind}`"
                told.append(f"{what} of {shown}{' and others' if len(names) > 3 else ''}")
    return "; ".join(told)


def changed(before, after) -> bool:
    """Return whether an argument, or anything in it, is no longer what it was; `before` is its copy."""
    try:
        return not _same(before, after)
    except Exception:  # an argument holds something odd now
        return True


def _same(old, new) -> bool:
    if isinstance(new, torch.nn.Module):
        return _same(old, copied(new))
    if type(old) is not type(new):
        return False
    if isinstance(old, torch.Tensor):
        return old.dtype == new.dtype and torch.equal(old, new.detach())
    if isinstance(old, dict):
        return list(old) == list(new) and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, tuple | list):
        return len(old) == len(new) and all(map(_same, old, new))
    return bool(old == new)


def is_stubs(fault: NotImplementedError) -> bool:
    """Return whether a `raise` of the learner's own gave this error, as a stub's does, and not a library.

    >>> try:
    ...     torch.nn.Module()(0)
    ... except NotImplementedError as fault:
    ...     print(is_stubs(fault))
    False
    """
    last = fault.__traceback__
    while last is not None and last.tb_next:
        last = last.tb_next
    if last is None:
        return False
    code, module = last.tb_frame.f_code.co_code, str(last.tb_frame.f_globals.get("__name__", ""))
    return module.split(".")[0] not in LIBRARIES and code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]


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
    """Turn an answer into arrays; where that fails, the reply says why, and holds the parts of a short tuple or list.

    inputs: the tensors that a gradient of Σ w · answer must reach. weights: shape -> w; None asks for no gradient.
    """
    kind = _kind(answer)
    unread = ""
    dtype = str(answer.dtype).removeprefix("torch.") if kind in ("tensor", "numpy") else ""
    try:
        values = _values(kind, answer)
        dtype = "float32" if _holds_float32(answer) else dtype
    except Unread as fault:
        values = _parts(answer) if kind in ("list", "tuple") else {}
        unread = str(fault)
    except Exception:  # an answer's own methods may raise anything
        values = {}
        unread = NO_NUMBER
    gradients: tuple[np.ndarray | None, ...] = ()
    if weights and not unread and kind in ("tensor", "dict"):
        outputs = [value for value in (answer.values() if kind == "dict" else [answer]) if _is_moving(value)]
        gradients = _gradients(outputs, inputs, weights)
    return Reply("value", kind, dtype, values, gradients, unread=unread)


def _kind(answer) -> str:
    if isinstance(answer, Real) and not isinstance(answer, bool):  # numpy's and fractions, too
        return "number"
    known = {torch.Tensor: "tensor", np.ndarray: "numpy", dict: "dict", list: "list", tuple: "tuple"}
    return next((name for cls, name in known.items() if isinstance(answer, cls)), type(answer).__name__)


def _holds_float32(answer) -> bool:
    """Return whether any number in an answer has the digits of float32 alone, as `torch.tensor(0.1)` has."""
    if isinstance(answer, dict | list | tuple):
        return any(map(_holds_float32, answer.values() if isinstance(answer, dict) else answer))
    return str(getattr(answer, "dtype", "")).removeprefix("torch.") == "float32"


def _values(kind: str, answer) -> dict[str, np.ndarray]:
    if kind == "dict":
        return {str(key): _entry(value) for key, value in answer.items()}
    if kind == "number":
        return {"": np.array(_number(answer))}
    if kind in ("tensor", "numpy", "list", "tuple"):
        return {"": _array(answer)}
    raise Unread(NO_NUMBER)


def _parts(answer: list | tuple) -> dict[str, np.ndarray]:
    """Read one by one what makes no array together, such as two matrices of different shapes."""
    try:
        return {f"[{number}]": _array(part) for number, part in enumerate(answer)} if len(answer) <= MOST_PARTS else {}
    except Exception:  # a part of it cannot be read either
        return {}


def _entry(value) -> np.ndarray:
    """Read what stands under a name: a tensor, an array or a list of any shape, or a number."""
    several = isinstance(value, list | tuple) or (isinstance(value, torch.Tensor | np.ndarray) and value.ndim)
    return _array(value) if several else np.array(_number(value))


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


def _is_moving(value) -> bool:
    return isinstance(value, torch.Tensor) and value.requires_grad and value.is_floating_point()


def _gradients(
    outputs: list[torch.Tensor], inputs: list[torch.Tensor], weights: Callable
) -> tuple[np.ndarray | None, ...]:
    """Return ∂(Σ w · output)/∂input for each input, summed over the outputs."""
    if not outputs or not inputs:
        return (None,) * len(inputs)
    try:
        weighted = sum((weights(tuple(output.shape)).to(output) * output).sum() for output in outputs)
        gradients = torch.autograd.grad(weighted, inputs, allow_unused=True)
    except RuntimeError:  # an input was changed in place after it had been used
        return (None,) * len(inputs)
    return tuple(None if gradient is None else gradient.double().numpy() for gradient in gradients)
