"""A made class to try the grader on, and answers made from the catalogue of mistakes."""
