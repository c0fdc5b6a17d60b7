"""Lesson 09b's numbers in prose: where each is shown or measured, or why it needs to be neither."""

from pathlib import Path

from nstlib import feedforward
from tests.lessons.shown import Computed, Quote, Tie, on_both, row

ONE_PASS = Path(__file__).parents[2] / "docs" / "one_pass.md"
TOOK = "photos of 256 px, of 100 steps each, that the training took"
TIES: list[Tie] = [
    ("as much as about 130 pictures of 100 steps each", f"{TOOK}: ≈ {{}},", lambda photos: round(photos, -1) == 130),
    (
        "$J$ votes for the run at least nine times out of ten",
        "photos of ten for which J prefers the run: ≈ {},",
        lambda photos: photos >= 9,
    ),
    (
        "at several times the content distance",
        "content distance by one pass, times the run's: ≈ {},",
        lambda times: times > 3,
    ),
]
QUOTES: list[Quote] = [
    (
        "least $J$ of one pass, as a multiple of the run's (section 1) | {small} | {large} |",
        "least J of one pass, as a multiple of the run's",
    ),
    ("photos that the training took (section 1) | {small} | {large} |", TOOK),
    ("cut by one pass, of the run's (section 6) | {small} | {large} |", "cut by one pass, of the run's"),
    (
        "content distance by one pass, as a multiple of the run's (section 6) | {small} | {large} |",
        "content distance by one pass, times the run's",
    ),
    (
        "photos of ten for which $J$ prefers the run (section 8) | {small} | {large} |",
        "photos of ten for which J prefers the run",
    ),
]


def judged(by: str) -> list[tuple[float, float]]:
    """Cut and content distance of the run that lowers the same J, and of one pass, as a network sees them."""
    rows = (row(ONE_PASS, f"## As {by} sees them", method) for method in ("the same J", "one pass"))
    return [(cut, content) for _, _, cut, content, _ in rows]


COMPUTED: list[Computed] = [
    (
        "(0.64 and 0.55), but content distances that hardly differ (0.97 and 1.14; minivgg says 0.10 and 0.67;",
        lambda: (
            judged("VGG-16") == [(0.64, 0.97), (0.55, 1.14)]
            and [content for _, content in judged("minivgg")] == [0.10, 0.67]
        ),
    ),
    ("took 12,000 steps", lambda: feedforward.load("night").about.steps == 12_000),
    ('the claim "above 100" fails', lambda: on_both("09b")[TOOK]["large"] < 100),
]
# Lengths and names, what a cell's code fixes, what is quoted from others, and what depends on the machine: 31 frames
# a second, and a quarter of an hour
GIVEN = (
    "45 minutes",
    "[2016",
    "at 256 pixels",
    "40 steps for each photo, or one pass",
    "the photo's half",
    "one for every 2 × 2 positions",
    "in a quarter of an hour",
    "it was 31.",
    "A run of 40 steps takes seconds",
    "which shows above 1",
    "And *one pass*, twice",
    "`NST_TEST=1 python docs/film.py`; it runs three times",
    "After the tenth vote",
    "40 steps may have been too few",
)
