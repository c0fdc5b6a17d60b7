"""Downloads from a server on this machine. Nothing here leaves 127.0.0.1."""

import doctest
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pooch
import pytest

from nstlib import networks
from nstlib.networks import download as downloads
from nstlib.networks.download import download
from tests.networks.serving import CONTENT, digest, everything_in, failure

# Fetching one file


def test_a_file_is_fetched_once_with_progress_on_stderr(server, cache, capsys):
    path = cache / "file.bin"
    assert download(server.url(), path, digest(CONTENT)) == path
    shown = capsys.readouterr()
    assert re.search(r"100(\.0)?%", shown.err)  # with or without the package tqdm
    assert shown.out == ""
    assert path.read_bytes() == CONTENT
    assert download(server.url(), path, digest(CONTENT)[:8]) == path
    assert server.asked == ["/file.bin"]
    assert capsys.readouterr() == ("", "")
    assert everything_in(cache) == ["file.bin"]


def test_an_answer_of_404_is_said(server, cache):
    failure(lambda: download(server.url("/gone"), cache / "gone", "ab"), server.url("/gone"), "404")
    assert everything_in(cache) == []


@pytest.mark.parametrize("part", [0, 1, 50_000])
def test_a_connection_cut_halfway_leaves_nothing(server, cache, part):
    server.answers["/cut"] = 200, CONTENT[:part], len(CONTENT)
    failure(lambda: download(server.url("/cut"), cache / "file.bin", digest(CONTENT)), server.url("/cut"))
    assert everything_in(cache) == []
    download(server.url(), cache / "file.bin", digest(CONTENT))  # the next try works
    assert everything_in(cache) == ["file.bin"]


@pytest.mark.parametrize("path", ["/chunks", "/babble"])
def test_an_answer_that_is_no_proper_http_is_said(server, cache, path):
    failure(lambda: download(server.url(path), cache / "file.bin", digest(CONTENT)), server.url(path))
    assert everything_in(cache) == []


def test_another_file_in_its_place_is_said_and_not_kept(server, cache):
    server.answers["/login"] = 200, b"<html>Log in to this network</html>", 35
    sentence = failure(
        lambda: download(server.url("/login"), cache / "file.bin", digest(CONTENT)),
        server.url("/login"),
        f"Expected a file whose SHA-256 begins with {digest(CONTENT)}",
        "Nothing was kept; try again",
    )
    assert digest(b"<html>Log in to this network</html>") in sentence
    assert everything_in(cache) == []


def test_a_host_that_refuses_is_said(closed_url, cache):
    failure(lambda: download(closed_url, cache / "file.bin", "ab"), closed_url, "could not be fetched")
    assert everything_in(cache) == []


def test_a_host_without_an_address_is_said(cache, monkeypatch):
    def unknown(*given, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failure(lambda: download("http://weights.invalid/f", cache / "f", "ab"), "weights.invalid", "not known")


@pytest.mark.parametrize("path", ["/silent", "/pause"])
def test_a_silent_host_is_given_up(server, cache, monkeypatch, path):
    monkeypatch.setattr(downloads, "SILENT_HOST_SECONDS", 0.3)
    before = socket.getdefaulttimeout()
    failure(
        lambda: download(server.url(path), cache / "file.bin", digest(CONTENT)),
        "could not be fetched: timed out",
    )
    assert socket.getdefaulttimeout() == before
    assert everything_in(cache) == []


def test_an_interrupt_leaves_nothing_and_is_passed_on(server, cache, monkeypatch):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloads.ProgressBar, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        download(server.url(), cache / "file.bin", digest(CONTENT))
    assert everything_in(cache) == []
    assert socket.getdefaulttimeout() is None


def test_a_download_leaves_the_timeout_of_other_sockets_alone(server, cache, monkeypatch):
    timeouts = []
    monkeypatch.setattr(downloads.ProgressBar, "update", lambda *_: timeouts.append(socket.getdefaulttimeout()))
    download(server.url(), cache / "file.bin", digest(CONTENT))
    assert set(timeouts) == {None}


def test_a_disk_that_is_full_halfway_is_said_and_keeps_nothing(server, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads.ProgressBar, "update", full)
    sentence = failure(
        lambda: download(server.url(), cache / "file.bin", digest(CONTENT)), "No space left", "TORCH_HOME"
    )
    assert "could not be fetched" not in sentence
    assert everything_in(cache) == []


# Whether a host answers at all


def test_a_host_that_answers_is_no_complaint(server):
    assert downloads.why_no_answer(server.url()) == ""


def test_a_host_that_refuses_or_has_no_such_file_is_said(server, closed_url):
    assert re.fullmatch(f"{closed_url} could not be fetched: .*refused.*[.]", downloads.why_no_answer(closed_url))
    assert "404" in downloads.why_no_answer(server.url("/gone"))


@pytest.mark.parametrize("what", ["answer", "address"])
def test_a_host_that_keeps_silent_is_given_up_soon(server, monkeypatch, what):
    if what == "address":  # a resolver has time-outs of its own, and no connection has begun

        def patient(*_, **__):
            server.closing.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

        monkeypatch.setattr(socket, "getaddrinfo", patient)
    monkeypatch.setattr(downloads, "ANSWER_SECONDS", 0.3)
    assert downloads.why_no_answer(server.url("/silent")).endswith(f"/silent did not answer {downloads.TOO_LATE}")


def test_a_certificate_that_nobody_knows_is_said_with_what_to_do(monkeypatch):
    import requests

    def distrust(*given, **options):
        raise requests.exceptions.SSLError("certificate verify failed")

    monkeypatch.setattr(requests, "get", distrust)
    complaint = downloads.why_no_answer("https://weights.invalid/f")
    assert "could not be trusted: certificate verify failed" in complaint and "REQUESTS_CA_BUNDLE" in complaint


# Damaged files in the cache


def test_a_damaged_file_is_kept_aside_and_fetched_afresh(server, cache, capsys):
    cache.mkdir(parents=True)
    path = cache / "file.bin"
    path.write_bytes(CONTENT[:-1])
    download(server.url(), path, digest(CONTENT))
    assert path.read_bytes() == CONTENT
    assert (cache / "file.bin.damaged").read_bytes() == CONTENT[:-1]
    said = capsys.readouterr().err
    assert f"{path} is damaged" in said
    assert "file.bin.damaged" in said
    path.write_bytes(b"again")
    download(server.url(), path, digest(CONTENT))
    assert everything_in(cache) == ["file.bin", "file.bin.damaged"]


def test_a_damaged_file_is_not_used_when_no_other_can_be_had(closed_url, cache, capsys):
    cache.mkdir(parents=True)
    (cache / "file.bin").write_bytes(b"damaged")
    failure(lambda: download(closed_url, cache / "file.bin", digest(CONTENT)), "could not be fetched")
    assert everything_in(cache) == ["file.bin.damaged"]
    assert "file.bin is damaged" in capsys.readouterr().err


def test_another_process_may_have_set_the_damaged_file_aside(server, cache, monkeypatch):
    cache.mkdir(parents=True)
    path = cache / "file.bin"
    path.write_bytes(b"damaged")
    honest = downloads.file_digest

    def overtaken(file):
        content = honest(file)
        if file == path:
            os.replace(file, file.with_name("file.bin.damaged"))
        return content

    monkeypatch.setattr(downloads, "file_digest", overtaken)
    download(server.url(), path, digest(CONTENT))
    assert path.read_bytes() == CONTENT


# Two processes


def test_two_processes_may_fetch_at_once(server, cache, monkeypatch):
    server.answers["/together"] = 200, CONTENT, len(CONTENT)
    path = cache / "file.bin"
    code = "import sys, pathlib; from nstlib.networks.download import download; "
    code += "print(download(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]).stat().st_size)"
    root = str(Path(networks.__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", code, server.url("/together"), str(path), digest(CONTENT)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    monkeypatch.setattr(downloads, "SILENT_HOST_SECONDS", 120)  # the other one has to import torch first
    with subprocess.Popen(command, env=environment, **pipes) as other:
        download(server.url("/together"), path, digest(CONTENT))
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
    sentence = failure(lambda: download(server.url(), path, digest(CONTENT)), path, "TORCH_HOME")
    assert "could not be fetched" not in sentence  # the host is not to blame
    assert server.asked == []


@pytest.mark.parametrize("number, reason", [(13, "Permission denied"), (30, "Read-only file system"), (28, "No space")])
def test_a_cache_that_cannot_be_written_is_said(server, cache, monkeypatch, number, reason):
    def refuse(*given, **options):
        raise OSError(number, reason, str(cache))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    sentence = failure(lambda: download(server.url(), cache / "f", "ab"), cache / "f", reason, "TORCH_HOME")
    assert "could not be fetched" not in sentence


@pytest.mark.parametrize("step", ["mkdir", "open"])
def test_a_folder_without_permission_is_said(server, cache, monkeypatch, step):
    with monkeypatch.context() as patched:
        patched.setattr(Path, step, cannot_write)
        failure(lambda: download(server.url(), cache / "f", "ab"), cache / "f", "Permission denied")
    assert everything_in(cache) == []


def test_a_damaged_file_that_cannot_be_moved_is_said_and_not_used(server, cache, monkeypatch):
    cache.mkdir(parents=True)
    (cache / "f").write_bytes(b"damaged")
    with monkeypatch.context() as patched:
        patched.setattr(downloads.os, "replace", cannot_write)
        failure(lambda: download(server.url(), cache / "f", digest(CONTENT)), cache / "f", "Permission denied")
    assert server.asked == []


def test_a_sound_file_in_a_read_only_cache_is_used(server, cache, monkeypatch):
    cache.mkdir(parents=True)
    (cache / "f").write_bytes(CONTENT)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", cannot_write)
        patched.setattr(downloads.os, "replace", cannot_write)
        assert download(server.url(), cache / "f", digest(CONTENT)) == cache / "f"


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = doctest.testmod(downloads, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert done.attempted and not done.failed
