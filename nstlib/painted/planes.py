"""Styles made of planes: a mosaic of cut stones and a cubist interior of shaded facets."""

import numpy as np
from PIL import ImageDraw
from scipy.spatial import Voronoi

from nstlib.painted.canvas import Canvas, Noise, lit, palette

_FACETS = palette(
    *("#1b2a3d", "#8f4a1e", "#d98e26", "#e8d09a", "#23858c", "#1d4f80"),
    *("#cc4a22", "#7fa066", "#e6ae45", "#6b2138", "#9fc4bc"),
)


def mosaic(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Rosettes of stones laid in rings: turquoise, navy, terracotta and gold in pale grout."""
    stones = palette("#0f3a6b", "#1c7f95", "#5fc0b5", "#f0e2bd", "#e3a32f", "#c2502d", "#7c1f2f", "#14284d")
    seeds, bands = _rosettes(canvas, rng, pitch=0.024)
    colours = stones[bands % len(stones)] * rng.uniform(0.8, 1.18, (len(seeds), 1))
    colours = colours + rng.normal(0, 0.025, colours.shape)
    sheet = canvas.sheet((206, 192, 168))
    draw = ImageDraw.Draw(sheet)
    cells = Voronoi(seeds)
    for centre, region, colour in zip(seeds, cells.point_region, colours, strict=True):
        corners = cells.regions[region]
        if -1 in corners:  # a cell without an end, beyond the picture's edge
            continue
        # Two polygons for a stone: a darker rim and, higher, its polished face.
        for shrink, tone, height in ((0.86, 0.78, 110), (0.66, 1.0, 225)):
            outline = (centre + (cells.vertices[corners] - centre) * shrink) * canvas.pixels
            fill = (colour * tone * 255).clip(0, 255).astype(int).tolist()
            draw.polygon(outline.ravel().tolist(), fill=(*fill, height))
    x, y = canvas.grid()
    return lit(sheet, canvas, depth=0.02) * (1 + 0.045 * Noise(rng)(45 * x, 45 * y, 2)[..., None])


def _rosettes(canvas: Canvas, rng: np.random.Generator, pitch: float) -> tuple[np.ndarray, np.ndarray]:
    """Where stones lie, (n, 2), in rings round scattered hearts, and each one's petal-shaped band, (n,) integers."""
    hearts = canvas.scatter(5, rng, margin=0.1)
    in_ring = np.round(2 * np.pi * (np.arange(1.1 / pitch) + 0.5)).astype(int)
    ring = np.repeat(np.arange(len(in_ring)), in_ring)
    turn = np.arange(len(ring)) * 2 * np.pi / in_ring[ring] + 1.7 * ring
    spokes = (ring[:, None] + 0.5) * pitch * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    seeds, bands = [], []
    for i, heart in enumerate(hearts):
        at = heart + spokes + rng.normal(0, 0.07 * pitch, spokes.shape)
        petals, phase, first = rng.integers(5, 10), rng.uniform(0, 6), rng.integers(8)
        nearest = (at > -0.1).all(1) & (at < [canvas.width + 0.1, canvas.height + 0.1]).all(1)
        nearest[nearest] = np.hypot(*(at[nearest, None] - hearts).T).argmin(0) == i
        seeds.append(at[nearest])
        bands.append((np.floor((ring + 0.5 + 1.6 * np.cos(petals * turn + phase)) / 1.8).astype(int) + first)[nearest])
    return np.concatenate(seeds), np.concatenate(bands)


def cubist(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Facets cut by lines and arcs, each shaded from its edges and brushed in its own direction."""
    x, y = canvas.grid()
    cell = np.zeros(np.broadcast(x, y).shape, np.int32)
    shade = np.zeros(cell.shape, np.float32)
    seam = np.ones(cell.shape, np.float32)
    # Jittered cuts reach everywhere, so no facet stays large; every third one is an arc.
    for cut, at in enumerate(canvas.scatter(25, rng, margin=0)):
        turn = rng.uniform(0, np.pi)
        distance = (x - at[0]) * np.cos(turn) + (y - at[1]) * np.sin(turn)
        if cut % 3 == 0:
            distance = np.hypot(x - at[0], y - at[1]) - rng.uniform(0.1, 0.3)
        side = distance > 0
        # Each cut flips its own random bits, so every facet gets a number of its own.
        cell ^= np.where(side, rng.integers(2**31, dtype=np.int32), np.int32(0))
        distance = abs(distance)
        shade += np.where(side, np.float32(0.9), np.float32(-1.1)) / (1 + (distance / 0.035) ** 2)
        seam = np.minimum(seam, distance)
    turn = (cell % 8) * np.pi / 8
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    bristles = Noise(rng)(8 * along + cell % 91, 100 * across) + 0.4 * np.sin(150 * across + 3 * np.sin(11 * along))
    light = 0.98 + 0.24 * np.tanh(0.8 * shade) + 0.12 * bristles
    light *= 0.35 + 0.65 * np.clip(seam / 0.0035, 0, 1)
    return _FACETS[cell % len(_FACETS)] * light[..., None]
