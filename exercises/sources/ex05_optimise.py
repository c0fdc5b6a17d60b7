# %% [markdown]
# # Exercise 05 · Walk downhill
#
# **What you will do.** Write the number that is lowered, one step of the way, and a measure of grain; then run the
# whole of style transfer with them.
#
# **You need** lesson 05b, and 65 minutes.
#
# Under each question there is a check: run it as often as you like. `ex05.step.hint()` gives one of three hints,
# `ex05.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import painted, pictures, plots, style
from nstlib.checks import ex05

# %% [markdown]
# ## Question 1 · One number
#
# $$J = \alpha J_{\text{content}} + \beta J_{\text{style}}$$


# %% question="ex05.total_cost"
def total_cost(j_content, j_style, alpha, beta):
    """J, of two costs and their weights."""
    # BEGIN SOLUTION
    return j_content * alpha + j_style * beta
    # END SOLUTION


# %% check="ex05.total_cost"
ex05.total_cost.check(total_cost)

# %% [markdown]
# ## Question 2 · One step
#
# `gradient` is $\partial J / \partial X$, shaped like the picture `x`. Take one step downhill, `learning_rate` times
# the gradient. The result lies between 0 and 1, and the `x` that was given stays as it was.


# %% question="ex05.step"
def gradient_step(x, gradient, learning_rate):
    """The picture after one step, a new tensor with numbers from 0 to 1."""
    # BEGIN SOLUTION
    moved = x - gradient * learning_rate
    return torch.minimum(torch.maximum(moved, torch.zeros_like(x)), torch.ones_like(x))
    # END SOLUTION


# %% check="ex05.step"
ex05.step.check(gradient_step)

# %% [markdown]
# ## Question 3 · Grain
#
# The total variation of a picture (C, H, W) is the sum of the absolute differences of neighbours, downwards and across,
# each pair once.


# %% question="ex05.tv"
def total_variation(x):
    """Σ |difference of neighbours| of a picture (C, H, W)."""
    # BEGIN SOLUTION
    vertical = torch.diff(x, dim=-2)
    horizontal = torch.diff(x, dim=-1)
    return vertical.abs().sum() + horizontal.abs().sum()
    # END SOLUTION


# %% check="ex05.tv"
ex05.tv.check(total_variation)

# %% [markdown]
# ## Question 4 · When to stop
#
# Give back the first step, counted from 0, at which J has fallen by less than a share of itself within `patience`
# steps: compare `costs[step]` with what J was `patience` steps before. If that never happens, give back how many costs
# there are. Unlike lesson 05's rule, this one stops where J rose, and goes on where it fell by exactly the share.


# %% question="ex05.plateau"
def stopping_step(costs, patience, share):
    """The first step at which J fell by less than share · J in `patience` steps, or len(costs)."""
    # BEGIN SOLUTION
    pairs = zip(costs, costs[patience:], strict=False)
    stuck = [number for number, (before, now) in enumerate(pairs) if before - now < share * before]
    return stuck[0] + patience if stuck else len(costs)
    # END SOLUTION


# %% check="ex05.plateau"
ex05.plateau.check(stopping_step)

# %% [markdown]
# ## Question 5 · Adam by hand
#
# Write a step of Adam yourself. With $\beta_1 = 0.9$, $\beta_2 = 0.999$, $\varepsilon = 10^{-8}$ and the gradient $g$:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g \qquad v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# Both begin at 0 and are too small at first. For the step, divide them: $\hat m = m / (1 - \beta_1^t)$,
# $\hat v = v / (1 - \beta_2^t)$. X moves by $-\eta\, \hat m$, divided by $\sqrt{\hat v}$ with $\varepsilon$ added
# outside the root. Give back x, m and v, not divided.


# %% question="ex05.adam"
def adam_step(x, gradient, m, v, step, learning_rate):
    """The new x, m and v after one step; `step` is t, 1 at the first."""
    # BEGIN SOLUTION
    b1, b2 = 0.9, 0.999
    m = b1 * m + (1 - b1) * gradient
    v = b2 * v + (1 - b2) * gradient.square()
    m_hat, v_hat = m / (1 - b1**step), v / (1 - b2**step)
    return x - learning_rate * m_hat / (torch.sqrt(v_hat) + 1e-8), m, v
    # END SOLUTION


# %% check="ex05.adam"
ex05.adam.check(adam_step)

# %% [markdown]
# ## Question 6 · A program to repair
#
# This program repaints B photos at once, each like its own painting. `contents` and `styles` are (B, 3, H, W), RGB from
# 0 to 1; the network wants them less `mean`, over `deviation`. It has **four mistakes** of real programs. One stops it;
# the others show in what it returns.
#
# It shall return the pictures, limited to 0 … 1; each painting's Gram matrix; each step's cost.


# %% question="ex05.bug_hunt"
def transfer(network, contents, styles, steps):
    """A dictionary: pictures (B, 3, H, W), goal (B, N, N) and costs (steps,)."""
    # BEGIN SOLUTION
    mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]

    def features(pictures):
        return network((pictures - mean) / deviation)

    def gram(block):
        b, n, h, w = block.shape
        F = block.reshape(b, n, h * w)
        return torch.bmm(F, F.transpose(1, 2)) / (h * w)

    with torch.no_grad():
        kept, goal = features(contents), gram(features(styles))
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
    limited = x.detach().clamp(0, 1)
    return {"pictures": limited, "goal": goal, "costs": torch.tensor(costs)}
    # END SOLUTION
    # BEGIN BROKEN
    # mean = torch.tensor([0.485, 0.456, 0.406]).to(contents)[:, None, None]
    # deviation = torch.tensor([0.229, 0.224, 0.225]).to(contents)[:, None, None]
    #
    # def features(pictures):
    #     pictures = pictures.flip(1)
    #     return network((pictures - mean) / deviation)
    #
    # def gram(block):
    #     b, n, h, w = block.shape
    #     F = block.reshape(b * n, h * w)
    #     return F @ F.T / (h * w)
    #
    # kept = features(contents)
    # goal = gram(features(styles))
    # x = contents.clone().requires_grad_()
    # optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=1, history_size=5)
    # costs = []
    #
    # def closure():
    #     x.data.clamp_(0, 1)
    #     optimizer.zero_grad()
    #     now = features(x)
    #     cost = (now - kept).square().mean() + 10 * (gram(now) - goal).square().mean()
    #     cost.backward()
    #     costs.append(cost.item())
    #     return cost
    #
    # for _ in range(steps):
    #     optimizer.step(closure)
    # return {"pictures": x.detach(), "goal": goal, "costs": torch.tensor(costs)}
    # END BROKEN


# %% check="ex05.bug_hunt"
ex05.bug_hunt.check(transfer)

# %% [markdown]
# ## Run it
#
# Features and the two costs are given. The loop, its steps and its number are yours.

# %%
photo = pictures.sample("cat", 128)
painting = painted.paint("night", tuple(photo.shape[1:]))
network = nstlib.networks.load(layers=["relu1_1", "relu2_1", "relu3_1", "relu4_1"])


def features(picture):
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
kept, wanted = features(photo), features(painting)
empty = {layer: torch.zeros_like(block) for layer, block in wanted.items()}
unit = {layer: style.layer_style_cost(empty[layer], block) for layer, block in wanted.items()}
K_c = style.content_cost(torch.zeros_like(kept["relu4_1"]), kept["relu4_1"])


def costs(x):
    """J_content and J_style of a picture, each in units of a picture without features."""
    now = features(x)
    j_style = sum(
        style.layer_style_cost(now[layer], wanted[layer]) / unit[layer] for layer in unit
    ) / len(unit)
    return style.content_cost(now["relu4_1"], kept["relu4_1"]) / K_c, j_style


# %%
def run(smooth, steps=60):
    """Your J, your step; `smooth` is the weight of your total variation."""
    x = photo.clone()
    for _ in range(steps):
        x = x.detach().requires_grad_()
        j = total_cost(*costs(x), alpha=1, beta=10) + smooth * total_variation(x) / x.numel()
        (gradient,) = torch.autograd.grad(j, x)
        x = gradient_step(x, gradient, learning_rate=3)
    return x.detach()


# %%
plots.row({"photo": photo, "your run": run(0), "your run, smooth": run(3)})

# %% [markdown]
# *In the figure:* the cat; the cat with blue and violet shadows and fine strokes; and the same with a smoother fur.
#
# **Look at** the forehead in both runs. If your pictures are black, white or the photo, one of the checks says why.

# %%
ex05.progress()
