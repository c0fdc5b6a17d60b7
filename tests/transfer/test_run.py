import contextlib
import functools
import math
import platform
import weakref
from types import SimpleNamespace

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nstlib import engine, painted, pictures
from nstlib.networks import DEFAULT, Network
from nstlib.networks.vgg import Architecture, random_weights
from nstlib.style import chroma_roughness, content_cost, layer_style_cost
from nstlib.style.statistics import STATISTICS
from nstlib.transfer import DivergedError, steps, stylize
from nstlib.transfer.adam import Adam
from nstlib.transfer.objective import Objective, prepare_pair
from nstlib.transfer.parameterization import Parameterization
from nstlib.transfer.run import PLATEAU_STEPS, ClampProjected
from nstlib.transfer.settings import COLOURS, LARGEST_SEED, OPTIMIZERS, Settings

TINY = Architecture(widths=(4, 6, 8, 10, 12), depths=(2, 2, 2, 2, 1))


@pytest.fixture  # tests hook into it
def network():
    return random_weights(Network("tiny", TINY, DEFAULT))


@pytest.fixture(scope="module")
def pair():
    return painted.paint("mosaic", (40, 56), seed=1), painted.paint("night", (48, 40), seed=2)


@pytest.fixture
def plan(device):
    return engine.Plan(device, torch.float32, 1, "a test")


def quick(**values):
    return Settings(**{"size": 32, "steps": 12, "scales": 1, "learning_rate": 0.02} | values)


def relative_style(pair, picture, network, settings):
    """Mean over layers of E_l / E_l(S, 0), from the raw formulas."""
    content, style = (pictures.resize(picture, settings.size) for picture in pair)
    with torch.no_grad():
        x, s = network(picture[None]), network(style[None])
        ratios = [
            layer_style_cost(x[layer][0], s[layer][0]) / layer_style_cost(torch.zeros_like(s[layer][0]), s[layer][0])
            for layer in settings.style_layers
        ]
        c = network(content[None])["relu4_2"][0]
        return sum(ratios).item() / len(ratios), content_cost(x["relu4_2"][0], c).item() / (c.square().sum() / 2).item()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("init", ["content", "style", "noise"])
def test_cost_falls_and_pictures_are_in_range(pair, network, plan, optimizer, init):
    seen = list(steps(*pair, quick(optimizer=optimizer, init=init, steps=20), network, plan=plan))
    assert [step.index for step in seen] == list(range(20))
    assert seen[-1].total < 0.8 * seen[0].total
    for step in seen:
        assert step.picture.shape == (3, 32, 45) and step.picture.dtype == torch.float32 and step.picture.is_cpu
        assert step.picture.min() >= 0 and step.picture.max() <= 1
    assert [step.seconds for step in seen] == sorted(step.seconds for step in seen)


def test_a_step_reports_the_costs_of_its_own_picture(pair, network, plan):
    settings = quick(alpha=3.0, beta=7.0)
    tolerance = 1e-3 if plan.device.type == "cpu" else 0.02  # a card convolves float32 in TF32, of 10 binary digits
    for step in list(steps(*pair, settings, network, plan=plan))[:: len("abcde")]:
        style, content = relative_style(pair, step.picture, network, settings)
        assert step.total == pytest.approx(3 * content + 7 * style, rel=tolerance)
        assert step.content_cost >= 0 and list(step.style_costs) == list(settings.style_layers)


def test_the_first_step_shows_the_start(pair, network):
    content = pictures.resize(pair[0], 32)
    first = next(steps(*pair, quick(), network))
    assert torch.equal(first.picture, content) and first.content_cost == 0
    given = torch.full((3, 32, 45), 0.5)
    assert torch.equal(next(steps(*pair, quick(), network, start=given)).picture, given)


def test_each_picture_is_a_copy(pair, network, plan):
    running = steps(*pair, quick(), network, plan=plan)
    first = next(running).picture
    before = first.clone()
    second = next(running).picture
    assert torch.equal(first, before) and not torch.equal(first, second)


def test_the_same_seed_gives_the_same_bytes(pair, network):
    runs = [stylize(*pair, quick(init="noise", seed=seed), network) for seed in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_coarse_to_fine_goes_on_where_it_was(pair, network, plan, optimizer):
    seen = list(steps(*pair, quick(size=48, steps=30, scales=3, optimizer=optimizer), network, plan=plan))
    assert [min(step.picture.shape[1:]) for step in seen] == [24] * 10 + [34] * 10 + [48] * 10
    handed, taken = seen[9], seen[10]
    assert taken.total < seen[0].total
    grown = torch.nn.functional.interpolate(handed.picture[None], taken.picture.shape[1:], mode="bicubic")[0]
    assert (grown - taken.picture).abs().mean() < 0.05


class Calls(TorchFunctionMode):
    """Writes down the names of torch's functions that read numbers back, and the way back between them."""

    READS = ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__")

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in (*self.READS, "backward"):
            self.names.append(name)
        return function(*args, **(kwargs or {}))


def test_a_run_begins_with_the_costs_of_the_cpu_and_ends_where_it_does(pair, network, plan):
    settings = quick(steps=40, statistic="gram", colour="photo", margin=4)
    ours, cpus = (list(steps(*pair, settings, network, **given)) for given in ({"plan": plan}, {}))
    for index in (0, -1):
        assert ours[index].total == pytest.approx(cpus[index].total, rel=0.02)
        assert ours[index].style_costs == pytest.approx(cpus[index].style_costs, rel=0.05)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("optimizer", "levels"), [("adam", 1), ("pyramid", 3)])
def test_a_pass_is_read_back_once_at_its_end(pair, network, optimizer, levels, colour):
    """A GPU waits for each number that is read: all of a pass is in its queue before the first."""
    running = steps(*pair, quick(optimizer=optimizer, colour=colour), network)
    next(running)
    with Calls() as calls:
        next(running)
    counters = ["item"] * levels  # Adam counts its moves on the CPU, for each level of the pyramid
    assert calls.names == ["backward", *counters, "tolist", "cpu"]


@pytest.mark.parametrize("preset", ["relative", "balanced"])
def test_weights_measured_on_the_pair_are_read_in_one_go(pair, network, preset):
    settings = quick(layer_weights=preset)
    seen = prepare_pair(*pair, 32, network.with_layers(settings.layers), torch.device("cpu"))
    with Calls() as calls:
        Objective(seen, settings, network, seen.content)
    assert calls.names == ["tolist"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_gradients_may_be_switched_off_around_a_run(pair, network, optimizer):
    settings = quick(size=32, steps=3, optimizer=optimizer)
    with torch.no_grad():
        inside = stylize(*pair, settings, network)
    assert inside.equal(stylize(*pair, settings, network))


def test_adam_carries_its_moments_to_the_finer_scale(pair, network, monkeypatch):
    made = []

    def watched(*arguments, **values):
        made.append(Adam(*arguments, **values))
        return made[-1]

    monkeypatch.setattr("nstlib.transfer.parameterization.Adam", watched)
    running = steps(*pair, quick(size=48, steps=20, scales=2, optimizer="adam"), network)
    for _ in range(11):
        next(running)
    (before,), (after,) = (list(optimizer.state.values()) for optimizer in made)
    assert after["step"].item() == 11 and before["step"].item() == 10
    assert after["exp_avg_sq"].shape == (3, 48, 67) and after["exp_avg_sq"].min() >= 0


def test_a_plateau_ends_the_scale_early(pair, network):
    nowhere = quick(beta=0, steps=30, plateau=0.01)  # starts from the content, so J is 0 from the first step on
    assert len(list(steps(*pair, nowhere, network))) == PLATEAU_STEPS + 1
    assert len(list(steps(*pair, quick(beta=0, steps=30, plateau=0), network))) == 30
    falling = quick(steps=30, plateau=0.001, init="noise")
    assert len(list(steps(*pair, falling, network))) == 30


def test_check_is_called_between_layers_both_ways_and_ends_the_run(pair, network):
    calls = []
    running = steps(*pair, quick(), network, check=lambda: calls.append(1))
    next(running)
    one_step = len(calls)
    next(running)
    stages = len(network.stages)
    assert len(calls) - one_step == 2 * stages  # once forward and once backward for each layer

    for allowed in (3, stages + 3):  # ends in the forward, then in the backward pass of the first step
        watched = _Countdown(one_step - 2 * stages + allowed)
        with pytest.raises(_Stopped):
            list(steps(*pair, quick(), network, check=watched))


class _Stopped(Exception):
    pass


class _Countdown:
    def __init__(self, calls):
        self.left = calls

    def __call__(self):
        self.left -= 1
        if self.left < 0:
            raise _Stopped


def test_a_check_may_return_anything(pair, network):
    assert len(list(steps(*pair, quick(), network, check=lambda: False))) == 12


@pytest.mark.parametrize("statistic", ["gram", "diagonal", "moments", "covariance", "sliced_wasserstein"])
@pytest.mark.parametrize("preset", ["equal", "inverse_n2", "geometric", "relative", "balanced"])
def test_every_statistic_runs_under_every_preset(pair, network, plan, statistic, preset):
    seen = list(steps(*pair, quick(statistic=statistic, layer_weights=preset, beta=1e3), network, plan=plan))
    assert seen[-1].total < seen[0].total and all(math.isfinite(step.total) for step in seen)


def sliced(**values):
    return quick(statistic="sliced_wasserstein", steps=6, **values)


def test_directions_are_redrawn_for_both_pictures_at_every_pass(pair, network):
    objective = _objective(pair, network, sliced(seed=7))
    x, style = painted.paint("waves", (32, 45)), pictures.resize(pair[1], 32)
    with torch.no_grad():
        block_x, block_s = (network(picture[None])["relu2_1"][0] for picture in (x, style))
    for index in (0, 3, 1):
        objective.redraw(index)
        expected = STATISTICS["sliced_wasserstein"].drawn(7 + index).cost(block_x, block_s)
        assert objective(x).style["relu2_1"].item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("values", "passes"),
    [
        ({"scales": 1}, [0, 1, 2, 3, 4, 5]),
        ({"scales": 2, "optimizer": "pyramid"}, [0, 1, 2, 3, 4, 5]),
        ({"scales": 2, "optimizer": "lbfgs"}, [0, 3]),
        ({"scales": 2, "redraw": False}, []),
        ({"statistic": "gram"}, []),
    ],
)
def test_lbfgs_keeps_the_directions_of_a_scale(pair, network, monkeypatch, values, passes):
    asked = []
    monkeypatch.setattr(Objective, "redraw", lambda self, index: asked.append(index))
    list(steps(*pair, quick(**{"statistic": "sliced_wasserstein", "steps": 6} | values), network))
    assert asked == passes


def test_the_seed_decides_all_directions_of_a_run(pair, network):
    first, again, other, kept = (
        stylize(*pair, settings, network)
        for settings in (sliced(seed=1), sliced(seed=1), sliced(seed=2), sliced(seed=1, redraw=False))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other) and not torch.equal(first, kept)


def test_the_largest_seed_leaves_room_for_later_passes(pair, network):
    assert len(list(steps(*pair, sliced(seed=LARGEST_SEED), network))) == 6


def test_no_plateau_ends_a_run_whose_directions_change(pair, network):
    settings = {"statistic": "sliced_wasserstein", "steps": 40, "plateau": 0.9}
    assert len(list(steps(*pair, quick(**settings), network))) == 40
    assert len(list(steps(*pair, quick(**settings, redraw=False), network))) == PLATEAU_STEPS + 1


def test_inverse_n2_takes_the_filters_whatever_the_statistic_keeps(pair, network):
    settings = quick(statistic="moments", layer_weights="inverse_n2")
    weights = _objective(pair, network, settings).layer_weights
    assert weights["relu1_1"] / weights["relu5_1"] == pytest.approx(12**2 / 4**2)


@pytest.mark.parametrize(
    ("convention", "ratio"), [("mean_hw", lambda n: 4), ("mean_chw", lambda n: 4 / n**2), ("gatys", lambda n: 1)]
)
def test_a_convention_multiplies_each_layer_by_its_factor(pair, network, convention, ratio):
    x = pictures.resize(pair[1], 32)[:, :32, :32]
    square = pair[0][:, :40, :40]
    for layer, n in (("relu1_1", 4), ("relu3_1", 8)):
        settings = [quick(layer_weights={layer: 1.0}, alpha=0, convention=name) for name in ("gatys", convention)]
        plain, other = (_objective((square, pair[1]), network, values)(x).total.item() for values in settings)
        assert other / plain == pytest.approx(ratio(n), rel=1e-5)


def test_a_layers_style_gradient_is_made_when_the_way_back_arrives_there(pair, network):
    objective, order = _objective(pair, network, quick()), []
    statistic, layers = objective.statistic, iter(quick().style_layers)

    def summarise(block):
        layer, summary = next(layers), statistic.summarise(block)
        summary.register_hook(lambda gradient: order.append(f"G of {layer}"))
        return summary

    objective.statistic = SimpleNamespace(summarise=summarise, distance=statistic.distance)
    for layer, stage in network.stages.items():
        stage.register_forward_hook(
            lambda module, given, block, layer=layer: block.register_hook(lambda gradient: order.append(layer)) and None
        )
    objective(painted.paint("waves", (32, 45)).requires_grad_()).total.backward()
    assert order.index("G of relu5_1") < order.index("conv4_1") < order.index("G of relu3_1")
    assert order.index("conv2_1") < order.index("G of relu1_1")


def test_memory_is_kept_for_one_scale_at_a_time_also_in_a_run_that_is_left(pair, network, monkeypatch):
    told = []

    @contextlib.contextmanager
    def keeping_memory(n_pixels):
        told.append(n_pixels)
        yield lambda: told.append("back")
        told.append("end")

    monkeypatch.setattr(engine, "keeping_memory", keeping_memory)
    list(steps(*pair, quick(scales=2), network))
    one_scale = ["back", "back", "end"]  # the features of both pictures, and the first pass's gaps
    assert told == [23 * 32, *one_scale, 32 * 45, *one_scale]
    monkeypatch.undo()
    others, run = set(engine._open), steps(*pair, quick(), network)
    next(run)
    assert engine._open > others or platform.libc_ver()[0] != "glibc"
    run.close()
    assert engine._open <= others


def _objective(pair, network, settings):
    network = network.with_layers(settings.layers)
    seen = prepare_pair(*pair, settings.size, network, torch.device("cpu"))
    return Objective(seen, settings, network, seen.content)


def test_total_variation_smooths(pair, network):
    rough, smooth = (
        stylize(*pair, quick(init="noise", total_variation=weight, steps=30), network) for weight in (0.0, 300.0)
    )
    assert smooth.diff(dim=2).abs().mean() < 0.5 * rough.diff(dim=2).abs().mean()


def test_chroma_smoothness_smooths_colours_and_leaves_the_luma_its_edges(pair, network):
    rough, smooth = (
        stylize(*pair, quick(init="noise", chroma_smoothness=weight, steps=30), network) for weight in (0.0, 300.0)
    )
    roughness = [chroma_roughness(picture).item() for picture in (rough, smooth)]
    assert roughness[1] < 0.3 * roughness[0]
    edges = [picture.mean(0).diff(dim=-1).abs().mean().item() for picture in (rough, smooth)]
    assert edges[1] > 0.7 * edges[0]


@pytest.mark.parametrize("flat", [0.0, 1.0])
def test_flat_pictures_give_finite_costs(pair, network, flat):
    picture = torch.full((3, 40, 40), flat)
    for content, style in ((picture, pair[1]), (pair[0], picture), (picture, picture)):
        for optimizer in OPTIMIZERS:
            seen = list(steps(content, style, quick(optimizer=optimizer), network))
            assert all(math.isfinite(step.total) and step.picture.isfinite().all() for step in seen)


def test_weights_too_large_for_float32_are_named(pair, network):
    with pytest.raises(DivergedError, match="alpha, beta or the layer weights are too large"):
        list(steps(*pair, quick(beta=1e39, init="noise"), network))


def test_features_that_overflow_are_named(pair, network):
    network.stages["conv3_1"].weight.data.mul_(1e30)
    with pytest.raises(DivergedError, match="first seen in the style cost of relu3_1"):
        list(steps(*pair, quick(layer_weights={"relu3_1": 1}, content_layers=["relu2_1"], init="noise"), network))


def test_a_picture_smaller_than_the_deepest_layer_needs_is_refused(pair, network):
    with pytest.raises(ValueError, match="relu5_1 needs at least 16"):
        next(steps(*pair, quick(size=12), network))
    assert next(steps(*pair, quick(size=12, layer_weights={"relu2_1": 1}, content_layers=["relu2_2"]), network))


def test_a_layer_beyond_the_cut_is_refused(pair):
    shallow = random_weights(Network("tiny", TINY, ["relu2_1"]))
    with pytest.raises(ValueError, match="layers up to relu2_1, where this tiny was cut, got relu5_1"):
        next(steps(*pair, quick(), shallow))


class OneDevice(TorchDispatchMode):
    """Refuses an operation on tensors of two devices, as a GPU would; copies between devices are the way to move."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        values = tree_leaves((args, kwargs or {}))
        devices = {value.device.type for value in values if isinstance(value, torch.Tensor) and value.dim()}
        moves = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
        assert len(devices) < 2 or operation in moves, f"{operation} on {devices}"
        return operation(*args, **(kwargs or {}))


@pytest.mark.parametrize("optimizer", ["adam", "pyramid"])
@pytest.mark.parametrize("statistic", ["gram", "diagonal", "moments", "covariance", "sliced_wasserstein"])
def test_a_step_leaves_nothing_on_the_wrong_device(pair, network, statistic, optimizer):
    """No GPU is here: on meta tensors, which have a device but no numbers, a forgotten tensor shows as well."""
    settings = quick(statistic=statistic, layer_weights="equal", total_variation=1.0, optimizer=optimizer)
    placed = engine.place(
        network.with_layers(settings.layers), engine.Plan(torch.device("meta"), torch.bfloat16, 1, "test")
    )
    parameters = None
    for side in (24, 32):
        with OneDevice():
            seen = prepare_pair(*pair, side, placed, torch.device("meta"))
            objective = Objective(seen, settings, placed, seen.content)
            parameters = Parameterization(seen.content, settings, parameters)
            costs = objective(ClampProjected.apply(parameters.x()))
            costs.total.backward()
            parameters.optimizer.step(lambda costs=costs: costs.total)
        assert parameters.levels[0].grad.device.type == "meta" and costs.total.dtype == torch.float32


def test_the_device_test_sees_a_forgotten_tensor(pair, network):
    placed = engine.place(network, engine.Plan(torch.device("meta"), torch.float32, 1, "test"))
    seen = prepare_pair(*pair, 32, placed, torch.device("meta"))
    objective = Objective(seen, quick(layer_weights="equal"), placed, seen.content)
    objective.style_targets["relu3_1"] = (torch.zeros(8, 8),)
    with OneDevice(), pytest.raises(AssertionError, match=r"on \{"):
        objective(seen.content)


def test_the_features_of_the_pair_are_let_go_before_the_first_step(pair, network):
    given = []

    def seen(*arguments):
        both = prepare_pair(*arguments)
        given.append(weakref.ref(both))
        return both

    for _ in steps(*pair, quick(steps=2), network, prepare_pair=seen):
        assert given[0]() is None


def test_a_pair_that_was_seen_before_gives_the_same_run(pair, network):
    remembered = functools.cache(prepare_pair)
    fresh, first, again = (
        list(steps(*pair, quick(steps=3), network, prepare_pair=function))
        for function in (prepare_pair, remembered, remembered)
    )
    for a, b, c in zip(fresh, first, again, strict=True):
        assert a.picture.equal(b.picture) and b.picture.equal(c.picture) and a.total == b.total == c.total


def test_bfloat16_ends_within_two_percent_of_float32_on_average(device, monkeypatch):
    """Single runs leave each other's path and end up to a tenth apart, above or below."""
    ratios = []
    for photo, painting in (("cat", "night"), ("coffee", "mosaic"), ("rocket", "waves")):
        pair, settings = (pictures.sample(photo, 64), painted.paint(painting, 64)), Settings(size=64, steps=40)
        ends = []
        for dtype in (torch.float32, torch.bfloat16):
            monkeypatch.setattr(engine, "plan", lambda dtype=dtype: engine.Plan(device, dtype, 1, "test"))
            ends.append(stylize(*pair, settings))
        monkeypatch.undo()
        in_float32, in_bfloat16 = (next(steps(*pair, settings, start=end)).total for end in ends)
        ratios.append(in_bfloat16 / in_float32)
    assert sum(ratios) / len(ratios) == pytest.approx(1, abs=0.02)
    assert ratios == pytest.approx([1, 1, 1], abs=0.1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_constant_before_j_changes_nothing(pair, network, optimizer):
    plain, small = (
        stylize(*pair, quick(alpha=1 * factor, beta=10 * factor, optimizer=optimizer, steps=24), network)
        for factor in (1, 1e-6)
    )
    content = pictures.resize(pair[0], 32)
    assert (plain - content).abs().mean() > 0.01
    assert (plain - small).abs().mean() < 0.1 * (plain - content).abs().mean()


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        (torch.zeros(1, 3, 32, 45), "Expected a picture \\(3, height, width\\)"),
        (torch.zeros(3, 32, 45, dtype=torch.uint8), "float tensor .*, got uint8"),
        (torch.full((3, 32, 45), 255.0), "Expected values in"),
        (torch.full((3, 32, 45), math.nan), "Expected finite values"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_start_that_is_no_picture_is_refused(pair, network, start, sentence):
    with pytest.raises(pictures.PictureError, match=sentence):
        next(steps(*pair, quick(), network, start=start))


def test_a_cost_that_rises_is_no_plateau(pair, network):
    rising = quick(optimizer="adam", learning_rate=0.5, steps=30, plateau=0.01)
    assert len(list(steps(*pair, rising, network))) == 30


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_pictures_may_be_views_with_any_strides(pair, network, optimizer):
    content = pictures.resize(pair[0], 32).permute(1, 2, 0).contiguous().permute(2, 0, 1)
    assert not content.is_contiguous()
    seen = list(steps(content, pair[1], quick(optimizer=optimizer), network))
    assert seen[-1].total < seen[0].total


def test_adam_slows_down_over_the_last_quarter(pair, network, monkeypatch):
    rates = []
    real = Adam.step

    def watched(self, evaluate):
        rates.append(self.rates[0])
        return real(self, evaluate)

    monkeypatch.setattr(Adam, "step", watched)
    list(steps(*pair, quick(optimizer="adam", steps=24, scales=8, size=200), network))
    assert rates[:18] == pytest.approx([0.02] * 18)
    assert rates[18:] == sorted(rates[18:], reverse=True)
    assert rates[-1] == pytest.approx(0.02 / 6)  # also across the last change of scale
