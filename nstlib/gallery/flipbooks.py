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
    given = {"size": size, "steps": steps}
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
        0.1: "The cat in the photo's browns, under a fine grain; the whiskers are gone.",
        0.3: "The cat in the photo's browns, under a fine grain; the right eye is a deep green.",
        1: "The cat still brown; the left eye and the background on the right have turned blue and violet.",
        3: "The cat brown with a blue forehead, before a background of blue and violet.",
        10: "The cat with fur in brown strokes, blue above the eyes, before a deep blue background.",
        30: "The cat with blurred stripes on the forehead and green patches on the cheek, before a blue background.",
        100: "The cat without stripes on its forehead, the nose partly blue, before a blue background.",
        300: "The cat in loose strokes, the muzzle's outline broken up, before a blue background.",
        1000: "Two eyes in loose strokes of brown and blue; the nose is little more than a dark patch.",
    }
    return Flipbook(
        "beta",
        "Style weight",
        "style weight β",
        "From β = 1 on the background turns blue; from β = 100 on the stripes of the forehead are gone, and at "
        "β = 1000 the nose dissolves, while the eyes still stand where they were.",
        tuple(Frame(f"β = {beta}", alt, {**given, "beta": beta}) for beta, alt in alts.items()),
        first=list(alts).index(BETA),
    )


def _one_layer(given: Mapping[str, Any]) -> Flipbook:
    alts = (
        "The cat in deep blue and yellow: shadows, eyes and nose are blue, the light fur is yellow.",
        "The cat in ochre and turquoise, before a background of violet.",
        "The cat in its own browns, covered with fine ripples.",
        "The cat in reddish brown, covered with a rope-like pattern of light and dark.",
        "The cat broken up into coarse grains of brown, red and green.",
    )
    return Flipbook(
        "alone",
        "One layer alone",
        "style layer",
        "relu1_1 brings the night's blue and yellow, relu2_1 turquoise and violet; from relu3_1 on the photo's browns "
        "stay, and the pattern on the cat grows coarser from layer to layer.",
        tuple(
            Frame(f"{layer} alone", alt, {**given, "beta": BETA, "style_layers": (layer,)})
            for layer, alt in zip(STYLE_LAYERS, alts, strict=True)
        ),
    )


def _all_but_one(given: Mapping[str, Any]) -> Flipbook:
    whole = "The cat with fur in brown strokes, blue above the eyes, before a deep blue background."
    alts = (
        "The cat with a green left eye, before a background of violet; little is left of the deep blue.",
        "The cat with orange and red specks in its fur, before a deep blue background.",
        "The cat much as with all layers: brown strokes, blue above the eyes, a deep blue background.",
        "The cat much as with all layers, the lower part of the left eye green; a deep blue background.",
        "The cat with clear dark lines on the cheek, turquoise below the chin, before a deep blue background.",
    )
    return Flipbook(
        "without",
        "All layers but one",
        "style layers",
        "Without relu1_1 the deep blue at the right edge turns violet, without any other layer it stays; relu3_1 and "
        "relu4_1 are hardly missed, and without relu5_1 the dark lines on the cheek are clearest.",
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
            "The cat with fur in brown strokes, blue above the eyes, before a deep blue background.",
        ),
        "diagonal": (
            "no pairs of filters",
            "The cat much as with gram, the left eye greener; the background is more violet than blue.",
        ),
        "moments": (
            "mean and spread",
            "The cat much as with gram, with two green eyes; the chest is bluish, the background blue and violet.",
        ),
        "covariance": (
            "centred",
            "The cat in pale golden yellow with dark blue eyes, the forehead purple, before a deep blue background.",
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
            "The cat in yellow with dark blue stripes, eyes and nose, before a deep blue background.",
        ),
        "inverse_n2": (
            "λ ∝ 1/N²",
            "The cat in yellow and deep blue, in the strongest contrast; dark blue lies on the cheek.",
        ),
        "geometric": (
            "λ halves by layer",
            "The cat in yellow and deep blue, almost as with inverse_n2.",
        ),
        "relative": (
            "λ ∝ 1/E(S, 0)",
            "The cat with fur in brown strokes, blue above the eyes, before a deep blue background.",
        ),
        "balanced": (
            "equal pull at the start",
            "The cat in the photo's browns with a violet left eye, before a pale, mottled background.",
        ),
    }
    return Flipbook(
        "lambda",
        "Layer weights at the same β",
        "layer weights λ",
        "equal, inverse_n2 and geometric look like relu1_1 alone, deep blue and yellow; relative leaves the fur "
        "brown, and balanced leaves most of the photo's colours: the same β is not the same strength.",
        tuple(
            Frame(f"{name}: {meaning}", alt, {**given, "beta": BETA, "layer_weights": name})
            for name, (meaning, alt) in alts.items()
        ),
    )


def _steps(size: int, marks: Sequence[int]) -> Flipbook:
    alts = {
        0: "The photo of the cat, unchanged.",
        2: "The cat in its own colours, its outlines sharpened, covered with a fine, worm-like pattern.",
        5: "The cat in its own colours under a stronger worm-like pattern; the whiskers still show.",
        10: "The cat in brown and violet; the whiskers are nearly gone.",
        20: "The cat in brown, before a background of violet and blue.",
        40: "The cat with blue around the eyes, before a background of blue.",
        60: "The cat in yellow-brown strokes and blue lines, before a background of blue and turquoise.",
        100: "The cat in yellow-brown strokes and blue lines, the background a deeper blue.",
    }
    if unknown := set(marks) - set(alts):
        raise NstError(f"Step {min(unknown)} has no description; choose marks from {', '.join(map(str, alts))}.")
    # one size, and to the end: another scale would show pictures of another size
    given = {"size": size, "steps": max(marks) + 1, "scales": 1, "plateau": 0, "beta": BETA}
    return Flipbook(
        "steps",
        "Steps of one run",
        "step",
        "The pattern comes first, within two steps; the blue follows between steps 10 and 40, and from 60 to 100 it "
        "only grows a little deeper.",
        tuple(Frame(f"step {mark}", alts[mark], given, mark) for mark in marks),
        first=len(marks) - 1,
    )
