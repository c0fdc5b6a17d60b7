"""ex05.adam: one step of Adam's."""

from itertools import permutations

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_TORCH
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _moments(draw: Draw) -> list[Case]:
    cases = []
    for step, ranges, unit in (
        (1, ((2, 2), (3, 3)), 1),
        (1, ((1, 2), (3, 4)), 2e-8),
        (2, ((2, 2), (3, 4)), 1),
        (9, ((2, 5), (3, 7)), 1),
    ):
        size = draw.sizes(*ranges)
        rate = round(draw.number(0.01, 0.2), 3)
        x, gradient = draw.uniform(*size), draw.whole(*size) / 2 * unit
        m, v = torch.zeros(size).double(), torch.zeros(size).double()
        if step > 1:
            m, v = draw.normal(*size) / 5, draw.uniform(*size) / 50
        if step > 2:  # gradients so small that ε counts
            gradient, m, v = gradient * 1e-6, m * 1e-6, v * 1e-12
        words = f"pictures of {' × '.join(map(str, size))} numbers, step {step} and the rate {rate}"
        words += ", and a gradient as small as ε" if unit < 1 else ""
        cases.append(Case((x, gradient, m, v, step, rate), words, {"rate": rate, "t": step}, gradient=()))
    return cases


def _adam(
    x,
    gradient,
    m,
    v,
    step,
    rate,
    corrected=True,
    epsilon_inside=False,
    old=False,
    later=0,
    betas=(0.9, 0.999),
    epsilon=1e-8,
):
    first, second = betas
    new_m, new_v = first * m + (1 - first) * gradient, second * v + (1 - second) * gradient**2
    mean, square = (m, v) if old else (new_m, new_v)
    if corrected:
        mean, square = mean / (1 - first ** (step + later)), square / (1 - second ** (step + later))
    below = (square + epsilon).sqrt() if epsilon_inside else square.sqrt() + epsilon
    return x - rate * mean / below, new_m, new_v


def _by_averages(x, m, v, step, rate):
    return x - rate * m / (1 - 0.9**step) / ((v / (1 - 0.999**step)).sqrt() + 1e-8), m, v


def _stepped(move):
    """Return x and both averages; `move` makes the step of the new m, of v, of t and of the gradient."""

    def answer(x, gradient, m, v, step, rate):
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        return x - rate * move(m, v, step, gradient), m, v

    return answer


def _with_epsilon(epsilon, inside=False):
    return lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, epsilon=epsilon, epsilon_inside=inside)


def _returned_in(order):
    return lambda *given: tuple(_adam(*given)[place] for place in order)


def _earlier(x, gradient, m, v, step, rate):
    """Correct as for the step before; at the first step, where that would divide by 0, not at all."""
    return _adam(x, gradient, m, v, step, rate, later=-1, corrected=step > 1)


def _without_root(x, gradient, m, v, step, rate):
    _, m, v = _adam(x, gradient, m, v, step, rate)
    return x - rate * m / (1 - 0.9**step) / (v / (1 - 0.999**step) + 1e-8)


def _corrected_by(second, x, gradient, m, v, step, rate):
    _, m, v = _adam(x, gradient, m, v, step, rate)
    return x - rate * m / (1 - 0.9**step) / ((v / (1 - second**step)).sqrt() + 1e-8)


adam = Question(
    id="ex05.adam",
    points=4,
    reference=references.adam_step,
    cases=_moments,
    tolerance=BY_TORCH,
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
            "betas-exchanged-throughout",
            lambda x, g, m, v, t, rate: _by_averages(x, 0.1 * m + 0.9 * g, 0.001 * v + 0.999 * g**2, t, rate),
            "The averages forget too fast, and the step with them: β is the part that stays, 0.9 of m and 0.999 of v.",
            TRIED,
        ),
        Misconception(
            "absolute-for-square",
            lambda x, g, m, v, t, rate: _by_averages(x, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g.abs(), t, rate),
            "Your v averages |g|. It should average g², and the root comes later.",
            TRIED,
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
            "one-step-earlier",
            _earlier,
            "You corrected by 1 − β^(t − 1). `step` is t already, 1 at the first, so nothing is divided by 0.",
            TRIED,
            credit=3,
        ),
        Misconception(
            "divided-by-0",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, later=-1),
            "You corrected by 1 − β^(t − 1), which is 0 at the first step. `step` is t already, 1 at the first: take "
            "1 − β^t.",
            TRIED,
            credit=3,
        ),
        Misconception(
            "only-m-corrected",
            _stepped(lambda m, v, t, g: m / (1 - 0.9**t) / (v.sqrt() + 1e-8)),
            "m is corrected for its start at 0, v is not. Divide it, too: v̂ = v/(1 − 0.999^t), before the root.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "only-v-corrected",
            _stepped(lambda m, v, t, g: m / ((v / (1 - 0.999**t)).sqrt() + 1e-8)),
            "v is corrected for its start at 0, m is not. Divide it, too: m̂ = m/(1 − 0.9^t).",
            TRIED,
            credit=2,
        ),
        Misconception(
            "corrected-after-the-root",
            _stepped(lambda m, v, t, g: m / (1 - 0.9**t) / (v.sqrt() / (1 - 0.999**t) + 1e-8)),
            "You took the root of v and corrected it afterwards. First correct, v̂ = v/(1 − 0.999^t), then take the "
            "root.",
            TRIED,
            credit=3,
        ),
        Misconception(
            "corrected-without-t",
            _stepped(lambda m, v, t, g: m / 0.1 / ((v / 0.001).sqrt() + 1e-8)),
            "You divided by 1 − β at every step. That is right at the first alone: later it is 1 − β^t, with `step` "
            "as the power.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "gradient-for-the-average",
            _stepped(lambda m, v, t, g: g / ((v / (1 - 0.999**t)).sqrt() + 1e-8)),
            "Your step follows the gradient itself, over √v̂. Adam follows the average, m̂.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "rmsprop",
            _stepped(lambda m, v, t, g: g / (v.sqrt() + 1e-8)),
            "This is RMSprop's step: the gradient itself, over √v. Adam follows the average, and corrects both: m̂ over "
            "√v̂ + ε.",
            TRIED,
            credit=1,
        ),
        *(
            Misconception(
                f"order-{''.join('xmv'[place] for place in order)}",
                _returned_in(order),
                "All three are right, in another order. Give back x first, then m and v.",
                TRIED,
                credit=3,
            )
            for order in permutations(range(3))
            if order != (0, 1, 2)
        ),
        Misconception(
            "no-epsilon",
            lambda x, g, m, v, t, rate: _adam(x, g, m, v, t, rate, epsilon=0),
            "ε is not added to the divisor, or is far smaller than 10⁻⁸. It stands inside the brackets: m̂ / (√v̂ + ε).",
            TRIED,
            credit=3,
        ),
        *(
            Misconception(
                f"epsilon-inside-of-{number:g}",
                _with_epsilon(number, inside=True),
                f"ε stands under the root, and is {shown} there. Adam adds 10⁻⁸ outside: √v̂ + ε.",
                TRIED,
                credit=2,
            )
            for number, shown in (
                (1e-5, "10⁻⁵"),
                (1e-6, "10⁻⁶"),
                (1e-7, "10⁻⁷"),
                (1e-10, "10⁻¹⁰"),
                (1e-12, "10⁻¹²"),
                (1e-16, "10⁻¹⁶"),
            )
        ),
        *(
            Misconception(
                f"epsilon-of-{number:g}",
                _with_epsilon(number),
                f"Your ε is {shown}, and 10⁻⁸ is asked for. It shows where the gradient itself is small: the larger ε "
                "is, the shorter is the step there.",
                seen,
                credit=3,
            )
            for number, shown, seen in (
                (1e-2, "10⁻²", TRIED),
                (1e-3, "10⁻³", TRIED),
                (1e-4, "10⁻⁴", TRIED),
                (1e-5, "10⁻⁵", TRIED),
                (1e-6, "10⁻⁶", TRIED),
                (1e-7, "10⁻⁷", "the default of Keras' Adam"),
                (5e-8, "5 · 10⁻⁸", TRIED),
                (1e-9, "10⁻⁹", TRIED),
                (1e-10, "10⁻¹⁰", TRIED),
            )
        ),
        Misconception(
            "correction-of-another-rate",
            lambda x, g, m, v, t, rate: (_corrected_by(0.99, x, g, m, v, t, rate), *_adam(x, g, m, v, t, rate)[1:]),
            "m and v are right, x is not: you corrected v by 1 − 0.99^t. Its own rate is β₂ = 0.999.",
            TRIED,
            credit=3,
        ),
        Misconception(
            "correction-of-the-first",
            lambda x, g, m, v, t, rate: (_corrected_by(0.9, x, g, m, v, t, rate), *_adam(x, g, m, v, t, rate)[1:]),
            "m and v are right, x is not: you corrected both by 1 − 0.9^t. The rate of v is β₂ = 0.999.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "no-root",
            lambda x, g, m, v, t, rate: (_without_root(x, g, m, v, t, rate), *_adam(x, g, m, v, t, rate)[1:]),
            "The root of v̂ is missing: v averages squares, and the root brings it back to the gradient's own unit.",
            FORESEEN,
        ),
    ),
)
