"""The free pictures that come with the course."""

import difflib
import importlib.util
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from nstlib.pictures.errors import PictureError
from nstlib.pictures.reading import read

SAMPLES = {
    "astronaut": "photo, 512 × 512: Eileen Collins; NASA Great Images, public domain",
    "brick": "texture, 512 × 512, grey: a brick wall; CC0Textures Bricks25, CC0",
    "camera": "photo, 512 × 512, grey: a man with a camera; Lav Varshney, CC0",
    "cat": "photo, 451 × 300: Chelsea the cat; Stefan van der Walt, CC0",
    "coffee": "photo, 600 × 400: a cup of coffee; Rachel Michetti, courtesy of Pikolo Espresso Bar, CC0",
    "coins": "photo, 384 × 303, grey: Greek coins from Pompeii; Brooklyn Museum, no known copyright restrictions",
    "grass": "texture, 512 × 512, grey: grass; linolafett on DeviantArt, CC0",
    "gravel": "texture, 512 × 512, grey: gravel; CC0Textures Gravel04, CC0",
    "hubble": "photo, 1000 × 872: Hubble eXtreme Deep Field; NASA, public domain",
    "retina": "photo, 1411 × 1411: a human retina; Mikael Häggström, CC0",
    "rocket": "photo, 640 × 427: Falcon 9 lifts off with DSCOVR; SpaceX, public domain",
    "tissue": "texture, 512 × 512: stained colonic glands; CMMI, no known copyright restrictions",
}
"""Names for ``sample``, with the source and licence that scikit-image states."""
_SAMPLE_FILES = {"cat": "chelsea.png", "hubble": "hubble_deep_field.jpg", "tissue": "ihc.png"}
_SAMPLE_FILES |= {"retina": "retina.jpg", "rocket": "rocket.jpg"}


def sample(name: str, size: int | None = 256) -> Float[Tensor, "3 height width"]:
    """Read one of the free pictures in ``SAMPLES``, which scikit-image carries: nothing is downloaded.

    Raises PictureError for a name that is not in ``SAMPLES``.

    >>> sample("coffee", 64).shape
    torch.Size([3, 64, 96])
    """
    if name not in SAMPLES:
        close = difflib.get_close_matches(str(name).lower(), SAMPLES, n=1)
        hint = f"did you mean {close[0]!r}? If not, " if close else ""
        raise PictureError(
            f"Expected the name of a sample picture, got {name!r}: {hint}choose one of {', '.join(SAMPLES)}."
        )
    return read(sample_path(name), size)


def sample_path(name: str) -> Path:
    """Return the file of a sample picture.

    >>> sample_path("cat").is_file()
    True
    """
    folder = Path(importlib.util.find_spec("skimage").origin).parent / "data"  # found without importing scikit-image
    return folder / _SAMPLE_FILES.get(name, f"{name}.png")
