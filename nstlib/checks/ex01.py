"""Exercise 01: unroll a layer's features, and measure content."""

from nstlib.checks.catalogue.ex01_content_cost import content_cost
from nstlib.checks.catalogue.ex01_field import field
from nstlib.checks.catalogue.ex01_hooks import hooks
from nstlib.checks.catalogue.ex01_unroll import unroll
from nstlib.checks.progress import table

QUESTIONS = (unroll, content_cost, field, hooks)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 01", QUESTIONS)
