"""Numbers as charts: shares of layers, curves over the steps, two filters at every position."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Real
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from nstlib.claims import three_digits
from nstlib.errors import NstError
from nstlib.plots.card import CARD, COLOURS, FAINT, INK, LINES, Plot, card, depth_colours, named, style_axes

LEAST_LABELLED = 0.06
MOST_WITH_THREE_DIGITS = 11  # bars of one chart; more have numbers of two digits


def shares(tables: Mapping[str, Mapping[str, float]], title: str = "", alt: str = "") -> Plot:
    """Draw a bar of full length for each name, divided among its parts: what share each layer has of the sum.

    Every table has the same keys, for example layers from shallow to deep, and no negative numbers. Raises NstError
    otherwise.

    >>> shares({"Gatys": {"relu1_1": 1, "relu2_1": 3}}).alt
    'Gatys: relu1_1 25%, relu2_1 75%'
    """
    named(tables, "tables of shares")
    parts = list(next(iter(tables.values())))
    if any(list(table) != parts or min(table.values()) < 0 or not sum(table.values()) for table in tables.values()):
        raise NstError(f"Expected the parts {parts} for every bar, none below 0, their sum above 0: give these.")
    percent = {name: {part: table[part] / sum(table.values()) for part in parts} for name, table in tables.items()}
    figure = card(8.5, 0.9 + 0.42 * len(tables))
    figure.alt = alt or "; ".join(_described(name, bar) for name, bar in percent.items())
    axes = style_axes(
        figure.add_axes((0.2, 0.3 / figure.get_figheight(), 0.6, 1 - 0.72 / figure.get_figheight())), title
    )
    for y, bar in enumerate(percent.values()):
        left = 0.0
        for (part, share), colour in zip(bar.items(), depth_colours(len(parts)), strict=True):
            axes.barh(y, share, left=left, color=colour, label=part if y == 0 else None, height=0.7)
            if share >= LEAST_LABELLED:
                ink = "white" if sum(colour[:3]) < 1.6 else "black"
                axes.text(left + share / 2, y, f"{share:.0%}", ha="center", va="center", color=ink, fontsize=8)
            left += share
    axes.set_yticks(range(len(percent)), list(percent))
    axes.set(xlim=(0, 1), ylim=(len(percent) - 0.5, -0.5), xticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.legend(loc="center left", bbox_to_anchor=(0.81, 0.5), frameon=False, fontsize=9, labelcolor=INK)
    return figure


def bars(
    tables: Mapping[str, Mapping[str, float]],
    ylabel: str,
    *,
    line: float | None = None,
    log: bool = False,
    alt: str = "",
) -> Plot:
    """Draw numbers as bars: a group for each name, in it a bar for each part, with its number on top.

    Every table has the same keys. A dashed line marks `line`, such as the height that means no change; `log` puts
    heights on a logarithmic scale. Raises NstError otherwise, or where there is nothing to draw.

    >>> bars({"relu1_1": {"cost": 0.28, "gradient": 0.29}}, ylabel="share").alt
    'share: relu1_1 cost 0.28, gradient 0.29'
    """
    named(tables, "tables of numbers")
    parts = list(next(iter(tables.values())))
    if any(list(table) != parts for table in tables.values()):
        raise NstError(f"Expected the parts {parts} for every group, got others: give each group the same ones.")
    values = {name: {part: float(table[part]) for part in parts} for name, table in tables.items()}
    figure = card(8.5, 3.0)
    described = (
        f"{name} " + ", ".join(f"{p} {three_digits(v)}" for p, v in table.items()) for name, table in values.items()
    )
    figure.alt = alt or f"{ylabel}: " + "; ".join(described)
    legend = len(parts) > 1
    axes = style_axes(figure.add_axes((0.1, 0.13, 0.68 if legend else 0.86, 0.78)))
    width = 0.8 / len(parts)
    digits, fontsize = (2, 7) if len(parts) * len(values) > MOST_WITH_THREE_DIGITS else (3, 8)
    size = {"fontsize": fontsize, "padding": 2, "color": INK}
    for index, part in enumerate(parts):
        places = [group + (index - (len(parts) - 1) / 2) * width for group in range(len(values))]
        heights = [table[part] for table in values.values()]
        drawn = axes.bar(places, heights, width * 0.92, color=COLOURS[index % len(COLOURS)], label=part)
        numbers = axes.bar_label(drawn, [three_digits(height, digits) for height in heights], **size)
        for number in numbers:  # above the dashed line, and on a ground that hides it
            number.set(zorder=4, bbox={"facecolor": CARD, "edgecolor": "none", "pad": 0.5})
    if line is not None:
        axes.axhline(line, color=INK, linestyle="--", linewidth=1)
    axes.set_xticks(range(len(values)), list(values))
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(ylabel)
    if log:
        axes.set_yscale("log")
    axes.margins(y=0.12)
    if legend:
        figure.legend(loc="center left", bbox_to_anchor=(0.79, 0.5), frameon=False, fontsize=9, labelcolor=INK)
    return figure


def curves(
    lines: Mapping[str, Sequence[float]], ylabel: str, xlabel: str = "step", log: bool = True, alt: str = ""
) -> Plot:
    """Draw numbers step by step, one line for each name; `log` puts them on a logarithmic scale.

    Raises NstError where there is nothing to draw.

    >>> curves({"adam": [4.0, 1.0], "lbfgs": [4.0, 0.5]}, ylabel="J").alt
    'J by step: adam from 4 to 1; lbfgs from 4 to 0.5'
    """
    named(lines, "lists of numbers")
    figure = card(7.5, 3.0)
    figure.alt = alt or f"{ylabel} by {xlabel}: " + "; ".join(
        f"{name} from {line[0]:.3g} to {line[-1]:.3g}" for name, line in lines.items()
    )
    axes = style_axes(figure.add_axes((0.11, 0.17, 0.62, 0.75)))
    for index, (name, line) in enumerate(lines.items()):
        axes.plot(list(line), LINES[index % len(LINES)], color=COLOURS[index % len(COLOURS)], label=name, linewidth=1.8)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if log:
        axes.set_yscale("log")
    figure.legend(loc="center left", bbox_to_anchor=(0.74, 0.5), frameon=False, fontsize=9, labelcolor=INK)
    return figure


def scatter(clouds: Mapping[str, Real[Tensor, "2 _n_positions"]], names: tuple[str, str], alt: str = "") -> Plot:
    """Draw what two filters answer, a dot for each position, side by side on the same axes for each name.

    Raises NstError where there is nothing to draw.

    >>> import torch
    >>> scatter({"stripes": torch.tensor([[1.0, 0.0], [1.0, 2.0]])}, ("filter 0", "filter 1")).alt
    'Dots for every position, filter 0 across and filter 1 up; mean product 0.5 for stripes'
    """
    named(clouds, "pairs of rows of F")
    clouds = {name: rows.detach().float().cpu() for name, rows in clouds.items()}
    figure = card(min(9.5, 3.1 * len(clouds)), 3.1)
    means = {name: (rows[0] * rows[1]).mean().item() for name, rows in clouds.items()}
    figure.alt = alt or f"Dots for every position, {names[0]} across and {names[1]} up; mean product " + "; ".join(
        f"{mean:.3g} for {name}" for name, mean in means.items()
    )
    every = figure.subplots(1, len(clouds), squeeze=False, sharex=True, sharey=True)[0]
    figure.subplots_adjust(left=0.2 / len(clouds), right=0.98, bottom=0.17, top=0.88, wspace=0.12)
    for axes, (name, rows) in zip(every, clouds.items(), strict=True):
        style_axes(axes, name).scatter(*rows.numpy(), s=7, alpha=0.35, color=COLOURS[0], linewidths=0)
        axes.set_xlabel(names[0])
    every[0].set_ylabel(names[1])
    return figure


def histograms(panels: Mapping[str, Mapping[str, Real[Tensor, " _n"]]], xlabel: str, alt: str = "") -> Plot:
    """Draw how often numbers occur, panels side by side: the first numbers of a panel filled, all others outlined.

    All panels have the same parts, the same axes and the same 40 bins. Heights are shares of the numbers, so that parts
    of unequal length compare. Raises NstError for other parts, where there is nothing to draw, and for numbers that are
    not finite.

    >>> import torch
    >>> histograms({"before": {"X": torch.zeros(8), "S": torch.linspace(0, 1, 4)}}, "number").alt
    'How often each number occurs. before: X 0 ± 0, S 0.5 ± 0.373'
    """
    named(panels, "panels of numbers")
    first = next(iter(panels.values()))
    named(first, "parts of a panel")
    parts = list(first)
    if any(set(panel) != set(parts) for panel in panels.values()):
        raise NstError(f"Expected the parts {parts} in every panel, got others: give each panel the same ones.")
    drawn = {title: {part: panel[part].detach().double().cpu() for part in parts} for title, panel in panels.items()}
    for title, panel in drawn.items():
        for part, line in panel.items():
            if not len(line) or not line.isfinite().all():
                raise NstError(
                    f"Expected finite numbers in {title!r}, got {line.tolist()[:3]} in {part!r}: leave it out."
                )
    figure = card(min(9.5, 0.9 + 3.4 * len(drawn)), 2.7)
    figure.alt = alt or "How often each number occurs. " + "; ".join(
        f"{title}: "
        + ", ".join(
            f"{part} {three_digits(line.mean().item())} ± {three_digits(line.std(correction=0).item())}"
            for part, line in panel.items()
        )
        for title, panel in drawn.items()
    )
    every = figure.subplots(1, len(drawn), squeeze=False, sharex=True, sharey=True)[0]
    figure.subplots_adjust(left=0.09, right=0.88, bottom=0.2, top=0.88, wspace=0.1)
    together = np.concatenate([line.numpy() for panel in drawn.values() for line in panel.values()])
    bins = np.histogram_bin_edges(together, 40)
    for axes, (title, panel) in zip(every, drawn.items(), strict=True):
        style_axes(axes, title).set_xlabel(xlabel)
        for index, (part, line) in enumerate(panel.items()):
            look = {"histtype": "stepfilled", "alpha": 0.4} if index == 0 else {"histtype": "step", "linewidth": 1.8}
            weights = np.full(len(line), 1 / len(line))
            axes.hist(line.numpy(), bins, weights=weights, color=COLOURS[index % len(COLOURS)], label=part, **look)
    every[0].set_ylabel("share")
    figure.legend(
        *every[0].get_legend_handles_labels(),
        loc="center left",
        bbox_to_anchor=(0.89, 0.5),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
    )
    return figure


def paths(
    heights: Real[Tensor, "_n _n"],
    routes: Mapping[str, Real[Tensor, "_n_steps 2"]],
    names: tuple[str, str] = ("first pixel", "second pixel"),
    alt: str = "",
) -> Plot:
    """Draw routes over the contour lines of a function of two numbers between 0 and 1.

    heights: the function on an even grid over both, a row for each value of the first number. routes: the places of a
    route one after the other; its end is marked. Raises NstError where there is nothing to draw.

    >>> import torch
    >>> paths(torch.rand(5, 5), {"downhill": torch.tensor([[0.5, 0.5], [0.2, 1.0]])}).alt
    'Contour lines with routes: downhill ends at 0.2, 1'
    """
    named(routes, "routes")
    routes = {name: route.detach().double().cpu() for name, route in routes.items()}
    figure = card(6.5, 3.6)
    figure.alt = alt or "Contour lines with routes: " + "; ".join(
        f"{name} ends at {route[-1, 0]:.2g}, {route[-1, 1]:.2g}" for name, route in routes.items()
    )
    axes = style_axes(figure.add_axes((0.1, 0.14, 0.55, 0.82)))
    ticks = np.linspace(0, 1, len(heights))
    axes.contour(
        ticks, ticks, heights.detach().double().cpu().T.numpy(), levels=24, colors=FAINT, linewidths=0.8, linestyles="-"
    )
    for index, (name, route) in enumerate(routes.items()):
        colour = COLOURS[index % len(COLOURS)]
        axes.plot(*route.T.numpy(), "o-", color=colour, label=name, linewidth=1.4, markersize=3)
        axes.plot(*route[-1].numpy(), "*", color=colour, markersize=14, clip_on=False)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))  # places at the border stay whole
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    figure.legend(loc="center left", bbox_to_anchor=(0.67, 0.5), frameon=False, fontsize=9, labelcolor=INK)
    return figure


def _described(name: str, bar: Mapping[str, float]) -> str:
    return f"{name}: " + ", ".join(f"{part} {share:.0%}" for part, share in bar.items())
