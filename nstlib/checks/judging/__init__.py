"""Decide whether two replies agree, how their numbers differ and by which formula: the verdict, with NumPy alone.

A notebook's check and the grader judge by the same code.
"""
