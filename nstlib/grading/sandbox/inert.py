"""Stand-ins for what a notebook imports and no answer needs: nstlib, pictures, widgets, and packages that are missing.

This runs in a child. A stand-in takes every call, item and attribute and gives another stand-in, so that the cells
around an answer run on. Asked for a number, a truth value or a count, it makes one up and notes for which statement,
since the true one is not known. While an answer itself is called, one of nstlib or of a missing package raises instead.
"""

import dis
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Iterator

LIBRARY = "nstlib"
PICTURES = ("IPython", "ipywidgets", "matplotlib", "plotly", "seaborn")  # an answer may draw: that changes no number
WIDGETS = "ipywidgets"
OWN = ("<cell ", "<magic ")  # how the student's code is called in frames
UNPACK = dis.opmap["UNPACK_SEQUENCE"]


class State:
    """What the stand-ins of this process share.

    strict: an answer is being called. uses: how often a stand-in was used. made_up: (file, line) of each statement of a
    cell or magic for which one made up what it was asked for. note: is given the frame of each of the student's
    functions that were at work then. hooks: last part of a path -> the function that a call of it runs. missing:
    packages that were imported and are not installed.
    """

    def __init__(self) -> None:
        self.strict = False
        self.uses = 0
        self.made_up: list[tuple[str, int]] = []
        self.note: Callable[[types.FrameType], None] = lambda frame: None
        self.hooks: dict[str, Callable] = {}
        self.missing: set[str] = set()


state = State()


class UnknownError(BaseException):
    """An answer needs what only the student's machine knows; no `except Exception` of the answer's hides that."""


def _use(path: str) -> None:
    state.uses += 1
    package = path.partition(".")[0]
    if state.strict and package == LIBRARY:
        raise ModuleNotFoundError(f"{path} cannot be used while grading: the answer must stand alone", name=LIBRARY)
    if state.strict and package not in PICTURES:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)


def _make_up(path: str, value):
    _use(path)
    if state.strict and path.partition(".")[0] == WIDGETS:
        raise UnknownError(f"{path} is known on the student's machine alone")
    frame = sys._getframe(1)
    while frame:
        if frame.f_code.co_filename.startswith(OWN):
            if frame.f_code.co_name == "<module>":
                state.made_up.append((frame.f_code.co_filename, frame.f_lineno))
                break
            state.note(frame)
        frame = frame.f_back
    return value


def _make_up_number(path: str, value):
    if state.strict and path.partition(".")[0] in PICTURES:
        raise UnknownError(f"{path} is known on the student's machine alone")
    return _make_up(path, value)


class Inert:
    """A stand-in; `path` is the name it stands for, such as ``nstlib.pictures.sample``."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        _use(self._path)
        return Inert(f"{self._path}.{name}")

    def __setattr__(self, name: str, value) -> None:
        if name == "_path":
            object.__setattr__(self, name, value)

    def __call__(self, *arguments, **named):
        """Give back the function where it is called as a decorator, and itself otherwise."""
        _use(self._path)
        if hook := state.hooks.get(self._path.rpartition(".")[2]):
            return hook(self._path, *arguments, **named)
        only = arguments[0] if len(arguments) == 1 and not named else None
        return only if callable(only) and not isinstance(only, Inert) else self  # a decorator gives back its function

    def __iter__(self) -> Iterator:
        """Give as many as are unpacked, as in `figure, axes = plt.subplots()`, and none to a loop."""
        frame = sys._getframe(1)
        code = frame.f_code.co_code
        if code[frame.f_lasti] != UNPACK:
            return iter(_make_up(self._path, []))
        _use(self._path)
        return iter([self] * code[frame.f_lasti + 1])

    def __len__(self) -> int:
        return _make_up(self._path, 0)

    def __bool__(self) -> bool:
        return _make_up(self._path, True)

    def __eq__(self, other) -> bool:
        return self is other or _make_up(self._path, False)

    def __index__(self) -> int:
        return _make_up_number(self._path, 0)

    def __float__(self) -> float:
        return _make_up_number(self._path, 0.0)

    def __enter__(self):
        return self

    def __exit__(self, *fault) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self._path}>"

    def __hash__(self) -> int:
        return hash(self._path)


def _return_self(self, *others):
    _use(self._path)
    return self


for _name in (
    *("getitem", "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv"),
    *("matmul", "rmatmul", "pow", "rpow", "mod", "rmod", "and", "rand", "or", "ror", "neg", "pos", "abs", "invert"),
    *("lt", "le", "gt", "ge", "round"),
):
    setattr(Inert, f"__{_name}__", _return_self)
for _name in ("setitem", "delitem"):
    setattr(Inert, f"__{_name}__", lambda self, *others: None)


class InertModule(types.ModuleType):
    """A module whose every name is a stand-in."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert(f"{self.__name__}.{name}")


class Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports stand-ins for the library and for what draws, and refuses the library while an answer is called."""

    def find_spec(self, name, path=None, target=None):
        """Find a stand-in; leave other modules to the finders after this one."""
        package = name.partition(".")[0]
        if package == LIBRARY and state.strict:
            raise ModuleNotFoundError(
                f"{name} cannot be imported while grading: the answer must stand alone", name=name
            )
        if package == LIBRARY or package in PICTURES or package in state.missing:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        """Return the stand-in."""
        return TqdmModule(spec.name) if spec.name.partition(".")[0] == "tqdm" else InertModule(spec.name)

    def exec_module(self, module) -> None:
        """Do nothing: there is no code."""


class Progress:
    """tqdm where there is none: gives what it was given, and draws nothing."""

    def __init__(self, iterable=(), *arguments, total=None, **named) -> None:
        self.iterable = iterable
        self.total = len(iterable) if total is None and hasattr(iterable, "__len__") else total
        self.n = 0

    def __iter__(self) -> Iterator:
        for item in self.iterable:
            yield item
            self.n += 1

    def update(self, n=1) -> None:
        """Count on."""
        self.n += n

    def __len__(self) -> int:
        return self.total

    def __enter__(self):
        return self

    def __exit__(self, *fault) -> bool:
        return False

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **named: None


class TqdmModule(types.ModuleType):
    """tqdm and its submodules."""

    tqdm = tqdm_notebook = Progress

    @staticmethod
    def trange(*bounds, **named) -> Progress:
        """Return a range's progress."""
        return Progress(range(*bounds), **named)
