"""Make docs/hero.jpg, the picture at the top of the README: python docs/hero.py. It needs VGG-16."""

from pathlib import Path

import torch

from nstlib import painted, pictures
from nstlib.transfer.quality import QUALITIES, paint

SIDE, GAP = 512, 8

photo = pictures.sample("cat", SIDE)
painting = painted.paint("night", photo.shape[1:])
result = paint(photo, painting, QUALITIES["best"].changed(size=SIDE, style_scale=1.5))
small = [pictures.resize(picture, (SIDE - GAP) // 2) for picture in (photo, painting)]
left = torch.cat([small[0], torch.ones_like(small[0])[:, :GAP], small[1]], 1)
sheet = torch.cat([left, torch.ones_like(left)[..., :GAP], result], 2)
pictures.write(sheet, Path(__file__).with_suffix(".jpg"), overwrite=True)
