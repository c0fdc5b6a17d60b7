# %% [markdown]
# # Exercise 07 · Other statistics, other colours
#
# **What you will do.** Write two rivals of the Gram matrix, give a painting a photo's colours, and paint with all of
# it.
#
# **You need** lesson 07 and 35 minutes.
#
# Under each question there is a check: run it as often as you like. `ex07.diagonal.hint()` gives one of three hints,
# `ex07.progress()` shows how far you are.

# %%
import torch

import nstlib
from nstlib import painted, pictures, plots
from nstlib.checks import ex07

# %% [markdown]
# ## Question 1 · The diagonal alone
#
# $$\frac{1}{4 N^2} \sum_k \left(\frac{G_{X,kk}}{M_X} - \frac{G_{S,kk}}{M_S}\right)^2$$
#
# Both come as raw features (N, H, W); the sizes may differ.


# %% question="ex07.diagonal"
def diagonal_style_cost(features_x, features_s):
    """The diagonal's part of E_l."""
    # BEGIN SOLUTION
    n_filters = features_x.shape[0]
    strength_x = (features_x * features_x).mean(dim=(1, 2))
    strength_s = (features_s * features_s).mean(dim=(1, 2))
    return torch.sum((strength_x - strength_s) ** 2) / (4 * n_filters * n_filters)
    # END SOLUTION


# %% check="ex07.diagonal"
ex07.diagonal.check(diagonal_style_cost)

# %% [markdown]
# ## Question 2 · Mean and spread
#
# $$\frac1N \sum_k \left( (\mu_{X,k} - \mu_{S,k})^2 + (\sigma_{X,k} - \sigma_{S,k})^2 \right)$$
#
# Here $\mu_k$ is the mean of filter $k$ over its positions, and $\sigma_k$ its *population* standard deviation.


# %% question="ex07.statistics"
def statistics_cost(features_x, features_s):
    """Squared differences of mean and population deviation, summed over filters, over N."""
    # BEGIN SOLUTION
    total = 0
    for filter_x, filter_s in zip(features_x, features_s, strict=True):
        total = total + (filter_x.mean() - filter_s.mean()) ** 2
        total = total + (filter_x.std(unbiased=False) - filter_s.std(unbiased=False)) ** 2
    return total / len(features_x)
    # END SOLUTION


# %% check="ex07.statistics"
ex07.statistics.check(statistics_cost)

# %% [markdown]
# ## Question 3 · What the diagonal cannot see
#
# You get `F`, (N, M), as a ReLU leaves it. Make another one, nowhere negative, whose Gram matrix has the same diagonal
# and is another one beside it. The cost of question 1 takes the two for the same, the paper's does not.
#
# There is more than one right answer. Yours is judged by what it must have.


# %% question="ex07.same_diagonal"
def same_diagonal(F):
    """F′, (N, M), nowhere negative: the diagonal of its Gram matrix is that of F's, the rest is not."""
    # BEGIN SOLUTION
    others = F[1:]
    return torch.cat([torch.roll(F[:1], 1, dims=1), others])
    # END SOLUTION


# %% check="ex07.same_diagonal"
ex07.same_diagonal.check(same_diagonal)

# %% [markdown]
# ## Question 4 · A painting in the photo's colours
#
# A picture's pixels have a mean $\mu$ of three numbers and a covariance $\Sigma$ of 3 × 3. Give the style the
# content's: every pixel $p$ becomes
#
# $$\Sigma_C^{1/2}\, \Sigma_S^{-1/2}\, (p - \mu_S) + \mu_C$$
#
# with symmetric roots. Do not clip.


# %% question="ex07.colour"
def match_colour(style, content):
    """The style (3, H, W) with the content's mean and covariance of red, green and blue."""

    # BEGIN SOLUTION
    def power(cov, exponent):
        values, vectors = torch.linalg.eigh(cov)
        return vectors @ torch.diag(values**exponent) @ vectors.T

    def described(picture):
        pixels = picture.reshape(3, -1)
        middle = pixels.mean(dim=1, keepdim=True)
        return pixels - middle, middle, (pixels - middle) @ (pixels - middle).T / pixels.shape[1]

    centred, _, cov_s = described(style)
    _, middle_c, cov_c = described(content)
    return (power(cov_c, 0.5) @ power(cov_s, -0.5) @ centred + middle_c).reshape(style.shape)
    # END SOLUTION


# %% check="ex07.colour"
ex07.colour.check(match_colour)

# %% [markdown]
# ## Paint with them
#
# The painting in the photo's colours by *your* function, then the cat by *your* two costs.

# %%
photo = pictures.sample("cat", 128)
painting = painted.paint("night", tuple(photo.shape[1:]))
recoloured = match_colour(painting, photo).clamp(0, 1)
network = nstlib.networks.load(layers=["relu1_1", "relu2_1", "relu3_1"])


# %%
def repaint(cost, steps=40):
    """Lower your cost of three layers, each in units of its start, beginning at the photo."""
    goal, there = network(recoloured[None]), network(photo[None])
    unit = {layer: cost(there[layer][0], goal[layer][0]) for layer in goal}
    x = photo.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        sum(
            cost(block[0], goal[layer][0]) / unit[layer] for layer, block in network(x[None]).items()
        ).backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %%
by_diagonal, by_statistics = repaint(diagonal_style_cost), repaint(statistics_cost)
plots.row(
    {
        "painting, recoloured": recoloured,
        "by the diagonal": by_diagonal,
        "by mean and spread": by_statistics,
    }
)

# %% [markdown]
# *In the figure:* the night sky in the cat's browns; the cat in its own colours, brushed like the sky, by the diagonal
# and by mean and spread.
#
# **Look at** the two cats: neither cost ever multiplied two filters, and strokes came all the same.

# %%
ex07.progress()
