"""Paint photos one after the other, behind one progress bar: neither a failure nor Ctrl-C loses what is done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from nstlib import pictures, transfer
from nstlib.networks import Network
from nstlib.stylizing.places import Place
from nstlib.terminal import console, in_options, say
from nstlib.transfer import Picture, Step
from nstlib.transfer.quality import Quality, quality_steps

COLUMNS = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()


@dataclass(frozen=True)
class Recipe:
    """What all photos of a command share."""

    styles: list[Picture]
    quality: Quality
    networks: dict[str, Network]
    start: Picture | None = None
    keep_alpha: bool = False
    force: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a photo: the costs of its steps (none: no file), why it failed, and whether Ctrl-C ended it.

    drafted: how many steps a draft has, whose J is another network's. width, height: of the picture, in pixels.
    """

    place: Place
    costs: list[dict]
    fault: str = ""
    stopped: bool = False
    drafted: int = 0
    width: int = 0
    height: int = 0

    @property
    def ends(self) -> tuple[dict, dict]:
        """The first and the last step of the network that painted last."""
        return self.costs[self.drafted if len(self.costs) > self.drafted else 0], self.costs[-1]


def paint(places: list[Place], recipe: Recipe) -> Iterator[Outcome]:
    """Paint every photo, and yield its outcome as soon as its file is there; Ctrl-C ends with the photo under way.

    The exception of an only photo is raised, and so is a bug's. Of several photos the others go on.
    """
    whole = recipe.quality.passes
    told = recipe.keep_alpha
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("J", total=whole * len(places))
        for index, place in enumerate(places):
            name = f"{place.photo.name}, {index + 1} of {len(places)}: " if len(places) > 1 else ""

            def show(step: Step, done: int = index * whole, name: str = name) -> None:
                bar.update(task, completed=done + step.index + 1, description=f"{name}J {step.total:.3g}")

            try:
                photo, alpha = pictures.read_with_alpha(place.photo, recipe.quality.settings.size)
                if alpha is not None and not told:
                    say(f"{place.photo} is transparent and lies on white here; --keep-alpha keeps it transparent.")
                    told = True
                outcome = _paint_one(place, photo, alpha if recipe.keep_alpha else None, recipe, show)
            except KeyboardInterrupt:
                outcome = Outcome(place, [], stopped=True)
            except Exception as fault:
                if len(places) == 1 or not in_options(fault):
                    raise
                outcome = Outcome(place, [], fault=in_options(fault))
            yield outcome
            if outcome.stopped:
                return
            bar.update(task, completed=(index + 1) * whole)


def _paint_one(
    place: Place, photo: Picture, alpha: Tensor | None, recipe: Recipe, show: Callable[[Step], None]
) -> Outcome:
    """Paint a photo into its file: as far as it has come, if Ctrl-C stops it."""
    content = photo if alpha is None else pictures.extend_colours(photo, alpha)
    costs = []
    picture = None
    stopped = False
    drafted = recipe.quality.first.passes if recipe.quality.has_draft else 0
    drafting = recipe.quality.first.network if drafted else ""
    run = quality_steps(content, recipe.styles, recipe.quality, load=recipe.networks.__getitem__, start=recipe.start)
    try:
        for step in run:
            picture = step.picture
            costs.append(_row(place, drafting if step.index < drafted else recipe.quality.network, step))
            show(step)
    except KeyboardInterrupt:
        stopped = True
    if picture is not None:
        with _held_off() as pressed:  # that of a stopped run may be coarser
            pictures.write(transfer.resample_to(picture, content), place.out, overwrite=recipe.force, alpha=alpha)
        stopped = stopped or bool(pressed)
    height, width = content.shape[1:]
    return Outcome(place, costs, stopped=stopped, drafted=drafted, width=width, height=height)


@contextmanager
def _held_off() -> Iterator[list[int]]:
    """Let no Ctrl-C end the block; give a list that holds something if there was one.

    Signals reach the main thread alone, and only there can they be held off.
    """
    pressed: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _row(place: Place, network: str, step: Step) -> dict:
    return {
        "photo": place.photo.name,
        "network": network,
        "step": step.index,
        "scale": step.scale,
        "seconds": round(step.seconds, 4),
        "total": step.total,
        "content_cost": step.content_cost,
        **step.style_costs,
    }
