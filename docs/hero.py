"""Make docs/hero.jpg, the README's first picture: python docs/hero.py (it fetches VGG-16 and Starry Night once)."""

from pathlib import Path

import torch

from nstlib import paintings, pictures
from nstlib.transfer.quality import QUALITIES, paint

SIDE = 576
GAP = 12


def beside(result, photo, painting):
    """Lay photo and painting one above the other, as high as the result, on its left."""
    height = result.shape[1]
    halves = []
    for picture, part in ((photo, (height - GAP) // 2), (painting, height - GAP - (height - GAP) // 2)):
        width = round(picture.shape[2] * part / picture.shape[1])
        halves.append(torch.nn.functional.interpolate(picture[None], (part, width), mode="area")[0])
    width = max(half.shape[2] for half in halves)
    column = torch.ones(3, height, width)
    column[:, : halves[0].shape[1], width - halves[0].shape[2] :] = halves[0]
    column[:, -halves[1].shape[1] :, width - halves[1].shape[2] :] = halves[1]
    return torch.cat([column, torch.ones(3, height, GAP), result], 2)


photo = pictures.sample("rocket", SIDE)
painting = paintings.read("starry-night", SIDE)
result = paint(photo, painting, QUALITIES["best"].changed(size=SIDE))
pictures.write(beside(result, photo, painting), Path(__file__).with_suffix(".jpg"), overwrite=True)
