import json
from dataclasses import asdict
from importlib import resources

import pytest
import safetensors.torch
import torch

from nstlib.errors import WeightsError
from nstlib.feedforward import EMBEDDED, About, load, save, seeded_generator
from nstlib.feedforward.files import KEY

ABOUT = About("mosaic", 7, 3, 256, 128, 1.0, 5.0, 40.0, "two photos")


@pytest.fixture
def small():
    return seeded_generator(0, (8, 8, 8), 1)


def described(shape, about=None):
    return {KEY: json.dumps({"shape": {"noise": 1} | shape, "about": about or asdict(ABOUT)})}


def test_a_generator_comes_back_as_it_was_saved(small, tmp_path):
    trained = load(save(small, ABOUT, tmp_path / "mosaic.safetensors"))
    assert trained.about == ABOUT and trained.generator.widths == (8, 8, 8)
    for saved, read in zip(small.parameters(), trained.generator.parameters(), strict=True):
        assert torch.equal(saved.half().float(), read) and not read.requires_grad
    assert [path.name for path in tmp_path.iterdir()] == ["mosaic.safetensors"]


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_generator_is_small_and_says_what_it_is(name):
    file = resources.files("nstlib.feedforward") / f"{name}.safetensors"
    assert len(file.read_bytes()) <= 1_000_000
    about = load(name).about
    assert about.style == name and about.steps >= 1000


def test_what_a_file_may_not_be(small, tmp_path):
    for name, text in (("text", b"a painting"), ("empty", b"")):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(text)
        with pytest.raises(WeightsError, match=r"cannot be read as \.safetensors .*: it is damaged or something else"):
            load(path)
    with pytest.raises(WeightsError, match=r"does not exist: train one by nst train, or take one .*: night"):
        load(tmp_path / "lost.safetensors")


def test_other_weights_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="holds other weights than a generator's"):
        load(path)
    with pytest.raises(WeightsError, match="holds other weights than a generator's"):
        load(resources.files("nstlib.networks") / "minivgg.safetensors")


@pytest.mark.parametrize(
    "metadata",
    [
        described({"widths": [8, 8, 8], "n_blocks": 2}),
        described({"widths": [8, 8], "n_blocks": 1}),
        described({"widths": [8, 8, 10**9], "n_blocks": 1}),
        described({"widths": [8, 8, -8], "n_blocks": 1}),
        described({"widths": "888", "n_blocks": 1}),
        described({"widths": [8, 8, 8], "n_blocks": 1}, {"style": "mosaic"}),
        described({"widths": [8, 8, 8]}),
        {KEY: "[]"},
        {KEY: "7"},
        {KEY: "no JSON"},
    ],
)
def test_a_file_that_says_something_else_than_it_holds_is_refused(small, tmp_path, metadata):
    path = tmp_path / "forged.safetensors"
    stored = {name: tensor.detach().half().contiguous() for name, tensor in small.state_dict().items()}
    safetensors.torch.save_file(stored, path, metadata)
    with pytest.raises(WeightsError, match="does not hold what it says it holds"):
        load(path)


def test_a_generator_of_an_older_version_is_told_from_a_damaged_one(small, tmp_path):
    path = tmp_path / "older.safetensors"
    stored = {name: tensor.detach().half().contiguous() for name, tensor in small.state_dict().items()}
    safetensors.torch.save_file(stored, path, described({"widths": [8, 8, 8], "n_blocks": 1, "noise": 0}))
    with pytest.raises(WeightsError, match="was trained by an older nstlib, without noise: train it again"):
        load(path)


def test_weights_that_are_not_finite_are_refused(small, tmp_path):
    with torch.no_grad():
        small.to_picture.weight[0, 0, 0, 0] = torch.inf
    with pytest.raises(WeightsError, match="weights that float16 can hold"):
        load(save(small, ABOUT, tmp_path / "shouting.safetensors"))


def test_a_failed_save_leaves_the_old_file(small, tmp_path, monkeypatch):
    path = save(small, ABOUT, tmp_path / "mosaic.safetensors")
    before = path.read_bytes()
    monkeypatch.setattr(safetensors.torch, "save", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        save(seeded_generator(1), ABOUT, path)
    assert path.read_bytes() == before
