"""The proof finds nothing where the jail holds, and names the escape where a layer is taken out."""

import pytest

from nstlib.grading.runner import process, proof
from nstlib.grading.runner.runner import Outcome, Runner, SandboxError
from nstlib.grading.sandbox import zygote

BROKEN = """
import importlib.util
spec = importlib.util.spec_from_file_location("real", {file!r})
real = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real)
load = real.load

def broken(name, file):
    module = load(name, file)
    if name == "sandbox":
        from sandbox import jail, landlock, seccomp
        {code}
    return module

real.load = broken
real.main()
"""


def without(code, monkeypatch, tmp_path):
    file = tmp_path / "zygote.py"
    file.write_text(BROKEN.format(file=zygote.__file__, code=code))
    monkeypatch.setattr(process, "ZYGOTE", file)


def test_the_jail_of_this_machine_holds(runner):
    assert proof.escapes(runner) == () and proof.faults(runner) == ()
    assert proof.self_test(runner) == ()


@pytest.mark.parametrize(
    ("layer", "code", "escapes"),
    [
        ("seccomp", "seccomp.known = lambda: False", {"make a process", "start a thread", "open a socket"}),
        (
            "landlock",
            "landlock.version = lambda: 0",
            {"read a file", "read nstlib's own files", "list a folder"},
        ),
    ],
)
def test_a_layer_taken_out_is_refused_and_what_escapes_is_named(layer, code, escapes, runner, monkeypatch, tmp_path):
    without(code, monkeypatch, tmp_path)
    with pytest.raises(SandboxError, match=f"does not give {layer}"):
        Runner()
    with Runner(weak=True) as weak:
        assert not any(each.startswith(layer) for each in weak.layers)
        assert escapes <= set(proof.escapes(weak))
        with pytest.raises(SandboxError, match=sorted(escapes)[0]):
            proof.self_test(weak)
        assert escapes <= set(proof.self_test(weak, weak=True))


def test_a_layer_that_is_claimed_and_does_not_hold_is_found(runner, monkeypatch, tmp_path):
    without("jail._filter = lambda program: None", monkeypatch, tmp_path)
    with Runner() as broken:
        assert "seccomp" in broken.layers and "make a process" in proof.escapes(broken)


def test_a_grader_that_finds_the_wrong_right_is_refused_even_if_weak(runner, monkeypatch):
    monkeypatch.setattr(proof, "WRONG", proof.RIGHT)
    with pytest.raises(SandboxError, match="a wrong answer was not found wrong"):
        proof.self_test(runner, weak=True)
    monkeypatch.setattr(runner, "call", lambda job: Outcome("infra"))
    with pytest.raises(SandboxError, match="a right answer was not found right"):
        proof.self_test(runner, weak=True)
