"""What the parts share: the device, its meter, networks and pictures that are loaded once."""

from functools import cache
from pathlib import Path

import torch

from nstlib import engine, networks, painted, pictures
from nstlib.bench.gpu.meter import meter_of
from nstlib.bench.gpu.scale import Scale
from nstlib.networks import Network
from nstlib.transfer import Picture

PAINTED_SIDE = 512  # painting a larger one would take the CPU seconds, while the card waits


class Workshop:
    """Networks and pictures by name and size. `vgg16` is a file with VGG-16's weights; without one it is left out."""

    def __init__(self, out: Path, scale: Scale, vgg16: Path | None = None) -> None:
        self.out = out
        self.scale = scale
        self.vgg16 = vgg16
        self.plan = engine.plan()
        self.meter = meter_of(self.plan.device)
        self.network = cache(self._network)
        self.pair = cache(self._pair)

    @property
    def trained(self) -> tuple[str, ...]:
        """Networks with trained weights: pictures by them can be judged."""
        return ("minivgg", "vgg16") if self.vgg16 else ("minivgg",)

    @property
    def timed(self) -> tuple[str, ...]:
        """A small network and a full-size one, where only time counts."""
        return tuple(dict.fromkeys(("minivgg", self.scale.network)))

    def planned(self, dtype: torch.dtype) -> engine.Plan:
        """Return the engine's plan, in another precision."""
        return engine.Plan(self.plan.device, dtype, self.plan.threads, "a comparison")

    def _pair(self, size: int) -> tuple[Picture, Picture]:
        """Return a photo of this size, and a painting that is sharp up to `PAINTED_SIDE`."""
        return pictures.sample("cat", size), pictures.resize(painted.paint("night", min(size, PAINTED_SIDE)), size)

    def _network(self, name: str) -> Network:
        return networks.load(name, file=self.vgg16 if name == "vgg16" else None)
