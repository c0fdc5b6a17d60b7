# %% [markdown]
# # 09 · From the Gram matrix to today
#
# **What you will do.** Give a photo's features the painting's style in one formula, without a style cost, and rebuild
# pictures from them. Then meet a cost that sees what every statistic of lesson 07 misses.
#
# **You will be able to** derive AdaIN, WCT and the distance of two Gaussians, say what each keeps of the Gram matrix,
# and recognise them in methods of today.
#
# **You need** lesson 07 and 60 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots
from nstlib.predictions import predict
from nstlib.style import patches, transforms

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))
network = nstlib.networks.load()


# %%
def rebuilt(transform, layer, picture=photo):
    """A picture whose features at this layer are the transformed ones, as far as any picture's are."""
    chosen = {"content_layers": (layer,), "style_layers": (layer,), "beta": 0}
    settings = Settings(size=side, steps=40, optimizer="pyramid", total_variation=1, **chosen)
    return nstlib.transfer.rebuild(picture, painting, transform, settings, network)


# %%
def repainted(transform, layers=("relu4_1", "relu3_1", "relu2_1", "relu1_1")):
    """Layer after layer, the deepest first: transform the picture's features, rebuild it, go on with the result."""
    picture = photo
    for layer in layers:
        picture = rebuilt(transform, layer, picture)
    return picture


# %%
by_adain, by_wct = repainted(transforms.adain), repainted(transforms.wct)
plots.row(
    {"photo": photo, "painting": painting, "AdaIN": by_adain, "WCT": by_wct},
    alt="A cat; a night sky in blue and yellow strokes; the cat in blue and yellow blots, its forehead still reddish "
    "brown; and the cat in strokes of dark blue and gold",
)

# %% [markdown]
# No style cost was lowered here: $\beta = 0$. Each run only looked for a picture with given features, as in lesson 01.
# The style came in *before* the run, by a formula that changed these features. This lesson is about two such formulas,
# and about where they lead.
#
# **Look at** the forehead. By AdaIN much of the fur's reddish brown is left, by WCT less.

# %% [markdown]
# ## 1. Set the mean and the spread: AdaIN
#
# In lesson 07 the means $\mu_k$ and the standard deviations $\sigma_k$ of the filters were a style cost, and an
# optimiser lowered it. But these two numbers can simply be *set*. Shift and scale every filter of the photo (Huang and
# Belongie, [2017](https://arxiv.org/abs/1703.06868), *adaptive instance normalisation*):
#
# $$F'_{ki} = \sigma_{S,k}\, \frac{F_{C,ki} - \mu_{C,k}}{\sigma_{C,k}} + \mu_{S,k}$$

# %% [markdown]
# Are the new features' mean and deviation the painting's?
#
# $$\begin{aligned}
# \mu'_k &= \frac{\sigma_{S,k}}{\sigma_{C,k}} \left(\frac1M \sum_i F_{C,ki} - \mu_{C,k}\right) + \mu_{S,k} = \mu_{S,k}
# && \text{the bracket is } 0 \\
# \sigma'^2_k &= \frac1M \sum_i \left(F'_{ki} - \mu_{S,k}\right)^2 && \text{definition, with } \mu'_k = \mu_{S,k} \\
# &= \frac{\sigma_{S,k}^2}{\sigma_{C,k}^2}\, \frac1M \sum_i \left(F_{C,ki} - \mu_{C,k}\right)^2 = \sigma_{S,k}^2
# && \text{the sum over } M \text{ is } \sigma_{C,k}^2
# \end{aligned}$$
#
# Every answer keeps its place: all those of a filter are multiplied by one number, and one number is added to them.

# %% [markdown]
# By hand: the photo's filter answers 1 and 3, with mean 2 and deviation 1. The painting's answers 10, 10, 20, 20, with
# mean 15 and deviation 5. So 1 becomes $5 \cdot (1 - 2)/1 + 15 = 10$, and 3 becomes 20.

# %%
tiny_c, tiny_s = torch.tensor([[1.0, 3.0]]), torch.tensor([[10.0, 10.0, 20.0, 20.0]])
mean_c, mean_s = sum(tiny_c[0]) / 2, sum(tiny_s[0]) / 4
spread_c = (sum((f - mean_c) ** 2 for f in tiny_c[0]) / 2) ** 0.5
spread_s = (sum((f - mean_s) ** 2 for f in tiny_s[0]) / 4) ** 0.5
loops = torch.tensor([[spread_s * (f - mean_c) / spread_c + mean_s for f in tiny_c[0]]])


# %%
def adain(F_c, F_s):
    """F_c with the mean and the population deviation of F_s, filter by filter."""
    mu_c, mu_s = (F.mean(1, keepdim=True) for F in (F_c, F_s))
    sigma_c, sigma_s = (F.std(1, correction=0, keepdim=True) for F in (F_c, F_s))
    return sigma_s * (F_c - mu_c) / sigma_c + mu_s


# %%
def blocks(picture):
    """Each style layer's features (N, H, W), and relu4_2's, in float64."""
    return {layer: block[0].double() for layer, block in network(picture[None]).items()}


# %%
features_c, features_s = blocks(photo), blocks(painting)
F_c, F_s = features_c["relu3_1"].flatten(1), features_s["relu3_1"].flatten(1)
moments_cost = nstlib.statistics.STATISTICS["moments"].cost
by_library = transforms.adain(features_c["relu3_1"], features_s["relu3_1"])

# %% claim="three views" tags=["nbval-check-output"]
claim("loops and by hand", loops, equals=torch.tensor([[10.0, 20.0]]))
claim("loops and one line", adain(tiny_c, tiny_s), equals=loops)
claim("relu3_1: our line and the library's", adain(F_c, F_s), equals=by_library.flatten(1))
claim("distance by moments that is left", moments_cost(by_library, features_s["relu3_1"]), below=1e-20)

# %% [markdown]
# So the cost that lesson 07 lowered step by step is zero at once. But these are *features*, and we want a picture.
#
# **Predict.** A picture is rebuilt from `relu4_1`'s new features. How much of the distance by moments is left at
# `relu4_1`?

# %%
predict("09.rebuilt")

# %%
from_features = rebuilt(transforms.adain, "relu4_1")
goal = transforms.adain(features_c["relu4_1"], features_s["relu4_1"])
at_4 = {
    "photo": features_c["relu4_1"],
    "features from the formula": goal,
    "picture rebuilt from them": blocks(from_features)["relu4_1"],
}
distances = {name: moments_cost(block, features_s["relu4_1"]).item() for name, block in at_4.items()}
shares = {name: distance / distances["photo"] for name, distance in distances.items()}

# %%
plots.table(
    {
        name: {"distance left": shares[name], "entries below 0": (block < 0).double().mean()}
        for name, block in at_4.items()
    },
    "relu4_1",
)

# %% claim="no such picture" tags=["nbval-check-output"]
# The bound is wide: another pair leaves half as much.
claim("share of the new features below 0", (goal < 0).double().mean(), above=0.2)
claim("of the distance by moments the picture leaves", shares["picture rebuilt from them"], above=0.04)

# %% [markdown]
# **Explain.** No picture has these features. After a ReLU no answer is below 0, and neighbouring positions look at the
# same pixels, so they cannot change independently. The run returns a compromise. The papers train a *decoder* on
# photos, a network that guesses the picture in one pass. It makes the same compromise, only faster.

# %% [markdown]
# **A mistake made on purpose.** Networks work on batches, blocks of the shape $(B, N, H, W)$ with $B$ pictures. Batch
# normalisation takes each filter's mean over the whole batch, so this looks familiar:


# %%
def batch_adain(block_c, block_s):
    """The mistake: one mean and one deviation per filter for all pictures of the batch."""
    mu_c, mu_s = (block.mean((0, 2, 3), keepdim=True) for block in (block_c, block_s))
    sigma_c, sigma_s = (block.std((0, 2, 3), correction=0, keepdim=True) for block in (block_c, block_s))
    return sigma_s * (block_c - mu_c) / sigma_c + mu_s


# %% [markdown]
# Try it with one pair of pictures. Then add a second pair to the batch, with another photo and another painting.

# %%
second = pictures.sample("coffee", side), painted.paint("hatching", tuple(photo.shape[1:]))
square = side // 4  # all four blocks, cut to one size
first_c, first_s, second_c, second_s = (
    features["relu3_1"][:, :square, :square]
    for features in (features_c, features_s, *map(blocks, second))
)
alone = batch_adain(first_c[None], first_s[None])[0]
pair_c, pair_s = torch.stack((first_c, second_c)), torch.stack((first_s, second_s))
together, one_by_one = batch_adain(pair_c, pair_s), transforms.adain(pair_c, pair_s)

# %%
before, after = (moments_cost(block, pair_s) for block in (pair_c, together))
plots.bars(
    {
        name: {"distance left": share}
        for name, share in zip(("first pair", "second pair"), after / before, strict=True)
    },
    ylabel="share of the distance by moments",
    line=1,
)

# %% claim="whole batch" tags=["nbval-check-output"]
claim("a batch of one, against the library's", alone, equals=transforms.adain(first_c, first_s))
claim("a batch of two: least that is left of the distance", (after / before).min(), above=0.3)
claim("the library's on two: most that is left", moments_cost(one_by_one, pair_s).max(), below=1e-20)

# %% [markdown]
# **Explain.** With one picture the two agree, so every test with one picture passes. With two, each gets a mixture of
# both paintings: 0.57 of the first one's distance is left, and 0.47 of the second's. Normalising every picture by
# itself is *instance* normalisation (Ulyanov et al., [2016](https://arxiv.org/abs/1607.08022)); AdaIN takes its two
# numbers from the painting.

# %% [markdown]
# ## 2. Set the covariance: WCT
#
# AdaIN does not know which filters fire together; a covariance does. Lesson 07's colour match already *set* one, that
# of red, green and blue. The same formula works for $N$ filters (Li et al.,
# [2017](https://arxiv.org/abs/1705.08086), *whitening and colouring*):
#
# $$F' = \Sigma_S^{1/2}\, \Sigma_C^{-1/2} (F_C - \mu_C) + \mu_S$$

# %% [markdown]
# Multiply all centred columns by a matrix $A$, and their covariance $\Sigma$ becomes $A \Sigma A^\top$. The roots are
# symmetric. So, in two steps:
#
# $$\begin{aligned}
# \text{whitened:} \quad & \Sigma_C^{-1/2}\; \Sigma_C\; \Sigma_C^{-1/2} = I
# && \text{variances 1, covariances 0} \\
# \text{coloured:} \quad & \Sigma_S^{1/2}\; I\; \Sigma_S^{1/2} = \Sigma_S && \text{the painting's covariance}
# \end{aligned}$$

# %% [markdown]
# One thing is new. Three colours have thousands of pixels, but 160 filters may have fewer than 160 positions. Then
# $\Sigma_C$ is singular: along some directions there is no variance, and whitening would divide by 0. Leave those
# directions out.


# %%
def covariance(F):
    """Cov, (N, N): each filter's mean is taken off first."""
    centred = F - F.mean(1, keepdim=True)
    return centred @ centred.T / F.shape[1]


def power(A, exponent):
    """A symmetric matrix to a power, along its own axes, but not along those without variance."""
    values, axes = torch.linalg.eigh(A)
    kept = values > 1e-12 * values.max()
    return axes[:, kept] * values[kept] ** exponent @ axes[:, kept].T


# %%
def wct(F_c, F_s):
    """F_c with the mean and the covariance of F_s."""
    white = power(covariance(F_c), -1 / 2) @ (F_c - F_c.mean(1, keepdim=True))
    return power(covariance(F_s), 1 / 2) @ white + F_s.mean(1, keepdim=True)


# %%
white = power(covariance(F_c), -1 / 2) @ (F_c - F_c.mean(1, keepdim=True))
coloured = wct(F_c, F_s)
library = transforms.wct(features_c["relu3_1"], features_s["relu3_1"]).flatten(1)
N, few = len(F_c), F_c[:, :20]  # 20 positions, far fewer than filters
rank = torch.linalg.matrix_rank(covariance(wct(few, F_s)), hermitian=True)

# %% claim="whitened and coloured" tags=["nbval-check-output"]
claim("covariance after whitening", covariance(white), equals=torch.eye(N, dtype=torch.float64))
claim("covariance after colouring", covariance(coloured), equals=covariance(F_s))
claim("our lines and the library's", coloured, equals=library)
claim("directions that 20 positions can fill", rank.item(), equals=19)

# %% [markdown]
# Lesson 02's boards show the difference. On *independent*, orange lies on half of the stripes; on *together*, on all of
# them. Take the two hand-made filters, with *independent* as content and *together* as style.
#
# **Predict.** What does AdaIN change, and what WCT?

# %%
predict("09.boards")

# %%
bank = {
    name: (painted.two_filter_bank(painted.textured_tint(name)) > 0.5).double().flatten(1)
    for name in ("independent", "together")
}
boards = bank["independent"], bank["together"]
pair_of = {
    "independent": bank["independent"],
    "by AdaIN": adain(*boards),
    "by WCT": wct(*boards),
    "together": bank["together"],
}
plots.matrices({name: covariance(F).round(decimals=6).abs() for name, F in pair_of.items()})

# %%
entry = {name: covariance(F)[0, 1].item() for name, F in pair_of.items()}

# %% claim="which goes with which" tags=["nbval-check-output"]
claim("stripes with orange, together", entry["together"], above=0.2)
claim("largest change by AdaIN", (pair_of["by AdaIN"] - bank["independent"]).abs().max(), below=1e-9)
claim("stripes with orange, by WCT", entry["by WCT"], equals=entry["together"])

# %% [markdown]
# **Explain.** Both boards have the same means and spreads, so AdaIN has nothing to do. WCT makes the two filters one:
# each becomes a mixture of stripes and orange. It is lesson 07's difference between *moments* and *covariance*, as a
# formula in place of a cost.

# %% [markdown]
# ## 3. Set it, or optimise it?
#
# AdaIN sets what the statistic *moments* measures. WCT sets means and covariance, which the library's statistic
# *gaussian* measures (section 4). So run the optimiser on the same statistics, and compare: how much of the Gram cost
# is left, and how far is `relu4_2` from the photo's?

# %%
optimised = {
    name: nstlib.stylize(photo, painting, Settings(size=side, statistic=name), network)
    for name in ("moments", "gaussian")
}
results = {
    "moments, set (AdaIN)": by_adain,
    "moments, optimised": optimised["moments"],
    "gaussian, set (WCT)": by_wct,
    "gaussian, optimised": optimised["gaussian"],
}


# %%
def gram_left(picture):
    """The mean, over the style layers, of the share of the photo's Gram cost that the picture leaves."""
    there, E = blocks(picture), nstlib.style.layer_style_cost
    costs = [
        (E(there[n], features_s[n]), E(features_c[n], features_s[n]))
        for n in nstlib.networks.STYLE_LAYERS
    ]
    return sum((cost / whole).item() for cost, whole in costs) / len(costs)


def content_lost(picture):
    """J_content at relu4_2, as a share of the cost of features that are all zero."""
    C = features_c["relu4_2"]
    return ((blocks(picture)["relu4_2"] - C).square().sum() / C.square().sum()).item()


# %%
measured = {
    name: {"Gram cost left": gram_left(picture), "content lost": content_lost(picture)}
    for name, picture in results.items()
}
plots.table(measured, "statistic")

# %%
plots.row(
    results,
    alt="The cat four times: by AdaIN in blots of blue and yellow; optimised for moments, brown with the fur's stripes and "
    "fine strokes; by WCT in strokes of blue and gold; optimised for the Gaussian, the fur's stripes in brown and gold",
)

# %% [markdown]
# **Look at** the cheek. Where the statistic was optimised, the fur's stripes are still there. Where it was set, blots
# and strokes have taken their place.

# %%
lost = {name: row["content lost"] for name, row in measured.items()}
of_adain = lost["moments, set (AdaIN)"] / lost["moments, optimised"]
of_wct = lost["gaussian, set (WCT)"] / lost["gaussian, optimised"]
worst = max(row["Gram cost left"] for row in measured.values())

# %% claim="set or optimised" tags=["nbval-check-output"]
# The bound is wide: other pairs come nearer to it.
claim("most that any of the four leaves of the Gram cost", worst, below=0.5)
claim("content lost: set / optimised, the smaller of the two", min(of_adain, of_wct), above=1.05)

# %% [markdown]
# **Explain.** All four leave less than half of the Gram cost. The formulas need no $\beta$ and no style cost, and with
# a decoder no optimiser. The price is the content: each layer's run starts from the picture before it, and only the
# first one looks at the photo. A cost weighs content against style; a formula only has its `strength`, which blends
# the new features with the old.

# %% [markdown]
# ## 4. How far is it from one Gaussian to another?
#
# Many maps give the photo's features the painting's covariance. Which of them changes the features least? That least
# change is a distance: the statistic *gaussian*.

# %% [markdown]
# Begin with one filter, and let its answers be Gaussian. Sort them. The number at the share $u$ of the way, $0 \le u
# \le 1$, is $\mu + \sigma z(u)$. Here $z(u)$ is the standard Gaussian's quantile, with $\int z\,du = 0$ and $\int z^2
# du = 1$.

# %% [markdown]
# Compare sorted numbers, as in lesson 07, section 5. The mean squared difference is $W_2^2$, the square of
# the *Wasserstein distance*. With $a = \mu_X - \mu_S$ and $b = \sigma_X - \sigma_S$:
#
# $$\begin{aligned}
# W_2^2 &= \int_0^1 \left(a + b z\right)^2 du && \text{equal ranks meet} \\
# &= a^2 + 2 a b \int z\,du + b^2 \int z^2 du && \text{square expanded} \\
# &= a^2 + b^2 && \int z\,du = 0,\ \int z^2 du = 1
# \end{aligned}$$
#
# Independent filters' distances add up, so $\sum_k$ of this is the distance where both covariances are diagonal: $N$
# times $E_l^{\text{moments}}$ of lesson 07. **The cost that AdaIN sets to zero is the distance between two Gaussians
# whose filters are independent.**

# %% [markdown]
# Now filters that go together. Take centred features $f$ of the photo and a matrix $A$ that gives them the painting's
# covariance, $A \Sigma_C A^\top = \Sigma_S$. The mean square of the change is $c = \tfrac1M \sum_i \lVert A f_i - f_i
# \rVert^2$. With $\tfrac1M \sum_i f_i f_i^\top = \Sigma_C$:
#
# $$\begin{aligned}
# c &= \operatorname{tr} A \Sigma_C A^\top + \operatorname{tr} \Sigma_C - 2 \operatorname{tr} A \Sigma_C
# && \text{square expanded, } f^\top\! A f = \operatorname{tr} A f f^\top \\
# &= \operatorname{tr} \Sigma_S + \operatorname{tr} \Sigma_C - 2 \operatorname{tr} A \Sigma_C
# && A \Sigma_C A^\top = \Sigma_S
# \end{aligned}$$
#
# Only the last term depends on $A$. Make it as large as can be.

# %% [markdown]
# If $\Sigma_C$ has an inverse, every such $A$ is $\Sigma_S^{1/2}\, U\, \Sigma_C^{-1/2}$ with an orthogonal matrix $U$,
# a rotation or reflection between whitening and colouring. (WCT has $U = I$.) With the singular values $d_k$ of
# $\Sigma_C^{1/2} \Sigma_S^{1/2} = P \Lambda Q^\top$ ($\Lambda$ is diagonal, of these $d_k$):
#
# $$\begin{aligned}
# \operatorname{tr} A \Sigma_C &= \operatorname{tr} U\, \Sigma_C^{1/2} \Sigma_S^{1/2}
# && \text{the trace is cyclic} \\
# &= \operatorname{tr} (Q^\top U P)\, \Lambda = \textstyle\sum_k d_k\, (Q^\top U P)_{kk} && \text{cyclic again} \\
# &\le \textstyle\sum_k d_k && d_k \ge 0 \text{, no entry above } 1
# \end{aligned}$$
#
# because $Q^\top U P$ is orthogonal, too; with equality for $U = Q P^\top$.

# %% [markdown]
# The $d_k^2$ are the eigenvalues of $\Sigma_S^{1/2} \Sigma_C\, \Sigma_S^{1/2}$, so $\sum_k d_k$ is the trace of its
# root. Together with the means:
#
# $$W_2^2 = \lVert \mu_C - \mu_S \rVert^2 + \operatorname{tr}\left( \Sigma_C + \Sigma_S - 2 \left(\Sigma_S^{1/2}
# \Sigma_C\, \Sigma_S^{1/2}\right)^{1/2} \right)$$
#
# We compared linear maps only. That no other way to move one Gaussian to the other does better is proved by Gelbrich
# ([1990](https://doi.org/10.1002/mana.19901470121)). As a formula for features the best map is that of Lu et al.
# ([2019](https://arxiv.org/abs/1906.00668)).

# %% [markdown]
# **Predict.** Whitening and colouring, a random rotation in between, and the best $U$: three maps to the same
# covariance. How much more than the best one does WCT move the features of `relu3_1`?

# %%
predict("09.least")

# %%
root_c, root_s = power(covariance(F_c), 1 / 2), power(covariance(F_s), 1 / 2)
P, _, Q_T = torch.linalg.svd(root_c @ root_s)
generator = torch.Generator().manual_seed(0)
random = torch.linalg.qr(torch.randn(N, N, generator=generator, dtype=torch.float64)).Q
rotations = {"best": Q_T.T @ P.T, "none (WCT)": torch.eye(N, dtype=torch.float64), "random": random}

# %%
centred = F_c - F_c.mean(1, keepdim=True)
moved = {name: root_s @ U @ power(covariance(F_c), -1 / 2) @ centred for name, U in rotations.items()}
change = {name: (f - centred).square().sum(0).mean() for name, f in moved.items()}
plots.bars(
    {name: {"change": each / change["best"]} for name, each in change.items()},
    ylabel="change / the best one's",
    line=1,
)

# %%
of_means = (F_c.mean(1) - F_s.mean(1)).square().sum()
gaussian_cost = nstlib.statistics.STATISTICS["gaussian"].cost
W2 = N * gaussian_cost(features_c["relu3_1"], features_s["relu3_1"])
same = max((covariance(f) - covariance(F_s)).abs().max() / covariance(F_s).max() for f in moved.values())

# %% claim="least change" tags=["nbval-check-output"]
# The bound is wide: how near WCT comes to the best depends on the two pictures.
claim("covariance of all three, gap to the painting's", same, below=1e-9)
claim("best change with the means', and the library's distance", change["best"] + of_means, equals=W2)
claim("change by WCT, of the best", change["none (WCT)"] / change["best"], above=1.001, below=1.3)
claim("change with a random rotation, of the best", change["random"] / change["best"], above=2.5)

# %% [markdown]
# **Explain.** WCT comes close, and misses only because the two covariances have different axes. Where they share their
# axes they commute, $\Sigma_C \Sigma_S = \Sigma_S \Sigma_C$; then $\Sigma_C^{1/2} \Sigma_S^{1/2}$ is symmetric without
# a negative eigenvalue, $U = I$ is best, and $W_2^2$ is the diagonal formula along those axes.
#
# Where does this distance stand among the statistics of lesson 07? Test it on three of its pairs.

# %%
raised = F_s.clone()
raised[7] += F_s.max()  # filter 7 answers more, everywhere
root2 = 2**0.5
pairs = {
    "one filter raised": (F_s[:, None], raised[:, None]),
    "even or in spots": (torch.tensor([[[1.0, 1.0]]]), torch.tensor([[[0.0, root2]]])),
    "two values or three": (
        torch.tensor([[[1.0, 3, 1, 3]]]),
        torch.tensor([[[2 - root2, 2, 2, 2 + root2]]]),
    ),
}
three = ("covariance", "gaussian", "sliced_wasserstein")

# %%
seen = {
    name: {key: nstlib.statistics.STATISTICS[key].cost(*pair).item() for key in three}
    for name, pair in pairs.items()
}
blind = {key: [name for name in pairs if seen[name][key] < 1e-6] for key in three}
plots.table(
    {name: {key: "sees" if row[key] > 1e-6 else "–" for key in three} for name, row in seen.items()}
)

# %% claim="between" tags=["nbval-check-output"]
claim("covariance is blind to", blind["covariance"], equals=["one filter raised", "two values or three"])
claim("gaussian is blind to", blind["gaussian"], equals=["two values or three"])
claim("sliced_wasserstein is blind to", blind["sliced_wasserstein"], equals=[])

# %% [markdown]
# **Explain.** It stands between the two. Unlike the covariance it knows the means; unlike sliced Wasserstein it knows
# nothing beyond mean and covariance. It measures the *work* of moving one cloud to the other, in the unit of a
# feature's square. For clouds that are not Gaussian the true work is at least as large (Gelbrich again).

# %% [markdown]
# ## 5. A cost that knows neighbours
#
# All statistics so far ignore the order of the columns of $F$. Lesson 07 said that a style statistic *must* do that.
# Must it?
#
# **Predict.** Shuffle the positions of the painting's `relu3_1`. The Gram matrix stays as it is. What does a cost that
# looks at patches of 3 × 3 positions notice?

# %%
predict("09.patches")

# %% [markdown]
# A patch $p$ of X holds $9 N$ numbers. Its partner is the patch $q$ of S at the smallest angle, and the cost is 1 minus
# the cosine of that angle (Li and Wand, [2016](https://arxiv.org/abs/1601.04589)):
#
# $$E_l^{\text{patches}} = \text{mean over } p \text{ of } \left(1 - \max_q \cos(p, q)\right), \qquad \cos(p, q) =
# \frac{p \cdot q}{\lVert p \rVert\, \lVert q \rVert}$$
#
# By hand, with one filter and patches of 1 × 2: X has the one patch $(1, 0)$. S is the row 3, 4, 0 with the patches
# $(3, 4)$ and $(4, 0)$. The cosines are $3/5$ and 1, so the cost is 0.


# %%
def cut(features):
    """All patches of 3 × 3 positions as columns (9 N, number of patches)."""
    _, height, width = features.shape
    corners = [(y, x) for y in range(height - 2) for x in range(width - 2)]
    return torch.stack([features[:, y : y + 3, x : x + 3].flatten() for y, x in corners], 1)


def patch_cost(features_x, features_s):
    """The mean over the patches of X of 1 − the largest cosine with one of S."""
    unit_x, unit_s = (p / p.norm(dim=0) for p in (cut(features_x), cut(features_s)))
    return 1 - (unit_s.T @ unit_x).max(0).values.mean()


# %%
S = features_s["relu3_1"]
order = torch.randperm(S[0].numel(), generator=torch.Generator().manual_seed(0))
changed = {
    "shuffled": S.flatten(1)[:, order].reshape(S.shape),
    "moved by (2, 3)": S[:, 2:, 3:],
    "photo": features_c["relu3_1"],
}

# %%
gram_cost = nstlib.style.layer_style_cost
costs = {"gram": gram_cost, "gaussian": gaussian_cost, "patches": patch_cost}
noticed = {
    name: {key: cost(block, S).item() for key, cost in costs.items()} for name, block in changed.items()
}
plots.table(
    {
        name: {key: cost if cost > 1e-6 else "0" for key, cost in row.items()}
        for name, row in noticed.items()
    },
    "the painting's relu3_1",
)

# %% claim="neighbours" tags=["nbval-check-output"]
library = patches.patch_cost(changed["photo"], S)
claim("our patch cost and the library's", noticed["photo"]["patches"], equals=library)
claim("shuffled: by the Gram matrix", noticed["shuffled"]["gram"], below=1e-9)
claim("shuffled: by patches", noticed["shuffled"]["patches"], above=0.3)
claim("moved as a whole: by patches", noticed["moved by (2, 3)"]["patches"], below=1e-9)

# %% [markdown]
# **Explain.** Shuffling destroys neighbours, and no sum over positions can tell. Patches notice it: the shuffled
# painting is as far away as the photo. Yet they too forget *where* a patch stands: the moved painting costs nothing.
# (Moving it cut off two rows and three columns, which the Gram matrix notices.)

# %% [markdown]
# So a style statistic must not ask where something is, but it may ask what lies beside it. In return patches forget
# *how often*: X may use one patch of S again and again.

# %% [markdown]
# What does an optimiser make of it? Lower the cost over the pixels, in `relu3_1` and `relu4_1` (the layers of Li and
# Wand), and do the same with the Gram matrix. Both runs begin at the photo, and nothing else holds them to it. A little
# total variation keeps them smooth.


# %%
def both(picture):
    """The features of relu3_1 and relu4_1, each (N, H, W)."""
    seen = network(picture[None])
    return {layer: seen[layer][0] for layer in ("relu3_1", "relu4_1")}


# %%
def lowered(cost):
    """The photo after 60 steps of Adam on both layers' costs, each in units of what it is for the photo."""
    there = both(painting)
    start = {layer: cost(block, there[layer]) for layer, block in both(photo).items()}
    x = photo.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=0.04)
    for _ in range(60):
        here = both(x)
        J = sum(cost(here[layer], there[layer]) / start[layer] for layer in start)
        J = J + 3 * nstlib.style.total_variation(x) / x.numel()
        adam.zero_grad()
        J.backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %%
by_gram, by_patches = lowered(gram_cost), lowered(patches.patch_cost)
plots.row(
    {"painting": painting, "by the Gram matrix": by_gram, "by patches": by_patches},
    alt="The painted night, and the cat twice: by the Gram matrix in wavy lines, its eyes as they were; by patches in short strokes, with "
    "whole stars in the background, and yellow rings like stars around the eyes",
)

# %%
left = {
    name: {
        key: cost(both(picture)["relu4_1"], both(painting)["relu4_1"])
        / cost(both(photo)["relu4_1"], both(painting)["relu4_1"])
        for key, cost in (("Gram cost left", gram_cost), ("patch cost left", patches.patch_cost))
    }
    for name, picture in (("run by the Gram matrix", by_gram), ("run by patches", by_patches))
}
plots.table(left, "relu4_1, of the photo's")

# %% claim="lowered" tags=["nbval-check-output"]
patch_cost_left = {name: row["patch cost left"] for name, row in left.items()}
claim("run by the Gram matrix: patch cost left", patch_cost_left["run by the Gram matrix"], above=0.5)
claim("run by patches: patch cost left", patch_cost_left["run by patches"], below=0.5)

# %% [markdown]
# **Explain.** The Gram run removes nearly all of its own cost and leaves most of the patches' cost: the same answers
# fire together as much as in the painting, but they do not stand side by side as they do there. **Look at** the
# background and the eyes. The patch run grows whole stars: whatever lies beside a piece of a star becomes more of that
# star. Neither run gets the blue, since neither asked `relu1_1`.

# %% [markdown]
# Choosing partners gives a third formula for features: give every position of the photo the painting's most similar
# column (Kolkin et al., [2022](https://arxiv.org/abs/2203.13215), do this with several layers at once).


# %%
def nearest(block_c, block_s):
    """At each position the painting's column that is most like the photo's, both with their means taken off."""
    centred_c, centred_s = (block - block.mean((1, 2), keepdim=True) for block in (block_c, block_s))
    chosen = patches.nearest_patches(centred_c, centred_s, size=1)
    return block_s.flatten(1)[:, chosen].reshape(block_c.shape)


# %%
by_nearest = repainted(nearest, ("relu4_1", "relu3_1", "relu2_1"))
plots.row(
    {"AdaIN": by_adain, "WCT": by_wct, "nearest column": by_nearest},
    alt="The cat by AdaIN, in blots; by WCT, in strokes of blue and gold; and by the nearest columns: "
    "on short strokes, gold above and blue below, yellow swirls stand where the eyes were",
)

# %% [markdown]
# **Look at** the eyes. What in the painting is most like something round and bright? A star. AdaIN and WCT apply one
# rule at all positions; here every position chose its own partner, so even the shapes come from the painting.

# %% [markdown]
# ## 6. From neighbours to attention
#
# Choosing *the* nearest column is a hard decision. Soften it: take a mean of all columns of S, and weigh column $j$ by
# how similar it is, with a temperature $\tau$:
#
# $$F'_{:,i} = \sum_j w_{ij}\, F_{S,:,j}, \qquad w_{ij} = \frac{e^{\cos_{ij}/\tau}}{\sum_{j'} e^{\cos_{ij'}/\tau}}$$

# %% [markdown]
# Here $\cos_{ij}$ is the cosine of the angle between column $i$ of the photo and column $j$ of the painting, without
# taking means off. In a transformer or a diffusion model this is **attention**: the photo's columns are the *queries*,
# the painting's are the *keys* and the *values*. (There each of the three is first multiplied by a matrix of learned
# weights.)


# %%
def attention(F_c, F_s, temperature):
    """For every column of F_c a mean of the columns of F_s, those that are like it weighing most."""
    queries, keys = (F / F.norm(dim=0) for F in (F_c, F_s))
    return F_s @ torch.softmax(keys.T @ queries / temperature, dim=0)


# %%
queries, keys = F_c / F_c.norm(dim=0), F_s / F_s.norm(dim=0)
hard = F_s[:, (keys.T @ queries).argmax(0)]
cold, hot = attention(F_c, F_s, 1e-9), attention(F_c, F_s, 1e6)
mean = F_s.mean(1, keepdim=True)
gap = {
    f"τ = {t:g}": {
        "from the nearest": (attention(F_c, F_s, t) - hard).norm() / hard.norm(),
        "from the mean": (attention(F_c, F_s, t) - mean).norm() / (hard - mean).norm(),
    }
    for t in (1e-3, 1e-2, 1e-1, 1)
}
plots.table(gap, "attention")

# %% claim="attention" tags=["nbval-check-output"]
claim("cold attention, gap to the nearest column", (cold - hard).norm() / hard.norm(), below=1e-6)
claim("hot attention, gap to the mean column", (hot - mean).norm() / (hard - mean).norm(), below=1e-4)

# %% [markdown]
# **Explain.** Cold attention is the nearest column, hot attention the painting's mean $\mu_S$. (The table's first
# column is a share of the nearest columns' size, the second of their distance from the mean.)

# %% [markdown]
# Two methods of today are put together from what you have just built. StyleID (Chung et al.,
# [2023](https://arxiv.org/abs/2312.09008)) takes queries mostly from the photo, keys and values from the painting, and
# begins with an AdaIN. StyleAligned (Hertz et al., [2023](https://arxiv.org/abs/2312.02133)) gives queries and keys the
# moments of a reference picture, which is AdaIN, and then lets every picture attend to the reference as well.

# %% [markdown]
# ## 7. Does it hold on the true network?
#
# | what was measured | on minivgg | on VGG-16 |
# |---|---:|---:|
# | share of AdaIN's features below 0, in `relu4_1` (section 1) | 0.35 | 0.40 |
# | distance by moments that the rebuilt picture leaves there | 0.12 | 0.21 |
# | content lost: set / optimised, the smaller of the two (section 3) | 2.13 | 1.33 |
# | change by WCT, of the least change (section 4) | 1.05 | 1.09 |
# | patch cost left in `relu4_1` by the Gram matrix's run (section 5) | 0.73 | 0.64 |
# | patch cost left by its own run | 0.36 | 0.32 |
#
# All claims of this lesson hold on ImageNet's VGG-16. But the gap in content is smaller there: one of the two formulas
# loses only a third more of it than the run for the same statistic. The whole table is in
# [docs/true_network.md](../docs/true_network.md).

# %% [markdown]
# ## 8. What is left of the Gram matrix?
#
# | method | what it takes from S | how X gets it |
# |---|---|---|
# | Gram matrix | how filters fire together, summed over positions | by optimising pixels |
# | AdaIN | mean and spread of each filter | by a formula |
# | WCT | means and covariance | by a formula |
# | Gaussian | means and covariance | by optimising, least work |
# | nearest columns, patches | the columns themselves | by choosing |
# | attention | the columns themselves | by a weighted mean |

# %% [markdown]
# From AdaIN downwards, no row summarises more than the one above it. Two ideas of lesson 02 stand in every row: a style
# is a *cloud of feature columns*, and where a column stood in the painting does not matter.
#
# [The map](../docs/map.md) goes on from here: each method in one paragraph, with what it keeps of
# the Gram view. [The bibliography](../docs/bibliography.md) lists all papers that this course cites.

# %% [markdown]
# ## Recap
#
# - **AdaIN** sets each filter's mean and spread, **WCT** means and covariance, by a formula.
# - No picture has exactly these features; a run or a decoder finds one nearby.
# - $W_2^2$ of two Gaussians is the least work to move one to the other. For independent filters, AdaIN makes it zero.
# - **Patches** see neighbours, which no sum over positions does. **Attention** is their soft form.
# - Normalise every picture by itself, and test with a batch of two.

# %% [markdown]
# ## On your own
#
# - `transforms.wct(…, strength=0.5)` blends new features with old ones. Wrap it in a function, pass that to
#   `repainted`, and find a strength at which the eyes stay.
# - Begin `repainted` with `relu5_1`. What does it add, and what does it cost?
# - Shuffle the *pixels* of the painting and use it as style for WCT. Which strokes are left, and why?
