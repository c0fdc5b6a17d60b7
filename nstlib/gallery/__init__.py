"""The studio as flipbooks on one web page, for readers without a kernel: ``nst gallery FOLDER``.

``flipbooks`` says what is shown, ``paint`` makes the pictures, ``page`` writes them as HTML, ``place`` finds where.
"""

from nstlib.gallery.flipbooks import Flipbook, Frame, flipbooks
from nstlib.gallery.page import page
from nstlib.gallery.painting import paint, pair, place

__all__ = ["Flipbook", "Frame", "flipbooks", "page", "paint", "pair", "place"]
