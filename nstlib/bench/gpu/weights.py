"""VGG-16's convolutions in 16 bits, half as large, to carry to a machine without internet.

``python -m nstlib.bench.gpu.weights vgg16.safetensors`` writes what ``networks.load("vgg16", file=…)`` reads there.
"""

from pathlib import Path
from typing import Annotated

import safetensors.torch
import torch
import typer

from nstlib import networks
from nstlib.errors import NstError
from nstlib.files import replacing, require_writable
from nstlib.networks import Network
from nstlib.terminal import say, sentences


def write(network: Network, path: Path) -> Path:
    """Write a network's convolutions in float16, up to the deepest layer that it was loaded with.

    >>> path = write(networks.load("minivgg"), Path("half.safetensors"))
    >>> again = networks.load("minivgg", file=path)
    >>> again.stages["conv1_1"].weight.dtype
    torch.float32
    """
    state = {
        f"{name}.{part}": getattr(convolution, part).to(torch.float16).contiguous()
        for name, convolution in network.convolutions.items()
        for part in ("weight", "bias")
    }
    with replacing(path) as place:
        safetensors.torch.save_file(state, place)
    return path


def main(
    path: Annotated[Path, typer.Argument(help="The file to write; its name ends in .safetensors.")],
    force: Annotated[bool, typer.Option(help="Replace a file that is there.")] = False,
) -> None:
    """Write VGG-16's convolutions, as far as the style layers need them, in float16."""
    if path.suffix != ".safetensors":
        raise NstError(f"Expected a name that ends in .safetensors, got '{path}': give another.")
    path = require_writable(path, overwrite=force)
    write(networks.load("vgg16"), path)
    say(f"Wrote {path}, {path.stat().st_size / 1e6:.0f} MB.")


if __name__ == "__main__":
    typer.run(sentences()(main))
