"""See whether every knob has a visible effect: ``python -m tests.studio.effects [SIDE] [STEPS]``, 128 and 60.

Runs both ends of each knob, with the others as they begin, on every pair of a sample photo and a painted style, and
prints how far apart the two pictures are: the root mean square over all pixels, of a range of 1. Two pictures that are
0.02 apart can be told from each other when they are shown in turn. Seed and size are left out: one
matters for noise only, the other changes the number of pixels.
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
    choices_by_knob = {}
    for knob in Knobs(settings).all():
        if knob.description in ("seed", "size", "layer weights", "mute", "solo"):
            continue
        index = [other.description for other in Knobs(settings).all()].index(knob.description)
        choices = [value for _, value in knob._options_full] if hasattr(knob, "options") else None
        values = choices or (10**knob.min, 10**knob.max)
        choices_by_knob[knob.description] = [with_knob(settings, index, value) for value in values]
    layers = settings.style_layers
    choices_by_knob["mute"] = [(settings, ()), *((settings, (layer,)) for layer in layers)]
    choices_by_knob["solo"] = [(settings, tuple(set(layers) - {layer})) for layer in layers]
    return choices_by_knob


def with_knob(settings: Settings, index: int, value) -> tuple[Settings, tuple[str, ...]]:
    """The settings with one knob at a value."""
    knobs = Knobs(settings)
    knob = knobs.all()[index]
    if knob in knobs.weights.values():
        knobs.rule.value = "by hand"
    knob.value = value
    return knobs.settings(), knobs.muted_layers()


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
        weights = runs.resolve_weights(RunRequest(*pair, first)).layer_weights
        by_hand = Settings(size=side, steps=steps, scales=1, plateau=0.0, layer_weights=weights)
        for knob, requests in ends(by_hand).items():
            results = [last(RunRequest(*pair, *request)) for request in requests]
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
