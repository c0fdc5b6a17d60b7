"""The flipbooks as one HTML file that loads nothing: ``page.html`` filled in, with its style and script inside."""

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template

from nstlib import pictures
from nstlib.gallery.flipbooks import Flipbook, Frame
from nstlib.gallery.painting import pair
from nstlib.transfer import Picture

QUALITY = 68  # of the JPEGs: with it all pictures at 192 px stay below 900 KB, as text


def page(books: Sequence[Flipbook], painted: Mapping[str, Picture]) -> str:
    """Return the page; `painted` holds the picture to each frame's code. The same pictures give the same text."""
    style, script = _file("page.css"), _file("page.js")
    size = books[0].frames[0].settings.size
    photo, painting = pair(size)
    return Template(_file("page.html")).substitute(
        style_hash=_hash(style),
        script_hash=_hash(script),
        style=style,
        script=script,
        size=size,
        photo=_image(photo, "A photo of a tabby cat's head with green eyes; the background is blurred."),
        painting=_image(painting, "A painting: yellow stars swirl in a deep blue sky over a dark green hill."),
        flipbooks="\n".join(_flipbook(book, painted) for book in books),
    )


def _flipbook(book: Flipbook, painted: Mapping[str, Picture]) -> str:
    now = ["now" if index == book.first else "" for index in range(len(book.frames))]
    frames = [_figure(frame, painted[frame.code], state) for frame, state in zip(book.frames, now, strict=True)]
    codes = [_code(frame, state) for frame, state in zip(book.frames, now, strict=True)]
    name, words = escape(book.id), escape(book.frames[book.first].words)
    return f"""<section class="flipbook" aria-labelledby="{name}-title">
<h2 id="{name}-title">{escape(book.title)}</h2>
<p class="look"><strong>Look at this:</strong> {escape(book.look)}</p>
<div class="frames">
{"".join(frames)}</div>
<p class="control"><label for="{name}">{escape(book.label)}</label>
<input type="range" id="{name}" min="0" max="{len(frames) - 1}" step="1" value="{book.first}" autocomplete="off" \
aria-valuetext="{words}"></p>
<div class="codes">
{"".join(codes)}</div>
</section>
"""


def _figure(frame: Frame, picture: Picture, state: str) -> str:
    return (
        f'<figure class="frame {state}">{_image(picture, frame.alt)}<figcaption>{escape(frame.words)}</figcaption>'
        "</figure>\n"
    )


def _code(frame: Frame, state: str) -> str:
    return (
        f'<details class="code {state}"><summary>The lines for {escape(frame.words)}</summary>'
        f"<pre><code>{escape(frame.code)}</code></pre></details>\n"
    )


def _image(picture: Picture, alt: str) -> str:
    height, width = picture.shape[1:]
    data = base64.b64encode(_jpeg(picture)).decode()
    return f'<img src="data:image/jpeg;base64,{data}" width="{width}" height="{height}" alt="{escape(alt)}">'


def _jpeg(picture: Picture) -> bytes:
    file = io.BytesIO()
    pictures.to_pil(picture).save(file, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return file.getvalue()


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a Content-Security-Policy calls an inline style or script, so that it allows this one alone."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
