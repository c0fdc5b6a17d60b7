"""A studio's curve and bars as small SVG pictures, drawn in a fraction of a millisecond without pyplot's global state.

Their lines take the page's own text colour, so that they can be read in light and dark themes.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 320
HEIGHT = 90
COLOURS = ("#00204c", "#414d6b", "#7c7b78", "#bcaf6f", "#ffe945")  # cividis: also for colour-blind readers


def curve(totals: Sequence[float]) -> str:
    """Draw J by step on a logarithmic axis; an empty frame while there is none."""
    logs = [math.log10(total) for total in totals if total > 0 and math.isfinite(total)]
    if len(logs) < 2:
        return _svg("no cost curve yet", "")
    low = min(logs)
    high = max(logs)
    height = (high - low) or 1.0
    last = len(logs) - 1
    points = " ".join(
        f"{index / last * (WIDTH - 8) + 4:.1f},{(high - value) / height * (HEIGHT - 24) + 14:.1f}"
        for index, value in enumerate(logs)
    )
    text = f'<text x="4" y="10" font-size="10" fill="currentColor">J, {totals[0]:.3g} to {totals[-1]:.3g}</text>'
    line = f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    return _svg(f"cost J by step, from {totals[0]:.3g} to {totals[-1]:.3g}, logarithmic", text + line)


def bars(shares: Mapping[str, float]) -> str:
    """Draw a bar for each layer's share of the gradient's strength."""
    if not shares:
        return _svg("no gradient shares yet", "")
    row = (HEIGHT - 4) / len(shares)
    pieces = []
    for index, ((layer, share), colour) in enumerate(zip(shares.items(), _colours(len(shares)), strict=True)):
        top = 2 + index * row
        pieces.append(
            f'<text x="0" y="{top + row * 0.7:.1f}" font-size="10" fill="currentColor">{escape(layer)}</text>'
            f'<rect x="58" y="{top + 2:.1f}" width="{max(share, 0) * (WIDTH - 100):.1f}" height="{row - 4:.1f}" '
            f'fill="{colour}" stroke="currentColor" stroke-width="0.5"/>'
            f'<text x="{62 + share * (WIDTH - 100):.1f}" y="{top + row * 0.7:.1f}" font-size="10" '
            f'fill="currentColor">{share:.0%}</text>'
        )
    summary = ", ".join(f"{layer} {share:.0%}" for layer, share in shares.items())
    return _svg(f"who pulls at the picture: {summary}", "".join(pieces))


def _colours(count: int) -> list[str]:
    return [COLOURS[index * (len(COLOURS) - 1) // max(1, count - 1)] for index in range(count)]


def _svg(label: str, inner: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {WIDTH} {HEIGHT}" width="100%" '
        f'style="max-width:{WIDTH}px">{inner}</svg>'
    )
