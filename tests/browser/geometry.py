"""What is wrong with how a desk stands on a page, as eyes found it once: for tests and for commands that look."""

from pathlib import Path

LEAST_TEXT, LEAST_TARGET, MOST_GAP = 12, 28, 24  # pixels
MEASURE = Path(__file__).with_name("desk_geometry.js").read_text(encoding="utf-8")


def measure(panel) -> dict:
    """Measure the panel that a locator finds: its size, and what is wrong with its parts."""
    return panel.evaluate(MEASURE, [LEAST_TARGET, LEAST_TEXT])


def flaws(found: dict) -> dict:
    """Return what of these measures is wrong, by its name."""
    wrong = {
        name: found[name]
        for name in ("overlaps", "sticking", "small", "tiny", "cut", "wrapped", "touching")
        if found[name]
    }
    if found["gap"] > MOST_GAP:
        wrong["gap"] = found["gap"]
    if found["right"] > found["window"] + 1:
        wrong["right"] = found["right"]
    return wrong
