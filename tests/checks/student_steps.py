"""Right answers as students write them who know the exercise's text alone: steps, statistics and repaired programs."""

import itertools

import torch
import torch.nn.functional as nn

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def step_by_where(x, gradient, learning_rate):
    y = x.sub(gradient, alpha=learning_rate)
    y = torch.where(y > 1, torch.ones_like(y), y)
    return torch.where(y < 0, torch.zeros_like(y), y)


def step_in_a_clone(x, gradient, learning_rate):
    new = x.detach().clone()
    new -= learning_rate * gradient
    new[new < 0] = 0
    new[new > 1] = 1
    return new


def variation_by_rows(x):
    H, W = x.shape[1:]
    total = 0.0
    for i in range(H):
        for j in range(W):
            if i + 1 < H:
                total = total + (x[:, i + 1, j] - x[:, i, j]).abs().sum()
            if j + 1 < W:
                total = total + (x[:, i, j + 1] - x[:, i, j]).abs().sum()
    return total


def variation_by_l1(x):
    down = nn.l1_loss(x[:, 1:, :], x[:, :-1, :], reduction="sum")
    across = nn.l1_loss(x[:, :, 1:], x[:, :, :-1], reduction="sum")
    return down + across


def stopping_by_while(costs, patience, share):
    step = patience
    while step < len(costs):
        before = costs[step - patience]
        if before - costs[step] < share * before:
            return step
        step += 1
    return len(costs)


def stopping_by_next(costs, patience, share):
    end = len(costs)
    return next((t for t in range(patience, end) if costs[t] > (1 - share) * costs[t - patience]), end)


def adam_in_place_of_copies(x, gradient, m, v, step, learning_rate):
    m = m.clone().mul_(0.9).add_(gradient, alpha=0.1)
    v = v.clone().mul_(0.999).addcmul_(gradient, gradient, value=0.001)
    denominator = (v / (1 - 0.999**step)).sqrt().add_(1e-8)
    return torch.addcdiv(x, m / (1 - 0.9**step), denominator, value=-learning_rate), m, v


def adam_by_lerp(x, gradient, m, v, step, learning_rate):
    beta1, beta2, eps = 0.9, 0.999, 1e-8
    new_m = torch.lerp(gradient, m, beta1)
    new_v = torch.lerp(gradient**2, v, beta2)
    corrected = new_m / (1 - pow(beta1, step)), new_v / (1 - pow(beta2, step))
    return [x - learning_rate * corrected[0] / (corrected[1] ** 0.5 + eps), new_m, new_v]


def transfer_with_einsum(network, contents, styles, steps):
    mean, deviation = (torch.as_tensor(numbers).to(contents).view(1, 3, 1, 1) for numbers in (MEAN, DEVIATION))

    def features(pictures):
        return network((pictures - mean) / deviation)

    def gram(block):
        return torch.einsum("bkhw,blhw->bkl", block, block) / (block.shape[2] * block.shape[3])

    kept = features(contents).detach()
    goal = gram(features(styles)).detach()
    x = torch.nn.Parameter(contents.clone())
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)
    costs = []

    def closure():
        optimizer.zero_grad()
        now = features(x)
        cost = nn.mse_loss(now, kept) + 10 * nn.mse_loss(gram(now), goal)
        cost.backward()
        costs.append(cost.detach())
        return cost

    for _ in range(steps):
        optimizer.step(closure)
    return {"pictures": x.data.clamp(0, 1), "goal": goal, "costs": torch.stack(costs)}


def transfer_with_costs_of_steps(network, contents, styles, steps):
    mean = torch.tensor(MEAN).to(contents)[:, None, None]
    deviation = torch.tensor(DEVIATION).to(contents)[:, None, None]

    def features(pictures):
        return network((pictures - mean) / deviation)

    def gram(block):
        F = block.flatten(2)
        return F @ F.transpose(-1, -2) / F.shape[-1]

    with torch.no_grad():
        kept = features(contents)
        goal = gram(features(styles))
    x = contents.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)

    def closure():
        optimizer.zero_grad()
        now = features(x)
        cost = (now - kept).square().mean() + 10 * (gram(now) - goal).square().mean()
        cost.backward()
        return cost

    costs = [float(optimizer.step(closure)) for _ in range(steps)]
    with torch.no_grad():
        x.clamp_(0, 1)
    return {"pictures": x.detach(), "goal": goal, "costs": torch.tensor(costs)}


def diagonal_by_grams(features_x, features_s):
    X, S = features_x.flatten(1), features_s.flatten(1)
    difference = torch.diag(X @ X.T / X.shape[1] - S @ S.T / S.shape[1])
    return (difference**2).sum() / (4 * X.shape[0] ** 2)


def diagonal_by_loop(features_x, features_s):
    cost = 0
    for a, b in zip(features_x, features_s, strict=True):
        cost += (a.pow(2).sum() / a.numel() - b.pow(2).sum() / b.numel()).pow(2)
    return cost / (2 * len(features_x)) ** 2


def statistics_by_moments(features_x, features_s):
    def describe(f):
        mu = f.sum((1, 2)) / (f.shape[1] * f.shape[2])
        sigma = ((f - mu[:, None, None]) ** 2).mean((1, 2)).sqrt()
        return torch.stack([mu, sigma])

    return (describe(features_x) - describe(features_s)).square().sum(0).mean()


def statistics_by_std_mean(features_x, features_s):
    (std_x, mean_x), (std_s, mean_s) = (torch.std_mean(f, (1, 2), correction=0) for f in (features_x, features_s))
    return nn.mse_loss(mean_x, mean_s) + nn.mse_loss(std_x, std_s)


def same_diagonal_one_place_each(F):
    other = torch.zeros_like(F)
    for k, row in enumerate(F):
        other[k, k % F.shape[1]] = torch.dot(row, row).sqrt()
    return other


def same_diagonal_by_norms(F):
    flat = torch.ones_like(F) / F.shape[1] ** 0.5
    return flat * F.norm(dim=1, keepdim=True)


def colour_by_svd(style, content):
    def root(cov, inverse=False):
        U, s, _ = torch.linalg.svd(cov)
        s = s.sqrt()
        return U @ torch.diag(1 / s if inverse else s) @ U.T

    s, c = style.flatten(1), content.flatten(1)
    A = root(torch.cov(c, correction=0)) @ root(torch.cov(s, correction=0), inverse=True)
    return (A @ (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).view(style.shape)


def colour_pixel_last(style, content):
    def statistics(picture):
        pixels = picture.permute(1, 2, 0).reshape(-1, 3)
        mu = pixels.mean(0)
        return mu, (pixels - mu).T @ (pixels - mu) / len(pixels)

    def root(sigma):
        L, Q = torch.linalg.eigh(sigma)
        return (Q * L.sqrt()) @ Q.T

    (mu_s, sigma_s), (mu_c, sigma_c) = statistics(style), statistics(content)
    T = root(sigma_c) @ torch.linalg.inv(root(sigma_s))
    return torch.einsum("dc,hwc->dhw", T, style.permute(1, 2, 0) - mu_s) + mu_c[:, None, None]


def colour_by_torch_cov(style, content):
    def symmetric(picture, power):
        values, axes = torch.linalg.eigh(torch.cov(picture.flatten(1)))
        return axes * values**power @ axes.T

    centred = style - style.mean(dim=(1, 2), keepdim=True)
    turn = symmetric(content, 0.5) @ symmetric(style, -0.5)
    return torch.tensordot(turn, centred, dims=1) + content.mean(dim=(1, 2), keepdim=True)


def adain_by_filters(features_c, features_s, strength):
    blended = []
    for c, s in zip(features_c, features_s, strict=True):
        if c.std(unbiased=False) == 0:
            moved = torch.zeros_like(c) + s.mean()
        else:
            moved = (c - c.mean()) / c.std(unbiased=False) * s.std(unbiased=False) + s.mean()
        blended.append((1 - strength) * c + strength * moved)
    return torch.stack(blended)


def adain_with_epsilon(features_c, features_s, strength):
    mu_c, mu_s = (f.mean((1, 2), keepdim=True) for f in (features_c, features_s))
    sigma_c, sigma_s = (f.std((1, 2), correction=0, keepdim=True) for f in (features_c, features_s))
    moved = sigma_s * (features_c - mu_c) / (sigma_c + 1e-8) + mu_s
    return features_c + strength * (moved - features_c)


def patch_cost_by_unfold(features_x, features_s, size):
    p = nn.unfold(features_x.unsqueeze(0), size).squeeze(0).T
    q = nn.unfold(features_s.unsqueeze(0), size).squeeze(0).T
    nearest = nn.cosine_similarity(p[:, None, :], q[None, :, :], dim=-1).argmax(dim=1)
    return (p - q[nearest]).pow(2).sum(dim=1).mean()


def patch_cost_by_search(features_x, features_s, size):
    def patches(f):
        corners = itertools.product(range(f.shape[1] - size + 1), range(f.shape[2] - size + 1))
        return [f[:, i : i + size, j : j + size] for i, j in corners]

    of_x, of_s = patches(features_x), patches(features_s)
    total = 0
    for p in of_x:
        q = max(of_s, key=lambda q: float((p * q).sum() / (p.norm() * q.norm())))
        total = total + (p - q).square().sum()
    return total / len(of_x)


def repaint_with_loops(encoder, decoder, contents, styles, strength):
    mean, deviation = (torch.tensor(numbers).to(contents).reshape(1, 3, 1, 1) for numbers in (MEAN, DEVIATION))
    content, style = (encoder((batch - mean) / deviation) for batch in (contents, styles))
    features = torch.empty_like(content)
    for b in range(len(content)):
        for k in range(content.shape[1]):
            c, s = content[b, k], style[b, k]
            spread_c, spread_s = ((f.var(correction=0) + 1e-5).sqrt() for f in (c, s))
            features[b, k] = (1 - strength) * c + strength * ((c - c.mean()) / spread_c * spread_s + s.mean())
    return {"features": features, "pictures": (decoder(features) * deviation + mean).clamp(0, 1)}


def repaint_mended(encoder, decoder, contents, styles, strength):
    mean = torch.tensor(MEAN).to(contents)[:, None, None]
    deviation = torch.tensor(DEVIATION).to(contents)[:, None, None]

    def encode(batch):
        return encoder(batch.clone().sub_(mean).div_(deviation))

    def moments(block):
        mu = block.mean((2, 3))[..., None, None]
        variance = block.var((2, 3), correction=0)[..., None, None]
        return mu, (variance + 1e-5).sqrt()

    content = encode(contents)
    mu_c, sigma_c = moments(content)
    mu_s, sigma_s = moments(encode(styles))
    moved = (content - mu_c) / sigma_c * sigma_s + mu_s
    features = torch.lerp(content, moved, strength)
    repainted = decoder(features) * deviation + mean
    return dict(features=features, pictures=torch.clip(repainted, 0.0, 1.0))


STUDENTS = {
    "ex05.total_cost": [
        lambda j_content, j_style, alpha, beta: sum(
            w * j for w, j in zip((alpha, beta), (j_content, j_style), strict=True)
        ),
        lambda *given: given[2] * given[0] + given[3] * given[1],
    ],
    "ex05.step": [step_by_where, step_in_a_clone],
    "ex05.tv": [variation_by_rows, variation_by_l1],
    "ex05.plateau": [stopping_by_while, stopping_by_next],
    "ex05.adam": [adam_in_place_of_copies, adam_by_lerp],
    "ex05.bug_hunt": [transfer_with_einsum, transfer_with_costs_of_steps],
    "ex07.diagonal": [diagonal_by_grams, diagonal_by_loop],
    "ex07.statistics": [statistics_by_moments, statistics_by_std_mean],
    "ex07.same_diagonal": [same_diagonal_one_place_each, same_diagonal_by_norms],
    "ex07.colour": [colour_by_svd, colour_pixel_last, colour_by_torch_cov],
    "ex09.adain": [adain_by_filters, adain_with_epsilon],
    "ex09.patch_cost": [patch_cost_by_unfold, patch_cost_by_search],
    "ex09.bug_hunt": [repaint_with_loops, repaint_mended],
}
