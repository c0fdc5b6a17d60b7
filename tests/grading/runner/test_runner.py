"""The runner: replies as the notebook's checks see them, limits, retries, the zygote's death, nothing left behind."""

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import nstlib
from nstlib import checks
from nstlib.checks import calling
from nstlib.grading.demo import sample_answers
from nstlib.grading.runner.runner import Job, Runner
from nstlib.grading.sandbox.answers import pack_reading
from nstlib.grading.sandbox.limits import Limits
from tests.grading.conftest import QUICK, left_over, running

QUESTIONS = checks.all_questions()
ROOT = Path(nstlib.__file__).parent
X = np.arange(6.0).reshape(2, 3)


def call(runner, code, *arguments, wall=None, **more):
    """Call f, whose body or whole source this is."""
    source = code if "def f" in code else f"import os, sys, time\nimport torch\ndef f(*x):\n    {code}\n"
    return runner.call(Job("f", (source,), arguments, **more), wall)


# What comes back


def test_an_answer_comes_back_with_its_gradient_by_the_cotangent(runner):
    outcome = call(runner, "print('seen'); return x[0] @ x[0].T", X, gradient=(0,), cotangent=np.eye(2))
    assert (outcome.status, outcome.detail, outcome.log, outcome.earlier) == ("replied", "", b"seen\n", ())
    reply = outcome.reply
    assert (reply.status, reply.kind, reply.dtype, reply.changed) == ("value", "tensor", "float64", False)
    assert np.allclose(reply.values[""], X @ X.T) and np.allclose(reply.gradients[0], 2 * X)
    assert len(outcome.digest) == 64 and 0 < outcome.seconds < QUICK.wall


def test_a_cotangent_of_another_shape_is_repeated_or_cut(runner):
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    long, short = (
        call(runner, f"return 2 * x[0]{part}", X, gradient=(0,), cotangent=weights).reply for part in ("", "[0, :2]")
    )
    assert long.gradients[0].tolist() == (2 * np.resize(weights, X.shape)).tolist()
    assert short.gradients[0].tolist() == [[2, 4, 0], [0, 0, 0]]


def test_without_a_cotangent_no_gradient_is_asked(runner):
    reply = call(runner, "return x[0] * x[0].requires_grad", X, gradient=(0,)).reply
    assert reply.gradients == () and (reply.values[""] == X).all()


def test_arguments_arrive_as_tensors_and_plain_python(runner):
    code = (
        "a, b, c = x; return {'kept': a['x'][0].dtype == torch.float32 and b == (1, 'x', None) and c == float('inf')}"
    )
    assert call(runner, code, {"x": [X.astype("f4")]}, (1, "x", None), float("inf")).reply.values == {"kept": 1}


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        ("return None", "nothing", ""),
        ("raise NotImplementedError", "not attempted", ""),
        ("return torch.nn.Module()(x[0])", "raised", "NotImplementedError: Module [Module] is missing"),
        ("return torch.nn.functional.interpolate(x[0].flatten(), scale_factor=2)", "raised", "NotImplementedError: "),
        ("return x[0].no_such_thing", "raised", "AttributeError: 'Tensor' object has no attribute 'no_such_thing'"),
        ("def g(x): return x\nnot_def = 'def f'", "absent", ""),
        ("def f(:", "absent", ""),
        ("def f(x): return '\0'", "absent", ""),
        ("def f(x): return open('/etc/passwd')", "jailed", "PermissionError"),
        ("def f(x):\n    import no_such_package", "no package", "ModuleNotFoundError: No module named"),
        ("def f(x): return '\ud800'", "value", ""),
        ("def f(): pass", "raised", "TypeError"),
        (
            "def f(x):\n    y = 1\n    return y / 0",
            "raised",
            "ZeroDivisionError: division by zero\nin cell 1, line 3: return y / 0",
        ),
    ],
)
def test_the_ends_that_are_no_number(code, status, text, runner):
    outcome = call(runner, code, X)
    assert outcome.status == "replied" and outcome.reply.status == status and text in outcome.reply.text


def test_a_changed_input_and_a_cut_gradient_are_seen(runner):
    assert call(runner, "x[0].mul_(2); return x[0]", X).reply.changed
    assert call(runner, "x[0].resize_(1); return x[0]", X).reply.changed
    assert call(runner, "return x[0].detach()", X, gradient=(0,), cotangent=X).reply.gradients == (None,)


def test_the_library_is_named_where_an_answer_needs_it(runner):
    for code in ("import nstlib", "from nstlib.style import gram_matrix"):
        outcome = call(runner, code, X)
        assert outcome.detail == "nstlib" and "the answer must stand alone" in outcome.reply.text
    assert call(runner, "import no_such_module", X).detail == ""


def test_dataclasses_and_lazy_imports_work(runner):
    source = """
from dataclasses import dataclass
import json, colorsys
import scipy.linalg
@dataclass
class Pair:
    a: "float"
def f(x): return Pair(2.0).a * x
"""
    assert call(runner, source, X, wall=20).reply.values[""][1, 2] == 10


# The same as in the notebook


def arrays(value):
    if isinstance(value, torch.Tensor):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {key: arrays(each) for key, each in value.items()}
    return type(value)(map(arrays, value)) if isinstance(value, list | tuple) else value


def same(a, b):
    return (a is None and b is None) or (a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True))


def resized(weights, shape):
    """Bring weights to an answer's shape, as the grader does: one of a dictionary's may differ from the first."""
    return torch.from_numpy(np.resize(weights, shape))


def of_each_kind(asked):
    """One mistake of each kind of reply: what comes back, what is changed, which gradients arrive."""
    kinds = {}
    for mistake in asked.misconceptions:
        reply = calling.reply(mistake.function, asked.public_cases[0])
        arrives = tuple(gradient is not None for gradient in reply.gradients)
        kinds.setdefault((reply.status, reply.kind, reply.dtype, bool(reply.changed), arrives), mistake)
    return kinds.values()


# That each mistake has its name in a child, too, test_marking holds for all
@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.matrix)], ids=["of each kind", "all"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_replies_are_those_of_the_notebook_for_answers_that_are_known(question, every, runner):
    asked = QUESTIONS[question]
    mistakes = asked.misconceptions if every else of_each_kind(asked)
    known = {None: asked.reference} | {each.id: each.function for each in mistakes}
    for mistake, function in known.items():
        source = sample_answers.source(asked, mistake)  # the same function, with all that it needs beside it
        for case in asked.public_cases:
            wanted = calling.reply(function, case)
            shape = next(iter(wanted.values.values())).shape if wanted.values else ()
            weights = np.cos(torch.linspace(-1, 1.5, int(np.prod(shape)), dtype=torch.float64).numpy()).reshape(shape)
            wanted = calling.reply(function, case, partial(resized, weights))
            job = Job(asked.reference.__name__, (source,), arrays(case.arguments), case.gradient, weights)
            outcome = runner.call(job, wall=20)
            found = outcome.reply
            assert found is not None, (mistake, outcome)
            assert bool(found.unread) == bool(wanted.unread)
            for name in ("status", "kind", "dtype", "changed"):
                assert getattr(found, name) == getattr(wanted, name), (mistake, name, found.text)
            assert found.values.keys() == wanted.values.keys()
            assert all(same(value, found.values[name]) for name, value in wanted.values.items())
            assert len(found.gradients) == len(wanted.gradients)
            assert all(map(same, wanted.gradients, found.gradients)), mistake


@pytest.mark.parametrize(
    "code",
    ["return 1, 2.5", "return [[1, 2], [3]]", "return 'x'", "return [None]", "return x[0].to_sparse()",
     "return {'a': {}}", "return x[0].numpy() * 1j", "return x[0].to('meta')", "return (x[0], x[0])",
     "return x[0].to(torch.bfloat16)"],
)  # fmt: skip
def test_odd_answers_are_read_as_the_notebook_reads_them(code, runner):
    names: dict = {"torch": torch}
    exec(f"def f(*x):\n    {code}", names)
    wanted = calling.reply(names["f"], calling.Case((torch.from_numpy(X.copy()),), "", {}, gradient=()), None)
    found = call(runner, code, X).reply
    assert (found.status, found.kind, found.dtype, bool(found.unread)) == (
        wanted.status, wanted.kind, wanted.dtype, bool(wanted.unread),
    )  # fmt: skip
    assert found.values.keys() == wanted.values.keys()


def test_an_answer_that_asks_autograd_says_so_where_it_is_watched(runner):
    code = "y = x[0].clone().requires_grad_(); return torch.autograd.grad((y * y).sum(), y)[0]"
    assert [call(runner, code, X, by_hand=watched).detail for watched in (True, False)] == ["autograd", ""]
    assert call(runner, "return 2 * x[0]", X, by_hand=True).detail == ""


# Every child the same


def test_chance_hashes_threads_and_environment_are_the_same_in_every_child(runner):
    code = """
import os, random, sys, threading
import numpy, torch
def f():
    ours = set(os.environ) <= {"PATH", "HOME", "LC_ALL", "TZ", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE",
        "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TMPDIR"}
    return {"chance": random.random(), "torch": torch.rand(()), "numpy": numpy.random.rand(), "hash": hash("x") % 9973,
        "threads": torch.get_num_threads(), "ours": ours,
        "place": os.getcwd() in ("/", "/dev/shm"), "argv": len(sys.argv)}
"""
    first = call(runner, code)
    assert first.reply.values["ours"] and first.reply.values["place"] and first.reply.values["threads"] == 1
    assert {call(runner, code).digest for _ in range(5)} == {first.digest}
    with running() as other:
        assert call(other, code).digest == first.digest


def test_nothing_is_kept_from_one_child_to_the_next(runner):
    code = "seen = hasattr(torch, 'kept'); torch.kept = 1; torch.rand(3); return float(seen)"
    assert [call(runner, code).reply.values[""] for _ in range(3)] == [0, 0, 0]


def test_what_a_child_writes_is_seen_by_no_other_child_and_nowhere_else(runner):
    if "scratch folder" not in runner.layers:
        pytest.skip("this kernel gives no scratch folder")
    code = """
import os, tempfile, torch
def f():
    before = len(os.listdir(tempfile.gettempdir())) + len(os.listdir("/dev/shm"))
    others = [f"/dev/shm/{n}" for n in range(9)] + [f"/proc/{os.getppid()}/root/dev/shm/{n}" for n in range(9)]
    before += sum(os.path.exists(path) or os.path.exists(path + "/x.pt") for path in others)
    os.makedirs("a/b")
    for name in ("a/b/x.pt", "x.pt", os.path.join(tempfile.mkdtemp(), "y.pt")):
        torch.save(torch.ones(3), name)
    os.mkdir("shut", 0)
    return before + 10 * float(torch.load("x.pt").sum())
"""
    zygote = runner.pid
    assert [call(runner, code).reply.values[""] for _ in range(5)] == [30] * 5
    assert runner.pid == zygote, "the zygote could not empty the folder"
    assert not [name for name in os.listdir("/dev/shm") if name in ("a", "x.pt", "shut")]


def test_large_arguments_and_answers_pass(runner):
    big = np.random.default_rng(0).standard_normal((64, 128, 128)).astype("f4")
    reply = call(runner, "return x[0] * 1", big, gradient=(0,), cotangent=np.ones(1)).reply
    assert reply.kind == "tensor" and not reply.values, "more numbers than a reply may hold"
    reply = call(runner, "return x[0][:8]", big).reply
    assert (reply.values[""] == big[:8]).all()


# Limits and retries


def test_only_the_head_of_the_log_is_kept(runner):
    outcome = call(runner, "print('x' * 100_000); return 1.0")
    assert outcome.status == "replied" and outcome.log == b"x" * QUICK.log_kept


def test_what_was_printed_before_a_crash_is_in_the_log(runner):
    outcome = call(runner, "print('before'); os.abort()")
    assert (outcome.status, outcome.detail, outcome.log) == ("killed", "SIGABRT", b"before\n")


def test_a_timeout_is_repeated_once_and_alone(runner, monkeypatch):
    entered = []

    @contextmanager
    def alone():
        entered.append(True)
        yield

    monkeypatch.setattr(runner, "_alone", alone)
    outcome = call(runner, "time.sleep(60)", wall=0.2)
    assert (outcome.status, outcome.earlier, entered) == ("timeout", ("timeout",), [True])
    assert outcome.reply is None and 0.2 <= outcome.seconds < 60
    outcome = call(runner, "bytearray(8 << 30)")
    assert (outcome.status, outcome.earlier, len(entered)) == ("memory", ("memory",), 2)
    assert call(runner, "os._exit(3)").earlier == () and len(entered) == 2


def test_processor_time_has_a_limit_of_its_own():
    with running(Limits(cpu=1, wall=20.0, session=1.0)) as runner:
        outcome = call(runner, "while True: pass")
        assert (outcome.status, outcome.detail) == ("timeout", "cpu")


# The zygote's death, and ours


def test_a_dead_zygote_is_replaced(runner):
    before = runner.pid
    os.kill(before, signal.SIGKILL)
    outcome = call(runner, "return 1.0")
    assert (outcome.status, outcome.earlier) == ("replied", ("infra",)) and runner.pid != before
    assert left_over(before) == []


def test_a_zygote_that_dies_in_the_middle_takes_its_child_along_and_the_job_is_repeated(runner):
    before = runner.pid
    killer = threading.Timer(0.3, os.kill, (before, signal.SIGKILL))
    killer.start()
    outcome = call(runner, "time.sleep(1); return 1.0", wall=20)
    killer.join()
    assert (outcome.status, outcome.earlier) == ("replied", ("infra",))
    assert left_over(before) == []


def test_a_zygote_that_cannot_be_had_is_our_fault_and_not_the_answers(runner, monkeypatch):
    from nstlib.grading.runner import process

    monkeypatch.setattr(process, "ZYGOTE", "/nowhere.py")
    os.kill(runner.pid, signal.SIGKILL)
    outcome = call(runner, "return 1.0")
    assert outcome.status == "infra" and outcome.reply is None and len(outcome.earlier) == 2
    monkeypatch.undo()
    assert call(runner, "return 1.0").status == "replied"


def test_nothing_is_left_when_the_runner_is_closed_or_the_grader_killed(runner):
    with Runner(QUICK) as other:
        pid = other.pid
        call(other, "return 1.0")
    assert left_over(pid, 0) == []
    other.close()
    code = (
        "from nstlib.grading.runner.runner import *\nr = Runner()\nprint(r.pid, flush=True)\n"
        "r.call(Job('f', ('def f():\\n    while True: pass',), ()))"
    )
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(grader.stdout.readline())
    time.sleep(0.3)
    assert len(left_over(pid, 0)) == 2, "the zygote and a child that loops"
    grader.kill()
    grader.communicate()
    assert left_over(pid) == []


def test_a_zygote_that_still_starts_dies_with_the_grader():
    code = (
        "from nstlib.grading.runner import process\nstart = process.subprocess.Popen\n"
        "def told(*a, **k):\n    found = start(*a, **k)\n    print(found.pid, flush=True)\n    return found\n"
        "process.subprocess.Popen = told\nfrom nstlib.grading.runner.runner import Runner\nRunner()"
    )
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(grader.stdout.readline())
    time.sleep(0.5)
    grader.kill()
    grader.communicate()
    assert left_over(pid, 0.5) == []


def test_two_runners_work_at_once_in_threads(runner):
    with running() as other:
        found = {}

        def work(which):
            found[which] = [call(which, f"return {n}.0").reply.values[""].item() for n in range(20)]

        threads = [threading.Thread(target=work, args=(each,)) for each in (runner, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(found.values()) == [list(range(20))] * 2


def test_what_a_child_may_read_is_known(runner, tmp_path):
    assert runner.visible(torch.__file__) and not runner.visible(tmp_path)
    assert not runner.visible(ROOT) and not runner.visible(ROOT / "checks" / "references.py")


# Reading, by a reader that stands in for ``notebook``

READER = """
STATUSES, WARNINGS, REJECTIONS = {"found", "missing"}, {"metadata"}, {"not_json"}

def read(data, questions, limits):
    source = data.decode()
    if source.startswith("run:"):
        exec(source[4:])
    entry = {"status": "found", "stop": 9 if source == "far" else 0, "source": source, "warnings": ["metadata"]}
    entry |= {"shape": "", "size": 0, "digest": "", "cut": 0}
    found = {name: entry for name in questions}
    found |= {"q": entry | {"status": source}} if source == "correct" else {}
    reading = {"warnings": [], "cells": ["a", "b"], "clean": [], "found": found}
    return reading | {"reject": "not_json" if source == "" else None}
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    file = tmp_path_factory.mktemp("reader") / "notebook.py"
    file.write_text(READER)
    with running(notebook=file) as found:
        yield found


def test_a_notebook_is_read_in_a_child(reader):
    outcome = reader.read("def f(): 'é'".encode(), {"q": "f"})
    assert outcome.status == "replied" and outcome.reply is None and outcome.data.reject is None
    assert outcome.data.answers["q"].source == "def f(): 'é'" and outcome.data.answers["q"].warnings == ("metadata",)
    assert outcome.data.cells == ("a", "b") and outcome.data.answers["q"].stop == 0
    assert reader.read(b"", {"q": "f"}).data.reject == "not_json"
    large = b"x" * QUICK.source
    assert reader.read(large, {"q": "f"}).data.answers["q"].source == large.decode()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\xff", "exited"),
        (b"correct", "protocol"),
        (b"far", "protocol"),
        (b"x" * (QUICK.source + 1), "protocol"),
        (b"run:while True: pass", "timeout"),
        (b"run:bytearray(8 << 30)", "memory"),
        (b"run:import os; os.abort()", "killed"),
        (b"run:import os; os.fork()", "exited"),
        (b"run:open('/etc/passwd')", "exited"),
    ],
)
def test_a_notebook_that_breaks_the_reader_is_no_reading(data, status, reader):
    outcome = reader.read(data, {"q": "f"})
    assert (outcome.status, outcome.data, outcome.reply) == (status, None, None)


def test_the_readers_reply_is_none_to_a_call(runner, reader):
    frame = pack_reading({"warnings": [], "reject": None, "cells": [], "clean": [], "found": {}})
    forge = f"for place in range(3, 64):\n    try: os.write(place, {frame!r})\n    except OSError: pass\n"
    outcome = call(runner, f"import os\n{forge}def f(): pass")
    assert (outcome.status, outcome.reply, outcome.data) == ("protocol", None, None)


# As a user without rights


def test_the_jail_holds_for_a_user_without_rights(runner):
    if os.getuid() != 0:
        pytest.skip("the tests run as a user without rights as it is")
    if not shutil.which("setpriv"):
        pytest.skip("setpriv, of util-linux, is not here")
    places = [Path(sys.executable).resolve(), ROOT]
    shut = [up for place in places for up in (place, *place.parents) if not up.stat().st_mode & stat.S_IXOTH]
    if shut:
        pytest.skip(f"a user without rights cannot reach {shut[0]}")
    code = "from nstlib.grading.runner.proof import *\nwith Runner() as r: print(self_test(r), r.layers)"
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    done = subprocess.run(
        [*user, sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT.parent), "PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0 and done.stdout.startswith("() ('rlimits'"), done.stderr


def test_digests_are_of_the_replys_bytes(runner):
    outcomes = [call(runner, "return 1.0"), call(runner, "return 1.0"), call(runner, "return 2.0")]
    assert outcomes[0].digest == outcomes[1].digest != outcomes[2].digest
    assert outcomes[0].digest != hashlib.sha256(b"").hexdigest() and call(runner, "os._exit(0)").digest == ""
