"""What a submission may use, in seconds and bytes. The journal records all of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one child, whether it calls an answer for one test or for all, unless a comment says otherwise."""

    wall: float = 4.0  # seconds, from the moment the child is jailed or, if it runs cells, has run them
    cpu: int = 5  # seconds, beside those of `session`
    submission: float = 60.0  # seconds for all tests of a submission
    start: float = 30.0  # seconds until a child is jailed; a longer start is our fault
    zygote: float = 120.0  # seconds until PyTorch is imported, once a run
    memory: int = 1 << 30  # bytes beyond what the zygote has
    files: int = 64  # open at once
    log_kept: int = 16 << 10  # bytes kept of what is printed
    log_killed: int = 1 << 20  # bytes printed after which the child is killed
    head: int = 64 << 10  # bytes of a reply's JSON
    body: int = 16 << 20  # bytes of a reply's numbers, or of a notebook's sources
    notebook: int = 50 << 20  # bytes of a file, most of them pictures
    cells: int = 2000  # in a notebook
    source: int = 1 << 20  # bytes of all its code
    statement: float = 1.5  # CPU seconds of a statement outside functions; a longer one is left out
    prefix: float = 2.0  # CPU seconds of the statements that are run before each call of an answer
    session: float = 20.0  # seconds to run a notebook's cells once
