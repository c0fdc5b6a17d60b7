# %% [markdown]
# # Exercise 04 · Weigh the layers
#
# **What you will do.** Add layers up with weights, leave one out, balance them, and see what the weights do to a cat.
#
# **You need** lesson 04 and 35 minutes, and 45 for the last question.
#
# Under each question there is a check: run it as often as you like. `ex04.balance.hint()` gives one of three hints,
# `ex04.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import painted, pictures, plots
from nstlib.checks import ex04


# %%
def layer_cost(features_x, features_s):
    """E_l of exercise 03, for you to use here."""
    means = [
        torch.einsum("khw,lhw->kl", block, block) / block[0].numel() for block in (features_x, features_s)
    ]
    return (means[0] - means[1]).square().sum() / (4 * len(features_x) ** 2)


# %% [markdown]
# ## Question 1 · Several layers in one cost
#
# $$J_{\text{style}} = \sum_l \lambda_l E_l$$
#
# The features of both pictures and the weights come as dictionaries by layer name. Features may hold layers that have
# no weight: these do not take part.


# %% question="ex04.style_cost"
def style_cost(features_x, features_s, layer_weights):
    """J_style, a single number."""
    # BEGIN SOLUTION
    terms = [
        layer_weights[name] * layer_cost(features_x[name], features_s[name]) for name in layer_weights
    ]
    return torch.stack(terms).sum()
    # END SOLUTION


# %% check="ex04.style_cost"
ex04.style_cost.check(style_cost)

# %% [markdown]
# ## Question 2 · All but one
#
# A learner once showed what each layer adds by leaving it out: of $L$ layers, the dropped one gets the weight 0, and
# each other one $1/(L-1)$.


# %% question="ex04.leave_one_out"
def leave_one_out(layers, dropped):
    """A dictionary layer -> weight, for a list of names and the one to drop."""
    # BEGIN SOLUTION
    weights = dict.fromkeys(layers, 1 / (len(layers) - 1))
    weights[dropped] = 0.0
    return weights
    # END SOLUTION


# %% check="ex04.leave_one_out"
ex04.leave_one_out.check(leave_one_out)

# %% [markdown]
# ## Question 3 · Balance
#
# $\lVert \partial E_l / \partial X \rVert$ says how hard a layer pulls. Find weights for which
# $\lambda_l \lVert \partial E_l / \partial X \rVert$ is the same for all layers, and which add up to 1.


# %% question="ex04.balance"
def balanced_weights(gradient_norms):
    """A dictionary layer -> weight, from a dictionary layer -> norm."""
    # BEGIN SOLUTION
    inverse = {name: 1.0 / norm for name, norm in gradient_norms.items()}
    whole = sum(inverse.values())
    return {name: value / whole for name, value in inverse.items()}
    # END SOLUTION


# %% check="ex04.balance"
ex04.balance.check(balanced_weights)

# %% [markdown]
# ## Question 4 · Shares of the pull
#
# Balanced weights make all layers pull alike. Now each layer gets a share of the pull: find weights for which
# $\lambda_l \lVert \partial E_l / \partial X \rVert$ stands in proportion to the shares, and which add up to 1. The two
# dictionaries hold the same layers, not in the same order.


# %% question="ex04.shares"
def weights_for_shares(gradient_norms, shares):
    """A dictionary layer -> weight, from dictionaries layer -> norm and layer -> share; the shares add up to 1."""
    # BEGIN SOLUTION
    pull = {name: shares[name] / norm for name, norm in gradient_norms.items()}
    return {name: part / sum(pull.values()) for name, part in pull.items()}
    # END SOLUTION


# %% check="ex04.shares"
ex04.shares.check(weights_for_shares)

# %% [markdown]
# ## Question 5 · As the paper weighs them
#
# A program computes the cost of each layer as `mean_chw` of exercise 03 does: $4/N_l^2$ of the paper's. It takes
# weights $\lambda_l$. Which ones, adding up to 1, make its sum a constant times the paper's sum with equal weights,
# whatever the pictures?


# %% question="ex04.as_paper"
def weights_as_paper(n_filters):
    """A dictionary layer -> weight, from a dictionary layer -> N_l."""
    # BEGIN SOLUTION
    squares = {name: count * count for name, count in n_filters.items()}
    return {name: square / sum(squares.values()) for name, square in squares.items()}
    # END SOLUTION


# %% check="ex04.as_paper"
ex04.as_paper.check(weights_as_paper)

# %% [markdown]
# ## See what weights do
#
# Three runs with *your* functions: balanced weights, then the same without the first layer, then without the third.

# %%
photo = pictures.sample("cat", 128)
painting = painted.paint("night", tuple(photo.shape[1:]))
layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1"]
network = nstlib.networks.load(layers=layers)


def features(picture):
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
def norms():
    """‖∂E_l/∂X‖ at the photo, by layer."""
    x, goal, found = photo.clone().requires_grad_(), features(painting), {}
    there = features(x)
    for layer in layers:
        cost = style_cost(there, goal, {layer: 1.0})
        found[layer] = torch.autograd.grad(cost, x, retain_graph=True)[0].norm().item()
    return found


# %%
def repaint(weights, steps=40):
    """Lower your J_style over the pixels, beginning at the photo."""
    x, goal = photo.clone().requires_grad_(), features(painting)
    adam = torch.optim.Adam([x], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        style_cost(features(x), goal, weights).backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %%
even = balanced_weights(norms())
masks = {name: leave_one_out(layers, name) for name in ("relu1_1", "relu3_1")}
runs = {
    f"without {name}": {layer: even[layer] * (mask[layer] > 0) for layer in layers}
    for name, mask in masks.items()
}
plots.row({"balanced": repaint(even)} | {name: repaint(weights) for name, weights in runs.items()})

# %% [markdown]
# *In the figure:* three cats. The first wears the painting's blue and yellow; without relu1_1 much of the photo's own
# colour is left; without relu3_1 the picture is much like the first.
#
# **Look at** the background of the second: who brings the palette?

# %% [markdown]
# ## Question 6 · Decide a claim
#
# Somebody writes in a forum: *“Leave the first layer out of the style cost. It brings nothing but noise; strokes and
# colours come from the deeper ones.”*
#
# Design an experiment that decides whether this is true, run it, and report it below; add cells as you need them. First
# say what you will see if it is true, and if not. This is marked by hand:

# %%
ex04.claim.criteria()

# %% [markdown] open="ex04.claim"
# *Your report: what you expected, what you changed and what you kept, what you measured, what follows.*

# %% [markdown]
# ## How far you are

# %%
ex04.progress()
