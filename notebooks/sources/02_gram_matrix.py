# %% [markdown]
# # 02 · Which filters fire together: the Gram matrix
#
# **What you will do.** Build the Gram matrix from pairs of numbers, then find out by experiment what it keeps of a
# picture and what it forgets.
#
# **You will be able to** compute G = F Fᵀ in four ways, read its diagonal and the entries off it, and say why it stands
# for style where the activations stand for content.
#
# **You need** lesson 00 and 45 minutes.

# %%
import os

import torch

import nstlib
from nstlib import painted, pictures, plots, style
from nstlib.studio import Live

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))
network = nstlib.networks.load(layers=nstlib.networks.STYLE_LAYERS)


# %%
def blocks(picture):
    """Each style layer's features (N, H, W), in float64."""
    return {layer: block[0].double() for layer, block in network(picture[None]).items()}


# %%
features_x, features_s = blocks(photo), blocks(painting)

# %%
layer = "relu2_1"
plots.gram_maps(
    style.mean_gram(features_x[layer]), style.mean_gram(features_s[layer]), ("photo", "painting")
)

# %% [markdown]
# *In the figure:* two square matrices in blue and yellow, for a photo of a cat and for a painting of a night sky, and
# their difference in orange and violet.
#
# **Look at** how unlike they are, though both are made by the same filters. Such a matrix is what this course calls
# style. It is built in one line; this lesson asks what is in it.

# %% [markdown]
# ## 1. Multiply two filters at every position
#
# Two filters look at three positions. Each row of F holds one filter's answers.
#
# **Predict.** At how many positions are both filters at work? What do you get if you multiply the two rows position by
# position and add the products?

# %%
F = torch.tensor([[1.0, 2.0, 0.0], [3.0, 1.0, 2.0]])
plots.matrices({"F": F, "G = F Fᵀ": F @ F.T})

# %% [markdown]
# *In the figure:* F with the rows 1, 2, 0 and 3, 1, 2; beside it G with 5 and 14 on its diagonal and 5 twice beside it.
#
# **Look at** G's upper right: 1·3 + 2·1 + 0·2 = 5, from the two positions where both answer.
#
# In letters: **G<sub>kk'</sub> = Σ<sub>i</sub> F<sub>ki</sub> F<sub>k'i</sub>**, where i runs over the M positions, and
# k and k' over the N filters.


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
loops, one_line, einsum = gram_loops(F), F @ F.T, torch.einsum("ki,li->kl", F, F)

print(loops.tolist())
print("loops, one line and einsum agree:", torch.equal(loops, one_line) and torch.equal(loops, einsum))
assert loops.tolist() == [[5, 5], [5, 14]] and torch.equal(loops, one_line) and torch.equal(loops, einsum)

# %% [markdown]
# The network returns a block (N, H, W). Unroll it first: a row a filter, a column a position.


# %%
def gram_matrix(features):
    """G = F Fᵀ of a block (N, H, W), divided by nothing."""
    F = features.flatten(1)
    return F @ F.T


# %% claim="own function" tags=["nbval-check-output"]
for name, block in features_x.items():
    assert gram_matrix(block).allclose(style.gram_matrix(block)), name
    assert gram_matrix(block)[3, 5].allclose((block[3] * block[5]).sum()), (
        "two maps, multiplied and summed"
    )
print("the same as the library's gram_matrix in", len(features_x), "layers")

# %% [markdown]
# **A mistake made on purpose.** A batch of B pictures is a block (B, N, H, W). Code that was written for one picture is
# often given a whole batch, and unrolls it to B·N rows.
#
# **Predict.** What shape has F Fᵀ then, and what do its extra entries mean?

# %%
batch = torch.stack([features_x["relu1_1"], features_s["relu1_1"]])
mixed = batch.flatten(2).flatten(0, 1) @ batch.flatten(2).flatten(0, 1).T
right = batch.flatten(2) @ batch.flatten(2).mT
N = batch.shape[1]

# %% claim="batch" tags=["nbval-check-output"]
print(
    "mistaken:",
    "2N × 2N" if mixed.shape == (2 * N, 2 * N) else mixed.shape,
    "  right:",
    len(right),
    "of N × N",
)
print(
    "the right ones are its two diagonal blocks:",
    right[0].allclose(mixed[:N, :N]) and right[1].allclose(mixed[N:, N:]),
)
assert right.shape == (2, N, N) and right[0].allclose(mixed[:N, :N]) and right[1].allclose(mixed[N:, N:])
assert mixed[:N, N:].norm() > 0.1 * mixed.norm()  # what it mixes is not small

# %% [markdown]
# **Explain.** The other blocks multiply the filters of one picture with those of *another*, at the same positions.
# Nobody asked for that, and no error is raised. Keep the batch as a dimension of its own.
#
# ## 2. Read one entry: stripes and orange
#
# The lecture's example: one filter answers to vertical texture, another to orange. If a style's orange parts are
# striped, both are strong at the same places. Here are pictures made for this question.

# %%
relations = {name: painted.textured_tint(name, 128) for name in ("together", "apart", "independent")}
plots.row(relations)

# %% [markdown]
# *In the figure:* three boards of square tiles; half of the tiles have vertical stripes, half are orange.
#
# **Look at** which tiles are both. Together: all striped tiles are orange. Apart: none. Independent: half of them. The
# stripes are the same in all three, and there is as much orange in each.
#
# **Predict.** Two hand-made filters measure stripes and orange, 1 where they find it and 0 elsewhere. Which entries of
# the 2 × 2 matrix G/M differ?

# %%
answers = {
    name: painted.two_filter_bank(picture).flatten(1).double() for name, picture in relations.items()
}
plots.matrices({name: F @ F.T / F.shape[1] for name, F in answers.items()})

# %% [markdown]
# *In the figure:* three matrices with 0.5 twice on the diagonal. Off it stand 0.5, 0 and 0.25.
#
# **Look at** the diagonals: they are equal, for each picture has as many stripes and as much orange. Only the entry off
# the diagonal tells the pictures apart.

# %%
G = {name: F @ F.T / F.shape[1] for name, F in answers.items()}
p = G["together"][0, 0].item()  # the share of striped positions
off = {name: round(gram[0, 1].item(), 4) for name, gram in G.items()}

# %% claim="stripes and orange" tags=["nbval-check-output"]
print(
    "diagonals equal:",
    all(gram.diagonal().allclose(G["apart"].diagonal(), atol=1e-4) for gram in G.values()),
)
print("off the diagonal:", off, " p =", round(p, 4), " p² =", round(p**2, 4))
assert all(gram.diagonal().allclose(G["apart"].diagonal(), atol=1e-4) for gram in G.values())
assert abs(off["together"] - p) < 1e-4 and off["apart"] < 1e-4 and abs(off["independent"] - p**2) < 1e-4

# %% [markdown]
# **Explain.** *Independent* gives p², not zero: where half the tiles are striped and half are orange, a quarter are
# both by chance. That is the clue to a word used loosely. G is often said to hold *correlations*, and a correlation
# would be zero here.

# %% [markdown]
# ## 3. It is not a correlation
#
# **Predict.** A covariance subtracts each filter's mean first. What must be added to a covariance to get G/M?
#
# <details><summary>Compare with your prediction</summary>
#
# The products of the means. With μ<sub>k</sub> for the mean of row k: G/M = Cov + μμᵀ.
#
# </details>


# %%
def mean_and_covariance(F):
    """μ of each row of F, and the covariance of the rows."""
    mu = F.mean(1)
    centred = F - mu[:, None]
    return mu, centred @ centred.T / F.shape[1]


# %%
_, of_independent = mean_and_covariance(answers["independent"])

# %% claim="covariance" tags=["nbval-check-output"]
for name, block in features_s.items():
    mu, covariance = mean_and_covariance(block.flatten(1))
    assert style.mean_gram(block).allclose(covariance + torch.outer(mu, mu)), name
print(
    "G/M = Cov + μμᵀ in",
    len(features_s),
    "layers; independent has covariance 0:",
    abs(of_independent[0, 1].item()) < 1e-6,
)
assert abs(of_independent[0, 1]) < 1e-6 < G["independent"][0, 1]

# %% [markdown]
# **Explain.** The Gram matrix mixes two things: how strong the filters are on average (μμᵀ) and how they vary together
# (Cov). The lecture says so itself: "correlation" conveys the intuition, but the means are not subtracted. Lesson 07
# asks what happens if they are.

# %% [markdown]
# ## 4. Read the diagonal
#
# G<sub>kk</sub> is the sum of squares of one filter's answers: *how much* of it there is. Wavy lines everywhere make
# one diagonal entry large; no orange leaves another near zero. So far a forum guessed right. It went on: entries off
# the diagonal will be lower, "so the diagonal might be the most important factor".
#
# **Predict.** Of Σ G², of E<sub>l</sub> and of the gradient: how much is the diagonal's?

# %% claim="entries" tags=["nbval-check-output"]
for block in features_s.values():
    G = gram_matrix(block)
    bound = torch.outer(G.diagonal(), G.diagonal()).sqrt()
    assert G.min() >= 0, "features behind a ReLU are not negative, nor are their products"
    assert (G - bound).max() <= 1e-9 * bound.max(), "G_kk' is at most the root of G_kk G_k'k'"
    assert (G.sum() - G.trace()) / (G.numel() - len(G)) < 0.6 * G.diagonal().mean(), (
        "a typical one is lower"
    )
print("no entry is negative, none exceeds its bound; off the diagonal the mean entry is lower")

# %% claim="diagonal's share" tags=["nbval-check-output"]
for name, block in features_x.items():
    difference = style.mean_gram(block) - style.mean_gram(features_s[name])
    on = torch.diag(difference.diagonal())
    F = block.flatten(1)
    of_cost = (on.square().sum() / difference.square().sum()).item()
    of_gradient = ((on @ F).norm() / (difference @ F).norm()).item()
    print(
        f"{name}: less than a half of E_l: {of_cost < 0.5}, more than its share of the entries: {of_cost > 1 / len(on)}"
    )
    assert 1 / len(on) < of_cost < 0.5 and of_gradient < 0.5

# %% [markdown]
# **Explain.** Each diagonal entry is larger than a typical other one, as guessed. But there are N of the one kind and
# N² − N of the other. In minivgg the diagonal has 6 to 28 % of E<sub>l</sub> and pulls with 7 to 29 % of the
# gradient's strength: far more than its share of the entries, far less than most. Does it suffice for a picture?
# Lesson 07 tries.

# %% [markdown]
# ## 5. It forgets where
#
# The sum over i does not care in which order the positions come.
#
# **Predict.** Shuffle the columns of F, or shuffle the *pixels of the photo* and send that through the network. Which
# Gram matrices stay the same?

# %% claim="columns" tags=["nbval-check-output"]
order = torch.Generator().manual_seed(0)
for name, block in features_x.items():
    F = block.flatten(1)
    shuffled = F[:, torch.randperm(F.shape[1], generator=order)]
    assert (shuffled @ shuffled.T).allclose(F @ F.T) and not shuffled.allclose(F), name
print("columns in another order, the same G: True")


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
plots.row(cut)

# %% [markdown]
# *In the figure:* a cat; the cat in squares, out of order; fine coloured noise.
#
# **Look at** the noise: it has every single pixel of the cat, and nothing of its texture.


# %%
def change(shuffled):
    """How far each layer's G/M moves, as a share of its own size; first the three colours themselves."""
    kept = photo[:, : shuffled.shape[1], : shuffled.shape[2]]
    pairs = {"RGB": (kept.double(), shuffled.double())}
    pairs |= {name: (block, blocks(shuffled)[name]) for name, block in blocks(kept).items()}
    G = {name: [style.mean_gram(each) for each in pair] for name, pair in pairs.items()}
    return {name: ((a - b).norm() / a.norm()).item() for name, (a, b) in G.items()}


# %% claim="pixels" tags=["nbval-check-output"]
by_pixels, by_tiles = change(cut["single pixels"]), change(cut["tiles of 32"])
print("pixels shuffled: the colours' G is unchanged:", by_pixels["RGB"] < 1e-6, end="; ")
print("every layer's changes by more than half:", all(by_pixels[name] > 0.5 for name in features_x))
print("tiles shuffled: relu5_1 changes more than three times as much as relu1_1:", end=" ")
print(by_tiles["relu5_1"] > 3 * by_tiles["relu1_1"])
assert by_pixels["RGB"] < 1e-6 and all(by_pixels[name] > 0.5 for name in features_x)
assert by_tiles["relu5_1"] > 3 * by_tiles["relu1_1"] and by_tiles["relu1_1"] < 0.3

# %% [markdown]
# **Explain.** G forgets where *its columns* came from. But each column has already looked at a neighbourhood: three by
# three pixels at relu1_1, several tiles at relu5_1. Shuffling tiles changes nothing within one, so the shallow layers
# hardly notice. Forgetting begins beyond a filter's reach.

# %% [markdown]
# How many pixels must move before G notices? Move the slider: that share of the photo's pixels changes places, the rest
# stays.


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
# *In the panel:* the photo, with coloured grain that grows to the right until no cat is left; below it, by how much each
# layer's G has moved.
#
# **Look at** one pixel in a hundred: which layers mind it most? The colours' own G stays at 0 % all the way.

# %%
F = features_s["relu3_1"].flatten(1)
tiled = F.repeat(1, 4)  # the map laid out 2 × 2
once, four = (blocks(relations["together"].repeat(1, n, n))["relu2_1"] for n in (1, 2))
raw = (gram_matrix(four).norm() / gram_matrix(once).norm()).item()
mean = ((style.mean_gram(four) - style.mean_gram(once)).norm() / style.mean_gram(once).norm()).item()

# %% claim="tiling" tags=["nbval-check-output"]
print("features laid out 2 × 2: G is 4 times as large:", (tiled @ tiled.T).allclose(4 * F @ F.T))
print(
    "a picture laid out 2 × 2: G about 4 times as large:",
    abs(raw - 4) < 0.2,
    " G/M within 5 %:",
    mean < 0.05,
)
assert (tiled @ tiled.T).allclose(4 * F @ F.T) and abs(raw - 4) < 0.2 and mean < 0.05

# %% [markdown]
# **Explain.** More of the same texture makes G grow with its area and leaves G/M alone. For features that is exact. A
# picture, repeated, has other neighbours where its rim was, hence "within 5 %" at relu2_1; a deeper filter reaches
# farther across the rim and differs more. Lesson 03 builds on this.

# %% [markdown]
# ## 6. Single filters for content, pairs for style?
#
# A learner asked whether content is single filters and style is pairs of them. Two things differ between the two costs,
# though: single or pairs, and positions kept or summed. Try all four.
#
# **Predict.** Two pieces of one lawn, and gravel. Which of the four finds the two lawns alike?

# %%
lawn, gravel = pictures.sample("grass", None), pictures.sample("gravel", None)
pieces = {
    "lawn": lawn[:, :128, :128],
    "lawn, shifted": lawn[:, 37:165, 53:181],
    "gravel": gravel[:, :128, :128],
}
plots.row(pieces)

# %% [markdown]
# *In the figure:* the same grass twice, the second piece cut a little further down and to the right, and gravel.
#
# **Look at** any single spot: the two lawns do not agree anywhere.

# %% claim="two by two" tags=["nbval-check-output"]
views = {
    "single, kept": lambda block: block,
    "single, summed": lambda block: block.sum((1, 2)),
    "pairs, kept": lambda block: torch.einsum("khw,lhw->klhw", block, block),
    "pairs, summed": lambda block: torch.einsum("khw,lhw->kl", block, block),
}
A, shifted, other = (blocks(piece)["relu3_1"][:32] for piece in pieces.values())
finds = {}
for name, view in views.items():
    near, far = (view(A) - view(shifted)).norm(), (view(A) - view(other)).norm()
    finds[name] = bool(near < far / 2)
    print(f"{name}: the shifted lawn is nearer than half of gravel's distance: {finds[name]}")
assert finds == {
    "single, kept": False,
    "single, summed": True,
    "pairs, kept": False,
    "pairs, summed": True,
}

# %% [markdown]
# **Explain.** It is the **sum** that makes style. Single filters, summed, already find the lawn; pairs with their
# positions kept do not. Section 2 shows what pairs add: they know *which* filters are strong together. So: summing
# forgets where, pairing remembers with whom.

# %% [markdown]
# ## 7. Why not just compare the activations?
#
# An answer in the same thread argued with numbers: 16 channels of 1000 × 1000 are 16 million activations, their Gram
# matrix 256 numbers. Is it good because it is *small*?
#
# **Predict.** Take 256 random projections of the activations: as few numbers. Six textures; pieces cut elsewhere are to
# be recognised. Who finds them?

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


# %% claim="fewer numbers" tags=["nbval-check-output"]
directions = torch.randn(256, known["grass"].numel(), generator=torch.Generator().manual_seed(0)).double()
scores = {
    "all activations": recognised(lambda block: block.flatten()),
    "256 random projections": recognised(lambda block: directions @ block.flatten()),
    "256 entries of G": recognised(gram_matrix),
}
for name, score in scores.items():
    print(f"{name}: more than three in four recognised: {score > 0.75}")
assert (
    scores["256 entries of G"]
    > 0.75
    > 0.6
    > max(scores["all activations"], scores["256 random projections"])
)

# %% [markdown]
# **Explain.** Few numbers are not the point: random ones are as blind as all of them. What counts is *which* are kept:
# those that stay the same when the texture is cut elsewhere.
#
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
def share_right(view):
    """For each minute, look for the nearest other one: how often is it the same gait?"""
    seen = torch.stack([view(signals).flatten() for _, signals in minutes])
    distance = torch.cdist(seen, seen).fill_diagonal_(torch.inf)
    return (
        sum(minutes[near][0] == gait for near, (gait, _) in zip(distance.argmin(1), minutes, strict=True))
        / 30
    )


# %% claim="pedometer" tags=["nbval-check-output"]
raw, gram = share_right(lambda signals: signals), share_right(lambda signals: signals @ signals.T)
print(
    f"60,000 samples: fewer than two in three right: {raw < 2 / 3};  10 × 10 Gram: all right: {gram == 1}"
)
assert gram == 1 and raw < 2 / 3

# %% [markdown]
# **Explain.** Two minutes of walking rarely agree sample by sample: the steps fall at other moments. Which sensors swing
# *together* is a property of the gait. Replace "minute" by "picture", "sensor" by "filter" and "gait" by "style".
#
# Is this one run luck? With 30 other seeds the Grams found 30 of 30 each time; the samples found between 10, which is
# chance, and 28, in the mean 15. So samples are unreliable, not always blind.

# %% [markdown]
# ## 8. Count what a style is
#
# G is symmetric, so N(N + 1)/2 of its entries say all. And its rank is at most M: it is made of M columns.
#
# **Predict.** Take a picture so small that relu5_1 has fewer positions than filters. What do you know about G then?

# %%
small = blocks(pictures.resize(photo, 64))["relu5_1"]
N, M = small.shape[0], small[0].numel()
rank = torch.linalg.matrix_rank(gram_matrix(small)).item()
vgg19 = [n * (n + 1) // 2 for n in nstlib.networks.ARCHITECTURES["vgg19"].widths]

# %% claim="rank" tags=["nbval-check-output"]
print("more filters than positions:", N > M, "  rank of G at most M:", rank <= M)
print("numbers that are a style to VGG-19, by layer:", vgg19, " in all:", sum(vgg19))
assert N > M >= rank > 0 and sum(vgg19) == 305_888

# %% [markdown]
# ## Recap
#
# - **G<sub>kk'</sub> = Σ<sub>i</sub> F<sub>ki</sub> F<sub>k'i</sub>**, all at once **G = F Fᵀ**: which filters are
#   strong at the same places.
# - The diagonal says how much of each filter there is; the rest says what goes with what.
# - G/M = Cov + μμᵀ: not a correlation, the means stay in.
# - The sum forgets where, beyond each filter's reach. That makes it style.
# - It holds N(N + 1)/2 numbers a layer, whatever the picture's size.

# %% [markdown]
# ## On your own
#
# - Find the two filters of relu2_1 with the largest entry off the diagonal for a painting of yours, and show both maps.
# - Mirror a picture left to right. Which layers' Gram matrices notice?
# - Take one sensor away from the pedometer at a time. How few are enough?
