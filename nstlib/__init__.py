"""nstlib: neural style transfer, derived step by step.

Pictures are float32 tensors (3, H, W) in [0, 1]. Modules load when they are first used, so that
``nstlib.doctor()`` also answers where PyTorch is missing or broken.
"""

import importlib
import os

# Waiting OpenMP threads must soon sleep: on a busy laptop endless spinning makes a step tens of times slower. But one
# that sleeps at once is late for the next layer: with a short spin (GNU's library) minivgg's step takes four fifths.
# Whoever has set a policy keeps it.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

_MODULES = {
    name: f"nstlib.{name}" for name in ("pictures", "painted", "paintings", "networks", "style", "transfer", "plots")
}
_MODULES |= {name: f"nstlib.style.{name}" for name in ("conventions", "statistics", "weighting")}
_FUNCTIONS = {"doctor": "nstlib.diagnosis", "claim": "nstlib.claims"}
_FUNCTIONS |= dict.fromkeys(("stylize", "steps", "Settings"), "nstlib.transfer")

__all__ = sorted((*_MODULES, *_FUNCTIONS))


def __getattr__(name: str):
    """Load a module or function of the library at its first use."""
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"nstlib has no {name!r}; it has {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return __all__
