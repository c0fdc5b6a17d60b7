"""Every test runs as NST_TEST=1 asks: float32, one thread, and a cache of its own."""

import atexit
import os
import shutil
import tempfile

import pytest

os.environ["NST_TEST"] = "1"
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="nstlib-cache-")
os.environ["TORCH_HOME"] = os.path.join(os.environ["XDG_CACHE_HOME"], "torch")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # xdist's own hook reads the groups, and would come before this one
def pytest_collection_modifyitems(items):
    """For `make test`, which uses all cores: a file's tests stay together, but lessons are shared out one by one."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        alone = item.nodeid if item.get_closest_marker("slow") else item.path.name
        item.add_marker(pytest.mark.xdist_group(parameters.get("lesson", alone)))
