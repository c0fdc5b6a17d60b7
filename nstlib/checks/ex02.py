"""Exercise 02: the Gram matrix, by loops, in one line, for a batch; and the covariance that hides in it."""

from nstlib.checks.catalogue.ex02_covariance import covariance
from nstlib.checks.catalogue.ex02_equal_grams import equal_grams
from nstlib.checks.catalogue.ex02_gram import gram
from nstlib.checks.catalogue.ex02_gram_batch import gram_batch
from nstlib.checks.catalogue.ex02_gram_loops import gram_loops
from nstlib.checks.catalogue.ex02_soft_mask import soft_mask
from nstlib.checks.progress import table

QUESTIONS = (gram_loops, gram, gram_batch, covariance, soft_mask, equal_grams)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 02", QUESTIONS)
