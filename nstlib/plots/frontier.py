"""Two numbers of each of several pictures against each other, with the pictures themselves."""

from collections.abc import Collection, Mapping

from jaxtyping import Float
from matplotlib.patches import ConnectionPatch
from torch import Tensor

from nstlib.claims import three_digits
from nstlib.errors import NstError
from nstlib.pictures import to_pil
from nstlib.plots.card import COLOURS, FAINT, GAP, INK, MAX_WIDTH, Plot, card, named, style_axes

MOST = 8  # thumbnails in a row
WIDEST = 1.5  # inches of a thumbnail
CAPTION, CHART, BELOW = 0.3, 2.9, 0.55  # inches
LEFT = 0.65

Picture = Float[Tensor, "3 _height _width"]


def frontier(
    pictures: Mapping[str, Picture],
    points: Mapping[str, tuple[float, float]],
    names: tuple[str, str],
    alt: str = "",
    joined: Collection[str] | None = None,
) -> Plot:
    """Draw a mark for each picture, and above them the pictures, each led to its mark.

    points: how far across and how far up, by the pictures' names. names: of the two axes. joined: whose dots a line
    joins from left to right, None for all; the others are squares. Of more than 8 pictures some are left out, of their
    marks none. Raises NstError where there is nothing to draw, or a picture or point lacks.

    >>> import torch
    >>> grey = torch.full((3, 8, 12), 0.5)
    >>> frontier({"a": grey, "b": grey}, {"a": (0.1, 0.7), "b": (0.5, 0.1)}, ("content lost", "style missing")).alt
    'content lost across and style missing up: a 0.1 and 0.7; b 0.5 and 0.1'
    """
    named(pictures, "pictures")
    if set(points) != set(pictures):
        raise NstError(f"Expected a point for each of {', '.join(pictures)}, got {', '.join(points) or 'none'}.")
    order = sorted(points, key=lambda name: points[name])
    last, count = len(order) - 1, min(MOST, len(order))
    shown = [order[round(index * last / max(1, count - 1))] for index in range(count)]
    images = {name: to_pil(pictures[name]) for name in shown}
    width = min(WIDEST, (MAX_WIDTH - GAP) / count - GAP)
    highest = max(width * image.height / image.width for image in images.values())
    figure = card(MAX_WIDTH, CAPTION + highest + CHART)
    height = figure.get_figheight()
    joined = order if joined is None else joined
    places = {name: " and ".join(map(three_digits, points[name])) for name in order}
    figure.alt = alt or f"{names[0]} across and {names[1]} up: " + "; ".join(
        f"{name} {place}{'' if name in joined else ', a square'}" for name, place in places.items()
    )
    place = LEFT / MAX_WIDTH, BELOW / height, 1 - (LEFT + GAP) / MAX_WIDTH, (CHART - BELOW - 0.3) / height
    axes = style_axes(figure.add_axes(place))
    line, apart = ([points[name] for name in order if (name in joined) is on] for on in (True, False))
    if line:
        axes.plot(*zip(*line, strict=True), "o-", color=COLOURS[0], linewidth=1.4, zorder=3)
    if apart:
        axes.plot(*zip(*apart, strict=True), "s", color=COLOURS[1], zorder=3)
    axes.set(xlim=(0, None), ylim=(0, None), xlabel=names[0], ylabel=names[1])
    axes.margins(0.05)
    step = MAX_WIDTH / count
    for index, (name, image) in enumerate(images.items()):
        middle, tall = (index + 0.5) * step / MAX_WIDTH, width * image.height / image.width / height
        small = figure.add_axes((middle - width / 2 / MAX_WIDTH, CHART / height, width / MAX_WIDTH, tall))
        small.imshow(image, aspect="auto")
        small.set_axis_off()
        small.set_title(name, color=INK, fontsize=9, pad=4)
        ends = {"xyA": (middle, CHART / height), "coordsA": figure.transFigure, "xyB": points[name]}
        figure.add_artist(ConnectionPatch(**ends, coordsB=axes.transData, color=FAINT, linewidth=1, zorder=1))
    return figure
