"""The flipbooks as one HTML file that loads nothing: the template ``page.html``, with its style and script inside."""

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nstlib import pictures
from nstlib.gallery.flipbooks import Flipbook
from nstlib.gallery.painting import pair
from nstlib.transfer import Picture

FOLDER = Path(__file__).parent
QUALITY = 68  # of the JPEGs: with it all pictures at 192 px stay below 900 KB, as text


def page(books: Sequence[Flipbook], painted: Mapping[str, Picture]) -> str:
    """Return the page; `painted` holds the picture for each frame's code. The same pictures give the same text."""
    size = books[0].frames[0].settings.size
    photo, painting = pair(size)
    return (
        _environment()
        .get_template("page.html")
        .render(
            style=_file("page.css"),
            script=_file("page.js"),
            size=size,
            photo=photo,
            painting=painting,
            books=books,
            painted=painted,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"data_uri": _data_uri, "digest": _digest}
    return environment


def _data_uri(picture: Picture) -> str:
    file = io.BytesIO()
    pictures.to_pil(picture).save(file, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _digest(text: str) -> str:
    """What a Content-Security-Policy calls an inline style or script, so that it allows this one alone."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> Markup:
    """A file of ours that goes into the page as it is."""
    return Markup((FOLDER / name).read_text(encoding="utf-8"))
