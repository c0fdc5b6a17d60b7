"""The sentences about numbers: what came back and what was expected in the first call that differs, and why."""

import math

from nstlib.checks.judging.differences import Numbers
from nstlib.checks.judging.replies import Reply

KINDS = {
    "tensor": "a torch tensor",
    "numpy": "a numpy array",
    "list": "a list",
    "tuple": "a tuple",
    "number": "a number",
    "dict": "a dictionary of numbers",
}
BRACKETS = (
    "A fourth power mostly comes from missing brackets: `1/4*N**2` is ¼ · N², while `1/(4*N**2)` divides by both. Put "
    "all that divides into one pair of brackets."
)


def compare(numbers: Numbers, reply: Reply) -> str:
    """Say what came back and what was expected."""
    if numbers.missing or numbers.unasked:
        missing = f"Missing in your answer: {numbers.missing}." if numbers.missing else ""
        unasked = f"In your answer, but not asked for: {numbers.unasked}." if numbers.unasked else ""
        return f"{missing} {unasked}".strip()
    if numbers.wanted != numbers.got:
        wanted = f"the shape {numbers.wanted}" if numbers.wanted else "a single number"
        if numbers.name:
            got = f"has the shape {numbers.got}" if numbers.got else "is a single number"
            return f"Your answer: `{numbers.name}` {got}. Expected: {wanted}."
        return f"Your answer: {kind_and_shape(reply.kind, numbers.got)}. Expected: {wanted}."
    if numbers.index is None:
        return ""
    given, expected = _distinct(numbers.given, numbers.expected)
    position = [numbers.name] if numbers.name else []
    position += [str(list(numbers.index))] if numbers.index else []
    which = "largest difference" if numbers.finite else "first number that is not finite"
    where = f"The {which} is at {', '.join(position)}. " if position else ""
    return f"{where}Your answer: {given}. Expected: {expected}."


def kind_and_shape(kind: str, shape: tuple[int, ...]) -> str:
    """Name a kind with its shape, and say of a tensor without dimensions that it is a single number."""
    text = KINDS[kind] if kind == "number" else f"{KINDS[kind]} of shape {shape}"
    return f"{text}, which is a single number" if kind == "tensor" and shape == () else text


def explain(numbers: Numbers, calls: int, *, share: bool = True) -> list[str]:
    """Say what the numbers of all calls have in common, as far as one can see; `share`, how many agree if no more."""
    if numbers.wanted != numbers.got:
        return _shapes(numbers)
    if not numbers.finite:
        return ["Your answer holds `nan` or infinite numbers. Look for a division by 0 or a root of a negative number."]
    if numbers.nearly:
        return [_nearly(numbers)]
    if numbers.factors and not numbers.factor and (numbers.agreeing or any(numbers.factors.values())):
        return _by_group(numbers)
    if numbers.ratio is not None:
        return _ratio(numbers, calls)
    return [f"{_percent(numbers.right)} of the entries agree."] if share and 0 < numbers.right < 1 else []


def _percent(share: float) -> str:
    """Write a share that is neither none nor all, and never looks like either.

    >>> _percent(0.5), _percent(0.999), _percent(0.001)
    ('50%', 'More than 99%', 'Less than 1%')
    """
    return "More than 99%" if share > 0.99 else "Less than 1%" if share < 0.01 else f"{share:.0%}"


def _distinct(*pair: float) -> list[str]:
    """Write both numbers with as many digits as it takes to see that they differ."""
    for digits in (4, 8, 17):
        texts = [f"{number:.{digits}g}".replace("-", "−") for number in pair]
        if len(set(texts)) > 1:
            break
    return texts


def _shapes(numbers: Numbers) -> list[str]:
    if len(numbers.wanted) > 1 and numbers.got == numbers.wanted[::-1]:
        return ["Rows and columns are exchanged."]
    if sorted(numbers.got) == sorted(numbers.wanted):
        return ["The sizes are right, in another order."]
    if [size for size in numbers.got if size > 1] == [size for size in numbers.wanted if size > 1]:
        return ["There is a dimension of size 1 too many or too few."]
    return []


def _ratio(numbers: Numbers, calls: int) -> list[str]:
    ratio = f"{numbers.ratio:.4g}".replace("-", "−") if numbers.factor else _distinct(numbers.ratio, 1)[0]
    every = "The answer is" if numbers.wanted == () else "Every entry is"
    if numbers.factor:
        same = "" if numbers.factor == ratio else f", and {ratio} = {numbers.factor}"
        return [f"{every} {ratio} times what is expected{same}, in all our calls.", *_brackets(numbers.factor)]
    if numbers.agreeing:
        return [f"{every} {ratio} times what is expected in this call. {right(numbers.agreeing, calls)[0]}"]
    if numbers.each_ratio and numbers.wanted != ():  # of a single number there is always one ratio
        differs = "The factor differs from call to call: does it hold a size?"
        return [f"{every} {ratio} times what is expected in this call. {differs}"]
    return [f"{every} {ratio} times what is expected in this call, but not in all: more than a constant is wrong."]


def _nearly(numbers: Numbers) -> str:
    return (
        f"Your numbers agree with the expected ones to {_digits(numbers.apart)} digits, in all our calls, and no "
        "further; the exact formula agrees to 9 or more. A small ε does this, as in `(var + 1e-5).sqrt()`, or a finite "
        "difference in place of a derivative, or float32 on the way, or `round`."
    )


def nearly_the_mistake(apart: float) -> str:
    """Say how nearly the numbers are those of a mistake that is told next."""
    return (
        f"Your numbers agree to {_digits(apart)} digits, in all our calls, with those of the following mistake; the "
        "rest may be a small ε, as in `(x + 1e-8).sqrt()`."
    )


def _digits(apart: float) -> int:
    return math.floor(-math.log10(apart))


def right(agreeing: int, calls: int) -> list[str]:
    """Say how many calls are answered right, where any is."""
    return [f"Of our {calls} calls, {agreeing} {'is' if agreeing == 1 else 'are'} answered right."] if agreeing else []


def _by_group(numbers: Numbers) -> list[str]:
    names: dict[str, list[str]] = {}
    for group, text in numbers.factors.items():
        names.setdefault(text or "no product of powers of the sizes", []).append(f"`{group}`")
    listing = "; ".join(f"{', '.join(groups)}: {text}" for text, groups in names.items())
    return [f"Your answer divided by what is expected, for {listing}.", *_brackets(*numbers.factors.values())]


def _brackets(*factors: str) -> list[str]:
    fractions = [factor.partition(" / ") for factor in factors]
    return [BRACKETS] if any("⁴" in above and "⁴" not in below for above, _, below in fractions) else []
