"""Make docs/film.gif, lesson 09b's film painted in four ways: NST_TEST=1 python docs/film.py."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont

from nstlib import feedforward, networks, painted, pictures, transfer
from nstlib.files import replacing
from nstlib.transfer import Picture

SIDE, SHIFT, N_FRAMES, STEPS = 112, 3, 13, 25
AGAIN = 2  # times after the first: what moves for more than five seconds would need a button that stops it
FRAME_MS, GAP, LETTERS = 120, 6, 12
GROUND, INK = (244, 244, 242), (40, 40, 40)

scene = pictures.sample("astronaut", 2 * SIDE)
film = [scene[:, SIDE // 4 :, SHIFT * t :][:, :SIDE, :SIDE].contiguous() for t in range(N_FRAMES)]
painting = painted.paint("night", 256)
network = networks.load()
painter = feedforward.Painter(feedforward.load("night").generator)
settings = replace(feedforward.Recipe().settings, size=SIDE, style_scale=256 / SIDE, scales=1, steps=STEPS)


def optimised(photo: Picture, start: Picture | None = None) -> Picture:
    """Return a frame after some steps from its photo, or from `start`."""
    *_, last = transfer.steps(photo, painting, settings, network, start=start)
    return last.picture


def going_on() -> Iterator[Picture]:
    """Yield frames of which each starts from the last one, moved along."""
    last = None
    for photo in film:
        start = None if last is None else torch.cat([last[..., SHIFT:], photo[..., -SHIFT:]], 2)
        last = optimised(photo, start)
        yield last


def beside_each_other(row: tuple[Picture, ...], names: tuple[str, ...]) -> Image.Image:
    """Lay the pictures of one moment beside each other, with their names."""
    width, height = SIDE * len(row) + GAP * (len(row) + 1), SIDE + GAP + 2 * LETTERS
    sheet = Image.new("RGB", (width, height), GROUND)
    font = ImageFont.load_default(size=LETTERS)
    for column, (picture, name) in enumerate(zip(row, names, strict=True)):
        left = GAP + column * (SIDE + GAP)
        sheet.paste(pictures.to_pil(picture), (left, GAP))
        ImageDraw.Draw(sheet).text((left + SIDE / 2, GAP + SIDE + LETTERS), name, INK, font, anchor="mm")
    return sheet


ways = {
    "begun anew": [optimised(photo) for photo in film],
    "going on": list(going_on()),
    "noise still": [painter(photo) for photo in film],
    "noise moved": [painter(photo, shift=(0, -SHIFT * t)) for t, photo in enumerate(film)],
}
frames = [beside_each_other(row, tuple(ways)) for row in zip(*ways.values(), strict=True)]
palette = frames[0].quantize(128)
first, *others = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
with replacing(Path(__file__).with_suffix(".gif")) as part:
    first.save(part, "GIF", save_all=True, append_images=others, duration=FRAME_MS, loop=AGAIN)
