"""Loading by name and from files that the tests make; torchvision's own network is the oracle. No network access."""

import re
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch.nn import functional

from nstlib import networks
from nstlib.networks import weights
from nstlib.networks.vgg import IMAGENET_MEAN, IMAGENET_STD, VGG16, VGG19
from nstlib.networks.weights import WeightsError

SHALLOW = ("relu1_1", "relu2_1")


def picture(side=32, seed=0, dtype=torch.float32):
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def torchvision_state(architecture, until="conv2_1", seed=0):
    """A state dict named as torchvision names it, as deep as asked for."""
    generator, state = torch.Generator().manual_seed(seed), {}
    for place, layer in enumerate(architecture.until_deepest([until])):
        if layer.startswith("conv"):
            channels, filters = architecture.convolutions[layer]
            state[f"features.{place}.weight"] = torch.randn(filters, channels, 3, 3, generator=generator) * 0.05
            state[f"features.{place}.bias"] = torch.randn(filters, generator=generator) * 0.05
    return state


def saved(path, state):
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(state, path)
    else:
        torch.save(state, path)
    return path


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """An empty cache, and an error for whatever would leave this machine."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def refuse(*given, **options):
        raise AssertionError(f"a test tried to fetch {given}")

    monkeypatch.setattr(weights, "_own_file", refuse)


# The same features as torchvision


@pytest.mark.parametrize("name, suffix", [("vgg19", ".pth"), ("vgg16", ".safetensors")])
def test_features_are_exactly_torchvisions(name, suffix, tmp_path):
    import torchvision

    architecture = networks.ARCHITECTURES[name]
    with torch.device("meta"):  # no memory for the classifier, which is most of the network
        teacher = getattr(torchvision.models, name)(weights=None, init_weights=False).features.eval()
    teacher, generator = teacher.to_empty(device="cpu"), torch.Generator().manual_seed(0)
    for parameter in teacher.parameters():
        fan_in = max(parameter[0].numel(), 100)
        parameter.data.normal_(0, (2 / fan_in) ** 0.5, generator=generator)  # features stay alive to the depth
    state = {f"features.{key}": value for key, value in teacher.state_dict().items()}
    path = saved(tmp_path / f"file{suffix}", state)
    layers = ("conv1_1", "relu1_1", "relu2_1", "relu3_1", "pool3", "conv5_1", "pool5")
    found = networks.load(name, layers, file=path)(picture())
    mean, std = (torch.tensor(numbers).view(1, 3, 1, 1) for numbers in (IMAGENET_MEAN, IMAGENET_STD))
    features, expected = (picture() - mean) / std, {}
    with torch.no_grad():
        for layer, module in zip(architecture.layers, teacher, strict=True):
            features = module(features)
            expected[layer] = features.clone()  # torchvision's next ReLU works in place
    for layer in layers:
        assert torch.equal(found[layer], expected[layer]), layer


def test_a_whole_torchvision_file_has_a_classifier_which_is_passed_over(tmp_path):
    state = torchvision_state(VGG19) | {"classifier.0.weight": torch.zeros(2, 2)}
    network = networks.load("vgg19", SHALLOW, file=saved(tmp_path / "whole.pth", state))
    assert torch.equal(network.convolutions["conv2_1"].weight, state["features.5.weight"])


# Files in every form that is read


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors", ".PTH"])
@pytest.mark.parametrize("as_text", [True, False])
def test_weights_are_read_from_a_path(tmp_path, suffix, as_text):
    state = torchvision_state(VGG16)
    path = saved(tmp_path / f"mine{suffix}", state)
    network = networks.load("vgg16", SHALLOW, file=str(path) if as_text else path)
    assert tuple(network(picture())) == SHALLOW
    assert torch.equal(network.convolutions["conv1_2"].bias, state["features.2.bias"])


def test_weights_named_by_layer_are_read_too(tmp_path):
    state = {"conv1_1.weight": torch.randn(64, 3, 3, 3), "conv1_1.bias": torch.randn(64)}
    network = networks.load("vgg19", ("relu1_1",), file=saved(tmp_path / "named.safetensors", state))
    assert torch.equal(network.convolutions["conv1_1"].weight, state["conv1_1.weight"])


def test_weights_in_eight_bits_are_multiplied_by_their_steps(tmp_path):
    whole = torch.randint(-127, 128, (64, 3, 3, 3), dtype=torch.int8)
    step = torch.rand(64) + 0.01
    state = {"conv1_1.weight": whole, "conv1_1.weight.step": step, "conv1_1.bias": torch.zeros(64)}
    network = networks.load("vgg19", ("relu1_1",), file=saved(tmp_path / "small.safetensors", state))
    assert torch.equal(network.convolutions["conv1_1"].weight, whole.float() * step[:, None, None, None])


def test_half_precision_files_give_a_float32_network(tmp_path):
    state = {key: value.half() for key, value in torchvision_state(VGG19).items()}
    network = networks.load("vgg19", SHALLOW, file=saved(tmp_path / "half.pth", state))
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_a_tilde_stands_for_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    saved(tmp_path / "mine.pth", torchvision_state(VGG19))
    assert networks.load("vgg19", SHALLOW, file="~/mine.pth").layers == SHALLOW


# Files that are refused


class Bomb:
    """Unpickling this by an unguarded reader would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def refused(name, file, *words, layers=SHALLOW):
    """The sentence must name the file and hold the words; the file must stay as it was."""
    file = Path(file)
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(WeightsError) as caught:
        networks.load(name, layers, file=file)
    for word in (str(file), *words):
        assert word in str(caught.value)
    assert str(caught.value).endswith(".")
    assert (file.read_bytes() if file.is_file() else None) == before
    assert not list(file.parent.glob("*.damaged"))


def test_code_in_a_pickle_is_not_run(tmp_path):
    trace = tmp_path / "ran"
    path = saved(tmp_path / "evil.pth", torchvision_state(VGG19) | {"extra": Bomb(trace)})
    refused("vgg19", path, "cannot be read as weights (UnpicklingError)", "pass another file")
    assert not trace.exists()
    torch.load(path, weights_only=False)["extra"].close()
    assert trace.exists()  # the trap works


def test_a_pickled_model_is_refused(tmp_path):
    path = tmp_path / "model.pth"
    torch.save(torch.nn.Conv2d(3, 64, 3), path)
    refused("vgg19", path, "cannot be read as weights")


@pytest.mark.parametrize(
    "held", [[torch.zeros(2)], {"epoch": 3}, {"state_dict": {"features.0.weight": torch.zeros(2)}}, {0: torch.zeros(2)}]
)
def test_a_file_of_other_things_is_refused(tmp_path, held):
    refused(
        "vgg19",
        saved(tmp_path / "other.pth", held),
        "Expected a state dict of tensors alone",
        "save model.state_dict()",
    )


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize("contents", [b"", b"<!doctype html><p>This site is blocked.</p>", b"PK\x03\x04" + bytes(99)])
def test_something_else_under_the_suffix_is_refused(tmp_path, suffix, contents):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(contents)
    refused("vgg19", path, "cannot be read as weights", "Fetch it again, or pass another file")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_half_a_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"file{suffix}"
    saved(path, torchvision_state(VGG19))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused("vgg19", path, "cannot be read as weights", "damaged")


def test_a_missing_path_is_named(tmp_path):
    refused("vgg19", tmp_path / "nowhere.pth", "Expected a weights file", "check the path, or leave file=… out")
    refused("vgg19", tmp_path, "Expected a weights file")


def test_an_unknown_suffix_is_named_with_the_known_ones(tmp_path):
    path = tmp_path / "weights.onnx"
    path.write_bytes(b"abc")
    refused("vgg19", path, "Expected a name that ends in", ".safetensors, .pth, .pt, .tar.gz")


def test_wrong_shapes_are_named(tmp_path):
    state = torchvision_state(VGG19) | {"features.5.weight": torch.zeros(128, 64, 5, 5)}
    shapes = "Expected conv2_1.weight of shape (128, 64, 3, 3), got (128, 64, 5, 5)"
    refused("vgg19", saved(tmp_path / "wrong.pth", state), "does not belong to vgg19", shapes)


def test_missing_keys_are_named(tmp_path):
    refused(
        "vgg19",
        saved(tmp_path / "cut.pth", torchvision_state(VGG19, "conv1_2")),
        "Expected weights with conv2_1.weight",
    )
    refused("vgg19", saved(tmp_path / "empty.pth", {}), "Expected weights with conv1_1.weight")
    refused(
        "vgg19",
        saved(tmp_path / "alien.safetensors", {"layer1.weight": torch.zeros(2)}),
        "Expected weights with conv1_1.weight",
    )


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    state = torchvision_state(VGG19)
    state["features.2.weight"][3, 1, 0, 0] = float("inf")
    refused(
        "vgg19", saved(tmp_path / "sick.safetensors", state), "Expected finite floating-point numbers in conv1_2.weight"
    )


def test_eight_bits_without_fitting_steps_are_refused(tmp_path):
    state = {"conv1_1.weight": torch.zeros(64, 3, 3, 3, dtype=torch.int8), "conv1_1.bias": torch.zeros(64)}
    refused("vgg19", saved(tmp_path / "a.safetensors", state), "conv1_1.weight", layers=("relu1_1",))
    state["conv1_1.weight.step"] = torch.ones(7)
    refused("vgg19", saved(tmp_path / "b.safetensors", state), "does not belong to vgg19", layers=("relu1_1",))


@pytest.mark.parametrize("ours, theirs, place", [("vgg16", VGG19, 16), ("vgg19", VGG16, 17)])
def test_the_other_vggs_file_is_refused_even_where_all_shapes_fit(tmp_path, ours, theirs, place):
    path = tmp_path / "theirs.safetensors"
    fits = torchvision_state(theirs, "conv2_2")
    later = {f"features.{place}.weight": torch.zeros(1), f"features.{place}.bias": torch.zeros(1)}
    networks.load(ours, SHALLOW, file=saved(path, fits))
    refused(ours, saved(path, fits | later), f"features.{place}.", f"{ours} has no such convolution")


def test_a_network_with_batch_normalisation_is_refused(tmp_path):
    state = {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)}
    state |= {"features.1.weight": torch.ones(64), "features.1.bias": torch.ones(64)}
    refused("vgg19", saved(tmp_path / "bn.pth", state), "no such convolution", layers=("relu1_1",))


def test_a_file_named_by_layer_of_another_vgg_is_refused(tmp_path):
    state = {"conv1_1.weight": torch.zeros(64, 3, 3, 3), "conv1_1.bias": torch.zeros(64), "conv3_4.bias": torch.ones(1)}
    refused("vgg16", saved(tmp_path / "n.pth", state), "It holds conv3_4.bias", layers=("relu1_1",))


def test_a_file_with_a_gap_is_refused_even_where_what_is_there_fits(tmp_path):
    state = torchvision_state(VGG16, "conv4_1")
    by_layer = dict(zip(VGG16.until_deepest(["conv4_1"]), range(99), strict=False))
    named = {
        f"{layer}.{part}": state[f"features.{place}.{part}"]
        for layer, place in by_layer.items()
        if layer.startswith("conv")
        for part in ("weight", "bias")
    }
    path = saved(tmp_path / "vgg16.safetensors", named)
    networks.load("vgg16", SHALLOW, file=path)
    refused("vgg19", path, "It holds conv4_1, but not conv3_4, which comes before it in vgg19")


# Names, layers and side effects


def test_an_unknown_network_is_named_with_the_known_ones():
    with pytest.raises(
        ValueError, match="a network, got 'vgg11': choose from minivgg, vgg19, vgg16, alexnet, random-v"
    ):
        networks.load("vgg11")


@pytest.mark.parametrize("name", networks.ARCHITECTURES)
@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"layers": ("relu7_1",)}, "a layer of this network, got 'relu7_1'"),
        ({"layers": ()}, "name at least one"),
        ({"layers": ("relu1_1",), "pooling": "mean"}, "'average', got 'mean'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_wrong_request_is_refused_before_anything_is_fetched(name, wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        networks.load(name, **wrong)


def test_random_vgg19_needs_no_file():
    network = networks.load("random-vgg19", SHALLOW)
    again = networks.load("random-vgg19", SHALLOW)
    for layer, features in network(picture()).items():
        assert torch.equal(features, again(picture())[layer])
    with pytest.raises(ValueError, match=re.escape("load 'vgg19' with file=…")):
        networks.load("random-vgg19", SHALLOW, file="weights.pth")


def test_random_features_have_unit_mean_square_on_coarse_noise():
    network = networks.load("random-vgg19", networks.STYLE_LAYERS)
    noise = functional.interpolate(picture(16, seed=3), size=(64, 64), mode="bilinear")
    noise = (noise - noise.mean()) / noise.std() * network.std + network.mean  # as strong as what it was measured on
    for layer, features in network(noise).items():
        assert 0.5 < features.square().mean() < 2, layer


def test_average_pooling_is_handed_on():
    network = networks.load("random-vgg19", ("pool1",), pooling="average")
    found = network.with_layers(["relu1_2", "pool1"])(picture())
    expected = functional.avg_pool2d(found["relu1_2"], 2) * networks.vgg.AVERAGE_POOL_GAIN
    torch.testing.assert_close(found["pool1"], expected)


def test_loading_leaves_the_random_numbers_of_a_seeded_script_alone(tmp_path):
    path = saved(tmp_path / "mine.pth", torchvision_state(VGG19))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = torch.rand(4)
        torch.manual_seed(5)
        networks.load("vgg19", SHALLOW, file=path)
        networks.load("random-vgg19", SHALLOW)
        assert torch.equal(torch.rand(4), expected)
