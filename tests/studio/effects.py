"""See whether every knob has a visible effect: ``python -m tests.studio.effects [SIDE] [STEPS]``, 128 and 60.

Runs both ends of each knob, with the others as they begin, on every pair of a sample photo and a painted style, and
prints how far apart the two pictures are: the root mean square over all pixels, of a range of 1. Two pictures that are
0.02 apart can be told from each other when they are shown in turn. Left out are the seed, which matters for noise only,
the size, which changes the number of pixels, what goes on from another picture, and a share of a second style.
"""

import itertools
import statistics
import sys
from collections import defaultdict

from rich.progress import track

from nstlib import painted, pictures
from nstlib.studio import runs
from nstlib.studio.controls import LEAST_FADER, controls
from nstlib.studio.knobs import Knobs
from nstlib.studio.runs import RunRequest
from nstlib.transfer import Step
from nstlib.transfer.settings import Settings

VISIBLE = 0.02
LEFT_OUT = ("seed", "size", "go_on", "blend", "faders")


def ends(base: Settings) -> dict[str, list[tuple[Settings, tuple[str, ...], dict[str, float]]]]:
    """What each knob says at its ends, or for every choice: Settings, muted layers and faders."""
    first = Knobs.of(base, "cat", "night")
    layers = base.style_layers
    moves = {
        control["label"]: [{name: value} for value in values(control)]
        for name, control in controls(base).items()
        if name not in LEFT_OUT
    }
    moves |= {f"λ {layer}": [{"faders": {layer: factor}} for factor in (LEAST_FADER, 1e3)] for layer in layers}
    moves["mute"] = [{"muted": muted} for muted in ((), *((layer,) for layer in layers))]
    moves["solo"] = [{"solo": (layer,)} for layer in layers]
    said = {label: [first.moved(**move) for move in each] for label, each in moves.items()}
    return {
        label: [(knobs.settings(base), knobs.muted_layers(base), knobs.faders) for knobs in each]
        for label, each in said.items()
    }


def values(control: dict) -> list:
    """A control's ends, or all of its choices."""
    if control["kind"] == "choice":
        return [value for value, _ in control["options"]]
    return [0.0 if control.get("zero") else control["low"], control["high"]]


def main() -> None:
    """Print each knob's smallest and median effect over the pairs, and where it is smallest."""
    arguments = [int(argument) for argument in sys.argv[1:]]
    side, steps = [*arguments, *(128, 60)[len(arguments) :]]
    effects = defaultdict(dict)
    pairs = list(itertools.product(pictures.SAMPLES, painted.STYLES))
    for names in track(pairs, transient=True):
        photo = pictures.sample(names[0], 2 * side)
        pair = photo, painted.paint(names[1], tuple(photo.shape[1:]))
        first = Settings(size=side, steps=steps, scales=1, plateau=0.0)
        for knob, requests in ends(first).items():
            results = [last(RunRequest(*pair, settings, muted, faders=faders)) for settings, muted, faders in requests]
            differences = [(a - b).square().mean().sqrt().item() for a, b in itertools.combinations(results, 2)]
            effects[knob][names] = max(differences)
    for knob, by_pair in effects.items():
        weakest = min(by_pair, key=by_pair.get)
        least = by_pair[weakest]
        median = statistics.median(by_pair.values())
        remark = "" if least >= VISIBLE else "   HARD TO SEE"
        print(f"{knob:18} at least {least:.3f} ({' × '.join(weakest)}), median {median:.3f}{remark}")
    print(f"{len(pairs)} pairs, {side} pixels, {steps} steps")


def last(request: RunRequest):
    """The picture that a request ends in."""
    return [item.picture for item in runs.run(request, lambda: None) if isinstance(item, Step)][-1]


if __name__ == "__main__":
    main()
