"""Show what came from outside: in text, in HTML, and in the names of files. Nothing in it can act."""

import hashlib
import html
import re
import unicodedata

__all__ = ["csp", "escaped", "normalized", "printable", "safe_name"]

csp = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
# Cc control, Cf format (bidirectional marks among them), Cs lone halves, Co private, Cn not assigned, Zl Zp new lines.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*-[0-9a-f]{12}|.*\.|.*\.\..*")


def printable(text: object, *, lines: bool = False, most: int | None = None) -> str:
    r"""Return the text with what cannot be seen written as \x1b or \u202e; `lines` keeps line breaks and tabs.

    `most` cuts what is longer, and says how much was cut.
    """
    whole = str(text)
    kept = whole if most is None else whole[:most]
    more = f" … ({len(whole) - len(kept)} more characters)" if len(kept) < len(whole) else ""
    if lines:
        kept = kept.replace("\r\n", "\n")
    return "".join(each if lines and each in "\n\t" else _visible(each) for each in kept) + more


def escaped(text: object, *, lines: bool = False, most: int | None = None) -> str:
    """The same, fit to stand in HTML, inside quoted attributes too."""
    return html.escape(printable(text, lines=lines, most=most))


def normalized(name: str) -> str:
    """What two spellings of one name have in common: compare with this, show the name itself."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def safe_name(name: str) -> str:
    """Return a file name for an id, without an ending: the id where it is plain, else what is plain of it and a hash.

    Two ids never share one, on file systems that know no capitals either.
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
