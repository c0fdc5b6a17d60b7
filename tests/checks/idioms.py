"""Right answers in further idioms, from the exercise's text alone: features, Gram matrices, costs and weights."""

import contextlib
import functools
import itertools
import math
import operator
import statistics
from collections import Counter, OrderedDict
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as nn

# ex01


def unroll_number_by_number(features):
    N, H, W = features.shape
    F = features.new_zeros((N, H * W))
    for k, i, j in itertools.product(range(N), range(H), range(W)):
        F[k, i * W + j] = features[k, i, j]
    return F


def unroll_by_module(features):
    return torch.nn.Flatten(start_dim=1)(features)


def unroll_by_patches_of_one(features):
    return nn.unfold(features.unsqueeze(0), kernel_size=1).squeeze(0)


def content_by_expansion(features_x, features_c):
    squares = (features_x**2).sum() + (features_c**2).sum()
    return squares / 2 - (features_x * features_c).sum()


def content_by_dot(features_x, features_c):
    d = torch.flatten(features_x - features_c)
    return torch.dot(d, d) / 2


def content_by_einsum(features_x, features_c):
    apart = features_x - features_c
    return torch.einsum("khw,khw->", apart, apart) * 0.5


class HalfSquaredError(torch.nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = target.detach()

    def forward(self, x):
        return 0.5 * torch.linalg.vector_norm(x - self.target) ** 2


def content_by_module(features_x, features_c):
    return HalfSquaredError(features_c)(features_x)


def field_by_reduce(layers):
    return functools.reduce(lambda seen, layer: (seen - 1) * layer[1] + layer[0], reversed(layers), 1)


def field_by_recursion(layers):
    if len(layers) == 0:
        return 1
    *before, (kernel, _) = layers
    inner = field_by_recursion(before)
    return inner + (kernel - 1) * math.prod(s for _, s in before)


def field_by_sets(layers):
    """Collect which places each number depends on, from the last layer to the picture."""
    places = {0}
    for kernel, stride in layers[::-1]:
        places = {place * stride + offset for place in places for offset in range(kernel)}
    return max(places) - min(places) + 1


def features_with_exit_stack(network, picture, layers):
    found = OrderedDict()
    with contextlib.ExitStack() as stack:
        for name in layers:
            store = functools.partial(operator.setitem, found, name)
            hook = network.get_submodule(name).register_forward_hook(
                lambda module, inputs, output, store=store: store(output.clone()[0])
            )
            stack.callback(hook.remove)
        network(picture[None, ...])
    return found


def features_by_one_list(network, picture, layers):
    wanted, outputs, handles = [network.get_submodule(name) for name in layers], {}, []

    def remember(module, _, output):
        outputs[id(module)] = output.squeeze(0).mul(1)

    try:
        handles.extend(module.register_forward_hook(remember) for module in wanted)
        network.forward(picture.unsqueeze(dim=0))
    finally:
        while handles:
            handles.pop().remove()
    return dict(zip(layers, [outputs[id(module)] for module in wanted], strict=True))


class Listener:
    def __init__(self, network, layers):
        self.features = {}
        self.handles = [getattr(network, name).register_forward_hook(self.hear(name)) for name in layers]

    def hear(self, name):
        def hook(module, arguments, output):
            self.features[name] = torch.empty_like(output[0]).copy_(output[0])

        return hook

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for handle in self.handles:
            handle.remove()


def features_by_context(network, picture, layers):
    with Listener(network, layers) as listener:
        network(picture.reshape(1, *picture.size()))
    return listener.features


# ex02


def gram_loops_by_product(F):
    rows = [[x.item() for x in row] for row in F]
    G = {}
    for (k, p), (j, q) in itertools.product(enumerate(rows), repeat=2):
        G[k, j] = math.fsum(map(operator.mul, p, q))
    return [[G[k, j] for j in range(len(rows))] for k in range(len(rows))]


def gram_loops_by_while(F):
    N, M = F.size()
    G = []
    k = 0
    while k < N:
        row = []
        j = 0
        while j < N:
            total, i = 0.0, 0
            while i < M:
                total += (F[k, i] * F[j, i]).item()
                i += 1
            row.append(total)
            j += 1
        G.append(row)
        k += 1
    return G


def gram_loops_position_by_position(F):
    G = np.zeros((F.shape[0], F.shape[0]))
    for i in range(F.shape[1]):
        for k in range(F.shape[0]):
            for j in range(F.shape[0]):
                G[k][j] += float(F[k][i]) * float(F[j][i])
    return G.tolist()


def gram_by_inner(features):
    F = features.view(features.size(0), -1)
    return torch.inner(F, F)


def gram_by_convolution(features):
    """Slide each filter's map over each other's: where the two lie on each other is one place."""
    maps = features[:, None]
    return nn.conv2d(maps, maps)[:, :, 0, 0]


def gram_in_float64(features):
    F = features.reshape(features.shape[0], features.shape[1] * features.shape[2]).double()
    return torch.mm(F, F.t()).to(features.dtype)


def gram_by_broadcast(features):
    rows = torch.stack([channel.ravel() for channel in features])
    return (rows.unsqueeze(0) * rows.unsqueeze(1)).sum(dim=-1)


def gram_batch_by_stack(features):
    return torch.stack([torch.mm(f.flatten(1), f.flatten(1).t()) for f in features.unbind()])


def gram_batch_into_empty(features):
    B, N, H, W = features.shape
    G = torch.empty((B, N, N), dtype=features.dtype)
    F = features.reshape(B, N, H * W)
    for b in range(B):
        for k in range(N):
            G[b, k] = F[b] @ F[b, k]
    return G


def gram_batch_by_baddbmm(features):
    b, n = features.shape[:2]
    F = features.reshape(b, n, -1)
    return torch.baddbmm(features.new_zeros(b, n, n), F, F.permute(0, 2, 1))


def gram_batch_by_inner(features):
    return torch.func.vmap(torch.inner)(*[torch.flatten(features, 2)] * 2)


def covariance_by_addr(gram, mean, n_positions):
    return torch.addr(torch.true_divide(gram, n_positions), mean, mean, alpha=-1)


def covariance_by_lists(gram, mean, n_positions):
    rows = [
        [g / n_positions - a * b for g, b in zip(row, mean, strict=True)] for row, a in zip(gram, mean, strict=True)
    ]
    return torch.stack([torch.stack(row) for row in rows])


def covariance_by_meshgrid(gram, mean, n_positions):
    a, b = torch.meshgrid(mean, mean, indexing="ij")
    return (gram - a * b * n_positions) * (1 / n_positions)


def masked_by_diagonal(features, mask):
    F = torch.flatten(features, 1)
    return F @ torch.diag(mask.reshape(-1)) @ F.mT / mask.sum()


def masked_pair_by_pair(features, mask):
    rows = [[(mask * a * b).sum() / mask.sum() for b in features] for a in features]
    return torch.stack(list(map(torch.stack, rows)))


def masked_by_linear(features, mask):
    F, share = features.reshape(len(features), -1), (mask / mask.sum()).ravel()
    return nn.linear(F * share[None, :], F)


def masked_where_it_counts(features, mask):
    i, j = torch.nonzero(mask, as_tuple=True)
    F, m = features[:, i, j], mask[i, j]
    return torch.einsum("i,ki,li->kl", m, F, F).div(m.sum())


def equal_by_matrices(F):
    M = F.shape[1]
    turned = torch.eye(M, dtype=F.dtype)[torch.arange(M) - 1]
    return F @ turned, F @ -torch.eye(M, dtype=F.dtype)


def equal_by_swapping_two(F):
    A = F.clone()
    A[:, [0, -1]] = F[:, [-1, 0]]
    signs = torch.ones(F.size(1), dtype=F.dtype)
    signs[0] = -1
    return [A, A * signs]


def equal_by_random_turn(F):
    chance = torch.Generator().manual_seed(1)
    Q, _ = torch.linalg.qr(torch.randn(F.shape[1], F.shape[1], generator=chance, dtype=F.dtype))
    B = F @ Q
    A = torch.concatenate([F[:, 1:], F[:, :1]], dim=1)
    return A, (B if (B < -0.1).any() else -B)


# ex03


def layer_cost_by_matrix_norm(features_x, features_s):
    def G(f):
        return torch.einsum("nhw,mhw->nm", f, f) / math.prod(f.shape[1:])

    N = features_x.size(0)
    return torch.linalg.matrix_norm(G(features_x) - G(features_s), ord="fro") ** 2 / (4 * N * N)


def layer_cost_by_expansion(features_x, features_s):
    A, B = (torch.mm(f.flatten(1), f.flatten(1).t()) / f[0].numel() for f in (features_x, features_s))
    return ((A * A).sum() - 2 * (A * B).sum() + (B * B).sum()) / (4 * A.shape[0] ** 2)


class StyleLoss(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.register_buffer("target", self.gram(features).detach())

    @staticmethod
    def gram(features):
        F = features.view(features.size(0), -1)
        return torch.matmul(F, F.t()).div(F.size(1))

    def forward(self, features):
        return nn.mse_loss(self.gram(features), self.target) * 0.25


def layer_cost_by_module(features_x, features_s):
    return StyleLoss(features_s)(features_x)


def layer_cost_by_the_paper(features_x, features_s):
    """Take the paper's formula for equal sizes, after S was brought to X's number of positions."""
    N, M = features_x.shape[0], features_x[0].numel()
    G = features_x.flatten(1) @ features_x.flatten(1).T
    A = features_s.flatten(1) @ features_s.flatten(1).T * (M / features_s[0].numel())
    return torch.sum((G - A) ** 2) / (4 * N**2 * M**2)


def gradient_by_addmm(F_x, gram_s):
    return torch.addmm(gram_s, F_x, F_x.t(), beta=-1).mm(F_x) / F_x.numel() / F_x.numel()


def gradient_column_by_column(F_x, gram_s):
    N, M = F_x.shape
    delta = torch.inner(F_x, F_x) - gram_s
    return torch.stack([torch.mv(delta, column) for column in F_x.unbind(1)], dim=1) / (N * M) ** 2


def gradient_transposed(F_x, gram_s):
    positions = F_x.T  # (M, N)
    back = positions @ (positions.T @ positions - gram_s)  # Δ is symmetric
    return back.T * (F_x.shape[0] * F_x.shape[1]) ** -2.0


def gradient_from_outer_products(F_x, gram_s):
    G = functools.reduce(operator.add, (torch.outer(f, f) for f in F_x.T))
    half = (G - gram_s) / F_x.numel()
    return torch.tensordot(half, F_x / F_x.numel(), dims=1)


@dataclass
class Sizes:
    n: int
    m: int
    hw: int

    def gatys(self):
        return Fraction(1, 4 * self.n**2 * self.m**2)

    def mean_hw(self):
        return Fraction(1, self.m**2 * self.n**2)

    def sum_chw(self):
        return Fraction(1, (self.n * self.m) ** 2)

    def mean_chw(self):
        return self.sum_chw() / self.n**2

    def keras(self):
        return Fraction(1, 4 * 3**2 * self.hw**2)


def factor_by_methods(convention, n_filters, n_positions, image_positions):
    sizes = Sizes(n_filters, n_positions, image_positions)
    return float(getattr(sizes, convention)() / sizes.gatys())


def factor_of_a_made_up_difference(convention, n_filters, n_positions, image_positions):
    delta = torch.full((n_filters, n_filters), 2.0, dtype=torch.float64)
    paper = (delta**2).sum() / (4 * n_filters**2 * n_positions**2)
    if convention == "gatys":
        cost = paper
    elif convention == "mean_hw":
        cost = ((delta / n_positions) ** 2).mean()
    elif convention.endswith("_chw"):
        entries = (delta / (n_filters * n_positions)) ** 2
        cost = entries.sum() if convention.startswith("sum") else entries.mean()
    else:
        cost = (delta**2).sum() / (4 * 9 * image_positions**2)
    return (cost / paper).item()


def factor_by_functions(convention, n_filters, n_positions, image_positions):
    four = lambda: 4  # noqa: E731
    table = dict(mean_hw=four, sum_chw=four, gatys=int("1").__int__)
    table["mean_chw"] = lambda: 4 / math.pow(n_filters, 2)
    table["keras"] = lambda: math.pow(n_filters * n_positions / image_positions, 2) / 9
    return table[convention]()


def covariance_gradient_by_moments(F_x, cov_s):
    N, M = F_x.shape
    mu = F_x.mean(dim=1)
    cov = F_x @ F_x.T / M - torch.outer(mu, mu)
    return torch.mm(cov - cov_s, F_x - mu.unsqueeze(1)).div(N * N * M)


def covariance_gradient_by_einsum(F_x, cov_s):
    centred = F_x - torch.einsum("ki->k", F_x)[:, None] / F_x.shape[1]
    delta = torch.einsum("ki,li->kl", centred, centred) / F_x.shape[1] - cov_s
    return torch.einsum("kl,li->ki", delta, centred) / (F_x.shape[0] * F_x.numel())


def covariance_gradient_centred_last(F_x, cov_s):
    """Δ F first; the mean of each row is taken off what comes out, which is the same."""
    back = (torch.cov(F_x, correction=0) - cov_s).matmul(F_x)
    back = back - back.mean(1, keepdim=True)
    return back / len(F_x) / F_x.numel()


def program_by_experiment(program, n_filters, n_positions):
    """Run each program, and the paper's formula, on features made up by chance."""
    chance = torch.Generator().manual_seed(0)
    x, s = torch.randn(2, n_filters, 1, n_positions, generator=chance, dtype=torch.float64)

    def grams(scale):
        return [(f.flatten(1) * scale) @ (f.flatten(1) * scale).T for f in (x, s)]

    raw = torch.sub(*grams(1))
    paper = raw.square().sum() / (4 * n_filters**2 * n_positions**2)
    if program == "a":
        cost = nn.mse_loss(*grams(n_positions**-0.5))
    elif program == "b":
        cost = torch.sub(*grams(1 / x.numel())).pow(2).sum()
    else:
        cost = 0.5 * ((raw / n_positions) ** 2).sum(dim=1).mean()
    return float(cost / paper)


def program_by_match(program, n_filters, n_positions):
    match program:
        case "a":
            return 2**2
        case "b":
            return math.pow(2 / (n_filters * n_positions), 2)
    return n_filters + n_filters


# ex04


def _E(features_x, features_s):
    G_x, G_s = (f.flatten(1) @ f.flatten(1).T / f[0].numel() for f in (features_x, features_s))
    return (G_x - G_s).square().sum() / (4 * len(features_x) ** 2)


def style_cost_by_dot(features_x, features_s, layer_weights):
    names = list(layer_weights)
    costs = torch.stack([_E(features_x[name], features_s[name]) for name in names])
    return costs @ torch.tensor([layer_weights[name] for name in names]).to(costs)


def style_cost_skipping(features_x, features_s, layer_weights):
    total = torch.tensor(0.0)
    for name in sorted(features_s):
        if name not in layer_weights:
            continue
        total = total + torch.mul(_E(features_x[name], features_s[name]), layer_weights[name])
    return total


def leave_out_by_copy(layers, dropped):
    kept = layers.copy()
    kept.remove(dropped)
    weights = dict.fromkeys(kept, len(kept) ** -1)
    weights.setdefault(dropped, 0)
    return weights


def leave_out_by_set(layers, dropped):
    others = set(layers) - {dropped}
    return {dropped: 0.0} | {name: 1 / len(others) for name in others}


def leave_out_by_counter(layers, dropped):
    counts = Counter(name for name in layers if name != dropped)
    return {name: counts[name] / counts.total() for name in layers}


def balanced_by_harmonic_mean(gradient_norms):
    mean = statistics.harmonic_mean(gradient_norms.values())
    return {name: mean / (len(gradient_norms) * norm) for name, norm in gradient_norms.items()}


def balanced_by_equations(gradient_norms):
    """λ_l · norm_l less the first layer's is 0, and all λ_l add up to 1: as many equations as weights."""
    norms = torch.tensor(list(gradient_norms.values()), dtype=torch.float64)
    A = torch.diag(norms)
    A[:, 0] -= norms[0]
    A[0] = 1
    b = torch.zeros(len(norms), dtype=torch.float64)
    b[0] = 1
    return dict(zip(gradient_norms.keys(), torch.linalg.solve(A, b).tolist(), strict=True))


def balanced_by_numpy(gradient_norms):
    inverse = np.reciprocal(np.fromiter(gradient_norms.values(), dtype=float))
    return {name: inverse[number] / inverse.sum() for number, name in enumerate(gradient_norms)}


def shares_in_two_passes(gradient_norms, shares):
    pulls = dict(map(lambda name: (name, shares[name] / gradient_norms[name]), gradient_norms))
    whole = functools.reduce(operator.add, pulls.values())
    return {name: pulls[name] / whole for name in sorted(pulls)}


def shares_by_equations(gradient_norms, shares):
    """λ_l norm_l = c · share_l for all layers, with Σ λ_l = 1 as the equation for c."""
    names = list(shares)
    L = len(names)
    A, b = np.zeros((L + 1, L + 1)), np.zeros(L + 1)
    for row, name in enumerate(names):
        A[row, row], A[row, L] = gradient_norms[name], -shares[name]
    A[L, :L], b[L] = 1, 1
    return dict(zip(names, np.linalg.solve(A, b)[:L].tolist(), strict=True))


def shares_by_normalize(gradient_norms, shares):
    names = tuple(gradient_norms)
    wished, norms = (torch.tensor([table[name] for name in names]).double() for table in (shares, gradient_norms))
    return {n: w.item() for n, w in zip(names, nn.normalize(wished.div(norms), p=1.0, dim=0), strict=True)}


def as_paper_by_factor(n_filters):
    taken_back = {layer: 1 / (4 / math.pow(n, 2)) for layer, n in n_filters.items()}
    return {layer: part / math.fsum(taken_back.values()) for layer, part in taken_back.items()}


def as_paper_by_tensor(n_filters):
    squares = torch.square(torch.tensor([float(n) for n in n_filters.values()]))
    return dict(zip(n_filters, squares.div(squares.sum()).tolist(), strict=True))


def as_paper_by_fractions(n_filters):
    whole = sum(map(lambda n: n * n, n_filters.values()))
    return {layer: float(Fraction(n * n, whole)) for layer, n in n_filters.items()}


IDIOMS = {
    "ex01.unroll": [unroll_number_by_number, unroll_by_module, unroll_by_patches_of_one],
    "ex01.content_cost": [content_by_expansion, content_by_dot, content_by_einsum, content_by_module],
    "ex01.field": [field_by_reduce, field_by_recursion, field_by_sets],
    "ex01.hooks": [features_with_exit_stack, features_by_one_list, features_by_context],
    "ex02.gram_loops": [gram_loops_by_product, gram_loops_by_while, gram_loops_position_by_position],
    "ex02.gram": [gram_by_inner, gram_by_convolution, gram_in_float64, gram_by_broadcast],
    "ex02.gram_batch": [gram_batch_by_stack, gram_batch_into_empty, gram_batch_by_baddbmm, gram_batch_by_inner],
    "ex02.covariance": [covariance_by_addr, covariance_by_lists, covariance_by_meshgrid],
    "ex02.soft_mask": [masked_by_diagonal, masked_pair_by_pair, masked_by_linear, masked_where_it_counts],
    "ex02.equal_grams": [equal_by_matrices, equal_by_swapping_two, equal_by_random_turn],
    "ex03.layer_cost": [
        layer_cost_by_matrix_norm,
        layer_cost_by_expansion,
        layer_cost_by_module,
        layer_cost_by_the_paper,
    ],
    "ex03.gradient": [
        gradient_by_addmm,
        gradient_column_by_column,
        gradient_transposed,
        gradient_from_outer_products,
    ],
    "ex03.factor": [factor_by_methods, factor_of_a_made_up_difference, factor_by_functions],
    "ex03.covariance_gradient": [
        covariance_gradient_by_moments,
        covariance_gradient_by_einsum,
        covariance_gradient_centred_last,
    ],
    "ex03.program": [program_by_experiment, program_by_match],
    "ex04.style_cost": [style_cost_by_dot, style_cost_skipping],
    "ex04.leave_one_out": [leave_out_by_copy, leave_out_by_set, leave_out_by_counter],
    "ex04.balance": [balanced_by_harmonic_mean, balanced_by_equations, balanced_by_numpy],
    "ex04.shares": [shares_in_two_passes, shares_by_equations, shares_by_normalize],
    "ex04.as_paper": [as_paper_by_factor, as_paper_by_tensor, as_paper_by_fractions],
}
