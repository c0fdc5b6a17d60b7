"""Where a repaired program first goes another way than the right one: what its networks are given, call by call.

A program of forty lines returns few numbers, in which all its mistakes come together. But its networks are arguments:
what went into them can be noted, and compared with what goes into them in the right program.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass

import numpy as np
import torch

from nstlib.checks.calling import Case
from nstlib.checks.reading import built, copied
from nstlib.checks.results import Block

__all__ = [
    "CLOSE",
    "Noted",
    "Stage",
    "as_written",
    "channels_of",
    "compared",
    "into_network",
    "is_among",
    "noted",
    "stretch",
    "table",
    "times",
]

CLOSE = 1e-4  # relative to the largest number, as these questions' tolerances are


@dataclass(frozen=True)
class Stage:
    """The first stage that differs, in the sentences and the small numbers that a learner reads."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Noted:
    """What a call returned, and what went into each network and came out of it, in order.

    moving: for each of these inputs, whether a gradient was wanted of it, as of X.
    """

    answer: Mapping[str, np.ndarray]
    calls: Sequence[Sequence[tuple[torch.Tensor, torch.Tensor]]]
    moving: Sequence[Sequence[bool]]

    def pictures(self, network: int = 0, moving: bool | None = None) -> list[torch.Tensor]:
        """Return every picture that went into a network, whatever its batch; only X, or all but X, if asked."""
        return [
            picture
            for (given, _), moves in zip(self.calls[network], self.moving[network], strict=True)
            if moving in (None, moves)
            for picture in (given if given.ndim == 4 else given[None])
        ]

    def before_x(self) -> list[torch.Tensor]:
        """Return every picture that went into the first network before any of which a gradient was wanted."""
        count = next((k for k, moves in enumerate(self.moving[0]) if moves), len(self.moving[0]))
        return Noted(self.answer, [self.calls[0][:count]], [self.moving[0][:count]]).pictures()


def noted(function: Callable, case: Case) -> Noted:
    """Call the function with copies of the case's arguments, and note what its networks are given and answer.

    What the function prints is not shown again. Raises what the function raises.
    """
    arguments = [built(copied(argument)) for argument in case.arguments]
    calls: list[list] = []
    for network in arguments:
        if isinstance(network, torch.nn.Module):
            seen: list = []
            calls.append(seen)
            network.register_forward_pre_hook(
                lambda module, given, seen=seen: seen.append([given[0].requires_grad, given[0].detach().clone()])
            )
            network.register_forward_hook(
                lambda module, given, answer, seen=seen: seen[-1].append(answer.detach().clone()) and None
            )
    with redirect_stdout(io.StringIO()):
        answer = function(*arguments)
    values = {name: torch.as_tensor(value).detach().double().numpy() for name, value in answer.items()}
    whole = [[call for call in seen if len(call) == 3] for seen in calls]
    return Noted(
        values,
        [[(given, answer) for _, given, answer in seen] for seen in whole],
        [[moves for moves, _, _ in seen] for seen in whole],
    )


def is_among(wanted: torch.Tensor, pictures: Sequence[torch.Tensor]) -> bool:
    """Return whether one of the pictures is the wanted one."""
    return any(picture.shape == wanted.shape and _close(wanted, picture) for picture in pictures)


def _close(wanted, other) -> bool:
    return bool(abs(wanted - other).max() <= CLOSE * max(float(abs(wanted).max()), 1e-30))


def stretch(source: torch.Tensor, result: torch.Tensor) -> tuple[float, float] | None:
    """Return a and b with result = a · source + b, None where no two numbers do that.

    >>> stretch(torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 3.0, 5.0]))
    (2.0, 1.0)
    """
    x, y = (values.flatten().double() for values in (source, result))
    if x.shape != y.shape or not torch.isfinite(y).all():
        return None
    centred = x - x.mean()
    a = float(centred @ y / (centred @ centred).clamp(min=1e-30))
    b = float(y.mean() - a * x.mean())
    fits = (a * x + b - y).abs().max() <= CLOSE * y.abs().max().clamp(min=1e-30)
    return (a, b) if fits else None


def as_written(pair: tuple[float, float] | None, name: str) -> str:
    """Write a stretch as a formula of what is stretched.

    >>> as_written((2.0, -0.5), "x"), as_written(None, "x")
    ('2 · x − 0.5', 'none')
    """
    if pair is None:
        return "none"
    a, b = (0.0 if abs(number) < 1e-6 else number for number in pair)
    return f"{a:.4g} · {name} {'−' if b < 0 else '+'} {abs(b):.4g}".replace("-", "−")


def table(rows: Sequence[Sequence[object]]) -> Block:
    """Write rows of texts and numbers, the first of which are the heads."""
    texts = [[cell if isinstance(cell, str) else f"{cell:.4g}".replace("-", "−") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return Block("\n".join("    ".join(map(str.ljust, row, widths)).rstrip() for row in texts))


def times(expected: np.ndarray, given: np.ndarray) -> float | None:
    """Return the one factor by which all of the given differs from the expected, None where there is none."""
    x, y = np.ravel(expected), np.ravel(given)
    if x.shape != y.shape or not x.any() or not np.isfinite(y).all():
        return None
    ratio = float(x @ y / (x @ x))
    return ratio if ratio and _close(ratio * x, y) else None


def into_network(name: str, pictures, noted: Noted, known: Sequence, mean: tuple, deviation: tuple) -> Stage:
    """Say what went into the first network in place of some pictures, once normalised by `mean` and `deviation`.

    known: the right inputs of all kinds, which are not shown as wrong ones.
    """
    m, d = (torch.tensor(row).to(pictures)[:, None, None] for row in (mean, deviation))
    seen = noted.pictures()
    missing = [k for k, picture in enumerate((pictures - m) / d) if not is_among(picture, seen)]
    first = (
        f"The first thing that differs is what goes into the network for the {name}. Expected: "
        f"({name[:-1]} − `mean`) / `deviation`."
    )
    if len(missing) < len(pictures):
        went = len(pictures) - len(missing)
        first += f" Of the {len(pictures)} {name}, {went} went in like that; {name[:-1]} {missing[0]}, counted from 0, "
        first += "did not."
    picture = pictures[missing[0]]
    strange = [other for other in seen if not is_among(other, known)]
    same = [other for other in strange if other.shape == picture.shape]
    if strange and not same:
        shapes = ", ".join(dict.fromkeys(str(tuple(other.shape)) for other in strange))
        text = f"No other input has the shape of one of them, {tuple(picture.shape)}; the others have {shapes}."
        return Stage(name, (first, text))
    stretched = [other for other in same if channels_of(picture, other)]
    fixed = [other for other in noted.pictures(moving=False) if not is_among(other, known)]
    if not stretched and not fixed:
        which = f"the {name} never go" if len(missing) == len(pictures) else f"{name[:-1]} {missing[0]} never goes"
        others = "a right one, or an X of a later step" if strange else "a right one"
        text = f"Every other input is {others}: {which} into the network."
        return Stage(name, (first, text))
    found = max(stretched or same, key=lambda other: channels_of(picture, other))
    return Stage(name, (first, *compared(name[:-1], picture, found, mean, deviation)))


def compared(name: str, picture, found, mean: tuple, deviation: tuple) -> tuple:
    """Show an input as stretches of a picture's channels beside the expected ones, and say what that tells."""
    wanted = [(1 / d, -m / d) for m, d in zip(mean, deviation, strict=True)]
    sources = [_source(picture, channel) for channel in found]
    rows = [["channel", "your input", "expected"]]
    for k, (source, pair) in enumerate(zip(sources, wanted, strict=True)):
        mine = "no stretch of one channel" if source is None else as_written(source[1:], f"{name}[{source[0]}]")
        rows.append([str(k), mine, as_written(pair, f"{name}[{k}]")])
    return table(rows), _of_input(sources, wanted, mean)


def channels_of(picture, found) -> int:
    """Return how many channels of an input are stretches of a picture's channels."""
    if found.shape != picture.shape:
        return 0
    return sum(_source(picture, channel) is not None for channel in found)


def _source(picture, channel) -> tuple[int, float, float] | None:
    """Return of which channel of a picture this one is a stretch, and which: the flat one is a stretch of none."""
    pairs = ((k, stretch(own, channel)) for k, own in enumerate(picture))
    return next(((k, *pair) for k, pair in pairs if pair is not None and abs(pair[0]) > 1e-9), None)


def _of_input(sources: list, wanted: list, mean: tuple) -> str:
    if None in sources:
        return (
            "Look at each step on the way there: something other than a difference and a division happens, or it is "
            "another picture."
        )
    channels = [source[0] for source in sources]
    if sorted(channels) != [0, 1, 2]:
        return f"The channels come from the picture's {channels}, where each of 0, 1, 2 is expected once."
    if channels != [0, 1, 2]:
        return "The channels are in another order: the network wants red, green, blue, as `mean` and `deviation` do."
    pairs = [source[1:] for source in sources]
    if all(abs(a - 1) < 1e-4 and abs(b) < 1e-4 for a, b in pairs):
        return "They go in as they are: `mean` and `deviation` cancel, or are not used."
    scales = [a / right for (a, _), (right, _) in zip(pairs, wanted, strict=True)]
    if max(scales) - min(scales) < 1e-3 * abs(scales[0]) and all(
        abs(b - right) < 1e-3 * abs(right) for (_, b), (_, right) in zip(pairs, wanted, strict=True)
    ):
        scale = scales[0]
        if abs(scale - 1) < 1e-3:
            return (
                "The numbers are nearly those expected. Is one of them rounded, or changed a little, on the way there?"
            )
        size = f"{scale:.4g} times too large" if scale > 1 else f"{1 / scale:.4g} times too small"
        if scale < 0:
            size = f"multiplied by {scale:.4g}".replace("-", "−")
        return f"Both steps are right, but the picture is {size} before them: keep it as it is."
    if all(abs(scale - 1) < 1e-3 for scale in scales):
        return "The division by `deviation` is right; look at what is subtracted, and that it is subtracted first."
    if all(abs(b + a * m) < 1e-3 * abs(a) for (a, b), m in zip(pairs, mean, strict=True)):
        return "`mean` is subtracted correctly; look at what is done with `deviation` after that."
    return "Look at both steps: `mean` is subtracted first, then `deviation` divides."
