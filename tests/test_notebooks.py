"""The built notebooks: how they are written, and that nbval compares what they print."""

import importlib
import re
import statistics
from pathlib import Path

import nbformat
import pytest
import torch

from nstlib import plots
from nstlib.plots.card import MAX_WIDTH
from tests.with_nbval import nbval

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
TAGS = {"nbval-check-output", "nbval-ignore-output"}
CODE_LINES, MEDIAN_LINES, WORDS = 12, 5, 80

lessons = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def prose(source):
    """The words of running text: no tables, code blocks, displayed formulas or HTML tags."""
    source = re.sub(r"```.*?```|\$\$.*?\$\$", " ", source, flags=re.DOTALL)
    lines = [line for line in source.splitlines() if not line.lstrip().startswith("|")]
    return [word for word in re.sub(r"<[^>]+>", " ", "\n".join(lines)).split() if re.search(r"\w", word)]


def code_lines(cell):
    return sum(bool(line.strip()) for line in cell.source.splitlines())


@lessons
def test_opens_with_title_and_goal(path):
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# {path.stem.partition('_')[0]} · ")
    for promise in ("**What you will do.**", "**You will be able to**", "**You need**"):
        assert promise in first.source


@lessons
def test_closes_with_recap_own_work_and_next(path):
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    assert text.index("## Recap") < text.index("## On your own") < text.index("**Next:**")


@lessons
def test_prose_is_short(path):
    long = {cell.id: len(prose(cell.source)) for cell in cells(path, "markdown") if len(prose(cell.source)) > WORDS}
    assert not long


@lessons
def test_code_cells_are_short(path):
    lengths = [code_lines(cell) for cell in cells(path, "code")]
    assert statistics.median(lengths) <= MEDIAN_LINES
    assert sum(length <= CODE_LINES for length in lengths) >= 0.9 * len(lengths)


@lessons
def test_pictures_have_alternative_text(path):
    for cell in cells(path, "markdown"):
        assert not re.search(r"!\[\s*\]\(", cell.source), cell.id
        for image in re.findall(r"<img\b[^>]*>", cell.source):
            assert re.search(r"""\balt=["'][^"']+["']""", image), cell.id


def test_figures_carry_alternative_text():
    figure = plots.row({"before <": torch.zeros(3, 20, 30), "after": torch.ones(3, 40, 20)})
    assert 'alt="Pictures side by side: before &lt;, after"' in figure._repr_html_()
    assert [axes.get_title() for axes in figure.axes] == ["before <", "after"]
    shapes = [axes.get_window_extent() for axes in figure.axes]
    assert [round(box.width / box.height, 2) for box in shapes] == [1.5, 0.5]
    assert shapes[0].height == pytest.approx(shapes[1].height)
    with pytest.raises(ValueError, match="by name"):
        plots.row({})


def test_many_figures_fit_the_page():
    assert plots.row({f"{n}": torch.zeros(3, 20, 60) for n in range(5)}).get_figwidth() == pytest.approx(MAX_WIDTH)


@lessons
def test_holds_no_path_of_one_machine(path):
    assert not re.search(r"""(?<![\w.~)/:>])/(home|Users|root|tmp|work|usr|opt|mnt)/|\b[A-Z]:\\\\""", path.read_text())


@lessons
def test_tags_are_known_and_something_is_compared(path):
    tags = [tag for cell in cells(path, "code") for tag in cell.metadata.get("tags", ())]
    assert set(tags) <= TAGS
    assert "nbval-check-output" in tags


@lessons
def test_folded_answers_are_closed(path):
    for cell in cells(path, "markdown"):
        assert cell.source.count("<details>") == cell.source.count("</details>") == cell.source.count("<summary>"), (
            cell.id
        )


def test_lesson_00_explains_the_whole_notation():
    text = "\n".join(cell.source for cell in cells(NOTEBOOKS / "00_start_here.ipynb", "markdown"))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    symbols = ("C, S, X", "a^{[l]}", "N", "M = HW", "F", "G = F F^\\top", "E_l", "\\lambda_l", "J = \\alpha")
    for symbol in symbols:
        assert any(row.startswith(f"| ${symbol}") for row in rows), symbol
    names = ("features", "n_filters", "n_positions", "unroll(features)", "gram_matrix(features)", "layer_style_cost")
    for name in (*names, "layer_weights", "total_cost", "style", "generated", "content"):
        assert any(f"`{name}`" in row for row in rows), name


TABLE = set("CSXNHWMFGEJ") | set("λαβ")
GREEK = dict(alpha="α", beta="β", gamma="γ", delta="δ", epsilon="ε", eta="η", theta="θ", lambda_="λ", mu="μ", sigma="σ")


def letters(source):
    """Capital and Greek letters that stand alone in a cell's running text or formulas."""
    source = re.sub(r"```.*?```|`[^`]*`|\(https?:[^)]*\)|\*\*?(?=[A-Z][a-z])", " ", source, flags=re.DOTALL)
    formulas = re.findall(r"\$\$?(.+?)\$\$?", source, flags=re.DOTALL)
    source = re.sub(r"\$\$?.+?\$\$?", " ", source, flags=re.DOTALL)
    found = re.findall(r"(?<![A-Za-z0-9_'’])([B-HJ-Z]|[α-ωΔΣ])(?![A-Za-z0-9_]|-BFGS)", source)
    for formula in formulas:
        formula = re.sub(r"\\(text|mathrm|mathbb|operatorname|begin|end)\{[^}]*\}", " ", formula)
        found += [
            GREEK[word] for word in re.findall(r"\\([a-z]+)", formula.replace("lambda", "lambda_")) if word in GREEK
        ]
        found += re.findall(r"(?<![A-Za-z])([A-HJ-Z])(?![A-Za-z])", re.sub(r"\\[A-Za-z]+", " ", formula))
    return [letter for letter in found if letter not in "ΣIT"]  # the identity; T for transposed


def test_letters_are_told_from_words_and_code():
    words = r"I take $Q_{k}$, `R` and $\mu$ of **A** word; $\sum_k \text{Yes} G^\top$ in X's VGG-19, by L-BFGS."
    assert letters(words) == ["X", "Q", "μ", "G"]


@lessons
def test_every_symbol_is_in_the_table_or_introduced(path):
    """Each letter beside lesson 00's table is brought in by the words that the lesson's module of mistakes names."""
    module = importlib.import_module(f"tests.lessons.sabotage_{path.stem.partition('_')[0]}")
    introduced, seen = getattr(module, "INTRODUCED", {}), ""
    for cell in nbformat.read(path, as_version=4).cells:
        seen += cell.source + "\n"
        if cell.cell_type == "markdown":
            unknown = {letter for letter in letters(cell.source) if letter not in TABLE}
            for letter in unknown:
                assert letter in introduced and introduced[letter] in seen, (cell.id, letter)


@lessons
def test_formulas_are_typeset(path):
    for cell in cells(path, "markdown"):
        assert not re.search(r"</?su[bp]>", cell.source), cell.id
        assert cell.source.count("$") % 2 == 0, cell.id


@lessons
def test_learners_see_numbers_and_no_verdicts(path):
    for cell in cells(path, "code"):
        assert not re.search(r"^\s*assert\b", cell.source, re.MULTILINE), cell.id
        for output in cell.outputs:
            text = output.get("text", output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"\b(True|False)\W*$", text, re.MULTILINE), (cell.id, text)


@lessons
def test_a_claim_is_short(path):
    lengths = [code_lines(cell) for cell in cells(path, "code") if re.search(r"^claim\(", cell.source, re.MULTILINE)]
    assert not lengths or (statistics.median(lengths) <= 3 and max(lengths) <= 8)


SHOWN = r"(-?\d[\d.]*(?:e[-+]?\d+)?)"
BOUND = re.compile(rf"≈ {SHOWN}, (?:(?:above|below) {SHOWN}|between {SHOWN} and {SHOWN})$", re.MULTILINE)
ROUNDING = 1e-3  # a bound of at most this size, but not 0, is one of rounding errors


def faults_of_bounds(text, source):
    """What is wrong with the bounds that a claim's cell prints, given the cell's source."""
    if "# The bound is wide" in source:
        return []
    faults = []
    for number, *bounds in BOUND.findall(text):
        measured, bounds = float(number), [float(bound) for bound in bounds if bound]
        ratios = [max(measured / bound, bound / measured) for bound in bounds if measured * bound > 0]
        close = any(ratio <= 2 for ratio in ratios)
        rounding = any(0 < abs(bound) <= ROUNDING and abs(measured) <= abs(bound) for bound in bounds)
        if not close and not rounding and ratios:
            faults.append(f"{number} is far from {bounds}")
        if not rounding and len(ratios) < len(bounds) and "# Only the sign counts" not in source:
            faults.append(f"{number} beside {bounds}: why does its sign alone count?")
    return faults


@lessons
def test_bounds_are_no_wider_than_twice_what_was_measured(path):
    """But bounds of rounding errors, and where a comment says why a bound is wide, or why the sign alone counts."""
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert not faults_of_bounds(output.get("text", ""), cell.source), cell.id


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("≈ 0.6, below 1", 0),
        ("≈ 0.4, below 1", 1),
        ("≈ -0.8, below -0.3", 1),
        ("≈ 1.5e-16, below 1.00e-09", 0),
        ("≈ -1.5e-16, above -1.00e-09", 0),
        ("≈ 0, below 0.0001", 0),
        ("≈ 0, below 0.05", 1),
        ("≈ 3, above 0", 1),
        ("≈ 0.5, above -0.2", 1),
        ("≈ 5, above -1.00e-09", 1),
        ("≈ 3.14, between 1 and 4", 0),
        ("≈ 0.004, between 0 and 0.1", 2),
        ("≈ 0.06, between 0 and 0.1", 1),
    ],
)
def test_wide_bounds_and_bounds_of_zero_are_found(line, faults):
    assert len(faults_of_bounds(f"✓ it: {line}\n", "claim(…)")) == faults
    if not line.startswith(("≈ 0.4", "≈ -0.8", "≈ 0.004")):
        assert not faults_of_bounds(f"✓ it: {line}\n", "# Only the sign counts: …")


@lessons
def test_figures_are_stored_small_and_described(path):
    for cell in cells(path, "code"):
        images = [output for output in cell.outputs if any("image/" in form for form in output.get("data", {}))]
        if re.search(r"^plots\.(?!table)", cell.source, re.MULTILINE):
            assert images, cell.id
        for output in images:
            (form,) = (form for form in output.data if "image/" in form)
            assert len(output.data[form]) * 3 / 4 <= 61_000, cell.id
            assert len(output.metadata[form].alt) >= 20, cell.id


def test_all_notebooks_are_small():
    root = NOTEBOOKS.parent
    built = [*NOTEBOOKS.glob("*.ipynb"), *(root / "exercises").rglob("*.ipynb")]
    assert sum(path.stat().st_size for path in built) <= 12e6


def test_nbval_notices_a_changed_output(tmp_path):
    """On one cell that needs no other: what is compared is real."""
    notebook = nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)
    wanted = [
        cell for cell in notebook.cells if "Settings(size=8" in cell.source or cell.source.startswith("import nstlib")
    ]
    opening, mistake = wanted
    opening.source = "\n".join(line for line in opening.source.splitlines() if "result" not in line)
    notebook.cells = wanted
    mistake.outputs[0].text = mistake.outputs[0].text.replace("16", "32")
    nbformat.write(notebook, tmp_path / "copy.ipynb")
    run = nbval(tmp_path / "copy.ipynb")
    assert run.returncode == 1
    assert "1 failed, 1 passed" in run.stdout and "Cell outputs differ" in run.stdout
