# %% [markdown]
# # Exercise 05 · Walk downhill
#
# **What you will do.** Write the number that is lowered, one step of the way, and a measure of grain; then run the whole
# of style transfer with them.
#
# **You need** lesson 05b, section 1, and 15 minutes.
#
# Under each question there is a check: run it as often as you like. `ex05.step.hint()` gives one of three hints,
# `ex05.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import painted, pictures, plots, style
from nstlib.checks import ex05

# %% [markdown]
# ## Question 1 · One number · 2 points
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
# ## Question 2 · One step · 6 points
#
# `gradient` is $\partial J / \partial X$, shaped like the picture `x`. Take one step downhill, `learning_rate` times the gradient. The result
# lies between 0 and 1, and the `x` that was given stays as it was.


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
# ## Question 3 · Grain · 4 points
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
