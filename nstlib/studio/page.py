"""What only the browser can do for a panel, in page.js and page.css; here is Python's side of it."""

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class Page(anywidget.AnyWidget):
    """An empty widget that names the controls around it and takes files that are dropped on them.

    alt: the frame's description. calm: whether the reader asked for reduced motion. Messages that it sends:
    ``{"kind": "content" or "style", "name": …}`` with a file's bytes, or ``{"refused": name, "bytes": …}``.
    """

    _esm = (HERE / "page.js").read_text(
        encoding="utf-8"
    )  # as text: anywidget watches a path and keeps its widgets for ever
    _css = (HERE / "page.css").read_text(encoding="utf-8")
    alt = traitlets.Unicode("").tag(sync=True)
    calm = traitlets.Bool(False).tag(sync=True)
    most_bytes = traitlets.Int(9_000_000).tag(sync=True)  # Jupyter's socket takes 10 MiB in one message
