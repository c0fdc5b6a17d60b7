"""What a file is that cannot be read as a picture: told by its first bytes, in a sentence that says what to do."""

import re
from typing import BinaryIO

from PIL import Image, features

READABLE = "JPEG, PNG, WebP, TIFF, GIF, BMP, PPM, QOI, JPEG 2000 or AVIF"  # what nst stylize --help says, too
DAMAGED = (
    "{name} begins like a picture but cannot be decoded: it is incomplete, damaged or of a rare kind. "
    "Copy or download it again, or open it in a picture program and save it as PNG."
)
# What the first bytes of something unreadable say: a pattern, what it is, what to do. The first match counts.
_GIVE = f"Give a {READABLE} file."
_EXPORT = "Open it in a program that shows it, export it as PNG or JPEG, and give that file."
_PICTURES = rb"\xff\xd8\xff|\x89PNG|GIF8[79]a|RIFF....WEBP|II[*+]\0(?!....CR)|MM\0[*+]|BM.{4}\0{4}|....ftypavi[fs]"
_PICTURES += rb"|\0\0\0\x0cjP  |\xff\x4f\xff\x51|qoif|P[1-7]\s"
# What Pillow may be built without: first bytes, and the name of the part
_OPTIONAL = {
    "WEBP": (rb"RIFF....WEBP", "webp"),
    "AVIF": (rb"....ftypavi[fs]", "avif"),
    "JPEG2000": (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "jpg_2000"),
}
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
    (rb"\xff\n|\0\0\0\x0cJXL \r\n\x87\n", "holds a JPEG XL picture, which Pillow cannot read", _EXPORT),
    (
        rb"....ftypcrx |II\*\0....CR|FUJIFILMCCD-RAW|II[RU][OS\0]|FOVb",
        "holds a raw photo, as cameras keep them",
        "Develop it in a photo program, export it as PNG or JPEG, and give that file.",
    ),
    (rb"\x76\x2f\x31\x01|#\?(radiance|rgbe)\n", "holds a picture of high dynamic range", _EXPORT),
    (rb"II\xbc\x01", "holds a JPEG XR picture", _EXPORT),
    (rb".{128}DICM", "holds a medical picture (DICOM)", _EXPORT),
    (rb"SIMPLE  =", "holds a picture of a telescope (FITS)", _EXPORT),
    (rb"\0\0[\1\2]\0|icns", "holds an icon", _EXPORT),
    (rb"AT&TFORM", "holds a DjVu document", _EXPORT),
    (rb"DDS ", "holds a game's texture (DDS)", _EXPORT),
    (
        rb"\x93NUMPY",
        "holds a NumPy array",
        "Save it as a picture, PIL.Image.fromarray(array).save('picture.png'), and give that file.",
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
    for format, (beginning, feature) in _OPTIONAL.items():
        if re.match(beginning, head, re.DOTALL) and not (format in Image.OPEN and features.check(feature)):
            return (
                f"{name} cannot be read as a picture: it holds {format}, and this installation of Pillow reads none. "
                f"Run python -m pip install --upgrade pillow, or save the picture as PNG or JPEG, and give that file."
            )
    if re.match(_PICTURES, head, re.DOTALL):
        return DAMAGED.format(name=name)
    what, advice = next(row[1:] for row in _OTHERS if re.match(row[0], head, re.DOTALL | re.IGNORECASE))
    return f"{name} cannot be read as a picture: it {what}. {advice}"
