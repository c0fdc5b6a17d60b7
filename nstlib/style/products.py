"""The products behind the formulas: in how many digits they are taken, forward and backward.

float16 and bfloat16 are summed in float32: activations of 500 at 512² positions add up to 6.6e10 in one Gram entry,
where float16 ends at 65,504 and bfloat16 has 8 binary digits.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor

AMX_MIN_ROWS = 64  # rows from which AMX is worth its tiles
CHUNK_COLUMNS = 2**16  # columns that are copied to float32 together on the way forward, to spare memory

Unrolled = Float[Tensor, "*batch n_filters n_positions"]
Gram = Float[Tensor, "*batch n_filters n_filters"]


def full_precision(features: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """A float32 copy of a float16 or bfloat16 tensor, any other as it is; raises TypeError for integers.

    >>> full_precision(torch.ones(2, dtype=torch.bfloat16)).dtype
    torch.float32
    """
    if not features.is_floating_point():
        raise TypeError(f"Expected a floating-point tensor, got {features.dtype}: convert it with .float().")
    return features.float() if features.dtype in (torch.float16, torch.bfloat16) else features


def matrix_product(
    a: Float[Tensor, "*#batch rows inner"], b: Float[Tensor, "*#batch inner columns"]
) -> Float[Tensor, "*#batch rows columns"]:
    """A @ B in the matrices' own precision, also inside torch.autocast, which would round it to half precision.

    >>> with torch.autocast("cpu", dtype=torch.bfloat16):
    ...     matrix_product(torch.tensor([[257.0]]), torch.tensor([[1.0]]))  # bfloat16 has no 257
    tensor([[257.]])
    """
    with _no_autocast(a.device):
        return a @ b


def product_with_itself(F: Unrolled) -> Gram:
    """F Fᵀ in float32, or in float64 for such an F; raises TypeError for integers.

    >>> product_with_itself(torch.tensor([[300.0, 300.0]], dtype=torch.float16))  # beyond float16's 65,504
    tensor([[180000.]])
    """
    return _FTimesFT.apply(F)


class _FTimesFT(torch.autograd.Function):
    """F Fᵀ, whose gradient (D + Dᵀ) F is one product, in bfloat16 where it is rounded to that anyway."""

    @staticmethod
    def forward(ctx, F: Unrolled) -> Gram:
        ctx.save_for_backward(F)
        if F.dtype == torch.bfloat16 and F.ndim == 2 and len(F) >= AMX_MIN_ROWS and _has_amx(F.device):
            return _twice_rounded(F)
        copies = (full_precision(part) for part in F.split(CHUNK_COLUMNS, dim=-1))
        return sum(matrix_product(copy, copy.mT) for copy in copies)

    @staticmethod
    def backward(ctx, D: Gram) -> Unrolled:
        (F,) = ctx.saved_tensors
        factor = F if F.dtype == torch.bfloat16 else full_precision(F)  # D would overflow in float16
        gradient = matrix_product(factor.mT, (D + D.mT).to(factor.dtype))
        return gradient.mT.to(F.dtype)  # a position's filters side by side, for channels-last


def _twice_rounded(F: Unrolled) -> Gram:
    """F Fᵀ of bfloat16 in two products: each is summed in float32, and rounded to bfloat16's 8 digits at its end.

    Before its own end the second takes the first away, and so gives the next 8 digits. With AMX both together need
    half the time of one product in float32.
    """
    with _no_autocast(F.device):
        first = F @ F.mT
        return first.float() + torch.addmm(first, F, F.mT, beta=-1)


def _has_amx(device: torch.device) -> bool:
    return device.type == "cpu" and getattr(torch.cpu, "get_capabilities", dict)().get("amx_bf16", False)


def _no_autocast(device: torch.device) -> AbstractContextManager:
    known = torch.amp.is_autocast_available(device.type)
    return torch.autocast(device.type, enabled=False) if known else nullcontext()
