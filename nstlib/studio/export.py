"""What can be kept of a studio's picture: the code that makes it again, and files."""

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from nstlib import networks, pictures
from nstlib.errors import NstError
from nstlib.files import replacing
from nstlib.studio import runs, sources
from nstlib.studio.knobs import Knobs
from nstlib.studio.runs import RunRequest
from nstlib.transfer import Picture
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Mask

FILMS = ("gif", "webp")
YOUR_MASK = "your mask.png"  # what code names a mask that only the studio has
FRAME_MS, LAST_MS = 80, 2000  # of a film


def code(request: RunRequest, steps: int) -> str:
    """Return the code that makes the picture of a request's run after so many steps, without a studio."""
    settings = request.settings
    default = Settings()
    changed = {key: value for key, value in vars(settings).items() if value != getattr(default, key)}
    if settings.weights_given:
        changed.pop("style_layers", None)
    arguments = ", ".join(f"{key}={value!r}" for key, value in changed.items())
    notes = []
    if request.start is not None:
        notes += ["# This run went on from an earlier picture; press restart for one that these lines repeat."]
    if any(not isinstance(each, str | Path) for each in (request.content, *_listed(request.style))):
        notes += ["# Only the studio had a picture named 'your own …' below: put its path there."]
    lines = [
        "import nstlib",
        "from nstlib import Settings, painted, pictures",
        "",
        *notes,
        f"content = {sources.code(request.content, 'content')}",
        f"style = {_style(request.style)}",
        f"network = nstlib.networks.load({_network_arguments(request)})",
        f"settings = Settings({arguments})",
    ]
    mask = ""
    if request.mask is not None:
        lines += [f"mask = pictures.read({YOUR_MASK!r})[0]  # save picture writes it, too: put its path here"]
        mask = ", mask=mask"
    if steps < settings.steps:  # Settings keep their steps: Adam's rate falls over the last quarter of those
        lines += [
            f"for step in nstlib.steps(content, style, settings, network{mask}):",
            f"    if step.index == {steps - 1}:",
            "        break",
            "picture = step.picture",
        ]
    else:
        lines += [f"picture = nstlib.stylize(content, style, settings, network{mask})"]
    lines += ["pictures.to_pil(picture)"]
    return "\n".join(lines)


def _listed(style: sources.Source | tuple[sources.Source, ...]) -> tuple[sources.Source, ...]:
    return style if isinstance(style, tuple) else (style,)


def line(knobs: Knobs, usual: Knobs, options: dict[str, Any]) -> str:
    """Return as JSON what differs from a usual studio, for ``Studio.from_code``.

    options: what ``Studio`` was given beside its knobs. Raises NstError for pictures and masks that only this studio
    has.
    """
    for name in (knobs.content, knobs.style, knobs.second_style):
        if name.startswith(sources.OWN):
            raise NstError(f"A line cannot carry your own picture ({name}): choose another, or copy the code.")
    if knobs.mask:
        raise NstError("A line cannot carry a mask: clear it, or copy the code.")
    changes = knobs.changes(usual)
    return json.dumps({"content": knobs.content, "style": knobs.style} | options | changes)


def _style(style: sources.Source | tuple[sources.Source, ...]) -> str:
    if isinstance(style, tuple):
        return f"[{', '.join(sources.code(each, 'style') for each in style)}]"
    return sources.code(style, "style")


def _network_arguments(request: RunRequest) -> str:
    layers = runs.layers(request.settings)
    return repr(request.network) if layers == networks.DEFAULT else f"{request.network!r}, {layers}"


def to_do(code: str) -> str:
    """Return what somebody must do before this code runs, as a sentence; "" if it runs as it is."""
    names = [repr(name) for name in (sources.YOUR_PICTURE, YOUR_MASK) if repr(name) in code]
    if not names:
        return ""
    mask = "; “save picture” writes the mask" if repr(YOUR_MASK) in names else ""
    return f"Before it runs, put the path of your file in place of {' and of '.join(names)}{mask}."


def film_path(folder: Path, kind: str) -> Path:
    """Return the next free path for an animated picture, "gif" or "webp"; raise NstError for another kind."""
    if kind not in FILMS:
        raise NstError(f"Expected {' or '.join(FILMS)}, got {kind!r}: choose one of them.")
    return _free(folder, kind)


def picture_path(folder: Path) -> Path:
    """Return the next free path for a picture."""
    return _free(folder, "png")


def _free(folder: Path, kind: str) -> Path:
    paths = (folder / f"studio_{number}.{kind}" for number in range(1, 10_000))
    return next(path for path in paths if not path.exists())


def film(frames: list[tuple[int, bytes]], path: Path) -> None:
    """Write a run's frames as an animated picture of the kind that the path names.

    All frames get the size of the last one: those of a large picture grow from size to size. Raises NstError where
    there are no frames, OSError where nothing can be written.
    """
    if not frames:
        raise NstError("There are no frames yet: run first, then save.")
    opened = [Image.open(io.BytesIO(data)) for _, data in frames]
    first, *others = (image.resize(opened[-1].size, Image.Resampling.BICUBIC) for image in opened)
    rest = [FRAME_MS] * len(others) + [LAST_MS]
    with replacing(path) as part:
        first.save(part, path.suffix[1:].upper(), save_all=True, append_images=others, duration=rest, loop=0)


def save(picture: Picture, settings: Settings, path: Path, mask: Mask | None = None) -> None:
    """Write the picture, and beside it its settings and its mask.

    Raises OSError where nothing can be written.
    """
    pictures.write(picture, path)
    with replacing(path.with_suffix(".json")) as part:
        part.write_text(settings.to_json(), encoding="utf-8")
    if mask is not None:
        pictures.write(mask.expand(3, -1, -1), path.with_name(f"{path.stem}_mask.png"), overwrite=True)
