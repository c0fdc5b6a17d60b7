"""Answers to the questions that no lesson solves: right ones in other words than the references', and two mistakes."""

import math

import torch

from nstlib.checks import references


def features_layer_by_layer(network, picture, layers):
    found, x = {}, picture.unsqueeze(0)
    for name, layer in network.named_children():
        x = layer(x)
        if name in layers:
            found[name] = x.squeeze(0) + 0
    return found


def features_by_one_hook(network, picture, layers):
    names = {module: name for name, module in network.named_modules() if name in layers}
    found = {}
    handles = [
        module.register_forward_hook(lambda m, i, o: found.update({names[m]: o.clone()[0]}) and None)
        for module in names
    ]
    try:
        network(picture[None])
    finally:
        for handle in handles:
            handle.remove()
    return {layer: found[layer] for layer in layers}


def features_by_parts(network, picture, layers):
    names = [name for name, _ in network.named_children()]
    return {layer: torch.nn.Sequential(*list(network)[: names.index(layer) + 1])(picture) for layer in layers}


def field_backwards(layers):
    field = 1
    for kernel, stride in reversed(layers):
        field = (field - 1) * stride + kernel
    return field


def field_of_a_pulse(layers):
    """Run a row of ones through layers of ones, and count on which of them the first number depends."""
    x = torch.ones(1, 1, 4000, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride in layers:
        y = torch.nn.functional.conv1d(y, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride)
    y[0, 0, 0].backward()
    return int((x.grad != 0).sum())


def masked_by_loop(features, mask):
    n = len(features)
    G = torch.zeros(n, n, dtype=features.dtype)
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            G = G + mask[i, j] * torch.outer(features[:, i, j], features[:, i, j])
    return G / mask.sum()


def covariance_gradient_by_loops(F, S):
    N, M = F.shape
    rows = [F[k] - F[k].sum() / M for k in range(N)]
    D = [[(rows[k] * rows[j]).sum() / M - S[k, j] for j in range(N)] for k in range(N)]
    return torch.stack([sum(D[k][j] * rows[j] for j in range(N)) / (N * N * M) for k in range(N)])


def adam_by_torch(x, gradient, m, v, step, learning_rate):
    moving = torch.nn.Parameter(x.clone())
    adam = torch.optim.Adam([moving], lr=learning_rate)
    adam.state[moving] = {"step": torch.tensor(float(step - 1)), "exp_avg": m.clone(), "exp_avg_sq": v.clone()}
    moving.grad = gradient.clone()
    adam.step()
    return moving.detach(), adam.state[moving]["exp_avg"], adam.state[moving]["exp_avg_sq"]


def adam_with_lerp(x, g, m, v, t, rate):
    m, v = m.lerp(g, 0.1), v.lerp(g * g, 0.001)
    return [x - rate * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8), m, v]


def plateau_by_while(costs, patience, share):
    step = patience
    while step < len(costs) and costs[step - patience] - costs[step] >= share * costs[step - patience]:
        step += 1
    return min(step, len(costs))


def transfer_with_no_grad(network, contents, styles, steps):
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=contents.dtype).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225], dtype=contents.dtype).view(1, 3, 1, 1)

    def gram(block):
        return torch.einsum("bkhw,blhw->bkl", block, block) / (block.shape[2] * block.shape[3])

    with torch.no_grad():
        kept, goal = network((contents - mean) / std), gram(network((styles - mean) / std))
    x = contents.detach().clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)

    def closure():
        optimizer.zero_grad()
        now = network((x - mean) / std)
        J = torch.nn.functional.mse_loss(now, kept) + 10 * torch.nn.functional.mse_loss(gram(now), goal)
        J.backward()
        return J

    costs = [optimizer.step(closure).item() for _ in range(steps)]
    with torch.no_grad():
        return {"pictures": x.clamp(0, 1), "goal": goal, "costs": torch.tensor(costs)}


def transfer_one_by_one(network, contents, styles, steps):
    """Take Gram matrices picture by picture, and freeze the network."""
    network.requires_grad_(False)
    mean, std = (
        torch.tensor(row).to(contents)[None, :, None, None] for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )

    def grams(pictures):
        rows = [block.reshape(len(block), -1) for block in network((pictures - mean) / std)]
        return torch.stack([row @ row.T / row.shape[1] for row in rows])

    kept, goal, costs = network((contents - mean) / std), grams(styles), []
    x = contents.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)

    def closure():
        x.grad = None
        cost = ((network((x - mean) / std) - kept) ** 2).mean() + 10 * ((grams(x) - goal) ** 2).mean()
        cost.backward()
        costs.append(float(cost))
        return cost

    for _ in range(steps):
        optimizer.step(closure)
    return {"goal": goal, "costs": torch.tensor(costs), "pictures": x.detach().clamp(0.0, 1.0)}


def moved_backwards(F):
    out = F.clone()
    out[-1] = F[-1].roll(-1)
    return out


def strength_in_one_place(F):
    """Put each filter's whole strength at one position."""
    out = torch.zeros_like(F)
    for k, strength in enumerate(F.square().sum(1).sqrt()):
        out[k, k % F.shape[1]] = strength
    return out


RIGHT = {
    "ex01.hooks": [features_layer_by_layer, features_by_one_hook, features_by_parts],
    "ex01.field": [
        field_backwards,
        field_of_a_pulse,
        lambda layers: 1 + sum((k - 1) * math.prod(s for _, s in layers[:i]) for i, (k, _) in enumerate(layers)),
    ],
    "ex02.soft_mask": [
        masked_by_loop,
        lambda f, m: torch.einsum("khw,lhw,hw->kl", f, f, m) / m.sum(),
        lambda f, m: (f * m.sqrt()).flatten(1) @ (f * m.sqrt()).flatten(1).T / m.sum(),
    ],
    "ex02.equal_grams": [
        lambda F: (F.roll(1, 1), -F.flip(1)),
        lambda F: torch.stack([F[:, torch.arange(F.shape[1] - 1, -1, -1)], F * torch.tensor([-1.0] * F.shape[1])]),
        lambda F: [F.flip(1), torch.cat([-F[:, :1], F[:, 1:]], 1)],
    ],
    "ex03.covariance_gradient": [
        covariance_gradient_by_loops,
        lambda F, S: ((torch.cov(F, correction=0) - S) @ (F - F.mean(1)[:, None])) / F.numel() / len(F),
        lambda F, S: (
            torch.einsum("kl,li->ki", torch.cov(F, correction=0) - S, F - F.mean(1, True)) / len(F) / F.numel()
        ),
    ],
    "ex03.program": [
        lambda p, n, m: 4 if p == "a" else 4 / n**2 / m**2 if p == "b" else 2 * n,
        lambda p, n, m: {"a": 1 / n**2 / m**2, "b": 1 / (n * m) ** 4, "c": 0.5 / n / m**2}[p] * 4 * n**2 * m**2,
        lambda p, n, m: torch.tensor({"a": 4.0, "b": (2 / (n * m)) ** 2, "c": 2.0 * n}[p], dtype=torch.float64),
    ],
    "ex04.shares": [
        lambda norms, shares: {
            k: s / norms[k] / sum(t / norms[j] for j, t in shares.items()) for k, s in shares.items()
        },
        lambda norms, shares: {k: shares[k] / (n * sum(shares[j] / norms[j] for j in norms)) for k, n in norms.items()},
        lambda norms, shares: {k: 1 / sum(shares[j] / shares[k] * norms[k] / norms[j] for j in norms) for k in norms},
    ],
    "ex04.as_paper": [
        lambda widths: {k: n * n / sum(m * m for m in widths.values()) for k, n in widths.items()},
        lambda widths: {k: 1 / sum((m / n) ** 2 for m in widths.values()) for k, n in widths.items()},
        lambda widths: {k: (n / math.hypot(*widths.values())) ** 2 for k, n in widths.items()},
    ],
    "ex05.plateau": [
        plateau_by_while,
        lambda costs, p, s: next((k for k in range(p, len(costs)) if costs[k] / costs[k - p] > 1 - s), len(costs)),
        lambda costs, p, s: min(
            [k for k in range(p, len(costs)) if costs[k - p] - costs[k] < s * costs[k - p]], default=len(costs)
        ),
    ],
    "ex05.adam": [
        adam_with_lerp,
        adam_by_torch,
        lambda x, g, m, v, t, r: torch.stack(adam_with_lerp(x, g, m, v, t, r)),
    ],
    "ex05.bug_hunt": [
        transfer_with_no_grad,
        transfer_one_by_one,
        lambda network, contents, styles, steps: {**transfer_with_no_grad(network, contents, styles, steps)},
    ],
    "ex07.same_diagonal": [
        moved_backwards,
        strength_in_one_place,
        lambda F: torch.cat([F[:1].roll(1, 1), F[1:]]),
        lambda F: torch.stack([row.roll(number) for number, row in enumerate(F)]),
    ],
}

COMPOSED = {
    "ex01.hooks": {
        "inputs, detached": lambda network, picture, layers: {k: picture.detach() for k in layers},
        "doubled": lambda network, picture, layers: {
            k: 2 * v for k, v in references.layer_features(network, picture, layers).items()
        },
    },
    "ex01.field": {
        "no strides, from zero": lambda layers: sum(kernel - 1 for kernel, _ in layers),
        "doubled": lambda layers: 2 * references.receptive_field(layers),
    },
    "ex02.soft_mask": {
        "mask squared, not divided": lambda f, m: references.gram_matrix(f * m),
        "outside, not divided": lambda f, m: references.soft_masked_gram(f, 1 - m) * (1 - m).sum(),
    },
    "ex02.equal_grams": {"the same twice": lambda F: (F, F), "zeros": lambda F: (0 * F, 0 * F)},
    "ex03.covariance_gradient": {
        "uphill, ¼ left": lambda F, S: -references.covariance_gradient(F, S) / 4,
        "no M, half": lambda F, S: references.covariance_gradient(F, S) * F.shape[1] / 2,
    },
    "ex03.program": {
        "b and c": lambda p, n, m: 4,
        "doubled": lambda p, n, m: 2 * references.program_factor(p, n, m),
    },
    "ex04.shares": {
        "times the norm, not normalised": lambda norms, shares: {k: s * norms[k] for k, s in shares.items()},
        "equal": lambda norms, shares: dict.fromkeys(norms, 1 / len(norms)),
    },
    "ex04.as_paper": {
        "not squared, not normalised": lambda widths: dict(widths),
        "inverse, not normalised": lambda widths: {k: n**-2 for k, n in widths.items()},
    },
    "ex05.plateau": {
        "neighbours, one early": lambda costs, p, s: references.stopping_step(costs, 1, s) - 1,
        "at the smallest": lambda costs, p, s: costs.index(min(costs)),
    },
    "ex05.adam": {
        "plain descent": lambda x, g, m, v, t, r: (x - r * g, m, v),
        "nothing moves": lambda x, g, m, v, t, r: (x, m, v),
    },
    "ex05.bug_hunt": {
        "content returned": lambda network, contents, styles, steps: {
            **references.transfer(network, contents, styles, steps),
            "pictures": contents,
        },
        "one step fewer": lambda network, contents, styles, steps: references.transfer(
            network, contents, styles, steps - 1
        ),
    },
    "ex07.same_diagonal": {"negated, scaled": lambda F: -2 * F, "negated": lambda F: -F},
}
