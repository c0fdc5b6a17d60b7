"""Running a notebook's cells: the state at an answer's check is what Jupyter would have had there."""

import time

import pytest

from nstlib.grading.sandbox.limits import Limits
from tests.grading.conftest import running

VALUE = "float(ipywidgets.FloatSlider(value=4).value)"
LIMITS = Limits(wall=2.0, statement=0.3, prefix=0.4, session=5.0)


@pytest.fixture(scope="module")
def runner():
    with running(LIMITS) as found:
        yield found


@pytest.fixture
def state(runner):
    """Run cells, then return the reply of `answer`, the body of a function of no argument."""

    def run(*cells, answer="return float(K)", question="", skip=(), clean=(), function="f"):
        from nstlib.grading.runner.runner import Job

        job = Job(function, (*cells, f"def f():\n    {answer}"), (), question=question, skip=skip, clean=clean)
        return runner.call(job)

    return run


@pytest.mark.parametrize(
    "cells",
    [
        ["K = 4"],
        ["for K in (1, 2, 4): print(K)"],
        ["print(K := 4)"],
        ["import torch\nwith torch.no_grad():\n    K = torch.tensor(4.0)"],
        ["def init():\n    global K\n    K = 4", "init()"],
        ["globals()['K'] = 4"],
        ["K = 1\nraise ValueError\nK = 9", "K += 3"],
        ["import math\nmath.four = 4", "K = math.four"],
        ["match 4:\n    case n: K = n"],
        ["from math import *\nK = sqrt(16)"],
        ["exec('K = 4')"],
        ["%%writefile own.py\nFOUR = 4", "from own import FOUR as K"],
        ["import seaborn_that_nobody_has as sns, math\nsns.set()\nK = 2 * math.floor(2.5)"],
        ["import matplotlib.pyplot as plt\nfigure, (left, right) = plt.subplots(1, 2)\nleft.plot([1])\nK = 4"],
        ["import nstlib\nphoto = nstlib.pictures.sample('cat')\nprint(photo.shape)\nK = 4"],
        ["import nstlib, torch\nwide = torch.stack([nstlib.pictures.sample('cat')])\nK = 4"],
        ["from tqdm.auto import tqdm\nK = 0\nfor n in tqdm(range(4)): K += 1"],
        ["from IPython.display import display, HTML\ndisplay(HTML('x'))\nget_ipython().run_line_magic('x', '')\nK = 4"],
        ["from IPython.core.magic import register_cell_magic\n@register_cell_magic\ndef mine(line, cell):\n"
         "    get_ipython().run_cell(cell)", "get_ipython().run_cell_magic('mine', '', 'K = 4')"],
        ["from __future__ import annotations", "def g(x: no_such_name): pass\nK = 4"],
        ["K = 4\nimport sys; sys.exit()"],
        ["import time\ntime.sleep(100)\nK = 4"],
        ["async def four(): return 4", "K = await four()"],
        ["import asyncio\nasync def n(x):\n    await asyncio.sleep(1)\n    return x",
         "a, b = await asyncio.gather(n(1), n(3))\nK = a + b"],
        ["import asyncio\nasync def n(x): return x", "task = asyncio.create_task(n(4))\nK = await task"],
        ["import asyncio\nasync def n(x): return x", "task = asyncio.ensure_future(asyncio.create_task(n(4)))",
         "assert task.done() and task.exception() is None\nK = (await asyncio.gather(task))[0]"],
        ["import asyncio\nasync def n(x): raise ValueError", "task = asyncio.create_task(n(4))\n"
         "try: await task\nexcept ValueError: K = 4"],
        ["import asyncio\nasync def n(x): return x", "found = []\n"
         "task = asyncio.ensure_future(asyncio.gather(n(1), n(3)))\n"
         "task.add_done_callback(lambda task: found.append(sum(task.result())))", "await task\nK = found[0]"],
        ["import asyncio\nasync def n(x): return x",
         "K = await asyncio.wait_for(asyncio.shield(n(3)), 1) + await asyncio.to_thread(int, '1')"],
        ["import asyncio\nasync def n(x): return x", "done, rest = await asyncio.wait([asyncio.create_task(n(1))])\n"
         "K = len(rest) + sum(t.result() for t in done)\nfor t in asyncio.as_completed([n(3)]): K += await t"],
        ["import asyncio\nasync def n(x): return x\nclass Four:\n    def __await__(self): return n(4).__await__()",
         "K = await asyncio.ensure_future(Four())"],
        ["import subprocess\ntry:\n    subprocess.run(['nvidia-smi'], check=True)\n    K = 5\n"
         "except FileNotFoundError:\n    K = 4"],
        ["get_ipython().push({'K': 4})"],
        ["r = %timeit -o -n1 -r1 f()\nprint(r.average)\nK = 4"],
        ["from tqdm import trange\nK = 0\nfor n in trange(4): K += 1"],
        ["import tqdm.auto as tq\nbar = tq.tqdm(range(4))\nfor n in bar: pass\nK = bar.n"],
        ["open('my_photo.txt')\nK = 4"],
        ["input()\nK = 4"],
        ["if True:\n    open('my_photo.txt')\n    K = 4"],
        ["import torch\nwith torch.no_grad():\n    if False: pass\n    else:\n        with open('x') as file: K = 5\n"
         "        K = 1\n    K += 3"],
        ["try:\n    K = 4\n    open('x')\nexcept OSError:\n    open('y')\n    n = 1", "K += n - 1"],
        ["print(Out, In)\nK = 4"],
        ["%%capture\nimport nobody_has_this\nK = 4"],
        ["if True:\n    import nobody_has_that\nK = 4"],
        ["%%time\nimport torch\n@torch.jit.script\ndef four(x: torch.Tensor):\n    return x * 4\n"
         "K = float(four(torch.ones(())))"],
        ["import torch\ntorch.set_num_threads(4)\ntorch.use_deterministic_algorithms(True)\nK = 4"],
        ["import torch.utils.tensorboard\nK = 4", "import torch\nK = float(torch.tensor(4))"],
        ["import torchvision.transforms as T, torch\nK = float(T.Normalize(0.0, 0.25)(torch.ones(1, 2, 2)).mean())"],
        ["import threading\nthreading.Thread(target=print).start()\nK = 4"],
        ["try:\n    import einops_that_nobody_has as e\nexcept ImportError:\n    e = None\nK = 4 if e is None else 0"],
    ],
    ids=lambda cells: cells[0][:40],
)  # fmt: skip
def test_what_the_cells_leave_behind_is_there(cells, state):
    from nstlib.grading.sandbox.cells import python

    reply = state(*map(python, cells)).reply
    assert (reply.status, reply.values) == ("value", {"": 4}), reply


def test_a_cell_that_raised_nothing_for_the_student_goes_on_where_it_raises_here(state):
    cells = ("K = 1\n[][0]\nK = 4",)
    assert state(*cells, clean=(0,)).reply.values == {"": 4}
    assert state(*cells).reply.values == {"": 1}


@pytest.mark.parametrize("head", ["if True:", "with torch.no_grad():", "for n in range(3):", "try:"])
def test_where_the_notebook_stops_within_a_body_so_do_we(head, state):
    end = "finally: pass" if head == "try:" else ""
    cell = f"import torch\nK = 1\n{head}\n    K += 1\n    raise ValueError\n    K = 9\n{end}\nK = 9"
    assert state(cell).reply.values == {"": 2}


def test_what_a_check_is_given_is_the_answer(state):
    cells = ["from nstlib.checks import ex02", "def mine(): return 5.0", "def f(): return 6.0"]
    check = "ex02.gram.check(mine)"
    assert state(*cells, check, answer="return 4.0").reply.values[""] == 4  # the last cell asks for no check
    outcome = state(*cells, answer=f"return 4.0\n{check}", question="ex02.gram")
    assert outcome.reply.values[""] == 5


def test_the_library_is_no_part_of_an_answer(state):
    for answer in (
        "return gram(1)",
        "import nstlib\n    return nstlib.x",
        "from nstlib.style import x\n    return x[0]",
    ):
        outcome = state("from nstlib.style import gram_matrix as gram", answer=answer)
        assert (outcome.reply.status, outcome.detail) == ("raised", "nstlib")


def test_an_answer_may_draw(state):
    reply = state("import matplotlib.pyplot as plt", answer="plt.imshow(1)\n    display(2)\n    return 4.0").reply
    assert reply.values == {"": 4}


def test_a_package_that_is_missing_is_not_the_answers_fault(state):
    outcome = state("from no_such_package import rearrange", answer="return rearrange(1)")
    assert outcome.reply.status == "no package" and "no_such_package" in outcome.reply.text


@pytest.mark.parametrize(
    "cell",
    [
        "out = get_ipython().getoutput('echo 4')\nK = int(out[0])",
        "K = int(open('my_numbers.txt').read())",
        "import ipywidgets as widgets\nK = widgets.IntSlider(value=4).value",
        "import ipywidgets as widgets\nK = int(widgets.IntSlider(value=4).value)",
        "import ipywidgets as widgets\nK = 0.5 + float(widgets.FloatSlider(value=4).value)",
        "import ipywidgets as widgets\nn = int(widgets.IntSlider(value=4).value)\nK = n + 1",
        "import ipywidgets as widgets\nK = sum(s.value for s in widgets.HBox().children)",
        "import ipywidgets as widgets\nK = len(widgets.HBox().children)",
        "import ipywidgets as widgets\nK = 1\nif widgets.Checkbox(value=False).value:\n    K = 4",
        "import ipywidgets as widgets\nK = 1 if widgets.Dropdown(value='a').value == 'a' else 4",
        "import ipywidgets as widgets\nK = 0\nfor s in widgets.HBox().children:\n    K += s.value",
        "import ipywidgets as widgets\nk = lambda: int(widgets.IntSlider(value=4).value)\nK = k()",
        "from nstlib import pictures\nK = int(pictures.sample('cat').shape[1])",
        "import ipywidgets\ndef k(n=int(ipywidgets.IntSlider(value=4).value)):\n    return n\nK = k()",
        "import ipywidgets\nclass K:\n    n = int(ipywidgets.IntSlider(value=4).value)",
        "import ipywidgets\nK = 4\nwhile True:\n    K += 1\n    if ipywidgets.Checkbox().value:\n        break",
    ],
)
def test_what_only_the_student_s_machine_knows_is_not_the_answers_fault(cell, state):
    assert state(cell, answer="return 2 * K").reply.status == "jailed"


@pytest.mark.parametrize(
    "change", ["K.append(s.value)", "K[0] = s.value", "K.insert(0, s.value)", "K += [s.value]", "K[:] = [s.value]"]
)
def test_what_a_widgets_value_went_into_is_not_the_answers_fault(change, state):
    cell = f"import ipywidgets as widgets\nK = [4]\nfor s in widgets.HBox().children:\n    {change}"
    assert state(cell, answer="return float(sum(K))").reply.status == "jailed"


@pytest.mark.parametrize(
    "change", ["C.K = s", "c['a']['K'] = s", "x.data[0] = s", "x.fill_(s)", "x.data.add_(s)", "d.appendleft(s)"]
)
def test_what_a_widgets_value_went_into_deeply_is_not_the_answers_fault(change, state):
    made = "import ipywidgets, torch\nfrom collections import deque\nclass C: K = 4\n"
    made += "c, x, d = {'a': {}}, torch.zeros(1), deque([4])"
    given = change.replace("(s)", f"({VALUE})") if "(" in change else f"{change.removesuffix('s')}{VALUE}"
    held = {"C": "C.K", "c": "c['a']['K']", "x": "x[0]", "d": "d[0]"}[change[0]]
    assert state(made, given, answer=f"return float({held})").reply.status == "jailed"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("max", "return 2.0 * max"),
        ("range", "return float(range)"),
        ("sum", "return sum.real"),
        ("input", "return [4.0 * input for _ in 'ab'][0]"),
        ("id", "return scaled(1)"),
        ("len", "return (lambda x: x * len)(2)"),
    ],
)
def test_a_lost_name_does_not_become_the_built_in_of_that_name(name, answer, state):
    cells = ["def scaled(x):\n    return 4.0 * id", f"import ipywidgets\n{name} = {VALUE}"]
    assert state(*cells, answer=answer).reply.status == "jailed"


def test_a_lost_name_in_the_place_of_a_built_in_makes_no_default_either(runner):
    from nstlib.grading.runner.runner import Job

    answer = "def f(k=max):\n    return 2.0 * k"
    for before in ("", "def f():\n    return 4.0"):  # an earlier try does not count in its place
        job = Job("f", (before, f"import ipywidgets\nmax = {VALUE}", answer), ())
        assert runner.call(job).reply.status == "jailed"


@pytest.mark.parametrize(
    "cells",
    [
        ["max = 4", "K = max"],
        [f"import ipywidgets\nmax = {VALUE}", "max = 4", "K = max"],
        [f"import ipywidgets\nmax = {VALUE}", "del max", "K = max(4, 3)"],
        [f"import ipywidgets\nmax = {VALUE}", "if 1:\n    del max\n    n = 3", "K = max(4, n)"],
        [f"import ipywidgets\nmax = min = {VALUE}", "n = 1\ndel (n, max), [min]", "K = max(4, min(3, 4))"],
        [f"import ipywidgets\nmax = {VALUE}", "n = 1\nwith open('/dev/null'):\n    del n, max", "K = max(4, 3)"],
        [f"import ipywidgets\nmax = {VALUE}", "K = sum([1, 3])", "K = __builtins__.sum([1, 3])"],
        ["import builtins\nbuiltins.four = 4", "K = four"],
        ["__builtins__.abs = lambda x: 4", "pass", "K = abs(1)"],
        ["import builtins\n__builtins__.abs = max", "builtins.abs = lambda x: 4", "K = abs(1)"],
        [f"import ipywidgets\nabs = {VALUE}", "abs = 1", "del abs", "K = abs(-4)"],
        ["max = 4\ndel max\nK = max(4, 3)"],
    ],
)  # fmt: skip
def test_a_name_that_hides_a_built_in_means_what_the_student_gave_it(cells, state):
    assert state(*cells).reply.values == {"": 4}


@pytest.mark.parametrize("cell", ["del nothere, max", "if 1:\n    del nothere, max", "if 0:\n    del max"])
def test_a_lost_name_that_could_not_be_deleted_is_lost_still(cell, state):
    start = f"import ipywidgets\nmax = {VALUE}"
    for answer in ("return float(max)", "return max(2.0, 4.0)"):
        assert state(start, cell, answer=answer).reply.status == "jailed"


@pytest.mark.parametrize("cell", ["K = 2 * n", "K += n", "for i in range(3):\n    K = i + n", "def K(k=n): pass"])
def test_what_an_unknown_value_would_have_replaced_is_not_known_either(cell, state):
    assert state(f"import ipywidgets\nK = 4\nn = {VALUE}", cell, answer="return 2 * K").reply.status == "jailed"


@pytest.mark.parametrize(
    "cells",
    [
        ["import torch", "torch.sort(torch.load('my.pt'))", "K = float(torch.tensor(4))"],
        ["import torch", "y = torch.add(torch.ones(2).to('cuda'), 1)", "K = float(torch.tensor(4))"],
        ["import torch", "w = torch.ones(3)", "torch.nn.init.normal_(w.to('cuda'))", "K = 1 + float(w.sum())"],
        ["import os", "os.remove('old.png')", "K = 4 * os.path.exists('/')"],
        ["import torch", "import torch.nothere", "K = float(torch.tensor(4))"],
        ["from torch import Tensor", "Tensor.sort(open('x'))", "import torch\nK = float(Tensor.sum(torch.ones(4)))"],
        ["def four(): return 4", "four.calls = [open('x').read()]", "K = four()"],
        ["list.sort(open('x'))", "K = list((4,))[0]"],
        ["import ipywidgets, torch", f"y = torch.sort(torch.ones(int({VALUE})))", "K = float(torch.tensor(4))"],
    ],
    ids=lambda cells: cells[1],
)  # fmt: skip
def test_what_fails_takes_no_module_away_and_no_code_that_it_does_not_define(cells, state):
    assert state(*cells, clean=range(len(cells))).reply.values == {"": 4}


@pytest.mark.parametrize(
    "cells",
    [
        ["def K(): return 1", "K = [K, open('x')][0]"],
        ["def K(): return 1", "@open('x')\ndef K(): return 4"],
        ["class K: n = 1", "K.n = int(open('x').read())"],
        ["def K(): return 1", "from nowhere_at.all import K"],
    ],
    ids=lambda cells: cells[1],
)  # fmt: skip
def test_code_that_a_failed_statement_would_have_replaced_is_not_known(cells, state):
    answer = "return float(K.n)" if "class" in cells[0] else "return float(K())"
    reply = state(*cells, answer=answer).reply
    assert reply.status in ("jailed", "no package"), reply


PUT = {
    "an item": ("d = {'K': 4}\ndef put(d): d['K'] = s()", "put(d)", "d['K']"),
    "a value on its way": ("d = {'K': 4}\ndef put(d):\n    v = s()\n    d['K'] = v", "put(d)", "d['K']"),
    "a list": ("d = [4]\ndef put(d, n): d.append(n * s())", "put(d, 2)", "sum(d)"),
    "deep inside": ("d = {'a': [4]}\ndef put(d): d[0] = s()", "put(d['a'])", "d['a'][0]"),
    "a second name": ("d = {'K': 4}\ne = d\ndef put(d): d['K'] = s()", "put(d)", "e['K']"),
    "no function": ("d = {'K': 4}\ne = [d]", "d['K'] = s()", "e[0]['K']"),
    "a global name": ("d = {'K': 4}\ndef put(): d['K'] = s()", "put()", "d['K']"),
    "another function": ("d = {}\ndef store(v): d['K'] = v\ndef put(): store(s())", "put()", "d['K']"),
    "an object": ("class D:\n    K = 4\n    def put(self): self.K = s()\nd = D()", "d.put()", "d.K"),
    "a class": ("class D:\n    K = 4\n    @classmethod\n    def put(cls): cls.K = s()", "D.put()", "D.K"),
    "what is of a class": ("class D: K = 4\nd = D()\ndef put(): D.K = s()", "put()", "d.K"),
    "a tensor": ("d = torch.zeros(2)\ndef put(d): d.fill_(s())", "put(d)", "d.sum()"),
    "its data": ("d = torch.ones(2)\ndef put(d): d.data[0] = s()", "put(d)", "d.sum()"),
    "an array": ("d = np.ones(2)\ndef put(d): d[0] = s()", "put(d)", "d.sum()"),
    "a large tensor's data": ("d = torch.ones(1200, 1200)\ndef put(d): d.data[7, 7] = s()", "put(d)", "d.sum()"),
    "a large array": ("d = np.ones((800, 800))\ndef put(d): d[7, 7] = s()", "put(d)", "d.sum()"),
    "a very large tensor": ("d = torch.ones(2500, 2500)\ndef put(d): d.fill_(s())", "put(d)", "d.sum()"),
    "a tensor in bfloat16": ("d = torch.ones(2).bfloat16()\ndef put(d): d.fill_(s())", "put(d)", "d.sum()"),
    "its data in bfloat16": ("d = torch.ones(2).bfloat16()\ndef put(d): d.data[0] = s()", "put(d)", "d.sum()"),
    "a loop": ("d = {'K': 4}\ndef put(d): d['K'] = s()", "for each in (d, {}):\n    put(each)", "d['K']"),
    "a default": ("d = {'K': 4}\ndef store(v, d=d): d['K'] = v\ndef put(): store(s())", "put()", "d['K']"),
    "a named default": ("d = {}\ndef store(v, *, d=d): d['K'] = v\ndef put(): store(s())", "put()", "d['K']"),
    "slots": ("@dataclass(slots=True)\nclass D: K: float = 4.0\nd = D()\ndef put(): d.K = s()", "put()", "d.K"),
    "a partial": ("d = {}\ndef store(d, v): d['K'] = v\np = partial(store, d)\ndef put(): p(s())", "put()", "d['K']"),
    "a static method": ("d = {}\nclass D:\n    @staticmethod\n    def store(v): d['K'] = v\n"
                        "def put(): D.store(s())", "put()", "d['K']"),
    "a setter": ("d = {}\nclass D:\n    def store(self, v): d['K'] = v\n    k = property(None, store)\n    del store\n"
                 "e = D()\ndef put(): e.k = s()", "put()", "d['K']"),
    "an inherited method": ("d = {}\nclass D:\n    def store(self, v): d['K'] = v\nclass E(D): pass\n"
                            "e = E()\ndef put(): e.store(s())", "put()", "d['K']"),
    "a built-in's object": ("d = [4]\nstore = d.append\ndef put(): store(s())", "put()", "sum(d)"),
    "a function's attribute": ("def d(): pass\nd.K = 4\ndef put(): d.K = s()", "put()", "d.K"),
    "a list of its own kind": ("class D(list): pass\nd = D()\nd.K = 4\ndef put(): d.K = s()", "put()", "d.K"),
    "one of very many": ("d = [[i] for i in range(60000)]\ndef put(): d[n][0] = s()\nn = 7", "put()", "d[7][0]"),
    "a name beside very many": ("d, many = [4], [[i] for i in range(60000)]\n"
                                "def put(): d, many; d[0] = s()", "put()", "d[0]"),
    "a closure": ("def g():\n    d = [4]\n    def put(): d[0] = s()\n    return d, put\nd, put = g()", "put()", "d[0]"),
}  # fmt: skip


@pytest.mark.parametrize("where", PUT)
def test_what_a_function_puts_a_made_up_value_into_is_not_the_answers_fault(where, state):
    made, change, read = PUT[where]
    start = "import ipywidgets, torch\nimport numpy as np\nfrom dataclasses import dataclass\n"
    start += f"from functools import partial\ndef s(): return {VALUE}"
    assert state(start, made, change, answer=f"return float({read})").reply.status == "jailed"


@pytest.mark.parametrize(
    "cells",
    [
        ["d = {'K': 4}\ndef show(d):\n    for row in photo: print(row, d)", "show(d)"],
        ["d = {'K': 4}\ndef show():\n    print(len(photo))\n    return d", "d['K'] = 4\nshow()"],
        ["d, e = {'K': 4}, []\ndef note(e): e.append(len(photo))", "note(e)"],
        ["d, e = {'K': 4}, []\ndef note(e): e.append(len(photo))", "d['K'] = 4\nnote(e)\nd['n'] = 3"],
        ["d, e = {'K': 4}, []\ndef note(e): e.append(len(photo))", "for n in range(5):\n    d['K'] = n\n    note(e)"],
        ["d = {'K': 4}\nclass E:\n    def __init__(self): self.d, self.n = d, len(photo)", "e = E()"],
    ],
    ids=lambda cells: cells[-1][:40],
)
def test_what_a_function_leaves_alone_beside_a_made_up_number_stays(cells, state):
    start = "from nstlib import pictures\nphoto = pictures.sample('cat')"
    assert state(start, *cells, answer="return float(d['K'])").reply.values == {"": 4}


def test_what_is_shown_of_a_widget_is_not_the_answers_fault(state):
    assert state(f"import ipywidgets\n{VALUE}", "K = _").reply.status == "jailed"


@pytest.mark.parametrize(
    "cell",
    [
        "n = len(photo)\ndef f(k=n):\n    return 4.0",
        "import functools\nif len(photo) < 5:\n    f = functools.partial(float, 4)",
        "def f(k=int(photo.shape[1])):\n    return 4.0",
    ],
)
def test_an_answer_whose_definition_needs_a_picture_waits(cell, runner):
    from nstlib.grading.runner.runner import Job

    job = Job("f", ("from nstlib import pictures\nphoto = pictures.sample('cat')", cell), ())
    assert runner.call(job).reply.status == "jailed"


@pytest.mark.parametrize(
    "cell",
    [
        "%%time\nK = 4\nprint(len(photo))",
        "import torch\nwith torch.no_grad():\n    K = 4\n    print(len(photo))",
        "try:\n    K = 4\n    n = len(photo)\nexcept ValueError:\n    K = 5",
        "K = 0\nfor i in range(4):\n    K += 1\n    if photo: print(i)",
        "K = 4\nfor row in photo: print(row)",
        "K = 4; n = len(photo)",
    ],
)
def test_what_stands_beside_a_made_up_number_stays(cell, state):
    from nstlib.grading.sandbox.cells import python

    assert state("from nstlib import pictures\nphoto = pictures.sample('cat')", python(cell)).reply.values == {"": 4}


@pytest.mark.parametrize(
    "answer",
    [
        "return int(slider.value)",
        "return 2.0 * float(slider.value)",
        "return 5.0 if slider.value else 4.0",
        "return 4.0 if slider.value == 4 else 5.0",
        "return 5.0 if slider.value > 10 else 4.0",
        "return float(len(slider.children))",
    ],
)
def test_an_answer_that_makes_a_number_of_a_widget_waits(answer, state):
    assert state("import ipywidgets\nslider = ipywidgets.IntSlider(value=4)", answer=answer).reply.status == "jailed"


def test_what_a_picture_has_no_part_in_stays(state):
    cells = [
        "import matplotlib.pyplot as plt\nK, layers = 4, [1, 2, 3]",
        "figure, axes = plt.subplots(3)\nfor ax, layer in zip(axes, layers):\n    ax.bar(layer, K)",
        "widest = max(int(ax.get_xlim()[1]) for ax in axes)",
        "def three(x):\n    return x + len(layers)",
    ]
    assert state(*cells, answer="return float(three(K))").reply.values == {"": 7}


def test_a_statement_that_takes_too_long_is_left_out(runner):
    long = "for n in range(10**12): pass\nK = 4"
    outcome = runner.run((long, "def f(): return K"), {"q": ("f", 1), "r": ("g", 1)})
    assert outcome.data.found == {"q": True, "r": False}
    assert outcome.data.skip == {"q": ((0, 0),), "r": ((0, 0),)} and outcome.data.flags == ("cell_too_long",)


def test_statements_are_left_out_until_the_rest_is_quick(runner):
    busy = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass"
    cells = ("def f(): return 1", busy.format(0.2), "def g(): return 1", busy.format(0.25))
    outcome = runner.run(cells, {"q": ("f", 2), "r": ("g", 3)})
    assert outcome.data.skip == {"q": (), "r": ((3, 2),)}  # what stands below a check takes nothing from its answer


def test_many_long_statements_end_in_time_all_the_same(runner):
    outcome = runner.run((*["while True: pass"] * 60, "def f(): return 1"), {"q": ("f", 60)})
    assert outcome.status == "replied" and outcome.data.found == {"q": True} and len(outcome.data.skip["q"]) == 60


def test_what_is_left_out_is_not_run(state):
    began = time.monotonic()
    reply = state("K = 4\nwhile True: pass", skip=((0, 1),)).reply
    assert reply.values == {"": 4} and time.monotonic() - began < 5


@pytest.mark.parametrize(
    "cells",
    [
        ["K = 2", "K = K * 2"],
        ["K = 2", "for K in range(5): pass"],
        ["import torch\nK = torch.zeros(())", "K.add_(4)"],
        ["d = {'K': 2}", "d['K'] = 4", "K = d['K']"],
        ["def g(): return 2", "def g(): return 4", "K = g()"],
        ["pass", "K = 4"],
        ["K = 2", "%%time\nwhile True: pass\nK = 4"],
        ["K = 2", "%time K = 4"],
    ],
    ids=lambda cells: cells[1],
)  # fmt: skip
def test_what_a_statement_that_is_left_out_would_have_made_is_not_known(cells, state):
    from nstlib.grading.sandbox.cells import python

    assert state(*map(python, cells), skip=((1, 0),)).reply.status == "jailed"


def test_an_answer_that_took_too_long_to_make_waits(runner):
    from nstlib.grading.runner.runner import Job

    cells = ("def f(): return 1.0", "while True:\n    def f(): return 4.0")
    run = runner.run(cells, {"q": ("f", 1)}).data
    assert run.found == {"q": True}
    assert runner.call(Job("f", cells, (), skip=run.skip["q"])).reply.status == "jailed"


@pytest.mark.parametrize("left_out", ["for n in range(5): torch.sort(x)", "n = four()", "K.real", "import torch"])
def test_what_a_statement_that_is_left_out_has_no_part_in_stays(left_out, state):
    cells = ["import torch\nK, x = 4, torch.ones(3)\ndef four(): return float(torch.tensor(K))", left_out]
    assert state(*cells, answer="return four()", skip=((1, 0),)).reply.values == {"": 4}


def test_cells_that_never_end_end_the_answer(state):
    assert state("import signal\nwhile True: signal.setitimer(signal.ITIMER_PROF, 0)").status == "timeout"
