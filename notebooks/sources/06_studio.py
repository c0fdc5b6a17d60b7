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
from nstlib import Settings, painted, pictures
from nstlib.studio import Studio

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %% [markdown]
# ## 1. Meet the panel
#
# **Predict.** Before each move say what you expect: more of the painting, less, other colours, other strokes? A new run
# starts with every move; the picture is the newest one.

# %% tags=["nbval-ignore-output"]
studio = Studio("cat", "night")
studio

# %% [markdown]
# *In the panel:* on the left the picture, what is going on, the cost curve and who pulls; on the right the knobs.
#
# - **α, β**: content against style. **λ**: a fader for each layer, with *mute* and *solo*.
# - **play** pauses, **step** takes one step, **restart** begins anew; with **go on** a move starts from the picture
#   that is there.
# - **a task's way** moves them one way through a task below.
#
# The arrow keys move them, too.

# %% [markdown]
# If the panel does not answer after the kernel was restarted, run its cell again: nobody listens.
#
# ## 2. How your tasks are measured
#
# For the first two tasks there is a cell that looks at *your* picture and tells what is left of each layer's style cost,
# as a share of the photo's: 0 is there, 1 as far from the painting as the photo, more is farther away than the photo.

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
def told(shares):
    return ", ".join(f"{layer} {share:.2f}" for layer, share in shares.items())


# %%
def measure(studio):
    """What is left of the studio's present picture, at its own size."""
    size = min(studio.picture.shape[1:])
    own_photo = pictures.sample("cat", size)
    return left(studio.picture, own_photo, painted.paint("night", tuple(own_photo.shape[1:])))


# %% [markdown]
# ## 3. Task: move the palette only
#
# Give the cat the painting's blue and yellow, but none of its strokes. Keep both pictures, cat and night. Then run the
# cell below: the palette has moved where less than a tenth of relu1_1's cost is left, and strokes stayed away where the
# two deepest layers keep more than seven tenths of theirs.

# %% tags=["nbval-ignore-output"]
if studio.picture is not None:
    now = measure(studio)
    print("left:", told(now))
    deep = min(now["relu4_1"], now["relu5_1"])
    print("palette moved:", now["relu1_1"] < 0.1, "  strokes stayed away:", deep > 0.7)

# %% [markdown]
# <details><summary>One way</summary>
#
# Press *solo* beside λ relu1_1. Its positions see 3 × 3 pixels: enough for colours, too little for strokes.
#
# </details>

# %% claim="palette only" tags=["nbval-check-output"]
solo = {layer: float(layer == "relu1_1") for layer in layers}
palette = left(nstlib.stylize(photo, painting, Settings(size=side, layer_weights=solo), network))

print("relu1_1 alone: less than a tenth of its own cost is left:", palette["relu1_1"] < 0.1)
print(
    "and more than seven tenths of relu4_1's and relu5_1's:",
    min(palette["relu4_1"], palette["relu5_1"]) > 0.7,
)
assert palette["relu1_1"] < 0.1 and min(palette["relu4_1"], palette["relu5_1"]) > 0.7

# %% [markdown]
# ## 4. Task: lose the palette, keep the strokes
#
# Now the reverse: strokes as in the painting, colours as far from it as you can.
#
# **Predict.** Which faders will you mute? Is one enough?

# %% tags=["nbval-ignore-output"]
if studio.picture is not None:
    now = measure(studio)
    print("left:", told(now))
    print(
        "strokes came:",
        max(now["relu3_1"], now["relu4_1"]) < 0.2,
        "  palette stayed:",
        now["relu1_1"] > 0.6,
    )

# %% [markdown]
# <details><summary>One way</summary>
#
# Begin with the layer weights `relative`, then mute relu1_1 *and* relu2_1. With relu1_1 alone muted, relu2_1 brings most
# of the palette: neighbours carry each other, as in lesson 04.
#
# </details>


# %%
def without(*muted):
    """What is left with the weights of `relative`, some layers muted."""
    block, E = features(painting), nstlib.style.layer_style_cost
    weights = nstlib.weighting.relative(
        {layer: E(0 * block[layer], block[layer]).item() for layer in layers}
    )
    kept = {layer: 0.0 if layer in muted else weight for layer, weight in weights.items()}
    return left(nstlib.stylize(photo, painting, Settings(size=side, layer_weights=kept), network))


# %% claim="strokes only" tags=["nbval-check-output"]
one_muted, two_muted = without("relu1_1"), without("relu1_1", "relu2_1")
strokes = max(two_muted[layer] for layer in ("relu3_1", "relu4_1", "relu5_1"))

print("relu1_1 muted: more than half of its cost goes all the same:", one_muted["relu1_1"] < 0.5)
print("relu2_1 muted, too: more than half stays, or it even grows:", two_muted["relu1_1"] > 0.5)
print("and the three deeper layers lose more than four fifths:", strokes < 0.2)
assert one_muted["relu1_1"] < 0.5 < two_muted["relu1_1"] and strokes < 0.2

# %% [markdown]
# ## 5. Task: find the β where the cat is still a cat
#
# Put all faders back: layer weights `relative`, nothing muted. Find a β at which the strokes are the painting's and you
# would still know the cat. Here your eyes are the measure; the numbers below are of three βs.


# %%
def both(beta):
    """J_content / K_c and the mean of what is left, for a run with this β."""
    picture = nstlib.stylize(photo, painting, Settings(size=side, beta=beta), network)
    goal, there = features(photo)["relu4_2"], features(picture)["relu4_2"]
    content = nstlib.style.content_cost(there, goal) / nstlib.style.content_cost(
        torch.zeros_like(goal), goal
    )
    return content.item(), sum(left(picture).values()) / len(layers)


# %% claim="alpha against beta" tags=["nbval-check-output"]
few, some, many = both(0.1), both(3), both(100)

print("the more β, the more content is lost:", few[0] < some[0] < many[0])
print("and the less style is missing:", few[1] > some[1] > many[1])
print(
    "β = 3: less than half of the content is lost:",
    some[0] < 0.5,
    "  less than a quarter of the style:",
    some[1] < 0.25,
)
assert few[0] < some[0] < many[0] and few[1] > some[1] > many[1]
assert some[0] < 0.5 and some[1] < 0.25

# %% [markdown]
# **Explain.** J<sub>content</sub> / K<sub>c</sub> is 0 for the photo and 1 for a picture that says nothing. Beyond 1 the
# picture says something *else*. Eyes are kinder: they know a cat by its outline.
#
# ## 6. Keep what you found
#
# *copy as code* opens lines that make the picture without a studio; *save* writes it, with its settings, beside this
# notebook; *render large* runs the same knobs at 512 or 1024 pixels, coarse to fine.

# %%
still = Studio("cat", "night", size=64, beta=3)
names = {}
exec(still.as_code(), names)
again = nstlib.stylize(names["content"], names["style"], still.settings(), network)

# %% claim="as code" tags=["nbval-check-output"]
print("the lines make the picture that the settings make:", names["picture"].equal(again))
assert names["picture"].equal(again) and names["settings"].beta == 3
still.close()

# %% [markdown]
# ## Recap
#
# - **solo** shows what a layer brings, **mute** what only it brings.
# - Neighbouring layers carry each other: to lose the palette, mute two.
# - **α/β** is a bargain; J<sub>content</sub> / K<sub>c</sub> says how much of it content has lost.
# - A picture is its settings: keep them with it.

# %% [markdown]
# ## On your own
#
# - Switch *convention* to `keras` with layer weights `equal`. Which layers lose their say in the bars? Can β bring them
#   back?
# - Upload a photo of your own, and a painting. Is β = 10 about as strong there?
# - Find settings for which *start* does not matter.
