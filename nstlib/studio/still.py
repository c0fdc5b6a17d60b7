"""The picture that stays when a notebook is saved, closed and opened again, where a live panel cannot."""

import base64
import html

from IPython.display import HTML, DisplayHandle, display

from nstlib.studio import elsewhere
from nstlib.studio.frames import Picture, jpeg
from nstlib.studio.kernel import in_notebook

# Where no desk lives, Jupyter would write below the picture that it has no model of a widget
QUIET = (
    "<style>.jp-OutputArea-child:has(.nst-still) + .jp-OutputArea-child > .jupyter-widgets:not(:has(.nst-desk)) "
    "{{ display: none; }}</style>"
)
TEMPLATE = (
    f'<figure class="nst-still" style="margin:0">{QUIET}'
    '<img src="data:image/jpeg;base64,{data}" alt="{alt}" '
    'style="max-width:100%;height:auto"><figcaption>{caption}</figcaption></figure>'
)
HOW = "This picture was saved with the notebook. Run the cell to bring the controls back to life."
NOTHING = (
    '<p class="nst-still">The panel stands below once its cell has run. If nothing appears there, this front end does '
    "not show live widgets: open the notebook in JupyterLab.{more}</p>"
)


class Still:
    """An output of its own beside the panel, which the panel's own style sheet hides for as long as it lives.

    flipbooks: whether it says where the flipbooks are.
    """

    def __init__(self, *, flipbooks: bool = False) -> None:
        self._more = f" {elsewhere.FLIPBOOKS}." if flipbooks else ""
        self._handle: DisplayHandle | None = None

    def show(self) -> None:
        """Put it into the running cell's output."""
        if in_notebook():
            self._handle = display(HTML(NOTHING.format(more=self._more)), display_id=True)

    def keep(self, picture: Picture, caption: str) -> None:
        """Put a picture into it."""
        if self._handle is None:
            return
        data = base64.b64encode(jpeg(picture, 80)).decode()
        words = html.escape(caption)
        self._handle.update(HTML(TEMPLATE.format(data=data, alt=words, caption=f"{words} {HOW}{self._more}")))

    def close(self) -> None:
        """Let go of the output."""
        self._handle = None
