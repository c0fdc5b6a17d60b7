"""The report's table of questions."""

from collections.abc import Iterable, Mapping, Sequence

from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.escaping import escaped
from nstlib.grading.records import outcomes
from nstlib.grading.reports.items import Item, Passed
from nstlib.grading.reports.page import listed, marked, wide

__all__ = ["bar", "broken", "table"]

HEADING = (
    '<thead><tr><th scope="col" class="few">Question</th><th scope="col" class="number">Points</th>'
    '<th scope="col" class="number few">Tried, of submitted</th><th scope="col">Right, of tried</th></tr></thead>'
)


def table(items: Iterable[Item], asked: Mapping[str, GradedQuestion]) -> str:
    """Return each question's numbers, and below them its mistakes and hidden tests."""
    return wide("Questions", HEADING + "".join(_body(item, asked[item.id]) for item in items))


def bar(part: int, whole: int) -> str:
    """A share in words and as a bar; a dash where there is no whole."""
    if not whole:
        return '<span class="soft">–</span>'
    share = _percent(part, whole)
    return (
        f'<div class="share"><div class="bar" aria-hidden="true"><div style="width: {share}%"></div></div>'
        f"<span>{part} of {whole} ({share} %)</span></div>"
    )


def broken(name: str) -> str:
    """A question's name that may break into lines where its words end."""
    return escaped(name).replace(".", ".<wbr>").replace("_", "_<wbr>")


def _percent(part: int, whole: int) -> int:
    """Round, so that 100 is all and 0 is nothing."""
    return 100 * part // whole if part in (0, whole) else min(99, max(1, round(100 * part / whole)))


def _body(item: Item, asked: GradedQuestion) -> str:
    ungraded = f'<br><span class="warn">{item.ungraded} not graded yet</span>' if item.ungraded else ""
    return (
        f'<tbody class="item"><tr><th scope="rowgroup">{broken(item.id)}</th>'
        f'<td class="number">{item.points}</td><td class="number few">{item.tried} of {item.submitted}{ungraded}</td>'
        f"<td>{bar(item.right, item.tried)}</td></tr>"
        f'<tr><td colspan="4"><div class="inside">{_mistakes(item, asked)}{_tests(item.tests)}</div></td></tr></tbody>'
    )


def _mistakes(item: Item, asked: GradedQuestion) -> str:
    lines = [f"<strong>{number} ×</strong> {_sentence(name, asked)}" for name, number in item.mistakes]
    if item.others:
        words = [f"{number} × {escaped(outcomes.of(name).label)}" for name, number in item.others]
        lines.append(f'<span class="soft">Wrong in another way: {", ".join(words)}.</span>')
    return listed(lines) if lines else ""


def _sentence(name: str, asked: GradedQuestion) -> str:
    said = asked.said.get(f"mistake:{name}") or asked.said.get(name)
    return f"<code>{escaped(name)}</code>{': ' + marked(said) if said else ''}"


def _tests(tests: Sequence[Passed]) -> str:
    if not tests:
        return ""
    lines = "".join(f"<li><code>{escaped(each.id)}</code> {_rate(each)}</li>" for each in tests)
    return f'<p class="soft">Hidden tests passed, where they ran:</p><ul class="tests soft">{lines}</ul>'


def _rate(test: Passed) -> str:
    return f"{test.passed} of {test.of} ({_percent(test.passed, test.of)} %)" if test.of else "never"
