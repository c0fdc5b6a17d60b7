"""A style made of ornaments on gold leaf."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from nstlib.painted.canvas import Canvas, Noise, brush, discs, lit, palette, ramp

ROBE = 0.5  # how far from nought the folds' noise is where a robe lies


def gilded(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Gold leaf with curling branches, between a robe of black and white blocks and one of coloured eyes."""
    robe = Noise(rng)

    def fold(x, y):
        return robe(2.3 * x + 1.1 * y, 1.7 * y, 2)

    sheet = _leaf(canvas, fold, rng)
    _branches(sheet, canvas, lambda x, y: abs(fold(x, y)) < ROBE + 0.2, rng)
    _blocks(sheet, canvas, lambda x, y: fold(x, y) > ROBE, rng)
    _eyes(sheet, canvas, lambda x, y: fold(x, y) < -ROBE, rng)
    return lit(sheet, canvas, depth=0.02)


def _leaf(canvas: Canvas, fold: Callable, rng: np.random.Generator) -> Image.Image:
    """A sheet of beaten gold in squares; where the robes will lie it is darker and redder."""
    gold = palette("#5e3a0c", "#a06d18", "#d19a2a", "#eac456", "#f9e7a2")
    tint, hammer = Noise(rng), Noise(rng)
    x, y = canvas.grid()
    squares = rng.normal(0, 0.09, (64, 512))
    square = squares[(y / 0.085).astype(int), (x / 0.085).astype(int)]
    tone = 0.6 + square + 0.10 * tint(2.5 * x, 2.5 * y, 2) + 0.07 * hammer(60 * x, 60 * y, 2)
    under = abs(fold(x, y)) > ROBE
    colours = ramp(gold, np.where(under, tone - 0.35, tone))
    height = 0.5 + 0.12 * hammer(60 * x, 60 * y)
    raster = np.concatenate([colours, np.broadcast_to(height, under.shape)[..., None]], axis=-1)
    return Image.fromarray((raster.clip(0, 1) * 255).astype(np.uint8), "RGBA")


def _branches(sheet: Image.Image, canvas: Canvas, inside: Callable, rng: np.random.Generator) -> None:
    """Spirals of bronze, each with a light upper edge, where `inside(x, y)` is true at the heart."""
    bronze = palette("#3b2208", "#f4d67c")
    at = canvas.scatter(48, rng, margin=0.1)
    at = at[inside(*at.T)]
    radius = rng.uniform(0.05, 0.105, (len(at), 1))
    along = np.linspace(0, 1, 60)
    turn = rng.uniform(0, 6, (len(at), 1)) + np.where(rng.random((len(at), 1)) < 0.5, 1, -1) * 15 * along
    arm = radius * (1 - 0.9 * along)
    paths = at[:, None] + np.stack([arm * np.cos(turn), arm * np.sin(turn)], axis=-1)
    for thickness, shift, tone in ((0.17, 0, 0), (0.07, -0.0025, 1)):
        colours = np.repeat(bronze[tone : tone + 1], len(at), 0)
        brush(sheet, canvas, paths + shift, thickness * radius[:, 0], colours, rng, lanes=1, spread=0.03)


def _blocks(sheet: Image.Image, canvas: Canvas, inside: Callable, rng: np.random.Generator) -> None:
    """Upright blocks in black, cream and silver where `inside(x, y)` is true."""
    stones = palette("#14110f", "#14110f", "#f3ead2", "#f3ead2", "#8f9aa3", "#b0311f", "#d8b44a")
    at = canvas.scatter(1500, rng)
    at = at[inside(*at.T)]
    half = rng.uniform([0.005, 0.008], [0.013, 0.024], at.shape)
    colours = stones[rng.integers(len(stones), size=len(at))] * rng.uniform(0.85, 1.1, (len(at), 1))
    boxes = np.concatenate([at - half, at + half], axis=1) * canvas.pixels
    fills = (np.c_[colours, rng.uniform(0.5, 1, len(at))].clip(0, 1) * 255).astype(int)
    draw = ImageDraw.Draw(sheet)
    for box, fill in zip(boxes.tolist(), fills.tolist(), strict=True):
        draw.rectangle(box, fill=tuple(fill))


def _eyes(sheet: Image.Image, canvas: Canvas, inside: Callable, rng: np.random.Generator) -> None:
    """Rings within rings in jewel colours where `inside(x, y)` is true."""
    jewels = palette("#0f5f6e", "#8c1f52", "#d6452b", "#2f7d4f", "#4a2f8f", "#1b3f8b", "#12a0a0")
    rims = palette("#17120c", "#e9c45a", "#f3ead2")
    at = canvas.scatter(480, rng)
    at = at[inside(*at.T)]
    radius = rng.choice([0.011, 0.017, 0.026], len(at)) * rng.uniform(0.85, 1.15, len(at))
    for share, lift, colours in ((1, 0.45, rims), (0.8, 0.65, jewels), (0.5, 0.85, rims), (0.28, 1, jewels)):
        chosen = colours[rng.integers(len(colours), size=len(at))]
        discs(sheet, canvas, at, share * radius, np.c_[chosen, np.full(len(at), lift)])
