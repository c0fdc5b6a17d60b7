"""The mistakes that the checks know by name, a page for each exercise."""

import re
from collections.abc import Iterable

from nstlib.authoring.book import anchors
from nstlib.checks.questions import Misconception, Question

__all__ = ["page"]

FORESEEN = "foreseen by the authors"  # the evidence of a mistake that nobody was yet seen to make
_LESSON = re.compile(r"lesson (\w+), sections? ([\d, and]+)")


def page(exercise: str, title: str, questions: Iterable[Question]) -> str:
    """Return the page in Markdown: what the check says to each mistake, and where it was seen.

    exercise: the notebook's name. title: its heading. Numbers in a message are those of the check's first call.

    >>> from nstlib.checks import ex02
    >>> lines = page("ex02_gram_matrix", "The Gram matrix", [ex02.gram]).splitlines()
    >>> lines[0], lines[8], lines[9][:34]
    ('# Mistakes in ex02: The Gram matrix', '**Divided by M**', ': Every entry is 3 times too small')
    """
    questions = list(questions)
    number = sum(len(question.misconceptions) for question in questions)
    head = [
        f"# Mistakes in {exercise.partition('_')[0]}: {title}",
        f"What the checks of [the exercise](../exercises/student/{exercise}.ipynb) say to the {number} mistakes that "
        "they know by name, and where each was seen. *Spoiler:* a message often tells what is right. Numbers are those "
        "of the check's first call.",
    ]
    return "\n\n".join([*head, *(_section(question) for question in questions)]) + "\n"


def _section(question: Question) -> str:
    symbols = {name: f"{value:g}" for name, value in question.public_cases[0].symbols.items()}
    listed = "\n\n".join(_entry(mistake, symbols) for mistake in question.misconceptions)
    return (
        f"## {question.id}\n\n[`{question.call}`](#{anchors.question(question.id)}), {_count(question)}. "
        f"Reread {_reread(question.reread)}.\n\n{listed}"
    )


def _count(question: Question) -> str:
    return f"{question.points} {'point' if question.points == 1 else 'points'}"


def _reread(words: str) -> str:
    """Return the lesson's sections, each as a link."""
    match = _LESSON.fullmatch(words)
    lesson = match[1]
    linked = re.sub(r"\d+", lambda number: f"[section {number[0]}](#{anchors.section(lesson, number[0])})", match[2])
    return f"lesson {lesson}, {linked}"


def _entry(mistake: Misconception, symbols: dict[str, str]) -> str:
    message = mistake.message.format(**symbols).replace("*", r"\*")
    name = mistake.id.replace("-", " ")
    seen = "*Foreseen by the authors.*" if mistake.evidence == FORESEEN else f"*Seen:* {mistake.evidence}."
    return f"**{name[0].upper()}{name[1:]}**\n: {message}\n: {seen}"
