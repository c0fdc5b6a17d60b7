"""The questions that learners asked, from ``notebooks/README.md``: each leads to the very cells that answer it."""

import re

from nstlib.authoring.book import anchors
from nstlib.errors import NstError

__all__ = ["page"]

_ROW = re.compile(r"^\| (?P<question>.*?) \| (?P<cells>\d\w+, `.*?`) \| (?P<answer>.*) \|$")
_HEAD = ("| question |", "|:---")


def page(text: str, lessons: dict[str, str]) -> str:
    """Return the page in Markdown: a heading for each question, the answer, and links to the claims that give it.

    text: of ``notebooks/README.md``, tables below headings. lessons: each lesson's title by its id. Raises NstError for
    a row of another form.

    >>> row = "| Why 4? | 03, `quarter` | It cancels two 2s. |"
    >>> print(page(row, {"03": "The style cost"}))
    ### Why 4?
    <BLANKLINE>
    It cancels two 2s.
    <BLANKLINE>
    *Lesson 03, The style cost:* [quarter](#claim-03-quarter).
    <BLANKLINE>
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith(_HEAD):
            lines += _answered(line, lessons) if line.startswith("|") else [line]
    return "\n".join(lines)


def _answered(row: str, lessons: dict[str, str]) -> list[str]:
    match = _ROW.match(row)
    groups = [group.partition(", ") for group in match["cells"].split("; ")] if match else []
    if not groups or any(lesson not in lessons for lesson, _, _ in groups):
        raise NstError(
            f"Expected | question | lesson, `claim`, … | answer | in notebooks/README.md, got {row!r}: correct the row."
        )
    shown = " ".join(_shown(lesson, lessons[lesson], names) for lesson, _, names in groups)
    return [f"### {match['question']}", "", match["answer"], "", shown, ""]


def _shown(lesson: str, title: str, names: str) -> str:
    cells = [f"[{name}](#{anchors.claim(lesson, name)})" for name in re.findall(r"`([^`]+)`", names)]
    return f"*Lesson {lesson}, {title}:* {' · '.join(cells)}."
