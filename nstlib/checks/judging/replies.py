"""What one call returned, as data, and when two replies agree. Needs numpy alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

# Sums of thousands of float32 products in another order differ by about 1e-6; a mistake by far more than 1e-4.
TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
NAMES = 5  # of an answer that are shown where they are not asked for
LONGEST_NAME = 24  # characters


@dataclass(frozen=True)
class Reply:
    """What one call returned.

    status: "value", "nothing" for None, "not attempted", "raised" or "too long". kind: "tensor", "numpy", "list",
    "number", "dict" or another type's name. dtype: of an array, or "float32" where anything in the answer is that.
    values: name -> float64 array, the name "" where the answer has no names.
    gradients: for each floating-point input the gradient of the answer's fixed weighted sum, None where none arrives.
    changed: the call altered an input. text: for people; of an exception, its message and line; of a changed network,
    what was changed and not put back.
    unread: why no numbers could be read from the answer, "" where they could; `values` may then hold parts of it, as
    "[0]" and "[1]", which nothing is compared with.
    """

    status: str
    kind: str = ""
    dtype: str = ""
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    gradients: tuple[np.ndarray | None, ...] = ()
    changed: bool = False
    text: str = ""
    unread: str = ""


def some(names: Iterable[object]) -> tuple[list[str], int]:
    """Return the first five names, each in one line of 24 characters at most, and how many more there are.

    >>> some(["relu1_1", "a name that is far too long to show"])
    (['relu1_1', 'a name that is far too …'], 0)
    """
    texts = [" ".join(str(name).split()) for name in names]
    cut = [text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…" for text in texts[:NAMES]]
    return cut, len(texts) - len(cut)


@dataclass(frozen=True)
class Rule:
    """When two replies agree."""

    kinds: frozenset[str]
    least: float

    def tolerance(self, *replies: Reply) -> float:
        """Return the widest of the replies' dtypes'; what names none was computed in Python's float64."""
        return max(self.least, *(TOLERANCE.get(reply.dtype, TOLERANCE["float64"]) for reply in replies))

    def agree(self, expected: Reply, answer: Reply) -> bool:
        """Return whether both hold the same numbers under the same names."""
        if expected.status != answer.status or answer.unread or set(expected.values) != set(answer.values):
            return False
        tolerance = self.tolerance(expected, answer)
        return all(_alike(value, answer.values[name], tolerance) for name, value in expected.values.items())

    def faults(self, expected: Reply, answer: Reply) -> list[str]:
        """Return what differs besides the numbers."""
        faults = []
        if answer.kind != expected.kind and not {answer.kind, expected.kind} <= self.kinds:
            faults.append("kind")
        elif answer.unread:
            faults.append("unread")
        elif answer.kind == expected.kind == "tensor" and answer.dtype != expected.dtype:
            faults.append("dtype")
        if answer.changed != expected.changed:
            faults.append("changed")
        if not {"kind", "unread"} & set(faults) and any(
            a is not None and b is None for a, b in gradients(expected, answer)
        ):
            faults.append("gradient")
        return faults

    def same(self, expected: Reply, answer: Reply) -> bool:
        """Return whether both agree in every respect, gradients included."""
        if not self.agree(expected, answer) or self.faults(expected, answer):
            return False
        tolerance = 10 * self.tolerance(expected, answer)
        return all(_one_gradient(a, b, tolerance) for a, b in gradients(expected, answer))


def _alike(expected: np.ndarray, answer: np.ndarray, tolerance: float) -> bool:
    """Return whether two arrays agree; where a known mistake's holds nan or infinite numbers, so must the answer's.

    Not all of the mistake's may: an array without a number would be like any other.
    """
    finite = np.isfinite(expected)
    if finite.all() or not finite.any():
        return close(expected, answer, tolerance)
    if expected.shape != answer.shape or not np.array_equal(finite, np.isfinite(answer)):
        return False
    return close(expected[finite], answer[finite], tolerance)


def gradients(expected: Reply, answer: Reply) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
    """Return the gradients of both, input by input."""
    return list(zip_longest(expected.gradients, answer.gradients))


def _one_gradient(expected: np.ndarray | None, answer: np.ndarray | None, tolerance: float) -> bool:
    """Return whether two gradients agree; zeros will do where none is expected, as of a layer with weight 0.

    Of a known mistake they may hold nan or infinite numbers, as the root of a matrix has; then so must the answer's.
    """
    if expected is None:
        return answer is None or not answer.any()
    if not np.isfinite(expected).all():
        return answer is not None and not np.isfinite(answer).all()
    return answer is not None and close(expected, answer, tolerance)


def close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    """Return whether two arrays agree; what is not finite never does, and 0 is judged by its array's largest entry."""
    if a.shape != b.shape or not np.isfinite(a).all():
        return False
    scale = np.abs(a).max(initial=0.0)
    return bool((np.abs(a - b) <= tolerance * scale + 1e-30).all())
