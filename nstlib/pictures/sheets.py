"""Many pictures on one sheet."""

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

    A row is as high as its tallest picture.

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
    gap = max(6, size // 16)
    letters = max(12, size // 13)
    fitted = {label: _fitted(checked(picture), size) for label, picture in pictures.items()}
    named = list(fitted.items())
    rows = [named[start : start + columns] for start in range(0, len(named), columns)]
    heights = [max(picture.height for _, picture in row) for row in rows]
    height = gap + sum(tallest + 2 * letters + gap for tallest in heights)
    sheet = Image.new("RGB", (columns * (size + gap) + gap, height), (244, 244, 242))
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=letters)
    bottom = 0
    for row, tallest in zip(rows, heights, strict=True):
        bottom += gap + tallest
        for column, (label, picture) in enumerate(row):
            middle = gap + column * (size + gap) + size // 2
            sheet.paste(picture, (middle - picture.width // 2, bottom - picture.height))
            draw.text((middle, bottom + letters), _cut(label, font, size), (40, 40, 40), font, anchor="mm")
        bottom += 2 * letters
    return to_tensor(sheet, "The sheet", None)


def _fitted(picture: Float[Tensor, "3 _ _"], size: int) -> Image.Image:
    height, width = (max(1, round(side * size / max(picture.shape[1:]))) for side in picture.shape[1:])
    return to_pil(scale(picture, height, width))


def _cut(label: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Return the label in one line, cut until it fits."""
    text, ellipsis = " ".join(str(label).split()), ""
    while text and font.getlength(text + ellipsis) > width:
        text, ellipsis = text[:-1], "…"
    return text + ellipsis
