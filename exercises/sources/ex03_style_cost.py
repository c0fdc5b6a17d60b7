# %% [markdown]
# # Exercise 03 · The style cost and its constants
#
# **What you will do.** Write the cost of a layer, its gradient by hand, and the constants of five programs; then paint
# with your cost.
#
# **You need** lesson 03 and 70 minutes.
#
# Under each question there is a check: run it as often as you like. `ex03.layer_cost.hint()` gives one of three hints,
# `ex03.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import painted, pictures, plots
from nstlib.checks import ex03

# %% [markdown]
# ## Question 1 · The cost of one layer
#
# $$E_l = \frac{1}{4 N^2} \sum_{k,k'} \left(\frac{G_{X,kk'}}{M_X} - \frac{G_{S,kk'}}{M_S}\right)^2$$
#
# Both come as raw features (N, H, W). The two pictures may differ in size.


# %% question="ex03.layer_cost"
def layer_style_cost(features_x, features_s):
    """E_l of two blocks of features with the same N; sizes may differ."""
    # BEGIN SOLUTION
    means = []
    for block in (features_x, features_s):
        flat = block.reshape(block.shape[0], -1)
        means.append(torch.matmul(flat, flat.t()) / flat.shape[1])
    return (means[0] - means[1]).pow(2).sum() / (2 * features_x.shape[0]) ** 2
    # END SOLUTION


# %% check="ex03.layer_cost"
ex03.layer_cost.check(layer_style_cost)

# %% [markdown]
# ## Question 2 · Its gradient, by hand
#
# For two pictures of *one* size, $M$ being the same for both: what is $\partial E_l / \partial F$? You get $F$ of $X$,
# shaped $(N, M)$, and the raw Gram matrix of $S$. No autograd: use your pencil.


# %% question="ex03.gradient"
def style_gradient(F_x, gram_s):
    """∂E_l/∂F, (N, M), for F_x (N, M) and the raw Gram matrix of a style of equal size."""
    # BEGIN SOLUTION
    N, M = F_x.shape
    return torch.mm(torch.mm(F_x, F_x.t()) - gram_s, F_x) / (N * M) ** 2
    # END SOLUTION


# %% check="ex03.gradient"
ex03.gradient.check(style_gradient)

# %% [markdown]
# ## Question 3 · Five programs
#
# $\Delta$ is the difference of the *raw* Gram matrices, $HW$ the pixels of the picture. What is each program's cost,
# divided by the paper's?
#
# | convention | cost |
# |:---|:---|
# | `gatys` | $\sum \Delta^2 / (4 N^2 M^2)$ |
# | `mean_hw` | mean over the entries of $(\Delta / M)^2$ |
# | `sum_chw` | $\sum (\Delta / (N M))^2$ |
# | `mean_chw` | mean over the entries of $(\Delta / (N M))^2$ |
# | `keras` | $\sum \Delta^2 / (4 \cdot 3^2 (HW)^2)$ |


# %% question="ex03.factor"
def convention_factor(convention, n_filters, n_positions, image_positions):
    """The convention's cost divided by the paper's, for N, M and HW."""
    # BEGIN SOLUTION
    if convention == "gatys":
        return 1
    if convention in ("mean_hw", "sum_chw"):
        return 4
    if convention == "mean_chw":
        return 4 * n_filters**-2
    return (n_filters * n_positions / (3 * image_positions)) ** 2
    # END SOLUTION


# %% check="ex03.factor"
ex03.factor.check(convention_factor)

# %% [markdown]
# ## Question 4 · The gradient of another cost
#
# Compare covariances in place of Gram matrices:
#
# $$E = \frac{1}{4 N^2} \sum_{k,k'} \left(\mathrm{Cov}_{X,kk'} - \mathrm{Cov}_{S,kk'}\right)^2$$
#
# The covariance is the population's, which divides by M. What is $\partial E / \partial F$? No autograd. Check yours by
# a finite difference: change one number of F by a little, and see what E does.


# %% question="ex03.covariance_gradient"
def covariance_gradient(F_x, cov_s):
    """∂E/∂F, (N, M), for F_x (N, M) and the covariance (N, N) of a style."""
    # BEGIN SOLUTION
    N, M = F_x.shape
    around_mean = F_x - torch.mean(F_x, dim=1, keepdim=True)
    apart = torch.cov(F_x, correction=0) - cov_s
    return apart.mm(around_mean) / N / N / M
    # END SOLUTION


# %% check="ex03.covariance_gradient"
ex03.covariance_gradient.check(covariance_gradient)

# %% [markdown]
# ## Question 5 · Three programs to read
#
# Somebody else's layer costs, for features `x` and `s` of one size, (N, H, W). What is each, divided by the paper's?
#
# ```python
# def a(x, s):
#     grams = []
#     for f in (x, s):
#         f = f.reshape(f.shape[0], -1)
#         f = f / f.shape[1] ** 0.5
#         grams.append(f @ f.T)
#     return torch.nn.functional.mse_loss(*grams)
#
# def b(x, s):
#     f, g = (block.flatten(1) / block.numel() for block in (x, s))
#     return (f.mm(f.t()) - g.mm(g.t())).pow(2).sum()
#
# def c(x, s):
#     n, h, w = x.shape
#     apart = torch.einsum("kij,lij->kl", x, x) - torch.einsum("kij,lij->kl", s, s)
#     return 0.5 * ((apart / (h * w)) ** 2).sum(dim=1).mean()
# ```


# %% question="ex03.program"
def program_factor(program, n_filters, n_positions):
    """The cost of program "a", "b" or "c", divided by the paper's, for N and M."""
    # BEGIN SOLUTION
    N, M = n_filters, n_positions
    paper = 1 / (4 * N**2 * M**2)
    constants = {"a": (N * M) ** -2, "b": (N * M) ** -4, "c": 1 / (2 * N * M**2)}
    return constants[program] / paper
    # END SOLUTION


# %% check="ex03.program"
ex03.program.check(program_factor)

# %% [markdown]
# ## Paint with your cost
#
# The photo itself moves downhill on *your* style cost of three layers, each in units of its own start.

# %%
photo = pictures.sample("cat", 128)
painting = painted.paint("waves", tuple(photo.shape[1:]))
layers = ["relu1_1", "relu2_1", "relu3_1"]
network = nstlib.networks.load(layers=layers)


# %%
def features(picture):
    return {layer: block[0] for layer, block in network(picture[None]).items()}


def repaint(steps=40):
    """Lower the sum over layers of your cost, each divided by what it is for the photo."""
    there, goal = features(photo), features(painting)
    unit = {layer: layer_style_cost(there[layer], goal[layer]) for layer in layers}
    x = photo.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        now = features(x)
        sum(layer_style_cost(now[layer], goal[layer]) / unit[layer] for layer in layers).backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %%
plots.row({"photo": photo, "painting": painting, "by your cost": repaint()})

# %% [markdown]
# *In the figure:* the cat, a print of waves, and the cat in the print's blues and its fine lines.
#
# **Look at** the fur: no content cost holds it, only that the run began at the photo. If your third picture is the
# photo, no gradient arrived.

# %%
ex03.progress()
