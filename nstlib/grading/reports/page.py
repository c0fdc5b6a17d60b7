"""What the report and the feedback pages have in common: a static page without scripts, links to elsewhere or inputs.

Text from outside goes through `showing.escaped`; `marked` is for our own sentences.
"""

from collections.abc import Iterable

from nstlib.grading.escaping import csp, escaped
from nstlib.grading.records import outcomes

__all__ = ["details", "listed", "made_by", "marked", "page", "paragraphs", "sign", "wide"]

CLASSES = {"✓": "good", "✗": "bad", "…": "warn", "?": "warn", "○": "soft"}

STYLE = """
:root { color-scheme: light dark; --page: #faf9f6; --card: #fff; --ink: #1d2126; --soft: #57606a; --line: #d9d6cf;
  --good: #17703a; --bad: #b3261e; --warn: #8a5a00; --wash: #fff4d6; --mark: #0b57a4; --bar: #7aa7d9; --code: #f3f1ec; }
@media (prefers-color-scheme: dark) { :root { --page: #15171a; --card: #1e2125; --ink: #e7e9ec; --soft: #a3abb4;
  --line: #383d44; --good: #6fd08c; --bad: #ff9389; --warn: #e5b955; --wash: #3a2f14; --mark: #8dbfff; --bar: #4d7fb8;
  --code: #272b30; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
main.narrow { max-width: 46rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .4rem 0; }
a { color: var(--mark); }
a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
code { background: var(--code); border-radius: .25em; padding: .1em .3em; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: .5rem; padding: .75rem 1rem; margin: .5rem 0; overflow-x: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
.soft { color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.25rem;
  margin: 0 0 1rem; overflow-wrap: anywhere; }
.card > :first-child { margin-top: 0; } .card > :last-child { margin-bottom: 0; }
.banner { background: var(--wash); border-color: var(--warn); }
.head { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between; align-items: baseline; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem;
  margin: 1rem 0; padding: 0; }
.facts > div { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: .75rem 1rem; }
.facts dt { color: var(--soft); font-size: .875rem; } .facts dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
.wide { position: relative; overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
th { font-weight: 600; } thead th { color: var(--soft); font-size: .875rem; vertical-align: bottom; }
.number { text-align: right; white-space: nowrap; }
details { margin: .5rem 0 0; } summary { cursor: pointer; color: var(--mark); width: fit-content; }
ul { margin: .4rem 0; padding-left: 1.25rem; }
.tests { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; font-size: .9rem; }
.away { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { details > * { display: block; } .card, .wide { break-inside: avoid; } }
"""


def page(title: str, body: str, *, style: str = "", narrow: bool = False, maker: str = "nst grade") -> str:
    """Return a whole page around `body`, which is HTML already. maker: by what a kind of page is known again."""
    kind = ' class="narrow"' if narrow else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{csp}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n{made_by(maker)}\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n"
        f"<body>\n<main{kind}>\n{body}\n</main>\n</body>\n</html>\n"
    )


def made_by(maker: str) -> str:
    """The line by which our pages are told from others."""
    return f'<meta name="generator" content="{escaped(maker)}">'


def marked(sentence: str) -> str:
    """Escape one of our sentences, and set what stands between backticks as code."""
    pieces = escaped(sentence).split("`")
    if len(pieces) % 2 == 0:
        return "`".join(pieces)
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))


def paragraphs(sentences: Iterable[str]) -> str:
    """Our sentences, one below the other."""
    return "".join(f"<p>{marked(each)}</p>" for each in sentences)


def listed(items: Iterable[str]) -> str:
    """A list of what is HTML already."""
    return "<ul>" + "".join(f"<li>{each}</li>" for each in items) + "</ul>"


def sign(outcome: object, *, small: bool = False) -> str:
    """An outcome's sign and label; `small` leaves the label to those who hear the page."""
    found = outcomes.of(outcome)
    words = f'<span class="away">{found.label}</span>' if small else found.label
    return f'<span class="{CLASSES[found.sign]}"><span aria-hidden="true">{found.sign}</span> {words}</span>'


def wide(label: str, table: str) -> str:
    """A box in which a table that is too wide scrolls, by the keyboard too. `table` is HTML; `label` names both."""
    name = escaped(label)
    return (
        f'<div class="wide" role="region" aria-label="{name}" tabindex="0">'
        f'<table><caption class="away">{name}</caption>{table}</table></div>'
    )


def details(summary: str, code: str) -> str:
    """Text from outside, folded away."""
    return (
        f"<details><summary>{escaped(summary)}</summary><pre><code>{escaped(code, lines=True)}</code></pre></details>"
    )
