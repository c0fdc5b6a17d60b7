import io
import os
import sys
from pathlib import Path

import pytest

from nstlib import files
from nstlib.errors import NstError, in_words

REFUSING = "/proc/1"  # where even root, whom os.access promises everything, writes nothing
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which nobody can write, as /proc is")


@pytest.fixture
def refusing(monkeypatch, tmp_path):
    """A folder that looks writable and is not, on every system."""
    folder = tmp_path / "share"
    folder.mkdir()
    real = io.open

    def refuse(path, mode="r", *more, **options):
        if Path(path).parent == folder and mode[0] != "r":
            raise OSError(30, "Read-only file system", os.fspath(path))
        return real(path, mode, *more, **options)

    monkeypatch.setattr(io, "open", refuse)
    return folder


def test_a_folder_is_probed_by_writing(refusing):
    for refused in (refusing, refusing / "new" / "folder"):
        with pytest.raises(NstError, match=r"Nothing can be written into the folder .*Read-only file system") as caught:
            files.require_folder(refused)
        assert f"'{refusing}'" in str(caught.value)
    with pytest.raises(NstError, match="Read-only"):
        files.require_writable(refusing / "costs.csv")


def test_a_full_disk_is_noticed_by_the_probe(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NstError, match=r"\(No space left on device\). Make room there, or choose another."):
        files.require_writable(tmp_path / "costs.csv")


@linux
def test_a_folder_that_refuses_even_root():
    with pytest.raises(NstError, match="Nothing can be written into the folder '/proc/1'"):
        files.require_writable(f"{REFUSING}/costs.csv")


def test_a_probe_leaves_nothing(tmp_path):
    files.require_folder(tmp_path)
    files.require_folder(tmp_path / "new")
    assert files.require_writable(tmp_path / "costs.csv") == tmp_path / "costs.csv"
    assert not list(tmp_path.iterdir())


def test_a_file_needs_a_place(tmp_path):
    (tmp_path / "mine.csv").write_text("mine")
    with pytest.raises(NstError, match=r"exists already. Choose another name, or replace it"):
        files.require_writable(tmp_path / "mine.csv")
    files.require_writable(tmp_path / "mine.csv", overwrite=True)
    with pytest.raises(NstError, match="Expected a file to write, got the folder"):
        files.require_writable(tmp_path, overwrite=True)
    with pytest.raises(NstError, match=r"does not exist. Create it, or save into another one"):
        files.require_writable(tmp_path / "none" / "a.csv")
    with pytest.raises(NstError, match="is a file"):
        files.require_writable(tmp_path / "mine.csv" / "a.csv")
    with pytest.raises(NstError, match="File name too long"):
        files.require_writable(tmp_path / ("a" * 300 + ".csv"))
    assert (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no device files")
def test_a_device_is_no_file_to_replace():
    with pytest.raises(NstError, match="Expected a file to write, got '/dev/null'"):
        files.require_writable("/dev/null", overwrite=True)


def test_the_home_folder_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert files.require_writable("~/a.csv") == tmp_path / "a.csv"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A photo, and other ways to it."""
    monkeypatch.chdir(tmp_path)
    Path("photo.png").write_text("a photo")
    Path("folder").mkdir()
    Path("symlink.png").symlink_to("photo.png")
    Path("hard link.png").hardlink_to("photo.png")
    Path("other folder").symlink_to("folder", target_is_directory=True)
    Path("dangling.png").symlink_to("new.png")
    return tmp_path


@pytest.mark.parametrize(
    "path", ["photo.png", "./photo.png", "folder/../photo.png", "symlink.png", "hard link.png", "absolute"]
)
def test_a_file_that_is_read_is_never_written(places, path):
    path = places / "photo.png" if path == "absolute" else path
    with pytest.raises(NstError) as caught:
        files.require_distinct({"the photo": "photo.png"}, {"--out": path})
    assert str(caught.value) == (
        f"Expected a file of its own for --out, got '{path}', the same file as the photo 'photo.png': "
        "give --out another name."
    )


@pytest.mark.parametrize(
    ("out", "costs"),
    [
        ("z.png", "z.png"),
        ("z.png", "./z.png"),
        ("folder/z.png", "other folder/z.png"),
        ("folder/new/../z.png", "folder/z.png"),
        ("new.png", "dangling.png"),
        ("none/z.png", "none/z.png"),
    ],
)
def test_two_outputs_are_two_files(places, out, costs):
    with pytest.raises(NstError, match=r"for --costs, got .* the same file as --out"):
        files.require_distinct({}, {"--out": out, "--costs": costs})


def test_other_files_are_fine(places):
    files.require_distinct(
        {"the photo": "photo.png", "the style": "photo.png", "also": None},
        {"--out": "z.png", "--costs": "z.csv", "--table": None},
    )
    files.require_distinct({"the style": "mosaic"}, {"--out": "mosaic"})  # a painted style's name is no file
    files.require_distinct({"the photo": "photo.png"}, {"--out": "PHOTO.png", "--costs": "Photo.png"})
    assert sorted(path.name for path in Path("folder").iterdir()) == []


@pytest.fixture
def case_ignoring(monkeypatch):
    """A disk that takes names for one that differ in case or in how an umlaut is written, as macOS's does."""
    real = os.lstat

    def lstat(path, **options):
        path = Path(os.fspath(path))
        folded = [other for other in path.parent.iterdir() if files.folded(other.name) == files.folded(path.name)]
        return real(folded[0] if folded else path, **options)

    monkeypatch.setattr(os, "lstat", lstat)


@pytest.mark.parametrize(
    ("out", "costs"), [("Z.png", "z.PNG"), ("gr\u00fcn.png", "gru\u0308n.png"), ("folder/Z", "other folder/z")]
)
def test_names_that_the_disk_takes_for_one_are_one(places, case_ignoring, out, costs):
    with pytest.raises(NstError, match="the same file as --out"):
        files.require_distinct({}, {"--out": out, "--costs": costs})
    files.require_distinct({}, {"--out": out, "--costs": "another.csv"})
    assert not [path for path in places.rglob("*") if path.name.startswith(".")]


@pytest.mark.parametrize("when", ["open", "write", "replace"])
def test_a_disk_that_refuses_names_the_file(tmp_path, monkeypatch, when):
    path = tmp_path / "costs.csv"
    path.write_text("mine")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    if when == "replace":
        monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left") as caught, files.replacing(path) as part:
        if when == "open":
            raise OSError(28, "No space left on device", str(part))
        with part.open("w") as file:
            file.write("half")
            if when == "write":
                full()
    assert caught.value.filename == str(path) and in_words(caught.value).startswith(f"'{path}': No space left")
    assert path.read_text() == "mine" and [other.name for other in tmp_path.iterdir()] == ["costs.csv"]


def test_another_files_fault_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, files.replacing(tmp_path / "copy") as part:
        part.write_bytes((tmp_path / "none").read_bytes())
    assert caught.value.filename == str(tmp_path / "none")


def test_a_really_full_disk_names_the_file(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full, a file whose disk is always full")
    path = tmp_path / "costs.csv"
    with pytest.raises(OSError, match="No space left") as caught, files.replacing(path) as part:
        part.symlink_to("/dev/full")
        with part.open("w") as file:
            file.write("a line")
    assert caught.value.filename == str(path)
