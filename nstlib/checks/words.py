"""The sentences for a verdict: what was called, what came back, what the pattern means. One cause, one next step."""

from nstlib.checks.calling import SECONDS
from nstlib.checks.differing import Numbers
from nstlib.checks.judging import Verdict
from nstlib.checks.replies import Reply

KINDS = {
    "tensor": "a torch tensor",
    "numpy": "a numpy array",
    "list": "a list",
    "tuple": "a tuple",
    "number": "a number",
    "dict": "a dictionary of numbers",
}
CALLS_NSTLIB = (
    "The numbers are right, but your function asks nstlib for them. The exercise is to write what nstlib does.",
)
USES_AUTOGRAD = (
    "The numbers are right, but your function asks autograd for them. The exercise is the formula, written by hand.",
)


def said(question, verdict: Verdict, answer: list[Reply]) -> tuple[str, ...]:
    """Return the sentences for a verdict on a question; `answer` holds the function's replies."""
    case = question.drawn[verdict.call]
    called = f"We called `{question.call}` with {case.words}."
    if verdict.outcome == "correct":
        return (question.right,)
    if verdict.outcome == "not attempted":
        return ("This is still the stub. Write the body, run its cell, then check again.",)
    if verdict.outcome == "took too long":
        return (called, f"No answer came within {SECONDS:.0f} seconds. Is there a loop that never ends?")
    if verdict.outcome == "raised":
        return (called, answer[verdict.call].text)
    if verdict.misconception:
        return (called, _message(question, verdict.misconception, case.symbols))
    besides = tuple(_fault(fault, answer[verdict.call], question) for fault in verdict.faults)
    if verdict.likely:
        seems = _message(question, verdict.likely, case.symbols)
        return (called, f"It looks as if two things came together. By the numbers: {seems}", *besides)
    if verdict.numbers and not {"kind", "unread", "dtype"} & set(verdict.faults):
        return (called, *_numbers(verdict.numbers, answer[verdict.call]))  # the rest shows when the numbers are right
    return (called, *(besides[:1] or (_GRADIENT_DIFFERS,)))


_GRADIENT_DIFFERS = (
    "The numbers are right, but their gradient is not: a part of the computation is cut off from the input. Look for "
    "`.detach()`, `.data` and `torch.no_grad()`."
)


def _message(question, name: str, symbols: dict) -> str:
    message = next(each.message for each in question.misconceptions if each.id == name)
    return message.format(**{key: f"{value:g}" for key, value in symbols.items()})


def _fault(fault: str, reply: Reply, question) -> str:
    if fault == "nothing":
        return "Nothing came back (`None`). Is there a `return`?"
    if fault == "kind":
        given = KINDS.get(reply.kind, f"an object of type {reply.kind}")
        wanted = " or ".join(KINDS[kind] for kind in sorted(question.kinds - {"tuple"}, reverse=True))
        numpy = " Leaving torch cuts the gradient: stay in torch." if reply.kind == "numpy" else ""
        return f"Your answer is {given}; expected is {wanted}.{numpy}"
    if fault == "unread":
        return f"No numbers can be read from your answer, {KINDS[reply.kind]}: {reply.unread}."
    if fault == "dtype":
        return f"Your answer is {reply.dtype}, the input is not: give back the dtype that came in."
    if fault == "changed":
        return (
            "Your function changed the tensor that it was given. Work on a copy: `x - y` makes one, `x -= y` does not."
        )
    if fault == "gradient":
        return (
            "No gradient arrives at the input. `.detach()`, `.item()`, numpy and `torch.tensor(…)` cut it off, and "
            "then the optimiser cannot move the picture."
        )
    return "A second call with the same input gave another answer. Does it depend on chance, or on the call before?"


def _numbers(numbers: Numbers, reply: Reply) -> list[str]:
    if numbers.missing:
        return [f"These names are missing, or were not asked for: {numbers.missing}."]
    if numbers.wanted != numbers.got:
        return [_shapes(numbers)]
    if not numbers.finite:
        return ["Your answer holds `nan` or infinite numbers. Look for a division by 0 or a root of a negative number."]
    return _differing(numbers, reply)


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) if shape else "a single number"


def _shapes(numbers: Numbers) -> str:
    story = f"Your answer: {_shape(numbers.got)}. Expected: {_shape(numbers.wanted)}."
    if len(numbers.wanted) > 1 and numbers.got == numbers.wanted[::-1]:
        return f"{story} Rows and columns are exchanged."
    if sorted(numbers.got) == sorted(numbers.wanted):
        return f"{story} The sizes are right, in another order."
    if [size for size in numbers.got if size > 1] == [size for size in numbers.wanted if size > 1]:
        return f"{story} There is a dimension of size 1 too many or too few."
    return story


def _differing(numbers: Numbers, reply: Reply) -> list[str]:
    if numbers.ratio is not None:
        ratio = f"{numbers.ratio:.4g}".replace("-", "−")
        every = "The answer is" if numbers.wanted == () else "Every entry is"
        if not numbers.factor:
            return [
                f"{every} {ratio} times what is expected in this call, and in others the factor is another one: "
                "more than a constant is wrong."
            ]
        same = "" if numbers.factor == ratio else f", and {ratio} = {numbers.factor}"
        return [f"{every} {ratio} times what is expected{same}, in all our calls."]
    got = f"{float(reply.values[numbers.name][numbers.place]):.4g}"
    if numbers.name:
        return [f"The largest difference is {numbers.largest:.4g}, at {numbers.name}: there your answer has {got}."]
    where = f", at {list(numbers.place)}" if numbers.place else ""
    agree = [f"{numbers.right:.0%} of the entries agree."] if 0 < numbers.right < 1 else []
    return [*agree, f"The largest difference is {numbers.largest:.4g}{where}: there your answer has {got}."]
