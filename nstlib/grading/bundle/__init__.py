"""The instructor's folder: hidden tests, how they are drawn and kept, the class, due dates, what lateness costs."""
