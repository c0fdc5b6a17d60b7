"""What a class handed in, as bytes: files and archives, whose they are, and when they came."""
