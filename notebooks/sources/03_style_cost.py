# %% [markdown]
# # 03 · The style cost and where its constants come from
#
# **What you will do.** Test every constant of the style cost by an experiment, then find out what five well-known
# programs really compute.
#
# **You will be able to** derive the gradient of E<sub>l</sub> by hand, say what ¼, N² and M² are for, tell which
# constants β absorbs, and convert one program's weights into another's.
#
# **You need** lesson 02 and 45 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, painted, pictures, plots
from nstlib.studio import Live

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %%
own = Settings(size=side)  # each layer's own N and M
keras = Settings(size=side, convention="keras", beta=1.1)  # 3 and HW of the picture, in every layer
both = {"N and M of the layer": own, "3 and HW of the picture": keras}
plots.row({name: nstlib.stylize(photo, painting, settings) for name, settings in both.items()})

# %% [markdown]
# *In the figure:* a cat repainted as a night sky, twice. On the left brush strokes cover it; on the right it has the
# painting's colours, but keeps the stripes of its own fur.
#
# **Look at** the fur. The two runs differ in nothing but constants. At the end of this lesson you will know which ones,
# and why no value of β turns the right picture into the left.

# %% [markdown]
# ## A puzzle to begin with
#
# A forum once praised a program for moving 1/(N² M²) *inside* the Gram matrix: it divides G by N·M there, which after
# squaring gives just that. Then the program takes the *mean* over G's entries.
#
# **Predict.** Is the result the paper's cost, up to one number in front?
#
# <details><summary>Compare with your prediction</summary>
#
# No. A mean over N × N entries divides by N² once more, and N differs from layer to layer. Section 6 measures it.
#
# </details>

# %%
network = nstlib.networks.load(layers=nstlib.networks.STYLE_LAYERS)


def blocks(picture):
    """Each style layer's features (N, H, W), in float64 so that rounding does not blur the constants."""
    return {layer: block[0].double() for layer, block in network(picture[None]).items()}


features_x, features_s = blocks(photo), blocks(painting)

# %% [markdown]
# X, the picture being made, is the photo itself for now: that is where a run starts. S is the painting, of the same
# size. All numbers below belong to this pair.
#
# ## 1. Turn two matrices into one number
#
# **Predict.** Below are two Gram matrices of a layer with two filters. Square each entry of their difference and add
# them up: what comes out?

# %%
G_x = torch.tensor([[5.0, 2.0], [2.0, 10.0]])
G_s = torch.tensor([[4.0, 0.0], [0.0, 10.0]])
plots.matrices({"G_X": G_x, "G_S": G_s, "G_X − G_S": G_x - G_s})

# %% [markdown]
# *In the figure:* two matrices of two rows, and their difference, which is 1, 2, 2 and 0.
#
# **Look at** the two equal entries off the diagonal: each pair of filters is counted twice.
#
# <details><summary>Compare with your prediction</summary>
#
# 1 + 4 + 4 + 0 = 9.
#
# </details>

# %%
loops = 0.0
for k in range(2):
    for k2 in range(2):
        loops += (G_x[k, k2] - G_s[k, k2]) ** 2
one_line = (G_x - G_s).square().sum()
frobenius = torch.linalg.matrix_norm(G_x - G_s) ** 2

# %% claim="frobenius" tags=["nbval-check-output"]
print(
    "loops:",
    loops.item(),
    "  one line:",
    one_line.item(),
    "  Frobenius norm squared:",
    round(frobenius.item(), 5),
)
assert loops == one_line == 9 and frobenius.allclose(one_line)

# %% [markdown]
# **Explain.** Three views of Σ<sub>k,k'</sub> (G<sub>X,kk'</sub> − G<sub>S,kk'</sub>)²: the loops, the line, and its
# name, the squared Frobenius norm. The paper (Gatys, Ecker and Bethge, 2015) puts a fraction before it:
#
# E<sub>l</sub> = Σ<sub>k,k'</sub> (G<sub>X,kk'</sub> − G<sub>S,kk'</sub>)² / (4 N² M²)
#
# Three constants, and no reason given for any. We write the formula down as it stands, then take it apart.


# %%
def cost(F_x, F_s):
    """E_l of the paper, for two pictures of one size."""
    N, M = F_x.shape
    return (F_x @ F_x.T - F_s @ F_s.T).square().sum() / (4 * N**2 * M**2)


# %% claim="own function" tags=["nbval-check-output"]
for layer in features_x:
    mine = cost(features_x[layer].flatten(1), features_s[layer].flatten(1))
    library = nstlib.style.layer_style_cost(features_x[layer], features_s[layer])
    assert mine.allclose(library), layer
print("same as the library's layer_style_cost in", len(features_x), "layers")

# %% [markdown]
# ## 2. Why 4?
#
# **Predict.** Take a layer with one filter and one position, so F is one number f and S has the Gram g. Then
# E = (f² − g)² / 4. What is its derivative?
#
# <details><summary>Compare with your prediction</summary>
#
# One 2 comes from the outer square, one from f². So dE/df = 2 · 2 · f · (f² − g) / 4 = (f² − g) · f. The ¼ has
# cancelled both.
#
# </details>
#
# %% [markdown]
# With many filters the second 2 is less obvious. Change one number of F: which entries of G move?

# %%
F_x, F_s = features_x["relu3_1"].flatten(1), features_s["relu3_1"].flatten(1)
N, M = F_x.shape
nudged = F_x.clone()
nudged[7, F_x.sum(0).argmax()] += 1  # filter 7, where the layer answers most
moved = (nudged @ nudged.T - F_x @ F_x.T).abs() > 1e-6
others = moved.clone()
others[7, :] = others[:, 7] = False

# %% claim="row and column" tags=["nbval-check-output"]
print("entries that moved outside row 7 and column 7:", others.sum().item())
assert not others.any() and torch.equal(moved[7], moved[:, 7]) and moved[7].sum() > N / 2

# %% [markdown]
# **Explain.** F<sub>ki</sub> stands in row k of G *and* in column k, by symmetry with equal effect: that is the second
# 2. Together with the one from the square, ∂/∂F of Σ (G<sub>X</sub> − G<sub>S</sub>)² is
# 4 (G<sub>X</sub> − G<sub>S</sub>) F, and so
#
# ∂E<sub>l</sub>/∂F = (G<sub>X</sub> − G<sub>S</sub>) F / (N² M²).
#
# No 2 and no 4 is left. Autograd has never heard of this formula; let it judge.

# %% claim="quarter" tags=["nbval-check-output"]
F = F_x.clone().requires_grad_()
(by_autograd,) = torch.autograd.grad(cost(F, F_s), F)
by_hand = (F_x @ F_x.T - F_s @ F_s.T) @ F_x / (N**2 * M**2)

print("hand and autograd agree:", by_hand.allclose(by_autograd, rtol=1e-9))
assert by_hand.allclose(by_autograd, rtol=1e-9)

# %% [markdown]
# The paper adds "0 where F < 0". But features behind a ReLU are never negative! This is the ReLU's own mask, one step
# further down: it belongs to the derivative by the convolution's answers a, before the ReLU, and not to ∂E/∂F.
#
# **Predict.** Is ∂E/∂F zero wherever F is zero?

# %%
before_relu = nstlib.networks.load(layers=["conv3_1"])(photo[None])["conv3_1"][0].double().flatten(1)
a = before_relu.requires_grad_()
(by_a,) = torch.autograd.grad(cost(a.relu(), F_s), a)
off = a <= 0

# %% claim="mask" tags=["nbval-check-output"]
print("∂E/∂a is 0 where the ReLU is off:", not by_a[off].any())
print("∂E/∂F is 0 there:", not by_hand[off].any())
assert not by_a[off].any() and by_hand[off].abs().max() > 0 and by_a.allclose(by_hand * ~off, rtol=1e-9)

# %% [markdown]
# So the 4 makes the derivative pretty. Does it do anything else? Without it, every layer's cost is four times as large.
# Then β = 10 should do what β = 40 did before.

# %%
with_4 = nstlib.stylize(photo, painting, Settings(size=side, beta=40))
without_4 = nstlib.stylize(photo, painting, Settings(size=side, beta=10, convention="mean_hw"))  # 4 · E_l
same_beta = nstlib.stylize(photo, painting, Settings(size=side, beta=10))

# %% claim="beta takes the 4" tags=["nbval-check-output"]
print("dropping the 4 changes no pixel once β makes up for it:", with_4.allclose(without_4, atol=1e-4))
assert with_4.allclose(without_4, atol=1e-4)
assert (with_4 - same_beta).abs().mean() > 0.01  # and β does matter

# %% [markdown]
# **Explain.** The ¼ is cosmetics. Who leaves it out has a β four times as strong, in every layer alike, and nothing
# else.
#
# ## 3. Why M²?
#
# M is the number of positions. Take one lawn: a square piece S, another piece of the same size, a piece twice as wide
# *and* high, and a piece of gravel.

# %%
lawn, stones = pictures.sample("grass", None), pictures.sample("gravel", None)
pieces = {
    "S": lawn[:, :128, :128],
    "same size": lawn[:, 128:256, :128],
    "four times the area": lawn[:, 128:384, 128:384],
    "gravel": stones[:, :128, :128],
}
plots.row(pieces)

# %% [markdown]
# *In the figure:* three pieces of one lawn and one of grey gravel. All are drawn equally high, so the third, which is
# twice as large, looks finer.
#
# **Look at** the third piece: it holds four times as many blades, of the same kind.
#
# **Predict.** Compare each piece with S by Σ (G<sub>X</sub> − G<sub>S</sub>)², without any constant. Which is farthest
# from S?

# %%
lawns = {name: blocks(piece) for name, piece in pieces.items()}


# %%
def distances(layer, by_area):
    """Each piece's Σ (G_X − G_S)² to S, in units of gravel's; `by_area` divides each Gram by its own M."""
    G = {name: nstlib.style.gram_matrix(block[layer]) for name, block in lawns.items()}
    if by_area:
        G = {name: G[name] / block[layer][0].numel() for name, block in lawns.items()}
    away = {name: (gram - G["S"]).square().sum().item() for name, gram in G.items()}
    return {name: value / away["gravel"] for name, value in away.items()}


# %% claim="area" tags=["nbval-check-output"]
larger = "four times the area"
for layer in features_x:
    raw, divided = distances(layer, by_area=False), distances(layer, by_area=True)
    print(
        f"{layer}: {larger}, raw {raw[larger]:.0f} × gravel's distance, divided by M {divided[larger]:.2f} ×"
    )
    assert raw[larger] > 5, "raw, the larger lawn is farther from S than gravel"
    assert divided[larger] < 0.5 and divided["same size"] < 0.5, (
        "divided, both lawns are nearer than gravel"
    )

# %% [markdown]
# **Explain.** Each position adds its products to G, so four times the area is four times G. A raw cost calls a larger
# lawn less like a lawn than gravel is. G/M is a *mean* over positions, which area cannot change. And since G is
# squared, M arrives in the denominator as M².
#
# So for pictures of unequal sizes each Gram is divided by **its own** M:
#
# E<sub>l</sub> = Σ (G<sub>X</sub>/M<sub>X</sub> − G<sub>S</sub>/M<sub>S</sub>)² / (4 N²)

# %%
tiled = F_s.repeat(1, 4)  # the same columns, four times: a 2 × 2 tiling
G, G_tiled = F_s @ F_s.T, tiled @ tiled.T
right = G_tiled / tiled.shape[1] - G / F_s.shape[1]
wrong = G_tiled / tiled.shape[1] - G / tiled.shape[1]  # the mistake: one M for both

# %% claim="tiling" tags=["nbval-check-output"]
print(
    "a texture against its own tiling, each by its own M:",
    right.abs().max().item() < 1e-9 * G.max().item(),
)
print("the same with one M for both is zero:", not wrong.any())
assert (
    G_tiled.allclose(4 * G)
    and right.abs().max() < 1e-9 * G.max()
    and wrong.norm() > 0.5 * (G / F_s.shape[1]).norm()
)

# %% [markdown]
# **A mistake made on purpose.** The last line takes X's M for both. A texture is then far from its own tiling, and the
# optimiser would darken the picture to make up for positions it does not lack. A program that insists on pictures of
# one size hides this mistake.
#
# What becomes of the gradient? M<sub>S</sub> sits inside the target; only M<sub>X</sub> remains outside:
#
# ∂E<sub>l</sub>/∂F = (G<sub>X</sub>/M<sub>X</sub> − G<sub>S</sub>/M<sub>S</sub>) F / (N² M<sub>X</sub>)

# %%
large = blocks(painted.paint("night", side + side // 2))["relu3_1"]
x = features_x["relu3_1"].clone().requires_grad_()
(by_autograd,) = torch.autograd.grad(nstlib.style.layer_style_cost(x, large), x)
G_large, M_x, M_s = nstlib.style.gram_matrix(large), F_x.shape[1], large[0].numel()
by_hand_too = (F_x @ F_x.T / M_x - G_large / M_s) @ F_x / (N**2 * M_x)

# %% claim="unequal sizes" tags=["nbval-check-output"]
print("M of X and of S:", "differ," if M_x != M_s else "agree,", "hand and autograd agree:", end=" ")
print(by_hand_too.allclose(by_autograd.flatten(1), rtol=1e-9))
assert M_x != M_s and by_hand_too.allclose(by_autograd.flatten(1), rtol=1e-9)

# %% [markdown]
# ## 4. Why N²?
#
# N is the number of filters, and G has N² entries.
#
# **Predict.** Let every filter of the layer exist twice, giving the same answers. Nothing new is said about the
# picture. What happens to the sum of squares? And to E<sub>l</sub>?

# %%
twice_x, twice_s = torch.cat([F_x, F_x]), torch.cat([F_s, F_s])
raw = (F_x @ F_x.T - F_s @ F_s.T).square().sum()
raw_twice = (twice_x @ twice_x.T - twice_s @ twice_s.T).square().sum()

# %% claim="filters twice" tags=["nbval-check-output"]
print(f"the sum of squares grows {raw_twice / raw:.2f} times")
print(f"E_l grows {cost(twice_x, twice_s) / cost(F_x, F_s):.2f} times")
assert raw_twice.allclose(4 * raw) and cost(twice_x, twice_s).allclose(cost(F_x, F_s))

# %% [markdown]
# **Explain.** Dividing by N² turns the sum over entries into their mean. A layer with more filters has more entries to
# add up, and this keeps it from counting more for that reason alone.

# %% [markdown]
# ## 5. N is not 3
#
# A picture has three colour channels; a layer has N filters, 64 to 512 in VGG-19. A widely read program writes
# `channels = 3` and `size = height * width` *of the picture* into the formula, the same for every layer.
#
# **Predict.** Which layers does that favour, the first or the deep ones?

# %%
picture_size = 400 * 400
relative = []
for block, n_filters in enumerate(nstlib.networks.ARCHITECTURES["vgg19"].widths):
    n_positions = picture_size / 4**block  # each pooling step halves height and width
    relative.append(n_filters**2 * n_positions**2 / (3**2 * picture_size**2))

# %% claim="picture's constants" tags=["nbval-check-output"]
print("VGG-19, as multiples of the paper's E_l:", [f"{factor:.3g}" for factor in relative])
print("as multiples of the deepest:", [round(factor / relative[-1]) for factor in relative])
assert [round(factor / relative[-1]) for factor in relative] == [1024, 256, 64, 16, 1]

# %% [markdown]
# **Explain.** The first layer counts 1024 times as much as it would in the paper, relative to the deepest. To see it
# takes no weights and no picture, only VGG-19's shapes: from block to block N doubles and M falls to a quarter.
#
# The thread that noticed it in 2017 was right: it matters "because the filter number changes as the network moves to
# the deeper layer".

# %% [markdown]
# ## 6. Read other people's code
#
# Five ways to write the same idea, in a few characters each. All take F of X and of S, of one size.
#
# **Predict**, before you run the second cell: which of them are the paper's cost times one fixed number, and which one
# is the puzzle's?


# %%
def gatys(X, S):  # A: the paper, DeepLearning.AI
    N, M = X.shape
    return (X @ X.T - S @ S.T).square().sum() / (4 * N**2 * M**2)


# %%
def mean_hw(X, S):  # B: TensorFlow's tutorial, fastai, pystiche
    M = X.shape[1]
    return (X @ X.T / M - S @ S.T / M).square().mean()


# %%
def sum_chw(X, S):  # C: Johnson et al. (2016), CS231n
    return ((X @ X.T - S @ S.T) / X.numel()).square().sum()


# %%
def mean_chw(X, S):  # D: neural-style, PyTorch's tutorial, Dive into Deep Learning
    return ((X @ X.T - S @ S.T) / X.numel()).square().mean()


# %%
def picture_constants(X, S):  # E: the Keras example
    return (X @ X.T - S @ S.T).square().sum() / (4 * 3**2 * (side * photo.shape[2]) ** 2)


# %% claim="families" tags=["nbval-check-output"]
HW = side * photo.shape[2]
for layer in features_x:
    X, S = features_x[layer].flatten(1), features_s[layer].flatten(1)
    N, M = X.shape
    expected = {
        gatys: 1,
        mean_hw: 4,
        sum_chw: 4,
        mean_chw: 4 / N**2,
        picture_constants: (N * M) ** 2 / (3 * HW) ** 2,
    }
    for family, factor in expected.items():
        assert torch.isclose(family(X, S) / gatys(X, S), torch.tensor(factor).double(), rtol=1e-6), (
            layer,
            family,
        )
print("factors 1, 4, 4, 4/N² and N² M² / (9 (HW)²) hold in", len(features_x), "layers")

# %% [markdown]
# **Explain.** B and C are one cost: dividing by N inside and adding up is dividing by N² once, and so is a mean. D, the
# puzzle's, does *both*, and is left with 4/N². E keeps N² M² over the picture's constants.
#
# A careful reader of B once asked where the ¼ was: `reduce_mean` gives 1/N², G/M gives 1/M², and the ¼ is nowhere. He
# was right, it is missing, and section 2 says why nobody noticed.


# %%
def get_style_loss(a, b):  # "expects two images", said the docstring
    return (a - b).square().mean()


# %%
shuffled = F_s[:, torch.randperm(F_s.shape[1], generator=torch.Generator().manual_seed(0))]
given_grams = get_style_loss(F_s @ F_s.T / M, shuffled @ shuffled.T / M)
given_features = get_style_loss(F_s, shuffled)

# %% claim="two images" tags=["nbval-check-output"]
print(
    "the same columns in another order, given two Grams: zero is",
    given_grams.item() < 1e-12 * (F_s**2).mean().item() ** 2,
)
print("given what the docstring says: zero is", given_features.item() == 0)
assert given_grams < 1e-12 * F_s.square().mean() ** 2 and given_features > 0.5 * F_s.var()

# %% [markdown]
# **Explain.** That function compares whatever it is given, entry by entry. Given two Grams it measures style, given two
# images (or their features) it measures content. A name and a docstring do not decide what a function computes; what is
# passed to it does.

# %% [markdown]
# ## 7. Which constants can β absorb?
#
# Loss values of layers are in different units. What moves the picture is the gradient by X, so compare *its* size: how
# hard does each layer pull at the pixels, as a share of all?

# %%
X = photo.clone().requires_grad_()
grams = {layer: nstlib.style.mean_gram(block) for layer, block in features_s.items()}
pull = {}
for layer, block in network(X[None]).items():
    E = nstlib.style.style_distance(nstlib.style.mean_gram(block[0]), grams[layer].float())
    pull[layer] = torch.autograd.grad(E, X, retain_graph=True)[0].norm().item()


# %%
def shares(name):
    """Each layer's share of the pull, if its cost is multiplied by the family's factor."""
    pulls = {}
    for layer, block in features_x.items():
        N, M = block.shape[0], block[0].numel()
        pulls[layer] = nstlib.conventions.factor(name, N, M, HW) * pull[layer]
    return {layer: value / sum(pulls.values()) for layer, value in pulls.items()}


# %%
names = {
    "A paper": "gatys",
    "B mean, /M": "mean_hw",
    "C sum, /NM": "sum_chw",
    "D mean, /NM": "mean_chw",
    "E Keras": "keras",
}
plots.shares(
    {name: shares(key) for name, key in names.items()}, "who pulls at the photo, λ = 1 in every layer"
)

# %% [markdown]
# *In the figure:* five bars of equal length, divided among five layers. A, B and C are divided alike; in D and E the
# first layer has a larger part, and the deep ones nearly vanish.
#
# **Look at** relu4_1 and relu5_1 in D and E. Multiplying by β makes a bar's *sum* larger and leaves its division as it
# is.

# %%
first, deepest = "relu1_1", "relu5_1"
A, B, C, D, E = (shares(key) for key in names.values())
tilt = (D[first] / D[deepest]) / (A[first] / A[deepest])
N_first, N_deepest = features_x[first].shape[0], features_x[deepest].shape[0]

# %% claim="beta cannot" tags=["nbval-check-output"]
print(
    "A, B and C divide alike:",
    all(abs(A[layer] - B[layer]) + abs(A[layer] - C[layer]) < 1e-9 for layer in A),
)
print(f"D tilts towards {first} by {tilt:.0f}, which is (N of {deepest} / N of {first})²")
assert all(abs(A[layer] - B[layer]) + abs(A[layer] - C[layer]) < 1e-9 for layer in A)
assert (
    abs(tilt / (N_deepest / N_first) ** 2 - 1) < 1e-9
    and E[first] > 2 * A[first]
    and D[deepest] < A[deepest] / 10
)

# %% [markdown]
# **Explain.** A factor that is the same number in every layer goes into β. One that holds N or M is a *layer weight in
# disguise*: only the λ<sub>l</sub> can undo it. The lecture says that a normalisation constant does not matter much,
# since it is multiplied by a hyperparameter anyway: true for the first kind, false for the second.

# %% [markdown]
# Does the disguise show in a picture? Give E the β that makes its weighted cost start where A's does. (Both runs take
# the library's own λ<sub>l</sub>, which lesson 04 explains.)


# %%
def left(picture):
    """E_l of the picture as a share of the photo's, by layer."""
    there = blocks(picture)
    E = nstlib.style.layer_style_cost
    return {
        layer: (E(there[layer], S) / E(features_x[layer], S)).item() for layer, S in features_s.items()
    }


# %%
def start(convention):
    """J_style with which a run begins, for β = 1 and α = 0."""
    settings = Settings(size=side, scales=1, alpha=0, beta=1, convention=convention)
    return next(nstlib.transfer.steps(photo, painting, settings)).total


# %%
matched = 10 * start("gatys") / start("keras")
results = {
    "A, β = 10": nstlib.stylize(photo, painting, Settings(size=side, beta=10)),
    f"E, β = {matched:.2g}": nstlib.stylize(
        photo, painting, Settings(size=side, beta=matched, convention="keras")
    ),
}
plots.row({"photo": photo} | results)

# %% [markdown]
# *In the figure:* the photo; with the paper's constants a cat covered in strokes; with the picture's constants a cat in
# the painting's colours, its stripes still there.
#
# **Look at** the scale of what has changed: with E it is the palette and the finest grain; larger shapes stay the
# photo's.

# %% claim="per-layer factors show" tags=["nbval-check-output"]
A_left, E_left = (left(picture) for picture in results.values())
for layer in A_left:
    print(f"{layer}: E leaves more than A:", E_left[layer] > A_left[layer])
print("at relu4_1 more than three times as much:", E_left["relu4_1"] > 3 * A_left["relu4_1"])
assert E_left["relu4_1"] > 3 * A_left["relu4_1"] and E_left["relu5_1"] > 3 * A_left["relu5_1"]

# %% [markdown]
# See all five live, with β = 10 and λ = 1 in every layer. First say for each whether its picture will be nearer to A's
# or to E's.


# %%
def with_constants(name):
    """The steps of a run with one family's constants."""
    weights = dict.fromkeys(features_s, 1.0)
    settings = Settings(size=side, convention=names[name], layer_weights=weights)
    for step in nstlib.steps(photo, painting, settings):
        yield step.picture, f"step {step.index + 1}, J = {step.total:.3g}"


# %% tags=["nbval-ignore-output"]
Live("family", tuple(names), with_constants)

# %% [markdown]
# *In the panel:* the cat, repainted with the constants of one family at a time; below it J, in that family's own units.

# %% [markdown]
# ## 8. Close with another view: style is a distribution
#
# Take the M columns of F as M samples: what all filters answer at one place. How far apart are two *sets of samples*?
# Statistics has a distance for that, the maximum mean discrepancy (MMD). It needs a kernel, here k(x, y) = (xᵀy)²:
#
# MMD² = mean k(x, x') + mean k(s, s') − 2 mean k(x, s)


# %%
def mean_kernel(A, B):
    """The mean of (aᵀb)² over all pairs of columns."""
    return (A.T @ B).square().mean()


# %%
mmd2 = mean_kernel(F_x, F_x) + mean_kernel(F_s, F_s) - 2 * mean_kernel(F_x, F_s)

# %% claim="mmd" tags=["nbval-check-output"]
print("E_l is MMD² / (4 N²):", cost(F_x, F_s).allclose(mmd2 / (4 * F_x.shape[0] ** 2)))
assert cost(F_x, F_s).allclose(mmd2 / (4 * F_x.shape[0] ** 2))

# %% [markdown]
# **Explain.** No Gram matrix appears in the last cell, only pairs of places. So the style cost asks: *could these two
# sets of local impressions come from one source?* In this light M² belongs to the two means over samples, and 4 N² is
# mere scale (Li, Wang, Liu and Hou, 2017, arXiv:1701.01036).

# %% [markdown]
# ## Recap
#
# - **E<sub>l</sub> = Σ (G<sub>X</sub>/M<sub>X</sub> − G<sub>S</sub>/M<sub>S</sub>)² / (4 N²)**
# - **4** makes the gradient pretty: ∂E<sub>l</sub>/∂F = (G<sub>X</sub>/M<sub>X</sub> − G<sub>S</sub>/M<sub>S</sub>) F /
#   (N² M<sub>X</sub>).
# - **M** makes pictures of different sizes comparable; each Gram takes its own.
# - **N²** makes a mean of the entries; N counts filters, never colours.
# - β absorbs a factor common to all layers. One that holds N or M is a layer weight in disguise.

# %% [markdown]
# ## On your own
#
# - Find λ<sub>l</sub> that make D divide as A does. Check with `shares`.
# - Open any style-transfer program you like. Which family is it? Which β would give the paper's picture?
# - The kernel (xᵀy)² led to the Gram matrix. What does k(x, y) = xᵀy lead to?
