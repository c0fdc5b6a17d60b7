"""The command ``nst stylize``. What it needs it imports when it runs, so that ``nst --help`` answers at once."""

import csv
import difflib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nstlib.errors import NstError
from nstlib.terminal import Command, say

if TYPE_CHECKING:
    from nstlib.networks import Network
    from nstlib.stylizing.painting import Outcome
    from nstlib.transfer import Picture, Settings
    from nstlib.transfer.quality import Quality

STYLE_MISSING = "Expected a photo and then a style, got only one of them: nst styles lists the names of styles."
NOT_A_LAYER = ("photo", "network", "step", "scale", "seconds", "total", "content_cost")


class PhotosAndStyle(Command):
    """A command whose last argument is the style; of a single one typer would say that the photo is missing."""

    def parse_args(self, ctx, args):
        """Read the arguments; say what is missing beside a single one."""
        given, *_ = self.make_parser(ctx).parse_args(list(args))
        photos, style = given.get("photos"), given.get("style")
        if isinstance(style, str) and not isinstance(photos, tuple):  # of what is missing, click's versions differ
            ctx.fail(STYLE_MISSING)
        return super().parse_args(ctx, args)


# The quality decides what is not given. Those defaults shown here, which must not load torch, are compared by a test.
def stylize(
    photos: Annotated[
        list[Path],
        typer.Argument(
            metavar="PHOTO",
            help="The picture whose content is kept; or several, or a folder of them: JPEG, PNG, WebP, TIFF, GIF, BMP, "
            "PPM, QOI, JPEG 2000 or AVIF. Without a photo at hand: cat, coffee or another sample.",
        ),
    ],
    style: Annotated[
        str,
        typer.Argument(
            metavar="STYLE",
            help="A picture file; the name of a style or painting (see nst styles); or a network by nst train, such as "
            "night.safetensors, which comes with nstlib and paints in one pass.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Where the result goes: .png, .jpg, .jpeg or .webp. For several photos: a folder.")
    ],
    quality: Annotated[
        str,
        typer.Option(help="draft (a few seconds), good, or best, which needs the weights of vgg16 and more time."),
    ] = "good",
    size: Annotated[int | None, typer.Option(help="Pixels on the shorter side.", show_default="256")] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Most forward and backward passes, over all scales; the draft that best begins with is not counted.",
            show_default="draft 40, good 100, best 40",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="minivgg, vgg19, vgg16 or random-vgg19; or alexnet, with weights and a content layer of its own, "
            "relu1 to relu5.",
            show_default="draft minivgg, good minivgg, best vgg16",
        ),
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Weight of the content cost.", show_default="1.0")] = None,
    beta: Annotated[float | None, typer.Option(help="Weight of the style cost.", show_default="20.0")] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Layer weights: equal, inverse_n2, geometric, relative, relative_geometric or balanced.",
            show_default="relative_geometric",
        ),
    ] = None,
    layer_weights: Annotated[str, typer.Option(help="Layer weights by hand: relu1_1=1,relu3_1=0.5")] = "",
    content_layer: Annotated[
        str | None, typer.Option(help="Layer at which content is compared.", show_default="relu4_2")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            help="Start from content, style or noise, or from a picture file of any size.", show_default="content"
        ),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="adam, lbfgs or pyramid.", show_default="lbfgs")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides the noise and the painted style.", show_default="0")] = None,
    style_scale: Annotated[
        float | None, typer.Option(help="Size of the strokes: 2 for twice as large, 0.5 for half.", show_default="1.0")
    ] = None,
    and_style: Annotated[
        list[str] | None, typer.Option(help="A further style to blend in; may be given more than once.")
    ] = None,
    style_blend: Annotated[
        str, typer.Option(help="A weight for each style, in their order, such as 2,1; equal if you give none.")
    ] = "",
    colour: Annotated[
        str | None,
        typer.Option(help="Whose colours: style, or photo, which changes its light alone.", show_default="style"),
    ] = None,
    keep_alpha: Annotated[
        bool, typer.Option("--keep-alpha", help="Keep a photo's transparency, instead of laying it on white.")
    ] = False,
    costs: Annotated[Path | None, typer.Option(help="Also write the costs of every step to this CSV file.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a summary as JSON on standard output, a line for each photo.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Paint each PHOTO in the manner of STYLE, several photos into the folder --out under their names, as PNG.

    Ctrl-C keeps what is done, and the picture under way as far as it has come (exit status 130). Of several photos one
    that fails is named, and the others are painted (exit status 1).
    """
    from nstlib import engine, pictures
    from nstlib.stylizing.painting import Recipe, paint
    from nstlib.stylizing.places import find_places, listed, require_room
    from nstlib.transfer.quality import quality_named
    from nstlib.transfer.settings import INITS

    photos, out = [_expanded(photo) for photo in photos], _expanded(out)
    costs = costs and _expanded(costs)
    if style.lower().endswith(".safetensors"):
        from nstlib.stylizing.one_pass import stylize_in_one_pass

        unused = {
            "--quality": None if quality == "good" else quality,
            "--steps": steps,
            "--network": network,
            "--alpha": alpha,
            "--beta": beta,
            "--preset": preset,
            "--layer-weights": layer_weights or None,
            "--content-layer": content_layer,
            "--init": init,
            "--optimizer": optimizer,
            "--seed": seed,
            "--style-scale": style_scale,
            "--and-style": and_style,
            "--style-blend": style_blend or None,
            "--colour": colour,
            "--costs": costs,
        }
        options = {"keep_alpha": keep_alpha, "as_json": as_json, "force": force}
        stylize_in_one_pass(photos, style, out, size, unused, **options)
    start = init if init is not None and init not in INITS else None
    if start is not None and not _is_file_name(start):
        raise NstError(f"Expected --init as {', '.join(INITS)} or a picture file, got {init!r}: choose one of these.")
    given = {
        "size": size,
        "steps": steps,
        "content_layers": None if content_layer is None else (content_layer,),
        "layer_weights": _layer_weights(layer_weights, preset),
        "alpha": alpha,
        "beta": beta,
        "init": None if start else init,
        "optimizer": optimizer,
        "seed": seed,
        "style_scale": style_scale,
        "style_blend": _numbers(style_blend),
        "colour": colour,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    wanted = quality_named(quality).changed(**changes)
    good = quality_named("good").changed(**changes) if wanted.draft else None
    if network is not None and network != wanted.network:
        wanted, good = replace(wanted, network=network, draft=None), None
    settings = wanted.settings
    names = [style, *(and_style or [])]
    settings.style_shares(len(names))  # refuses weights that do not fit
    places, others = find_places(photos, out)
    reads = {"--init": start, "the style": style} | {f"style {n}": name for n, name in enumerate(names[1:], start=2)}
    folder = None if places[0].out == out else out
    engine.plan()  # a device that cannot be had is refused before a network is fetched
    require_room(places, folder, reads, costs, force=force, alpha=keep_alpha)
    if others:
        say(f"Left out, as their names are not those of pictures: {listed(others)}.")
    if not folder:
        pictures.read(places[0].photo, settings.size)  # what fails at once comes before what is fetched
    begun = start and _read(start, settings.size)
    recipe = Recipe([style_picture(name, settings) for name in names], *_loaded(wanted, good), begun, keep_alpha, force)
    outcomes = []
    for outcome in paint(places, recipe):
        outcomes.append(outcome)
        _tell(outcome, as_json)
    if costs and any(outcome.costs for outcome in outcomes):
        _write_costs([row for outcome in outcomes for row in outcome.costs], costs)
    stopped = outcomes[-1].stopped
    failed = [outcome.place.photo for outcome in outcomes if outcome.fault]
    if folder:
        painted = sum(bool(outcome.costs) for outcome in outcomes)
        say(
            f"{'Stopped: p' if stopped else 'P'}ainted {painted} of {len(places)} photos into {out}"
            f"{f'; not {listed(failed)}' if failed else ''}."
        )
    raise typer.Exit(130 if stopped else bool(failed))


def _expanded(path: Path) -> Path:
    """Read ~ as the home folder, which a shell leaves to us in --out=~/out.png."""
    return Path(os.path.expanduser(path))


def _loaded(quality: "Quality", good: "Quality | None") -> "tuple[Quality, dict[str, Network]]":
    """Load the networks of a quality by name; where its weights cannot be had, say so and take `good`, if given."""
    from nstlib import networks
    from nstlib.networks.weights import WeightsError

    try:
        loaded = {quality.network: networks.load(quality.network, quality.settings.layers)}
    except WeightsError as fault:
        if not good:
            raise
        say(f"The best quality needs {quality.network}, which cannot be had, so this is the good one. {fault}")
        return _loaded(good, None)
    if quality.has_draft:
        small = quality.first.network
        loaded[small] = networks.load(small, quality.settings.layers)
    return quality, loaded


def _layer_weights(text: str, preset: str | None) -> dict[str, float] | str | None:
    """Read relu1_1=1,relu2_1=0.5, or hand on the preset; NstError shows the part that is not layer=number."""
    if not text:
        return preset
    if preset:
        raise NstError("Expected --preset or --layer-weights, got both: leave one of them out.")
    weights = {}
    for part in filter(None, text.split(",")):
        layer, _, number = part.partition("=")
        try:
            weights[layer.strip()] = float(number)
        except ValueError:
            raise NstError(
                f"Expected --layer-weights as layer=number, got {part!r}: write, for example, relu1_1=1,relu2_1=0.5."
            ) from None
    return weights


def _numbers(text: str) -> list[float] | None:
    """Read 2,1; NstError shows what is no number."""
    try:
        return [float(part) for part in text.split(",")] if text else None
    except ValueError:
        raise NstError(
            f"Expected --style-blend as a number for each style, got {text!r}: write, for example, 2,1."
        ) from None


def style_picture(name: str, settings: "Settings") -> "Picture":
    """Read the file of this name where there is one, else the painting, else paint the style of this name."""
    side = settings.style_side(settings.size)
    if _is_file_name(name):
        return _read(name, max(side, 1))
    from nstlib import painted, paintings  # half a second that a file does not need

    if name in paintings.PAINTINGS:
        return paintings.read(name, max(side, 1))
    if name not in painted.STYLES:
        names = [*painted.STYLES, *paintings.PAINTINGS]
        close = difflib.get_close_matches(name.lower(), names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the styles are {', '.join(names)}."
        raise NstError(f"Expected a picture file or a style, got {name!r}: {hint}")
    return painted.paint(name, max(side, 16), settings.seed)


def _is_file_name(name: str) -> bool:
    from nstlib import pictures

    return Path(name).is_file() or bool(Path(name).suffix) or pictures.is_address(name)


def _read(name: str, size: int) -> "Picture":
    """Read a style or a start, and say so where it is laid on white."""
    from nstlib import pictures

    picture, alpha = pictures.read_with_alpha(name, size)
    if alpha is not None:
        say(f"{name} is transparent and lies on white here.")
    return picture


def _tell(outcome: "Outcome", as_json: bool) -> None:
    """Say what became of a photo, and print its summary if asked for."""
    if outcome.fault:
        say(f"nst: {outcome.place.photo} was not painted. {outcome.fault}", style="red")
        return
    if not outcome.costs:
        say(f"nst: stopped before the first step of {outcome.place.photo}; nothing was written.")
        return
    first, last = outcome.ends
    if as_json:
        typer.echo(json.dumps(_summary(outcome)))
    say(
        f"{'Stopped: wrote' if outcome.stopped else 'Wrote'} {outcome.place.out} after {len(outcome.costs)} steps in "
        f"{last['seconds']:.1f} s: {outcome.width} × {outcome.height} pixels (--size asks for others). "
        f"The cost J {'fell' if last['total'] <= first['total'] else 'rose'} from {first['total']:.3g} to "
        f"{last['total']:.3g}."
    )
    if last["total"] > first["total"]:
        say(
            "By these weights hardly any picture is better than the one that the run began with. "
            "Give a larger --beta, or another --preset."
        )


def _summary(outcome: "Outcome") -> dict:
    first, last = outcome.ends
    return {
        "photo": str(outcome.place.photo),
        "out": str(outcome.place.out),
        "network": last["network"],
        "steps": len(outcome.costs),
        "seconds": last["seconds"],
        "stopped": outcome.stopped,
        "total": {"first": first["total"], "last": last["total"]},
        "content_cost": last["content_cost"],
        "style_costs": {layer: cost for layer, cost in last.items() if layer not in NOT_A_LAYER},
    }


def _write_costs(table: list[dict], path: Path) -> None:
    from nstlib.files import replacing

    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in table for name in row)), restval="")
        writer.writeheader()
        writer.writerows(table)
