"""Training pictures with the teacher's answers to them, kept on disk: asking the teacher costs more than a step."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nstlib.errors import NstError
from nstlib.networks.vgg import Network

THINNED = ("relu1_1", "relu2_1")  # two large maps: every second row and column of them is kept
AT_ONCE = 8  # pictures that the teacher sees together


class Answers:
    """Room for `capacity` squares of `side` pixels and the teacher's features of each, in float16 files in `folder`.

    Only the first `count` are filled. Opened again with the same teacher, side and capacity, it has them still; raises
    NstError where the folder cannot hold them.

    >>> import tempfile
    >>> from nstlib import networks
    >>> teacher = networks.load("minivgg", ("relu2_1", "relu3_1"))
    >>> answers = Answers(Path(tempfile.mkdtemp()), teacher, side=32, capacity=4)
    >>> answers.add(torch.rand(3, 3, 32, 32))
    >>> pictures, features = answers.batch([0, 2])
    >>> answers.count, tuple(pictures.shape), tuple(features["relu2_1"].shape), tuple(features["relu3_1"].shape)
    (3, (2, 3, 32, 32), (2, 32, 8, 8), (2, 64, 8, 8))
    """

    def __init__(self, folder: Path, teacher: Network, side: int, capacity: int, count: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.teacher = teacher
        self.capacity = capacity
        self.count = count
        with torch.no_grad():
            features = thin(teacher(torch.zeros(1, 3, side, side)))
        shapes = {layer: tuple(block.shape[1:]) for layer, block in features.items()}
        self._pictures = _file(folder / "pictures.npy", np.uint8, (capacity, 3, side, side), count)
        self._features = {
            layer: _file(folder / f"{layer}.npy", np.float16, (capacity, *shape), count)
            for layer, shape in shapes.items()
        }

    @torch.no_grad()
    def add(self, pictures: Float[Tensor, "b 3 side side"]) -> None:
        """Ask the teacher about pictures in [0, 1], rounded to 8 bits, and keep the answers; NstError if it is full."""
        if self.count + len(pictures) > self.capacity:
            raise NstError(f"Expected at most {self.capacity} pictures, got {self.count + len(pictures)}.")
        for part in pictures.split(AT_ONCE):
            stored = (part * 255).round()
            rows = slice(self.count, self.count + len(part))
            self._pictures[rows] = stored.to(torch.uint8).numpy()
            for layer, block in thin(self.teacher(stored / 255)).items():
                self._features[layer][rows] = block.half().numpy()
            self.count += len(part)

    def batch(self, indices: list[int]) -> tuple[Float[Tensor, "b 3 side side"], dict[str, Tensor]]:
        """Return the pictures with these indices, and the teacher's features of them as `thin` leaves them."""
        features = {layer: torch.from_numpy(stored[indices]).float() for layer, stored in self._features.items()}
        return torch.from_numpy(self._pictures[indices]).float() / 255, features


def thin(features: dict[str, Tensor]) -> dict[str, Tensor]:
    """Take every second row and column of the largest maps, whose linear maps would cost most of a step.

    >>> {layer: block.shape[-1] for layer, block in thin({"relu2_1": torch.ones(1, 1, 8, 8)}).items()}
    {'relu2_1': 4}
    """
    return {layer: block[:, :, ::2, ::2] if layer in THINNED else block for layer, block in features.items()}


def _file(path: Path, dtype: type, shape: tuple[int, ...], filled: int) -> np.memmap:
    """Map a .npy file of this kind into memory; make one where nothing is filled."""
    if not filled:
        return np.lib.format.open_memmap(path, "w+", dtype, shape)
    if path.is_file():
        stored = np.load(path, mmap_mode="r+")
        if stored.dtype == dtype and stored.shape == shape:
            return stored
    raise NstError(
        f"Expected {path} with {filled} answers of the shape {shape[1:]}, found none or others: delete the folder "
        "of the run, and train again."
    )
