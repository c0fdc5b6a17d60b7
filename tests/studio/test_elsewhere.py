"""Front ends that cannot show a panel: what stands there instead, and what goes on working."""

import sys
import types

import pytest
import torch

from nstlib.studio import Live, elsewhere, kernel
from tests.studio.conftest import wait_for_end
from tests.studio.waiting import until


@pytest.fixture(params=["Colab", "Kaggle"])
def host(request, monkeypatch):
    if request.param == "Colab":
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    else:
        monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    return request.param


def test_a_sentence_and_the_flipbooks_stand_in_place_of_the_panel(studio, host, tmp_path, monkeypatch):
    page = tmp_path / "gallery" / "index.html"
    page.parent.mkdir()
    page.write_text('<p title="six">flipbooks</p>')
    monkeypatch.chdir(tmp_path)
    shown = studio._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert shown["text/plain"].startswith(f"{host} shows no live panel") and "studio.start()" in shown["text/plain"]
    assert 'srcdoc="&lt;p title=&quot;six&quot;&gt;flipbooks' in shown["text/html"]
    assert not kernel.WORKER.busy() and studio.task.run is None


def test_without_the_page_the_sentence_says_where_it_is(studio, host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(elsewhere.nstlib, "__file__", str(tmp_path / "nstlib" / "__init__.py"))
    shown = studio._repr_mimebundle_()
    assert "<iframe" not in shown["text/html"] and "gallery/index.html." in shown["text/plain"]


def test_a_studio_that_is_not_shown_runs_in_code(studio, host):
    studio._repr_mimebundle_()
    studio.start()
    wait_for_end(studio)
    assert studio.picture.shape == (3, 64, 96) and "nstlib.stylize(" in studio.as_code()


def test_a_small_figure_has_a_sentence_alone(host, monkeypatch):
    monkeypatch.delenv("NST_TEST", raising=False)
    live = Live("grey", (1,), lambda value: iter([(torch.zeros(3, 8, 8), "black")]))
    shown = live._repr_mimebundle_()
    assert "lines()" in shown["text/plain"] and "iframe" not in shown["text/html"]
    live.close()


def test_a_front_end_without_widgets_shows_a_sentence_and_no_address_in_memory(studio):
    bundle, *_ = studio._repr_mimebundle_()
    assert "open the notebook in JupyterLab" in bundle["text/plain"] and "gallery/index.html." in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    until(lambda: studio.desk.status.get("state") == "done")
