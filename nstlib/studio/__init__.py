"""The studio: sliders that rerun the optimisation while you watch. ``from nstlib.studio import Studio``."""

__all__ = ["Studio"]


def __getattr__(name: str):
    """Load the panel, and with it ipywidgets, at its first use: the worker needs neither."""
    if name == "Studio":
        from nstlib.studio.panel import Studio

        return Studio
    raise AttributeError(f"nstlib.studio has no {name!r}; it has Studio.")
