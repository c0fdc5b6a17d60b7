"""Addresses given in place of files: nothing here is downloaded."""

import os
import re
from urllib.request import url2pathname

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/|data:|www\.", re.IGNORECASE)  # one letter is a drive of Windows
_SHOWN = 60  # letters of a long address


def is_address(source: str | os.PathLike) -> bool:
    """Say whether this is an address, such as https://…, and no file of that name.

    >>> is_address("https://example.org/cat"), is_address("cat.jpg"), is_address("C:/cat.jpg")
    (True, False, False)
    """
    return bool(_ADDRESS.match(os.fspath(source))) and not os.path.exists(source)


def address_in_words(source: str | os.PathLike) -> str:
    """Return the sentence for an address that was given in place of a file."""
    text = os.fspath(source)
    match = _ADDRESS.match(text)
    scheme = match[1] or ""
    rest = text[match.end() :].lstrip("/")  # a Path has lost one of two strokes
    if scheme.lower() == "file":
        return f"Expected a path, got the address 'file:///{rest}': give '{url2pathname(f'/{rest}')}'."
    address = f"{scheme}://{rest}" if scheme else text
    shown = address if len(address) <= _SHOWN else f"{address[:_SHOWN]}…"
    if text.lower().startswith("data:"):
        return f"Expected a file, got the address '{shown}': save the picture, and give its path."
    return f"Expected a file, got the web address '{shown}': download the picture, and give its path."
