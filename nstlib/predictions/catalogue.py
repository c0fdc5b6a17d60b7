"""The predictions as data: the question in brief, choices, what is said to each, and the answer."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nstlib.errors import NstError


@dataclass(frozen=True)
class Choice:
    """One answer that can be chosen, and the sentence that whoever chose it deserves."""

    text: str
    reply: str
    right: bool = False


@dataclass(frozen=True)
class Prediction:
    """What a card offers: choices, of which one is right, or a number to type when there are none.

    number, within: the measured number, and how far from it a typed one still counts as right, relatively. answer: what
    everybody reads after committing. question: what the lesson asks in full, in one line for the list of answers.
    """

    name: str
    answer: str
    choices: tuple[Choice, ...] = ()
    number: float | None = None
    within: float = 0.1
    question: str = ""

    def reply(self, answer: str) -> tuple[bool, str]:
        """Return whether an answer is right, and what is said to it. Raises NstError for one that is none.

        >>> prediction = Prediction("00.example", "It is 4.", number=4.0)
        >>> prediction.reply("4.1"), prediction.reply("8")
        ((True, 'It is 4.'), (False, 'It is 4.'))
        """
        for choice in self.choices:
            if choice.text == answer:
                return choice.right, " ".join(filter(None, (choice.reply, self.answer)))
        if self.choices or self.number is None:
            raise NstError(f"Expected one of the choices of {self.name}, got {answer!r}: choose one of them.")
        typed = _number(answer)
        return abs(typed - self.number) <= self.within * abs(self.number), self.answer


def find(name: str) -> Prediction:
    """Return the prediction with this name, such as 03.puzzle; NstError for another name.

    >>> find("03.riddle")
    Traceback (most recent call last):
    nstlib.errors.NstError: Expected the name of a prediction in lesson 03, got '03.riddle': choose from ...
    """
    lesson = name.partition(".")[0]
    known = {prediction.name: prediction for prediction in of_lesson(lesson)}
    if name not in known:
        raise NstError(
            f"Expected the name of a prediction in lesson {lesson}, got {name!r}: "
            f"choose from {', '.join(known) or '03.puzzle, for example'}."
        )
    return known[name]


@cache
def of_lesson(lesson: str) -> tuple[Prediction, ...]:
    """Return the predictions of a lesson, such as 03, in order; none for a lesson without any.

    >>> [prediction.name for prediction in of_lesson("99")]
    []
    """
    file = resources.files("nstlib.predictions") / f"lesson_{lesson}.toml"
    if not file.is_file():
        return ()
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(_read(f"{lesson}.{key}", table) for key, table in tables.items())


def in_lessons(begin: str) -> tuple[Prediction, ...]:
    """Return the predictions of all lessons whose ids begin so: of 05 and 05b for 05.

    >>> {prediction.name[:4] for prediction in in_lessons("05b")}
    {'05b.'}
    """
    names = sorted(file.name for file in resources.files("nstlib.predictions").iterdir())
    lessons = [name[len("lesson_") : -len(".toml")] for name in names if name.startswith(f"lesson_{begin}")]
    return tuple(prediction for lesson in lessons for prediction in of_lesson(lesson))


def _read(name: str, table: dict) -> Prediction:
    choices = tuple(Choice(**choice) for choice in table.pop("choices", ()))
    return Prediction(name, choices=choices, **table)


def _number(text: str) -> float:
    try:
        return float(text.strip().replace(",", ".").replace("−", "-").removesuffix("%"))
    except ValueError:
        raise NstError(f"Expected a number, got {text!r}: type digits, for example 0.25.") from None
