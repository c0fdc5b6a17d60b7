# %% [markdown]
# # 06 · The studio
#
# **What you will do.** Move every knob of the style cost while the picture follows, and solve three tasks with them.
#
# **You will be able to** say what each knob does before you touch it, and turn a picture you like into lines of code.
#
# **You need** lessons 04 and 05 and 30 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots
from nstlib.predictions import predict
from nstlib.studio import Studio

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %% [markdown]
# ## 1. Meet the panel
#
# Before each move say what you expect: more of the painting, less, other colours, other strokes? Every move starts a new
# run, and the picture is always the newest one.

# %% tags=["nbval-ignore-output"]
studio = Studio("cat", "night")
studio

# %% [markdown]
# On the left you see the picture, what is going on, the cost curve, and how strongly each layer pulls. On the right are
# the knobs.
#
# - **α, β**: content against style. **λ**: a fader for each layer, with *mute* and *solo*.
# - **play** pauses, **step** takes one step, and **restart** begins anew; with **go on**, a move continues from the
#   picture that is there.
# - **a task's way** shows one solution of a task below.
#
# The arrow keys move the knobs, too.

# %% [markdown]
# After a restart of the kernel the panel is disconnected. Run its cell again.
#
# ## 2. How your tasks are measured
#
# For the first two tasks a cell looks at *your* picture and shows what is left of each layer's style cost, as a share of
# the photo's. 0 means that the painting is reached, 1 that the picture is as far from it as the photo, and more than 1
# that it is farther away.

# %%
network = nstlib.networks.load()
layers = nstlib.networks.STYLE_LAYERS


def features(picture):
    """Each layer's features (N, H, W)."""
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
def left(picture, photo=photo, painting=painting):
    """E_l of the picture as a share of the photo's, by layer."""
    E, there, start, goal = nstlib.style.layer_style_cost, *map(features, (picture, photo, painting))
    return {
        layer: (E(there[layer], goal[layer]) / E(start[layer], goal[layer])).item() for layer in layers
    }


# %%
def measure(studio):
    """What is left of the studio's present picture, at its own size."""
    size = min(studio.picture.shape[1:])
    own_photo = pictures.sample("cat", size)
    return left(studio.picture, own_photo, painted.paint("night", tuple(own_photo.shape[1:])))


# %% [markdown]
# ## 3. Task: move only the palette
#
# Give the cat the painting's blue and yellow, but none of its strokes. Keep both pictures, cat and night. Then run the
# cell below. The palette has moved if less than a tenth of relu1_1's cost is left, and the strokes have stayed away if
# the two deepest layers keep more than seven tenths of theirs.

# %% tags=["nbval-ignore-output"]
if studio.picture is not None:
    print({layer: round(share, 2) for layer, share in measure(studio).items()})

# %% [markdown]
# <details><summary>One solution</summary>
#
# Keep the layer weights `relative`, and press *solo* beside λ relu1_1. Its positions see 3 × 3 pixels: enough for
# colours, too little for strokes.
#
# </details>


# %%
def with_only(kept):
    """What is left with the weights of `relative`, all layers muted but those in `kept`."""
    block, E = features(painting), nstlib.style.layer_style_cost
    silent = {layer: E(0 * block[layer], block[layer]).item() for layer in layers}
    weights = nstlib.weighting.relative(silent)
    chosen = {layer: weights[layer] if layer in kept else 0.0 for layer in layers}
    return left(nstlib.stylize(photo, painting, Settings(size=side, layer_weights=chosen), network))


# %%
palette = with_only(["relu1_1"])
plots.table({"relu1_1 alone": palette}, "share left")

# %% claim="palette only" tags=["nbval-check-output"]
claim("relu1_1 alone leaves of its own cost", palette["relu1_1"], below=0.1)
claim("relu1_1 alone leaves of the deepest two", min(palette["relu4_1"], palette["relu5_1"]), above=0.7)

# %% [markdown]
# ## 4. Task: lose the palette, keep the strokes
#
# Now the reverse: strokes as in the painting, and colours as far from it as you can. Aim for less than a fifth left in
# each of the three deepest layers, and more than half in relu1_1.

# %% [markdown]
# **Predict.** Keep the layer weights `relative`. Which is the smallest change that solves the task?

# %%
predict("06.mute")

# %% tags=["nbval-ignore-output"]
if studio.picture is not None:
    print({layer: round(share, 2) for layer, share in measure(studio).items()})


# %%
def without(*muted):
    """What is left with these layers muted."""
    return with_only([layer for layer in layers if layer not in muted])


# %%
muted = {
    "relu1_1 muted": without("relu1_1"),
    "relu2_1 muted": without("relu2_1"),
    "both muted": without("relu1_1", "relu2_1"),
}
plots.table(muted, "share left")

# %%
first, second, _ = muted.values()
strokes = max(first[layer] for layer in ("relu3_1", "relu4_1", "relu5_1"))

# %% claim="strokes only" tags=["nbval-check-output"]
claim("relu1_1 muted: left of its cost", first["relu1_1"], above=0.5)
claim("relu1_1 muted: left of the three deepest layers' costs, at most", strokes, below=0.2)
claim("relu2_1 muted: left of relu1_1's cost", second["relu1_1"], below=0.4)

# %% [markdown]
# <details><summary>One solution</summary>
#
# Mute relu1_1. The deeper layers bring the strokes, and hardly anything of the palette. Mute relu2_1 as well, and
# relu1_1 ends farther from the painting than the photo was: no layer is left to hold the colours, so they drift.
#
# </details>

# %% [markdown]
# ## 5. Task: find the β where the cat is still a cat
#
# Put all faders back: layer weights `relative`, nothing muted. Find a $\beta$ at which the strokes are the painting's and
# you still recognise the cat. Here your eyes are the measure; the numbers below are for three values of $\beta$.
#
# They show $J_{\text{content}} / K_c$, where $K_c$ is the cost of a picture whose features are all zero: 0 for the photo,
# 1 for that picture.


# %%
def both(beta):
    """J_content / K_c and the mean of what is left, for a run with this β."""
    picture = nstlib.stylize(photo, painting, Settings(size=side, beta=beta), network)
    goal, there = features(photo)["relu4_2"], features(picture)["relu4_2"]
    content = nstlib.style.content_cost(there, goal) / nstlib.style.content_cost(
        torch.zeros_like(goal), goal
    )
    return {"content lost": content.item(), "style missing": sum(left(picture).values()) / len(layers)}


# %%
few, some, many = runs = [both(beta) for beta in (0.1, 3, 100)]
lost, missing = ([run[part] for run in runs] for part in ("content lost", "style missing"))
plots.table(dict(zip(("β = 0.1", "β = 3", "β = 100"), runs, strict=True)))

# %% claim="alpha against beta" tags=["nbval-check-output"]
# The bound is wide: by how much they differ depends on the pair.
claim("content lost at β = 0.1, of β = 3", lost[0] / lost[1], below=1)
claim("content lost at β = 3, of β = 100", lost[1] / lost[2], below=1)
claim("style missing at β = 3, of β = 0.1", missing[1] / missing[0], below=1)
claim("style missing at β = 100, of β = 3", missing[2] / missing[1], below=1)
claim("content lost at β = 3", lost[1], below=0.4)
claim("style missing at β = 3", missing[1], below=0.25)

# %% [markdown]
# **Explain.** With more $\beta$, more content is lost and less style is missing. Beyond 1, the picture shows something
# *else* than the photo. Your eyes are more generous: they recognise a cat by its outline.

# %% [markdown]
# ## 6. Keep what you found
#
# *copy as code* opens lines that make the picture without a studio. *save* writes it, with its settings, beside this
# notebook. *render large* runs the same knobs at 512 or 1024 pixels, coarse to fine. Here we run the copied lines, and
# compare their picture with the one that the studio's settings make.

# %%
still = Studio("cat", "night", size=64, beta=3)
names = {}
exec(still.as_code(), names)
again = nstlib.stylize(names["content"], names["style"], still.settings(), network)
differing = int((names["picture"] != again).sum())

# %% claim="as code" tags=["nbval-check-output"]
claim("β in the copied lines", names["settings"].beta, equals=3)
claim("pixel values that differ from the settings' picture", differing, equals=0)
still.close()

# %% [markdown]
# ## Recap
#
# - **solo** shows what a layer brings, **mute** shows what only it brings.
# - relu1_1 brings the palette and no strokes. Mute it, and the strokes come without the palette.
# - **α/β** is a bargain; $J_{\text{content}} / K_c$ says how much content it costs.
# - A picture is its settings: keep them with it.

# %% [markdown]
# ## On your own
#
# - Switch *convention* to `keras` with layer weights `equal`. Which layers lose their say in the bars? Can $\beta$ bring
#   them back?
# - Upload a photo of your own, and a painting. Is $\beta = 10$ about as strong there?
# - Find settings for which *start* does not matter.
