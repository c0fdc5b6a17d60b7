"""``nst stylize`` with a trained generator in place of a style: each photo is painted in one pass."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import typer

from nstlib import feedforward, pictures
from nstlib.errors import NstError
from nstlib.feedforward.files import EMBEDDED, SUFFIX
from nstlib.stylizing.places import Place, find_places, listed, require_room
from nstlib.terminal import in_options, say

SIZE = 256


def stylize_in_one_pass(
    photos: list[Path],
    source: str,
    out: Path,
    size: int | None,
    unused: Mapping[str, object],
    *,
    keep_alpha: bool,
    as_json: bool,
    force: bool,
) -> None:
    """Paint the photos with the generator of a file, or with an embedded one, and exit as ``nst stylize`` does.

    unused: the options that a trained generator cannot follow, by name, None where not given; else NstError.
    """
    given = [name for name, value in unused.items() if value is not None]
    if given:
        raise NstError(
            f"Expected no {' or '.join(given)} with a trained generator, which has learned them: leave them out, or "
            "train another one by nst train."
        )
    places, others = find_places(photos, out)
    folder = None if places[0].out == out else out
    require_room(places, folder, {"the generator": source}, None, force=force, alpha=keep_alpha)
    if others:
        say(f"Left out, as their names are not those of pictures: {listed(others)}.")
    painter = feedforward.Painter(feedforward.load(_source(source)).generator)
    failed = []
    for number, place in enumerate(places):
        try:
            seconds = _paint_one(place, painter, SIZE if size is None else size, keep_alpha, force)
        except KeyboardInterrupt:
            say(f"Stopped: painted {number - len(failed)} of {len(places)} photos.")
            raise typer.Exit(130) from None
        except Exception as fault:
            if len(places) == 1 or not in_options(fault):
                raise
            say(f"nst: {place.photo} was not painted. {in_options(fault)}", style="red")
            failed.append(place.photo)
            continue
        if as_json:
            typer.echo(json.dumps({"photo": str(place.photo), "out": str(place.out), "seconds": seconds}))
        say(f"Wrote {place.out} in one pass of {seconds:.2f} s.")
    raise typer.Exit(bool(failed))


def _source(source: str) -> str:
    """Return the path of a file that is there, or else the name of the embedded generator: night.safetensors, night.

    A path with a folder is never the embedded one's: whoever mistypes it should be told.
    """
    name = source.removesuffix(SUFFIX)
    return name if not Path(source).expanduser().exists() and name in EMBEDDED else source


def _paint_one(place: Place, painter: feedforward.Painter, size: int, keep_alpha: bool, force: bool) -> float:
    """Paint one photo into its file; return the seconds of the pass."""
    photo, alpha = pictures.read_with_alpha(place.photo, size)
    if alpha is not None and not keep_alpha:
        say(f"{place.photo} is transparent and lies on white here; --keep-alpha keeps it transparent.")
    kept = alpha if keep_alpha else None
    content = photo if kept is None else pictures.extend_colours(photo, kept)
    began = time.perf_counter()
    picture = painter(content)
    seconds = time.perf_counter() - began
    pictures.write(picture, place.out, overwrite=force, alpha=kept)
    return round(seconds, 4)
