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
from nstlib.studio import Live
from nstlib.style import layer_style_cost  # E_l, as lesson 03 derived it

# %%
side = int(os.environ.get("NST_SIDE", "128"))
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
# **Look at** the forehead. Same pair, same layers, same β: the runs differ in nothing but the weights λ<sub>l</sub>.
# Each has something the other lacks.
#
# The same β does not mean the same *strength*. Section 7 makes up for that, and the difference stays.

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
example, weights = torch.tensor([6.0, 4.0, 1.0]), torch.tensor([0.5, 0.25, 2.0])
loop = 0.0
for layer in range(3):
    loop += weights[layer] * example[layer]
one_line = (weights * example).sum()

# %% claim="one number" tags=["nbval-check-output"]
print("loop:", loop.item(), "  one line:", one_line.item())
assert loop == one_line == 6


# %%
def style_cost(features_x, features_s, layer_weights):
    """J_style of two pictures' features, given by layer name."""
    return sum(
        weight * layer_style_cost(features_x[layer], features_s[layer])
        for layer, weight in layer_weights.items()
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
    energy = layer_style_cost(nothing, whole[layer])
    noticed[layer] = (layer_style_cost(cut[layer], whole[layer]) / energy).item()

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

# %% [markdown]
# A palette says which values occur, not where. So we sort the values of red, of green and of blue, each from dark to
# bright. Places are forgotten then, and two palettes can be compared value by value.


# %%
def palette(picture):
    """How far the sorted values of each colour are from the painting's, as a share of the photo's distance."""
    values, goal, start = (each.flatten(1).sort().values for each in (picture, painting, photo))
    return ((values - goal).abs().mean() / (start - goal).abs().mean()).item()


# %%
def left(picture):
    """E_l of the picture as a share of the photo's, by layer."""
    there, kept = blocks(picture), {}
    for layer, S in features_s.items():
        now, before = layer_style_cost(there[layer], S), layer_style_cost(features_x[layer], S)
        kept[layer] = (now / before).item()
    return kept


# %% claim="palette" tags=["nbval-check-output"]
shallow_palette, deep_palette = palette(single["relu1_1"]), palette(single["relu4_1"])

print("relu1_1 alone more than halves the palette's distance:", shallow_palette < 1 / 2)
print("relu4_1 alone stays more than twice as far away:", deep_palette > 2 * shallow_palette)
assert shallow_palette < 1 / 2 and deep_palette > 2 * shallow_palette

# %%
rows = [list(left(picture).values()) for picture in single.values()]

# %%
tenths = (torch.tensor(rows).log10() * 10).round() / 10 + 0.0  # no −0
plots.matrices({"log₁₀ of what is left\n(row: run, column: cost)": tenths})

# %% [markdown]
# *In the figure:* a row for each of the five runs, a column for each layer's cost. 0 means: as far from the painting as
# the photo is; −1 a tenth of that; +1 ten times as far.
#
# **Look at** the corners. Top right is near 0: `relu1_1` alone leaves the deepest layer as it was. Bottom left:
# the deepest alone make the first ones *worse* than the photo. Even a neighbour can fare so: see `relu2_1` in
# `relu3_1`'s row.

# %% claim="reach" tags=["nbval-check-output"]
from_first, from_deepest = left(single[first]), left(single[deepest])

print(f"{first} alone leaves most of {deepest}'s cost:", from_first[deepest] > 0.7)
print(f"{deepest} alone leaves {first} farther away than the photo was:", from_deepest[first] > 1.2)
assert from_first[first] < 0.1 and from_first[deepest] > 0.7
assert from_deepest[deepest] < 0.3 and from_deepest[first] > 1.2

# %%
own = [row[depth] for depth, row in enumerate(rows)]
deeper = [row[depth:] for depth, row in enumerate(rows)]  # from the layer itself to the deepest
shallower = [cost for depth, row in enumerate(rows) for cost in row[:depth]]
worst = [max(row) for row in rows]

# %% claim="up and down" tags=["nbval-check-output"]
fades = all(row == sorted(row) for row in deeper)

print("every layer alone takes its own cost below a tenth:", max(own) < 0.1)
print("the deeper another cost lies, the more of it is left:", fades)
print("of the shallower costs, the best falls below a quarter:", min(shallower) < 0.25)
print("and the worst ends above the photo's:", max(shallower) > 1.2)
print("every layer alone leaves some cost above two thirds:", min(worst) > 2 / 3)
assert max(own) < 0.1 and fades and min(shallower) < 0.25 and max(shallower) > 1.2
assert min(worst) > 2 / 3

# %% [markdown]
# **Explain.** A layer alone looks after itself. What it does for deeper layers fades with their distance. To shallower
# ones it may do good or harm.
#
# This answers an old question: *why many layers for style, when content does with one?* Gatys and his co-authors asked
# for a *multi-scale* description, and no single layer brings all five costs down.

# %% [markdown]
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
def all_but(dropped):
    """The steps of a run without one layer."""
    weights = leave_one_out(layers, dropped) if dropped in layers else "equal"
    settings = Settings(size=side, layer_weights=weights)
    for step in nstlib.steps(photo, painting, settings):
        yield step.picture, f"step {step.index + 1}, J = {step.total:.3g}"


# %% tags=["nbval-ignore-output"]
Live("left out", ("none", *layers), all_but)

# %% [markdown]
# *In the panel:* the same runs, live. Go from layer to layer with the arrow keys, and back to "none".

# %%
with_all = left(equal)
second, fourth = layers[1], layers[3]
missed = {layer: left(without[layer])[layer] / with_all[layer] for layer in layers}
grows, grows_fourth, grows_deepest = missed[second], missed[fourth], missed[deepest]
most = max(missed, key=missed.get)

# %% claim="nobody misses it" tags=["nbval-check-output"]
alike = abs(grows_fourth - 1) < 0.2 and abs(grows_deepest - 1) < 0.2

print(f"missed most is {most}: without it its own cost ends more than three times as high:", grows > 3)
print(f"without {fourth} or {deepest}, its own cost ends within a fifth of what it was:", alike)
assert most == second and grows > 3 and alike

# %% [markdown]
# **Explain.** The two deepest layers *were* in the sum, with the same λ as all others, and had no say: leaving one out
# changes hardly anything, not even its own cost. Equal weights are not equal influence. What decides on influence?

# %% [markdown]
# ## 6. Compare costs? Compare pulls
#
# A program that printed its costs layer by layer once showed 4.7 beside 243,431. Whether that is much or little is not
# in the number.
#
# **Predict.** Let all filters of a layer answer twice as loudly. What happens to E<sub>l</sub>?

# %% claim="fourth power" tags=["nbval-check-output"]
for layer in layers:
    X, S = features_x[layer], features_s[layer]
    louder_cost = layer_style_cost(2 * X, 2 * S) / layer_style_cost(X, S)
    assert louder_cost.allclose(torch.tensor(16.0).double())

print(f"twice as loud, {louder_cost:.2f} times the cost")

# %% [markdown]
# **Explain.** F enters G twice, and G is squared: 2⁴ = 16. So a cost depends on how loudly a network happens to answer.
#
# And a cost is only a *height*. The optimiser feels the slope: λ<sub>l</sub> ∂E<sub>l</sub>/∂X, one arrow for each
# layer, all in the space of X's pixels. We call the length ‖∂E<sub>l</sub>/∂X‖ the layer's *pull*.
#
# **Predict.** Does the pull depend on loudness, too?


# %%
def pulls(picture, network=network):
    """‖∂E_l/∂X‖ at a picture, by layer."""
    X = picture.clone().requires_grad_()
    there, goal = network(X[None]), network(painting[None])
    lengths = {}
    for layer in layers:
        cost = layer_style_cost(there[layer][0], goal[layer][0])
        lengths[layer] = torch.autograd.grad(cost, X, retain_graph=True)[0].norm().item()
    return lengths


# %%
def louder(batch):
    """The network, all filters answering twice as loudly."""
    return {layer: 2 * block for layer, block in network(batch).items()}


# %%
pull, louder_pull = pulls(photo), pulls(photo, louder)

# %% claim="loud pulls" tags=["nbval-check-output"]
ratios = [louder_pull[layer] / pull[layer] for layer in layers]

print("twice as loud, times the pull:", [f"{ratio:.2f}" for ratio in ratios])
assert all(abs(ratio / 16 - 1) < 1e-3 for ratio in ratios)

# %% [markdown]
# **Explain.** It does, in the same way: X counts as before, so the arrow grows as its cost does. Loudness thus says only
# that λ must be measured for each network. It does not say *what* to measure: dividing by the cost and dividing by the
# pull would both undo a factor of 16.
#
# Height against slope decides. Do cost and pull of two layers stand in the same ratio?

# %%
costs = {layer: style_cost(features_x, features_s, {layer: 1}).item() for layer in layers}

# %% claim="height and slope" tags=["nbval-check-output"]
print(f"relu1_1 and relu2_1: costs as {costs['relu2_1'] / costs['relu1_1']:.0f} to 1,", end=" ")
print(f"pulls as {pull['relu2_1'] / pull['relu1_1']:.0f} to 1")
print(f"{first} and {deepest}: costs as {round(costs[first] / costs[deepest], -2):.0f} to 1,", end=" ")
print(f"pulls as {round(pull[first] / pull[deepest], -1):.0f} to 1")
assert pull["relu2_1"] / pull["relu1_1"] > 4 * costs["relu2_1"] / costs["relu1_1"]
assert costs[first] / costs[deepest] > 5 * pull[first] / pull[deepest]

# %% [markdown]
# **Explain.** The first two layers have the same cost, and one of them pulls six times as hard. `relu5_1`'s cost is
# thousands of times smaller than `relu1_1`'s, but its pull only about a hundred times. A height does not tell the
# slope: who goes by costs takes `relu5_1` for much weaker than it is.

# %% [markdown]
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
# The library has these rules, as `layer_weights="…"` in the settings:
#
# | rule | λ<sub>l</sub> in proportion to |
# |:---|:---|
# | `equal` | 1 |
# | `inverse_n2` | 1/N² |
# | `geometric` | 1, ½, ¼ … from layer to layer |
# | `relative` | 1 / E<sub>l</sub> of S against no features at all |
# | `balanced` | 1 / pull at the photo |
#
# If you choose none, the library takes `relative`. These are the λ<sub>l</sub> of lesson 03's runs. A sixth rule,
# `relative_geometric`, is `relative` times 1, ¼, 1/16 … from layer to layer; `nst stylize` takes it.

# %%
N = {layer: block.shape[0] for layer, block in features_s.items()}
against_zero = {layer: layer_style_cost(torch.zeros_like(S), S).item() for layer, S in features_s.items()}
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
chosen = Settings().layer_weights

print("all", len(given), "rules are what the table says; without a choice:", chosen)
assert chosen == "relative" and {*given, "relative_geometric"} == set(nstlib.weighting.PRESETS)

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
    {rule: f"{100 * share:.2g}" for rule, share in deep.items()},
)
assert max(deep["equal"], deep["inverse_n2"], deep["geometric"]) < 0.05
assert deep["relative"] > deep["balanced"] > 0.39

# %% [markdown]
# **Two warnings.** Σ λ<sub>l</sub> = 1 does not make two rules equally *strong*: `balanced` gives most weight to the
# layer that pulls least. To compare, give each rule the β with which all pulls add up to the same:


# %%
def strength(layer_weights):
    """All pulls at the photo, weighted and added."""
    return sum(layer_weights[layer] * pull[layer] for layer in layers)


# %%
sum_is_one = {rule: shares(weights) for rule, weights in proportional.items()}
beta = 10 * strength(sum_is_one["equal"]) / strength(sum_is_one["balanced"])
print(f"balanced needs {beta / 10:.0f} times the β of equal")

# %% [markdown]
# The pictures at the top had the same β. The λ<sub>l</sub> that the library gives to `relative` do *not* add up to 1.
#
# **Predict.** Which of the two runs was the stronger at its start? Is the difference between the pictures a difference
# of strength?

# %%
run_weights = nstlib.weighting.relative(against_zero)
stronger = strength(run_weights) / strength(sum_is_one["equal"])
weakened = Settings(size=side, layer_weights="relative", beta=10 / stronger)
fair = nstlib.stylize(photo, painting, weakened)
left_equal, left_fair = left(equal), left(fair)
palette_moved = abs(palette(fair) - palette(relative))

# %% claim="equally strong" tags=["nbval-check-output"]
shallow_lack = left_fair[first] > 2 * left_equal[first]
deep_lack = left_equal[fourth] > 1.5 * left_fair[fourth]

print("at the same β relative pulls more than twice as hard as equal:", stronger > 2)
print(f"equally strong, relative leaves more than twice as much of {first}:", shallow_lack)
print(f"and equal more than half as much again of {fourth}:", deep_lack)
print("weakened so, relative's palette is where it was, within a twentieth:", palette_moved < 0.05)
assert stronger > 2 and shallow_lack and deep_lack and palette_moved < 0.05

# %% [markdown]
# **Explain.** The comparison at the top was unfair, in favour of `relative`. Made fair, each picture still has what the
# other lacks: `equal` has the first layer's colours, `relative` the deep layers' strokes. The paler palette does not
# come from too small a β.
#
# The second warning: the pulls are measured at *one* picture, the photo. **Predict.** Are those of `balanced` still even
# when the run has ended?

# %%
start = sum_is_one["balanced"]
ended = nstlib.stylize(photo, painting, Settings(size=side, layer_weights=start, beta=beta))
bars = {"at the start": pulling(start, pulls(photo)), "at the end": pulling(start, pulls(ended))}
plots.shares(bars, "who pulls, λ balanced")

# %% [markdown]
# *In the figure:* two bars. The upper is cut into fifths. In the lower, `relu4_1` and `relu5_1` have about four
# fifths.
#
# **Look at** the first two layers: they have got nearly all they asked for, so they hardly pull any more.

# %% claim="only at the start" tags=["nbval-check-output"]
deep_start, deep_end = (bar["relu4_1"] + bar["relu5_1"] for bar in bars.values())
still_left = max(left(ended)[layer] for layer in layers[:2])

print(
    f"the two deepest layers' share: {deep_start:.2f} at the start, more than 0.7 at the end:",
    deep_end > 0.7,
)
print("of the first two layers' costs less than a twentieth is left:", still_left < 0.05)
assert abs(deep_start - 0.4) < 1e-6 and deep_end > 0.7 and still_left < 0.05

# %% [markdown]
# ## 8. Leave one out again
#
# Now all layers have a say, so it should show when one is left out.
#
# **Predict.** Which costs fall although nobody asks for it, because other layers pull the same way?

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

# %%
unasked = {layer: left(picture)[layer] for layer, picture in ablated.items()}
for layer, share in unasked.items():
    print(f"{layer}, left out, keeps {share:.2f} of its cost")

# %% claim="must be asked for" tags=["nbval-check-output"]
most_shallow = max(unasked[layer] for layer in layers[:3])
least_deep = min(unasked[layer] for layer in layers[3:])

print("each of the first three, left out, loses more than two thirds of its cost:", most_shallow < 1 / 3)
print("each of the two deepest keeps more than twice as much:", least_deep > 2 * most_shallow)
print(f"{deepest} keeps more than half of it:", unasked[deepest] > 0.5)
assert most_shallow < 1 / 3 and least_deep > 2 * most_shallow and unasked[deepest] > 0.5

# %% [markdown]
# **Explain.** The first three costs come down although nobody asks: near layers bring them along, as `relu2_1` alone
# brought `relu1_1` in section 4. There the deepest alone made `relu1_1` worse; here it is not alone.
#
# The two deepest keep most of theirs. That fits section 4: what a layer does for deeper ones fades with distance. Large
# shapes must be asked for, and with enough weight to be heard.

# %% [markdown]
# ## 9. Which λ for which network?
#
# The paper prints equal weights. The code that its authors published has two cases: equal weights for *their* network,
# and 1/N² for the ordinary VGG. Theirs is rescaled: each filter's mean answer is 1.
#
# E<sub>l</sub> already holds a 1/N². This is one more. You have met it in lesson 03: family D, the puzzle's, has it
# without saying so.

# %% claim="family D" tags=["nbval-check-output"]
for layer in layers:
    X, S = features_x[layer].flatten(1), features_s[layer].flatten(1)
    family_d = ((X @ X.T - S @ S.T) / X.numel()).square().mean()
    expected = 4 / N[layer] ** 2 * layer_style_cost(features_x[layer], features_s[layer])
    assert torch.isclose(family_d, expected, rtol=1e-6), layer

print("family D is 4/N² times E_l in", len(layers), "layers")

# %% [markdown]
# **Predict.** Can one rescale a network's filters and still compute the same features, up to a factor for each?
#
# <details><summary>Compare with your prediction</summary>
#
# Yes. A ReLU hands a positive factor on: twice the input gives twice the answer. So does *max pooling*, which keeps the
# largest of four neighbouring answers. So divide a filter's weights *and its bias* by its mean answer, and multiply by
# it wherever the next layer reads that filter.
#
# </details>

# %% claim="factors are handed on" tags=["nbval-check-output"]
four_neighbours = torch.tensor([[[-2.0, 3.0], [1.0, -4.0]]])
pool = torch.nn.MaxPool2d(2)

print("the largest of the four:", pool(four_neighbours).item(), "  of twice these:", end=" ")
print(pool(2 * four_neighbours).item())
assert (2 * four_neighbours).relu().equal(2 * four_neighbours.relu())
assert pool(four_neighbours) == 3 and pool(2 * four_neighbours) == 2 * pool(four_neighbours)

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
assert max(count["normalised", rule] for rule in rules) < 1.5
assert min(four["normalised", rule][deepest] for rule in rules) > 0.9

# %% [markdown]
# **Explain.** Half of the expectation holds: for the ordinary network 1/N² is the more even rule. The other half fails
# here. Why does one layer pull alone?
#
# Some filters hardly ever answered to our few pictures. Their mean is tiny, so they were enlarged greatly, the
# rarest over a hundredfold. E<sub>l</sub> takes the fourth power of that.

# %%
means = network(squares)[deepest].mean((0, 2, 3))
enlarged = (means.median() / means[means > 0].min()).item()
rarest = means.argsort()[: N[deepest] // 10]
part = {}
for name, judge in (("ordinary", network), ("normalised", normalised)):
    x, s = (nstlib.style.mean_gram(judge(picture[None])[deepest][0]) for picture in (photo, painting))
    apart = (x - s).square()
    rest = apart.clone()
    rest[rarest] = rest[:, rarest] = 0
    part[name] = 1 - (rest.sum() / apart.sum()).item()

# %% claim="rare filters" tags=["nbval-check-output"]
print("the rarest was enlarged over a hundred times as much as the median filter:", enlarged > 100)
print(f"the tenth of {deepest}'s filters that answer least make up")
print("less than a hundredth of its cost in the ordinary network:", part["ordinary"] < 0.01)
print("more than half of it in the normalised one:", part["normalised"] > 0.5)
assert enlarged > 100 and part["ordinary"] < 0.01 and part["normalised"] > 0.5

# %% [markdown]
# **Explain.** A mean of one says nothing about how *unevenly* a filter answers, and in deep layers many are silent
# nearly everywhere. The authors averaged over the photos of a large collection; we took eleven pictures.
#
# Is this the fault of our small network, or of too few pictures?

# %% [markdown]
# Below is the same count elsewhere, the smallest and the largest of three pairs: cat × night, coffee × mosaic and
# rocket × waves. *Stored figures, made by* `python docs/layer_weights.py minivgg vgg16 random-vgg19`.
#
# | network | | equal λ | λ ∝ 1/N² |
# |:---|:---|:---|:---|
# | minivgg | as it is | 1.5 to 1.6 | 1.9 to 2.0 |
# | | normalised on 8 | 1.0 to 1.1 | 1.0 to 1.9 |
# | | normalised on 128 | 1.0 to 1.0 | 1.1 to 2.6 |
# | vgg16 | as it is | 1.5 to 2.9 | 2.1 to 3.4 |
# | | normalised on 8 | 1.0 to 1.0 | 1.0 to 1.2 |
# | | normalised on 128 | 1.0 to 1.3 | 1.0 to 2.3 |
# | random-vgg19 | as it is | 2.3 to 2.9 | 1.1 to 1.5 |
# | | normalised on 128 | 1.0 to 2.4 | 1.0 to 2.6 |

# %% [markdown]
# **Look at** the rows "as it is". minivgg prefers 1/N², VGG-16 does on two pairs of three, the random network prefers
# equal weights. Normalised, even on 128 pictures, each has pairs for which one layer pulls alone.
#
# So the paper's equal weights are not explained by normalising *as such*. Its authors' own weights, averaged over a
# large collection of photos, could not be had for this table. What is left: λ belongs to a network and a pair. Measure.

# %% [markdown]
# ## Recap
#
# - **J<sub>style</sub> = Σ λ<sub>l</sub> E<sub>l</sub>**; sum or average differ by a constant, which β absorbs.
# - No layer alone brings all costs down: the first brings colours, the deepest relief.
# - A layer with a weight may still have no say. Compare **‖λ<sub>l</sub> ∂E<sub>l</sub>/∂X‖**, never E<sub>l</sub>.
# - `balanced`: λ<sub>l</sub> ∝ 1 / ‖∂E<sub>l</sub>/∂X‖, even at the picture where it is measured.
# - Weights belong to a network: measure before you copy a paper's λ.

# %% [markdown]
# ## On your own
#
# - Measure the pulls at `relative`, the picture at the top, instead of the photo. Which λ would you choose now?
# - Balance again every ten steps of a run: does the picture change?
# - Give `relu4_1` alone the help of `relu1_1`. How little weight is enough to bring the palette back?
