"""A prediction's card and a blind choice in JupyterLab, by keyboard."""

import itertools

import pytest

from tests.browser.opening import run

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

CHOICE = """from nstlib.predictions import Card, Choice, Prediction
choices = Choice("It rises.", "Look again."), Choice("It falls.", "", True)
Card(Prediction("00.browser", "J falls to a tenth.", choices))"""
NUMBER = """from nstlib.predictions import Card, Prediction
Card(Prediction("00.number", "It is 4.", number=4.0))"""
BLIND = """import torch
from nstlib.predictions import BlindChoice
card = BlindChoice({"dark": [torch.zeros(3, 8, 8)] * 3, "light": [torch.ones(3, 8, 8)] * 3}, seed=1)
card"""
BOXES = """() => [...document.querySelectorAll('.nst-prediction :is(label, button, input[type=text])')]
  .map((part) => part.getBoundingClientRect()).filter((box) => box.width).map((box) => [box.top, box.bottom])"""


@pytest.mark.slow
def test_a_choice_is_made_and_committed_by_keyboard(notebook):
    page = notebook(CHOICE, viewport={"width": 800, "height": 900})
    run(page, 0)
    first = page.get_by_role("radio", name="It rises.")
    reply = page.locator(".nst-prediction").get_by_role("status")
    boxes = page.evaluate(BOXES)
    assert all(bottom - top >= 27.9 for top, bottom in boxes)
    assert all(one[1] <= other[0] + 0.5 for one, other in itertools.pairwise(boxes))
    page.get_by_role("button", name="Commit").click()
    expect(reply).to_have_text("Choose one first.")
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="It falls.")).to_be_checked()
    page.keyboard.press("Enter")
    expect(reply).to_have_text("✓ Right. J falls to a tenth.")
    expect(page.get_by_role("button", name="Commit")).to_have_count(0)
    expect(first).to_be_disabled()
    expect(page.locator(".nst-prediction label", has_text="✓ It falls.")).to_have_count(1)
    expect(page.locator(".nst-prediction label", has_text="✗")).to_have_count(0)
    expect(reply).to_be_focused()
    page.keyboard.press("b")  # the notebook hears its commands again: a cell below
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)


@pytest.mark.slow
def test_a_number_is_typed_and_words_are_refused(notebook):
    page = notebook(NUMBER)
    run(page, 0)
    field = page.get_by_role("textbox", name="your prediction, a number")
    reply = page.locator(".nst-prediction").get_by_role("status")
    field.fill("many")
    page.keyboard.press("Enter")
    expect(reply).to_contain_text("Expected a number, got 'many'")
    field.fill("7")
    page.keyboard.press("Enter")
    expect(reply).to_have_text("✗ It is 4.")
    expect(field).to_have_value("7")


@pytest.mark.slow
def test_a_blind_choice_is_made_by_keyboard_and_told_at_its_end(notebook):
    page = notebook(BLIND, viewport={"width": 800, "height": 900})
    run(page, 0)
    card = page.get_by_role("group", name="Blind choice")
    left = card.get_by_role("button", name="The left one")
    expect(card).to_contain_text("Pair 1 of 3")
    assert "dark" not in card.inner_text() and left.bounding_box()["height"] >= 27.9
    left.focus()
    page.keyboard.press("ArrowRight")
    expect(card).to_contain_text("Pair 2 of 3")
    page.keyboard.press("Enter")
    expect(card).to_contain_text("Pair 3 of 3")
    page.keyboard.press("ArrowLeft")
    expect(card).to_contain_text("You chose ")
    expect(left).to_be_hidden()
    expect(card.locator(".nst-verdict")).to_be_focused()
    page.keyboard.press("b")  # the notebook hears its commands again: a cell below
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(2)
    card.get_by_text("What was what").click()
    expect(card.get_by_role("listitem")).to_have_count(3)
    expect(card.get_by_role("listitem").first).to_contain_text("you chose")
