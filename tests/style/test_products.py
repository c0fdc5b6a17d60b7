"""The oracle is the product in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib.style import products


def rows(n, k, dtype=torch.float32, seed=0):
    return torch.randn(n, k, generator=torch.Generator().manual_seed(seed)).relu().to(dtype)


def close(product, F, rtol=1e-5):
    F = F.detach().double()
    largest = F.square().sum(-1).max().item()
    torch.testing.assert_close(product.double(), F @ F.mT, rtol=rtol, atol=1e-6 * largest)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(1, 40))
def test_what_is_copied_in_parts_is_the_whole_sum(n, k, at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "CHUNK_COLUMNS", at_once)
        for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            F = rows(n, k, dtype)
            product = products.product_with_itself(F)
            assert product.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
            close(product, F)


@pytest.mark.parametrize("n", [64, 130])
def test_two_rounded_products_of_amx_give_a_float32_sum(n, monkeypatch):
    F, used = rows(n, 1200, torch.bfloat16), []
    monkeypatch.setattr(products, "_twice_rounded", lambda F, real=products._twice_rounded: used.append(F) or real(F))
    for amx in (True, False):
        monkeypatch.setattr(products, "_has_amx", lambda device, amx=amx: amx)
        product = products.product_with_itself(F)
        assert product.dtype == torch.float32
        close(product, F, rtol=2e-5)
    assert len(used) == 1


def test_autocast_rounds_no_product(monkeypatch):
    monkeypatch.setattr(products, "_has_amx", lambda device: True)
    large = 300 * rows(64, 500, torch.bfloat16)  # its sums overflow in float16
    with torch.autocast("cpu", dtype=torch.float16):
        close(products.product_with_itself(large), large, rtol=2e-5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        close(products.product_with_itself(rows(8, 500)), rows(8, 500))


def test_narrow_or_batched_features_and_other_devices_are_summed_from_copies(monkeypatch):
    monkeypatch.setattr(products, "_twice_rounded", lambda F: pytest.fail("for AMX and one wide F only"))
    monkeypatch.setattr(products, "_has_amx", lambda device: True)
    for F in (rows(63, 81, torch.bfloat16), rows(64, 81, torch.bfloat16)[None], rows(64, 81)):
        close(products.product_with_itself(F), F)
    monkeypatch.undo()
    assert not products._has_amx(torch.device("meta"))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 2e-3), (torch.bfloat16, 2e-2), (torch.float32, 1e-6)])
def test_the_gradient_is_the_formulas_up_to_rounding(dtype, tolerance):
    F, D = rows(70, 90, dtype).requires_grad_(), torch.randn(70, 70)
    (products.product_with_itself(F) * D).sum().backward()
    wanted = (D + D.mT).double() @ F.detach().double()
    assert F.grad.dtype == dtype and (F.grad.double() - wanted).norm() / wanted.norm() < tolerance


@pytest.mark.usefixtures("unchecked")
def test_integers_are_refused():
    with pytest.raises(
        TypeError, match=r"Expected a floating-point tensor, got torch.int64: convert it with .float\(\)"
    ):
        products.product_with_itself(torch.ones(2, 3, dtype=torch.int64))
