"""Run notebooks with nbval: every cell in a real kernel, checked outputs compared."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def nbval(*paths: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run nbval in a process of its own, with these variables added to its environment."""
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60", "-p", "no:cacheprovider"]
    sanitize = ["--nbval-sanitize-with", ROOT / "notebooks" / "sanitize.cfg"]
    command = [sys.executable, "-m", "pytest", "-p", "nbval.plugin", *options, *sanitize, *paths]
    variables = os.environ | {"NST_TEST": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
