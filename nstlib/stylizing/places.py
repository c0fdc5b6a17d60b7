"""Which photos a command names, and where each result goes: all that can be refused before anything is read."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nstlib import files, pictures
from nstlib.errors import NstError

SUFFIX = ".png"  # of the results in a folder
NAMED = 5  # files that one sentence names at most


@dataclass(frozen=True)
class Place:
    """A photo, and the file into which it is painted."""

    photo: Path
    out: Path


def find_places(photos: list[Path], out: Path) -> tuple[list[Place], list[Path]]:
    """Return a place for each photo, and the files of given folders that are no pictures.

    One photo is painted into the file `out`. Several, or those of a folder, go into the folder `out` under their names,
    as PNG. A name that no file has may be a sample's. Raises NstError for a folder without pictures, photos of one
    name, and an `out` that looks like a file.
    """
    samples = {pictures.sample_path(name): name for name in pictures.SAMPLES}
    photos = [photo if photo.exists() else _sample(photo) for photo in photos]
    if len(photos) == 1 and not photos[0].is_dir():
        return [Place(photos[0], out)], []
    found, others = [], []
    for photo in photos:
        inside, outside = pictures.in_folder(photo) if photo.is_dir() else ([photo], [])
        if not inside:
            raise NstError(f"Expected pictures in the folder '{photo}', got none: give a folder of photos, or a photo.")
        found += inside
        others += outside
    for photo in found:
        if not photo.exists():
            _refuse(photo)
    if out.suffix.lower() in pictures.SUFFIXES or out.is_file():
        raise NstError(
            f"Expected a folder for these photos, got --out '{out}': give --out the name of a folder, such as painted."
        )
    places = [Place(photo, out / f"{samples.get(photo, photo.stem)}{SUFFIX}") for photo in found]
    _require_own_names(places)
    return places, others


def _sample(photo: Path) -> Path:
    return pictures.sample_path(str(photo)) if str(photo) in pictures.SAMPLES else photo


def require_room(
    places: list[Place],
    folder: Path | None,
    reads: Mapping[str, str | os.PathLike | None],
    costs: Path | None,
    *,
    force: bool,
    alpha: bool,
) -> None:
    """Raise NstError unless every file can be written where it shall, without harm to one that is read or is there.

    folder: for the results of several photos; it is made. reads: what is read beside the photos, by name.
    """
    if folder:
        files.require_folder(folder)
        taken = [place.out for place in places if os.path.lexists(place.out)]
        if taken and not force:
            raise NstError(
                f"{listed(taken)} in the folder '{folder}' {'exists' if len(taken) == 1 else 'exist'} already: choose "
                "another folder, or replace what is there by --force."
            )
    photos = {f"photo {number}": place.photo for number, place in enumerate(places, start=1)}
    for place in places:
        others = photos if os.path.lexists(place.out) else {}  # a file that is not there is none of the photos
        files.require_distinct({"the photo": place.photo, **reads, **others}, {"--out": place.out, "--costs": costs})
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    for place in places:
        pictures.require_writable(place.out, overwrite=force, alpha=alpha)
    if costs:
        files.require_writable(costs, overwrite=force)


def listed(paths: list[Path]) -> str:
    """Return the names of files for a sentence: a, b and c, or the first five and how many more."""
    names = [path.name for path in paths]
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _refuse(photo: Path) -> None:
    """Raise NstError for one of several photos that does not exist; perhaps it was meant as a style."""
    if photo.suffix or pictures.is_address(photo):
        pictures.read(photo)  # says what there is instead
    raise NstError(
        f"Expected photos and then one style, got '{photo}', which is no file: a further style is named by --and-style."
    )


def _require_own_names(places: list[Place]) -> None:
    """Raise NstError if two photos would be painted into one file, also on a disk that ignores case."""
    seen = {}
    for place in places:
        other = seen.setdefault(files.folded(place.out.name), place)
        if other is not place:
            raise NstError(
                f"Expected photos of different names, got '{other.photo}' and '{place.photo}', which would both be "
                f"painted into {other.out.name}: rename one of them, or paint them into two folders."
            )
