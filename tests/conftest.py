"""Every test runs as NST_TEST=1 asks: one thread, checked signatures, and a home of its own."""

import atexit
import os
import shutil
import tempfile

import jaxtyping
import pytest
import torch

import tests.typechecker  # noqa: F401  the hook calls it by name
from tests.sharing import Sharing, rank

# Signatures are checked at every call, so that none can lie. This must come before the library's first import.
CHECKED = [f"nstlib.{room}" for room in ("networks", "painted", "plots", "style", "transfer")]
jaxtyping.install_import_hook(CHECKED, "tests.typechecker.check")

HOME = tempfile.mkdtemp(prefix="nstlib-tests-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
FOLDERS = {
    "XDG_CACHE_HOME": "cache",
    "XDG_DATA_HOME": "data",  # a learner's progress: not the developer's own
    "TORCH_HOME": "cache/torch",
    "MPLCONFIGDIR": "matplotlib",
    "IPYTHONDIR": "ipython",
    "NST_TEST_RUNS": "runs",  # of the lessons: see tests/lessons/memory.py
}
os.environ |= {name: os.path.join(HOME, folder) for name, folder in FOLDERS.items()}
os.environ["NST_TEST"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that tests start
torch.set_num_threads(1)  # workers share the cores: two threads each would wait for one another


def pytest_collection_modifyitems(items):
    """Put the longest tests first, so that no worker ends alone."""
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # there is none without xdist
def pytest_xdist_make_scheduler(config, log):
    """Share out groups of tests in the order of collection."""
    return Sharing(config, log)


@pytest.fixture
def unchecked(monkeypatch):
    """Run the library as learners do, whose wrong shapes reach its own sentences."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
