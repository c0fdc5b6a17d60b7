"""Wrong answers written from the exercises' questions alone, by which the checks' words were mended."""

import math

import torch

from nstlib.checks import references


def mean(f):
    return f.mean((1, 2), keepdim=True)


def variance(f):
    return f.var((1, 2), correction=0, keepdim=True)


def hooks_of_the_last_name(network, picture, layers):
    found = {}
    for name in layers:
        getattr(network, name).register_forward_hook(
            lambda module, inputs, output: found.__setitem__(name, output[0].clone())  # noqa: B023
        )
    network(picture[None])
    return found


def loops_over_filters(F):
    n = F.shape[0]
    G = torch.zeros(n, n)
    for k in range(n):
        for j in range(n):
            for i in range(n):
                G[k, j] += F[k, i] * F[j, i]
    return G


def diagonal_of_a_stacked_batch(x, s):
    B = torch.stack([x, s]).flatten(2)
    G = B @ B.T
    return (G[0] - G[1]).diagonal().square().sum()


def gram_over_all(f):
    F = f.flatten(1)
    return F @ F.T / F.numel()


def layer_wide(c, s, t, correction=0):
    moved = s.std(correction=correction) * (c - c.mean()) / c.std(correction=correction) + s.mean()
    return (1 - t) * c + t * moved


def adam(x, g, m, v, rate, epsilon=1e-8, first=1.0, second=1.0):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return x - rate * (m / first) / ((v / second).sqrt() + epsilon), m, v


def adam_by(step, order=(0, 1, 2)):
    """Return Adam with another step, of the new m and v, of m̂ and v̂ and of the gradient; all in an order."""

    def answer(x, g, m, v, t, rate):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        returned = x - rate * step(m / (1 - 0.9**t), v / (1 - 0.999**t), v, g), m, v
        return tuple(returned[place] for place in order)

    return answer


def adam_of_the_step_before(x, g, m, v, step, rate):
    t = step - 1
    return adam(x, g, m, v, rate, first=1 - 0.9**t, second=1 - 0.999**t)


def adam_of_the_step_before_if_there_is_one(x, g, m, v, step, rate):
    return adam(x, g, m, v, rate) if step == 1 else adam_of_the_step_before(x, g, m, v, step, rate)


def statistics_with(epsilon):
    def cost(x, s):
        spread = (variance(x) + epsilon).sqrt() - (variance(s) + epsilon).sqrt()
        return ((mean(x) - mean(s)) ** 2 + spread**2).mean()

    return cost


def balanced(norms, weight=lambda norm: 1 / norm):
    weights = {name: weight(norm) for name, norm in norms.items()}
    return {name: each / sum(weights.values()) for name, each in weights.items()}


def divided_in_the_loop(norms):
    weights = {name: 1 / norm for name, norm in norms.items()}
    for name in weights:
        weights[name] = weights[name] / sum(weights.values())
    return weights


def by_rank(norms):
    shares = sorted((norm / sum(norms.values()) for norm in norms.values()), reverse=True)
    return dict(zip(sorted(norms, key=lambda name: norms[name]), shares, strict=True))


def rounded(answer, digits):
    return lambda *given: {name: round(float(weight), digits) for name, weight in answer(*given).items()}


# question, function, a text that the check must say to it
WRONG_ANSWERS = [
    ("ex01.field", lambda layers: 1 + sum((k - 1) * s for k, s in layers), "each kernel less 1 by its own stride"),
    ("ex02.gram", lambda f: f @ f.T, "(N, H, W) becomes (W, H, N)"),
    ("ex03.layer_cost", lambda x, s: (x @ x.T - s @ s.T).square().sum(), "with `flatten(1)`"),
    ("ex02.gram_batch", lambda f: f.flatten(2) @ f.flatten(2).T, "For a batch, exchange only the last two"),
    ("ex07.diagonal", diagonal_of_a_stacked_batch, "For a batch, exchange only the last two"),
    ("ex05.bug_hunt", lambda *given: references.transfer(*given) | {"goal": torch.ones(4, 4)}, "`goal` has the shape"),
    ("ex01.hooks", hooks_of_the_last_name, "Missing in your answer: conv1_2."),
    (
        "ex01.hooks",
        hooks_of_the_last_name,
        "`conv1_2`. Your function changed the network, which its owner still needs. Call `remove()`",
    ),
    ("ex04.leave_one_out", lambda layers, d: {k: 1.0 for k in [*layers, "all"]}, "but not asked for: all."),
    ("ex02.gram_loops", loops_over_filters, "Your inner loop runs over N"),
    ("ex02.covariance", lambda G, mu, m: G - torch.outer(mu, mu) / m, "the other way round: G is a sum"),
    ("ex04.balance", rounded(balanced, 3), "rounded to three decimal places"),
    ("ex04.balance", rounded(balanced, 4), "rounded to four decimal places"),
    ("ex04.balance", divided_in_the_loop, "the sum changes while the loop runs"),
    ("ex04.balance", by_rank, "the largest share to the smallest norm"),
    ("ex04.balance", lambda norms: balanced(norms, lambda norm: max(norms.values()) - norm), "is lost"),
    (
        "ex04.balance",
        lambda norms: balanced(norms, lambda norm: max(norms.values()) - norm),
        "You took the difference to the largest norm",
    ),
    ("ex04.balance", lambda norms: balanced(norms, lambda norm: 1 / (1 + norm)), "1/(1 + norm)"),
    ("ex04.balance", lambda norms: {k: norm / min(norms.values()) for k, norm in norms.items()}, "over the smallest"),
    (
        "ex04.balance",
        lambda norms: {k: 1 / n / math.sqrt(sum(1 / o**2 for o in norms.values())) for k, n in norms.items()},
        "the squares of your weights",
    ),
    ("ex04.shares", rounded(references.weights_for_shares, 2), "rounded to two decimal places"),
    ("ex04.as_paper", rounded(references.weights_as_paper, 2), "rounded to two decimal places"),
    ("ex04.leave_one_out", rounded(references.leave_one_out, 2), "no longer balance exactly"),
    ("ex05.adam", adam_of_the_step_before, "which is 0 at the first step"),
    ("ex05.adam", adam_of_the_step_before_if_there_is_one, "so nothing is divided by 0"),
    (
        "ex05.adam",
        lambda x, g, m, v, t, rate: adam(x, g, m, v, rate, 1e-7, 1 - 0.9**t, 1 - 0.999**t),
        "Your ε is 10⁻⁷",
    ),
    ("ex05.adam", lambda x, g, m, v, t, rate: adam(x, g, m, v, rate, 0, 1 - 0.9**t, 1 - 0.999**t), "not added"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / v.sqrt() + 1e-8), "inside the brackets"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / v.sqrt().clamp(min=1e-8)), "ε is not added to the divisor"),
    ("ex05.adam", adam_by(lambda m, v, *_: (m / v.sqrt()).nan_to_num(0)), "ε is not added to the divisor"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v.sqrt() + 1e-16)), "or is far smaller than 10⁻⁸"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v.sqrt() + 1e-9)), "Your ε is 10⁻⁹"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v.sqrt() + 5e-8)), "Your ε is 5 · 10⁻⁸"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v.sqrt() + 1e-2)), "Your ε is 10⁻²"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v + 1e-5).sqrt()), "under the root, and is 10⁻⁵ there"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v + 1e-6).sqrt()), "under the root, and is 10⁻⁶ there"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v + 1e-7).sqrt()), "under the root, and is 10⁻⁷ there"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v + 1e-10).sqrt()), "under the root, and is 10⁻¹⁰ there"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v + 1e-16).sqrt()), "under the root, and is 10⁻¹⁶ there"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v + 3e-6).sqrt()), "the following mistake; the rest"),
    ("ex05.adam", adam_by(lambda m, v, *_: m / (v + 3e-6).sqrt()), "ε stands under the root"),
    ("ex05.adam", adam_by(lambda m, v, raw, g: g / (raw.sqrt() + 1e-8)), "This is RMSprop's step"),
    ("ex05.adam", adam_by(lambda m, v, raw, g: g / (v.sqrt() + 1e-8)), "the gradient itself, over √v̂. Adam"),
    *(
        ("ex05.adam", adam_by(lambda m, v, *_: m / (v.sqrt() + 1e-8), order), "in another order. Give back x first")
        for order in ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    ),
    ("ex05.adam", lambda x, g, m, v, t, rate: adam(x, g, m, v, rate, first=1 - 0.9**t), "v is not"),
    ("ex05.adam", lambda x, g, m, v, t, rate: adam(x, g, m, v, rate, second=1 - 0.999**t), "m is not"),
    ("ex05.adam", lambda x, g, m, v, t, rate: adam(x, g, m, v, rate, first=0.1, second=0.001), "right at the first"),
    ("ex07.statistics", statistics_with(1e-2), "have ε = 0.01 under their root"),
    ("ex07.statistics", statistics_with(0.1), "have ε = 0.1 under their root"),
    ("ex09.adain", layer_wide, "for the whole layer"),
    ("ex09.adain", lambda c, s, t: layer_wide(c, s, t, correction=1), "for the whole layer"),
    (
        "ex09.adain",
        lambda c, s, t: c.lerp(s.std(correction=0) * (c - mean(c)) / c.std(correction=0) + mean(s), t),
        "one deviation for the whole layer",
    ),
    (
        "ex09.adain",
        lambda c, s, t: c.lerp((variance(s) / (variance(c) + 1e-9)).sqrt() * (c - mean(c)) + s.mean(), t),
        "one mean for the whole of the style",
    ),
    (
        "ex09.adain",
        lambda c, s, t: c.lerp(variance(s).sqrt() * (c - mean(c)) / variance(c).sqrt() + mean(s), t),
        "gives `nan` or infinity",
    ),
    (
        "ex09.adain",
        lambda c, s, t: c.lerp((variance(s) / variance(c)).sqrt() * (c - mean(c)) + mean(s), t),
        "gives `nan` or infinity",
    ),
    (
        "ex03.layer_cost",
        lambda x, s: (gram_over_all(x) - gram_over_all(s)).square().sum() / (4 * len(x) ** 2),
        "or divide each Gram matrix by M alone",
    ),
    ("ex01.hooks", lambda network, picture, layers: {name: torch.tensor(1.0) for name in layers}, "is a single number"),
]
