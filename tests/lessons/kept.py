"""What slow cells have bound, kept to be bound again where neither they nor what they need has changed."""

import copy
import dataclasses
from collections import OrderedDict

import torch

MOST_BYTES = 500 << 20
PLAIN = (type(None), bool, int, float, str, bytes, torch.dtype, torch.Size)


class Kept:
    """The last results by key, up to so many bytes; each goes in and comes out as a copy."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most = most
        self.results: OrderedDict[str, tuple[dict, int]] = OrderedDict()

    def get(self, key: str) -> dict | None:
        """Return a copy of what is kept, or None."""
        if key not in self.results:
            return None
        self.results.move_to_end(key)
        return copy.deepcopy(self.results[key][0])

    def put(self, key: str, names: dict) -> None:
        """Keep a copy; values that cannot be copied, or may hold names of their own, are refused with all others."""
        if all(map(is_plain, names.values())):
            self.results[key] = copy.deepcopy(names), sum(map(size, names.values()))
            while sum(taken for _, taken in self.results.values()) > self.most:
                self.results.popitem(last=False)


def is_plain(value) -> bool:
    """Return whether a copy is as good as the value: no function, generator, or tensor in the midst of a graph."""
    if isinstance(value, torch.Tensor):
        return value.is_leaf
    if isinstance(value, torch.nn.Module):
        return not any(module._forward_hooks or module._forward_pre_hooks for module in value.modules())
    return isinstance(value, PLAIN) or (_parts(value) is not None and all(map(is_plain, _parts(value))))


def state(value) -> object:
    """Return what another state of the same object would differ in: it was changed in place, or replaced."""
    if isinstance(value, torch.Tensor):
        return id(value), value._version, value.requires_grad, id(value.grad) if value.is_leaf else None
    parts = _parts(value)
    return (id(value), None) if parts is None else (id(value), tuple(map(state, parts)))


def memory(value) -> set[object]:
    """Return what a value shares with another one if a change of the one would show in the other."""
    if isinstance(value, torch.Tensor):
        return {value.untyped_storage().data_ptr()}
    parts = _parts(value)
    return set() if parts is None else {id(value)}.union(*map(memory, parts))


def size(value) -> int:
    """Return the bytes of all tensors in a value."""
    if isinstance(value, torch.Tensor):
        return value.untyped_storage().nbytes()
    return sum(map(size, _parts(value) or ()))


def _parts(value) -> list | None:
    """Return what a container, a network or a record is made of; None for anything else."""
    if isinstance(value, torch.nn.Module):
        return [*value.parameters(), *value.buffers()]
    if type(value) is dict:
        return [*value, *value.values()]
    if type(value) in (list, tuple, set):
        return list(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return list(vars(value).values())
    return None
