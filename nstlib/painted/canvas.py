"""What every painting needs: coordinates, smooth noise, palettes, brush strokes and light.

Lengths are measured in shorter sides of the picture, so the same numbers paint the same composition at any size.
Styles draw on a raster at least twice as fine as the picture; `paint` reduces it, which smooths every edge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import map_coordinates


@dataclass(frozen=True)
class Canvas:
    """A raster of `rows` × `columns` pixels whose shorter side has length 1."""

    rows: int
    columns: int

    @property
    def pixels(self) -> int:
        """Pixels in one unit of length."""
        return min(self.rows, self.columns)

    @property
    def height(self) -> float:
        """Height in units; 1 unless the picture is upright."""
        return self.rows / self.pixels

    @property
    def width(self) -> float:
        """Width in units; 1 unless the picture is wide."""
        return self.columns / self.pixels

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of the pixel centres: x (1, columns) and y (rows, 1), float32, ready to broadcast."""
        x = (np.arange(self.columns, dtype=np.float32)[None] + 0.5) / self.pixels
        y = (np.arange(self.rows, dtype=np.float32)[:, None] + 0.5) / self.pixels
        return x, y

    def scatter(self, density: float, rng: np.random.Generator, margin: float = 0.05) -> np.ndarray:
        """`density` points for each unit of area, (n, 2) as x, y: one in each cell of a jittered lattice, shuffled."""
        pitch = density**-0.5
        x, y = np.meshgrid(
            np.arange(-margin, self.width + margin, pitch), np.arange(-margin, self.height + margin, pitch)
        )
        points = np.stack([x.ravel(), y.ravel()], axis=1)
        return rng.permutation(points + rng.uniform(0, pitch, points.shape))

    def sheet(self, colour: Sequence[int]) -> Image.Image:
        """An empty RGBA sheet; where strokes have relief, alpha is no transparency but the height of the paint."""
        return Image.new("RGBA", (self.columns, self.rows), (*colour, 0))


class Noise:
    """Smooth noise of mean 0 and deviation about 1 at any coordinates: a quadratic B-spline over random numbers."""

    def __init__(self, rng: np.random.Generator):
        self.lattice = 1.8 * rng.standard_normal((256, 256), dtype=np.float32)

    def __call__(self, x: np.ndarray, y: np.ndarray, octaves: int = 1) -> np.ndarray:
        """Noise at (x, y), float32 in their common shape; each further octave is half as large and half as high."""
        x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
        # On a grid the spline factors into rows and columns, which is five times as fast.
        once = self._grid if x.ndim == 2 and len(x) == 1 and y.shape[1] == 1 else self._scattered
        return sum(once(x * 2**i + 57 * i, y * 2**i + 31 * i) / 2**i for i in range(octaves))

    def _scattered(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        where = np.stack(np.broadcast_arrays(y, x))
        return map_coordinates(self.lattice, where, order=2, mode="grid-wrap", prefilter=False)

    def _grid(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        rows = sum(w[:, None] * self.lattice[i] for i, w in self._taps(y[:, 0]))
        return sum(w * rows[:, i] for i, w in self._taps(x[0]))

    def _taps(self, t: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """The three lattice indices around each t, with their weights."""
        middle = np.floor(t + 0.5)
        f = t - middle
        weights = (0.5 * (0.5 - f) ** 2, 0.75 - f**2, 0.5 * (0.5 + f) ** 2)
        return [((middle.astype(int) + i) % len(self.lattice), w) for i, w in zip((-1, 0, 1), weights, strict=True)]


def palette(*colours: str) -> np.ndarray:
    """Colours written "#rrggbb" as a float array (n, 3) in [0, 1]."""
    return np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours], np.float32)


def ramp(colours: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Colours (n, 3) blended in a row: t = 0 gives the first, t = 1 the last; t's shape and a last axis 3."""
    stops = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(t, stops, channel) for channel in colours.T], axis=-1).astype(np.float32)


def blend(below: np.ndarray, above: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """`above` over `below`, colours with a last axis 3, covering the share `amount` (clipped to [0, 1])."""
    amount = np.clip(amount, 0, 1)[..., None]
    return below + (above - below) * amount


def step(t: np.ndarray) -> np.ndarray:
    """Smooth step: 0 for t ≤ 0, 1 for t ≥ 1."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def trace(start: np.ndarray, angle: Callable, length: np.ndarray | float, points: int = 7) -> np.ndarray:
    """Paths (n, points, 2) that leave `start` (n, 2) along the field `angle(x, y)` for `length` units."""
    path = [start]
    stride = np.broadcast_to(length, len(start)) / (points - 1)
    for _ in range(points - 1):
        a = angle(*path[-1].T)
        path.append(path[-1] + np.stack([np.cos(a), np.sin(a)], axis=1) * stride[:, None])
    return np.stack(path, axis=1)


def brush(
    sheet: Image.Image,
    canvas: Canvas,
    paths: np.ndarray,
    thickness: np.ndarray | float,
    colours: np.ndarray,
    rng: np.random.Generator,
    lanes: int = 3,
    spread: float = 0.05,
) -> None:
    """Draw a tapered stroke along each of `paths` (n, k, 2), in order, in `colours` (n, 3).

    A stroke is split lengthwise into `lanes`, as bristles do: each has its own height and a tone off by about `spread`.
    """
    n, k, _ = paths.shape
    along = np.gradient(paths, axis=1)
    normal = np.stack([-along[..., 1], along[..., 0]], axis=-1) / (np.linalg.norm(along, axis=-1, keepdims=True) + 1e-9)
    taper = np.sin(np.pi * np.linspace(0.08, 0.94, k)) ** 0.45
    half = 0.5 * np.broadcast_to(thickness, n)[:, None] * taper
    edges = np.linspace(-1, 1, lanes + 1)[:, None, None, None] * (half[..., None] * normal)[None] + paths[None]
    outlines = np.concatenate([edges[:-1], edges[1:, :, ::-1]], axis=2).swapaxes(0, 1) * canvas.pixels

    tones = (
        colours[:, None]
        + spread * rng.standard_normal((n, lanes, 1))
        + 0.4 * spread * rng.standard_normal((n, lanes, 3))
    )
    heights = rng.uniform(0.25, 1, (n, lanes, 1))
    fills = (np.concatenate([tones, heights], axis=2).clip(0, 1) * 255).astype(int).reshape(-1, 4)
    draw = ImageDraw.Draw(sheet)
    for outline, fill in zip(outlines.reshape(n * lanes, 4 * k).tolist(), fills.tolist(), strict=True):
        draw.polygon(outline, fill=tuple(fill))


def discs(sheet: Image.Image, canvas: Canvas, centres: np.ndarray, radii: np.ndarray, colours: np.ndarray) -> None:
    """Draw a disc at each of `centres` (n, 2), in order, in `colours` (n, 3) or with a height (n, 4)."""
    boxes = np.concatenate([centres - radii[:, None], centres + radii[:, None]], axis=1) * canvas.pixels
    draw = ImageDraw.Draw(sheet)
    for box, fill in zip(boxes.tolist(), (colours.clip(0, 1) * 255).astype(int).tolist(), strict=True):
        draw.ellipse(box, fill=tuple(fill))


def lit(sheet: Image.Image, canvas: Canvas, depth: float) -> np.ndarray:
    """The sheet's colours (rows, columns, 3) in [0, 1] with its heights lit from the upper left."""
    # Blurred by a fixed length, heights have the same slopes at every size.
    paint = sheet.getchannel("A").filter(ImageFilter.GaussianBlur(0.0016 * canvas.pixels))
    down, right = np.gradient(np.asarray(paint, np.float32) / 255 * canvas.pixels)
    light = np.tanh(-depth * (down + right))
    return np.asarray(sheet.convert("RGB"), np.float32) / 255 * (1 + 0.30 * light[..., None])
