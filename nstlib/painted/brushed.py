"""Styles made of separate touches of paint: brush strokes, thick dabs and dots."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from nstlib.painted.canvas import Canvas, Noise, blend, brush, discs, lit, palette, ramp, step, trace


def night(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Strokes that follow a swirling sky over dark hills: ultramarine, pale blue and gold."""
    dark = palette("#071033", "#0d2266", "#1b49a8", "#2f78c9", "#7fb6d6", "#dfe6c8")
    gold = palette("#3f86c4", "#c9c078", "#f5b82e", "#ffe27a", "#fff8d8")
    earth = palette("#04091f", "#0b1f3f", "#12425a", "#2b6b6a", "#0a1540", "#c98a2a")
    drift, tint = Noise(rng), Noise(rng)
    orbs = canvas.scatter(9, rng, margin=0) * [1, 0.66]
    size = rng.uniform(0.035, 0.08, len(orbs))
    size[np.argmin(np.hypot(*(orbs - [0.72 * canvas.width, 0.2 * canvas.height]).T))] = 0.13
    spin = np.where(rng.random(len(orbs)) < 0.7, 1, -1)

    def hill(x):
        return canvas.height * 0.76 + 0.07 * drift(1.3 * x, x * 0, 2) * np.ones_like(x)

    def angle(x, y):
        dx, dy = x[:, None] - orbs[:, 0], y[:, None] - orbs[:, 1]
        pull = 3 * np.exp(-((np.hypot(dx, dy) / (2.1 * size)) ** 2)) * spin / (np.hypot(dx, dy) + 1e-6)
        u, v = 0.8 - (pull * dy).sum(1), 0.9 * drift(1.5 * x, 1.5 * y) + (pull * dx).sum(1)
        slope = (hill(x + 0.01) - hill(x - 0.01)) / 0.02 + 0.5 * drift(3 * x, 3 * y + 9)
        return np.where(y < hill(x), np.arctan2(v, u), np.arctan(slope))

    sheet = canvas.sheet((10, 24, 70))
    for density, thickness, length, lanes in ((1500, 0.026, 0.12, 4), (3200, 0.014, 0.10, 3), (2400, 0.008, 0.07, 1)):
        at = canvas.scatter(density, rng, margin=0.1)
        x, y = at.T
        distance = np.hypot(x[:, None] - orbs[:, 0], y[:, None] - orbs[:, 1]) / size
        near, rings = distance.min(1), 0.16 * np.sin(5 * distance.min(1))
        tone = 0.36 + 0.17 * tint(2 * x, 5 * y, 2) + rings * step(3 - near)
        sky = ramp(dark, tone + 0.1 * rng.standard_normal(len(x)))
        sky = blend(sky, ramp(gold, 1.15 - 0.62 * near + 0.5 * rings), 1.9 - near)
        land = ramp(earth, 0.45 + 0.2 * tint(3 * x, 14 * y + 5, 2) + 0.08 * rng.standard_normal(len(x)))
        colours = np.where((y < hill(x))[:, None], sky, land)
        paths = trace(at, angle, length * rng.uniform(0.6, 1.2, len(at)))
        brush(sheet, canvas, paths - (paths[:, 3] - at)[:, None], thickness, colours, rng, lanes)
    return lit(sheet, canvas, depth=0.018)


def poppies(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """A meadow in thick dabs: scarlet poppies and yellow-green grass under a violet morning sky."""
    grass = palette("#0e3d2b", "#1f6b33", "#4f9a2e", "#9dbb34", "#e3cf4a")
    tint = Noise(rng)
    horizon = 0.30 * canvas.height
    sheet = canvas.sheet((70, 84, 110))
    _morning(sheet, canvas, horizon, rng)
    at = canvas.scatter(4200, rng, margin=0.1)
    at = at[at[:, 1] > horizon]
    at = at[np.argsort(at[:, 1])]
    near = ((at[:, 1] - horizon) / (canvas.height - horizon)).clip(0, 1)
    tone = 0.55 - 0.25 * near + 0.16 * tint(4 * at[:, 0], 9 * at[:, 1], 2) + 0.18 * rng.standard_normal(len(at))
    paths = trace(at, lambda x, y: -1.57 + 0.45 * tint(5 * x, 5 * y), 0.02 + 0.09 * near)
    is_poppy = (rng.random(len(at)) < 0.12) & (tint(3 * at[:, 0] + 7, 7 * at[:, 1]) > -0.7)
    # From far to near, so that flowers stand before the grass behind them.
    for row in np.array_split(np.arange(len(at)), 24):
        brush(sheet, canvas, paths[row], 0.005 + 0.008 * near[row], ramp(grass, tone[row]), rng, lanes=2)
        flowers = row[is_poppy[row]]
        radius = (0.007 + 0.022 * near[flowers]) * rng.uniform(0.7, 1.15, len(flowers))
        _flowers(sheet, canvas, paths[flowers, -1], radius, rng)
    return lit(sheet, canvas, depth=0.022)


def _morning(sheet: Image.Image, canvas: Canvas, horizon: float, rng: np.random.Generator) -> None:
    """A streaked sky down to `horizon`, and a row of trees on it."""
    sky = palette("#6a7fd0", "#8fa8e6", "#c9b8e0", "#f6cfae", "#ffe6b0")
    tint = Noise(rng)
    at = canvas.scatter(2600, rng, margin=0.1)
    at = at[at[:, 1] < horizon + 0.05]
    tone = at[:, 1] / horizon + 0.16 * tint(3 * at[:, 0], 8 * at[:, 1], 2) + 0.1 * rng.standard_normal(len(at))
    paths = trace(at, lambda x, y: 0.6 * tint(1.5 * x, 2.5 * y), 0.08)
    brush(sheet, canvas, paths, 0.022, ramp(sky, tone), rng)

    trees = np.stack([rng.uniform(-0.05, canvas.width + 0.05, 500), horizon + rng.uniform(-0.5, 0.5, 500) * 0.02], 1)
    trees[:, 1] -= rng.uniform(0, 1, 500) * np.clip(0.05 + 0.04 * tint(4 * trees[:, 0], trees[:, 0] * 0), 0.01, 0.14)
    paths = trace(trees, lambda x, y: -1.6 + 0.7 * tint(9 * x, 9 * y), 0.03)
    brush(sheet, canvas, paths, 0.014, ramp(palette("#16264f", "#1f4f5c", "#3d7a5a"), rng.random(500)), rng)


def _flowers(sheet: Image.Image, canvas: Canvas, at: np.ndarray, radius: np.ndarray, rng: np.random.Generator) -> None:
    """Poppies at `at` (n, 2): seven dabs round a dark heart, seen a little from the side."""
    petal = palette("#8f0d1c", "#d11a1a", "#f2401f", "#ff7a3a", "#ffb0a0")
    turn = np.arange(7) * 2 * np.pi / 7 + rng.uniform(0, 6, (len(at), 1))
    r = radius[:, None, None] * rng.uniform(0.5, 0.75, (len(at), 7, 1))
    centres = at[:, None] + r * np.stack([np.cos(turn), 0.7 * np.sin(turn)], axis=-1)
    tone = 0.42 - 0.25 * np.sin(turn) + 0.14 * rng.standard_normal(turn.shape)
    across = (turn + np.pi / 2).ravel()
    length = np.repeat(radius, 7) * 1.5
    starts = centres.reshape(-1, 2) - np.stack([np.cos(across), 0.7 * np.sin(across)], 1) * length[:, None] / 2
    bend = iter(np.linspace(-0.7, 0.7, 6))
    paths = trace(starts, lambda x, y: across + next(bend), length)
    brush(sheet, canvas, paths, length * 0.62, ramp(petal, tone).reshape(-1, 3), rng, spread=0.06)
    heart = trace(at - radius[:, None] * [0.25, 0], lambda x, y: 0 * x, 0.5 * radius, points=4)
    brush(sheet, canvas, heart, 0.42 * radius, np.broadcast_to(palette("#1b0a1e"), (len(at), 3)), rng)


def pointillism(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Poplars over a river at sunset in dots: each colour is divided into purer neighbours and its complement."""
    scene = _river(canvas, rng)
    sheet = canvas.sheet((236, 220, 190))
    for density, radius in ((6000, 0.0095), (13000, 0.006)):
        at = canvas.scatter(density, rng)
        colours = scene(*at.T)
        mean = colours.mean(1, keepdims=True)
        # Divided colour: most dots are purer than the scene, one in ten is its complement at equal brightness.
        pure = mean + (colours - mean) * rng.uniform(0.9, 1.5, (len(at), 1)) + 0.07 * rng.standard_normal(colours.shape)
        dots = np.where(rng.random((len(at), 1)) < 0.1, 2 * mean - colours + 0.05, pure)
        discs(sheet, canvas, at, radius * rng.uniform(0.75, 1.15, len(at)), np.c_[dots, rng.uniform(0.3, 1, len(at))])
    return lit(sheet, canvas, depth=0.008)


def _river(canvas: Canvas, rng: np.random.Generator) -> Callable:
    """The landscape as a function of coordinates x, y (n,): colours (n, 3)."""
    tint, wave = Noise(rng), Noise(rng)
    sky = palette("#3458c4", "#6a8fe2", "#c4a0dc", "#ff9a78", "#ffd257")
    leaves = palette("#12324f", "#1c5f58", "#3f9a45", "#b4cc3c", "#f0d860")
    horizon, sun = 0.5 * canvas.height, np.array([0.26, 0.36]) * [canvas.width, canvas.height]
    poplars = np.stack([np.linspace(0.5, 1.05, 7) ** 0.8 * canvas.width, rng.uniform(0.22, 0.42, 7)], axis=1)

    def shore(x, y):
        colours = ramp(sky, 1.05 * y / horizon + 0.06 * tint(2 * x, 7 * y, 2))
        colours = blend(colours, palette("#fff3a8"), 1.5 - np.hypot(x - sun[0], y - sun[1]) / 0.06)
        rise = y - horizon + 0.06 + 0.025 * tint(2.5 * x, 0 * x, 2)
        colours = blend(colours, ramp(palette("#8a7ad0", "#5a58b4", "#3f6f9c"), rise / 0.07), 200 * rise)
        rough, dapple = 2 + 0.5 * tint(14 * x, 14 * y), 0.2 * tint(9 * x, 9 * y)
        for at, tall in poplars:
            up = (horizon - y) / tall
            wide = 0.11 * tall * np.sqrt(np.clip(up * (1.05 - up), 0, 1)) * rough
            light = 0.45 - 0.5 * (x - at) / (0.12 * tall) + dapple
            colours = blend(colours, ramp(leaves, light), 300 * (wide - abs(x - at)))
        return colours

    def scene(x, y):
        deep = (y - horizon) / (canvas.height - horizon)
        ripple = 0.006 * wave(4 * x, 40 * y, 2) * (0.5 + deep)
        river = blend(shore(x + ripple, 2 * horizon - y + 3 * ripple), palette("#2446a8"), 0.25 + 0.35 * deep)
        bank = 0.92 - 0.16 * np.cos(2.6 * x / canvas.width + 0.4) + 0.03 * tint(5 * x, 3 + 0 * x)
        meadow = ramp(leaves[::-1], 3 * (y / canvas.height - bank) + 0.12 + 0.13 * tint(6 * x, 14 * y, 2))
        meadow = blend(meadow, palette("#e8407a"), 3 * tint(28 * x, 28 * y) - 3.2)
        picture = np.where((y < horizon)[:, None], shore(x, y), river)
        return np.where((y / canvas.height < bank)[:, None], picture, meadow)

    return scene
