"""Exercise 04: several layers in one cost, one layer left out, and weights that balance the pulls."""

from nstlib.checks.catalogue.ex04_as_paper import as_paper
from nstlib.checks.catalogue.ex04_balance import balance
from nstlib.checks.catalogue.ex04_leave_one_out import leave_one_out
from nstlib.checks.catalogue.ex04_shares import shares
from nstlib.checks.catalogue.ex04_style_cost import style_cost
from nstlib.checks.open_questions import claim
from nstlib.checks.progress import table

QUESTIONS = (style_cost, leave_one_out, balance, shares, as_paper)

__all__ = ["QUESTIONS", "as_paper", "balance", "claim", "leave_one_out", "progress", "shares", "style_cost"]


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 04", QUESTIONS, [claim])
