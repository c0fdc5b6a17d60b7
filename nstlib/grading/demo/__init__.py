"""A sample class to try the grader on, and sample answers from the catalogue of mistakes."""
