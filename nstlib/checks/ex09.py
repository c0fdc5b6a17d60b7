"""Exercise 09, a bonus: moments swapped, patches compared, and a program that repaints in one pass to repair."""

from nstlib.checks.catalogue.ex09_adain import adain
from nstlib.checks.catalogue.ex09_bug_hunt import bug_hunt
from nstlib.checks.catalogue.ex09_patch_cost import patch_cost
from nstlib.checks.progress import table

QUESTIONS = (adain, patch_cost, bug_hunt)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 09, a bonus", QUESTIONS)
