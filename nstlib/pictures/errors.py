"""The one error of this room."""

from nstlib.errors import NstError


class PictureError(NstError):
    """A picture cannot be read, used or written; the message says what was given, what was expected and what to do.

    >>> from nstlib import pictures
    >>> try:
    ...     pictures.read("https://example.org/cat.jpg")
    ... except PictureError as error:
    ...     print(error)
    Expected a file, got the web address 'https://example.org/cat.jpg': download the picture, and give its path.
    """
