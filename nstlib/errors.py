"""The root of the library's exceptions: what a user can cause, and can mend, is an ``NstError``; the rest are bugs.

The command line prints an NstError as the sentence it is, and shows every other exception with its traceback.
"""


class NstError(ValueError):
    """A user's mistake or situation; the message says what was expected, what was given and what to do.

    >>> from nstlib import pictures
    >>> try:
    ...     pictures.sample("cats")
    ... except NstError as mistake:
    ...     print(str(mistake).split(":")[0])
    Expected the name of a sample picture, got 'cats'
    """


class WeightsError(NstError):
    """Weights that cannot be fetched, read or trusted; the message names the file, what is wrong and what to do.

    >>> from nstlib import networks
    >>> networks.load("vgg19", file="lost.pth")
    Traceback (most recent call last):
    nstlib.errors.WeightsError: Expected a weights file, got lost.pth, which does not exist: ...
    """
