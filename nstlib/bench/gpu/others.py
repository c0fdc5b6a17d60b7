"""The parts that other modules of `nstlib.bench` measure: the race and the roofline; and the tests of the device."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nstlib.bench import race, roofline
from nstlib.bench.gpu.workshop import Workshop
from nstlib.errors import NstError

TESTS = ("tests/style", "tests/transfer", "tests/test_engine.py", "tests/networks/test_vgg.py")
LONGEST = 100  # seconds that the tests may take of the few minutes
TAIL = 4000  # characters of what pytest printed


def suite() -> dict[str, Any]:
    """Run ``pytest -m gpu``; return its exit status, its last line and what failed. Raises NstError without tests."""
    if not Path(TESTS[0]).is_dir():
        raise NstError(f"Expected the folder {TESTS[0]} here, found none: run this in the root of the repository.")
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "-p", "no:cacheprovider", *TESTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
    lines = done.stdout.strip().splitlines() or [""]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return {"status": done.returncode, "last": lines[-1], "failed": failed, "end": (done.stdout + done.stderr)[-TAIL:]}


def raced(shop: Workshop) -> dict[str, Any]:
    """Race the loops; return seconds and J at each one's end and its seconds to the tutorial's goals, and write all."""
    size, passes = shop.scale.raced
    name = "vgg16" if shop.vgg16 else shop.scale.network
    content, style = (race.squared(picture) for picture in shop.pair(size))
    judge = race.Judge(content, style, shop.network(name))
    curves = race.race(judge, passes, shop.network("minivgg"))
    race.write(curves, shop.out / "race.csv")
    lowest = min(cost for _, _, cost in curves["tutorial"])
    return {
        "network": name,
        "tutorials_lowest": lowest,
        "seconds_to_it": {loop: race.seconds_to(curve, lowest) for loop, curve in curves.items()},
        "ends": {loop: {"seconds": curve[-1][1], "J": curve[-1][2]} for loop, curve in curves.items()},
    }


def stages(shop: Workshop, name: str, size: int) -> dict[str, Any]:
    """Return what each stage of a network costs, and the peaks of the device."""
    height, width = shop.pair(size)[0].shape[1:]
    timed = roofline.stages(shop.network(name), height, width)
    peaks = {"operations_a_second": roofline.peak(), "bytes_a_second": roofline.bandwidth()}
    return peaks | {"stages": [asdict(stage) for stage in timed]}
