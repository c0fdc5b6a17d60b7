"""Reading notebooks: which cells count for an answer, and every oddity that a file of a class has had."""

import ast
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nstlib.grading.sandbox import notebook as reader
from nstlib.grading.sandbox import texts
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


def check(question="ex02.gram", name="gram_matrix"):
    metadata = {"tags": [f"q:{question}"], "nst": {"check": question}}
    return {"cell_type": "code", "source": f"{question}.check({name})", "metadata": metadata}


def stop(*cells):
    found = gram(*cells)
    assert found["status"] == "found", found
    return found["stop"], found["source"], found["warnings"]


# Which cells count


def test_the_cells_until_the_check_count():
    assert stop(code(ANSWER, "ex02.gram"), check(), "after()") == (1, ANSWER, [])
    assert read(ANSWER)["found"]["ex01.unroll"]["status"] == "missing"


def test_a_check_is_found_without_its_mark_and_a_comment_is_none():
    assert stop(ANSWER, "ex02.gram.check(gram_matrix)", "x = 1") == (1, ANSWER, [])
    assert stop(ANSWER, "x = 1\nchecks.ex02.gram.check(gram_matrix);", "x = 1")[0] == 1
    assert stop(ANSWER, "# ex02.gram.check(gram_matrix)", "x = 1") == (2, ANSWER, ["no_check"])


def test_of_several_checks_the_last_that_is_marked_counts():
    assert stop(ANSWER, check(), "x = 1", check(), "ex02.gram.check(gram_matrix)")[0] == 3


def ran(cell, text=None, error=False):
    """A cell as it is saved after a run that showed this text, or raised."""
    shown = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": 1}
    outputs = [{"output_type": "error", "ename": "E"}] if error else [shown] if text else []
    return (code(cell) if isinstance(cell, str) else cell) | {"execution_count": 1, "outputs": outputs}


RIGHT, WRONG = "✓ ex02.gram — correct    8 of 8 points", "✗ ex02.gram — not yet    0 of 8 points"


def test_of_several_checks_the_last_of_which_the_output_says_right_counts():
    again = "ex02.gram.check(gram_matrix)"
    assert stop(ANSWER, ran(check(), WRONG), ANSWER, ran(again, RIGHT)) == (3, ANSWER, ["check_said_right"])
    assert stop(ANSWER, ran(check(), RIGHT), ANSWER, ran(again, WRONG)) == (1, ANSWER, ["check_said_right"])
    assert stop(ANSWER, check(), ANSWER, again) == (1, ANSWER, ["checked_again"])


def test_what_the_stored_output_of_a_check_says_is_read_in_any_form():
    for outputs in (
        [{"output_type": "stream", "name": "stdout", "text": [f"{RIGHT}\n", "more"]}],
        [{"output_type": "display_data", "data": {"text/plain": [WRONG, "\n", RIGHT]}}],
    ):
        assert stop(ANSWER, check() | {"outputs": outputs})[2] == ["check_said_right"]
    for outputs in ([{"output_type": "stream", "text": WRONG}], [5], {"a": 1}, [{"data": {"text/plain": 7}}], None):
        assert stop(ANSWER, check() | {"outputs": outputs})[2] == []


def test_cells_that_ran_without_an_error_are_known():
    assert read(ran("a"), "b", ran("c", error=True), ran("d", "x"))["clean"] == [0, 3]


def test_what_a_check_was_given_is_shown_beside_the_function():
    given = "ex02.gram.check(best)"
    assert stop(ANSWER, check() | {"source": given})[1] == f"{ANSWER}\n\n{given}"


def test_a_cell_that_no_debugging_needs_is_flagged_wherever_it_stands():
    assert stop("import gc", ANSWER, check())[2] == ["suspicious"]
    assert stop("import os, tempfile", ANSWER, check())[2] == []


def test_without_a_check_all_cells_count():
    assert stop(ANSWER, "x = 1", "y = 2") == (2, ANSWER, ["no_check"])


def test_an_answer_below_its_check_is_taken_from_the_end():
    stub = 'def gram_matrix(features):\n    """G, (N, N)."""\n    raise NotImplementedError("write me")'
    assert stop(code(stub, "ex02.gram"), check(), ANSWER, "x = 1") == (3, ANSWER, ["after_check", "metadata"])
    assert stop(code(stub, "ex02.gram"), check(), "x = 1")[:2] == (1, stub)


def test_the_marked_cell_is_shown_even_where_another_stands_below_it():
    other = ANSWER.replace("F.T", "F.T / 2")
    assert stop(code(ANSWER, "ex02.gram"), other, check())[1:] == (ANSWER, [])
    assert stop(ANSWER, code("# see above", "ex02.gram"), check())[1:] == (ANSWER, ["metadata"])


@pytest.mark.parametrize(
    "text",
    [
        "for n in range(2):\n    def gram_matrix(F): return F",
        "with x:\n    gram_matrix = f",
        "print(gram_matrix := f)",
        "try:\n    from a import gram_matrix\nexcept ImportError: pass",
        "class gram_matrix: pass",
        "  def gram_matrix(F):\n      return F",
        ">>> def gram_matrix(F):\n...     return F",
        "%%time\ndef gram_matrix(F): return F",
        "%matplotlib inline\n!pip install x \\\n  y\npip install z\nfiles = !ls\nhelp?\ndef gram_matrix(F): return F",
        "exec('gram_' + 'matrix = 1')  # gram_matrix",
    ],
)
def test_whatever_may_give_the_name_a_value_is_an_answer_to_run(text):
    assert gram(text)["status"] == "found"


def test_cells_arrive_as_python():
    cells = read("%time x = 1", "  y = 1\n  z = 2", "not python (", "files = !ls")["cells"]
    assert cells == ["get_ipython().run_line_magic('time', 'x = 1')\n", "y = 1\nz = 2\n", "", cells[3]]
    assert "getoutput" in cells[3]


def test_a_notebook_answers_its_own_exercise_alone():
    helper = "def gram_matrix(F): return F @ F.T / F.shape[1]"
    own = [helper, code("def layer_style_cost(x, s): ...", "ex03.layer_cost"), check("ex03.layer_cost")]
    assert gram(*own)["status"] == "missing"
    assert gram(helper, "ex03.layer_cost.check(f)")["status"] == "missing"
    assert gram("from nstlib.checks import ex03, ex04", helper)["status"] == "missing"
    assert gram(code(helper, "ex03.layer_cost"))["status"] == "missing"
    assert gram(code(ANSWER, "ex02.gram"), *own[1:])["status"] == "missing"  # copied from another notebook
    assert gram(ANSWER, "from nstlib.checks import ex02, ex03")["status"] == "found"
    assert gram(*own, check())["status"] == "found"


def test_a_marked_cell_that_is_text_now_is_named():
    text = {"cell_type": "markdown", "source": ANSWER, "metadata": {"tags": ["q:ex02.gram"]}}
    found = read(text)
    assert (found["found"]["ex02.gram"]["status"], found["warnings"]) == ("missing", ["not_code"])


@pytest.mark.parametrize(
    ("body", "flagged"),
    [
        ("import gc", True),
        ("from os import path", True),
        ("open('x')", True),
        ("F._data", True),
        ("F.__dict__", True),
        ("super().__init__()", False),
        ("torch.__version__", False),
        ("self._factor = 4", False),
        ("F.sum()", False),
    ],
)
def test_an_answer_that_names_what_no_answer_needs_is_to_be_read(body, flagged):
    found = gram(f"def gram_matrix(F):\n    {body}\n    return F", check())
    assert found["warnings"] == (["suspicious"] if flagged else [])


def test_a_cell_that_is_no_python_costs_its_own_questions_alone():
    broken = code("def unroll(features:\n    return", "ex01.unroll")
    found = read(broken, code(ANSWER, "ex02.gram"))["found"]
    assert "no_python" in found["ex01.unroll"]["warnings"] and "no_python" not in found["ex02.gram"]["warnings"]
    assert "no_python" in gram("x = (", "  def gram_matrix(F:")["warnings"]


@pytest.mark.parametrize("text", ["def gram_matrix(F): return '\0'", "gram_matrix = '\ud800'\ndef gram_matrix(F):"])
def test_text_that_nothing_can_write_down_is_no_python(text):
    assert "no_python" in gram(code(text, "ex02.gram"))["warnings"]


@pytest.mark.parametrize("depth", ["-" * 100_000 + "1", "[" * 5000 + "]" * 5000, "+".join("1" * 50_000)])
def test_what_breaks_parsers_is_a_cell_that_is_no_python_or_one_that_nobody_needs(depth):
    found = read(f"x = {depth}", ANSWER)["found"]["ex02.gram"]
    assert found["status"] == "found"


def test_more_code_than_a_notebook_may_have_is_not_sent():
    found = reader.read(notebook(ANSWER, *["x = 1"] * 50), ASKED, Limits(source=200))
    assert found["found"]["ex02.gram"]["status"] == "too_long" and found["cells"] == []


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
    assert found["warnings"] == ["upgraded"] and found["cells"][0] == ANSWER


# Anything at all


def said(found):
    assert set(found) == {"warnings", "reject", "cells", "clean", "found"}
    assert set(found["clean"]) <= set(range(len(found["cells"])))
    words = {*found["warnings"], *({found["reject"]} - {None})}
    for each in found["found"].values():
        words |= {each["status"], *each["warnings"]}
        assert 0 <= each["stop"] <= max(0, len(found["cells"]) - 1)
    for text in found["cells"]:
        compile(text, "", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
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


# Answers that a person reads

ESSAY = {"ex02.gram": "gram_matrix", "ex02.essay": ""}


def markdown(source, tag=""):
    return {"cell_type": "markdown", "source": source, "metadata": {"tags": [f"q:{tag}"]} if tag else {}}


def essay(*cells):
    read = reader.read(notebook(*cells), ESSAY)
    assert "not_code" not in read["warnings"]
    return read["found"]["ex02.essay"]


def test_a_marked_cell_is_the_answer_that_a_person_reads_with_those_below_it_to_a_heading():
    found = essay(
        code(ANSWER, "ex02.gram"),
        markdown("Why? Write below.", "ex02.essay"),
        markdown("Sums forget places."),
        code("# a comment, no heading\n1 + 1"),
        markdown("## Next"),
        markdown("Not the answer."),
    )
    assert (found["status"], found["stop"]) == ("by hand", 0)
    assert found["source"] == "Why? Write below.\n\nSums forget places.\n\n# a comment, no heading\n1 + 1"


def test_a_code_cell_may_be_such_an_answer_and_another_mark_ends_it():
    found = essay(code("x = 3", "ex02.essay"), code(ANSWER, "ex02.gram"), check(), markdown("more", "ex02.essay"))
    assert found["source"] == "x = 3\n\nmore"


@pytest.mark.parametrize("cells", [(), (markdown(" ", "ex02.essay"),)])
def test_where_the_marked_cell_is_gone_or_empty_a_person_looks(cells):
    assert essay(code(ANSWER, "ex02.gram"), check(), *cells)["status"] == "no cell"
    assert essay(ANSWER, *cells)["status"] == "no cell"


def test_a_notebook_of_another_exercise_does_not_answer_it():
    assert essay("from nstlib.checks import ex03\nx = 1")["status"] == "missing"
    assert essay(markdown("hello"))["status"] == "missing"


def test_a_long_text_is_cut_and_says_by_how_much():
    found = essay(markdown("x" * 300_000, "ex02.essay"))
    assert (len(found["source"]), found["cut"]) == (texts.LONGEST, 300_000 - texts.LONGEST)
    assert essay(markdown("x" * texts.LONGEST, "ex02.essay"))["cut"] == 0


BASE64 = "iVBORw0KGgo" * 20_000
LINES = "\n".join(["iVBORw0KGgo" * 6] * 3000)


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (f"![plot](data:image/png;base64,{BASE64}==)", "![plot]([picture])"),
        (f'<img src="data:image/jpeg;base64,{LINES}=">', '<img src="[picture]">'),
        (f"data:image/svg+xml;charset=utf-8;base64,{BASE64}\n", "[picture]\n"),
        (f"DATA:image/svg+xml,%3Csvg%20{BASE64}", "[picture]"),
        (f"[report](data:application/pdf;base64,{BASE64})", "[report]([file])"),
        ("![plot](attachment:plot%20a.png)", "![plot]([picture])"),
    ],
    ids=["markdown", "html", "bare", "percent", "pdf", "attachment"],
)
def test_a_pasted_picture_hides_no_words(before, shown):
    found = essay(markdown(f"See {before} and\nwords below.", "ex02.essay"))
    assert found["source"] == f"See {shown} and\nwords below." and found["cut"] == 0


@pytest.mark.parametrize("text", ["The data: images, base64, and so on.", "an attachment: see below", "data:image/png"])
def test_words_about_pictures_are_no_pictures(text):
    assert essay(markdown(text, "ex02.essay"))["source"] == text


def digest(*cells):
    return essay(*cells)["digest"]


def test_whatever_changes_in_an_answer_changes_its_digest():
    def pasted(picture):
        attached = {"a.png": {"image/png": picture}}
        return markdown("![a](attachment:a.png)", "ex02.essay") | {"attachments": attached}

    different = [
        digest(markdown("x" * 300_000, "ex02.essay")),
        digest(markdown("x" * 299_999 + "y", "ex02.essay")),
        digest(markdown(f"![](data:image/png;base64,{BASE64})", "ex02.essay")),
        digest(markdown(f"![](data:image/png;base64,{BASE64[1:]})", "ex02.essay")),
        digest(pasted("AAAA")),
        digest(pasted("AAAB")),
    ]
    assert len(set(different)) == len(different)
    assert digest(pasted(["AA", "AA"])) == digest(pasted("AAAA"))


def test_the_digest_of_words_alone_is_that_of_the_text_so_that_marks_given_before_are_found():
    found = essay(markdown("Sums forget places.", "ex02.essay"), markdown("Yes."))
    assert found["digest"] == hashlib.sha256(b"Sums forget places.\n\nYes.").hexdigest()


@pytest.mark.parametrize(
    "attachments", [[], 5, {"a": 5}, {"a": {"image/png": 5}}, {"a": {"b": [5, "x"]}}, {"\ud800": {}}]
)
def test_odd_attachments_are_read_past(attachments):
    assert essay(markdown("Words.", "ex02.essay") | {"attachments": attachments})["source"] == "Words."
