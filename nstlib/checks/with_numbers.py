"""Questions on weights and steps: other programs' costs, Adam, and when to stop."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw

FORESEEN = "foreseen by the authors"
NAMES = tuple(f"relu{block}_{number}" for block in range(1, 6) for number in (1, 2))

SHAPES = (  # costs, patience and share
    ((10, 18, 14, 7.5, 9, 8, 5.5, 13, 4, 3, 2.5), 3, 0.2),  # J rises, at first and later
    ((64, 32, 16, 9.6, 9), 1, 0.5),  # J falls by exactly the share
    ((10, 9.9, 9.8), 2, 0.1),  # J hardly falls from the start
)


def _programs(draw: Draw) -> list[Case]:
    cases = []
    for program in ("a", "b", "c", "a", "b", "c"):
        n, m = draw.sizes((16, 512), (100, 3000))
        words = f"program {program!r}, N = {n} and M = {m}"
        cases.append(Case((program, n, m), words, {"N": n, "M": m}, gradient=(), group=program))
    return cases


def _widths(draw: Draw) -> list[Case]:
    cases = []
    for least, most in ((2, 2), (3, 4), (5, 6)):
        names = draw.shuffled(NAMES, unlike=NAMES)[: draw.sizes((least, most))[0]]
        widths = {name: draw.sizes((1, 64))[0] * 8 for name in names}
        if least == 2:
            widths = dict(zip(names, draw.shuffled((1, 2, 3)), strict=False))
        words = "the numbers of filters " + ", ".join(f"{name}: {n}" for name, n in widths.items())
        cases.append(Case((widths,), words, {"L": len(widths)}, gradient=()))
    return cases


def _wished(draw: Draw) -> list[Case]:
    cases = []
    for least, most in ((2, 2), (3, 4), (5, 6)):
        names = draw.shuffled(NAMES, unlike=NAMES)[: draw.sizes((least, most))[0]]
        norms = {name: draw.number(0.05, 4.0) for name in names}
        parts = [draw.number(0.1, 1.0) for _ in names]
        if least == 2:
            norms, parts = dict(zip(names, draw.shuffled((1.0, 2.0, 4.0)), strict=False)), [1.0, 4.0]
        order = draw.shuffled(names, unlike=names)
        shares = {name: part / sum(parts) for name, part in zip(order, parts, strict=True)}
        words = "; ".join(f"{name}: norm {norms[name]:.3g}, share {shares[name]:.3g}" for name in order)
        cases.append(Case((norms, shares), words, {"L": len(names)}, gradient=()))
    return cases


def _moments(draw: Draw) -> list[Case]:
    cases = []
    for step, shape in ((1, (2, 3)), (2, None), (9, None)):
        size = shape or draw.sizes((2, 5), (3, 7))
        rate = round(draw.number(0.01, 0.2), 3)
        x, gradient = draw.uniform(*size), draw.whole(*size) / 2
        m, v = torch.zeros(size).double(), torch.zeros(size).double()
        if step > 1:
            m, v = draw.normal(*size) / 5, draw.uniform(*size) / 50
        if step > 2:  # gradients so small that ε counts
            gradient, m, v = gradient * 1e-6, m * 1e-6, v * 1e-12
        words = f"pictures of {' × '.join(map(str, size))} numbers, step {step} and the rate {rate}"
        cases.append(Case((x, gradient, m, v, step, rate), words, {"rate": rate, "t": step}, gradient=()))
    return cases


def _runs(draw: Draw) -> list[Case]:
    cases = []
    for falls, patience, share in ((0.7, 2, 0.15), (0.93, 3, 0.2), (0.9, 4, 0.3), (0.8, 5, 0.05), (0.6, 1, 0.1)):
        costs = [draw.number(5.0, 20.0)]
        rate = falls
        while len(costs) < draw.sizes((14, 18))[0]:
            rate = min(1.02, rate + 0.02)
            costs.append(costs[-1] * rate * draw.number(0.97, 1.03))
        if share == 0.05:  # this run is still falling at its end
            costs = [20 * 0.8**number for number in range(draw.sizes((8, 12))[0])]
        words = f"{len(costs)} costs from {costs[0]:.3g} to {costs[-1]:.3g}, patience {patience}, share {share}"
        cases.append(Case((costs, patience, share), words, {"L": len(costs)}, gradient=()))
    return cases + [_run(draw, *each) for each in SHAPES]


def _run(draw: Draw, shape: tuple[float, ...], patience: int, share: float) -> Case:
    """Scale a run by a power of two, which leaves equal what is equal, and let it end slowly."""
    scale = 2.0 ** draw.sizes((-2, 3))[0]
    costs = [cost * scale for cost in shape]
    costs += [costs[-1] * 0.99**number for number in range(1, draw.sizes((3, 12))[0])]
    words = f"{len(costs)} costs that begin {', '.join(f'{cost:.4g}' for cost in costs[:8])}, patience {patience}, "
    return Case((costs, patience, share), words + f"share {share}", {"L": len(costs)}, gradient=())


def _in_proportion(values, power=1.0):
    total = sum(value**power for value in values.values())
    return {name: value**power / total for name, value in values.items()}


def _adam(x, gradient, m, v, step, rate, corrected=True, epsilon_inside=False, old=False, later=0, betas=(0.9, 0.999)):
    first, second = betas
    new_m, new_v = first * m + (1 - first) * gradient, second * v + (1 - second) * gradient**2
    mean, square = (m, v) if old else (new_m, new_v)
    if corrected:
        mean, square = mean / (1 - first ** (step + later)), square / (1 - second ** (step + later))
    below = (square + 1e-8).sqrt() if epsilon_inside else square.sqrt() + 1e-8
    return x - rate * mean / below, new_m, new_v


def _first(costs, begin, holds):
    return next((step for step in range(begin, len(costs)) if holds(step)), len(costs))


def _without_root(x, gradient, m, v, step, rate):
    _, m, v = _adam(x, gradient, m, v, step, rate)
    return x - rate * m / (1 - 0.9**step) / (v / (1 - 0.999**step) + 1e-8)


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
    misconceptions=(
        Misconception(
            "inverse",
            lambda widths: _in_proportion(widths, -2),
            "You divided by N². The program divides by N² already: λ has to take that back, so multiply.",
            FORESEEN,
        ),
        Misconception(
            "not-squared",
            lambda widths: _in_proportion(widths),
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
            lambda widths: _in_proportion(widths, 4),
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
        Misconception(
            "quarter",
            lambda widths: {name: n**2 / 4 for name, n in widths.items()},
            "λ_l · 4/N_l² is 1 for all layers, but the weights do not add up to 1. Divide by their sum.",
            FORESEEN,
            credit=2,
            reread="lesson 04, section 1",
        ),
    ),
)
shares = Question(
    id="ex04.shares",
    points=3,
    reference=references.weights_for_shares,
    cases=_wished,
    confirmation="λ_l · norm_l stands in the wished proportion, and the weights add up to 1.",
    hints=(
        "Balanced weights are the case of equal shares. What changes if one layer should pull twice as hard?",
        "λ_l · norm_l = constant · share_l.",
        "λ_l = share_l / norm_l, divided by the sum of all of them.",
    ),
    reread="lesson 04, section 7",
    difficulty=2,
    importance=3,
    minutes=8,
    kinds=frozenset({"dict"}),
    misconceptions=(
        Misconception(
            "norms-ignored",
            lambda norms, shares: dict(shares),
            "You gave the shares as weights. A layer with a large gradient then pulls harder than its share: divide "
            "by the norm.",
            FORESEEN,
        ),
        Misconception(
            "shares-ignored",
            lambda norms, shares: references.balanced_weights(norms),
            "These weights make all layers pull alike. The shares were not used.",
            FORESEEN,
        ),
        Misconception(
            "times-norm",
            lambda norms, shares: _in_proportion({name: share * norms[name] for name, share in shares.items()}),
            "You multiplied by the norm. The layer that pulls hardest needs the smaller weight: divide.",
            FORESEEN,
        ),
        Misconception(
            "not-normalised",
            lambda norms, shares: {name: share / norms[name] for name, share in shares.items()},
            "The pulls stand in the wished proportion, but the weights do not add up to 1. Divide by their sum.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "by-position",
            lambda norms, shares: _in_proportion(
                {k: s / n for k, s, n in zip(shares, shares.values(), norms.values(), strict=True)}
            ),
            "You paired norms and shares by position. Their orders differ: look each up by its name.",
            FORESEEN,
        ),
        Misconception(
            "by-position-of-the-norms",
            lambda norms, shares: _in_proportion(
                {k: s / n for k, s, n in zip(norms, shares.values(), norms.values(), strict=True)}
            ),
            "You paired norms and shares by position. Their orders differ: look each up by its name.",
            TRIED,
        ),
        Misconception(
            "balanced-times-share",
            lambda norms, shares: {
                name: share * references.balanced_weights(norms)[name] for name, share in shares.items()
            },
            "Balanced weights times the shares give the wished proportion, but they do not add up to 1 any more. "
            "Divide by their sum at the end.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "inverse-shares",
            lambda norms, shares: _in_proportion({name: 1 / (share * norms[name]) for name, share in shares.items()}),
            "A layer with a large share got a small weight. Divide by the norm, and multiply by the share.",
            FORESEEN,
        ),
    ),
)
adam = Question(
    id="ex05.adam",
    points=4,
    reference=references.adam_step,
    cases=_moments,
    confirmation="Both averages, both corrected for their start at 0, and ε outside the root.",
    hints=(
        "First bring the two averages up to date with the new gradient. Which of them keeps squares?",
        "Both begin at 0 and are too small at first. Divide each by 1 − β^t, for the step only: what is returned "
        "is not divided.",
        "x − rate · m̂ / (√v̂ + ε), with m̂ = m/(1 − 0.9^t) and v̂ = v/(1 − 0.999^t).",
    ),
    reread="lesson 05, section 3",
    difficulty=3,
    importance=4,
    minutes=15,
    kinds=frozenset({"tuple", "list", "tensor"}),
    misconceptions=(
        Misconception(
            "not-corrected",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, corrected=False),
            "The averages are not corrected. They begin at 0, so at the first step m is 10 times and v 1000 times "
            "too small: divide by 1 − β^t.",
            "Kingma and Ba 2015, section 3",
            credit=2,
        ),
        Misconception(
            "old-averages",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, old=True),
            "The step uses the averages of before. First bring them up to date with this gradient, then step.",
            FORESEEN,
        ),
        Misconception(
            "epsilon-inside",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, epsilon_inside=True),
            "ε stands under the root. Adam adds it outside: √v̂ + ε.",
            "TensorFlow's “epsilon hat” is another formula",
            credit=3,
        ),
        Misconception(
            "corrected-returned",
            lambda x, g, m, v, t, rate: (
                _adam(x, g, m, v, t, rate)[0],
                (0.9 * m + 0.1 * g) / (1 - 0.9**t),
                (0.999 * v + 0.001 * g**2) / (1 - 0.999**t),
            ),
            "You returned the corrected averages. The correction is for this step only: give back m and v without it.",
            FORESEEN,
        ),
        Misconception(
            "uphill",
            lambda x, g, m, v, t, rate: (2 * x - _adam(x, g, m, v, t, rate)[0], *_adam(x, g, m, v, t, rate)[1:]),
            "You stepped uphill: subtract.",
            FORESEEN,
            reread="lesson 05, section 2",
        ),
        Misconception(
            "betas-exchanged",
            lambda x, g, m, v, t, rate: (_adam(x, g, m, v, t, rate)[0], 0.1 * m + 0.9 * g, 0.001 * v + 0.999 * g**2),
            "The averages forget too fast: β is the part that stays, 0.9 of m and 0.999 of v.",
            FORESEEN,
        ),
        Misconception(
            "x-alone",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate)[0],
            "You gave back x alone. The next step needs the two averages, too: return x, m and v.",
            TRIED,
            credit=3,
        ),
        Misconception(
            "rates-exchanged",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, betas=(0.999, 0.9)),
            "β₁ and β₂ are exchanged: m keeps 0.9 of itself, v keeps 0.999.",
            TRIED,
        ),
        Misconception(
            "one-step-later",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, later=1),
            "You corrected by 1 − β^(t + 1). `step` is t already, 1 at the first.",
            TRIED,
            credit=3,
        ),
        Misconception(
            "no-root",
            lambda x, g, m, v, t, rate: (_without_root(x, g, m, v, t, rate), *_adam(x, g, m, v, t, rate)[1:]),
            "The root of v̂ is missing: v averages squares, and the root brings it back to the gradient's own unit.",
            FORESEEN,
        ),
    ),
)
plateau = Question(
    id="ex05.plateau",
    points=3,
    reference=references.stopping_step,
    cases=_runs,
    confirmation="The first step at which J has fallen by less than the share since `patience` steps before.",
    hints=(
        "At which step is there for the first time something `patience` steps before to compare with?",
        "Compare J with what it was `patience` steps before: has it fallen by the share of that, or not?",
        "The first step, counted from 0, with costs[step] > (1 − share) · costs[step − patience]; len(costs) if "
        "there is none.",
    ),
    reread="lesson 05, section 6",
    difficulty=3,
    importance=3,
    minutes=10,
    kinds=frozenset({"number", "tensor"}),
    misconceptions=(
        Misconception(
            "neighbours",
            lambda costs, patience, share: references.stopping_step(costs, 1, share),
            "You compared each cost with the one before it. `patience` steps lie between the two that are compared.",
            FORESEEN,
        ),
        Misconception(
            "from-the-start",
            lambda costs, patience, share: next(
                (k for k in range(1, len(costs)) if costs[k] > (1 - share) * costs[max(0, k - patience)]), len(costs)
            ),
            "You began before `patience` steps had been made. There is nothing to compare with yet: begin at step "
            "`patience`.",
            FORESEEN,
        ),
        Misconception(
            "step-before",
            lambda costs, patience, share: references.stopping_step(costs, patience, share) - 1,
            "Your step is one too early. Steps are counted from 0, as the list is.",
            FORESEEN,
        ),
        Misconception(
            "counted-from-1",
            lambda costs, patience, share: min(references.stopping_step(costs, patience, share) + 1, len(costs)),
            "Your step is one too late. Steps are counted from 0, as the list is.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "patience-more",
            lambda costs, patience, share: references.stopping_step(costs, patience + 1, share),
            "You looked back one step too far: `costs[step - patience]`.",
            FORESEEN,
        ),
        Misconception(
            "absolute",
            lambda costs, patience, share: next(
                (k for k in range(patience, len(costs)) if costs[k] > costs[k - patience] - share), len(costs)
            ),
            "You compared the fall with the share itself. It is a share of what J was: share · costs[step − patience].",
            FORESEEN,
        ),
        Misconception(
            "negative-index",
            lambda costs, patience, share: _first(
                costs, 0, lambda k: costs[k - patience] - costs[k] < share * costs[k - patience]
            ),
            "You began at step 0, where `costs[step - patience]` is a cost from the end of the list: Python counts "
            "negative places from there. Begin at step `patience`.",
            TRIED,
        ),
        Misconception(
            "patience-plus-one",
            lambda costs, patience, share: _first(
                costs, patience + 1, lambda k: costs[k - patience] - costs[k] < share * costs[k - patience]
            ),
            "Your first comparison comes one step late: step `patience` can be compared with step 0 already.",
            TRIED,
        ),
        Misconception(
            "the-earlier-step",
            lambda costs, patience, share: (
                references.stopping_step(costs, patience, share)
                - patience * (references.stopping_step(costs, patience, share) < len(costs))
            ),
            "You gave back the step `patience` steps before. The run ends at the later of the two that are compared.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "last-index",
            lambda costs, patience, share: min(references.stopping_step(costs, patience, share), len(costs) - 1),
            "Where the run never stops you gave back its last step. Give back how many costs there are: one more.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "share-of-now",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] < share * costs[k]
            ),
            "You took the share of what J is now. It is a share of what J was: share · costs[step − patience].",
            TRIED,
            credit=1,
        ),
        Misconception(
            "share-of-first",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] < share * costs[0]
            ),
            "You took the share of the first cost. It is a share of what J was `patience` steps before.",
            TRIED,
        ),
        Misconception(
            "still-falling",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] > share * costs[k - patience]
            ),
            "The comparison is the wrong way round: you stop where J has fallen by more than the share. Stop where it "
            "has fallen by less.",
            TRIED,
        ),
        Misconception(
            "distance",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: abs(costs[k - patience] - costs[k]) < share * costs[k - patience]
            ),
            "You took the absolute difference, so a run whose J rises goes on. Where J rises it has not fallen: stop.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "at-the-share",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] <= share * costs[k - patience]
            ),
            "You stop, too, where J has fallen by exactly the share. Stop if it fell by less: `<`, not `<=`.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "lowest-so-far",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k] > (1 - share) * min(costs[: k - patience + 1])
            ),
            "You compared with the lowest cost until then. Compare with J of `patience` steps before, high or low.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "last-one",
            lambda costs, patience, share: max(
                (k for k in range(patience, len(costs)) if costs[k] > (1 - share) * costs[k - patience]),
                default=len(costs),
            ),
            "You gave back the last such step: your loop goes on after the first. Return as soon as you find one.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "never-none",
            lambda costs, patience, share: len(costs),
            "You never stop. A run whose costs hardly fall any more ends early.",
            FORESEEN,
        ),
    ),
)
