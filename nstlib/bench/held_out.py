"""Pairs of photo and painting on which networks and loops are measured; minivgg's training never saw them.

They are pictures of Debian's gcompris-qt-data, photos and paintings by Van Gogh.
"""

from pathlib import Path

from nstlib import pictures
from nstlib.errors import NstError
from nstlib.transfer.shapes import Picture

PAIRS = (
    ("details_013", "details_012"),
    ("erase_001", "details_015"),
    ("details_014", "details_007"),
    ("erase_008", "details_008"),
    ("explore_monuments_039", "details_019"),
    ("erase_004", "details_004"),
    ("explore_world_animals_010", "details_010"),
    ("details_017", "details_002"),
)


def held_out_pairs(folder: Path) -> dict[str, tuple[Picture, Picture]]:
    """Read the pairs that ``python -m nstlib.distill collect FOLDER`` made; NstError where they are missing."""
    if not (folder / "held_out").is_dir():
        raise NstError(f"Expected {folder}/held_out: run python -m nstlib.distill collect {folder} first.")
    return {
        str(number): tuple(pictures.read(folder / "held_out" / f"{stem}.png") for stem in stems)
        for number, stems in enumerate(PAIRS, start=1)
    }
