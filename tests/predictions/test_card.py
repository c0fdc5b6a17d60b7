import json

import pytest

from nstlib.checks import progress
from nstlib.errors import NstError
from nstlib.predictions import Card, Choice, Prediction, of_lesson
from nstlib.predictions import progress as progress_of

CHOICES = (Choice("up <1>", "It falls.", False), Choice("down", "", True))


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Progress is kept, as a learner has it, in a folder of this test's own."""
    monkeypatch.delenv("NST_TEST")
    monkeypatch.setattr(progress, "user_data_path", lambda name: tmp_path / name)
    return progress.file


def choice():
    return Card(Prediction("03.sign", "It falls < 0.", CHOICES, question="Up or down?"))


def send(card, **content):
    card._handle_custom_msg(content, [])


def test_a_commit_in_the_browser_shows_the_reply():
    card = choice()
    send(card, commit="up <1>")
    assert (card.answer, card.right, card.reply) == ("up <1>", False, "It falls. It falls < 0.")


def test_the_first_answer_counts():
    card = choice()
    send(card, commit="up <1>")
    send(card, commit="down")
    assert (card.answer, card.right) == ("up <1>", False)


@pytest.mark.parametrize("content", [{}, {"commit": 3}, {"commit": "sideways"}, "commit"])
def test_what_is_no_answer_changes_nothing(content):
    card = choice()
    card._handle_custom_msg(content, [])
    assert card.answer == card.reply == ""
    assert bool(card.complaint) == (content == {"commit": "sideways"})


def test_an_answer_is_kept_and_shown_the_next_time(kept):
    choice().commit("down")
    entry = {"answer": "down", "right": True, "question": "Up or down?", "told": "It falls < 0."}
    assert json.loads(kept().read_text()) == {"prediction 03.sign": entry}
    again = choice()
    assert (again.answer, again.right) == ("down", True)


def test_an_answer_to_an_older_edition_of_the_card_is_forgotten(kept):
    progress.note("prediction 03.sign", answer="sideways", right=True)
    assert choice().answer == ""


def test_progress_counts_the_lessons_predictions(kept):
    from nstlib.checks import ex02, ex03

    choice().commit("up <1>")
    assert "Predictions in lesson 03 (no points): 0 of 1 right" in str(ex03.progress())
    assert "redictions" not in str(ex02.progress())


def test_progress_counts_both_parts_of_a_lesson(kept):
    from nstlib.checks import ex05

    for name in ("05.one", "05b.two", "04.three"):
        Card(Prediction(name, "It falls < 0.", CHOICES)).commit("down")
    assert "Predictions in lesson 05 (no points): 2 of 2 right" in str(ex05.progress())


def test_progress_lists_question_own_answer_and_what_was_told_in_the_order_of_the_answers(kept):
    from nstlib.checks import ex03

    choice().commit("up <1>")
    Card(Prediction("03.number", "It is 4.", number=4.0, question="How many?")).commit("4.1")
    lines = (
        "  Predictions in lesson 03 (no points): 1 of 2 right\n"
        "  ✗ 03.sign: Up or down?\n    you said: up <1>\n    answer: It falls < 0.\n"
        "  ✓ 03.number: How many?\n    you said: 4.1\n    answer: It is 4."
    )
    assert str(progress_of("03")).startswith(f"Lesson 03\n{lines}\n")
    assert str(ex03.progress()).endswith(f" points\n{lines}")  # below the exercise's own sum
    assert "up &lt;1&gt;<br>" in progress_of("03")._repr_html_()


def test_an_answer_kept_by_an_older_edition_is_listed_without_its_question(kept):
    progress.note("prediction 03.sign", answer="up", right=False)
    assert "0 of 1 right\n  ✗ 03.sign\n    you said: up\n  ○" in str(progress_of("03"))


def test_progress_lists_the_questions_that_are_left(kept):
    first, *others = of_lesson("03")
    assert all(f"  ○ {card.name}: {card.question}" in str(progress_of("03")) for card in (first, *others))
    Card(first).commit(first.choices[0].text if first.choices else "1")
    assert f"○ {first.name}" not in str(progress_of("03"))
    assert all(f"○ {card.name}: {card.question}" in str(progress_of("03")) for card in others)


def test_progress_as_markdown_keeps_its_lines_and_shows_what_was_typed_as_it_is(kept):
    progress.note("prediction 03.sign", answer="*up* <b>", right=False, question="Up or down?", told="down")
    top, *lines = progress_of("03")._repr_markdown_().split("\\\n")
    assert top == "**Lesson 03**"
    assert lines[1:4] == ["✗ 03.sign: Up or down?", r"you said: \*up\* \<b\>", "answer: down"]


def test_progress_of_a_lesson_without_an_answer_says_what_to_do(kept):
    Card(Prediction("05b.two", "It falls < 0.", CHOICES)).commit("down")
    assert "commit to an answer on one of the lesson's cards" in str(progress_of("03"))
    assert "✓ 05b.two" in str(progress_of("05")) and "✓ 05b.two" in str(progress_of("05b"))


@pytest.mark.parametrize("lesson", ["3", "99", "", 3])
def test_progress_of_what_is_no_lesson_says_what_to_give(kept, lesson):
    with pytest.raises(NstError, match='such as "03", got'):
        progress_of(lesson)


def test_without_a_browser_it_is_folded_text():
    data, _ = choice()._repr_mimebundle_()
    assert data["text/markdown"] == (
        "- up <1>\n- down\n\n<details><summary>Compare with your prediction</summary>It falls &lt; 0.</details>"
    )
    assert data["text/plain"] == "Your prediction:\n  ○ up <1>\n  ○ down"
    assert "It falls" not in data["text/plain"]
