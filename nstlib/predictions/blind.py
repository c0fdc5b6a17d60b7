"""A blind choice between two methods: which picture is better, asked several times without saying which is whose."""

import base64
import io
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import anywidget
import traitlets
from torch import Tensor

from nstlib import pictures
from nstlib.errors import NstError
from nstlib.terminal import counted

HERE = Path(__file__).parent
SIDES = ("left", "right")
LEAST_SIDE = 256  # pixels that a picture's shorter side has on the page at least


class BlindChoice(anywidget.AnyWidget):
    """Two pictures at a time, a button below each; after the last vote, which was whose, and how often each won.

    methods: the names of two methods, each with its pictures; the n-th pictures of both make a pair. `seed` shuffles
    the pairs, and which picture of a pair stands on the left. The names reach the page after the last vote alone.
    Raises NstError unless there are two methods with equally many pictures, at least one.

    >>> import torch
    >>> dark, light = torch.zeros(3, 8, 8), torch.ones(3, 8, 8)
    >>> card = BlindChoice({"dark": [dark] * 3, "light": [light] * 3}, seed=1)
    >>> for side in ("left", "left", "right"):
    ...     card.vote(side)
    >>> card.preferred
    {'dark': 2, 'light': 1}
    """

    _esm = (HERE / "blind.js").read_text(encoding="utf-8")  # text, not paths: see card.py
    _css = (HERE / "blind.css").read_text(encoding="utf-8")
    pair = traitlets.List(traitlets.Unicode()).tag(sync=True)  # addresses of both pictures, as data
    number = traitlets.Int(1).tag(sync=True)  # of the pair that is shown
    total = traitlets.Int().tag(sync=True)
    verdict = traitlets.Unicode("").tag(sync=True)  # empty until the last vote
    rounds = traitlets.List(traitlets.Unicode()).tag(sync=True)  # what was what, pair by pair

    def __init__(self, methods: Mapping[str, Sequence[Tensor]], seed: int = 0) -> None:
        counts = [len(shown) for shown in methods.values()]
        if len(counts) != 2 or counts[0] != counts[1] or not counts[0]:
            raise NstError(
                f"Expected two methods with equally many pictures, got {dict(zip(methods, counts, strict=True))}: "
                "pass a picture of each method for every photo."
            )
        rng = random.Random(seed)
        order = rng.sample(range(counts[0]), counts[0])
        self._sides = [rng.sample(list(methods), 2) for _ in order]  # left and right of each pair
        self._pairs = [
            [_address(methods[name][index]) for name in sides] for index, sides in zip(order, self._sides, strict=True)
        ]
        self._votes: list[str] = []
        super().__init__(pair=self._pairs[0], total=counts[0])
        self._methods = tuple(methods)
        self.on_msg(lambda _, content, __: self._receive(content))

    @property
    def preferred(self) -> dict[str, int]:
        """How often each method was chosen; NstError before the last vote, since the choice would not be blind."""
        if len(self._votes) < self.total:
            left = self.total - len(self._votes)
            raise NstError(f"Expected {self.total} votes, {left} to go: vote on every pair first.")
        chosen = [sides[SIDES.index(vote)] for sides, vote in zip(self._sides, self._votes, strict=True)]
        return {name: chosen.count(name) for name in self._methods}

    def vote(self, side: str) -> None:
        """Choose the picture on the "left" or on the "right", and go on to the next pair; NstError for another word."""
        if side not in SIDES:
            raise NstError(f"Expected 'left' or 'right', got {side!r}: choose one of the two pictures.")
        if len(self._votes) == self.total:
            return
        self._votes.append(side)
        if len(self._votes) < self.total:
            with self.hold_sync():
                self.pair = self._pairs[len(self._votes)]
                self.number = len(self._votes) + 1
            return
        with self.hold_sync():
            self.rounds = self._told()
            self.verdict = _verdict(self.preferred)

    def _told(self) -> list[str]:
        return [
            f"left {left}, right {right}: you chose {(left, right)[SIDES.index(vote)]}"
            for (left, right), vote in zip(self._sides, self._votes, strict=True)
        ]

    def _receive(self, content: object) -> None:
        """Take a vote from the page: for the pair that it shows, so that a key pressed twice counts once."""
        if isinstance(content, dict) and content.get("vote") in SIDES and content.get("number") == self.number:
            self.vote(content["vote"])

    def _repr_mimebundle_(self, **options):
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        return data | {"text/plain": self._plain, "text/markdown": self._plain}, metadata

    @property
    def _plain(self) -> str:
        if self.verdict:
            return self.verdict
        return f"A blind choice, {self.total} pairs of pictures: run this cell in JupyterLab to vote."


def chance_of(votes: int, total: int) -> float:
    """Probability that of `total` tosses of a coin at least `votes` fall on one side, whichever: 1 for a half or less.

    2 Σ_k C(n, k) / 2^n over k from `votes` to n, the sign test (Arbuthnot, 1710).

    >>> round(chance_of(9, 10), 4), chance_of(5, 10)
    (0.0215, 1.0)
    """
    ways = sum(math.comb(total, count) for count in range(votes, total + 1))
    return min(1.0, 2 * ways / 2**total)


def _verdict(preferred: Mapping[str, int]) -> str:
    (first, wins), (second, others) = sorted(preferred.items(), key=lambda item: -item[1])
    total = wins + others
    if wins == others:
        return f"You chose each of the two {counted(wins, 'time')}: no preference."
    return (
        f"You chose {first} {counted(wins, 'time')} of {total}, and {second} {counted(others, 'time')}. A coin tossed "
        f"{counted(total, 'time')} falls at least so often on one of its sides with probability "
        f"{chance_of(wins, total):.2g}."
    )


def _address(picture: Tensor) -> str:
    """Return a picture as an address of data: PNG, of a size that can be seen, which hides no method's artefacts."""
    image = pictures.to_pil(picture)
    factor = max(1, -(-LEAST_SIDE // min(image.size)))
    file = io.BytesIO()
    image.resize([factor * length for length in image.size], 0).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
