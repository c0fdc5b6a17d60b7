"""Fetching one file, and how a damaged or wrong one is kept from being used.

A file is checked by its SHA-256 before anything is read from it. One in the cache that fails the check is renamed to
``….damaged``, with a message, and another is fetched.
"""

import contextlib
import hashlib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from nstlib.errors import WeightsError
from nstlib.files import replacing

CONNECT_SECONDS = 5  # to each of a host's addresses
ANSWER_SECONDS = 6  # for a host's first byte, where the file can be had elsewhere, too
TOO_LATE = f"within {ANSWER_SECONDS} seconds."
SILENT_HOST_SECONDS = 30  # between two pieces of a file
CHUNK_BYTES = 2**18

OTHER_CERTIFICATES = "If your network signs with a certificate of its own, name its file in REQUESTS_CA_BUNDLE."
OTHER_CACHE = "Set TORCH_HOME to a folder that can be written, with room for the file."


def download(url: str, path: Path, sha256: str) -> Path:
    """Fetch `url` to `path` with a progress bar, unless a sound copy is there. Raises WeightsError.

    `sha256` is the expected digest or its beginning. The file is written beside its place and renamed, so that two
    processes may fetch at once and a cut connection leaves nothing behind.

    >>> content = b"weights"
    >>> path = Path("weights.bin")
    >>> _ = path.write_bytes(content)
    >>> download("https://example.org/w.bin", path, hashlib.sha256(content).hexdigest()) == path  # it is there
    True
    """
    with usable_cache(path):
        if sound(path, sha256, file_digest):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            _fetch(url, part)
            digest = file_digest(part)
            if not digest.startswith(sha256):
                raise WeightsError(
                    f"Expected a file whose SHA-256 begins with {sha256} from {url}, got {digest}: the connection was "
                    "cut, or something on the way answered in its place. Nothing was kept; try again."
                )
    return path


def why_no_answer(url: str) -> str:
    """Ask for `url` and return why nothing came within ANSWER_SECONDS, name look-up included; "" if it comes.

    A timeout of requests holds for each address of a host alone, and for none of the resolver's waits; so it asks in a
    thread that may be left behind.

    >>> why_no_answer("http://nobody.invalid/file.bin")[-1]
    '.'
    """
    import requests

    reasons = [f"{url} did not answer {TOO_LATE}"]

    def ask() -> None:
        try:
            with requests.get(url, stream=True, timeout=SILENT_HOST_SECONDS) as response:
                response.raise_for_status()
            reasons[0] = ""
        except requests.RequestException as fault:
            reasons[0] = _complaint(url, fault)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWER_SECONDS)
    return reasons[0]


def file_digest(path: Path) -> str:
    """Return a file's SHA-256.

    >>> _ = Path("empty").write_bytes(b"")
    >>> file_digest(Path("empty"))[:8]
    'e3b0c442'
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sound(path: Path, sha256: str, digest: Callable[[Path], str]) -> bool:
    """Say whether the file is there with this digest, or one that begins so; a damaged file is set aside.

    >>> _ = Path("empty").write_bytes(b"")
    >>> [sound(Path(name), "e3b0c442", file_digest) for name in ("empty", "no such file")]
    [True, False]
    """
    with contextlib.suppress(FileNotFoundError):  # not there yet, or another process has just set it aside
        if digest(path).startswith(sha256):
            return True
        aside = path.with_name(path.name + ".damaged")
        os.replace(path, aside)
        sentence = f"{path} is damaged (its SHA-256 is not the expected one) and is not used; kept as {aside.name}."
        print(sentence, file=sys.stderr)
    return False


@contextlib.contextmanager
def usable_cache(path: Path) -> Iterator[None]:
    """Turn the disk's complaints while `path` is looked at or written into a WeightsError.

    >>> with usable_cache(Path("weights.pth")):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    nstlib.errors.WeightsError: weights.pth cannot be used as a cache: [Errno 28] No space left on device. Set ...
    """
    try:
        yield
    except OSError as fault:
        raise WeightsError(f"{path} cannot be used as a cache: {fault}. {OTHER_CACHE}") from None


def _fetch(url: str, path: Path) -> None:
    """Write what `url` gives to `path`, behind a progress bar on stderr. Raises WeightsError, or OSError for the disk.

    pooch.retrieve wants a whole digest, and of torchvision's weights only the beginning is known; so of pooch only the
    downloader is used.
    """
    import pooch  # with requests a fifth of a second, which only a download needs
    import requests

    with ProgressBar() as bar:
        waits = CONNECT_SECONDS, SILENT_HOST_SECONDS
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK_BYTES, timeout=waits)
        try:
            downloader(url, str(path), None)
        except requests.RequestException as fault:  # an OSError too, but none of this disk's
            raise WeightsError(_complaint(url, fault)) from None


class ProgressBar:
    """What pooch asks of a progress bar, drawn by rich on stderr.

    >>> with ProgressBar() as bar:
    ...     bar.total = 4
    ...     bar.update(3)
    >>> bar.done
    3
    """

    def __init__(self) -> None:
        columns = BarColumn(), TaskProgressColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
        self.progress = Progress(*columns, console=Console(stderr=True))
        self.task = self.progress.add_task("", total=None)
        self.total = 0  # set by pooch

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    @property
    def done(self) -> int:
        """How many bytes have been counted."""
        return int(self.progress.tasks[0].completed)

    def update(self, n_bytes: int) -> None:
        """Count bytes that have arrived; the first ones make the bar appear."""
        self.progress.start()
        self.progress.update(self.task, total=self.total or None, advance=n_bytes)

    def reset(self) -> None:
        """Count from zero again."""
        self.progress.reset(self.task)

    def close(self) -> None:
        """Nothing more will arrive."""


def _complaint(url: str, fault: Exception) -> str:
    from requests.exceptions import SSLError

    if isinstance(fault, SSLError):
        return f"{url} could not be trusted: {_reason(fault)}. {OTHER_CERTIFICATES}"
    return f"{url} could not be fetched: {_reason(fault)}."


def _reason(fault: BaseException) -> str:
    """Return the message of the innermost of the exceptions that requests and urllib3 wrap in each other."""
    from urllib3 import exceptions

    inner = getattr(fault, "reason", None) or next(iter(fault.args), None)
    if isinstance(inner, BaseException):
        return _reason(inner)
    if isinstance(fault, exceptions.TimeoutError) and not isinstance(fault, exceptions.NewConnectionError):
        return "timed out"
    return re.sub(r"^\w+\(host=[^)]*\): ", "", str(fault))
