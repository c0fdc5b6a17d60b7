"""The tests keep away from the developer's own files: progress, weights."""

import tempfile
from pathlib import Path

import torch

from nstlib.checks import progress


def test_no_test_reads_or_writes_the_developers_own_files():
    temporary = Path(tempfile.gettempdir()).resolve()
    paths = {"progress": progress.file(), "weights": Path(torch.hub.get_dir())}
    assert [name for name, path in paths.items() if not path.resolve().is_relative_to(temporary)] == []
