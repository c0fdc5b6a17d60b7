"""Pages made of templates: whatever a template prints is escaped and visible, without its asking for it."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError, UndefinedError, nodes

from nstlib.grading.escaping import printable
from nstlib.grading.records.outcomes import OUTCOMES
from nstlib.grading.reports import page
from tests.grading.pages import EVIL, read

TEMPLATES = sorted((Path(page.__file__).parent / "templates").glob("*.html"))
TEXT = st.text(st.characters(codec=None) | st.sampled_from("<>&'\"`/"))
EVERYWHERE = (  # text of a page, its title, attributes, each macro, several lines
    '{% extends "page.html" %}{% import "macros.html" as m %}{% block body %}'
    '<p class="soft" aria-label="{{ text }}">{{ text }}</p>{{ m.paragraphs([text]) }}{{ m.breakable(text) }}'
    "{% call m.wide(text) %}<tbody><tr><td>{{ m.marked(text) }}</td></tr></tbody>{% endcall %}"
    "{% call(entry) m.long_list([text] * 20) %}{{ entry }}{% endcall %}"
    "{{ m.folded(text, text) }}{{ m.sign(text) }}{% endblock %}"
)


def written(source, **values):
    return page.environment().from_string(source).render(values)


def a_page(body="", title="t"):
    return written(
        f'{{% extends "page.html" %}}{{% block body %}}{body}{{% endblock %}}', title=title, maker="nst grade"
    )


# What every page has


def test_a_page_has_a_policy_a_language_a_title_and_no_referrer():
    whole = a_page("<h1>Grades</h1>", "Grades")
    metas = read(whole).metas
    assert {"name": "referrer", "content": "no-referrer"} in metas and {"charset": "utf-8"} in metas
    assert '<html lang="en">' in whole and "<title>Grades</title>" in whole and page.made_by("nst grade") in whole


# What comes from outside


@pytest.mark.parametrize("text", EVIL)
def test_75_77_no_text_becomes_markup_wherever_it_stands(text):
    parsed = read(written(EVERYWHERE, text=text, title=text, maker=text))
    assert printable(text) in parsed.text and printable(text, lines=True) in parsed.text


@given(TEXT)
def test_75_77_nor_does_any_other(text):
    parsed = read(written(EVERYWHERE, text=text, title=text, maker=text))
    assert printable(text) in parsed.text and printable(text, lines=True) in parsed.text


@given(TEXT)
def test_75_77_a_text_in_an_attribute_is_a_value_and_nothing_else(text):
    metas = read(written(EVERYWHERE, text="", title="", maker=text)).metas
    (meta,) = [meta for meta in metas if meta.get("name") == "generator"]
    assert meta["content"] == printable(text)


@pytest.mark.parametrize(
    "body", ["{{ text }}", '<a title="{{ text }}">', "{{ [text][0] }}", "{% set x = text %}{{ x }}"]
)
def test_77_what_a_template_prints_is_made_visible_unasked(body):
    assert "a\\x1bb\\u202e\\x0a&lt;" in written(body, text="a\x1bb\u202e\n<")


def test_only_code_keeps_its_line_breaks():
    assert written("{{ text | code }}", text="a\n\tb\x1b<") == "a\n\tb\\x1b&lt;"
    assert written("{{ text | code(3) }}", text="<b>\n") == "&lt;b&gt; … (1 more characters)"


@pytest.mark.parametrize("name", ["safe", "escape", "e", "forceescape", "xmlattr", "tojson", "replace", "urlize"])
def test_no_filter_lets_text_through_as_it_is(name):
    with pytest.raises(TemplateSyntaxError, match="No filter named"):
        written(f"{{{{ text | {name} }}}}", text="<b>")


def test_a_name_that_is_not_given_is_an_error():
    with pytest.raises(UndefinedError, match="forgotten"):
        written("{{ forgotten }}")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_goes_around_it(path):
    source = path.read_text("utf-8")
    tree = page.environment().parse(source)
    joined = (nodes.Concat, nodes.ScopedEvalContextModifier, nodes.EvalContextModifier, nodes.MarkSafe)
    assert not list(tree.find_all(joined))  # `~` takes text into markup unseen; the others switch escaping off
    assert not re.search(r"=\s*\{\{", source), "the value of an attribute stands in quotes"


# Macros


def test_what_stands_between_backticks_is_code_where_they_come_in_pairs():
    marked = page.macro("marked")
    assert marked("take `x < y` here") == "take <code>x &lt; y</code> here"
    assert marked("one ` alone <") == "one ` alone &lt;"


@pytest.mark.parametrize("outcome", [*OUTCOMES, "<b>", None, 3])
def test_a_sign_is_for_the_eye_and_its_label_for_everybody(outcome):
    sign = page.macro("sign")
    for small in (False, True):
        html = sign(outcome, small=small)
        assert 'aria-hidden="true"' in html and read(a_page(html)).text.strip()
    assert 'class="away"' in sign(outcome, small=True) and 'class="away"' not in sign(outcome)


def test_a_wide_table_scrolls_in_a_box_that_has_a_name_and_can_be_reached_by_the_keyboard():
    call = '{% import "macros.html" as m %}{% call m.wide(label) %}<tr><td>1</td></tr>{% endcall %}'
    html = written(call, label='All "questions"')
    assert 'role="region"' in html and 'tabindex="0"' in html and 'aria-label="All &#34;questions&#34;"' in html
    assert "<caption" in html


def test_a_long_list_is_folded_and_loses_nothing():
    call = '{% import "macros.html" as m %}{% call(n) m.long_list(entries) %}{{ n }}{% endcall %}'
    for count, folded in ((0, False), (11, False), (12, True)):
        html = written(call, entries=list(range(count)))
        assert re.findall(r"<li>(\d+)</li>", html) == [str(n) for n in range(count)]
        assert ("<summary>2 more</summary>" in html) is folded


def test_a_name_may_break_where_its_words_end():
    assert page.macro("breakable")("ex01.content_cost") == "ex01.<wbr>content_<wbr>cost"


def test_a_share_is_a_bar_and_words_and_a_hundred_is_all():
    share = page.macro("share")
    assert "width: 50%" in share(1, 2) and "1 of 2 (50 %)" in share(1, 2)
    assert "(99 %)" in share(999, 1000) and "(100 %)" in share(3, 3) and "–" in share(0, 0)


# Templates in the wheel and at the start


def test_templates_styles_and_the_course_are_in_the_wheel(tmp_path):
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    files = [file for end in ("html", "css", "js") for file in (root / "nstlib").rglob(f"*.{end}")]
    with zipfile.ZipFile(wheel) as archive:
        assert {file.relative_to(root).as_posix() for file in (*TEMPLATES, *files)} <= set(archive.namelist())
        assert archive.read("nstlib/course.toml") == (root / "course.toml").read_bytes()  # read for links to the book
    assert len(TEMPLATES) > 3 and len(files) > len(TEMPLATES)


def test_templates_load_only_when_a_page_is_written():
    code = "import sys, nstlib.cli, nstlib.grading.commands, nstlib.grading.reports.lms; print('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
