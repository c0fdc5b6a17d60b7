"""ex02.soft_mask: the Gram matrix of a part of the picture."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


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


def _chosen(features, mask):
    return references.gram_matrix(features * mask) / mask.sum().clamp(min=1)


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
            "after-the-sum",
            lambda f, mask: references.gram_matrix(f) * mask.mean(),
            "You multiplied the finished sums by the mask's mean: so all positions still count alike. The mask has to "
            "weigh each position's products before they are summed.",
            TRIED,
        ),
        Misconception(
            "softmax",
            lambda f, mask: (f.flatten(1) * mask.flatten().softmax(0)) @ f.flatten(1).T,
            "The mask went through a softmax, so a position with 0 still counts. To make the shares' sum 1, divide the "
            "mask by its own sum.",
            TRIED,
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
