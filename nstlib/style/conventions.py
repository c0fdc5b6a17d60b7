"""A layer's style cost as five families of programs write it, each with its exact factor relative to Gatys' E_l.

For two pictures of one size, a family's cost is factor · E_l (`nstlib.style.layer_style_cost`). For unequal sizes it
is *defined* as that product, M being X's. A factor made of constants alone disappears in β; one that holds N or M
changes from layer to layer, and then only the λ_l can undo it.

N filters and M positions of the layer, HW pixels of the picture X, Δ = G_X − G_S of the raw Gram matrices.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """One way to write a layer's style cost; `factor(N, M, HW)` is that cost divided by Gatys' E_l.

    >>> CONVENTIONS["mean_chw"].formula
    'mean of (Δ / (N M))²'
    >>> CONVENTIONS["mean_chw"].factor(2, 100, 400)  # 4 / N²
    1.0
    """

    family: str
    formula: str
    factor: Callable[[int, int, int], float]
    used_by: str


CONVENTIONS: dict[str, Convention] = {
    "gatys": Convention("A", "Σ Δ² / (4 N² M²)", lambda n, m, hw: 1.0, "Gatys et al. 2015, DeepLearning.AI C4W4"),
    "mean_hw": Convention("B", "mean of (Δ / M)²", lambda n, m, hw: 4.0, "TensorFlow tutorial, fastai 22p2, pystiche"),
    "sum_chw": Convention("C", "Σ (Δ / (N M))²", lambda n, m, hw: 4.0, "Johnson et al. 2016, CS231n, gordicaleksa"),
    # N² divides twice: once inside the Gram matrices, once in the mean over their N² entries.
    "mean_chw": Convention(
        "D", "mean of (Δ / (N M))²", lambda n, m, hw: 4 / n**2, "jcjohnson/neural-style, PyTorch tutorial, d2l"
    ),
    # The picture's 3 channels and its pixels stand where the layer's N and M belong.
    "keras": Convention("E", "Σ Δ² / (4 · 3² (HW)²)", lambda n, m, hw: (n * m) ** 2 / (9 * hw**2), "Keras-IO example"),
}


def factor(name: str, n_filters: int, n_positions: int, image_positions: int) -> float:
    """The convention's cost divided by Gatys' E_l: 1, 4, 4, 4/N² or N² M² / (9 (HW)²).

    `n_positions` is M of X's layer, `image_positions` the pixels HW of X; a convention uses those its formula holds.
    Raises ValueError for an unknown name and for a count below 1.

    >>> factor("keras", n_filters=3, n_positions=100, image_positions=100)  # as if the layer were the picture itself
    1.0
    """
    if name not in CONVENTIONS:
        raise ValueError(
            f"Expected one of the conventions {', '.join(CONVENTIONS)}, got {name!r}: choose one of these."
        )
    counts = {"n_filters": n_filters, "n_positions": n_positions, "image_positions": image_positions}
    wrong = ", ".join(f"{key} = {count}" for key, count in counts.items() if not count >= 1)
    if wrong:
        raise ValueError(f"Expected counts of 1 or more, got {wrong}: read them from the features' shape.")
    return CONVENTIONS[name].factor(n_filters, n_positions, image_positions)
