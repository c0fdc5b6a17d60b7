"""Item statistics: who tried a question, who was right, what the others did."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.records.gradebook import build
from nstlib.grading.records.outcomes import OUTCOMES
from nstlib.grading.reports.items import Item, Passed, items
from tests.grading.made_up import DUE, POINTS, graded_questions, question, record

ASKED = graded_questions()
GRAM = "ex02.gram"


def rows(*answers):
    records = [record(f"s{n}", questions={GRAM: answer} if answer else {}) for n, answer in enumerate(answers)]
    return build(records, [], [], Policy({"": DUE}), POINTS)


def gram(*answers):
    return items(rows(*answers), ASKED)[-1]


def verdicts_of(*verdicts):
    return [{"id": f"{GRAM}.{n}", "verdict": verdict} for n, verdict in enumerate(verdicts, 1)]


def test_there_is_an_item_for_each_question_in_the_courses_order():
    all_items = items([], ASKED)
    assert [item.id for item in all_items] == list(ASKED) and [item.points for item in all_items] == list(
        POINTS.values()
    )
    unrun = tuple(Passed(test.id, 0, 0) for test in ASKED[GRAM].tests)
    assert all_items[-1] == Item(GRAM, 8, tests=unrun) and all_items[-1].share is None


def test_a_stub_is_submitted_but_not_tried():
    item = gram(question(), *(question(outcome, tests=[]) for outcome in ("missing", "not attempted")))
    assert (item.submitted, item.tried, item.right, item.share) == (3, 1, 1, 1.0)
    assert item.others == ()


def test_what_could_not_be_graded_is_neither_tried_nor_wrong():
    item = gram(question(), question("not yet"), question("infra", tests=verdicts_of("correct", "infra", "ungraded")))
    assert (item.submitted, item.ungraded, item.tried, item.right, item.share) == (3, 1, 2, 1, 0.5)
    assert [test.of for test in item.tests] == [3, 2, 2]


def test_who_submitted_nothing_counts_nowhere():
    assert gram(question(), None, None).submitted == 1


def test_mistakes_and_other_ends_are_counted_the_most_frequent_first():
    wrong = ["b", "a", "c", "c", "a", "c", None]
    item = gram(
        *(question("not yet", misconception=mistake) for mistake in wrong), question("raised"), question("raised")
    )
    assert item.mistakes == (("c", 3), ("a", 2), ("b", 1))
    assert item.others == (("raised", 2), ("not yet", 1))


def test_a_test_is_counted_where_it_ran():
    item = gram(question(), question("raised", tests=verdicts_of("correct", "raised")), question("syntax", tests=[]))
    assert item.tests == tuple(Passed(f"{GRAM}.{n}", *counts) for n, counts in enumerate([(2, 2), (1, 2), (1, 1)], 1))


def test_a_test_that_the_bundle_does_not_know_comes_last():
    item = gram(question(tests=[{"id": "old.9", "verdict": "correct"}, {"verdict": None}]))
    assert [test.id for test in item.tests][3:] == ["None", "old.9"]


@given(st.lists(st.sampled_from([*OUTCOMES, "a word on no list"]), max_size=12))
def test_every_answer_is_counted_once_and_their_order_does_not_matter(outcomes):
    item = gram(*(question(each, misconception="m" if n % 2 and each == "not yet" else None)
                   for n, each in enumerate(outcomes)))  # fmt: skip
    wrong = sum(count for _, count in (*item.mistakes, *item.others))
    assert item.submitted == len(outcomes) and item.tried == item.right + wrong
    assert item.right <= item.tried <= item.submitted - item.ungraded
    assert all(test.passed <= test.of <= item.submitted for test in item.tests)
    backwards = list(reversed(rows(*map(question, outcomes))))
    assert items(backwards, ASKED) == items(rows(*map(question, outcomes)), ASKED)


def test_an_override_changes_points_and_not_what_the_class_did():
    wrong = rows(question("not yet"))
    assert items([replace(wrong[0], override=wrong[0].override + 8)], ASKED) == items(wrong, ASKED)
