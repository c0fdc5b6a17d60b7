"""Make docs/first_run.jpg, three styles in the quality *good*, for docs/painting.md: python docs/first_run.py."""

from pathlib import Path

import torch

from nstlib import painted, pictures
from nstlib.transfer.quality import QUALITIES, paint

GAP = 8

photo = pictures.sample("cat", 256)
white = torch.ones_like(photo)
columns = [torch.cat([white[:, : 128 + GAP // 2], photo, white[:, : 128 + GAP // 2]], 1)]  # in the middle of its column
for name in ("night", "mosaic", "waves"):
    painting = pictures.resize(painted.paint(name, photo.shape[1:]), 256)
    result = paint(photo, painting, QUALITIES["good"])
    columns += [torch.ones_like(columns[0])[..., :GAP], torch.cat([painting, white[:, :GAP], result], 1)]
sheet = torch.cat(columns, 2)
pictures.write(pictures.resize(sheet, 392), Path(__file__).with_suffix(".jpg"), overwrite=True)
