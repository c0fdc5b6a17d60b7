"""Right answers as students write them who know the exercise's text alone: costs, Gram matrices and weights."""

import math
from fractions import Fraction
from functools import reduce

import numpy as np
import torch
import torch.nn.functional as nn


def unroll_by_gather(features):
    height, width = features.shape[1:]
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return features[:, rows.ravel(), columns.ravel()]


def content_by_channel(features_x, features_c):
    cost = 0.0
    for k in range(features_x.size(0)):
        cost += torch.dist(features_x[k], features_c[k], p=2) ** 2
    return cost / 2.0


def field_by_jumps(layers):
    field, jump = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def field_by_interval(layers):
    def seen(first, last, depth):
        if depth == 0:
            return last - first + 1
        kernel, stride = layers[depth - 1]
        return seen(first * stride, last * stride + kernel - 1, depth - 1)

    return seen(0, 0, len(layers))


def features_by_hook_class(network, picture, layers):
    class Recorder:
        def __init__(self, store, name):
            self.store, self.name = store, name

        def __call__(self, module, inputs, output):
            self.store[self.name] = output[0].clone()

    store, handles = {}, []
    for name, module in network.named_modules():
        if name in layers:
            handles.append(module.register_forward_hook(Recorder(store, name)))
    network(torch.stack([picture]))
    [handle.remove() for handle in handles]
    return store


def features_by_partial(network, picture, layers):
    modules = dict(network.named_children())
    out = {}

    def keep(name):
        def hook(module, args, result):
            out[name] = torch.clone(result).view(result.shape[1:])

        return hook

    handles = {name: modules[name].register_forward_hook(keep(name)) for name in layers}
    try:
        network(picture.reshape(1, *picture.shape))
    finally:
        for name in layers:
            handles[name].remove()
    return {name: out[name] for name in layers}


def gram_into_zeros(F):
    N, M = F.shape
    G = torch.zeros((N, N))
    for k in range(N):
        for kk in range(N):
            for i in range(M):
                G[k, kk] += F[k, i] * F[kk, i]
    return G


def gram_by_symmetry(F):
    rows = F.tolist()
    G = [[0.0 for _ in rows] for _ in rows]
    for k in range(len(rows)):
        for j in range(k, len(rows)):
            for i in range(len(rows[0])):
                G[k][j] += rows[k][i] * rows[j][i]
            G[j][k] = G[k][j]
    return G


def gram_by_linear(features):
    F = torch.flatten(features, start_dim=1)
    return nn.linear(F, F)


def gram_by_positions(features):
    H, W = features.shape[1:]
    G = 0
    for y in range(H):
        for x in range(W):
            G = G + torch.outer(features[:, y, x], features[:, y, x])
    return G


def gram_batch_by_broadcast(features):
    return (features[:, :, None] * features[:, None, :]).sum(dim=(-2, -1))


def gram_batch_by_vmap(features):
    return torch.vmap(lambda f: torch.tensordot(f, f, dims=([1, 2], [1, 2])))(features)


def covariance_entry_by_entry(gram, mean, n_positions):
    cov = torch.empty_like(gram)
    for k in range(len(mean)):
        for j in range(len(mean)):
            cov[k, j] = gram[k, j] / n_positions - mean[k] * mean[j]
    return cov


def covariance_by_column(gram, mean, n_positions):
    mu = mean.reshape(-1, 1)
    return (gram - n_positions * torch.mm(mu, mu.T)).div(n_positions)


def masked_by_positions(features, mask):
    top = torch.zeros(features.shape[0], features.shape[0], dtype=features.dtype)
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            top = top + mask[i, j] * features[:, i, j].outer(features[:, i, j])
    return top / mask.sum()


def masked_by_root(features, mask):
    F = (features * torch.sqrt(mask)).view(features.size(0), -1)
    return torch.matmul(F, F.t()) / torch.sum(mask)


def equal_by_flips(F):
    A = torch.fliplr(F) if not torch.equal(torch.fliplr(F), F) else F.roll(1, 1)
    B = F.clone()
    B[:, F.sum(dim=0).argmax()] *= -1
    return A, B


def equal_by_permutation_and_rotation(F):
    M = F.shape[1]
    order = [*range(1, M), 0]
    turn = torch.eye(M, dtype=F.dtype) - 2.0 / M * torch.ones(M, M, dtype=F.dtype)
    return F[:, order], -(F @ turn) if (F @ turn).min() >= 0 else F @ turn


def layer_cost_by_loops(features_x, features_s):
    n = features_x.shape[0]
    total = 0
    for k in range(n):
        for j in range(n):
            of_x = (features_x[k] * features_x[j]).mean()
            of_s = (features_s[k] * features_s[j]).mean()
            total = total + (of_x - of_s) ** 2
    return total / (4 * n**2)


def layer_cost_by_mse(features_x, features_s):
    def gram(f):
        c, h, w = f.shape
        f = f.contiguous().view(c, h * w)
        return f.mm(f.t()).div(h * w)

    return 0.25 * nn.mse_loss(gram(features_x), gram(features_s))


def gradient_by_einsum(F_x, gram_s):
    delta = torch.einsum("ki,li->kl", F_x, F_x) - gram_s
    return torch.einsum("kl,li->ki", delta, F_x).div(F_x.numel() ** 2)


def gradient_by_product_rule(F_x, gram_s):
    N, M = F_x.size()
    delta = F_x.matmul(F_x.mT) - gram_s
    by_gram = 2 * delta / (4 * N * N * M * M)
    return by_gram.matmul(F_x) + by_gram.mT.matmul(F_x)


def factor_by_match(convention, n_filters, n_positions, image_positions):
    match convention:
        case "gatys":
            return 1.0
        case "mean_hw" | "sum_chw":
            return 4.0
        case "mean_chw":
            return 4.0 / n_filters / n_filters
        case "keras":
            return n_filters**2 * n_positions**2 / 9 / image_positions**2


def factor_by_quotient(convention, n_filters, n_positions, image_positions):
    N, M = n_filters, n_positions
    per_squared_delta = {
        "gatys": 1 / (4 * N**2 * M**2),
        "mean_hw": 1 / N**2 / M**2,
        "sum_chw": 1 / (N * M) ** 2,
        "mean_chw": 1 / (N * M) ** 2 / N**2,
        "keras": 1 / (4.0 * 3**2 * image_positions**2),
    }
    return per_squared_delta[convention] / per_squared_delta["gatys"]


def covariance_gradient_by_centring(F_x, cov_s):
    N, M = F_x.shape
    P = torch.eye(M, dtype=F_x.dtype) - 1 / M
    cov_x = F_x @ P @ F_x.T / M
    return (cov_x - cov_s) @ F_x @ P / (N**2 * M)


def covariance_gradient_by_columns(F_x, cov_s):
    N, M = F_x.shape
    mu = F_x.mean(1)
    cov = sum(torch.outer(f - mu, f - mu) for f in F_x.T) / M
    return torch.stack([(cov - cov_s) @ (f - mu) for f in F_x.T], dim=1) / (N * N * M)


def program_by_if(program, n_filters, n_positions):
    if program == "a":
        return 4
    elif program == "b":
        return 4 / (n_filters**2 * n_positions**2)
    else:
        return 2 * n_filters


def program_by_running(program, n_filters, n_positions):
    squares = 36.0 * n_filters * n_filters
    paper = squares / (4 * n_filters**2 * n_positions**2)
    cost = {
        "a": lambda: squares / n_positions**2 / n_filters**2,
        "b": lambda: squares / (n_filters * n_positions) ** 4,
        "c": lambda: 0.5 * squares / n_positions**2 / n_filters,
    }
    return cost[program]() / paper


def program_by_fractions(program, n_filters, n_positions):
    N, M = n_filters, n_positions
    return {"a": Fraction(4), "b": Fraction(4, N**2 * M**2), "c": Fraction(2 * N)}[program]


def _layer_cost(features_x, features_s):
    means = [torch.einsum("khw,lhw->kl", block, block) / block[0].numel() for block in (features_x, features_s)]
    return (means[0] - means[1]).square().sum() / (4 * len(features_x) ** 2)


def style_cost_by_items(features_x, features_s, layer_weights):
    J = 0.0
    for layer, weight in layer_weights.items():
        J = J + weight * _layer_cost(features_x[layer], features_s[layer])
    return J


def style_cost_by_reduce(features_x, features_s, layer_weights):
    shared = [layer for layer in features_x if layer in layer_weights]
    return reduce(lambda J, k: J + layer_weights[k] * _layer_cost(features_x[k], features_s[k]), shared, 0)


def style_cost_with_zeros(features_x, features_s, layer_weights):
    return sum(layer_weights.get(name, 0) * _layer_cost(features_x[name], features_s[name]) for name in features_x)


def leave_out_by_if(layers, dropped):
    weights = {}
    for layer in layers:
        if layer == dropped:
            weights[layer] = 0
        else:
            weights[layer] = 1 / (len(layers) - 1)
    return weights


def leave_out_by_boolean(layers, dropped):
    kept = len([layer for layer in layers if layer != dropped])
    return dict(zip(layers, [(layer != dropped) / kept for layer in layers], strict=True))


def leave_out_by_tensor(layers, dropped):
    weights = torch.ones(len(layers))
    weights[layers.index(dropped)] = 0
    return dict(zip(layers, weights / weights.sum(), strict=True))


def balanced_by_products(gradient_norms):
    product = math.prod(gradient_norms.values())
    others = {layer: product / norm for layer, norm in gradient_norms.items()}
    return {layer: others[layer] / sum(others.values()) for layer in others}


def balanced_by_tensor(gradient_norms):
    norms = torch.tensor(list(gradient_norms.values()))  # float32, as torch has it
    return dict(zip(gradient_norms, nn.normalize(1 / norms, p=1, dim=0), strict=True))


def shares_by_loop(gradient_norms, shares):
    weights, total = {}, 0
    for layer in shares:
        weights[layer] = shares[layer] / gradient_norms[layer]
        total += weights[layer]
    for layer in weights:
        weights[layer] /= total
    return weights


def shares_by_numpy(gradient_norms, shares):
    layers = sorted(gradient_norms)
    raw = np.array([shares[layer] for layer in layers]) / np.array([gradient_norms[layer] for layer in layers])
    return {layer: float(weight) for layer, weight in zip(layers, raw / raw.sum(), strict=True)}


def as_paper_by_sum(n_filters):
    total = sum(n**2 for n in n_filters.values())
    return {layer: n**2 / total for layer, n in n_filters.items()}


def as_paper_by_logarithms(n_filters):
    logs = torch.tensor([2 * math.log(n) for n in n_filters.values()], dtype=torch.float64)
    return {layer: weight.item() for layer, weight in zip(n_filters, logs.softmax(0), strict=True)}


STUDENTS = {
    "ex01.unroll": [unroll_by_gather, lambda f: torch.cat([row for row in f.unbind(1)], dim=1)],
    "ex01.content_cost": [content_by_channel, lambda x, c: nn.mse_loss(x, c, reduction="sum") * 0.5],
    "ex01.field": [field_by_jumps, field_by_interval],
    "ex01.hooks": [features_by_hook_class, features_by_partial],
    "ex02.gram_loops": [gram_into_zeros, gram_by_symmetry],
    "ex02.gram": [gram_by_linear, gram_by_positions],
    "ex02.gram_batch": [gram_batch_by_broadcast, gram_batch_by_vmap],
    "ex02.covariance": [covariance_entry_by_entry, covariance_by_column],
    "ex02.soft_mask": [masked_by_positions, masked_by_root],
    "ex02.equal_grams": [equal_by_flips, equal_by_permutation_and_rotation],
    "ex03.layer_cost": [layer_cost_by_loops, layer_cost_by_mse],
    "ex03.gradient": [gradient_by_einsum, gradient_by_product_rule],
    "ex03.factor": [factor_by_match, factor_by_quotient],
    "ex03.covariance_gradient": [covariance_gradient_by_centring, covariance_gradient_by_columns],
    "ex03.program": [program_by_if, program_by_running, program_by_fractions],
    "ex04.style_cost": [style_cost_by_items, style_cost_by_reduce, style_cost_with_zeros],
    "ex04.leave_one_out": [leave_out_by_if, leave_out_by_boolean, leave_out_by_tensor],
    "ex04.balance": [balanced_by_products, balanced_by_tensor],
    "ex04.shares": [shares_by_loop, shares_by_numpy],
    "ex04.as_paper": [as_paper_by_sum, as_paper_by_logarithms],
}
