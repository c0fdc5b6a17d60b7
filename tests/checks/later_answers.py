"""Answers to exercise 09: right ones in other words than the references', two mistakes at once, and unlisted ones."""

import torch
from torch.nn import functional

from nstlib.checks import references

# Right answers


def adain_filter_by_filter(content, style, strength):
    out = []
    for c, s in zip(content, style, strict=True):
        mean, deviation = c.mean(), ((c - c.mean()) ** 2).mean() ** 0.5
        moved = 0 * c + s.mean()
        if deviation > 0:
            moved = (c - mean) / deviation * s.std(unbiased=False) + s.mean()
        out.append((1 - strength) * c + strength * moved)
    return torch.stack(out)


def adain_with_epsilon(content, style, strength):
    def moments(f):
        flat = f.view(f.shape[0], -1)
        return flat.mean(1)[:, None, None], (flat.var(1, correction=0) + 1e-5).sqrt()[:, None, None]

    (m_c, s_c), (m_s, s_s) = moments(content), moments(style)
    return torch.lerp(content, s_s * (content - m_c) / s_c + m_s, strength)


def adain_by_instance_norm(content, style, strength):
    normal = functional.instance_norm(content[None], eps=1e-5)[0]
    moved = normal * style.std((1, 2), correction=0)[:, None, None] + style.mean((1, 2))[:, None, None]
    return content.mul(1 - strength).add(moved, alpha=strength)


def adain_of_blended_moments(content, style, strength):
    """Blend means and deviations; the shape is the content's own at either end."""
    c, s = content.flatten(1), style.flatten(1)
    mean = (1 - strength) * c.mean(1) + strength * s.mean(1)
    own = c.std(1, correction=0)
    deviation = (1 - strength) * own + strength * s.std(1, correction=0)
    unit = torch.nan_to_num((c - c.mean(1, keepdim=True)) / own[:, None], nan=0.0)
    return (unit * deviation[:, None] + mean[:, None]).reshape(content.shape)


def patches_by_loops(f, k):
    return [
        f[:, i : i + k, j : j + k].reshape(-1) for i in range(f.shape[1] - k + 1) for j in range(f.shape[2] - k + 1)
    ]


def patch_cost_by_loops(x, s, size):
    total, known = 0, patches_by_loops(s, size)
    mine = patches_by_loops(x, size)
    for p in mine:
        alike = [((p * q).sum() / (p.norm() * q.norm())).item() for q in known]
        total = total + ((p - known[alike.index(max(alike))]) ** 2).sum()
    return total / len(mine)


def patch_cost_by_tensor_unfold(x, s, size):
    X, S = (
        f.unfold(1, size, 1).unfold(2, size, 1).permute(1, 2, 0, 3, 4).reshape(-1, len(f) * size**2) for f in (x, s)
    )
    nearest = functional.cosine_similarity(X[:, None], S[None], dim=2).max(1).indices
    return functional.mse_loss(X, S[nearest], reduction="sum") / len(X)


def patch_cost_by_convolution(x, s, size):
    """Let the style's patches be the filters of a convolution, as the paper's authors did."""
    known = torch.stack(patches_by_loops(s, size)).reshape(-1, len(s), size, size)
    unit = known / known.flatten(1).norm(dim=1)[:, None, None, None]
    nearest = functional.conv2d(x[None], unit)[0].argmax(0).flatten()
    mine = torch.stack(patches_by_loops(x, size))
    return (mine - known[nearest].flatten(1)).pow(2).sum() / len(mine)


def patch_cost_of_fixed_targets(x, s, size):
    with torch.no_grad():
        X, S = functional.unfold(x[None], size)[0], functional.unfold(s[None], size)[0]
        goal = S[:, (functional.normalize(X, dim=0).T @ functional.normalize(S, dim=0)).argmax(1)]
    return (functional.unfold(x[None], size)[0] - goal).square().sum(0).mean()


def constants(like):
    rows = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return (torch.tensor(row, dtype=like.dtype).view(1, 3, 1, 1) for row in rows)


def normalised(pictures):
    mean, deviation = constants(pictures)
    return (pictures - mean) / deviation


def plain(pictures):
    mean, deviation = constants(pictures)
    return pictures * deviation + mean


def repaint_by_instance_norm(encoder, decoder, contents, styles, strength):
    with torch.no_grad():
        content, style = encoder(normalised(contents)), encoder(normalised(styles))
        mu, sigma = style.mean((2, 3), True), style.std((2, 3), correction=0, keepdim=True)
        features = content.lerp(functional.instance_norm(content) * sigma + mu, strength)
        return {"pictures": plain(decoder(features)).clamp(0, 1), "features": features}


def repaint_one_by_one(encoder, decoder, contents, styles, strength):
    features, pictures = [], []
    for photo, painting in zip(contents, styles, strict=True):
        block = adain_filter_by_filter(
            encoder(normalised(photo[None]))[0], encoder(normalised(painting[None]))[0], strength
        )
        features.append(block)
        pictures.append(plain(decoder(block[None]))[0].clip(0.0, 1.0))
    return {"features": torch.stack(features), "pictures": torch.stack(pictures)}


def repaint_of_copies(encoder, decoder, contents, styles, strength):
    """Keep the program's methods that work in place, on copies."""
    mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]
    blocks = [encoder(pictures.clone().sub_(mean).div_(deviation)) for pictures in (contents, styles)]
    (c, m_c, d_c), (_, m_s, d_s) = (
        (f, f.flatten(2).mean(2)[..., None, None], (f.flatten(2).var(2, correction=0) + 1e-5).sqrt()[..., None, None])
        for f in blocks
    )
    features = strength * ((c - m_c) / d_c * d_s + m_s) + (1 - strength) * c
    return {"features": features, "pictures": (decoder(features) * deviation + mean).clamp(0, 1)}


def repaint_flat(encoder, decoder, contents, styles, strength):
    content, style = (encoder(normalised(pictures)) for pictures in (contents, styles))
    own = content.flatten(2)
    unit = (own - own.mean(2, keepdim=True)) / own.std(2, correction=0, keepdim=True)
    moved = unit * style.flatten(2).std(2, correction=0, keepdim=True) + style.flatten(2).mean(2, keepdim=True)
    features = content - strength * (content - moved.reshape(content.shape))
    return dict(pictures=torch.clamp(plain(decoder(features)), min=0, max=1), features=features)


RIGHT = {
    "ex09.adain": [
        adain_filter_by_filter,
        adain_with_epsilon,
        adain_by_instance_norm,
        adain_of_blended_moments,
    ],
    "ex09.patch_cost": [
        patch_cost_by_loops,
        patch_cost_by_tensor_unfold,
        patch_cost_by_convolution,
        patch_cost_of_fixed_targets,
    ],
    "ex09.bug_hunt": [
        repaint_by_instance_norm,
        repaint_one_by_one,
        repaint_of_copies,
        repaint_flat,
    ],
}

# Two mistakes at once


def without_strength(c, s, correction=0):
    c_, s_ = c.flatten(1), s.flatten(1)
    unit = torch.nan_to_num((c_ - c_.mean(1, True)) / c_.std(1, correction=correction, keepdim=True))
    return (unit * s_.std(1, correction=correction, keepdim=True) + s_.mean(1, True)).reshape(c.shape)


def repainted(**changes):
    def answer(*arguments):
        found = references.repaint(*arguments)
        return {name: change(found[name]) for name, change in changes.items()}

    return answer


COMPOSED = {
    "ex09.adain": {
        "sample, no strength": lambda c, s, t: without_strength(c, s, correction=1),
        "exchanged, no strength": lambda c, s, t: without_strength(s, c),
        "reversed, clipped": lambda c, s, t: references.adain(c, s, 1 - t).clamp(min=0),
    },
    "ex09.patch_cost": {
        "style searches, summed": lambda x, s, k: references.patch_cost(s, x, k) * (s.shape[1] - k + 1) ** 2,
        "single positions, root": lambda x, s, k: references.patch_cost(x, s, 1).sqrt(),
    },
    "ex09.bug_hunt": {
        "not limited, features doubled": repainted(features=lambda f: 2 * f, pictures=lambda p: p),
        "exchanged, reversed": lambda e, d, c, s, t: references.repaint(e, d, s, c, 1 - t),
    },
}

# question, function, a text that the check must say to it
WRONG_ANSWERS = [
    ("ex09.adain", lambda c, s, t: (c - c.mean((1, 2), True)) / c.std((1, 2), correction=0, keepdim=True), "`nan`"),
    ("ex09.adain", lambda c, s, t: references.adain(c, s, t).flatten(1), "Expected: the shape"),
    ("ex09.adain", lambda c, s, t: references.adain(c, s, t) * 2, "2 times what is expected"),
    ("ex09.patch_cost", lambda x, s, k: references.patch_cost(x, s, k) / len(x), "1 / N"),
    ("ex09.patch_cost", lambda x, s, k: references.patch_cost(x, s, k).item(), "a number"),
    ("ex09.patch_cost", lambda x, s, k: references.patch_cost(x.detach(), s, k), "gradient"),
    ("ex09.bug_hunt", lambda *given: references.repaint(*given)["pictures"], "a torch tensor"),
    ("ex09.bug_hunt", lambda e, d, c, s, t: {"pictures": c}, "features"),
]
