"""Feed-forward style transfer: a generator is trained once for a style, then paints any photo in one pass.

network: the generator. photos: what it learns from. training: the loop that lowers J over its weights, the only place
in this library that trains a generator. files: a trained one as a file, and the one that comes with the package.
painting: one pass over a photo of any size.
"""

from nstlib.feedforward.files import EMBEDDED, About, Trained, load, save
from nstlib.feedforward.network import Generator, InstanceNorm, seeded_generator
from nstlib.feedforward.painting import Painter
from nstlib.feedforward.photos import HELD_OUT, folder_photos, sample_photos
from nstlib.feedforward.training import Recipe, TrainingStep, steps_within, training_steps

__all__ = [
    "EMBEDDED",
    "HELD_OUT",
    "About",
    "Generator",
    "InstanceNorm",
    "Painter",
    "Recipe",
    "Trained",
    "TrainingStep",
    "folder_photos",
    "load",
    "sample_photos",
    "save",
    "seeded_generator",
    "steps_within",
    "training_steps",
]
