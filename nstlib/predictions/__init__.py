"""What readers commit to before they are told: predictions, and blind choices between pictures.

``predict("03.puzzle")`` shows the card of that name: before a lesson measures something, its reader commits to an
answer. Questions stand in the lessons, choices and replies in ``lesson_NN.toml``; what a learner answered stays on
their own computer, beside the progress of the exercises, and ``progress("03")`` lists it beside the questions that are
left. ``BlindChoice`` shows pairs of pictures, and names their makers only after the last vote.
"""

from nstlib.predictions.blind import BlindChoice, chance_of
from nstlib.predictions.card import Card
from nstlib.predictions.catalogue import Choice, Prediction, find, of_lesson
from nstlib.predictions.listing import progress

__all__ = ["BlindChoice", "Card", "Choice", "Prediction", "chance_of", "find", "of_lesson", "predict", "progress"]


def predict(name: str) -> Card:
    """Return the card with this name; a notebook shows it. Raises NstError for a name that no lesson has.

    >>> predict("03.puzzle").name
    '03.puzzle'
    """
    return Card(find(name))
