"""What somebody asked for, in the order in which they asked, however it arrives.

ipykernel 7 reads one message of a panel on its main thread and the next on another (a subshell), so that an older one
can come after a newer one: a move of a drag, a stroke of the brush after "clear", play after pause.
"""

from typing import Any


class Moves:
    """The newest move of each knob that has arrived, for each view of the desk: a browser counts what it sends.

    >>> moves = Moves()
    >>> moves.still_new({"beta": 20.0}, {"view": 2})
    {'beta': 20.0}
    >>> moves.still_new({"alpha": 0.5, "beta": 10.0}, {"view": 1})
    {'alpha': 0.5}
    """

    def __init__(self) -> None:
        self.arrived: dict[str, int] = {}  # by view: the last move that has arrived; an earlier one may still come
        self._newest: dict[tuple[str, str], int] = {}  # by view and knob

    def still_new(self, changes: dict[str, Any], moves: dict[str, int]) -> dict[str, Any]:
        """Return those of a message's changes that no later one has overtaken; `moves` has its number by view."""
        new = dict(changes)
        for view, number in moves.items():
            for knob in changes:
                if number < self._newest.get((view, knob), 0):
                    new.pop(knob, None)
                else:
                    self._newest[view, knob] = number
        return new

    def overtaken(self, knob: str, moves: dict[str, int]) -> bool:
        """Return whether a later message about this has arrived; this one is not noted."""
        return any(number < self._newest.get((view, knob), 0) for view, number in moves.items())

    def arrive(self, moves: dict[str, int]) -> None:
        """Note that a move has arrived, for the browser, which until then shows where it has put a knob."""
        for view, number in moves.items():
            self.arrived[view] = max(number, self.arrived.get(view, 0))
