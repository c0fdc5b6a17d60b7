"""Right answers written in other ways than the references: each must earn all points."""

import math

import numpy as np
import torch

from tests.checks import idioms, idioms_of_steps, later_answers, more_answers, student_answers, student_steps


def unroll_by_index(features):
    n, height, width = features.shape
    F = torch.empty(n, height * width, dtype=features.dtype)
    for k in range(n):
        for i in range(height):
            F[k, i * width : (i + 1) * width] = features[k, i]
    return F


def content_by_loop(a, b):
    total = a.new_zeros(())
    for x, c in zip(a.reshape(-1), b.reshape(-1), strict=True):
        total = total + 0.5 * (x - c) ** 2
    return total


def gram_by_rows(features):
    rows = features.reshape(len(features), -1)
    return torch.stack([torch.stack([(a * b).sum() for b in rows]) for a in rows])


def gram_into_empty(features):
    n = features.size(0)
    flat = features.view(n, -1)
    G = torch.zeros(n, n, dtype=features.dtype)
    for i in range(n):
        for j in range(n):
            G[i, j] = flat[i].dot(flat[j])
    return G


def covariance_of_rounded_steps(gram, mean, n_positions):
    m = mean.reshape(-1, 1)
    return (gram - n_positions * m @ m.T) / n_positions


def layer_cost_with_helpers(x, s):
    def mean_gram(f):
        f = f.permute(1, 2, 0).reshape(-1, f.shape[0])  # positions as rows, the other way round
        return f.T @ f / f.shape[0]

    n = x.shape[0]
    return torch.nn.functional.mse_loss(mean_gram(x), mean_gram(s), reduction="sum") / (2 * n) ** 2


def layer_cost_by_trace(x, s):
    a, b = x.flatten(1), s.flatten(1)
    d = a.matmul(a.mT).div(a.size(1)).sub(b.matmul(b.mT).div(b.size(1)))
    return torch.trace(d @ d.T) / 4 / x.size(0) / x.size(0)


def gradient_by_loops(F, S):
    N, M = F.shape
    D = F @ F.T - S
    out = torch.zeros_like(F)
    for k in range(N):
        for i in range(M):
            out[k, i] = sum(D[k, j] * F[j, i] for j in range(N)) / (N**2 * M**2)
    return out


def factor_from_costs(convention, n, m, hw):
    """Compute both costs of one made-up difference of raw Gram matrices, and divide."""
    square_sum = 7.0
    paper = square_sum / (4 * n**2 * m**2)
    costs = {
        "gatys": paper,
        "mean_hw": square_sum / m**2 / n**2,
        "sum_chw": square_sum / (n * m) ** 2,
        "mean_chw": square_sum / (n * m) ** 2 / n**2,
        "keras": square_sum / (4 * 3**2 * hw**2),
    }
    return costs[convention] / paper


def style_cost_by_index(x, s, w):
    names = [name for name in x if name in w]
    total = torch.zeros((), dtype=x[names[0]].dtype)
    for name in names:
        a, b = (torch.einsum("kij,lij->kl", f[name], f[name]) / f[name][0].numel() for f in (x, s))
        total += w[name] * ((a - b) ** 2).mean() / 4
    return total


def leave_by_loop(layers, dropped):
    share = 1.0 / len([name for name in layers if name != dropped])
    weights = {}
    for name in layers:
        if name == dropped:
            weights[name] = 0
        else:
            weights[name] = share
    return weights


def balanced_by_softmax(norms):
    logs = torch.tensor([-math.log(norm) for norm in norms.values()], dtype=torch.float64)
    return dict(zip(norms, torch.softmax(logs, 0).tolist(), strict=True))


def step_by_where(x, gradient, learning_rate):
    moved = x - learning_rate * gradient
    moved = torch.where(moved < 0, torch.zeros_like(moved), moved)
    return torch.where(moved > 1, torch.ones_like(moved), moved)


def step_of_a_copy(x, gradient, learning_rate):
    new = x.clone()
    new -= learning_rate * gradient
    return new.clamp_(0.0, 1.0)


def variation_by_loops(x):
    total = x.new_zeros(())
    for channel in x:
        for i in range(channel.shape[0]):
            for j in range(channel.shape[1]):
                if i + 1 < channel.shape[0]:
                    total = total + (channel[i + 1, j] - channel[i, j]).abs()
                if j + 1 < channel.shape[1]:
                    total = total + (channel[i, j + 1] - channel[i, j]).abs()
    return total


def diagonal_of_gram(x, s):
    a, b = (torch.diagonal(f.flatten(1) @ f.flatten(1).T) / f[0].numel() for f in (x, s))
    return ((a - b) ** 2).sum() / (4 * x.shape[0] ** 2)


def statistics_by_hand(x, s):
    def two(f):
        f = f.flatten(1)
        mean = f.mean(1)
        return mean, ((f - mean[:, None]) ** 2).mean(1).sqrt()

    (m_x, d_x), (m_s, d_s) = two(x), two(s)
    return ((m_x - m_s) ** 2 + (d_x - d_s) ** 2).mean()


def colour_by_svd(style, content):
    def root(cov, exponent):
        u, values, v = torch.linalg.svd(cov)
        return u @ torch.diag(values**exponent) @ v

    s, c = style.reshape(3, -1), content.reshape(3, -1)
    turn = root(torch.cov(c), 0.5) @ root(torch.cov(s), -0.5)  # M − 1 in both: nearly the same
    turn = turn * math.sqrt((1 - 1 / c.shape[1]) / (1 - 1 / s.shape[1]))
    return (turn @ (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).reshape(style.shape)


def colour_with_a_ridge(style, content):
    s, c = (picture.permute(1, 2, 0).reshape(-1, 3) for picture in (style, content))
    covs = [(p - p.mean(0)).T @ (p - p.mean(0)) / len(p) + 1e-6 * torch.eye(3, dtype=p.dtype) for p in (s, c)]
    (l_s, e_s), (l_c, e_c) = (torch.linalg.eigh(cov) for cov in covs)
    inverse, root = e_s / l_s.sqrt() @ e_s.T, e_c * l_c.sqrt() @ e_c.T
    pixels = (s - s.mean(0)) @ (root @ inverse).T + c.mean(0)
    return pixels.reshape(*style.shape[1:], 3).permute(2, 0, 1)


RIGHT = {
    "ex01.unroll": [
        lambda f: f.view(f.shape[0], -1),
        lambda f: torch.cat([channel.reshape(1, -1) for channel in f]),
        lambda f: torch.flatten(f, start_dim=1, end_dim=2).contiguous(),
        unroll_by_index,
    ],
    "ex01.content_cost": [
        lambda x, c: torch.nn.functional.mse_loss(x, c, reduction="sum") / 2,
        lambda x, c: (x - c).norm() ** 2 * 0.5,
        lambda x, c: torch.sum(torch.pow(c - x, 2)).div(2),
        content_by_loop,
        lambda x, c: (x - c.detach()).square().sum() / 2,
    ],
    "ex02.gram_loops": [
        lambda F: [[sum(float(a) * float(b) for a, b in zip(p, q, strict=True)) for q in F] for p in F],
        lambda F: F @ F.T,
        lambda F: (np.asarray(F) @ np.asarray(F).T).tolist(),
        lambda F: [[(p * q).sum() for q in F] for p in F],
    ],
    "ex02.gram": [
        lambda f: torch.einsum("khw,lhw->kl", f, f),
        lambda f: torch.tensordot(f, f, dims=([1, 2], [1, 2])),
        lambda f: torch.bmm(f.flatten(1)[None], f.flatten(1).T[None])[0],
        gram_by_rows,
        gram_into_empty,
    ],
    "ex02.gram_batch": [
        lambda f: torch.einsum("bkhw,blhw->bkl", f, f),
        lambda f: torch.bmm(f.flatten(2), f.flatten(2).mT),
        lambda f: torch.stack([gram_by_rows(block) for block in f]),
        lambda f: torch.vmap(lambda block: block.flatten(1) @ block.flatten(1).T)(f),
    ],
    "ex02.covariance": [
        lambda G, m, M: G / M - m[:, None] * m[None],
        lambda G, m, M: G.div(M).sub(torch.einsum("i,j->ij", m, m)),
        covariance_of_rounded_steps,
    ],
    "ex03.layer_cost": [
        lambda x, s: (gram_by_rows(x) / x[0].numel() - gram_by_rows(s) / s[0].numel()).square().mean() / 4,
        layer_cost_with_helpers,
        layer_cost_by_trace,
        lambda x, s: layer_cost_by_trace(x, s.detach()),
    ],
    "ex03.gradient": [
        lambda F, S: ((F @ F.T - S) @ F).div((F.shape[0] * F.shape[1]) ** 2),
        lambda F, S: torch.einsum("kl,li->ki", F @ F.T - S, F) / F.numel() ** 2,
        gradient_by_loops,
    ],
    "ex03.factor": [
        factor_from_costs,
        lambda c, n, m, hw: {"keras": (n * m / hw / 3) ** 2, "mean_chw": (2 / n) ** 2, "gatys": 1.0}.get(c, 4.0),
        lambda c, n, m, hw: torch.tensor(factor_from_costs(c, n, m, hw), dtype=torch.float64),
    ],
    "ex04.style_cost": [
        style_cost_by_index,
        lambda x, s, w: sum(weight * layer_cost_by_trace(x[name], s[name]) for name, weight in w.items()),
        lambda x, s, w: torch.stack([layer_cost_with_helpers(x[k], s[k]) * w[k] for k in sorted(w)]).sum(),
    ],
    "ex04.leave_one_out": [
        leave_by_loop,
        lambda layers, dropped: {name: (name != dropped) / (len(layers) - 1) for name in layers},
        lambda layers, dropped: {**dict.fromkeys(layers, 1 / (len(layers) - 1)), dropped: 0.0},
    ],
    "ex04.balance": [
        balanced_by_softmax,
        lambda norms: {
            k: math.prod(v for j, v in norms.items() if j != k)
            / sum(math.prod(v for j, v in norms.items() if j != i) for i in norms)
            for k in norms
        },
        lambda norms: {k: 1 / sum(v / norm for norm in norms.values()) for k, v in norms.items()},
    ],
    "ex05.total_cost": [
        lambda c, s, a, b: b * s + a * c,
        lambda c, s, a, b: sum(weight * cost for weight, cost in ((a, c), (b, s))),
        lambda c, s, a, b: a * (c + b / a * s),
    ],
    "ex05.step": [
        step_by_where,
        step_of_a_copy,
        lambda x, g, rate: torch.clip(torch.add(x, g, alpha=-rate), 0, 1),
    ],
    "ex05.tv": [
        variation_by_loops,
        lambda x: torch.diff(x, dim=1).abs().sum() + torch.diff(x, dim=2).abs().sum(),
        lambda x: torch.abs(x[..., :-1, :] - x[..., 1:, :]).sum() + torch.abs(x[..., :-1] - x[..., 1:]).sum(),
    ],
    "ex07.diagonal": [
        diagonal_of_gram,
        lambda x, s: diagonal_of_gram(x, s.detach()),
        lambda x, s: ((x**2).mean((1, 2)) - (s**2).mean((1, 2))).pow(2).mean() / (4 * len(x)),
        lambda x, s: sum(((a * a).mean() - (b * b).mean()) ** 2 for a, b in zip(x, s, strict=True)) / (4 * len(x) ** 2),
    ],
    "ex07.statistics": [
        statistics_by_hand,
        lambda x, s: (
            ((x.mean((1, 2)) - s.mean((1, 2))) ** 2).mean()
            + ((x.flatten(1).std(1, unbiased=False) - s.flatten(1).std(1, unbiased=False)) ** 2).mean()
        ),
        lambda x, s: (
            sum(
                (x[k].mean() - s[k].mean()) ** 2 + (x[k].var(correction=0).sqrt() - s[k].var(correction=0).sqrt()) ** 2
                for k in range(len(x))
            )
            / len(x)
        ),
    ],
    "ex07.colour": [
        colour_by_svd,
        colour_with_a_ridge,
        lambda style, content: colour_by_svd(style.flip(0), content.flip(0)).flip(0),
    ],
}
RIGHT |= more_answers.RIGHT | later_answers.RIGHT
STUDENTS = student_answers.STUDENTS | student_steps.STUDENTS
IDIOMS = idioms.IDIOMS | idioms_of_steps.IDIOMS
STUDENTS = {name: [*answers, *IDIOMS[name]] for name, answers in STUDENTS.items()}
RIGHT = {name: [*answers, *STUDENTS[name]] for name, answers in RIGHT.items()}
