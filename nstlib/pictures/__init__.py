"""Pictures in and out: the only room of the library that touches image files.

Everywhere else a picture is a float32 tensor (3, height, width): red, green and blue in [0, 1], the sRGB curve left in.
``read`` makes one from whatever a learner drops in: turned the way the camera was held, transparency laid on white, in
one colour space. ``write`` saves one and never harms the file that was there. A ``PictureError`` says what went wrong.
"""

from nstlib.pictures.addresses import is_address
from nstlib.pictures.errors import PictureError
from nstlib.pictures.folders import in_folder
from nstlib.pictures.reading import MAX_ASPECT, from_pil, read, read_with_alpha
from nstlib.pictures.samples import SAMPLES, sample, sample_path
from nstlib.pictures.sheets import contact_sheet
from nstlib.pictures.tensors import MAX_PIXELS, checked, require_side, resize, to_pil
from nstlib.pictures.transparency import extend_colours
from nstlib.pictures.writing import SUFFIXES, require_writable, write

__all__ = [
    "MAX_ASPECT",
    "MAX_PIXELS",
    "SAMPLES",
    "SUFFIXES",
    "PictureError",
    "checked",
    "contact_sheet",
    "extend_colours",
    "from_pil",
    "in_folder",
    "is_address",
    "read",
    "read_with_alpha",
    "require_side",
    "require_writable",
    "resize",
    "sample",
    "sample_path",
    "to_pil",
    "write",
]
