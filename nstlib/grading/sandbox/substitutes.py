"""Ways to do without what the jail forbids: threads, compilers and sleep, which change no number of an answer."""

import asyncio
import concurrent.futures
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from . import inert


class NoCompiler(types.ModuleType):
    """torch._dynamo as far as torch itself asks it, outside of compiled code: for nothing, and to be left alone."""

    class config:
        """No setting is on."""

        error_on_nested_fx_trace = False

    def __getattr__(self, name: str) -> Callable:
        """Return a function that does nothing."""
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *arguments, **named: None

    @staticmethod
    def disable(function: Callable | None = None, *arguments, **named) -> Callable:
        """Return the function, or what returns it."""
        return function or NoCompiler.disable


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


def install() -> None:
    """Replace what would start a thread or a compiler."""
    concurrent.futures.ThreadPoolExecutor = InlineExecutor
    concurrent.futures.ProcessPoolExecutor = InlineExecutor
    torch.compile = _compile
    for name in [name for name in sys.modules if name.partition(".")[0] in inert.PICTURES]:
        del sys.modules[name]  # the reader of cells has what it needs of IPython; a notebook gets the stand-in
    # Checkpoints and optimisers ask the compiler to leave them alone, and load it for that (10 s)
    sys.modules["torch._dynamo"] = torch._dynamo = NoCompiler("torch._dynamo")


@contextmanager
def no_waiting() -> Iterator[None]:
    """Let `time.sleep` and `asyncio.sleep` return at once."""
    waits = time.sleep, asyncio.sleep
    time.sleep, asyncio.sleep = lambda seconds: None, _return
    try:
        yield
    finally:
        time.sleep, asyncio.sleep = waits


async def _return(delay: float, result=None):
    return result


def _compile(model: Callable | None = None, **named) -> Callable:
    return _compile if model is None else model
