"""Ways to do without what the jail forbids and no number depends on: threads, programs, compilers and sleep."""

import asyncio
import concurrent.futures
import errno
import importlib.abc
import importlib.machinery
import os
import subprocess
import sys
import time
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch

from . import inert


class NoCompiler(types.ModuleType):
    """torch._dynamo, and what is in it, as torch itself asks it outside of compiled code: for nothing."""

    __path__: Sequence[str] = ()

    class config:
        """No setting is on."""

        error_on_nested_fx_trace = False

    class compiled_autograd:
        """What torch.func.grad switches off while it works."""

        _disable = nullcontext

    def __getattr__(self, name: str) -> Callable:
        """Return a function that does nothing."""
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **named: None

    @staticmethod
    def disable(function: Callable | None = None, *arguments, **named) -> Callable:
        """Return the function, or what returns it."""
        return function or NoCompiler.disable


class NoCompilers(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the parts of torch._dynamo as modules without a compiler."""

    def find_spec(self, name, path=None, target=None):
        """Find a part of the compiler; leave others to the finders after this one."""
        return importlib.machinery.ModuleSpec(name, self) if name.startswith("torch._dynamo.") else None

    def create_module(self, spec):
        """Return the part."""
        return NoCompiler(spec.name)

    def exec_module(self, module) -> None:
        """Do nothing: there is no code."""


class InlineExecutor(concurrent.futures.Executor):
    """A pool of no threads: does what it is given at once."""

    def __init__(self, *arguments, **named) -> None:
        super().__init__()

    def submit(self, function: Callable, /, *arguments, **named) -> concurrent.futures.Future:
        """Call the function, and return its future, which is done."""
        future: concurrent.futures.Future = concurrent.futures.Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as fault:
            future.set_exception(fault)
        return future


class NoPrograms(subprocess.Popen):
    """Finds no program for the cells around an answer; one that an answer itself starts is refused by the jail.

    Raises FileNotFoundError, which such cells expect.
    """

    def __init__(self, program, *arguments, **named) -> None:
        if inert.state.strict:
            super().__init__(program, *arguments, **named)
        else:
            name = program if isinstance(program, str | bytes | os.PathLike) else next(iter(program), "")
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


class Done(concurrent.futures.Future):
    """What asyncio makes a task of, run to its end; what it raised is raised where it is awaited."""

    def __init__(self, awaitable: Awaitable, **named) -> None:
        super().__init__()
        try:
            self.set_result(run_to_end(_wait(awaitable)))
        except Exception as fault:
            self.set_exception(fault)

    def __await__(self) -> Generator:
        """Give the value at once."""
        yield from ()
        return self.result()


def run_to_end(coroutine: Coroutine):
    """Run a coroutine that waits for nothing, and return its value."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value


def install() -> None:
    """Replace what would start a thread, a program or a compiler."""
    subprocess.Popen = NoPrograms
    concurrent.futures.ThreadPoolExecutor = InlineExecutor
    concurrent.futures.ProcessPoolExecutor = InlineExecutor
    torch.compile = _compile
    for name in [name for name in sys.modules if name.partition(".")[0] in inert.PICTURES]:
        del sys.modules[name]  # the reader of cells has what it needs of IPython; a notebook gets the stand-in
    # Checkpoints and optimisers ask the compiler to leave them alone, and load it for that (10 s)
    sys.modules["torch._dynamo"] = torch._dynamo = NoCompiler("torch._dynamo")
    sys.meta_path.insert(0, NoCompilers())
    torch.use_deterministic_algorithms = _be_deterministic  # which loads the compiler, too
    torch.set_num_threads = torch.set_num_interop_threads = lambda number: None  # there is one, and no more


@contextmanager
def no_waiting() -> Iterator[None]:
    """Let `time.sleep` and `asyncio.sleep` return at once, and what asyncio does side by side be done in turn."""
    sleep = time.sleep
    waits = {name: getattr(asyncio, name) for name in INSTEAD}
    time.sleep = lambda seconds: None
    vars(asyncio).update(INSTEAD)
    try:
        yield
    finally:
        time.sleep = sleep
        vars(asyncio).update(waits)


async def _return(delay: float, result=None):
    return result


async def _wait(awaitable: Awaitable, *limits, **named):
    return await awaitable


async def _wait_for_all(awaitables: Iterable[Awaitable], **named) -> tuple[set[Done], set[Done]]:
    return {_done(each) for each in awaitables}, set()


async def _here(function: Callable, /, *arguments, **named):
    return function(*arguments, **named)


def _done(awaitable: Awaitable, **named) -> Done:
    return awaitable if isinstance(awaitable, Done) else Done(awaitable)


def _in_turn(*awaitables: Awaitable, return_exceptions: bool = False) -> Done:
    async def every() -> list:
        tasks = [_done(each) for each in awaitables]
        return [task.exception() or task.result() if return_exceptions else task.result() for task in tasks]

    return Done(every())


INSTEAD = {
    **{"sleep": _return, "wait_for": _wait, "wait": _wait_for_all, "to_thread": _here},
    **{"gather": _in_turn, "as_completed": lambda awaitables, **named: map(_done, awaitables)},
    **{"create_task": Done, "ensure_future": _done, "shield": _done},
}


def _be_deterministic(mode: bool, *, warn_only: bool = False) -> None:
    torch._C._set_deterministic_algorithms(mode, warn_only=warn_only)


def _compile(model: Callable | None = None, **named) -> Callable:
    return _compile if model is None else model
