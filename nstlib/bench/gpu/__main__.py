"""``python -m nstlib.bench.gpu OUT``: measure what is not there yet, and print it beside the goals."""

import json
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from nstlib.bench.gpu import goals, painting
from nstlib.bench.gpu.journal import Journal, read
from nstlib.bench.gpu.parts import parts
from nstlib.bench.gpu.scale import FULL, SMALL
from nstlib.bench.gpu.workshop import Workshop
from nstlib.errors import NstError
from nstlib.files import require_folder
from nstlib.terminal import sentences


def main(
    out: Annotated[Path, typer.Argument(help="The folder for results.json, race.csv and the pictures.")],
    small: Annotated[bool, typer.Option(help="A rehearsal: everything, on tiny pictures.")] = False,
    vgg16: Annotated[Path | None, typer.Option(help="VGG-16's weights, from nstlib.bench.gpu.weights.")] = None,
    reference: Annotated[Path | None, typer.Option(help="The CPU's results.json, to compare pictures with.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only parts whose name begins so; repeatable.")] = None,
) -> None:
    """Measure the parts that are missing in OUT, the most useful first."""
    if vgg16 is not None and not vgg16.is_file():
        raise NstError(f"Expected a file with VGG-16's weights, got '{vgg16}', which is none: check the path.")
    theirs = read(reference)["parts"] if reference else {}
    out = require_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    shop = Workshop(out, SMALL if small else FULL, vgg16)
    _require_suitable(shop, small, only)
    journal = Journal(out, {"device": str(shop.plan), "torch": torch.__version__, "small": small})
    for name, measure in parts(shop):
        if only and not name.startswith(tuple(only)):
            continue
        journal.run(name, measure)
        shop.meter.forget()
        print(name, json.dumps(_short(journal.parts[name])), flush=True)
    for name, ratios in painting.compare(journal.parts, theirs).items():
        print(f"{name} against the CPU:", json.dumps(ratios))
    if not small:
        Console(width=100).print(goals.table(journal))


def _require_suitable(shop: Workshop, small: bool, only: list[str] | None) -> None:
    kind = shop.plan.device.type
    if kind not in ("cpu", "cuda"):
        raise NstError(f"Expected an NVIDIA card, or the CPU to rehearse on, got {kind}: set NST_DEVICE=cpu.")
    if kind == "cpu" and not (small or only):
        raise NstError(
            "Expected an NVIDIA card, found none: rehearse on the CPU with --small, or name parts that the CPU shall "
            "measure at full size, such as --only picture."
        )


def _short(part: dict) -> dict:
    """A part for the screen, without what only a file has room for."""
    result = part.get("result")
    if isinstance(result, dict):
        part = part | {"result": {key: value for key, value in result.items() if key not in ("stages", "end")}}
    return {key: value for key, value in part.items() if key != "traceback"}


if __name__ == "__main__":
    typer.run(sentences()(main))
