import json
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from nstlib import engine
from nstlib.networks import Network
from nstlib.networks.vgg import Architecture, random_weights

TINY = Architecture(widths=(4, 6), depths=(1, 1))


@pytest.fixture
def untested(monkeypatch, tmp_path):
    """The engine as learners have it: without NST_TEST, with an empty cache."""
    monkeypatch.delenv("NST_TEST")
    monkeypatch.setattr(engine.platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    monkeypatch.setattr(engine, "_busy", lambda: False)
    engine._measured_plan.cache_clear()
    yield tmp_path / "nstlib" / "threads.json"
    engine._measured_plan.cache_clear()
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


def test_threads_are_measured_once_and_stored(untested, monkeypatch):
    monkeypatch.setattr(engine, "_cores", lambda: 2)
    measured = []
    monkeypatch.setattr(engine, "_seconds", lambda threads: measured.append(threads) or 1 / threads)
    assert engine.plan().threads == 2 and measured == [1, 2] * engine.TURNS
    assert list(json.loads(untested.read_text()).values()) == [2]
    engine._measured_plan.cache_clear()
    assert engine.plan().threads == 2 and measured == [1, 2] * engine.TURNS
    engine.plan(afresh=True)
    assert measured == [1, 2] * 2 * engine.TURNS


def test_a_short_burst_of_another_program_decides_nothing(untested, monkeypatch):
    monkeypatch.setattr(engine, "_cores", lambda: 2)
    burst = iter([1.0, 9.0])  # it met the first turn of two threads
    monkeypatch.setattr(engine, "_seconds", lambda threads: next(burst, 1 / threads))
    assert engine.plan().threads == 2


def test_what_a_busy_machine_answers_is_not_kept(untested, monkeypatch):
    monkeypatch.setattr(engine, "_cores", lambda: 2)
    monkeypatch.setattr(engine, "_seconds", lambda threads: threads)
    monkeypatch.setattr(engine, "_busy", lambda: True)
    assert engine.plan().threads == 1 and not untested.exists()
    engine._measured_plan.cache_clear()
    monkeypatch.setattr(engine, "_busy", lambda: False)
    monkeypatch.setattr(engine, "_seconds", lambda threads: 1 / threads)
    assert engine.plan().threads == 2 and untested.exists()


@pytest.mark.parametrize(("percent", "busy"), [(90.0, True), (3.0, False)])
def test_busy_is_what_all_programs_take(monkeypatch, percent, busy):
    monkeypatch.setattr(engine.psutil, "cpu_percent", lambda interval: percent)
    assert engine._busy() is busy


@pytest.mark.parametrize("stored", ["{", "[]", '{"2 threads": 99}', ""])
def test_a_damaged_store_is_measured_again(untested, monkeypatch, stored):
    monkeypatch.setattr(engine, "_cores", lambda: 2)
    monkeypatch.setattr(engine, "_seconds", lambda threads: threads)
    untested.parent.mkdir()
    untested.write_text(stored)
    assert engine.plan().threads == 1


def test_a_cache_that_cannot_be_written_does_no_harm(untested, monkeypatch):
    monkeypatch.setattr(engine, "_cores", lambda: 2)
    monkeypatch.setattr(engine, "_seconds", lambda threads: threads)
    untested.parent.write_text("a file where the folder should be")
    assert engine.plan().threads == 1


def test_timing_puts_the_thread_count_back():
    before = torch.get_num_threads()
    assert engine._seconds(1) > 0 and torch.get_num_threads() == before


def test_placing_copies_and_keeps_the_scaling_in_float32():
    network = random_weights(Network("tiny", TINY, ["relu2_1"]))
    placed = engine.place(network, engine.Plan(torch.device("cpu"), torch.bfloat16, 1, ""))
    assert placed.stages["conv1_1"].weight.dtype == torch.bfloat16 and placed.mean.dtype == torch.float32
    assert placed.stages["conv2_1"].weight.is_contiguous(memory_format=torch.channels_last)
    assert network.stages["conv1_1"].weight.dtype == torch.float32
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    exact, rounded = (each(picture)["relu2_1"].float() for each in (network, placed))
    assert (exact - rounded).abs().max() < 0.02 * exact.abs().max()


def test_nst_device_leaves_a_gpu_alone(untested, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some card")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    assert engine.plan().device.type == "cuda" and engine.plan().dtype == torch.float32
    engine._measured_plan.cache_clear()
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    assert engine.plan().dtype == torch.bfloat16 and "Some card" in str(engine.plan())
    engine._measured_plan.cache_clear()
    monkeypatch.setenv("NST_DEVICE", "cpu")
    assert engine.plan().device.type == "cpu"


def test_apple_gpus_get_contiguous_memory():
    network = random_weights(Network("tiny", TINY, ["relu2_1"]))
    plan = engine.Plan(torch.device("meta"), torch.float32, 1, "")
    assert not engine.place(network, plan).stages["conv2_1"].weight.is_contiguous()
    mps = type("Device", (), {"type": "mps"})()
    fake = engine.Plan(mps, torch.float32, 1, "")
    network.to = lambda device: network  # there is no such device here
    assert engine.place(network, fake).stages["conv2_1"].weight.is_contiguous()


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 64), ("200000 100000", 2), ("150000 100000", 2), ("nonsense", 64)]
)
def test_a_containers_quota_counts(monkeypatch, tmp_path, quota, cores):
    (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(engine, "CONTAINER_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(engine.psutil, "cpu_count", lambda logical: 64)
    monkeypatch.setattr(engine.os, "sched_getaffinity", lambda pid: range(128), raising=False)
    assert engine._cores() == cores


def test_a_learners_stored_measurement_is_left_alone_by_tests(tmp_path, monkeypatch):
    monkeypatch.setattr(engine.platformdirs, "user_cache_dir", lambda name: str(tmp_path))
    (tmp_path / "threads.json").write_text("{}")
    engine.plan(afresh=True)
    assert (tmp_path / "threads.json").exists()


FREED = """
import psutil, torch
from nstlib import engine
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
