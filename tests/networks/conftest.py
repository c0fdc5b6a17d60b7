"""What tests of downloads share: a server, an empty cache, an address where nobody listens."""

import socket
import threading

import pytest

from tests.networks.serving import Server


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
