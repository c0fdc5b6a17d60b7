"""What is kept of a run: the journal, the gradebook, the outcomes there are, and the versions that made them."""
