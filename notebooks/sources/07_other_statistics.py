# %% [markdown]
# # 07 · What else could style be?
#
# **What you will do.** Replace the Gram matrix by four other summaries of a layer and find what each of them cannot
# see. Then keep a photo's colours, blend two paintings and repaint half a picture.
#
# **You will be able to** write five style statistics by hand, name a blind spot of each, and change what a run asks for
# without touching its loop.
#
# **You need** lesson 03 and 60 minutes.

# %%
import os
from itertools import pairwise

import torch

import nstlib
from nstlib import Settings, bench, claim, painted, pictures, plots
from nstlib.predictions import predict
from nstlib.studio import Live

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %%
network = nstlib.networks.load()


def steps(statistic):
    """The steps of a run with one statistic."""
    return nstlib.steps(photo, painting, Settings(size=side, statistic=statistic), network)


# %%
two_runs = {statistic: list(steps(statistic)) for statistic in ("gram", "diagonal")}
whole, diagonal = (run[-1].picture for run in two_runs.values())
plots.row(
    {"painting": painting, "whole Gram matrix": whole, "its diagonal alone": diagonal},
    alt="A night sky in blue and yellow strokes; the cat repainted with the whole Gram matrix, its background "
    "brushed in blue; and with the diagonal alone, paler, with bits of red and white",
)

# %% [markdown]
# **Look at** the background to the right of each cat. With the whole matrix it is brushed in strong blue. With the
# diagonal it is paler, with bits of red and white. Watch both runs live: move the slider to and fro.


# %%
def with_statistic(statistic):
    """What the panel shows of each step."""
    for step in steps(statistic):
        yield step.picture, f"step {step.index + 1}, J = {step.total:.3g}"


# %% tags=["nbval-ignore-output"]
Live("statistic", ("gram", "diagonal"), with_statistic)

# %% [markdown]
# ## 1. Keep only the diagonal
#
# In a forum thread about the style cost, a learner suspected that the diagonal holds most of what style is. The reply:
# *"What if you only used the diagonal as your loss function?"* She promised to try it. So let us try it.
#
# The diagonal entry $G_{kk}$ says how much of filter $k$ there is. It needs no product of two filters:
#
# $$E_l^{\text{diagonal}} = \frac{1}{4 N^2} \sum_k \left(\frac{G_{X,kk}}{M_X} - \frac{G_{S,kk}}{M_S}\right)^2, \qquad
# G_{kk} = \sum_i F_{ki}^2$$
#
# First by loops over two tiny matrices, then in one line.

# %%
tiny_x = torch.tensor([[1.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
tiny_s = torch.tensor([[2.0, 1.0, 1.0], [0.0, 3.0, 0.0]])
loops = 0.0
for k in range(2):
    G_x = sum(tiny_x[k, i] * tiny_x[k, i] for i in range(3))
    G_s = sum(tiny_s[k, i] * tiny_s[k, i] for i in range(3))
    loops += (G_x / 3 - G_s / 3) ** 2 / (4 * 2**2)


# %%
def diagonal_style_cost(F_x, F_s):
    """The diagonal's part of E_l."""
    x, s = F_x.square().mean(1), F_s.square().mean(1)
    return (x - s).square().sum() / (4 * len(x) ** 2)


# %% [markdown]
# By hand, row by row: $(1 + 1 + 4)/3 - (4 + 1 + 1)/3 = 0$ and $0 - 9/3 = -3$. So the cost is $9/16$.

# %% claim="three views" tags=["nbval-check-output"]
claim("loops and nine sixteenths", loops, equals=9 / 16)
claim("loops and one line", loops, equals=diagonal_style_cost(tiny_x, tiny_s))


# %%
def blocks(picture):
    """Each style layer's features (N, H, W), in float64."""
    features = network(picture[None])
    return {layer: features[layer][0].double() for layer in nstlib.networks.STYLE_LAYERS}


# %%
features_c, features_s = blocks(photo), blocks(painting)


# %%
def left(picture):
    """E_l of the picture, with the whole Gram matrix, as a share of the photo's."""
    there, E = blocks(picture), nstlib.style.layer_style_cost
    return {
        layer: (E(there[layer], S) / E(features_c[layer], S)).item() for layer, S in features_s.items()
    }


# %% [markdown]
# **Predict.** The run with the diagonal never saw an entry off the diagonal. Judge its picture by the *whole* Gram
# matrix: what share of the photo's distance to the painting is left in the deeper layers, `relu2_1` to `relu5_1`?

# %%
predict("07.diagonal")

# %%
diagonal_left, whole_left = left(diagonal), left(whole)
plots.bars(
    {
        layer: {"whole matrix": whole_left[layer], "diagonal alone": diagonal_left[layer]}
        for layer in features_s
    },
    ylabel="share of the Gram cost left",
    line=0.5,
)

# %%
cost = nstlib.statistics.STATISTICS["diagonal"].cost
by_library = torch.stack([cost(features_c[layer], features_s[layer]) for layer in features_s])
by_line = torch.stack(
    [diagonal_style_cost(features_c[n].flatten(1), features_s[n].flatten(1)) for n in features_s]
)

# %% claim="the diagonal works" tags=["nbval-check-output"]
claim("our line and the library's, layer by layer", by_line / by_library, equals=torch.ones(5).double())
claim("the diagonal leaves of a layer's Gram cost, at most", max(diagonal_left.values()), below=0.7)
claim("and on average over the layers", sum(diagonal_left.values()) / 5, below=0.35)

# %% [markdown]
# **Explain.** The guess was good: *yes, it works*, and worst in `relu1_1`. $N$ numbers stand in for $N (N + 1)/2$. They
# do not leave the others free, because Cauchy and Schwarz bound each entry by two diagonal ones:
#
# $$G_{kk'} = \sum_i F_{ki} F_{k'i} \le \sqrt{G_{kk}\, G_{k'k'}}$$
#
# How do these numbers work, and what is lost?

# %% [markdown]
# ### "The generated image will learn not to use orange"
#
# So the learner wrote: if no patch of the painting is orange, the orange filter's entry is near zero, and the generated
# image will learn not to use orange. The gradient shows how:
#
# $$\begin{aligned}
# \frac{\partial G_{X,kk}}{\partial F_{ki}} &= 2 F_{ki} && \text{one square holds } F_{ki} \\
# \frac{\partial E_l^{\text{diagonal}}}{\partial F_{ki}} &= \frac{2}{4 N^2}
# \left(\frac{G_{X,kk}}{M_X} - \frac{G_{S,kk}}{M_S}\right) \frac{2 F_{ki}}{M_X} && \text{chain rule} \\
# &= \frac{1}{N^2 M_X} \left(\frac{G_{X,kk}}{M_X} - \frac{G_{S,kk}}{M_S}\right) F_{ki} && \text{the 4 cancels}
# \end{aligned}$$

# %% [markdown]
# The bracket is one number per filter. It is positive where X has more of the filter than S. Then a step downhill makes
# *every* answer of that filter weaker. Here X is a board with orange tiles, and S has the same stripes in grey.


# %%
def with_grey(statistic, board):
    """Repaint a board by one statistic of relu1_1; S is the same board without its orange."""
    grey = board.mean(0, keepdim=True).expand(3, -1, -1)
    settings = Settings(size=128, alpha=0, style_layers=("relu1_1",), statistic=statistic)
    return nstlib.stylize(board, grey, settings, network)


# %%
board = painted.textured_tint("apart", 128)
unlearned = with_grey("diagonal", board)
plots.row(
    {"X begins": board, "S": board.mean(0, keepdim=True).expand(3, -1, -1), "X ends": unlearned},
    height=2.0,
    alt="A board with orange tiles, the same board in grey, and the first board after the run: its orange has faded",
)

# %%
amount = [painted.two_filter_bank(picture)[1].mean().item() for picture in (board, unlearned)]
silent = torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
goal = torch.tensor([[1.0, 2.0, 0.0], [1.0, 1.0, 0.0]], dtype=torch.float64)

# %% [markdown]
# The formula also shows what the diagonal cannot do. Where a filter is silent, $F_{ki} = 0$ at every position, so its
# gradient is 0, however much of it S has. Only the entries off the diagonal, $\sum_{k'} D_{kk'} F_{k'i}$ with $D$ the
# difference $G_X/M_X - G_S/M_S$, can wake it. In `silent` the second filter answers nowhere; in `goal` it does.

# %%
by_diagonal = torch.autograd.grad(diagonal_style_cost(silent, goal), silent)[0]
by_gram = torch.autograd.grad(nstlib.style.layer_style_cost(silent[:, None], goal[:, None]), silent)[0]
pulls = {"pull by the diagonal": by_diagonal.abs(), "pull by the whole matrix": by_gram.abs()}
plots.matrices(pulls, one_scale=True)

# %% claim="orange unlearned" tags=["nbval-check-output"]
claim("orange left after the run, of what there was", amount[1] / amount[0], below=0.25)

# %% claim="a silent filter" tags=["nbval-check-output"]
claim("largest pull at the silent filter by the diagonal", by_diagonal[1].abs().max(), equals=0.0)
claim("largest pull by the whole matrix", by_gram[1].abs().max(), above=0.1)

# %% [markdown]
# ## 2. Find what the diagonal loses
#
# Lesson 02's boards have the same stripes, on the same tiles, and the same amount of orange. They differ only in *which
# goes with which*.

# %%
relations = {name: painted.textured_tint(name) for name in ("together", "apart", "independent")}
plots.row(
    relations,
    height=2.0,
    alt="Three boards of 8 × 8 tiles, half of them with vertical stripes. Together: every striped tile is orange; "
    "apart: every plain tile is; independent: half of each kind are",
)

# %% [markdown]
# Begin with two hand-made filters. They answer 1 where there are stripes, or orange, and 0 elsewhere.

# %%
bank = {name: painted.two_filter_bank(board).double() for name, board in relations.items()}
seen_by = {
    f"together against {name}": {
        "diagonal": diagonal_style_cost(bank["together"].flatten(1), bank[name].flatten(1)).item(),
        "whole matrix": nstlib.style.layer_style_cost(bank["together"], bank[name]).item(),
    }
    for name in ("apart", "independent")
}
plots.table(seen_by, "cost")

# %% claim="blind by hand" tags=["nbval-check-output"]
by_diagonal, by_gram = ([each[key] for each in seen_by.values()] for key in ("diagonal", "whole matrix"))
claim("larger cost by the diagonal", max(by_diagonal), below=1e-9)
claim("smaller cost by the whole matrix", min(by_gram), above=0.005)

# %% [markdown]
# **Explain.** With these two filters the diagonal cannot tell the boards apart: its two numbers are the same for all
# three. A painter who puts orange on her waves and one who puts it between them get the same numbers.
#
# Our network has more than two filters, and more than one layer.

# %% [markdown]
# **Predict.** In `relu1_1`, the whole matrix sees some difference between *together* and *apart*. What share of it does
# the diagonal see? And in deeper layers?

# %%
predict("07.boards")

# %%
layers = ("conv1_1", *nstlib.networks.STYLE_LAYERS)
looking = nstlib.networks.load(layers=layers)
seen = {name: looking(board[None]) for name, board in relations.items()}
grams = {
    name: {layer: nstlib.style.mean_gram(seen[name][layer][0].double()) for layer in layers}
    for name in seen
}


# %%
def apart(entries):
    """How far "together" is from "apart", relative to the latter's size, in the chosen entries of G/M."""
    a, b = ({layer: entries(G) for layer, G in grams[name].items()} for name in ("together", "apart"))
    return {layer: ((a[layer] - b[layer]).norm() / b[layer].norm()) for layer in layers}


# %%
by_diagonal, by_gram = apart(lambda G: G.diagonal()), apart(lambda G: G)
plots.bars(
    {layer: {"diagonal": by_diagonal[layer], "whole matrix": by_gram[layer]} for layer in layers},
    ylabel="relative distance of the boards",
)

# %% [markdown]
# **Look at** the step from `relu1_1` to `relu2_1`. In `conv1_1`, before the first ReLU, hardly anything tells the
# boards apart. After it the matrix sees them well and the diagonal hardly. One block deeper the diagonal sees more than
# half of what the matrix sees.

# %%
rising = [by_diagonal[layer] for layer in layers[:5]]
rises = [deeper - layer for layer, deeper in pairwise(rising)]
share = {layer: by_diagonal[layer] / by_gram[layer] for layer in layers}

# %% claim="deep diagonals see" tags=["nbval-check-output"]
# Only the sign counts of a rise: some layers see hardly more than the one before
claim("conv1_1, relative distance by the diagonal", by_diagonal["conv1_1"], below=0.006)
claim("smallest rise from one layer to the next, down to relu4_1", min(rises), above=0)
claim("the diagonal sees of what the matrix sees, in relu1_1", share["relu1_1"], below=0.2)
claim("and from relu2_1 on, at least", min(share[layer] for layer in layers[2:]), above=1 / 2)

# %% [markdown]
# Why? Let the network answer to four kinds of tiles: striped and orange, striped only, orange only, and neither. Call a
# filter's mean answers $a_{\text{both}}$, $a_{\text{striped}}$, $a_{\text{orange}}$ and $a_{\text{plain}}$. If the
# filter knows nothing of the pair, its answer to *both* is the sum of its parts, and this is zero:
#
# $$(a_{\text{both}} - a_{\text{plain}}) - (a_{\text{striped}} - a_{\text{plain}}) - (a_{\text{orange}} -
# a_{\text{plain}})$$

# %%
stripes, orange = (answer > 0.5 for answer in bank["independent"])
kinds = {
    "both": stripes & orange,
    "striped": stripes & ~orange,
    "orange": ~stripes & orange,
    "plain": ~stripes & ~orange,
}


# %%
def answers(layer):
    """What each filter of the layer answers, on average, to each kind of tile."""
    features = seen["independent"][layer][0].double()
    step = 256 // features.shape[1]
    return {kind: features[:, where[::step, ::step]].mean(1) for kind, where in kinds.items()}


# %%
extra = {}
for layer in layers[:5]:
    a = answers(layer)
    more_than_sum = (a["both"] - a["plain"]) - (a["striped"] - a["plain"]) - (a["orange"] - a["plain"])
    extra[layer] = (more_than_sum.norm() / (a["both"] - a["plain"]).norm()).item()
plots.bars(
    {layer: {"beyond the sum of its parts": each} for layer, each in extra.items()},
    ylabel="share of the answer",
)

# %% claim="conjunctions" tags=["nbval-check-output"]
claim("beyond the sum of its parts, in conv1_1", extra["conv1_1"], below=0.03)
claim("in relu1_1", extra["relu1_1"], below=0.08)
claim("from relu2_1 on, at least", min(extra[layer] for layer in layers[2:5]), above=0.15)

# %% [markdown]
# **Explain.** A convolution only adds. (`conv1_1` is not quite at 0, because some positions see the border of two
# tiles.) After a ReLU, a filter's answer to two things differs from the sum of its answers to each. From the second
# block on, many filters *already answer to the conjunction*, "orange stripe", so their own entries on the diagonal
# count the pairs.
#
# (In `relu5_1` one position looks at several tiles at once, so this comparison ends before it.)

# %% [markdown]
# Does the loss show in a picture? Take the first layer alone, with *together* as S, and start X from *apart*.


# %%
def move(statistic, seed):
    """Repaint "apart" as "together", by this statistic of relu1_1; how much of the orange is on stripes afterwards?"""
    board, goal = painted.textured_tint("apart", 128, seed), painted.textured_tint("together", 128, seed)
    settings = Settings(size=128, alpha=0, style_layers=("relu1_1",), statistic=statistic)
    moved = nstlib.stylize(board, goal, settings, network)
    stripes, orange = painted.two_filter_bank(goal)[0] > 0.5, painted.two_filter_bank(moved)[1]
    return moved, (orange[stripes].sum() / orange.sum()).item()


# %%
deals = [{name: move(name, seed) for name in ("gram", "diagonal")} for seed in range(3)]
plots.row(
    {"X begins": painted.textured_tint("apart", 128), "S": painted.textured_tint("together", 128)}
    | {f"by {name}": picture for name, (picture, share) in deals[0].items()},
    alt="X begins with plain orange tiles and grey stripes; S has orange stripes on grey. By the Gram matrix X ends "
    "with orange in its stripes and paler tiles; by the diagonal it keeps its orange tiles and grey stripes",
)

# %% [markdown]
# **Look at** the large area at the bottom left. With the matrix its orange fades and the stripes take it up, though no
# term asks for *places*. With the diagonal it stays orange. The tiles were dealt three times. The next cell shows the share
# of the orange that ended up on stripes. It began near 0; at ½ (the line) the orange would be spread evenly.

# %%
landed = {
    f"deal {seed}": {name: share for name, (_, share) in deal.items()} for seed, deal in enumerate(deals)
}
plots.bars(landed, ylabel="share of orange on stripes", line=0.5)

# %% claim="orange moves" tags=["nbval-check-output"]
on_stripes = {name: [each[name] for each in landed.values()] for name in ("gram", "diagonal")}
claim("smallest share of orange on stripes by the whole matrix", min(on_stripes["gram"]), above=0.3)
claim("largest share by the diagonal", max(on_stripes["diagonal"]), below=0.1)

# %% [markdown]
# So the answer to the thread is: the diagonal works, because from the second block on filters count pairs on their own.
# In `relu1_1`, where the palette lives, it cannot say which colour goes with which stroke. The same learner saw that,
# too: her blue sky became "a bit choppier". Look again at the first figure.

# %% [markdown]
# ## 3. Two numbers per filter: mean and spread
#
# Batch normalisation shifts and scales every filter by its mean $\mu_k$ and standard deviation $\sigma_k$. Li et al.
# ([2017](https://arxiv.org/abs/1701.01036)) turned that around: let the mean and the spread *be* the style.
#
# $$E_l^{\text{moments}} = \frac{1}{N} \sum_k \left((\mu_{X,k} - \mu_{S,k})^2 + (\sigma_{X,k} - \sigma_{S,k})^2\right)$$
#
# What do these two know of filter $k$ that $G_{kk}/M$ does not? They know how it is divided:
#
# $$\begin{aligned}
# \sigma_k^2 &= \frac1M \sum_i (F_{ki} - \mu_k)^2 && \text{definition} \\
# &= \frac1M \sum_i F_{ki}^2 - 2 \mu_k \frac1M \sum_i F_{ki} + \mu_k^2 && \text{square expanded} \\
# &= \frac{G_{kk}}{M} - \mu_k^2 && \text{the middle sum is } \mu_k
# \end{aligned}$$

# %% [markdown]
# So $G_{kk}/M = \mu_k^2 + \sigma_k^2$. Of two filters with the same $G_{kk}/M$, the one that answers evenly has the
# larger $\mu_k$, the one that answers in a few spots the larger $\sigma_k$. The diagonal sees only the sum.


# %%
def statistics_cost(F_x, F_s):
    """Means and population standard deviations, compared."""
    means = F_x.mean(1) - F_s.mean(1)
    spreads = F_x.std(1, correction=0) - F_s.std(1, correction=0)
    return (means.square() + spreads.square()).sum() / len(F_x)


# %%
F_c, F_s = features_c["relu3_1"].flatten(1), features_s["relu3_1"].flatten(1)
library = nstlib.statistics.STATISTICS["moments"].cost(features_c["relu3_1"], features_s["relu3_1"])
mu, sigma = F_s.mean(1), F_s.std(1, correction=0)
tiled = F_s.repeat(1, 4)

# %% claim="moments" tags=["nbval-check-output"]
claim("our cost and the library's moments", statistics_cost(F_c, F_s), equals=library)
claim("G_kk / M and μ² + σ²", F_s.square().mean(1), equals=mu**2 + sigma**2)
claim("a texture's distance to its own tiling", statistics_cost(tiled, F_s), below=1e-20)

# %% [markdown]
# The *population* deviation divides by $M$. `torch.std` divides by $M - 1$ unless told otherwise; then a texture and
# its own tiling have different spreads.

# %% [markdown]
# ## 4. Pairs without the means: covariance
#
# Lesson 02 found $G/M = \text{Cov} + \mu \mu^\top$. Take the first part alone:
#
# $$\text{Cov}_{kk'} = \frac1M \sum_i (F_{ki} - \mu_k)(F_{k'i} - \mu_{k'})$$
#
# Now let every answer of one filter grow by the same amount. The covariance does not notice, because the mean grows by
# just as much, and the difference stays. The Gram matrix changes in that filter's row and column.


# %%
def covariance(F):
    """Cov, (N, N): each filter's mean is taken off first."""
    centred = F - F.mean(1, keepdim=True)
    return centred @ centred.T / F.shape[1]


# %%
raised = F_s.clone()
raised[7] += F_s.max()  # filter 7 answers more, everywhere
change = (covariance(raised) - covariance(F_s)).norm() / covariance(F_s).norm()
in_gram = (raised @ raised.T - F_s @ F_s.T).norm() / (F_s @ F_s.T).norm()

# %% claim="centred" tags=["nbval-check-output"]
# The bound is wide: how much the raised filter weighs depends on the painting.
library = nstlib.statistics.covariance(features_s["relu3_1"])
claim("our covariance and the library's", covariance(F_s), equals=library)
claim("relative change of the Gram matrix", in_gram, above=1)
claim("relative change of the covariance", change, below=1e-9)

# %% [markdown]
# **A mistake made on purpose.** `F - F.mean(1)` stops with an error, since the shapes $(N, M)$ and $(N,)$ do not fit. A
# common repair is `F.mean(0)`, because then it runs. The result is $N \times N$ and symmetric, so it looks right.


# %%
def wrong_covariance(F):
    """The mistake: the mean of each *position* is taken off."""
    centred = F - F.mean(0)
    return centred @ centred.T / F.shape[1]


# %%
right, wrong = covariance(F_s), wrong_covariance(F_s)
row_sum = {
    name: (A.sum(1).abs().max() / A.abs().max()).item()
    for name, A in (("right", right), ("wrong", wrong))
}
noticed = (wrong_covariance(raised) - wrong).norm() / wrong.norm()
plots.table({"largest sum of a row, of the largest entry": row_sum})

# %% claim="wrong mean" tags=["nbval-check-output"]
# The bound is wide: only that the wrong one notices matters, not how much.
claim("the wrong one and its transpose", wrong, equals=wrong.T)
claim("the wrong one's largest sum of a row, of its largest entry", row_sum["wrong"], below=1e-9)
claim("relative change of the wrong one when a filter is raised", noticed, above=1)

# %% [markdown]
# **Explain.** Subtracting the mean over *filters* makes the filters add up to 0 at every position, so every row of the
# result adds up to 0, too. Neither the shape nor the symmetry gives it away. Ask of a function what it must *not*
# notice: here, the raised filter.

# %% [markdown]
# ## 5. One direction after another: sliced Wasserstein
#
# Take the $M$ columns of $F$ as a cloud of points with $N$ coordinates, as at the end of lesson 03. Look at the cloud
# along one direction $\theta$, a unit vector: every point becomes one number, $\theta^\top F_{:,i}$. Sort the numbers
# of X and those of S, and compare smallest with smallest, and so on. Do so for $N$ directions (Heitz et al.,
# [2021](https://arxiv.org/abs/2006.07229)):
#
# $$E_l^{\text{sliced}} = \frac{1}{N} \sum_{\theta} \frac1M \sum_i \left(\text{sort}(\theta^\top F_X)_i -
# \text{sort}(\theta^\top F_S)_i\right)^2 \qquad \text{for } M_X = M_S = M$$


# %%
def draw(N, seed=0):
    """N random directions θ, (N, N): each row is a unit vector."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(N, N, generator=generator, dtype=torch.float64)
    return directions / directions.norm(dim=1, keepdim=True)


def sliced_wasserstein(F_x, F_s, directions):
    """The mean, over the directions, of squared differences of sorted projections; for M_X = M_S."""
    x, s = ((directions @ F).sort(1).values for F in (F_x, F_s))
    return (x - s).square().mean()


# %%
library = nstlib.statistics.STATISTICS["sliced_wasserstein"].cost(
    features_c["relu3_1"], features_s["relu3_1"]
)
order = torch.randperm(F_s.shape[1], generator=torch.Generator().manual_seed(1))
directions = draw(len(F_s))

# %% claim="sorted" tags=["nbval-check-output"]
claim("our cost and the library's", sliced_wasserstein(F_c, F_s, directions), equals=library)
another_order = sliced_wasserstein(F_s[:, order], F_s, directions)
claim("columns in another order, distance", another_order, below=1e-20)

# %% [markdown]
# Now one step by hand. Each column of X knows its *rank* along $\theta$, and so which number of S it should have there.
# Move it along $\theta$ by just what is missing. After that, the moved cloud agrees with S along $\theta$, and nothing
# has changed along a direction at a right angle.

# %%
generator = torch.Generator().manual_seed(0)
theta, other = torch.linalg.qr(torch.randn(len(F_c), 2, generator=generator, dtype=torch.float64)).Q.T
x, s = theta @ F_c, theta @ F_s
missing = torch.empty_like(x)
missing[x.argsort()] = s.sort().values - x.sort().values
moved = F_c + theta[:, None] * missing

# %%
plots.curves(
    {"S": s.sort().values.tolist(), "X": x.sort().values.tolist()},
    ylabel="number along θ",
    xlabel="rank",
    log=False,
    alt="The projections of X and of S on one direction, each sorted: two rising curves; between them lies what is "
    "missing at each rank",
)

# %% [markdown]
# **Look at** the gap between the curves. At each rank it is the distance that one column of X has to move. The same
# numbers without their ranks make a histogram:

# %%
plots.histograms(
    {"before the step": {"S": s, "X": x}, "after it": {"S": s, "X": theta @ moved}},
    "number along θ",
    alt="Two histograms of numbers along one direction. Before the step, X is a narrow peak right of the wider S; after "
    "it, X's outline lies on S",
)

# %% [markdown]
# **Look at** the left panel. The distance measures how far X's numbers must be carried, in the mean square, until they
# are distributed as S's are, as on the right. No way is shorter than to carry smallest to smallest.

# %%
gap = ((x.sort().values - s.sort().values).norm() / s.norm()).item()

# %% claim="one step" tags=["nbval-check-output"]
# The bound is wide: another painting may lie nearer.
claim("along θ, difference before the move, relative to S", gap, above=0.1)
claim("along θ, moved cloud and S", (theta @ moved).sort().values, equals=s.sort().values)
claim("at a right angle, moved cloud and X", other @ moved, equals=other @ F_c)

# %% [markdown]
# **Explain.** Along one direction all is settled; along those at a right angle to it nothing has moved. The gradient of
# the cost pulls along this same `missing`, for all $N$ directions at once, and the network carries the pull down to the
# pixels.
#
# The sorted numbers hold *everything* that can be said along $\theta$. The price is $N M$ numbers and a sort.

# %% [markdown]
# ### What fixed directions cannot see
#
# Two clouds that agree along *every* direction are the same but for their order. $N$ directions are not every
# direction. Here is a cloud that they miss: take four columns of two filters, and let the first two numbers along the
# first direction change places. Sorting hides that. Along the second direction nothing moves.

# %%
tight = torch.tensor([[41.0, 39, 40, 40], [40, 40, 41, 39]], dtype=torch.float64)
projected = draw(2) @ tight
projected[0] = projected[0, [1, 0, 2, 3]]
torn = torch.linalg.solve(draw(2), projected)
plots.matrices({"a tight cloud F": tight, "the torn one": torn}, one_scale=True)

# %% [markdown]
# A colour means the same number in both: the tight cloud has nearly one colour, the torn one dark and bright ones. Both
# could come from a ReLU. Now descend from the torn cloud to the tight one, by the same two directions at each step
# or by two new ones, and judge by 50 directions that neither run has seen.


# %%
def unseen(x):
    """The distance to the tight cloud along directions that no run has drawn."""
    return sum(sliced_wasserstein(x, tight, draw(2, seed)) for seed in range(1000, 1025)).item() / 25


def descended(seeds):
    """The unseen distance after each step, one seed for the directions of a step."""
    x, distances = torn.clone().requires_grad_(), []
    for seed in seeds:
        (pull,) = torch.autograd.grad(sliced_wasserstein(x, tight, draw(2, seed)), x)
        x = (x - pull).detach().requires_grad_()
        distances.append(unseen(x))
    return distances


# %%
runs = {"fixed directions": descended([0] * 20), "new ones at each step": descended(range(20))}
plots.curves(
    runs,
    ylabel="distance along unseen directions",
    xlabel="step",
    alt="Two curves of the distance along unseen directions: with fixed directions it stays where it began, with new "
    "ones at each step it falls by orders of magnitude",
)

# %%
fixed_cost = sliced_wasserstein(torn, tight, draw(2)).item()
apart_by = (covariance(torn) - covariance(tight)).norm() / covariance(torn).norm()
remaining = {name: distances[-1] / unseen(torn) for name, distances in runs.items()}

# %% claim="fixed directions" tags=["nbval-check-output"]
# The bound is wide: how far new directions come depends on the number of steps.
claim("torn and tight, cost by two fixed directions", fixed_cost, below=1e-20)
claim("torn and tight, distance of the covariances", apart_by, above=0.9)
claim("left after 20 steps with them", remaining["fixed directions"], above=0.99)
claim("left after 20 steps with new ones", remaining["new ones at each step"], below=0.01)

# %% [markdown]
# **Explain.** The fixed cost is 0, so it pulls at nothing. That is why Heitz et al. draw new directions at every step,
# for both pictures. A run of the library does so, too, unless you set `redraw=False`. Its $J$ then goes up and down a
# little, because each step measures along other directions. (L-BFGS compares gradients of several steps, so it keeps
# its directions.)

# %% [markdown]
# ## 6. What can each of them not see?
#
# Five pairs of features, each alike in some way. The third pair, an even grey and a spot, has the same mean square
# (Risser, Wilmot and Barnes, [2017](https://arxiv.org/abs/1701.08893)). The fourth has the same mean and the same
# spread. The fifth are section 5's clouds.

# %%
root2 = 2**0.5
pairs = {
    "orange on or off the stripes": (bank["together"], bank["apart"]),
    "one filter raised": (F_s[:, None], raised[:, None]),
    "even or in spots": (torch.tensor([[[1.0, 1.0]]]), torch.tensor([[[0.0, root2]]])),
    "two values or three": (
        torch.tensor([[[1.0, 3, 1, 3]]]),
        torch.tensor([[[2 - root2, 2, 2, 2 + root2]]]),
    ),
    "tight or torn": (tight[:, None], torn[:, None]),
}

# %% [markdown]
# **Predict.** Each of the five statistics is blind to at least one of the pairs. To which is the *Gram matrix* blind?

# %%
predict("07.blind")

# %%
names = ("gram", "diagonal", "moments", "covariance", "sliced_wasserstein")
five = {name: nstlib.statistics.STATISTICS[name] for name in names}
fixed = five["sliced_wasserstein"]
redrawn = [fixed.drawn(seed) for seed in range(20)]  # of a run's first 20 steps


# %%
def seen_cost(versions, pair):
    """The mean cost of the pair by versions of one statistic, relative to that of no features."""
    costs = [statistic.cost(*pair) / statistic.cost(pair[1], 0 * pair[1]) for statistic in versions]
    return sum(costs).item() / len(costs)


versions = {key: [statistic] for key, statistic in five.items()} | {"redrawn": redrawn}
shares = {
    name: {key: seen_cost(each, pair) for key, each in versions.items()} for name, pair in pairs.items()
}

# %%
plots.table(
    {
        name: {key: each if each > 1e-6 else "0" for key, each in row.items()}
        for name, row in shares.items()
    },
    "cost, relative to no features",
)

# %%
blind = {
    key: [number for number, name in enumerate(pairs, 1) if shares[name][key] < 1e-6] for key in versions
}

# %% claim="blind spots" tags=["nbval-check-output"]
claim("pairs that gram cannot see", blind["gram"], equals=[3, 4])
claim("pairs that diagonal cannot see", blind["diagonal"], equals=[1, 3, 4])
claim("pairs that moments cannot see", blind["moments"], equals=[1, 4])
claim("pairs that covariance cannot see", blind["covariance"], equals=[2, 4])
claim("pairs that sliced_wasserstein, fixed, cannot see", blind["sliced_wasserstein"], equals=[5])
claim("pairs that sliced_wasserstein, redrawn, cannot see", blind["redrawn"], equals=[])

# %% [markdown]
# **Explain.** Only sliced Wasserstein with new directions sees all five. The Gram matrix and the diagonal know of a
# single filter only its mean square; the covariance is blind to a raised filter; moments are blind to pairs, and to
# everything beyond the spread. (A sixth statistic, `"gaussian"`, compares means *and* covariances.)
#
# Being blind is not being bad: what a statistic does not ask for, it leaves to the content cost and to chance.

# %% [markdown]
#
# A program reports 0.02 by moments and 0.05 by the Gram matrix, for the same picture. Is the picture nearer by moments?
# Before you answer, double all features and see what each cost does.

# %%
block_c, block_s = features_c["relu3_1"], features_s["relu3_1"]
growth = {
    key: (statistic.cost(2 * block_c, 2 * block_s) / statistic.cost(block_c, block_s)).item()
    for key, statistic in five.items()
}
plots.table({"features twice as strong": growth}, "cost times")

# %% claim="units" tags=["nbval-check-output"]
times = [round(each, 6) for each in growth.values()]
claim("cost times, with features twice as strong", times, equals=[16, 16, 4, 16, 4])

# %% [markdown]
# **Explain.** Nobody can say. Some costs have the unit of a feature's fourth power, others of its square. For the same
# two pictures, doubled features give 0.08 by moments and 0.8 by the Gram matrix.
#
# So never compare values of *different* statistics. The library divides each by its own cost against zero features, and
# a comparison needs one yardstick for all. Ours is the share of the Gram cost that is left.

# %%
five_runs = two_runs | {key: list(steps(key)) for key in five if key not in two_runs}
shown = {key: run[-1].picture for key, run in five_runs.items()}
gram_left = {key: sum(left(picture).values()) / len(features_s) for key, picture in shown.items()}

# %%
# In turns, so that a busy moment hits all alike
seconds = bench.interleaved({key: steps(key).__next__ for key in five}, rounds=9)

# %%
kept = {}
for key, statistic in five.items():
    shapes = [statistic.summarise(block).shape for block in features_s.values()]
    symmetric = key in ("gram", "covariance")  # N (N + 1) / 2 different numbers
    kept[key] = sum(
        n * (n + 1) // 2 if symmetric else shape.numel() for shape in shapes for n in shape[-1:]
    )

# %%
plots.table(
    {
        key: {
            "numbers kept": f"{kept[key]:,}",
            "time a step / gram": seconds[key] / seconds["gram"],
            "Gram cost left": gram_left[key],
        }
        for key in five
    },
    "statistic",
)

# %%
plots.row(
    shown,
    alt="The cat five times: by the Gram matrix, the diagonal, moments, covariance and sliced Wasserstein. All five are "
    "clearly repainted; by the diagonal it is the brownest, by covariance the most yellow",
)

# %%
plots.bars(
    {key.replace("_", "\n"): {"Gram cost left": share} for key, share in gram_left.items()},
    ylabel="share of the Gram cost left",
)

# %% [markdown]
# **Look at** the palette of the fourth cat, which is warmer and more yellow than the rest: covariance does not ask for
# the painting's mean colours. The Gram run wins the bar chart, since this is what it was told to lower. Read the other
# bars as *how much of it comes for free*.

# %% claim="all of them work" tags=["nbval-check-output"]
worst = max(gram_left.values())
claim("most that any of the five leaves of the Gram cost", worst, below=0.35)

# %% [markdown]
# **Explain.** Pairs are a refinement, not the essence: "second order interaction in Gram matrix is not a must", write
# Li et al. All five ignore the *order* of the columns of $F$, four because they sum over positions, one because it
# sorts. A style statistic must do that, but it is not enough: the histogram of one filter ignores the order, too, and
# knows nothing of the others.

# %% [markdown]
# How much comes for free depends on the pair: for the coffee and the mosaic the worst of the five leaves half of the
# Gram cost, for the rocket and the waves nearly two thirds.

# %% [markdown]
# ## 7. A network that has learned nothing
#
# So far the filters were trained. He, Wang and Hopcroft ([2016](https://arxiv.org/abs/1606.04801)) and Ustyuzhaninov et
# al. ([2016](https://arxiv.org/abs/1606.00021)) found that *random* filters carry textures and styles, too. Ours has
# minivgg's shapes, with random weights scaled so that no layer dies out. What do you expect it to transfer: the
# palette, the grain, the strokes?

# %%
from nstlib.networks.vgg import Network, random_weights

untrained = Network("untrained", network.architecture, nstlib.networks.DEFAULT)
random_weights(untrained, seed=0)
by_random = nstlib.stylize(photo, painting, Settings(size=side), untrained)
plots.row(
    {"photo": photo, "trained filters": whole, "random filters": by_random},
    alt="The photo; the cat in strokes of the night sky; the cat by random filters, still with the photo's fur, darker "
    "and covered with a fine grain in many colours",
)

# %% [markdown]
# **Look at** the fur of the third cat. It is still the photo's fur, with another palette and a grain laid over it.

# %%
random_left, trained_left = left(by_random), left(whole)
by_random_filters, by_trained = sum(random_left.values()), sum(trained_left.values())
plots.bars(
    {layer: {"trained": trained_left[layer], "random": random_left[layer]} for layer in features_s},
    ylabel="share of the Gram cost left",
    line=1,
)

# %% claim="random filters" tags=["nbval-check-output"]
claim("random filters leave of relu1_1's cost", random_left["relu1_1"], below=0.8)
claim("they leave of all layers, times the trained filters", by_random_filters / by_trained, above=5)

# %% [markdown]
# **Explain.** The judge here is the trained network, which favours its own run. Still, your eyes agree: with a small
# network and a short run, random filters bring grain and other colours, not quite the painting's, and hardly a stroke.
# At `relu3_1` the picture is even farther from the painting than the photo was. The papers used full-size networks and
# far longer runs; `networks.load("random-vgg19")` lets you try, if you have the time.

# %% [markdown]
# So the *form* of the statistic does part of the work without any learning. Strokes need filters that know them. How
# much they are missed depends on the pair: random filters leave 9.2 times as much as trained ones here, with the coffee
# and the mosaic 4.7 times.

# %% [markdown]
# ## 8. Keep the photo's colours
#
# In another thread somebody showed a picture that kept the photo's colours, and was asked: *"did you make any changes
# to the loss function setup at all?"* The answer was "same loss". Here are two ways to do it, and neither touches the
# loss (Gatys et al., [2016](https://arxiv.org/abs/1606.05897)).

# %% [markdown]
# **First way: repaint the painting.** Give S the colours of C, then run as always. The pixels of a picture have a mean
# $m$ (3 numbers) and a covariance $\Sigma$ (3 × 3). Every pixel $p$ of S becomes
#
# $$p' = \Sigma_C^{1/2}\, \Sigma_S^{-1/2}\, (p - m_S) + m_C$$
#
# and so the new covariance is the content's:
#
# $$\begin{aligned}
# \Sigma' &= \Sigma_C^{1/2} \Sigma_S^{-1/2}\; \Sigma_S\; \Sigma_S^{-1/2} \Sigma_C^{1/2}
# && \text{the map is linear, its roots are symmetric} \\
# &= \Sigma_C^{1/2} \Sigma_C^{1/2} = \Sigma_C && \Sigma_S^{-1/2} \Sigma_S \Sigma_S^{-1/2} = I
# \end{aligned}$$


# %%
def colours(picture):
    """The pixels as columns (3, H·W), their mean and their covariance."""
    pixels = picture.double().flatten(1)
    return pixels, pixels.mean(1, keepdim=True), covariance(pixels)


# %%
def root(A):
    """The symmetric square root: stretch along A's own axes by the roots of its eigenvalues."""
    values, axes = torch.linalg.eigh(A)
    return axes @ values.clamp_min(0).sqrt().diag() @ axes.T


# %% [markdown]
# A grey painting varies along one axis only, grey. Its $\Sigma_S$ has no inverse. The pseudo-inverse takes 0 for what
# cannot be inverted, here a spread below a thousandth of the largest, and so adds nothing along those axes.


# %%
def match_colour(style, content):
    """The style with the content's mean and covariance of red, green and blue, not clipped."""
    (pixels, m_s, cov_s), (_, m_c, cov_c) = colours(style), colours(content)
    turn = root(cov_c) @ torch.linalg.pinv(root(cov_s), rtol=1e-3)
    return (turn @ (pixels - m_s) + m_c).reshape(style.shape)


# %% [markdown]
# Other roots would serve as well, a triangular one for example. But a triangular root treats the first channel
# differently from the last, so a program that stores pictures as blue, green, red would get other colours. The
# symmetric root does not depend on the order.

# %%
matched = match_colour(painting, photo)
(_, m, cov), (_, m_c, cov_c) = colours(matched), colours(photo)
backwards = match_colour(painting.flip(0), photo.flip(0)).flip(0)

# %% claim="matched colours" tags=["nbval-check-output"]
claim("mean colour, matched and content", m, equals=m_c)
claim("covariance, matched and content", cov, equals=cov_c)
claim("matched with red and blue exchanged, and as before", backwards, equals=matched)

# %%
grey = painting.mean(0, keepdim=True).expand(3, -1, -1)
tinted, faded = match_colour(grey, photo), match_colour(painting, grey)

# %% claim="grey pictures" tags=["nbval-check-output"]
spread = (colours(tinted)[2].trace() / cov_c.trace()).item()
claim("spread of a grey painting's new colours, of the content's", spread, below=1)
claim("covariance, painting's and a grey photo's", colours(faded)[2], equals=colours(grey)[2])

# %% [markdown]
# **Second way: repaint only the light.** Run on grey pictures. Then give every pixel of the photo the new *luma*,
# $Y = 0.299\,\text{red} + 0.587\,\text{green} + 0.114\,\text{blue}$, and leave each colour's difference from it as it is.
# (Luma is this sum of a picture's stored numbers. *Luminance* is the physical light, for which they would first be made
# linear.)


# %%
def luma(picture):
    """Each pixel's luma Y (ITU-R BT.601), as a grey picture of three equal channels."""
    weights = torch.tensor([0.299, 0.587, 0.114]).to(picture)
    return torch.einsum("c,chw->hw", weights, picture).repeat(3, 1, 1)


light_c, light_s = luma(photo), luma(painting)
light_s = ((light_s - light_s.mean()) / light_s.std() * light_c.std() + light_c.mean()).clamp(0, 1)

# %%
settings = Settings(size=side)
by_match = nstlib.stylize(photo, matched.float().clamp(0, 1), settings, network)
new_light = nstlib.stylize(light_c, light_s, settings, network)
by_light = (photo + luma(new_light) - light_c).clamp(0, 1)

# %%
repainted = matched.float().clamp(0, 1)
plots.grid(
    {
        "S": {"as it is": painting, "colours matched": repainted, "light only": light_s},
        "X": {"as it is": whole, "colours matched": by_match, "light only": by_light},
    },
    alt="Above, the painting as it is, in the photo's browns, and in grey. Below, the cat made from each: blue and "
    "yellow; brown and pale with strokes; brown with strokes that change only its light",
)

# %% [markdown]
# **Look at** the strokes on the forehead. In the middle a stroke may be browner than its neighbour. On the right it can
# only be lighter or darker.


# %%
def away(picture):
    """How far the colours are from the photo's: pixel by pixel, and as a palette."""
    by_pixel = (picture - luma(picture)) - (photo - light_c)
    cov, cov_c = colours(picture)[2], colours(photo)[2]
    palette = (cov - cov_c).norm() / cov_c.norm()
    return {"palette": palette.item(), "pixel by pixel": by_pixel.square().mean().sqrt().item()}


# %%
plain, match, light = distances = [away(picture) for picture in (whole, by_match, by_light)]
plots.table(
    dict(zip(("as it is", "colours matched", "light only"), distances, strict=True)),
    "away from the photo",
)

# %% claim="what each keeps" tags=["nbval-check-output"]
# The bound is wide: other pairs come nearer to it.
palette = max(match["palette"], light["palette"]) / plain["palette"]
by_pixel = [each["pixel by pixel"] for each in distances]
claim("palette: the worse of the two ways, of the plain run", palette, below=0.5)
claim("pixel by pixel: light only, of colours matched", by_pixel[2] / by_pixel[1], below=0.2)
claim("pixel by pixel: colours matched, of the plain run", by_pixel[1] / by_pixel[0], below=1)

# %% [markdown]
# **Explain.** Matching keeps the photo's *palette* and lets the painting say where its colours go: the pairing of
# colour and stroke survives. Light only keeps the photo's colour at *every pixel*, and so gives up that pairing. The
# loss is the same in both. What changed is what was handed to it, or what was taken from its result.

# %% [markdown]
# ## 9. Blend two paintings
#
# `Settings(style_blend=…)` blends, too. But repainting half a picture, as in section 10, is beyond it. So we write a
# loop that takes any function of a picture.


# %%
def descend(cost, x, steps=40, optimizer=torch.optim.Adam, rate=0.03):
    """Move the pixels of x downhill."""
    x = x.clone().requires_grad_()
    mover = optimizer([x], lr=rate)
    for _ in range(steps):
        mover.zero_grad()
        cost(x).backward()
        mover.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %% [markdown]
# Take two paintings $S_1$ and $S_2$ and a share $w$ between 0 and 1. There are two natural wishes: a weighted sum of
# costs, or one cost with a blended target $w\, G_1/M_1 + (1 - w)\, G_2/M_2$. They sound different, but the raw $E_l$
# asks for the same picture. Write $g$, $g_1$, $g_2$ for the three matrices divided by their $M$:
#
# $$\begin{aligned}
# & w \lVert g - g_1 \rVert^2 + (1 - w) \lVert g - g_2 \rVert^2 && \\
# &\quad = \lVert g \rVert^2 - 2 \langle g,\, w g_1 + (1 - w) g_2 \rangle && \text{squares expanded:} \\
# &\qquad + w \lVert g_1 \rVert^2 + (1 - w) \lVert g_2 \rVert^2 && \text{four terms} \\
# &\quad = \lVert g - (w g_1 + (1 - w) g_2) \rVert^2 && \text{square completed,} \\
# &\qquad + w (1 - w) \lVert g_1 - g_2 \rVert^2 && \text{and what is left}
# \end{aligned}$$
#
# The last term does not depend on X, so the gradients are equal. This holds for the raw costs only.

# %%
second = painted.paint("hatching", tuple(photo.shape[1:]))
features_2 = blocks(second)
targets_1 = {layer: nstlib.style.mean_gram(block) for layer, block in features_s.items()}
targets_2 = {layer: nstlib.style.mean_gram(block) for layer, block in features_2.items()}


# %%
def blended(w):
    """The target by layer: w parts of the first painting, 1 − w of the second."""
    return {layer: w * targets_1[layer] + (1 - w) * targets_2[layer] for layer in targets_1}


# %%
w, distance = 0.3, nstlib.style.style_distance


def relative(value, goal):
    """A Gram's distance to its goal, as a share of the distance that a picture without features has."""
    return distance(value, goal) / distance(torch.zeros_like(goal), goal)


# %%
F = features_c["relu3_1"].clone().requires_grad_()
G, G_1, G_2 = nstlib.style.mean_gram(F), targets_1["relu3_1"], targets_2["relu3_1"]
two_costs = w * distance(G, G_1) + (1 - w) * distance(G, G_2)
one_target = distance(G, blended(w)["relu3_1"])
pulls = [torch.autograd.grad(cost, F, retain_graph=True)[0] for cost in (two_costs, one_target)]

# %% claim="one blended target" tags=["nbval-check-output"]
last_term = w * (1 - w) * distance(G_1, G_2)
claim("the two costs' difference, and the last term", two_costs - one_target, equals=last_term)
claim("the gradients of the two costs", pulls[0], equals=pulls[1])

# %% [markdown]
# Often each cost is divided by its own painting's, $u_1 = E_l(0, S_1)$ and $u_2 = E_l(0, S_2)$, as section 6 does. Then
# the weights in raw units are $w/u_1$ and $(1 - w)/u_2$, and they ask for another blend:
#
# $$w' = \frac{w/u_1}{w/u_1 + (1 - w)/u_2} = \frac{w\, u_2}{w\, u_2 + (1 - w)\, u_1}$$
#
# The weaker painting gets more than its share. Here that is the second: the first gets less than its 0.3. How much less
# depends on the layer.

# %%
asked_for = {}
for layer in targets_1:
    u_1, u_2 = (distance(0 * goals[layer], goals[layer]).item() for goals in (targets_1, targets_2))
    asked_for[layer] = w * u_2 / (w * u_2 + (1 - w) * u_1)
plots.bars(
    {layer: {"raw units": w, "each in its own": each} for layer, each in asked_for.items()},
    ylabel="share of the first painting",
)

# %%
in_own_units = w * relative(G, G_1) + (1 - w) * relative(G, G_2)
one_target = distance(G, blended(asked_for["relu3_1"])["relu3_1"])
pulls = [torch.autograd.grad(cost, F, retain_graph=True)[0] for cost in (in_own_units, one_target)]

# %% claim="own units" tags=["nbval-check-output"]
headings = [pull / pull.norm() for pull in pulls]
claim("directions of the two costs' pulls", headings[0], equals=headings[1])
claim("smallest share of the first painting, of w", min(asked_for.values()) / w, below=0.7)

# %% [markdown]
# So the library, and the loop below, take one unit for both paintings.
#
# The blended target belongs to a picture, too: paint $w$ of its area like $S_1$ and the rest like $S_2$, and it has
# this $G/M$, apart from the seam.


# %%
features_kept = network(photo[None])["relu4_2"]


# %%
def towards(goals, beta=10, summarise=nstlib.style.mean_gram):
    """J of lesson 05 with goals of our own: G/M by layer, or whatever `summarise` makes of a block."""

    def cost(x):
        features = network(x[None])
        style = sum(
            relative(summarise(features[layer][0]), goal.float()) for layer, goal in goals.items()
        )
        content = (features["relu4_2"] - features_kept).square().sum() / features_kept.square().sum()
        return content + beta * style / len(goals)

    return cost


# %%
blends = {w: descend(towards(blended(w)), photo) for w in (1.0, 0.5, 0.0)}
plots.row(
    {"S₁": painting} | {f"w = {w}": picture for w, picture in blends.items()} | {"S₂": second},
    alt="The night sky; the cat painted like it, like both, and like the second painting; and that second painting, an "
    "etching in dark violet and sand. The cat's blue fades from left to right",
)

# %% [markdown]
# **Look at** the background and the eyes: their blue fades from left to right. The strokes change too, but less.

# %%
of_1, of_2 = {}, {}
for w, picture in blends.items():
    grams_x = {layer: nstlib.style.mean_gram(block) for layer, block in blocks(picture).items()}
    of_1[w] = sum(relative(G, targets_1[layer]).item() for layer, G in grams_x.items())
    of_2[w] = sum(relative(G, targets_2[layer]).item() for layer, G in grams_x.items())

# %%
plots.bars(
    {f"w = {w}": {"to the first": of_1[w], "to the second": of_2[w]} for w in blends},
    ylabel="relative distance, all layers",
)

# %% claim="between" tags=["nbval-check-output"]
claim("distance to the first painting, w = ½ of w = 0", of_1[0.5] / of_1[0.0], below=0.6)
claim("distance to the second painting, w = ½ of w = 1", of_2[0.5] / of_2[1.0], below=0.5)

# %% [markdown]
# ## 10. Repaint one half
#
# A mask is a picture of one channel, 1 where the style shall hold and 0 elsewhere. Shrink it to the layer's map, call
# its values $v_i$, and sum over the masked positions alone:
#
# $$G_{kk'} = \sum_i v_i F_{ki} F_{k'i}, \qquad \text{divided by } \sum_i v_i \text{ in place of } M$$


# %%
def masked_gram(features, mask):
    """G over the masked positions, divided by their number."""
    v = torch.nn.AdaptiveAvgPool2d(features.shape[-2:])(mask[None]).to(features)
    return nstlib.style.gram_matrix(features * v.sqrt()) / v.sum()


left_half = torch.zeros(photo.shape[1:])
left_half[:, : photo.shape[2] // 2] = 1

# %% [markdown]
# **Predict.** $E_l$ with this Gram matrix pulls only at features inside the mask. Does it leave the *pixels* outside
# alone?

# %%
predict("07.mask")

# %%
border, reach, pulled = int(left_half[0].sum()), {}, 0
for layer in list(features_s)[:3]:
    x = photo.clone().requires_grad_()
    block = network(x[None])[layer][0]
    E = relative(masked_gram(block, left_half), targets_1[layer].float())
    by_features, by_pixels = torch.autograd.grad(E, (block, x))
    right_half = torch.nn.AdaptiveAvgPool2d(block.shape[-2:])(left_half[None])[0] == 0
    pulled += int(by_features[:, right_half].count_nonzero())
    reach[layer] = by_pixels.abs().sum((0, 1)).nonzero().max().item() + 1 - border

# %%
plots.table({"columns pulled beyond the border": reach})

# %% claim="mask" tags=["nbval-check-output"]
# Only the sign counts of "more": how many columns they are depends on the size
claim("features pulled outside the mask", pulled, equals=0)
claim("columns pulled beyond the border, from relu1_1", reach["relu1_1"], equals=1)
claim("more of them from relu2_1", reach["relu2_1"] - reach["relu1_1"], above=0)
claim("and still more from relu3_1", reach["relu3_1"] - reach["relu2_1"], above=0)

# %% [markdown]
# A position of a layer is no pixel of the picture: it looks at pixels around it, and more of them the deeper it lies.
#
# That looks harmless: just a strip along the border. So mask the Gram matrices, keep the content cost for the rest, and
# run. But remember what Adam does: it divides each pixel's gradient by that pixel's own typical size. A tiny pull
# becomes a full step.

# %%
J = towards(targets_1, summarise=lambda block: masked_gram(block, left_half))
cost_masked = descend(J, photo)
plain_masked = descend(J, photo, optimizer=torch.optim.SGD, rate=0.5)
both_masked = descend(lambda x: J(photo + left_half * (x - photo)), photo)
both_masked = photo + left_half * (both_masked - photo)
plots.row(
    {"photo": photo, "Gram matrices masked": cost_masked, "pixels masked too": both_masked},
    alt="The photo; the cat with a painted left half and a right half in its own colours, but rough, as if carved; the "
    "cat with the same left half, and the photo untouched on the right",
)

# %% [markdown]
# **Look at** the right half in the middle. It has no style to follow, and yet it did not stay as it was.

# %%
results = {
    "by Adam": cost_masked,
    "by plain\ndescent": plain_masked,
    "by Adam,\npixels masked": both_masked,
}
change = {}
for name, x in results.items():
    columns = (x - photo).abs().mean((0, 1))
    change[name] = {"left half": columns[:border].mean(), "right half": columns[border:].mean()}
plots.bars(change, ylabel="mean change of a pixel")

# %%
moved = [halves["right half"] / halves["left half"] for halves in change.values()]
still = change["by Adam,\npixels masked"]["left half"] / change["by Adam"]["left half"]

# %% claim="half" tags=["nbval-check-output"]
# The bound is wide: of a small picture more of the right half lies near the border.
claim("by Adam: the right half moves, of the left", moved[0], above=0.6)
claim("by plain descent", moved[1], below=0.35)
claim("pixels masked: the left half moves, of before", still, above=0.6)

# %% [markdown]
# **Explain.** Changes near the border upset the content cost beyond it, since `relu4_2` looks far. The pull back is
# tiny: plain descent, whose steps are as long as the pull, hardly moves the right half. Adam makes full steps of it.
#
# The cure is to keep the pixels outside from taking part: $X = C + \text{mask} \cdot (X - C)$. Then the Gram mask says
# *what is measured*, and the pixel mask *what may move*. Those are two different questions.

# %% [markdown]
# ## 11. Does it hold on the true network?
#
# On ImageNet's VGG-16 filters begin to count pairs *earlier*: already in `relu1_1` the diagonal sees more.
#
# | what was measured | on minivgg | on VGG-16 |
# |---|---:|---:|
# | `conv1_1`, relative distance of the boards by the diagonal (section 2) | 0.003 | 0.009 |
# | what the diagonal sees of what the matrix sees, in `relu1_1` | 0.13 | 0.23 |
# | part of an answer beyond the sum of its parts, in `relu1_1` | 0.04 | 0.16 |
# | largest share of the orange that the diagonal brings onto stripes | 0.05 | 0.23 |
#
# So the diagonal's blindness is a matter of degree: on VGG-16 it brings up to 0.23 of the orange onto stripes, and the
# whole matrix at least 0.87. All other claims of this lesson hold there. The whole table is in
# [docs/true_network.md](../docs/true_network.md).

# %% [markdown]
# ## Recap
#
# - **Diagonal**: works, because from the second block on filters count pairs. In `relu1_1` it loses which colour goes
#   with which stroke.
# - **Moments** split $\mu^2 + \sigma^2$; **covariance** forgets $\mu$; **sliced Wasserstein** sees the directions that
#   it draws: draw new ones at every step.
# - All five **ignore the order of columns** of $F$: necessary, not sufficient.
# - Different statistics have different units: never compare their values.
# - Colours, blends and masks change what the cost is given. The loop stays.

# %% [markdown]
# ## On your own
#
# - Which statistic gives the picture *you* like best? Compare at `size=256` with another painting.
# - Repaint the left half by one painting and the right half by another: two masked Gram matrices, one sum.
# - The means alone are the opposite extreme to sliced Wasserstein. Write that cost in one line and look for its blind
#   spots.
