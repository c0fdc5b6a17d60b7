"""Run a notebook's cells from the top, as Jupyter would, up to the check of one answer.

This runs in a child. A statement that takes too long is left out, a cell that raises does not end the run, and what
belongs to the notebook alone (nstlib, pictures, widgets, magics) has stand-ins.
"""

import __future__

import ast
import builtins
import errno
import importlib.abc
import importlib.machinery
import inspect
import linecache
import re
import signal
import socket
import sys
import time
import traceback
import types
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

from . import cells, inert, substitutes
from .inert import Inert
from .limits import Limits
from .shell import RUN, Shell
from .spread import Spread

FUTURES = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))
FILE = "<cell {}>"
NOT_HERE = (FileNotFoundError, EOFError, ModuleNotFoundError, socket.gaierror)  # of files, input and networks
CHANGES = re.compile(  # methods that change what they belong to, PyTorch's of one underscore included
    "append(left)?|extend(left)?|insert|add|update|setdefault|pop(left|item)?|remove|clear|discard|sort|reverse|.*[^_]_"
)
CODE = (types.FunctionType, type, types.ModuleType)  # what a name may mean whatever a stand-in made up
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
LEAVES = (ast.Break, ast.Continue, ast.Return, ast.Raise, ast.Assert)
BODIES = ("body", "orelse", "finalbody")
SCOPES = (*DEFINITIONS, ast.Lambda, ast.comprehension)
REFUSED = (errno.EPERM, errno.EACCES, errno.EFBIG, errno.ENOSPC, errno.EROFS)
REFUSALS = ("can't start new thread", "Operation not permitted", "Permission denied")


class TimeUp(BaseException):
    """A statement took longer than one may."""


class Session:
    """A notebook's namespace, and what happened on the way.

    clean: the cells that raised nothing when the student ran them. skip: (cell, statement) that are left out. patience:
    CPU seconds that a statement may take, None for any. seconds: what each statement took. checked: question -> what
    the last cell that was run gave to its check. lost: names that have no value here and may have had one for the
    student.
    """

    def __init__(
        self,
        texts: Sequence[str],
        limits: Limits,
        patience: float | None,
        skip: Iterable[tuple[int, int]] = (),
        clean: Iterable[int] = (),
    ) -> None:
        self.flags: set[str] = set()
        self.seconds: dict[tuple[int, int], float] = {}
        self.too_long: set[tuple[int, int]] = set()
        self.checked: dict[str, object] = {}
        self.names: dict = {}
        self._texts = texts
        self._limits = limits
        self._patience = patience
        self._skip = set(skip)
        self._clean = set(clean)
        self._wasted = 0.0  # seconds of statements that were cut
        self._futures = 0
        self.lost: set[str] = set()  # names that got no value, because of how the cells are run here
        self._shell = Shell(self._run_magic)
        self._place = (0, 0)
        self._magics = 0
        self._value = None  # of the statement that was run last, if it is an expression
        self._shown = ""
        self._start()

    def run(self, first: int, last: int) -> None:
        """Run the cells from `first` to `last`, the last included."""
        signal.signal(signal.SIGPROF, self._stop)
        with substitutes.no_waiting():
            for number in range(first, last + 1):
                self.checked.clear()
                self._run_cell(number)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
        self._settle()

    def answer(self, question: str, name: str):
        """Return what the notebook's check was given, or else what has this name; None where there is neither."""
        given = self.checked.get(question)
        return given if callable(given) and not isinstance(given, Inert) else self.names.get(name)

    def slow(self) -> tuple[tuple[int, int], ...]:
        """Return the statements to leave out, so that the others together take no longer than `prefix`."""
        rest = sorted((seconds, place) for place, seconds in self.seconds.items() if place not in self.too_long)
        slow = set(self.too_long)
        total = sum(seconds for seconds, _ in rest)
        while rest and total > self._limits.prefix:
            seconds, place = rest.pop()
            total -= seconds
            slow.add(place)
            self.flags.add("cell_too_long")
        return tuple(sorted(slow))

    def _start(self) -> None:
        module = types.ModuleType("__main__")  # as in a notebook
        sys.modules["__main__"] = module  # dataclasses look there
        self.names = self._shell.user_ns = module.__dict__
        self.names |= {"In": [], "Out": {}, "_": self._shown}
        inert.state.hooks = {
            "check": self._check,
            "get_ipython": lambda path: self._shell,
            "register_cell_magic": self._register,
            "register_line_magic": self._register,
            "register_line_cell_magic": self._register,
        }
        sys.meta_path[:0] = [inert.Stubs(), _Written(self._shell.files)]
        builtins.display = Inert("IPython.display")
        builtins.get_ipython = lambda: self._shell
        # Their own, of which one can be taken away whose name is lost: the cells' functions look here, and only they
        self._builtins = self.names["__builtins__"] = types.ModuleType("builtins")
        self._taken_over: dict[str, object] = {}  # the true built-ins, as they were when they were last taken over
        self._hidden: set[str] = set()  # those whose names are lost
        self._settle()

    def _settle(self) -> None:
        """Let what has a value again be lost no more, and hide the built-ins whose names are."""
        self.lost -= self.names.keys()
        seen, true = vars(self._builtins), vars(builtins)
        seen |= {name: value for name, value in true.items() if self._taken_over.get(name, seen) is not value}
        seen |= {name: true[name] for name in self._hidden - self.lost if name in true}
        self._taken_over = dict(true)  # what stands in them otherwise was set by the student
        self._hidden = self.lost & (self._hidden | seen.keys())
        for name in self._hidden & seen.keys():
            del seen[name]

    def _register(self, path: str, function):
        self._shell.register_magic_function(function)
        return function

    def _check(self, path: str, *answer) -> Inert:
        """Take what ``exNN.question.check`` is given; what it would say of it is nothing that an answer needs."""
        exercise, _, question = path.removesuffix(".check").rpartition(".")
        if len(answer) == 1:
            self.checked[f"{exercise.rpartition('.')[2]}.{question}"] = answer[0]
        return Inert(path)

    def _run_cell(self, number: int) -> None:
        self._run_text(self._texts[number], number, FILE.format(number + 1))

    def _run_magic(self, text: str) -> None:
        """Run what stands under a magic, as a part of the statement that it is, or leave it out with that."""
        self._magics += 1
        self._run_text(text, self._place[0], f"<magic {self._magics}>")

    def _run_text(self, text: str, number: int, file: str) -> None:
        tree = cells.parsed(text)
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        magic = file.startswith("<magic")
        self._value = None
        for place, statement in enumerate(tree.body if tree else ()):
            where = self._place if magic else (number, place)
            self._value = None
            if where in self._skip and not _is_magic(statement):
                self._leave_out(statement)
            elif not self._run_statement(statement, where, file):
                return
        if not magic and self._value is not None and not cells.is_quiet(text):
            self._show(self._value)

    def _show(self, value) -> None:
        """Call the value of a cell's last expression `_`, as IPython does unless someone gave that name a value."""
        if self.names.get("_", self._shown) is self._shown:
            self.names["_"] = value
        self._shown = value

    def _run_statement(self, statement: ast.stmt, place: tuple[int, int], file: str) -> bool:
        """Run a statement; return whether the cell goes on."""
        self._place = place
        deleted = _deleted(statement) if isinstance(statement, ast.Delete) else ()
        unknown = self.lost & {node.id for node in deleted}
        self.names |= dict.fromkeys(unknown)  # once deleted they are no more lost, but gone
        self._settle()
        uses, began, on_the_clock = inert.state.uses, time.process_time(), time.monotonic()
        made_up, before, spread = len(inert.state.made_up), dict(self.names), Spread(self.names)
        around, inert.state.note = inert.state.note, spread.note
        try:
            signal.setitimer(signal.ITIMER_PROF, self._time_left())
            self._execute_with_packages(statement, file)
        except TimeUp:
            self.flags.add("cell_too_long")
            self.too_long.add(place)
            self._wasted += time.monotonic() - on_the_clock
            self._leave_out(statement)
        except BaseException as fault:
            failed, rest = _broken_off(statement, _line(fault, file))
            goes_on = self._goes_on(statement, fault, place, inert.state.uses > uses)
            if goes_on:
                self._lose_unmade(failed)
            if failed is not statement and isinstance(failed, ast.Delete) and isinstance(fault, NameError):
                rest = [*self._left_to_delete(failed, fault.name), *rest]
            return goes_on and all(self._run_statement(inner, place, file) for inner in rest)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            inert.state.note = around
            for name in unknown & set(self.names):  # a name before it could not be deleted
                self._take_away(name)
            if lines := {line for where, line in inert.state.made_up[made_up:] if where == file}:
                self._lose(statement, lines, before, spread)
            self.seconds[place] = time.process_time() - began
        return True

    def _left_to_delete(self, statement: ast.Delete, missed: str) -> list[ast.Delete]:
        """Return what is left to delete, a name each, after one that is lost was missed."""
        there = {*self.names, *self.lost} if missed in self.lost else set()
        return [ast.copy_location(ast.Delete([node]), node) for node in _deleted(statement) if node.id in there]

    def _leave_out(self, statement: ast.stmt) -> None:
        """Leave a statement out: what it would have made or replaced is not known."""
        self._lose_unset(statement)
        self._lose_unmade(statement)

    def _lose_unset(self, statement: ast.stmt) -> None:
        """Call those names lost that have no value, and would have one had the statement come to its end."""
        unset = _given(statement) | (_changed_inside(statement) - set(vars(builtins)))
        self.lost |= unset - set(self.names)

    def _lose_unmade(self, part: ast.stmt) -> None:
        """Take the values away that a statement would have replaced, had it come to its end.

        A module stays: `torch.sort` changes nothing of torch. A function, or a library's class, goes only where the
        statement itself gives that name a value.
        """
        given = _given(part)
        for name in _may_change(part) & set(self.names):
            if not (_is_outer(self.names[name]) if name in given else _is_code(self.names[name])):
                self._take_away(name)

    def _lose(self, statement: ast.stmt, lines: set[int], before: dict, spread: Spread) -> None:
        """Take the values away from the names that a statement changes because of what was made up in these lines."""
        changed = {name for name, value in self.names.items() if before.get(name, CODE) is not value}
        lost, inside = changed - _may_change(statement), set()
        for part in _relying(statement, lines):
            lost |= _may_change(part)
            inside |= _changed_inside(part)
            if isinstance(part, DEFINITIONS):
                self._take_away(part.name)
            elif part is statement and isinstance(part, ast.Expr) and self._value is not None:
                self._value = None
                self._take_away("_")
        inside = {name for name in inside & set(self.names) if not _is_outer(self.names[name])}
        spoilt = spread.changed() | {id(self.names[name]) for name in inside}
        for name in inside | spread.names_of(spoilt):
            self._take_away(name)
        for name in lost & set(self.names):
            if not isinstance(self.names[name], (Inert, *CODE)):
                self._take_away(name)

    def _take_away(self, name: str) -> None:
        self.names.pop(name, None)
        self.lost.add(name)

    def _time_left(self) -> float:
        """Return the seconds for a statement: fewer after others were cut, so that many long ones end in time, too."""
        if self._patience is None:
            return 0.0  # the timer is not set
        return max(0.005, min(self._patience, (self._limits.session / 2 - self._wasted) / 6))

    def _execute_with_packages(self, statement: ast.stmt, file: str) -> None:
        """Execute a statement; where a package is missing, execute it again with a stand-in for that package."""
        while True:
            try:
                return self._execute_tree(statement, file)
            except ModuleNotFoundError as fault:
                package = str(fault.name).partition(".")[0]
                if package in inert.state.missing or package in sys.modules or not package.isidentifier():
                    raise
                self.flags.add("no_package")
                inert.state.missing.add(package)

    def _goes_on(self, statement: ast.stmt, fault: BaseException, place: tuple[int, int], used: bool) -> bool:
        """Return whether a cell goes on after a fault: it did for the student, or the fault comes of how we run it."""
        nodes = list(ast.walk(statement))
        read = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
        stands_in = used or any(name in self.lost or isinstance(self.names.get(name), Inert) for name in read)
        if stands_in or place[0] in self._clean or isinstance(fault, NOT_HERE) or refused(fault):
            self._lose_unset(statement)
            return True
        self.flags.add("cell_raised")
        return False

    def _execute_tree(self, statement: ast.stmt, file: str) -> None:
        expression = isinstance(statement, ast.Expr)
        tree = ast.Expression(statement.value) if expression else ast.Module([statement], [])
        flags = self._futures | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(tree, file, "eval" if expression else "exec", flags, True)
        self._futures |= code.co_flags & FUTURES
        if code.co_flags & inspect.CO_COROUTINE:
            value = substitutes.run_to_end(types.FunctionType(code, self.names)())
        else:
            value = eval(code, self.names)
        self._value = value if expression else None

    def _stop(self, signal_number, frame) -> None:
        raise TimeUp


def _relying(statement: ast.stmt, lines: set[int]) -> list[ast.stmt]:
    """Return the statements within this one, or it itself, that did what they did because of these of its lines.

    What is made up in the body of a `with` leaves the rest of the body alone, unless it decides whether that runs.
    """
    bodies = [inner for name in BODIES for inner in getattr(statement, name, [])]
    parts = [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    bodies += [inner for part in parts for inner in part.body]
    bodies = [inner for inner in bodies if inner.lineno > statement.lineno]  # on one line nobody can tell them apart
    within = {inner: {line for line in lines if inner.lineno <= line <= inner.end_lineno} for inner in bodies}
    if isinstance(statement, DEFINITIONS) or lines - set().union(*within.values()):
        return [statement]
    relying = [part for inner, some in within.items() if some for part in _relying(inner, some)]
    leaves = any(isinstance(node, LEAVES) for part in relying for node in ast.walk(part))
    return [statement] if leaves else relying


def _may_change(statement: ast.stmt) -> set[str]:
    """Return the names that a statement defines or assigns, or of whose values it changes a part, on any branch."""
    return _given(statement) | _changed_inside(statement)


def _is_magic(statement: ast.stmt) -> bool:
    """Return whether a statement does no more than to run the Python of a magic, such as that of `%%time`."""
    call = getattr(statement, "value", None) if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not call.args or not isinstance(call.args[0], ast.Constant):
        return False
    return getattr(call.func, "attr", "") in ("run_cell_magic", "run_line_magic") and call.args[0].value in RUN


def _given(statement: ast.stmt) -> set[str]:
    """Return the names that a statement defines or assigns, on any branch."""
    if isinstance(statement, DEFINITIONS):
        return {statement.name}
    nodes = list(_own_nodes(statement))
    assigned = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imports = [each for node in nodes if isinstance(node, IMPORTS) for each in node.names]
    imported = {(each.asname or each.name).partition(".")[0] for each in imports}
    defined = {node.name for node in nodes if isinstance(node, DEFINITIONS)}
    return assigned | imported | defined


def _changed_inside(statement: ast.stmt) -> set[str]:
    """Return the names of whose values a statement sets attributes or items, or calls a method that changes them."""
    if isinstance(statement, DEFINITIONS):
        return set()
    nodes = [node for node in _own_nodes(statement) if isinstance(node, ast.Attribute | ast.Subscript)]
    changed = [
        node for node in nodes if isinstance(node.ctx, ast.Store) or CHANGES.fullmatch(getattr(node, "attr", ""))
    ]
    return {root.id for root in map(_root, changed) if isinstance(root, ast.Name)}


def _is_outer(value) -> bool:
    """Return whether a value is none of the notebook's own: a stand-in or a module."""
    return isinstance(value, Inert | types.ModuleType)


def _is_code(value) -> bool:
    """Return whether a value is a stand-in or code, but for the notebook's own classes, which may hold settings."""
    own = isinstance(value, type) and value.__module__ == "__main__"
    return isinstance(value, (Inert, *CODE)) and not own


def _deleted(statement: ast.Delete) -> list[ast.Name]:
    """Return the names that a statement deletes, those in parentheses, too."""
    return [node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)]


def _root(node: ast.expr) -> ast.expr:
    """Return what the attributes and items of an expression are taken of."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those below it, but for functions, classes and comprehensions, which have names of their own."""
    yield node
    if not isinstance(node, SCOPES):
        for inner in ast.iter_child_nodes(node):
            yield from _own_nodes(inner)


def _line(fault: BaseException, file: str) -> int:
    """Return the line of a cell that raised, 0 where it is none."""
    frames = traceback.walk_tb(fault.__traceback__)
    return next((line for frame, line in frames if frame.f_code.co_filename == file), 0)


def _broken_off(statement: ast.stmt, line: int) -> tuple[ast.stmt, list[ast.stmt]]:
    """Return the statement of this line within the bodies of `if`, `with` and `try`, and what follows it there.

    On one line a condition and its body cannot be told apart: then it is the whole, and nothing follows. The rest of a
    `with` runs after its context has been left.
    """
    if isinstance(statement, ast.If | ast.With | ast.AsyncWith | ast.Try):
        handled = [handler.body for handler in getattr(statement, "handlers", ())]
        for body in (*(getattr(statement, name, []) for name in BODIES), *handled):
            for number, inner in enumerate(body):
                if statement.lineno < inner.lineno <= line <= inner.end_lineno:
                    failed, rest = _broken_off(inner, line)
                    return failed, [*rest, *body[number + 1 :]]
    return statement, []


def refused(fault: BaseException) -> bool:
    """Return whether the jail, and not the code, is to blame for a fault."""
    while fault is not None:
        if isinstance(fault, OSError) and fault.errno in REFUSED:
            return True
        if isinstance(fault, RuntimeError) and any(words in str(fault) for words in REFUSALS):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


class _Written(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the modules that %%writefile wrote."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def find_spec(self, name, path=None, target=None):
        """Find a written module; leave others to the finders after this one."""
        return importlib.machinery.ModuleSpec(name, self) if name in self._files else None

    def create_module(self, spec) -> None:
        """Let Python make the module."""

    def exec_module(self, module) -> None:
        """Run the text that was written."""
        exec(compile(self._files[module.__name__], f"<{module.__name__}.py>", "exec"), module.__dict__)
