"""What ``get_ipython()`` gives in a child: magics that run Python run it, and all others do nothing."""

from collections.abc import Callable
from pathlib import PurePath

from . import cells
from .inert import Inert

RUN = {"time", "prun", "capture", "debug"}  # magics whose text is Python, and whose names stay; timeit's do not


class Unknown(list):
    """The lines that a shell command would have printed: none to a loop, and no item of them is known here."""

    def __getitem__(self, place):
        """Raise FileNotFoundError, as a program does that is not there."""
        raise FileNotFoundError("the output of a shell command is not known while grading")


class Shell:
    """Runs the magics of a session. run: runs Python as a cell of the notebook."""

    def __init__(self, run: Callable[[str], None]) -> None:
        self.files: dict[str, str] = {}  # name of a module -> its text, as %%writefile wrote it
        self.user_ns: dict = {}
        self._run = run
        self._own: dict[str, Callable] = {}

    def run_line_magic(self, name: str, line: str, _stack_depth: int = 1):
        """Run a line such as ``%time x = 1``."""
        if name in self._own:
            return self._own[name](line)
        if name in RUN:
            self.run_cell(line)
        elif name == "run":
            self.run_cell(self.files.get(PurePath(line.split(" ")[0]).stem, ""))
        elif name == "timeit" and "-o" in line.split():
            return Inert("IPython.timeit")
        return None

    def run_cell_magic(self, name: str, line: str, cell: str):
        """Run a cell such as ``%%capture``."""
        if name in self._own:
            return self._own[name](line, cell)
        if name in RUN:
            self.run_cell(cell)
        elif name in ("writefile", "file"):
            words = [word for word in line.split() if not word.startswith("-")]
            stem = PurePath(words[-1].strip("'\"")).stem if words else ""
            self.files[stem] = (self.files.get(stem, "") if "-a" in line.split() else "") + cell
        return None

    def run_cell(self, text: str, *given, **named) -> None:
        """Run Python, magics and all."""
        self._run(cells.python(text) or "")

    ex = run_cell

    def register_magic_function(self, function: Callable, kind: str = "line", name: str | None = None) -> None:
        """Take a magic that the notebook defines."""
        self._own[name or function.__name__] = function

    def push(self, variables, interactive: bool = True) -> None:
        """Give names to the notebook; where only names are given, it has them."""
        if isinstance(variables, dict):
            self.user_ns.update(variables)

    def getoutput(self, command: str, *given, **named) -> Unknown:
        """Return no lines: nothing is run."""
        return Unknown()

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *given, **named: None
