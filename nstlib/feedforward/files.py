"""A trained generator as a file: its weights in float16, and beside them what they were trained for.

The format is safetensors, in which no code can hide. What the file says of itself is checked before any of it is used.
"""

import json
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from nstlib.errors import NstError, WeightsError
from nstlib.feedforward.network import NOISE_CHANNELS, Generator
from nstlib.files import replacing

SUFFIX = ".safetensors"
EMBEDDED = ("night",)
KEY = "nstlib.feedforward"  # in the file's metadata
FORGED = (ValueError, TypeError, KeyError, AttributeError, RuntimeError)  # what a forged description can cause
LARGEST = {"widths": 512, "n_blocks": 64}  # that a file may ask for


@dataclass(frozen=True)
class About:
    """What a generator was trained for: the style's name, steps, seed, the photos' and the crops' side, α, β and δ.

    photos: in words, which photos it learned from.

    >>> About("night", 6000, 0, 256, 160, 1.0, 20.0, 40.0, "the samples").style
    'night'
    """

    style: str
    steps: int
    seed: int
    size: int
    crop: int
    alpha: float
    beta: float
    chroma_smoothness: float
    photos: str


@dataclass(frozen=True)
class Trained:
    """A generator, and what it was trained for."""

    generator: Generator
    about: About


def save(generator: Generator, about: About, path: Path) -> Path:
    """Write a generator, 0.8 MB, and return the path; a file that was there is replaced when the new one is whole.

    Raises WeightsError, and writes nothing, for weights that are not finite in float16.

    >>> from nstlib.feedforward.network import seeded_generator
    >>> about = About("night", 0, 0, 256, 160, 1.0, 20.0, 40.0, "none")
    >>> load(save(seeded_generator(seed=0), about, Path("new.safetensors"))).about.photos
    'none'
    """
    stored = {name: tensor.detach().cpu().half().contiguous() for name, tensor in generator.state_dict().items()}
    if not all(tensor.isfinite().all() for tensor in stored.values()):
        raise WeightsError(
            "Expected weights that float16 can hold, got some beyond it: train with a smaller rate or beta."
        )
    shape = {"widths": generator.widths, "n_blocks": generator.n_blocks, "noise": NOISE_CHANNELS}
    metadata = {KEY: json.dumps({"shape": shape, "about": asdict(about)})}
    path = Path(path)
    with replacing(path) as part:
        part.write_bytes(safetensors.torch.save(stored, metadata))
    return path


def load(source: str | Path) -> Trained:
    """Read a generator from a file, or the embedded one of a style: "night".

    Its weights are float32 on the CPU, frozen. Raises WeightsError, with what to do, for a file that is missing,
    damaged or something else.

    >>> load("night").about.style
    'night'
    """
    path = embedded(str(source)) or Path(source).expanduser()
    if not path.is_file():
        raise WeightsError(
            f"Expected a trained generator, got '{path}', which does not exist: train one by nst train, or take one "
            f"that comes with nstlib: {', '.join(EMBEDDED)}."
        )
    try:
        with safe_open(path, "pt") as file:
            described = (file.metadata() or {}).get(KEY)
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
    except SafetensorError as fault:
        raise WeightsError(
            f"'{path}' cannot be read as {SUFFIX} ({fault}): it is damaged or something else. Train it again."
        ) from None
    if described is None:
        raise WeightsError(f"'{path}' holds other weights than a generator's: give a file that nst train wrote.")
    try:
        described = json.loads(described)
        if not described["shape"].get("noise"):
            raise WeightsError(f"'{path}' was trained by an older nstlib, without noise: train it again.")
        return _built(described, state)
    except WeightsError:
        raise
    except FORGED as fault:
        raise WeightsError(f"'{path}' does not hold what it says it holds ({fault}): train it again.") from None


def embedded(name: str) -> Path | None:
    """Return the file of a generator that comes with nstlib, by its style's name; None for another name.

    >>> embedded("night").name, embedded("mosaic")
    ('night.safetensors', None)
    """
    if name not in EMBEDDED:
        return None
    return Path(str(resources.files("nstlib.feedforward") / f"{name}{SUFFIX}"))


def _built(described: dict, state: dict[str, Tensor]) -> Trained:
    """Build the generator that a file describes; raises one of the errors that `load` puts into words."""
    about = About(**described["about"])
    widths, n_blocks = described["shape"]["widths"], described["shape"]["n_blocks"]
    sizes = [*widths, n_blocks]
    if len(widths) != 3 or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise NstError(f"the sizes {sizes}")
    if max(widths) > LARGEST["widths"] or n_blocks > LARGEST["n_blocks"]:
        raise NstError(f"the sizes {sizes}")
    with torch.random.fork_rng(devices=[]):  # torch draws first weights, which a seeded script must not notice
        generator = Generator(widths, n_blocks)
    generator.load_state_dict(state)
    if not all(tensor.isfinite().all() for tensor in generator.state_dict().values()):
        raise NstError("weights that are not finite")
    return Trained(generator.requires_grad_(False).eval(), about)
