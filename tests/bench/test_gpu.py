"""The run on a card, rehearsed: every part on tiny pictures, and how it bears being cut off."""

import inspect
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import MagicMock

import pytest
import safetensors.torch
import torch

from nstlib import networks, pictures
from nstlib.bench import race, roofline
from nstlib.bench.gpu import __main__ as run
from nstlib.bench.gpu import goals, meter, others, painting, studio, weights
from nstlib.bench.gpu.journal import NAME, Journal, read
from nstlib.bench.gpu.parts import parts
from nstlib.bench.gpu.scale import FULL, Scale
from nstlib.bench.gpu.workshop import Workshop
from nstlib.errors import NstError

TINY = Scale((32, 40), 4, (32, 40), 2, 32, (32,), (32, 6), 2, (32, 8), 48, network="minivgg")


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(run, "SMALL", TINY)
    monkeypatch.setattr(race, "DRAFT_PASSES", 3)
    monkeypatch.setattr(race, "SMALL_PASSES", 4)
    monkeypatch.setattr(roofline, "N_COPIED", 1000)
    monkeypatch.setattr(roofline, "SIDE", 8)
    monkeypatch.setattr(others, "suite", lambda: {"status": 0})
    monkeypatch.setattr(meter.Meter, "compiled", lambda self, network: network)  # tracing one takes seconds


@pytest.mark.slow
def test_a_rehearsal_measures_every_part_and_a_second_run_none(tiny, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    run.main(out, small=True)
    saved = read(out / NAME)["parts"]
    assert list(saved) == [name for name, _ in parts(Workshop(out, TINY))]
    assert not [(name, part) for name, part in saved.items() if "result" not in part]
    brought_back = sorted(path.name for path in out.iterdir())
    assert brought_back == ["minivgg-32.jpg", "minivgg-40.jpg", "race.csv", NAME]
    assert pictures.read(out / "minivgg-40.jpg", None).shape[1] == 40

    monkeypatch.setattr(run, "parts", lambda shop: [(name, lambda: pytest.fail("measured again")) for name in saved])
    capsys.readouterr()
    run.main(out, small=True, reference=out / NAME)
    compared = re.search(r"picture minivgg 32 against the CPU: (\{.*\})", capsys.readouterr().out)[1]
    assert json.loads(compared)["within"] and json.loads(compared)["judged"] == 1


def test_no_more_comes_back_than_the_device_machine_sends(tmp_path):
    shop = Workshop(tmp_path, FULL, vgg16=Path("vgg16.safetensors"))
    painted = [name for name, _ in parts(shop) if name.startswith("picture ")]
    assert len(painted) + len((NAME, "race.csv")) <= 8


def test_what_is_cut_off_keeps_the_parts_before_it(tiny, tmp_path, monkeypatch):
    def cut():
        raise KeyboardInterrupt

    measured = []
    monkeypatch.setattr(run, "parts", lambda shop: [("a", lambda: 1), ("b", cut), ("c", lambda: 3)])
    with pytest.raises(KeyboardInterrupt):
        run.main(tmp_path, small=True)
    assert list(read(tmp_path / NAME)["parts"]) == ["a"]
    again = [(name, lambda name=name: measured.append(name) or name) for name in "abc"]
    monkeypatch.setattr(run, "parts", lambda shop: again)
    run.main(tmp_path, small=True)
    assert measured == ["b", "c"] and [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_fault_costs_no_other_part_and_is_tried_again(tmp_path):
    journal = Journal(tmp_path, {"device": "cpu"})
    journal.run("torn", lambda: 1 / 0)
    journal.run("whole", lambda: 2)
    again = Journal(tmp_path, {"device": "cpu"})
    assert again.parts["torn"]["fault"] == "ZeroDivisionError: division by zero" and again.result("whole") == 2
    again.run("torn", lambda: 1)
    assert Journal(tmp_path, {"device": "cpu"}).result("torn") == 1


def test_a_folder_holds_the_parts_of_one_device(tmp_path):
    Journal(tmp_path, {"device": "cpu"}).run("a", lambda: 1)
    with pytest.raises(NstError, match=r"measured on \{'device': 'cuda'\} in .*'device': 'cpu'\}: give another folder"):
        Journal(tmp_path, {"device": "cuda"})


def test_another_file_is_no_reference(tmp_path):
    for text in ("not json", "[]", "3", "{}"):
        (tmp_path / NAME).write_text(text)
        with pytest.raises(NstError, match=r"Expected a results.json of nstlib.bench.gpu"):
            read(tmp_path / NAME)


def test_a_whole_run_is_not_made_on_the_cpu_by_mistake(tmp_path):
    with pytest.raises(NstError, match="found none: rehearse on the CPU with --small"):
        run.main(tmp_path)
    with pytest.raises(NstError, match=r"VGG-16's weights, got 'none.safetensors'"):
        run.main(tmp_path, small=True, vgg16=Path("none.safetensors"))


def test_a_cost_beyond_two_percent_is_seen():
    costs = {"total": 2.0, "content": 0.0, "style": {"relu1_1": 3.0}}
    cpu = {"first": costs, "last": costs, "judged": 1.0}
    for changed, within in (({"judged": 1.019}, True), ({"judged": 0.97}, False), ({"last": {"total": 2.1}}, False)):
        found = {"picture minivgg 256": {"result": cpu | changed}, "picture vgg16 256": {"fault": "none"}}
        ratios = painting.compare(found, {"picture minivgg 256": {"result": cpu}})
        assert [one["within"] for one in ratios.values()] == [within]


def test_goals_are_met_or_missed_or_not_measured(tmp_path):
    journal = Journal(tmp_path, {})
    journal.run("step random-vgg19 512", lambda: {"of_the_bare_pass": 1.1, "plain_in_ours": 3.0})
    report = goals.table(journal)
    measured, met = ([*report.columns[column].cells] for column in (2, 3))
    assert measured[:3] == ["1.1", "3", "–"] and met[:3] == ["yes", "no", "–"]


def test_every_goal_is_looked_for_where_a_part_puts_it(tmp_path):
    known = {name for name, _ in parts(Workshop(tmp_path, FULL, vgg16=Path("vgg16.safetensors")))}
    assert {part for _, part, *_ in goals.GOALS} <= known


def test_a_studio_does_not_count_the_last_steps_of_the_run_before():
    headless = studio.Headless()
    headless.wished = headless.running = "a wish"
    headless._report("started", "an older wish")
    headless._report("done", None)
    assert headless.end is None
    headless._report("started", "a wish")  # equal, and the same object
    headless._report("failed", ValueError("torn"))
    assert headless.end[0] == "failed"


def test_tests_are_asked_for_at_the_root_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NstError, match="run this in the root of the repository"):
        others.suite()


# Weights to carry


def test_weights_in_16_bits_are_read_as_those_of_the_network(tmp_path):
    network = networks.load("random-vgg19")
    path = weights.write(network, tmp_path / "half.safetensors")
    assert {tensor.dtype for tensor in safetensors.torch.load_file(path).values()} == {torch.float16}
    again = networks.load("vgg19", file=path)
    for name, convolution in again.convolutions.items():
        assert torch.equal(convolution.weight, network.convolutions[name].weight.half().float())


def test_weights_have_a_name_that_can_be_read(tmp_path):
    with pytest.raises(NstError, match=r"ends in .safetensors, got 'half.bin'"):
        weights.main(Path("half.bin"))


# Meters


def test_both_meters_can_do_the_same():
    public = [name for name in vars(meter.Meter) if name[0] != "_"]
    for name in public:
        ours, cards = (inspect.signature(getattr(kind, name)) for kind in (meter.Meter, meter.CudaMeter))
        assert ours == cards
    assert {name for name in vars(meter.CudaMeter) if name[0] != "_"} <= set(public)


@pytest.fixture
def fake(monkeypatch):
    """A torch without a card, whose ``cuda`` has the names of the real one and notes what is done."""
    # By names: Python 3.13's mock looks at each value, which some of torch's refuse
    torch_without_a_card = MagicMock(spec=dir(torch))
    torch_without_a_card.cuda = MagicMock(spec=dir(torch.cuda))
    monkeypatch.setattr(meter, "torch", torch_without_a_card)
    monkeypatch.setattr(meter.shutil, "which", lambda name: None)
    return torch_without_a_card.cuda


def test_a_cards_seconds_are_between_its_events(fake):
    fake.Event.return_value.elapsed_time.return_value = 250.0
    assert meter.CudaMeter().seconds(lambda: None) == 0.25
    assert fake.Event.call_args.kwargs == {"enable_timing": True} and fake.synchronize.called


def test_a_cards_waits_are_what_cuda_warns_of(fake):
    def work():
        warnings.warn("called a synchronizing CUDA operation", stacklevel=1)
        warnings.warn("called a synchronizing CUDA operation", stacklevel=1)
        warnings.warn("something else", stacklevel=1)

    fake.get_sync_debug_mode.return_value = 0
    assert meter.CudaMeter().waits(work) == 2
    assert [call.args for call in fake.set_sync_debug_mode.call_args_list] == [("warn",), (0,)]


def test_a_card_is_warmed_up_before_its_graph_is_captured(fake):
    calls = []
    assert meter.CudaMeter().captured(lambda: calls.append(1)) is fake.CUDAGraph.return_value.replay
    assert len(calls) == meter.WARM_UP + 1


def test_a_cards_memory_is_what_torch_held_during_the_call(fake):
    fake.max_memory_allocated.return_value = 3_000_000
    assert meter.CudaMeter().peak(lambda: None) == 3.0 and fake.reset_peak_memory_stats.called
    assert meter.CudaMeter().about()["card"] is fake.get_device_properties.return_value.name


# What the device machine has

LACKS = ("beartype", "pooch", "httpx2", "unearth", "platformdirs", "anywidget", "ipywidgets", "IPython", "jupyterlab")
IMPORTS = """
import sys
sys.modules |= dict.fromkeys(sys.argv[1:])
from nstlib.bench.gpu import __main__, weights
from nstlib import networks
networks.load("minivgg")
"""


def test_nothing_is_imported_that_the_device_machine_lacks():
    subprocess.run([sys.executable, "-c", IMPORTS, *LACKS], check=True)
