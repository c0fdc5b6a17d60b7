"""Prove the jail on this machine, before the first submission and after the last: claims are also tried.

A hostile child of our own tries everything that is forbidden, and we look from outside, too, at what it changed. A
right answer must be judged right and a wrong one wrong.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from nstlib.checks.judging.replies import Reply
from nstlib.checks.judging.verdict import judge
from nstlib.grading.runner.runner import Job, Outcome, Runner, SandboxError

SECRET = "what no child may read"
MISSING = (
    "The jail does not hold on this machine: a child of ours could {missing}. Grade on another Linux machine, or allow "
    "a weak sandbox if you trust every submission."
)
BROKEN = "The grader does not work on this machine: {missing}. No submission was graded by it; fix that first."

HOSTILE = """
import ctypes, os, socket, subprocess, threading

def fork():
    if os.fork() == 0:
        os._exit(0)

def limit(parent):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prlimit(parent, 7, None, ctypes.create_string_buffer(16)):
        raise OSError(ctypes.get_errno(), "prlimit")

def probe(secret, folder, parent, library):
    tries = {
        "read a file": lambda: open(secret).read(),
        "read nstlib's own files": lambda: open(library).read(),
        "list a folder": lambda: os.listdir(folder),
        "read of another process": lambda: open(f"/proc/{parent}/environ", "rb").read(),
        "write a file": lambda: open(folder + "/new", "w").write("x"),
        "change a file": lambda: open(secret, "a").write("x"),
        "delete a file": lambda: os.unlink(secret),
        "make a process": fork,
        "run a program": lambda: subprocess.run(["/bin/true"]),
        "start a thread": lambda: threading.Thread(target=int).start(),
        "open a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "signal another process": lambda: os.kill(parent, 0),
        "reach another's limits": lambda: limit(parent),
        "lift its own limits": lambda: __import__("resource").setrlimit(7, (4096, 4096)),
    }
    denied = {}
    for name, attempt in tries.items():
        try:
            attempt()
            denied[name] = 0.0
        except (OSError, ValueError, RuntimeError):
            denied[name] = 1.0
    return denied
"""
RIGHT = "def gram_matrix(features):\n    F = features.flatten(1)\n    return F @ F.T\n"
WRONG = RIGHT.replace("F @ F.T", "F.T @ F")


def escapes(runner: Runner) -> tuple[str, ...]:
    """Return what a child can do and must not; an empty tuple where the jail holds."""
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text(SECRET)
        outcome = runner.call(Job("probe", (HOSTILE,), (str(secret), folder, os.getpid(), __file__)))
        if outcome.reply is None or outcome.reply.status != "value" or not outcome.reply.values:
            raise SandboxError(BROKEN.format(missing=f"the trial of the jail gave {outcome.status} {outcome.detail}"))
        escaped = [name for name, denied in outcome.reply.values.items() if denied != 1]
        if not secret.exists() or secret.read_text() != SECRET or len(os.listdir(folder)) > 1:
            escaped.append("leave something behind")
    return tuple(escaped)


def faults(runner: Runner) -> tuple[str, ...]:
    """Return what is wrong with the grader itself; an empty tuple where it judges a right and a wrong answer well."""
    features = np.random.default_rng(0).standard_normal((3, 4, 5))
    F = features.reshape(3, -1)
    weights = np.arange(9.0).reshape(3, 3)
    gradient = ((weights + weights.T) @ F).reshape(features.shape)
    expected = Reply("value", "tensor", "float64", {"": F @ F.T}, (gradient,))
    broken = []
    for source, right in ((RIGHT, True), (WRONG, False)):
        outcome = runner.call(Job("gram_matrix", (source,), (features,), (0,), weights))
        if _correct(outcome, expected) is not right:
            broken.append(f"a {'right' if right else 'wrong'} answer was not found {'right' if right else 'wrong'}")
    return tuple(broken)


def self_test(runner: Runner, *, weak: bool = False) -> tuple[str, ...]:
    """Try the jail and the grader. Raises SandboxError for an escape, unless `weak`, and always for a fault.

    Returns the escapes, for the report.
    """
    if broken := faults(runner):
        raise SandboxError(BROKEN.format(missing="; ".join(broken)))
    escaped = escapes(runner)
    if escaped and not weak:
        raise SandboxError(MISSING.format(missing=", ".join(escaped)))
    return escaped


def _correct(outcome: Outcome, expected: Reply) -> bool:
    if outcome.reply is None:
        return False
    return judge([expected], {}, [outcome.reply], [{}], frozenset({"tensor"})).outcome == "correct"
