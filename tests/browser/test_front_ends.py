"""The studio in other front ends than JupyterLab; ``python -m tests.browser.front_ends`` prints what it finds."""

import importlib.util
import sys

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")

pytestmark = pytest.mark.matrix
# Icons from elsewhere, which Voilà asks for; nbclassic, where a cell runs again before its first widget stands
HARMLESS = ("asks ", "the page: Host is not attached")


@pytest.mark.parametrize("name", ["notebook", "nbclassic", "voila", "marimo"])
def test_it_shows_paints_and_obeys_keys_and_mouse(browser, name):
    from tests.browser import front_ends

    package = front_ends.FRONT_ENDS[name].package
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -e '.[front-ends]'")
    found = front_ends.try_out(browser, name, sys.executable)
    failed = [remark for remark in found.remarks if not remark.startswith(HARMLESS)]
    assert found.shows == found.keys == "yes" and found.again in ("1 panel", "–") and not failed, found
