import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

import nstlib
from nstlib import checks
from nstlib.checks import calling
from nstlib.checks.judging.verdict import judge
from nstlib.grading.bundle import bundle, hidden_tests, serialization
from nstlib.grading.bundle.bundle import Bundle, BundleError

QUESTIONS = checks.all_questions()
FIXED = {"ex04.balance", "ex05.total_cost"}  # numbers alone, always as many: other values, but no other shapes
DAY = date(2026, 9, 1)
every = pytest.mark.parametrize("name", QUESTIONS)


@pytest.fixture
def copy(made, tmp_path):
    return Path(shutil.copytree(made.path, tmp_path / "copy"))


def shapes(value):
    if isinstance(value, torch.Tensor | np.ndarray):
        return tuple(value.shape)
    if isinstance(value, dict):
        return tuple((key, shapes(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(shapes(item) for item in value)
    return "number" if isinstance(value, float) else value


def same_values(one, other):
    if isinstance(one, torch.Tensor):
        return bool(np.array_equal(one.numpy(), other))
    if isinstance(one, dict):
        return all(same_values(value, other[key]) for key, value in one.items())
    return one == other


def judged(graded, answer):
    expected, symbols = [test.expected for test in graded.tests], [test.symbols for test in graded.tests]
    mistakes = {name: [test.mistakes[name] for test in graded.tests] for name in graded.credit}
    return judge(expected, mistakes, answer, symbols, graded.kinds, graded.tolerance)


def tensors(value):
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, dict):
        return {key: tensors(item) for key, item in value.items()}
    return type(value)(tensors(item) for item in value) if isinstance(value, list | tuple) else value


def called(function, test):
    """Call a function with a stored test's arguments, as a child would."""
    case = calling.Case(tuple(map(tensors, test.arguments)), test.words, dict(test.symbols), test.gradient)
    return hidden_tests.record_reply(function, case, test.cotangent)


@every
def test_each_question_has_three_hidden_tests_or_more(made, name):
    graded, question = made.questions[name], QUESTIONS[name]
    assert len(graded.tests) >= 3 and (graded.points, graded.kinds) == (question.points, question.kinds)
    assert graded.function == question.reference.__name__
    assert len({test.id for test in graded.tests}) == len(graded.tests)
    if name == "ex03.factor":  # each convention is a formula of its own
        assert {test.arguments[0] for test in graded.tests} == {"gatys", "mean_hw", "sum_chw", "mean_chw", "keras"}


@every
def test_53_hidden_tests_have_other_shapes_and_values_than_the_public_ones(made, name):
    public, tests = QUESTIONS[name].public_cases, made.questions[name].tests
    for test in tests:
        for case in public:
            if shapes(case.arguments) == shapes(test.arguments):
                assert name in FIXED, (test.words, case.words)
                pairs = zip(case.arguments, test.arguments, strict=True)
                assert not all(same_values(*pair) for pair in pairs)
    if name not in FIXED:
        assert len({shapes(test.arguments) for test in tests}) == len(tests)


@every
def test_the_reference_called_with_what_was_stored_is_right(made, name):
    graded = made.questions[name]
    assert judged(graded, [called(QUESTIONS[name].reference, test) for test in graded.tests]).outcome == "correct"


@every
def test_each_known_mistake_called_with_what_was_stored_is_reported_under_its_name(made, name):
    for mistake in QUESTIONS[name].misconceptions:
        verdict = judged(made.questions[name], [called(mistake.function, test) for test in made.questions[name].tests])
        assert (verdict.outcome, verdict.misconception) == ("not yet", mistake.id)


@pytest.mark.parametrize(
    "secret", [b"\0" * 32, *(pytest.param(each, marks=pytest.mark.matrix) for each in (b"another" * 5, b"\xff" * 32))]
)
def test_with_any_secret_references_pass_and_mistakes_are_told_apart(secret):
    for question in QUESTIONS.values():
        graded = hidden_tests.make_question(question, secret, "spring")
        assert judged(graded, [test.expected for test in graded.tests]).outcome == "correct"
        for name in graded.credit:
            assert judged(graded, [test.mistakes[name] for test in graded.tests]).misconception == name
        for one, other in combinations(graded.credit, 2):
            replies = [[test.mistakes[mistake] for test in graded.tests] for mistake in (one, other)]
            symbols = [test.symbols for test in graded.tests]
            assert judge(replies[0], {}, replies[1], symbols, graded.kinds, graded.tolerance).outcome != "correct"


def test_gradients_are_asked_through_numbers_that_the_notebook_does_not_have(made):
    questions = made.questions.values()
    with_gradient = [test for question in questions for test in question.tests if test.cotangent is not None]
    assert len(with_gradient) > 30
    for test in with_gradient:
        assert (
            test.cotangent.dtype == np.float64
            and test.cotangent.shape == next(iter(test.expected.values.values())).shape
        )
        assert (abs(test.cotangent) >= 0.5).all() and any(gradient is not None for gradient in test.expected.gradients)


def test_54_a_cut_or_wrong_gradient_fails_though_the_numbers_are_right(made):
    graded, right = made.questions["ex02.gram"], QUESTIONS["ex02.gram"].reference

    class Ones(torch.autograd.Function):
        @staticmethod
        def forward(context, features):
            context.shape = features.shape
            return right(features)

        @staticmethod
        def backward(context, gradient):
            return torch.ones(context.shape, dtype=gradient.dtype)

    for wrong in (lambda f: right(f.detach()), Ones.apply):
        assert judged(graded, [called(wrong, test) for test in graded.tests]).outcome == "not yet"


def test_with_the_weights_of_the_notebook_replies_are_those_of_calling():
    for question in QUESTIONS.values():
        for case in question.public_cases:
            for function in (question.reference, *(mistake.function for mistake in question.misconceptions)):
                theirs = calling.reply(function, case)
                if len(theirs.values) > 1:  # the notebook weighs each of them afresh
                    continue
                size = sum(value.size for value in theirs.values.values())
                weights = torch.linspace(-1, 1.5, size, dtype=torch.float64).cos().numpy()
                ours = hidden_tests.record_reply(function, case, weights if size else None)
                assert len(ours.gradients) == len(theirs.gradients) and ours.values.keys() == theirs.values.keys()
                for a, b in zip(ours.gradients, theirs.gradients, strict=True):
                    assert (a is None) == (b is None) and (a is None or np.array_equal(a, b))


def test_loading_gives_back_what_was_stored(made):
    fresh = hidden_tests.make_question(QUESTIONS["ex04.style_cost"], made.secret, made.name)
    for one, other in zip(fresh.tests, made.questions["ex04.style_cost"].tests, strict=True):
        assert list(one.arguments[0]) == list(other.arguments[0]) and one.arguments[2] == other.arguments[2]
        for layer, block in one.arguments[0].items():
            assert np.array_equal(block, other.arguments[0][layer]) and block.dtype == other.arguments[0][layer].dtype
        assert np.array_equal(one.cotangent, other.cotangent) and one.symbols == other.symbols
        weighted = [layer in one.arguments[2] for layer in one.arguments[0]]
        for test in (one, other):
            assert [gradient is not None for gradient in test.expected.gradients] == weighted
        assert isinstance(other.arguments, tuple) and isinstance(other.gradient, tuple)


def test_the_same_secret_gives_the_same_bundle_and_another_gives_another(made, tmp_path):
    again = bundle.new(tmp_path / "autumn", secret=made.secret, created=DAY)
    other = bundle.new(tmp_path / "spring")
    assert again.digest == made.digest != other.digest and len(other.secret) == 32 and other.secret != made.secret
    ours, theirs = (loaded.tests["ex02.gram"][0].arguments[0] for loaded in (made, other))
    assert ours.shape != theirs.shape or not np.array_equal(ours, theirs)


def test_an_override_may_hold_a_comment_for_the_student(copy):
    assert (copy / "overrides.csv").read_text().strip().endswith(",comment")
    rows = "student,question,points,reason,comment\nanna,ex02.gram,3,oral exam,Well argued.\nben,ex02.gram,0,copied\n"
    (copy / "overrides.csv").write_text(rows)
    assert [override.comment for override in Bundle.load(copy).overrides] == ["Well argued.", ""]


def test_the_digest_is_of_what_decides_points_and_not_of_dates_and_the_class(made, copy):
    (copy / "roster.csv").write_text("student\nanna\n")
    (copy / "overrides.csv").write_text("student,question,points,reason\nanna,ex02.gram,3,oral exam\n")
    (copy / "extensions.csv").write_text("student,exercise,days,reason\nanna,ex02,2,ill\n")
    settings = (copy / "bundle.toml").read_text()
    (copy / "bundle.toml").write_text(settings.replace("# due =", "due =").replace("per_day = 0", "per_day = 5"))
    moved = Bundle.load(copy)
    assert moved.digest == made.digest and moved.policy.per_day == 5 and moved.policy.due[""].year == 2027
    assert (moved.roster[0].id, moved.overrides[0].points, moved.policy.extensions[0].days) == ("anna", 3, 2)
    (copy / "bundle.toml").write_text(settings.replace('"ex02.gram" = 4', '"ex02.gram" = 9'))
    assert Bundle.load(copy).points["ex02.gram"] == 9 and Bundle.load(copy).digest != made.digest


def test_the_secret_is_for_its_owner_alone_and_is_not_shown(made, copy):
    assert os.stat(made.path / "secret").st_mode & 0o777 == 0o600 and os.stat(made.path).st_mode & 0o777 == 0o700
    assert "secret" not in repr(made) and (made.path / ".gitignore").read_text() == "*\n"
    (copy / "secret").chmod(0o644)
    with pytest.raises(BundleError, match="chmod 600"):
        Bundle.load(copy)


def test_a_bundle_that_exists_is_not_touched(made, tmp_path):
    before = (made.path / "tests.json").read_bytes()
    with pytest.raises(BundleError, match="never overwritten"):
        bundle.new(made.path)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="never overwritten"):
        bundle.new(tmp_path / "link")
    assert (made.path / "tests.json").read_bytes() == before


@pytest.mark.parametrize(
    "location",
    [
        Path(nstlib.__file__).parent / "bundle",
        Path(nstlib.__file__).parents[1] / "exercises" / "bundle",
        Path(nstlib.__file__).parents[1] / "exercises" / "student" / "bundle",
        Path(sys.prefix) / "bundle",
        Path("/usr/bundle"),
    ],
)
def test_62_no_bundle_is_made_where_a_child_or_a_learner_reads(location, tmp_path):
    if location.parent.is_dir():
        with pytest.raises(BundleError, match="Choose a place"):
            bundle.new(location)
        (tmp_path / "way").symlink_to(location.parent)
        with pytest.raises(BundleError, match="Choose a place"):
            bundle.new(tmp_path / "way" / "bundle")
    assert not location.exists()


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    with pytest.raises(BundleError, match="does not exist"):
        bundle.new(tmp_path / "no" / "bundle")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hidden_tests, "make_question", fail)
    with pytest.raises(OSError, match="No space"):
        bundle.new(tmp_path / "bundle")
    assert not os.listdir(tmp_path)


def test_a_question_whose_mistakes_cannot_be_told_apart_makes_no_bundle():
    question = QUESTIONS["ex05.tv"]
    twin = replace(question.misconceptions[0], id="twin")
    with pytest.raises(hidden_tests.HiddenError, match=r"ex05\.tv"):
        hidden_tests.make_question(
            replace(question, misconceptions=(*question.misconceptions, twin)), b"s" * 32, "autumn"
        )


@pytest.mark.parametrize(
    "spoil, said",
    [
        (lambda path: (path / "bundle.toml").unlink(), "nst bundle new"),
        (lambda path: (path / "bundle.toml").write_text("name = "), "not valid TOML"),
        (lambda path: (path / "bundle.toml").write_text('[points]\n"ex09.none" = 1\n'), "no tests"),
        (lambda path: (path / "bundle.toml").write_text('[points]\n"ex02.gram" = -1\n'), "whole number"),
        (lambda path: (path / "bundle.toml").write_text("[late]\nduedate = 1\n"), "no setting 'duedate'"),
        (lambda path: (path / "bundle.toml").write_text('[late]\ntimezone = "Mars/A"\n'), "Europe/Berlin"),
        (lambda path: (path / "bundle.toml").write_text('[late]\ndue = "soon"\n'), "late"),
        (lambda path: (path / "bundle.toml").write_text("[late]\npercent_per_day = 200\n"), "percent_per_day, got 200"),
        (lambda path: (path / "bundle.toml").write_text('[late]\nfree_days = "two"\n'), "for free_days, got 'two'"),
        (lambda path: (path / "tests.json").write_text("[{}]"), "version 3, got version 1: another version of nstlib"),
        (lambda path: (path / "tests.json").write_text('{"version": 2, "questions": [{}]}'), "damaged"),
        (lambda path: (path / "tests.json").write_text("{"), "damaged"),
        (lambda path: (path / "tests" / "ex02.gram.npz").write_bytes(b"PK"), "damaged"),
        (lambda path: (path / "tests" / "ex02.gram.npz").unlink(), "damaged"),
        (lambda path: (path / "secret").write_bytes(b""), "at least 16 bytes of secret in .*, got 0"),
        (lambda path: (path / "secret").unlink(), "damaged"),
        (
            lambda path: (path / "roster.csv").write_text("student\nAnna\nanna\n"),
            "line 3 has the same student as line 2",
        ),
        (
            lambda path: (path / "roster.csv").write_text("name\nAnna\n"),
            "expected the column 'student', got name",
        ),
        (
            lambda path: (path / "extensions.csv").write_text("student,days\nanna,many\n"),
            "line 2: expected a number of 0 or more under days, got 'many'",
        ),
        (
            lambda path: (path / "overrides.csv").write_text("student,question,points,reason\na,ex9,1,x\n"),
            "no question",
        ),
        (
            lambda path: (path / "overrides.csv").write_text("student,question,points,reason\na,ex02.gram,1,\n"),
            "reason",
        ),
        (lambda path: (path / "overrides.csv").write_text("student,question,points,reason\na,ex02.gram,x,y\n"), "'x'"),
    ],
)
def test_a_damaged_bundle_is_refused_with_a_sentence(copy, spoil, said):
    spoil(copy)
    with pytest.raises(BundleError, match=said):
        Bundle.load(copy)


def test_arrays_are_never_unpickled(copy):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(copy / "harm"),)

    np.savez(copy / "tests" / "ex02.gram.npz", **{"0": np.array([Bomb()], dtype=object)})
    with pytest.raises(BundleError, match="damaged"):
        Bundle.load(copy)
    assert not (copy / "harm").exists()


def test_what_no_call_is_given_is_not_stored():
    for value in ({1: 2}, {"a": object()}, np.array(["text"]), 1j):
        with pytest.raises(TypeError, match="Expected arrays of float16"):
            serialization.encode(value, {})
    with pytest.raises(ValueError, match="got 'pickle'"):
        serialization.decode({"pickle": "x"}, {})


@every
def test_78_sentences_for_students_are_the_same_whatever_the_secret(made, name):
    graded, other = made.questions[name], hidden_tests.make_question(QUESTIONS[name], b"another secret!!", "spring")
    assert dict(graded.messages) == dict(other.messages)
    assert all(message and "{" not in message for message in graded.messages.values())
    assert set(graded.credit) == {key.removeprefix("mistake:") for key in graded.messages if key.startswith("mistake:")}


def test_a_bundle_that_knows_of_no_bonus_has_none(copy):
    path = copy / "tests.json"
    content = json.loads(path.read_text("utf-8"))
    for entry in content["questions"]:
        del entry["bonus"]
    path.write_text(json.dumps(content), "utf-8")
    assert Bundle.load(copy).bonus == frozenset()
    content["questions"][0]["bonus"] = True
    path.write_text(json.dumps(content), "utf-8")
    assert Bundle.load(copy).bonus == {content["questions"][0]["id"]}


def test_loading_needs_no_pytorch(made):
    code = "import sys; from pathlib import Path; from nstlib.grading.bundle.bundle import Bundle\n"
    code += "print(len(Bundle.load(Path(sys.argv[1])).tests), 'torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code, str(made.path)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["33", "False"]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "extensions.csv",
            "student,exercise,days,reason\nanna,ex99,2,ill\n",
            "extensions.csv, line 2, names the exercise 'ex99'",
        ),
        (
            "extensions.csv",
            "student,exercise,days,reason\ndorra,ex02,2,ill\n",
            "extensions.csv, line 2, names 'dorra', who is not",
        ),
        (
            "overrides.csv",
            "student,question,points,reason\nannna,ex02.gram,2,oral\n",
            "overrides.csv, line 2, names 'annna'",
        ),
        ("overrides.csv", "student,question,points,reason\nanna,ex02.gram,50,oral\n", "has 4 points, and 50 are given"),
    ],
)
def test_a_slip_of_the_instructors_is_said_before_it_costs_anybody_anything(file, text, said, copy):
    (copy / "roster.csv").write_text("student\nanna\n")
    (copy / file).write_text(text)
    with pytest.raises(bundle.BundleError, match=said):
        bundle.Bundle.load(copy)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("due = 'soon'", "'soon'"),
        ("due = 9999-12-31T23:59:00", "a due date before 9000, got 9999-12-31"),
        ("grace_minutes = 'many'", "'many'"),
        ("grace_minutes = inf", "a number up to 1000000 for grace_minutes, got inf"),
        ("grace_minutes = 1e13", "a number up to 1000000 for grace_minutes, got 10000000000000.0"),
        ("free_days = inf", "a number up to 1000000 for free_days, got inf"),
    ],
)
def test_a_wrong_setting_is_named_once_with_its_file_and_table(line, message, copy):
    (copy / "bundle.toml").write_text(f"[late]\n{line}\n")
    with pytest.raises(BundleError, match=message) as fault:
        Bundle.load(copy)
    assert str(fault.value).count("bundle.toml, [late]: ") == 1


def test_an_extension_that_is_too_long_is_named_with_its_file_and_line(copy):
    (copy / "extensions.csv").write_text("student,days\nanna,2\nben,1001\n")
    with pytest.raises(BundleError, match=r"extensions\.csv, line 3: expected 0 to 1000 days, got 1001") as fault:
        Bundle.load(copy)
    assert "bundle.toml" not in str(fault.value)


def test_due_dates_are_of_exercises_that_there_are_and_are_dates(copy):
    text = (copy / "bundle.toml").read_text()
    for line, said in (
        ("ex12 = 2027-02-07T23:59:00", "'ex12'; the bundle has ex01"),
        ("ex02 = '7.2.2027'", "expected a date, got '7.2.2027': write"),
    ):
        (copy / "bundle.toml").write_text(text.replace("# ex02 = 2027-02-07T23:59:00", line))
        with pytest.raises(bundle.BundleError, match=said):
            bundle.Bundle.load(copy)
