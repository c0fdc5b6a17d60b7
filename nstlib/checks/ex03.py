"""Exercise 03: the style cost of a layer, its gradient by hand, and the constants of other programs."""

from nstlib.checks.catalogue.ex03_covariance_gradient import covariance_gradient
from nstlib.checks.catalogue.ex03_factor import factor
from nstlib.checks.catalogue.ex03_gradient import gradient
from nstlib.checks.catalogue.ex03_layer_cost import layer_cost
from nstlib.checks.catalogue.ex03_program import program
from nstlib.checks.progress import table

QUESTIONS = (layer_cost, gradient, factor, covariance_gradient, program)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 03", QUESTIONS)
