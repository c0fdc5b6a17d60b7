"""ex03.factor: by what another program's style cost differs from the paper's."""

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw

FAMILIES = ("gatys", "mean_hw", "sum_chw", "mean_chw", "keras")


def _layers(draw: Draw) -> list[Case]:
    cases = []
    for convention in (*FAMILIES, *FAMILIES):  # two calls each: a formula in N, M and HW that fits both is no chance
        n, m, hw = draw.sizes((16, 512), (100, 3000), (4000, 60000))
        words = f"{convention!r}, N = {n}, M = {m} and HW = {hw}"
        symbols = {"N": n, "M": m, "HW": hw}
        cases.append(Case((convention, n, m, hw), words, symbols, gradient=(), group=convention))
    return cases


def _without(names):
    return lambda c, n, m, hw: references.convention_factor("gatys" if c in names else c, n, m, hw)


factor = Question(
    id="ex03.factor",
    points=4,
    reference=references.convention_factor,
    cases=_layers,
    kinds=frozenset({"number", "tensor"}),
    confirmation="1, 4, 4, 4/N² and N² M² / (9 (HW)²): only the first three can be absorbed by β.",
    hints=(
        "Write each program's cost as (a constant) · Σ (G_X − G_S)², and the paper's too. Then divide.",
        "A mean over the entries of G is a sum over N² of them. Who divides by N inside as well?",
        "The Keras example has 3 in place of N and the picture's pixels in place of M.",
    ),
    reread="lesson 03, section 6",
    difficulty=3,
    importance=4,
    minutes=15,
    misconceptions=(
        Misconception(
            "upside-down",
            lambda *sizes: 1 / references.convention_factor(*sizes),
            "All factors are upside down: you divided the paper's cost by the program's.",
            "a forum compares 1/4 with 1 and is unsure which one is larger (C4W1 lab)",
        ),
        Misconception(
            "no-four",
            lambda c, n, m, hw: references.convention_factor(c, n, m, hw) / (1 if c in ("gatys", "keras") else 4),
            "The 4 is missing in three of them: only the paper and the Keras example divide by 4.",
            "the C4W1 lab's forum: the 1/4 is missing without explanation",
        ),
        Misconception(
            "mean-is-sum",
            lambda c, n, m, hw: references.convention_factor("sum_chw" if c == "mean_chw" else c, n, m, hw),
            "`mean_chw` is not `sum_chw`: it divides by N inside the Gram matrices and by N² in the mean, so 4/N².",
            "jcjohnson/fast-neural-style, issue 61",
        ),
        Misconception(
            "sum-is-mean",
            lambda c, n, m, hw: references.convention_factor("mean_chw" if c == "sum_chw" else c, n, m, hw),
            "`sum_chw` divides by N inside and then sums: N² divides once, as in the paper. Its factor is 4.",
            "jcjohnson/fast-neural-style, issue 61, asks about both divisions",
        ),
        Misconception(
            "keras-is-paper",
            _without(("keras",)),
            "The Keras example is not the paper: its 3 and its picture size stand where the layer's N and M belong.",
            "keras-team/keras, pull request 6872: reviewers saw no change",
        ),
        Misconception(
            "keras-only-N",
            lambda c, n, m, hw: n**2 / 9 if c == "keras" else references.convention_factor(c, n, m, hw),
            "In the Keras example you replaced N by 3, but not M by the picture's pixels: N² M² / (9 (HW)²).",
            "forums.fast.ai, 2881, notes the channels alone",
        ),
        Misconception(
            "keras-only-M",
            lambda c, n, m, hw: m**2 / hw**2 if c == "keras" else references.convention_factor(c, n, m, hw),
            "In the Keras example you replaced M by the picture's pixels, but not N by 3: N² M² / (9 (HW)²).",
            TRIED,
        ),
        Misconception(
            "keras-upside-down",
            lambda c, n, m, hw: (3 * hw / (n * m)) ** 2 if c == "keras" else references.convention_factor(c, n, m, hw),
            "Your factor for `keras` is upside down: you divided the paper's cost by the program's.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "keras-not-squared",
            lambda c, n, m, hw: n * m / (3 * hw) if c == "keras" else references.convention_factor(c, n, m, hw),
            "Keras' constants stand squared in its cost: square your factor for it.",
            TRIED,
        ),
        Misconception(
            "one-N",
            lambda c, n, m, hw: 4 / n if c == "mean_chw" else references.convention_factor(c, n, m, hw),
            "`mean_chw` divides by N² twice: once inside, where the square doubles the N, and once in the mean. "
            "Against the paper N² remains.",
            TRIED,
        ),
    ),
)
