"""Wrong answers as students write them who know the exercise's text alone, and what the check must say to each."""

import math

import torch

from nstlib.checks import references


def content_in_place(features_x, features_c):
    features_x -= features_c
    return 0.5 * features_x.square().sum()


def field_forwards(layers):
    width = 1
    for kernel, stride in layers:
        width = kernel + (width - 1) * stride
    return width


def features_by_the_last_name(network, picture, layers):
    found, handles = {}, []
    for name in layers:
        layer = network.get_submodule(name)
        handles.append(layer.register_forward_hook(lambda m, i, o: found.update({name: o[0].clone()})))  # noqa: B023
    network(picture[None])
    for handle in handles:
        handle.remove()
    return found


def gram_of_the_last_position(F):
    n, m = F.shape
    G = [[0.0] * n for _ in range(n)]
    for k in range(n):
        for j in range(n):
            for i in range(m):
                G[k][j] = float(F[k, i] * F[j, i])
    return G


def soft_mask_by_count(features, mask):
    F, m = features.flatten(1), mask.flatten()
    return (F * m) @ F.T / (m > 0).sum()


def soft_mask_transposed(features, mask):
    F, m = features.flatten(1), mask.T.flatten()
    return (F * m) @ F.T / m.sum()


def rows_rolled_apart(F):
    return torch.stack([row.roll(k) for k, row in enumerate(F)]), -F


def centred_over_filters(F_x, cov_s):
    N, M = F_x.shape
    return (torch.cov(F_x, correction=0) - cov_s) @ (F_x - F_x.mean(dim=0)) / (N**2 * M)


def other_factor(convention, factor):
    def convention_factor(name, n, m, hw):
        return factor(n, m, hw) if name == convention else references.convention_factor(name, n, m, hw)

    return convention_factor


def style_cost_of_the_first(features_x, features_s, layer_weights):
    total = 0
    for layer, weight in layer_weights.items():
        total = total + weight * references.layer_style_cost(features_x[layer], features_s[layer])
        return total


def dropped_from_the_list(layers, dropped):
    layers.remove(dropped)
    return {**dict.fromkeys(layers, 1 / len(layers)), dropped: 0.0}


def shares_by_position(gradient_norms, shares):
    parts = [share / norm for norm, share in zip(gradient_norms.values(), shares.values(), strict=True)]
    return {name: part / sum(parts) for name, part in zip(gradient_norms, parts, strict=True)}


def step_in_the_picture(x, gradient, learning_rate):
    x -= learning_rate * gradient
    return x.clamp(0, 1)


def cropped_variation(x):
    down, across = x[:, 1:, :-1] - x[:, :-1, :-1], x[:, :-1, 1:] - x[:, :-1, :-1]
    return (down.abs() + across.abs()).sum()


def stopping(begin=0, back=0, late=0, stop=lambda before, now, share, first: before - now < share * before):
    def stopping_step(costs, patience, share):
        for step in range(patience + begin if begin is not None else 0, len(costs)):
            if stop(costs[step - patience], costs[step], share, costs[0]):
                return step - back * patience + late
        return len(costs)

    return stopping_step


def adam(beta1=0.9, beta2=0.999, later=0, in_place=False):
    def adam_step(x, gradient, m, v, step, learning_rate):
        if not in_place:
            m, v = m.clone(), v.clone()
        m.mul_(beta1).add_((1 - beta1) * gradient)
        v.mul_(beta2).add_((1 - beta2) * gradient**2)
        m_hat, v_hat = m / (1 - beta1 ** (step + later)), v / (1 - beta2 ** (step + later))
        return x - learning_rate * m_hat / (v_hat.sqrt() + 1e-8), m, v

    return adam_step


def colours_undivided(style, content):
    def root(centred, power):
        values, axes = torch.linalg.eigh(centred @ centred.T)
        return axes * values**power @ axes.T

    s, c = style.flatten(1), content.flatten(1)
    s, mean, c = s - s.mean(1, keepdim=True), c.mean(1, keepdim=True), c - c.mean(1, keepdim=True)
    return (root(c, 0.5) @ root(s, -0.5) @ s + mean).view_as(style)


def colours_by_channel(style, content):
    (std_s, mean_s), (std_c, mean_c) = (torch.std_mean(p, (1, 2), correction=0, keepdim=True) for p in (style, content))
    return (style - mean_s) / std_s * std_c + mean_c


def flat_filters_kept(features_c, features_s, strength):
    (std_c, mean_c), (std_s, mean_s) = (
        torch.std_mean(f, (1, 2), correction=0, keepdim=True) for f in (features_c, features_s)
    )
    moved = torch.where(std_c > 0, (features_c - mean_c) / (std_c + 1e-8) * std_s + mean_s, features_c)
    return (1 - strength) * features_c + strength * moved


def patches_less_one(features_x, features_s, size):
    def rows(f):
        places = [(i, j) for i in range(f.shape[1] - size) for j in range(f.shape[2] - size)]
        return torch.stack([f[:, i : i + size, j : j + size].flatten() for i, j in places])

    x, s = rows(features_x), rows(features_s)
    nearest = torch.nn.functional.cosine_similarity(x[:, None], s[None], dim=2).argmax(1)
    return (x - s[nearest]).square().sum(1).mean()


def in_proportion(weights):
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def softmax(exponents):
    return in_proportion({name: math.exp(exponent) for name, exponent in exponents.items()})


def mean_gram(f):
    return torch.einsum("khw,lhw->kl", f, f) / f[0].numel()


def root(matrix):
    values, axes = torch.linalg.eigh(matrix)
    return axes @ torch.diag(values.clamp(min=0).sqrt()) @ axes.mT


def cost_of(step, over=lambda x: 4 * len(x) ** 2):
    """Make the cost of a layer in which a step is taken between the two mean Gram matrices and the constants."""
    return lambda x, s: step(mean_gram(x), mean_gram(s)) / over(x)


def colours_by_entries(style, content):
    def entries_root(picture):
        return torch.cov(picture.flatten(1), correction=0) ** 0.5

    turn = entries_root(content) @ torch.linalg.inv(entries_root(style))
    centred = style - style.mean((1, 2), keepdim=True)
    return torch.einsum("ij,jhw->ihw", turn, centred) + content.mean((1, 2), keepdim=True)


def soft_mask_by_softmax(features, mask):
    return torch.einsum("khw,lhw,hw->kl", features, features, mask.flatten().softmax(0).view_as(mask))


def sample_covariance_throughout(F_x, cov_s):
    centred, (N, M) = F_x - F_x.mean(1, keepdim=True), F_x.shape
    return (torch.cov(F_x) - cov_s) @ centred / (N**2 * (M - 1))


def adam_of(averages):
    """Make a step of Adam with other rules for its two averages."""

    def adam_step(x, gradient, m, v, step, learning_rate):
        m, v = averages(m, v, gradient)
        return x - learning_rate * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)) ** 0.5 + 1e-8), m, v

    return adam_step


def statistics_multiplied(features_x, features_s):
    (std_x, mean_x), (std_s, mean_s) = (torch.std_mean(f, (1, 2), correction=0) for f in (features_x, features_s))
    return ((mean_x - mean_s) ** 2).mean() * ((std_x - std_s) ** 2).mean()


def rounded(norms):
    return {k: round(1 / v / sum(1 / w for w in norms.values()), 2) for k, v in norms.items()}


def at_the_share(before, now, share, first):
    return before - now <= share * before


def share_of_the_later(before, now, share, first):
    return before - now <= share * now


WRONG_ANSWERS = [
    ("ex01.content_cost", content_in_place, "Make a new one"),
    ("ex01.content_cost", lambda x, c: (x - c).square().sum() / 2 / len(x), "1 / N"),
    ("ex01.field", field_forwards, "wrong order"),
    ("ex01.field", lambda layers: sum(kernel for kernel, _ in layers), "they overlap"),
    ("ex01.hooks", features_by_the_last_name, "Missing in your answer"),
    ("ex02.gram_loops", gram_of_the_last_position, "last position"),
    ("ex02.gram", lambda f: f @ f.transpose(1, 2), "Unroll to (N, M) first"),
    ("ex02.covariance", lambda G, mean, M: G / M - mean * mean, "The pairs need a matrix"),
    ("ex02.soft_mask", soft_mask_by_count, "divide by Σ m"),
    ("ex02.soft_mask", soft_mask_transposed, "transposed"),
    ("ex02.equal_grams", rows_rolled_apart, "does not hold yet: A has F's Gram matrix"),
    ("ex03.gradient", lambda F, S: (F @ F.T - S) @ F / len(F) ** 2 / F.shape[1], "3 = M"),
    ("ex03.factor", other_factor("keras", lambda n, m, hw: (3 * hw / (n * m)) ** 2), "upside down"),
    ("ex03.factor", other_factor("mean_hw", lambda n, m, hw: 4 / n**2), "`mean_hw`: 1 / N²"),
    ("ex03.covariance_gradient", centred_over_filters, "a mean of its own"),
    ("ex03.program", lambda p, n, m: {"a": 4, "b": 4 / n**2, "c": 2 * n}[p], "`b`: M²"),
    ("ex04.style_cost", style_cost_of_the_first, "inside the loop"),
    ("ex04.leave_one_out", dropped_from_the_list, "changed the list"),
    ("ex04.balance", lambda norms: {k: max(norms.values()) / v for k, v in norms.items()}, "Divide by the sum"),
    ("ex04.shares", shares_by_position, "by position"),
    ("ex04.as_paper", lambda widths: {k: 4 / n**2 for k, n in widths.items()}, "take that back"),
    ("ex05.step", step_in_the_picture, "in place"),
    ("ex05.tv", cropped_variation, "Pairs at an edge are missing"),
    ("ex05.plateau", stopping(begin=None), "negative places"),
    ("ex05.plateau", stopping(begin=1), "one step late"),
    ("ex05.plateau", stopping(back=1), "the later of the two"),
    ("ex05.plateau", stopping(late=1), "counted from 0"),
    ("ex05.plateau", stopping(stop=lambda before, now, share, first: abs(before - now) < share * before), "rises"),
    ("ex05.plateau", stopping(stop=lambda before, now, share, first: before - now <= share * before), "not `<=`"),
    ("ex05.plateau", stopping(stop=lambda before, now, share, first: before - now < share * now), "what J was"),
    ("ex05.plateau", stopping(stop=lambda before, now, share, first: before - now < share * first), "first cost"),
    ("ex05.adam", adam(beta1=0.999, beta2=0.9), "exchanged"),
    ("ex05.adam", adam(later=1), "`step` is t already"),
    ("ex05.adam", adam(in_place=True), "changed the tensor"),
    ("ex05.adam", lambda *given: adam()(*given)[0], "x alone"),
    ("ex07.diagonal", lambda x, s: (x.square().mean((1, 2)) - s.square().mean((1, 2))).square().mean(), "4 N"),
    ("ex07.same_diagonal", lambda F: F.roll(1, dims=1), "whole Gram matrix"),
    ("ex07.colour", colours_undivided, "number of pixels"),
    ("ex07.colour", colours_by_channel, "Each channel"),
    ("ex04.balance", lambda norms: softmax({k: -1 / v for k, v in norms.items()}), "softmax(−1/norm)"),
    ("ex04.balance", lambda norms: {k: math.exp(-v) for k, v in norms.items()}, "exp(−norm) for each layer"),
    ("ex04.balance", lambda norms: {k: math.exp(1 / v) for k, v in norms.items()}, "exp(1/norm) for each layer"),
    ("ex04.shares", lambda norms, shares: softmax({k: s / norms[k] for k, s in shares.items()}), "exp spoils it"),
    (
        "ex04.shares",
        lambda norms, shares: {k: s * math.exp(-norms[k]) for k, s in shares.items()},
        "share · exp(−norm)",
    ),
    ("ex04.shares", shares_by_position, "gradient_norms    shares\n"),
    ("ex04.as_paper", lambda widths: softmax({k: n / 8 for k, n in widths.items()}), "The largest difference"),
    ("ex04.as_paper", lambda widths: softmax({k: -4 / n**2 for k, n in widths.items()}), "softmax(−4/N²)"),
    ("ex02.gram", lambda f: root(mean_gram(f) * f[0].numel()), "the matrix root of G"),
    ("ex02.gram", lambda f: ((mean_gram(f) * f[0].numel()).abs() + 1e-8).sqrt(), "a small ε"),
    ("ex03.layer_cost", cost_of(lambda a, b: (root(a) - root(b)).square().sum()), "the matrix root of each"),
    ("ex03.layer_cost", cost_of(lambda a, b: ((a - b).square() + 1e-6).sqrt().sum()), "absolute differences"),
    ("ex03.layer_cost", cost_of(lambda a, b: (a - b).square().mean()), "stands before a sum"),
    ("ex03.layer_cost", cost_of(lambda a, b: (a - b).square().mean(), lambda x: 1), "that mean is the 1/N²"),
    ("ex03.layer_cost", cost_of(lambda a, b: (a - b).square().sum(1).mean()), "a mean over the other"),
    ("ex05.plateau", stopping(begin=1, stop=at_the_share), "one step late: step `patience` can"),
    ("ex05.plateau", stopping(begin=1, stop=at_the_share), "And you stop, too, where J has fallen by exactly"),
    ("ex05.plateau", stopping(late=1, stop=at_the_share), "one too late: steps are counted from 0"),
    ("ex05.plateau", stopping(back=1, stop=at_the_share), "the later of the two"),
    ("ex05.plateau", stopping(stop=share_of_the_later), "so it fell by"),
    ("ex07.colour", colours_by_entries, "the root of each entry of Σ"),
    ("ex02.covariance", lambda G, mean, M: (G / M - torch.outer(mean, mean)).diag() ** 0.5, "standard deviations"),
    ("ex02.covariance", lambda G, mean, M: (G - torch.outer(mean, mean)) / (M - 1), "divide G alone"),
    ("ex02.soft_mask", lambda f, mask: mean_gram(f) * mask.sum(), "before they are summed"),
    ("ex02.soft_mask", soft_mask_by_softmax, "a position with 0 still counts"),
    ("ex03.covariance_gradient", sample_covariance_throughout, "and so does its gradient"),
    ("ex03.gradient", lambda F, S: torch.sign(F @ F.T - S) @ F / F.numel() ** 2, "absolute differences"),
    ("ex04.as_paper", lambda widths: in_proportion({k: math.sqrt(n) for k, n in widths.items()}), "√N"),
    ("ex04.balance", lambda norms: in_proportion({k: v * v for k, v in norms.items()}), "the square of the norm"),
    ("ex04.balance", lambda norms: in_proportion({k: math.log(v) for k, v in norms.items()}), "logarithms"),
    ("ex04.balance", rounded, "rounded to two decimal places"),
    ("ex04.balance", lambda norms: {k: 1 - v / max(norms.values()) for k, v in norms.items()}, "gets 0 and is lost"),
    ("ex05.total_cost", lambda c, s, a, b: c + b / a * s, "the ratio β/α alone"),
    ("ex05.step", lambda x, gradient, rate: x - rate * gradient.clamp(0, 1), "in place of the picture"),
    ("ex05.tv", lambda x: (x[:, 1:, 1:] - x[:, :-1, :-1]).abs().sum(), "in one difference"),
    ("ex05.adam", adam_of(lambda m, v, g: (0.1 * m + 0.9 * g, 0.001 * v + 0.999 * g**2)), "forget too fast"),
    ("ex05.adam", adam_of(lambda m, v, g: (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g.abs())), "averages |g|"),
    ("ex07.statistics", statistics_multiplied, "hides the other"),
    ("ex09.adain", flat_filters_kept, "it was left alone"),
    ("ex09.patch_cost", patches_less_one, "last patches are missing"),
]
