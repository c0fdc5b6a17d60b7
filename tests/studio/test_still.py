"""The picture that stays in a saved notebook."""

import pytest
import torch

from nstlib.studio import still
from nstlib.studio.still import Still


class Handle:
    def __init__(self, first):
        self.shown = [first]

    def update(self, output):
        self.shown.append(output)


@pytest.mark.parametrize("flipbooks", [False, True])
def test_it_holds_a_sentence_then_the_newest_picture(flipbooks, monkeypatch):
    handles = []
    monkeypatch.setattr(still, "in_notebook", lambda: True)
    monkeypatch.setattr(still, "display", lambda output, display_id: handles.append(Handle(output)) or handles[-1])
    kept = Still(flipbooks=flipbooks)
    kept.show()
    (handle,) = handles
    assert "open the notebook in JupyterLab." in handle.shown[0].data
    for grey in (0.1, 0.2):
        kept.keep(torch.full((3, 8, 8), grey), "a <grey> picture.")
    assert len(handle.shown) == 3
    assert "data:image/jpeg" in handle.shown[1].data and "a &lt;grey&gt; picture." in handle.shown[1].data
    assert "Run the cell" in handle.shown[1].data
    assert all(("notebooks/gallery/index.html." in output.data) is flipbooks for output in handle.shown)


def test_outside_a_notebook_there_is_none(monkeypatch):
    monkeypatch.setattr(still, "display", None)
    kept = Still()
    kept.show()
    kept.keep(torch.zeros(3, 8, 8), "nothing")
