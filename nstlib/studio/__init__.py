"""The studio: sliders that rerun the optimisation while you watch. ``from nstlib.studio import Studio``.

``Live`` is its small sister: one slider and a picture that follows it, in the lessons.
"""

import importlib

_CLASSES = {"Studio": "nstlib.studio.panel", "Live": "nstlib.studio.live"}

__all__ = sorted(_CLASSES)


def __getattr__(name: str):
    """Load a panel, and with it ipywidgets, at its first use: the worker needs neither."""
    if name in _CLASSES:
        return getattr(importlib.import_module(_CLASSES[name]), name)
    raise AttributeError(f"nstlib.studio has no {name!r}; it has {' and '.join(__all__)}.")
