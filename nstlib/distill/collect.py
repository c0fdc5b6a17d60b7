"""Collect minivgg's training pictures from Debian's artwork packages, scikit-image, scikit-learn and our own painting.

``apt-get download`` fetches the packages, which are unpacked but not installed. The pictures of gcompris-qt-data,
photos and paintings by Van Gogh, stay out of training: ``evaluate.py`` measures on them.
"""

import re
import subprocess
import zipfile
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from rich.progress import track

from nstlib import painted, pictures
from nstlib.errors import NstError

PACKAGES = (
    "desktop-base",
    "gimp-data",
    "gnome-backgrounds",
    "krita-data",
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
    "lxqt-themes",
    "mate-backgrounds",
    "openarena-081-textures",
    "plasma-workspace-wallpapers",
    "propaganda-debian",
    "sway-backgrounds",
    "tuxpaint-stamps-default",
    "ukui-wallpapers",
    "xfdesktop4-data",
)
HELD_OUT_PACKAGE = "gcompris-qt-data"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tga")
SIDE = 640
LARGEST_FILE = 3_000_000
LEAST_SIDE = 128
LEAST_OPAQUE = 120  # mean of the alpha channel
LEAST_CONTRAST = 12  # standard deviation of the bytes
PAINTED_SEEDS = range(100, 104)  # the course shows others


def collect(folder: Path) -> None:
    """Make ``folder/train`` and ``folder/held_out``; needs apt-get, dpkg-deb and scikit-learn, or raises NstError."""
    if find_spec("sklearn") is None:  # minutes before it is used
        raise NstError("Expected scikit-learn, which holds some of the photos, got none: pip install -e '.[distill]'.")
    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for name in track((*PACKAGES, HELD_OUT_PACKAGE), "fetching packages"):
        subprocess.run(["apt-get", "download", "-qq", name], cwd=packages, check=True)
        (archive,) = packages.glob(f"{name}_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, packages / name], check=True)
    train = folder / "train"
    held_out = folder / "held_out"
    for subfolder in (train, held_out):
        subfolder.mkdir(exist_ok=True)
    for name in PACKAGES:
        _unpack_textures(packages / name)
    files = [path for name in PACKAGES for path in sorted((packages / name).rglob("*"))]
    _shrink([path for path in files if path.suffix.lower() in SUFFIXES], train)
    _add_library_pictures(train)
    for archive in sorted((packages / HELD_OUT_PACKAGE).rglob("*.rcc")):
        _carve(archive, held_out)


def _unpack_textures(folder: Path) -> None:
    """Unzip .pk3 files, in which games keep their textures."""
    for archive in folder.rglob("*.pk3"):
        with zipfile.ZipFile(archive) as file:
            file.extractall(archive.with_suffix(""))


def _shrink(files: list[Path], out: Path) -> None:
    """Save as JPEGs, the shorter side at most 640 pixels; skip the small, the flat, the transparent, the repeated."""
    seen = set()
    for number, path in enumerate(track(files, "shrinking pictures")):
        image = _open(path, number)
        if image is None:
            continue
        thumbnail = np.asarray(image.resize((8, 8)).convert("L")) // 24
        if thumbnail.tobytes() in seen or np.asarray(image.resize((64, 64)), float).std() < LEAST_CONTRAST:
            continue
        seen.add(thumbnail.tobytes())
        image.save(out / f"{number:05d}_{path.stem}.jpg", quality=95)


def _open(path: Path, number: int) -> Image.Image | None:
    try:
        image = Image.open(path)
        if min(image.size) < LEAST_SIDE:
            return None
        image = image.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError):
        return None
    if np.asarray(image)[..., 3].mean() < LEAST_OPAQUE:
        return None
    ground = tuple(int(value) for value in np.random.default_rng(number).integers(0, 255, 3))
    image = Image.alpha_composite(Image.new("RGBA", image.size, (*ground, 255)), image).convert("RGB")
    scale = min(1, SIDE / min(image.size))
    return image.resize([round(length * scale) for length in image.size], Image.Resampling.LANCZOS)


def _add_library_pictures(out: Path) -> None:
    from sklearn.datasets import load_sample_images

    for name in painted.STYLES:
        for seed in PAINTED_SEEDS:
            pictures.write(painted.paint(name, 448, seed), out / f"painted_{name}_{seed}.png", overwrite=True)
    for name in pictures.SAMPLES:
        pictures.write(pictures.sample(name, None), out / f"sample_{name}.png", overwrite=True)
    for number, photo in enumerate(load_sample_images().images):
        Image.fromarray(photo).save(out / f"sklearn_{number}.png")


def _carve(archive: Path, out: Path) -> None:
    """Save the JPEG and WebP pictures of a Qt resource file, found by their first bytes; PIL ignores what follows."""
    data = archive.read_bytes()
    count = 0
    for match in re.finditer(rb"\xff\xd8\xff|RIFF....WEBP", data, re.DOTALL):
        try:
            image = Image.open(BytesIO(data[match.start() : match.start() + LARGEST_FILE])).convert("RGB")
        except (UnidentifiedImageError, OSError):
            continue
        if min(image.size) >= 256:
            image.save(out / f"{archive.stem}_{count:03d}.png")
            count += 1
