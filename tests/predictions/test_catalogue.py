import re

import pytest

from nstlib.checks import EXERCISES
from nstlib.errors import NstError
from nstlib.predictions import Choice, Prediction, find, of_lesson
from tests.lessons.cells import SOURCES

LESSONS = {path.name.partition("_")[0]: path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.py"))}
CHOICES = (Choice("up", "It falls.", False), Choice("down", "", True))

lessons = pytest.mark.parametrize("lesson", LESSONS)


@lessons
def test_each_card_of_a_lesson_is_in_its_file_and_the_other_way_round(lesson):
    used = re.findall(r'\bpredict\("([^"]+)"\)', LESSONS[lesson])
    assert sorted(used) == sorted(prediction.name for prediction in of_lesson(lesson))
    assert len(used) <= 4


@lessons
def test_each_card_has_one_right_answer_and_a_reply_to_every_wrong_one(lesson):
    for prediction in of_lesson(lesson):
        assert prediction.answer, prediction.name
        right = [choice for choice in prediction.choices if choice.right]
        assert (len(right) == 1 and prediction.number is None) or (not prediction.choices and prediction.number)
        assert len({choice.text for choice in prediction.choices}) == len(prediction.choices) != 1
        for choice in prediction.choices:
            assert choice.right or choice.reply, (prediction.name, choice.text)
            assert "$" not in choice.text + choice.reply + prediction.answer  # a card typesets no formulas


@lessons
def test_each_card_says_its_question_in_one_line(lesson):
    for prediction in of_lesson(lesson):
        assert re.fullmatch(r"[^$`]{15,80}\?", prediction.question), prediction.name


@lessons
def test_a_lesson_without_exercise_lists_its_own_predictions(lesson):
    """Those of the others stand in the progress of their exercise, which begins with the lesson's number."""
    shown = re.findall(r'\bprogress\("(\w+)"\)', LESSONS[lesson])
    assert shown == ([] if f"ex{lesson[:2]}" in EXERCISES else [lesson])


def test_a_choice_gets_its_own_reply_before_the_answer():
    prediction = Prediction("00.x", "It is 4.", CHOICES)
    assert prediction.reply("up") == (False, "It falls. It is 4.")
    assert prediction.reply("down") == (True, "It is 4.")
    with pytest.raises(NstError, match=r"one of the choices of 00\.x, got 'sideways'"):
        prediction.reply("sideways")


@pytest.mark.parametrize(("typed", "right"), [("4", True), ("4.3", True), ("4,3", True), ("4.5", False), ("−4", False)])
def test_a_number_is_right_within_its_tolerance(typed, right):
    assert Prediction("00.x", "It is 4.", number=4.0).reply(typed)[0] is right


def test_words_in_place_of_a_number_are_refused():
    with pytest.raises(NstError, match="Expected a number, got 'many': type digits"):
        Prediction("00.x", "It is 4.", number=4.0).reply("many")


def test_an_unknown_name_is_refused():
    with pytest.raises(NstError, match=r"a prediction in lesson 03, got '03\.riddle'"):
        find("03.riddle")
