"""The zygote: imports PyTorch once, then forks a child for each job. It sees no test, no source and no secret.

Run as a program, `python -s -P -u zygote.py CONTROL LIMITS NOTEBOOK`, by the runner, with an environment of its own.
It forks and reaps. A job is three descriptors: the request, which only the child reads, the reply and the log. When
the runner is gone, the zygote ends its children and itself.
"""

import ctypes
import gc
import importlib.util
import itertools
import json
import os
import select
import signal
import socket
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1]


def load(name: str, file: Path):
    """Import a file under a name of our choice, since nstlib, to which it belongs, cannot be imported here."""
    folders = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folders)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def hidden() -> list[Path]:
    """Return what no child may read: the library, and in a checkout what lies beside it, except the interpreter."""
    if PACKAGE.parent.name.endswith("-packages"):
        return [PACKAGE]
    interpreter = [Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix)]
    beside = [path.resolve() for path in PACKAGE.parent.iterdir()]  # the environment may be a link to one elsewhere
    return [path for path in beside if not any(prefix.is_relative_to(path) for prefix in interpreter)]


def prepare(substitutes) -> None:
    """Import and warm up what every child needs, on one thread, seeded. No backward pass: autograd forbids the fork."""
    import numpy as np
    import torch

    torch.set_num_threads(1)
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms imports all of the compiler
    substitutes.install()  # before jacfwd, which would import the compiler, too
    environment = dict(os.environ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Its imports would be slow in the jail; they also set variables and ask where temporary files go
        torch.func.jacfwd(lambda x: ((x @ x.T) ** 2).sum() / 4)(torch.ones(2, 3))
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    for dtype in (torch.float32, torch.float64):
        F = torch.ones(4, 5, dtype=dtype)
        torch.einsum("ki,li->kl", F, F).add(F @ F.T).sum().sqrt().double().numpy()
    torch.manual_seed(0)
    np.random.seed(0)
    gc.collect()
    gc.freeze()


class Zygote:
    """Forks on request, one message a job, and reports what became of the children."""

    def __init__(self, control: socket.socket, jail, child, notebook, scratch) -> None:
        self.control = control
        self.jail = jail
        self.child = child
        self.notebook = notebook
        self.scratch = scratch
        self.alive: dict[int, tuple[int, int, int]] = {}  # pidfd -> number of the job, pid, turn
        self.turn = 0  # of the scratch folders, for the next child
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Work until the runner closes its end."""
        while True:
            ready = {descriptor for descriptor, _ in self.poll.poll()}
            for handle in ready - {self.control.fileno()}:  # first: a new child may get the number of a dead one's
                self.bury(handle)
            if self.control.fileno() in ready and not self.take():
                return

    def take(self) -> bool:
        """Take a job; return False when there is no runner any more."""
        message, descriptors, _, _ = socket.recv_fds(self.control, 64, 3)
        if not message:
            return False
        number = int(message)
        parent = os.getpid()
        self.turn = (self.turn + 1) % self.scratch.TURNS
        self.sweep()
        try:
            pid = os.fork()
        except OSError:
            self.control.send(f"unborn {number} 0".encode())
            return True
        finally:
            if os.getpid() == parent:
                for descriptor in descriptors:
                    os.close(descriptor)
        if pid == 0:
            self.become(descriptors, parent)
        handle = os.pidfd_open(pid)
        self.alive[handle] = (number, pid, self.turn)
        self.poll.register(handle, select.POLLIN)
        socket.send_fds(self.control, [f"born {number} 0".encode()], [handle])
        return True

    def sweep(self) -> None:
        """Let nothing of an earlier job reach the next: end every child, and empty the folder whose turn it is.

        Only the child that had this folder must be dead for that. The last one had another, and may take its time.
        """
        for handle, (_, _, turn) in list(self.alive.items()):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            if turn == self.turn:
                self.bury(handle)
        if self.jail.folders:
            self.scratch.clear(self.jail.folders[self.turn])

    def become(self, descriptors: list[int], parent: int) -> None:
        """Be the child; never returns."""
        try:
            request, reply, log = descriptors
            os.dup2(log, 1)
            os.dup2(log, 2)
            self.control.detach()
            close_all({0, 1, 2, request, reply, *self.jail.descriptors})
            self.child.main(self.jail, request, reply, parent, self.turn, self.notebook)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(71)

    def bury(self, handle: int) -> None:
        """Reap a dead child, and report how it ended."""
        number, pid, _ = self.alive.pop(handle)
        self.poll.unregister(handle)
        os.close(handle)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.control.send(f"dead {number} {status}".encode())

    def end(self) -> None:
        """Kill every child and wait until all are gone."""
        for handle, (_, pid, _) in self.alive.items():
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.waitpid(pid, 0)


def close_all(kept: set[int]) -> None:
    """Close every descriptor but these."""
    edges = [-1, *sorted(kept), 65536]
    for low, high in itertools.pairwise(edges):
        if low + 1 < high:  # an empty range at 0 would close all
            os.closerange(low + 1, high)


def die_with_the_runner(wanted: bool) -> None:
    """Let the kernel end this process with the thread that started it: while torch is imported nobody reads CONTROL."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL if wanted else 0, 0, 0, 0)


def main() -> None:
    """Serve the runner at the other end of the socket that was inherited."""
    die_with_the_runner(True)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    package = load("sandbox", HERE / "__init__.py")
    checks = PACKAGE / "checks"  # children read an answer as the notebook's checks do
    judging = load("sandbox.judging", checks / "judging" / "__init__.py")
    load("sandbox.reading", checks / "reading.py")
    from sandbox import child, hugepages, jail, limits, scratch, substitutes

    notebook = load("sandbox.notebook", Path(sys.argv[3]))
    package.__path__ = judging.__path__ = []  # children can import nothing else from these folders
    prepare(substitutes)
    hugepages.collapse()
    cell = jail.Jail(limits.Limits(**json.loads(sys.argv[2])), hidden())
    if cell.folders:
        os.chdir(scratch.FOLDER)
        os.environ["TMPDIR"] = str(scratch.FOLDER)
    zygote = Zygote(control, cell, child, notebook, scratch)
    granted = [str(path) for path in cell.granted] if any("landlock" in layer for layer in cell.layers) else ["/"]
    die_with_the_runner(False)
    control.send(json.dumps({"layers": cell.layers, "granted": granted}).encode())
    try:
        zygote.serve()
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        zygote.end()
        os._exit(0)


if __name__ == "__main__":
    main()
