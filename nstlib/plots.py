"""Figures of the lessons. Each function returns one, drawn without pyplot, whose global state is not safe in threads.

Figures lie on a light card of their own, so they read the same in light and dark themes.
"""

import base64
import html
import io
from collections.abc import Mapping

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from nstlib.pictures import to_pil

__all__ = ["Plot", "row"]

CARD, INK = "#f4f4f2", "#262626"
MAX_WIDTH, GAP, CAPTION = 9.5, 0.14, 0.36  # inches


class Plot(Figure):
    """A figure that a notebook shows with a description for those who cannot see it."""

    alt = ""

    def _repr_html_(self) -> str:
        png = io.BytesIO()
        self.savefig(png, format="png", dpi=160)
        source = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
        width = round(self.get_figwidth() * 96)
        return f'<img src="{source}" alt="{html.escape(self.alt)}" width="{width}" style="max-width: 100%">'


def row(pictures: Mapping[str, Float[Tensor, "3 _ _"]], height: float = 2.4, alt: str = "") -> Plot:
    """Show pictures side by side, equally high, each under its name; `height` is in inches, less where space is short.

    `alt` describes the row, by default with the names. Raises ValueError where nothing was given, PictureError for a
    tensor that is no picture.
    """
    if not isinstance(pictures, Mapping) or not pictures:
        raise ValueError('A row needs pictures by name. Give a dict such as {"before": a, "after": b}.')
    images = {str(name): to_pil(picture) for name, picture in pictures.items()}
    aspects = [image.width / image.height for image in images.values()]
    height = min(height, (MAX_WIDTH - GAP * (len(images) + 1)) / sum(aspects))
    size = sum(aspects) * height + GAP * (len(images) + 1), height + GAP + CAPTION
    figure, left = Plot(figsize=size, facecolor=CARD), GAP
    figure.alt = alt or f"Pictures side by side: {', '.join(images)}"
    for (name, image), aspect in zip(images.items(), aspects, strict=True):
        axes = figure.add_axes((left / size[0], GAP / size[1], aspect * height / size[0], height / size[1]))
        axes.imshow(image, aspect="auto")
        axes.set_axis_off()
        axes.set_title(name, color=INK, fontsize=10, pad=6)
        left += aspect * height + GAP
    return figure
