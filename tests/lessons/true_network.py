"""Run the claims of lessons 02 to 04, 07, 09, 09b and 09c on VGG-16: python -m tests.lessons.true_network

The lessons teach on minivgg, which is a small copy. Written is docs/true_network.md: what each claim measures on both
networks, and which claims do not hold on the large one. Lessons named after the command are measured alone.
"""

import contextlib
import io
import math
import sys
from pathlib import Path

import pytest
from rich.progress import track

from nstlib import networks
from nstlib.claims import Measured, recording, three_digits
from tests.lessons.cells import Cells

TAUGHT = ("02", "03", "04", "07", "09", "09b", "09c")
PAGE = Path(__file__).parents[2] / "docs" / "true_network.md"
HEAD = """\
# The lessons' claims on ImageNet's VGG-16

The lessons run on minivgg, so that they run on a laptop without a download. Here every number that a claim of theirs
measures stands beside what ImageNet's VGG-16 gives, with the same pictures, settings and steps. Made by
`NST_TEST=1 python -m tests.lessons.true_network`.
"""


def measured(cells: Cells, claim: str, network: str) -> dict[str, Measured]:
    """Run a claim's cells with this network as the default one; return what its lines measure, by their words.

    The cells keep what slow ones have bound, so each network needs cells of its own.
    """
    load = networks.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "load", lambda name=network, *layers, **options: load(name, *layers, **options))
        with recording(raising=False) as found, contextlib.redirect_stdout(io.StringIO()):
            cells.run(claim)
    return {each.what: each for each in found}


def table(lesson: str) -> list[str]:
    """Return the lines of a lesson's table: the claims whose numbers depend on the network."""
    lines = ["| claim | minivgg | VGG-16 | bound | on VGG-16 |", "|---|---:|---:|---:|---|"]
    cells = {network: Cells(lesson) for network in ("minivgg", "vgg16")}
    for claim in track(cells["vgg16"].claims, f"lesson {lesson}"):
        small, large = (measured(each, claim, network) for network, each in cells.items())
        for what, one in small.items():
            other = large.get(what)
            if other and (not other.kept or shown(other) != shown(one)):
                holds = "holds" if other.kept else "**does not hold**"
                lines.append(f"| {what} | {shown(one)} | {shown(other)} | {one.bound} | {holds} |")
    return lines


def shown(one: Measured) -> str:
    """Return what was measured in a few letters; "equal" for tensors that are."""
    if isinstance(one.value, str | int):
        return str(one.value)
    if math.isnan(one.margin):
        return "equal" if one.kept else "not equal"
    return three_digits(one.value)


def sections() -> dict[str, str]:
    """Return the page's sections by lesson."""
    parts = PAGE.read_text(encoding="utf-8").split("## Lesson ")[1:]
    return {part[: part.index("\n")]: f"## Lesson {part}".rstrip() for part in parts}


if __name__ == "__main__":
    chosen = sys.argv[1:] or TAUGHT
    kept = sections()
    for lesson in chosen:
        kept[lesson] = "\n".join([f"## Lesson {lesson}", "", *table(lesson)])
        PAGE.write_text("\n\n".join([HEAD.rstrip(), *(kept[each] for each in sorted(kept))]) + "\n", encoding="utf-8")
