"""What stands in place of a panel in front ends that cannot show one, though their kernels run it: Colab and Kaggle."""

import html
import os
import sys
from pathlib import Path

import nstlib

GALLERY = Path("gallery") / "index.html"
TEXT = "This front end shows no live panel: open the notebook in JupyterLab to move its sliders."
FLIPBOOKS = "Flipbooks show what its sliders do, without a kernel: notebooks/gallery/index.html"
FRAME = (
    '<iframe title="flipbooks of the studio" sandbox="allow-scripts" srcdoc="{page}" '
    'style="width:100%;height:600px;border:1px solid gray"></iframe>'
)


def host() -> str | None:
    """Return the name of a front end known to show no panel; None for any other.

    Colab loses bytes and what a thread sends, and knows no ipywidgets 8; Kaggle takes no JavaScript of ours.
    """
    if "google.colab" in sys.modules:
        return "Colab"
    return "Kaggle" if "KAGGLE_KERNEL_RUN_TYPE" in os.environ else None


def gallery() -> Path | None:
    """Return the flipbooks' page, if it lies where the notebooks are or where nstlib was cloned."""
    course = Path(nstlib.__file__).parents[1] / "notebooks"
    places = (folder / GALLERY for folder in (Path.cwd(), Path.cwd() / "notebooks", course))
    return next((place for place in places if place.is_file()), None)


def instead(name: str, by_code: str, *, flipbooks: bool) -> dict[str, str]:
    """Return a cell's output for a front end of this name: a sentence, and the `flipbooks` if they are at hand.

    by_code: how to go on without the panel.
    """
    sentence = f"{name} shows no live panel: open the notebook in JupyterLab to move its sliders. {by_code}"
    page = gallery() if flipbooks else None
    if flipbooks:
        sentence += f" {FLIPBOOKS}" + (", which follows." if page else ".")
    frame = FRAME.format(page=html.escape(page.read_text(encoding="utf-8"))) if page else ""
    return {"text/plain": sentence, "text/html": f'<p class="nst-elsewhere">{html.escape(sentence)}</p>{frame}'}
