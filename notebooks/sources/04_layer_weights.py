# %% [markdown]
# # 04 · Weighing the layers
#
# **What you will do.** Switch style layers on and off one by one, measure how hard each of them pulls at the picture,
# and choose their weights by that.
#
# **You will be able to** say what each layer adds, why sum or average makes no difference, why the costs of two layers
# cannot be compared, and how to balance the layers of any network.
#
# **You need** lesson 03 and 45 minutes.

# %%
import os
from itertools import pairwise

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots
from nstlib.predictions import predict
from nstlib.studio import Live
from nstlib.style import layer_style_cost  # E_l, as lesson 03 derived it

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %%
equal = nstlib.stylize(photo, painting, Settings(size=side, layer_weights="equal"))
relative = nstlib.stylize(photo, painting, Settings(size=side, layer_weights="relative"))
plots.row(
    {"photo": photo, "painting": painting, "λ equal": equal, "λ relative": relative},
    alt="A cat; a night sky in deep blue and yellow; the cat, still brown, covered all over with fine wiry "
    "strokes; the cat in cooler and patchier colours, its forehead in swirls",
)

# %% [markdown]
# **Look at** the colours. Both runs use the same pair, the same five layers and the same $\beta$; only the weights
# $\lambda_l$ differ. Neither cat has the painting's deep blue and bright yellow, although every layer is switched on.
#
# Section 4 finds the layer that knows these colours, section 5 asks what it does in the left of the two runs, and
# section 7 gets the colours into the picture, with nothing but other weights.

# %% [markdown]
# ## 1. Make one number of five costs
#
# Lesson 03 gave each layer a cost $E_l$. An optimiser can lower only one number, so we weight the costs and add them:
#
# $$J_{\text{style}} = \sum_l \lambda_l E_l$$
#
# Here is the sum as a loop and as one line, for three layers with the costs 6, 4 and 1.

# %%
example, weights = torch.tensor([6.0, 4.0, 1.0]), torch.tensor([0.5, 0.25, 2.0])
loop = 0.0
for layer in range(3):
    loop += weights[layer] * example[layer]
one_line = (weights * example).sum()

# %% claim="one number" tags=["nbval-check-output"]
claim("½ · 6 + ¼ · 4 + 2 · 1, as a loop", int(loop), equals=6)
claim("and as one line", int(one_line), equals=6)


# %% [markdown]
# The smallest cost counts for twice as much as the second, because of its weight. Now with real features:


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
first, second, fourth, deepest = layers[0], layers[1], layers[3], layers[-1]


def blocks(picture):
    """Each style layer's features (N, H, W), in float64."""
    return {layer: block[0].double() for layer, block in network(picture[None]).items()}


# %%
features_x, features_s = blocks(photo), blocks(painting)
halves = {layer: 0.5**depth for depth, layer in enumerate(layers)}  # 1, ½, ¼ …
mine = style_cost(features_x, features_s, halves)
library = nstlib.style.style_cost(features_x, features_s, halves)
by_layer = [halves[layer] * style_cost(features_x, features_s, {layer: 1}) for layer in layers]

# %% claim="own function" tags=["nbval-check-output"]
claim("our style_cost and the library's", mine, equals=library)
claim("our style_cost and its five terms", mine, equals=sum(by_layer))

# %% [markdown]
# ## 2. Sum or average?
#
# A learner asked why we add several costs. "This way we average them out" was the answer. Is it?
#
# **Predict.** With $\lambda_l = 1$ we sum five layers, with $\lambda_l = \frac15$ we average them. Which $\beta$ gives
# the sum the same picture as the average?

# %%
predict("04.sum")

# %% [markdown]
# $L$ being the number of layers, the proof takes three steps:
#
# $$\begin{aligned}
# J_{\text{sum}} &= \sum_l 1 \cdot E_l && \text{because every } \lambda_l = 1 \\
# &= L \sum_l \tfrac1L E_l && \text{because } L \cdot \tfrac1L = 1 \\
# &= L \, J_{\text{average}} && \text{because every } \lambda_l = \tfrac1L \text{ in the average}
# \end{aligned}$$
#
# $L$ is a constant, so each number of the gradient is multiplied by $L$, too.

# %%
x = {layer: block.clone().requires_grad_() for layer, block in features_x.items()}
summed = style_cost(x, features_s, dict.fromkeys(layers, 1.0))
averaged = style_cost(x, features_s, dict.fromkeys(layers, 1 / len(layers)))
by_sum = torch.autograd.grad(summed, x.values(), retain_graph=True)
by_average = torch.autograd.grad(averaged, x.values())
long_sum, long_average = (torch.cat([part.flatten() for part in each]) for each in (by_sum, by_average))

# %% claim="sum and average" tags=["nbval-check-output"]
claim("the sum and five times the average", summed, equals=5 * averaged)
claim("their gradients, number by number", long_sum, equals=5 * long_average)


# %% [markdown]
# Do we get the same *picture*, too? We take four layers for this test: ¼ is exact in binary numbers and ⅕ is not, and
# a long run makes even an error in the eighth digit grow.


# %%
def run(weight, beta):
    """The picture made with the same λ in each of four layers."""
    settings = Settings(size=side, layer_weights=dict.fromkeys(layers[:4], weight), beta=beta)
    return nstlib.stylize(photo, painting, settings)


# %%
average, sum_with_less, sum_same_beta = run(1 / 4, beta=10), run(1.0, beta=10 / 4), run(1.0, beta=10)
plots.row(
    {"average, β = 10": average, "sum, β = 2.5": sum_with_less, "sum, β = 10": sum_same_beta},
    alt="Three painted cats: the first two are the same picture, the third has stronger colours",
)

# %% claim="same picture" tags=["nbval-check-output"]
claim("numbers that differ, sum with β/4", int((sum_with_less != average).sum()), equals=0)
claim("mean change of a number, sum with β", (sum_same_beta - average).abs().mean(), above=0.05)

# %% [markdown]
# **Explain.** A factor that all $\lambda_l$ share belongs to $\beta$, as the ¼ of lesson 03 did. Only the *ratios*
# between the $\lambda_l$ are left for this lesson.

# %% [markdown]
# ## 3. Do more layers leave less of the painting's content?
#
# The same answer went on: with several layers one gets "more texture/style and less content of the style image".
# [Lesson 02](02_gram_matrix.ipynb) shuffled tiles in section 5 and compared layouts in section 9: the sum over
# positions removes the arrangement, in each Gram matrix by itself, as far as it lies beyond a filter's reach.

# %% [markdown]
# Then do five Grams hold *less* of the painting's content than one? Paint two textures from noise, without a photo
# ($\alpha = 0$): one from `relu4_1` alone, one from all five layers.


# %%
def texture(layer_weights):
    """A picture made from noise, by the painting's style alone."""
    wishes = {"alpha": 0, "init": "noise", "optimizer": "pyramid", "steps": 100}  # as in lesson 02
    return nstlib.stylize(photo, painting, Settings(size=side, layer_weights=layer_weights, **wishes))


# %%
def content_distance(a, b):
    """Mean squared difference of two pictures' features at the fourth layer, position by position."""
    return (blocks(a)[fourth] - blocks(b)[fourth]).square().mean()


# %%
from_one, from_five = texture({fourth: 1.0}), texture("relative")
plots.row(
    {"painting": painting, "relu4_1 alone": from_one, "all five": from_five},
    alt="The painted night; a carpet of glaring noise in all colours, without any trace of the night; a pale "
    "texture of curved strokes and coloured grain, in which no star and no horizon stands in its place",
)

# %%
far_one, far_five = (content_distance(made, painting) for made in (from_one, from_five))

# %% claim="less content" tags=["nbval-check-output"]
claim("distance from the painting's content, five layers against one", far_five / far_one, below=0.95)

# %% [markdown]
# **Explain.** No: with more layers the texture comes a little *closer* to the painting's content, by a tenth (with the
# mosaic by 3 %), because there is more that it must match. So the forum's answer is half right. More layers add sizes
# of detail; that content goes is the work of the sum in each Gram matrix by itself.

# %% [markdown]
# **Look at** the middle. `relu4_1` alone hardly asks about the finest detail, which stays the noise of the start. That,
# too, is far from the painting's content.

# %% [markdown]
# ## 4. Switch on one layer alone
#
# Now each layer repaints the cat by itself: $\lambda_l$ is 1 for it and 0 for all others. Each cat takes a few seconds.
#
# **Predict.** Which layer, alone, brings the painting's colours?

# %%
predict("04.palette")

# %%
single = {}
for layer in layers:
    single[layer] = nstlib.stylize(photo, painting, Settings(size=side, layer_weights={layer: 1.0}))
plots.grid(
    {"alone": single},
    alt="Five cats, made by one layer each. The first is deep blue and bright yellow. The second is paler, "
    "with fine strokes. The third is brown with dark wiry strokes. The last two are covered with glaring "
    "coloured noise, in which the deepest layer's cat nearly drowns",
)

# %% [markdown]
# **Look at** the colours from left to right. The first layer brings blue and yellow. Then strokes take their place, and
# the two deepest layers fill the picture with noise that no painter would leave.
#
# To measure a palette, forget the places: sort all values of a colour from dark to bright. Two palettes can then be
# compared value by value.


# %%
def palette_of(picture):
    """The values of red, green and blue, each from dark to bright: (3, M)."""
    return picture.flatten(1).sort().values


# %%
def palette(picture):
    """How far a palette is from the painting's, as a share of the photo's distance."""
    values, goal, start = (palette_of(each) for each in (picture, painting, photo))
    return ((values - goal).abs().mean() / (start - goal).abs().mean()).item()


# %%
shown = {
    "photo": photo,
    "painting": painting,
    "relu1_1 alone": single[first],
    "relu4_1 alone": single[fourth],
}
reds = {name: palette_of(each)[0] for name, each in shown.items()}
percent = torch.linspace(0, 1, 101)
plots.curves(
    {name: red.quantile(percent).tolist() for name, red in reds.items()},
    "value of red",
    "percent of the pixels that are darker",
    log=False,
)

# %% [markdown]
# **Look at** the dashed line, the painting's: most of the night holds hardly any red, the photo much. `relu1_1` alone
# takes much of the red away. `relu4_1` alone keeps it and adds contrast: more values near 0, more near 1.

# %%
palettes = {layer: palette(picture) for layer, picture in single.items()}
plots.bars(
    {layer: {"left": value} for layer, value in palettes.items()}, "palette's distance left", line=1
)

# %%
others_least = min(palettes[layer] for layer in layers[1:])

# %% claim="palette" tags=["nbval-check-output"]
claim("relu1_1 alone leaves of the palette's distance", palettes["relu1_1"], below=2 / 3)
claim("least that any other layer leaves", others_least, above=0.7)

# %% [markdown]
# Not every pair shows it so clearly. With the coffee and the mosaic, `relu1_1` alone leaves a quarter of the distance,
# but another layer alone leaves less than half of it, too.

# %% [markdown]
# And what does a layer do for the costs of the others? Divide each cost by the cost of the photo, so that 1 means: as
# far from the painting as the photo is.


# %%
def left(picture):
    """E_l of the picture as a share of the photo's, by layer."""
    there, kept = blocks(picture), {}
    for layer, S in features_s.items():
        now, before = layer_style_cost(there[layer], S), layer_style_cost(features_x[layer], S)
        kept[layer] = (now / before).item()
    return kept


# %%
rows = [list(left(picture).values()) for picture in single.values()]
plots.matrices(
    {
        "log₁₀ of the cost that is left (row: the layer used)": torch.tensor(rows)
        .log10()
        .round(decimals=2)
    },
    rows=layers,
    columns=layers,
)

# %% [markdown]
# **Look at** the corners. A row is a run, a column is a cost; −1 means that a tenth of it is left, 1 that it is ten
# times as high. At the top right, `relu1_1` alone leaves the deepest cost about where it was. At the bottom left, the
# two deepest layers make the first three costs far *worse*: those are the layers that see the noise.

# %%
from_first, from_deepest = left(single[first]), left(single[deepest])

# %% claim="reach" tags=["nbval-check-output"]
claim(f"{first} alone leaves of {deepest}'s cost", from_first[deepest], above=0.7)
# The bound is wide: by how much the first cost grows depends on the pair
claim(f"{deepest} alone leaves of {first}'s cost", from_deepest[first], above=1.2)

# %%
own = [row[depth] for depth, row in enumerate(rows)]
steps_down = [deeper - row[depth] for row in rows for depth, deeper in enumerate(row[1:])]
shallower = [cost for depth, row in enumerate(rows) for cost in row[:depth]]
fades = [row[depth:] == sorted(row[depth:]) for depth, row in enumerate(rows)]

# %% claim="up and down" tags=["nbval-check-output"]
# The bound is wide for the cost that rises most: by how much depends on the pair
claim("largest share of its own cost that a layer leaves", max(own), below=0.1)
claim("runs in which more is left, the deeper the cost", sum(fades), equals=5)
claim("the shallower cost that falls most", min(shallower), below=0.5)
claim("the shallower cost that rises most", max(shallower), above=1.2)
claim("least that a run leaves of its worst cost", min(max(row) for row in rows), above=2 / 3)

# %% [markdown]
# **Explain.** A layer alone takes care of its own cost. What it does for deeper layers fades with distance. For
# shallower layers it may do good or harm: `relu3_1` helps `relu2_1`, while the deepest cannot see the fine noise that
# it leaves behind.

# %% [markdown]
# How far this goes depends on the pair. With the rocket and the waves, `relu5_1` alone leaves `relu1_1`'s cost about
# where it was (1.1 times as high, here 13 times), and in one of the five runs a deeper cost ends lower than the one
# before it.

# %% [markdown]
# This answers an old question: *why many layers for style, when content needs only one?* No single layer brings all
# five costs down *far*: each run leaves at least one of them nearly where it was, because each layer knows only one
# scale.

# %% [markdown]
# ## 5. Leave one layer out
#
# Now the reverse, as a learner once showed side by side with single layers: all layers but one, each with
# $\frac{1}{L-1}$.


# %%
def leave_one_out(layers, dropped):
    """λ = 1/(L − 1) for each layer, 0 for the dropped one."""
    return {layer: 0.0 if layer == dropped else 1 / (len(layers) - 1) for layer in layers}


# %%
mine = torch.tensor([list(leave_one_out(layers, layer).values()) for layer in layers])
library = torch.tensor([list(nstlib.weighting.leave_one_out(layers, layer).values()) for layer in layers])

# %% claim="leave one out" tags=["nbval-check-output"]
claim("our weights and the library's, whichever layer is left out", mine, equals=library)
claim("their sums", mine.sum(1), equals=torch.ones(5))

# %% [markdown]
# **Predict.** One layer will hardly be missed: without it, even its own cost ends where it ended before. Which one?

# %%
predict("04.missed")

# %%
without = {}
for layer in layers:
    settings = Settings(size=side, layer_weights=leave_one_out(layers, layer))
    without[layer] = nstlib.stylize(photo, painting, settings)
plots.grid(
    {"all but": without},
    alt="Five brown cats with fine strokes. Without relu2_1 the strokes are darker and curlier, without relu3_1 the "
    "fur is smoother. The first, without relu1_1, differs little from the last two",
)

# %% [markdown]
# **Look at** the picture on the left, and at "λ equal" at the top of this lesson. Can you see that `relu1_1`, the layer
# of the colours, was left out?


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
# The panel shows the same runs live, once you have run its cell. Move from layer to layer with the arrow keys, and back
# to "none".

# %%
with_all = left(equal)
with_and_without = {
    layer: {"with it": with_all[layer], "without it": left(without[layer])[layer]} for layer in layers
}
plots.bars(with_and_without, "layer's own cost that is left", log=True)

# %%
missed = {layer: bars["without it"] / bars["with it"] for layer, bars in with_and_without.items()}
others_least = min(missed[layer] for layer in layers[1:])

# %% claim="nobody misses it" tags=["nbval-check-output"]
claim("missed least", min(missed, key=missed.get), equals="relu1_1")
claim("without it its own cost is this many times as high", missed[first], above=0.9, below=1.2)
claim("least for any other layer left out", others_least, above=1.5)

# %% [markdown]
# **Explain.** `relu1_1` brought the painting's colours when it was alone. In the sum it *was* there, with the same
# $\lambda$ as all others, and had no say: leaving it out changes almost nothing, not even its own cost. So that is why
# the cat stayed brown.

# %% [markdown]
# ImageNet's VGG-16 agrees. Leaving out `relu1_1` multiplies its cost by 1.02; any other layer's own cost
# grows by a factor of 3.04 or more (`python -m tests.lessons.true_network`). What decides how much say a layer has?

# %% [markdown]
# ## 6. Compare pulls, not costs
#
# A program that prints its costs layer by layer once showed 4.7 beside 243,431. The numbers alone do not tell whether
# that is much or little. Suppose that all filters answer $c$ times as loudly, for $X$ and for $S$:
#
# $$\begin{aligned}
# G(cF) &= (cF)(cF)^\top = c^2 \, G(F) && \text{because } F \text{ enters twice} \\
# E_l(cF_X, cF_S) &= \frac{1}{4N^2} \sum_{k,k'} \left( \tfrac{c^2 G_X - c^2 G_S}{M} \right)_{kk'}^2
# && \text{for equal sizes} \\
# &= c^4 \, E_l(F_X, F_S) && \text{because } E_l \text{ squares}
# \end{aligned}$$
#
# Twice as loud is 16 times the cost. So a cost depends on how loudly a network happens to answer.

# %%
times = []
for layer in layers:
    X, S = features_x[layer], features_s[layer]
    times.append((layer_style_cost(2 * X, 2 * S) / layer_style_cost(X, S)).item())

# %% claim="fourth power" tags=["nbval-check-output"]
claim("twice as loud, times the cost, in each layer", torch.tensor(times), equals=torch.full((5,), 16.0))

# %% [markdown]
# A cost is also only a *height*. What moves the picture is the slope: the gradient $\partial E_l / \partial X$, an
# arrow in the space of all pixels, one for each layer. We call its length the layer's *pull*:
#
# $$\text{pull}_l = \left\lVert \frac{\partial E_l}{\partial X} \right\rVert$$


# %%
def arrows(picture, network=network):
    """∂E_l/∂X at a picture, by layer."""
    X = picture.clone().requires_grad_()
    there, goal, uphill = network(X[None]), network(painting[None]), {}
    for layer in layers:
        cost = layer_style_cost(there[layer][0], goal[layer][0])
        (uphill[layer],) = torch.autograd.grad(cost, X, retain_graph=True)
    return uphill


# %%
def pulls(picture, network=network):
    """‖∂E_l/∂X‖ at a picture, by layer."""
    return {layer: arrow.norm().item() for layer, arrow in arrows(picture, network).items()}


# %%
def louder(batch):
    """The network, all filters answering twice as loudly."""
    return {layer: 2 * block for layer, block in network(batch).items()}


# %%
pull, louder_pull = pulls(photo), pulls(photo, louder)
ratios = torch.tensor([louder_pull[layer] / pull[layer] for layer in layers])

# %% claim="loud pulls" tags=["nbval-check-output"]
claim("twice as loud, times the pull, in each layer", ratios, equals=torch.full((5,), 16.0))

# %% [markdown]
# **Explain.** The pixels are the same as before, so the arrow grows as its cost does. That is why $\lambda$ must be
# measured for each network. But it does not say *what* to measure: dividing by the cost would undo a factor of 16, and
# so would dividing by the pull.
#
# What matters is the slope, not the height. Do costs and pulls at least tell the same story?

# %%
costs = {layer: style_cost(features_x, features_s, {layer: 1}).item() for layer in layers}
slopes = {layer: pull[layer] / costs[layer] for layer in layers}
plots.table(
    {
        layer: {"cost": costs[layer], "pull": pull[layer], "pull / cost": slopes[layer]}
        for layer in layers
    },
    "layer",
)

# %%
steeper = sum(slopes[deeper] > slopes[layer] for layer, deeper in pairwise(layers))

# %% claim="height and slope" tags=["nbval-check-output"]
claim("layers that pull harder for their cost than the one before", steeper, equals=4)
claim(f"pull / cost, {deepest} against {first}", slopes[deepest] / slopes[first], above=12)

# %% [markdown]
# **Explain.** No. Compare `relu5_1` with `relu2_1`: its cost is lower, and it pulls harder. The deeper the layer, the
# steeper its cost. So if you go by costs, you take deep layers for weaker than they are.

# %% [markdown]
# **A mistake made on purpose.** Suppose we balance the layers by what is easy to print: $\lambda_l = 1/E_l$ makes all
# five terms $\lambda_l E_l$ equal at the start.
#
# **Predict.** Do all five layers then pull equally hard at the photo?

# %%
predict("04.cost")


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
unfair = pulling(by_cost, pull)
plots.shares(
    {"λ equal": pulling(equal_weights, pull), "λ = 1 / E": unfair}, "share of the pull at the photo"
)

# %% [markdown]
# **Look at** the left end of the upper bar, and try to find `relu1_1`, the layer that nobody missed in section 5: its
# share is too thin to see. In the lower bar it is visible at last, but the deepest layer takes about half of the pull.

# %%
terms = torch.tensor([by_cost[layer] * costs[layer] for layer in layers])

# %% claim="balanced by cost" tags=["nbval-check-output"]
claim("the five terms λ E, divided by their mean", terms / terms.mean(), equals=torch.ones(5))
claim(f"yet the pull of {deepest} against {first}'s", unfair[deepest] / unfair[first], above=12)

# %% [markdown]
# ## 7. Balance by hand
#
# We want all layers to pull equally hard, and the weights to add up to 1. Two conditions are enough to find them:
#
# $$\begin{aligned}
# \lambda_l \, \text{pull}_l &= c && \text{for every layer } l \text{: they pull equally hard} \\
# \lambda_l &= \frac{c}{\text{pull}_l} && \text{dividing by } \text{pull}_l \\
# 1 = \sum_k \lambda_k &= c \sum_k \frac{1}{\text{pull}_k} && \text{because the weights add up to 1} \\
# \lambda_l &= \frac{1/\text{pull}_l}{\sum_k 1/\text{pull}_k} && \text{putting in this } c
# \end{aligned}$$


# %%
def balanced_weights(gradient_norms):
    """λ_l · norm_l equal for all layers, Σ λ_l = 1."""
    total = sum(1 / norm for norm in gradient_norms.values())
    return {layer: 1 / norm / total for layer, norm in gradient_norms.items()}


# %%
by_hand, library = balanced_weights(pull), nstlib.weighting.balanced(pull)
ours, theirs = (torch.tensor(list(weights.values())) for weights in (by_hand, library))
even = torch.tensor(list(pulling(by_hand, pull).values()))

# %% claim="balanced" tags=["nbval-check-output"]
claim("our weights and the library's", ours, equals=theirs)
claim("each layer's share of the pull", even, equals=torch.full((5,), 0.2))
claim("sum of our weights", ours.sum(), equals=1.0)

# %% [markdown]
# The library knows these rules, as `layer_weights="…"` in the settings:
#
# | rule | $\lambda_l$ in proportion to |
# |:---|:---|
# | `equal` | 1 |
# | `inverse_n2` | $1/N^2$ |
# | `geometric` | 1, ½, ¼ … from layer to layer |
# | `relative` | $1/E_l$ of $S$ against features that are all zero |
# | `balanced` | $1/\text{pull}_l$ at the photo |
#
# Without a choice the library takes `relative`, as lesson 03's runs did. `relative_geometric`, a sixth rule, is
# `relative` times 1, ¼, 1/16 … from layer to layer; `nst stylize` uses it.

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
given = dict(equal=layers, inverse_n2=N, geometric=layers, relative=against_zero, balanced=pull)
ours, theirs = [], []
for rule, argument in given.items():
    ours += shares(proportional[rule]).values()
    theirs += shares(nstlib.weighting.PRESETS[rule](argument)).values()

# %% claim="presets" tags=["nbval-check-output"]
claim("five rules: the table and the library", torch.tensor(ours), equals=torch.tensor(theirs))
claim("without a choice", Settings().layer_weights, equals="relative")

# %% [markdown]
# In which of these rules does the layer of the colours have a say?

# %%
who_pulls = {rule: pulling(weights, pull) for rule, weights in proportional.items()}
plots.shares(who_pulls, "share of the pull at the photo")

# %% [markdown]
# **Look at** the left ends. With the first three rules `relu3_1` takes most of the pull. With `relative` a layer's
# share grows with its depth. `relu1_1` is nearly invisible in all four bars that are not balanced.

# %%
first_share = {rule: bar["relu1_1"] for rule, bar in who_pulls.items()}
largest = max(share for rule, share in first_share.items() if rule != "balanced")
plots.table({"relu1_1": first_share}, "share of the pull")

# %% claim="first share" tags=["nbval-check-output"]
claim("relu1_1's largest share, not balanced", largest, below=0.03)
claim(f"{deepest}'s share under relative", who_pulls["relative"][deepest], above=0.4)

# %% [markdown]
# ImageNet's VGG-16 agrees, although its deepest layers pull harder than ours. On three pairs `relu1_1` has less than a
# hundredth of the pull under each of these four rules. (The appendix names the pairs and the program.)

# %% [markdown]
# **Two warnings.** First: weights that add up to 1 do not make two rules equally *strong*. The arrows of all layers are
# added before they move the picture, so strength is the length of the *sum*:
#
# $$\left\lVert \sum_l \lambda_l \frac{\partial E_l}{\partial X} \right\rVert \le \sum_l \lambda_l \, \text{pull}_l
# \qquad \text{(the triangle inequality)}$$
#
# Both sides are equal only if all arrows point the same way. Do they?

# %%
at_photo = arrows(photo)
directions = torch.stack([arrow.flatten() / arrow.norm() for arrow in at_photo.values()])
cosines = directions @ directions.T
plots.matrices(
    {"cosine between two layers' arrows": cosines.round(decimals=2)}, rows=layers, columns=layers
)

# %% [markdown]
# **Look at** a row: neighbours point partly the same way. The first and the last layer are nearly at right angles: they
# move the picture in different directions and hardly help each other.


# %%
def strength(layer_weights):
    """Length of all arrows at the photo, weighted and added."""
    return sum(layer_weights[layer] * arrow for layer, arrow in at_photo.items()).norm().item()


# %%
sum_is_one = {rule: shares(weights) for rule, weights in proportional.items()}
beta = 10 * strength(sum_is_one["equal"]) / strength(sum_is_one["balanced"])
lengths = sum(sum_is_one["balanced"][layer] * pull[layer] for layer in layers)
lost = 1 - strength(sum_is_one["balanced"]) / lengths

# %% claim="directions" tags=["nbval-check-output"]
claim("largest cosine of two different layers", (cosines - torch.eye(5)).max(), below=0.7)
claim("share of the five pulls that they take from each other, balanced", lost, above=0.25)

# %%
added = sum(sum_is_one["equal"][layer] * pull[layer] for layer in layers) / lengths
plots.table(
    {
        "β of balanced, as a multiple of equal's": {
            "by the sum's length": beta / 10,
            "by added lengths": added,
        }
    }
)

# %% [markdown]
# So to be as strong as `equal` at the photo, `balanced` needs more $\beta$ than the added lengths suggest.
#
# The pictures at the top had the same $\beta$, not the same strength. Now make it fair: three runs that are equally
# strong at the photo. (The weights that the library gives to `relative` do *not* add up to 1.)

# %%
run_weights = nstlib.weighting.relative(against_zero)
stronger = strength(run_weights) / strength(sum_is_one["equal"])
weakened = Settings(size=side, layer_weights="relative", beta=10 / stronger)
strong = Settings(size=side, layer_weights=sum_is_one["balanced"], beta=beta)
fair, ended = (nstlib.stylize(photo, painting, settings) for settings in (weakened, strong))
three = {"equal": equal, "relative": fair, "balanced": ended}

# %%
plots.row(
    three,
    alt="Three cats. The first two are brown, one with fine even strokes, one cooler with swirls of coloured "
    "grain. The third is deep blue and bright yellow under curved strokes",
)

# %%
three_left = {rule: left(picture) for rule, picture in three.items()}
plots.bars(
    {layer: {rule: costs_left[layer] for rule, costs_left in three_left.items()} for layer in layers},
    "layer's cost that is left",
    log=True,
)

# %%
colours, by_rule = palette(ended) / palette(equal), list(three_left.values())

# %% claim="equally strong" tags=["nbval-check-output"]
claim(f"{first}'s cost, balanced against equal", by_rule[2][first] / by_rule[0][first], below=0.07)
claim("and relative against equal", by_rule[1][first] / by_rule[0][first], below=0.75)
claim("the palette's distance, balanced against equal", colours, below=0.9)

# %% [markdown]
# **Explain.** All three runs begin equally strong; they spend their strength on different layers. `equal` spends it on
# `relu3_1`, which comes down in every run. `relative` does more for `relu1_1`, but not enough. `balanced` lets it speak
# as loudly as the others, and the painting's colours arrive. (It leaves 4 % of the cost that `equal` leaves in
# `relu1_1`; with the rocket and the waves, 10 %.)

# %% [markdown]
# The second warning: pulls are measured at *one* picture, the photo. Is `balanced` still balanced when the run ends?

# %%
start = sum_is_one["balanced"]
bars = {"at the start": pulling(start, pulls(photo)), "at the end": pulling(start, pulls(ended))}
plots.shares(bars, "share of the pull, λ balanced")

# %% [markdown]
# **Look at** the first three layers. They have got nearly all they asked for, so they pull much less. The two deepest
# now have about four fifths of the pull.

# %%
deep_start, deep_end = (bar["relu4_1"] + bar["relu5_1"] for bar in bars.values())
still_left = max(left(ended)[layer] for layer in layers[:2])

# %% claim="only at the start" tags=["nbval-check-output"]
claim("share of the two deepest at the start", torch.tensor(deep_start), equals=torch.tensor(0.4))
claim("and at the end", deep_end, above=0.6)
# The bound is wide: how little is left depends on the pair
claim("most that is left of the first two layers' costs", still_left, below=0.05)

# %% [markdown]
# ## 8. Leave one out again
#
# Now all layers have a say, so it should show when one is left out. Which costs come down anyway, because other layers
# pull the same way? Each run takes a few seconds.

# %%
ablated = {}
for layer in layers:
    weights = {**start, layer: 0.0}
    ablated[layer] = nstlib.stylize(
        photo, painting, Settings(size=side, layer_weights=weights, beta=beta)
    )

# %%
plots.grid(
    {"all but": ablated},
    alt="Five cats. The first, made without relu1_1, has kept its brown. The other four are deep blue and bright "
    "yellow, and look alike at first sight",
)

# %% [markdown]
# **Look at** the first picture: now `relu1_1` *is* missed. Then try to find a difference between the others. Eyes are a
# poor judge of four small pictures, so we ask the costs.

# %%
left_ended, unasked = left(ended), {layer: left(picture)[layer] for layer, picture in ablated.items()}
plots.bars(
    {layer: {"with it": left_ended[layer], "without it": unasked[layer]} for layer in layers},
    "layer's own cost that is left",
)

# %%
middle = max(unasked[layer] for layer in layers[1:3])
ends = min(unasked[layer] for layer in (first, fourth, deepest))

# %% claim="must be asked for" tags=["nbval-check-output"]
claim("most that relu2_1 or relu3_1 keeps of its cost, left out", middle, below=0.25)
claim("least that any other keeps, as a multiple of it", ends / middle, above=2)
claim(f"{deepest}'s cost without it against with it", unasked[deepest] / left_ended[deepest], above=2.5)

# %% [markdown]
# **Explain.** `relu2_1` and `relu3_1` come down even when nobody asks: the cosines of section 7 show that a neighbour
# pulls partly the same way. `relu4_1` has two neighbours as well, but its cosines with them are much smaller.

# %% [markdown]
# The first layer and the two deepest must be asked for, with enough weight to be heard: left out, each keeps more than
# twice as much of its cost as those two. (For the coffee and the mosaic it is 1.4 times as much; for the rocket and the
# waves one of the three comes down by itself.) Without `relu5_1` its cost ends 4.3 times as high; for the rocket and
# the waves, 2.5 times.

# %% [markdown]
# ## 9. Does it hold on the true network?
#
# Nearly all of it. On ImageNet's VGG-16 `relu5_1` pulls 250 times as hard for its cost as `relu1_1`, on minivgg 22
# times. Three numbers come out otherwise:
#
# | what was measured | on minivgg | on VGG-16 |
# |---|---:|---:|
# | `relu5_1`'s cost without it against with it (section 8) | 4.3 | 1.6 |
# | share of the two deepest at the end of a balanced run (section 7) | 0.79 | 0.55 |
# | how many layers pull, equal weights minus $1/N^2$ (appendix) | 0.47 | −0.59 |
#
# So on VGG-16 it matters less to ask for `relu5_1`: its cost comes down nearly as far without it. The appendix takes up
# the last row. The whole table is in [docs/true_network.md](../docs/true_network.md).


# %% [markdown]
# ## Recap

# %% [markdown]
# - $J_{\text{style}} = \sum_l \lambda_l E_l$. Sum and average differ by a constant, which $\beta$ absorbs.
# - Summing over positions removes the arrangement; more layers add scales.
# - No layer alone brings all costs far down: the first brings colours, the next two strokes.
# - A layer with a weight may have no say. Compare pulls $\lVert \lambda_l \, \partial E_l / \partial X \rVert$,
#   never $E_l$.
# - `balanced`, $\lambda_l \propto 1/\text{pull}_l$: equal pulls, but only where they were measured.
# - Weights belong to a network: measure, then copy.

# %% [markdown]
# ## On your own
#
# - Measure the pulls at `relative`, the picture at the top, instead of the photo. Which $\lambda_l$ would you choose
#   now?
# - Balance again every ten steps of a run. Does the picture change?
# - Give `relu1_1` more weight under `relative`. How much is enough to bring the palette?

# %% [markdown]
# ## Appendix: which λ for which network?
#
# This is a research note; the lesson does not need it. The paper prints equal weights. The code that its authors
# published has two cases: equal weights for *their* network, and $1/N^2$ for the ordinary VGG. Theirs is rescaled so
# that each filter's mean answer is 1.
#
# $E_l$ already holds a $1/N^2$. This is a second one. You met it in lesson 03: family D, the puzzle's, has it without
# saying so.

# %%
family_d, expected = [], []
for layer in layers:
    X, S = features_x[layer].flatten(1), features_s[layer].flatten(1)
    family_d.append(((X @ X.T - S @ S.T) / X.numel()).square().mean())
    expected.append(4 / N[layer] ** 2 * layer_style_cost(features_x[layer], features_s[layer]))
quotients = torch.stack(family_d) / torch.stack(expected)

# %% claim="family D" tags=["nbval-check-output"]
claim("family D, divided by 4/N² times E_l, in each layer", quotients, equals=torch.ones(5))

# %% [markdown]
# Can we rescale a network's filters and still compute the same features, up to one factor for each filter? Yes. A ReLU
# passes a positive factor on:
#
# $$\begin{aligned}
# \max(0, c\,x) &= c \, \max(0, x) && \text{for } c > 0 \\
# \max(c\,x_1, \dots, c\,x_4) &= c \, \max(x_1, \dots, x_4) && \text{so max pooling does, too}
# \end{aligned}$$
#
# So divide a filter's weights *and its bias* by its mean answer, and multiply by it wherever the next layer reads that
# filter.

# %%
four_neighbours = torch.tensor([[[-2.0, 3.0], [1.0, -4.0]]])
pool = torch.nn.MaxPool2d(2)

# %% claim="factors are handed on" tags=["nbval-check-output"]
claim("the largest of the four", int(pool(four_neighbours)), equals=3)
claim("the largest of twice these", int(pool(2 * four_neighbours)), equals=6)
claim("ReLU of twice, twice the ReLU", (2 * four_neighbours).relu(), equals=2 * four_neighbours.relu())

# %%
names = ("astronaut", "coffee", "hubble", "retina", "rocket")
varied = [pictures.sample(name, side) for name in names] + [photo, painting]
varied += [painted.paint(name, side) for name in ("mosaic", "hatching", "waves", "poppies")]
squares = torch.stack([picture[:, :side, :side] for picture in varied])
normalised = nstlib.networks.weight_normalised(network, squares)

# %%
means = {layer: block.double().mean((0, 2, 3)) for layer, block in network(squares).items()}
gaps = []
for layer, m in means.items():
    wanted = features_x[layer] / torch.where(m > 0, m, 1.0)[:, None, None]
    given_back = normalised(photo[None])[layer][0].double()
    gaps.append(((given_back - wanted).abs().max() / wanted.max()).item())

# %% claim="normalised" tags=["nbval-check-output"]
# The bound is wide: rounding errors, enlarged as much as the rarest filter
claim("largest gap to F / m, m being each filter's mean", max(gaps), below=1e-3)

# %% [markdown]
# Two networks and two rules make four cases. We count how many layers pull: $1 / \sum \text{share}^2$. Five even shares
# give 5, one layer that pulls alone gives 1. If the authors' choices fit, *ordinary with $1/N^2$* and *normalised with
# equal weights* are the even ones.


# %%
def how_many(bar):
    return 1 / sum(share**2 for share in bar.values())


rules = ("equal", "inverse_n2")
four = {("ordinary", rule): pulling(proportional[rule], pull) for rule in rules}
four |= {("normalised", rule): pulling(proportional[rule], pulls(photo, normalised)) for rule in rules}
plots.shares(
    {f"{name}, {rule}": bar for (name, rule), bar in four.items()}, "share of the pull at the photo"
)

# %%
count = {case: how_many(bar) for case, bar in four.items()}
more_even = count["ordinary", "equal"] - count["ordinary", "inverse_n2"]
alone = four["normalised", "equal"][deepest]
plots.table({name: {rule: count[name, rule] for rule in rules} for name in ("ordinary", "normalised")})

# %% claim="two by two" tags=["nbval-check-output"]
claim("ordinary: layers that pull, equal minus 1/N²", more_even, above=0.3)
claim(f"normalised, equal: {deepest}'s share of the pull", alone, above=0.7)

# %% [markdown]
# **Explain.** Here it is the other way round: equal weights are the more even rule for the ordinary network, and
# $1/N^2$ for the normalised one, whose deepest layer otherwise has nearly all of the pull. Why?
#
# A mean of one does not say how *unevenly* a filter answers. Divide its mean square by the square of its mean: 1 for a
# filter that answers the same everywhere, 100 for one that answers at one position in a hundred.


# %%
def unevenness(block):
    """Each filter's mean square, divided by the square of its mean."""
    block = block.double().transpose(0, 1).flatten(1)
    return (block.square().mean(1) / block.mean(1).square()).nanmedian().item()


uneven = {layer: unevenness(block) for layer, block in network(squares).items()}
plots.bars(
    {layer: {"median filter": value} for layer, value in uneven.items()}, "mean square / mean²", line=1
)

# %% claim="unevenness" tags=["nbval-check-output"]
claim(f"unevenness, {deepest} against {first}", uneven[deepest] / uneven[first], above=2)

# %% [markdown]
# **Explain.** The deeper the layer, the longer its filters stay silent and the more they answer where they do. Once all
# means are 1, this mean square *is* the diagonal of $G/M$, and $E_l$ takes its square again. So normalising enlarges
# the deepest cost most.
#
# The authors averaged over the photos of a large collection; we took eleven pictures. Is our small network to blame, or
# are the pictures too few?

# %% [markdown]
# Here is the same count for other networks: the smallest and the largest of three pairs, cat × night, coffee × mosaic
# and rocket × waves. These are *stored figures, made by* `python docs/layer_weights.py minivgg vgg16 random-vgg19`.
# *Normalised on 8* or *on 128*: the filters' means were taken over so many pictures.
#
# | network | | equal $\lambda$ | $\lambda \propto 1/N^2$ |
# |:---|:---|:---|:---|
# | minivgg | as it is | 2.2 to 3.0 | 1.8 to 1.9 |
# | | normalised on 8 | 1.0 to 1.5 | 1.7 to 4.0 |
# | | normalised on 128 | 1.0 to 1.1 | 1.6 to 1.9 |
# | vgg16 | as it is | 1.5 to 2.9 | 2.1 to 3.4 |
# | | normalised on 8 | 1.0 to 1.0 | 1.0 to 1.2 |
# | | normalised on 128 | 1.0 to 1.3 | 1.0 to 2.3 |
# | random-vgg19 | as it is | 2.3 to 2.9 | 1.1 to 1.5 |
# | | normalised on 128 | 1.0 to 2.4 | 1.0 to 2.6 |

# %% [markdown]
# **Look at** the rows "as it is". minivgg and the random network prefer equal weights; VGG-16 prefers $1/N^2$ on two
# pairs of three. Normalised, $1/N^2$ is nowhere the worse rule, and with equal weights each network has pairs for which
# one layer pulls alone.
#
# So normalising *as such* does not explain the paper's equal weights. Its authors' own network could not be had for
# this table. What remains: $\lambda_l$ belongs to a network and a pair. Measure it.
