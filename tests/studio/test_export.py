"""Lines of code that make a studio's picture again, and files."""

import pytest
import torch
from PIL import Image

from nstlib import Settings, networks, painted, pictures
from nstlib.errors import NstError
from nstlib.studio import Studio, export, kernel
from nstlib.studio.frames import jpeg
from tests.studio.conftest import sentence, tell, wait_for_end
from tests.studio.waiting import until


def made_by(code):
    names = {}
    exec(code, names)
    return names["picture"]


def test_the_code_makes_the_picture_exactly(studio):
    studio.move(beta=30, muted=["relu2_1"], faders={"relu5_1": 0.3})
    wait_for_end(studio)
    assert made_by(studio.as_code()).equal(studio.picture)


def test_the_code_of_a_run_that_was_paused_stops_at_its_step(studio):
    tell(studio, "pause")
    studio.start()
    for count in (1, 2, 3):
        tell(studio, "step")
        until(lambda count=count: sentence(studio).startswith(f"Paused after {count} step"))
    assert made_by(studio.as_code()).equal(studio.picture)


def test_the_code_is_that_of_the_picture_not_of_the_knobs(studio):
    studio.start()
    wait_for_end(studio)
    kernel.WORKER.pause(studio.task)
    studio.move(beta=77)
    assert "77" not in studio.as_code() and made_by(studio.as_code()).equal(studio.picture)


def test_the_code_keeps_what_has_no_knob():
    studio = Studio(size=64, steps=4, total_variation=3.0, layer_weights={"relu2_1": 1.0})
    studio.start()
    wait_for_end(studio)
    assert "total_variation=3.0" in studio.as_code()
    assert made_by(studio.as_code()).equal(studio.picture)
    studio.close()


def test_the_code_loads_layers_that_are_not_the_usual_ones():
    studio = Studio(size=64, steps=3, layer_weights={"relu1_2": 1.0, "relu3_1": 2.0}, content_layers=("relu3_3",))
    studio.start()
    wait_for_end(studio)
    assert made_by(studio.as_code()).equal(studio.picture)
    studio.close()


def test_before_a_picture_the_code_is_of_the_one_to_come(studio):
    whole = made_by(studio.as_code())
    studio.start()
    wait_for_end(studio)
    assert whole.equal(studio.picture)


def test_the_code_names_a_path_and_asks_for_an_upload_s(studio, tmp_path):
    path = pictures.write(painted.paint("waves", (70, 90)), tmp_path / "own.png")
    given = Studio(str(path), path.read_bytes(), size=64, steps=2)
    code = given.as_code()
    assert f"pictures.read({str(path)!r}, 512)" in code and "put its path there" in code
    given.close()


def test_a_picture_and_its_settings_are_saved_and_nothing_is_replaced(studio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    studio.start()
    wait_for_end(studio)
    tell(studio, "save")
    tell(studio, "save")
    names = ["studio_1.json", "studio_1.png", "studio_2.json", "studio_2.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert Settings.from_json((tmp_path / "studio_1.json").read_text()) == studio.settings()
    assert sentence(studio) == "Saved studio_2.png, and its settings as studio_2.json."


def test_saving_before_there_is_a_picture_is_a_sentence(studio):
    tell(studio, "save")
    assert sentence(studio) == "There is no picture yet: press play."


def test_saving_where_nothing_can_be_written_is_a_sentence(studio, monkeypatch):
    studio.start()
    wait_for_end(studio)

    def refuse(*given):
        raise OSError("No space left on device.")

    monkeypatch.setattr(pictures, "write", refuse)
    tell(studio, "save")
    assert sentence(studio) == "Nothing was saved: No space left on device."


@pytest.mark.parametrize("name", ["as_code", "settings"])
def test_all_muted_is_an_error_to_whoever_asks_in_code(studio, name):
    studio.move(muted=networks.STYLE_LAYERS)
    with pytest.raises(ValueError, match="unmute at least one"):
        getattr(studio, name)()


def test_the_code_of_two_styles_blends_them(studio):
    studio.move(second_style="waves", blend=0.3)
    wait_for_end(studio)
    assert made_by(studio.as_code()).equal(studio.picture)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_film_is_saved_frame_by_frame(studio, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    studio.start()
    wait_for_end(studio)
    tell(studio, "save", film=kind)
    with Image.open(tmp_path / f"studio_1.{kind}") as film:
        assert film.format == kind.upper() and film.size == (96, 64)
        assert film.n_frames == len(studio.view.run.film) > 1
    assert sentence(studio).startswith(f"Saved studio_1.{kind}: ")


def test_the_code_of_own_pictures_can_be_run_once_their_paths_are_put_in(tmp_path):
    paths = [pictures.write(painted.paint("waves", (70, 90)), tmp_path / f"{name}.png") for name in "ab"]
    studio = Studio(*(path.read_bytes() for path in paths), size=64, steps=3)
    studio.move(second_style="night")
    wait_for_end(studio)
    code = studio.as_code()
    assert "put its path there" in code
    for path in paths:
        code = code.replace("'your own picture.png'", repr(str(path)), 1)
    assert made_by(code).equal(studio.picture)
    studio.close()


def test_a_painted_style_can_be_the_content():
    studio = Studio("waves", "night", size=64, steps=2)
    studio.start()
    wait_for_end(studio)
    assert made_by(studio.as_code()).equal(studio.picture)
    studio.close()


@pytest.mark.parametrize(("about", "name"), [({}, "studio_1.png"), ({"film": "gif"}, "studio_1.gif")])
def test_what_is_written_is_said_before_it_is_and_stays_no_longer_than_until_the_next_action(
    studio, tmp_path, monkeypatch, about, name
):
    monkeypatch.chdir(tmp_path)
    studio.start()
    wait_for_end(studio)
    said = []
    studio.desk.observe(lambda _: said.append((sentence(studio), (tmp_path / name).exists())), "status")
    tell(studio, "save", **about)
    assert said[0] == (f"Writing {name} …", False) and said[1][0].startswith(f"Saved {name}") and said[1][1]
    assert studio.desk.status["passing"]
    studio.start()
    wait_for_end(studio)
    assert not studio.desk.status["passing"]


@pytest.mark.parametrize("kind", export.FILMS)
def test_a_film_of_frames_that_grow_has_the_size_of_the_last(tmp_path, kind):
    frames = [(step, jpeg(torch.rand(3, side, 2 * side))) for step, side in enumerate((16, 16, 32, 48))]
    path = export.film_path(tmp_path, kind)
    export.film(frames, path)
    with Image.open(path) as film:
        assert film.size == (96, 48) and film.n_frames == 4


def test_a_film_without_frames_or_of_another_kind_is_a_sentence(tmp_path):
    with pytest.raises(NstError, match="no frames yet"):
        export.film([], tmp_path / "studio_1.gif")
    with pytest.raises(NstError, match="Expected gif or webp, got 'mp4'"):
        export.film_path(tmp_path, "mp4")
