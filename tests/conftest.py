"""Every test runs as NST_TEST=1 asks: one thread, checked signatures, and a home of its own."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import jaxtyping
import pytest
import torch

import tests.typechecker  # noqa: F401  the hook calls it by name
from tests.sharing import Sharing, rank

# Signatures are checked at every call of the tests of these rooms, so that none can lie; elsewhere it would double the
# time. This must come before the library's first import.
CHECKED = [f"nstlib.{room}" for room in ("networks", "painted", "plots", "style", "transfer")]
jaxtyping.install_import_hook(CHECKED, "tests.typechecker.check")

TESTS = Path(__file__).parent
# What workers, and the processes that tests start, find before the package of that name
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TESTS / "without"), os.environ.get("PYTHONPATH"))))
sys.path.insert(0, str(TESTS / "without"))

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


hypothesis.settings.register_profile("busy", deadline=None)  # a busy machine is no fault
hypothesis.settings.load_profile("busy")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Check signatures in the tests of the rooms that are checked."""
    room = item.path.relative_to(TESTS).parts[0].removeprefix("test_").removesuffix(".py")
    jaxtyping.config.update("jaxtyping_disable", f"nstlib.{room}" not in CHECKED)


def pytest_collection_modifyitems(items):
    """Put the longest tests first, so that no worker ends alone."""
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # -p no:xdist leaves it out
def pytest_xdist_make_scheduler(config, log):
    """Share out groups of tests in the order of collection."""
    return Sharing(config, log)


@pytest.fixture(scope="session", params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    """The CPU, and where ``pytest -m gpu`` asks for it a graphics card."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("PyTorch finds no NVIDIA card here")
    return torch.device(request.param)


@pytest.fixture
def unchecked(monkeypatch):
    """Run the library as learners do, whose wrong shapes reach its own sentences."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(scope="session")
def browser():
    """Start Chromium, once a process: Playwright's calls that wait cannot be begun twice."""
    from tests.browser.opening import BROWSERS, CHROMIUM, started_browser  # loads nbformat: only where it is needed

    if CHROMIUM is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'"
    )
    with sync_api.sync_playwright() as playwright, started_browser(playwright) as started:
        yield started


@pytest.fixture
def published(monkeypatch, tmp_path):
    """Let course.toml name an address for the book, and return that address."""
    from nstlib.checks import places  # after the hook

    address = "https://example.org/nst"
    text = (Path(__file__).parents[1] / "course.toml").read_text(encoding="utf-8")
    path = tmp_path / "course.toml"
    path.write_text(text.replace('\nbook = ""', f'\nbook = "{address}"'), encoding="utf-8")
    monkeypatch.setattr(places, "COURSE", path)
    places._pages.cache_clear()
    yield address
    places._pages.cache_clear()
