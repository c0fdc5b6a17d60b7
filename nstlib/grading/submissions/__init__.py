"""What a class handed in, as bytes: files, archives, whose they are, and of when."""
