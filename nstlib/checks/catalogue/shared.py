"""What several questions of the catalogue have in common: words, cases and mistakes."""

from itertools import permutations

import torch

from nstlib.checks.calling import Case
from nstlib.checks.questions import TRIED, Misconception
from nstlib.checks.random_cases import Draw

TENSORFLOW = "TensorFlow's tutorial and course lab divide by height · width"
POSITIONS = (
    "You multiplied positions with positions (FᵀF): an entry for each pair of {M} positions. Style asks which "
    "filters fire together: F Fᵀ, a row for each of the {N} filters."
)
BY_M = (
    "Every entry is {M} times too small, and {M} = M: you divided by the positions. This course keeps the sum, and "
    "divides where two pictures are compared."
)
BY_NM = (
    "Every entry is N · M times too small ({N} filters, {M} positions): you divided by the number of entries of F. "
    "This course keeps the sum."
)
MIXED = (
    "The sizes are right, but a row holds numbers of several filters: `reshape` cuts the numbers in the "
    "order in which they lie, and after `permute`, or in `reshape(-1, N).T`, that is not filter by filter. "
    "Keep the filters first: `flatten(1)`."
)
# Of weights and rates: `torch.tensor` makes float32 of Python's numbers, and `tolist` hides it
BY_TORCH = 1e-6
LAYER_NAMES = tuple(f"relu{block}_{number}" for block in range(1, 6) for number in (1, 2))


def pairs(draw: Draw) -> list[Case]:
    """Draw features of two pictures: calls of equal sizes and of unequal ones, the first of each of whole numbers.

    In the first the two Gram matrices have entries of opposite signs; the second has one filter, so N² is 1.
    """
    x, s = draw.whole(2, 1, 3), draw.whole(2, 1, 3)
    while (x[0] * x[1]).sum() * (s[0] * s[1]).sum() >= 0:
        x, s = draw.whole(2, 1, 3), draw.whole(2, 1, 3)
    cases = [_pair(x, s), _pair(draw.whole(1, 1, 3), draw.whole(1, 2, 2))]
    n, height, width, larger = draw.sizes((5, 6), (2, 4), (2, 4), (7, 9))
    cases += [
        _pair(draw.normal(n, height, width, dtype=torch.float32), draw.normal(n, height, width, mean=0.7).float()),
    ]
    for filters, swapped in (((7, 9), False), ((3, 4), True)):
        n, height, width, larger = draw.sizes(filters, (2, 5), (2, 5), (10, 12))
        blocks = draw.normal(n, height, width), draw.normal(n, height + 1, larger, mean=0.7)
        cases.append(_pair(*(blocks[::-1] if swapped else blocks)))
    return cases


def _pair(x: torch.Tensor, s: torch.Tensor) -> Case:
    n, height, width = x.shape
    words = f"{n} filter{'s' * (n > 1)}, X on {height} × {width} and S on {s.shape[1]} × {s.shape[2]} positions"
    symbols = {"N": n, "M": height * width, "H": height, "W": width}
    if x.shape == s.shape:
        return Case((x, s), words, symbols, group="equal sizes")
    return Case((x, s), words, symbols | {"M_S": s[0].numel()}, group="unequal sizes")


def positive(draw: Draw) -> list[Case]:
    """Draw features none of which is negative, as after a ReLU: whole numbers first.

    In these each change of the places of one filter's numbers alone gives another Gram matrix, and so do two filters
    of one pattern.
    """
    drawn = [draw.whole(2, 3).abs() + 1]
    while not _are_apart(*drawn[0]):
        drawn = [draw.whole(2, 3).abs() + 1]
    for ranges in (((3, 5), (6, 8)), ((6, 7), (3, 5))):
        drawn.append(draw.uniform(*draw.sizes(*ranges), low=0.1, high=2))
    return [
        Case((F,), f"{len(F)} filters × {len(F[0])} positions, none negative", {"N": len(F), "M": len(F[0])}, ())
        for F in drawn
    ]


def _are_apart(a: torch.Tensor, b: torch.Tensor) -> bool:
    first, *moved = permutations(range(len(a)))
    moves_show = all(a @ b[list(order)] != a @ b[list(first)] for order in moved)
    return bool(moves_show and a @ b < 0.95 * a.norm() * b.norm())


def negative_row(F):
    """Turn the first filter's signs."""
    return torch.cat([-F[:1], F[1:]])


def matrix_root(G):
    """Return the symmetric matrix whose product with itself is G."""
    values, axes = torch.linalg.eigh(G)
    return axes @ values.clamp(min=0).sqrt().diag() @ axes.T


def softmax(exponents):
    """Give weights in proportion to e^exponent, with the sum 1."""
    return dict(zip(exponents, torch.tensor([*exponents.values()]).double().softmax(0).tolist(), strict=True))


def in_proportion(values, power=1.0):
    """Give weights in proportion to a power of the values, with the sum 1."""
    total = sum(value**power for value in values.values())
    return {name: value**power / total for name, value in values.items()}


def rounded(reference, *digits, credit=2):
    """Give the mistake of rounding right weights, for each number of digits."""

    def answer(number):
        return lambda *given: {name: round(weight, number) for name, weight in reference(*given).items()}

    words = {1: "one decimal place", 2: "two decimal places", 3: "three decimal places", 4: "four decimal places"}
    return tuple(
        Misconception(
            f"rounded-to-{number}",
            answer(number),
            f"These are the right weights, rounded to {words[number]}. Return them as they are: a rounded weight is "
            "another weight, and rounded weights no longer balance exactly.",
            TRIED,
            credit=credit,
        )
        for number in digits
    )


def random_network(draw: Draw, *filters: int, before: int = 3) -> dict:
    """Draw a plain VGG of two blocks as the data of which ``reading.built`` makes a network.

    before: the channels of what goes in.
    """
    layers: list[list] = []
    for number, after in enumerate(filters):
        name = f"{number // 2 + 1}_{number % 2 + 1}"
        weight = draw.normal(after, before, 3, 3, mean=0.05) * (2 / (9 * before)) ** 0.5
        layers += [
            [f"conv{name}", "conv", weight, draw.normal(after, mean=0.0) / 4],
            [f"relu{name}", "relu", None, None],
        ]
        if number % 2 and number + 1 < len(filters):
            layers.append([f"pool{number // 2 + 1}", "pool", None, None])
        before = after
    return {"network": layers}
