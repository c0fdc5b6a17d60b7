"""No page leaves a symbol as it is typed: what has an index or a power is a formula, or code."""

import pytest

from tests.prose import FORMULA, PAGES, ROOT, formulas, prose, typed

names = {path: str(path.relative_to(ROOT)) for path in PAGES}


@pytest.mark.parametrize("path", PAGES, ids=names.values())
def test_symbols_with_an_index_are_typeset(path):
    assert not [symbol for piece in prose(path) for symbol in typed(piece)]


def test_symbols_are_told_from_words_and_code():
    words = "weights λ_l, β₁ and 10⁻⁸ of G_X, x^2, $E_l$, `F_k`, relu4_1, my_photo, [a](b_1.md) and NST_SIDE"
    assert typed(words) == ["λ_l", "β₁", "10⁻⁸", "G_X", "x^2"]


def test_formulas_are_found_and_code_is_not():
    path = ROOT / "notebooks" / "03_style_cost.ipynb"
    assert all(formula.count("$") in (2, 4) for formula in formulas(path))
    assert FORMULA.findall("costs $a$ and $$b\nc$$, not \\$5") == ["$a$", "$$b\nc$$"]


def test_the_questions_page_and_the_glossary_have_formulas_too():
    with_formulas = {names[path] for path in PAGES if formulas(path)}
    assert {"README.md", "notebooks/README.md", "site/glossary.md", "exercises/student/ex04_layer_weights.ipynb"} <= (
        with_formulas
    )
