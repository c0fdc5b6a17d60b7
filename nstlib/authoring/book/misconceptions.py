"""The mistakes that the checks know by name, a page for each exercise."""

from collections.abc import Iterable

from nstlib.authoring.book import anchors
from nstlib.checks.places import Place
from nstlib.checks.questions import FORESEEN, Misconception, Question
from nstlib.terminal import counted

__all__ = ["page"]


def page(exercise: str, title: str, questions: Iterable[Question]) -> str:
    """Return the page in Markdown: what the check says to each mistake, and where it was seen.

    exercise: the notebook's name. title: its heading. Numbers in a message are those of the check's first call.

    >>> from nstlib.checks import ex02
    >>> lines = page("ex02_gram_matrix", "The Gram matrix", [ex02.gram]).splitlines()
    >>> place = lines.index("**Divided by M**")
    >>> lines[0], lines[place + 1][:34]
    ('# Mistakes in ex02: The Gram matrix', ': Every entry is 3 times too small')
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
    listed = "\n\n".join(_entry(question, mistake) for mistake in question.misconceptions)
    points = counted(question.points, "bonus point" if question.bonus else "point")
    return (
        f"## {question.id}\n\n[`{question.call}`](#{anchors.question(question.id)}), {points}. "
        f"Reread {_linked(question.place())}.\n\n{listed}"
    )


def _linked(place: Place) -> str:
    """Return the lesson's sections, each as a link."""
    links = [f"[section {number}](#{anchors.section(place.lesson, str(number))})" for number in place.sections]
    *most, last = links
    return f"lesson {place.lesson}, {', '.join(most)} and {last}" if most else f"lesson {place.lesson}, {last}"


def _entry(question: Question, mistake: Misconception) -> str:
    symbols = {name: f"{value:g}" for name, value in question.public_cases[0].symbols.items()}
    message = mistake.message.format(**symbols).replace("*", r"\*")
    name = mistake.id.replace("-", " ")
    seen = "*Foreseen by the authors.*" if mistake.evidence == FORESEEN else f"*Seen:* {mistake.evidence}."
    elsewhere = f" Reread {_linked(question.place(mistake.id))}." if mistake.reread else ""
    return f"**{name[0].upper()}{name[1:]}**\n: {message}{elsewhere}\n: {seen}"
