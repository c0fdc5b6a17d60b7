"""ex07.same_diagonal: other features with the same diagonal."""

import torch

from nstlib.checks import references
from nstlib.checks.catalogue.shared import negative_row, positive
from nstlib.checks.questions import FORESEEN, Misconception, Question

same_diagonal = Question(
    id="ex07.same_diagonal",
    points=3,
    reference=references.same_diagonal,
    cases=positive,
    confirmation="The diagonal cannot see the difference, and the whole Gram matrix can.",
    hints=(
        "The diagonal of G holds each filter's own sum of squares. What leaves that alone?",
        "Move one filter's answers to other positions, and leave the other filters where they are.",
        "`F[0].roll(1)` in place of the first row.",
    ),
    reread="lesson 07, section 2",
    difficulty=2,
    importance=3,
    minutes=8,
    property="the same diagonal",
    misconceptions=(
        Misconception(
            "same-gram",
            lambda F: F.flip(1),
            "The whole Gram matrix is the same, as when all filters move alike. Move one filter and leave the others.",
            FORESEEN,
        ),
        Misconception(
            "sign",
            negative_row,
            "Something in F′ is negative, which no ReLU gives. For matrices alone, turning a filter's sign would "
            "do; here stay at 0 or above.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "scaled",
            lambda F: torch.cat([2 * F[:1], F[1:]]),
            "The diagonal changes: a filter is stronger or weaker than it was. Its numbers must stay, in other places.",
            FORESEEN,
        ),
        Misconception(
            "transposed",
            lambda F: F.T,
            "F′ has another shape than F. It has the same filters and positions.",
            FORESEEN,
        ),
    ),
)
