"""Styles made of ink on paper: pen hatching, a woodblock print and marbling."""

import numpy as np
from PIL import Image, ImageDraw

from nstlib.painted.canvas import Canvas, Noise, blend, discs, palette, ramp


def hatching(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Folded cloth in pen hatching: red chalk and indigo on warm paper, more directions where it is darker."""
    x, y = canvas.grid()
    fold, hand, grain = Noise(rng), Noise(rng), Noise(rng)
    sway = fold(1.3 * x, 1.3 * y, 2)
    phase = 2 * np.pi * (1.5 * x + 0.7 * y + 0.55 * sway)
    tone = 0.52 + 0.30 * np.sin(phase) + 0.13 * np.sin(2.3 * phase + 4 * sway) + 0.10 * fold(3 * x + 50, 3 * y)
    wobble = 0.003 * hand(7 * x, 7 * y)
    colours = palette("#f5e3be") * (0.96 + 0.018 * grain(70 * x, 70 * y))[..., None]
    layers = ((0.6, 1.05, "#c4512e"), (-0.75, 0.74, "#2b3a86"), (0.05, 0.50, "#1b1d4d"), (1.45, 0.30, "#0e0d26"))
    for direction, threshold, ink in layers:
        # Lines bend over the folds as a hand draws them, so the hatching shows the form as well as the tone.
        across = y * np.cos(direction) - x * np.sin(direction) + 0.022 * np.sin(phase + 0.8) + wobble
        along = x * np.cos(direction) + y * np.sin(direction)
        line = across / 0.0125
        number = np.floor(line)
        press = np.sin(9 * along + 2.4 * number) + np.sin(23 * along - 4.1 * number * (number % 7))
        half = 0.36 * np.clip((threshold - tone) / 0.6, 0, 1) ** 0.7 * (1 + 0.12 * press)
        # The pen is lifted where the pressure is least.
        mark = np.clip((half - abs(line - number - 0.5)) * 0.0125 * canvas.pixels + 0.5, 0, 1)
        colours = blend(colours, palette(ink), 0.92 * mark * (half > 0.03) * (press > -1.75))
    return colours


def waves(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Woodblock print: rows of breaking waves in Prussian blue with cream foam under a graded sky."""
    x, y = canvas.grid()
    grain = Noise(rng)
    ring = grain(2.5 * x, 45 * y + 3 * grain(2 * x, 2 * y), 2)
    sky = ramp(palette("#16346b", "#5c86a8", "#e9d3a4", "#f3b98a", "#e8875e"), y / (0.56 * canvas.height) + 0.02 * ring)
    sun = np.hypot(x - 0.3 * canvas.width, y - 0.23 * canvas.height)
    sky = blend(sky, palette("#c8321f"), (0.115 - sun) * canvas.pixels)
    sheet = Image.fromarray((sky.clip(0, 1) * 255).astype(np.uint8))
    for row in range(7):
        depth = row / 6
        base = canvas.height * (0.42 + 0.60 * depth)
        _wave(sheet, canvas, base, length=0.26 + 0.3 * depth, high=0.055 + 0.13 * depth, rng=rng)
    printed = np.asarray(sheet, np.float32) / 255
    return printed * (0.965 + 0.035 * ring[..., None].clip(-2, 1))


def _wave(
    sheet: Image.Image, canvas: Canvas, base: float, length: float, high: float, rng: np.random.Generator
) -> None:
    """One row of breakers: bands of blue that follow the crest, then foam along it."""
    blues = palette("#efe3c2", "#0f2a5c", "#2f6690", "#12316b", "#8fb6bd", "#173d78", "#3f7fa6", "#0f2a5c")
    t = np.linspace(-1, canvas.width / length + 2, int(180 * (canvas.width / length + 3)))
    phase = 2 * np.pi * (t + rng.uniform(0, 1))
    swell = 1 + 0.25 * np.sin(phase / 3.3 + rng.uniform(0, 6))
    crest = (0.5 + 0.5 * np.cos(phase)) ** 1.7
    draw = ImageDraw.Draw(sheet)
    for band, colour in enumerate(blues):
        sink = band / len(blues)
        shape = crest * swell * high * (1 - 0.75 * sink)
        # The crest leans over: the higher a point, the further it is carried.
        px = t * length + 1.3 * shape * crest * (1 - sink) - 0.1 * length
        py = base - shape + sink * (0.10 + 0.9 * high) + 0.004 * np.sin(phase * 9) * sink
        outline = np.stack([px, py], 1)
        polygon = (
            np.concatenate([outline, [[canvas.width + 3, canvas.height + 1], [-3, canvas.height + 1]]]) * canvas.pixels
        )
        draw.polygon(polygon.ravel().tolist(), fill=tuple((colour * 255).astype(int).tolist()))
        if band == 0:
            rim = outline
    _foam(sheet, canvas, rim, crest**2 * high, rng)


def _foam(sheet: Image.Image, canvas: Canvas, rim: np.ndarray, thick: np.ndarray, rng: np.random.Generator) -> None:
    """Outlined bubbles along `rim` (n, 2), heaped where it is `thick` (n,), and drops of spray above them."""
    pick = np.sort(rng.choice(len(rim), int(len(rim) * 0.8), replace=False))
    rim, thick = rim[pick], thick[pick]
    at = rim + rng.normal(0, 1, rim.shape) * thick[:, None] * [0.16, 0.12] + [0, 0.006]
    radius = (0.004 + 0.10 * thick) * rng.uniform(0.5, 1.1, len(rim))
    for grow, colour in ((0.0028, "#12316b"), (0, "#f6ecd2")):
        discs(sheet, canvas, at, radius + grow, np.repeat(palette(colour), len(at), 0))
    rim, thick = rim[::5], thick[::5]
    spray = rim + rng.uniform(-1, 1, rim.shape) * [0.05, 0] - 0.5 * thick[:, None] * [0, 1]
    discs(sheet, canvas, spray, 0.02 * thick, np.repeat(palette("#f6ecd2"), len(spray), 0))


def marbling(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Turkish paper: floating inks drawn by combs into feathers and whorls."""
    x, y = canvas.grid()
    stone, stir, grain = Noise(rng), Noise(rng), Noise(rng)
    inks = palette("#12284f", "#f2e6cb", "#b3262b", "#e0a030", "#1f6f78", "#eec3a6", "#1b3a75", "#d9663f", "#7fb3a8")
    u = x + 0.05 * stir(1.3 * x, 1.3 * y, 3)
    v = y + 0.05 * stir(1.3 * x + 40, 1.3 * y, 3)
    # A comb drags ink along its teeth, most at a tooth and less between two: undo each pull, the last one first.
    for pitch, pull, sideways in ((0.13, 0.06, True), (0.065, 0.12, False), (0.26, 0.22, True)):
        across, along = (v, u) if sideways else (u, v)
        tooth = abs((across / pitch) % 1 - 0.5) * 2
        direction = np.where(np.floor(across / pitch) % 2 == 0, 1, -1) if sideways else 1
        moved = along + direction * pull * (np.exp(-2.5 * tooth) - np.exp(-2.5))
        u, v = (moved, v) if sideways else (u, moved)
    t = 5.5 * v + 0.75 * stone(3 * u, 3 * v, 2)
    number = np.floor(t * 3)
    shade = t * 3 - number
    colours = inks[(number * 5 % len(inks)).astype(int)]
    colours = colours * (0.86 + 0.2 * shade[..., None])
    vein = (0.06 - abs(shade - 0.5) + 0.44) / 0.06
    colours = blend(palette("#f7efdc") * np.ones_like(colours), colours, vein)
    return colours * (1 + 0.02 * grain(70 * x, 70 * y)[..., None])
