import os
import platform
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
import torch
from typer.testing import CliRunner

from nstlib import engine, pictures
from nstlib.cli import app
from nstlib.errors import NstError
from nstlib.networks import Network
from nstlib.networks.vgg import Architecture, random_weights

TINY = Architecture(widths=(4, 6), depths=(1, 1))


@pytest.fixture
def untested(monkeypatch):
    """The engine as learners have it: without NST_TEST, and without what the tests' own processes are given."""
    for name in ("NST_TEST", "NST_DEVICE", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    engine._plan.cache_clear()
    yield
    engine._plan.cache_clear()
    torch.set_num_threads(1)


def test_testing_means_float32_and_one_thread():
    plan = engine.plan()
    assert (plan.dtype, plan.threads, str(plan.device)) == (torch.float32, 1, "cpu")
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [({"amx_bf16": True}, torch.bfloat16), ({"avx512_bf16": True}, torch.bfloat16), ({"avx2": True}, torch.float32)],
)
def test_precision_follows_the_flags(untested, monkeypatch, flags, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags, raising=False)
    assert engine.plan().dtype == dtype


def test_a_torch_that_cannot_tell_its_flags_gets_float32(untested, monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert engine.plan().dtype == torch.float32


@pytest.mark.parametrize(
    ("allowed", "physical", "quota", "threads"),
    [
        (2, 2, "max 100000", 2),
        (8, 4, "max 100000", 4),  # hyperthreads share a core
        (2, 64, "max 100000", 2),  # a batch system's share
        (16, 8, "300000 100000", 3),  # a container's
        (16, 8, "50000 100000", 1),
        (16, None, "max 100000", 1),  # a system that cannot tell its cores
    ],
)
def test_threads_are_the_cores_that_this_process_may_use(
    untested, monkeypatch, tmp_path, allowed, physical, quota, threads
):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(engine, "CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(engine.psutil, "cpu_count", lambda logical: physical)
    monkeypatch.setattr(engine.os, "sched_getaffinity", lambda pid: range(allowed), raising=False)
    assert engine.plan().threads == threads == torch.get_num_threads()


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("3,2", 3), ("", 2), ("none", 2), ("0", 2), ("-1", 2)])
def test_omp_num_threads_decides_where_it_is_set(untested, monkeypatch, given, threads):
    monkeypatch.setattr(engine, "_cores", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert engine.plan().threads == threads


def test_nothing_is_measured_or_stored(untested, monkeypatch):
    monkeypatch.setattr(engine.psutil, "cpu_percent", lambda *_, **__: pytest.fail("how busy the machine is was asked"))
    for clock in ("perf_counter", "monotonic", "process_time"):
        monkeypatch.setattr(time, clock, lambda: pytest.fail("a time was taken"))
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_: pytest.fail("something was stored"))
    assert engine.plan().threads >= 1


STYLIZE = """
import sys
from nstlib.cli import app
app(["stylize", *sys.argv[1:], "mosaic", "--size", "64", "--steps", "3"])
"""


def test_the_same_command_gives_the_same_file_beside_a_busy_program(tmp_path):
    photo = pictures.write(pictures.sample("coffee", 96), tmp_path / "photo.png")
    learners = {name: value for name, value in os.environ.items() if name not in ("NST_TEST", "OMP_NUM_THREADS")}
    busy = None
    try:
        for name in ("quiet.png", "busy.png"):
            command = [sys.executable, "-c", STYLIZE, str(photo), "--out", str(tmp_path / name)]
            subprocess.run(command, check=True, capture_output=True, env=learners)
            busy = busy or subprocess.Popen([sys.executable, "-c", "while True: pass"])
    finally:
        busy.kill()
        busy.wait()
    assert (tmp_path / "quiet.png").read_bytes() == (tmp_path / "busy.png").read_bytes()


def test_placing_copies_and_keeps_the_scaling_in_float32(device):
    network = random_weights(Network("tiny", TINY, ["relu2_1"]))
    placed = engine.place(network, engine.Plan(device, torch.bfloat16, 1, ""))
    assert placed.stages["conv1_1"].weight.dtype == torch.bfloat16 and placed.mean.dtype == torch.float32
    assert placed.stages["conv2_1"].weight.is_contiguous(memory_format=torch.channels_last)
    assert network.stages["conv1_1"].weight.dtype == torch.float32
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    exact, rounded = network(picture)["relu2_1"], placed(picture.to(device))["relu2_1"].float().cpu()
    assert (exact - rounded).abs().max() < 0.02 * exact.abs().max()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no NVIDIA card here")
def test_a_card_that_is_here_is_chosen_and_named(untested):
    assert engine.plan().device.type == "cuda" and torch.cuda.get_device_name() in str(engine.plan())


@pytest.fixture
def card(untested, monkeypatch):
    """Two graphics cards, as PyTorch would show them."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Some card {device.index or 0}")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))


def test_a_card_is_chosen_and_nst_device_leaves_it_alone(card, monkeypatch):
    assert engine.plan().device.type == "cuda" and engine.plan().dtype == torch.bfloat16
    assert "Some card 0" in str(engine.plan())
    engine._plan.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert engine.plan().dtype == torch.float32
    monkeypatch.setenv("NST_DEVICE", "cpu")
    assert engine.plan().device.type == "cpu"


@pytest.mark.parametrize(
    ("given", "device"), [("cuda", "cuda"), ("cuda:1", "cuda:1"), ("CUDA", "cuda"), (" cpu ", "cpu"), ("", "cuda")]
)
def test_nst_device_names_a_device_that_is_there(card, monkeypatch, given, device):
    monkeypatch.setenv("NST_DEVICE", given)
    assert str(engine.plan().device) == device


@pytest.mark.parametrize("given", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there_is_refused(untested, monkeypatch, given):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setenv("NST_DEVICE", given)
    with pytest.raises(NstError, match=f"NST_DEVICE={given}, but .*: set NST_DEVICE=cpu, or unset it"):
        engine.plan()


@pytest.mark.parametrize("given", ["gpu", "nonsense", "cuda:x", "cuda:", "cpu:1", "xpu", "1"])
def test_a_device_that_there_is_none_of_is_refused(card, monkeypatch, given):
    monkeypatch.setenv("NST_DEVICE", given)
    with pytest.raises(NstError, match=f"Expected NST_DEVICE to be cpu, cuda or mps, got '{given}'"):
        engine.plan()


def test_a_card_too_many_is_refused(card, monkeypatch):
    monkeypatch.setenv("NST_DEVICE", "cuda:2")
    with pytest.raises(NstError, match="NST_DEVICE=cuda:2, but the last of 2 is cuda:1"):
        engine.plan()


def test_a_device_that_cannot_be_had_ends_a_command_before_anything_is_fetched(untested, monkeypatch, tmp_path):
    monkeypatch.setattr("nstlib.networks.load", lambda *_: pytest.fail("a network was fetched"))
    monkeypatch.setenv("NST_DEVICE", "nonsense")
    photo = pictures.write(pictures.sample("coffee", 96), tmp_path / "photo.png")
    done = CliRunner().invoke(app, ["stylize", str(photo), "mosaic", "--out", str(tmp_path / "out.png")])
    assert done.exit_code == 1 and "got 'nonsense'" in done.stderr and "Traceback" not in done.stderr


def test_apple_gpus_get_contiguous_memory():
    network = random_weights(Network("tiny", TINY, ["relu2_1"]))
    plan = engine.Plan(torch.device("meta"), torch.float32, 1, "")
    assert not engine.place(network, plan).stages["conv2_1"].weight.is_contiguous()
    mps = type("Device", (), {"type": "mps"})()
    fake = engine.Plan(mps, torch.float32, 1, "")
    network.to = lambda device: network  # there is no such device here
    assert engine.place(network, fake).stages["conv2_1"].weight.is_contiguous()


@pytest.mark.parametrize(
    ("quotas", "cores"),
    [
        ({"cpu.max": "max 100000"}, 64),
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "nonsense"}, 64),
        ({}, 64),
        ({"batch/job/cpu.max": "300000 100000", "batch/cpu.max": "max 100000"}, 3),
        ({"batch/job/cpu.max": "max 100000", "batch/cpu.max": "500000 100000"}, 5),  # a share of its parent's
        ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4),  # version 1
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
    ],
)
def test_a_quota_of_control_groups_counts(monkeypatch, tmp_path, quotas, cores):
    for name, text in quotas.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "own").write_text("12:devices:/elsewhere\n0::/batch/job\n")
    monkeypatch.setattr(engine, "CONTROL_GROUPS", tmp_path)
    monkeypatch.setattr(engine, "OWN_CONTROL_GROUP", tmp_path / "own")
    monkeypatch.setattr(engine.psutil, "cpu_count", lambda logical: 64)
    monkeypatch.setattr(engine.os, "sched_getaffinity", lambda pid: range(128), raising=False)
    assert engine._cores() == cores


FREED = """
import psutil, torch
from nstlib import engine, pictures
from nstlib.cli import app
from nstlib.errors import NstError
rss = lambda: psutil.Process().memory_info().rss / 1e6
before = rss()
first, second = engine.keeping_memory(1), engine.keeping_memory(1)
first.__enter__(), second.__enter__()
torch.ones(50_000_000)  # 200 MB, at once free again
print(rss() - before)
second.__exit__(None, None, None)
print(rss() - before)  # the other run is still open
first.__exit__(None, None, None)
print(rss() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told what to do with freed memory")
def test_freed_memory_is_kept_for_the_next_step_and_given_back_after_the_last_run():
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    kept, still, left = map(float, done.stdout.split())
    assert kept > 190 and still > 190 and left < 30


@pytest.fixture
def glibc(monkeypatch):
    """What a glibc is told, in its place; no other run is open."""
    told = []
    fake = SimpleNamespace(mallopt=lambda *option: told.append(option), malloc_trim=lambda pad: told.append("trim"))
    monkeypatch.setattr(engine, "_open", set())
    monkeypatch.setattr(engine.sys, "platform", "linux")
    monkeypatch.setattr(engine.ctypes, "CDLL", lambda name: fake)
    return told


def test_a_learners_own_loop_finds_what_glibc_does_by_itself_after_the_last_run(glibc):
    # Counting page faults instead depends on where the loader put the heap
    with engine.keeping_memory(1):
        with engine.keeping_memory(1):
            assert dict(glibc) == engine.KEEP
            glibc.clear()
        assert not glibc  # the other run is still open
    assert glibc.pop() == "trim"
    assert glibc == list(engine.GIVE_BACK.items()) and engine.KEEP.keys() <= engine.GIVE_BACK.keys()


def test_large_pictures_ask_for_nothing_to_be_kept(glibc):
    with engine.keeping_memory(engine.KEPT_PIXELS + 1) as give_back:
        assert not glibc
        give_back()
        assert glibc == ["trim"]
    glibc.clear()
    with engine.keeping_memory(engine.KEPT_PIXELS):
        assert dict(glibc) == engine.KEEP


def test_other_systems_keep_their_own_ways_with_memory(monkeypatch):
    monkeypatch.setattr(engine.sys, "platform", "win32")
    monkeypatch.setattr(engine.ctypes, "CDLL", lambda name: pytest.fail("there is no glibc to talk to"))
    with engine.keeping_memory(1) as give_back:
        give_back()
