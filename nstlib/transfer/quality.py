"""Three points of the frontier between seconds and quality: draft, good and best.

Each is a network with settings; `best` goes on from a draft. They were chosen by the three numbers of
`nstlib.bench.judge` on pictures that no network had learned from (``python -m nstlib.bench.pictures``), and by eye:

- L-BFGS needs the fewest passes, and ends without the noise of Adam's last steps.
- Geometric weights of the relative costs move the palette first; equal ones leave it pale.
- VGG-16 lets the sides of a picture stand out (up to .8 sharper than the rest), unless there is a margin; minivgg does
  not.
- A smooth chroma takes away the coloured grain that the networks cannot see.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nstlib import networks
from nstlib.errors import NstError
from nstlib.networks import Network
from nstlib.transfer.run import Step, steps
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture


@dataclass(frozen=True)
class Quality:
    """A network's name with settings, and the quality of the draft that a run goes on from.

    >>> QUALITIES["best"].network, QUALITIES["best"].passes
    ('vgg16', 80)
    """

    network: str
    settings: Settings
    draft: str | None = None

    @property
    def has_draft(self) -> bool:
        """Whether a draft comes first: the draft's network must have the layers that the settings name."""
        if self.draft is None:
            return False
        try:
            networks.ARCHITECTURES[QUALITIES[self.draft].network].until_deepest(self.settings.layers)
        except NstError:
            return False
        return True

    @property
    def first(self) -> "Quality":
        """The draft, which has the settings of the run that goes on from it, but for its own passes and smoothness."""
        draft = QUALITIES[self.draft]
        own = {"steps": draft.settings.steps, "chroma_smoothness": draft.settings.chroma_smoothness}
        return replace(draft, settings=replace(self.settings, **own))

    @property
    def passes(self) -> int:
        """Forward and backward passes, those of the draft included."""
        return self.settings.steps + (self.first.passes if self.has_draft else 0)

    def changed(self, **settings: Any) -> "Quality":
        """Return this quality with other settings. Raises NstError for what cannot be run.

        >>> quality_named("good").changed(size=512).settings.size
        512
        """
        return replace(self, settings=replace(self.settings, **settings))


def _settings(**changes: Any) -> Settings:
    common = {"layer_weights": "relative_geometric", "optimizer": "lbfgs", "plateau": 0}
    return Settings(**common | changes)


QUALITIES = {
    "draft": Quality("minivgg", _settings(steps=40, beta=20.0, chroma_smoothness=40.0)),
    "good": Quality("minivgg", _settings(steps=100, beta=20.0, chroma_smoothness=40.0)),
    "best": Quality("vgg16", _settings(steps=40, beta=20.0, chroma_smoothness=60.0, margin=8), draft="draft"),
}


def quality_named(name: str) -> Quality:
    """Return the quality of this name; NstError for another name.

    >>> quality_named("good").network
    'minivgg'
    """
    if name not in QUALITIES:
        raise NstError(f"Expected one of the qualities {', '.join(QUALITIES)}, got {name!r}: choose one of these.")
    return QUALITIES[name]


def quality_steps(
    content: Picture,
    style: Picture | Sequence[Picture],
    quality: Quality,
    *,
    load: Callable[[str], Network] = networks.load,
    start: Picture | None = None,
) -> Iterator[Step]:
    """Yield every Step of a quality's run, those of its draft first; indices and seconds count through.

    `load` returns a network by its name. Raises what `nstlib.transfer.steps` and loading a network raise.

    >>> from nstlib import painted
    >>> pair = painted.paint("mosaic", 32), painted.paint("night", 32)
    >>> short = Quality("minivgg", Settings(size=32, steps=3), draft="draft")
    >>> len(list(quality_steps(*pair, short))) == short.passes == 43
    True
    """
    network = load(quality.network)  # ahead of a draft, which would be lost if it cannot be had
    index = 0
    seconds = 0.0
    if quality.has_draft:
        for step in quality_steps(content, style, quality.first, load=load, start=start):
            yield step
            start, index, seconds = step.picture, step.index + 1, step.seconds
    for step in steps(content, style, quality.settings, network, start=start):
        yield replace(step, index=index + step.index, seconds=seconds + step.seconds)


def paint(content: Picture, style: Picture | Sequence[Picture], quality: Quality, **options: Any) -> Picture:
    """Run `quality_steps` to its end and return the last picture, float32 (3,H,W) in [0,1].

    >>> from nstlib import painted
    >>> pair = painted.paint("mosaic", (32, 40)), painted.paint("night", 32)
    >>> paint(*pair, Quality("minivgg", Settings(size=32, steps=3))).shape
    torch.Size([3, 32, 40])
    """
    for step in quality_steps(content, style, quality, **options):  # noqa: B007  the last one is the result
        pass
    return step.picture
