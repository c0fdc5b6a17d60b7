"""What a reader predicted in a lesson, and what is still to be predicted."""

import re

from nstlib.checks.progress import PREDICTION, of, predicted
from nstlib.checks.results import SIGNS, Text
from nstlib.errors import NstError
from nstlib.predictions.catalogue import in_lessons

__all__ = ["progress"]

NONE = "No prediction is kept yet: commit to an answer on one of the lesson's cards."


class Listing(Text):
    """A text that a built notebook keeps, and so a reader of the book sees: Markdown, each line a line."""

    def _repr_markdown_(self) -> str:
        lines = [line.strip() for sentence in self.sentences for line in sentence.splitlines()]
        return "\\\n".join([f"**{self.title}**", *(re.sub(r"([\\`*_\[\]<>$])", r"\\\1", line) for line in lines)])


def progress(lesson: str) -> Text:
    """List what was predicted in a lesson, such as 03, the answers, and the questions left; 05 lists 05b's, too.

    Raises NstError where no lesson with predictions has this name.

    >>> progress("05b").sentences[1]
    '○ 05b.smooth: What does a smoother picture cost in style?'
    """
    cards = in_lessons(lesson) if isinstance(lesson, str) and re.fullmatch(r"\d\d[a-z]?", lesson) else ()
    if not cards:
        raise NstError(f'Expected a lesson with predictions, such as "03", got {lesson!r}: give its digits in quotes.')
    left = [card for card in cards if not of(PREDICTION + card.name)]
    asked = [f"{SIGNS['not attempted']} {card.name}: {card.question}" for card in left]
    return Listing(f"Lesson {lesson}", (*(predicted(lesson) or (NONE,)), *asked))
