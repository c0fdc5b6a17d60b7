# %% [markdown]
# # Exercise 01 · Unroll, and measure content
#
# **What you will do.** Write two short functions, and with them rebuild a photo out of noise.
#
# **You need** lesson 01 and 35 minutes.
#
# Under each question there is a check. It calls your function and says what it found, in words: run it as often as you
# like. `ex01.unroll.hint()` gives one of three hints, `ex01.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import pictures, plots
from nstlib.checks import ex01

# %% [markdown]
# ## Question 1 · Unroll the features
#
# A layer answers with a block (N, H, W): N filters on H × W positions. Write them as a matrix F with a row for each
# filter and a column for each of the M = H·W positions, read row by row.


# %% question="ex01.unroll"
def unroll(features):
    """F, (N, M), from features (N, H, W)."""
    # BEGIN SOLUTION
    rows = [filter_map.reshape(-1) for filter_map in features]
    return torch.stack(rows)
    # END SOLUTION


# %% check="ex01.unroll"
ex01.unroll.check(unroll)

# %% [markdown]
# ## Question 2 · Measure content
#
# Compare two pictures' features place by place:
#
# $$J_{\text{content}} = \tfrac12 \sum (x - c)^2$$


# %% question="ex01.content_cost"
def content_cost(features_x, features_c):
    """½ Σ (x − c)², a single number, for two blocks of one shape."""
    # BEGIN SOLUTION
    apart = features_x - features_c
    return 0.5 * (apart * apart).sum()
    # END SOLUTION


# %% check="ex01.content_cost"
ex01.content_cost.check(content_cost)

# %% [markdown]
# ## Question 3 · How far does a layer see?
#
# How many pixels wide is the patch of the picture on which one number depends, after all these layers? Each is written
# as (kernel, stride), and nothing is padded. For `[(3, 1), (3, 1)]` it is 5: three numbers that have seen three pixels
# each, and overlap.


# %% question="ex01.field"
def receptive_field(layers):
    """The width in pixels of what one number depends on, for a list of (kernel, stride), the first layer first."""
    # BEGIN SOLUTION
    width = 1
    for kernel, stride in layers[::-1]:
        width = kernel + (width - 1) * stride
    return width
    # END SOLUTION


# %% check="ex01.field"
ex01.field.check(receptive_field)

# %% [markdown]
# ## Question 4 · Features by hooks
#
# The network has convolutions, ReLUs and pooling in a row, each with a name. PyTorch calls a function of yours when a
# layer has answered: a *hook* (`register_forward_hook`). Give back what each layer in the list answers, as (N, H, W).
#
# The network takes a batch. Leave it as you found it, and look at what its ReLUs do with what they get.


# %% question="ex01.hooks"
def layer_features(network, picture, layers):
    """A dictionary name -> features (N, H, W) of a picture (3, H, W), for a list of the names of layers."""
    # BEGIN SOLUTION
    answers = {}

    def listen(layer_name):
        return lambda layer, given, answer: answers.__setitem__(layer_name, answer.squeeze(0).clone())

    hooks = [
        getattr(network, layer_name).register_forward_hook(listen(layer_name)) for layer_name in layers
    ]
    network(picture.unsqueeze(0))
    for hook in hooks:
        hook.remove()
    return answers
    # END SOLUTION


# %% check="ex01.hooks"
ex01.hooks.check(layer_features)

# %% [markdown]
# ## See what your functions do
#
# A picture of noise moves downhill on *your* cost, until a layer answers to it as it does to the photo.

# %%
photo = pictures.sample("cat", 128)
network = nstlib.networks.load(layers=["relu1_2", "relu2_2"])
goal = {layer: block[0] for layer, block in network(photo[None]).items()}


# %%
def rebuild(layer, steps=60):
    """Lower your content cost over the pixels of a picture that begins as noise."""
    x = torch.rand(photo.shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    adam = torch.optim.Adam([x], lr=0.05)
    for _ in range(steps):
        adam.zero_grad()
        content_cost(network(x[None])[layer][0], goal[layer]).backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %%
plots.row({"photo": photo} | {f"rebuilt from {layer}": rebuild(layer) for layer in goal})

# %% [markdown]
# *In the figure:* the photo; a cat out of noise, nearly the photo again; and one with all its edges, but with colours
# that went astray in fine grain.
#
# **Look at** the nose from left to right: the deeper the layer, the less it holds of colour. If your pictures are still
# noise, no gradient arrives at the pixels: see what the check says.

# %%
ex01.progress()
