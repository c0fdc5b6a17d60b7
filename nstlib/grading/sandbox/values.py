"""Values as JSON and arrays, without pickle: what a child is called with, and what a bundle keeps of hidden tests.

The JSON holds None, bool, int, finite float, str and lists as they are, and as {kind: content} a "tuple", a "dict", a
"float" that JSON cannot write ("nan"), and an "array" by its name. A frame carries the arrays' bytes, a bundle an npz.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

DTYPES = ("float16", "float32", "float64", "int64", "int32", "uint8", "bool")
EXPECTED = f"Expected arrays of {', '.join(DTYPES)}, numbers, text, lists, tuples or dictionaries of these, got"


def encode(value, arrays: dict[str, np.ndarray]):
    """Return the value as JSON, adding its arrays to `arrays`. Raises TypeError for what no call is given."""
    if isinstance(value, np.ndarray):
        if value.dtype.newbyteorder("=").name not in DTYPES:
            raise TypeError(f"{EXPECTED} an array of {value.dtype}: convert it first.")
        name = str(len(arrays))
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"{EXPECTED} a dictionary whose keys are no text: use text.")
        return {"dict": {key: encode(item, arrays) for key, item in value.items()}}
    if isinstance(value, tuple):
        return {"tuple": [encode(item, arrays) for item in value]}
    if isinstance(value, list):
        return [encode(item, arrays) for item in value]
    raise TypeError(f"{EXPECTED} {type(value).__name__}: convert it first.")


def decode(tree, arrays: Mapping[str, object]):
    """Return the value that `encode` was given; an array is whatever `arrays` holds under its name."""
    if isinstance(tree, list):
        return [decode(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "array":
        return arrays[content]
    if kind == "float":
        return float(content)
    if kind == "tuple":
        return tuple(decode(item, arrays) for item in content)
    if kind == "dict":
        return {key: decode(item, arrays) for key, item in content.items()}
    raise ValueError(f"Expected array, float, tuple or dict, got {kind!r}: `encode` writes nothing else.")


def to_bytes(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, list], list[bytes]]:
    """Return each array's dtype and shape by its name, and the bytes of all in this order."""
    ordered = {name: np.asarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    layout = {name: [array.dtype.str, list(array.shape)] for name, array in ordered.items()}
    return layout, [array.tobytes() for array in ordered.values()]


def from_bytes(layout: Mapping[str, Sequence], chunks: Sequence[bytes]) -> dict[str, np.ndarray]:
    """Return the arrays that `to_bytes` was given; each can be written to."""
    pairs = zip(layout.items(), chunks, strict=True)
    return {name: np.frombuffer(chunk, dtype).reshape(shape).copy() for (name, (dtype, shape)), chunk in pairs}
