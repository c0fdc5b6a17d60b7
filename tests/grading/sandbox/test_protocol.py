"""Frames and replies: whatever a child sends becomes data of ours, or ProtocolError, and nothing else."""

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nstlib.grading.sandbox import answers
from nstlib.grading.sandbox.answers import (
    Answer,
    Run,
    pack_answer,
    pack_reading,
    pack_run,
    unpack_answer,
    unpack_reading,
    unpack_run,
)
from nstlib.grading.sandbox.protocol import ProtocolError, Reader, pack, unpack

LIMIT = 1 << 16
VALUE = Answer(
    "value", "tensor", "float32", {"": np.arange(6.0).reshape(2, 3)}, (np.ones((2, 2)), None), True, False, "text"
)
INPUTS = [(2, 2), (5,)]


def unpacked(frame, inputs=INPUTS):
    reader = Reader(LIMIT, LIMIT)
    assert reader.feed(frame)
    return unpack_answer(*reader.parts(), inputs, LIMIT)


def forged(**changes):
    """Return VALUE's frame with another head."""
    head, chunks = unpack(pack_answer(VALUE))
    sizes = changes.pop("sizes", head.pop("sizes"))
    text = json.dumps(head | changes | {"sizes": sizes}).encode()
    return struct.pack(">I", len(text)) + text + b"".join(chunks)


def test_a_reply_comes_back_as_it_was_told():
    found = unpacked(pack_answer(VALUE))
    assert (found.status, found.kind, found.dtype, found.changed, found.text) == (
        "value", "tensor", "float32", True, "text",
    )  # fmt: skip
    assert np.array_equal(found.values[""], VALUE.values[""]) and found.values[""].dtype == np.float64
    assert np.array_equal(found.gradients[0], np.ones((2, 2))) and found.gradients[1] is None


def test_a_frame_may_come_byte_by_byte_and_what_follows_it_is_not_read():
    frame, reader = pack_answer(VALUE), Reader(LIMIT, LIMIT)
    assert [reader.feed(frame[at : at + 1]) for at in range(len(frame))] == [False] * (len(frame) - 1) + [True]
    late = Reader(LIMIT, LIMIT)
    assert late.feed(frame + b"correct")
    assert late.frame == frame


@pytest.mark.parametrize(
    "start",
    [
        struct.pack(">I", LIMIT + 1),
        b"\xff" * 4,
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 4) + b"null",
        struct.pack(">I", 2) + b"{}",
        struct.pack(">I", 5) + b"\xff\xfe{}\x00",
        struct.pack(">I", 60000) + b"[" * 60000,
        struct.pack(">I", 5009) + b'{"sizes":' + b"9" * 5000,
        struct.pack(">I", 18) + b'{"sizes": [1e400]}',
        struct.pack(">I", 16) + b'{"sizes": [NaN]}',
        struct.pack(">I", 15) + b'{"sizes": [-1]}',
        struct.pack(">I", 17) + b'{"sizes": [true]}',
        struct.pack(">I", 20) + b'{"sizes": [99999999]',
        pack({}, b"x" * (LIMIT // 2), b"x" * (LIMIT // 2), b"x")[: LIMIT // 2],
    ],
    ids=range(14),
)
def test_what_can_become_no_frame_is_refused_before_its_body_has_come(start):
    with pytest.raises(ProtocolError):
        Reader(LIMIT, LIMIT).feed(start)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "correct"},
        {"status": "pass"},
        {"status": "read"},
        {"status": None},
        {"status": ["value"]},
        {"status": "raised"},  # with numbers
        {"detail": "correct"},
        {"dtype": "float1024"},
        {"dtype": None},
        {"kind": "a b"},
        {"kind": "x" * 101},
        {"kind": 5},
        {"names": ["", ""]},
        {"names": []},
        {"names": [5]},
        {"names": None},
        {"shapes": [[3, 3]]},
        {"shapes": [[-2, -3]]},
        {"shapes": [[2, 3.0]]},
        {"shapes": [[True, 6]]},
        {"shapes": [[10**30]]},
        {"shapes": [[1] * 20]},
        {"shapes": ["23"]},
        {"gradients": [True]},
        {"gradients": [True, True]},
        {"gradients": [False, False]},
        {"gradients": [1, 0]},
        {"gradients": [False, True]},
        {"changed": 1},
        {"unread": "no"},
        {"text": 5},
        {"text": "x" * 5000},
        {"sizes": [48, 31]},
        {"sizes": [48]},
    ],
    ids=str,
)
def test_a_forged_head_is_no_reply(changes):
    with pytest.raises(ProtocolError):
        unpacked(forged(**changes))


def test_empty_shapes_that_no_array_can_have_are_refused():
    frame = pack(unpack(pack_answer(Answer("value", "list")))[0] | {"names": [""], "shapes": [[0, *[60000] * 15]]}, b"")
    with pytest.raises(ProtocolError):
        unpacked(frame, [])


def test_more_words_than_ours_change_nothing():
    found = unpacked(forged(verdict="correct", points=8, outcome="correct"))
    assert vars(found).keys() == vars(VALUE).keys()


def test_text_can_be_written_to_a_file():
    found = unpacked(forged(text="\ud800 and \x1b[2J"))
    assert found.text.encode() == b"\\ud800 and \x1b[2J"


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_wait_for_more(data):
    reader = Reader(LIMIT, LIMIT)
    try:
        if reader.feed(data):
            unpack_answer(*reader.parts(), INPUTS, LIMIT)
    except ProtocolError as fault:
        assert str(fault).endswith(".")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ("status", "kind", "dtype", "names", "shapes", "gradients", "changed", "unread", "text", "detail", "sizes")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), st.lists(st.binary(max_size=60), max_size=3))
def test_any_head_is_refused_or_has_a_status_of_ours(changes, chunks):
    head = unpack(pack_answer(VALUE))[0] | changes
    text = json.dumps(head).encode()
    reader = Reader(LIMIT, LIMIT)
    try:
        if reader.feed(struct.pack(">I", len(text)) + text + b"".join(chunks)):
            found = unpack_answer(*reader.parts(), INPUTS, LIMIT)
            assert found.status in answers.STATUSES and found.detail in answers.DETAILS
            assert all(array.dtype == np.float64 for array in found.values.values())
    except ProtocolError:
        pass


WORDS = {"found", "missing", "metadata", "not_json"}
ENTRY = {"status": "found", "stop": 1, "source": "é", "shape": "a" * 64, "size": 7, "warnings": []} | {
    "digest": "b" * 64,
    "cut": 150,
}
READ = {"warnings": ["metadata"], "reject": None, "cells": ["a", "b"], "clean": [1], "found": {"q": ENTRY}}


def test_a_reading_comes_back():
    found = unpack_reading(*unpack(pack_reading(READ)), {"q"}, WORDS, 100, 200)
    assert found.answers["q"].source == "é" and found.warnings == ("metadata",) and found.reject is None
    assert (found.answers["q"].shape, found.answers["q"].size) == ("a" * 64, 7)
    assert (found.answers["q"].digest, found.answers["q"].cut) == ("b" * 64, 150)
    assert found.answers["q"].stop == 1 and (found.cells, found.clean) == (("a", "b"), (1,))


@pytest.mark.parametrize(
    ("changes", "chunk"),
    [
        ({"reject": "correct"}, b""),
        ({"reject": 5}, b""),
        ({"warnings": ["correct"]}, b""),
        ({"warnings": [["metadata"]]}, b""),
        ({"warnings": None}, b""),
        ({"found": [["other", "found", 0, [], "", 0, "", 0]]}, b""),
        ({"found": [[["q"], "found", 0, [], "", 0, "", 0]]}, b""),
        ({"found": [["q", "correct", 0, [], "", 0, "", 0]]}, b""),
        ({"found": [["q", "found", 0, ["correct"], "", 0, "", 0]]}, b""),
        ({"found": [["q", "found", 2, [], "", 0, "", 0]]}, b""),
        ({"found": [["q", "found", -1, [], "", 0, "", 0]]}, b""),
        ({"found": [["q", "found", True, [], "", 0, "", 0]]}, b""),
        ({"found": [["q", "found", 0]]}, b""),
        ({"found": ["abcdef"]}, b""),
        ({"found": [["q", "found", 0, [], "correct", 0, "", 0]]}, b""),
        ({"found": [["q", "found", 0, [], 5, 0, "", 0]]}, b""),
        ({"found": [["q", "found", 0, [], "", -1, "", 0]]}, b""),
        ({"found": [["q", "found", 0, [], "", 0, "correct", 0]]}, b""),
        ({"found": [["q", "found", 0, [], "", 0, 5, 0]]}, b""),
        ({"found": [["q", "found", 0, [], "", 0, "", -1]]}, b""),
        ({"found": [["q", "found", 0, [], "", 0, "", 201]]}, b""),
        ({"found": [["q", "found", 0, [], "", 0, "", True]]}, b""),
        ({"clean": [5]}, b""),
        ({"clean": ["0"]}, b""),
        ({"clean": None}, b""),
        ({"found": [["q", "found", 0, [], "", 0, "", 0]] * 4}, b""),
        ({}, b"x" * 101),
        ({}, b"x" * 99),
        ({}, b"\xff"),
        ({}, b"\xed\xa0\x80"),
    ],
    ids=str,
)
def test_a_forged_reading_is_refused(changes, chunk):
    head = unpack(pack_reading(READ))[0]
    with pytest.raises(ProtocolError):
        unpack_reading(head | changes, [b"", chunk, b"bc"], {"q"}, WORDS, 100, 200)


RUN = Run({"q": True, "r": False}, {"q": ((0, 1),), "r": ()}, ("cell_raised",))


def test_a_run_comes_back():
    assert unpack_run(unpack(pack_run(RUN))[0], {"q", "r"}) == RUN


@pytest.mark.parametrize(
    "changes",
    [
        {"found": [["other", True, []]]},
        {"found": [[["q"], True, []]]},
        {"found": [["q", 1, []]]},
        {"found": [["q", True]]},
        {"found": None},
        {"found": [["q", True, [[0, -1]]]]},
        {"found": [["q", True, [[0]]]]},
        {"found": [["q", True, [[0, 10**9]]]]},
        {"found": [["q", True, 5]]},
        {"flags": ["correct"]},
        {"flags": [["cell_raised"]]},
        {"flags": ["cell_raised"] * 9},
    ],
    ids=str,
)
def test_a_forged_run_is_refused(changes):
    with pytest.raises(ProtocolError):
        unpack_run(unpack(pack_run(RUN))[0] | changes, {"q", "r"})
