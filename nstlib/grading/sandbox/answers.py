"""A child's reply on a notebook, its cells or a call: packed in the child, checked for its form alone in the parent."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from .protocol import ProtocolError, listed, pack, sizes

# Of a child's reply. absent: no function of this name. jailed: the jail refused something. no package: one is missing.
STATUSES = frozenset(
    {"value", "nothing", "not attempted", "raised", "jailed", "no package", "absent", "memory", "read", "ran"}
)
FLAGS = frozenset({"cell_raised", "cell_too_long", "no_package"})  # what happened in the cells before an answer
DETAILS = frozenset({"", "nstlib", "autograd"})  # what an answer called, or could not call
KINDS = ("tensor", "numpy", "list", "tuple", "number", "dict")
FLOATS = frozenset({"float16", "bfloat16", "float32", "float64", "complex64", "complex128"})
DTYPES = FLOATS | {"", "bool", "uint8", "int8", "int16", "int32", "int64", "other"}
DIMENSIONS, NAMES, TEXT, NAME, SKIPPED = 16, 1000, 4000, 100, 100_000
NUMBER = np.dtype("<f8")
DIGEST = re.compile(r"(?:[0-9a-f]{64})?")
ROW = 8  # what a reading says of an answer


@dataclass
class Answer:
    """A reply as a child claims it, with every field checked for form; none of them is a verdict."""

    status: str
    kind: str = ""
    dtype: str = ""
    values: dict[str, np.ndarray] = field(default_factory=dict)
    gradients: tuple[np.ndarray | None, ...] = ()
    changed: bool = False
    unread: bool = False
    text: str = ""
    detail: str = ""


def pack_answer(answer: Answer) -> bytes:
    """Return the frame of a reply to a call."""
    arrays = [*answer.values.values(), *(gradient for gradient in answer.gradients if gradient is not None)]
    head = {
        "status": answer.status,
        "kind": answer.kind,
        "dtype": answer.dtype,
        "names": list(answer.values),
        "shapes": [list(array.shape) for array in answer.values.values()],
        "gradients": [gradient is not None for gradient in answer.gradients],
        "changed": bool(answer.changed),
        "unread": bool(answer.unread),
        "text": answer.text[:TEXT],
        "detail": answer.detail,
    }
    return pack(head, *(np.asarray(array, NUMBER).tobytes() for array in arrays))


def unpack_answer(head: dict, chunks: Sequence[bytes], inputs: Sequence[tuple[int, ...]], limit: int) -> Answer:
    """Check a reply to a call; raises ProtocolError.

    inputs: shapes of the tensors that may have a gradient. Every byte is accounted for: an array has as many as its
    shape says, a gradient has its input's shape, and no chunk is left over.
    """
    status, kind, dtype, detail = (_text(head.get(key), NAME) for key in ("status", "kind", "dtype", "detail"))
    if status not in STATUSES - {"read", "ran"} or detail not in DETAILS or dtype not in DTYPES:
        raise ProtocolError("Expected a known status, detail and dtype, got another.")
    if status == "value" and kind not in KINDS and not kind.isidentifier():
        raise ProtocolError("Expected an identifier as the name of the answer's type, got another text.")
    names = [_text(name, NAME) for name in listed(head.get("names"), NAMES)]
    shapes = [tuple(sizes(shape, limit, DIMENSIONS)) for shape in listed(head.get("shapes"), NAMES)]
    arrive = listed(head.get("gradients"), NAMES)
    changed = head.get("changed")
    unread = head.get("unread")
    if len(set(names)) != len(names) or len(names) != len(shapes):
        raise ProtocolError("Expected one shape for each of the names, which must differ.")
    if not isinstance(changed, bool) or not isinstance(unread, bool):
        raise ProtocolError("Expected true or false for `changed` and `unread`, got something else.")
    if not all(isinstance(flag, bool) for flag in arrive) or len(arrive) not in (0, len(inputs)):
        raise ProtocolError("Expected true or false for each gradient that was asked for, got something else.")
    if status != "value" and (names or arrive):
        raise ProtocolError("Expected no numbers where no value was returned, got some.")
    expected = [*shapes, *(shape for shape, there in zip(inputs, arrive, strict=False) if there)]
    arrays = [_array(*pair) for pair in zip(_require_length(chunks, expected), expected, strict=True)]
    rest = iter(arrays[len(names) :])
    gradients = tuple(next(rest) if there else None for there in arrive)
    values = dict(zip(names, arrays, strict=False))
    return Answer(status, kind, dtype, values, gradients, changed, unread, _text(head.get("text"), TEXT), detail)


@dataclass(frozen=True)
class Extract:
    """Where a notebook answers a question: in its cells up to number `stop`.

    source: the cell that a reader should look at, the student's text. shape: a digest that is the same for answers that
    differ in names and comments alone. size: how many nodes its syntax tree has. digest, cut: of a text that a person
    marks, as ``texts.Text`` has them.
    """

    status: str
    stop: int = 0
    source: str = ""
    warnings: tuple[str, ...] = ()
    shape: str = ""
    size: int = 0
    digest: str = ""
    cut: int = 0


@dataclass(frozen=True)
class Reading:
    """What a notebook holds.

    cells: its code, never run outside. clean: the numbers of those that raised nothing when the student ran them.
    reject: why it could not be read, or None.
    """

    answers: dict[str, Extract]
    cells: tuple[str, ...] = ()
    clean: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    reject: str | None = None


def pack_reading(read: dict) -> bytes:
    """Return the frame of what ``notebook.read`` returned."""
    rows = [
        [name, found["status"], found["stop"], list(found["warnings"])]
        + [found[key] for key in ("shape", "size", "digest", "cut")]
        for name, found in read["found"].items()
    ]
    more = {"warnings": list(read["warnings"]), "clean": list(read["clean"])}
    head = {"status": "read", "reject": read["reject"], "found": rows} | more
    sources = [found["source"] for found in read["found"].values()]
    return pack(head, *(text.encode("utf-8", "backslashreplace") for text in (*sources, *read["cells"])))


def unpack_reading(
    head: dict, chunks: Sequence[bytes], questions: Collection[str], words: Collection[str], most: int, longest: int
) -> Reading:
    """Check a reply about a notebook; raises ProtocolError for other questions than `questions`, or other `words`.

    words: every status, warning and reason that ``notebook`` has. most: bytes of one source, and of all cells. longest:
    bytes of a notebook, and so characters that may have been cut from a text.
    """
    reject = head.get("reject")
    rows = [listed(row, ROW) for row in listed(head.get("found"), NAMES)]
    known = all(len(row) == ROW and isinstance(row[0], str) and row[0] in questions for row in rows)
    if not known or len(chunks) < len(rows):
        raise ProtocolError("Expected a source for each of the questions that were asked, got something else.")
    warnings = [*listed(head.get("warnings"), NAMES), *(word for row in rows for word in listed(row[3], NAMES))]
    used = [*warnings, *(row[1] for row in rows), *([] if reject is None else [reject])]
    if not all(isinstance(word, str) and word in words for word in used):
        raise ProtocolError("Expected the words that a reading is made of, got another.")
    if not all(isinstance(text, str) and DIGEST.fullmatch(text) for row in rows for text in (row[4], row[6])):
        raise ProtocolError("Expected digests as the shape and the text of an answer, got something else.")
    sizes([row[5] for row in rows], most)
    sizes([row[7] for row in rows], longest)
    cells = chunks[len(rows) :]
    sizes([row[2] for row in rows], max(0, len(cells) - 1))
    clean = sizes(head.get("clean"), max(0, len(cells) - 1))
    if any(len(chunk) > most for chunk in chunks) or sum(map(len, cells)) > most:
        raise ProtocolError("Expected a shorter source: this is more than an answer may have.")
    try:
        texts = [chunk.decode() for chunk in chunks]
    except UnicodeDecodeError:
        raise ProtocolError("Expected a source in UTF-8, got other bytes.") from None
    pairs = zip(rows, texts, strict=False)
    found = {row[0]: Extract(row[1], row[2], text, tuple(row[3]), *row[4:]) for row, text in pairs}
    return Reading(found, tuple(texts[len(rows) :]), tuple(clean), tuple(head["warnings"]), reject)


@dataclass(frozen=True)
class Run:
    """What a run of all cells found: by question, whether it has a function, and (cell, statement) to leave out.

    flags: of FLAGS.
    """

    found: dict[str, bool]
    skip: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def pack_run(run: Run) -> bytes:
    """Return the frame of a run."""
    rows = [[question, bool(there), list(run.skip.get(question, ()))] for question, there in run.found.items()]
    return pack({"status": "ran", "found": rows, "flags": list(run.flags)})


def unpack_run(head: dict, questions: Collection[str]) -> Run:
    """Check a reply about a run; raises ProtocolError."""
    rows = [listed(row, 3) for row in listed(head.get("found"), NAMES)]
    known = [len(row) == 3 and isinstance(row[0], str) and row[0] in questions for row in rows]
    if not all(known) or not all(isinstance(row[1], bool) for row in rows):
        raise ProtocolError("Expected true or false for each of the questions that were asked, got something else.")
    skip = {row[0]: tuple(tuple(sizes(pair, SKIPPED, 2)) for pair in listed(row[2], NAMES)) for row in rows}
    flags = listed(head.get("flags"), len(FLAGS))
    pairs = [pair for question in skip.values() for pair in question]
    if not all(isinstance(flag, str) and flag in FLAGS for flag in flags) or not all(len(pair) == 2 for pair in pairs):
        raise ProtocolError("Expected known flags, and pairs of numbers for what was left out, got something else.")
    return Run({row[0]: row[1] for row in rows}, skip, tuple(flags))


def readable(text: str) -> str:
    """Return the text without lone surrogates, which cannot be written to a file."""
    return text.encode("utf-8", "backslashreplace").decode()


def _text(value, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ProtocolError("Expected a text within its limit, got none or a longer one.")
    return readable(value)


def _require_length(chunks: Sequence[bytes], shapes: Sequence) -> Sequence[bytes]:
    if len(chunks) != len(shapes):
        raise ProtocolError("Expected as many arrays as the head has shapes, got more or fewer.")
    return chunks


def _array(chunk: bytes, shape: tuple[int, ...]) -> np.ndarray:
    count = 1
    for size in shape:
        count *= size
    if len(chunk) != count * NUMBER.itemsize:
        raise ProtocolError("Expected as many bytes as the array's shape needs, got more or fewer.")
    try:
        return np.frombuffer(chunk, NUMBER).reshape(shape).astype(np.float64)
    except ValueError:  # an empty array with sizes whose product numpy cannot hold
        raise ProtocolError("Expected a shape that an array can have, got a larger one.") from None
