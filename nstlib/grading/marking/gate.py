"""Let several runners work at once, and one alone where a result depends on how loaded the machine is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """`shared()` is held by all who work; `alone()` is entered from within it, and waits until nobody else does."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working, self._alone = 0, False

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
        """Give up the share that is held, wait for the others to give up theirs, work alone, and take it again."""
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
