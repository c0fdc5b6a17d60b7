"""What every command of ``nst`` prints, and how it ends: mistakes as sentences on stderr, bugs with their traceback."""

import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from nstlib.errors import NstError

MISTAKE, BUG = 1, 70  # exit statuses; 70 is EX_SOFTWARE of sysexits.h
NO_MEMORY = "there is not enough memory for this: choose a smaller --size, or close other programs"
# How torch tells of full memory: on a graphics card by a class of its own, elsewhere in words
TORCH_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")

console = Console(stderr=True)


def say(sentence: str, style: str | None = None) -> None:
    """Print a sentence on stderr as it is: no markup, no line broken."""
    console.print(sentence, style=style, markup=False, highlight=False, soft_wrap=True)


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
    if isinstance(fault, NstError | OSError):
        return str(fault)
    if isinstance(fault, ImportError) and not str(fault.name).startswith("nstlib"):
        return f"something is not installed, or broken: {fault}. Run nst doctor to see what to do."
    return f"{NO_MEMORY}." if _is_full_memory(fault) else ""


def _is_full_memory(fault: Exception) -> bool:
    if isinstance(fault, MemoryError) or type(fault).__name__ == "OutOfMemoryError":
        return True
    return type(fault) is RuntimeError and any(words in str(fault) for words in TORCH_NO_MEMORY)


def _report() -> str:
    return (
        "nst: this is a bug in nstlib, not a mistake of yours. Please report it to the authors with the traceback "
        f"above, what `nst doctor` prints, and your command: {shlex.join(['nst', *sys.argv[1:]])}"
    )
