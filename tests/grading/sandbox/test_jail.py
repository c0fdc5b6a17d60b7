"""What the jail is made of: grants around what is hidden, the filter, and the sentences where it cannot be had."""

import json
import struct
import sys

import pytest

from nstlib.grading.runner import process
from nstlib.grading.runner.process import SandboxError, Zygote
from nstlib.grading.sandbox import jail, landlock, seccomp, zygote
from nstlib.grading.sandbox.limits import Limits

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a zygote is started on Linux alone")


def test_what_is_hidden_has_no_granted_folder_above(tmp_path):
    for name in ("lib/torch", "lib/nstlib/checks", "lib/deep/nstlib", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib" / "module.py").touch()
    found = landlock.without([tmp_path / "lib", tmp_path / "other"], [tmp_path / "lib" / "nstlib"])
    assert sorted(path.relative_to(tmp_path).as_posix() for path in found) == [
        "lib/deep", "lib/module.py", "lib/torch", "other",
    ]  # fmt: skip


def test_a_link_in_a_folder_grants_nothing_and_a_root_counts_as_what_it_leads_to(tmp_path):
    for name in ("lib/torch", "lib/nstlib", "home"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib" / "elsewhere").symlink_to(tmp_path / "home")
    (tmp_path / "lib64").symlink_to(tmp_path / "lib")
    roots = [tmp_path / "lib64", tmp_path / "lib", tmp_path / "nowhere", tmp_path / "lib" / "nstlib"]
    assert landlock.without(roots, [tmp_path / "lib" / "nstlib"]) == [tmp_path / "lib" / "torch"]


def test_the_filter_refuses_by_default_and_fits():
    steps = list(struct.iter_unpack("=HBBI", seccomp.program(1234)))
    assert steps[1] == (seccomp.EQUALS, 1, 0, seccomp.ARCHITECTURE) and steps[2][3] == seccomp.KILL
    assert steps[-1] == (seccomp.RETURN, 0, 0, seccomp.REFUSE | 1)
    assert len(steps) < 4096 > len(seccomp.program(1234, writes=True)) // 8
    forbidden = {"fork", "vfork", "clone", "clone3", "execve", "socket", "ptrace", "mount", "chmod", "prctl"}
    assert not forbidden & set(seccomp.NUMBERS | seccomp.WRITING) and not {"unlink", "rename"} & set(seccomp.NUMBERS)
    numbers = [*seccomp.NUMBERS.values(), *seccomp.WRITING.values()]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(("system", "name"), [("darwin", "macOS"), ("win32", "Windows")])
def test_other_systems_are_refused_in_a_sentence(system, name, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(SandboxError, match=f"this is {name}. Grade in a Linux container"):
        Zygote(Limits(), False, tmp_path)


@LINUX
@pytest.mark.parametrize("machine", ["aarch64", "riscv64", "i686"])
def test_other_processors_are_refused_in_a_sentence_before_anything_is_started(machine, monkeypatch, tmp_path):
    monkeypatch.setattr(seccomp.platform, "machine", lambda: machine)
    monkeypatch.setattr(process, "ZYGOTE", tmp_path / "nowhere.py")
    with pytest.raises(SandboxError, match=f"Expected an x86_64 machine.* this one is {machine}. Grade on x86_64, or"):
        Zygote(Limits(), False, tmp_path)


def test_a_zygote_on_another_processor_claims_no_filter(monkeypatch):
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(jail, "unshare", lambda: False)
    assert "seccomp" not in jail.Jail(Limits(), []).layers


def test_an_installed_library_is_hidden_and_of_a_checkout_all_but_the_interpreter(monkeypatch, tmp_path):
    for name in ("site-packages/nstlib/grading", "course/nstlib/grading", "course/exercises", "course/.venv"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "course" / ".venv"))
    for home, hidden in (("site-packages", ["nstlib"]), ("course", ["exercises", "nstlib"])):
        monkeypatch.setattr(zygote, "PACKAGE", tmp_path / home / "nstlib")
        assert sorted(path.name for path in zygote.hidden()) == hidden


def _in_place_of_the_zygote(monkeypatch, tmp_path, code):
    file = tmp_path / "zygote.py"
    file.write_text(f"import socket, sys\ncontrol = socket.socket(fileno=int(sys.argv[1]))\n{code}\ncontrol.recv(9)\n")
    monkeypatch.setattr(process, "ZYGOTE", file)


@LINUX
def test_a_missing_layer_is_named(monkeypatch, tmp_path):
    hello = json.dumps({"layers": ["rlimits", "no capabilities", "landlock 3"]})
    _in_place_of_the_zygote(monkeypatch, tmp_path, f"control.send({hello.encode()!r})")
    with pytest.raises(SandboxError, match="does not give seccomp"):
        Zygote(Limits(), False, tmp_path)
    weak = Zygote(Limits(), True, tmp_path)
    assert weak.layers == ("rlimits", "no capabilities", "landlock 3")
    weak.close()


@LINUX
@pytest.mark.parametrize("code", ["sys.exit(1)", "control.send(b'no json')", "import time; time.sleep(5)"])
def test_a_zygote_that_does_not_start_is_told_in_a_sentence(code, monkeypatch, tmp_path):
    _in_place_of_the_zygote(monkeypatch, tmp_path, code)
    with pytest.raises(SandboxError, match="did not start"):
        Zygote(Limits(zygote=1.0), False, tmp_path)
