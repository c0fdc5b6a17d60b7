"""The grader's report as an instructor meets it: a file in a browser, which sorts and filters without a network."""

from dataclasses import replace
from decimal import Decimal

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

from nstlib.checks import all_questions
from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.records.gradebook import build
from nstlib.grading.reports import feedback, report
from nstlib.grading.reports.report import Run
from tests.grading.made_up import DUE, a_class, graded_questions

pytestmark = pytest.mark.slow
POINTS = {name: question.points for name, question in all_questions().items()}
BONUS = {name for name, question in all_questions().items() if question.bonus}
ASKED = {
    name: replace(graded_questions()["ex02.gram"], id=name, points=points, bonus=name in BONUS)
    for name, points in POINTS.items()
}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grades")
    records, roster, overrides = a_class(POINTS, {name: ("divided-by-M",) for name in POINTS})
    rows = build(records, roster, overrides, Policy({"": DUE}, per_day=Decimal(10)), POINTS, bonus=BONUS)
    feedback.write(folder / "feedback", rows, ASKED, "Autumn")
    report.write(folder / "report.html", rows, ASKED, Run("Autumn", ("landlock",), False, (), {}, "5" * 64))
    return folder


@pytest.fixture
def opened(browser, out):
    """Give a function that opens the report; no request may leave the folder, and nothing may be complained about."""
    contexts, asked, said = [], [], []

    def open_page(width=1280, **context):
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **context))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda fault: said.append(str(fault)))
        page.goto((out / "report.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert asked and {address.partition(":")[0] for address in asked} == {"file"} and not said


def table(page):
    return page.get_by_role("region", name="Students")


def column(page, place):
    return table(page).locator(f"tbody tr:not([hidden]) > :nth-child({place})").all_text_contents()


def numbers(texts):
    return [float(text.split()[-1].replace("−", "-")) for text in texts if text.strip("– \n")]


def test_a_heading_sorts_by_mouse_and_by_keyboard_and_those_without_a_number_come_last(opened):
    page = opened()
    total = table(page).get_by_role("button", name="Total of")
    total.click()
    up = column(page, 2)
    assert numbers(up) == sorted(numbers(up)) and len(numbers(up)) >= 5 and up[-1].strip() == "–"
    expect(table(page).locator("th[aria-sort=ascending]")).to_have_count(1)
    total.focus()
    page.keyboard.press("Enter")
    down = column(page, 2)
    assert numbers(down) == sorted(numbers(down), reverse=True) and down[-1].strip() == "–"
    assert sorted(up) == sorted(down)
    table(page).get_by_role("button", name="Student").click()
    names = column(page, 1)
    assert names[0].startswith("Anna") and len(names) == len(up)
    expect(table(page).locator("th[aria-sort]")).to_have_text("Student")


def test_name_and_status_filter_together_and_say_how_many_are_left(opened):
    page = opened()
    everybody = len(column(page, 1))
    page.get_by_label("Name").fill("anna")
    found = column(page, 1)
    assert found and all("anna" in name.lower() for name in found)
    expect(page.locator(".filters [role=status]")).to_have_text(f"{len(found)} of {everybody} students")
    page.get_by_label("Name").fill("")
    page.get_by_label("Status").select_option("could not be read")
    assert column(page, 1) and all("could not be read" in name for name in column(page, 1))
    page.get_by_label("Name").fill("nobody")
    assert column(page, 1) == []


@pytest.mark.parametrize("width", [800, 1280])
def test_every_cell_can_be_brought_into_view_and_nothing_covers_it(opened, width):
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") == width, "the page itself is too wide"
    covered = table(page).evaluate(
        """box => [...box.querySelectorAll("thead th, tbody tr:first-child > *")].filter((cell) => {
            cell.scrollIntoView({block: "center", inline: "nearest"});
            const {left, right, top, bottom} = cell.getBoundingClientRect();
            const seen = [left + 2, (left + right) / 2, right - 2].map((x) =>
                document.elementFromPoint(x, (top + bottom) / 2));
            return !seen.every((element) => element && (cell.contains(element)));
        }).map((cell) => cell.textContent)"""
    )
    assert covered == []


def test_at_1280_px_the_whole_course_fits_without_scrolling(opened):
    box = table(opened(1280))
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_javascript_the_whole_table_is_there_and_no_dead_control(opened, scheme):
    page = opened(java_script_enabled=False, color_scheme=scheme)
    expect(table(page).locator("tbody tr:visible")).to_have_count(32)
    expect(page.locator("input:visible, select:visible, button:visible")).to_have_count(0)


def test_the_table_leads_to_a_students_answers_and_back(opened):
    page = opened()
    table(page).get_by_role("link", name="Anna Archer").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Anna Archer (s00)")
    page.get_by_role("link", name="What the student sees").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Feedback for")
    page.go_back()
    page.get_by_role("link", name="Autumn").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Autumn")
