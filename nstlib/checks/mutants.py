"""A right function with one slip in it, made in every way that one operation can go wrong.

``mutants`` changes one place of a function's syntax tree at a time: an operation is replaced, left out or done twice,
a constant differs, one name stands for another, an argument or the result passes through a step that does not belong
there. A check compares an answer with them where it knows nothing else of it, and ``nst misconceptions`` counts what
is said to each.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import torch

from nstlib.checks.local_names import SAID

__all__ = ["Mutant", "mutants"]

OPERATIONS = {
    ast.Add: "a plus",
    ast.Sub: "a minus",
    ast.Mult: "a product",
    ast.Div: "a division",
    ast.MatMult: "a matrix product",
    ast.Pow: "a power",
}
EXCHANGED = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult, ast.Div),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult, ast.Sub),
    ast.MatMult: (ast.Mult, ast.Add, ast.Sub),
    ast.Pow: (ast.Mult,),
}
OPERATES = {
    ast.Add: "a term",
    ast.Sub: "a term",
    ast.Mult: "a factor",
    ast.Div: "a division",
    ast.MatMult: "a matrix product",
    ast.Pow: "a power",
}
STEPS = {
    "abs": "an absolute value",
    "square": "a square",
    "sqrt": "a root",
    "sum": "a sum",
    "mean": "a mean",
    "std": "a standard deviation",
    "var": "a variance",
    "T": "a transpose",
    "transpose": "a transpose",
    "flatten": "flattening",
    "reshape": "reshaping",
    "clamp": "the limits",
    "amax": "a maximum",
    "relu": "a ReLU",
    "diag": "a diagonal matrix",
}
SIBLINGS = {
    "sum": ("mean", "amax"),
    "mean": ("sum", "amax"),
    "square": ("abs", "sqrt"),
    "abs": ("square", "relu"),
    "sqrt": ("square", "abs"),
    "std": ("var",),
    "var": ("std",),
}
# What can happen to a tensor on its way in or out: an expression of x, and how a sentence calls it.
ON_THE_WAY = {
    "x.abs()": "made positive (`abs`)",
    "x.clamp(min=0)": "passed through a ReLU",
    "x.square()": "squared",
    "x.abs().sqrt()": "put under a root",
    "-x": "negated",
    "2 * x": "doubled",
    "x / 2": "halved",
    "x.transpose(-1, -2)": "transposed in its last two dimensions",
    "x.flip(-1)": "reversed in its last dimension",
    "x[..., :-1]": "cut by the last entry of its last dimension",
    "x[..., 1:]": "cut by the first entry of its last dimension",
    "x[:, :-1]": "cut by the last entry of its second dimension",
    "x - x.mean()": "centred by one mean for all",
    "x - x.mean(-1, keepdim=True)": "centred along its last dimension",
    "x / x.norm()": "scaled to length 1",
    "x.triu()": "cut to its upper triangle",
    "x.tril()": "cut to its lower triangle",
    "x * torch.eye(len(x)).to(x)": "cut to its diagonal",
    "x - x * torch.eye(len(x)).to(x)": "left without its diagonal",
    "x / len(x)": "divided by its first size",
    "x / x.numel()": "divided by its number of entries",
    "x.sum(0)": "summed over its first dimension",
    "x.sum(-1)": "summed over its last dimension",
    "x.mean(0)": "averaged over its first dimension",
    "x.permute(1, 2, 0).reshape(x.shape)": "dealt anew by a `reshape` after its filters were moved to the end",
    "x.reshape(-1, len(x)).T.reshape(x.shape)": "dealt anew, as by `reshape(-1, N).T`",
    "x.detach()": "detached",
}
# What says something of several numbers alone: one number less its own mean is 0, whatever it was
OF_MANY = {"x - x.mean()", "x - x.mean(-1, keepdim=True)", "x / x.norm()"}
# Every other way to deal (N,H,W) anew by a `reshape` that takes numbers of several filters into one row
MIXED = dict.fromkeys(
    (
        "x.permute(1, 0, 2).reshape(x.shape)",
        "x.permute(2, 0, 1).reshape(x.shape)",
        "x.permute(2, 1, 0).reshape(x.shape)",
        "x.permute(0, 2, 1).reshape(-1, len(x)).T.reshape(x.shape)",
        "x.permute(1, 0, 2).reshape(-1, len(x)).T.reshape(x.shape)",
        "x.permute(2, 0, 1).reshape(-1, len(x)).T.reshape(x.shape)",
    ),
    "dealt anew by a `reshape` that mixes the filters",
)


@dataclass(frozen=True)
class Mutant:
    """A function with one slip, and the slip in words, as in "a square is missing".

    name, source: the function's. line: the first of the right function's that the slip changes, or the one that it puts
    before all others. around: the names of the module in which the right function stands.
    """

    change: str
    name: str
    source: str
    line: str
    around: dict = field(repr=False, compare=False)

    @cached_property
    def function(self) -> Callable:
        """The function itself, compiled when it is first asked for: of hundreds, few may be needed."""
        names = self.around | {"_through": _through, "_through_many": _through_many, "torch": torch}
        exec(compile(self.source, f"<{self.name}: {self.change}>", "exec"), names)
        return names[self.name]


def mutants(function: Callable) -> list[Mutant]:
    """Return the function with each slip that one place of its source allows.

    >>> from nstlib.checks import references
    >>> [mutant.change for mutant in mutants(references.total_cost)][:3]
    ['there is a minus where a plus belongs', 'there is a product where a plus belongs', 'a term is missing']
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    if ast.get_docstring(definition):
        definition.body = definition.body[1:]
    right = ast.unparse(definition)
    texts = {right}
    found = []
    for change, text in _changed(definition):
        if text not in texts:
            texts.add(text)
            found.append(Mutant(change, definition.name, text, _line(right, text), function.__globals__))
    return found


def _line(right: str, text: str) -> str:
    """Return the first line in which two sources differ: the right one's, but where a line was put in."""
    lines, others = right.splitlines(), text.splitlines()
    pairs = enumerate(zip(lines, others, strict=False))  # of different lengths where a line was put in
    at = next((k for k, (line, other) in pairs if line != other), min(len(lines), len(others)) - 1)
    return (others if len(others) > len(lines) else lines)[at].strip()


def _changed(definition: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Give every change, and the definition's source with it."""
    names = _names(definition)
    parameters = {argument.arg for argument in definition.args.args}
    said = {name: f"`{name}`" for name in names} | SAID.get(definition.name, {})
    readable = {id(node): bound for node, bound in _readable(definition.body, list(parameters))}
    places = [place for place in _places(definition) if isinstance(place.node, ast.expr | ast.stmt)]
    for place in places:
        for change, new in [*_of_node(place.node), *_of_name(place.node, said, readable.get(id(place.node), ()))]:
            place.put(new)
            yield change, ast.unparse(definition)
            place.put(place.node)
    yield from _on_the_way(definition)


@dataclass(frozen=True)
class _Place:
    """Where a node stands: in a field of its parent, or at a place in the list that the field holds."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None

    def put(self, new: ast.AST) -> None:
        """Put another node there; what is left of the old one it may hold itself."""
        if self.index is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.index] = new


def _places(tree: ast.AST) -> list[_Place]:
    """Return every place below a tree, in the order of `ast.walk`."""
    found = []
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                found.append(_Place(value, parent, name, None))
            elif isinstance(value, list):
                nodes = ((index, node) for index, node in enumerate(value) if isinstance(node, ast.AST))
                found += [_Place(node, parent, name, index) for index, node in nodes]
    return found


def _of_node(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "a minus is missing", node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from _of_constant(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from _of_call(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "a transpose is missing", node.value
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.Lt | ast.Gt | ast.GtE):
        opposite = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
        new = opposite[type(node.ops[0])]()
        yield "a condition is the wrong way round", ast.Compare(node.left, [new], node.comparators)
    elif isinstance(node, ast.AugAssign):
        yield "a sum is assigned afresh at each turn of the loop", ast.Assign([node.target], node.value, lineno=0)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        end = node.args[-1]
        yield "a loop begins at 1", ast.Call(node.func, [ast.Constant(1), end], [])
        yield "a loop ends one turn early", ast.Call(node.func, [ast.BinOp(end, ast.Sub(), ast.Constant(1))], [])


def _of_operation(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    kind = type(node.op)
    if kind not in OPERATIONS:
        return
    for other in EXCHANGED[kind]:
        yield (
            f"there is {OPERATIONS[other]} where {OPERATIONS[kind]} belongs",
            ast.BinOp(node.left, other(), node.right),
        )
    yield f"{OPERATES[kind]} is missing", node.left
    if kind is not ast.Pow:
        yield f"{OPERATES[kind]} is missing", node.right
        yield f"{OPERATES[kind]} comes twice", ast.BinOp(node, node.op, node.right)
    if kind in (ast.Sub, ast.Div, ast.MatMult):
        yield (f"the two sides of {OPERATIONS[kind]} are exchanged", ast.BinOp(node.right, node.op, node.left))


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    for new in dict.fromkeys((value + 1, value - 1, 2 * value, -value, value / 2 if value % 2 else value // 2, 0)):
        if new != value:
            yield f"{new:g} stands where {value:g} belongs", ast.Constant(new)


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    """Leave a method out, do it twice, or call another with the same arguments."""
    function = node.func
    if isinstance(function.value, ast.Name) and function.value.id in ("torch", "references"):
        if len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], ast.Starred):
            yield f"`{function.attr}` is missing", node.args[0]
        return
    step = STEPS.get(function.attr)
    if step is None:
        return
    yield f"{step} is missing", function.value
    yield f"{step} comes twice", ast.Call(ast.Attribute(node, function.attr, ast.Load()), node.args, node.keywords)
    for other in SIBLINGS.get(function.attr, ()):
        keywords = [word for word in node.keywords if function.attr in ("std", "var")]
        call = ast.Call(ast.Attribute(function.value, other, ast.Load()), node.args, keywords)
        yield f"there is {STEPS[other]} where {step} belongs", call
    if node.keywords:
        yield f"{step} is taken without `{node.keywords[0].arg}`", ast.Call(function, node.args, node.keywords[1:])
    if node.args:
        yield f"{step} is taken over everything", ast.Call(function, [], node.keywords)


def _names(definition: ast.FunctionDef) -> list[str]:
    parameters = [argument.arg for argument in definition.args.args]
    bound = [node.id for node in ast.walk(definition) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return list(dict.fromkeys([*parameters, *bound]))


def _readable(nodes: Iterable[ast.AST], bound: list[str]) -> Iterator[tuple[ast.Name, tuple[str, ...]]]:
    """Give each name that is read, with the names that have a value there; `bound` gets those that the nodes bind."""
    for node in nodes:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                bound.append(node.id)
            else:
                yield node, tuple(bound)
        elif isinstance(node, ast.Assign):
            yield from _readable([node.value, *node.targets], bound)
        elif isinstance(node, ast.For):
            yield from _readable([node.iter, node.target, *node.body, *node.orelse], bound)
        elif isinstance(node, ast.comprehension):
            yield from _readable([node.iter, node.target, *node.ifs], bound)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            yield from _readable([*node.generators, *results], list(bound))
        else:
            inner = isinstance(node, ast.FunctionDef | ast.Lambda)
            yield from _readable(ast.iter_child_nodes(node), list(bound) if inner else bound)


def _of_name(node: ast.AST, said: dict[str, str], bound: Collection[str]) -> Iterator[tuple[str, ast.AST]]:
    """Put each other name that has a value there in a name's place; said: how a sentence calls each."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in said:
        for other in said:
            if other != node.id and other in bound:
                yield f"{said[other]} stands where {said[node.id]} belongs", ast.Name(other, ast.Load())


def _through(step: Callable, value):
    """Take a step with a tensor, or with each one in a tuple, or each number in a dictionary or list."""
    if isinstance(value, torch.Tensor):
        return step(value)
    if isinstance(value, tuple):
        return tuple(_through(step, item) for item in value)
    if isinstance(value, dict):
        return {name: _through(step, item) for name, item in value.items()}
    if isinstance(value, list | float | int):
        return step(torch.tensor(value, dtype=torch.float64)).tolist()
    return value


def _through_many(step: Callable, value):
    """Take a step that says nothing of a single number: such a slip cannot be made there."""
    return _through(lambda x: step(_several(x)), value)


def _several(x: torch.Tensor) -> torch.Tensor:
    if x.ndim == 0:
        raise ValueError("Expected several numbers, got one: this step needs more.")
    return x


def _on_the_way(definition: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Change an argument, or the features of both pictures, before anything else; or the result after everything."""
    body = definition.body
    names = [argument.arg for argument in definition.args.args]
    for name in names:
        for expression, words in ON_THE_WAY.items():
            definition.body = [*_step_first(expression, name), *body]
            yield f"`{name}` is {words} first", ast.unparse(definition)
    features = [name for name in names if name.startswith("features_")]
    if len(features) > 1:
        for expression, words in (ON_THE_WAY | MIXED).items():
            definition.body = [*_step_first(expression, *features), *body]
            both = words.replace(" its ", " their ")
            yield f"the features of both pictures are first {both}", ast.unparse(definition)
    definition.body = body
    returns = [node for node in ast.walk(definition) if isinstance(node, ast.Return) and node.value is not None]
    values = [node.value for node in returns]
    for expression, words in ON_THE_WAY.items():
        for node, value in zip(returns, values, strict=True):
            node.value = ast.parse(_passed(expression, ast.unparse(value)), mode="eval").body
        yield f"the result is {words}", ast.unparse(definition)


def _step_first(expression: str, *names: str) -> list[ast.stmt]:
    return ast.parse("\n".join(f"{name} = {_passed(expression, name)}" for name in names)).body


def _passed(expression: str, value: str) -> str:
    through = "_through_many" if expression in OF_MANY else "_through"
    return f"{through}(lambda x: {expression}, {value})"
