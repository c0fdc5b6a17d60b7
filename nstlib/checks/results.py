"""What a check shows the learner: plain text, and the same as HTML in the colours of the notebook's theme."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from nstlib.backticks import code_spans
from nstlib.checks.places import Place

SIGNS = {"correct": "✓", "not yet": "✗", "not attempted": "○", "raised": "✗", "took too long": "✗"}
LABELS = {"raised": "your code raised an error"}
WIDTH = 96
BLOCK_STYLE = "line-height: 1.3; margin: 0 0 1em; white-space: pre; overflow-x: auto"  # JupyterLab would break a row


class Block(str):
    """Lines that are shown in a fixed width, as they are."""


@dataclass(frozen=True)
class Text:
    """A title, sentences and perhaps code: HTML in Jupyter, plain text everywhere else."""

    title: str
    sentences: Sequence[str]
    code: str = ""

    def __str__(self) -> str:
        lines = [self.title, *(f"  {line}" for sentence in self.sentences for line in sentence.splitlines())]
        return "\n".join([*lines, *(f"    {line}" for line in self.code.splitlines())])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        body = "".join(f"<p>{_marked(sentence)}</p>" for sentence in self.sentences)
        code = f"<pre><code>{html.escape(self.code)}</code></pre>" if self.code else ""
        return _framed(f"<p><strong>{html.escape(self.title)}</strong></p>{body}{code}", self.title)


@dataclass(frozen=True)
class Result:
    """The result of one check.

    outcome: "correct", "not yet", "not attempted", "raised" or "took too long". misconception: the known mistake that
    the function makes, or None. lines: what was called, what came back, and what that means. best: the points of the
    learner's best try; a worse try later does not take them away. bonus: whether the points come on top of the hundred.
    hint: how to get one, place: where to reread, where the answer is not right yet.
    """

    question: str
    outcome: str
    points: int
    of: int
    misconception: str | None
    lines: tuple[str, ...]
    hint: str = ""
    place: Place | None = None
    tries: int | None = None
    best: int = 0
    bonus: bool = False

    @property
    def footer(self) -> tuple[str, ...]:
        """What stands below the sentences."""
        return (f"Hint: {self.hint}", f"Reread: {self.place}") if self.place else ()

    @property
    def message(self) -> str:
        """The sentences, without title and footer."""
        return "\n".join(self.lines)

    def require(self) -> "Result":
        """Return the result if it has all points; otherwise raise AssertionError with its message."""
        if self.points < self.of:
            raise AssertionError(f"\n{self}")
        return self

    @property
    def _title(self) -> str:
        return f"{SIGNS[self.outcome]} {self.question} — {LABELS.get(self.outcome, self.outcome)}"

    @property
    def _score(self) -> str:
        tries = "" if not self.tries else f" · try {self.tries}"
        best = (
            f" this time, your best: {self.best}" if self.best > self.points else f" {points_word(self.bonus, self.of)}"
        )
        return f"{self.points} of {self.of}{best}{tries}"

    def __str__(self) -> str:
        gap = " " * max(3, WIDTH - len(self._title) - len(self._score))
        lines = [line for sentence in self.lines for line in sentence.splitlines()]
        footer = ["     ".join(self.footer)] if self.footer else []
        return "\n".join([f"{self._title}{gap}{self._score}", *(f"  {line}" for line in [*lines, *footer])])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = f"<p><strong>{html.escape(self._title)}</strong> · {html.escape(self._score)}</p>"
        body = "".join(map(_paragraph, self.lines))
        foot = f"<p>{_marked(f'Hint: {self.hint}')} · Reread: {_linked(self.place)}</p>" if self.place else ""
        return _framed(head + body + foot, f"{self.question}: {self.outcome}")


def points_word(bonus: bool, count: int) -> str:
    """Return what points are called.

    >>> points_word(bonus=True, count=2), points_word(bonus=False, count=1)
    ('bonus points', 'point')
    """
    return f"{'bonus ' if bonus else ''}point{'s' * (count != 1)}"


def _paragraph(text: str) -> str:
    if isinstance(text, Block):
        return f'<pre style="{BLOCK_STYLE}">{html.escape(text)}</pre>'
    return f"<p>{_marked(text)}</p>"


def _linked(place: Place) -> str:
    """Write a place as HTML, with a link to each section that the published book has."""
    opened = '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
    pieces = ((html.escape(words), html.escape(address)) for words, address in place.linked())
    return "".join(opened.format(address, words) if address else words for words, address in pieces)


def _marked(text: str) -> str:
    """Escape, keep line breaks, and set what stands between backticks as code."""
    spans = ((html.escape(piece), is_code) for piece, is_code in code_spans(text))
    return "".join(f"<code>{piece}</code>" if is_code else piece for piece, is_code in spans).replace("\n", "<br>")


def _framed(inner: str, label: str) -> str:
    style = "border-left: 4px solid currentColor; padding: 0 0.8em; line-height: 1.45"
    return f'<div role="group" aria-label="{html.escape(label)}" style="{style}">{inner}</div>'
