"""Questions on matrices: a soft mask, two features with one Gram matrix, and a gradient by hand."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw

FORESEEN = "foreseen by the authors"


def _masked(draw: Draw) -> list[Case]:
    drawn = [(draw.whole(2, 1, 3), torch.tensor([[1.0, 0.5, 0.0]]).double())]
    for dtype, filters, most in ((torch.float64, (6, 8), 7), (torch.float32, (3, 4), 8), (torch.float64, (7, 9), 3)):
        n, height, width = draw.sizes(filters, (2, most), (2, most))
        mask = draw.uniform(height, width, low=-0.4, dtype=dtype).clamp(min=0)  # at some positions 0
        mask[0, 0], mask[-1, -1] = 0.0, 0.7
        drawn.append((draw.normal(n, height, width, dtype=dtype), mask))
    cases = []
    for features, mask in drawn:
        n, height, width = features.shape
        words = f"{n} filters on {height} × {width} positions and a mask of numbers from 0 to 1"
        symbols = {"N": n, "M": height * width, "H": height, "W": width}
        cases.append(Case((features, mask), words, symbols))
    return cases


def _positive(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 3).abs() + 1]
    for ranges in (((3, 5), (6, 8)), ((6, 7), (3, 5))):
        drawn.append(draw.uniform(*draw.sizes(*ranges), low=0.1, high=2))
    return [
        Case((F,), f"{len(F)} filters × {len(F[0])} positions, none negative", {"N": len(F), "M": len(F[0])}, ())
        for F in drawn
    ]


def _centred_targets(draw: Draw) -> list[Case]:
    drawn = [(draw.whole(2, 3), draw.whole(2, 3))]
    for ranges in (((4, 5), (8, 9)), ((2, 3), (5, 7)), ((6, 7), (3, 4))):
        size = draw.sizes(*ranges)
        drawn.append((draw.normal(*size), draw.normal(*size, mean=0.8)))
    F, S = drawn[-1]  # here the cost is so large beside its gradient that a finite difference of it is far off
    across = torch.linalg.svd(F - F.mean(1, keepdim=True))[0][:, -1]
    wave = torch.ones(S.shape[1]).double().cumsum(0)
    drawn[-1] = (F, 300 * across[:, None] * (wave - wave.mean()))
    cases = []
    for F, S in drawn:
        n, m = F.shape
        words = f"{n} filters × {m} positions and the covariance of a style"
        cases.append(Case((F, torch.cov(S, correction=0)), words, {"N": n, "M": m}, gradient=()))
    return cases


def _chosen(features, mask):
    return references.gram_matrix(features * mask) / mask.sum().clamp(min=1)


def _covariance(F):
    return torch.cov(F, correction=0)


def _negative_row(F):
    return torch.cat([-F[:1], F[1:]])


soft_mask = Question(
    id="ex02.soft_mask",
    points=4,
    reference=references.soft_masked_gram,
    cases=_masked,
    confirmation="Each position counts by its mask, once, and the sum is divided by the mask's sum.",
    hints=(
        "A mask of 0s and 1s chooses positions. What does 0.5 do? How often should it stand in each product?",
        "Multiply one of the two factors by the mask, not both: (m F) Fᵀ.",
        "Divide by what the sum of m would be if all positions counted fully: by Σ m in place of M.",
    ),
    reread="lesson 07, section 10",
    difficulty=3,
    importance=3,
    minutes=10,
    misconceptions=(
        Misconception(
            "mask-squared",
            lambda f, mask: references.gram_matrix(f * mask) / mask.sum(),
            "The mask counts twice, since it stands in both factors: 0.5 became 0.25. Multiply only one of them by it.",
            "masking the features, as in neural-doodle, multiplies both factors",
        ),
        Misconception(
            "not-divided",
            lambda f, mask: (f * mask).flatten(1) @ f.flatten(1).T,
            "The sum is not divided. Divide by the sum of the mask: that is how many positions count.",
            FORESEEN,
        ),
        Misconception(
            "divided-by-M",
            lambda f, mask: (f * mask).flatten(1) @ f.flatten(1).T / mask.numel(),
            "You divided by all M = {M} positions. Only Σ m of them count: a small mask would make a weak style.",
            "a mask's style that pales as the mask shrinks",
        ),
        Misconception(
            "cut-at-half",
            lambda f, mask: _chosen(f, (mask > 0.5).to(f)),
            "You made the mask 0 or 1 first. A soft edge is meant: a position with 0.3 counts by 0.3.",
            FORESEEN,
        ),
        Misconception(
            "any-position",
            lambda f, mask: _chosen(f, (mask > 0).to(f)),
            "Every position whose mask is above 0 counts fully in your sum. A position with 0.3 counts by 0.3.",
            FORESEEN,
        ),
        Misconception(
            "divided-by-count",
            lambda f, mask: (f * mask).flatten(1) @ f.flatten(1).T / (mask > 0).sum(),
            "You divided by how many positions have a mask above 0. A position with 0.3 counts by 0.3, there as in "
            "the sum: divide by Σ m.",
            TRIED,
        ),
        Misconception(
            "squares-divided",
            lambda f, mask: references.gram_matrix(f * mask) / mask.square().sum(),
            "The mask stands in both factors and, squared, in the divisor. That weighs by m². Weigh by m: one "
            "factor, and Σ m.",
            FORESEEN,
        ),
        Misconception(
            "centred",
            lambda f, mask: references.soft_masked_gram(f - f.mean((1, 2), keepdim=True), mask),
            "You subtracted each filter's mean first. The Gram matrix keeps the means.",
            FORESEEN,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "outside",
            lambda f, mask: references.soft_masked_gram(f, 1 - mask),
            "This is the Gram matrix of what lies outside: you used 1 − m.",
            FORESEEN,
        ),
    ),
)
equal_grams = Question(
    id="ex02.equal_grams",
    points=5,
    reference=references.two_with_equal_gram,
    cases=_positive,
    confirmation="Two different pictures' features could have this one style; no ReLU gives the second.",
    hints=(
        "What does the Gram matrix forget? Lesson 02 moved things about and G stayed.",
        "Which change of all of F leaves every product F_ki · F_k'i as it is, although no number stays? And what "
        "did the ReLU do to negative numbers?",
        "Move the columns of F, all rows alike, for A. For B turn the sign of every number, or of a whole column.",
    ),
    reread="lesson 02, section 5",
    difficulty=3,
    importance=4,
    minutes=10,
    kinds=frozenset({"tuple", "list", "tensor"}),
    property="equal Gram matrices",
    misconceptions=(
        Misconception(
            "the-same",
            lambda F: (F, -F),
            "Your A is F itself. Another matrix with the same Gram matrix is wanted.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "both-possible",
            lambda F: (F.flip(1), F.roll(1, 1)),
            "Both of yours could come out of a ReLU: nothing is negative. B must have F's Gram matrix and a "
            "negative number.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "rows-moved",
            lambda F: (F.flip(0), -F),
            "A has another Gram matrix than F: moving rows of F moves the rows of G, too, and a larger F has a "
            "larger G. Leave the numbers and move columns, the positions, all rows alike.",
            FORESEEN,
        ),
        Misconception(
            "one-row",
            lambda F: (F.flip(1), _negative_row(F)),
            "B has another Gram matrix than F. If you turned one filter's sign: its products with all others turned "
            "theirs. What turns both factors of every product?",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "exchanged",
            lambda F: (-F, F.flip(1)),
            "A and B are exchanged: A is the one that a ReLU can give.",
            FORESEEN,
            credit=3,
        ),
    ),
)
covariance_gradient = Question(
    id="ex03.covariance_gradient",
    points=4,
    reference=references.covariance_gradient,
    cases=_centred_targets,
    confirmation="(Cov_X − Cov_S) F_centred / (N² M), and what the mean would have added is zero.",
    hints=(
        "Write Cov as F_c F_cᵀ / M with the centred F_c, and take the derivative by F_c as you did for the Gram "
        "matrix.",
        "One number of F changes the mean of its row, and so all of F_c. What does that add? The rows of (Cov_X − "
        "Cov_S) F_c sum to 0.",
        "2 · 2 · ¼ = 1 again. What remains is the difference of the covariances times the centred F, over N² M.",
    ),
    reread="lesson 03, section 2",
    difficulty=4,
    importance=4,
    minutes=15,
    by_hand=True,
    misconceptions=(
        Misconception(
            "not-centred",
            lambda F, S: (_covariance(F) - S) @ F / (len(F) ** 2 * F.shape[1]),
            "The last factor is F. It is the centred F: adding a constant to a filter changes no covariance, so "
            "each row of the gradient sums to 0.",
            FORESEEN,
        ),
        Misconception(
            "gram",
            lambda F, S: (F @ F.T / F.shape[1] - S) @ F / (len(F) ** 2 * F.shape[1]),
            "You took the gradient of the Gram matrix's cost. The covariance subtracts each filter's mean first.",
            FORESEEN,
        ),
        Misconception(
            "quarter-left",
            lambda F, S: references.covariance_gradient(F, S) / 4,
            "Your gradient is 4 times too small: the ¼ is still there. The 2 of the square and the 2 of row and "
            "column cancel it.",
            "lesson 03: the ¼ cancels two 2s",
            credit=2,
        ),
        Misconception(
            "one-two",
            lambda F, S: references.covariance_gradient(F, S) / 2,
            "Your gradient is half as large as it should be: a number of F counts in a row and in a column of the "
            "covariance.",
            "lesson 03, claim “row and column”",
            credit=2,
        ),
        Misconception(
            "centred-positions",
            lambda F, S: (_covariance(F) - S) @ (F - F.mean(0)) / (len(F) ** 2 * F.shape[1]),
            "You centred the last factor over the filters, at each position. Each filter has a mean of its own, over "
            "its positions: `F.mean(1, keepdim=True)`.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "M-squared",
            lambda F, S: references.covariance_gradient(F, S) / F.shape[1],
            "You divided by M² = {M}². The covariances here are divided by M already, so one more M comes from the "
            "chain rule, not two.",
            FORESEEN,
        ),
        Misconception(
            "no-M",
            lambda F, S: references.covariance_gradient(F, S) * F.shape[1],
            "M is missing: the covariance is a mean over {M} positions, and each of them has a share of 1/M.",
            FORESEEN,
        ),
        Misconception(
            "sample",
            lambda F, S: (torch.cov(F) - S) @ (F - F.mean(1, keepdim=True)) / (len(F) ** 2 * F.shape[1]),
            "Your covariance divides by M − 1, as `torch.cov` does unless told otherwise. Here it divides by M.",
            "torch.cov's default, correction=1",
            reread="lesson 02, section 3",
        ),
        Misconception(
            "uphill",
            lambda F, S: -references.covariance_gradient(F, S),
            "The sign is the wrong way round: the gradient points where the cost grows.",
            FORESEEN,
        ),
    ),
)
same_diagonal = Question(
    id="ex07.same_diagonal",
    points=3,
    reference=references.same_diagonal,
    cases=_positive,
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
            _negative_row,
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
