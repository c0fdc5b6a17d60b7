"""What a built notebook keeps of a cell's outputs: figures and tables, and the text that nbval compares.

A figure is stored as a small image with its description, since code hosts and books show images but drop HTML. Outputs
that another machine would give, but for digits and a little noise, are not written anew: see `alike`.
"""

import base64
import binascii
import configparser
import html
import io
import math
import re
from pathlib import Path

import nbformat
import numpy as np
from PIL import Image

Notebook = nbformat.NotebookNode

MOST_BYTES = 60_000  # of a figure
SCALES = (5 / 3, 5 / 4, 1, 4 / 5)  # pixels of the stored figure by pixels of the page; the first is what `Plot` draws
QUALITIES = (88, 75, 60, 45)  # of a JPEG
BANDING = 1.5  # root mean square, of 255: a palette of 256 colours that is farther off would show in a photo
NOISE = 6.0  # root mean square, of 255: figures closer than this are the same figure
CLOSE = 0.05  # numbers closer than this, relatively, are the same number measured again
TINY = 1e-6  # rounding errors are alike, however far apart
FORMS = ("text/plain", "text/html", "text/markdown")
_FIGURE = re.compile(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]*)" width="(\d+)"[^>]*>')
_STILL = re.compile(
    r'<figure class="nst-still".*?<img src="data:image/jpeg;base64,([^"]+)" alt="([^"]*)".*?'
    r"<figcaption>(.*)</figcaption></figure>",
    re.DOTALL,
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def keep(outputs: list[Notebook], *, checked: bool) -> list[Notebook]:
    """Return the outputs that the notebook stores: figures and tables of any cell, text of a checked one too.

    >>> printed = nbformat.v4.new_output("stream", text="50 s")
    >>> len(keep([printed], checked=True)), len(keep([printed], checked=False))
    (1, 0)
    """
    parts = [part for output in outputs for part in _still(output) or [output]]
    kept = [_figure(output) or _table(output) or (_text(output) if checked else None) for output in parts]
    return [output for output in kept if output]


def alike(new: list[Notebook], old: list[Notebook], masks: list[re.Pattern]) -> bool:
    """Say whether outputs tell a reader the same: equal but for masked numbers and figures that are close.

    >>> new, old = ([nbformat.v4.new_output("stream", text=f"left: ≈ {left}")] for left in ("0.31", "0.312"))
    >>> alike(new, old, [re.compile("≈ [0-9.]+")])
    True
    """
    return len(new) == len(old) and all(_alike(*pair, masks) for pair in zip(new, old, strict=True))


def read_masks(path: Path) -> list[re.Pattern]:
    """Read the patterns that nbval masks on both sides; none where there is no such file."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(path, encoding="utf-8")
    return [re.compile(config[section]["regex"]) for section in config.sections()]


def _text(output: Notebook) -> Notebook | None:
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=output.text)
    forms = {form: output.get("data", {})[form] for form in FORMS if form in output.get("data", {})}
    if not forms:
        return None
    counted = {"execution_count": 1} if output.output_type == "execute_result" else {}
    return nbformat.v4.new_output(output.output_type, data=forms, **counted)


def _table(output: Notebook) -> Notebook | None:
    """Return a table as Markdown, which every reader of notebooks draws."""
    markdown = output.get("data", {}).get("text/markdown")
    if markdown is None:
        return None
    return nbformat.v4.new_output("display_data", data={"text/markdown": markdown, "text/plain": markdown})


def _figure(output: Notebook) -> Notebook | None:
    """Return a figure as a small image; one that is stored already comes back as it is."""
    data = output.get("data", {})
    if _is_stored(output):
        return nbformat.from_dict(output)
    match = _FIGURE.fullmatch(data.get("text/html", "").strip())
    if not match:
        return None
    form, stored = _small(base64.b64decode(match[1]), int(match[3]))
    alt = html.unescape(match[2])
    return nbformat.v4.new_output(
        "display_data",
        data={form: base64.b64encode(stored).decode(), "text/plain": alt},
        metadata={form: {"alt": alt, "width": int(match[3])}},
    )


def _still(output: Notebook) -> list[Notebook]:
    """Return what a studio has left in the page, its picture and a sentence below it; nothing of any other output."""
    match = _STILL.fullmatch(output.get("data", {}).get("text/html", "").strip())
    if not match:
        return []
    picture, sentence = Image.open(io.BytesIO(base64.b64decode(match[1]))), html.unescape(match[3])
    form, stored, alt = "image/jpeg", base64.b64decode(match[1]), html.unescape(match[2])
    if len(stored) > MOST_BYTES:
        form, stored = _small(_saved(picture, "PNG"), picture.width)
    image = nbformat.v4.new_output(
        "display_data",
        data={form: base64.b64encode(stored).decode(), "text/plain": alt},
        metadata={form: {"alt": alt, "width": picture.width}},
    )
    text = nbformat.v4.new_output("display_data", data={"text/markdown": sentence, "text/plain": sentence})
    return [image, text]


def _is_stored(output: Notebook) -> bool:
    """Say whether a figure is one that an earlier build has stored; an image that another program added is not."""
    for form in ("image/png", "image/jpeg"):
        if form in output.get("data", {}):
            return set(output.metadata.get(form, ())) == {"alt", "width"}
    return False


def _small(png: bytes, width: int) -> tuple[str, bytes]:
    """Return the MIME type and the bytes of the best image of at most MOST_BYTES, or of the smallest that there is."""
    original = Image.open(io.BytesIO(png)).convert("RGB")
    stored = b""
    for quality in QUALITIES:
        for scale in SCALES:
            size = round(width * scale), round(width * scale * original.height / original.width)
            image = original if size[0] >= original.width else original.resize(size, Image.Resampling.LANCZOS)
            drawing = image.quantize(256, dither=Image.Dither.NONE)
            if _distance(drawing.convert("RGB"), image) < BANDING:
                stored = _saved(drawing, "PNG", optimize=True)
                if len(stored) <= MOST_BYTES:
                    return "image/png", stored
            stored = _saved(image, "JPEG", quality=quality, optimize=True)
            if len(stored) <= MOST_BYTES:
                return "image/jpeg", stored
    return "image/jpeg", stored


def _saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _distance(first: Image.Image, second: Image.Image) -> float:
    """Root mean square of the differences of two images of one size, in steps of 255."""
    return float(np.sqrt(np.square(np.asarray(first, float) - np.asarray(second, float)).mean()))


def _alike(new: Notebook, old: Notebook, masks: list[re.Pattern]) -> bool:
    if new.output_type != old.output_type or new.get("name") != old.get("name"):
        return False
    if new.output_type == "stream":
        return _same_words(new.text, old.text, masks)
    if set(new.data) != set(old.data):
        return False
    measured = _is_stored(new) or "text/markdown" in new.data  # the words of a figure, or a table: any number may move
    return all(
        _same_figure(new.data[form], old.data[form])
        if form.startswith("image/")
        else _same_words(new.data[form], old.data[form], [_NUMBER] if measured else masks)
        for form in new.data
    )


def _same_words(new: str, old: str, masks: list[re.Pattern]) -> bool:
    """Compare what stands outside the masks by letter, and the numbers inside them by size."""
    for mask in masks:
        found, stored = ([match[0] for match in mask.finditer(text)] for text in (new, old))
        if len(found) != len(stored) or not all(map(_close, found, stored)):
            return False
        new, old = (mask.sub("", text) for text in (new, old))
    return new == old


def _close(new: str, old: str) -> bool:
    pairs = list(zip(_NUMBER.findall(new), _NUMBER.findall(old), strict=False))
    return all(math.isclose(float(first), float(second), rel_tol=CLOSE, abs_tol=TINY) for first, second in pairs)


def _same_figure(new: str, old: str) -> bool:
    try:
        images = [Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB") for text in (new, old)]
    except (OSError, binascii.Error):
        return False
    return images[0].size == images[1].size and _distance(*images) < NOISE
