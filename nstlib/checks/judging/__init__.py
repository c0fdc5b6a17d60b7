"""When two replies are alike, how numbers differ, by which formula, and the verdict: NumPy alone.

A notebook's check and the grader judge by the same code.
"""
