"""Wrong answers that are on no list: two mistakes at once, and slips nobody foresaw."""

import math

import torch

from nstlib.checks import references
from tests.checks import answers_to_questions_alone, later_answers, more_answers, student_mistakes


def _flat(f):
    return f.flatten(1)


# question -> name -> function: two known mistakes together. None may pass, and none may be called another mistake.
COMPOSED = {
    "ex01.unroll": {
        "transposed and detached": lambda f: _flat(f).T.detach(),
        "mixed rows, transposed": lambda f: f.permute(1, 2, 0).reshape(f.shape[0], -1).T,
    },
    "ex01.content_cost": {
        "no ½, detached": lambda x, c: (x - c).square().sum().detach(),
        "absolute, mean": lambda x, c: (x - c).abs().mean() / 2,
    },
    "ex02.gram_loops": {
        "by M, diagonal only": lambda F: torch.diag((F * F).mean(1)).tolist(),
        "by M, each pair once": lambda F: (torch.triu(F @ F.T) / F.shape[1]).tolist(),
    },
    "ex02.gram": {
        "positions, by M": lambda f: _flat(f).T @ _flat(f) / f[0].numel(),
        "centred, by N": lambda f: torch.cov(_flat(f), correction=0) * f[0].numel() / len(f),
        "mixed rows, detached": lambda f: (
            f.permute(1, 2, 0).reshape(len(f), -1) @ f.permute(1, 2, 0).reshape(len(f), -1).T
        ).detach(),
        "by N M, detached": lambda f: (_flat(f) @ _flat(f).T / f.numel()).detach(),
    },
    "ex02.gram_batch": {
        "mixed pictures, by M": lambda f: f.flatten(0, 1).flatten(1) @ f.flatten(0, 1).flatten(1).T / f[0, 0].numel(),
        "positions, summed": lambda f: (f.flatten(2).mT @ f.flatten(2)).sum(0),
    },
    "ex02.covariance": {
        "sample, outer forgotten": lambda G, m, M: (G - M * (m @ m)) / (M - 1),
        "added, not divided": lambda G, m, M: G + torch.outer(m, m),
    },
    "ex03.layer_cost": {
        "no ¼, one M": lambda x, s: (_flat(x) @ _flat(x).T - _flat(s) @ _flat(s).T).square().mean() / x[0].numel() ** 2,
        "mean over N² entries, no M": lambda x, s: (
            (_flat(x) @ _flat(x).T - _flat(s) @ _flat(s).T).square().mean() / (4 * len(x) ** 2)
        ),
        "root, no M": lambda x, s: (_flat(x) @ _flat(x).T - _flat(s) @ _flat(s).T).norm() / (4 * len(x) ** 2),
    },
    "ex03.gradient": {
        "uphill, ¼ left": lambda F, S: -references.style_gradient(F, S) / 4,
        "transposed, no constants": lambda F, S: ((F @ F.T - S) @ F).T,
        "masked, one 2": lambda F, S: references.style_gradient(F, S) * (F > 0) / 2,
    },
    "ex03.factor": {
        "upside down, no 4": lambda c, n, m, hw: (
            1 / {"gatys": 1, "mean_hw": 1, "sum_chw": 1, "mean_chw": 1 / n**2}.get(c, (n * m / 3 / hw) ** 2)
        ),
        "mean is sum, keras is paper": lambda c, n, m, hw: 1 if c in ("gatys", "keras") else 4,
    },
    "ex04.style_cost": {
        "ignored, averaged": lambda x, s, w: references.style_cost(x, s, dict.fromkeys(w, 1 / len(w))),
        "squared, normalised": lambda x, s, w: (
            references.style_cost(x, s, {k: v**2 for k, v in w.items()}) / sum(w.values())
        ),
    },
    "ex04.leave_one_out": {
        "1/L, missing": lambda layers, dropped: {k: 1 / len(layers) for k in layers if k != dropped},
        "ones, left in": lambda layers, dropped: dict.fromkeys(layers, 1.0),
    },
    "ex04.balance": {
        "squared, not normalised": lambda norms: {k: v**-2 for k, v in norms.items()},
        "in proportion, not normalised": lambda norms: dict(norms),
    },
    "ex05.total_cost": {
        "exchanged, averaged": lambda c, s, a, b: (b * c + a * s) / (a + b),
        "α only, doubled": lambda c, s, a, b: 2 * (a * c + s),
    },
    "ex05.step": {
        "uphill, not clamped": lambda x, g, rate: x + rate * g,
        "in place, not clamped": lambda x, g, rate: x.sub_(rate * g),
    },
    "ex05.tv": {
        "squares, down only": lambda x: x.diff(dim=1).square().sum(),
        "around, mean": lambda x: (x - x.roll(1, 1)).abs().mean() + (x - x.roll(1, 2)).abs().mean(),
    },
    "ex07.diagonal": {
        "raw, no ¼": lambda x, s: (_flat(x).square().sum(1) - _flat(s).square().sum(1)).square().sum() / len(x) ** 2,
        "squared means, over N": lambda x, s: (_flat(x).mean(1) ** 2 - _flat(s).mean(1) ** 2).square().mean() / 4,
    },
    "ex07.statistics": {
        "sample, not over N": lambda x, s: references.statistics_cost(x, s) * len(x) * 1.001,
        "variances, sample": lambda x, s: (
            ((_flat(x).mean(1) - _flat(s).mean(1)) ** 2 + (_flat(x).var(1) - _flat(s).var(1)) ** 2).mean() / 2
        ),
    },
    "ex07.colour": {
        "exchanged, clipped": lambda style, content: references.match_colour(content, style).clamp(0, 1),
        "mean only, clipped": lambda style, content: (
            style - style.mean((1, 2), keepdim=True) + content.mean((1, 2), keepdim=True)
        ).clamp(0, 0.5),
    },
}
COMPOSED |= more_answers.COMPOSED | later_answers.COMPOSED

# question, function, a text that the check must say to it: written without a look at the lists of misconceptions
WRONG_ANSWERS = [
    ("ex01.unroll", lambda f: f.flatten(1).sort().values, "of the entries agree"),
    ("ex01.unroll", lambda f: f.flatten(1)[:, :-1], "last position is missing"),
    ("ex01.unroll", lambda f: f.flatten(1).relu(), "leave the ReLU to the network"),
    ("ex01.content_cost", lambda x, c: ((x - c) ** 2).sum((1, 2)) / 2, "Expected: a single number"),
    ("ex01.content_cost", lambda x, c: ((x**2 - c**2) / 2).sum(), "Subtract first"),
    ("ex02.gram_loops", lambda F: [[0.0] * len(F)] * len(F), "largest difference"),
    ("ex02.gram", lambda f: (f.flatten(1) @ f.flatten(1).T) / len(f) ** 2, "1 / N²"),
    ("ex02.gram", lambda f: f.flatten(1) @ f.flatten(1).T + torch.eye(len(f)).to(f), "of the entries agree"),
    ("ex02.gram", lambda f: f.flatten(1) @ f.flatten(1), "RuntimeError"),
    ("ex02.gram", lambda f: f.double().flatten(1) @ f.double().flatten(1).T, "float64"),
    ("ex02.gram_batch", lambda f: f.flatten(2) @ f.flatten(2).mT / len(f), "1 / B"),
    ("ex02.covariance", lambda G, m, M: G / M, "This is G/M"),
    ("ex03.layer_cost", lambda x, s: references.layer_style_cost(x, s).item(), "a number"),
    ("ex03.layer_cost", lambda x, s: references.layer_style_cost(x, s) * 16, "16 times"),
    ("ex03.gradient", lambda F, S: (F @ F.T - S) @ F / F.shape[1], "N²"),
    ("ex03.factor", lambda c, n, m, hw: 4 if c != "gatys" else "one", "str"),
    ("ex04.leave_one_out", lambda layers, dropped: [1 / (len(layers) - 1) for _ in layers], "a dictionary"),
    ("ex04.balance", lambda norms: {k.upper(): 1 / len(norms) for k in norms}, "Missing in your answer"),
    ("ex05.total_cost", lambda c, s, a, b: a * c - b * s, "You subtracted style"),
    ("ex05.step", lambda x, g, rate: (x - rate * g).sigmoid(), "A sigmoid"),
    ("ex05.tv", lambda x: (x.diff(dim=1).abs().sum() + x.diff(dim=2).abs().sum()) * 2, "Each pair is counted twice"),
    ("ex07.diagonal", lambda x, s: math.nan * x.sum(), "nan"),
    ("ex07.statistics", lambda x, s: print("done"), "return"),
    ("ex07.colour", lambda style, content: style.sort().values, "largest difference"),
]
WRONG_ANSWERS += later_answers.WRONG_ANSWERS + student_mistakes.WRONG_ANSWERS + answers_to_questions_alone.WRONG_ANSWERS
