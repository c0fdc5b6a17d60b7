"""Every test runs as NST_TEST=1 asks: float32, one thread, and a cache of its own."""

import atexit
import os
import shutil
import tempfile

os.environ["NST_TEST"] = "1"
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="nstlib-cache-")
os.environ["TORCH_HOME"] = os.path.join(os.environ["XDG_CACHE_HOME"], "torch")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)
