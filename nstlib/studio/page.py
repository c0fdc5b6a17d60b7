"""Python's side of what only the browser can do for a panel; the browser's side is page.js and page.css."""

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class Page(anywidget.AnyWidget):
    """An empty widget that gives the controls around it accessible names and takes files dropped on them.

    alt: the frame's description. calm: whether the reader asked for reduced motion. It sends the messages
    ``{"kind": "content" or "style", "name": …}`` with a file's bytes, or ``{"refused": name, "bytes": …}``.
    """

    # Text, not paths: anywidget would watch a path and keep its widgets for ever.
    _esm = (HERE / "page.js").read_text(encoding="utf-8")
    _css = (HERE / "page.css").read_text(encoding="utf-8")
    alt = traitlets.Unicode("").tag(sync=True)
    calm = traitlets.Bool(False).tag(sync=True)
    max_bytes = traitlets.Int(9_000_000).tag(sync=True)  # Jupyter's socket takes 10 MiB in one message
