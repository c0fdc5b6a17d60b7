"""Optimise the pixels: ``steps(content, style, settings, network)`` yields one Step per forward and backward pass.

settings: what a run is asked to do. shapes: what moves through it. frame: a margin around the photo. objective: J of a
picture. colour: how a photo's colours are kept. parameterization: what the optimiser moves. adam: how it moves that.
run: the loop, the only place in this library that optimises pictures. first_move: the loop's second picture, from a
gradient that is known. rebuilding: a picture with given features. quality: draft, good and best, three points
between fast and beautiful.
"""

from nstlib.transfer.colour import grey, keep_colours, match_luma
from nstlib.transfer.frame import resample_to
from nstlib.transfer.rebuilding import rebuild
from nstlib.transfer.run import DivergedError, Step, steps, stylize
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture

__all__ = [
    "DivergedError",
    "Picture",
    "Settings",
    "Step",
    "grey",
    "keep_colours",
    "match_luma",
    "rebuild",
    "resample_to",
    "steps",
    "stylize",
]
