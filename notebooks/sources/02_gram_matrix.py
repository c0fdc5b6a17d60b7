# %% [markdown]
# # 02 · Which filters fire together: the Gram matrix
#
# **What you will do.** Build the Gram matrix from pairs of numbers, then find out by experiment what it keeps of a
# picture and what it forgets.
#
# **You will be able to** compute $G = F F^\top$ in four ways, read its diagonal and its other entries, and say why it
# stands for style where the activations stand for content.
#
# **You need** lesson 00 and 60 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots, style
from nstlib.predictions import predict
from nstlib.studio import Live

# %%
side = int(os.environ.get("NST_SIDE", "128"))
seed = 0  # of the noise in which runs begin
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))
layers = nstlib.networks.STYLE_LAYERS


# %%
def texture(*layers, seed=seed):
    """Begin with noise and match the painting's Gram matrices; content counts nothing (α = 0)."""
    chosen = {"style_layers": layers, "steps": 100, "optimizer": "pyramid"}
    return nstlib.stylize(
        photo, painting, Settings(size=side, alpha=0, init="noise", seed=seed, **chosen)
    )


# %%
from_grams, again = texture(*layers), texture(*layers, seed=seed + 1)
plots.row(
    {"painting": painting, "from its Gram matrices": from_grams, "from other noise": again},
    alt="A painted night sky with yellow stars over dark green hills; beside it two textures of lighter blue strokes "
    "with yellow glows, without a sky or hills, each in its own arrangement",
)

# %% [markdown]
# The two pictures on the right began as noise. The optimiser never compared a pixel with the painting. All it knew were
# five square tables of numbers, the **Gram matrices** of five layers.
#
# **Look at** what came back: blue and yellow, curved strokes, the glow of the stars. Then look for the hills. The
# arrangement is lost, and each run invents its own. What is in such a table, and what is not?

# %%
network = nstlib.networks.load(layers=layers)


def blocks(picture):
    """Each style layer's features (N, H, W), in float64."""
    return {layer: block[0].double() for layer, block in network(picture[None]).items()}


# %%
features_x, features_s = blocks(photo), blocks(painting)

# %% [markdown]
# ## 1. Multiply two filters at every position
#
# Two filters look at three positions. Each row of $F$ holds one filter's answers, each column those at one position:
#
# $$F = \begin{pmatrix} 1 & 2 & 0 \\ 3 & 1 & 2 \end{pmatrix}$$
#
# **Predict.** Multiply the two rows position by position and add up. Which number do you get?

# %%
predict("02.rows")

# %%
F = torch.tensor([[1, 2, 0], [3, 1, 2]])
plots.matrices({"F": F, "G = F Fᵀ": F @ F.T})

# %% [markdown]
# The 5 stands in $G$ twice: filter 1 with filter 2, and 2 with 1. The diagonal compares each filter with itself.
#
# Write $f_k$ for row $k$ of $F$, and $x_i$ for its column $i$. There are three ways to write the same matrix:
#
# $$\begin{aligned}
# G_{kk'} &= \sum_{i=1}^{M} F_{ki}\, F_{k'i} && \text{entry by entry: two filters, summed over positions} \\
# G &= F F^\top && \text{all entries at once, because } (F^\top)_{ik'} = F_{k'i} \\
# G &= \sum_{i=1}^{M} x_i\, x_i^\top && \text{position by position: entry } kk' \text{ of } x_i x_i^\top \text{ is } F_{ki} F_{k'i}
# \end{aligned}$$
#
# The last line adds up one $N \times N$ table per position.


# %%
def gram_loops(F):
    """G by the formula, entry by entry."""
    N, M = F.shape
    G = torch.zeros(N, N, dtype=F.dtype)
    for k in range(N):
        for k2 in range(N):
            for i in range(M):
                G[k, k2] += F[k, i] * F[k2, i]
    return G


# %% claim="three views" tags=["nbval-check-output"]
claim("G by loops", gram_loops(F), equals=F @ F.T)
claim("G by einsum", torch.einsum("ki,li->kl", F, F), equals=gram_loops(F))
claim("G by positions", sum(torch.outer(x, x) for x in F.T), equals=gram_loops(F))

# %% [markdown]
# The network returns a block of shape $(N, H, W)$. Unroll it first: one row per filter, one column per position.


# %%
def gram_matrix(features):
    """G = F Fᵀ of a block (N, H, W), divided by nothing."""
    F = features.flatten(1)
    return F @ F.T


# %%
a = features_x["relu1_1"]
product = a[3] * a[5]  # two maps, multiplied position by position

# %% claim="own function" tags=["nbval-check-output"]
claim("two maps, multiplied and summed, against G", product.sum(), equals=gram_matrix(a)[3, 5])
for layer, block in features_x.items():
    claim(f"{layer}: G against the library's", gram_matrix(block), equals=style.gram_matrix(block))

# %% [markdown]
# **A mistake made on purpose.** A batch of B pictures is a block $(B, N, H, W)$. Code that was written for one picture
# often gets a whole batch and unrolls it to $B \cdot N$ rows. No error is raised. What do the extra entries mean?

# %%
batch = torch.stack([features_x["relu1_1"], features_s["relu1_1"]])
mixed = batch.flatten(2).flatten(0, 1) @ batch.flatten(2).flatten(0, 1).T
right = batch.flatten(2) @ batch.flatten(2).mT
N = batch.shape[1]
plots.matrices(
    {
        "mistaken: one matrix": mixed.sqrt(),
        "right: the photo's": right[0].sqrt(),
        "the painting's": right[1].sqrt(),
    },
    alt="A square matrix of four blocks of 16 × 16 entries; beside it the upper left and the lower right block alone",
)

# %% claim="batch" tags=["nbval-check-output"]
claim("its upper left block against the photo's G", mixed[:N, :N], equals=right[0])
claim("its lower right block against the painting's G", mixed[N:, N:], equals=right[1])
claim("share of its size in the upper right block", mixed[:N, N:].norm() / mixed.norm(), above=1 / 4)

# %% [markdown]
# **Explain.** The other two blocks multiply the filters of one picture with those of *another*, at the same positions.
# They mean nothing, and they are not small. Keep the batch as a dimension of its own. (The figure shows square roots.
# Otherwise the many small entries of $G$ would all look black.)

# %% [markdown]
# ## 2. Read one entry: stripes and orange
#
# Here is an example from a well-known lecture on style transfer. One filter answers to vertical texture, another to
# orange. If the orange parts of a style are striped, both are strong at the same places. These pictures were made for
# the question.

# %%
relations = {name: painted.textured_tint(name, 128) for name in ("together", "apart", "independent")}
plots.row(
    relations,
    alt="Three boards of sixteen square tiles; half of the tiles have vertical stripes, half are orange: the same "
    "tiles, opposite tiles, or half of each",
)

# %% [markdown]
# **Look at** which tiles are both striped and orange. *Together*: all striped tiles are orange. *Apart*: none of them.
# *Independent*: half of them. The stripes are the same in all three pictures, and so is the amount of orange.

# %% [markdown]
# **Predict.** Two hand-made filters answer 1 where they find stripes or orange, and 0 elsewhere. Which entries of the
# $2 \times 2$ matrix $G/M$ differ between the three pictures?

# %%
predict("02.stripes")

# %%
answers = {
    name: painted.two_filter_bank(picture).flatten(1).double() for name, picture in relations.items()
}
G = {name: F @ F.T / F.shape[1] for name, F in answers.items()}
plots.matrices(G)

# %%
p = round(G["together"][0, 0].item(), 4)  # the share of striped positions
off = {name: round(gram[0, 1].item(), 4) for name, gram in G.items()}
diagonals = torch.stack([gram.diagonal() for gram in G.values()])

# %% claim="stripes and orange" tags=["nbval-check-output"]
claim("spread of the diagonals over the three pictures", (diagonals - p).abs().max(), below=1e-4)
claim("together: the entry off the diagonal, p", off["together"], equals=p)
claim("apart: the same entry, 0", off["apart"], equals=0.0)
claim("independent: the same entry, p²", off["independent"], equals=p**2)

# %% [markdown]
# **Explain.** *Independent* gives $p^2$, not zero: where half of the tiles are striped and half are orange, a quarter
# of them are both by chance. That matters for a word which is often used loosely. $G$ is said to hold *correlations*,
# but a correlation would be zero here.

# %% [markdown]
# ## 3. It is not a correlation
#
# A covariance first subtracts from each filter its mean. Write $\mu_k = \frac1M \sum_i F_{ki}$ for the mean of row $k$.
# Multiplied out, the first sum is $G_{kk'}$ and the others are means:
#
# $$\begin{aligned}
# \text{Cov}_{kk'} &= \frac1M \sum_i (F_{ki} - \mu_k)(F_{k'i} - \mu_{k'}) && \text{the definition} \\
# &= \frac1M \sum_i F_{ki} F_{k'i} - \frac{\mu_{k'}}{M} \sum_i F_{ki} && \text{multiplied out:} \\
# &\quad - \frac{\mu_k}{M} \sum_i F_{k'i} + \mu_k \mu_{k'} && \text{four terms} \\
# &= \frac1M G_{kk'} - \mu_{k'} \mu_k - \mu_k \mu_{k'} + \mu_k \mu_{k'} && \tfrac1M \textstyle\sum_i F_{ki} = \mu_k \\
# \frac1M G &= \text{Cov} + \mu \mu^\top && \text{solved for } G
# \end{aligned}$$


# %%
def mean_and_covariance(F):
    """μ of each row of F, and the covariance of the rows."""
    mu = F.mean(1)
    centred = F - mu[:, None]
    return mu, centred @ centred.T / F.shape[1]


# %%
lines = {}
for name, F in answers.items():
    mu, covariance = mean_and_covariance(F)
    correlation = covariance[0, 1] / covariance.diagonal().prod().sqrt()
    lines[name] = {
        "entry of G/M": G[name][0, 1],
        "covariance": covariance[0, 1],
        "correlation": correlation,
    }
    lines[name] = {column: round(value.item(), 3) + 0.0 for column, value in lines[name].items()}
plots.table(lines)

# %% claim="covariance" tags=["nbval-check-output"]
claim("correlation of the stripes and orange that lie apart", lines["apart"]["correlation"], equals=-1.0)
claim("correlation of the independent ones", lines["independent"]["correlation"], equals=0.0)
for layer, block in features_s.items():
    mu, covariance = mean_and_covariance(block.flatten(1))
    claim(
        f"{layer}: Cov + μμᵀ against G/M", covariance + torch.outer(mu, mu), equals=style.mean_gram(block)
    )

# %% [markdown]
# **Explain.** The lecture calls two channels "uncorrelated" if a place with vertical texture "probably won't have that
# orange-ish tint". Our table has a sharper word for that picture: *apart* is correlated, **negatively**, with $-1$.
# *Uncorrelated* in the sense of statistics is *independent*: knowing the stripes tells you nothing about the orange.
#
# So take "correlation" as an intuition, as the lecture itself does, and not as the statistical term.

# %% [markdown]
# $G/M$ mixes two things: how strong the filters are on average, $\mu\mu^\top$, and how they vary together,
# $\text{Cov}$. Which is larger?


# %%
def sizes(block):
    """How large μμᵀ and Cov are alone, compared with G/M."""
    mu, covariance = mean_and_covariance(block.flatten(1))
    whole = style.mean_gram(block).norm()
    return {
        "means": (torch.outer(mu, mu).norm() / whole).item(),
        "covariance": (covariance.norm() / whole).item(),
    }


# %%
parts = {layer: sizes(block) for layer, block in features_s.items()}
plots.bars(parts, ylabel="size / size of G/M")

# %%
least = min(each["means"] for each in parts.values())
ratio = min(each["means"] / each["covariance"] for each in parts.values())

# %% claim="means" tags=["nbval-check-output"]
claim("least size of the means' part, relative to G/M", least, above=1 / 2)
claim("means over covariance, at least", ratio, above=1)

# %% [markdown]
# **Explain.** In every layer the means are the larger part, in `relu4_1` only just. (The sizes of two matrices need not
# add up to the size of their sum.) After a ReLU no answer is negative, so nothing cancels, and the means are large.
# Lesson 07 asks what becomes of style when they are subtracted.

# %% [markdown]
# ## 4. Read G as lengths and angles
#
# Rows of $F$ are vectors with $M$ numbers. Entry $kk'$ is the inner product of two of them, with the angle
# $\theta_{kk'}$ between them:
#
# $$\begin{aligned}
# G_{kk} &= f_k \cdot f_k = \lVert f_k \rVert^2 && \text{how much of filter } k \text{ there is} \\
# G_{kk'} &= f_k \cdot f_{k'} = \lVert f_k \rVert \, \lVert f_{k'} \rVert \cos\theta_{kk'} && \text{two lengths and an angle} \\
# \lvert G_{kk'} \rvert &\le \lVert f_k \rVert \, \lVert f_{k'} \rVert = \sqrt{G_{kk}\, G_{k'k'}} && \text{Cauchy–Schwarz: } \lvert\cos\theta\rvert \le 1 \\
# G_{kk'} &\ge 0 && \text{after a ReLU all } F_{ki} \ge 0 \\
# v^\top G\, v &= v^\top F F^\top v = \lVert F^\top v \rVert^2 \ge 0 && \text{for all } v: \text{positive semidefinite}
# \end{aligned}$$


# %%
def cosines(G):
    """cos θ between every two rows of F, from G alone; 0 for a filter that is silent."""
    lengths = G.diagonal().sqrt()
    return G / torch.outer(lengths, lengths).clamp_min(1e-12)


# %%
by_strength = gram_matrix(features_s["relu2_1"]).diagonal().argsort(descending=True)
G_s = gram_matrix(features_s["relu2_1"][by_strength])
plots.matrices(
    {"G of relu2_1 (roots)": G_s.sqrt(), "cos θ": cosines(G_s)},
    alt="Two square matrices of relu2_1, strongest filters first: G fades from its bright upper left corner; the "
    "cosines have a bright diagonal of ones and are mixed elsewhere",
)

# %% [markdown]
# Both matrices list the strongest filters first. **Look at** the left one: it fades from the corner, because lengths
# dominate it. The right one has only the angles. Its diagonal is 1, because each filter agrees with itself; a bright
# spot off the diagonal marks two filters that answer at the same places.

# %%
negative, over, lower, eigenvalues = [], [], [], []
for block in features_s.values():
    G = gram_matrix(block)
    bound = torch.outer(G.diagonal(), G.diagonal()).sqrt()
    negative.append(int((G < 0).sum()))
    over.append(int((G - bound > 1e-9 * bound.max()).sum()))
    eigenvalues.append(torch.linalg.eigvalsh(G / G.norm()).min())
    lower.append((G.sum() - G.trace()) / (G.numel() - len(G)) / G.diagonal().mean())

# %% claim="entries" tags=["nbval-check-output"]
claim("negative entries in five layers", sum(negative), equals=0)
claim("entries above Cauchy and Schwarz's bound", sum(over), equals=0)
claim("mean entry off the diagonal, by the mean on it, at most", max(lower), below=0.6)

# %% claim="semidefinite" tags=["nbval-check-output"]
claim("smallest eigenvalue of G, by the size of G", min(eigenvalues), above=-1e-9)

# %% [markdown]
# ### Is the diagonal the most important?
#
# In a forum on that lecture, someone read the diagonal in just this way: many wavy lines make one entry large, and no
# orange leaves another near zero. They also guessed that the other entries are smaller, "so the diagonal might be the
# most important factor".

# %% [markdown]
# They are smaller, as you just saw. But what is the diagonal's share of $\sum G^2$, of the style cost $E_l \propto \sum
# (G_X/M_X - G_S/M_S)^2$, and how long is its part of the gradient, which lesson 03 derives?

# %%
parts = {}
for layer, block in features_x.items():
    target, F = style.mean_gram(features_s[layer]), block.flatten(1)
    difference = style.mean_gram(block) - target
    on = torch.diag(difference.diagonal())
    of_sum = target.diagonal().square().sum() / target.square().sum()
    of_cost = on.square().sum() / difference.square().sum()
    of_gradient = (on @ F).norm() / (difference @ F).norm()
    parts[layer] = {"of Σ G²": of_sum, "of the cost": of_cost, "of the gradient": of_gradient}
    parts[layer] = {name: round(share.item(), 2) for name, share in parts[layer].items()}
plots.bars(parts, ylabel="the diagonal's share")

# %%
most_of_cost = max(share["of the cost"] for share in parts.values())
most_of_gradient = max(share["of the gradient"] for share in parts.values())
of_entries = {layer: 1 / len(block) for layer, block in features_x.items()}  # N of N² entries
worth = min(share["of the cost"] / of_entries[layer] for layer, share in parts.items())

# %% claim="diagonal's share" tags=["nbval-check-output"]
claim("largest share of a layer's cost that the diagonal has", most_of_cost, below=1 / 3)
claim("largest length of its part of a gradient, relative to the whole", most_of_gradient, below=1 / 3)
claim("smallest ratio of its share of the cost to its share of the entries", worth, above=3)

# %% [markdown]
# **Explain.** A diagonal entry is worth several others, as guessed. But there are $N$ of one kind and $N^2 - N$ of the
# other, so most of the cost and most of the pull come from off the diagonal. Is the small part enough to paint with?
# Lesson 07 tries.

# %% [markdown]
# ### "The image will learn not to use orange"
#
# The forum also predicted that a style without orange drives orange out. Nothing *learns* here, since the network is
# frozen, but the pixels move. Here the style is the stripes alone.

# %%
striped = relations["independent"].mean(0, keepdim=True).expand(3, -1, -1)  # grey: stripes, no orange
goal = style.mean_gram(painted.two_filter_bank(striped))
x = relations["independent"]
rate = 0.02 * x[0].numel()
for _ in range(100):  # plain descent: a step against the gradient
    x = x.detach().requires_grad_()
    (style.mean_gram(painted.two_filter_bank(x)) - goal).square().sum().backward()
    x = x - rate * x.grad

# %%
x = x.detach().clamp(0, 1)
amounts = {
    name: style.mean_gram(painted.two_filter_bank(picture)).diagonal().tolist()
    for name, picture in {"before": relations["independent"], "style": striped, "after": x}.items()
}
plots.row(
    {"before": relations["independent"], "style": striped, "after": x},
    alt="Striped and orange tiles; the same stripes in grey; and the first picture again, its orange faded to a brownish "
    "grey, with weaker stripes in those tiles and stronger ones in the grey",
)

# %%
plots.table(
    {name: {"stripes": both[0], "orange": both[1]} for name, both in amounts.items()}, "diagonal of G/M"
)

# %% claim="orange goes" tags=["nbval-check-output"]
claim("stripes kept", amounts["after"][0] / amounts["before"][0], above=0.9)
claim("orange kept", amounts["after"][1] / amounts["before"][1], below=0.03)

# %% [markdown]
# **Explain.** The style's diagonal entry for orange is 0. Any orange in the picture raises the cost, so the gradient
# takes it away, wherever it is, though ever more slowly: the pull fades with what is left. (An entry is a
# mean *square*: what is left of it is the square of the share of orange that you still see.)

# %% [markdown]
# The stripes' entry was right already and stays, but not tile by tile: the entry off the diagonal must go to 0, too. So
# stripes fade where orange was, and grow stronger elsewhere.

# %% [markdown]
# ## 5. It forgets where
#
# The sum over $i$ doesn't care in which order the positions come.

# %% [markdown]
# **Predict.** Shuffle the columns of $F$, or shuffle the *pixels of the photo* before the network sees it. Which
# leaves the Gram matrix as it was?

# %%
predict("02.shuffle")

# %% [markdown]
# In fact $G$ is blind to more. Let $Q$ be any orthogonal matrix, $Q Q^\top = I$, that mixes the columns:
#
# $$\begin{aligned}
# (FQ)(FQ)^\top &= F\, Q\, Q^\top F^\top && \text{because } (FQ)^\top = Q^\top F^\top \\
# &= F F^\top = G && \text{because } Q Q^\top = I
# \end{aligned}$$

# %%
F = features_x["relu4_1"].flatten(1)
M = F.shape[1]
order = torch.randperm(M, generator=torch.Generator().manual_seed(0))
Q = torch.linalg.qr(torch.randn(M, M, generator=torch.Generator().manual_seed(0)).double()).Q
versions = {"F": F, "F, columns shuffled": F[:, order], "F Q, columns mixed": F @ Q}

# %%
G = F @ F.T
lines = {}
for name, version in versions.items():
    lines[name] = {
        "smallest entry": version.min(),
        "share below 0": (version < 0).double().mean(),
        "change of G": (version @ version.T - G).norm() / G.norm(),
    }
plots.table(lines)

# %%
shuffled, mixed = versions["F, columns shuffled"], versions["F Q, columns mixed"]
stayed = (order == torch.arange(M)).double().mean()

# %% claim="columns" tags=["nbval-check-output"]
claim("share of the columns that moved", 1 - stayed, above=0.9)
claim("G of the shuffled columns", shuffled @ shuffled.T, equals=G)
claim("G of the mixed columns", mixed @ mixed.T, equals=G)
claim("share of F Q's entries below 0", (mixed < 0).double().mean(), above=0.4)

# %% [markdown]
# **Explain.** Nearly half the entries of $FQ$ are negative. No picture can produce them, because a ReLU has cut them
# off. If $Q$ may never make an entry negative, it has no negative entry: a row of $F$ that is 1 at one position and 0
# elsewhere becomes a row of $Q$.

# %% [markdown]
# The rows of $Q$ are perpendicular, and without negative entries two rows are so only if they are never positive in the
# same column. That leaves one 1 in each row: a permutation. So of all the mixings that $G$ cannot see, only a new order
# of the columns always stays within what a ReLU allows.

# %% [markdown]
# Now shuffle the picture, in tiles or pixel by pixel.


# %%
def shuffle(picture, tile):
    """Cut a picture into square tiles and lay them in another order."""
    height, width = (length // tile for length in picture.shape[1:])
    tiles = picture[:, : height * tile, : width * tile].reshape(3, height, tile, width, tile)
    tiles = tiles.permute(1, 3, 0, 2, 4).flatten(0, 1)
    tiles = tiles[torch.randperm(len(tiles), generator=torch.Generator().manual_seed(0))]
    return tiles.reshape(height, width, 3, tile, tile).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)


# %%
cut = {"photo": photo, "tiles of 32": shuffle(photo, 32), "single pixels": shuffle(photo, 1)}
plots.row(
    cut,
    alt="A cat; the cat in large squares, out of order; fine noise in the colours of the cat",
)


# %%
def change(shuffled):
    """How far each layer's G/M moves, as a share of its own size; first the three colours themselves."""
    kept = photo[:, : shuffled.shape[1], : shuffled.shape[2]]
    pairs = {"colours": (kept.double(), shuffled.double())}
    pairs |= {name: (block, blocks(shuffled)[name]) for name, block in blocks(kept).items()}
    G = {name: [style.mean_gram(each) for each in pair] for name, pair in pairs.items()}
    return {name: ((a - b).norm() / a.norm()).item() for name, (a, b) in G.items()}


# %%
by_tile = {tile: change(shuffle(photo, tile)) for tile in (32, 16, 8, 4, 2, 1)}
moved = {name: [by_tile[tile][name] for tile in by_tile] for name in by_tile[1]}
plots.curves(moved, "change of G/M", "halvings of a tile of 32 pixels (5: single pixels)", log=False)

# %% claim="pixels" tags=["nbval-check-output"]
claim("single pixels: change of the colours' own G", by_tile[1]["colours"], below=1e-6)
claim("single pixels: least change of a layer's", min(by_tile[1][layer] for layer in layers), above=3 / 4)
claim(
    "tiles of 32: relu5_1's change, divided by relu1_1's",
    by_tile[32]["relu5_1"] / by_tile[32]["relu1_1"],
    above=4,
)

# %% [markdown]
# **Explain.** $G$ forgets where *its columns* came from. But each column has already looked at a neighbourhood: three
# by three pixels at `relu1_1`, several tiles at `relu5_1`. Large tiles keep their insides, so the shallow layers hardly
# notice. Forgetting begins beyond a filter's reach.
#
# Small tiles lay a grain over the picture, to which filters answer strongly. Follow the curves to the right: `relu4_1`
# and `relu5_1` mind a grain of several pixels most, `relu2_1` and `relu3_1` the finest.

# %% [markdown]
# How many pixels must move before $G$ notices? Move the slider: that share of the photo's pixels trade places, and the
# rest stay.


# %%
def pixels_moved(share):
    """The photo with a share of its pixels in one another's places, and how far G moves."""
    count = photo[0].numel()
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(0))[: round(share * count)]
    pixels = photo.flatten(1).clone()
    pixels[:, chosen] = pixels[:, chosen.roll(1)]
    moved = pixels.reshape(photo.shape)
    yield moved, ", ".join(f"{name} moves by {part:.0%}" for name, part in change(moved).items())


# %% tags=["nbval-ignore-output"]
Live("share of pixels", (0, 0.01, 0.03, 0.1, 0.3, 1), pixels_moved)

# %% [markdown]
# **Look at** one pixel in a hundred: which layers mind it most? The colours' own $G$ stays at 0 % all the way. (Run the
# cell to see the panel.)

# %% [markdown]
# What about *more* of the same? Lay a map out $2 \times 2$, and $G$ sums four times as many positions. Lay a *picture*
# out $2 \times 2$, and each of its maps is almost four copies of the old one.

# %%
once, four = (blocks(relations["together"].repeat(1, n, n)) for n in (1, 2))
growth = {}
for layer in layers:
    G_1, G_4 = gram_matrix(once[layer]), gram_matrix(four[layer])
    mean_1, mean_4 = style.mean_gram(once[layer]), style.mean_gram(four[layer])
    change_of_mean = (mean_4 - mean_1).norm() / mean_1.norm()
    growth[layer] = {"G grows": G_4.norm() / G_1.norm(), "G/M changes by": change_of_mean}
plots.table(growth)

# %%
F = features_s["relu3_1"].flatten(1)
tiled = F.repeat(1, 4)  # the map laid out 2 × 2

# %% claim="tiling" tags=["nbval-check-output"]
claim("a map laid out 2 × 2 against four times its G", tiled @ tiled.T, equals=4 * F @ F.T)
claim(
    "a picture laid out 2 × 2: growth of G at relu2_1", growth["relu2_1"]["G grows"], above=3.8, below=4.2
)
claim("its change of G/M at relu2_1", growth["relu2_1"]["G/M changes by"], below=0.05)

# %% [markdown]
# **Explain.** More of the same texture makes $G$ grow with the area and leaves $G/M$ alone. For maps that is exact. A
# repeated picture has other neighbours where its rim was, and a deeper filter reaches farther across it: read the table
# downwards. Lesson 03 builds on this.

# %% [markdown]
# Gatys, Ecker and Bethge ([2015](https://arxiv.org/abs/1508.06576)) call what five layers keep "a stationary,
# multi-scale representation", which captures "texture information but not the global arrangement". *Stationary*: one
# sum over all places. *Multi-scale*: five reaches. And the arrangement?


# %%
def layout(picture):
    """Where it is bright: the brightness of 4 × 6 large fields."""
    return torch.nn.functional.adaptive_avg_pool2d(picture.mean(0)[None], (4, 6)).flatten()


def agreement(a, b):
    """Correlation of two layouts: 1 for the same arrangement, around 0 for unrelated ones."""
    return torch.corrcoef(torch.stack([layout(a), layout(b)]))[0, 1].item()


# %%
plots.table(
    {
        "painting and its shifted self, by 4 pixels": {
            "agreement": agreement(painting, painting.roll(4, 2))
        },
        "painting and first texture": {"agreement": agreement(painting, from_grams)},
        "painting and second texture": {"agreement": agreement(painting, again)},
        "first and second texture": {"agreement": agreement(from_grams, again)},
    },
    "layouts of",
)

# %% [markdown]
# With only 24 fields, how far from 0 does an agreement get by chance? Move the texture around its edges: each of 23
# moves gives a texture with nearly the same matrices and another arrangement.

# %%
of_itself = agreement(painting, painting.roll(4, 2))
of_texture = max(agreement(painting, made) for made in (from_grams, again))
height, width = from_grams.shape[1:]
moved = [
    from_grams.roll((height * i // 4, width * j // 6), (1, 2))
    for i in range(4)
    for j in range(6)
    if i or j
]
by_chance = max(abs(agreement(painting, each)) for each in moved)

# %% claim="arrangement" tags=["nbval-check-output"]
claim("agreement of the painting with itself, shifted", of_itself, above=1 / 2)
# The bound is wide, as is the next: chance gives now more and now less
claim("largest agreement of the painting with a texture", of_texture, below=1 / 2)
claim("largest by chance, up or down, of 23 moves", by_chance, below=2 / 3)

# %% [markdown]
# **Explain.** The textures at the top of this lesson have the painting's matrices and none of its layout: chance alone
# gives agreements as large as theirs. The shifted painting is far beyond.

# %% [markdown]
# ## 6. Single filters for content, pairs for style?
#
# A learner asked: is content "activating individual filters" and style "activating pairings of filters"? Two things
# differ between the two costs, though: single filters or pairs, and positions kept or summed. Try all four.

# %%
lawn, gravel = pictures.sample("grass", None), pictures.sample("gravel", None)
pieces = {
    "lawn": lawn[:, :128, :128],
    "lawn, shifted": lawn[:, 37:165, 53:181],
    "gravel": gravel[:, :128, :128],
}
plots.row(pieces, alt="Two pieces of one lawn, which agree at no single spot, and a piece of gravel")

# %% [markdown]
# **Predict.** Which of the four find the two lawns more alike than lawn and gravel?

# %%
predict("02.lawns")

# %%
views = {
    "single, kept": lambda block: block,
    "single, summed": lambda block: block.sum((1, 2)),
    "pairs, kept": lambda block: torch.einsum("khw,lhw->klhw", block, block),
    "pairs, summed": lambda block: torch.einsum("khw,lhw->kl", block, block),
}
block, shifted, other = (blocks(piece)["relu3_1"][:32] for piece in pieces.values())
ratios = {
    name: ((view(block) - view(shifted)).norm() / (view(block) - view(other)).norm()).item()
    for name, view in views.items()
}
plots.bars(
    {name: {"ratio": value} for name, value in ratios.items()}, "to shifted lawn / to gravel", line=1
)

# %% claim="two by two" tags=["nbval-check-output"]
claim("single, kept: the shifted lawn's distance, divided by gravel's", ratios["single, kept"], above=0.8)
claim("pairs, kept", ratios["pairs, kept"], above=0.8)
claim("single, summed", ratios["single, summed"], below=1 / 2)
claim("pairs, summed", ratios["pairs, summed"], below=1 / 2)

# %% [markdown]
# **Explain.** A short bar means: the same lawn, recognised. Summing over positions is what makes it a description of
# style. Summed, single filters recognise this lawn as well as pairs do. What pairs add, section 2 shows: they know
# *which* filters are strong together, and no sum of single filters can tell *together* from *apart*.

# %% [markdown]
# ## 7. Why not just compare the activations?
#
# An answer in the same thread argued with numbers: 16 channels of 1000 × 1000 are 16 million activations, and their
# Gram matrix has 256 entries. Comparing activations would "lump all channels into one big pile".
#
# Test both arguments. Take six textures, cut pieces from them elsewhere, and see which view recognises the pieces.

# %%
textures = {
    name: pictures.sample(name, None)[:, :400, :400] for name in ("grass", "gravel", "brick", "tissue")
}
textures |= {name: painted.paint(name, 400) for name in ("mosaic", "marbling")}
places = [(20, 31), (37, 53), (64, 9), (100, 120)]


# %%
def answers_at(picture, y, x):
    """The first 16 filters' answers to a piece of 128 × 128 pixels."""
    return blocks(picture[:, y : y + 128, x : x + 128])["relu1_1"][:16]


# %%
known = {name: answers_at(picture, 0, 0) for name, picture in textures.items()}
asked = [(name, answers_at(picture, *place)) for name, picture in textures.items() for place in places]


# %%
def recognised(view):
    """The share of pieces whose nearest known texture, seen through `view`, is the right one."""
    seen = {name: view(block) for name, block in known.items()}
    right = 0
    for name, block in asked:
        found = view(block)
        distance = {other: (found - there).norm().item() for other, there in seen.items()}
        right += min(distance, key=distance.get) == name
    return right / len(asked)


# %%
directions = torch.randn(256, known["grass"].numel(), generator=torch.Generator().manual_seed(0)).double()
scores = {
    "all activations": recognised(lambda block: block.flatten()),
    "256 random\nprojections": recognised(lambda block: directions @ block.flatten()),
    "one big pile,\nsorted": recognised(lambda block: block.flatten().sort().values),
    "16 means": recognised(lambda block: block.mean((1, 2))),
    "256 entries\nof G": recognised(gram_matrix),
}
plots.bars(
    {name: {"share": score} for name, score in scores.items()}, "recognised (line: by chance)", line=1 / 6
)

# %% claim="fewer numbers" tags=["nbval-check-output"]
claim("recognised by all activations", scores["all activations"], below=1 / 3)
claim("recognised by 256 random projections", scores["256 random\nprojections"], below=1 / 3)
claim("recognised by 256 entries of G", scores["256 entries\nof G"], above=3 / 4)

# %% [markdown]
# **Explain.** Having few numbers is not the point: random ones are as blind as all of them. Nor does comparing
# activations pile up the channels. It compares numbers of the same channel *at the same position*, and that is its
# trouble. A real pile, all channels sorted together, does as well as $G$ here: it has forgotten positions.
#
# So keep the numbers that stay the same when the texture is cut elsewhere. For these textures, 16 means would do.

# %% [markdown]
# The answer compared this with a pedometer. Ten sensors are read for a minute, a hundred times a second. Was the wearer
# walking, running or climbing stairs? Let us build one.

# %%
HZ, SECONDS, SENSORS = 100, 60, 10
PACE = {"walking": 1.8, "running": 2.6, "stairs": 1.4}  # steps a second
chance = torch.Generator().manual_seed(1)
BODY = {gait: torch.randn(SENSORS, 6, generator=chance) for gait in PACE}  # how a gait swings each sensor


# %%
def minute(gait):
    """One minute of one gait, (10, 6000): pace and starting moment vary from minute to minute."""
    time = torch.arange(HZ * SECONDS) / HZ + torch.rand(1, generator=chance)
    pace = PACE[gait] * (1 + 0.05 * torch.randn(1, generator=chance))
    turns = [2 * torch.pi * harmonic * pace * time for harmonic in (1, 2, 3)]
    swings = torch.stack([wave(turn) for turn in turns for wave in (torch.sin, torch.cos)])
    return BODY[gait] @ swings + torch.randn(SENSORS, HZ * SECONDS, generator=chance)


# %%
minutes = [(gait, minute(gait)) for gait in PACE for _ in range(10)]


# %%
def distances(view):
    """How far every minute is from every other one, seen through `view`."""
    seen = torch.stack([view(signals).flatten() for _, signals in minutes])
    return torch.cdist(seen, seen)


def right_of_30(distance):
    """For how many minutes the nearest other one is of the same gait."""
    nearest = distance.clone().fill_diagonal_(torch.inf).argmin(1)
    return sum(minutes[near][0] == gait for near, (gait, _) in zip(nearest, minutes, strict=True))


# %%
of_samples, of_grams = distances(lambda signals: signals), distances(lambda signals: signals @ signals.T)
plots.matrices(
    {"60,000 samples": of_samples, "10 × 10 Gram matrices": of_grams},
    alt="Distances of thirty minutes, ten per gait: by samples no dark squares, only stairs a little farther from "
    "everything; by Gram matrices three dark squares of small distances, one per gait",
)

# %% claim="pedometer" tags=["nbval-check-output"]
claim("share of the minutes recognised by samples", right_of_30(of_samples) / 30, below=2 / 3)
claim("minutes of 30 recognised by Gram matrices", right_of_30(of_grams), equals=30)

# %% [markdown]
# **Explain.** Rows and columns are ten minutes each of walking, running and stairs, and dark means near. Two minutes of
# walking rarely agree sample by sample, because the steps fall at other moments. Which sensors swing *together* is a
# property of the gait. For "minute" read "picture", for "sensor" read "filter", for "gait" read "style".

# %% [markdown]
# Mind what this shows. We *built* the gaits so that they differ in how sensors swing together, so $G$ was bound to find
# it. It illustrates the idea; it is no evidence about real walkers. And samples are unreliable rather than blind: with
# 30 other seeds they found between 10 and 28 of the 30.

# %% [markdown]
# ## 8. Count what a style is
#
# $G$ is symmetric, so $N(N+1)/2$ of its entries say all. And if there are few positions, it has a small rank:
#
# $$\begin{aligned}
# G v = 0 &\iff v^\top G v = \lVert F^\top v \rVert^2 = 0 && G \text{ is positive semidefinite} \\
# &\iff F^\top v = 0 && \text{only 0 has length 0} \\
# \operatorname{rank} G &= \operatorname{rank} F^\top && \text{both send the same } v \text{ to 0} \\
# &= \operatorname{rank} F \le \min(N, M) && F \text{ has } N \text{ rows and } M \text{ columns}
# \end{aligned}$$

# %%
small = blocks(pictures.resize(photo, 64))["relu5_1"]
N, M = small.shape[0], small[0].numel()
rank = torch.linalg.matrix_rank(gram_matrix(small)).item()
vgg19 = [n * (n + 1) // 2 for n in nstlib.networks.ARCHITECTURES["vgg19"].widths]
plots.table({"relu5_1 of a photo of 64 pixels": {"filters": N, "positions": M, "rank of G": rank}})

# %%
plots.table({"VGG-19": dict(zip(layers, vgg19, strict=True))}, "numbers that describe a style")

# %% claim="rank" tags=["nbval-check-output"]
claim("positions for each filter of relu5_1", M / N, below=1 / 6)
claim("rank of G for each position", rank / M, above=1 / 2, below=1.01)
claim("numbers that describe a style in VGG-19", sum(vgg19), equals=305_888)

# %% [markdown]
# **Explain.** A picture that leaves fewer positions than filters cannot fill its Gram matrix: many mixtures of filters
# never occur in it. The number of entries is the same for every size of picture.

# %% [markdown]
# ## 9. Why style takes several layers
#
# To match content one layer is enough, since all deeper layers are computed from it (lesson 01). Does style follow,
# too? In a forum the answer was that several layers "average each other out". Match the Gram matrix of one layer alone,
# and see. Each texture takes a few seconds.

# %%
single = ("relu1_1", "relu3_1", "relu5_1")
restyled = {layer: texture(layer) for layer in single} | {"all five": from_grams}
plots.row(
    {"painting": painting} | restyled,
    alt="The night painting; from relu1_1 yellow blots on dark blue; from relu3_1 short thick dabs in pale green, yellow "
    "and blue; from relu5_1 gaudy coloured grain; from all five layers curved strokes and glows in blue and yellow",
)

# %% [markdown]
# **Look at** what each single layer lacks. The first has the palette, but no strokes. The second has dabs of paint in
# wrong colours. The third seems to be mere grain, and yet its *own* matrix nearly agrees.
#
# In numbers: how much of $E_l$ is left at each layer, as a share of the cost of a picture whose features are all zero?


# %%
def gram_left(picture):
    """E_l by layer, as a share of that of features that are all zero."""
    E, there = style.layer_style_cost, blocks(picture)
    zero = {layer: E(0 * features_s[layer], features_s[layer]) for layer in layers}
    return {layer: (E(there[layer], features_s[layer]) / zero[layer]).item() for layer in layers}


# %%
left = {name: gram_left(picture) for name, picture in restyled.items()}
plots.table(left, "matched at / left at")

# %% claim="style does not follow" tags=["nbval-check-output"]
# The bound is wide: how far off a single layer leaves the others differs from painting to painting.
claim("matched at relu1_1, left at relu5_1", left["relu1_1"]["relu5_1"], above=0.3)
claim("matched at all five, most that is left", max(left["all five"].values()), below=0.1)
claim("matched at one, least of the most left", min(max(left[one].values()) for one in single), above=0.3)

# %% [markdown]
# **Explain.** Content compares position by position, and the next layer is computed from just these numbers. A Gram
# matrix has summed the positions away. *How much* blue and yellow there is does not say how they lie beside each other,
# and that is what the next layer looks at.
#
# So style must ask at every depth. That is no averaging: each layer adds what the others lack. Lesson 04 weighs them.

# %% [markdown]
# The forum also expected several layers to bring "less content of the style image". Is it their number that removes the
# painting's hills and stars? Compare layouts once more.

# %%
plots.table(
    {
        name: {"agreement with the painting": agreement(painting, picture)}
        for name, picture in restyled.items()
    },
    "matched at",
)

# %% [markdown]
# **Explain.** Not one of them has the painting's layout, however many layers were matched. The sum over positions
# removes it, in every layer by itself.

# %% [markdown]
# ## 10. Does it hold on the true network?
#
# The lessons run on minivgg, which imitates VGG-16 in small. On ImageNet's VGG-16, with the same pictures, all of this
# lesson's claims hold. Some numbers move: the diagonal makes up at most 0.21 of a layer's cost on minivgg and 0.10 on
# VGG-16, and 256 entries of $G$ recognise 0.92 of the pieces on minivgg and 0.88 on VGG-16. The whole table is in
# [docs/true_network.md](../docs/true_network.md).

# %% [markdown]
# ## Recap
#
# - $G_{kk'} = \sum_i F_{ki} F_{k'i}$, all at once $G = F F^\top$: which filters are strong at the same places.
# - The diagonal holds squared lengths, the rest lengths and angles: how much there is, and what goes with what.
# - $G/M = \text{Cov} + \mu\mu^\top$: not a correlation, because the means stay in.
# - The sum forgets where, beyond each filter's reach. That makes it style.
# - It holds $N(N+1)/2$ numbers per layer, whatever the picture's size, and style needs several layers.

# %% [markdown]
# ## On your own
#
# - Find the two filters of `relu2_1` with the largest entry off the diagonal for a painting of yours, and show both
#   maps.
# - Mirror a picture left to right. Which layers' Gram matrices notice?
# - Take one sensor away from the pedometer at a time. How few are enough?
