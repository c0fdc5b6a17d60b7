"""Pictures side by side, in a table, and a layer's channels as slabs."""

import textwrap
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from nstlib.errors import NstError
from nstlib.pictures import to_pil
from nstlib.plots.card import CARD, COLOURS, GAP, INK, MAX_WIDTH, Plot, card

CAPTION, MARGIN = 0.36, 1.05  # inches
LETTERS = 12  # of a row's name that fit into the margin, side by side

Picture = Float[Tensor, "3 _height _width"]


def row(pictures: Mapping[str, Picture], height: float = 2.4, alt: str = "") -> Plot:
    """Show pictures side by side, equally high, each under its name; `height` is in inches, less where space is short.

    `alt` describes the row, by default with the names. Raises NstError where there is nothing to show, PictureError
    for a tensor that is no picture.

    >>> import torch
    >>> row({"photo": torch.zeros(3, 8, 12), "painting": torch.ones(3, 8, 8)}).alt
    'Pictures side by side: photo, painting'
    """
    if not isinstance(pictures, Mapping) or not pictures:
        raise NstError('Expected pictures by name, got none: pass a dictionary, {"before": a, "after": b}.')
    images = {str(name): to_pil(picture) for name, picture in pictures.items()}
    aspects = [image.width / image.height for image in images.values()]
    height = min(height, (MAX_WIDTH - GAP * (len(images) + 1)) / sum(aspects))
    size = sum(aspects) * height + GAP * (len(images) + 1), height + GAP + CAPTION
    figure, left = card(*size), GAP
    figure.alt = alt or f"Pictures side by side: {', '.join(images)}"
    for (name, image), aspect in zip(images.items(), aspects, strict=True):
        axes = figure.add_axes((left / size[0], GAP / size[1], aspect * height / size[0], height / size[1]))
        axes.imshow(image, aspect="auto")
        axes.set_axis_off()
        axes.set_title(name, color=INK, fontsize=10, pad=6)
        left += aspect * height + GAP
    return figure


def grid(rows: Mapping[str, Mapping[str, Picture]], alt: str = "") -> Plot:
    """Show a contact sheet: a row of pictures for each name, columns under the names of the first row.

    All pictures are drawn in the shape of the first. Raises NstError for no rows and for rows of unequal names.

    >>> import torch
    >>> grey = torch.full((3, 8, 8), 0.5)
    >>> grid({"β = 1": {"cat": grey, "cup": grey}, "β = 10": {"cat": grey, "cup": grey}}).alt
    'A table of pictures. Rows: β = 1, β = 10. Columns: cat, cup'
    """
    columns = list(next(iter(rows.values()))) if isinstance(rows, Mapping) and rows else []
    if not columns or any(list(pictures) != columns for pictures in rows.values()):
        raise NstError(
            'Expected rows with the same names, got others: pass {"β = 1": {"relu1_1": a, …}, "β = 10": {…}}.'
        )
    first = to_pil(rows[next(iter(rows))][columns[0]])
    width = min(2.4, (MAX_WIDTH - MARGIN - GAP * len(columns)) / len(columns))
    height = width * first.height / first.width
    size = MARGIN + len(columns) * (width + GAP), CAPTION + len(rows) * (height + GAP)
    figure = card(*size)
    figure.alt = alt or f"A table of pictures. Rows: {', '.join(rows)}. Columns: {', '.join(columns)}"
    for line, (name, pictures) in enumerate(rows.items()):
        bottom = size[1] - CAPTION - (line + 1) * height - line * GAP
        label, middle = textwrap.fill(name, LETTERS), (bottom + height / 2) / size[1]
        figure.text((MARGIN - 0.1) / size[0], middle, label, ha="right", va="center", color=INK)
        for index, (column, picture) in enumerate(pictures.items()):
            left = MARGIN + index * (width + GAP)
            axes = figure.add_axes((left / size[0], bottom / size[1], width / size[0], height / size[1]))
            axes.imshow(to_pil(picture), aspect="auto")
            axes.set_axis_off()
            if line == 0:
                axes.set_title(column, color=INK, fontsize=10, pad=6)
    return figure


def slabs(features: Float[Tensor, "n_filters height width"], channels: list[int], alt: str = "") -> Plot:
    """Draw channels of a layer's block as slabs one behind the other, each in a colour of its own.

    A slab is bright where its filter answers strongly; every slab is scaled to its own largest value.

    >>> import torch
    >>> slabs(torch.rand(8, 6, 6), channels=[0, 5]).alt
    'Channels 0, 5 as slabs, the first in front'
    """
    maps = features.detach().float().cpu()[channels].numpy()
    height = 2.2
    width, shift = height * maps.shape[2] / maps.shape[1], 0.7
    size = width + shift * (len(channels) - 1) + 2 * GAP + 0.4, height + 0.25 * (len(channels) - 1) + 2 * GAP + 0.3
    figure = card(*size)
    figure.alt = alt or f"Channels {', '.join(map(str, channels))} as slabs, the first in front"
    for index in reversed(range(len(channels))):
        left, bottom = GAP + shift * index, GAP + 0.25 * index
        axes = figure.add_axes((left / size[0], bottom / size[1], width / size[0], height / size[1]))
        strongest = max(float(maps[index].max()), 1e-12)
        axes.imshow(np.clip(maps[index] / strongest, 0, 1), cmap=_shade(COLOURS[index % len(COLOURS)]), vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[], aspect="auto")
        for spine in axes.spines.values():
            spine.set_color(COLOURS[index % len(COLOURS)])
        axes.set_title(f"{channels[index]}", loc="right", color=COLOURS[index % len(COLOURS)], fontsize=10, pad=2)
    return figure


def _shade(colour: str) -> LinearSegmentedColormap:
    """From nearly the card's white to a colour."""
    return LinearSegmentedColormap.from_list(colour, [CARD, colour])
