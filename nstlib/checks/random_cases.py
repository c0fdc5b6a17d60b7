"""Draw a question's cases: shapes and values from a text, the same on every machine."""

import hashlib

import numpy as np
import torch


class Draw:
    """A stream of random sizes and tensors that a text decides: "public" for the notebook, a secret for a grader."""

    def __init__(self, text: str) -> None:
        key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
        self._generator = np.random.Generator(np.random.Philox(key=key))

    def sizes(self, *ranges: tuple[int, int]) -> tuple[int, ...]:
        """One whole number from each range, ends included, all different."""
        while True:
            found = tuple(int(self._generator.integers(low, high + 1)) for low, high in ranges)
            if len(set(found)) == len(found):
                return found

    def normal(self, *shape: int, mean: float = 0.4, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Normal numbers of spread one: neither symmetric about zero nor free of negative ones."""
        return torch.from_numpy(self._generator.standard_normal(shape) + mean).to(dtype)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0, dtype=torch.float64) -> torch.Tensor:
        """Numbers between low and high."""
        return torch.from_numpy(self._generator.uniform(low, high, shape)).to(dtype)

    def number(self, low: float, high: float) -> float:
        """One number between low and high."""
        return float(self._generator.uniform(low, high))
