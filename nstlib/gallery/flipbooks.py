"""The flipbooks as data: what is set, the lines of code for it, and what there is to see.

`look` and `alt` describe the pictures as we saw them: after a change of the library, look again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nstlib.errors import NstError
from nstlib.networks import STYLE_LAYERS
from nstlib.transfer.settings import Settings

BETA = 10
MARKS = (0, 2, 5, 10, 20, 40, 60, 100)


@dataclass(frozen=True)
class Frame:
    """One picture: a caption that names the setting, what the picture shows, and the Settings that make it.

    step: the step whose picture it is; None for the last.
    """

    caption: str
    alt: str
    given: Mapping[str, Any]
    step: int | None = None

    @property
    def settings(self) -> Settings:
        """The Settings that `code` sets."""
        return Settings(**self.given)

    @property
    def code(self) -> str:
        """Lines of Python after which `picture` is this picture."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.given.items()).replace("'", '"')
        if self.step is None:
            first = ["from nstlib import Settings, painted, pictures, stylize"]
            last = ["picture = stylize(photo, painting, settings)"]
        else:
            first = ["from nstlib import Settings, painted, pictures", "from nstlib.transfer import steps"]
            last = ["run = steps(photo, painting, settings)"]
            last += [f"picture = next(step.picture for step in run if step.index == {self.step})"]
        pair = [f'photo = pictures.sample("cat", {self.settings.size})']
        pair += ['painting = painted.paint("night", tuple(photo.shape[1:]))']
        return "\n".join([*first, "", *pair, f"settings = Settings({given})", *last])


@dataclass(frozen=True)
class Flipbook:
    """Pictures that differ in one setting: its name on the slider, what to look at, and which frame is open first."""

    id: str
    title: str
    label: str
    look: str
    frames: tuple[Frame, ...]
    first: int = 0


def flipbooks(size: int = 192, steps: int = 60, marks: Sequence[int] = MARKS) -> tuple[Flipbook, ...]:
    """Return the six flipbooks, for pictures of `size` px after `steps` steps; the last one shows the steps `marks`.

    Raises NstError for a mark without a description.
    """
    given = {"size": size, "steps": steps, "chroma_smoothness": 20}
    return (
        _style_weight(given),
        _one_layer(given),
        _all_but_one(given),
        _statistic(given),
        _layer_weights(given),
        _steps(size, marks),
    )


def _style_weight(given: Mapping[str, Any]) -> Flipbook:
    alts = {
        0.1: "The cat in the photo's browns, its fur sharpened, under a fine grain.",
        0.3: "The cat in the photo's browns; the fur looks combed, and the background has a tint of blue.",
        1: "The cat in ochre and brown; the background on the right has turned violet and blue.",
        3: "The cat in ochre under short strokes, a blue tint on its chest, before a blue and violet background.",
        10: "The cat in ochre and brown strokes, its stripes faint, before a background of blue and violet.",
        30: "The cat in loose strokes, hardly striped, the first swirls beside its ear, before a blue background.",
        100: "The cat without stripes on its forehead, swirls at the right edge, before a blue background.",
        300: "The cat in loose strokes that swirl on the forehead and at the right edge, the nose blurred.",
        1000: "The cat's face in swirling strokes of ochre and blue; eyes and nose still stand where they were.",
    }
    return Flipbook(
        "beta",
        "Style weight",
        "style weight β",
        "From β = 1 on the background turns blue; from β = 10 on strokes cover the fur, and from β = 100 on the "
        "stripes of the forehead are gone. Eyes and nose stand where they were even at β = 1000.",
        tuple(Frame(f"β = {beta}", alt, {**given, "beta": beta}) for beta, alt in alts.items()),
        first=list(alts).index(BETA),
    )


def _one_layer(given: Mapping[str, Any]) -> Flipbook:
    alts = (
        "The cat in deep blue and yellow: shadows and nose are dark blue, the light fur is yellow.",
        "The cat in its own browns with a tint of turquoise, its stripes and whiskers clear.",
        "The cat in its own browns, the fur rough and shaggy.",
        "The cat under a dense pattern of worm-like strokes in red, green and white.",
        "Coarse speckles of red, green and white; the cat's eyes just show through.",
    )
    return Flipbook(
        "alone",
        "One layer alone",
        "style layer",
        "relu1_1 brings the night's blue and yellow; relu2_1 and relu3_1 leave the cat its browns; alone, relu4_1 and "
        "relu5_1 cover it with a pattern that grows coarser and hides it.",
        tuple(
            Frame(f"{layer} alone", alt, {**given, "beta": BETA, "style_layers": (layer,)})
            for layer, alt in zip(STYLE_LAYERS, alts, strict=True)
        ),
    )


def _all_but_one(given: Mapping[str, Any]) -> Flipbook:
    whole = "The cat in ochre and brown strokes, its stripes faint, before a background of blue and violet."
    alts = (
        "The cat in brown and ochre strokes; the background is pale, and little of the blue is left.",
        "The cat with red and violet tints in its fur, before a background of blue and violet.",
        "The cat in softer, blotchy fur, before a background of strong blue.",
        "The cat much as with all layers: ochre strokes, a background of blue and violet.",
        "The cat in smooth yellow and turquoise with clear stripes, before a deep blue background.",
    )
    return Flipbook(
        "without",
        "All layers but one",
        "style layers",
        "Without relu1_1 the blue of the background is lost, without any other layer it stays; relu4_1 is hardly "
        "missed, and without relu5_1 the colours are strongest and the cat's stripes clearest.",
        (
            Frame("all layers", whole, {**given, "beta": BETA, "style_layers": STYLE_LAYERS}),
            *(
                Frame(f"without {left_out}", alt, {**given, "beta": BETA, "style_layers": _without(left_out)})
                for left_out, alt in zip(STYLE_LAYERS, alts, strict=True)
            ),
        ),
    )


def _without(left_out: str) -> tuple[str, ...]:
    return tuple(layer for layer in STYLE_LAYERS if layer != left_out)


def _statistic(given: Mapping[str, Any]) -> Flipbook:
    alts = {
        "gram": (
            "the whole matrix",
            "The cat in ochre and brown strokes, its stripes faint, before a background of blue and violet.",
        ),
        "diagonal": (
            "no pairs of filters",
            "The cat much as with gram, a little browner; the background is more violet than blue.",
        ),
        "moments": (
            "mean and spread",
            "The cat much as with gram, its stripes clearer, before a background of blue and turquoise.",
        ),
        "covariance": (
            "centred",
            "The cat in golden yellow with swirls on the forehead, before a deep blue and violet background.",
        ),
    }
    return Flipbook(
        "statistic",
        "Statistic",
        "statistic",
        "diagonal and moments, which know nothing of pairs, come close to gram; covariance, which does not hold the "
        "filters' means, is the one that turns the fur golden yellow.",
        tuple(
            Frame(f"{name}: {meaning}", alt, {**given, "beta": BETA, "statistic": name})
            for name, (meaning, alt) in alts.items()
        ),
    )


def _layer_weights(given: Mapping[str, Any]) -> Flipbook:
    alts = {
        "equal": (
            "λ = 1/5 each",
            "The cat in ochre and turquoise, its fur rough and striped, before a background of blue and white.",
        ),
        "inverse_n2": (
            "λ ∝ 1/N²",
            "The cat in ochre and turquoise with dark stripes, before a background of deep blue and white.",
        ),
        "geometric": (
            "λ halves by layer",
            "The cat in ochre and turquoise, almost as with equal.",
        ),
        "relative": (
            "λ ∝ 1/E(S, 0)",
            "The cat in ochre and brown strokes, its stripes faint, before a background of blue and violet.",
        ),
        "balanced": (
            "equal pull at the start",
            "The cat in the photo's browns under a fine grain, before a pale background.",
        ),
    }
    return Flipbook(
        "lambda",
        "Layer weights at the same β",
        "layer weights λ",
        "equal, inverse_n2 and geometric keep the cat's stripes and rough fur; relative paints over them with "
        "strokes, and balanced changes least: the same β is not the same strength.",
        tuple(
            Frame(f"{name}: {meaning}", alt, {**given, "beta": BETA, "layer_weights": name})
            for name, (meaning, alt) in alts.items()
        ),
    )


def _steps(size: int, marks: Sequence[int]) -> Flipbook:
    alts = {
        0: "The photo of the cat, unchanged.",
        2: "The cat in its own colours, its outlines sharpened, with the first fine pattern.",
        5: "The cat in its own colours under a fine worm-like pattern; the whiskers still show.",
        10: "The cat in its own colours under a stronger pattern; the whiskers fade.",
        20: "The cat in ochre, the background with a first tint of blue.",
        40: "The cat in ochre strokes, before a background of blue and violet.",
        60: "The cat in ochre strokes, a tint of blue on its chest, before a blue background.",
        100: "The cat in ochre and blue strokes, the background a deeper blue.",
    }
    if unknown := set(marks) - set(alts):
        raise NstError(f"Step {min(unknown)} has no description; choose marks from {', '.join(map(str, alts))}.")
    # one size, and to the end: another scale would show pictures of another size
    given = {"size": size, "steps": max(marks) + 1, "scales": 1, "plateau": 0, "beta": BETA, "chroma_smoothness": 20}
    return Flipbook(
        "steps",
        "Steps of one run",
        "step",
        "The pattern comes first, within five steps; the blue follows between steps 20 and 60, and from 60 to 100 it "
        "only grows a little deeper.",
        tuple(Frame(f"step {mark}", alts[mark], given, mark) for mark in marks),
        first=len(marks) - 1,
    )
