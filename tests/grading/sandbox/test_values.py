"""Values as JSON and arrays: all that a call is given comes back, and nothing else is taken."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.sandbox.protocol import pack, unpack
from nstlib.grading.sandbox.values import decode, encode, from_bytes, to_bytes


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_plain_values_come_back(value):
    arrays = {}
    tree = json.loads(json.dumps(encode(value, arrays), allow_nan=False))
    assert repr(decode(tree, arrays)) == repr(value) and arrays == {}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "int32", "uint8", "bool", ">f8"])
def test_arrays_come_back_with_dtype_and_shape_and_can_be_written(dtype):
    array, arrays = np.array([[1, 0, 1]]).astype(dtype)[:, ::-1], {}
    tree = encode({"x": [array]}, arrays)
    layout, chunks = to_bytes(arrays)
    head, sent = unpack(pack({"tree": tree, "arrays": layout}, *chunks))
    back = decode(head["tree"], from_bytes(head["arrays"], sent))["x"][0]
    assert back.shape == (1, 3) and back.dtype == np.dtype(dtype).newbyteorder("=") and (back == array).all()
    back[:] = 0


def test_several_arrays_keep_their_order():
    arrays = {}
    tree = encode([np.zeros(2), (np.ones((1, 2)), {"c": np.full((), 3)})], arrays)
    back = decode(tree, from_bytes(*to_bytes(arrays)))
    assert back[0].tolist() == [0, 0] and back[1][0].tolist() == [[1, 1]] and back[1][1]["c"] == 3


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array([None]), np.array(["text"]), 1j, b"bytes", {3}])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match="Expected arrays of float16"):
        encode([value], {})


def test_special_floats_and_numpy_numbers_are_values():
    arrays = {}
    back = decode(encode([math.inf, np.float64(0.5), np.int64(3)], arrays), arrays)
    assert back == [math.inf, 0.5, 3] and arrays == {}


@pytest.mark.parametrize("tree", [{"pickle": "x"}, {"tuple": [], "dict": {}}, {}])
def test_a_tree_of_another_kind_is_refused(tree):
    with pytest.raises(ValueError):
        decode(tree, {})
