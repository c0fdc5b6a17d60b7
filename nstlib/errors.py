"""The root of the library's exceptions, and what a user is told of others.

What a user can cause, and can mend, is an ``NstError``. Full memory and disks raise exceptions of Python's or torch's
own: ``in_words`` has sentences for those. The rest are bugs, and the command line shows them with their traceback.
"""

import errno
import re
from collections.abc import Callable

# How torch tells of full memory: on a graphics card by a class of its own, elsewhere only in words
_NO_MEMORY = re.compile(
    "can't allocate memory|not enough memory|out of memory|bad_alloc|_ALLOC_FAILED|could not create a memory object"
)
_ASKED_FOR = re.compile(r"allocate ([\d.]+) ?(bytes|[KMGTP]i?B)")
_BYTES = {"bytes": 1} | {
    f"{letter}{binary}B": 1024**power for power, letter in enumerate("KMGTP", 1) for binary in ("", "i")
}
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)  # the second for one's own share of it
_FULL = "The disk is full: make room, or choose another place."
_NOT_YOURS = "Choose a place of your own."
_ADVICE = {
    **dict.fromkeys(FULL_DISK, _FULL),
    errno.EACCES: _NOT_YOURS,
    errno.EPERM: _NOT_YOURS,
    errno.EROFS: _NOT_YOURS,
    errno.ENOENT: "Check the name.",
}


class NstError(ValueError):
    """A user's mistake or situation; the message says what was expected, what was given and what to do.

    settings: those that the sentence names, one for each %s in it: a name with its value, or a name alone. The message
    shows them as Python writes them; a command names its options instead.

    >>> from nstlib import pictures
    >>> try:
    ...     pictures.sample("cats")
    ... except NstError as mistake:
    ...     print(str(mistake).split(":")[0])
    Expected the name of a sample picture, got 'cats'
    >>> mistake = NstError("Expected a number of 0 or more, got %s: give a larger %s.", ("beta", -1.0), ("beta",))
    >>> print(mistake)
    Expected a number of 0 or more, got beta=-1.0: give a larger beta.
    >>> mistake.naming(lambda name, *value: f"--{name}")
    'Expected a number of 0 or more, got --beta: give a larger --beta.'
    """

    def __init__(self, sentence: str = "", *settings: tuple) -> None:
        self.sentence = sentence
        self.settings = settings
        super().__init__(self.naming(lambda name, *value: "=".join((name, *map(repr, value)))))

    def naming(self, words: Callable[..., str]) -> str:
        """Return the message with each setting as `words` of its name, and of its value where the sentence has it."""
        if not self.settings:  # a name of a file may hold a %
            return self.sentence
        return self.sentence % tuple(words(*setting) for setting in self.settings)


class WeightsError(NstError):
    """Weights that cannot be fetched, read or trusted; the message names the file, what is wrong and what to do.

    >>> from nstlib import networks
    >>> networks.load("vgg19", file="lost.pth")
    Traceback (most recent call last):
    nstlib.errors.WeightsError: Expected a weights file, got lost.pth, which does not exist: ...
    """


def in_words(fault: Exception) -> str:
    """Return the sentence for what a user can mend: a mistake, full memory, a disk that refuses; "" for a bug.

    >>> in_words(OSError(28, "No space left on device", "costs.csv"))
    "'costs.csv': No space left on device. The disk is full: make room, or choose another place."
    >>> in_words(KeyError("relu3_1"))
    ''
    """
    if isinstance(fault, NstError):
        return str(fault)
    if isinstance(fault, OSError):
        return _system_in_words(fault)
    return _memory_in_words(fault) if is_full_memory(fault) else ""


def is_full_memory(fault: Exception) -> bool:
    """Say whether Python, NumPy or torch asked for memory that is not there.

    >>> is_full_memory(MemoryError()), is_full_memory(RuntimeError("shapes cannot be multiplied"))
    (True, False)
    """
    if isinstance(fault, MemoryError) or type(fault).__name__ == "OutOfMemoryError":
        return True
    return isinstance(fault, RuntimeError) and bool(_NO_MEMORY.search(str(fault)))


def _memory_in_words(fault: Exception) -> str:
    asked = _ASKED_FOR.search(str(fault))
    gigabytes = float(asked[1]) * _BYTES[asked[2]] / 1e9 if asked else 0
    size = f" ({gigabytes:,.{0 if gigabytes > 100 else 1}f} GB were asked for at once)" if gigabytes >= 0.05 else ""
    return f"There is not enough memory for this{size}: choose a smaller size (--size), or close other programs."


def _system_in_words(fault: OSError) -> str:
    if not fault.strerror:
        return str(fault)
    name = f"'{fault.filename}': " if fault.filename else ""
    return f"{name}{fault.strerror}. {_ADVICE.get(fault.errno, 'Try another place.')}"
