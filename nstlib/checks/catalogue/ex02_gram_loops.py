"""ex02.gram_loops: the Gram matrix by three loops."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_M, POSITIONS, TENSORFLOW
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _unrolled(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 3), draw.whole(2, 3) / 2]
    while (drawn[1][0] * drawn[1][1]).sum() >= 0 or not (drawn[1] % 1).any():  # a negative entry, and halves
        drawn[1] = draw.whole(2, 3) / 2
    for ranges in (((3, 6), (7, 9)), ((5, 6), (2, 4))):
        drawn.append(draw.normal(*draw.sizes(*ranges)))
    return [
        Case((F,), f"{len(F)} filters × {len(F[0])} positions", {"N": len(F), "M": len(F[0])}, gradient=())
        for F in drawn
    ]


def _rows(F):
    return torch.as_tensor(F)


def _only_diagonal(F):
    F = _rows(F)
    return torch.diag(F.square().sum(1)).tolist()


def _upper(F):
    return torch.triu(_rows(F) @ _rows(F).T).tolist()


def _by_one_list(F):
    G = _rows(F) @ _rows(F).T
    return [G.sum(0).tolist()] * len(G)


def _over_filters(F):
    filters = range(len(F))
    return [[sum(float(F[k][i]) * float(F[other][i]) for i in filters) for other in filters] for k in filters]


def _last_row(F):
    G = _rows(F) @ _rows(F).T
    return [G[-1].tolist()] * len(G)


gram_loops = Question(
    id="ex02.gram_loops",
    points=2,
    reference=references.gram_loops,
    cases=_unrolled,
    confirmation="N × N: the sum over positions of the product of two filters' answers, for every pair of filters.",
    hints=(
        "G has a row and a column for each filter. How many loops choose the pair, how many run over positions?",
        "For filters k and l: start at 0, and for every position i add F[k][i] · F[l][i].",
        "Three loops: k and l over the rows of F, i over its columns. Only i is summed away.",
    ),
    reread="lesson 02, section 1",
    kinds=frozenset({"list", "tuple", "tensor", "numpy"}),
    difficulty=1,
    importance=5,
    minutes=10,
    misconceptions=(
        Misconception(
            "positions",
            lambda F: (_rows(F).T @ _rows(F)).tolist(),
            POSITIONS,
            "DeepLearning.AI's test says: check the order of the matmul parameters",
        ),
        Misconception(
            "inner-loop-over-N",
            _over_filters,
            "Your inner loop runs over N, so it misses positions, or asks for some that are not there. It runs over "
            "the M columns of F: here M = {M}.",
            TRIED,
        ),
        Misconception("divided-by-M", lambda F: (_rows(F) @ _rows(F).T / len(F[0])).tolist(), BY_M, TENSORFLOW),
        Misconception(
            "only-diagonal",
            _only_diagonal,
            "Only the diagonal is filled: each filter was multiplied with itself. The pairs of different filters "
            "are missing: two loops choose the pair.",
            "a thread asks whether the diagonal alone would do (forums.fast.ai, 2881)",
        ),
        Misconception(
            "each-pair-once",
            _upper,
            "Below the diagonal everything is 0. You computed each pair once, but it belongs in two places: G is "
            "symmetric.",
            "a question calls G the numbers for each pairing of channels (stats.stackexchange, 333586)",
        ),
        Misconception(
            "last-position",
            lambda F: torch.outer(_rows(F)[:, -1], _rows(F)[:, -1]).tolist(),
            "Each entry holds the last position's product alone. Inside the inner loop add (`+=`), do not assign.",
            FORESEEN,
        ),
        Misconception(
            "one-list",
            _by_one_list,
            "All rows are the same: `[[0] * N] * N` makes one list and names it N times, so each `+=` lands in "
            "every row. Make a new list for each row: `[[0] * N for _ in range(N)]`.",
            "Python's FAQ: how do I create a multidimensional list?",
        ),
        Misconception(
            "one-list-assigned",
            _last_row,
            "All rows are the last one: `[[0] * N] * N` makes one list and names it N times. Make a new list for "
            "each row: `[[0] * N for _ in range(N)]`.",
            "Python's FAQ: how do I create a multidimensional list?",
        ),
        Misconception(
            "first-position-missing",
            lambda F: (_rows(F)[:, 1:] @ _rows(F)[:, 1:].T).tolist(),
            "The first position is missing: the loop over positions begins at 1. Counting begins at 0, and "
            "`range(M)` gives all {M}.",
            TRIED,
        ),
        Misconception(
            "last-position-missing",
            lambda F: (_rows(F)[:, :-1] @ _rows(F)[:, :-1].T).tolist(),
            "The last position is missing: `range(M - 1)` stops one too early. `range(M)` gives 0 to M − 1, which "
            "are all {M}.",
            TRIED,
        ),
        Misconception(
            "sums",
            lambda F: (_rows(F)[:, None] + _rows(F)[None]).sum(-1).tolist(),
            "You added the two filters' numbers. G adds up their products: F[k][i] · F[l][i].",
            TRIED,
        ),
        Misconception(
            "whole-numbers",
            lambda F: (_rows(F).trunc() @ _rows(F).trunc().T).tolist(),
            "The digits after the point are lost: `int` cuts them off. Use the numbers as they are, or `float`.",
            TRIED,
        ),
        Misconception(
            "lower-triangle",
            lambda F: (_rows(F) @ _rows(F).T).tril().tolist(),
            "Above the diagonal everything is 0. You computed each pair once, but it belongs in two places: G is "
            "symmetric.",
            TRIED,
        ),
        Misconception(
            "above-the-diagonal",
            lambda F: (_rows(F) @ _rows(F).T).triu(1).tolist(),
            "Only the entries above the diagonal are filled: the second loop begins after the first one's filter. Each "
            "filter also meets itself, and each pair belongs in two places.",
            TRIED,
        ),
        Misconception(
            "below-the-diagonal",
            lambda F: (_rows(F) @ _rows(F).T).tril(-1).tolist(),
            "Only the entries below the diagonal are filled: the second loop ends before the first one's filter. Each "
            "filter also meets itself, and each pair belongs in two places.",
            TRIED,
        ),
        Misconception(
            "no-diagonal",
            lambda F: ((_rows(F) @ _rows(F).T) * (1 - torch.eye(len(F)))).tolist(),
            "The diagonal is 0: the products of each filter with itself are missing.",
            TRIED,
        ),
        Misconception(
            "absolute",
            lambda F: (_rows(F) @ _rows(F).T).abs().tolist(),
            "The signs are gone. An entry of G is negative where two filters answer with opposite signs; keep it so.",
            TRIED,
        ),
    ),
)
