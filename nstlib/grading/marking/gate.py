"""Let several runners work at once, or one alone, where a result depends on how busy the machine is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Everyone works within `shared()`; `alone()` is entered from within it, and waits until nobody else works."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working = 0
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work beside others; wait while somebody works alone."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Leave `shared()`, wait until the others have left it too, work alone, and enter it again."""
        self._leave()
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            self._changed.wait_for(lambda: not self._working)
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._working += 1
                self._changed.notify_all()

    def _enter(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._working += 1

    def _leave(self) -> None:
        with self._changed:
            self._working -= 1
            self._changed.notify_all()
