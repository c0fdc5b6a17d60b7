"""The instructor's folder: hidden tests, how they are drawn and stored, the class, due dates, what lateness costs."""
