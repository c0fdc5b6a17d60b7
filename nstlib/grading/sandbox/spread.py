"""Follow a made-up value into what a function changes: an item of a dictionary, an attribute, a tensor's numbers.

This runs in a child. A function that made a stand-in make a value up may have put it into whatever it can reach, and
what it did put it into differs from before.
"""

import contextlib
import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch

from .inert import OWN, Inert

MOST = 50_000  # values that are looked at
BYTES = 4 << 20  # of an array that is compared by its numbers


class Spread:
    """What the names of a notebook hold before a function that a statement calls goes on with a made-up value."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names
        self._before: dict[int, tuple[object, list, object]] = {}  # it keeps the values, so that no id is given twice
        self._touched: set[int] = set()

    def note(self, frame: types.FrameType) -> None:
        """Note what a function of the student's can reach, while one that it called makes a value up."""
        if not self._before:
            self._before = {id(value): (value, held(value), numbers(value)) for value in within(self._names.values())}
        reached = [*frame.f_locals.values(), *_used(frame.f_code, self._names)]
        self._touched |= {id(value) for value in reached if id(value) in self._before}

    def changed(self) -> set[int]:
        """Return the ids of the values that these functions could reach and that are not what they were."""
        touched = [self._before[key][0] for key in self._touched]
        reached = {id(value) for value in within(touched, self._names)}
        return {key for key in reached & set(self._before) if _differs(*self._before[key])}

    def names_of(self, values: set[int]) -> set[str]:
        """Return the names through which one of these values, given by their ids, can be reached."""
        return {name for name, value in self._names.items() if values and values & set(map(id, within([value])))}


def within(values: Iterable, names: Mapping[str, object] | None = None) -> Iterator:
    """Yield values and all that they hold, each once; with `names`, what the student's functions use of them, too."""
    waiting, seen = list(values), set()
    while waiting and len(seen) < MOST:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, Inert | types.ModuleType):
            continue
        seen.add(id(value))
        yield value
        waiting += held(value)
        if names is not None and isinstance(value, types.FunctionType) and value.__code__.co_filename.startswith(OWN):
            waiting += _used(value.__code__, names)


def held(value) -> list:
    """Return what a value holds: items, attributes, and what a function was given by those around it."""
    with contextlib.suppress(Exception):  # of a student's class that makes something else of this
        if isinstance(value, dict):
            return [*value, *value.values()]
        if isinstance(value, list | tuple | set | frozenset | deque):
            return list(value)
        if isinstance(value, types.FunctionType):
            return [cell.cell_contents for cell in value.__closure__ or ()]
        if isinstance(value, types.MethodType):
            return [value.__self__]
        if not isinstance(value, type):
            return [type(value), *vars(value).values()]
        if value.__module__ == "__main__":
            return list(vars(value).values())
    return []


def numbers(value):
    """Return a tensor's or an array's bytes, unless they are many, and how often PyTorch says a tensor was changed."""
    with contextlib.suppress(Exception):  # of a tensor without bytes of its own
        if isinstance(value, np.ndarray) and value.nbytes <= BYTES:
            return value.tobytes()
        if isinstance(value, torch.Tensor):
            few = value.layout is torch.strided and value.nbytes <= BYTES
            return value._version, value.detach().numpy(force=True).tobytes() if few else b""
    return None


def _used(code: types.CodeType, names: Mapping[str, object]) -> list:
    """Return the values of those of these names that a function uses, the functions within it included."""
    inner = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return [names[name] for name in code.co_names if name in names] + [v for each in inner for v in _used(each, names)]


def _differs(value, before: list, numbers_before) -> bool:
    now = held(value)
    same = len(now) == len(before) and all(one is other for one, other in zip(now, before, strict=True))
    return not same or numbers(value) != numbers_before
