"""How `make test` shares the tests out to its workers: what shares something stays together, the longest go first."""

import re

from xdist.scheduler import LoadScopeScheduling

# Longest first, so that no worker ends alone; what is not named here comes after them
FIRST = ("tests/browser/test_studio", "tests/lessons", "tests/grading/test_run", "tests/authoring", "tests/bench")
# Files whose tests have nothing to share, and take long: each goes to whichever worker is free
ONE_BY_ONE = ("tests/grading/test_run", "tests/authoring/test_exercises")

# Rooms whose tests share what takes long to make: a JupyterLab and its page, the book
ROOMS = ("tests/browser", "tests/site")


def group(nodeid: str) -> str:
    """Return what a test is kept together with: its lesson, whose runs it shares, a room, its file, or nothing."""
    if lesson := re.match(r"tests/lessons/.*\[(\d\d[a-z]?)\b", nodeid):
        return f"lesson {lesson[1]}"
    for room in ROOMS:
        if nodeid.startswith(f"{room}/"):
            return room
    return nodeid if nodeid.startswith(ONE_BY_ONE) else nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """Return a test's place in the order, the same in all workers."""
    return next((number for number, start in enumerate(FIRST) if nodeid.startswith(start)), len(FIRST))


class Sharing(LoadScopeScheduling):
    """Shares out groups in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
