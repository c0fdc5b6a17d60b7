"""What passes between parent and child: frames of a JSON head and raw bytes, with no pickle anywhere.

A frame is 4 bytes (the head's length, big-endian), the head (a JSON object in UTF-8), and chunks whose lengths the head
gives as "sizes". A reader takes what has come and never sets aside memory for what a head claims.
"""

import json
import struct

CHUNKS = 4000  # in a frame


class ProtocolError(ValueError):
    """The bytes are no reply. The message is ours: nothing of the child's stands in it."""


def pack(head: dict, *chunks: bytes) -> bytes:
    """Return a frame."""
    text = json.dumps(head | {"sizes": [len(chunk) for chunk in chunks]}).encode()
    return b"".join((struct.pack(">I", len(text)), text, *chunks))


class Reader:
    """Collects the first frame of a stream; what comes after it is not looked at.

    Raises ProtocolError from `feed` as soon as the bytes cannot become a frame within the limits.
    """

    def __init__(self, head: int, body: int) -> None:
        self._limits, self._bytes = (head, body), bytearray()
        self._head: dict | None = None
        self._start = self._end = 4

    def feed(self, data: bytes) -> bool:
        """Take more bytes; return whether the frame is complete."""
        self._bytes += data
        if self._head is None and len(self._bytes) >= 4:
            (length,) = struct.unpack_from(">I", self._bytes)
            if length > self._limits[0]:
                raise ProtocolError("The head is longer than a head may be.")
            if len(self._bytes) >= 4 + length:
                self._head = _object(bytes(self._bytes[4 : 4 + length]))
                self._start = 4 + length
                self._end = self._start + sum(whole(self._head.get("sizes"), self._limits[1]))
                if self._end - self._start > self._limits[1]:
                    raise ProtocolError("The body is longer than a body may be.")
        return self._head is not None and len(self._bytes) >= self._end

    @property
    def frame(self) -> bytes:
        """The complete frame's bytes."""
        return bytes(self._bytes[: self._end])

    def parts(self) -> tuple[dict, list[bytes]]:
        """Return the complete frame's head and chunks."""
        chunks, at = [], self._start
        for size in self._head["sizes"]:
            chunks.append(bytes(self._bytes[at : at + size]))
            at += size
        return self._head, chunks


def unpack(data: bytes) -> tuple[dict, list[bytes]]:
    """Take apart a frame of the parent's."""
    reader = Reader(len(data), len(data))
    if not reader.feed(data):
        raise ProtocolError("The frame is not complete.")
    return reader.parts()


def listed(value, most: int) -> list:
    """Return the list that this must be."""
    if not isinstance(value, list) or len(value) > most:
        raise ProtocolError("A list is missing, or too long.")
    return value


def whole(value, largest: int, most: int = CHUNKS) -> list[int]:
    """Return the list of sizes that this must be."""
    for each in listed(value, most):
        if type(each) is not int or not 0 <= each <= largest:
            raise ProtocolError("A size is no whole number within the limits.")
    return value


def _object(data: bytes) -> dict:
    try:
        found = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError, MemoryError):
        raise ProtocolError("The head is no JSON.") from None
    if not isinstance(found, dict):
        raise ProtocolError("The head is no JSON object.")
    return found


def _refuse(word: str):
    raise ValueError(word)
