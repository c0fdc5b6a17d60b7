"""What needs the instructor's attention: each kind in its group, and nothing else."""

from decimal import Decimal

import pytest

from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.marking import marking
from nstlib.grading.records.gradebook import LEFT_OUT, ORDER_FROM_ZIP, build
from nstlib.grading.records.outcomes import OUTCOMES
from nstlib.grading.reports.attention import FLAGS, GROUPS, NOTHING, QUIET, REJECTED, WHO, alerts
from nstlib.grading.sandbox import answers, notebook
from nstlib.grading.submissions import find
from tests.grading.made_up import DUE, POINTS, override, question, record, students

GRAM = "ex02.gram"


def alerts_of(*records, roster=(), overrides=()):
    rows = build(records, roster, overrides, Policy({"": DUE}, per_day=Decimal(10)), POINTS)
    return {
        group: [(alert.row.student, alert.question, alert.text) for alert in entries]
        for group, entries in alerts(rows).items()
    }


def one(**more):
    answer = question(**more)
    return alerts_of(record("anna", questions={GRAM: answer}))


def test_where_all_is_well_nothing_is_needed():
    assert alerts_of(record("anna"), record("ben", 30), roster=students("anna", "ben", "cleo")) == {}


def test_a_flag_of_several_answers_is_said_once():
    answers = {name: question(name=name, warnings=["suspicious"]) for name in POINTS}
    first, *others = sorted(POINTS)  # as flags are
    flagged = alerts_of(record("anna", questions=answers))["flagged"]
    assert flagged == [("anna", first, f"{FLAGS['suspicious']} The same holds for {', '.join(others)}.")]


def test_what_is_not_graded_asks_to_be_graded_and_says_where_an_override_counts():
    bad = record("anna", ungraded=[GRAM, "ex01.unroll"])
    assert alerts_of(bad, overrides=[override("anna", GRAM, 3)])["ungraded"] == [
        ("anna", "ex01.unroll", ""),
        ("anna", GRAM, "The points of the override count."),
    ]


@pytest.mark.parametrize("word", REJECTED)
def test_a_rejected_file_comes_with_its_reason_in_words(word):
    assert alerts_of(record("anna", questions={}, reject=word)) == {"rejected": [("anna", "", REJECTED[word])]}


def test_a_reason_that_is_on_no_list_is_shown_as_it_is():
    assert "“a new word”" in alerts_of(record("anna", questions={}, reject="a new word"))["rejected"][0][2]


def test_a_rejected_file_beside_one_that_was_graded_shows_too():
    rejected = alerts_of(record("anna"), record("anna", 1, "b.ipynb", questions={}, reject="not_json"))["rejected"]
    assert rejected == [("anna", "", f"{REJECTED['not_json']} Another file of this student was graded.")]


def test_a_notebook_without_any_question_is_told():
    assert alerts_of(record("anna", questions={})) == {"rejected": [("anna", "", NOTHING)]}


def test_who_is_not_known_is_asked_once():
    nobody, guest = record(None, path="x.ipynb", flags=["no_student"]), record("guest")
    both = record("ambi", flags=["ambiguous"])
    who = alerts_of(nobody, guest, both, roster=students("anna"))["who"]
    assert who == [
        ("ambi", "", FLAGS["ambiguous"]),
        ("guest", "", FLAGS["not_in_roster"]),
        ("unknown: x.ipynb", "", FLAGS["no_student"]),
    ]
    assert alerts_of(record(None, path="x.ipynb"))["who"] == [("unknown: x.ipynb", "", FLAGS["no_student"])]


@pytest.mark.parametrize("outcome", [*OUTCOMES, "a word on no list"])
def test_an_outcome_that_asks_is_in_the_list_and_no_other(outcome):
    groups = one(outcome=outcome, tests=[])
    ours = outcome in ("infra", "ungraded")
    asks = OUTCOMES[outcome].asks if outcome in OUTCOMES else "The journal has a word that is on no list."
    assert groups.get("ended", []) == ([(("anna"), GRAM, asks)] if asks and not ours else [])
    assert ("ungraded" in groups) is ours


def test_a_single_test_that_crashed_asks_and_asks_once():
    tests = [{"id": f"t{n}", "verdict": verdict} for n, verdict in enumerate(("correct", "killed", "killed", "infra"))]
    assert one(outcome="not yet", tests=tests)["ended"] == [("anna", GRAM, OUTCOMES["killed"].asks)]


@pytest.mark.parametrize("flag", sorted(set(FLAGS) - set(WHO)))
def test_a_flag_has_its_sentence_for_a_file_and_for_a_question(flag):
    assert alerts_of(record("anna", flags=[flag]))["flagged"] == [("anna", "", FLAGS[flag])]
    assert one(warnings=[flag])["flagged"] == [("anna", GRAM, FLAGS[flag])]


def test_an_unknown_flag_is_shown_as_it_is():
    assert alerts_of(record("anna", flags=["new: a flag"]))["flagged"] == [("anna", "", "new: a flag")]
    assert one(warnings=["new"])["flagged"] == [("anna", GRAM, "new")]


@pytest.mark.parametrize("flag", sorted(QUIET))
def test_what_is_harmless_or_said_elsewhere_asks_for_nothing(flag):
    assert (
        alerts_of(record("anna", flags=[flag] if flag != "superseded" else []), record("anna", -9, "old", flags=[flag]))
        == {}
    )
    assert one(warnings=[flag]) == {}


@pytest.mark.parametrize(
    "ratio, near", [(0.29, 0), (0.3, 1), (1, 1), (3, 1), (3.01, 0), ("nan", 0), ("inf", 0), (None, 0), ("x", 0)]
)
def test_a_near_miss_lies_within_three_times_of_the_tolerance(ratio, near):
    groups = one(tests=[{"id": "t.1", "verdict": "correct", "error_ratio": ratio}])
    assert len(groups.get("near", [])) == near
    if near:
        assert (
            groups["near"][0][:2] == ("anna", GRAM) and f"{float(ratio):.2g} of the tolerance" in groups["near"][0][2]
        )


def test_groups_come_in_their_order():
    bad = record("anna", ungraded=["ex01.unroll"], flags=["nondeterministic"], reject="empty")
    bad["questions"][GRAM] = question("exited", tests=[{"id": "t", "verdict": "correct", "error_ratio": 1}])
    worse = record("ben")
    worse["questions"][GRAM] = question("raised", error="NameError: name 'K' is not defined\nin cell 4, line 2: K")
    worse["questions"]["ex01.unroll"] = question("not yet", name="ex01.unroll", warnings=["check_said_right"])
    worse["questions"]["ex01.content_cost"] = question("jailed", name="ex01.content_cost", error="PermissionError: x")
    assert list(alerts_of(bad, worse, roster=students("ben"))) == list(GROUPS)


def test_an_answer_that_was_right_in_the_notebook_comes_first_with_both_messages():
    found = one(outcome="raised", warnings=["check_said_right"], error="NameError: name 'K'\nin cell 4, line 2: K + 1")
    said = "the notebook said ✓, here it is “raised an error”: NameError: name 'K', in cell 4, line 2: K + 1"
    assert found == {"disagree": [("anna", GRAM, said)]}
    assert "disagree" not in one(warnings=["check_said_right"])


def test_missing_names_and_what_the_machine_lacks_have_groups_of_their_own():
    assert one(outcome="raised", error="NameError: name 'K'\nin cell 4") == {
        "names": [("anna", GRAM, "NameError: name 'K'")]
    }
    for outcome in ("jailed", "no package"):
        assert one(outcome=outcome, error="E: x\nin cell 4") == {"waiting": [("anna", GRAM, "E: x, in cell 4")]}


def test_every_word_that_can_be_said_of_a_file_or_answer_has_its_sentence_or_is_said_elsewhere():
    words = {
        *notebook.WARNINGS,
        *answers.FLAGS,
        *find.FLAGS,
        marking.FLAKY,
        *marking.BROKEN.values(),
        marking.UNLIKE,
        LEFT_OUT,
        ORDER_FROM_ZIP,
        "no_time",
        "not_in_roster",
    }
    assert words - set(FLAGS) - QUIET == set() and set(FLAGS) - words == set()
    ends = {f"reading_{each}" for each in ("timeout", "memory", "output", "protocol", "exited", "killed")}
    assert {*notebook.REJECTIONS, *find.REJECTIONS, *ends} == set(REJECTED)
    assert set(notebook.STATUSES) - {"found"} <= set(OUTCOMES)
