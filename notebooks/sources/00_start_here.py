# %% [markdown]
# # 00 · Start here: repaint a photo
#
# **What you will do.** Repaint a photo of a cat in the manner of a woodblock print, then look at the four parts that
# did it.
#
# **You will be able to** say what the optimiser changes, read the shape of a layer's features, compute a Gram matrix
# in one line, and weigh content against style.
#
# **You need** 20 minutes and no download. Run the cells from the top, each with *Shift + Enter*.

# %%
import nstlib
from nstlib import claim
from nstlib.predictions import predict, progress
from nstlib.transfer.quality import paint, quality_named

photo = nstlib.pictures.sample("cat")
painting = nstlib.painted.paint("waves")

# %%
result = paint(photo, painting, quality_named("draft").changed(size=192))
nstlib.plots.row(
    {"photo": photo, "painting": painting, "result": result},
    alt="A tabby cat's face; waves with pale foam under a red sun; the same cat in the print's blues and browns, its fur in soft ridges like waves",
)

# %% [markdown]
# **Look at** the eyes and the nose first: they are where they were. Then look at the fur: it has taken on the colours
# and edges of the sea, but there is no wave in it and no sun. *What* a picture shows and *how* it is painted have come
# apart.
#
# This lesson goes once around the following loop.

# %%
nstlib.plots.dataflow(photo, painting, result)

# %% [markdown]
# Read it from the left. Three pictures go through one network, which turns each into *features*. The features of $C$
# and $X$ are compared directly: that is content. The features of $X$ and $S$ are first summed up in *Gram matrices*:
# that is style. Both costs make up $J$, and $J$ says how the pixels of $X$ should move. Then the next round begins.

# %% [markdown]
# What you see under the cells is a stored run, and yours replaces it. To predict before you see, hide it first: in the
# menu, *Kernel*, *Restart Kernel and Clear Outputs of All Cells*.
#
# While a cell runs, `[*]` stands beside it. Painting a picture takes a few seconds, and several take that long each.

# %% [markdown]
# ## 1. See what is optimised: the pixels
#
# We call the photo $C$ (content), the painting $S$ (style) and the result $X$.

# %% [markdown]
# **Predict.** Training a network changes its weights. Here no weight changes. What changes instead, and how many
# numbers is that for a colour picture of 192 × 289 pixels?

# %%
predict("00.pixels")

# %%
network = nstlib.networks.load()
trained = sum(weights.requires_grad for weights in network.parameters())

# %% claim="pixels" tags=["nbval-check-output"]
claim("numbers in X", result.numel(), equals=3 * 192 * 289)
claim("network weights that change", trained, equals=0)

# %% [markdown]
# A picture is a block of numbers between 0 and 1: one map each for red, green and blue. $X$ began as a copy of $C$. At
# every step the library asked in which direction each of these numbers should move, and moved them all a little. The
# network only judges. It is *minivgg*, a small network that was taught to answer like VGG-16, a well-known one, and it
# is frozen.

# %% [markdown]
# A line that begins with ✓ is a *claim*. It shows what was measured and, where there is one, the bound that it must
# keep. If it does not, the cell stops with an error. Claims hold for your run, too, with the lesson's pictures. With
# others a bound may be missed.

# %% [markdown]
# ## 2. Read a layer's features
#
# At each layer of the network, $N$ filters look for $N$ different patterns at every position of a map. A pooling step
# between two blocks halves the map's height and width. Whatever is left over at the edge is dropped. (The run above
# shrank the photo; here it goes in as it was read, 256 × 385.)

# %%
features = network(photo[None])  # the network takes a batch; ours holds one photo
shapes = {layer: tuple(features[layer][0].shape) for layer in nstlib.networks.STYLE_LAYERS}
names = "filters (N)", "height", "width"
nstlib.plots.table(
    {layer: dict(zip(names, shape, strict=True)) for layer, shape in shapes.items()}, "layer"
)

# %% claim="maps" tags=["nbval-check-output"]
halved = [(256 // 2**times, 385 // 2**times) for times in range(5)]
claim("height and width of the maps", [shape[1:] for shape in shapes.values()], equals=halved)
claim("filters of relu5_1 for each one of relu1_1", shapes["relu5_1"][0] / shapes["relu1_1"][0], above=8)

# %% [markdown]
# In a name such as `relu3_1`, 3 is the block and 1 the convolution in it. With depth, the maps shrink, so one position
# stands for a larger patch of the photo, and the number of filters grows. Early layers see colours and fine edges, late
# ones whole motifs. Lesson 01 makes both visible.

# %% [markdown]
# ## 3. Compute a Gram matrix in one line
#
# Write a layer's features as a matrix $F$, with one row for each filter and one column for each position. The Gram
# matrix compares every filter with every other. $k$ and $k'$ count the $N$ filters, $i$ the $M$ positions:
#
# $$G = F F^\top \qquad \text{entry by entry:} \qquad G_{kk'} = \sum_{i=1}^{M} F_{ki}\, F_{k'i}$$

# %% [markdown]
# **Predict.** `relu3_1` has 64 filters. What is the shape of its Gram matrix? And for a photo twice as large?

# %%
predict("00.gram")

# %%
F = nstlib.style.unroll(features["relu3_1"][0])
gram = F @ F.T
large = nstlib.style.unroll(network(nstlib.pictures.resize(photo, 512)[None])["relu3_1"][0])
of = {"this photo": F, "twice as large": large}
wide = {name: {"F": f"{tuple(F.shape)}", "G": f"{tuple((F @ F.T).shape)}"} for name, F in of.items()}
nstlib.plots.table(wide, "shape")

# %% claim="Gram matrix" tags=["nbval-check-output"]
claim("shape of G, twice as large", tuple((large @ large.T).shape), equals=(64, 64))
claim("G beside its transpose", gram, equals=gram.T)
claim("G beside the library's", gram, equals=nstlib.style.gram_matrix(features["relu3_1"][0]))

# %% [markdown]
# An entry of $G$ is large where two filters are strong *at the same places*, wherever these are. So the print's matrix
# would know that foam is pale and edged with dark blue, but not that it is near the bottom of the print. That is this
# course's idea of style. $G$ is symmetric because filter 3 meets filter 8 as often as 8 meets 3.
#
# To see that it forgets places, put every column of $F$ in another position.

# %%
elsewhere = F.flip(1)  # the last position first
moved_share = (elsewhere != F).any(0).double().mean()

# %% claim="places forgotten" tags=["nbval-check-output"]
claim("share of columns that are not what they were", moved_share, above=0.9)
claim("G of the moved columns, beside G", elsewhere @ elsewhere.T, equals=gram)

# %% [markdown]
# ## 4. Watch two costs pull
#
# $J_{\text{content}}$ measures how far the features of $X$ are from those of $C$, position by position.
# $J_{\text{style}}$ measures how far the Gram matrices of $X$ are from those of $S$. The optimiser lowers their
# weighted sum:
#
# $$J = \alpha\, J_{\text{content}} + \beta\, J_{\text{style}}$$

# %% [markdown]
# **Predict.** $X$ begins as a copy of $C$. Which of the two costs is zero then? And which way does each go during the
# run?

# %%
predict("00.costs")

# %%
history = list(nstlib.transfer.steps(photo, painting, nstlib.Settings(size=96, scales=1)))
shown = history[0], history[3], history[10], history[-1]
nstlib.plots.row(
    {f"step {step.index}": step.picture for step in shown},
    height=1.6,
    alt="The cat at four steps: the plain photo; the photo under a pink and green grain; under stronger ridges; in ridges of blue, white and ochre",
)

# %%
small_photo = nstlib.pictures.resize(photo, 96)
unit = network(small_photo[None])["relu4_2"].square().sum().item() / 2  # section 8 says why
content = [step.content_cost / unit for step in history]
total = [step.total for step in history]
style = [whole - part for whole, part in zip(total, content, strict=True)]
nstlib.plots.curves({"J": total, "α J_content": content, "β J_style": style}, "cost", log=False)

# %% [markdown]
# **Look at** the first few steps. Style falls steeply, and content pays for it, more than it needs to: in most of the
# later steps content wins a little back, while style still falls. The optimiser cares about the sum $J$
# alone: it gives up content wherever that buys more style.

# %%
third = total[len(total) // 3]
early = (total[0] - third) / (total[0] - total[-1])
falls = sum(content[i + 1] < content[i] for i in range(len(content) - 1))

# %% claim="two costs" tags=["nbval-check-output"]
claim("content cost at the start", content[0], equals=0.0)
claim("share of steps in which content falls", falls / (len(content) - 1), above=1 / 2)
claim("content at the end, of its peak", content[-1] / max(content), below=0.8)
claim("style at the end, of its start", style[-1] / style[0], below=0.1)
claim("share of J's fall in the first third of the steps", early, above=3 / 4)

# %% [markdown]
# What if you switch one term off? With $\beta = 0$ the photo is perfect already. With $\alpha = 0$ nothing
# holds the cat. You will still recognise it, because the run starts at the photo, but its features drift farther away.

# %%
no_style = nstlib.stylize(photo, painting, nstlib.Settings(size=96, beta=0))
no_content = list(nstlib.transfer.steps(photo, painting, nstlib.Settings(size=96, alpha=0)))[-1]
drift = no_content.content_cost / history[-1].content_cost
nstlib.plots.row(
    {"β = 0": no_style, "both": history[-1].picture, "α = 0": no_content.picture},
    alt="Three cats: the plain photo; a painted cat; the same with fewer of its own markings and more strokes",
)

# %% claim="one term alone" tags=["nbval-check-output"]
claim("pixel values that β = 0 changed", (no_style != small_photo).sum().item(), equals=0)
claim("content cost with α = 0, as a multiple of that with both", drift, above=2)

# %% [markdown]
# ## 5. Turn one knob: $\beta$
#
# $\beta$ says how much style counts. So far it was 10, with $\alpha = 1$.

# %% [markdown]
# **Predict.** Below, $\beta$ is 0.1, then 1, then 100. At $\beta = 0.1$ the style hardly counts. Will you see anything
# but the photo?

# %%
predict("00.beta")

# %%
runs = {}
for beta in (0.1, 1, 100):
    settings = nstlib.Settings(size=128, beta=beta)
    runs[beta] = nstlib.stylize(photo, painting, settings)
nstlib.plots.row(
    {f"β = {beta}": picture for beta, picture in runs.items()},
    alt="Three cats: brown under a fine coloured grain; the same under fine ridges; blue and ochre ridges all over, the stripes gone",
)

# %% [markdown]
# **Look at** the stripes of the fur, then at the eyes: on the right the stripes are gone, the eyes are not. Then look
# at the grain on the left. Is that still the photo? Measure it in two ways: by the features that $J_{\text{content}}$
# compares, and by the pixels.

# %%
start = nstlib.pictures.resize(photo, 128)
(content_layer,) = nstlib.Settings().content_layers  # where J_content compares: relu4_2
goal = network(start[None])[content_layer]


def content_lost(picture):
    """J_content as a share of what a picture without any features would have."""
    there = network(picture[None])[content_layer]
    return ((there - goal).square().sum() / goal.square().sum()).item()


def moved(picture):
    """How far a pixel value is from the photo's, as a root of the mean square."""
    return (picture - start).square().mean().sqrt().item()


# %%
lost = {beta: content_lost(picture) for beta, picture in runs.items()}
pixels = {beta: moved(picture) for beta, picture in runs.items()}
rows = {
    f"β = {beta}": {"content lost (share)": lost[beta], "pixels moved": pixels[beta]} for beta in runs
}
nstlib.plots.bars(rows, "change from the photo")

# %% claim="beta" tags=["nbval-check-output"]
claim("content lost at β = 1, over that at 0.1", lost[1] / lost[0.1], above=2)
claim("content lost at β = 100, over that at 1", lost[100] / lost[1], above=7)
claim("content lost at β = 0.1", lost[0.1], below=0.06)
claim("content lost at β = 100", lost[100], above=0.8)
claim("pixels moved at β = 0.1, over those at 100", pixels[0.1] / pixels[100], above=0.5)

# %% [markdown]
# To the content layer, the left picture is nearly the photo; to the eye it is not. The optimiser's first steps made the
# grain (lesson 05 says how). The content layer hardly sees so fine a pattern, so hardly anything takes it back. Shorter
# steps leave less of it. (A share above 1 is no mistake: such features are farther from the photo's than features that
# are all zero.)

# %%
gentle = nstlib.Settings(size=128, beta=0.1, learning_rate=0.01)  # a fifth of the usual step
with_less = nstlib.stylize(photo, painting, gentle)
nstlib.plots.row(
    {"photo": start, "usual step length": runs[0.1], "a fifth of that length": with_less},
    alt="The photo of a cat; the cat under a coloured grain; the cat under a much weaker grain",
)

# %% claim="grain" tags=["nbval-check-output"]
claim("grain that a fifth of the step leaves", moved(with_less) / moved(runs[0.1]), below=1 / 2)

# %% [markdown]
# How much each $\beta$ costs depends on the pictures. Here $\beta = 1$ lost 3.2 times as much content as $\beta = 0.1$;
# with the rocket and the waves it loses 1.9 times as much, so with them the claim above would stop its cell.

# %% [markdown]
# **Try** your own values of $\beta$. Does `alpha=2, beta=20` ask for another picture than `beta=10`? No: $J$ is twice
# as large everywhere, so it is lowest where it was. Only the *ratio* of $\alpha$ and $\beta$ decides. The library
# divides $J$ by its first value before each step (the curves above show $J$ before that), so even the way there is the
# same.

# %%
plain = nstlib.stylize(photo, painting, nstlib.Settings(size=128))
both_doubled = nstlib.stylize(photo, painting, nstlib.Settings(size=128, alpha=2, beta=20))
one_doubled = nstlib.stylize(photo, painting, nstlib.Settings(size=128, alpha=2))

# %% claim="only the ratio" tags=["nbval-check-output"]
# The bound is wide: how far α moves a picture depends on the pair.
claim("pixel values that differ, α and β doubled", (both_doubled != plain).sum().item(), equals=0)
claim("mean difference of a pixel, α alone doubled", (one_doubled - plain).abs().mean(), above=0.05)

# %% [markdown]
# ## 6. Make a mistake on purpose
#
# Four pooling steps lie before the deepest style layer, `relu5_1`. What is left there of a picture whose shorter side
# is 8 pixels?

# %% tags=["nbval-check-output"]
try:
    nstlib.stylize(photo, painting, nstlib.Settings(size=8, scales=1))
except ValueError as error:
    print(error)

# %% [markdown]
# Halved four times, 8 pixels become half a pixel. No position is left, so there is nothing to compare.
#
# When you ask for something impossible, the library answers in a sentence that says what it was given, what it needs
# and what you can do. Outside a `try`, this sentence is the last line of a longer report, so read that line first.

# %% [markdown]
# ## 7. Ask the doctor
#
# If something is slow or fails, look here first. Run the cell: its first line says whether the course runs here; where it
# does not, what to do comes next. The rest is what this machine has, and what the library chose because of it. Quote it
# when you ask for help.

# %% tags=["nbval-ignore-output"]
nstlib.doctor()

# %% [markdown]
# ## 8. Keep the notation at hand
#
# The library's functions and docstrings use these names; the lessons' cells call the three pictures `photo`, `painting`
# and `result`. You need not learn any of them now. Come back to the
# table when you need it.
#
# | symbol | in code | what it stands for |
# |:---|:---|:---|
# | $C, S, X$ | `content`, `style`, `generated` | the three pictures: photo, painting and the one being made |
# | $a^{[l]}$, shape $(N, H, W)$ | `features` | what the filters of layer $l$ answer, as a block |
# | $N$ | `n_filters` | filters of the layer; *not* the three colours of a picture |
# | $M = HW$ | `n_positions` | positions on the layer's map |
# | $F$, shape $(N, M)$ | `unroll(features)` | the block as a matrix: one row per filter, one column per position |
# | $G = F F^\top$, shape $(N, N)$ | `gram_matrix(features)` | Gram (style) matrix: summed over positions, divided by nothing |
# | $E_l$ | `layer_style_cost` | $\frac{1}{4N^2} \sum_{k,k'} \left(G_{X,kk'}/M_X - G_{S,kk'}/M_S\right)^2$ |
# | $\lambda_l$ | `layer_weights` | how much layer $l$ counts |
# | $J_{\text{content}}$ | `content_cost` | $\frac12 \sum_{k,i} \left(F_{X,ki} - F_{C,ki}\right)^2$, the features of $X$ and $C$ |
# | $J_{\text{style}}$ | `style_cost` | $\sum_l \lambda_l E_l$ over the style layers |
# | $J = \alpha J_{\text{content}} + \beta J_{\text{style}}$ | `total_cost` | what the optimiser lowers, moving the pixels of $X$ |

# %% [markdown]
# **Two notes.** Some lectures write $G$ both for the generated picture and for its Gram matrix. Here the picture is
# always $X$, and $G_X$ is its Gram matrix.
#
# Before $\alpha$ and $\beta$ are applied, the optimiser divides each cost by one number, fixed for a pair of pictures.
# So `beta=10` means about the same for every pair, and the curves of section 4 have these units. Lesson 05 returns to
# this. Costs that a lesson *prints* are the table's.

# %% [markdown]
# ## 9. Know how the course works
#
# **Predict, run, look.** A card takes your prediction before the measurement: your first answer counts, and stays on
# your computer. A wrong prediction teaches most. What follows ≈ in a claim may differ a little on your machine; the
# bound beside it may not.
#
# These are your predictions in this lesson, and the answers. Where a lesson has an exercise, the exercise's
# `progress()` lists them.

# %% tags=["nbval-ignore-output"]
progress("00")

# %% [markdown]
# **Exercises** come with lessons 01 to 04, 05b, 07 and 09, each in a notebook of its own. Their checks explain a wrong
# answer, and hints come in three steps.
#
# **The studio** is lesson 06: all knobs as sliders, and a picture that follows them.

# %% [markdown]
# ## Recap
#
# - Style transfer moves **pixels**; the network is frozen.
# - A layer's features are a block of shape $(N, H, W)$: $N$ filters, $M = HW$ positions.
# - The Gram matrix $G = F F^\top$ keeps which filters are strong together and forgets where.
# - The picture is a compromise: $J = \alpha J_{\text{content}} + \beta J_{\text{style}}$.
# - More $\beta$, more painting; less $\beta$, more photo. Only the ratio of $\alpha$ and $\beta$ counts.

# %% [markdown]
# ## On your own
#
# Put a photo beside this notebook, add a cell below, and run:
#
# ```python
# mine = nstlib.pictures.read("my_photo.jpg")
# painting = nstlib.painted.paint("mosaic")
# result = nstlib.stylize(mine, painting)
# nstlib.pictures.write(result, "repainted.png")
# nstlib.plots.row({"mine": mine, "painting": painting, "result": result})
# ```
#
# `list(nstlib.painted.STYLES)` names the other paintings. Which of them leaves a face easiest to recognise? Guess
# before you try.
