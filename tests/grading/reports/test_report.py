"""The instructor's page: what needs a look on top, the class by question, and everybody's answers."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.bundle.classroom import Student
from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.escaping import printable
from nstlib.grading.records.gradebook import build
from nstlib.grading.records.outcomes import OUTCOMES
from nstlib.grading.reports import feedback, report, report_students
from nstlib.grading.reports.attention import GROUPS
from nstlib.grading.reports.report import Run
from nstlib.grading.reports.report_students import STATUS
from tests.grading.made_up import DUE, POINTS, a_class, graded_questions, override, question, record, students
from tests.grading.pages import EVIL, read

ASKED = graded_questions()
GRAM = "ex02.gram"
SCRIPT = "report.js"
LAYERS = ("rlimits", "landlock 7", "seccomp")
RUN = Run("Autumn", LAYERS, False, (), {"torch": "2.14.1", "nstlib": "0.1.0"}, "5" * 64)
TEXT = st.text(st.characters(codec=None) | st.sampled_from("<>&'\"`/"), max_size=200)


def rows(*records, roster=(), overrides=()):
    return build(records, roster, overrides, Policy({"": DUE}, per_day=Decimal(10)), POINTS)


def class_rows():
    records, roster, overrides = a_class()
    return rows(*records, roster=roster, overrides=overrides)


def html(*records, run=RUN, **more):
    return report.html(rows(*records, **more), ASKED, run)


def page_text(*records, **more):
    return read(html(*records, **more), SCRIPT).text


def student(*records, **more):
    """Return the page of the only student."""
    (row,) = rows(*records, **more)
    return report_students.html(row, ASKED, "Autumn")


def student_text(*records, **more):
    return read(student(*records, **more)).text


def test_a_bonus_has_a_column_and_is_named_where_points_are():
    asked = ASKED | {GRAM: replace(ASKED[GRAM], bonus=True)}
    policy = Policy({"": DUE}, per_day=Decimal(10))
    both = build([record("anna"), record("ben", 30)], [], [], policy, POINTS, bonus=[GRAM])
    text = read(report.html(both, asked, RUN), SCRIPT).text
    assert "Mean, of 10 and 8 bonus" in text and "+ 8 bonus" in re.sub(r"\s+", " ", text)
    assert re.search(r"Override\s+Bonus\s", text) and re.search(r"\b6\.4\b", text)
    page = read(report_students.html(both[1], asked, "Autumn")).text
    assert "8 of 10 points, bonus 6.4 of 8: 14.4 in all" in page and "8 of 8 bonus points" in page
    assert "onus" not in page_text(record("anna")) + student_text(record("anna"))


def of(outcome, **more):
    return record("anna", questions={GRAM: question(outcome, **more)})


# Whole pages


def test_the_sections_come_in_their_order():
    whole = report.html(class_rows(), ASKED, replace(RUN, weak=True))
    titles = re.findall(r"<h2>(.*?)</h2>", whole)
    assert titles == ["The sandbox was weak", "Needs your attention", "Questions", "Students", "This run"]
    groups = re.findall(r"<h3>(.*?) \(\d+\)</h3>", whole)
    assert groups == [title for title, _ in GROUPS.values()]
    read(whole, SCRIPT)


def test_the_same_records_give_the_same_bytes(tmp_path):
    for name, versions in (("a", RUN.versions), ("b", dict(reversed(RUN.versions.items())))):
        (tmp_path / name).mkdir()
        report.write(tmp_path / name / "report.html", class_rows(), ASKED, replace(RUN, versions=versions))
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.html")}
        for name in "ab"
    )
    assert first == second and len(first) == 1 + len(class_rows())


def test_a_class_without_anybody_is_a_page_too():
    text = page_text()
    assert "Nothing needs your attention." in text and "Mean, of 0" in text


@pytest.mark.parametrize(
    "records, roster, status",
    [
        ([record("anna")], "anna", "graded"),
        ([record("anna", ungraded=[GRAM])], "anna", "ungraded"),
        ([record("anna", questions={}, reject="not_json")], "anna", "rejected"),
        ([], "anna", "no_submission"),
    ],
)
def test_every_status_has_a_row_that_says_so(records, roster, status):
    graded = rows(*records, roster=students(roster))
    assert [row.status for row in graded] == [status]
    whole = report.html(graded, ASKED, RUN)
    line = whole[whole.index("<tbody>\n<tr>") :]
    for text in (line, report_students.html(graded[0], ASKED, "Autumn")):
        assert {name for name, words in STATUS.items() if f">{words}</span>" in text} == {status} - {"graded"}
        assert "Anna" in text
    assert f'href="report/{feedback.file_name(graded[0])}"' in line
    assert f'href="../feedback/{feedback.file_name(graded[0])}"' in text
    read(whole, SCRIPT)
    read(text)


# Banner and figures


@pytest.mark.parametrize("change", [{"weak": True}, {"escapes": ("open a socket",)}, {"layers": ()}])
def test_a_weak_sandbox_is_the_first_that_is_said(change):
    whole = html(record("anna"), run=replace(RUN, **change))
    assert whole.index("The sandbox was weak") < whole.index("<dl")
    text = read(whole, SCRIPT).text
    assert all(escape in text for escape in change.get("escapes", ()))
    assert ("No layer of it was available" in text) is (change == {"layers": ()})


def test_a_sandbox_that_held_needs_no_banner():
    assert "weak" not in page_text(record("anna")) and ", ".join(LAYERS) in page_text(record("anna"))


def test_the_figures_count_everybody_once_and_take_means_of_the_graded_alone():
    records = [record("anna"), record("ben", questions={GRAM: question("not yet")}), record("cleo", ungraded=[GRAM])]
    records += [record("dora", questions={}, reject="empty"), record("finn", questions={GRAM: question()})]
    whole = html(*records, roster=students("anna", "ben", "cleo", "dora", "emil", "finn"))
    figures = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", whole))
    assert [figures[key] for key in ("Students", "Graded", "Not graded yet", "Could not be read")] == list("6311")
    assert (figures["Nothing submitted"], figures["Mean, of 18"], figures["Median, of 18"]) == ("1", "8.67", "8")


# Needs your attention


def test_each_entry_names_student_and_question_and_leads_to_the_answer():
    graded = rows(of("exited"), roster=[Student("anna", "Anna Archer")])
    whole = report.html(graded, ASKED, RUN)
    entry = re.search(r"<li>(<a .*?)</li>", whole).group(1)
    assert entry.startswith(f'<a href="report/anna.html#{GRAM}">Anna Archer (anna)</a>') and GRAM in entry
    assert OUTCOMES["exited"].asks in entry
    assert GRAM in read(report_students.html(graded[0], ASKED, "Autumn")).ids


def test_ungraded_says_to_run_the_same_command_again():
    assert "Run the same command again" in page_text(record("anna", ungraded=[GRAM]))


def test_long_lists_are_folded_and_lose_nobody():
    many = [record(f"s{n:02}", questions={GRAM: question("killed", tests=[])}) for n in range(40)]
    whole = html(*many)
    assert "<summary>30 more</summary>" in whole and "Answers that ended in an unusual way (40)" in whole
    assert all(f'<li><a href="report/s{n:02}.html#{GRAM}">' in whole for n in range(40))


def test_notes_of_the_run_are_shown():
    assert "Not in the template: s03." in page_text(run=replace(RUN, notes=("Not in the template: s03.",)))


# Questions


def test_a_question_has_its_numbers_its_mistakes_and_its_hidden_tests():
    wrong = [("a", "divided-by-M"), ("b", "divided-by-M"), ("c", "of another day"), ("d", None)]
    records = [record(name, questions={GRAM: question("not yet", misconception=mistake)}) for name, mistake in wrong]
    text = page_text(
        *records, record("e", questions={GRAM: question()}), record("f", questions={GRAM: question("missing")})
    )
    assert "5 of 6" in text and "1 of 5 (20 %)" in text
    assert text.index("2 × divided-by-M: Every entry shows divided-by-M") < text.index("1 × of another day")
    assert "Wrong in another way: 1 × not yet." in text
    assert "ex02.gram.1 1 of 6 (17 %)" in text and "ex01.unroll.1 never" in text


def test_who_asked_autograd_is_counted_with_the_notebooks_sentence():
    assert "1 × uses-autograd: Your function asks autograd." in page_text(of("not yet", misconception="uses-autograd"))


# Students


def test_a_row_holds_signs_points_and_sums():
    records = [record("anna", 30, questions={GRAM: question(), "ex01.unroll": question("raised", name="ex01.unroll")})]
    whole = html(*records, overrides=[override("anna", "ex01.unroll", 1.5, "oral <exam>")])
    line = whole[whole.index("<tbody>\n<tr>") :]
    cells = [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<td[^>]*>(.*?)</td>", line)]
    assert cells == ["7.9", "✗ 0→ 1.5", "–", "✓ 8", "8", "2", "1.6", "1.5"]
    assert re.findall('aria-label="(.*?)">[✓✗]', line) == ["raised an error, 0, overridden: 1.5", "right, 8"]
    own = student(*records, overrides=[override("anna", "ex01.unroll", 1.5, "oral <exam>")])
    assert "1.5 of 4, set by hand: oral &lt;exam&gt;" in own and "ex02 2 d (20 % off)" in own


def test_an_override_that_takes_points_has_a_real_minus():
    whole = html(of("correct"), overrides=[override("anna", GRAM, 6)])
    assert '<td class="number">−2</td>' in whole


@pytest.mark.parametrize("outcome", [*OUTCOMES, "a word on no list"])
def test_source_verdicts_and_log_of_every_outcome_are_on_the_students_page(outcome):
    tests = [{"id": "ex02.gram.1", "verdict": outcome, "detail": "SIGSEGV", "error_ratio": 0.25, "log": "I was here"}]
    text = student_text(
        of(outcome, tests=tests, source="def gram(features):\n\treturn 1\n", misconception="divided-by-M")
    )
    label = OUTCOMES[outcome].label if outcome in OUTCOMES else "unclear"
    assert f"{label}, SIGSEGV, error 0.25 of the tolerance" in text
    assert "def gram(features):\n\treturn 1\n" in text and "I was here" in text


def test_a_log_is_cut_and_says_so():
    tests = [{"id": "t", "verdict": "output", "log": "y" * 5000}]
    text = student_text(of("output", tests=tests))
    assert "(the first 2,000 characters)" in text and "y" * 2000 in text and "y" * 2001 not in text


# Hostile texts


@pytest.mark.parametrize("evil", EVIL)
def test_75_77_no_text_from_outside_becomes_markup(evil):
    tests = [{"id": evil, "verdict": evil, "detail": evil, "error_ratio": evil, "log": f"x{evil}"}]
    tests.append({"id": evil, "verdict": "correct", "error_ratio": 1})
    bad = question(evil, misconception=evil, warnings=[evil], message_keys=[evil], source=f"x{evil}", tests=tests)
    records = [
        record(f"s{evil}", 30, questions={GRAM: bad}, flags=[evil, f"{GRAM}:{evil}"]),
        record(f"r{evil}", questions={}, reject=evil),
        record(None, path=f"p{evil}", questions={}),
    ]
    roster, given = [Student(f"s{evil}", evil), Student(f"t{evil}")], [override(f"s{evil}", GRAM, 1, evil)]
    run = Run(evil, (evil,), True, (evil,), {evil: evil}, evil, (evil,))
    page = read(html(*records, roster=roster, overrides=given, run=run), SCRIPT)
    for row in rows(*records, roster=roster, overrides=given):
        own = read(report_students.html(row, ASKED, evil)).text
        assert printable(row.student) in page.text and printable(row.student) in own
        assert GRAM not in row.answers or own.count(printable(f"x{evil}", lines=True)) >= 2


@given(TEXT, TEXT, TEXT, TEXT)
def test_75_77_nor_any_other(student, name, source, word):
    tests = ({"id": word, "verdict": word, "detail": word, "error_ratio": word},)
    one = rows(of("not yet"))[0]
    answer = replace(one.answers[GRAM], source=f"x{source}", log=f"y{source}", tests=tests, outcome=word)
    one = replace(one, student=student, name=name, status=word, flags=(word,), answers={GRAM: answer})
    read(report.html([one], ASKED, replace(RUN, title=name, notes=(word,))), SCRIPT)
    page = read(report_students.html(one, ASKED, name))
    assert printable(f"x{source}", lines=True) in page.text and printable(f"y{source}", lines=True) in page.text


def test_75_a_megabyte_is_cut():
    long = "</td>" * 200_000
    bad = question("raised", source=long, tests=[{"id": "t", "verdict": "raised", "detail": long, "log": long}])
    row = rows(record("anna", questions={GRAM: bad}))[0]
    assert len(report_students.html(row, ASKED, "Autumn")) < 300_000
    kept = replace(row.answers[GRAM], source=long, log=long)
    assert len(report_students.html(replace(row, answers={GRAM: kept}), ASKED, "Autumn")) < 300_000
