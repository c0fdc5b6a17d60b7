"""Exercise 05: the number that is lowered, one step downhill, and the smoothness of a picture."""

from nstlib.checks.catalogue.ex05_adam import adam
from nstlib.checks.catalogue.ex05_bug_hunt import bug_hunt
from nstlib.checks.catalogue.ex05_plateau import plateau
from nstlib.checks.catalogue.ex05_step import step
from nstlib.checks.catalogue.ex05_total_cost import total_cost
from nstlib.checks.catalogue.ex05_tv import tv
from nstlib.checks.progress import table

QUESTIONS = (total_cost, step, tv, plateau, adam, bug_hunt)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 05", QUESTIONS)
