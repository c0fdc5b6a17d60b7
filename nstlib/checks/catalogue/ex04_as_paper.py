"""ex04.as_paper: weights that turn one program's cost into the paper's."""

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH, LAYER_NAMES, in_proportion, rounded, softmax
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _widths(draw: Draw) -> list[Case]:
    cases = []
    for least, most in ((2, 2), (3, 4), (5, 6)):
        names = draw.shuffled(LAYER_NAMES, unlike=LAYER_NAMES)[: draw.sizes((least, most))[0]]
        widths = {name: draw.sizes((1, 64))[0] * 8 for name in names}
        if least == 2:
            widths = dict(zip(names, draw.shuffled((1, 2, 3)), strict=False))
        words = "the numbers of filters " + ", ".join(f"{name}: {n}" for name, n in widths.items())
        cases.append(Case((widths,), words, {"L": len(widths)}, gradient=()))
    return cases


def _softmax(exponent):
    def answer(widths):
        whole = sum(n**2 for n in widths.values())
        return softmax({layer: float(exponent(n, whole)) for layer, n in widths.items()})

    return answer


as_paper = Question(
    id="ex04.as_paper",
    points=3,
    reference=references.weights_as_paper,
    cases=_widths,
    confirmation="λ_l ∝ N_l²: it takes back what the program divides by.",
    hints=(
        "By which factor does E_l of `mean_chw` differ from the paper's, layer by layer?",
        "The factor is 4/N_l². Which λ_l make λ_l · 4/N_l² the same for all layers?",
        "λ_l = N_l² / Σ N².",
    ),
    reread="lesson 03, section 6",
    difficulty=3,
    importance=3,
    minutes=8,
    kinds=frozenset({"dict"}),
    tolerance=BY_TORCH,
    misconceptions=(
        Misconception(
            "inverse",
            lambda widths: in_proportion(widths, -2),
            "You divided by N². The program divides by N² already: λ has to take that back, so multiply.",
            FORESEEN,
        ),
        Misconception(
            "not-squared",
            lambda widths: in_proportion(widths),
            "Your λ_l grow like N. The program's factor is 4/N²: take N_l².",
            FORESEEN,
        ),
        Misconception(
            "not-normalised",
            lambda widths: {name: n**2 for name, n in widths.items()},
            "The weights are in the right proportion, but do not add up to 1. Divide by their sum.",
            FORESEEN,
            credit=2,
            reread="lesson 04, section 1",
        ),
        Misconception(
            "equal",
            lambda widths: dict.fromkeys(widths, 1 / len(widths)),
            "All weights are equal. Then the wide layers count N² times less than in the paper.",
            FORESEEN,
        ),
        Misconception(
            "fourth-power",
            lambda widths: in_proportion(widths, 4),
            "Your λ_l grow like N⁴. One N² is left to take back: the other is the paper's own.",
            "both divisions by N are seen, and both taken back",
        ),
        Misconception(
            "the-factor",
            lambda widths: {name: 4 / n**2 for name, n in widths.items()},
            "4/N² is by how much the program's cost differs. λ has to take that back: in proportion to N², with the "
            "sum 1.",
            TRIED,
        ),
        Misconception(
            "square-of-shares",
            lambda widths: {name: (n / sum(widths.values())) ** 2 for name, n in widths.items()},
            "The weights are in the right proportion, but do not add up to 1: you squared after dividing. Divide the "
            "squares by the sum of the squares.",
            TRIED,
            credit=2,
            reread="lesson 04, section 1",
        ),
        *(
            Misconception(
                name,
                _softmax(exponent),
                f"This is softmax({shown}). The weights add up to 1, but λ_l · 4/N_l² is not the same for all: to make "
                "the sum 1, divide N² by the sum of all N².",
                TRIED,
            )
            for name, exponent, shown in (
                ("softmax", lambda n, whole: n, "N"),
                ("softmax-of-squares", lambda n, whole: n**2, "N²"),
                ("softmax-of-weights", lambda n, whole: n**2 / whole, "N² / Σ N²"),
                ("softmax-of-the-factor", lambda n, whole: 4 / n**2, "4/N²"),
                ("softmax-of-minus-the-factor", lambda n, whole: -4 / n**2, "−4/N²"),
            )
        ),
        Misconception(
            "root",
            lambda widths: in_proportion(widths, 0.5),
            "Your λ_l grow like √N. The program's factor is 4/N²: take N_l².",
            TRIED,
        ),
        Misconception(
            "quarter",
            lambda widths: {name: n**2 / 4 for name, n in widths.items()},
            "λ_l · 4/N_l² is 1 for all layers, but the weights do not add up to 1. Divide by their sum.",
            FORESEEN,
            credit=2,
            reread="lesson 04, section 1",
        ),
        *rounded(references.weights_as_paper, 1, 2, 3, 4),
    ),
)
