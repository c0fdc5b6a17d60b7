# %% [markdown]
# # 01 · From pixels to filters
#
# **What you will do.** Look at what single filters see, turn a layer into a matrix, and rebuild a photo out of noise
# from one layer alone.
#
# **You will be able to** read a block of features, unroll it without the reshape trap, write the content cost in three
# ways, choose a content layer, and say why style needs several layers.
#
# **You need** lesson 00 and 45 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, painted, pictures, plots

# %%
side = int(os.environ.get("NST_SIDE", "128"))
seed = 0  # of the noise in which runs begin
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))


# %%
def rebuild(*layers):
    """Begin with noise and agree with the photo at these layers; style counts nothing (β = 0)."""
    chosen = {"content_layers": layers, "style_layers": layers[:1], "beta": 0}
    return nstlib.stylize(photo, painting, Settings(size=side, init="noise", seed=seed, **chosen))


# %%
rebuilt = {layer: rebuild(layer) for layer in ("relu2_1", "relu4_2")}
plots.row({"photo": photo} | {f"from {layer}": picture for layer, picture in rebuilt.items()})

# %% [markdown]
# *In the figure:* the photo of a cat; the same cat, paler and grainy; and a coloured thicket of lines in which an eye
# can just be made out.
#
# **Look at** the two pictures on the right. Both began as noise, and neither run compared a pixel: each knew only
# what one layer answers to the photo. What one layer still knows of the cat, and another has forgotten, is this lesson's
# subject.

# %% [markdown]
# ## 1. See a layer as slabs
#
# Lesson 00 read the shape of a layer's features: a block (N, H, W). Each of its N slabs is the map of one filter.
#
# **Predict.** `relu2_1` comes after one pooling step. How large is a slab beside the photo? Will you know the cat
# again in it?

# %%
one_a_block = ("relu1_1", "relu2_1", "relu3_2", "relu4_2", "relu5_1")
network = nstlib.networks.load(layers=(*one_a_block, "relu3_1", "relu4_1"))


def blocks(picture):
    """Each layer's features (N, H, W)."""
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
features_c, features_s = blocks(photo), blocks(painting)
plots.slabs(features_c["relu2_1"], [23, 12, 13, 6, 0])

# %% [markdown]
# *In the figure:* five maps, one behind the other, each in its own colour. The first is a shaded drawing of the cat; the
# green one shows soft patches, the pink one mere lines.
#
# **Look at** any one position. Each slab has a number there: N answers to the question *what is here?*
#
# <details><summary>Compare with your prediction</summary>
#
# Half as high and half as wide. The cat is easy to know: a slab keeps *where*.
#
# </details>

# %% [markdown]
# A map follows its picture. Shift the photo, and the map shifts along.
#
# **Predict.** Two pooling steps lie before `relu3_1`. By how many positions does its map move if the photo moves by 4
# pixels? And by 2?


# %%
def inner(picture):
    """The map of relu3_1, without the positions near the border, which see past the picture's edge."""
    return blocks(picture)["relu3_1"][:, 4:-4, 4:-4]


def apart(a, b):
    """How far two blocks are from each other, as a share of the first one's size."""
    return ((a - b).norm() / a.norm()).item()


# %% claim="shift" tags=["nbval-check-output"]
here, by_4, by_2 = inner(photo[:, :, :-4]), inner(photo[:, :, 4:]), inner(photo[:, :, 2:-2])

print("4 pixels, one position:", apart(here[:, :, 1:], by_4[:, :, :-1]) < 1e-4)
print("2 pixels: between two positions, equal to neither:", end=" ")
print(min(apart(here, by_2), apart(here[:, :, 1:], by_2[:, :, :-1])) > 0.1)
assert apart(here[:, :, 1:], by_4[:, :, :-1]) < 1e-4
assert min(apart(here, by_2), apart(here[:, :, 1:], by_2[:, :, :-1])) > 0.1

# %% [markdown]
# **Explain.** The same filter is laid on every place of the picture. So a filter does not know where it is; its *map*
# tells. After two halvings one position stands for a step of 4 pixels.
#
# ## 2. Ask what single filters answer to
#
# How much of the picture does one position see? A 3 × 3 convolution sees its neighbours, pooling joins two positions
# into one, and both add up on the way down.


# %%
def sees(layer):
    """Pixels that one position sees, the step between two positions, and where position 0 begins."""
    size, step, first = 1, 1, 0
    for stage in network.architecture.until_deepest([layer]):
        if stage.startswith("conv"):
            size, first = size + 2 * step, first - step  # a neighbour on either side
        elif stage.startswith("pool"):
            size, step = size + step, 2 * step  # two positions become one
    return size, step, first


# %%
for layer in ("relu1_1", "relu2_1", "relu3_1", "relu4_1"):
    size, step, _ = sees(layer)
    print(f"{layer}: sees {size} × {size} pixels, from one position to the next it is {step}")

# %% [markdown]
# Is that right? Try it: cut out just the patch that one position sees, and glue it onto a sheet of noise, at another
# place.
#
# **Predict.** What do the filters answer there?


# %%
def window(layer, y, x, less=0):
    """Rows and columns that position (y, x) of a layer sees, made smaller by `less` pixels all round."""
    size, step, first = sees(layer)
    top, left = first + y * step + less, first + x * step + less
    return slice(top, top + size - 2 * less), slice(left, left + size - 2 * less)


# %%
def glued(layer, origin, place, less=0):
    """What the filters answer at `place` of a noise picture, where the photo's patch at `origin` was glued."""
    sheet = torch.rand(photo.shape, generator=torch.Generator().manual_seed(1))
    rows, columns = window(layer, *place, less)
    sheet[:, rows, columns] = photo[:, *window(layer, *origin, less)]
    return blocks(sheet)[layer][:, *place]


# %% claim="patch" tags=["nbval-check-output"]
for layer, origin, place in (("relu2_1", (30, 40), (12, 9)), ("relu3_1", (13, 17), (8, 30))):
    answers = features_c[layer][:, *origin]
    whole, smaller = glued(layer, origin, place), glued(layer, origin, place, less=1)
    print(f"{layer}: the same answers elsewhere: {apart(answers, whole) < 1e-4};", end=" ")
    print("with one pixel less all round:", apart(answers, smaller) < 1e-4)
    assert apart(answers, whole) < 1e-4 and apart(answers, smaller) > 1e-3

# %% [markdown]
# **Explain.** N answers at one position depend on one patch of the picture and on nothing else. So a filter can be
# known by its favourites: look through many pictures for the patches to which it answers most. Here are photos and
# paintings of this course, and the strongest patch of each.

# %%
photos = ("cat", "astronaut", "coffee", "rocket", "hubble", "retina", "tissue", "brick", "grass")
gallery = {name: pictures.sample(name, 192) for name in photos}
gallery |= {name: painted.paint(name, 192) for name in painted.STYLES}
answers = {name: blocks(picture) for name, picture in gallery.items()}


# %%
def strongest(layer, filter_index, count=7):
    """The patch of each picture to which the filter answers most, the strongest first."""
    _, step, first = sees(layer)
    edge, found = -(first // step), []  # nearer the border a position sees past it
    for name, picture in gallery.items():
        filter_map = answers[name][layer][filter_index, edge:-edge, edge:-edge]
        y, x = divmod(filter_map.argmax().item(), filter_map.shape[1])
        patch = picture[:, *window(layer, y + edge, x + edge)]
        found.append((filter_map.max().item(), patch))
    found.sort(key=lambda pair: -pair[0])
    return {f"{place}.": patch for place, (_, patch) in enumerate(found[:count], start=1)}


# %%
favourites = {"relu1_1": 13, "relu2_1": 12, "relu3_1": 24, "relu4_1": 45}
plots.grid({f"{layer}\nfilter {k}": strongest(layer, k) for layer, k in favourites.items()})

# %% [markdown]
# *In the figure:* four rows of seven patches. `relu1_1`, filter 13: yellow. `relu2_1`, filter 12: something bright with
# darkness on its left. `relu3_1`, filter 24: edges that bend downwards to the right. `relu4_1`, filter 45: a curling
# wave, an eye, a swirl, a shining ball.
#
# **Look at** the colours of each row. On the first they are the whole answer; on the last they differ, and most patches
# share a bend.
#
# **Try** other numbers in `favourites`.

# %% [markdown]
# **Explain.** Early filters know colours and edges in a few pixels; deep ones combine them to curves, grain and motifs
# in large patches. Nobody told them to. Zeiler and Fergus (2013, [arXiv:1311.2901](https://arxiv.org/abs/1311.2901))
# showed this for a network trained on photos of things. Not every filter has a name, though: most rows are a mixture.

# %% [markdown]
# ## 3. Unroll the block, and avoid a trap
#
# For the Gram matrix of lesson 00 the block becomes a matrix F: a row a filter, a column a position. In letters, with y
# and x for a position's row and column: F<sub>k, yW + x</sub> = a<sub>kyx</sub>. Each slab is read line by line.


# %%
def unroll(features):
    """(N, H, W) becomes (N, M): a row a filter, a column a position."""
    n_filters, height, width = features.shape
    return features.reshape(n_filters, height * width)


# %% claim="unroll" tags=["nbval-check-output"]
tiny = torch.arange(12.0).reshape(2, 2, 3)
loops = torch.zeros(2, 6)
for k in range(2):
    for y in range(2):
        for x in range(3):
            loops[k, y * 3 + x] = tiny[k, y, x]

print("loops and one line agree:", torch.equal(loops, unroll(tiny)))
print(
    "the library agrees:",
    all(torch.equal(unroll(a), nstlib.style.unroll(a)) for a in features_c.values()),
)
assert torch.equal(loops, unroll(tiny))
assert all(torch.equal(unroll(a), nstlib.style.unroll(a)) for a in features_c.values())

# %% [markdown]
# **A mistake made on purpose.** Some programs keep a block the other way round, channels last: (H, W, N). Its numbers
# lie in memory position after position. One `reshape` to (N, M) looks harmless.
#
# **Predict.** Filter 1 answers 1, 2, 3 at three positions, filter 2 answers 4, 5, 6. What are the two rows after
# that reshape?

# %%
F = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
channels_last = F.T.contiguous()
trap = channels_last.reshape(2, 3)
plots.matrices({"F": F, "trap": trap, "G = F Fᵀ": F @ F.T, "G of the trap": trap @ trap.T})

# %% [markdown]
# *In the figure:* F with the rows 1, 2, 3 and 4, 5, 6. In the trap the rows are 1, 4, 2 and 5, 3, 6. G has 14 and 77 on
# its diagonal and 32 beside it; the trap's G has 21 and 70, and 29 beside it.
#
# **Look at** the trap's first row: both filters are in it.

# %% [markdown]
# **Predict.** What do the two G have in common all the same? Add up each diagonal.
#
# <details><summary>Compare with your prediction</summary>
#
# 14 + 77 = 91, and 21 + 70 = 91.
#
# </details>

# %%
block = features_c["relu2_1"]
N, H, W = block.shape
wrong = block.permute(1, 2, 0).reshape(N, H * W)  # channels last, then reshaped without turning back
maps = {"row 12 of F": unroll(block)[12], "row 12 of the trap": wrong[12]}
maps = {name: (row / row.max()).sqrt() for name, row in maps.items()}  # roots show weak answers too
plots.row({name: row.reshape(1, H, W).expand(3, H, W) for name, row in maps.items()})

# %% [markdown]
# *In the figure:* two grey maps. On the left the cat; on the right upright stripes of dots, the same ones again and
# again from left to right, and no cat.
#
# **Look at** the stripes: the pattern begins anew every N numbers, and N is 32 here. The row holds a few positions of
# *all* filters.

# %% claim="reshape trap" tags=["nbval-check-output"]
for layer, a in features_c.items():
    F, trap = unroll(a), a.permute(1, 2, 0).reshape(len(a), -1)
    F_other, trap_other = (
        unroll(features_s[layer]),
        features_s[layer].permute(1, 2, 0).reshape(len(a), -1),
    )
    G, G_trap = F @ F.T, trap @ trap.T
    same_trace = G.trace().allclose(G_trap.trace())
    same_cost = (F - F_other).square().sum().allclose((trap - trap_other).square().sum())
    print(f"{layer}: same shape, same trace: {F.shape == trap.shape and same_trace};", end=" ")
    print(f"same sum of squared differences: {same_cost}; same G: {apart(G, G_trap) < 0.2}")
    assert F.shape == trap.shape and same_trace and same_cost and apart(G, G_trap) > 0.2

# %% [markdown]
# **Explain.** The trace of G is the sum of *all* squares, and a reshape keeps every number. So neither the shape nor the
# trace tells you; no error is raised. A sum of squared differences of two blocks, if both fell into the trap, is the
# same too: each number still meets its partner. Only what compares *rows* breaks, and that is style.
#
# The cure for a block (H, W, N): first `.permute(2, 0, 1)`, then `.reshape`.

# %% [markdown]
# ## 4. Measure content
#
# Two pictures agree in content where the same filters answer at the same positions. With k for the filter and i for the
# position (Gatys, Ecker and Bethge, 2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576), equation 1):
#
# J<sub>content</sub> = ½ Σ<sub>k,i</sub> (F<sub>X,ki</sub> − F<sub>C,ki</sub>)²
#
# **Predict.** F<sub>X</sub> has the rows 1, 2 and 3, 4, F<sub>C</sub> the rows 1, 0 and 3, 1. What is the cost?
#
# <details><summary>Compare with your prediction</summary>
#
# The differences are 0, 2 and 0, 3: ½ (4 + 9) = 6.5.
#
# </details>


# %%
def content_cost(features_x, features_c):
    """½ Σ (x − c)², over all filters and positions."""
    return (unroll(features_x) - unroll(features_c)).square().sum() / 2


# %% claim="three views" tags=["nbval-check-output"]
F_x, F_c = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [3.0, 1.0]])
loops = 0.0
for k in range(2):
    for i in range(2):
        loops += (F_x[k, i] - F_c[k, i]) ** 2 / 2

one_line = content_cost(F_x[:, :, None], F_c[:, :, None])  # as blocks (N, H, W) with W = 1
print("loops:", loops.item(), "  one line:", one_line.item())
assert loops == one_line == 6.5

# %% claim="own function" tags=["nbval-check-output"]
for layer, a in features_c.items():
    mine, library = content_cost(a, features_s[layer]), nstlib.style.content_cost(a, features_s[layer])
    assert mine.allclose(library), layer
print("same as the library's content_cost in", len(features_c), "layers")

# %% [markdown]
# **Predict.** What is the ½ for? Take the derivative of ½ (x − c)² by x.

# %% claim="half" tags=["nbval-check-output"]
x, c = features_s["relu4_2"].clone().requires_grad_(), features_c["relu4_2"]
(by_autograd,) = torch.autograd.grad(content_cost(x, c), x)

print("the gradient is the difference itself:", by_autograd.allclose(x - c))
assert by_autograd.allclose(x - c) and apart(x, c) > 0.1

# %% [markdown]
# **Explain.** The 2 of the square meets the ½: ∂J<sub>content</sub>/∂F<sub>X</sub> = F<sub>X</sub> − F<sub>C</sub>.
# Every answer is pulled straight to its target. Whoever drops the ½ has doubled α, no more.

# %% [markdown]
# ## 5. Rebuild the photo from one layer
#
# `rebuild`, near the top, begins with noise and lowers J<sub>content</sub> at the layers that it is given. Whatever the
# layer does not see stays free.
#
# **Predict.** Five layers, from shallow to deep. From which will you get the colours back? From which the whiskers?
# From which the eyes?

# %%
rebuilt = {layer: rebuild(layer) for layer in one_a_block}
plots.row(rebuilt)

# %% [markdown]
# *In the figure:* five pictures, rebuilt from one layer each. From `relu1_1` almost a copy; from `relu2_1` the cat,
# pale and grainy; from `relu3_2` outlines of eyes and nose in coloured grain; from `relu4_2` a hint of them; from
# `relu5_1` hardly that.
#
# **Look at** what goes first: whiskers and true colours, then surfaces. The place of the eyes outlasts them.

# %% [markdown]
# How far is each picture from the photo at *all* layers? Costs of layers have different units, so take a share: of the
# cost that a silent layer, all zeros, would have.
#
# **Predict.** A picture was rebuilt from `relu3_2`. At which layers will it agree with the photo: at shallower ones,
# at deeper ones, or at `relu3_2` alone?


# %%
def left(picture):
    """J_content by layer, as a share of a silent layer's."""
    there, C = blocks(picture), features_c
    silent = {layer: content_cost(0 * C[layer], C[layer]) for layer in one_a_block}
    return {layer: (content_cost(there[layer], C[layer]) / silent[layer]).item() for layer in one_a_block}


# %%
print("rebuilt from    left at", *(f"{layer:>8}" for layer in one_a_block))
shares = {layer: left(picture) for layer, picture in rebuilt.items()}
for layer, share in shares.items():
    print(f"{layer:23}", *(f"{value:8.1%}" for value in share.values()))

# %% claim="deeper follows" tags=["nbval-check-output"]
depth = {layer: place for place, layer in enumerate(one_a_block)}
deeper = max(shares[a][b] for a in depth for b in depth if depth[b] > depth[a])
shallower = min(shares[a][b] for a in depth for b in depth if depth[b] < depth[a])

print("deeper than its own layer, a picture agrees: at most a tenth is left:", deeper < 0.1)
print("shallower, it does not: more than that is left everywhere:", shallower > 0.1)
assert deeper < 0.1 < shallower

# %% [markdown]
# **Explain.** Read a row of the table. To the right of its own layer it is nearly zero, to the left it is not. The
# reason is simple: `relu4_2` is computed from `relu3_2` and from nothing else. Agree there, and you agree at every layer
# behind.

# %% [markdown]
# Backwards this fails. ReLU cuts, pooling drops, so *many* pictures share one deep answer, and the optimiser stops at
# whichever it meets first (Mahendran and Vedaldi, 2014, [arXiv:1412.0035](https://arxiv.org/abs/1412.0035)).
#
# More than 100 % is farther off than silence: the run put in grain that its own layer does not notice and the others do.

# %% [markdown]
# ### Block 3 or block 4?
#
# In a forum, somebody tried `block3_conv2` and `block4_conv2` for content; somebody else found: "block4 seems to work
# best". The paper, too, takes block 4; TensorFlow's tutorial and the Keras example take block 5. Our `relu3_2` and
# `relu4_2` are the forum's layers, behind their ReLU.
#
# **Predict.** From which of them will the photo come back better?

# %% claim="block 3 and block 4" tags=["nbval-check-output"]
at_3, at_4 = shares["relu3_2"], shares["relu4_2"]
for layer in ("relu1_1", "relu2_1"):
    print(f"rebuilt from relu4_2, more of the cost is left at {layer}:", at_4[layer] > 1.2 * at_3[layer])
print("and at relu3_2 more than five times as much:", at_4["relu3_2"] > 5 * at_3["relu3_2"])
assert all(at_4[layer] > 1.2 * at_3[layer] for layer in ("relu1_1", "relu2_1"))
assert at_4["relu3_2"] > 5 * at_3["relu3_2"]

# %% [markdown]
# So block 4 keeps *less* of the photo. Why should it be better? Because content is not alone. Now let style count again
# (β = 10), and begin with the photo.
#
# **Predict.** Which content layer leaves style the most room?

# %%
repainted = {}
for layer in ("relu2_1", "relu3_2", "relu4_2"):
    repainted[layer] = nstlib.stylize(photo, painting, Settings(size=side, content_layers=(layer,)))
plots.row({"painting": painting} | repainted)

# %% [markdown]
# *In the figure:* a painted night sky, and the cat in its colours three times. With `relu2_1` it is a tinted photo; with
# `relu3_2` and `relu4_2` strokes replace the fur.
#
# **Look at** the cheek on the left: streaks of fur in the first picture, short bent strokes in the last. The rim of the
# eye, too, is clean at first and brushed at last.


# %%
def style_left(picture, layer):
    """E_l of a picture, as a share of the photo's own."""
    E, S = nstlib.style.layer_style_cost, features_s[layer]
    return (E(blocks(picture)[layer], S) / E(features_c[layer], S)).item()


# %% claim="room for style" tags=["nbval-check-output"]
room = {layer: style_left(picture, "relu3_1") for layer, picture in repainted.items()}

print("style left at relu3_1, content at relu3_2 against relu4_2:", end=" ")
print("more than one and a half times as much:", room["relu3_2"] > 1.5 * room["relu4_2"])
assert room["relu3_2"] > 1.5 * room["relu4_2"]

# %% [markdown]
# **Explain.** What the content layer still knows, style cannot repaint. `relu3_2` insists on the texture of block 3, and
# so costs style just there. `relu4_2` gives that up, and holds the shapes: a fair bargain for painting. "Best" depends
# on what you want kept. If the face must stay *this* face, take block 3.

# %% [markdown]
# ## 6. One content layer or several?
#
# Another question from the same forum: style sums over many layers; why does content take one?
#
# **Predict.** Add a second layer to `relu4_2`: a deeper one, then a shallower one. Which of them changes the picture?

# %%
pairs = {
    "relu4_2 alone": rebuilt["relu4_2"],
    "with relu5_1": rebuild("relu4_2", "relu5_1"),
    "with relu2_1": rebuild("relu2_1", "relu4_2"),
    "relu2_1 alone": rebuilt["relu2_1"],
}
plots.row(pairs)

# %% [markdown]
# *In the figure:* four rebuilt pictures. The first two are the same thicket of lines, the last two the same pale cat.
#
# **Look at** the pairs: the deeper layer brought nothing, and the shallower one took over.

# %% claim="adding a layer" tags=["nbval-check-output"]
alone, deeper_added, shallower_added, _ = (left(picture)["relu2_1"] for picture in pairs.values())

print("left at relu2_1, with relu5_1 added: within a fifth of before:", 0.8 < deeper_added / alone < 1.25)
print("with relu2_1 added: less than a tenth:", shallower_added < alone / 10)
assert 0.8 < deeper_added / alone < 1.25 and shallower_added < alone / 10

# %% [markdown]
# Now as in the forum's experiment with style: all five, and all but one.
#
# **Predict.** Which single layer will be missed?

# %%
several = {"all five": rebuild(*one_a_block)}
for dropped in one_a_block:
    kept = [layer for layer in one_a_block if layer != dropped]
    several[f"without {dropped}"] = rebuild(*kept)
plots.row(several)

# %% [markdown]
# *In the figure:* six times the cat, five of them nearly the photo. Only the one without `relu1_1` is pale and grainy.
#
# **Look at** that one: it is the picture that `relu2_1` gave alone. The shallowest layer in the sum decides.

# %% claim="all but one" tags=["nbval-check-output"]
missed = {name: left(picture)["relu1_1"] for name, picture in several.items()}
without_first = missed["without relu1_1"]
others = max(value for name, value in missed.items() if name != "without relu1_1")

print("left at relu1_1 without that layer: more than three times any other:", without_first > 3 * others)
print("without any other layer, at most a tenth is left:", others < 0.1)
assert without_first > 3 * others and others < 0.1

# %% [markdown]
# **Explain.** A sum of content layers asks for what its *shallowest* layer asks; the deeper ones follow by themselves.
# So one layer is enough, and choosing it is choosing how much detail to insist on.
#
# ## 7. Then why does style take many?
#
# The forum's answer was that the layers "average" each other "out". Test it.
#
# **Predict.** Match the painting's Gram matrix at `relu1_1` alone, beginning with noise. Will the deeper Gram matrices
# follow, as content did?


# %%
def restyle(*layers):
    """Begin with noise and agree with the painting's Gram matrices; content counts nothing (α = 0)."""
    chosen = {"content_layers": layers[:1], "style_layers": layers, "alpha": 0}
    return nstlib.stylize(photo, painting, Settings(size=side, init="noise", seed=seed, **chosen))


# %%
restyled = {layer: restyle(layer) for layer in ("relu1_1", "relu3_2", "relu5_1")}
restyled["all five"] = restyle(*one_a_block)
plots.row({"painting": painting} | restyled)

# %% [markdown]
# *In the figure:* the painting and four textures. From `relu1_1` blots of its dark blue and yellow; from `relu3_2` and
# `relu5_1` bent lines in false colours; from all five, strokes in the painting's colours.
#
# **Look at** what each single layer lacks. The first has the palette and no stroke, the deep ones have lines and no
# palette.


# %%
def gram_left(picture):
    """E_l by layer, as a share of a silent layer's."""
    E, there, S = nstlib.style.layer_style_cost, blocks(picture), features_s
    silent = {layer: E(0 * S[layer], S[layer]) for layer in one_a_block}
    return {layer: (E(there[layer], S[layer]) / silent[layer]).item() for layer in one_a_block}


# %%
print("restyled from   left at", *(f"{layer:>8}" for layer in one_a_block))
gram_shares = {name: gram_left(picture) for name, picture in restyled.items()}
for name, share in gram_shares.items():
    print(f"{name:23}", *(f"{value:8.1%}" for value in share.values()))

# %% claim="style does not follow" tags=["nbval-check-output"]
content_deep, style_deep = shares["relu1_1"]["relu5_1"], gram_shares["relu1_1"]["relu5_1"]
worst = {name: max(share.values()) for name, share in gram_shares.items()}
least_worst = min(worst[layer] for layer in ("relu1_1", "relu3_2", "relu5_1"))

print("from relu1_1 alone, left at relu5_1: content less than 1 %:", content_deep < 0.01, end=", ")
print("style more than half:", style_deep > 0.5)
print("each single layer leaves some layer over three times as far off as all five do:", end=" ")
print(least_worst > 3 * worst["all five"])
assert content_deep < 0.01 and style_deep > 0.5 and least_worst > 3 * worst["all five"]

# %% [markdown]
# **Explain.** Content compares position by position, and the next layer is computed from just these. A Gram matrix has
# summed the positions away. *How much* blue and yellow there is does not tell how they lie beside each other, and that
# is what the next layer looks at.
#
# So style must ask at every depth. That is no averaging: each layer adds what the others lack. Lesson 04 weighs them.

# %% [markdown]
# ## Recap
#
# - A layer is a block (N, H, W); **F = `unroll(features)`** has a row a filter, a column a position.
# - Channels last, then `reshape` without turning: shape and trace stay, G is wrong.
# - **J<sub>content</sub> = ½ Σ (F<sub>X</sub> − F<sub>C</sub>)²**, with the gradient F<sub>X</sub> − F<sub>C</sub>.
# - Content agreed at one layer is agreed at all deeper ones, so one layer is enough. The deeper it is, the freer the
#   surface.
# - Gram matrices do not follow each other: style takes several layers.

# %% [markdown]
# ## On your own
#
# - Rebuild the painting in place of the photo. Which layer keeps its strokes?
# - Find a filter of `relu3_1` whose favourites you can name in one word. How many did you try?
# - Shift the photo by 8 pixels and compute J<sub>content</sub> between it and the original, at `relu1_1` and at
#   `relu4_2`, each as a share of a silent layer's. Which one minds more?
