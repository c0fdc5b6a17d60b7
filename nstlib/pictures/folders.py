"""Which files of a folder are pictures."""

import os
from pathlib import Path

from PIL import Image

from nstlib.pictures.errors import PictureError
from nstlib.pictures.reading import FORMATS


def in_folder(folder: str | os.PathLike) -> tuple[list[Path], list[Path]]:
    """Return a folder's files by name: those whose suffix is of a picture that ``read`` reads, and the others.

    Hidden files and folders within it are in neither. Raises PictureError for a folder that cannot be listed.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.jpg", "a.PNG", "notes.txt", ".hidden.png"):
    ...         Path(folder, name).touch()
    ...     [[path.name for path in paths] for paths in in_folder(folder)]
    [['a.PNG', 'b.jpg'], ['notes.txt']]
    """
    folder = Path(os.path.expanduser(folder))
    Image.init()
    suffixes = {suffix for suffix, format in Image.registered_extensions().items() if format in FORMATS}
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise PictureError(f"The folder '{folder}' cannot be read ({error.strerror}): give another one.") from error
    pictures = [path for path in files if path.suffix.lower() in suffixes]
    return pictures, [path for path in files if path.suffix.lower() not in suffixes]
