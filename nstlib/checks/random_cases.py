"""Random cases for a question: shapes and values that follow from a text, the same on every machine."""

import hashlib
from collections.abc import Sequence

import numpy as np
import torch


class Draw:
    """A stream of random sizes and tensors, seeded by a text: "public …" for the notebook, a secret for a grader.

    >>> Draw("public").sizes((3, 6), (10, 12)) == Draw("public").sizes((3, 6), (10, 12))
    True
    """

    def __init__(self, text: str) -> None:
        key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
        self._generator = np.random.Generator(np.random.Philox(key=key))

    def sizes(self, *ranges: tuple[int, int]) -> tuple[int, ...]:
        """Draw a whole number from each range, ends included, all different."""
        while True:
            sizes = tuple(int(self._generator.integers(low, high + 1)) for low, high in ranges)
            if len(set(sizes)) == len(sizes):
                return sizes

    def normal(self, *shape: int, mean: float = 0.4, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Draw normal numbers of standard deviation 1 around `mean`, some of them negative."""
        return torch.from_numpy(self._generator.standard_normal(shape) + mean).to(dtype)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0, dtype=torch.float64) -> torch.Tensor:
        """Draw numbers between low and high."""
        return torch.from_numpy(self._generator.uniform(low, high, shape)).to(dtype)

    def whole(self, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        """Draw whole numbers from −4 to 5 without 0, to be worked out by hand; up to 9 of them all differ.

        >>> sorted(Draw("public").whole(3, 3).flatten().int().tolist())
        [-4, -3, -2, -1, 1, 2, 3, 4, 5]
        """
        few = [number for number in range(-4, 6) if number]
        count = int(np.prod(shape))
        numbers = self._generator.choice(few, count, replace=count > len(few))
        return torch.from_numpy(numbers.reshape(shape)).to(dtype)

    def shuffled(self, items: Sequence, *, unlike: Sequence = ()) -> list:
        """Put the items in another order, which is not that of `unlike`, or of its items among these."""
        while True:
            order = [items[index] for index in self._generator.permutation(len(items))]
            if len(order) < 2 or order != [item for item in unlike if item in order]:
                return order

    def number(self, low: float, high: float) -> float:
        """Draw a number between low and high."""
        return float(self._generator.uniform(low, high))
