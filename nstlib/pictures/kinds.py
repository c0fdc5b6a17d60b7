"""What a file is that cannot be read as a picture: told by its first bytes, in a sentence that says what to do."""

import re
from typing import BinaryIO

DAMAGED = (
    "{name} begins like a picture but cannot be decoded: it is incomplete, damaged or of a rare kind. "
    "Copy or download it again, or open it in a picture program and save it as PNG."
)
# What the first bytes of something unreadable say: a pattern, what it is, what to do. The first match counts.
_GIVE = "Give a JPEG, PNG, WebP, TIFF, GIF or BMP file."
_EXPORT = "Open it in a program that shows it, export it as PNG or JPEG, and give that file."
_PICTURES = rb"\xff\xd8\xff|\x89PNG|GIF8[79]a|RIFF....WEBP|II[*+]\0|MM\0[*+]|BM.{4}\0{4}|....ftypavi[fs]"
_OTHERS = (
    (rb"\Z", "is empty", "Copy or download the picture again."),
    (rb"%PDF", "holds a PDF document", _EXPORT),
    (rb"\s*(<\?xml.*|<!--.*)?<svg", "holds an SVG drawing", _EXPORT),
    (
        rb"\s*<(!doctype|html|head|body)",
        "holds a web page",
        "Open it in a browser, save the picture itself, and give that.",
    ),
    (
        rb"....ftyp(hei|hev|mif|msf)",
        "holds a HEIC photo, as phones take them",
        "Export it from the photo app as JPEG, and give that.",
    ),
    (rb"....ftyp|RIFF....AVI|\x1aE\xdf\xa3", "holds a video", "Save one frame of it as PNG, and give that file."),
    (rb"8BPS|%!PS|\xc5\xd0\xd3\xc6|gimp xcf", "holds a document of a drawing program", _EXPORT),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!", "holds an archive", "Unpack it, and give the picture inside."),
    (rb"[^\0-\x08\x0e-\x1f]*\Z", "holds text", _GIVE),
    (rb"", "holds data of an unknown kind", _GIVE),
)


def why_unreadable(stream: BinaryIO, name: str) -> str:
    """Return the sentence for a stream that could not be decoded; name: what the sentence calls it."""
    stream.seek(0)
    head = stream.read(512).removeprefix(b"\xef\xbb\xbf")
    if re.match(_PICTURES, head, re.DOTALL):
        return DAMAGED.format(name=name)
    what, advice = next(row[1:] for row in _OTHERS if re.match(row[0], head, re.DOTALL | re.IGNORECASE))
    return f"{name} cannot be read as a picture: it {what}. {advice}"
