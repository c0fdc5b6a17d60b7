# %% [markdown]
# # 04 · Weighing the layers
#
# **What you will do.** Switch style layers off one by one, measure how hard each of them pulls at the picture, and
# choose their weights by that.
#
# **You will be able to** say what each depth adds, why sum or average does not matter, why costs of two layers cannot
# be compared, and how to balance layers of any network.
#
# **You need** lesson 03 and 45 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, painted, pictures, plots

# %%
side = 256 if os.environ.get("NST_FULL") == "1" else 128
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %%
equal = nstlib.stylize(photo, painting, Settings(size=side, layer_weights="equal"))
relative = nstlib.stylize(photo, painting, Settings(size=side, layer_weights="relative"))
plots.row({"photo": photo, "λ equal": equal, "λ relative": relative})

# %% [markdown]
# *In the figure:* a cat; the same cat in the blue and yellow of a night sky, its fur smooth; the cat in paler colours,
# partly its own, but covered all over with short curved strokes.
#
# **Look at** the forehead. Same pair, same five layers, same β, same number of steps: the two runs differ in nothing
# but the weights λ<sub>l</sub>. Each has something the other lacks.

# %% [markdown]
# ## 1. Make one number of five costs
#
# Lesson 03 gave each layer a cost E<sub>l</sub>. The optimiser can lower only one number, so they are weighted and
# added:
#
# J<sub>style</sub> = Σ<sub>l</sub> λ<sub>l</sub> E<sub>l</sub>
#
# **Predict.** Three layers have the costs 6, 4 and 1 and the weights ½, ¼ and 2. What is J<sub>style</sub>?
#
# <details><summary>Compare with your prediction</summary>
#
# 3 + 1 + 2 = 6. The smallest cost counts twice as much as the second.
#
# </details>

# %%
E, weights = torch.tensor([6.0, 4.0, 1.0]), torch.tensor([0.5, 0.25, 2.0])
loop = 0.0
for layer in range(3):
    loop += weights[layer] * E[layer]
one_line = (weights * E).sum()

# %% claim="one number" tags=["nbval-check-output"]
print("loop:", loop.item(), "  one line:", one_line.item())
assert loop == one_line == 6


# %%
def style_cost(features_x, features_s, layer_weights):
    """J_style of two pictures' features, given by layer name."""
    E = nstlib.style.layer_style_cost
    return sum(
        weight * E(features_x[layer], features_s[layer]) for layer, weight in layer_weights.items()
    )


# %%
network = nstlib.networks.load(layers=nstlib.networks.STYLE_LAYERS)
layers = list(network.layers)
first, deepest = layers[0], layers[-1]


def blocks(picture):
    """Each style layer's features (N, H, W), in float64."""
    return {layer: block[0].double() for layer, block in network(picture[None]).items()}


# %%
features_x, features_s = blocks(photo), blocks(painting)
some = {layer: 0.5**depth for depth, layer in enumerate(layers)}
mine = style_cost(features_x, features_s, some)
library = nstlib.style.style_cost(features_x, features_s, some)
alone = {layer: style_cost(features_x, features_s, {layer: 1}) for layer in layers}

# %% claim="own function" tags=["nbval-check-output"]
print("same as the library's style_cost:", mine.allclose(library))
assert mine.allclose(library) and mine.allclose(sum(some[layer] * alone[layer] for layer in layers))

# %% [markdown]
# ## 2. Sum or average?
#
# Asked why the layers' costs are added up, someone once answered that this *averages* them; was it not a sum? The reply:
# for the optimiser both are basically the same.
#
# **Predict.** With λ<sub>l</sub> = 1 we sum, with λ<sub>l</sub> = 1/5 we average. What has to happen to β for the same
# picture?
#
# <details><summary>Compare with your prediction</summary>
#
# The sum is five times the average, whatever the picture. So with a fifth of β, J is the same number.
#
# </details>

# %%
x = {layer: block.clone().requires_grad_() for layer, block in features_x.items()}
summed = style_cost(x, features_s, dict.fromkeys(layers, 1.0))
averaged = style_cost(x, features_s, dict.fromkeys(layers, 1 / len(layers)))
by_sum = torch.autograd.grad(summed, x.values(), retain_graph=True)
by_average = torch.autograd.grad(averaged, x.values())

# %% claim="sum and average" tags=["nbval-check-output"]
print(f"sum / average: {summed / averaged:.3f} in the cost")
print(
    "and in each number of the gradient:",
    all(a.allclose(5 * b) for a, b in zip(by_sum, by_average, strict=True)),
)
assert summed.allclose(5 * averaged) and all(
    a.allclose(5 * b) for a, b in zip(by_sum, by_average, strict=True)
)


# %% [markdown]
# Is it the same *picture*, too? For this we take four layers: ¼ is exact in binary numbers, 1/5 is not, and a run makes
# even an error in the eighth digit grow.


# %%
def run(weight, beta):
    """The picture made with the same λ in each of four layers."""
    settings = Settings(size=side, layer_weights=dict.fromkeys(layers[:4], weight), beta=beta)
    return nstlib.stylize(photo, painting, settings)


# %% claim="same picture" tags=["nbval-check-output"]
average, sum_with_less, sum_same_beta = run(1 / 4, beta=10), run(1.0, beta=10 / 4), run(1.0, beta=10)

print("sum with β/4 and average give the same picture:", sum_with_less.equal(average))
print("sum with the same β does:", sum_same_beta.equal(average))
assert sum_with_less.equal(average) and (sum_same_beta - average).abs().mean() > 0.01

# %% [markdown]
# **Explain.** A factor that all λ<sub>l</sub> share belongs to β, as the ¼ of lesson 03 did. Only the *ratios* between
# the λ<sub>l</sub> are this lesson's business.
#
# ## 3. What does each depth know?
#
# Cut a square of the painting into tiles and shuffle them. Inside a tile nothing changes.


# %%
def shuffled(picture, tile):
    """The picture's square tiles in a random order."""
    tiles = [piece for band in picture.split(tile, 1) for piece in band.split(tile, 2)]
    order = torch.randperm(len(tiles), generator=torch.Generator().manual_seed(0))
    across = picture.shape[2] // tile
    return torch.cat([torch.cat([tiles[i] for i in line], 2) for line in order.split(across)], 1)


# %%
square = painting[:, :side, :side]

# %%
plots.row(
    {"painting": square, "tiles of 32 px": shuffled(square, 32), "tiles of 8 px": shuffled(square, 8)}
)

# %% [markdown]
# *In the figure:* a square of the night sky, the same square as a puzzle of sixteen pieces, and as one of 256.
#
# **Look at** what survives. With 8 px no star is left; with 32 px strokes and some stars are whole, but what is beside
# what has changed.
#
# **Predict.** Which layers notice the tiles of 32 px least?

# %%
whole, cut = blocks(square), blocks(shuffled(square, 32))
noticed = {}
for layer in layers:
    nothing = torch.zeros_like(whole[layer])
    E = nstlib.style.layer_style_cost
    noticed[layer] = (E(cut[layer], whole[layer]) / E(nothing, whole[layer])).item()

# %% claim="what each depth knows" tags=["nbval-check-output"]
print(f"{first} notices a shuffled painting by less than a twentieth of itself:", noticed[first] < 0.05)
print(f"{deepest} notices it more than five times as much:", noticed[deepest] > 5 * noticed[first])
assert noticed[first] < 0.05 and noticed[deepest] > 5 * noticed[first]

# %% [markdown]
# **Explain.** A position of `relu1_1` sees 3 × 3 pixels: colours and their finest edges. Only the seams between tiles
# could tell it of the shuffling. Deeper positions look at more and more of the picture, so they know what lies beside
# what: first strokes, then whole motifs.

# %% [markdown]
# ## 4. Switch on one layer alone
#
# Now let each layer repaint the cat alone: λ is 1 for it and 0 for all others.
#
# **Predict.** Which layer brings the painting's colours? What does the deepest do without help?

# %%
single = {}
for layer in layers:
    single[layer] = nstlib.stylize(photo, painting, Settings(size=side, layer_weights={layer: 1.0}))
plots.grid({"alone": single})

# %% [markdown]
# *In the figure:* five cats. The first is blue and yellow, with soft fur. The second has paler colours and fine
# strokes. The last three keep the brown of the photo under a coloured, embossed pattern that grows rougher.
#
# **Look at** the colours from left to right: deeper layers give relief, but hardly any palette.
#
# Is that only an impression? Measure it.


# %%
def palette(picture):
    """How far the sorted values of each colour are from the painting's, as a share of the photo's distance."""
    values, goal, start = (each.flatten(1).sort().values for each in (picture, painting, photo))
    return ((values - goal).abs().mean() / (start - goal).abs().mean()).item()


# %%
def left(picture):
    """E_l of the picture as a share of the photo's, by layer."""
    there, E = blocks(picture), nstlib.style.layer_style_cost
    return {
        layer: (E(there[layer], S) / E(features_x[layer], S)).item() for layer, S in features_s.items()
    }


# %% claim="palette" tags=["nbval-check-output"]
shallow_palette, deep_palette = palette(single["relu1_1"]), palette(single["relu4_1"])

print("relu1_1 alone brings the palette at least a third nearer:", shallow_palette < 2 / 3)
print("relu4_1 alone stays farther away by half as much again:", deep_palette > 1.5 * shallow_palette)
assert shallow_palette < 2 / 3 and deep_palette > 1.5 * shallow_palette

# %%
reach = torch.tensor([list(left(picture).values()) for picture in single.values()])
tenths = (reach.log10() * 10).round() / 10 + 0.0  # no −0
plots.matrices({"log₁₀ of what is left\n(row: run, column: cost)": tenths})

# %% [markdown]
# *In the figure:* a row for each of the five runs, a column for each layer's cost. 0 means: as far from the painting as
# the photo is; −1 a tenth of that; +1 ten times as far.
#
# **Look at** the corners. Top right is near 0: `relu1_1` alone leaves the deepest layer as it was. Bottom left is
# positive: the deepest layers alone make the first layers *worse* than the photo.

# %% claim="reach" tags=["nbval-check-output"]
from_first, from_deepest = left(single[first]), left(single[deepest])

print(f"{first} alone leaves most of {deepest}'s cost:", from_first[deepest] > 0.7)
print(f"{deepest} alone leaves {first} farther away than the photo was:", from_deepest[first] > 1.2)
assert from_first[first] < 0.1 and from_first[deepest] > 0.7
assert from_deepest[deepest] < 0.3 and from_deepest[first] > 1.2

# %% [markdown]
# **Explain.** This answers an old question: *why many layers for style, when content does with one?* A layer reaches
# its neighbours, not the other end. Gatys and his co-authors asked for a *multi-scale* description, and no single layer
# is one.
#
# ## 5. Leave one layer out
#
# Now the reverse: all layers but one, each with 1/(L − 1), L being the number of layers. A learner once showed both
# series side by side.


# %%
def leave_one_out(layers, dropped):
    """λ = 1/(L − 1) for each layer, 0 for the dropped one."""
    return {layer: 0.0 if layer == dropped else 1 / (len(layers) - 1) for layer in layers}


# %% claim="leave one out" tags=["nbval-check-output"]
for layer in layers:
    mine = leave_one_out(layers, layer)
    assert mine == nstlib.weighting.leave_one_out(layers, layer) and mine[layer] == 0
    assert abs(sum(mine.values()) - 1) < 1e-12

print("weights add up to 1, whichever of the", len(layers), "layers is left out")

# %% [markdown]
# **Predict.** Which layer will be missed most? Which least?

# %%
without = {}
for layer in layers:
    settings = Settings(size=side, layer_weights=leave_one_out(layers, layer))
    without[layer] = nstlib.stylize(photo, painting, settings)
plots.grid({"all but": without})

# %% [markdown]
# *In the figure:* five cats. Without `relu1_1` the colours are paler and partly the photo's. Without `relu2_1` they are
# strongest and the fur is smooth. The last three are hard to tell apart.
#
# **Look at** the two pictures on the right and at "λ equal" at the top of this lesson. Does anything say that `relu4_1`
# or `relu5_1` was left out?

# %%
with_all = left(equal)
second = layers[1]
grows = left(without[second])[second] / with_all[second]
grows_deepest = left(without[deepest])[deepest] / with_all[deepest]

# %% claim="nobody misses it" tags=["nbval-check-output"]
print(f"without {second}, its own cost ends more than three times as high:", grows > 3)
print(
    f"without {deepest}, its own cost ends within a fifth of what it was:", abs(grows_deepest - 1) < 0.2
)
assert grows > 3 and abs(grows_deepest - 1) < 0.2

# %% [markdown]
# **Explain.** The deepest layer *was* in the sum, with the same λ as all others, and had no say: leaving it out changes
# nothing, not even its own cost. Equal weights are not equal influence. What decides on influence?

# %% [markdown]
# ## 6. Compare costs? Compare pulls
#
# A program that printed its costs layer by layer once showed 4.7 beside 243,431. Whether that is much or little is not
# in the number.
#
# **Predict.** Let all filters of a layer answer twice as loudly. What happens to E<sub>l</sub>?

# %% claim="fourth power" tags=["nbval-check-output"]
E = nstlib.style.layer_style_cost
for layer in layers:
    louder = E(2 * features_x[layer], 2 * features_s[layer]) / E(features_x[layer], features_s[layer])
    assert louder.allclose(torch.tensor(16.0).double())

print(f"twice as loud, {louder:.2f} times the cost")

# %% [markdown]
# **Explain.** F enters G twice, and G is squared: 2⁴ = 16. So a cost depends on how loudly a network happens to answer.
#
# And a cost is only a *height*. The optimiser feels the slope: λ<sub>l</sub> ∂E<sub>l</sub>/∂X, one arrow for each
# layer, all in the space of X's pixels. Arrows in one space can be compared. We call the length ‖∂E<sub>l</sub>/∂X‖ the
# layer's *pull*.


# %%
def pulls(picture, network=network):
    """‖∂E_l/∂X‖ at a picture, by layer."""
    X = picture.clone().requires_grad_()
    there, goal = network(X[None]), network(painting[None])
    lengths = {}
    for layer in layers:
        E = nstlib.style.layer_style_cost(there[layer][0], goal[layer][0])
        lengths[layer] = torch.autograd.grad(E, X, retain_graph=True)[0].norm().item()
    return lengths


# %%
pull = pulls(photo)
costs = {layer: style_cost(features_x, features_s, {layer: 1}).item() for layer in layers}

# %% claim="height and slope" tags=["nbval-check-output"]
print(f"relu1_1 and relu2_1: costs as {costs['relu2_1'] / costs['relu1_1']:.0f} to 1,", end=" ")
print(f"pulls as {pull['relu2_1'] / pull['relu1_1']:.0f} to 1")
print(f"{first} and {deepest}: costs as {round(costs[first] / costs[deepest], -2):.0f} to 1,", end=" ")
print(f"pulls as {round(pull[first] / pull[deepest], -1):.0f} to 1")
assert pull["relu2_1"] / pull["relu1_1"] > 4 * costs["relu2_1"] / costs["relu1_1"]
assert costs[first] / costs[deepest] > 5 * pull[first] / pull[deepest]

# %% [markdown]
# **Explain.** Here the first two layers have the same cost, and one of them pulls six times as hard.
#
# **A mistake made on purpose.** Suppose one balances the layers by what is easy to print: λ<sub>l</sub> = 1/E<sub>l</sub>
# makes all five terms equal at the start.
#
# **Predict.** Do the five then pull alike?


# %%
def shares(numbers):
    return {layer: value / sum(numbers.values()) for layer, value in numbers.items()}


# %%
def pulling(layer_weights, pull):
    """Each layer's share of the pull, weighted."""
    return shares({layer: layer_weights[layer] * pull[layer] for layer in layers})


# %%
by_cost = shares({layer: 1 / costs[layer] for layer in layers})
equal_weights = dict.fromkeys(layers, 1 / len(layers))

# %%
plots.shares(
    {"λ equal": pulling(equal_weights, pull), "λ = 1 / E": pulling(by_cost, pull)},
    "who pulls at the photo",
)

# %% [markdown]
# *In the figure:* two bars. With equal weights `relu2_1` has more than three quarters, `relu4_1` and `relu5_1` are
# hardly there. With 1/E<sub>l</sub> it is the other way round: `relu5_1` has half, `relu1_1` nearly nothing.
#
# **Look at** the upper bar's right end: the two layers that nobody missed in section 5.

# %% claim="balanced by cost" tags=["nbval-check-output"]
terms = shares({layer: by_cost[layer] * costs[layer] for layer in layers})
unfair = pulling(by_cost, pull)

print("terms λ E:", [f"{share:.2f}" for share in terms.values()])
print(
    f"yet {deepest} pulls more than ten times as hard as {first}:", unfair[deepest] > 10 * unfair[first]
)
assert max(terms.values()) < 1.001 * min(terms.values()) and unfair[deepest] > 10 * unfair[first]

# %% [markdown]
# ## 7. Balance by hand
#
# **Predict.** We want λ<sub>l</sub> · pull<sub>l</sub> to be the same for all layers, and Σ λ<sub>l</sub> = 1. Which
# λ<sub>l</sub> are these?
#
# <details><summary>Compare with your prediction</summary>
#
# λ<sub>l</sub> must be a constant over pull<sub>l</sub>; the sum decides on the constant:
# λ<sub>l</sub> = (1/pull<sub>l</sub>) / Σ<sub>k</sub> (1/pull<sub>k</sub>), k running over all layers.
#
# </details>


# %%
def balanced_weights(gradient_norms):
    """λ_l · norm_l equal for all layers, Σ λ_l = 1."""
    total = sum(1 / norm for norm in gradient_norms.values())
    return {layer: 1 / norm / total for layer, norm in gradient_norms.items()}


# %% claim="balanced" tags=["nbval-check-output"]
by_hand, library = balanced_weights(pull), nstlib.weighting.balanced(pull)
even = pulling(by_hand, pull)

print("shares:", [f"{share:.3f}" for share in even.values()])
print(
    "same as the library's balanced:",
    all(abs(by_hand[layer] / library[layer] - 1) < 1e-9 for layer in layers),
)
assert all(abs(by_hand[layer] / library[layer] - 1) < 1e-9 for layer in layers)
assert max(even.values()) - min(even.values()) < 1e-9 and abs(sum(by_hand.values()) - 1) < 1e-9

# %% [markdown]
# The library has five such rules, as `layer_weights="…"` in the settings:
#
# | rule | λ<sub>l</sub> in proportion to |
# |:---|:---|
# | `equal` | 1 |
# | `inverse_n2` | 1/N² |
# | `geometric` | 1, ½, ¼ … from layer to layer |
# | `relative` | 1 / E<sub>l</sub> of S against no features at all |
# | `balanced` | 1 / pull at the photo |

# %%
N = {layer: block.shape[0] for layer, block in features_s.items()}
against_zero = {layer: E(torch.zeros_like(S), S).item() for layer, S in features_s.items()}
proportional = {
    "equal": dict.fromkeys(layers, 1),
    "inverse_n2": {layer: 1 / N[layer] ** 2 for layer in layers},
    "geometric": {layer: 0.5**depth for depth, layer in enumerate(layers)},
    "relative": {layer: 1 / against_zero[layer] for layer in layers},
    "balanced": {layer: 1 / pull[layer] for layer in layers},
}

# %%
given = {
    "equal": layers,
    "inverse_n2": N,
    "geometric": layers,
    "relative": against_zero,
    "balanced": pull,
}

# %% claim="presets" tags=["nbval-check-output"]
for rule, argument in given.items():
    library = shares(nstlib.weighting.PRESETS[rule](argument))
    mine = shares(proportional[rule])
    assert all(abs(mine[layer] / library[layer] - 1) < 1e-9 for layer in layers), rule

print("all", len(given), "rules are what the table says")

# %% [markdown]
# **Predict.** Order the rules by how much the two deepest layers pull.

# %%
who_pulls = {rule: pulling(weights, pull) for rule, weights in proportional.items()}
plots.shares(who_pulls, "who pulls at the photo")

# %% [markdown]
# *In the figure:* five bars. In the first three, `relu1_1` and `relu2_1` share nearly everything. In `relative` the
# part of a layer grows with its depth, up to one half. `balanced` is cut into fifths.
#
# **Look at** `inverse_n2`: it moves pull from `relu2_1` to `relu1_1`, and takes the deep layers' last percent.

# %% claim="deep share" tags=["nbval-check-output"]
deep = {rule: bar["relu4_1"] + bar["relu5_1"] for rule, bar in who_pulls.items()}

print(
    "relu4_1 and relu5_1 together, in percent:",
    {rule: round(100 * share) for rule, share in deep.items()},
)
assert max(deep["equal"], deep["inverse_n2"], deep["geometric"]) < 0.05
assert deep["relative"] > deep["balanced"] > 0.39

# %% [markdown]
# **Two warnings.** Σ λ<sub>l</sub> = 1 does not make two rules equally *strong*: `balanced` gives most weight to the
# layer that pulls least. To compare, give each rule the β with which all pulls add up to the same:

# %%
as_strong = {rule: shares(weights) for rule, weights in proportional.items()}
strength = {
    rule: sum(weights[layer] * pull[layer] for layer in layers) for rule, weights in as_strong.items()
}
beta = 10 * strength["equal"] / strength["balanced"]
print(f"balanced needs {beta / 10:.0f} times the β of equal")

# %% [markdown]
# And the pulls are measured at *one* picture, the photo. **Predict.** Are they still even when the run has ended?

# %%
start = as_strong["balanced"]
ended = nstlib.stylize(photo, painting, Settings(size=side, layer_weights=start, beta=beta))
bars = {"at the start": pulling(start, pulls(photo)), "at the end": pulling(start, pulls(ended))}
plots.shares(bars, "who pulls, λ balanced")

# %% [markdown]
# *In the figure:* two bars. The upper is cut into fifths. In the lower, `relu4_1` and `relu5_1` have about three
# quarters.
#
# **Look at** the first two layers: they have got nearly all they asked for, so they have stopped pulling.

# %% claim="only at the start" tags=["nbval-check-output"]
deep_start, deep_end = (bar["relu4_1"] + bar["relu5_1"] for bar in bars.values())

print(
    f"the two deepest layers' share: {deep_start:.2f} at the start, more than half at the end:",
    deep_end > 0.5,
)
assert abs(deep_start - 0.4) < 1e-6 and deep_end > 0.5

# %% [markdown]
# ## 8. Leave one out again
#
# Now all layers have a say, so it should show when one is left out.
#
# **Predict.** Which layer's cost falls anyway, because its neighbours pull the same way?

# %%
ablated = {}
for layer in layers:
    weights = {**start, layer: 0.0}
    ablated[layer] = nstlib.stylize(
        photo, painting, Settings(size=side, layer_weights=weights, beta=beta)
    )

# %%
plots.grid({"all but": ablated})

# %% [markdown]
# *In the figure:* five cats. The first, without `relu1_1`, has kept much of its brown. The other four are blue and
# yellow and look alike at first sight.
#
# **Look at** the first picture, then try to find a difference between the others. Eyes are a poor judge of four small
# pictures; ask the costs.

# %% claim="must be asked for" tags=["nbval-check-output"]
unasked = {layer: left(picture)[layer] for layer, picture in ablated.items()}

print(f"{deepest}, left out, keeps more than half of its cost:", unasked[deepest] > 0.5)
print("relu2_1, left out, loses more than three quarters:", unasked["relu2_1"] < 0.25)
assert unasked[deepest] > 0.5 and unasked["relu2_1"] < 0.25

# %% [markdown]
# **Explain.** Who moves the deep layers carries the shallow ones along, as far as their *neighbours* can; nobody moves
# the deepest layer by accident. Large shapes must be asked for, and with enough weight to be heard.

# %% [markdown]
# ## 9. Which λ for which network?
#
# The paper prints equal weights. The code that its authors published has two cases: equal weights for *their* network,
# and 1/N² for the ordinary VGG. Theirs is rescaled: each filter's mean answer is 1.

# %% [markdown]
# **Predict.** Can one rescale a network's filters and still compute the same features, up to a factor for each?
#
# <details><summary>Compare with your prediction</summary>
#
# Yes. A ReLU and a maximum hand a positive factor on. So divide a filter's weights by its mean answer, and multiply by
# it wherever the next layer reads that filter.
#
# </details>

# %%
names = ("astronaut", "coffee", "hubble", "retina", "rocket")
varied = [pictures.sample(name, side) for name in names] + [photo, painting]
varied += [painted.paint(name, side) for name in ("mosaic", "hatching", "waves", "poppies")]
squares = torch.stack([picture[:, :side, :side] for picture in varied])
normalised = nstlib.networks.weight_normalised(network, squares)

# %% claim="normalised" tags=["nbval-check-output"]
for layer in layers:
    m = network(squares)[layer].double().mean((0, 2, 3))
    ours, theirs = features_x[layer], normalised(photo[None])[layer][0].double()
    assert theirs.allclose(ours / torch.where(m > 0, m, 1.0)[:, None, None], rtol=1e-3, atol=1e-4), layer

print(
    "features of the normalised network are F / m, m being each filter's mean, in", len(layers), "layers"
)

# %% [markdown]
# Two networks, two rules: four cases. We count how many layers pull: 1 / Σ share². Five even shares give 5; one layer
# that pulls alone gives 1.
#
# **Predict.** If the authors' pairs fit, which two of the four cases are the most even?


# %%
def how_many(bar):
    return 1 / sum(share**2 for share in bar.values())


rules = ("equal", "inverse_n2")
four = {("ordinary", rule): pulling(proportional[rule], pull) for rule in rules}
four |= {("normalised", rule): pulling(proportional[rule], pulls(photo, normalised)) for rule in rules}
plots.shares({f"{name}, {rule}": bar for (name, rule), bar in four.items()}, "who pulls at the photo")

# %% [markdown]
# *In the figure:* four bars. For the ordinary network, both rules leave the deep layers nearly nothing. For the
# normalised one, both leave `relu5_1` nearly everything.
#
# **Look at** all four: none is even, and the network decides more than the rule.

# %% claim="two by two" tags=["nbval-check-output"]
count = {case: how_many(bar) for case, bar in four.items()}

for case, number in count.items():
    print(f"{case[0]}, {case[1]}: {number:.1f} of {len(layers)} layers pull")
assert count["ordinary", "equal"] < count["ordinary", "inverse_n2"] < 2.5
assert count["normalised", "equal"] < 1.5 and four["normalised", "equal"][deepest] > 0.9

# %% [markdown]
# **Explain.** Half of the expectation holds: for the ordinary network 1/N² is the more even rule. The other half fails
# here. Why does one layer pull alone?
#
# Some filters hardly ever answered to our few pictures. Their mean is tiny, so they were enlarged a thousandfold, and
# E<sub>l</sub> takes the fourth power of that.

# %%
rarest = network(squares)[deepest].mean((0, 2, 3)).argsort()[: N[deepest] // 10]
part = {}
for name, judge in (("ordinary", network), ("normalised", normalised)):
    x, s = (nstlib.style.mean_gram(judge(picture[None])[deepest][0]) for picture in (photo, painting))
    apart = (x - s).square()
    rest = apart.clone()
    rest[rarest] = rest[:, rarest] = 0
    part[name] = 1 - (rest.sum() / apart.sum()).item()

# %% claim="rare filters" tags=["nbval-check-output"]
print(f"the tenth of {deepest}'s filters that answer least make up")
print("less than a hundredth of its cost in the ordinary network:", part["ordinary"] < 0.01)
print("more than half of it in the normalised one:", part["normalised"] > 0.5)
assert part["ordinary"] < 0.01 and part["normalised"] > 0.5

# %% [markdown]
# **Explain.** A mean of one says nothing about how *unevenly* a filter answers, and in deep layers many are silent
# nearly everywhere. The authors averaged over the photos of a large collection; we took eleven pictures.
#
# Is this the fault of our small network, or of too few pictures? Below is the same count elsewhere, the smallest and
# the largest of three pairs: *stored figures, made by* `python docs/layer_weights.py minivgg vgg16-hed random-vgg19`.

# %% [markdown]
# | network | | equal λ | λ ∝ 1/N² |
# |:---|:---|:---|:---|
# | minivgg | as it is | 1.5 to 1.6 | 1.9 to 2.0 |
# | | normalised on 8 | 1.0 to 1.1 | 1.0 to 1.9 |
# | | normalised on 128 | 1.0 to 1.0 | 1.1 to 2.6 |
# | vgg16-hed | as it is | 1.4 to 1.6 | 1.8 to 2.0 |
# | | normalised on 8 | 1.1 to 1.5 | 1.0 to 1.1 |
# | | normalised on 128 | 1.0 to 1.3 | 1.0 to 2.5 |
# | random-vgg19 | as it is | 2.3 to 2.9 | 1.1 to 1.5 |
# | | normalised on 128 | 1.0 to 2.4 | 1.0 to 2.6 |

# %% [markdown]
# **Look at** the rows "as it is". Both trained networks prefer 1/N², the random one prefers equal weights. Normalised,
# even on 128 pictures, each network has pairs for which a single layer pulls alone.
#
# So the paper's equal weights are not explained by normalising *as such*. Its authors' own weights, averaged over a
# large collection of photos, could not be had for this table. What is left is this: λ belongs to a network and a pair.
# Measure.

# %% [markdown]
# ## Recap
#
# - **J<sub>style</sub> = Σ λ<sub>l</sub> E<sub>l</sub>**; sum or average differ by a constant, which β absorbs.
# - A layer alone moves itself and its neighbours: the first brings colours, the deepest relief.
# - A layer with a weight may still have no say. Compare **‖λ<sub>l</sub> ∂E<sub>l</sub>/∂X‖**, never E<sub>l</sub>.
# - `balanced`: λ<sub>l</sub> ∝ 1 / ‖∂E<sub>l</sub>/∂X‖, even at the picture where it is measured.
# - Weights belong to a network: measure before you copy a paper's λ.

# %% [markdown]
# ## On your own
#
# - Measure the pulls at `relative`, the picture at the top, instead of the photo. Which λ would you choose now?
# - Balance again every ten steps of a run: does the picture change?
# - Give `relu4_1` alone the help of `relu1_1`. How little weight is enough to bring the palette back?
