"""Follow a made-up value into what a function changes: an item of a dictionary, an attribute, a tensor's numbers.

This runs in a child. While a stand-in makes a value up, the student's functions at work may put it into whatever they
can reach. So all of that is noted then, and compared once the statement is over.
"""

import contextlib
import functools
import types
import zlib
from collections import deque
from collections.abc import Iterable, Mapping

import numpy as np
import torch

from .inert import OWN, Inert

MOST = 50_000  # values that are noted for a statement, numbers and texts aside
BYTES = 16 << 20  # of an array that is compared by its numbers; their digest takes 15 ms, of each statement anew
ROOM = 256 << 20  # bytes of all these arrays
PLAIN = (int, float, complex, str, bytes, bool, type(None))  # types whose values hold nothing and never change


class Spread:
    """What the functions that a statement calls can reach, as it was when a stand-in made a value up for them."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names
        self._before: dict[int, tuple[object, list, object]] = {}  # it keeps the values, so that no id is given twice
        self._room = ROOM
        self._cut = False  # there was more to note

    def note(self, frame: types.FrameType) -> None:
        """Note what a function of the student's can reach, while one that it called makes a value up."""
        waiting = _followed([*frame.f_locals.values(), *_used(frame.f_code, self._names)])
        while waiting:
            value = waiting.pop()
            if id(value) in self._before:
                continue
            if len(self._before) >= MOST or self._room < 0:
                self._cut = True
                return
            parts = held(value)
            self._before[id(value)] = value, parts, numbers(value)
            self._room -= _digested(value)
            waiting += _followed(parts)
            if isinstance(value, types.FunctionType) and value.__code__.co_filename.startswith(OWN):
                waiting += _followed(_used(value.__code__, self._names))

    def changed(self) -> set[int]:
        """Return the ids of the values that are not what they were when they were noted."""
        return {key for key, noted in self._before.items() if _differs(*noted)}

    def names_of(self, changed: set[int]) -> set[str]:
        """Return the names through which one of these values, given by their ids, can be reached.

        Where there was more than could be noted, whatever was not noted counts as changed.
        """
        if not changed and not self._cut:
            return set()
        holders: dict[int, list[int]] = {}
        seen: dict[int, object] = {}
        waiting = _followed(self._names.values())
        while waiting:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen[id(value)] = value
            parts = held(value)
            followed = _followed(parts)
            for part in followed:
                holders.setdefault(id(part), []).append(id(value))
            waiting += followed
            if self._cut and id(value) not in self._before and (parts or numbers(value) is not None):
                changed = changed | {id(value)}
        reaching: set[int] = set()
        keys = list(changed)
        while keys:
            key = keys.pop()
            if key not in reaching:
                reaching.add(key)
                keys += holders.get(key, ())
        return {name for name, value in self._names.items() if id(value) in reaching}


def held(value) -> list:
    """Return what a value holds: items, attributes, and what a function or a method was made of."""
    parts: list = []
    with contextlib.suppress(Exception):  # of a student's class that makes something else of this
        if isinstance(value, type):
            return [*value.__bases__, *vars(value).values()] if value.__module__ == "__main__" else []
        parts += [type(value), *_attributes(value)]
        if isinstance(value, dict):
            parts += [*value, *value.values()]
        elif isinstance(value, list | tuple | set | frozenset | deque):
            parts += value
        elif isinstance(value, types.BuiltinMethodType):
            parts.append(value.__self__)
        elif isinstance(value, types.FunctionType):
            parts += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
            parts += [each for cell in value.__closure__ or () for each in _got(cell, "cell_contents")]
    return parts


def _attributes(value) -> list:
    """Return the values of an object's attributes and slots, which those of methods, properties and partials are."""
    attributes = [each for found in _got(value, "__dict__") for each in found.values()]
    slots = [] if isinstance(value, types.FunctionType) else _slots(type(value))  # they would lead to all globals
    return attributes + [each for name in slots for each in _got(value, name)]


@functools.cache
def _slots(kind: type) -> list[str]:
    members = [(name, member) for each in kind.__mro__ for name, member in vars(each).items()]
    return [name for name, member in members if isinstance(member, types.MemberDescriptorType)]


def _got(value, name: str) -> list:
    """Return an attribute's value, past what a student's class makes of looking it up; nothing where there is none."""
    try:
        return [object.__getattribute__(value, name)]
    except (AttributeError, ValueError):  # an empty slot, an empty cell
        return []


def numbers(value):
    """Return a digest of an array's bytes, unless they are many, and how often PyTorch says a tensor was changed.

    PyTorch's count leaves out changes made through `.data`; the digest finds them.
    """
    if isinstance(value, np.ndarray):
        return _digest(value)
    return (value._version, _digest(value)) if isinstance(value, torch.Tensor) else None


def _digest(value) -> int:
    with contextlib.suppress(Exception):  # a sparse tensor has no bytes of its own, and numpy does not know each dtype
        if _digested(value):
            array = value if isinstance(value, np.ndarray) else _as_array(value)
            return zlib.crc32(array.tobytes())
    return 0


def _digested(value) -> int:
    """Return how many bytes of a value are compared."""
    with contextlib.suppress(Exception):
        if isinstance(value, np.ndarray | torch.Tensor) and value.nbytes <= BYTES:
            return value.nbytes
    return 0


def _as_array(tensor: torch.Tensor) -> np.ndarray:
    same_bytes = tensor.detach().view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor
    return same_bytes.numpy(force=True)


def _followed(values: Iterable) -> list:
    """Return those of these values that may hold others or change."""
    return [
        value for value in values if type(value) not in PLAIN and not issubclass(type(value), (Inert, types.ModuleType))
    ]


def _used(code: types.CodeType, names: Mapping[str, object]) -> list:
    """Return the values of those of these names that a function uses, the functions within it included."""
    inner = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return [names[name] for name in code.co_names if name in names] + [v for each in inner for v in _used(each, names)]


def _differs(value, before: list, numbers_before) -> bool:
    now = held(value)
    same = len(now) == len(before) and all(one is other for one, other in zip(now, before, strict=True))
    return not same or numbers(value) != numbers_before
