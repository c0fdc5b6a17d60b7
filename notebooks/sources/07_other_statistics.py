# %% [markdown]
# # 07 · What else could style be?
#
# **What you will do.** Replace the Gram matrix by four other summaries of a layer, find a blind spot of each, then keep
# a photo's colours, blend two paintings and repaint half a picture.
#
# **You will be able to** write five style statistics by hand, say what each cannot see, and change what a run asks for
# without touching its loop.
#
# **You need** lesson 03 and 60 minutes.

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
network = nstlib.networks.load()
whole = nstlib.stylize(photo, painting, Settings(size=side), network)
diagonal = nstlib.stylize(photo, painting, Settings(size=side, statistic="diagonal"), network)
plots.row({"painting": painting, "whole Gram matrix": whole, "its diagonal alone": diagonal})

# %% [markdown]
# *In the figure:* a night sky in blue and yellow strokes; the cat repainted with the whole Gram matrix; the cat
# repainted with its diagonal alone. Both wear the painting's colours.
#
# **Look at** the background on the right of each cat. With the whole matrix it is blue, brushed, and of one piece. With
# the diagonal it is a mix of coloured specks.


# %%
def with_statistic(statistic):
    """The steps of a run with one statistic."""
    settings = Settings(size=side, statistic=statistic)
    for step in nstlib.steps(photo, painting, settings, network):
        yield step.picture, f"step {step.index + 1}, J = {step.total:.3g}"


# %% tags=["nbval-ignore-output"]
Live("statistic", ("gram", "diagonal"), with_statistic)

# %% [markdown]
# *In the panel:* the two runs, live. Go to and fro, and watch one place of the background.

# %% [markdown]
# ## 1. Keep the diagonal only
#
# Two learners once asked: does the diagonal not say most of what style is? *What if you only used the diagonal as your
# loss function?* One of them promised to try. Let us.
#
# The diagonal's entry G<sub>kk</sub> = Σ<sub>i</sub> F<sub>ki</sub>² says how much of filter k there is. So
#
# E<sub>l</sub><sup>diagonal</sup> = Σ<sub>k</sub> (G<sub>X,kk</sub>/M<sub>X</sub> − G<sub>S,kk</sub>/M<sub>S</sub>)² /
# (4 N²)


# %%
def diagonal_style_cost(F_x, F_s):
    """The diagonal's part of E_l."""
    x, s = F_x.square().mean(1), F_s.square().mean(1)
    return (x - s).square().sum() / (4 * len(x) ** 2)


# %% [markdown]
# **Predict.** The mean of F<sub>ki</sub>² over i needs no product of two filters. Below are N = 2 filters at M = 3
# positions, for X and for S. What is the cost?
#
# <details><summary>Compare with your prediction</summary>
#
# Row by row: (1 + 1 + 4)/3 − (4 + 1 + 1)/3 = 0, and 0 − 9/3 = −3. So 9/16.
#
# </details>

# %%
tiny_x = torch.tensor([[1.0, 1.0, 2.0], [0.0, 0.0, 0.0]])
tiny_s = torch.tensor([[2.0, 1.0, 1.0], [0.0, 3.0, 0.0]])
loops = 0.0
for k in range(2):
    G_x = sum(tiny_x[k, i] * tiny_x[k, i] for i in range(3))
    G_s = sum(tiny_s[k, i] * tiny_s[k, i] for i in range(3))
    loops += (G_x / 3 - G_s / 3) ** 2 / (4 * 2**2)

# %% claim="three views" tags=["nbval-check-output"]
print(
    "loops:", round(loops.item(), 4), "  one line:", round(diagonal_style_cost(tiny_x, tiny_s).item(), 4)
)
assert loops.isclose(torch.tensor(9 / 16)) and loops.isclose(diagonal_style_cost(tiny_x, tiny_s))


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
# matrix: what share of the photo's distance to the painting is left?

# %% claim="the diagonal works" tags=["nbval-check-output"]
for layer in features_s:
    mine = diagonal_style_cost(features_c[layer].flatten(1), features_s[layer].flatten(1))
    assert mine.allclose(
        nstlib.statistics.STATISTICS["diagonal"].cost(features_c[layer], features_s[layer])
    ), layer
print("same as the library's diagonal in", len(features_s), "layers")

diagonal_left = left(diagonal)
print("less than half of the whole Gram cost is left in every layer:", max(diagonal_left.values()) < 0.5)
assert max(diagonal_left.values()) < 0.5

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Less than half in every layer, in most of them far less. So the guess was good: *yes, it still works.*
#
# </details>
#
# **Explain.** |G<sub>kk'</sub>| can be no larger than √(G<sub>kk</sub> G<sub>k'k'</sub>): the diagonal sets a limit for
# everything beside it. And N numbers stand for N (N + 1)/2. What is lost, then?

# %% [markdown]
# ## 2. Find what the diagonal loses
#
# Lesson 02's boards have the same stripes and the same amount of orange. Only *which goes with which* differs.

# %%
relations = {name: painted.textured_tint(name) for name in ("together", "apart", "independent")}
plots.row(relations, height=2.0)

# %% [markdown]
# *In the figure:* three boards of 8 × 8 tiles with vertical stripes on half of the tiles. Together, every striped tile
# is orange; apart, every plain tile is; independent, half of each kind are.
#
# **Look at** the stripes: they lie on the same tiles in all three boards.
#
# **Predict.** Two hand-made filters answer 1 where there are stripes, or orange, and 0 elsewhere. Which statistics see
# a difference between the boards: the diagonal, the whole matrix?

# %% claim="blind by hand" tags=["nbval-check-output"]
bank = {name: painted.two_filter_bank(board).double() for name, board in relations.items()}
for name in ("apart", "independent"):
    of_diagonal = diagonal_style_cost(bank["together"].flatten(1), bank[name].flatten(1)).item()
    of_gram = nstlib.style.layer_style_cost(bank["together"], bank[name]).item()
    print(f"together against {name}: diagonal {of_diagonal:.4f}, whole matrix {of_gram:.4f}")
    assert of_diagonal < 1e-9 and of_gram > 0.005

# %% [markdown]
# **Explain.** With this bank no picture could be made to tell them apart: to the diagonal the three boards are one. A
# painter who puts orange on her waves and one who puts it between them get the same numbers.
#
# Our network has more than two filters.
#
# **Predict.** How well does the diagonal do in its first layer, and in a deep one? Watch `conv1_1` too, which is
# `relu1_1` before the ReLU.

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
    return {layer: ((a[layer] - b[layer]).norm() / b[layer].norm()).item() for layer in layers}


# %% claim="deep diagonals see" tags=["nbval-check-output"]
by_diagonal, by_gram = apart(lambda G: G.diagonal()), apart(lambda G: G)
for layer in layers:
    print(f"{layer}: diagonal {by_diagonal[layer]:.0%}, whole matrix {by_gram[layer]:.0%}")
rising = [by_diagonal[layer] for layer in layers[:5]]
print("the diagonal tells more with every layer from conv1_1 to relu4_1:", rising == sorted(rising))
assert rising == sorted(rising) and by_diagonal["conv1_1"] < 0.03
assert (
    by_diagonal["relu1_1"] < by_gram["relu1_1"] / 2 and by_diagonal["relu4_1"] > 0.9 * by_gram["relu4_1"]
)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Before the ReLU nothing tells the boards apart, not even the whole matrix. Behind it the diagonal sees a third of what
# the matrix sees. Four blocks deep it sees as much.
#
# </details>
#
# Why? Let the network answer to four kinds of tiles: striped and orange, striped only, orange only, neither. If a
# filter's answer to *both* is just the sum of the two, it knows nothing of the pair.

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


# %% claim="conjunctions" tags=["nbval-check-output"]
extra = []
for layer in layers[:5]:
    a = answers(layer)
    more_than_sum = (a["both"] - a["plain"]) - (a["striped"] - a["plain"]) - (a["orange"] - a["plain"])
    extra.append((more_than_sum.norm() / (a["both"] - a["plain"]).norm()).item())
    print(f"{layer}: {extra[-1]:.0%} of the answer to both is no sum of its parts")
assert extra == sorted(extra) and extra[0] < 0.03 and extra[-1] > 0.4

# %% [markdown]
# **Explain.** A convolution only adds up. The ReLU makes a filter's answer to two things differ from the sum of its
# answers to each, and every further layer combines such answers again. A deep filter *already answers to the
# conjunction*, "orange stripe", so its own entry on the diagonal counts the pairs.
#
# (In `relu5_1` one position looks at several tiles at once, so the comparison by tiles ends before it.)

# %% [markdown]
# Does the loss show in a picture? Take the first layer alone, S together, and start X from the board *apart*.


# %%
def move(statistic, seed=0):
    """Repaint "apart" as "together", by this statistic of relu1_1; how much of the orange is on stripes afterwards?"""
    board, goal = painted.textured_tint("apart", 128, seed), painted.textured_tint("together", 128, seed)
    settings = Settings(size=128, alpha=0, style_layers=("relu1_1",), statistic=statistic)
    moved = nstlib.stylize(board, goal, settings, network)
    stripes, orange = painted.two_filter_bank(goal)[0] > 0.5, painted.two_filter_bank(moved)[1]
    return moved, (orange[stripes].sum() / orange.sum()).item()


# %%
plots.row(
    {"X begins": painted.textured_tint("apart", 128), "S": painted.textured_tint("together", 128)}
    | {f"by {name}": move(name)[0] for name in ("gram", "diagonal")}
)

# %% [markdown]
# *In the figure:* the board X begins with, plain orange tiles and grey stripes; the board S, orange stripes on grey; X
# after a run by the Gram matrix, orange stripes; X after a run by the diagonal, still orange tiles and grey stripes.
#
# **Look at** the large tile at the bottom left. By the matrix it fades to grey, though no term asks for *places*. By
# the diagonal it stays as it is.

# %% claim="orange moves" tags=["nbval-check-output"]
for seed in range(3):
    of_gram, of_diagonal = move("gram", seed)[1], move("diagonal", seed)[1]
    print(
        f"deal {seed}: more than half of the orange is on stripes by gram: {of_gram > 0.5}, by diagonal: {of_diagonal > 0.5}"
    )
    assert of_gram > 0.5 and of_diagonal < 0.35

# %% [markdown]
# So the answer to the thread: the diagonal works, since deep filters count pairs on their own. In the shallow layers,
# where colours and strokes live, it cannot say which colour goes with which stroke. Those were the specks in the first
# figure.

# %% [markdown]
# ## 3. Two numbers a filter: mean and spread
#
# Batch normalisation shifts and scales every filter by its mean μ<sub>k</sub> and standard deviation σ<sub>k</sub>. Li
# et al. (2017, arXiv:1701.01036) turned that around: let μ and σ *be* the style.
#
# E<sub>l</sub><sup>moments</sup> = Σ<sub>k</sub> ((μ<sub>X,k</sub> − μ<sub>S,k</sub>)² + (σ<sub>X,k</sub> −
# σ<sub>S,k</sub>)²) / N
#
# **Predict.** What do μ and σ know of filter k that G<sub>kk</sub>/M does not?


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
print("same as the library's moments:", statistics_cost(F_c, F_s).allclose(library))
print("G_kk / M is μ² + σ²:", F_s.square().mean(1).allclose(mu**2 + sigma**2))
print("a texture is at distance 0 from its own tiling:", statistics_cost(tiled, F_s).item() < 1e-20)
assert statistics_cost(F_c, F_s).allclose(library) and F_s.square().mean(1).allclose(mu**2 + sigma**2)
assert statistics_cost(tiled, F_s) < 1e-20

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# They know how G<sub>kk</sub>/M = μ² + σ² is divided: a filter that answers weakly everywhere, or strongly in a few
# spots.
#
# </details>
#
# **Explain.** The *population* deviation divides by M. `torch.std` divides by M − 1 unless told otherwise, and then a
# texture has a distance to its own tiling.

# %% [markdown]
# ## 4. Pairs without the means: covariance
#
# Lesson 02 found G/M = Cov + μμᵀ. Take the first part alone:
#
# Cov<sub>kk'</sub> = (1/M) Σ<sub>i</sub> (F<sub>ki</sub> − μ<sub>k</sub>)(F<sub>k'i</sub> − μ<sub>k'</sub>)
#
# **Predict.** Let every answer of one filter grow by the same amount. What does the Gram matrix notice, and what the
# covariance?


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
print(
    "same as the library's covariance:",
    covariance(F_s).allclose(nstlib.statistics.covariance(features_s["relu3_1"])),
)
print(
    "the Gram matrix notices the raised filter:",
    in_gram.item() > 0.01,
    "  the covariance:",
    change.item() > 1e-9,
)
assert covariance(F_s).allclose(nstlib.statistics.covariance(features_s["relu3_1"]))
assert in_gram > 0.01 and change < 1e-9

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# The Gram matrix changes in row and column 7. The covariance does not change at all.
#
# </details>
#
# **A mistake made on purpose.** `F - F.mean(1)` stops with an error: the shapes (N, M) and (N,) do not fit. A common
# repair is `F.mean(0)`, for then it runs. The result is N × N and symmetric.
#
# **Predict.** Which single line would show that it is wrong?


# %%
def wrong_covariance(F):
    """The mistake: the mean of each *position* is taken off."""
    centred = F - F.mean(0)
    return centred @ centred.T / F.shape[1]


# %% claim="wrong mean" tags=["nbval-check-output"]
right, wrong = covariance(F_s), wrong_covariance(F_s)
small = 1e-9 * right.abs().max()

print("symmetric:", wrong.allclose(wrong.T), "  the right shape:", wrong.shape == right.shape)
print(
    "its rows add up to 0:",
    bool((wrong.sum(1).abs() < small).all()),
    "  those of the right one:",
    end=" ",
)
print(bool((right.sum(1).abs() < small).all()))
print("it notices a raised filter:", not wrong_covariance(raised).allclose(wrong))
assert (
    wrong.allclose(wrong.T) and (wrong.sum(1).abs() < small).all() and (right.sum(1).abs() > small).any()
)
assert not wrong_covariance(raised).allclose(wrong)

# %% [markdown]
# **Explain.** Whoever subtracts the mean over *filters* makes the filters add up to 0 at every position, so each row of
# the result adds up to 0. A shape cannot show that, nor can symmetry. Ask of a function what it must *not* notice: here
# the raised filter.

# %% [markdown]
# ## 5. All of the distribution: sliced Wasserstein
#
# Take the M columns of F as a cloud of points with N coordinates, as at the end of lesson 03. Look at the cloud along
# one direction θ: every point becomes a number. Sort the numbers of X and of S, and compare the smallest with the
# smallest, and so on. Then take another θ (Heitz et al., 2021, arXiv:2006.07229).


# %%
def sliced_wasserstein(F_x, F_s, seed=0):
    """The mean, over N random directions, of squared differences of sorted projections; for M_X = M_S."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.randn(len(F_x), len(F_x), generator=generator, dtype=torch.float64)
    directions = directions / directions.norm(dim=1, keepdim=True)
    x, s = ((directions @ F).sort(1).values for F in (F_x, F_s))
    return (x - s).square().mean()


# %%
library = nstlib.statistics.STATISTICS["sliced_wasserstein"].cost(
    features_c["relu3_1"], features_s["relu3_1"]
)
order = torch.randperm(F_s.shape[1], generator=torch.Generator().manual_seed(1))

# %% claim="sorted" tags=["nbval-check-output"]
print("same as the library's sliced_wasserstein:", sliced_wasserstein(F_c, F_s).allclose(library))
print(
    "the same columns in another order are at distance 0:",
    sliced_wasserstein(F_s[:, order], F_s).item() < 1e-20,
)
assert sliced_wasserstein(F_c, F_s).allclose(library)
assert sliced_wasserstein(F_s[:, order], F_s) < 1e-20 < (F_s[:, order] - F_s).square().mean()

# %% [markdown]
# Now one step by hand. Each column of X knows its *rank* along θ, and so which number of S it should have there. Move
# it along θ by just what is missing.
#
# **Predict.** How far is the moved cloud from S, seen along θ? And seen along a direction at a right angle to θ?

# %%
generator = torch.Generator().manual_seed(0)
theta, other = torch.linalg.qr(torch.randn(len(F_c), 2, generator=generator, dtype=torch.float64)).Q.T
x, s = theta @ F_c, theta @ F_s
missing = torch.empty_like(x)
missing[x.argsort()] = s.sort().values - x.sort().values
moved = F_c + theta[:, None] * missing

# %% claim="one step" tags=["nbval-check-output"]
print("along θ the clouds agree:", (theta @ moved).sort().values.allclose(s.sort().values))
print("at a right angle nothing moved:", (other @ moved).allclose(other @ F_c))
assert (theta @ moved).sort().values.allclose(s.sort().values) and (other @ moved).allclose(other @ F_c)
assert not x.sort().values.allclose(s.sort().values)

# %% [markdown]
# **Explain.** One direction is settled exactly, the others not at all. The gradient of the cost pulls along this same
# `missing`, for all N directions at once, and the network carries the pull down to the pixels.
#
# No mean, no product: the sorted numbers hold *all* that can be said along θ. The price is N · M numbers and a sort.

# %% [markdown]
# ## 6. What can each of them not see?
#
# Four pairs of features, each alike in some way:

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
}

# %% [markdown]
# The third pair has the same mean square: an even grey and spots (Risser, Wilmot and Barnes, 2017, arXiv:1701.08893).
# The fourth has the same mean and the same spread.
#
# **Predict.** Which statistic is blind to which pair? Only one of the five sees all four.

# %%
names = ("gram", "diagonal", "moments", "covariance", "sliced_wasserstein")
five = {name: nstlib.statistics.STATISTICS[name] for name in names}

# %% claim="blind spots" tags=["nbval-check-output"]
sees = {}
for name, pair in pairs.items():
    for key, statistic in five.items():
        scale = statistic.cost(pair[0], torch.zeros_like(pair[0]))
        sees[name, key] = bool(statistic.cost(*pair) > 1e-6 * scale)
    print(f"{name + ':':30}", ", ".join(key for key in five if sees[name, key]))
assert [name for name in pairs if not sees[name, "gram"]] == list(pairs)[2:]
assert [name for name in pairs if not sees[name, "diagonal"]] == [
    list(pairs)[place] for place in (0, 2, 3)
]
assert [name for name in pairs if not sees[name, "moments"]] == [list(pairs)[place] for place in (0, 3)]
assert [name for name in pairs if not sees[name, "covariance"]] == [
    list(pairs)[place] for place in (1, 3)
]
assert all(sees[name, "sliced_wasserstein"] for name in pairs)

# %% [markdown]
# **Explain.** Each line names those that see the pair. To be blind is not to be bad: what a statistic does not ask for,
# it leaves to the content cost and to chance.
#
# **Predict.** A program reports 0.02 by moments and 0.05 by the Gram matrix, for the same picture. Is it nearer by
# moments?

# %%
growth = {}
for key, statistic in five.items():
    once = statistic.cost(features_c["relu3_1"], features_s["relu3_1"])
    twice = statistic.cost(2 * features_c["relu3_1"], 2 * features_s["relu3_1"])
    growth[key] = round((twice / once).item(), 6)

# %% claim="units" tags=["nbval-check-output"]
print("features twice as strong, cost times:", growth)
assert list(growth.values()) == [16, 16, 4, 16, 4]

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Nobody can say. Double all features and the first number is 0.08, the second 0.8, for the same two pictures.
#
# </details>
#
# **Explain.** The costs have different units, fourth powers and squares of features. So values of *different*
# statistics are never compared. The library divides each by its own cost against zero features, and a table needs one
# yardstick for all. Ours is the share of the Gram cost that is left.

# %%
shown, table = {}, {}
for key in five:
    *_, last = nstlib.transfer.steps(photo, painting, Settings(size=side, statistic=key), network)
    shown[key] = last.picture
    table[key] = {
        "left": sum(left(last.picture).values()) / len(features_s),
        "step": last.seconds / last.index,
    }

# %%
kept = {}
for key, statistic in five.items():
    shapes = [statistic.summarise(block).shape for block in features_s.values()]
    symmetric = key in ("gram", "covariance")  # N (N + 1) / 2 different numbers
    kept[key] = sum(
        n * (n + 1) // 2 if symmetric else shape.numel() for shape in shapes for n in shape[-1:]
    )

print(f"{'statistic':20}{'numbers kept':>14}{'time a step / gram':>20}{'Gram cost left':>16}")
for key, line in table.items():
    print(f"{key:20}{kept[key]:14,}{line['step'] / table['gram']['step']:20.2f}{line['left']:16.0%}")

# %%
plots.row(shown)

# %% [markdown]
# *In the figure:* the cat five times, by the Gram matrix, the diagonal, moments, covariance and sliced Wasserstein. All
# five are clearly repainted.
#
# **Look at** the palette of the fourth, warmer and more yellow than the rest: covariance does not ask for the
# painting's mean colours.
#
# The Gram run wins the last column of the table: that is what it was told to lower. Read the column as *how much of
# this comes for free*.

# %% claim="all of them work" tags=["nbval-check-output"]
for key in shown:
    print(f"{key}: less than half of the Gram cost is left, over all layers: {table[key]['left'] < 0.5}")
assert all(line["left"] < 0.5 for line in table.values())

# %% [markdown]
# **Explain.** Pairs are a refinement, not the essence: "second order interaction in Gram matrix is not a must", write
# Li et al. What all five share is that they *sum over positions*. That makes them style.

# %% [markdown]
# ## 7. A network that has learned nothing
#
# So far the filters were trained. He, Wang and Hopcroft (2016, arXiv:1606.04801) and Ustyuzhaninov et al. (2016,
# arXiv:1606.00021) found that *random* filters carry textures and styles as well. Ours has minivgg's shapes, and
# random weights scaled so that no layer dies out.
#
# **Predict.** What will the random network transfer: the palette, the grain, the strokes?

# %%
from nstlib.networks.vgg import Network, random_weights

untrained = Network("untrained", network.architecture, nstlib.networks.DEFAULT)
random_weights(untrained, seed=0)
by_random = nstlib.stylize(photo, painting, Settings(size=side), untrained)
plots.row({"photo": photo, "trained filters": whole, "random filters": by_random})

# %% [markdown]
# *In the figure:* the photo; the cat in strokes of the night sky; the cat by random filters, darker and with more
# contrast, covered with a fine grain in many colours.
#
# **Look at** the fur of the third. It is still the photo's fur, with another palette and a grain laid over it.

# %% claim="random filters" tags=["nbval-check-output"]
random_left, trained_left = left(by_random), left(whole)
for layer in ("relu1_1", "relu2_1"):
    print(
        f"{layer}: random filters came nearer to the painting than the photo was: {random_left[layer] < 0.9}"
    )
    assert random_left[layer] < 0.9
by_random_filters, by_trained = sum(random_left.values()), sum(trained_left.values())
print(
    "random filters leave more than twice as much, over all layers:", by_random_filters > 2 * by_trained
)
assert by_random_filters > 2 * by_trained

# %% [markdown]
# **Explain.** The judge here is the trained network, which favours its own run. Still, eyes agree: with a small network
# and sixty steps, random filters carry palette and grain, and hardly a stroke. The papers used full-size networks and
# far longer runs; `networks.load("random-vgg19")` lets you try, if you have the time.
#
# So the *form* of the statistic does part of the work without any learning. Strokes need filters that know them.

# %% [markdown]
# ## 8. Keep the photo's colours
#
# A picture that kept its own colours made someone ask in a thread: *"did you make any changes to the loss function
# setup at all?"* The answer was "same loss". Here are two ways, and neither touches the loss (Gatys et al., 2016,
# arXiv:1606.05897).

# %% [markdown]
# **First way: repaint the painting.** Give S the colours of C, then run as always. A picture's pixels have a mean
# m (3 numbers) and a covariance Σ (3 × 3). Every pixel p of S becomes
#
# Σ<sub>C</sub><sup>½</sup> Σ<sub>S</sub><sup>−½</sup> (p − m<sub>S</sub>) + m<sub>C</sub>


# %%
def colours(picture):
    """The pixels as columns (3, H·W), their mean and their covariance."""
    pixels = picture.double().flatten(1)
    return pixels, pixels.mean(1, keepdim=True), covariance(pixels)


# %%
def root(A):
    """The symmetric square root: stretch along A's own axes by the roots of its eigenvalues."""
    values, axes = torch.linalg.eigh(A)
    return axes @ values.sqrt().diag() @ axes.T


# %%
def match_colour(style, content):
    """The style with the content's mean and covariance of red, green and blue, not clipped."""
    (pixels, m_s, cov_s), (_, m_c, cov_c) = colours(style), colours(content)
    turn = root(cov_c) @ torch.linalg.inv(root(cov_s))
    return (turn @ (pixels - m_s) + m_c).reshape(style.shape)


# %% [markdown]
# **Predict.** Other matrices A with A Aᵀ = Σ would serve too, a triangular one for example. What could go wrong with
# it if a program stores pictures as blue, green, red?

# %%
matched = match_colour(painting, photo)
(_, m, cov), (_, m_c, cov_c) = colours(matched), colours(photo)
backwards = match_colour(painting.flip(0), photo.flip(0)).flip(0)

# %% claim="matched colours" tags=["nbval-check-output"]
print("the content's mean:", m.allclose(m_c), "  its covariance:", cov.allclose(cov_c))
print("the same picture, whatever the order of the channels:", backwards.allclose(matched))
assert m.allclose(m_c) and cov.allclose(cov_c) and backwards.allclose(matched)
assert not cov.allclose(colours(painting)[2], rtol=0.1)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# A triangular root treats the first channel in another way than the last, so each order gives other colours. The
# symmetric root knows no order.
#
# </details>
#
# **Second way: repaint only the light.** Run on grey pictures. Then give every pixel of the photo the new luminance,
# 0.299 red + 0.587 green + 0.114 blue, and leave the difference of each colour to it alone.


# %%
def luminance(picture):
    """Each pixel's luminance, as a grey picture of three equal channels."""
    weights = torch.tensor([0.299, 0.587, 0.114]).to(picture)
    return torch.einsum("c,chw->hw", weights, picture).repeat(3, 1, 1)


light_c, light_s = luminance(photo), luminance(painting)
light_s = ((light_s - light_s.mean()) / light_s.std() * light_c.std() + light_c.mean()).clamp(0, 1)

# %%
settings = Settings(size=side)
by_match = nstlib.stylize(photo, matched.float().clamp(0, 1), settings, network)
new_light = nstlib.stylize(light_c, light_s, settings, network)
by_light = (photo + luminance(new_light) - light_c).clamp(0, 1)

# %%
plots.grid(
    {
        "S": {
            "as it is": painting,
            "colours matched": matched.float().clamp(0, 1),
            "light only": light_s,
        },
        "X": {"as it is": whole, "colours matched": by_match, "light only": by_light},
    }
)

# %% [markdown]
# *In the figure:* above, the painting as it is, in the photo's browns, and in grey. Below, the cat made from each: blue
# and yellow; brown and pale with strokes; brown with strokes that change only its light.
#
# **Look at** the strokes on the forehead. In the middle a stroke may be browner than its neighbour. On the right it can
# only be lighter or darker.


# %%
def away(picture):
    """How far the colours are from the photo's: pixel by pixel, and as a palette."""
    by_pixel = (picture - luminance(picture)) - (photo - light_c)
    cov, cov_c = colours(picture)[2], colours(photo)[2]
    palette = (cov - cov_c).norm() / cov_c.norm()
    return by_pixel.square().mean().sqrt().item(), palette.item()


# %%
(plain_pixel, plain_palette), (match_pixel, match_palette), (light_pixel, light_palette) = (
    away(picture) for picture in (whole, by_match, by_light)
)

# %% claim="what each keeps" tags=["nbval-check-output"]
print(
    "palette: both nearer to the photo's than the plain run:",
    max(match_palette, light_palette) < plain_palette,
)
print("pixel by pixel: light only is nearer than matched colours:", light_pixel < 0.5 * match_pixel)
print("                matched colours are nearer than the plain run:", match_pixel < plain_pixel)
assert max(match_palette, light_palette) < plain_palette
assert light_pixel < 0.5 * match_pixel and match_pixel < plain_pixel

# %% [markdown]
# **Explain.** Matching keeps the photo's *palette* and lets the painting say where its colours go: the pairing of
# colour and stroke survives. Light only keeps the photo's colour at *every pixel*, and so gives that pairing up. The
# loss is the same in both. What changed is what was handed to it, or what was taken from it.

# %% [markdown]
# ## 9. Blend two paintings
#
# `Settings(style_blend=…)` blends too. But half a picture is beyond it, so we write a loop: any function of a picture
# will do.


# %%
def descend(cost, x, steps=40):
    """Move the pixels of x downhill by Adam."""
    x = x.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=0.03)
    for _ in range(steps):
        adam.zero_grad()
        cost(x).backward()
        adam.step()
        x.data.clamp_(0, 1)
    return x.detach()


# %% [markdown]
# Two paintings S₁ and S₂, a share w between 0 and 1. There are two natural wishes:
#
# - a weighted sum of costs, w E<sub>l</sub>(X, S₁) + (1 − w) E<sub>l</sub>(X, S₂);
# - one cost with a blended target, w G₁/M₁ + (1 − w) G₂/M₂.
#
# **Predict.** Do they ask for different pictures?

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
F = features_c["relu3_1"].clone().requires_grad_()
G, G_1, G_2 = nstlib.style.mean_gram(F), targets_1["relu3_1"], targets_2["relu3_1"]
two_costs = w * distance(G, G_1) + (1 - w) * distance(G, G_2)
one_target = distance(G, blended(w)["relu3_1"])
pulls = [torch.autograd.grad(cost, F, retain_graph=True)[0] for cost in (two_costs, one_target)]

# %% claim="one blended target" tags=["nbval-check-output"]
print("the two costs differ by a constant, w (1 − w) times the paintings' distance:", end=" ")
print((two_costs - one_target).allclose(w * (1 - w) * distance(G_1, G_2)))
print(
    "so their gradients agree:",
    pulls[0].allclose(pulls[1], rtol=1e-6, atol=1e-9 * pulls[0].abs().max().item()),
)
assert (two_costs - one_target).allclose(w * (1 - w) * distance(G_1, G_2))
assert pulls[0].allclose(pulls[1], rtol=1e-6, atol=1e-9 * pulls[0].abs().max().item())

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# No: the gradients are equal. E<sub>l</sub> is a squared distance, and the sum of squared distances to two points is
# lowest where the distance to their weighted mean is.
#
# </details>
#
# And the blended target is a picture's: paint w of its area like S₁ and the rest like S₂, and it has this G/M, but for
# the seam.


# %%
def relative(value, goal):
    """A Gram's distance to its goal, as a share of the distance that a picture without features has."""
    return distance(value, goal) / distance(torch.zeros_like(goal), goal)


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
plots.row({"S₁": painting} | {f"w = {w}": picture for w, picture in blends.items()} | {"S₂": second})

# %% [markdown]
# *In the figure:* the night sky, the cat painted like it, like both, and like the second painting; and that second
# painting, an etching in dark violet and sand.
#
# **Look at** the background and the eyes: their blue fades from left to right. The strokes change too, but less.

# %%
of_1, of_2 = {}, {}
for w, picture in blends.items():
    grams_x = {layer: nstlib.style.mean_gram(block) for layer, block in blocks(picture).items()}
    of_1[w] = sum(relative(G, targets_1[layer]).item() for layer, G in grams_x.items())
    of_2[w] = sum(relative(G, targets_2[layer]).item() for layer, G in grams_x.items())

# %% claim="between" tags=["nbval-check-output"]
print(
    "the blend is nearer to the first painting than the second's picture is:", of_1[0.5] < 0.7 * of_1[0.0]
)
print("and nearer to the second than the first's picture is:", of_2[0.5] < 0.7 * of_2[1.0])
assert of_1[0.5] < 0.7 * of_1[0.0] and of_2[0.5] < 0.7 * of_2[1.0]

# %% [markdown]
# ## 10. Repaint one half
#
# A mask is a picture of one channel, 1 where the style shall hold and 0 elsewhere. Shrink it to the layer's map, call
# it v, and sum over the masked positions alone:
#
# G<sub>kk'</sub> = Σ<sub>i</sub> v<sub>i</sub> F<sub>ki</sub> F<sub>k'i</sub>, divided by Σ<sub>i</sub> v<sub>i</sub>
# in place of M.


# %%
def masked_gram(features, mask):
    """G over the masked positions, divided by their number."""
    v = torch.nn.AdaptiveAvgPool2d(features.shape[-2:])(mask[None]).to(features)
    return nstlib.style.gram_matrix(features * v.sqrt()) / v.sum()


left_half = torch.zeros(photo.shape[1:])
left_half[:, : photo.shape[2] // 2] = 1

# %% [markdown]
# **Predict.** E<sub>l</sub> with this Gram pulls at the features inside the mask only. Does it leave the *pixels*
# outside alone?

# %% claim="mask" tags=["nbval-check-output"]
border, reach = int(left_half[0].sum()), []
for layer in list(features_s)[:3]:
    x = photo.clone().requires_grad_()
    block = network(x[None])[layer][0]
    E = relative(masked_gram(block, left_half), targets_1[layer].float())
    by_features, by_pixels = torch.autograd.grad(E, (block, x))
    right_half = torch.nn.AdaptiveAvgPool2d(block.shape[-2:])(left_half[None])[0] == 0
    assert by_features.any() and not by_features[:, right_half].any(), layer
    reach.append(by_pixels.abs().sum((0, 1)).nonzero().max().item() + 1 - border)

print("no pull at features outside the mask: True")
print(
    f"but at pixels, up to {reach[0]} column beyond it from relu1_1, and farther from each deeper layer:",
    end=" ",
)
print(reach == sorted(set(reach)))
assert reach[0] == 1 and reach == sorted(set(reach))

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# No. A position inside the mask looks at pixels beyond its border: at the next column in `relu1_1`, and deeper at many
# more.
#
# </details>
#
# That looks harmless: only a strip along the border. So mask the Gram matrices, keep the content cost for the rest, and
# run.
#
# **Predict.** Adam divides each pixel's gradient by its own typical size. What will it make of a tiny pull?

# %%
J = towards(targets_1, summarise=lambda block: masked_gram(block, left_half))
cost_masked = descend(J, photo)
both_masked = descend(lambda x: J(photo + left_half * (x - photo)), photo)
both_masked = photo + left_half * (both_masked - photo)
plots.row({"photo": photo, "Gram matrices masked": cost_masked, "pixels masked too": both_masked})

# %% [markdown]
# *In the figure:* the photo; the cat with a painted left half, and a right half in its own colours but rough, as if
# carved; the cat with the same left half, and the photo untouched on the right.
#
# **Look at** the right half in the middle. It has no style to follow, and yet it did not stay.

# %%
change = {
    name: (x - photo).abs().mean((0, 1)) for name, x in (("cost", cost_masked), ("both", both_masked))
}
inside, outside = change["cost"][:border].mean().item(), change["cost"][border:].mean().item()

# %% claim="half" tags=["nbval-check-output"]
print(
    "Gram matrices masked: the right half moved at least a third as much as the left:",
    outside > inside / 3,
)
print("pixels masked too: the left half moved at least half as much as before:", end=" ")
print(change["both"][:border].mean().item() > inside / 2)
assert outside > inside / 3 and change["both"][:border].mean() > inside / 2

# %% [markdown]
# **Explain.** The features of `relu4_2` look far, so the border's changes upset the content cost beyond it. The pull
# back is tiny, but Adam makes full steps of it, and those who hold a deep layer hold no single pixel.
#
# The cure is to let the pixels outside not take part: X = C + mask · (X − C). Then the Gram mask says *what is
# measured*, the pixel mask *what may move*. They are two questions.

# %% [markdown]
# ## Recap
#
# - All five statistics **sum over positions**; they differ in what they keep of the sum.
# - **Diagonal**: N numbers, and it works: deep filters count pairs. Shallow ones lose which colour goes with which
#   stroke.
# - **Moments** split μ² + σ²; **covariance** forgets μ; **sliced Wasserstein** sees all, for a sort and N · M numbers.
# - Different statistics have different units: never compare their values.
# - Colours, blends and masks change what is handed to the cost, or its target. The loop stays.

# %% [markdown]
# ## On your own
#
# - Which statistic gives the picture *you* like best? Compare at `size=256` with another painting.
# - Repaint the left half by one painting and the right half by another: two masked Gram matrices, one sum.
# - What would the kernel view of lesson 03 call sliced Wasserstein's opposite, the means alone? Write that cost in one
#   line and look for its blind spots.
