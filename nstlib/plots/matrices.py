"""Matrices as coloured squares: small ones with their numbers, Gram matrices side by side with their difference."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Real
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from torch import Tensor

from nstlib.errors import NstError
from nstlib.plots.card import AMOUNT, INK, MAX_WIDTH, SIGNED, Plot, card, named

Gram = Real[Tensor, "n_filters n_filters"]
LARGEST_WITH_NUMBERS = 8


def matrices(
    tables: Mapping[str, Real[Tensor, "_rows _columns"]],
    alt: str = "",
    *,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    one_scale: bool = False,
) -> Plot:
    """Draw matrices side by side; those of at most 8 rows and columns with their numbers in them.

    `rows` and `columns` name these, in every matrix. One without negative entries goes from dark (0) to bright (its
    largest); others are centred on 0. With `one_scale` the same number has the same colour in all of them. Raises
    NstError where there is nothing to draw.

    >>> import torch
    >>> matrices({"G": torch.tensor([[5.0, 3.0], [3.0, 9.0]])}).alt
    'G: 5, 3 / 3, 9'
    """
    named(tables, "matrices")
    tables = {name: table.detach().double().cpu() for name, table in tables.items()}
    width = min(4.2 if rows else 2.6, MAX_WIDTH / len(tables))
    figure = card(width * len(tables), 3.4 if rows else 2.9)
    figure.alt = alt or "; ".join(_described(name, table) for name, table in tables.items())
    together = torch.cat([table.flatten() for table in tables.values()])
    for axes, (name, table) in zip(_side_by_side(figure, len(tables)), tables.items(), strict=True):
        scaled = together if one_scale else table
        largest = max(scaled.abs().max().item(), 1e-300)
        signed = bool((scaled < 0).any())
        norm = Normalize(-largest if signed else 0, largest)
        _draw(axes, table, name, SIGNED if signed else AMOUNT, norm)
        if rows:
            axes.set_yticks(range(len(rows)), list(rows))
        if columns:
            axes.set_xticks(range(len(columns)), list(columns), fontsize=8)
        axes.tick_params(length=0, colors=INK, labelsize=8)
    if rows:
        figure.subplots_adjust(left=0.2, right=0.98, bottom=0.1)
    return figure


def gram_maps(gram_x: Gram, gram_s: Gram, names: tuple[str, str] = ("G_X / M_X", "G_S / M_S"), alt: str = "") -> Plot:
    """Draw two Gram matrices on one scale, filters sorted by how strong they are in the second, and the difference.

    Colour grows with the square root, so that the many small entries show beside the few large ones. Raises NstError
    for matrices of different sizes.

    >>> import torch
    >>> gram_maps(torch.eye(2), torch.eye(2)).alt.split(", ")[-1]
    "whose energy is 0% of the second's"
    """
    x, s = (gram.detach().double().cpu() for gram in (gram_x, gram_s))
    if x.shape != s.shape:
        raise NstError(
            f"Expected two Grams of one layer, got {tuple(x.shape)} and {tuple(s.shape)}: take the same layer."
        )
    order = s.diagonal().argsort(descending=True)
    x, s = x[order][:, order], s[order][:, order]
    figure = card(MAX_WIDTH, 2.9)
    largest = max(x.abs().max().item(), s.abs().max().item(), 1e-300)
    share = ((x - s).square().sum() / s.square().sum()).item()
    figure.alt = alt or (
        f"{names[0]} and {names[1]}, {len(x)} × {len(x)} matrices, filters sorted by strength, and their difference,"
        f" whose energy is {share:.0%} of the second's"
    )
    first, second, third = _side_by_side(figure, 3)
    for axes, table, name in ((first, x, names[0]), (second, s, names[1])):
        image = _draw(axes, table, name, AMOUNT, PowerNorm(0.5, 0, largest))
        _bar(figure, image, axes)
    gap = max((x - s).abs().max().item(), 1e-300)
    _bar(figure, _draw(third, x - s, "difference", SIGNED, Normalize(-gap, gap)), third)
    return figure


def _side_by_side(figure: Plot, count: int) -> list[Axes]:
    axes = figure.subplots(1, count, squeeze=False)[0]
    figure.subplots_adjust(left=0.04, right=0.92, bottom=0.06, top=0.84, wspace=0.45)
    return list(axes)


def _draw(axes: Axes, table: Tensor, name: str, colours: str, norm: Normalize):
    image = axes.imshow(table.numpy(), cmap=colours, norm=norm, interpolation="nearest")
    axes.set_title(name, color=INK, fontsize=10, pad=8)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(INK)
    if max(table.shape) <= LARGEST_WITH_NUMBERS:
        for i, line in enumerate(table.tolist()):
            for j, value in enumerate(line):
                red, green, blue, _ = image.cmap(image.norm(value))
                ink = "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"
                axes.text(j, i, f"{value:.3g}", ha="center", va="center", color=ink, fontsize=9)
    return image


def _bar(figure: Plot, image, axes: Axes) -> None:
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.04)
    bar.ax.tick_params(colors=INK, labelsize=8)
    bar.outline.set_visible(False)


def _described(name: str, table: Tensor) -> str:
    if max(table.shape) > LARGEST_WITH_NUMBERS:
        return f"{name}: a matrix of {table.shape[0]} rows and {table.shape[1]} columns"
    return f"{name}: " + " / ".join(", ".join(f"{value:.3g}" for value in line) for line in table.tolist())
