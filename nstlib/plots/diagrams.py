"""What a step of style transfer computes, drawn as boxes and arrows between three pictures."""

from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from nstlib.pictures import to_pil
from nstlib.plots.card import CARD, COLOURS, FAINT, INK, Plot, card

WIDTH, HEIGHT = 9.4, 4.6  # inches
ROWS = (3.75, 2.35, 0.95)  # middles of the three rows
LARGEST = (1.45, 1.05)  # of a picture, across and down

Picture = Float[Tensor, "3 _height _width"]


def dataflow(content: Picture, style: Picture, generated: Picture, alt: str = "") -> Plot:
    """Draw one step: three pictures go through the network, two costs compare them, and X's pixels move.

    >>> import torch
    >>> grey = torch.full((3, 8, 8), 0.5)
    >>> dataflow(grey, grey, grey).alt[:60]
    'A diagram. The photo C, the picture X and the painting S go '
    """
    figure = card(WIDTH, HEIGHT)
    figure.alt = alt or (
        "A diagram. The photo C, the picture X and the painting S go through one frozen network, which gives features "
        "of each. The features of C and X meet in J_content. Gram matrices of the features of X and S meet in J_style. "
        "Both costs add up to J, and from J an arrow leads back to the pixels of X: they alone move."
    )
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.set_axis_off()
    pictures = {"C, the photo": content, "X, being made": generated, "S, the painting": style}
    for y, (name, picture) in zip(ROWS, pictures.items(), strict=True):
        _picture(axes, picture, name, 1.3, y)
        _arrow(axes, (2.07, y), (2.35, y))
        _arrow(axes, (3.35, y), (3.62, y))
    _box(axes, "network\n(frozen)", (2.85, ROWS[1]), (1.0, 3.9), FAINT)
    for y, letter in zip(ROWS, "CXS", strict=True):
        _box(axes, f"features\nof {letter}", (4.1, y), (0.95, 0.6), CARD)
    x, s = ROWS[1] - 0.3, ROWS[2]
    for y, letter in ((x, "X"), (s, "S")):
        _box(axes, f"Gram matrices\nof {letter}", (5.6, y), (1.25, 0.55), CARD)
        _arrow(axes, (4.58, y), (4.97, y))
    upper, lower = (ROWS[0] + ROWS[1]) / 2 + 0.1, (x + s) / 2
    _box(axes, r"$J_{\mathrm{content}}$", (7.05, upper), (0.95, 0.5), COLOURS[4])
    _box(axes, r"$J_{\mathrm{style}}$", (7.05, lower), (0.95, 0.5), COLOURS[5])
    _arrow(axes, (4.58, ROWS[0]), (6.57, upper + 0.12))
    _arrow(axes, (4.58, ROWS[1] + 0.12), (6.57, upper - 0.12))
    _arrow(axes, (6.23, x), (6.57, lower + 0.12))
    _arrow(axes, (6.23, s), (6.57, lower - 0.12))
    middle = (upper + lower) / 2
    _box(
        axes, r"$J = \alpha J_{\mathrm{content}}$" + "\n" + r"$+\ \beta J_{\mathrm{style}}$", (8.5, middle), (1.5, 0.75)
    )
    _arrow(axes, (7.53, upper), (8.2, middle + 0.38))
    _arrow(axes, (7.53, lower), (8.2, middle - 0.38))
    axes.plot([8.7, 8.7, 0.25, 0.25], [middle - 0.38, 0.18, 0.18, ROWS[1]], color=COLOURS[1], linewidth=1.6)
    _arrow(axes, (0.25, ROWS[1]), (0.56, ROWS[1]), COLOURS[1])
    axes.text(5.6, 0.24, "the gradient moves each pixel of X a little", ha="center", color=COLOURS[1], fontsize=9)
    return figure


def _picture(axes: Axes, picture: Picture, name: str, x: float, y: float) -> None:
    image = to_pil(picture)
    size = min(LARGEST[0] / image.width, LARGEST[1] / image.height)
    across, down = image.width * size / 2, image.height * size / 2
    axes.imshow(image, extent=(x - across, x + across, y - down, y + down), aspect="auto")
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.text(x, y + down + 0.06, name, ha="center", va="bottom", color=INK, fontsize=9)


def _box(axes: Axes, text: str, middle: tuple[float, float], size: tuple[float, float], colour: str = CARD) -> None:
    left, bottom = middle[0] - size[0] / 2, middle[1] - size[1] / 2
    shape = FancyBboxPatch((left, bottom), *size, "round,pad=0,rounding_size=0.06", facecolor=colour, edgecolor=INK)
    axes.add_patch(shape)
    axes.text(*middle, text, ha="center", va="center", color=INK, fontsize=9)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = INK) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.2})
