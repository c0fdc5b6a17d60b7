"""Reading notebooks: what an answer reaches, by tag and by name, and every oddity that a file of a class has had."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib.grading.sandbox import notebook as reader
from nstlib.grading.sandbox.limits import Limits

ASKED = {"ex02.gram": "gram_matrix", "ex01.unroll": "unroll"}
ANSWER = "def gram_matrix(features):\n    F = features.flatten(1)\n    return F @ F.T"
WORDS = {*reader.STATUSES, *reader.WARNINGS, *reader.REJECTIONS}


def code(source, tag="", **more):
    metadata = {"tags": [f"q:{tag}"], "nst": {"question": tag}} if tag else {}
    return {"cell_type": "code", "source": source, "metadata": metadata} | more


def notebook(*cells, **more):
    cells = [code(each) if isinstance(each, str) else each for each in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | more).encode()


def read(*cells, **more):
    return reader.read(notebook(*cells, **more), ASKED)


def gram(*cells):
    return read(*cells)["found"]["ex02.gram"]


def source(*cells):
    found = gram(*cells)
    assert found["status"] == "found", found
    return found["source"].strip()


# What is taken


def test_an_answer_is_found_by_its_name_and_by_its_tag():
    assert source(ANSWER) == ANSWER == source(code(ANSWER, "ex02.gram"))
    assert read(ANSWER)["found"]["ex01.unroll"]["status"] == "missing"


def test_only_what_the_function_reaches_is_taken_in_the_notebooks_order():
    cells = [
        "import torch, seaborn\nfrom math import pi, sqrt\nimport numpy as np",
        "EPS = 1e-8\nOTHER = train()\nlarge = sqrt(pi)",
        "def unroll(features):\n    return torch.flatten(features, 1) + EPS",
        "picture = stylize(photo)\nprint('done')\nfor step in range(10**9): pass",
        "def gram_matrix(features):\n    F = unroll(features)\n    return F @ F.T",
    ]
    assert source(*cells) == "\n\n".join(["import torch", "EPS = 1e-8", cells[2], cells[4]])


def test_statements_on_one_line_are_taken_apart():
    assert source("a = 2; b = train()", "def gram_matrix(F): return a * F @ F.T") == (
        "a = 2\n\ndef gram_matrix(F): return a * F @ F.T"
    )


@pytest.mark.parametrize(
    ("before", "taken"),
    [
        ("import torch\nimport torch.nn.functional", True),
        ("from torch import *", True),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None", True),
        ("if True:\n    torch = __import__('torch')", True),
        ("torch = {}\ntorch['a'] = 1\ntorch.b = 2\ntorch |= {}", True),
        ("with open('x') as torch: pass", False),
        ("for torch in range(3): pass", False),
    ],
)
def test_whatever_makes_a_name_what_it_is_is_taken_but_no_loop(before, taken):
    answer = "def gram_matrix(F):\n    return torch.mm(F, F.T)"
    assert source(before, answer) == ("\n\n".join([*_each(before), answer]) if taken else answer)


def _each(before):
    return [before] if before.startswith(("try", "if")) else before.split("\n")


def test_a_decorator_and_a_comment_within_are_kept():
    text = "@torch.no_grad()\ndef gram_matrix(F):\n    # rows times rows\n    return F @ F.T"
    assert source("import torch", text) == f"import torch\n\n{text}"


def test_a_name_that_is_made_of_itself_is_taken_with_what_it_was():
    wrapped = "gram_matrix = torch.jit.script(gram_matrix)"
    found = gram("import torch", ANSWER, wrapped)
    assert found["source"].strip() == f"import torch\n\n{ANSWER}\n\n{wrapped}" and found["warnings"] == []


def test_a_lambda_is_an_answer_and_a_function_may_call_itself():
    assert source("gram_matrix = lambda F: F @ F.T") == "gram_matrix = lambda F: F @ F.T"
    again = "def gram_matrix(F):\n    return gram_matrix(F[0]) if F.ndim > 2 else F @ F.T"
    assert source(again) == again


def test_imports_of_the_future_come_first():
    assert source(ANSWER, "from __future__ import annotations").startswith("from __future__ import annotations\n\ndef")


def test_the_last_of_two_versions_counts_unless_one_is_in_the_marked_cell():
    other = ANSWER.replace("F.T", "F.T / 2")
    found = gram(ANSWER, other)
    assert (found["source"].strip(), found["warnings"]) == (other, ["duplicate"])
    found = gram(code(ANSWER, "ex02.gram"), other)
    assert (found["source"].strip(), found["warnings"]) == (ANSWER, ["duplicate"])
    assert gram(ANSWER, ANSWER + "  # the same")["warnings"] == []


def test_an_answer_beside_the_stub_in_the_marked_cell_counts():
    stub = 'def gram_matrix(features):\n    """G, (N, N)."""\n    raise NotImplementedError("write me")'
    for cells in ((code(stub, "ex02.gram"), ANSWER), (ANSWER, code(stub, "ex02.gram"))):
        found = gram(*cells)
        assert (found["source"].strip(), found["warnings"]) == (ANSWER, [])
    assert gram(code(stub, "ex02.gram"))["source"].strip() == stub


def test_a_functions_own_names_are_not_looked_up_in_other_cells():
    answer = (
        "def gram_matrix(features, eps=EPS):\n    F = features.flatten(1)\n    return F @ F.T / len([x for x in F])"
    )
    others = ["features = torch.load('feat.pt')", "F = train()", "x = train()", "EPS = 1"]
    assert source(*others, answer) == f"EPS = 1\n\n{answer}"


def test_a_condition_adds_to_what_was_there_before():
    cells = ["device = 'cpu'", "if cuda():\n    device = 'cuda'\n    train()", "def cuda(): return False"]
    answer = "def gram_matrix(F):\n    return F.to(device)"
    taken = "if cuda():\n    device = 'cuda'\n    pass"
    assert source(cells[2], *cells[:2], answer) == "\n\n".join([cells[2], cells[0], taken, answer])


def test_what_a_statement_reads_is_what_was_there_when_it_ran():
    cells = ["def scale(F): return F", "_plain = scale", "def scale(F):\n    return _plain(F) * 2"]
    answer = "def gram_matrix(F):\n    return scale(F)"
    assert source(*cells, answer) == "\n\n".join([*cells, answer])


@pytest.mark.parametrize(
    "start", ["%%capture\n!pip install torch", "!pip install a \\\n    b \\\n    c", "pip install torch", "%%time"]
)
def test_a_cell_with_magics_keeps_its_imports(start):
    answer = "def gram_matrix(F):\n    return torch.mm(F, F.T)"
    assert source(f"{start}\nimport torch", answer) == f"import torch\n\n{answer}"


def test_imports_of_everything_are_taken_only_where_a_name_is_missing():
    assert source("from missing import *", ANSWER) == ANSWER
    answer = "def gram_matrix(F):\n    return einsum('ki,li->kl', F, F)"
    assert source("from torch import *", answer) == f"from torch import *\n\n{answer}"


def test_signs_that_end_lines_elsewhere_do_not_cut_an_answer():
    text = "def gram_matrix(F):\n    a = '\u2028\x0c\x85'\n    return F @ F.T"
    assert source(text) == text


@pytest.mark.parametrize(
    "change", ["for n in range(3): layers.append(n)", "layers.append(1)", "with x as layers: pass", "del layers[0]"]
)
def test_changes_that_are_not_run_are_named(change):
    found = gram("layers = []", change, "def gram_matrix(F):\n    return layers")
    assert (found["source"].startswith("layers = []"), found["warnings"]) == (True, ["left_out"])
    assert gram("other = []", change.replace("layers", "other"), ANSWER)["warnings"] == []


def test_what_runs_in_the_notebook_alone_is_its_main():
    cells = ["if __name__ == '__main__':\n    EPS = 2", "def gram_matrix(F):\n    return F * EPS"]
    assert source(*cells) == "\n\n".join(cells)


def test_a_function_that_moved_away_from_its_cell_is_found_and_named():
    found = gram(code("# below", "ex02.gram"), ANSWER)
    assert (found["source"].strip(), found["warnings"]) == (ANSWER, ["metadata"])


def test_the_cell_of_the_check_is_not_taken_for_the_answers():
    check = {
        "cell_type": "code",
        "source": "ex02.gram.check(f)",
        "metadata": {"tags": ["q:ex02.gram"], "nst": {"check": 1}},
    }
    assert gram(check, ANSWER)["warnings"] == []


def test_a_marked_cell_that_is_text_now_is_named():
    text = {"cell_type": "markdown", "source": ANSWER, "metadata": {"tags": ["q:ex02.gram"]}}
    assert gram(text) == {"status": "missing", "source": "", "warnings": ["not_code"]}


def test_magics_are_left_out_and_named_where_the_answer_is_in_their_cell():
    found = gram(f"%matplotlib inline\n!pip install x\nfiles = !ls\nhelp?\n{ANSWER}")
    assert (found["source"].strip(), found["warnings"]) == (ANSWER, ["magics"])
    assert gram(f"%%time\n{ANSWER}")["source"].strip() == ANSWER
    assert gram(f"%%bash\n{ANSWER}")["status"] == "missing"
    assert gram("%pip install seaborn", ANSWER)["warnings"] == []
    assert source("def gram_matrix(F):\n    return F %2") == "def gram_matrix(F):\n    return F %2"


@pytest.mark.parametrize(
    ("body", "flagged"),
    [
        ("import gc", True),
        ("from os import path", True),
        ("open('x')", True),
        ("F.__class__", True),
        ("F.sum()", False),
    ],
)
def test_an_answer_that_names_what_no_answer_needs_is_to_be_read(body, flagged):
    assert gram(f"def gram_matrix(F):\n    {body}\n    return F")["warnings"] == (["suspicious"] if flagged else [])


def test_a_cell_that_is_no_python_costs_its_own_questions_alone():
    broken = code("def unroll(features:\n    return", "ex01.unroll")
    found = read(broken, ANSWER)["found"]
    assert (found["ex01.unroll"]["status"], found["ex02.gram"]["status"]) == ("syntax", "found")
    assert gram("x = (", "  def gram_matrix(F:")["status"] == "syntax"


@pytest.mark.parametrize("text", ["def gram_matrix(F): return '\0'", "gram_matrix = '\ud800'\ndef gram_matrix(F):"])
def test_text_that_nothing_can_write_down_is_no_python(text):
    assert gram(code(text, "ex02.gram"))["status"] == "syntax"


@pytest.mark.parametrize("depth", ["-" * 100_000 + "1", "[" * 5000 + "]" * 5000, "+".join("1" * 50_000)])
def test_what_breaks_parsers_is_a_cell_that_is_no_python_or_one_that_nobody_needs(depth):
    found = read(f"x = {depth}", ANSWER)["found"]["ex02.gram"]
    assert found["status"] == "found"


def test_an_answer_longer_than_an_answer_may_be_is_not_sent():
    limits = Limits(source=200)
    pieces = [f"a{n} = {n}" for n in range(50)]
    answer = "def gram_matrix(F):\n    return " + "+".join(f"a{n}" for n in range(20))
    found = reader.read(notebook(*pieces, answer), ASKED, limits)["found"]["ex02.gram"]
    assert found == {"status": "too_long", "source": "", "warnings": []}


# Files


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"\xff\xfe{\x00}\x00", "encoding"),
        ('{"a": "é"}'.encode("latin-1"), "encoding"),
        (b"<!DOCTYPE html><title>Log in</title>", "html"),
        (b"import torch\n\ndef f(): pass\n", "python"),
        (b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n]}', "merge"),
        (notebook(ANSWER)[:-20], "truncated"),
        (notebook("é" * 10)[:-1], "truncated"),
        (b"{]}", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "not_notebook"),
        (b'{"cells": []}', "not_notebook"),
        (notebook(nbformat="4"), "not_notebook"),
        (notebook(nbformat=True), "not_notebook"),
        (notebook(cells={}), "not_notebook"),
        (notebook(nbformat=2), "version"),
        (notebook(nbformat=5), "version"),
        (notebook(*["1"] * 2001), "too_many_cells"),
    ],
)
def test_what_is_no_notebook_is_rejected_with_its_reason(data, reason):
    found = reader.read(data, ASKED)
    assert (found["reject"], found["found"]) == (reason, {})


def test_a_file_larger_than_a_notebook_may_be_is_not_read():
    assert reader.read(notebook(ANSWER), ASKED, Limits(notebook=10))["reject"] == "too_large"


def test_oddities_that_do_no_harm_are_named():
    assert reader.read(b"\xef\xbb\xbf" + notebook(ANSWER), ASKED)["warnings"] == ["bom"]
    assert read(ANSWER, metadata={"kernelspec": {"language": "R"}})["warnings"] == ["kernel"]
    odd = [None, 5, {}, {"cell_type": "code", "source": 5}, {"cell_type": 1, "source": ""}, code(["a", 1])]
    found = reader.read(notebook(*odd, ANSWER), ASKED)
    assert (found["warnings"], found["found"]["ex02.gram"]["status"]) == (["bad_cell"], "found")
    twice = notebook(ANSWER).replace(b'"nbformat": 4', b'"nbformat": 3, "nbformat": 4')
    assert reader.read(twice, ASKED)["warnings"] == ["duplicate_key"]
    huge = notebook(ANSWER).replace(b'"nbformat_minor": 5', b'"nbformat_minor": ' + b"9" * 5000)
    assert reader.read(huge, ASKED)["found"]["ex02.gram"]["status"] == "found"
    assert reader.read(notebook(ANSWER, metadata={"x": float("nan")}), ASKED)["reject"] is None


def test_version_3_is_read():
    sheet = {"cells": [{"cell_type": "code", "input": ANSWER.splitlines(keepends=True), "metadata": {}}]}
    found = reader.read(json.dumps({"nbformat": 3, "worksheets": [sheet, None, {"cells": 1}]}).encode(), ASKED)
    assert found["warnings"] == ["upgraded"] and found["found"]["ex02.gram"]["source"].strip() == ANSWER


# Anything at all


def said(found):
    assert set(found) == {"warnings", "reject", "found"}
    words = {*found["warnings"], *({found["reject"]} - {None})}
    for each in found["found"].values():
        words |= {each["status"], *each["warnings"]}
        assert bool(each["source"]) == (each["status"] == "found")
        compile(each["source"], "", "exec")
    assert words <= WORDS
    return found


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_reading(data):
    said(reader.read(data, ASKED))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = ["nbformat", "cells", "worksheets", "metadata", "cell_type", "source", "input", "tags", "nst", "question"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5), st.sampled_from([3, 4]), st.data())
def test_any_json_is_a_reading(found, version, data):
    cells = st.lists(JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5), max_size=3)
    text = json.dumps(found | {"nbformat": version, "cells": data.draw(cells)}, ensure_ascii=False)
    said(reader.read(text.encode("utf-8", "surrogatepass"), ASKED))


PIECES = [
    "import torch", "from a import *", "x = 1", "x += y", "def gram_matrix(F):", "    return x + unroll", "  y = x",
    "%magic", "!run", "x = !ls", "a.b = gram_matrix", "unroll = gram_matrix", "unroll: int", "class x: pass", "@x",
    "if x:", "try:", "except: pass", "await x", "x, (y, *z) = 1", "lambda: (yield)", "'''", "\\", "x; y = 1", "\t#",
    "from __future__ import annotations", "match x:", "    case _: y = 1", "del x", "global x", "import a.b as c",
]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=6), max_size=4))
def test_any_cells_are_a_reading_whose_sources_are_python(cells):
    said(read(*("\n".join(each) for each in cells)))
