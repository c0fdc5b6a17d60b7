"""What can be kept of a studio's picture: the code that makes it again, and files."""

from pathlib import Path

from nstlib import networks, pictures
from nstlib.files import replacing
from nstlib.studio import runs, sources
from nstlib.studio.runs import RunRequest
from nstlib.transfer import Picture
from nstlib.transfer.settings import Settings


def code(request: RunRequest, steps: int) -> str:
    """Return the code that makes the picture of a request's run after so many steps, without a studio."""
    settings = request.settings
    default = Settings()
    changed = {key: value for key, value in vars(settings).items() if value != getattr(default, key)}
    if settings.weights_given:
        changed.pop("style_layers", None)
    arguments = ", ".join(f"{key}={value!r}" for key, value in changed.items())
    lines = [
        "import nstlib",
        "from nstlib import Settings, painted, pictures",
        "",
        f"content = {sources.code(request.content)}",
        f"style = {sources.code(request.style)}",
        f"network = nstlib.networks.load({_network_arguments(request)})",
        f"settings = Settings({arguments})",
    ]
    if steps < settings.steps:  # Settings keep their steps: Adam's rate falls over the last quarter of those
        lines += [
            "for step in nstlib.steps(content, style, settings, network):",
            f"    if step.index == {steps - 1}:",
            "        break",
            "picture = step.picture",
        ]
    else:
        lines += ["picture = nstlib.stylize(content, style, settings, network)"]
    if request.start is not None:
        lines += ["# This run went on from an earlier picture; press restart for one that these lines repeat."]
    return "\n".join(lines)


def _network_arguments(request: RunRequest) -> str:
    layers = runs.layers(request.settings)
    return repr(request.network) if layers == networks.DEFAULT else f"{request.network!r}, {layers}"


def save(picture: Picture, settings: Settings, folder: Path) -> str:
    """Write picture and settings under the next free number; return the picture's name. Raise OSError if that fails."""
    number = next(n for n in range(1, 10_000) if not (folder / f"studio_{n}.png").exists())
    path = pictures.write(picture, folder / f"studio_{number}.png")
    with replacing(path.with_suffix(".json")) as part:
        part.write_text(settings.to_json(), encoding="utf-8")
    return path.name
