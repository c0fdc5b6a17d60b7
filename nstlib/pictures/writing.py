"""Pictures into files, none of which is ever harmed."""

import os
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from nstlib import files
from nstlib.errors import NstError, is_full_memory
from nstlib.pictures.errors import PictureError
from nstlib.pictures.tensors import to_pil

_JPEG = ("JPEG", {"quality": 95, "subsampling": 0})
_ENCODERS = {".png": ("PNG", {}), ".jpg": _JPEG, ".jpeg": _JPEG, ".webp": ("WEBP", {"lossless": True})}
SUFFIXES = tuple(_ENCODERS)  # of the files that ``write`` writes


def write(
    picture: Float[Tensor, "3 height width"],
    path: str | os.PathLike,
    *,
    overwrite: bool = False,
    alpha: Float[Tensor, "1 height width"] | None = None,
) -> Path:
    """Save a picture with values in [0, 1] as PNG, JPEG or lossless WebP, by the suffix of ``path``; return the path.

    ``alpha`` says how opaque each pixel is, 0 to 1. The bytes depend on the picture alone. They go to a temporary file
    beside ``path``, which then takes its name: when writing fails, an older file stays as it was. Raises PictureError
    for a tensor that is no picture, an unknown suffix, alpha in a JPEG, a missing folder, a file that exists (unless
    ``overwrite``) and a disk that refuses.

    >>> import tempfile
    >>> import torch
    >>> from nstlib.pictures import read
    >>> grey = torch.full((3, 4, 6), 0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write(grey, f"{folder}/grey.png")
    ...     print(path.name, (read(path) - grey).abs().max() < 1 / 255)
    grey.png tensor(True)
    """
    path = require_writable(path, overwrite=overwrite, alpha=alpha is not None)
    image = to_pil(picture)
    if alpha is not None:
        image.putalpha(to_pil(alpha.expand(3, -1, -1)).getchannel("R"))
    encoder, options = _ENCODERS[path.suffix.lower()]
    try:
        with files.replacing(path) as part, part.open("xb") as file:
            image.save(file, encoder, **options)
    except Exception as error:
        if is_full_memory(error):
            raise
        reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
        raise PictureError(f"'{path}' could not be saved: {reason}. Try another folder or another format.") from error
    return path


def require_writable(path: str | os.PathLike, *, overwrite: bool = False, alpha: bool = False) -> Path:
    """Return the path if ``write`` could save there, else raise PictureError; ask this before a long run.

    ``alpha`` says that the file must have room for transparency.

    >>> try:
    ...     require_writable("picture.txt")
    ... except PictureError as error:
    ...     print(error)
    Expected a name that ends in .png, .jpg, .jpeg, .webp, got 'picture.txt': its end decides the format.
    """
    path = Path(os.path.expanduser(path))
    if path.suffix.lower() not in _ENCODERS:
        raise PictureError(
            f"Expected a name that ends in {', '.join(_ENCODERS)}, got '{path}': its end decides the format."
        )
    if alpha and _ENCODERS[path.suffix.lower()] is _JPEG:
        raise PictureError(f"Expected a name that ends in .png or .webp, got '{path}': a JPEG cannot be transparent.")
    try:
        return files.require_writable(path, overwrite=overwrite)
    except NstError as error:
        raise PictureError(str(error)) from error
