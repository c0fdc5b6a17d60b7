# %% [markdown]
# # Exercise 02 · The Gram matrix
#
# **What you will do.** Write the Gram matrix three times, find the covariance in it, and paint a texture with it.
#
# **You need** lesson 02 and 50 minutes.
#
# Under each question there is a check. It calls your function and says what it found, in words: run it as often as you
# like. `ex02.gram.hint()` gives one of three hints, `ex02.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import painted, plots
from nstlib.checks import ex02

# %% [markdown]
# ## Question 1 · By loops
#
# $$G_{kk'} = \sum_i F_{ki}\, F_{k'i}$$
#
# `F` is a small tensor (N, M). Give back N rows of N numbers, as nested lists or as a tensor. Use loops and nothing
# cleverer, to see what is summed away.


# %% question="ex02.gram_loops"
def gram_loops(F):
    """G, N × N, by loops over F of N rows and M columns."""
    # BEGIN SOLUTION
    G = []
    for row in F:
        G.append([])
        for other_row in F:
            G[-1].append(sum(float(a) * float(b) for a, b in zip(row, other_row, strict=True)))
    return G
    # END SOLUTION


# %% check="ex02.gram_loops"
ex02.gram_loops.check(gram_loops)

# %% [markdown]
# ## Question 2 · In one line
#
# Now for features (N, H, W) as a network gives them: unroll, then one matrix product. Divide by nothing. A gradient
# must arrive at the features, or no picture can be painted with it.


# %% question="ex02.gram"
def gram_matrix(features):
    """G = F Fᵀ, (N, N), from features (N, H, W)."""
    # BEGIN SOLUTION
    return torch.einsum("khw,lhw->kl", features, features)
    # END SOLUTION


# %% check="ex02.gram"
ex02.gram.check(gram_matrix)

# %% [markdown]
# ## Question 3 · For a batch
#
# Features of several pictures come as (B, N, H, W). Each picture gets a Gram matrix of its own; filters of different
# pictures never meet.


# %% question="ex02.gram_batch"
def gram_batch(features):
    """(B, N, N) from features (B, N, H, W)."""
    # BEGIN SOLUTION
    return torch.einsum("bkhw,blhw->bkl", features, features)
    # END SOLUTION


# %% check="ex02.gram_batch"
ex02.gram_batch.check(gram_batch)

# %% [markdown]
# ## Question 4 · The covariance in it
#
# You have a raw Gram matrix (N, N), the mean $\mu$ of each filter (N), and M. Give back the population covariance of
# the filters, the one that divides by M.


# %% question="ex02.covariance"
def covariance_from_gram(gram, mean, n_positions):
    """The population covariance (N, N) of F, from G = F Fᵀ, the rows' means (N,) and M."""
    # BEGIN SOLUTION
    mean_product = gram / n_positions
    return mean_product - mean[:, None] * mean[None, :]
    # END SOLUTION


# %% check="ex02.covariance"
ex02.covariance.check(covariance_from_gram)

# %% [markdown]
# ## Question 5 · With a soft mask
#
# A mask says how much each position counts: 1 for fully, 0 for not at all, and what lies between for a soft edge. Each
# position's products count by its mask, and the sum is divided by what the mask adds up to:
#
# $$\frac{\sum_i m_i\, F_{ki}\, F_{k'i}}{\sum_i m_i}$$


# %% question="ex02.soft_mask"
def soft_masked_gram(features, mask):
    """The masked Gram matrix (N, N) of features (N, H, W) and a mask (H, W) of numbers from 0 to 1."""
    # BEGIN SOLUTION
    weight = mask / mask.sum()
    return torch.einsum("khw,lhw->kl", weight * features, features)
    # END SOLUTION


# %% check="ex02.soft_mask"
ex02.soft_mask.check(soft_masked_gram)

# %% [markdown]
# ## Question 6 · Two features, one style
#
# Many features have one and the same Gram matrix. You get `F`, (N, M), as a ReLU leaves it: nothing in it is negative.
# Find two others, A and B, both with F's Gram matrix. A could have come out of a ReLU, too, and is not F. B could not.
#
# There is more than one right answer. Yours is judged by what it must have.


# %% question="ex02.equal_grams"
def two_with_equal_gram(F):
    """A and B, each (N, M), with the Gram matrix of F: A ≥ 0 and not F, B with something negative."""
    # BEGIN SOLUTION
    elsewhere = torch.roll(F, shifts=1, dims=1)
    return elsewhere, torch.neg(elsewhere)
    # END SOLUTION


# %% check="ex02.equal_grams"
ex02.equal_grams.check(two_with_equal_gram)

# %% [markdown]
# ## Paint with your Gram matrix
#
# A picture of noise moves downhill until *your* Gram matrices of it are those of a painting. Nothing else is asked of
# it: no photo, no places.

# %%
painting = painted.paint("mosaic", 128)
layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1"]
network = nstlib.networks.load(layers=layers)


def grams(picture):
    return {
        layer: gram_matrix(block[0]) / block[0, 0].numel()
        for layer, block in network(picture[None]).items()
    }


# %%
def paint(steps=100):
    """Lower the distance between your Gram matrices, each in units of the painting's."""
    goal = grams(painting)
    noise = torch.randn(painting.shape, generator=torch.Generator().manual_seed(0))
    x = (0.5 + 0.1 * noise).requires_grad_()
    adam = torch.optim.Adam([x], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        sum(
            (G - goal[layer]).square().sum() / goal[layer].square().sum() for layer, G in grams(x).items()
        ).backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %%
plots.row({"painting": painting, "by your Gram matrices": paint()})

# %% [markdown]
# *In the figure:* a mosaic, and a picture of small patches in its orange, red and turquoise; no stone stands where it
# stood.
#
# **Look at** which colours are neighbours: as in the mosaic. The flowers are gone, for nobody told the places. If yours
# is grey or noise, one of the checks above says why.

# %%
ex02.progress()
