"""The names of places in the book: a claim, a section or a prediction of a lesson, a question of an exercise."""

import re

from nstlib.checks.places import section

__all__ = ["claim", "prediction", "question", "section", "slug"]


def slug(text: str) -> str:
    """Return the text as an id of HTML: small letters, digits and single hyphens.

    >>> slug("weights' gradients")
    'weights-gradients'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def claim(lesson: str, name: str) -> str:
    """Return the anchor of a claim, by the lesson's id and the claim's name.

    >>> claim("05b", "half precision")
    'claim-05b-half-precision'
    """
    return f"claim-{lesson}-{slug(name)}"


def prediction(name: str) -> str:
    """Return the anchor of a prediction's card.

    >>> prediction("05b.start")
    'prediction-05b-start'
    """
    return f"prediction-{slug(name)}"


def question(name: str) -> str:
    """Return the anchor of an exercise's question.

    >>> question("ex02.gram_loops")
    'ex02-gram-loops'
    """
    return slug(name)
