"""Text from outside, made harmless: for people to read, to compare, and as the name of a file."""

import hashlib
import re
import unicodedata

__all__ = ["normalized", "printable", "safe_name"]

# Cc control, Cf format (bidirectional marks too), Cs lone surrogates, Co private, Cn unassigned, Zl Zp line breaks.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*-[0-9a-f]{12}|.*\.|.*\.\..*")


def printable(text: object, *, lines: bool = False, most: int | None = None) -> str:
    r"""Return the text with what cannot be seen written as \x1b or \u202e; `lines` keeps line breaks and tabs.

    `most` cuts what is longer, and says how much was cut.

    >>> printable("\x1b[31mred\nblue")
    '\\x1b[31mred\\x0ablue'
    """
    whole = str(text)
    kept = whole if most is None else whole[:most]
    cut = f" … ({len(whole) - len(kept)} more characters)" if len(kept) < len(whole) else ""
    if kept.isprintable():  # nearly all text
        return kept + cut
    if lines:
        kept = kept.replace("\r\n", "\n")
    return "".join(sign if lines and sign in "\n\t" else _visible(sign) for sign in kept) + cut


def normalized(name: str) -> str:
    """Return what two spellings of a name have in common: compare this, but show the name itself."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def safe_name(name: str) -> str:
    """Return a file name for an id, without an ending: a plain id itself, otherwise its plain letters and a hash.

    Two ids never share one, even on file systems that ignore case.
    """
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40]
    return f"{plain or 'student'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
