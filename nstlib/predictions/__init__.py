"""What readers commit to before they are told: predictions, and blind choices between pictures.

``predict("03.puzzle")`` shows the card of that name: before a lesson measures something, its reader commits to an
answer. Questions stand in the lessons, choices and replies in ``lesson_NN.toml``; what a learner answered stays on
their own computer, beside the progress of the exercises, and ``progress("03")`` lists it. ``BlindChoice`` shows pairs
of pictures, and names their makers only after the last vote.
"""

from nstlib.checks.progress import predicted
from nstlib.checks.results import Text
from nstlib.errors import NstError
from nstlib.predictions.blind import BlindChoice, chance_of
from nstlib.predictions.card import Card
from nstlib.predictions.catalogue import Choice, Prediction, find, of_lesson

__all__ = ["BlindChoice", "Card", "Choice", "Prediction", "chance_of", "find", "of_lesson", "predict", "progress"]


def predict(name: str) -> Card:
    """Return the card with this name; a notebook shows it. Raises NstError for a name that no lesson has.

    >>> predict("03.puzzle").name
    '03.puzzle'
    """
    return Card(find(name))


def progress(lesson: str) -> Text:
    """List what was predicted in a lesson, such as 03, and the answer to it; 05 lists 05b's, too.

    Raises NstError where no lesson with predictions has this name.

    >>> progress("03")
    Lesson 03
      No prediction is kept yet: commit to an answer on one of the lesson's cards.
    """
    if not isinstance(lesson, str) or not of_lesson(lesson):
        raise NstError(f'Expected a lesson with predictions, such as "03", got {lesson!r}: give its digits in quotes.')
    none = ("No prediction is kept yet: commit to an answer on one of the lesson's cards.",)
    return Text(f"Lesson {lesson}", predicted(lesson) or none)
