"""What every command of ``nst`` says, and how: sentences on stderr, errors among them, each with its exit status."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

console = Console(stderr=True)


def say(sentence: str, style: str | None = None) -> None:
    """Print a sentence on stderr as it is: no markup, no line broken."""
    console.print(sentence, style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def sentences() -> Iterator[None]:
    """Show the library's errors as the sentences they are, without a traceback."""
    try:
        yield
        return
    except typer.Exit:
        raise
    except (ValueError, RuntimeError, ArithmeticError, OSError, subprocess.SubprocessError) as fault:
        say(f"nst: {fault}", style="red")
    except ImportError as fault:
        say(f"nst: something is not installed: {fault}. Run nst doctor to see what to do.", style="red")
    except MemoryError:
        say("nst: there is not enough memory for this. Choose a smaller --size.", style="red")
    raise typer.Exit(1)
