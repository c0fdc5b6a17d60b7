"""Moves in the order in which somebody made them, however they arrive.

ipykernel 7 reads one message of a panel on its main thread and the next on another (a subshell), so that an older move
can come after a newer one. Moves alone are put in order: a drag sends many of them, milliseconds apart.
"""

from typing import Any


class Moves:
    """The newest move of each knob that has arrived, for each view of the desk: a browser counts its own moves.

    >>> moves = Moves()
    >>> moves.still_new({"beta": 20.0}, {"view": 2})
    {'beta': 20.0}
    >>> moves.still_new({"alpha": 0.5, "beta": 10.0}, {"view": 1})
    {'alpha': 0.5}
    >>> moves.arrived
    {'view': 2}
    """

    def __init__(self) -> None:
        self.arrived: dict[str, int] = {}  # by view: the last move that has arrived; an earlier one may still come
        self._newest: dict[tuple[str, str], int] = {}  # by view and knob

    def still_new(self, changes: dict[str, Any], moves: dict[str, int]) -> dict[str, Any]:
        """Return those of a move's changes that no later move has overtaken; `moves` has its number by view."""
        new = dict(changes)
        for view, number in moves.items():
            self.arrived[view] = max(number, self.arrived.get(view, 0))
            for knob in changes:
                if number < self._newest.get((view, knob), 0):
                    new.pop(knob, None)
                else:
                    self._newest[view, knob] = number
        return new
