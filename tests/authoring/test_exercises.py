"""The exercise notebooks: stubs and answers from one source, no leak, and what nbgrader makes of them."""

import copy
import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jupytext
import nbformat
import pytest

from nstlib import checks
from nstlib.authoring import build, course, exercises
from nstlib.authoring.exercises import ExerciseError
from nstlib.checks.open_questions import OPEN
from nstlib.checks.results import points_word
from tests import smaller, test_notebooks
from tests.with_nbval import nbval

ROOT = Path(__file__).parents[2]
NAMES = [lesson.exercise for lesson in course.read(ROOT) if lesson.exercise]
every = pytest.mark.parametrize("name", NAMES)

SOURCE = '''# %% [markdown]
# # An exercise

# %% question="ex01.unroll"
def unroll(features):
    """F, (N, M)."""
    # BEGIN SOLUTION
    answer = features.flatten(1)
    return answer
    # END SOLUTION

# %% check="ex01.unroll"
ex01.unroll.check(unroll)

# %% question="ex01.content_cost"
def content_cost(features_x, features_c):
    """½ Σ (x − c)²."""
    # BEGIN SOLUTION
    return (features_x - features_c).square().sum() / 2
    # END SOLUTION

# %% check="ex01.content_cost"
ex01.content_cost.check(content_cost)

# %% [markdown]
# ## Question 3 · How far a layer sees
#
# Read it twice.

# %% question="ex01.field"
def receptive_field(layers):
    """Pixels."""
    # BEGIN SOLUTION
    return 1 + sum(kernel - 1 for kernel, _ in layers)
    # END SOLUTION
    # BEGIN BROKEN
    # width = 2
    # for kernel, stride in layers:
    #     width += kernel
    # return width
    # END BROKEN

# %% check="ex01.field"
ex01.field.check(receptive_field)

# %% question="ex01.hooks"
def layer_features(network, picture, layers):
    """Features by name."""
    # BEGIN SOLUTION
    return dict.fromkeys(layers, picture)
    # END SOLUTION

# %% check="ex01.hooks"
ex01.hooks.check(layer_features)
'''


def notebook(text=SOURCE):
    return jupytext.reads(text, fmt="py:percent")


def built(folder, name):
    return nbformat.read(ROOT / "exercises" / folder / f"{name}.ipynb", as_version=4)


def test_the_course_has_its_seven_exercises():
    assert [name[:4] for name in NAMES] == list(checks.EXERCISES)


@every
def test_no_line_of_an_answer_is_in_the_learners_notebook(name):
    source = build.read_exercise(ROOT, name)
    answers = [line for cell in source.cells if "question" in cell.metadata for line in exercises._answer(cell.source)]
    text = json.dumps(built("student", name), ensure_ascii=False)
    assert len(answers) > 2
    assert not [line for line in answers if len(line) > exercises.SHORT and line in text]
    assert "SOLUTION" not in text


@every
def test_a_stub_keeps_signature_and_docstring_and_is_not_attempted(name):
    questions = checks.all_questions()
    for cell in built("student", name).cells:
        question = cell.metadata.get("nst", {}).get("question")
        if question in questions:  # and not one that a person marks
            names: dict = {}
            exec(cell.source, names)
            function = names[questions[question].reference.__name__]
            assert function.__doc__
            result = questions[question].check(function)
            assert (result.outcome, result.points) == ("not attempted", 0)


@every
def test_the_instructors_answers_earn_all_points_and_their_checks_are_stored(name):
    questions = checks.all_questions()
    names: dict = {}
    exec("import torch", names)
    for cell in built("instructor", name).cells:
        if cell.cell_type == "code" and "def layer_cost" in cell.source:
            exec(cell.source, names)  # exercise 04 gives E_l
        marks = cell.metadata.get("nst", {})
        if marks.get("question") in questions:
            exec(cell.source, names)
            question = questions[marks["question"]]
            assert question.check(names[question.reference.__name__]).require()
        if "check" in marks:
            question = questions[marks["check"]]
            earned = f"{question.points} of {question.points} {points_word(question.bonus, question.points)}"
            assert earned in str(cell.outputs)


@every
def test_cells_keep_their_ids_and_carry_nbgraders_marks(name):
    exercise = name[:4]
    known = [question_id for question_id in checks.all_questions() if question_id.startswith(exercise)]
    for folder in ("student", "instructor"):
        cells = [cell for cell in built(folder, name).cells if "nst" in cell.metadata]
        by_hand = [cell for cell in cells if cell.metadata.nst.get("question") in OPEN]
        assert [cell.metadata.nst.question for cell in by_hand] == [one for one in OPEN if one.startswith(exercise)]
        for cell in by_hand:  # nbgrader's manual grading asks for both
            assert cell.metadata.nbgrader.grade and cell.metadata.nbgrader.solution and cell.metadata.tags
            assert cell.metadata.nbgrader.points == OPEN[cell.metadata.nst.question].points
        cells = [cell for cell in cells if cell not in by_hand]
        ids = [
            f"{question_id.replace('.', '-').replace('_', '-')}-{kind}"
            for question_id in known
            for kind in ("answer", "check")
        ]
        assert [cell.id for cell in cells] == ids == [cell.metadata.nbgrader.grade_id for cell in cells]
        for answer, check in zip(cells[::2], cells[1::2], strict=True):
            question = answer.metadata.nst.question
            assert f"q:{question}" in answer.metadata.tags and check.metadata.nst.check == question
            assert (answer.metadata.nbgrader.solution, answer.metadata.nbgrader.grade) == (True, False)
            assert (check.metadata.nbgrader.locked, check.metadata.nbgrader.grade) == (True, True)
            assert check.metadata.nbgrader.points == checks.all_questions()[question].points


@every
def test_learners_notebooks_hold_no_output_and_are_short(name):
    cells = built("student", name).cells
    assert not [cell.id for cell in cells if cell.cell_type == "code" and cell.outputs]
    words = [len(test_notebooks.prose(cell.source)) for cell in cells if cell.cell_type == "markdown"]
    assert max(words) <= test_notebooks.WORDS and sum(words) < 500  # an hour holds no more
    long = [cell for cell in cells if cell.cell_type == "code" and test_notebooks.code_lines(cell) > 15]
    assert all("delete this line when you begin" in cell.source for cell in long)  # a program to repair
    assert all(test_notebooks.code_lines(cell) <= 40 for cell in long)


@every
def test_the_last_picture_is_described(name):
    every = built("student", name).cells
    for index, cell in enumerate(every):
        if cell.cell_type == "code" and "plots." in cell.source:
            following = next(later.source for later in every[index:] if later.cell_type == "markdown")
            assert following.startswith("*In the figure:*") and "**Look at**" in following, cell.id


@every
def test_formulas_are_typeset(name):
    test_notebooks.test_formulas_are_typeset(ROOT / "exercises" / "student" / f"{name}.ipynb")


INSTRUCTORS = [ROOT / "exercises" / "instructor" / f"{name}.ipynb" for name in NAMES]


@pytest.mark.slow
def test_nbval_finds_the_instructors_outputs_unchanged(tmp_path):
    run = nbval(*(smaller.copied(path, tmp_path) for path in INSTRUCTORS))
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.matrix
def test_nbval_finds_them_unchanged_at_the_size_that_learners_run():
    run = nbval(*INSTRUCTORS)
    assert run.returncode == 0, run.stdout + run.stderr


def test_stubs_stand_where_answers_stood():
    learner = exercises.for_learner(notebook())
    assert learner.cells[1].source == (
        'def unroll(features):\n    """F, (N, M)."""\n    raise NotImplementedError("ex01.unroll")'
    )
    instructor = exercises.for_instructor(notebook())
    assert "SOLUTION" not in instructor.cells[1].source and "answer = " in instructor.cells[1].source


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('    # END SOLUTION\n\n# %% check="ex01.unroll"', '\n# %% check="ex01.unroll"', "once each"),
        ("# BEGIN SOLUTION\n    answer", "# BEGIN SOLUTION\n    # BEGIN SOLUTION\n    answer", "once each"),
        ('# %% check="ex01.unroll"', "# %%", "check cells"),
        ('# %% question="ex01.content_cost"', '# %% question="ex09.nothing"', "question cells"),
        ("def unroll(features)", "def unroll(f)", "another name or parameters"),
        ("def unroll(features)", "def roll(features)", "another name or parameters"),
        ('    """F, (N, M)."""\n', "", "no docstring"),
        ("ex01.unroll.check(unroll)", "ex01.unroll.check(print)", "expected one call"),
        ("def unroll(features):", "def unroll(features)", "not one function"),
    ],
)
def test_a_source_that_is_no_exercise_is_refused(old, new, words):
    assert old in SOURCE
    with pytest.raises(ExerciseError, match=words):
        exercises.verify(notebook(SOURCE.replace(old, new)), "ex01")


def test_a_program_to_repair_stands_below_its_stub_and_not_in_the_answer():
    learner, instructor = exercises.for_learner(notebook()), exercises.for_instructor(notebook())
    source = next(cell.source for cell in learner.cells if cell.metadata.get("nst") == {"question": "ex01.field"})
    *_, stub, width, loop, add, result = source.splitlines()
    assert stub == '    raise NotImplementedError("ex01.field")  # delete this line when you begin'
    assert [width, loop, add, result] == [
        "    width = 2", "    for kernel, stride in layers:", "        width += kernel", "    return width",
    ]  # fmt: skip
    answer = next(cell.source for cell in instructor.cells if cell.metadata.get("nst") == {"question": "ex01.field"})
    assert "BROKEN" not in answer and "width" not in answer and "return 1 + sum" in answer


def test_a_question_says_its_points_and_how_hard_important_and_long_it_is():
    for make in (exercises.for_learner, exercises.for_instructor, exercises.for_nbgrader):
        (text,) = [cell.source for cell in make(notebook()).cells if cell.source.startswith("## Question 3")]
        assert text == (
            "## Question 3 · How far a layer sees · 3 points\n\n"
            "*Difficulty ●●●○○ · importance ●●●○○ · about 10 minutes*\n\nRead it twice."
        )


def test_a_complete_source_is_accepted():
    exercises.verify(notebook(), "ex01")


def test_an_answer_that_stands_elsewhere_too_is_refused():
    leaking = SOURCE + "\n# %% [markdown]\n# Write `answer = features.flatten(1)`.\n"
    with pytest.raises(ExerciseError, match="stands outside the answer"):
        exercises.for_learner(notebook(leaking))


def test_an_edited_learners_notebook_is_noticed(tmp_path):
    for folder in ("notebooks", "exercises"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("course.toml", "README.md"):
        shutil.copy(ROOT / file, tmp_path)
    assert build.check(tmp_path) == []
    path = tmp_path / "exercises" / "student" / f"{NAMES[0]}.ipynb"
    path.write_text(path.read_text().replace("15 minutes", "5 minutes"))
    (problem,) = build.check(tmp_path)
    assert NAMES[0] in problem and "nst build" in problem
    (tmp_path / "exercises" / "student" / "stray.ipynb").write_text("{}")
    assert any("stray" in sentence for sentence in build.check(tmp_path))


def test_execute_runs_the_instructors_notebooks_and_not_the_learners_stubs(tmp_path, monkeypatch):
    for folder in ("notebooks", "exercises"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("course.toml", "README.md"):
        shutil.copy(ROOT / file, tmp_path)
    ran = []
    monkeypatch.setattr(build, "_execute", lambda notebook, target: ran.append(target.parent.name))
    build.build(tmp_path, ["ex02"], execute=True)
    assert ran == ["instructor"]


def test_nbgraders_source_has_marks_and_checks_that_raise(tmp_path):
    written = build.nbgrader(ROOT, tmp_path)
    assert [path.stem for path in written] == NAMES
    text = written[1].read_text(encoding="utf-8")
    assert "# BEGIN SOLUTION" in text and "ex02.gram.check(gram_matrix).require()" in text
    for path in written:
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        (skip,) = [number for number, cell in enumerate(cells) if "NBGRADER_EXECUTION" in cell.source]
        assert max(number for number, cell in enumerate(cells) if "check" in cell.metadata.get("nst", {})) < skip
        assert skip < len(cells) - 1, "nothing is painted below"

    with pytest.raises(build.BuildError, match="is there already"):
        build.nbgrader(ROOT, tmp_path)


def test_nbgraders_check_imports_past_a_patch():
    source = jupytext.read(ROOT / "exercises" / "sources" / "ex02_gram_matrix.py")
    cells = [cell for cell in exercises.for_nbgrader(source).cells if cell.metadata.get("nst", {}).get("check")]
    patched = """
from nstlib.checks import ex02, questions
questions.Question.check = lambda self, function: self
questions.Question.require = lambda self: None
gram_loops = print
"""
    run = subprocess.run(
        [sys.executable, "-c", f"{patched}\n{cells[0].source}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode != 0 and "ex02.gram_loops" in run.stderr


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed; pip install -e '.[nbgrader]'"
)
def test_nbgrader_releases_and_grades_a_right_and_a_wrong_submission(tmp_path):
    name = "ex02_gram_matrix"
    build.nbgrader(ROOT, tmp_path)
    (tmp_path / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "nst"\n')

    def nbgrader(*words):
        command = [sys.executable, "-m", "nbgrader", *words]
        environment = os.environ | {"NST_TEST": "1"}
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr

    nbgrader("generate_assignment", name)
    release = nbformat.read(tmp_path / "release" / name / f"{name}.ipynb", as_version=4)
    assert "SOLUTION" not in str(release) and "einsum" not in str(release)
    answers = {
        cell.id: cell.source for cell in built("instructor", name).cells if "question" in cell.metadata.get("nst", {})
    }
    wrong = {**answers, "ex02-gram-answer": "def gram_matrix(features):\n    return features.flatten(1)"}
    for student, sources in (("right", answers), ("wrong", wrong), ("stub", {})):
        submission = copy.deepcopy(release)
        for cell in submission.cells:
            cell.source = sources.get(cell.id, cell.source)
        folder = tmp_path / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(submission, folder / f"{name}.ipynb")
    nbgrader("autograde", name)
    nbgrader("export")
    rows = list(csv.DictReader((tmp_path / "grades.csv").open()))
    scores = {row["student_id"]: float(row["score"]) for row in rows}
    assert scores == {"right": 20, "wrong": 16, "stub": 0}


@pytest.mark.slow
def test_what_learners_install_holds_no_answers_of_the_notebooks_and_no_secret(tmp_path):
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        ROOT,
    ]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        text = "\n".join(archive.read(name).decode("utf-8", "replace") for name in names if name.endswith(".py"))
    assert {"nstlib/checks/ex02.py", "nstlib/checks/catalogue/ex02_gram.py"} <= set(names)
    assert not [name for name in names if "instructor" in name or "exercises/" in name or "tests/" in name]
    assert 'Draw("secret' not in text and "def test_" not in text
