"""The embedded default: a small network with VGG's layer names, distilled from a VGG-16 by ``distill/``.

Its weights are stored as whole numbers of 8 bits times a step for each filter (see MODEL_CARD.md).
"""

from nstlib.networks.vgg import IMAGENET_MEAN, Architecture

MINIVGG = Architecture(widths=(16, 32, 64, 160, 256), depths=(2, 2, 3, 3, 1), mean=IMAGENET_MEAN, std=(0.226,) * 3)
