"""The studio as flipbooks on one web page, for readers without a kernel: ``nst gallery FOLDER``.

``flipbooks`` says what is shown, ``paint`` makes the pictures, ``page`` is their HTML, ``page_path`` where it goes.
"""

from nstlib.gallery.flipbooks import Flipbook, Frame, flipbooks
from nstlib.gallery.page import page
from nstlib.gallery.painting import page_path, paint, pair

__all__ = ["Flipbook", "Frame", "flipbooks", "page", "page_path", "paint", "pair"]
