"""What stands between backticks in one of our sentences is code, as long as the backticks come in pairs."""

__all__ = ["code_spans"]


def code_spans(sentence: str) -> list[tuple[str, bool]]:
    """Split a sentence into its pieces, each with whether it is code; an odd backtick leaves the sentence whole.

    >>> code_spans("Pass `gram` itself.")
    [('Pass ', False), ('gram', True), (' itself.', False)]
    >>> code_spans("An odd ` sign.")
    [('An odd ` sign.', False)]
    """
    pieces = sentence.split("`")
    if len(pieces) % 2 == 0:
        return [(sentence, False)]
    return [(piece, index % 2 == 1) for index, piece in enumerate(pieces)]
