"""ex03.program: which program divides by what."""

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, Misconception, Question
from nstlib.checks.random_cases import Draw


def _programs(draw: Draw) -> list[Case]:
    cases = []
    for program in ("a", "b", "c", "a", "b", "c"):
        n, m = draw.sizes((16, 512), (100, 3000))
        words = f"program {program!r}, N = {n} and M = {m}"
        cases.append(Case((program, n, m), words, {"N": n, "M": m}, gradient=(), group=program))
    return cases


program = Question(
    id="ex03.program",
    points=4,
    reference=references.program_factor,
    cases=_programs,
    confirmation="4, 4 / (N² M²) and 2 N: read what a mean runs over, and what was divided before the square.",
    hints=(
        "Write each program's cost as a constant times Σ Δ², where Δ is the difference of the raw Gram matrices. "
        "Then divide by 1 / (4 N² M²).",
        "What is divided inside the Gram matrix is squared afterwards. A root that is divided by in F comes back "
        "whole in F Fᵀ.",
        "a: mean over N² of (Δ/M)². b: Σ (Δ/(N M)²)². c: half a sum over one index and a mean over the other, of "
        "(Δ/M)².",
    ),
    reread="lesson 03, section 6",
    difficulty=4,
    importance=4,
    minutes=15,
    kinds=frozenset({"number", "tensor"}),
    misconceptions=(
        Misconception(
            "upside-down",
            lambda p, n, m: 1 / references.program_factor(p, n, m),
            "All factors are upside down: you divided the paper's cost by the program's.",
            FORESEEN,
        ),
        Misconception(
            "b-divided-once",
            lambda p, n, m: 4 if p == "b" else references.program_factor(p, n, m),
            "In b both factors of F Fᵀ are divided by N M, so G is divided by (N M)², and its square by (N M)⁴.",
            FORESEEN,
        ),
        Misconception(
            "b-mean",
            lambda p, n, m: 4 / n**4 / m**2 if p == "b" else references.program_factor(p, n, m),
            "b sums over the entries of G. You took a mean.",
            FORESEEN,
        ),
        Misconception(
            "c-whole-mean",
            lambda p, n, m: 2 if p == "c" else references.program_factor(p, n, m),
            "In c the mean runs over N rows, whose entries are summed first: it divides by N, not by N².",
            FORESEEN,
        ),
        Misconception(
            "c-no-half",
            lambda p, n, m: 4 * n if p == "c" else references.program_factor(p, n, m),
            "In c you forgot the ½ in front.",
            FORESEEN,
        ),
        Misconception(
            "a-root",
            lambda p, n, m: 4 * m if p == "a" else references.program_factor(p, n, m),
            "In a each of the two factors of F Fᵀ is divided by √M, which makes M, not √M.",
            FORESEEN,
        ),
    ),
)
