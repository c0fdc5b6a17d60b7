"""A text that a person marks: put together from a notebook's cells, and cut only after pictures in it were named.

Its digest is that of the whole text with its pictures, so that an answer that was changed anywhere is told from the
first.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 100_000  # characters kept of a text, which are some thirty pages
BETWEEN = "\n\n"  # two cells
TYPE = r"(?P<kind>[\w.+-]{1,100})/[\w.+-]{1,100}(?:;[\w.=+-]{1,100}){0,9}?"
LINE = r"[A-Za-z0-9+/%_-]"
BASE64 = rf";base64,{LINE}*={{0,2}}(?:\r?\n[ \t]*{LINE}{{60,}}={{0,2}})*"  # no word of 60 letters follows by itself
PASTED = re.compile(rf"\bdata:{TYPE}{BASE64}", re.IGNORECASE | re.ASCII)
DRAWN = re.compile(r"\bdata:image/[\w.+-]{1,100}(?:;[\w.=+-]{1,100}){0,9},[^\s\"'<>()]*", re.IGNORECASE | re.ASCII)
ATTACHED = re.compile(r"(?<=[(\"'])attachment:[^\s\"')]+")


@dataclass(frozen=True)
class Text:
    """source: what a person reads. digest: SHA-256 of the whole, as hexadecimal digits. cut: characters left out."""

    source: str
    digest: str
    cut: int


def put_together(cells: Iterable[tuple[str, object]]) -> Text | None:
    """Return the text of some cells, each given with its attachments; None where they are empty."""
    digest = hashlib.sha256()
    kept: list[str] = []
    length = 0
    for text, attachments in cells:
        if not text.strip():
            continue
        between = BETWEEN if length else ""
        digest.update(f"{between}{text}".encode("utf-8", "backslashreplace"))
        _add_attachments(digest, attachments)
        shown = between + without_pictures(text)
        kept.append(shown[: max(0, LONGEST - length)])
        length += len(shown)
    return Text("".join(kept), digest.hexdigest(), max(0, length - LONGEST)) if length else None


def without_pictures(text: str) -> str:
    """Return a text in which "[picture]" stands for each picture that was pasted into it, and "[file]" for others.

    >>> without_pictures("See ![a plot](data:image/png;base64,iVBORw0KGgo=) and this.")
    'See ![a plot]([picture]) and this.'
    """
    text = PASTED.sub(lambda uri: "[picture]" if uri["kind"].lower() == "image" else "[file]", text)
    return ATTACHED.sub("[picture]", DRAWN.sub("[picture]", text))


def _add_attachments(digest, attachments: object) -> None:
    """Digest a Markdown cell's pictures; without any the digest is that of the words alone."""
    for name, forms in attachments.items() if isinstance(attachments, dict) else ():
        for form, content in forms.items() if isinstance(forms, dict) else ():
            lines = content if isinstance(content, list) else [content]
            digest.update(f"\n{name}\n{form}\n".encode("utf-8", "backslashreplace"))
            for line in lines:
                digest.update(line.encode("utf-8", "backslashreplace") if isinstance(line, str) else b"")
