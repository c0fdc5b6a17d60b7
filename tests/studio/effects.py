"""See whether every knob of the studio shows: ``python -m tests.studio.effects [SIDE] [STEPS]``, 128 and 60.

Runs both ends of each knob, the others as they are at first, on every pair of a sample photo and a painted style, and
prints how far the two pictures are apart: the root mean square over all pixels, of a range of 1. Two pictures that are
0.02 apart can be told from each other when they take turns. Seed and size are left out: one matters for noise only,
the other changes the number of pixels.
"""

import itertools
import statistics
import sys
from collections import defaultdict

from rich.progress import track

from nstlib import painted, pictures
from nstlib.studio import runs
from nstlib.studio.knobs import Knobs
from nstlib.studio.runs import RunRequest
from nstlib.transfer import Step
from nstlib.transfer.settings import Settings

VISIBLE = 0.02


def ends(settings: Settings) -> dict[str, list[tuple[Settings, tuple[str, ...]]]]:
    """What each knob says at its ends, or for every choice."""
    found = {}
    for knob in Knobs(settings).all():
        if knob.description in ("seed", "size", "layer weights", "mute", "solo"):
            continue
        place = [each.description for each in Knobs(settings).all()].index(knob.description)
        choices = [value for _, value in knob._options_full] if hasattr(knob, "options") else None
        found[knob.description] = [turned(settings, place, value) for value in choices or (10**knob.min, 10**knob.max)]
    layers = settings.style_layers
    found["mute"] = [(settings, ()), *((settings, (layer,)) for layer in layers)]
    found["solo"] = [(settings, tuple(set(layers) - {layer})) for layer in layers]
    return found


def turned(settings: Settings, place: int, value) -> tuple[Settings, tuple[str, ...]]:
    """The settings with one knob at a value."""
    knobs = Knobs(settings)
    knob = knobs.all()[place]
    if knob in knobs.weights.values():
        knobs.rule.value = "by hand"
    knob.value = value
    return knobs.settings(), knobs.muted_layers()


def main() -> None:
    """Print each knob's smallest and median effect over the pairs, and where it is smallest."""
    given = [int(word) for word in sys.argv[1:]]
    side, steps = [*given, *(128, 60)[len(given) :]]
    effects = defaultdict(dict)
    pairs = list(itertools.product(pictures.SAMPLES, painted.STYLES))
    for names in track(pairs, transient=True):
        photo = pictures.sample(names[0], 2 * side)
        pair = photo, painted.paint(names[1], tuple(photo.shape[1:]))
        first = Settings(size=side, steps=steps, scales=1, plateau=0.0)
        weights = runs.begin(RunRequest(*pair, first)).layer_weights
        by_hand = Settings(size=side, steps=steps, scales=1, plateau=0.0, layer_weights=weights)
        for knob, requests in ends(by_hand).items():
            made = [last(RunRequest(*pair, *request)) for request in requests]
            apart = [(a - b).square().mean().sqrt().item() for a, b in itertools.combinations(made, 2)]
            effects[knob][names] = max(apart)
    for knob, by_pair in effects.items():
        weakest = min(by_pair, key=by_pair.get)
        least, median = by_pair[weakest], statistics.median(by_pair.values())
        word = "" if least >= VISIBLE else "   HARD TO SEE"
        print(f"{knob:18} at least {least:.3f} ({' × '.join(weakest)}), median {median:.3f}{word}")
    print(f"{len(pairs)} pairs, {side} pixels, {steps} steps")


def last(request: RunRequest):
    """The picture that a request ends in."""
    return [item.picture for item in runs.run(request, lambda: None) if isinstance(item, Step)][-1]


if __name__ == "__main__":
    main()
