import errno

import numpy as np
import pytest
import torch

from nstlib.errors import NstError, in_words, is_full_memory


def raised(cause):
    with pytest.raises(Exception) as caught:
        cause()
    return caught.value


# What the libraries themselves raise here, so that a new release's words are noticed
REAL = {
    "torch": (lambda: torch.empty(10**13), "40,000 GB"),
    "numpy": (lambda: np.ones(10**13), "80,0"),
    "numpy, a table": (lambda: np.empty((10**7, 10**7)), "800,4"),
    "resampling": (lambda: torch.zeros(1, 3, 8, 8).expand(10**13, 3, 8, 8).contiguous(), "7,680,000 GB"),
}


@pytest.mark.parametrize("name", REAL)
def test_full_memory_is_a_sentence_with_the_size_asked_for(name):
    cause, size = REAL[name]
    fault = raised(cause)
    sentence = in_words(fault)
    assert is_full_memory(fault) and size in sentence and "GB were asked for" in sentence
    assert "smaller size" in sentence and "\n" not in sentence and "Allocator" not in sentence


@pytest.mark.parametrize(
    ("fault", "size"),
    [
        (MemoryError(), ""),
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total of 8 GiB"),
            "2.1 GB",
        ),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported at some other call"), ""),
        (
            RuntimeError("MPS backend out of memory (MPS allocated: 5 GB). Tried to allocate 256.00 MB on pool"),
            "0.3 GB",
        ),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 4000000 bytes."),
            "",
        ),
        (RuntimeError("could not create a memory object"), ""),
        (RuntimeError("CUDNN_STATUS_ALLOC_FAILED"), ""),
        (RuntimeError("std::bad_alloc"), ""),
    ],
)
def test_every_kind_of_full_memory_is_known(fault, size):
    sentence = in_words(fault)
    assert is_full_memory(fault) and sentence.startswith("There is not enough memory for this")
    assert size in sentence and (bool(size) or "asked for" not in sentence)


def test_what_is_no_full_memory():
    for fault in (
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ValueError("out of memory"),
        KeyError("x"),
    ):
        assert not is_full_memory(fault) and in_words(fault) == ""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_disk_that_refuses_is_a_sentence_that_names_the_file(number):
    sentence = in_words(OSError(number, "as the system says", "a/costs.csv"))
    assert sentence.startswith("'a/costs.csv': as the system says. ") and "[Errno" not in sentence
    assert sentence.endswith(".") and ("full" in sentence) == (number in (errno.ENOSPC, errno.EDQUOT))


def test_other_errors_of_the_system_keep_their_words():
    assert in_words(ConnectionError("no host answers")) == "no host answers"
    assert in_words(OSError(errno.ENOSPC, "No space left on device")).startswith("No space left on device. ")


def test_a_users_mistake_is_its_own_sentence():
    assert in_words(NstError("Expected a, got b: do c.")) == "Expected a, got b: do c."
