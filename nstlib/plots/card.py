"""The card that every figure lies on, and its colours."""

import base64
import html
import io

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nstlib.errors import NstError

CARD, INK, FAINT = "#f4f4f2", "#262626", "#b8b8b4"
MAX_WIDTH, GAP = 9.5, 0.14  # inches
# Okabe and Ito's colours without their yellow, which a light card swallows
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
LINES = ("-", "--", "-.", ":")
AMOUNT, SIGNED = "cividis", "PuOr"


class Plot(Figure):
    """A figure that a notebook shows together with a description, `alt`, for readers who cannot see it.

    >>> figure = Plot(figsize=(3, 2))
    >>> figure.alt = "An empty card"
    >>> 'alt="An empty card"' in figure._repr_html_()
    True
    """

    alt = ""

    def _repr_html_(self) -> str:
        png = io.BytesIO()
        self.savefig(png, format="png", dpi=160, facecolor=self.get_facecolor())
        source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
        width = round(self.get_figwidth() * 96)
        return f'<img src="{source}" alt="{html.escape(self.alt)}" width="{width}" style="max-width: 100%">'


def card(width: float, height: float) -> Plot:
    """Return an empty figure of this size in inches."""
    return Plot(figsize=(width, height), facecolor=CARD)


def style_axes(axes: Axes, title: str = "") -> Axes:
    """Give axes the card's ground and ink, whatever style is set, without a frame above and to the right."""
    axes.set_facecolor(CARD)
    axes.grid(False)
    axes.tick_params(which="both", colors=INK, labelsize=9)
    axes.spines[:].set_color(INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for text in (axes.xaxis.label, axes.yaxis.label):
        text.set(color=INK, fontsize=9)
    axes.set_title(title, color=INK, fontsize=10)
    return axes


def depth_colours(count: int) -> list[tuple[float, ...]]:
    """Colours for layers, from dark for the first to light for the deepest, told apart by lightness alone."""
    return [colormaps[AMOUNT](0.05 + 0.9 * index / max(1, count - 1)) for index in range(count)]


def named(values: object, kind: str) -> None:
    """Raise ValueError unless `values` is a dictionary with something in it."""
    if not isinstance(values, dict) or not values:
        raise NstError(
            f"Expected {kind} by name, got {type(values).__name__ if values else 'nothing'}: "
            'pass a dictionary, {"before": a, "after": b}.'
        )
