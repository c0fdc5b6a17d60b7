"""A child's reply to a call or a notebook, as it is written in the child and checked, for form alone, in the parent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from .protocol import ProtocolError, listed, pack, whole

STATUSES = frozenset({"value", "nothing", "not attempted", "raised", "memory", "read"})  # of a child's reply
DETAILS = frozenset({"", "nstlib", "autograd"})  # what an answer called, or could not call
KINDS = ("tensor", "numpy", "list", "tuple", "number", "dict")
FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128"})
DTYPES = FLOATS | {"", "bool", "uint8", "int8", "int16", "int32", "int64", "other"}
DIMENSIONS, NAMES, TEXT, NAME = 16, 1000, 4000, 100
NUMBER = np.dtype("<f8")


@dataclass
class Answer:
    """A reply as a child claims it, every field checked for form: nothing here is a verdict."""

    status: str
    kind: str = ""
    dtype: str = ""
    values: dict[str, np.ndarray] = field(default_factory=dict)
    gradients: tuple[np.ndarray | None, ...] = ()
    changed: bool = False
    unread: bool = False
    text: str = ""
    detail: str = ""


def tell(answer: Answer) -> bytes:
    """Return the frame of a reply."""
    arrays = [*answer.values.values(), *(each for each in answer.gradients if each is not None)]
    head = {
        "status": answer.status,
        "kind": answer.kind,
        "dtype": answer.dtype,
        "names": list(answer.values),
        "shapes": [list(each.shape) for each in answer.values.values()],
        "gradients": [each is not None for each in answer.gradients],
        "changed": bool(answer.changed),
        "unread": bool(answer.unread),
        "text": answer.text[:TEXT],
        "detail": answer.detail,
    }
    return pack(head, *(np.asarray(each, NUMBER).tobytes() for each in arrays))


def hear(head: dict, chunks: Sequence[bytes], inputs: Sequence[tuple[int, ...]], limit: int) -> Answer:
    """Check a reply to a call; raises ProtocolError.

    inputs: shapes of the tensors that may have a gradient. Every number's place is counted here: an array's bytes must
    be as many as its shape says, a gradient has its input's shape, and no chunk may be left over.
    """
    status, kind, dtype, detail = (_text(head.get(key), NAME) for key in ("status", "kind", "dtype", "detail"))
    if status not in STATUSES - {"read"} or detail not in DETAILS or dtype not in DTYPES:
        raise ProtocolError("The status, the detail or the dtype is none of ours.")
    if status == "value" and kind not in KINDS and not kind.isidentifier():
        raise ProtocolError("The answer's type has no name that a type can have.")
    names = [_text(name, NAME) for name in listed(head.get("names"), NAMES)]
    shapes = [tuple(whole(shape, limit, DIMENSIONS)) for shape in listed(head.get("shapes"), NAMES)]
    arrive = listed(head.get("gradients"), NAMES)
    changed, unread = head.get("changed"), head.get("unread")
    if len(set(names)) != len(names) or len(names) != len(shapes):
        raise ProtocolError("Names and shapes do not fit together.")
    if not isinstance(changed, bool) or not isinstance(unread, bool):
        raise ProtocolError("What is to be said by yes or no is not.")
    if not all(isinstance(each, bool) for each in arrive) or len(arrive) not in (0, len(inputs)):
        raise ProtocolError("The gradients are not those that were asked for.")
    if status != "value" and (names or arrive):
        raise ProtocolError("There are numbers where no value was returned.")
    expected = [*shapes, *(shape for shape, there in zip(inputs, arrive, strict=False) if there)]
    arrays = [_array(*pair) for pair in zip(_same_length(chunks, expected), expected, strict=True)]
    rest = iter(arrays[len(names) :])
    gradients = tuple(next(rest) if there else None for there in arrive)
    values = dict(zip(names, arrays, strict=False))
    return Answer(status, kind, dtype, values, gradients, changed, unread, _text(head.get("text"), TEXT), detail)


@dataclass(frozen=True)
class Found:
    """What a notebook holds as the answer to one question; `source` is the student's text and never run outside."""

    status: str
    source: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What was found in a notebook. reject: why it could not be read, None where it could."""

    found: dict[str, Found]
    warnings: tuple[str, ...] = ()
    reject: str | None = None


def tell_reading(read: dict) -> bytes:
    """Return the frame of what ``notebook.read`` returned."""
    found = [[name, each["status"], list(each["warnings"])] for name, each in read["found"].items()]
    head = {"status": "read", "warnings": list(read["warnings"]), "reject": read["reject"], "found": found}
    return pack(head, *(each["source"].encode() for each in read["found"].values()))


def hear_reading(head: dict, chunks: Sequence[bytes], questions: Collection[str], words: Collection[str], most: int):
    """Return the Reading; raises ProtocolError for questions nobody asked, and for what is not in `words`.

    words: every status, warning and reason that ``notebook`` has. most: bytes of one source.
    """
    reject, found = head.get("reject"), listed(head.get("found"), NAMES)
    rows = [listed(row, 3) for row in found]
    if any(len(row) != 3 or not isinstance(row[0], str) or row[0] not in questions for row in rows) or len(
        chunks
    ) != len(rows):
        raise ProtocolError("The reading is not of the questions that were asked.")
    warnings = [*listed(head.get("warnings"), NAMES), *(each for row in rows for each in listed(row[2], NAMES))]
    said = [*warnings, *(row[1] for row in rows), *([] if reject is None else [reject])]
    if not all(isinstance(word, str) and word in words for word in said):
        raise ProtocolError("The reading says a word that no reading can say.")
    if any(len(chunk) > most for chunk in chunks):
        raise ProtocolError("A source is longer than a source may be.")
    try:
        sources = [chunk.decode() for chunk in chunks]
    except UnicodeDecodeError:
        raise ProtocolError("A source is not in UTF-8.") from None
    answers = {row[0]: Found(row[1], source, tuple(row[2])) for row, source in zip(rows, sources, strict=True)}
    return Reading(answers, tuple(head["warnings"]), reject)


def readable(text: str) -> str:
    """Return the text without lone surrogates, which no file takes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _text(value, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ProtocolError("A text is missing, or too long.")
    return readable(value)


def _same_length(chunks: Sequence[bytes], shapes: Sequence) -> Sequence[bytes]:
    if len(chunks) != len(shapes):
        raise ProtocolError("There are more or fewer arrays than were announced.")
    return chunks


def _array(chunk: bytes, shape: tuple[int, ...]) -> np.ndarray:
    count = 1
    for size in shape:
        count *= size
    if len(chunk) != count * NUMBER.itemsize:
        raise ProtocolError("An array has not the bytes that its shape needs.")
    try:
        return np.frombuffer(chunk, NUMBER).reshape(shape).astype(np.float64)
    except ValueError:  # an empty array with sizes whose product numpy cannot hold
        raise ProtocolError("An array has a shape that no array can have.") from None
