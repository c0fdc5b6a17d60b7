"""The sentences for a verdict: what we called, what came back, what that means. One cause, one next step."""

import inspect
import re
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch

from nstlib.checks import calling
from nstlib.checks.calling import SECONDS
from nstlib.checks.judging.properties import PARTS, measured
from nstlib.checks.judging.replies import Reply, Rule, close
from nstlib.checks.judging.verdict import Verdict
from nstlib.checks.matrices import side_by_side, work
from nstlib.checks.number_messages import KINDS, compare, explain, kind_and_shape, nearly_the_mistake, right
from nstlib.checks.reading import described
from nstlib.checks.results import Block

CALLS_NSTLIB = (
    "The numbers are right, but your function asks nstlib for them. The exercise is to write what nstlib does.",
)
USES_AUTOGRAD = (
    "The numbers are right, but your function asks autograd for them. The exercise is the formula, written by hand.",
)
STILL_THE_STUB = "This is still the stub. Write the body, run its cell, then check again."
STILL_BROKEN = (
    "The program does not run yet: delete its line `raise NotImplementedError(…)`, run its cell, then check again. "
    "What the check says then leads to the first mistake."
)
CHANGED = {
    "dict": "Your function changed a dictionary that it was given, which its owner still needs. Work on a copy: "
    "`dict(weights)` makes one, while `pop`, `del` and `weights[name] = …` change what they are given.",
    "network": "Your function changed the network that it was given, which its owner still needs: its weights, a "
    "hook that is still there, or a setting. Call `remove()` on each handle, and put back what you set.",
    "network or tensor": "Your function changed an argument that it was given, which its owner still needs: a tensor, "
    "or the network's weights, hooks or settings. `x - y` makes a copy of x, `x -= y` and `x.mul_(y)` do not; of a "
    "hook call `remove()`, and put back what you set.",
    "list": "Your function changed the list that it was given, which its owner still needs. Work on a copy: "
    "`list(layers)` makes one, while `remove`, `append` and `sort` change what they are given.",
    "tensor": "Your function changed the tensor that it was given. Work on a copy: `x - y` makes one, `x -= y` does "
    "not.",
}
CHANGED_NETWORK = "Your function changed the network, which its owner still needs."
PUT_BACK = {  # by what was changed; anything else is a setting
    "hooks": "Call `remove()` on each hook's handle.",
    "weights": "Work on a copy of the weights.",
}

ERRORS_OF_AUTOGRAD = {  # by PyTorch's own words, which hide the cause or say little
    "Specify retain_graph=True": "PyTorch suggests `retain_graph=True`. That would only hide the cause: each step "
    "would go back through an old graph once more. Which graph is used twice?",
    "Use tensor.detach().numpy()": "PyTorch suggests `detach()`. That would cut the gradient off, and the optimiser "
    "could not move the picture. Stay in torch: it has a function for nearly all of numpy's. For a number that you "
    "only record, `.item()` will do.",
    "modified by an inplace operation": "The backward pass needs a number that was overwritten after its use. Look "
    "for `+=`, `-=`, `x[…] = …` and names with an underscore at the end, such as `clamp_`. Make a new tensor instead.",
    "leaf Variable that requires grad": "The tensor that you change in place is the one whose gradient is wanted. "
    "Make a new one.",
    "does not require grad and does not have a grad_fn": "This number depends on no tensor that wants a gradient. "
    "Either none does (`requires_grad_()`), or `.detach()`, `.item()`, numpy, `torch.tensor(…)` or `torch.no_grad()` "
    "has cut the connection.",
}
TURNS_ALL = (
    "`.T` reverses the order of all dimensions: (N, H, W) becomes (W, H, N), and (N,) stays (N,). For a batch, "
    "exchange only the last two, with `F.mT` or `F.transpose(1, 2)`; one picture's features unroll first, with "
    "`flatten(1)`."
)
TURNS_STILL = (
    "Your function takes `.T` of a tensor that is not a matrix. PyTorch will refuse that in a later version; "
    "`permute(2, 1, 0)` reverses the order of three dimensions, and `.T` leaves a vector as it is."
)


def sentences(question, verdict: Verdict, answer: list[Reply], stage: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the sentences for a verdict on a question; `answer` holds the function's replies.

    stage: what is said of the first stage at which a program goes another way, if that is known.
    """
    case = question.public_cases[verdict.call]
    called = f"We called `{question.call}` with {case.words}."
    block = None
    if (
        verdict.numbers
        and verdict.numbers.call == verdict.call
        and not {"kind", "unread", "dtype"} & set(verdict.faults)
        and not question.property
    ):
        called = f"{called} {compare(verdict.numbers, answer[verdict.call])}".rstrip()
        index = verdict.numbers.index or (0,)
        block = _work(question, case, answer[verdict.call], index[0])
    if verdict.outcome == "correct":
        return (question.confirmation,)
    if verdict.outcome == "not attempted":
        return (STILL_BROKEN if question.located else STILL_THE_STUB,)
    if verdict.outcome == "took too long":
        return (called, f"No answer came within {SECONDS:.0f} seconds. Is there a loop that never ends?")
    if verdict.outcome == "raised":
        text = answer[verdict.call].text
        error = text.partition("\n")[0]  # the learner's own line comes after it
        known = [told for words, told in ERRORS_OF_AUTOGRAD.items() if words in error]
        return (called, text, *known)
    shown = (called,) if block is None else (called, block)
    if question.property and verdict.numbers:
        known = [_message(question, verdict.misconception, case.symbols)] if verdict.misconception else []
        return (called, *_unmet(question, case, answer[verdict.call]), *known)
    if verdict.misconception:
        raised = [text for text in (answer[verdict.call].text,) if text]
        if answer[verdict.call].status == "nothing":
            shown = (f"{called} {_nothing(question, case)}",)
        return (*shown, *raised, _message(question, verdict.misconception, case.symbols))
    if verdict.faults == ("nothing",) and any(reply.status == "value" for reply in answer):
        return (called, "Nothing came back (`None`), but other calls return something. Which way has no `return`?")
    besides = tuple(_fault(fault, answer[verdict.call], question) for fault in verdict.faults)
    of = verdict.numbers
    counted = question.told and of and of.finite and of.wanted == of.got == ()  # 0, too, of which no ratio is taken
    if verdict.likely and not (counted and verdict.factor):
        seems = _message(question, verdict.likely, case.symbols)
        two = "It looks as if two things came together. By the numbers:"
        if verdict.factor:
            return (*shown, f"{two} {seems} And the result is {verdict.factor} times what that alone would give.")
        if verdict.near:
            return (*shown, f"{nearly_the_mistake(verdict.near)} {seems}")
        return (*shown, f"{two} {seems}", *besides)
    if stage:
        return (f"We called `{question.call}` with {case.words}.", *stage, *besides)
    if verdict.slip:
        slip = f"These are the numbers of the right formula with one slip: {verdict.slip}."
        return (*shown, slip, *_negative(question, verdict))
    if verdict.numbers and not {"kind", "unread", "dtype"} & set(verdict.faults):
        parts = _parts(question, case, answer[verdict.call])
        numbers = verdict.numbers
        told = [*parts, *explain(numbers, len(answer), share=not parts)]
        if counted:
            told = [question.told(case, numbers.given, numbers.expected), *right(numbers.agreeing, len(answer))]
        return (*shown, *told, *_negative(question, verdict))  # other faults can wait until the numbers are right
    return (*shown, *(besides[:1] or (_GRADIENT_DIFFERS,)))


_GRADIENT_DIFFERS = (
    "The numbers are right, but their gradient is not: a part of the computation is cut off from the input. Look for "
    "`.detach()`, `.data` and `torch.no_grad()`."
)


def of_turned(verdict: Verdict, used: Collection[str]) -> tuple[str, ...]:
    """Say what `.T` does to a tensor that is not a matrix, if the function took it (`calling.turned`)."""
    if ".T" not in used or verdict.outcome not in ("correct", "not yet", "raised"):
        return ()
    return (TURNS_STILL if verdict.outcome == "correct" else TURNS_ALL,)


def _nothing(question, case) -> str:
    """Say that nothing came back where a single number was expected, and which."""
    expected = calling.reply(question.reference, case, None).values.get("")
    return "" if expected is None or expected.ndim else f"Your answer: nothing (`None`). Expected: {float(expected):g}."


def _work(question, case, reply: Reply, first: int) -> Block | None:
    """Show the call's numbers beside what came back and what was expected, where they are few."""
    expected = calling.reply(question.reference, case, None)
    return work(_names(question), case.arguments, reply, expected, first)


def _parts(question, case, reply: Reply) -> list[str]:
    """Say which parts of a tuple are right, where some are and some are not."""
    expected = calling.reply(question.reference, case, None)
    given, wanted = reply.values.get(""), expected.values.get("")
    if expected.kind != "tuple" or given is None or wanted is None or given.shape != wanted.shape:
        return []
    tolerance = Rule(question.kinds, question.tolerance).tolerance(expected, reply)
    right = [close(part, other, tolerance) for part, other in zip(wanted, given, strict=True)]
    names = {holds: [f"`[{number}]`" for number, each in enumerate(right) if each is holds] for holds in (True, False)}
    if not all(names.values()):
        return []
    verbs = {holds: "is" if len(parts) == 1 else "are" for holds, parts in names.items()}
    return [
        f"Of what you return in this call, {' and '.join(names[True])} {verbs[True]} right, "
        f"{' and '.join(names[False])} {verbs[False]} not."
    ]


def _unmet(question, case, reply: Reply) -> list[str]:
    """Show an open answer, and say which of the statements that it must meet hold and which do not."""
    parts = _answered(question, reply)
    if parts is None:
        return [_no_such_parts(question, case, reply)]
    readable = replace(reply, values={}, unread="") if reply.unread else reply
    statements = measured(question.property, case.arguments, readable).values
    holds = [statement for statement, value in statements.items() if value]
    fails = [statement for statement, value in statements.items() if not value]
    columns = {name: value.double().numpy() for name, value in zip(_names(question), case.arguments, strict=True)}
    names = ["your answer"] if len(parts) == 1 else [f"your answer[{number}]" for number in range(len(parts))]
    block = side_by_side(columns | dict(zip(names, parts, strict=True)))
    shown = [block] if block else []
    if fails[0] == next(iter(statements)):  # of the shapes: the others cannot be measured
        return [*shown, f"This does not hold yet: {fails[0]}.", *_misshapen(question, case, parts)]
    return [
        *shown,
        *([f"This holds: {'; '.join(holds)}."] if holds else []),
        f"This does not hold yet: {'; '.join(fails)}.",
    ]


def _answered(question, reply: Reply) -> list[np.ndarray] | None:
    """Return the parts of an open answer, whatever their shapes; None where they are not as many as asked for."""
    names = PARTS[question.property]
    whole = reply.values.get("")
    if reply.kind not in question.kinds | {"numpy"} or (whole is None and not reply.unread):
        return None
    if len(names) == 1:
        return None if whole is None else [whole]
    if whole is None:
        parts = list(reply.values.values())
    else:
        parts = list(whole) if whole.ndim == 1 + question.public_cases[0].arguments[0].ndim else []
    return parts if len(parts) == len(names) else None


def _no_such_parts(question, case, reply: Reply) -> str:
    """Say what came back in place of the parts of an open answer."""
    names = PARTS[question.property]
    if len(names) == 1:
        return _fault("unread" if reply.unread and reply.kind in question.kinds else "kind", reply, question)
    if "" in reply.values:
        given = kind_and_shape(reply.kind, reply.values[""].shape)
    elif reply.kind in ("list", "tuple"):
        given = (
            f"{KINDS[reply.kind]} of {len(reply.values)}" if reply.values else f"{KINDS[reply.kind]}: {reply.unread}"
        )
    else:
        given = _kind(reply.kind).removesuffix(" of numbers")
    shape = tuple(case.arguments[0].shape)
    return f"Your answer is {given}. Return two matrices, `{', '.join(names)}`, each of F's shape, {shape}."


def _misshapen(question, case, parts: list[np.ndarray]) -> list[str]:
    """Say which shapes the parts of an open answer have, where it is not the first argument's."""
    shape = tuple(case.arguments[0].shape)
    names = PARTS[question.property]
    if all(part.shape == shape for part in parts):
        return []
    first, *others = [f"{name} has shape {part.shape}" for name, part in zip(names, parts, strict=True)]
    listed = ", ".join([first, *(text.replace(" has shape", "") for text in others)])
    return [f"{listed}: {'both need' if others else 'it needs'} F's, {shape}."]


def _names(question) -> list[str]:
    return list(inspect.signature(question.reference).parameters)


def _negative(question, verdict: Verdict) -> tuple[str, ...]:
    """Say of a cost below 0 that it can be none, unless it is a sum of costs that were given."""
    numbers = verdict.numbers
    if all(isinstance(value, int | float) for value in question.public_cases[0].arguments):
        return ()
    if "cost" in question.reference.__name__ and numbers.wanted == numbers.got == () and numbers.given < 0:
        return (
            "A cost is never negative: it is 0 where nothing is left to improve. Look for a square that is missing, or "
            "comes before the difference.",
        )
    return ()


def _message(question, name: str, symbols: dict) -> str:
    message = next(mistake.message for mistake in question.misconceptions if mistake.id == name)
    return message.format(**{key: f"{value:g}" for key, value in symbols.items()})


def _changeable(question, reply: Reply) -> str:
    """Name the first kind of argument that can be changed in place; network and tensor where it may be either."""
    arguments = question.public_cases[0].arguments
    if any(described(value) for value in arguments):
        both = any(isinstance(value, torch.Tensor) for value in arguments) and not reply.text  # which names what is set
        return "network or tensor" if both else "network"
    types = [type(value).__name__ for value in question.public_cases[0].arguments]
    return next((kind for kind in ("dict", "list") if kind in types), "tensor")


def _kind(kind: str) -> str:
    return KINDS.get(kind, f"an object of type {kind}")


def _fault(fault: str, reply: Reply, question) -> str:
    if fault == "nothing":
        return "Nothing came back (`None`). Is there a `return`?"
    if fault == "kind":
        given = kind_and_shape(reply.kind, reply.values[""].shape) if "" in reply.values else _kind(reply.kind)
        expected = " or ".join(KINDS[kind] for kind in sorted(question.kinds - {"tuple"}, reverse=True))
        numpy = " Leaving torch cuts the gradient: stay in torch." if reply.kind == "numpy" else ""
        stack = " `torch.stack` makes one tensor of a list of tensors." if reply.kind in ("list", "tuple") else ""
        return f"Your answer is {given}. Expected: {expected}.{numpy}{stack if 'tensor' in question.kinds else ''}"
    if fault == "unread":
        return f"No numbers can be read from your answer, {KINDS[reply.kind]}: {reply.unread}."
    if fault == "dtype":
        return f"Your answer is {reply.dtype}, but the input is not: return the dtype that came in."
    if fault == "changed" and reply.text:  # what was changed and not put back
        kinds = re.findall(r"(\S+) of (?:`|the network)", reply.text)
        cures = dict.fromkeys(PUT_BACK.get(kind, "Put back what you set.") for kind in kinds)
        return " ".join([reply.text, CHANGED_NETWORK, *cures])
    if fault == "changed":
        return CHANGED[_changeable(question, reply)]
    if fault == "gradient":
        return (
            "No gradient arrives at the input. `.detach()`, `.item()`, numpy and `torch.tensor(…)` cut it off, and "
            "then the optimiser cannot move the picture."
        )
    return "A second call with the same input gave another answer. Does it depend on chance, or on earlier calls?"
