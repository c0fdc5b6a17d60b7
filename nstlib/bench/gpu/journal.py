"""What was measured, part by part, in a file that a run which is cut off leaves whole."""

import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nstlib.errors import NstError
from nstlib.files import replacing

NAME = "results.json"


class Journal:
    """The parts of a run in the folder `out`; `about` says what they were measured on, and must be the same for all.

    Raises NstError for a folder whose parts were measured on something else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Journal(Path(folder), {"device": "cpu"})
    ...     journal.run("sum", lambda: 1 + 1)
    ...     journal.run("sum", lambda: 1 / 0)  # is there already
    ...     journal.result("sum")
    2
    """

    def __init__(self, out: Path, about: dict[str, Any]) -> None:
        self.path = out / NAME
        self.about = about
        self.parts: dict[str, dict[str, Any]] = {}
        if self.path.exists():
            before = read(self.path)
            if before["about"] != about:
                raise NstError(
                    f"Expected parts measured on {about} in {self.path}, got some measured on {before['about']}: "
                    "give another folder."
                )
            self.parts = before["parts"]

    def run(self, name: str, measure: Callable[[], Any]) -> None:
        """Measure a part and save what it returns, or the fault that ended it; skip one that has a result."""
        if self.result(name) is not None:
            return
        start = time.perf_counter()
        try:
            part = {"result": measure()}
        except Exception as fault:  # one part's fault must not cost the others: it is saved, and tried again next time
            part = {"fault": f"{type(fault).__name__}: {fault}", "traceback": traceback.format_exc()}
        self.parts[name] = {"seconds": round(time.perf_counter() - start, 3)} | part
        with replacing(self.path) as place:
            place.write_text(json.dumps({"about": self.about, "parts": self.parts}, indent=1), encoding="utf-8")

    def result(self, name: str) -> Any:
        """Return what a part measured; None if it has not, or failed."""
        return self.parts.get(name, {}).get("result")


def read(path: Path) -> dict[str, Any]:
    """Return what a journal saved: `about` and `parts`. Raises NstError for another file."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if {"about", "parts"} <= set(saved):
            return saved
    except (ValueError, TypeError):
        pass
    raise NstError(f"Expected a {NAME} of nstlib.bench.gpu, got something else in '{path}': give another.")
