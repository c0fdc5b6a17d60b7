"""What every command of ``nst`` prints, and how it ends: mistakes as sentences on stderr, bugs with their traceback."""

import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from nstlib.errors import in_words

MISTAKE, BUG = 1, 70  # exit statuses; 70 is EX_SOFTWARE of sysexits.h

console = Console(stderr=True)


def say(sentence: str, style: str | None = None) -> None:
    """Print a sentence on stderr as it is: no markup, no line broken."""
    console.print(sentence, style=style, markup=False, highlight=False, soft_wrap=True)


def counted(number: int, thing: str) -> str:
    """Return how many there are of a thing.

    >>> counted(1, "file"), counted(2, "file")
    ('1 file', '2 files')
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


@contextmanager
def sentences() -> Iterator[None]:
    """Show what a user can mend as a sentence, with exit status 1; a bug with its traceback and how to report it."""
    try:
        yield
        return
    except (typer.Exit, typer.Abort):
        raise
    except Exception as fault:
        sentence = _what_a_user_can_mend(fault)
        if not sentence:
            traceback.print_exc()
            say(_report(), style="red")
            raise typer.Exit(BUG) from None
        say(f"nst: {sentence}", style="red")
    raise typer.Exit(MISTAKE)


def _what_a_user_can_mend(fault: Exception) -> str:
    """Return the sentence for a mistake or a situation of the user's, or nothing for a bug."""
    if isinstance(fault, ImportError) and not str(fault.name).startswith("nstlib"):
        return f"something is not installed, or broken: {fault}. Run nst doctor to see what to do."
    return in_words(fault)


def _report() -> str:
    return (
        "nst: this is a bug in nstlib, not a mistake of yours. Please report it to the authors with the traceback "
        f"above, what `nst doctor` prints, and your command: {shlex.join(['nst', *sys.argv[1:]])}"
    )
