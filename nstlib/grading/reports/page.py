"""Write pages from the templates beside this file: no links except to the course's book, no script except our own.

Whatever a template prints is escaped, and signs that cannot be seen are spelled out (``printable``): a template can
forget neither. Templates hold the tags; what is said, and of whom, is decided in Python.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from nstlib.backticks import code_spans
from nstlib.files import replacing
from nstlib.grading.escaping import printable
from nstlib.grading.records import outcomes
from nstlib.grading.records.gradebook import format_points

__all__ = ["environment", "macro", "made_by", "percent", "render", "script", "write_pages"]

FOLDER = Path(__file__).parent


def render(template: str, **values: object) -> str:
    """Return the page that a template makes of the values; the same values give the same text."""
    return environment().get_template(template).render(values)


def write_pages(folder: Path, pages: Iterable[tuple[str, str]], maker: str) -> None:
    """Write (name, page) into a folder, and remove the pages of this maker that are no longer among them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    for name, text in pages:
        names.add(name)
        page = text.encode("utf-8", "backslashreplace")
        if not _holds(folder / name, page):  # no fsync: it takes long for hundreds, and what is lost is written again
            with replacing(folder / name) as part:
                part.write_bytes(page)
    for path in folder.glob("*.html"):
        if path.name not in names and _is_made_by(maker, path):
            path.unlink()


@cache
def script(name: str) -> tuple[Markup, str]:
    """Return one of our scripts, and its hash: a page's policy names it, so that no other script runs there."""
    text = (FOLDER / name).read_text("utf-8")
    return Markup(text), f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def made_by(maker: str) -> str:
    """Return the line by which our pages are known again."""
    return str(macro("made_by")(maker))


def macro(name: str):
    """Return a macro of ``macros.html`` as a function."""
    return getattr(environment().get_template("macros.html").module, name)


def percent(part: int, whole: int) -> int:
    """Round so that 100 is all and 0 is nothing."""
    return 100 * part // whole if part in (0, whole) else min(99, max(1, round(100 * part / whole)))


@cache
def environment() -> Environment:
    """Return the room's Jinja environment."""
    jinja = Environment(
        loader=FileSystemLoader((FOLDER / "templates", FOLDER)),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters = {  # none of Jinja's own: some of them, such as `safe`, let text through unescaped or unseen
        "code": _code,
        "code_spans": code_spans,
        "length": len,
        "minus": lambda number: str(number).replace("-", "−"),
        "outcome": outcomes.of,
        "percent": percent,
        "pieces": lambda name: re.split(r"(?<=[._])", name),
        "points": lambda number: "–" if number is None else format_points(number),
        "printable": printable,
    }
    return jinja


def _holds(path: Path, page: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size == len(page) and path.read_bytes() == page


def _is_made_by(maker: str, path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    return made_by(maker) in path.read_text("utf-8", "replace")[:1000]


def _finalize(value: object) -> str:
    """Make visible what a template is about to print, unless it is HTML already; Jinja escapes the result."""
    return value if isinstance(value, Markup) else printable(value)


def _code(text: str, most: int | None = None) -> Markup:
    """Text of several lines, such as a source, whose line breaks and tabs stay."""
    return escape(printable(text, lines=True, most=most))
