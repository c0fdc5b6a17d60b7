"""Requests of small runs, and what comes of them."""

from nstlib.studio import runs
from nstlib.studio.requests import RunRequest
from nstlib.transfer.settings import Settings


def request(pair, *, muted=(), faders=None, start=None, **settings):
    """Ask for a run of 64 pixels at one size."""
    settings = {"size": 64, "scales": 1, "plateau": 0.0} | settings
    return RunRequest(*pair, Settings(**settings), muted, start=start, faders=faders)


def run(run_request):
    """Return all that a run yields."""
    return list(runs.run(run_request, lambda: None))
