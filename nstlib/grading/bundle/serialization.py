"""Values as JSON and arrays: what a call is given and what came back, kept without pickle.

A tree holds None, bool, int, float, str, lists, {"tuple": […]}, {"dict": {…}} and {"array": "7"}, a name in the npz.
"""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from nstlib.checks.judging.replies import Reply

__all__ = ["grow", "grow_reply", "tree", "tree_of_reply"]

DTYPES = {"float32", "float64", "int64", "int32", "bool", "uint8"}


def tree(value, arrays: dict[str, np.ndarray]):
    """Return the value as a tree, adding its arrays to `arrays`. Raises TypeError for what no call is given."""
    if isinstance(value, np.ndarray):
        if str(value.dtype) not in DTYPES:
            raise TypeError(f"An array of {value.dtype} cannot be kept; {', '.join(sorted(DTYPES))} can.")
        name = str(len(arrays))
        arrays[name] = value
        return {"array": name}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("A dictionary is kept only if its keys are text.")
        return {"dict": {key: tree(each, arrays) for key, each in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [tree(each, arrays) for each in value]}
    if isinstance(value, list):
        return [tree(each, arrays) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"A {type(value).__name__} cannot be kept.")


def grow(found, arrays: Mapping[str, np.ndarray]):
    """Return the value of a tree."""
    if isinstance(found, list):
        return [grow(each, arrays) for each in found]
    if not isinstance(found, dict):
        return found
    ((kind, inner),) = found.items()
    if kind == "array":
        return arrays[inner]
    if kind == "tuple":
        return tuple(grow(each, arrays) for each in inner)
    if kind == "dict":
        return {key: grow(each, arrays) for key, each in inner.items()}
    raise ValueError(f"A tree has no {kind!r}.")


def tree_of_reply(reply: Reply, arrays: dict[str, np.ndarray]) -> dict:
    """Return all that a reply says, but its text: that is for people, and may hold what is hidden."""
    return {each.name: tree(getattr(reply, each.name), arrays) for each in fields(reply) if each.name != "text"}


def grow_reply(found: dict, arrays: Mapping[str, np.ndarray]) -> Reply:
    """Return the reply."""
    return Reply(**{key: grow(value, arrays) for key, value in found.items()})
