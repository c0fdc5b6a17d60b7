"""What passes between parent and child: frames of a JSON head and raw bytes, with no pickle anywhere.

A frame is 4 bytes (the head's length, big-endian), the head (a JSON object in UTF-8), and chunks whose lengths the head
gives as "sizes". A reader keeps the bytes that arrived and never reserves memory for what a head claims.
"""

import json
import struct

CHUNKS = 4000  # in a frame


class ProtocolError(ValueError):
    """The bytes are no reply. The message is ours and quotes nothing of the child's."""


def pack(head: dict, *chunks: bytes) -> bytes:
    """Return a frame."""
    text = json.dumps(head | {"sizes": [len(chunk) for chunk in chunks]}).encode()
    return b"".join((struct.pack(">I", len(text)), text, *chunks))


class Reader:
    """Collects the first frame of a stream; what follows it is ignored.

    Raises ProtocolError from `feed` as soon as the bytes cannot become a frame within the limits.
    """

    def __init__(self, head: int, body: int) -> None:
        self._head_limit = head
        self._body_limit = body
        self._bytes = bytearray()
        self._head: dict | None = None
        self._start = 4
        self._end = 4

    def feed(self, data: bytes) -> bool:
        """Take more bytes; return whether the frame is complete."""
        self._bytes += data
        if self._head is None and len(self._bytes) >= 4:
            (length,) = struct.unpack_from(">I", self._bytes)
            if length > self._head_limit:
                raise ProtocolError("Expected a shorter head: this is more than a head may have.")
            if len(self._bytes) >= 4 + length:
                self._head = _parse(bytes(self._bytes[4 : 4 + length]))
                self._start = 4 + length
                self._end = self._start + sum(sizes(self._head.get("sizes"), self._body_limit))
                if self._end - self._start > self._body_limit:
                    raise ProtocolError("Expected a shorter body: this is more than a body may have.")
        return self._head is not None and len(self._bytes) >= self._end

    @property
    def frame(self) -> bytes:
        """The complete frame's bytes."""
        return bytes(self._bytes[: self._end])

    def parts(self) -> tuple[dict, list[bytes]]:
        """Return the complete frame's head and chunks."""
        chunks = []
        start = self._start
        for size in self._head["sizes"]:
            chunks.append(bytes(self._bytes[start : start + size]))
            start += size
        return self._head, chunks


def unpack(data: bytes) -> tuple[dict, list[bytes]]:
    """Return the head and chunks of a whole frame."""
    reader = Reader(len(data), len(data))
    if not reader.feed(data):
        raise ProtocolError("Expected a whole frame, got a part of one.")
    return reader.parts()


def listed(value, most: int) -> list:
    """Return the value, which must be a list of at most so many entries."""
    if not isinstance(value, list) or len(value) > most:
        raise ProtocolError("Expected a list within its limit, got none or a longer one.")
    return value


def sizes(value, largest: int, most: int = CHUNKS) -> list[int]:
    """Return the value, which must be a list of sizes up to the largest."""
    for size in listed(value, most):
        if type(size) is not int or not 0 <= size <= largest:
            raise ProtocolError("Expected a whole number within the limits as a size, got something else.")
    return value


def _parse(data: bytes) -> dict:
    try:
        head = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError, MemoryError):
        raise ProtocolError("Expected a head of JSON, got something else.") from None
    if not isinstance(head, dict):
        raise ProtocolError("Expected a JSON object as the head, got something else.")
    return head


def _refuse(word: str):
    raise ValueError(word)
