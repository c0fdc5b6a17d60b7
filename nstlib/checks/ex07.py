"""Exercise 07: two other statistics, and a painting in a photo's colours."""

from nstlib.checks.catalogue.ex07_colour import colour
from nstlib.checks.catalogue.ex07_diagonal import diagonal
from nstlib.checks.catalogue.ex07_same_diagonal import same_diagonal
from nstlib.checks.catalogue.ex07_statistics import statistics
from nstlib.checks.progress import table

QUESTIONS = (diagonal, statistics, same_diagonal, colour)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 07", QUESTIONS)
