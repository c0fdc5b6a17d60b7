"""Right answers in further idioms, from the exercise's text alone: steps, statistics, programs."""

import itertools
import math
import operator
from collections import deque

import numpy as np
import torch
import torch.nn.functional as nn

# ex05


def total_cost_by_map(j_content, j_style, alpha, beta):
    return sum(map(operator.mul, (alpha, beta), (j_content, j_style)))


def total_cost_in_place_of_a_name(j_content, j_style, alpha, beta):
    J = alpha * j_content
    J += beta * j_style
    return J


def total_cost_by_dictionary(j_content, j_style, alpha, beta):
    terms = {"content": (alpha, j_content), "style": (beta, j_style)}
    J = 0
    for weight, cost in terms.values():
        J = J + torch.tensor(weight) * cost
    return J


def step_by_hardtanh(x, gradient, learning_rate):
    return nn.hardtanh(torch.sub(x, gradient, alpha=learning_rate), 0.0, 1.0)


def step_by_relu(x, gradient, learning_rate):
    y = torch.relu(x - learning_rate * gradient)
    return 1 - torch.relu(1 - y)


def step_by_sgd(x, gradient, learning_rate):
    moving = torch.nn.Parameter(x.detach().clone())
    moving.grad = gradient.detach().clone()
    torch.optim.SGD([moving], lr=learning_rate).step()
    return moving.data.clamp(min=0, max=1)


def step_by_masks(x, gradient, learning_rate):
    y = x - torch.mul(gradient, torch.tensor(learning_rate))
    return y.masked_fill(y < 0, 0).masked_fill(y > 1, 1)


def variation_by_convolution(x):
    channels = x.unsqueeze(1)
    down = torch.tensor([[-1.0], [1.0]]).to(x)[None, None]
    return nn.conv2d(channels, down).abs().sum() + nn.conv2d(channels, down.mT).abs().sum()


def variation_by_matrices(x):
    def steps(size):
        return torch.eye(size, dtype=x.dtype)[1:] - torch.eye(size, dtype=x.dtype)[:-1]

    down, across = steps(x.shape[1]) @ x, x @ steps(x.shape[2]).T
    return torch.linalg.vector_norm(down, ord=1) + torch.linalg.vector_norm(across, ord=1)


def variation_by_narrow(x):
    total = 0
    for dim in (1, 2):
        n = x.size(dim) - 1
        total = total + torch.abs(x.narrow(dim, 1, n) - x.narrow(dim, 0, n)).sum()
    return total


def variation_by_padding(x):
    down = nn.pad(x, (0, 0, 0, 1), mode="replicate") - nn.pad(x, (0, 0, 1, 0), mode="replicate")
    across = nn.pad(x, (0, 1), mode="replicate") - nn.pad(x, (1, 0), mode="replicate")
    return down.abs().sum() + across.abs().sum()


def stopping_by_numpy(costs, patience, share):
    J = np.asarray(costs)
    before, now = J[:-patience], J[patience:]
    stuck = np.flatnonzero(before - now < share * before)
    return int(stuck[0]) + patience if stuck.size else len(J)


def stopping_by_window(costs, patience, share):
    window = deque(maxlen=patience + 1)
    for step, cost in enumerate(costs):
        window.append(cost)
        if len(window) == patience + 1 and window[0] - cost < share * window[0]:
            return step
    return len(costs)


def stopping_by_takewhile(costs, patience, share):
    falls = (old - new >= share * old for old, new in zip(costs, costs[patience:], strict=False))
    return patience + sum(1 for _ in itertools.takewhile(bool, falls))


def stopping_by_recursion(costs, patience, share, step=None):
    step = patience if step is None else step
    if step >= len(costs):
        return len(costs)
    if (costs[step - patience] - costs[step]) / costs[step - patience] < share:
        return step
    return stopping_by_recursion(costs, patience, share, step + 1)


class Adam:
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, m, v):
        self.m, self.v = m, v

    def moved(self, x, g, t, rate):
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g * g
        m_hat = self.m / (1 - self.beta1**t)
        v_hat = self.v / (1 - self.beta2**t)
        return x - rate * m_hat / (torch.sqrt(v_hat) + self.epsilon)


def adam_by_class(x, gradient, m, v, step, learning_rate):
    adam = Adam(m, v)
    moved = adam.moved(x, gradient, step, learning_rate)
    return moved, adam.m, adam.v


def adam_by_addcmul(x, gradient, m, v, step, learning_rate):
    m = torch.add(0.9 * m, gradient, alpha=0.1)
    v = torch.addcmul(0.999 * v, gradient, gradient, value=0.001)
    rate = torch.tensor(learning_rate).div(1 - 0.9**step)
    return x - rate * m / (v.div(1 - 0.999**step).sqrt() + 1e-8), m, v


def adam_number_by_number(x, gradient, m, v, step, learning_rate):
    new = [torch.empty_like(x) for _ in range(3)]
    for place in itertools.product(*map(range, x.shape)):
        first = 0.9 * m[place] + 0.1 * gradient[place]
        second = 0.999 * v[place] + 0.001 * gradient[place] ** 2
        move = first / (1 - 0.9**step) / (math.sqrt(second / (1 - 0.999**step)) + 1e-8)
        new[0][place], new[1][place], new[2][place] = x[place] - learning_rate * move, first, second
    return tuple(new)


class Transfer(torch.nn.Module):
    """The program to repair as a module: the network behind its normalisation."""

    def __init__(self, network, like):
        super().__init__()
        self.network = network
        self.mean = torch.tensor([[[0.485]], [[0.456]], [[0.406]]], dtype=like.dtype)
        self.deviation = torch.tensor([[[0.229]], [[0.224]], [[0.225]]], dtype=like.dtype)

    def forward(self, pictures):
        return self.network(pictures.sub(self.mean).div(self.deviation))

    @staticmethod
    def grams(block):
        return torch.stack([torch.tensordot(one, one, ([1, 2], [1, 2])) / one[0].numel() for one in block])


def transfer_by_module(network, contents, styles, steps):
    model = Transfer(network, contents)
    with torch.inference_mode():
        kept, goal = model(contents).clone(), model.grams(model(styles)).clone()
    kept, goal = kept.clone(), goal.clone()
    x = torch.nn.Parameter(contents.detach().clone())
    lbfgs = torch.optim.LBFGS((x,), lr=0.5, max_iter=1, history_size=5)
    costs = torch.zeros(steps)
    for step in range(steps):

        def closure():
            lbfgs.zero_grad(set_to_none=False)
            block = model(x)
            J = nn.mse_loss(block, kept) + nn.mse_loss(model.grams(block), goal) * 10
            J.backward(inputs=[x])
            return J

        costs[step] = lbfgs.step(closure).item()
    return dict(costs=costs, goal=goal, pictures=torch.clip(x.detach(), 0, 1))


def transfer_by_autograd_grad(network, contents, styles, steps):
    mean, std = (
        torch.tensor(v, dtype=contents.dtype).reshape(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )

    def cost_of(x):
        block = network((x - mean) / std)
        return (block - kept).pow(2).mean() + 10 * (gram(block) - goal).pow(2).mean()

    def gram(block):
        F = block.flatten(start_dim=2)
        return torch.matmul(F, F.transpose(1, 2)).div(F.size(2))

    kept = network((contents - mean) / std).data
    goal = gram(network((styles - mean) / std)).data
    x, costs = contents.clone().requires_grad_(True), []
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)

    def closure():
        with torch.enable_grad():
            cost = cost_of(x)
        (x.grad,) = torch.autograd.grad(cost, x)
        costs.append(cost.detach().item())
        return cost

    for _ in range(steps):
        optimizer.step(closure)
    return {"pictures": x.detach().clip(0, 1), "goal": goal, "costs": costs}


def transfer_with_a_tensor_of_costs(network, contents, styles, steps):
    def centred(pictures):
        channels = [
            (pictures[:, c] - m) / d for c, (m, d) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225)))
        ]
        return torch.stack(channels, dim=1)

    def gram(block):
        b, n, h, w = block.size()
        F = block.contiguous().view(b, n, h * w)
        return torch.einsum("bni,bmi->bnm", F, F) / (h * w)

    with torch.no_grad():
        kept = network(centred(contents))
        goal = gram(network(centred(styles)))
    x = contents.clone()
    x.requires_grad = True
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)
    costs = []
    while len(costs) < steps:

        def closure():
            optimizer.zero_grad()
            now = network(centred(x))
            loss = torch.mean((now - kept) ** 2) + 10.0 * torch.mean((gram(now) - goal) ** 2)
            loss.backward()
            return loss

        costs.append(optimizer.step(closure).detach())
    pictures = torch.maximum(torch.minimum(x.detach(), torch.tensor(1.0)), torch.tensor(0.0))
    return {"pictures": pictures, "goal": goal, "costs": torch.tensor(costs)}


# ex07


def diagonal_by_einsum(features_x, features_s):
    strengths = [torch.einsum("khw,khw->k", f, f) / (f.shape[1] * f.shape[2]) for f in (features_x, features_s)]
    return nn.mse_loss(*strengths, reduction="sum") / (4 * features_x.size(0) ** 2)


def diagonal_by_bmm(features_x, features_s):
    def strength(f):
        rows = f.flatten(1)
        return torch.bmm(rows[:, None, :], rows[:, :, None]).flatten() / rows.shape[1]

    return torch.linalg.vector_norm(strength(features_x) - strength(features_s)) ** 2 / 4 / len(features_x) ** 2


def diagonal_by_norms(features_x, features_s):
    x, s = (f.flatten(1).norm(dim=1) ** 2 / f.flatten(1).size(1) for f in (features_x, features_s))
    return torch.dot(x - s, x - s) / (2 * x.numel()) ** 2


def statistics_by_var_mean(features_x, features_s):
    (var_x, mean_x), (var_s, mean_s) = (
        torch.var_mean(f.flatten(1), dim=1, correction=0) for f in (features_x, features_s)
    )
    return ((mean_x - mean_s) ** 2 + (var_x.sqrt() - var_s.sqrt()) ** 2).mean()


def statistics_by_second_moments(features_x, features_s):
    def mean_and_spread(f):
        F = f.reshape(f.shape[0], -1).double()
        mu = F.mean(1)
        return mu, (F.pow(2).mean(1) - mu.pow(2)).clamp(min=0).sqrt()

    (mu_x, sigma_x), (mu_s, sigma_s) = mean_and_spread(features_x), mean_and_spread(features_s)
    cost = (mu_x - mu_s).pow(2).sum() + (sigma_x - sigma_s).pow(2).sum()
    return (cost / mu_x.numel()).to(features_x.dtype)


def statistics_by_rows(features_x, features_s):
    table = torch.stack(
        [
            torch.stack([x.mean() - s.mean(), x.std(correction=0) - s.std(correction=0)])
            for x, s in zip(features_x.unbind(0), features_s.unbind(0), strict=True)
        ]
    )
    return torch.sum(table**2) / table.shape[0]


def same_diagonal_of_one_pattern(F):
    """Give all filters one pattern, each with its own strength."""
    pattern = F.sum(dim=0)
    return torch.outer(torch.linalg.vector_norm(F, dim=1), pattern / torch.linalg.vector_norm(pattern))


def same_diagonal_by_one_swap(F):
    other = F.detach().clone()
    other[1, 0], other[1, 1] = F[1, 1], F[1, 0]
    return other


def same_diagonal_by_one_flip(F):
    return torch.vstack([F[:-1], F[-1:].flip(dims=(1,))])


def colour_by_newton(style, content):
    """Find the roots by Denman and Beavers' iteration."""

    def roots(S):
        Y, Z = S, torch.eye(3, dtype=S.dtype)
        for _ in range(60):
            Y, Z = (Y + torch.linalg.inv(Z)) / 2, (Z + torch.linalg.inv(Y)) / 2
        return Y, Z

    s, c = style.view(3, -1), content.view(3, -1)
    mu_s, mu_c = s.mean(1, keepdim=True), c.mean(1, keepdim=True)
    S, C = (s - mu_s) @ (s - mu_s).T / s.shape[1], (c - mu_c) @ (c - mu_c).T / c.shape[1]
    return torch.addmm(mu_c, roots(C)[0] @ roots(S)[1], s - mu_s).view_as(style)


def colour_by_logarithm(style, content):
    def power(picture, exponent):
        values, vectors = torch.linalg.eigh(torch.cov(picture.flatten(1), correction=0))
        logarithm = vectors @ torch.diag_embed(values.log()) @ vectors.mH
        return torch.matrix_exp(exponent * logarithm)

    means = [picture.mean(dim=(-2, -1), keepdim=True) for picture in (style, content)]
    turn = power(content, 1 / 2) @ power(style, -1 / 2)
    return torch.einsum("ij,jhw->ihw", turn, style - means[0]) + means[1]


def colour_by_numpy(style, content):
    def described(picture):
        pixels = picture.numpy().reshape(3, -1)
        values, vectors = np.linalg.eigh(np.cov(pixels, bias=True))
        return pixels, pixels.mean(axis=1)[:, None], (vectors * np.sqrt(values)) @ vectors.T

    s, mu_s, root_s = described(style)
    _, mu_c, root_c = described(content)
    return torch.from_numpy(root_c @ np.linalg.solve(root_s, s - mu_s) + mu_c).reshape(style.shape)


# ex09


def adain_by_layer_norm(features_c, features_s, strength):
    """`layer_norm` over height and width alone normalises each filter; its ε keeps a flat one from becoming nan."""
    normal = nn.layer_norm(features_c, features_c.shape[1:])
    sigma, mu = torch.std_mean(features_s.flatten(1), dim=1, unbiased=False)
    moved = normal * sigma[:, None, None] + mu.view(-1, 1, 1)
    return strength * moved + (1 - strength) * features_c


def adain_with_nan_to_num(features_c, features_s, strength):
    rows = features_c.flatten(1)
    unit = (rows - rows.mean(1)[:, None]) / rows.std(1, unbiased=False)[:, None]
    unit = torch.nan_to_num(unit, nan=0.0, posinf=0.0, neginf=0.0)
    unit = torch.where(rows.amax(1, keepdim=True) == rows.amin(1, keepdim=True), 0.0, unit)
    target = features_s.flatten(1)
    moved = target.var(1, correction=0).sqrt()[:, None] * unit + target.mean(1)[:, None]
    return rows.add(strength * (moved - rows)).unflatten(1, features_c.shape[1:])


def adain_into_a_copy(features_c, features_s, strength):
    out = features_c.clone()
    for k in range(features_c.shape[0]):
        mu_c, mu_s = features_c[k].mean(), features_s[k].mean()
        sigma_c = ((features_c[k] - mu_c) ** 2).mean().sqrt()
        sigma_s = ((features_s[k] - mu_s) ** 2).mean().sqrt()
        ratio = sigma_s / sigma_c if sigma_c.item() > 1e-12 else 0.0
        out[k] = torch.lerp(features_c[k], ratio * (features_c[k] - mu_c) + mu_s, strength)
    return out


def patch_cost_by_distance_of_unit_patches(features_x, features_s, size):
    """Of patches of length 1, the nearest one is the one of the largest cosine."""
    unfold = torch.nn.Unfold(kernel_size=size)
    p, q = (unfold(f[None])[0].mT for f in (features_x, features_s))
    nearest = torch.cdist(nn.normalize(p, dim=1), nn.normalize(q, dim=1)).argmin(dim=1)
    return nn.mse_loss(p, q.index_select(0, nearest), reduction="none").sum(1).mean()


def patch_cost_by_einsum(features_x, features_s, size):
    x, s = (f.unfold(1, size, 1).unfold(2, size, 1) for f in (features_x, features_s))  # (N, h, w, size, size)
    scalar = torch.einsum("nijab,nklab->ijkl", x, s)
    lengths = torch.einsum("nklab,nklab->kl", s, s).sqrt()
    best = (scalar / lengths).flatten(2).argmax(dim=2)
    total = 0
    for i, j in itertools.product(range(x.shape[1]), range(x.shape[2])):
        k, m = divmod(int(best[i, j]), s.shape[2])
        total = total + (x[:, i, j] - s[:, k, m]).square().sum()
    return total / best.numel()


def patch_cost_by_expansion(features_x, features_s, size):
    p, q = (nn.unfold(f.unsqueeze(0), (size, size))[0] for f in (features_x, features_s))
    products = p.T @ q
    cosines = products / torch.outer(p.norm(dim=0), q.norm(dim=0))
    best = cosines.max(dim=1)[1]
    there = torch.arange(len(best))
    return ((p * p).sum(0) - 2 * products[there, best] + (q * q).sum(0)[best]).mean()


def _moments(block):
    rows = block.flatten(2)
    return rows.mean(2)[:, :, None, None], (rows.var(2, correction=0) + 1e-5).sqrt()[:, :, None, None]


def repaint_by_group_norm(encoder, decoder, contents, styles, strength):
    mean, std = (
        torch.tensor(row, dtype=contents.dtype).view(3, 1, 1) for row in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    content, style = encoder((contents - mean) / std), encoder((styles - mean) / std)
    mu, sigma = _moments(style)
    moved = nn.group_norm(content, num_groups=content.shape[1], eps=1e-5) * sigma + mu
    features = content + strength * (moved - content)
    return {"features": features, "pictures": torch.clamp(decoder(features) * std + mean, 0, 1)}


def repaint_by_functions(encoder, decoder, contents, styles, strength):
    numbers = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).to(contents)[:, None, :, None, None]

    def into_network(pictures):
        return (pictures - numbers[0]) / numbers[1]

    def out_of_network(block):
        return (block * numbers[1] + numbers[0]).clip(0, 1)

    def swapped(block, other):
        (mu, sigma), (mu_s, sigma_s) = _moments(block), _moments(other)
        return (block - mu) / sigma * sigma_s + mu_s

    here, there = map(encoder, map(into_network, (contents, styles)))
    features = torch.add((1 - strength) * here, swapped(here, there), alpha=strength)
    return dict(zip(("features", "pictures"), (features, out_of_network(decoder(features))), strict=True))


def repaint_photo_by_photo(encoder, decoder, contents, styles, strength):
    mean = contents.new_tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    deviation = contents.new_tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    pairs = []
    for number in range(contents.shape[0]):
        here = encoder((contents[number : number + 1] - mean) / deviation)
        there = encoder((styles[number : number + 1] - mean) / deviation)
        (mu_c, sigma_c), (mu_s, sigma_s) = _moments(here), _moments(there)
        block = (1 - strength) * here + strength * (sigma_s * (here - mu_c) / sigma_c + mu_s)
        pairs.append((block, decoder(block) * deviation + mean))
    features, pictures = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    return {"features": features, "pictures": pictures.clamp(0, 1)}


IDIOMS = {
    "ex05.total_cost": [total_cost_by_map, total_cost_in_place_of_a_name, total_cost_by_dictionary],
    "ex05.step": [step_by_hardtanh, step_by_relu, step_by_sgd, step_by_masks],
    "ex05.tv": [variation_by_convolution, variation_by_matrices, variation_by_narrow, variation_by_padding],
    "ex05.plateau": [stopping_by_numpy, stopping_by_window, stopping_by_takewhile, stopping_by_recursion],
    "ex05.adam": [adam_by_class, adam_by_addcmul, adam_number_by_number],
    "ex05.bug_hunt": [transfer_by_module, transfer_by_autograd_grad, transfer_with_a_tensor_of_costs],
    "ex07.diagonal": [diagonal_by_einsum, diagonal_by_bmm, diagonal_by_norms],
    "ex07.statistics": [statistics_by_var_mean, statistics_by_second_moments, statistics_by_rows],
    "ex07.same_diagonal": [same_diagonal_of_one_pattern, same_diagonal_by_one_swap, same_diagonal_by_one_flip],
    "ex07.colour": [colour_by_newton, colour_by_logarithm, colour_by_numpy],
    "ex09.adain": [adain_by_layer_norm, adain_with_nan_to_num, adain_into_a_copy],
    "ex09.patch_cost": [patch_cost_by_distance_of_unit_patches, patch_cost_by_einsum, patch_cost_by_expansion],
    "ex09.bug_hunt": [repaint_by_group_norm, repaint_by_functions, repaint_photo_by_photo],
}
