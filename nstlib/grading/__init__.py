"""Grade a class: every answer runs in a jailed process of its own, and only the parent decides.

submissions are read as bytes, runner asks jailed children (sandbox) to run each answer, marking judges their replies
with the bundle's hidden tests, records keeps the marks, reports shows them. run does all of that for one class.
"""
