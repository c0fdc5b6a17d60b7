"""Many pictures on one sheet."""

import math
from collections.abc import Mapping

from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from nstlib.pictures.conversion import to_tensor
from nstlib.pictures.errors import PictureError
from nstlib.pictures.tensors import checked, scale, to_pil


def contact_sheet(
    pictures: Mapping[str, Float[Tensor, "3 _ _"]], columns: int = 4, size: int = 192
) -> Float[Tensor, "3 height width"]:
    """Lay pictures out in rows on light grey, each fitted into ``size`` × ``size`` pixels with its name below.

    Raises PictureError for no pictures, fewer than one column, and cells under 32 pixels.

    >>> import torch
    >>> contact_sheet({"black": torch.zeros(3, 8, 8), "white": torch.ones(3, 8, 8)}, size=32).shape
    torch.Size([3, 68, 82])
    """
    if not isinstance(pictures, Mapping) or not pictures:
        raise PictureError('Expected pictures by name: give a dict such as {"before": a, "after": b}.')
    if columns < 1 or size < 32:
        raise PictureError(f"Expected at least 1 column and 32 pixels, got {columns} and {size}: give more.")
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    gap = max(6, size // 16)
    letters = max(12, size // 13)
    cell_width = size + gap
    cell_height = size + 2 * letters + gap
    sheet = Image.new("RGB", (columns * cell_width + gap, rows * cell_height + gap), (244, 244, 242))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=letters)
    for index, (label, picture) in enumerate(pictures.items()):
        left = gap + index % columns * cell_width
        top = gap + index // columns * cell_height
        picture = checked(picture)
        height, width = (max(1, round(side * size / max(picture.shape[1:]))) for side in picture.shape[1:])
        sheet.paste(to_pil(scale(picture, height, width)), (left + (size - width) // 2, top + size - height))
        text = " ".join(str(label).split())
        ellipsis = ""
        while text and font.getlength(text + ellipsis) > size:
            text = text[:-1]
            ellipsis = "…"
        draw.text((left + size / 2, top + size + letters), text + ellipsis, (40, 40, 40), font, anchor="mm")
    return to_tensor(sheet, "The sheet", None)
