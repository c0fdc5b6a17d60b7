"""Oracles are functional.conv2d chains in float64, written without the class; the weights are random."""

import pytest
import torch
from torch.nn import functional

from nstlib.networks import ARCHITECTURES, vgg
from nstlib.networks.vgg import (
    AVERAGE_POOL_GAIN,
    IMAGENET_MEAN,
    IMAGENET_STD,
    VGG16,
    VGG19,
    Architecture,
    Network,
    random_weights,
)

TINY = Architecture(widths=(4, 5, 6), depths=(2, 1, 3))


def pictures(batch=1, height=16, width=16, seed=0, dtype=torch.float32):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def tiny(layers=TINY.layers, pooling="max"):
    """A network whose weights depend on the layer's place alone, with biases of both signs."""
    generator = torch.Generator().manual_seed(0)
    network = Network("tiny", TINY, layers, pooling)
    for convolution in network.convolutions.values():
        convolution.weight.data.normal_(generator=generator).mul_(0.3)
        convolution.bias.data.normal_(generator=generator).mul_(0.1)
    return network


def by_hand(network, batch, pool):
    """Every layer's features, computed in the picture's own precision from the weights alone."""
    mean = torch.tensor(network.architecture.mean, dtype=batch.dtype).view(1, 3, 1, 1)
    std = torch.tensor(network.architecture.std, dtype=batch.dtype).view(1, 3, 1, 1)
    x, found = (batch - mean) / std, {}
    for name in network.architecture.layers:
        if name.startswith("conv"):
            convolution = network.convolutions[name]
            x = functional.conv2d(x, convolution.weight.to(x.dtype), convolution.bias.to(x.dtype), padding=1)
        elif name.startswith("relu"):
            x = x.clamp(min=0)
        else:
            x = pool(x)
        found[name] = x
    return found


def max_by_slices(x):
    height, width = x.shape[-2] // 2 * 2, x.shape[-1] // 2 * 2
    corners = [x[..., row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)]
    return torch.stack(corners).amax(0)


def scaled_mean_by_slices(x):
    height, width = x.shape[-2] // 2 * 2, x.shape[-1] // 2 * 2
    corners = [x[..., row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)]
    return AVERAGE_POOL_GAIN * sum(corners) / 4


# Architectures


def test_vgg19_names_its_layers_as_the_paper_does():
    expected = []
    for block, depth in enumerate((2, 2, 4, 4, 4), start=1):
        for index in range(1, depth + 1):
            expected += [f"conv{block}_{index}", f"relu{block}_{index}"]
        expected += [f"pool{block}"]
    assert list(VGG19.layers) == expected
    assert len(expected) == 37


@pytest.mark.parametrize("architecture, convolutions", [(VGG16, 13), (VGG19, 16)])
def test_full_size_networks_have_the_papers_filters(architecture, convolutions):
    shapes = architecture.convolutions
    assert len(shapes) == convolutions
    assert shapes["conv1_1"] == (3, 64)
    assert shapes["conv2_1"] == (64, 128)
    assert shapes["conv3_1"] == (128, 256)
    assert shapes["conv4_1"] == (256, 512)
    assert shapes["conv5_1"] == (512, 512)
    assert list(shapes) == [name for name in architecture.layers if name.startswith("conv")]


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "alexnet"])
def test_every_vgg_has_the_default_layers(name):
    known = ARCHITECTURES[name].layers
    assert {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1", "relu4_2", "relu3_2"} <= set(known)
    assert len(set(known)) == len(known)


# Features


@pytest.mark.parametrize("pooling, pool", [("max", max_by_slices), ("average", scaled_mean_by_slices)])
@pytest.mark.parametrize("size", [(16, 16), (17, 23)])
def test_every_layer_equals_convolutions_by_hand(device, pooling, pool, size):
    network = tiny(pooling=pooling)
    batch = pictures(2, *size, dtype=torch.float64)
    expected = by_hand(network, batch, pool)
    network.double()
    network.mean = torch.tensor(IMAGENET_MEAN, dtype=torch.float64).view(3, 1, 1)  # not rounded to float32
    network.std = torch.tensor(IMAGENET_STD, dtype=torch.float64).view(3, 1, 1)
    found = network.to(device)(batch.to(device))
    assert list(found) == list(TINY.layers)
    for layer, features in found.items():
        torch.testing.assert_close(features.cpu(), expected[layer], rtol=1e-12, atol=1e-12)


def test_every_layer_of_vgg19_has_the_shape_its_name_says():
    network = random_weights(Network("vgg19", VGG19, VGG19.layers))
    found = network(pictures(2, 32, 48))
    assert list(found) == list(VGG19.layers)
    for layer, features in found.items():
        block = int(layer[4])
        pools = block if layer.startswith("pool") else block - 1
        assert features.shape == (2, VGG19.widths[block - 1], 32 // 2**pools, 48 // 2**pools)
        assert network.n_filters[layer] == features.shape[1]


def test_convolutions_keep_their_negative_values():
    found = tiny()(pictures())
    for layer, features in found.items():
        if layer.startswith("conv"):
            assert features.min() < 0
            assert torch.equal(found[layer.replace("conv", "relu")], features.clamp(min=0))
        else:
            assert features.min() >= 0


def test_no_two_layers_share_memory_nor_change_on_a_second_pass():
    network, batch = tiny(), pictures()
    before = batch.clone()
    first = network(batch)
    copies = {layer: features.clone() for layer, features in first.items()}
    network(pictures(seed=1))
    assert torch.equal(batch, before)
    for layer, features in first.items():
        assert torch.equal(features, copies[layer])
    pointers = [features.untyped_storage().data_ptr() for features in first.values()]
    assert len(set(pointers)) == len(pointers)
    for layer in first:  # writing into one layer leaves the others alone
        first[layer].fill_(7)
        copies[layer].fill_(7)
        assert all(torch.equal(first[other], copies[other]) for other in first)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_a_batch_of_two_equals_two_singles(pooling):
    network, batch = tiny(pooling=pooling).double(), pictures(2)
    together = network(batch)
    for index in (0, 1):
        for layer, features in network(batch[index : index + 1]).items():
            torch.testing.assert_close(together[layer][index : index + 1], features, rtol=1e-12, atol=1e-12)


def test_layers_come_once_and_in_the_order_asked_for():
    asked = ("pool2", "conv1_1", "relu3_1", "conv1_1")
    network = tiny(asked)
    assert network.layers == ("pool2", "conv1_1", "relu3_1")
    assert tuple(network(pictures())) == network.layers
    assert tuple(network.n_filters) == network.layers


def test_a_walk_gives_each_layer_one_stage_late():
    network, seen = tiny(("relu2_1", "conv3_1", "relu1_1")), []
    for name, stage in network.stages.items():
        stage.register_forward_hook(lambda *_, name=name: seen.append(name))
    walk = network.iter_features(pictures())
    assert next(walk)[0] == "relu1_1" and seen[-1] == "conv1_2"
    deeper = dict(walk)
    assert list(deeper) == ["relu2_1", "conv3_1"] and seen[-1] == "conv3_1"
    assert torch.equal(deeper["conv3_1"], network(pictures())["conv3_1"])


def test_weights_of_another_precision_set_the_features_precision():
    network = tiny(("relu2_1",))
    network.stages.to(torch.bfloat16)
    for dtype in (torch.float64, torch.float32, torch.float16):
        assert network(pictures().to(dtype))["relu2_1"].dtype == torch.bfloat16


def test_channels_last_weights_give_the_same_features():
    network, batch = tiny().double(), pictures()
    expected = network(batch)
    network.stages.to(memory_format=torch.channels_last)
    for layer, features in network(batch).items():
        torch.testing.assert_close(features, expected[layer], rtol=1e-12, atol=1e-12)


# Cutting


@pytest.mark.parametrize("layer", VGG19.layers)
def test_a_network_is_cut_after_each_layer(layer):
    stages = VGG19.until_deepest([layer])
    assert stages == VGG19.layers[: VGG19.layers.index(layer) + 1]
    assert VGG19.until_deepest(["conv1_1", layer, "relu1_1"])[-1] in (layer, "relu1_1")


def test_nothing_is_allocated_beyond_the_cut():
    network = Network("vgg19", VGG19, ("relu2_1", "conv1_2"))
    assert list(network.stages) == ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_1"]
    assert network.deepest == "relu2_1"
    numbers = 64 * (3 * 9 + 1) + 64 * (64 * 9 + 1) + 128 * (64 * 9 + 1)
    assert sum(parameter.numel() for parameter in network.parameters()) == numbers


def test_a_cut_network_gives_the_features_of_the_whole_one():
    whole, batch = tiny()(pictures()), pictures()
    for layer in TINY.layers:
        assert torch.equal(tiny((layer,))(batch)[layer], whole[layer])


@pytest.mark.parametrize("layer, side", [("relu1_2", 1), ("pool1", 2), ("conv3_1", 4), ("relu5_1", 16), ("pool5", 32)])
def test_the_minimum_side_is_the_least_that_works(layer, side):
    network = random_weights(Network("vgg19", VGG19, (layer, "conv1_1")))
    assert network.minimum_side == side
    assert network(pictures(1, side, side))[layer].shape[2:] == (1, 1)
    if side > 1:
        with pytest.raises(RuntimeError):
            network(pictures(1, side - 1, side))


@pytest.mark.parametrize("asked", [("relu4_9",), ("relu1_1", "relu_4_2"), ("21",), ("relu6_1",), ("",)])
def test_an_unknown_layer_is_named_with_the_known_ones(asked):
    with pytest.raises(ValueError, match=f"a layer of this network, got '{asked[-1]}': .*conv1_1, relu1_1, .*pool5"):
        Network("vgg19", VGG19, asked)


def test_asking_for_no_layer_is_an_error():
    with pytest.raises(ValueError, match="name at least one, for example relu4_2"):
        Network("vgg19", VGG19, ())


def test_an_unknown_pooling_is_an_error(unchecked):
    with pytest.raises(ValueError, match="Expected pooling to be 'max' or 'average', got 'mean'"):
        Network("tiny", TINY, ("relu1_1",), "mean")


# Asking a network for other layers


def test_only_shares_the_weights_and_leaves_the_original_alone():
    network, batch = tiny(("relu3_3", "conv2_1")), pictures()
    narrowed = network.with_layers(["relu2_1", "conv1_1", "relu2_1"])
    assert narrowed.layers == ("relu2_1", "conv1_1")
    assert narrowed.deepest == "relu2_1"
    assert narrowed.minimum_side == 2
    assert network.layers == ("relu3_3", "conv2_1")
    assert narrowed.convolutions["conv1_1"] is network.convolutions["conv1_1"]
    expected = tiny()(batch)
    assert {layer: expected[layer].tolist() for layer in narrowed.layers} == {
        layer: features.tolist() for layer, features in narrowed(batch).items()
    }
    widened = narrowed.with_layers(["relu3_3"])  # the weights are still there
    assert torch.equal(widened(batch)["relu3_3"], expected["relu3_3"])


def test_only_computes_no_further_than_it_must():
    network, seen = tiny(), []
    for name, stage in network.stages.items():
        stage.register_forward_hook(lambda *_, name=name: seen.append(name))
    network.with_layers(["relu2_1"])(pictures())
    assert sorted(seen) == sorted(TINY.until_deepest(["relu2_1"]))


def test_only_names_a_layer_beyond_the_cut():
    with pytest.raises(ValueError, match=r"up to relu2_1, where this tiny was cut, got relu3_1: load it again"):
        tiny(("relu2_1",)).with_layers(["relu1_1", "relu3_1"])
    with pytest.raises(ValueError, match="a layer of this network, got 'relu9_1'"):
        tiny(("relu2_1",)).with_layers(["relu9_1"])
    with pytest.raises(ValueError, match="name at least one"):
        tiny(("relu2_1",)).with_layers([])


# Frozen


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_weights_are_frozen_but_gradients_reach_the_picture(pooling):
    network = tiny(pooling=pooling)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(features.requires_grad for features in network(pictures()).values())
    x = pictures().requires_grad_()
    sum(features.square().sum() for features in network(x).values()).backward()
    assert x.grad.abs().amax((0, 2, 3)).min() > 0
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_gradient_equals_a_difference_quotient(pooling):
    network = tiny(("relu3_1",), pooling).double()
    x = pictures(1, 8, 8, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: network(x)["relu3_1"], x)


# Max pooling


@pytest.mark.parametrize("size", [(16, 16), (15, 18), (7, 9)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_max_pooling_is_torchs_forward_and_backward(size, dtype):
    pool = Network("tiny", TINY, ("pool1",)).stages["pool1"]
    # Halves, so that many corners tie
    features = torch.randn(2, 5, *size, generator=torch.Generator().manual_seed(0)).mul(2).round().div(2).to(dtype)
    for format in (torch.contiguous_format, torch.channels_last):
        ours, theirs = (features.to(memory_format=format, copy=True).requires_grad_() for _ in range(2))
        pooled, expected = pool(ours), functional.max_pool2d(theirs, 2)
        assert torch.equal(pooled, expected) and pooled.is_contiguous(memory_format=format)
        for each in (pooled, expected):
            each.backward(torch.arange(each.numel(), dtype=dtype).view_as(each))
        assert torch.equal(ours.grad, theirs.grad)


def test_a_torch_that_cannot_unpool_half_precision_pools_in_its_own_way(monkeypatch):
    def early(features, *rest, real=vgg._unpooled):
        if features.dtype == torch.bfloat16:
            raise NotImplementedError("not implemented for 'BFloat16'")
        return real(features, *rest)

    vgg._unpools.cache_clear()
    monkeypatch.setattr(vgg, "_unpooled", early)
    assert vgg._unpools(torch.float32) and not vgg._unpools(torch.bfloat16)
    x = torch.randn(1, 2, 6, 6, dtype=torch.bfloat16, requires_grad=True)
    vgg.MaxPool()(x).sum().backward()
    assert x.grad.sum() == 18
    vgg._unpools.cache_clear()


def test_strictly_deterministic_algorithms_and_one_picture_without_a_batch_are_pooled_too():
    x = torch.randn(2, 6, 7, requires_grad=True)
    vgg.MaxPool()(x).sum().backward()
    torch.use_deterministic_algorithms(True)
    try:
        vgg.MaxPool()(x).sum().backward()
    finally:
        torch.use_deterministic_algorithms(False)
    assert x.grad.sum() == 2 * 18


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_pool_ahead_of_its_relu_changes_no_feature_and_no_gradient(dtype):
    usual, ahead = tiny(TINY.layers), tiny(("relu1_1", "pool1", "relu3_1"))
    found = []
    for network in (usual, ahead):
        network.stages.to(dtype)
        x = pictures(1, 21, 34).requires_grad_()
        features = network(x)
        sum(features[layer].square().sum() for layer in ahead.layers).backward()
        found.append([*(features[layer] for layer in ahead.layers), x.grad])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    names, stages = zip(*ahead.in_order(), strict=True)
    assert names == tuple(ahead.stages) and stages.index(ahead.stages["pool1"]) < stages.index(ahead.stages["relu1_2"])
    assert usual.in_order() == list(usual.stages.items())


# Average pooling


def test_average_pooling_is_rescaled():
    ones = torch.ones(1, 2, 4, 4)
    pool = Network("tiny", TINY, ("pool1",), "average").stages["pool1"]
    torch.testing.assert_close(pool(ones), torch.full((1, 2, 2, 2), AVERAGE_POOL_GAIN))
    assert 1 < AVERAGE_POOL_GAIN < 2  # between the mean of equal numbers and the largest among rare ones


def test_max_pooling_is_the_default():
    network = Network("tiny", TINY, ("pool1",))
    features = torch.tensor([[[[1.0, 2.0], [3.0, 10.0]]]])
    assert network.stages["pool1"](features).item() == 10


# Filling in weights


def state_of(network):
    return {
        f"{name}.{part}": getattr(convolution, part).clone()
        for name, convolution in network.convolutions.items()
        for part in ("weight", "bias")
    }


def test_convolutions_are_copied_in_and_stay_frozen():
    network, weights = Network("tiny", TINY, TINY.layers), state_of(tiny())
    assert network.load_convolutions(weights) is network
    for key, value in state_of(network).items():
        assert torch.equal(value, weights[key])
    weights["conv1_1.weight"].fill_(0)
    assert network.convolutions["conv1_1"].weight.abs().sum() > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_cut_network_needs_only_its_own_weights():
    weights = state_of(tiny(("relu1_2",)))
    Network("tiny", TINY, ("relu1_2",)).load_convolutions(weights)
    with pytest.raises(ValueError, match=r"Expected weights with conv2_1\.weight, got none: pass those of tiny"):
        Network("tiny", TINY, ("relu2_1",)).load_convolutions(weights)


@pytest.mark.parametrize(
    "value, sentence",
    [
        (None, r"Expected weights with conv3_3\.bias"),
        (torch.zeros(7), r"conv3_3\.bias of shape \(6,\), got \(7,\): pass those of tiny"),
        (torch.zeros(6, 1), r"conv3_3\.bias of shape \(6,\), got \(6, 1\)"),
        (torch.tensor([0, 1, 2, 3, 4, float("nan")]), r"finite floating-point numbers in conv3_3\.bias"),
        (torch.zeros(6, dtype=torch.int8), r"finite floating-point numbers in conv3_3\.bias"),
        (torch.zeros(6, dtype=torch.complex64), r"finite floating-point numbers in conv3_3\.bias"),
    ],
)
def test_wrong_weights_are_named_and_never_half_used(value, sentence):
    network, weights = Network("tiny", TINY, TINY.layers), state_of(tiny())
    before = state_of(network)
    weights.pop("conv3_3.bias")
    if value is not None:
        weights["conv3_3.bias"] = value
    with pytest.raises(ValueError, match=sentence):
        network.load_convolutions(weights)
    for key, there in state_of(network).items():
        assert torch.equal(there, before[key])


# Random weights


def strengths(seed=0, layers=VGG19.layers, pooling="max"):
    """Mean square after each ReLU on the noise that random_weights calibrates with, heard by hooks."""
    network, found = Network("random-vgg19", VGG19, layers, pooling), {}
    for name, stage in network.stages.items():
        if name.startswith("relu"):
            stage.register_forward_hook(lambda _, __, out, name=name: found.update({name: out.square().mean().item()}))
    random_weights(network, seed)
    return found


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_random_layers_have_unit_mean_square(pooling):
    found = strengths(pooling=pooling)
    assert len(found) == 16
    assert list(found.values()) == pytest.approx([1] * 16, rel=0.01)


def test_random_weights_are_spread_evenly_and_without_bias():
    network = random_weights(Network("random-vgg19", VGG19, ("relu3_1",)))
    for convolution in network.convolutions.values():
        assert not convolution.bias.any()
        assert convolution.weight.mean().abs() < 0.1 * convolution.weight.std()
        assert not convolution.weight.requires_grad


def test_the_seed_decides_the_random_weights():
    def draw(seed, layers=("relu3_1",)):
        torch.rand(3)  # whatever else has been drawn must not matter
        return state_of(random_weights(Network("random-vgg19", VGG19, layers), seed))

    first, again, other, deeper = draw(0), draw(0), draw(1), draw(0, ("relu3_2", "relu2_1"))
    for key, value in first.items():
        assert torch.equal(value, again[key])
        assert torch.equal(value, deeper[key])  # the cut does not change what comes before it
        if key.endswith("weight"):
            assert not torch.equal(value, other[key])
