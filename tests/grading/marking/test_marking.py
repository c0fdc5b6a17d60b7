"""Marks of one submission: all points need all tests, known mistakes are named, and our faults cost nobody anything."""

import time
from dataclasses import replace

import numpy as np
import pytest

from nstlib.checks import all_questions
from nstlib.grading.demo import sample_answers as answers
from nstlib.grading.demo.demo import notebook
from nstlib.grading.marking.marking import Stopped, mark
from nstlib.grading.runner.runner import Outcome
from nstlib.grading.sandbox.limits import Limits
from tests.grading.conftest import QUICK

QUESTIONS = all_questions()
GRAM = "ex02.gram"


@pytest.fixture
def marked(made, runner):
    def marks(source, name=GRAM, question=None, limits=QUICK, with_runner=None):
        data = source if isinstance(source, bytes) else notebook({name: source})
        return mark(data, {name: question or made.questions[name]}, with_runner or runner, limits)

    return marks


@pytest.fixture
def answered(marked):
    """Return what became of the body of a Gram matrix."""

    def entry(body, name=GRAM, **more):
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        return marked(f"import torch\ndef gram_matrix(features):\n{lines}", name, **more).questions[name]

    return entry


@pytest.mark.parametrize("name", QUESTIONS)
def test_right_answers_earn_all_points_and_every_known_mistake_is_named(name, marked):
    question = QUESTIONS[name]
    for mistake in (None, *question.misconceptions):
        entry = marked(answers.source(question, mistake and mistake.id), name).questions[name]
        if mistake is None:
            assert (entry["outcome"], entry["points"]) == ("correct", entry["of"]) and entry["warnings"] == ()
        else:
            assert (entry["misconception"], entry["points"]) == (mistake.id, mistake.credit), mistake.id
            assert entry["outcome"] != "correct"


def test_one_failed_test_costs_all_points(made, answered):
    shapes = [test.arguments[0].shape for test in made.questions[GRAM].tests]
    entry = answered(f"F = features.flatten(1)\nreturn F @ F.T * (2 if tuple(features.shape) == {shapes[1]} else 1)")
    assert [test["verdict"] for test in entry["tests"]] == ["correct", "not yet", *["correct"] * 3]
    assert (entry["outcome"], entry["points"], entry["misconception"]) == ("not yet", 0, None)


@pytest.mark.parametrize(
    ("body", "outcome", "keys"),
    [
        ("raise NotImplementedError", "not attempted", ()),
        ("return features.nothing", "raised", ()),
        ("return None", "not yet", ("nothing",)),
        ("return (features.flatten(1) @ features.flatten(1).T).tolist()", "not yet", ("kind:list",)),
        ("F = features.flatten(1)\nG = F @ F.T\nfeatures.data += 1\nreturn G", "not yet", ("changed", "gradient")),
        ("return features * float('nan')", "not yet", ()),
        ("while True: pass", "timeout", ()),
        ("import os; os._exit(0)", "exited", ()),
        ("import os; os.abort()", "killed", ()),
        ("print('x' * (4 << 20))", "output", ()),
    ],
)
def test_what_goes_wrong_is_told_apart_and_earns_nothing(body, outcome, keys, answered):
    entry = answered(body)
    assert (entry["outcome"], entry["points"]) == (outcome, 0)
    if keys:
        assert set(entry["message_keys"]) <= {*keys, "again"} and entry["message_keys"]


def test_a_cut_gradient_is_told(answered):
    entry = answered("F = features.detach().flatten(1)\nreturn F @ F.T")
    assert (entry["outcome"], entry["misconception"]) == ("not yet", "detached")


def test_after_a_test_that_took_too_long_the_others_of_the_question_are_not_run(answered):
    entry = answered("while True: pass")
    assert [test["detail"] for test in entry["tests"]] == ["", *["not run"] * 4]
    assert entry["tests"][0]["retries"] == ["timeout"]


def test_chance_is_found_by_running_one_test_twice(answered):
    dice = "import random\nF = features.flatten(1)\nreturn F @ F.T * (1 + random.SystemRandom().random())"
    entry = answered(dice)
    assert entry["points"] == 0 and entry["outcome"] == "not yet"
    some = "import time\nF = features.flatten(1)\nodd = time.monotonic_ns() // 1000 % 2\nreturn F @ F.T * (1 + odd)"
    outcomes = [answered(some) for _ in range(12)]
    assert any("nondeterministic" in entry["warnings"] for entry in outcomes)
    assert all(entry["points"] == 0 for entry in outcomes if "nondeterministic" in entry["warnings"])


def test_an_answer_that_needs_nstlib_is_named_so(answered):
    entry = answered("import nstlib\nreturn nstlib.gram_matrix(features)")
    assert (entry["outcome"], entry["misconception"], entry["points"]) == ("raised", "calls-nstlib", 0)


def test_a_formula_by_hand_is_not_autograds(marked):
    source = """import torch
def style_gradient(F, S):
    X = F.detach().clone().requires_grad_()
    N, M = X.shape
    cost = ((X @ X.T - S) ** 2).sum() / (4 * N**2 * M**2)
    return torch.autograd.grad(cost, X)[0]
"""
    entry = marked(source, "ex03.gradient").questions["ex03.gradient"]
    assert (entry["outcome"], entry["misconception"], entry["points"]) == ("not yet", "uses-autograd", 0)


@pytest.mark.parametrize(
    "derivative",
    [
        "torch.func.jacfwd(E)(F.detach())",
        "torch.func.grad(E)(F.detach())",
        "torch.autograd.functional.jacobian(E, F.detach())",
        "torch.autograd.Variable._execution_engine.run_backward("
        "(E(X),), (torch.ones(()).double(),), False, False, (X,), True, False)[0]",
    ],
)
def test_every_door_to_autograd_is_refused_as_the_check_refuses_it(derivative, marked):
    source = f"""import torch
def style_gradient(F, S):
    X = F.detach().clone().requires_grad_()
    def E(X):
        return ((X @ X.T - S) ** 2).sum() / (4 * X.numel() ** 2)
    return {derivative}
"""
    names: dict = {}
    exec(source, names)
    check = all_questions()["ex03.gradient"].check(names["style_gradient"])
    entry = marked(source, "ex03.gradient").questions["ex03.gradient"]
    assert (check.misconception, check.points, entry["points"]) == ("uses-autograd", 0, 0)
    assert entry["misconception"] == "uses-autograd", (entry["outcome"], entry["tests"])


def test_a_notebook_that_is_none_is_rejected_with_its_reason(marked):
    assert marked(b"<html>").reject == "html" and marked(b"<html>").questions == {}


def test_missing_and_broken_answers_have_an_entry_without_tests(marked):
    entries = [marked(text).questions[GRAM] for text in ("x = 1", "def gram_matrix(:")]
    assert [(entry["outcome"], entry["points"], entry["tests"]) for entry in entries] == [
        ("absent", 0, []),
        ("syntax", 0, []),
    ]


class Counting:
    """A runner that counts the processes in which an answer is called."""

    def __init__(self, runner):
        self.runner, self.processes = runner, 0

    def __getattr__(self, name):
        if name in ("call", "call_each"):
            self.processes += 1
        return getattr(self.runner, name)


STATE = {
    "none": ("", ""),
    "a count": ("n = 0\n", "    global n\n    n += 1\n    features = features * (n == 1)\n"),
    "a crash": ("n = []\n", "    if n: __import__('os').abort()\n    n.append(1)\n"),
    "an end": ("n = []\n", "    if n: raise SystemExit\n    n.append(1)\n"),
    "a type": ("", "    torch.set_default_dtype(torch.float64)\n"),
    "a hang": ("n = []\n", "    while n: pass\n    n.append(1)\n"),
}


@pytest.mark.parametrize("kept", STATE)
def test_an_answer_loses_nothing_by_what_it_keeps_from_call_to_call(kept, made, runner, marked):
    before, inside = STATE[kept]
    head, body = answers.source(QUESTIONS[GRAM]).split("\n", 1)
    counting = Counting(runner)
    entry = marked(f"import torch\n{before}{head}\n{inside}{body}", with_runner=counting).questions[GRAM]
    tests = len(made.questions[GRAM].tests)
    told = {"a crash": ("suspicious", "together_killed"), "a count": ("together_wrong",), "an end": ("together_wrong",)}
    assert entry["outcome"] == "correct" and entry["warnings"] == told.get(kept, ())
    assert counting.processes == (2 if kept in ("none", "a type") else 2 + tests)
    assert all(test["verdict"] == "correct" and test["digest"] and not test["log"] for test in entry["tests"])


@pytest.mark.parametrize(
    ("source", "outcome", "apart"),
    [
        ("def gram_matrix(features):\n    raise NotImplementedError", "not attempted", False),
        ("def gram_matrix(features):\n    return 1 / 0", "raised", False),
        (answers.source(QUESTIONS[GRAM], QUESTIONS[GRAM].misconceptions[0].id), "not yet", False),
        ("def gram_matrix(features):\n    return features.flatten(1).sin()", "not yet", True),
        ("def gram_matrix(features):\n    return some_name", "raised", False),
    ],
)
def test_a_wrong_answer_needs_two_processes_unless_nobody_knows_its_mistake(
    source, outcome, apart, made, runner, marked
):
    counting = Counting(runner)
    assert marked(source, with_runner=counting).questions[GRAM]["outcome"] == outcome
    assert counting.processes == 2 + apart * len(made.questions[GRAM].tests)


SEVERAL = ("ex01.unroll", GRAM, "ex03.gradient")


def test_the_first_tests_of_several_answers_share_a_process(made, runner):
    counting = Counting(runner)
    sources = {name: answers.source(QUESTIONS[name]) for name in SEVERAL}
    wrong = answers.source(QUESTIONS[GRAM], QUESTIONS[GRAM].misconceptions[0].id)
    questions = {name: made.questions[name] for name in SEVERAL}
    for changed, points in ((sources, 4), (sources | {GRAM: wrong}, QUESTIONS[GRAM].misconceptions[0].credit)):
        counting.processes = 0
        entries = mark(notebook(changed), questions, counting).questions
        assert entries[GRAM]["points"] == points and counting.processes == 1 + len(SEVERAL)
        assert all(entries[name]["outcome"] == "correct" for name in SEVERAL if name != GRAM)
        assert not any(entry["warnings"] for entry in entries.values())


SPOILING = {
    "another's helper": "global unrolled\nunrolled = None",
    "a library": "torch.Tensor.flatten = torch.Tensor.sum = torch.Tensor.__matmul__ = None",
    "a mode": "torch.set_grad_enabled(False)\ntorch.set_default_dtype(torch.float16)",
    "its end": "import os\nos._exit(0)",
    "a crash": "import os\nos.abort()",
    "a hang": "while True: pass",
    "no memory": "raise MemoryError",
    "much output": "print('x' * (4 << 20))",
}


@pytest.mark.parametrize("spoilt", SPOILING)
def test_an_answer_spoils_no_other(spoilt, made, runner):
    """Where the first one has spoilt it, its own process tells; but modes are set anew for each."""
    lines = "\n".join(f"    {line}" for line in SPOILING[spoilt].splitlines())
    helper = "def unrolled(features):\n    return features.flatten(1)"
    sources = {name: answers.source(QUESTIONS[name]) for name in SEVERAL} | {
        "ex01.unroll": f"import torch\n{helper}\ndef unroll(features):\n{lines}\n    return None",
        GRAM: "def gram_matrix(features):\n    F = unrolled(features)\n    return F @ F.T",
    }
    counting = Counting(runner)
    entries = mark(notebook(sources), {name: made.questions[name] for name in SEVERAL}, counting, QUICK).questions
    assert entries["ex01.unroll"]["points"] == 0
    assert (counting.processes > 1 + len(SEVERAL)) == (spoilt != "a mode")
    for name in (GRAM, "ex03.gradient"):
        assert (entries[name]["outcome"], entries[name]["warnings"]) == ("correct", ())


def test_the_tests_of_an_answer_are_judged_alike_in_one_process_and_in_many(made, runner, marked):
    class OneByOne(Broken):
        def __init__(self):
            super().__init__(runner, 1000)

    for mistake in (None, *(each.id for each in QUESTIONS[GRAM].misconceptions)):
        source = answers.source(QUESTIONS[GRAM], mistake)
        together, apart = marked(source).questions[GRAM], marked(source, with_runner=OneByOne()).questions[GRAM]
        for entry in (together, apart):
            entry["tests"] = [test | {"seconds": 0} for test in entry["tests"]]
        assert together == apart


class Varying(Counting):
    """A runner whose answers are wrong in the first call of a process that has several, and right in all others."""

    def call_each(self, jobs, wall):
        self.processes += 1
        first, *others = self.runner.call_each(jobs, wall)
        wrong = {name: value + 1 for name, value in first.reply.values.items()}
        return [replace(first, reply=replace(first.reply, values=wrong)), *others]


def test_an_answer_that_varies_between_two_first_calls_has_no_second_try(made, runner, marked):
    varying = Varying(runner)
    entry = marked(answers.source(QUESTIONS[GRAM]), with_runner=varying).questions[GRAM]
    assert (entry["outcome"], entry["points"], entry["warnings"]) == ("not yet", 0, ("nondeterministic",))
    assert entry["message_keys"] == ("again",)
    assert varying.processes == 1 + len(made.questions[GRAM].tests)


class Unlike(Counting):
    """A runner whose Gram matrix is wrong in the process of several answers, and in chosen calls of its own."""

    def __init__(self, runner, wrong):
        super().__init__(runner)
        self.wrong, self.calls = wrong, 0

    def call(self, *given):
        self.processes += 1
        self.calls += 1
        outcome = self.runner.call(*given)
        return _spoilt(outcome) if self.calls in self.wrong else outcome

    def call_each(self, jobs, wall):
        self.processes += 1
        outcomes = self.runner.call_each(jobs, wall)
        several = len({job.question for job in jobs}) > 1
        pairs = zip(jobs, outcomes, strict=True)
        return [_spoilt(each) if several and job.question == GRAM else each for job, each in pairs]


def _spoilt(outcome):
    wrong = {name: value + 1 for name, value in outcome.reply.values.items()}
    return replace(outcome, reply=replace(outcome.reply, values=wrong))


@pytest.mark.parametrize(
    ("wrong", "points", "warnings"), [((), 4, ()), ((1,), 0, ("nondeterministic",)), ((2,), 0, ("nondeterministic",))]
)
def test_an_answer_that_differs_beside_others_needs_one_more_process_to_be_right(wrong, points, warnings, made, runner):
    unlike = Unlike(runner, wrong)
    sources = {name: answers.source(QUESTIONS[name]) for name in SEVERAL}
    entries = mark(notebook(sources), {name: made.questions[name] for name in SEVERAL}, unlike).questions
    assert (entries[GRAM]["points"], entries[GRAM]["warnings"]) == (points, warnings)
    if not wrong:  # one of all answers, one for each, and two of the first test
        assert unlike.processes == 1 + len(SEVERAL) + 2


def test_a_run_that_was_called_off_starts_no_further_process(made, runner):
    counting = Counting(runner)
    asked = []

    def go_on():
        asked.append(counting.processes)
        return counting.processes < 1

    with pytest.raises(Stopped):
        mark(notebook({GRAM: answers.source(QUESTIONS[GRAM])}), {GRAM: made.questions[GRAM]}, counting, QUICK, go_on)
    assert counting.processes == 1 and asked == [0, 1]


class Broken:
    """A runner whose calls fail through no fault of the answer's, from the n-th on."""

    def __init__(self, runner, after):
        self.runner, self.left = runner, after

    def read(self, *given):
        return self.runner.read(*given) if self.left >= 0 else Outcome("infra")

    def run(self, *given):
        return self.runner.run(*given) if self.left >= 0 else Outcome("infra")

    def call(self, *given):
        self.left -= 1
        return self.runner.call(*given) if self.left >= 0 else Outcome("infra")

    def call_each(self, jobs, wall):
        return [Outcome("infra") for _ in jobs]


@pytest.mark.parametrize("after", [-1, 0, 1, 2, 3])
def test_faults_of_ours_are_no_verdict(after, runner, marked):
    marks = marked(answers.source(QUESTIONS[GRAM]), with_runner=Broken(runner, after))
    assert marks.ungraded == (GRAM,) and marks.reject is None
    assert all(entry["points"] is None and entry["outcome"] == "infra" for entry in marks.questions.values())


@pytest.mark.parametrize("status", ["timeout", "memory", "output", "protocol", "exited", "killed"])
def test_a_notebook_that_breaks_its_reader_is_rejected(status, marked):
    class Breaking:
        def read(self, *given):
            return Outcome(status)

    assert marked("x", with_runner=Breaking()).reject == f"reading_{status}"


def test_a_submissions_time_ends_for_all_its_tests_together(marked):
    entry = marked("def gram_matrix(f): return f", limits=Limits(submission=0)).questions[GRAM]
    assert entry["outcome"] == "timeout" and {test["seconds"] for test in entry["tests"]} == {0}


def test_the_time_that_others_take_is_not_a_submissions(marked, runner):
    class Waiting:
        read, run = runner.read, runner.run

        def call(self, *given):
            time.sleep(0.2)  # as for others, who work alone
            return runner.call(*given)

        call_each = runner.call_each

    marks = marked(answers.source(QUESTIONS[GRAM]), with_runner=Waiting(), limits=Limits(submission=0.5))
    assert marks.questions[GRAM]["outcome"] == "correct"


def test_a_run_that_was_called_off_gives_no_marks(made, runner):
    with pytest.raises(Stopped):
        mark(notebook({GRAM: "def gram_matrix(f): return f"}), made.questions, runner, QUICK, lambda: False)


def test_an_error_is_told_in_units_of_what_is_allowed(made, marked):
    question = made.questions[GRAM]
    only = replace(question, tests=question.tests[:1])
    allowed = 1e-9 if only.tests[0].expected.dtype == "float64" else 1e-4
    for part, outcome in ((0.5, "correct"), (2, "not yet")):
        source = f"def gram_matrix(features):\n    F = features.flatten(1)\n    return F @ F.T * (1 + {part * allowed})"
        (test,) = marked(source, question=only).questions[GRAM]["tests"]
        assert test["verdict"] == outcome and np.isclose(test["error_ratio"], part, rtol=0.1)


def test_cells_that_never_end_wait_for_the_instructor_and_lose_no_points(marked):
    held = "import signal\nwhile True: signal.setitimer(signal.ITIMER_PROF, 0)\n"
    entry = marked(held + answers.source(QUESTIONS[GRAM])).questions[GRAM]
    assert (entry["outcome"], entry["points"]) == ("stuck", None)


def test_an_error_is_told_to_the_student_without_what_an_answer_can_write_into_it(answered):
    body = "class Leak(Exception): pass\nraise Leak(str(features.sum().item()))"
    entry = answered(body)
    assert entry["error"].startswith("Leak: ") and entry["where"] == "An error in line 4 of the answer's cell"
    forged = answered("raise BufferError('in cell 1, line 1: x' + str(features.sum().item()))")
    assert forged["where"] == "BufferError in line 3 of the answer's cell"
