"""Make docs/race.png from what nstlib.bench.race wrote: python docs/race.py "256 px"=a.csv "512 px"=b.csv."""

import csv
import sys
from collections import defaultdict
from pathlib import Path

from nstlib.files import replacing
from nstlib.plots.card import COLOURS, INK, LINES, card, style_axes

WIDTH = 8.0
HEIGHT = 3.4


def curves(path: str) -> dict[str, list[tuple[float, float]]]:
    """Return (seconds, J) by loop."""
    points = defaultdict(list)
    with Path(path).open(newline="") as file:
        for row in csv.DictReader(file):
            points[row["loop"]].append((float(row["seconds"]), float(row["J"])))
    return points


def main(panels: dict[str, str]) -> None:
    """Draw a panel for each file, J against seconds, both on logarithmic scales."""
    figure = card(WIDTH, HEIGHT)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (title, path) in zip(axes, panels.items(), strict=True):
        style_axes(panel, title)
        for number, (loop, points) in enumerate(curves(path).items()):
            panel.plot(*zip(*points, strict=True), LINES[number % len(LINES)], color=COLOURS[number], label=loop)
        panel.set(xscale="log", yscale="log", xlabel="own seconds")
    axes[0].set_ylabel("J, judged at full size")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="lower center", ncols=5, frameon=False, labelcolor=INK)
    figure.subplots_adjust(0.08, 0.25, 0.98, 0.92, wspace=0.08)
    with replacing(Path(__file__).with_suffix(".png")) as part:
        figure.savefig(part, format="png", dpi=130)


if __name__ == "__main__":
    pairs = [argument.split("=", 1) for argument in sys.argv[1:]]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        sys.exit('Name each file that nstlib.bench.race wrote: python docs/race.py "256 px"=a.csv')
    main(dict(pairs))
