"""ex05.total_cost: content, style and their weights in one number."""

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _costs(draw: Draw) -> list[Case]:
    few = tuple(map(float, draw.shuffled((2, 3, 5, 7, 10))[:4]))
    numbers = tuple(draw.number(0.5, 9.0) for _ in range(4))
    tensors = (draw.uniform(low=1, high=5), draw.uniform(low=1, high=5), draw.number(1, 2), draw.number(10, 40))
    cases = []
    for costs, gradient in ((few, ()), (numbers, ()), (tensors, (0, 1))):
        words = "J_content = {:.3g}, J_style = {:.3g}, α = {:.3g}, β = {:.3g}".format(*map(float, costs))
        symbols = {"α": float(costs[2]), "β": float(costs[3])}
        cases.append(Case(costs, f"tensors, {words}" if gradient else words, symbols, gradient))
    return cases


total_cost = Question(
    id="ex05.total_cost",
    points=1,
    reference=references.total_cost,
    cases=_costs,
    tolerance=BY_TORCH,
    kinds=frozenset({"number", "tensor"}),
    confirmation="J = α J_content + β J_style.",
    hints=(
        "Two costs, two weights, one number.",
        "α belongs to content, β to style.",
        "`alpha * j_content + beta * j_style`.",
    ),
    reread="lesson 05, section 1",
    difficulty=1,
    importance=4,
    minutes=2,
    misconceptions=(
        Misconception(
            "exchanged",
            lambda c, s, a, b: b * c + a * s,
            "α and β are exchanged: α weighs content, β style.",
            FORESEEN,
        ),
        Misconception(
            "unweighted",
            lambda c, s, a, b: c + s,
            "You added the two costs without α and β.",
            FORESEEN,
        ),
        Misconception(
            "beta-only",
            lambda c, s, a, b: c + b * s,
            "α is missing: content has a weight, too.",
            "jcjohnson/neural-style, issue 87: is one of the two enough?",
        ),
        Misconception(
            "averaged",
            lambda c, s, a, b: (a * c + b * s) / (a + b),
            "You divided by α + β. J is the weighted sum itself.",
            FORESEEN,
        ),
        Misconception(
            "alpha-only",
            lambda c, s, a, b: a * c + s,
            "β is missing: style has a weight, too.",
            TRIED,
        ),
        Misconception(
            "one-weight",
            lambda c, s, a, b: a * (c + s),
            "You weighted both costs by α. β belongs to style.",
            TRIED,
        ),
        Misconception(
            "shares",
            lambda c, s, a, b: a * c + (1 - a) * s,
            "β is not used: you weighted style by 1 − α. The two weights need not add up to 1; each is given.",
            TRIED,
        ),
        Misconception(
            "product",
            lambda c, s, a, b: a * c * b * s,
            "You multiplied the two terms. J is their sum.",
            TRIED,
        ),
        Misconception(
            "difference",
            lambda c, s, a, b: a * c - b * s,
            "You subtracted style. Then the optimiser would make it larger. J is the sum.",
            TRIED,
        ),
        Misconception(
            "ratio-alone",
            lambda c, s, a, b: c + b / a * s,
            "You used the ratio β/α alone: that moves the minimum nowhere, but J is α times that. Multiply each cost "
            "by its own weight.",
            TRIED,
        ),
        Misconception(
            "squared",
            lambda c, s, a, b: (a * c) ** 2 + (b * s) ** 2,
            "You squared the terms. The squares are inside the two costs already.",
            TRIED,
        ),
    ),
)
