"""The runs that a studio remembers: their knobs, last picture and film, so that one can go back and compare."""

import itertools
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from nstlib.studio.frames import Picture
from nstlib.studio.knobs import Knobs
from nstlib.studio.runs import RunRequest, RunStarted

MOST = 24  # runs
MOST_BYTES = 200 << 20  # of their pictures
FILM = 150  # frames of one run, about 2 MB at 192 px
WORTH = 20  # steps from which on a run that another ended is remembered


@dataclass
class Run:
    """A run and what has come of it so far.

    number: of all runs, most of which nobody sees. place: among those that were remembered, which is shown; 0 before.
    named: its request with names in place of pictures, as code needs it. request: the same with the pictures. rule:
    λ_l of the rule. film: steps and their JPEGs. costs: J and its terms, step by step. left: what is left of the
    photo's costs, see `runs.Scales.left`. shares: of the pull. seconds: how long its steps took.
    """

    number: int
    knobs: Knobs
    named: RunRequest
    request: RunRequest
    rule: dict[str, float] = field(default_factory=dict)
    film: list[tuple[int, bytes]] = field(default_factory=list)
    costs: list[list[float]] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    picture: Picture | None = None
    place: int = 0

    @property
    def totals(self) -> list[float]:
        """J after each step."""
        return [total for total, *_ in self.costs]

    @property
    def steps(self) -> int:
        """How many steps it has made."""
        return len(self.costs)

    @property
    def is_large(self) -> bool:
        """Whether it was asked for at a larger size than the knob's."""
        return self.request.settings.size > self.knobs.size

    def settle(self, started: RunStarted) -> None:
        """Note the Settings that the run has come to: the λ_l that its rule, faders and mutes add up to."""
        self.rule = started.layer_weights
        self.named = replace(self.named, settings=started.settings, faders=None, muted=())
        self.request = replace(self.request, settings=started.settings, faders=None, muted=())

    def keep_frame(self, index: int, data: bytes) -> None:
        """Add a frame to the film; once that is full, every other frame of it goes."""
        if self.film and self.film[-1][0] == index:
            return
        self.film.append((index, data))
        if len(self.film) > FILM:
            del self.film[1:-1:2]


class History:
    """The newest runs by number, the oldest forgotten. Going through it gives them in the order in which they ended."""

    def __init__(self) -> None:
        self._runs: OrderedDict[int, Run] = OrderedDict()
        self._places = itertools.count(1)

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._runs.values()))  # the worker may add one meanwhile

    def __len__(self) -> int:
        return len(self._runs)

    def keep(self, run: Run) -> bool:
        """Remember a run that has a picture; say whether that is news."""
        if run.picture is None or run.number in self._runs:
            return False
        run.place = next(self._places)
        self._runs[run.number] = run
        while len(self._runs) > MOST or sum(each.picture.nbytes for each in self) > MOST_BYTES:
            self._runs.popitem(last=False)
        return True

    def find(self, number: object) -> Run | None:
        """Return the run of this number, or None if it was forgotten."""
        return self._runs.get(number)
