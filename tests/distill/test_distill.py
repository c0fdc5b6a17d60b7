import random
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from rich.table import Table
from typer.testing import CliRunner

from nstlib import networks, pictures
from nstlib.bench.judge import PictureJudge
from nstlib.distill import collect, crops, evaluate, export, prune, pulls, train
from nstlib.distill.__main__ import app
from nstlib.distill.answers import Answers, thin
from nstlib.errors import NstError
from nstlib.networks import weights
from nstlib.networks.vgg import Architecture, Network, random_weights
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

LAYERS = train.LAYERS
TEACHER = Architecture(widths=(6, 8, 10, 12, 14), depths=(2, 2, 3, 3, 1))
STUDENT = Architecture(widths=(4, 5, 6, 8, 10), depths=(2, 2, 3, 3, 1), std=(0.226,) * 3)


@pytest.fixture
def teacher():
    return random_weights(Network("teacher", TEACHER, LAYERS), seed=1)


@pytest.fixture
def small(monkeypatch, teacher, tmp_path):
    """A training in miniature: a tiny teacher, two pictures."""
    monkeypatch.setattr(train, "SIDE", 32)
    monkeypatch.setattr(train, "PRUNING_BATCH", 8)
    monkeypatch.setattr(train, "CROPS", 12)
    monkeypatch.setattr(train, "TRANSFERS", 1)
    monkeypatch.setattr(train, "PASSES", 6)
    monkeypatch.setattr(train, "MOMENTS", (0, 3, 5))
    monkeypatch.setattr(train, "STYLISED_MOST", 9)
    monkeypatch.setattr(train, "STYLISE_EVERY", 4)
    monkeypatch.setattr(train, "SAVE_EVERY", 3)
    monkeypatch.setattr(prune, "POSITIONS", 800)
    monkeypatch.setattr(networks, "load", lambda name, layers: teacher)
    folder = tmp_path / "train"
    folder.mkdir()
    for name in ("cat", "coffee"):
        pictures.write(pictures.sample(name, 224), folder / f"{name}.jpg")
    return folder


def batch(count=8, side=32, seed=0):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def test_the_filters_that_span_the_others_are_chosen():
    basis = torch.randn(3, 500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    features = torch.stack([basis[0], basis[0] * 2, basis[1], basis[1] + basis[0], basis[2] * 0.1])
    chosen = prune.choose_filters(features @ features.T, 3)
    rest = features - prune.least_squares(features[chosen], features) @ features[chosen]
    assert rest.square().sum() < 1e-4 * features.square().sum() and 4 in chosen


def test_refitting_finds_kernels_that_a_relu_half_hides():
    generator = torch.Generator().manual_seed(0)
    patches = torch.cat([torch.randn(9, 4000, generator=generator), torch.ones(1, 4000)]).double()
    kernels = torch.randn(5, 10, generator=generator).double()
    fitted = prune.refit(patches, kernels @ patches)
    assert (fitted - kernels).abs().max() < 1e-2


def test_a_student_as_wide_as_its_teacher_loses_nothing(teacher, monkeypatch):
    monkeypatch.setattr(prune, "POSITIONS", 4000)
    student = Network("student", TEACHER, LAYERS)
    maps = prune.prune(teacher, student, batch(16))
    goals = teacher(batch(2, seed=9))
    features = student(batch(2, seed=9))
    for layer in LAYERS:
        predicted = torch.einsum("nm,bmhw->bnhw", maps[layer], features[layer])
        goal = goals[layer] / goals[layer].square().mean().sqrt()
        assert (predicted - goal).square().mean() < 0.05


def test_patches_are_what_a_convolution_sees():
    features = batch(2, 6)
    kernel = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(1))
    positions = torch.tensor([0, 7, 35, 36, 71])
    columns = prune._patches(features, positions)
    expected = torch.nn.functional.conv2d(features, kernel, padding=1).transpose(0, 1).flatten(1)[:, positions]
    assert torch.allclose((kernel.flatten(1).double() @ columns[:-1]).float(), expected, atol=1e-5)
    assert (columns[-1] == 1).all()


def test_rescaling_sets_each_layer_and_changes_no_direction():
    network = random_weights(Network("tiny", STUDENT, LAYERS))
    before = network(batch(2))
    wanted = dict.fromkeys(LAYERS, 4.0) | {"relu5_1": 25.0}
    after = export.rescale(network, batch(8), wanted)(batch(2))
    measured = network(batch(8))
    for layer in LAYERS:
        assert measured[layer].square().mean().item() == pytest.approx(wanted[layer], rel=1e-3)
        ratio = after[layer].norm() / before[layer].norm()
        assert torch.allclose(after[layer], before[layer] * ratio, rtol=1e-3, atol=1e-3 * after[layer].max().item())


def test_eight_bits_are_enough(tmp_path):
    network = random_weights(Network("tiny", STUDENT, LAYERS))
    stored = export.quantise(network)
    assert stored["conv3_1.weight"].dtype == torch.int8
    safetensors.torch.save_file(stored, tmp_path / "tiny.safetensors")
    read = weights.load_into(Network("tiny", STUDENT, LAYERS), tmp_path / "tiny.safetensors")
    for layer, block in network(batch(2)).items():
        assert (read(batch(2))[layer] - block).square().mean() < 2e-3 * block.square().mean()


def test_training_teaches(small, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "WARM_UP", 1)
    monkeypatch.setattr(train, "LEARNING_RATE", 5e-3)
    monkeypatch.setattr(train, "STYLISED_SHARE", 0.0)
    monkeypatch.setattr(train, "STYLISE_EVERY", 100)  # none of these pictures is trained on
    train.train(small, tmp_path / "run", 60, STUDENT.widths)
    rows = [[float(value) for value in line.split(",")] for line in (tmp_path / "run" / "log.csv").read_text().split()]
    assert sum(rows[-1][2:]) < 0.9 * sum(rows[0][2:])


def test_answers_are_the_teachers_and_stay(teacher, tmp_path):
    pictures = batch(5)
    answers = Answers(tmp_path, teacher, side=32, capacity=6)
    answers.add(pictures)
    again = Answers(tmp_path, teacher, side=32, capacity=6, count=answers.count)
    seen, features = again.batch([3, 0])
    assert torch.allclose(seen, pictures[[3, 0]], atol=0.5 / 255)
    for layer, block in thin(teacher(seen)).items():
        assert torch.allclose(features[layer], block, rtol=2e-3, atol=1e-3), layer
    with pytest.raises(NstError, match="at most 6 pictures, got 8"):
        again.add(pictures[:3])


def test_answers_of_another_kind_are_refused(teacher, tmp_path):
    Answers(tmp_path, teacher, side=32, capacity=6).add(batch(2))
    with pytest.raises(NstError, match="found none or others"):
        Answers(tmp_path, teacher, side=32, capacity=7, count=2)
    with pytest.raises(NstError, match="found none or others"):
        Answers(tmp_path / "elsewhere", teacher, side=32, capacity=6, count=2)


def test_the_students_own_pictures_join_the_crops(small, tmp_path):
    run = train.train(small, tmp_path / "run", 5, STUDENT.widths)
    assert run.answers == 12 + 2 * 3  # at steps 0 and 4
    stored = np.load(tmp_path / "run" / "answers" / "pictures.npy")
    assert stored[: run.answers].reshape(run.answers, -1).any(1).all()


def test_a_stopped_training_goes_on_where_it_was(small, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "WARM_UP", 1)
    monkeypatch.setattr(train, "LEARNING_RATE", 1e-2)
    first = train.train(small, tmp_path / "first", 1, STUDENT.widths).student.state_dict()
    whole = train.train(small, tmp_path / "whole", 6, STUDENT.widths)
    train.train(small, tmp_path / "parts", 3, STUDENT.widths)
    monkeypatch.setattr(train, "_start", lambda *_: pytest.fail("the checkpoint was not read"))
    resumed = train.train(small, tmp_path / "parts", 6, STUDENT.widths)
    assert whole.step == resumed.step == 6 and not list(tmp_path.glob("*/*.part"))
    for name, value in whole.student.state_dict().items():
        moved = (value - first[name]).abs().mean()
        assert moved > 0 and (value - resumed.student.state_dict()[name]).abs().mean() < 0.5 * moved, name


def test_a_trained_checkpoint_becomes_a_weights_file(small, tmp_path, monkeypatch):
    run = train.train(small, tmp_path / "run", 3, STUDENT.widths)
    export.export(run, batch(8), tmp_path / "mini.safetensors")
    read = weights.load_into(Network("tiny", STUDENT, LAYERS), tmp_path / "mini.safetensors")
    for layer, block in read(batch(8)).items():
        assert block.square().mean().item() == pytest.approx(run.scales[layer] ** 2, rel=0.05)


def test_the_learning_rate_warms_up_and_falls():
    rates = [train._rate(step, 1000) for step in range(1000)]
    assert rates[0] < rates[train.WARM_UP] > rates[-1] > 0 and max(rates) <= train.LEARNING_RATE


def test_crops_stay_in_range_and_follow_the_seed(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 240, 3), np.uint8)).save(tmp_path / "noise.png")
    arrays = crops.load_pictures(tmp_path)
    assert [min(array.shape[:2]) for array in arrays] == [224]
    one, same, other = (
        torch.stack([crops.disturbed_crop(arrays, 64, rng) for _ in range(12)])
        for rng in (random.Random(1), random.Random(1), random.Random(2))
    )
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.min() >= 0 and one.max() <= 1 and one.shape == (12, 3, 64, 64)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="No pictures"):
        crops.load_pictures(tmp_path)


def test_small_flat_clear_and_repeated_pictures_are_left_out(tmp_path):
    def save(name, array):
        Image.fromarray(array).save(tmp_path / name)
        return tmp_path / name

    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    textured = np.kron(np.random.default_rng(1).integers(0, 255, (8, 8, 3), np.uint8), np.ones((25, 25, 1), np.uint8))
    clear = np.dstack([noise, np.zeros((200, 200), np.uint8)])
    files = [
        save("good.png", textured),
        save("again.png", textured),
        save("small.png", noise[:100]),
        save("flat.png", np.full((200, 200, 3), 90, np.uint8)),
        save("clear.png", clear),
    ]
    (tmp_path / "text.png").write_text("no picture")
    out = tmp_path / "out"
    out.mkdir()
    collect._shrink([*files, tmp_path / "text.png"], out)
    assert [path.name for path in out.iterdir()] == ["00000_good.jpg"]


def test_a_missing_package_is_said_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "find_spec", lambda name: None)
    monkeypatch.setattr(collect.subprocess, "run", lambda *command, **more: pytest.fail("fetched"))
    with pytest.raises(NstError, match=r"Expected scikit-learn.*\[distill\]"):
        collect.collect(tmp_path / "pictures")
    assert not (tmp_path / "pictures").exists()


def test_carving_finds_the_pictures_of_a_resource_file(tmp_path):
    Image.fromarray(np.zeros((256, 300, 3), np.uint8)).save(tmp_path / "one.jpg")
    jpeg = (tmp_path / "one.jpg").read_bytes()
    (tmp_path / "some.rcc").write_bytes(
        b"qres" + b"\0" * 9 + len(jpeg).to_bytes(4, "big") + jpeg + b"\xff\xd8\xff rest"
    )
    collect._carve(tmp_path / "some.rcc", tmp_path)
    assert [path.name for path in tmp_path.glob("*.png")] == ["some_000.png"]


def test_evaluation_measures_with_the_teacher(teacher, monkeypatch, tmp_path):
    settings = Settings(size=32, steps=30, scales=1, plateau=0)
    pair = pictures.sample("cat", 40), pictures.sample("coffee", 40)
    for name, picture in zip(("photo", "painting"), pair, strict=True):
        pictures.write(picture, tmp_path / f"{name}.png")
    monkeypatch.setattr(evaluate, "PAIRS", [("photo", "painting")])
    monkeypatch.setattr(networks, "load", lambda name, layers: teacher.with_layers(layers))
    student = random_weights(Network("tiny", STUDENT, settings.layers))
    table = evaluate.evaluate("tiny", student, tmp_path, tmp_path, settings)
    painted = pictures.read(tmp_path / "tiny_1.png")
    read = [pictures.read(tmp_path / f"{name}.png") for name in ("photo", "painting")]
    score = PictureJudge(*read, 32, teacher)(painted)
    by_the_student = PictureJudge(*read, 32, student.with_layers(LAYERS))(painted)
    assert abs(by_the_student.cut - score.cut) > 0.05  # so the numbers below tell who measured
    for column, number in zip(table.columns[-4:-1], (score.cut, score.content, score.grain), strict=True):
        pair_and_mean = [float(cell) for cell in column.cells]
        assert pair_and_mean == pytest.approx([number, number], abs=0.02)  # the file has 8 bits


def test_students_of_other_widths_are_trained_and_go_on(small, tmp_path):
    train.train(small, tmp_path / "run", 2, (5, 6, 7, 9, 11))
    run = train.train(small, tmp_path / "run", 3, (5, 6, 7, 9, 11))
    assert run.step == 3 and run.widths == (5, 6, 7, 9, 11)
    assert run.average.convolutions["conv1_1"].out_channels == 5
    with pytest.raises(NstError, match=r"of \(4, 5, 6, 8, 10\) filters in .*found one of \(5, 6, 7, 9, 11\)"):
        train.train(small, tmp_path / "run", 4, STUDENT.widths)
    assert train.resume(tmp_path / "run" / "checkpoint.pt").step == 3


def test_the_commands_train_write_and_evaluate_the_student_of_the_widths(small, tmp_path, monkeypatch):
    def run(*arguments):
        result = CliRunner().invoke(app, [*arguments, str(tmp_path), "--widths", "5-6-7-9-11"])
        assert result.exit_code == 0, result.output

    transferring = []
    monkeypatch.setattr(evaluate, "evaluate", lambda name, student, *more: transferring.append(student) or Table(name))
    run("train", "--steps", "2")
    run("export", "--out", str(tmp_path / "other.safetensors"))
    run("evaluate")
    trained = train.resume(tmp_path / "run-5-6-7-9-11" / "checkpoint.pt")
    assert trained.step == 2 and trained.widths == (5, 6, 7, 9, 11)
    assert safetensors.torch.load_file(tmp_path / "other.safetensors")["conv4_1.weight"].shape == (9, 7, 3, 3)
    (student,) = transferring
    for name, value in trained.average.state_dict().items():
        assert torch.equal(student.state_dict()[name], value), name
    assert (tmp_path / "results" / "5-6-7-9-11.txt").is_file()


@pytest.mark.parametrize(
    "command", [["train"], ["export", "--out", "mini.safetensors"], ["evaluate"], ["errors"], ["pulls"]], ids=str
)
@pytest.mark.parametrize(
    ("widths", "said"),
    [
        ("16-32", "five numbers"),
        ("16-32-64-160-many", "five numbers"),
        ("16-32-64-160-0", "five numbers"),
        ("1-2-3-4-5-6", "five numbers"),
        ("16-32-64-160-513", "the teacher's 64-128-256-512-512"),
    ],
)
def test_widths_that_no_student_can_have_are_named_and_make_no_folder(tmp_path, monkeypatch, command, widths, said):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [*command, "folder", "--widths", widths])
    assert result.exit_code == 1 and said in " ".join(result.stderr.split()) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "command", [["export", "--out", "mini.safetensors"], ["evaluate"], ["errors"], ["pulls"]], ids=str
)
@pytest.mark.parametrize(
    ("widths", "place"), [("5-6-7-9-11", "folder/run-5-6-7-9-11"), ("16-32-64-160-256", "folder/run")]
)
def test_without_a_trained_student_it_is_said_where_it_was_looked_for(tmp_path, monkeypatch, command, widths, place):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [*command, "folder", "--widths", widths])
    assert result.exit_code == 1 and f"{place} holds no trained student" in " ".join(result.stderr.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["evaluate", "pulls"])
def test_a_network_and_widths_are_not_both_taken(tmp_path, command):
    result = CliRunner().invoke(app, [command, str(tmp_path), "--network", "vgg16", "--widths", "5-6-7-9-11"])
    assert result.exit_code == 1 and "leave one out" in result.stderr and not list(tmp_path.iterdir())


def test_a_layer_that_answers_to_nothing_is_named():
    network = random_weights(Network("tiny", STUDENT, LAYERS))
    torch.nn.init.zeros_(network.convolutions["conv2_1"].weight)
    network.convolutions["conv2_1"].bias.data.fill_(-1)
    with pytest.raises(NstError, match="relu2_1 answers to pictures"):
        export.rescale(network, batch(2), {"relu2_1": 1.0})


def test_the_errors_of_the_maps_are_those_of_a_direct_count(small, tmp_path, monkeypatch, teacher):
    monkeypatch.setattr(evaluate, "SIDE", 32)
    run = train.train(small, tmp_path / "run", 1, STUDENT.widths)
    table = evaluate.prediction_errors(run, small, crops=1)
    picture = crops.crop(crops.load_pictures(small), 32, random.Random(0))[None]
    layer = "relu3_1"
    column = table.columns[1 + LAYERS.index(layer)]
    goal = teacher(picture)[layer][0] / run.scales[layer]
    estimate = torch.einsum("nm,mhw->nhw", run.maps[layer].flatten(1), run.average(picture)[layer][0])
    grams = [torch.einsum("nhw,mhw->nm", block, block) for block in (goal, estimate)]
    features = ((estimate - goal).square().sum() / goal.square().sum()).item()
    grams = ((grams[1] - grams[0]).square().sum() / grams[0].square().sum()).item()
    assert [float(cell) for cell in column.cells] == pytest.approx([features, grams], abs=6e-4)


def test_pulls_are_the_gradients_of_the_squared_distances_of_gram_matrices(teacher):
    x, s = batch(2).double()
    network = teacher.double().with_layers(pulls.STYLE_LAYERS)
    found = pulls.pulls(network, x, s)

    def distance(x, layer):
        grams = []
        for picture in (x, s):
            F = network(picture[None])[layer][0].flatten(1)
            grams.append(F @ F.T / F.shape[1])
        return ((grams[0] - grams[1]) ** 2).sum()

    for layer in pulls.STYLE_LAYERS:
        by_jacobian = torch.autograd.functional.jacobian(lambda x, layer=layer: distance(x, layer), x)
        assert torch.allclose(found[layer], by_jacobian, rtol=1e-9, atol=1e-12), layer


def test_the_table_of_pulls_compares_the_student_with_its_teacher_at_both_places(teacher, monkeypatch, tmp_path):
    settings = Settings(size=32, steps=30, scales=1, plateau=0)
    for name, sample in (("photo", "cat"), ("painting", "coffee")):
        pictures.write(pictures.sample(sample, 40), tmp_path / f"{name}.png")
    monkeypatch.setattr(pulls, "PAIRS", [("photo", "painting")])
    monkeypatch.setattr(networks, "load", lambda name, layers: teacher.with_layers(layers))
    student = random_weights(Network("tiny", STUDENT, settings.layers))
    photo, painting = (pictures.resize(pictures.read(tmp_path / f"{name}.png"), 32) for name in ("photo", "painting"))
    *_, last = steps(photo, painting, replace(settings, steps=pulls.PASSES), student)
    table = pulls.compare("tiny", student, tmp_path, settings)
    for row, picture in enumerate((photo, last.picture)):
        between = pulls.cosines(student.with_layers(pulls.STYLE_LAYERS), teacher, picture, painting)
        cells = [float(list(column.cells)[row]) for column in table.columns[1:]]
        assert cells == pytest.approx(list(between.values()), abs=0.006)
        assert not any(abs(cosine - 1) < 0.01 for cosine in between.values())
    own = pulls.compare("teacher", teacher.with_layers(settings.layers), tmp_path, settings)
    assert {cell for column in own.columns[1:] for cell in column.cells} == {"1.00"}
