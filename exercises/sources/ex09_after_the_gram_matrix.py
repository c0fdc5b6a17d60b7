# %% [markdown]
# # Exercise 09 · After the Gram matrix
#
# **What you will do.** Write two ideas that came after the Gram matrix, and repair a program that repaints in one pass.
#
# **You need** lesson 09 and 60 minutes.
#
# **A bonus:** its 10 points come on top of the course's hundred.
#
# Under each question there is a check: run it as often as you like. `ex09.adain.hint()` gives one of three hints,
# `ex09.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import painted, pictures, plots
from nstlib.checks import ex09

# %% [markdown]
# ## Question 1 · Swap the moments
#
# Give each filter of the content the style's mean $\mu_{S,k}$ and population deviation $\sigma_{S,k}$:
#
# $$F'_{ki} = \sigma_{S,k}\, \frac{F_{ki} - \mu_{C,k}}{\sigma_{C,k}} + \mu_{S,k}$$
#
# Then blend: at `strength` 0 the content's features come back, at 1 all of $F'$, in between a share of both.
#
# Some filters answer nowhere, so $\sigma_{C,k}$ can be 0. No number may be `nan`, and such a filter still gets the
# mean.


# %% question="ex09.adain"
def adain(features_c, features_s, strength):
    """The content's features (N, H, W), moved towards the style's moments; the style may have another size."""
    # BEGIN SOLUTION
    c, s = features_c.reshape(len(features_c), -1), features_s.reshape(len(features_s), -1)
    centred = c - c.mean(dim=1, keepdim=True)
    own = c.std(dim=1, unbiased=False, keepdim=True)
    unit = centred / own.masked_fill(own == 0, 1)
    wanted = unit * s.std(dim=1, unbiased=False, keepdim=True) + s.mean(dim=1, keepdim=True)
    return torch.lerp(c, wanted, strength).view_as(features_c)
    # END SOLUTION


# %% check="ex09.adain"
ex09.adain.check(adain)

# %% [markdown]
# ## Question 2 · Ask for the nearest patch
#
# A patch is all filters at `size` × `size` neighbouring positions; it begins wherever there is room for all of it. For
# each patch $p$ of X find the style's patch $q$ that is most alike, by the cosine
#
# $$\cos(p, q) = \frac{p \cdot q}{\lVert p \rVert\, \lVert q \rVert}$$
#
# The cost is $\lVert p - q \rVert^2$ for these pairs, averaged over the patches of X.


# %% question="ex09.patch_cost"
def patch_cost(features_x, features_s, size):
    """The mean squared distance of X's patches to the style's that are most alike; features are (N, H, W)."""

    # BEGIN SOLUTION
    def rows(features):
        height, width = features.shape[1:]
        corners = [(i, j) for i in range(height - size + 1) for j in range(width - size + 1)]
        return torch.stack([features[:, i : i + size, j : j + size].flatten() for i, j in corners])

    p, q = rows(features_x), rows(features_s)
    cosine = torch.nn.functional.normalize(p) @ torch.nn.functional.normalize(q).T
    chosen = q[cosine.max(dim=1).indices]
    return ((p - chosen) ** 2).sum() / len(p)
    # END SOLUTION


# %% check="ex09.patch_cost"
ex09.patch_cost.check(patch_cost)

# %% [markdown]
# ## Question 3 · A program to repair
#
# This program gives B photos the moments of B paintings: `encoder` makes features of pictures, `decoder` pictures of
# features, all less `mean`, over `deviation`. `contents` and `styles` are (B, 3, H, W), RGB from 0 to 1; `strength` is
# that of question 1.
#
# It has **four mistakes** of real programs. One stops it, two show in what it returns, one in what it was given.


# %% question="ex09.bug_hunt"
def repaint(encoder, decoder, contents, styles, strength):
    """A dictionary: the blended features (B, N, h, w), and pictures (B, 3, H, W) limited to 0 … 1."""
    # BEGIN SOLUTION
    mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]

    def encode(batch):
        return encoder((batch - mean) / deviation)

    def moments(block):
        mu = block.mean((2, 3), keepdim=True)
        variance = block.var((2, 3), correction=0, keepdim=True)
        return mu, (variance + 1e-5).sqrt()

    content = encode(contents)
    mu_c, sigma_c = moments(content)
    mu_s, sigma_s = moments(encode(styles))
    moved = (content - mu_c) / sigma_c * sigma_s + mu_s
    features = (1 - strength) * content + strength * moved
    repainted = decoder(features) * deviation + mean
    return {"features": features, "pictures": repainted.clamp(0, 1)}
    # END SOLUTION
    # BEGIN BROKEN
    # mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    # deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]
    #
    # def encode(batch):
    #     return encoder(batch.sub_(mean).div_(deviation))
    #
    # def moments(block):
    #     mu = block.mean((0, 2, 3))
    #     variance = block.var((0, 2, 3), correction=0)
    #     return mu, (variance + 1e-5).sqrt()
    #
    # content = encode(contents)
    # mu_c, sigma_c = moments(content)
    # mu_s, sigma_s = moments(encode(styles))
    # moved = (content - mu_c) / sigma_c * sigma_s + mu_s
    # features = strength * content + (1 - strength) * moved
    # repainted = decoder(features) * deviation + mean
    # return {"features": features, "pictures": repainted.clamp(0, 1)}
    # END BROKEN


# %% check="ex09.bug_hunt"
ex09.bug_hunt.check(repaint)

# %% [markdown]
# ## See what the moments do
#
# You have no decoder here, so go the long way: move the pixels until their features are those of *your* `adain`.

# %%
photo = pictures.sample("cat", 128)
painting = painted.paint("night", tuple(photo.shape[1:]))
layers = ["relu1_1", "relu2_1", "relu3_1"]
network = nstlib.networks.load(layers=layers)


# %%
def features(picture):
    return {layer: block[0] for layer, block in network(picture[None]).items()}


there, style = features(photo), features(painting)


# %%
def with_features(wanted, steps=80):
    """Move the photo's pixels until its features are the wanted ones."""
    x = photo.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=0.02)
    size = {layer: block.square().mean() for layer, block in wanted.items()}
    for _ in range(steps):
        adam.zero_grad()
        now = features(x)
        sum((now[layer] - wanted[layer]).square().mean() / size[layer] for layer in wanted).backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %%
moved = {
    strength: {layer: adain(there[layer], style[layer], strength) for layer in layers}
    for strength in (0.5, 1.0)
}
half, whole = (with_features(wanted) for wanted in moved.values())
plots.row({"photo": photo, "half the way": half, "all the way": whole, "painting": painting})

# %%
result, goal = features(whole)["relu3_1"], style["relu3_1"]
pairs = {"photo": there["relu3_1"], "all the way": result, "painting": goal}
plots.table({name: {"cost of its patches": patch_cost(block, goal, 3)} for name, block in pairs.items()})

# %% [markdown]
# *In the figure:* the cat; twice the cat with bluer shadows and more contrast, half the way and all the way; the night
# sky. *In the table:* the cost by patches of the photo, the last cat and the painting.
#
# **Look at** the fur: no stroke has come, and the patches are no nearer to the painting's. Each filter has the sky's
# mean and spread now, but still answers where it did.

# %%
ex09.progress()
