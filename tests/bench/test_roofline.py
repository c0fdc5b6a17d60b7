import torch
from torch.utils.flop_counter import FlopCounterMode

from nstlib import engine, networks
from nstlib.bench import roofline


def test_operations_are_those_that_torch_counts():
    network = networks.load("random-vgg19", ["relu2_2"])
    measured = {stage.name: stage for stage in roofline.stages(network, 32, 48)}
    features = torch.rand(1, 64, 16, 24, requires_grad=True)  # what conv2_1 takes in
    with FlopCounterMode(display=False) as counted:
        network.stages["conv2_1"](features).sum().backward()
    assert measured["conv2_1"].operations == counted.get_total_flops()
    numbers = 64 * 16 * 24 + 128 * 64 * 9 + 128 + 128 * 16 * 24  # features, weights, biases, features
    assert measured["conv2_1"].moved == 2 * numbers * features.to(engine.plan().dtype).element_size()
    assert measured["relu1_1"].operations == measured["pool1"].operations == 0
    assert list(measured) == list(network.stages) and all(stage.seconds > 0 for stage in measured.values())


def test_the_least_time_is_the_slower_of_arithmetic_and_memory():
    stage = roofline.Stage("conv1_1", operations=200, moved=100, seconds=9)
    assert stage.least(peak=50, bandwidth=100) == 4 and stage.least(peak=200, bandwidth=10) == 10


def test_the_table_names_what_binds_and_adds_up():
    measured = [roofline.Stage("conv1_1", 2e9, 1e6, 0.004), roofline.Stage("relu1_1", 0, 4e6, 0.008)]
    report = roofline.table(measured, peak=1e12, bandwidth=1e9)
    cells = [[*column.cells] for column in report.columns]
    assert cells[0] == ["conv1_1", "ReLU and pooling", "all"]
    assert cells[4] == ["arithmetic", "memory", "memory"] and cells[5] == ["4.0", "8.0", "12.0"]
    assert cells[6] == ["2.0 ×", "2.0 ×", "2.0 ×"]


def test_peaks_are_positive(monkeypatch):
    monkeypatch.setattr(roofline, "SIDE", 64)
    monkeypatch.setattr(roofline, "N_COPIED", 2**16)
    assert roofline.peak() > 0 and roofline.bandwidth() > 0
