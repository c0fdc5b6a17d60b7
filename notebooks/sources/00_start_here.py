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

photo = nstlib.pictures.sample("cat")
painting = nstlib.painted.paint("waves")

# %%
result = nstlib.stylize(photo, painting, nstlib.Settings(size=192, steps=40))
nstlib.plots.row({"photo": photo, "painting": painting, "result": result})

# %% [markdown]
# *In the figure:* a tabby cat's face; waves with pale foam under a red sun; the same cat, its fur broken into outlined
# ridges and flecks in the colours of the print.
#
# **Look at** the eyes and nose first: they are where they were. Then at the fur: it has taken on the colours and edges
# of the sea, but no wave and no sun. What a picture shows and how it is painted have come apart.

# %% [markdown]
# ## 1. See what is optimised: the pixels
#
# We call the photo **C** (content), the painting **S** (style) and the result **X**.
#
# **Predict.** Training a network changes its weights. Here no weight changes. What does, and how many numbers are
# that for a colour picture of 192 × 289 pixels?
#
# <details><summary>Compare with your prediction</summary>
#
# The pixels of X change: three colours at every place, 3 × 192 × 289 = 166,464 numbers.
#
# </details>

# %%
network = nstlib.networks.load()

# %% claim="pixels" tags=["nbval-check-output"]
trained = sum(weights.requires_grad for weights in network.parameters())

print("shape of X:", tuple(result.shape))
print("pixel values to optimise:", result.numel())
print("network weights to optimise:", trained)
assert result.numel() == 3 * 192 * 289 and trained == 0

# %% [markdown]
# **Explain.** A picture is a block of numbers between 0 and 1: red, green and blue, one map each. X began as a copy of
# C. At every step the library asked in which direction each of these numbers should move, and moved them all a little.
# The network only judges; it learned to see beforehand and is frozen.

# %% [markdown]
# ## 2. Read a layer's features
#
# The network turns the photo into *features*. At each layer, N filters look for N different patterns at every position
# of a map. A pooling step between two blocks halves the map's height and width.
#
# **Predict.** The photo is 256 × 385 pixels. How large is the map at `relu3_1`, two pooling steps later?
#
# <details><summary>Compare with your prediction</summary>
#
# 256 / 4 = 64 by 385 / 4 = 96; what is left over at the edge is dropped.
#
# </details>

# %%
features = network(photo[None])  # the network takes a batch; ours holds one photo

# %% claim="maps" tags=["nbval-check-output"]
for halved, layer in enumerate(nstlib.networks.STYLE_LAYERS):
    n_filters, height, width = features[layer][0].shape
    print(f"{layer}: {n_filters} filters on a map of {height} × {width} positions")
    assert (height, width) == (256 // 2**halved, 385 // 2**halved)
assert features["relu5_1"].shape[1] > features["relu3_1"].shape[1] > features["relu1_1"].shape[1]

# %% [markdown]
# **Explain.** In a name such as `relu3_1`, 3 is the block and 1 the convolution in it. With depth the maps shrink, so
# one position stands for a larger patch of the photo, while the number of filters grows. Early layers see colour and
# fine edges, late ones whole motifs. Lesson 01 makes both visible.

# %% [markdown]
# ## 3. Compute a Gram matrix in one line
#
# Write a layer's features as a matrix F: a row for each filter, a column for each position. The Gram matrix F Fᵀ
# compares every filter with every other.
#
# **Predict.** `relu3_1` has 64 filters. What shape has its Gram matrix? And for a photo twice as large?
#
# <details><summary>Compare with your prediction</summary>
#
# 64 × 64 both times: a row and a column for each filter. The positions have been summed over.
#
# </details>

# %%
F = nstlib.style.unroll(features["relu3_1"][0])
gram = F @ F.T
library = nstlib.style.gram_matrix(features["relu3_1"][0])
large = nstlib.style.unroll(network(nstlib.pictures.resize(photo, 512)[None])["relu3_1"][0])

# %% claim="Gram matrix" tags=["nbval-check-output"]
print("F:", tuple(F.shape), "  F Fᵀ:", tuple(gram.shape))
print("twice as large, F:", tuple(large.shape), "  F Fᵀ:", tuple((large @ large.T).shape))
print("symmetric:", gram.allclose(gram.T), "  equal to the library's:", gram.allclose(library))
assert gram.shape == (large @ large.T).shape == (64, 64)
assert gram.allclose(gram.T) and gram.allclose(library)

# %% [markdown]
# **Explain.** An entry is large where two filters are strong *at the same places*, wherever these are. The matrix thus
# knows that foam is pale and edged with dark blue, but not that it is near the bottom of the print. That is this
# course's idea of style. The symmetry says: filter 3 meets filter 8 as often as 8 meets 3.
#
# To see that it forgets places, put every column of F at another one.

# %% claim="places forgotten" tags=["nbval-check-output"]
elsewhere = F.flip(1)  # the last position first

print("F is the same:", elsewhere.equal(F), "  F Fᵀ is:", gram.allclose(elsewhere @ elsewhere.T))
assert not elsewhere.equal(F) and gram.allclose(elsewhere @ elsewhere.T)

# %% [markdown]
# ## 4. Watch two costs pull
#
# J<sub>content</sub> measures how far the features of X are from those of C, position by position; J<sub>style</sub>,
# how far the Gram matrices of X are from those of S.
#
# **Predict.** X begins as a copy of C. Which cost is zero then? Which way does each go?
#
# <details><summary>Compare with your prediction</summary>
#
# J<sub>content</sub> is zero and can only rise. J<sub>style</sub> starts high and falls. Their weighted sum is what
# falls as a whole.
#
# </details>

# %%
history = list(nstlib.transfer.steps(photo, painting, nstlib.Settings(size=96, scales=1)))
nstlib.plots.row({f"step {step.index}": step.picture for step in history[::19]}, height=1.6)

# %% [markdown]
# *In the figure:* small pictures of the cat in the order they were made, from the plain photo at step 0 to the
# painted cat.
#
# **Look at** how early most of the change happens.
#
# **Explain.** The optimiser lowers J = α J<sub>content</sub> + β J<sub>style</sub>. It gives up content wherever that
# buys more style.

# %%
first, third, last = history[0], history[len(history) // 3], history[-1]
style_before, style_after = sum(first.style_costs.values()), sum(last.style_costs.values())
early = first.total - third.total > 0.75 * (first.total - last.total)

# %% claim="two costs" tags=["nbval-check-output"]
print("content cost zero at the start:", first.content_cost == 0)
print("content cost rose:", last.content_cost > first.content_cost)
print("style cost fell by more than half:", style_after < style_before / 2)
print("weighted sum J fell:", last.total < first.total)
print("three quarters of its fall came in the first third of the steps:", early)
assert first.content_cost == 0 < last.content_cost and style_after < style_before / 2
assert last.total < first.total and early

# %% [markdown]
# **Predict.** Now switch one term off. What does the run do with β = 0? And with α = 0?
#
# <details><summary>Compare with your prediction</summary>
#
# With β = 0 the photo is already perfect: nothing moves. With α = 0 nobody holds the cat: the features drift much
# farther away.
#
# </details>

# %%
small_photo = nstlib.pictures.resize(photo, 96)
no_style = nstlib.stylize(photo, painting, nstlib.Settings(size=96, beta=0))
no_content = list(nstlib.transfer.steps(photo, painting, nstlib.Settings(size=96, alpha=0)))[-1]

# %% claim="one term alone" tags=["nbval-check-output"]
print("β = 0 leaves the photo as it was:", no_style.equal(small_photo))
drift = no_content.content_cost / last.content_cost
print("α = 0 leaves the content cost more than half as high again:", drift > 1.5)
assert no_style.equal(small_photo) and drift > 1.5

# %% [markdown]
# ## 5. Turn one knob: β
#
# β says how much style counts. So far it was 10, with α = 1.
#
# **Predict.** Below, β is 0.1, then 1, then 100. Which parts of the cat will you still know at β = 100? And will you
# see anything but the photo at β = 0.1?

# %%
runs = {}
for beta in (0.1, 1, 100):
    settings = nstlib.Settings(size=128, beta=beta)
    runs[beta] = nstlib.stylize(photo, painting, settings)
nstlib.plots.row({f"β = {beta}": picture for beta, picture in runs.items()})

# %% [markdown]
# *In the figure:* the cat three times. On the left it is brown, under a fine coloured grain. In the middle some blue has
# come in. On the right waves and foam run over a blue and yellow cat.
#
# **Look at** the fur's own stripes, then at the eyes: on the right the stripes are gone, the eyes are not. Then at the
# grain on the left: is that still the photo? Measure it in two ways.

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


# %% claim="beta" tags=["nbval-check-output"]
lost = {beta: content_lost(picture) for beta, picture in runs.items()}
half_as_far = moved(runs[0.1]) > moved(runs[100]) / 2

print("the more β, the more content is lost:", lost[0.1] < lost[1] < lost[100])
print("β = 0.1 loses less than a twentieth of it:", lost[0.1] < 0.05)
print("β = 100 loses more than half:", lost[100] > 0.5)
print("yet β = 0.1 moved the pixels more than half as far as β = 100:", half_as_far)
assert lost[0.1] < lost[1] < lost[100] and lost[0.1] < 0.05 and lost[100] > 0.5
assert half_as_far

# %% [markdown]
# **Explain.** To the content layer the left picture is nearly the photo; to the eye it is not. The grain comes from the
# optimiser: its first steps are as long for a small β as for a large one (lesson 05). And that layer hardly sees
# so fine a pattern, so hardly anything takes it back. Shorter steps leave less of it.

# %% claim="grain" tags=["nbval-check-output"]
gentle = nstlib.Settings(size=128, beta=0.1, learning_rate=0.01)  # a fifth of the usual step
with_grain, with_less = moved(runs[0.1]), moved(nstlib.stylize(photo, painting, gentle))

print("a fifth of the step leaves less than two thirds of the grain:", with_less < with_grain * 2 / 3)
assert with_less < with_grain * 2 / 3

# %% [markdown]
# **Try** your own values of β. Does `alpha=2, beta=20` ask for another picture than `beta=10`?
#
# <details><summary>Compare with your answer</summary>
#
# No: J is twice as large, and lowest where it was. The library divides J by its value at the start, so even the way
# there is the same. Only the *ratio* of α and β decides.
#
# </details>

# %%
plain = nstlib.stylize(photo, painting, nstlib.Settings(size=128))
both_doubled = nstlib.stylize(photo, painting, nstlib.Settings(size=128, alpha=2, beta=20))
one_doubled = nstlib.stylize(photo, painting, nstlib.Settings(size=128, alpha=2))

# %% claim="only the ratio" tags=["nbval-check-output"]
other = (one_doubled - plain).abs().mean().item()

print("α and β doubled give the same picture:", both_doubled.equal(plain))
print("α alone doubled gives another:", other > 0.01)
assert both_doubled.equal(plain) and other > 0.01

# %% [markdown]
# ## 6. Make a mistake on purpose
#
# **Predict.** Four pooling steps lie before the deepest style layer, `relu5_1`. What is left there of a picture whose
# shorter side is 8 pixels?

# %% tags=["nbval-check-output"]
try:
    nstlib.stylize(photo, painting, nstlib.Settings(size=8, scales=1))
except ValueError as error:
    print(error)

# %% [markdown]
# **Explain.** Halved four times, 8 pixels become half a pixel: no position is left, so there is nothing to compare.
#
# When you ask for something impossible, the library answers in a sentence that says what it was given, what it needs
# and what you can do. Outside a `try` this sentence is the last line of a longer report, so read that line first.

# %% [markdown]
# ## 7. Ask the doctor
#
# If something is slow or fails, look here first: what this machine has, what the library chose because of it, and,
# where needed, what to do. Quote this table when you ask for help.

# %% tags=["nbval-ignore-output"]
nstlib.doctor()

# %% [markdown]
# ## 8. Keep the notation at hand
#
# Text, code, docstrings and plots of all lessons use these names. Nothing in the table has to be learned now; come back
# to it.
#
# | symbol | in code | what it stands for |
# |:---|:---|:---|
# | C, S, X | `content`, `style`, `generated` | the three pictures: photo, painting and the one being made |
# | a<sup>[l]</sup>, shape (N, H, W) | `features` | what the filters of layer l answer, as a block |
# | N | `n_filters` | filters of the layer; *not* the three colours of a picture |
# | M = H·W | `n_positions` | positions on the layer's map |
# | F, shape (N, M) | `unroll(features)` | the block as a matrix: a row a filter, a column a position |
# | G = F Fᵀ, shape (N, N) | `gram_matrix(features)` | Gram (style) matrix: summed over positions, divided by nothing |
# | E<sub>l</sub> | `layer_style_cost` | Σ (G<sub>X</sub>/M<sub>X</sub> − G<sub>S</sub>/M<sub>S</sub>)² / (4 N²) |
# | λ<sub>l</sub> | `layer_weights` | how much layer l counts |
# | J<sub>content</sub> | `content_cost` | ½ Σ (difference of the features of X and C)² |
# | J<sub>style</sub> | `style_cost` | Σ λ<sub>l</sub> E<sub>l</sub> over the style layers |
# | J = α J<sub>content</sub> + β J<sub>style</sub> | `total_cost` | what the optimiser lowers, moving X's pixels |

# %% [markdown]
# **Two notes.** Some lectures write G both for the generated picture and for its Gram matrix. Here the picture is
# always X, and G<sub>X</sub> is its Gram matrix.
#
# Before α and β are applied, the optimiser divides each cost by one number, fixed for a pair of pictures, so that
# `beta=10` means about the same for every pair. Lesson 05 returns to this. Costs that a lesson prints are the table's.

# %% [markdown]
# ## 9. Know how the course works
#
# **Predict, run, explain, check.** Answer before you run a cell: a wrong prediction teaches most. The lines that end in
# `True` are the checks; the course's own tests compare them too.
#
# **Exercises** come with lessons 01 to 05 and 07, each in a notebook of its own, with checks that explain a wrong
# answer and hints in three steps.
#
# **The studio** is lesson 06: all knobs as sliders, and a picture that follows them.

# %% [markdown]
# ## Recap
#
# - Style transfer moves **pixels**; the network is frozen.
# - A layer's features are a block of shape (N, H, W): N filters, M = H·W positions.
# - The Gram matrix **G = F Fᵀ** keeps which filters are strong together and forgets where.
# - The picture is a compromise: **J = α J<sub>content</sub> + β J<sub>style</sub>**.
# - β up, more painting; β down, more photo. Only the ratio of α and β counts.

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
