"""What is kept of a run: the journal, the gradebook, the possible outcomes, and the versions that made them."""
