"""What every command of ``nst`` prints, and how it ends: mistakes as sentences on stderr, bugs with their traceback."""

import inspect
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import typer
from rich.console import Console
from typer.core import TyperCommand

from nstlib.errors import NstError, in_words

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


def in_options(fault: Exception) -> str:
    """Return the sentence of ``in_words`` with the options of a command in place of settings.

    >>> in_options(NstError("Expected a weight above 0, got %s.", ("style_blend", (0.0, 0.0))))
    'Expected a weight above 0, got --style-blend 0,0.'
    >>> in_options(NstError("Expected another number, got %s.", ("layer_weights['relu1_1']", -0.5)))
    'Expected another number, got --layer-weights relu1_1=-0.5.'
    """
    return fault.naming(_option) if isinstance(fault, NstError) else in_words(fault)


def _option(setting: str, *value: object) -> str:
    """Write a setting as it is given to a command; a preset has an option of its own, and parts have none."""
    name, _, part = setting.rstrip("]").partition("[")
    given = ",".join(map(_written, *value)) if value and isinstance(value[0], tuple) else "".join(map(_written, value))
    if name == "layer_weights":
        return f"--layer-weights {part[1:-1]}={given}" if part else f"--preset {given}"
    option = f"--{name.replace('_', '-')}"
    return f"{given} in {option}" if part else f"{option} {given}".rstrip()


def _written(value: object) -> str:
    return repr(value).removesuffix(".0")


class Command(TyperCommand):
    """A command that quotes the wrong value of a number's option, and says what was expected; typer does neither."""

    def parse_args(self, ctx, args):
        """Read the arguments; refuse a value that is no such number in a sentence."""
        given, *_ = self.make_parser(ctx).parse_args(list(args))
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as fault:
            name = getattr(fault.param, "name", None)
            expected = _expected_number(self.callback, name) if given.get(name) is not None else ""
            if not expected:
                raise
            several = isinstance(given[name], list | tuple)
            values = [[value] for value in given[name]] if several else [given[name]]
            wrong = [value for value in values if not _is_taken(fault.param, value, ctx)]
            got = ", ".join(repr(value[0] if several else value) for value in wrong)
            ctx.fail(f"Expected {fault.param.opts[0]} as {expected}, got {got}.")


def add_command(app: typer.Typer, name: str, function: Callable, cls: type[Command] = Command) -> None:
    """Give an app a command that fails in sentences; its docstring's paragraphs flow, whatever a terminal's width."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    app.command(name, cls=cls, help=text)(sentences()(function))


def _is_taken(option: Any, value: str | list[str], ctx: Any) -> bool:
    try:
        option.process_value(ctx, value)
    except typer.BadParameter:
        return False
    return True


def _expected_number(function: Callable, name: str) -> str:
    """Say which numbers an option of the function takes; nothing for an option that takes no number."""
    annotation = inspect.signature(inspect.unwrap(function)).parameters[name].annotation
    kind, option = get_args(annotation)[:2]
    kinds: tuple[Any, ...] = (kind, *get_args(kind))
    number = "a number" if float in kinds else "a whole number" if int in kinds else ""
    if not number or option.min is None:
        return number
    return f"{number} from {option.min} to {option.max}" if option.max is not None else f"{number} from {option.min} up"


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
    return in_options(fault)


def _report() -> str:
    return (
        "nst: this is a bug in nstlib, not a mistake of yours. Please report it to the authors with the traceback "
        f"above, what `nst doctor` prints, and your command: {shlex.join(['nst', *sys.argv[1:]])}"
    )
