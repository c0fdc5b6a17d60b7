"""Questions to which many answers are right: what an answer must have, measured on its numbers. Needs numpy alone.

A property is a function of the call's arguments and the answer, all arrays, that gives a statement -> whether it holds.
The statements of a right answer all hold, and an answer is compared by them alone. The first is about shapes: where it
does not hold, nothing can be said of the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nstlib.checks.judging.replies import Reply

__all__ = ["PARTS", "PROPERTIES", "measured"]

EXACT = 1e-6  # relative to the largest number; the arguments are float64, and rounding is far below
APART = 1e-4  # far above rounding; two numbers of F that change places may be nearly equal


def measured(name: str, arguments: Sequence, reply: Reply) -> Reply:
    """Return the reply with the property's statements as its values, 1 or 0; as it is where there is no property."""
    if not name or reply.status != "value" or reply.unread:
        return reply
    with np.errstate(all="ignore"):
        held = PROPERTIES[name](*(np.asarray(argument) for argument in arguments), reply.values.get("", np.array(0.0)))
    return replace(reply, values={statement: np.array(float(holds)) for statement, holds in held.items()}, gradients=())


def _equal_grams(F: np.ndarray, answer: np.ndarray) -> Mapping[str, bool]:
    shaped = answer.shape == (2, *F.shape) and bool(np.isfinite(answer).all())
    A, B = answer if shaped else (np.zeros_like(F), np.zeros_like(F))
    return {
        "A and B have F's shape, and finite numbers": shaped,
        "A has F's Gram matrix": shaped and _close(A @ A.T, F @ F.T),
        "A is not F": shaped and not _close(A, F, APART),
        "a ReLU can give A: nothing in it is negative": shaped and bool((A >= 0).all()),
        "B has F's Gram matrix": shaped and _close(B @ B.T, F @ F.T),
        "no ReLU can give B: something in it is negative": shaped and bool((-APART * np.abs(F).max() > B).any()),
    }


def _same_diagonal(F: np.ndarray, answer: np.ndarray) -> Mapping[str, bool]:
    shaped = answer.shape == F.shape and bool(np.isfinite(answer).all())
    G, wanted = (answer @ answer.T if shaped else np.zeros((len(F), len(F)))), F @ F.T
    return {
        "F′ has F's shape, and finite numbers": shaped,
        "nothing in F′ is negative": shaped and bool((answer >= 0).all()),
        "its Gram matrix has the same diagonal": shaped and _close(np.diag(G), np.diag(wanted)),
        "its Gram matrix differs beside the diagonal": shaped and not _close(_beside(G), _beside(wanted), APART),
    }


def _beside(G: np.ndarray) -> np.ndarray:
    return G - np.diag(np.diag(G))


def _close(a: np.ndarray, b: np.ndarray, tolerance: float = EXACT) -> bool:
    return bool(np.abs(a - b).max(initial=0.0) <= tolerance * np.abs(b).max(initial=1e-30))


PROPERTIES: Mapping[str, Callable[..., Mapping[str, bool]]] = {
    "equal Gram matrices": _equal_grams,
    "the same diagonal": _same_diagonal,
}
PARTS: Mapping[str, tuple[str, ...]] = {  # what an answer consists of; each part has the shape of the first argument
    "equal Gram matrices": ("A", "B"),
    "the same diagonal": ("F′",),
}
