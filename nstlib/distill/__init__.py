"""How we made minivgg; run it with ``python -m nstlib.distill``.

A VGG-16 is pruned to a few filters a layer, then trained until a linear map of its features predicts the teacher's.
"""
