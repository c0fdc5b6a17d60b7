"""One right answer to each exercise, as the lessons derive it; ``question.solution()`` shows it.

The tests compare each with the library's own function. Features of one layer are (N, H, W): N filters, M = H·W
positions.
"""

import torch


def unroll(features):
    """F, (N, M): a row for each filter, a column for each position."""
    n_filters, height, width = features.shape
    return features.reshape(n_filters, height * width)


def content_cost(features_x, features_c):
    """½ Σ (x − c)²."""
    return ((features_x - features_c) ** 2).sum() / 2


def gram_loops(F):
    """G_kk' = Σ_i F_ki F_k'i."""
    n_filters, n_positions = len(F), len(F[0])
    G = [[0.0] * n_filters for _ in range(n_filters)]
    for k in range(n_filters):
        for other in range(n_filters):
            for i in range(n_positions):
                G[k][other] += float(F[k][i]) * float(F[other][i])
    return G


def gram_matrix(features):
    """G = F Fᵀ, (N, N), divided by nothing."""
    F = features.flatten(1)
    return F @ F.T


def gram_batch(features):
    """F Fᵀ for each picture: (B, N, N)."""
    F = features.flatten(2)
    return F @ F.transpose(1, 2)


def covariance_from_gram(gram, mean, n_positions):
    """G/M − μμᵀ."""
    return gram / n_positions - torch.outer(mean, mean)


def layer_style_cost(features_x, features_s):
    """E_l = Σ (G_X/M_X − G_S/M_S)² / (4 N²)."""
    F_x, F_s = features_x.flatten(1), features_s.flatten(1)
    n_filters = F_x.shape[0]
    difference = F_x @ F_x.T / F_x.shape[1] - F_s @ F_s.T / F_s.shape[1]
    return (difference**2).sum() / (4 * n_filters**2)


def style_gradient(F_x, gram_s):
    """∂E_l/∂F = (G_X − G_S) F / (N² M²)."""
    n_filters, n_positions = F_x.shape
    return (F_x @ F_x.T - gram_s) @ F_x / (n_filters**2 * n_positions**2)


def convention_factor(convention, n_filters, n_positions, image_positions):
    """What a program's layer cost is, divided by the paper's."""
    return {
        "gatys": 1,
        "mean_hw": 4,
        "sum_chw": 4,
        "mean_chw": 4 / n_filters**2,
        "keras": (n_filters * n_positions) ** 2 / (9 * image_positions**2),
    }[convention]


def style_cost(features_x, features_s, layer_weights):
    """J_style = Σ_l λ_l E_l."""
    total = 0
    for layer, weight in layer_weights.items():
        total = total + weight * layer_style_cost(features_x[layer], features_s[layer])
    return total


def leave_one_out(layers, dropped):
    """1/(L − 1) for every layer, 0 for the dropped one."""
    return {layer: 0.0 if layer == dropped else 1 / (len(layers) - 1) for layer in layers}


def balanced_weights(gradient_norms):
    """λ_l ∝ 1/norm_l, Σ λ_l = 1."""
    total = sum(1 / norm for norm in gradient_norms.values())
    return {layer: 1 / norm / total for layer, norm in gradient_norms.items()}


def total_cost(j_content, j_style, alpha, beta):
    """J = α J_content + β J_style."""
    return alpha * j_content + beta * j_style


def gradient_step(x, gradient, learning_rate):
    """One step downhill, kept between black and white."""
    return (x - learning_rate * gradient).clamp(0, 1)


def total_variation(x):
    """Σ |difference of neighbours|, downwards and across."""
    down = (x[:, 1:, :] - x[:, :-1, :]).abs().sum()
    across = (x[:, :, 1:] - x[:, :, :-1]).abs().sum()
    return down + across


def diagonal_style_cost(features_x, features_s):
    """Σ_k (G_X,kk/M_X − G_S,kk/M_S)² / (4 N²)."""
    squares_x, squares_s = (features.flatten(1).square().mean(1) for features in (features_x, features_s))
    return (squares_x - squares_s).square().sum() / (4 * len(squares_x) ** 2)


def statistics_cost(features_x, features_s):
    """Σ_k ((μ_X − μ_S)² + (σ_X − σ_S)²) / N."""
    F_x, F_s = features_x.flatten(1), features_s.flatten(1)
    means = F_x.mean(1) - F_s.mean(1)
    deviations = F_x.std(1, correction=0) - F_s.std(1, correction=0)
    return (means.square() + deviations.square()).sum() / len(means)


def match_colour(style, content):
    """Give the style the content's mean and covariance of red, green and blue."""

    def root(matrix):
        values, axes = torch.linalg.eigh(matrix)
        return axes @ values.clamp_min(0).sqrt().diag() @ axes.T  # a grey picture's may be −1e-18

    pixels_s, pixels_c = style.flatten(1), content.flatten(1)
    mean_s, mean_c = pixels_s.mean(1, keepdim=True), pixels_c.mean(1, keepdim=True)
    root_s, root_c = (root(torch.cov(pixels, correction=0)) for pixels in (pixels_s, pixels_c))
    turn = root_c @ torch.linalg.pinv(root_s, rtol=1e-3)
    return (turn @ (pixels_s - mean_s) + mean_c).reshape(style.shape)


def layer_features(network, picture, layers):
    """Name -> (N, H, W): what each named layer gives for a picture (3, H, W)."""
    found = {}

    def keep(name):
        def hook(module, inputs, output):
            found[name] = output[0].clone()  # the ReLU after it works in place

        return hook

    handles = [network.get_submodule(name).register_forward_hook(keep(name)) for name in layers]
    network(picture[None])
    for handle in handles:
        handle.remove()
    return found


def receptive_field(layers):
    """Pixels, along one side, that one number after these (kernel, stride) layers depends on."""
    field, apart = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * apart
        apart *= stride
    return field


def soft_masked_gram(features, mask):
    """Σ_i m_i F_ki F_k'i / Σ_i m_i."""
    F, m = features.flatten(1), mask.flatten()
    return (F * m) @ F.T / m.sum()


def two_with_equal_gram(F):
    """Two matrices with F's Gram matrix: one that a ReLU can give, one that it cannot."""
    return F.flip(1), -F


def covariance_gradient(F_x, cov_s):
    """∂/∂F of Σ (Cov_X − Cov_S)² / (4 N²), which is (Cov_X − Cov_S) F_centred / (N² M)."""
    n_filters, n_positions = F_x.shape
    centred = F_x - F_x.mean(1, keepdim=True)
    return (centred @ centred.T / n_positions - cov_s) @ centred / (n_filters**2 * n_positions)


def program_factor(program, n_filters, n_positions):
    """What each of the three programs' cost is, divided by the paper's."""
    return {"a": 4, "b": 4 / (n_filters * n_positions) ** 2, "c": 2 * n_filters}[program]


def weights_as_paper(n_filters):
    """λ_l ∝ N_l², Σ λ_l = 1."""
    total = sum(n**2 for n in n_filters.values())
    return {layer: n**2 / total for layer, n in n_filters.items()}


def weights_for_shares(gradient_norms, shares):
    """λ_l ∝ share_l / norm_l, Σ λ_l = 1."""
    raw = {layer: share / gradient_norms[layer] for layer, share in shares.items()}
    total = sum(raw.values())
    return {layer: weight / total for layer, weight in raw.items()}


def adam_step(x, gradient, m, v, step, learning_rate):
    """One step of Adam with β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸: the new x, m and v."""
    m = 0.9 * m + 0.1 * gradient
    v = 0.999 * v + 0.001 * gradient**2
    mean = m / (1 - 0.9**step)
    square = v / (1 - 0.999**step)
    return x - learning_rate * mean / (square.sqrt() + 1e-8), m, v


def stopping_step(costs, patience, share):
    """Return the first step at which J has fallen by less than a share of itself in `patience` steps, or len(costs)."""
    for step in range(patience, len(costs)):
        if costs[step] > (1 - share) * costs[step - patience]:
            return step
    return len(costs)


def transfer(network, contents, styles, steps):
    """Repaint each of a batch of pictures in a style of its own; the pictures, the styles' Gram matrices, the costs."""
    mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]

    def features(pictures):
        return network((pictures - mean) / deviation)

    def gram(block):
        F = block.flatten(2)
        return F @ F.mT / F.shape[2]

    kept = features(contents).detach()
    goal = gram(features(styles)).detach()
    x = contents.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)
    costs = []

    def closure():
        optimizer.zero_grad()
        now = features(x)
        cost = (now - kept).square().mean() + 10 * (gram(now) - goal).square().mean()
        cost.backward()
        costs.append(cost.item())
        return cost

    for _ in range(steps):
        optimizer.step(closure)
    return {"pictures": x.detach().clamp(0, 1), "goal": goal, "costs": torch.tensor(costs)}


def same_diagonal(F):
    """Another F ≥ 0 whose Gram matrix has the same diagonal: one filter's answers moved to other positions."""
    moved = F.clone()
    moved[0] = F[0].roll(1)
    return moved


def adain(features_c, features_s, strength):
    """Each filter of the content with the style's mean and deviation; `strength` leads there from the content."""
    mean_c, mean_s = (features.mean((1, 2), keepdim=True) for features in (features_c, features_s))
    sigma_c, sigma_s = (features.std((1, 2), correction=0, keepdim=True) for features in (features_c, features_s))
    scale = torch.where(sigma_c > 0, sigma_s / sigma_c, 0)
    moved = scale * (features_c - mean_c) + mean_s
    return features_c + strength * (moved - features_c)


def patch_cost(features_x, features_s, size):
    """Mean over X's patches of Σ (difference to the style's patch that is most alike)²."""
    patches_x, patches_s = (
        torch.nn.functional.unfold(features[None], size)[0].T for features in (features_x, features_s)
    )
    likeness = patches_x @ (patches_s / patches_s.norm(dim=1, keepdim=True)).T  # X's own length changes no order
    nearest = patches_s[likeness.argmax(1)]
    return (patches_x - nearest).square().sum(1).mean()


def repaint(encoder, decoder, contents, styles, strength):
    """Repaint each of a batch of photos in one pass: the features between the networks, and the pictures."""
    mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]

    def encode(pictures):
        return encoder((pictures - mean) / deviation)

    def moments(block):
        mu = block.mean((2, 3), keepdim=True)
        return mu, (block.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt()

    content, style = encode(contents), encode(styles)
    (mu_c, sigma_c), (mu_s, sigma_s) = moments(content), moments(style)
    moved = (content - mu_c) / sigma_c * sigma_s + mu_s
    features = (1 - strength) * content + strength * moved
    pictures = decoder(features) * deviation + mean
    return {"features": features, "pictures": pictures.clamp(0, 1)}
