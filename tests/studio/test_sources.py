"""Where pictures come from."""

import os

import pytest
import torch

from nstlib import painted, pictures
from nstlib.errors import NstError
from nstlib.studio import sources
from nstlib.studio.sources import NAMES, THUMBNAIL, Sources, picture


def test_our_own_names_stay_and_others_get_one(tmp_path):
    path = pictures.write(torch.rand(3, 70, 90), tmp_path / "holiday.png")
    known = Sources()
    assert known.name("content", "cat") == "cat"
    assert known.name("content", str(path)) == "own: holiday.png"
    assert known.source("content", "own: holiday.png") == str(path)
    assert known.names("content") == ["own: holiday.png", *NAMES["content"]]


def test_two_files_of_one_name_are_two_pictures_and_the_same_twice_is_one(tmp_path):
    known = Sources()
    data = [pictures.write(torch.rand(3, 70, side), tmp_path / f"{side}.png").read_bytes() for side in (70, 80, 90)]
    names = [known.take("style", "own.png", each) for each in (*data, data[0])]
    assert names == ["own: own.png", "own: own.png (2)", "own: own.png (3)", "own: own.png"]


def test_what_is_no_picture_or_for_no_side_is_refused_and_not_kept():
    known = Sources()
    with pytest.raises(NstError, match=r"'notes\.txt' was not taken"):
        known.take("content", "notes.txt", b"no picture")
    with pytest.raises(NstError, match="Expected content or style"):
        known.take("frame", "own.png", b"")
    with pytest.raises(NstError, match="choose from astronaut"):
        known.source("content", "own: notes.txt")


def test_thumbnails_are_small_pictures_of_each():
    known = Sources()
    name = known.name("style", torch.rand(3, 300, 200))
    found = dict(known.thumbnails("style", [name, "night"]))
    assert set(found) == {name, "night"}
    assert min(found[name].shape[1:]) == THUMBNAIL and min(found["night"].shape[1:]) == THUMBNAIL


def test_a_painted_style_is_painted_in_the_contents_size_and_once():
    sources._read.cache_clear()
    assert picture("night", (64, 96)).equal(painted.paint("night", (64, 96)))
    assert picture("night", (64, 96)) is picture("night", (64, 96))


def test_thumbnails_leave_the_pictures_of_the_runs_in_the_cache():
    cat = picture("cat")
    for kind in sources.KINDS:
        list(Sources().thumbnails(kind, list(NAMES[kind])))
    assert picture("cat") is cat


def test_a_file_that_was_written_anew_is_read_anew(tmp_path):
    path = pictures.write(torch.zeros(3, 70, 90), tmp_path / "own.png")
    before = picture(str(path))
    assert picture(str(path)) is before
    pictures.write(torch.ones(3, 70, 90), path, overwrite=True)
    os.utime(path, ns=(1, 1))
    assert picture(str(path)).mean() > 0.9 > before.mean()


def test_a_relative_path_is_another_file_in_another_folder(tmp_path, monkeypatch):
    for name, value in (("a", 0.0), ("b", 1.0)):
        (tmp_path / name).mkdir()
        pictures.write(torch.full((3, 70, 90), value), tmp_path / name / "own.png")
        os.utime(tmp_path / name / "own.png", ns=(1, 1))
    monkeypatch.chdir(tmp_path / "a")
    first = picture("own.png")
    monkeypatch.chdir(tmp_path / "b")
    assert picture("own.png").mean() > 0.9 > first.mean()
