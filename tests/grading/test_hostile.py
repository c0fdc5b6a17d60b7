"""Each hostile answer ends as it must: nothing forged, nothing harmed, nothing left, and the next answer is served."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

import nstlib
from nstlib.checks.calling import Case, reply
from nstlib.checks.judging.verdict import judge
from nstlib.grading.runner.proof import RIGHT
from nstlib.grading.runner.runner import Job
from tests.grading.conftest import _family
from tests.grading.hostile import ALL

FEATURES = np.random.default_rng(5).standard_normal((3, 2, 4))
CASE = Case((torch.from_numpy(FEATURES),), "", {}, gradient=())
EXPECTED = reply(lambda f: torch.einsum("khw,lhw->kl", f, f), CASE)
SECRET = "hidden-canary-" + "7f3a"  # in this process's memory, which no child is a copy of
STATUSES = {"replied", "timeout", "memory", "output", "protocol", "exited", "killed"}
REPLIES = {"value", "nothing", "not attempted", "raised", "jailed", "no package", "absent"}


def job(source):
    return Job("gram_matrix", (source,), (FEATURES,), (), np.ones((3, 3)))


def test_every_file_and_module_under_attack_exists(runner):
    sources = "\n".join(hostile.source for hostile in ALL)
    root = Path(nstlib.__file__).parents[1]
    files = set(re.findall(r"@LIBRARY@/([\w./]+)", sources))
    assert files and [name for name in files if not (root / name).is_file()] == []
    imported = set(re.findall(r"import (nstlib[\w.]*)", sources))
    assert imported and [name for name in imported if find_spec(name) is None] == []
    loaded = set(re.findall(r"""sys\.modules\[["']([\w.]+)["']\]""", sources))
    finder = "type(sys.meta_path[0]).__name__ == 'Stubs'"  # which imports-past-the-finder removes
    names = f"{{**{{name: name in sys.modules for name in {sorted(loaded)}}}, 'Stubs': {finder}}}"
    source = f"import sys\ndef gram_matrix(features): return {{k: float(v) for k, v in {names}.items()}}"
    outcome = runner.call(job(source))
    assert loaded and outcome.reply.values == dict.fromkeys([*loaded, "Stubs"], 1)


def correct(outcome):
    return outcome.reply is not None and judge([EXPECTED], {}, [outcome.reply], [{}], {"tensor"}).outcome == "correct"


@pytest.mark.parametrize("hostile", ALL, ids=str)
def test_no_hostile_answer_is_found_right_or_does_harm(hostile, runner, canary, monkeypatch):
    monkeypatch.setenv("NSTLIB_SECRET", SECRET)
    places = {
        "@PARENT@": os.getpid(),
        "@ZYGOTE@": runner.pid,
        "@CANARY@": canary,
        "@FOLDER@": canary.parent,
        "@LIBRARY@": Path(nstlib.__file__).parents[1],
    }
    source = hostile.source
    for word, place in places.items():
        source = source.replace(word, str(place))
    before, zygote = canary.stat(), runner.pid
    outcome = runner.call(job(source))
    told = outcome.reply.text if outcome.reply else ""
    end = f"{outcome.status} {outcome.reply.status}" if outcome.reply else outcome.status
    assert end in hostile.ends, (end, outcome.detail, told, outcome.log[-500:])
    assert hostile.text in told
    assert outcome.status in STATUSES and (outcome.reply is None or outcome.reply.status in REPLIES)
    assert correct(outcome) is hostile.right
    assert runner.pid == zygote, "the zygote died"
    assert canary.read_text() == "hidden tests" and os.listdir(canary.parent) == ["canary"]
    assert (canary.stat().st_mode, canary.stat().st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert not any(Path(name).exists() for name in ("/tmp/nstlib-hostile", "/dev/shm/nstlib-hostile"))
    assert correct(runner.call(job(RIGHT)))
    assert len(_family(zygote)) <= 3, "processes are left"  # the zygote, and children that are being buried


def test_the_search_for_secrets_finds_none(runner, monkeypatch):
    monkeypatch.setenv("NSTLIB_SECRET", SECRET)
    search = next(each for each in ALL if each.name == "searches-memory")
    outcome = runner.call(job(search.source), wall=20)
    assert outcome.reply.text.startswith("PermissionError: nothing found")
