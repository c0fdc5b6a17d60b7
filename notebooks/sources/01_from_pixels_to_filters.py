# %% [markdown]
# # 01 · From pixels to filters
#
# **What you will do.** Look at what single filters see, turn a layer into a matrix, and rebuild a photo out of noise
# from one layer alone.
#
# **You will be able to** extract the features of a picture and read them, unroll them without the reshape trap, write
# the content cost in three ways, and choose a content layer.
#
# **You need** lesson 00 and 45 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots
from nstlib.predictions import predict

# %%
side = int(os.environ.get("NST_SIDE", "128"))
seed = 0  # of the noise in which runs begin
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))


# %%
def rebuild(*layers):
    """Begin with noise and agree with the photo at these layers; style counts nothing (β = 0)."""
    chosen = {"content_layers": layers, "style_layers": layers[:1], "beta": 0}
    chosen |= {"optimizer": "pyramid", "total_variation": 5}  # coarse to fine; grain costs a little
    return nstlib.stylize(photo, painting, Settings(size=side, init="noise", seed=seed, **chosen))


# %%
first_two = {layer: rebuild(layer) for layer in ("relu2_1", "relu4_2")}
plots.row(
    {"photo": photo} | {f"from {layer}": picture for layer, picture in first_two.items()},
    alt="A photo of a cat; the same cat, hardly changed; and the cat without its fur, in "
    "soft false colours, with ringed eyes",
)

# %% [markdown]
# The two pictures on the right began as noise, and neither run compared a single pixel with the photo. Each knew only
# how one layer of the network answers to it.
#
# **Look at** what came back. One layer still knows nearly everything about this cat. The other has kept its face, and
# forgotten colours and fur. What a layer knows is the subject of this lesson.

# %% [markdown]
# ## 1. Send a photo through the network
#
# The network is a stack of simple steps. First the picture is **normalised**: from each colour subtract its mean over
# many photos, then divide by its spread, because that is what the filters were trained on. Then come **convolutions**
# (each filter is applied at every place of the picture), **ReLUs** (negative answers become 0) and **poolings** (of
# each 2 × 2 answers only the largest goes on).

# %% tags=["nbval-check-output"]
one_a_block = ("relu1_1", "relu2_1", "relu3_2", "relu4_2", "relu5_1")
network = nstlib.networks.load(layers=(*one_a_block, "relu3_1", "relu4_1"))
print(*network.architecture.until_deepest(network.layers))


# %%
def features_by_hand(picture, layer):
    """Normalise, then step by step down to the layer."""
    a = (picture - network.mean) / network.std
    for name in network.architecture.until_deepest([layer]):
        if name.startswith("conv"):
            a = network.convolutions[name](a)
        elif name.startswith("relu"):
            a = a.clamp_min(0)
        else:
            a = torch.nn.functional.max_pool2d(a, 2)
    return a


# %% [markdown]
# `network(...)` does the same for a whole batch of pictures and returns the layers that we asked for, by name. So for
# one photo we add a dimension in front, `photo[None]`, and take it away again, `[0]`.


# %%
def blocks(picture):
    """Each layer's features (N, H, W)."""
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
features_c, features_s = blocks(photo), blocks(painting)

# %%
right, not_normalised = features_c["relu1_1"], network.convolutions["conv1_1"](photo).clamp_min(0)
skipped = ((right - not_normalised).norm() / right.norm()).item()

# %% claim="features by hand" tags=["nbval-check-output"]
for layer in ("relu1_1", "relu3_2", "relu5_1"):
    claim(f"{layer} by hand", features_by_hand(photo, layer), equals=features_c[layer])
claim("relu1_1 without normalisation, change of the answers", skipped, above=1 / 2)

# %% [markdown]
# **Explain.** Without the normalisation, every filter gets numbers on another scale and around another zero. The
# answers are wrong, and no error is raised.

# %% [markdown]
# Why take a network that was trained to *name* things? To tell a cat from a cushion anywhere in a photo, it had to find
# out which colours, edges, textures and parts matter. Those are the words in which we now describe a picture. (Ours,
# minivgg, was taught to answer like a VGG-16.)

# %% [markdown]
# ### See a layer as slabs
#
# A layer's features are a block of shape $(N, H, W)$. Each of its $N$ slabs is the map of one filter. `relu2_1` comes
# after one pooling, so a slab is half as high and half as wide as the photo.

# %%
plots.slabs(
    features_c["relu2_1"],
    [19, 12, 0, 21, 27],
    alt="Five maps of relu2_1, one behind the other, each in its own colour; the first is like a shaded drawing of "
    "the cat, of those behind it the upper and right edges can be seen",
)

# %% [markdown]
# Think of any one position. Each slab holds a number there: $N$ answers to the question *what is here?* You still
# recognise the cat in the first map, because a map keeps *where*.

# %% [markdown]
# A map even follows its picture: shift the photo, and the map shifts along.
#
# **Predict.** Two poolings lie before `relu3_1`. The photo moves by 4 pixels: by how many positions does the map move?
# And what happens if it moves by 2?

# %%
predict("01.shift")


# %%
def inner(picture):
    """The map of relu3_1, without the positions near the border, which see past the picture's edge."""
    return blocks(picture)["relu3_1"][:, 4:-4, 4:-4]


def apart(a, b):
    """How far two blocks are from each other, as a share of the first one's size."""
    return ((a - b).norm() / a.norm()).item()


# %%
here, by_4, by_2 = inner(photo[:, :, :-4]), inner(photo[:, :, 4:]), inner(photo[:, :, 2:-2])
moved = {
    "4 pixels": {
        "map in place": apart(here, by_4),
        "map moved by one": apart(here[:, :, 1:], by_4[:, :, :-1]),
    },
    "2 pixels": {
        "map in place": apart(here, by_2),
        "map moved by one": apart(here[:, :, 1:], by_2[:, :, :-1]),
    },
}
plots.table(moved, "difference after moving the photo by")

# %% claim="shift" tags=["nbval-check-output"]
claim("4 pixels, one position: difference of the maps", moved["4 pixels"]["map moved by one"], below=1e-4)
claim("2 pixels: difference from the nearer one", min(moved["2 pixels"].values()), above=0.3)

# %% [markdown]
# **Explain.** The same filter is applied at every place of the picture. An answer by itself does not say where it was
# found; its place in the *map* does.

# %% [markdown]
# ## 2. How much does one position see?
#
# Let one position of a layer see $r \times r$ pixels, and let $s$ be the step to the next position, in pixels. At the
# picture itself both are 1. Each stage changes them:
#
# $$\begin{aligned}
# \text{convolution, } 3 \times 3: \quad & r \to r + 2s && \text{one more neighbour each way} \\
# \text{pooling, } 2 \times 2: \quad & r \to r + s, \quad s \to 2s && \text{two positions become one}
# \end{aligned}$$


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
reach = {
    layer: dict(zip(("sees", "step"), sees(layer), strict=False))
    for layer in nstlib.networks.STYLE_LAYERS
}
plots.table(reach, "pixels")


# %%
def framed(picture, y, x):
    """The picture with a frame around what a position at (y, x) sees at each style layer."""
    drawn = picture.clone()
    for layer in reversed(nstlib.networks.STYLE_LAYERS):  # the largest first
        half = sees(layer)[0] // 2
        rows, columns = slice(y - half, y + half), slice(x - half, x + half)
        inside = slice(y - half + 2, y + half - 2), slice(x - half + 2, x + half - 2)
        drawn[:, rows, columns] = torch.tensor([1.0, 0.9, 0.1])[:, None, None]
        drawn[:, *inside] = picture[:, *inside]
    return drawn


# %%
plots.row(
    {"what one position sees: relu1_1 … relu5_1": framed(pictures.sample("cat", 256), 97, 148)},
    height=3.4,
    alt="A cat, and on its eye five yellow squares inside each other: from a dot of three pixels to a square that "
    "holds the eye and the fur around it",
)

# %% [markdown]
# **Look at** the frames. `relu1_1` sees a dot, `relu3_1` the pupil, `relu4_1` the eye, and `relu5_1` all that is around
# it.
#
# Are the numbers right? Cut out just the patch that one position sees and glue it onto a sheet of noise, at another
# place. If the position sees that patch and nothing else, its filters must give the same answers there.


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


# %%
whole, smaller = {}, {}
for layer, origin, place in (("relu2_1", (15, 20), (12, 9)), ("relu3_1", (7, 9), (8, 14))):
    answers = features_c[layer][:, *origin]
    whole[layer] = apart(answers, glued(layer, origin, place))
    smaller[layer] = apart(answers, glued(layer, origin, place, less=1))
plots.table({"the whole patch": whole, "one pixel less all round": smaller}, "change of the answers")

# %% claim="patch" tags=["nbval-check-output"]
claim("whole patch: largest change of the answers", max(whole.values()), below=1e-4)
# The bound is wide: how much the outermost pixels weigh differs from layer to layer.
claim("one pixel less: smallest change", min(smaller.values()), above=0.02)

# %% [markdown]
# **Explain.** The $N$ answers at one position depend on one patch of the picture and on nothing else. So you can get to
# know a filter by its favourites: search many pictures for the patches to which it answers most strongly.

# %%
photos = ("cat", "astronaut", "coffee", "rocket", "hubble", "retina", "tissue", "brick", "grass")
gallery = {name: pictures.sample(name, 192) for name in photos}
gallery |= {name: painted.paint(name, 192) for name in painted.STYLES}
gallery_blocks = {name: blocks(picture) for name, picture in gallery.items()}


# %%
def strongest(layer, filter_index, count=7):
    """The patch of each picture to which the filter answers most, the strongest first."""
    _, step, first = sees(layer)
    edge, found = -(first // step), []  # nearer the border a position sees past it
    for name, picture in gallery.items():
        filter_map = gallery_blocks[name][layer][filter_index, edge:-edge, edge:-edge]
        y, x = divmod(filter_map.argmax().item(), filter_map.shape[1])
        patch = picture[:, *window(layer, y + edge, x + edge)]
        found.append((filter_map.max().item(), patch))
    found.sort(key=lambda pair: -pair[0])
    return {f"{place}.": patch for place, (_, patch) in enumerate(found[:count], start=1)}


# %%
favourites = {"relu1_1": 15, "relu2_1": 21, "relu3_1": 60, "relu4_1": 24}
plots.grid(
    {f"{layer}\nfilter {k}": strongest(layer, k) for layer, k in favourites.items()},
    alt="Four rows of seven patches, the favourites of one filter each: plain reds; a light spot on a dark ground; "
    "wide bows; and large patches with something round in them, such as a face, a sun or an eye",
)

# %% [markdown]
# **Look at** what the patches of one row have in common. In the first row it is a colour, in the next a light spot,
# then a bent edge. In the last row there is nearly always something round, whatever its colour. **Try** other numbers
# in `favourites`.

# %% [markdown]
# **Explain.** Early filters know colours and edges within a few pixels. Deep ones combine these into curves, grain and
# motifs in large patches (Zeiler and Fergus, [2013](https://arxiv.org/abs/1311.2901)). Nobody told them to. And not
# every filter has a name: most answer to a mixture.

# %% [markdown]
# ## 3. Unroll the block, and avoid a trap
#
# For the Gram matrix of lesson 00 the block becomes a matrix $F$: one row per filter, one column per position. Write
# $a_{kyx}$ for the answer of filter $k$ at row $y$ and column $x$, each counted from 0:
#
# $$F_{k i} = a_{k y x}, \qquad i = y\,W + x$$
#
# So each slab is read line by line.


# %%
def unroll(features):
    """(N, H, W) becomes (N, M): one row per filter, one column per position."""
    n_filters, height, width = features.shape
    return features.reshape(n_filters, height * width)


# %%
tiny = torch.arange(12).reshape(2, 2, 3)
loops = torch.zeros(2, 6, dtype=int)
for k in range(2):
    for y in range(2):
        for x in range(3):
            loops[k, y * 3 + x] = tiny[k, y, x]

# %% claim="unroll" tags=["nbval-check-output"]
claim("loops and one line", unroll(tiny), equals=loops)
for layer in ("relu1_1", "relu5_1"):
    claim(
        f"{layer}, against the library's",
        unroll(features_c[layer]),
        equals=nstlib.style.unroll(features_c[layer]),
    )

# %% [markdown]
# **A mistake made on purpose.** Some programs keep a block the other way round, channels last: $(H, W, N)$. Its numbers
# lie in memory position after position. One `reshape` to $(N, M)$ looks harmless.

# %% [markdown]
# **Predict.** Filter 1 answers 1, 2, 3 at three positions, filter 2 answers 4, 5, 6. What are the two rows after that
# reshape?

# %%
predict("01.reshape")

# %%
F = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
channels_last = F.T.contiguous()
trap = channels_last.reshape(2, 3)
plots.matrices({"F": F, "trap": trap, "G = F Fᵀ": F @ F.T, "G of the trap": trap @ trap.T})

# %% [markdown]
# The two Gram matrices differ, and yet one thing is the same: add up each diagonal. $14 + 77 = 91$, and $21 + 70 = 91$.
# The sum of a matrix's diagonal is called its *trace*; here it is the sum of the squares of all numbers, and `reshape`
# keeps every number:
#
# $$\operatorname{tr}(F F^\top) = \sum_k (F F^\top)_{kk} = \sum_k \sum_i F_{ki}^2$$
#
# On a real layer the trap looks like this:

# %%
block = features_c["relu2_1"]
N, H, W = block.shape
wrong = block.permute(1, 2, 0).reshape(N, H * W)  # channels last, then reshaped without turning back
maps = {"row 12 of F": unroll(block)[12], "row 12 of the trap": wrong[12]}
maps = {name: (row / row.max()).sqrt() for name, row in maps.items()}  # roots show weak answers too
plots.row(
    {name: row.reshape(1, H, W).expand(3, H, W) for name, row in maps.items()},
    alt="Two grey maps: on the left the cat, on the right upright stripes of dots, the same ones again and again, and "
    "no cat",
)

# %% [markdown]
# **Look at** the stripes. The pattern begins anew after every $N = 32$ numbers: the row holds 192 of the 6,144
# positions, of *all* filters. What would you notice, and what not?


# %%
def trapped(a):
    """Channels last, then reshaped without turning back."""
    return a.permute(1, 2, 0).reshape(len(a), -1)


# %%
lines = {}
for layer in one_a_block:
    F, F_s = unroll(features_c[layer]), unroll(features_s[layer])
    wrong, wrong_s = trapped(features_c[layer]), trapped(features_s[layer])
    G, G_wrong = F @ F.T, wrong @ wrong.T
    cost, cost_wrong = (F - F_s).square().sum(), (wrong - wrong_s).square().sum()
    lines[layer] = {
        "trace": (G_wrong.trace() / G.trace()).item(),
        "sum of squared differences": (cost_wrong / cost).item(),
        "change of G": apart(G, G_wrong),
    }
plots.table(lines, "trap / right one")

# %%
of_trace = max(abs(line["trace"] - 1) for line in lines.values())
of_squares = max(abs(line["sum of squared differences"] - 1) for line in lines.values())

# %% claim="reshape trap" tags=["nbval-check-output"]
claim("largest change of the trace", of_trace, below=1e-4)
claim("largest change of the sum of squared differences", of_squares, below=1e-4)
claim("smallest change of G", min(line["change of G"] for line in lines.values()), above=0.4)

# %% [markdown]
# **Explain.** Neither the shape nor the trace gives the trap away, and no error is raised. A sum of squared differences
# of two blocks that both fell into it is right, too, because each number still meets its partner. Only what compares
# *rows* breaks, and that is style.
#
# The cure for a block $(H, W, N)$: first `.permute(2, 0, 1)`, then `.reshape`.

# %% [markdown]
# ## 4. Measure content
#
# Two pictures agree in content where the same filters answer at the same positions (Gatys, Ecker and Bethge,
# [2015](https://arxiv.org/abs/1508.06576), equation 1):
#
# $$J_{\text{content}} = \frac12 \sum_{k,i} \left( F_{X,ki} - F_{C,ki} \right)^2$$
#
# Try it by hand. $F_X$ has the rows 1, 2 and 3, 4; $F_C$ has the rows 1, 0 and 3, 1. The differences are 0, 2, 0, 3, so
# the cost is $\frac12 (4 + 9) = 6.5$.


# %%
def content_cost(features_x, features_c):
    """½ Σ (x − c)², over all filters and positions."""
    return (unroll(features_x) - unroll(features_c)).square().sum() / 2


# %%
F_x, F_c = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [3.0, 1.0]])
loops = 0.0
for k in range(2):
    for i in range(2):
        loops += (F_x[k, i] - F_c[k, i]) ** 2 / 2

# %% claim="three views" tags=["nbval-check-output"]
claim("loops", loops, equals=6.5)
claim(
    "one line", content_cost(F_x[:, :, None], F_c[:, :, None]), equals=6.5
)  # as blocks (N, H, W) with W = 1

# %% claim="own function" tags=["nbval-check-output"]
for layer in one_a_block:
    a, b = features_c[layer], features_s[layer]
    claim(
        f"{layer}: cost against the library's", content_cost(a, b), equals=nstlib.style.content_cost(a, b)
    )

# %% [markdown]
# What is the $\frac12$ for? Take the derivative with respect to one entry of $F_X$:
#
# $$\begin{aligned}
# \frac{\partial J_{\text{content}}}{\partial F_{X,ki}} &= \frac12 \cdot 2 \left( F_{X,ki} - F_{C,ki} \right) && \text{only one term of the sum holds } F_{X,ki} \\
# &= F_{X,ki} - F_{C,ki} && \text{the } \tfrac12 \text{ meets the 2 of the square} \\
# \frac{\partial J_{\text{content}}}{\partial F_X} &= F_X - F_C && \text{all entries at once}
# \end{aligned}$$

# %%
x, c = features_s["relu4_2"].clone().requires_grad_(), features_c["relu4_2"]
(by_autograd,) = torch.autograd.grad(content_cost(x, c), x)

# %% claim="half" tags=["nbval-check-output"]
claim("gradient by autograd, against x − c", by_autograd, equals=(x - c).detach())

# %% [markdown]
# **Explain.** The gradient pulls every answer straight towards its target: the farther away, the harder. Leaving out
# the $\frac12$ doubles $\alpha$, and does nothing else.

# %% [markdown]
# ## 5. Rebuild the photo from one layer
#
# `rebuild`, near the top, begins with noise and lowers $J_{\text{content}}$ at the layers that it is given. What the
# layer does not see stays free. Deep layers hardly notice grain, so differences between neighbouring pixels cost a
# little, too (*total variation*; Mahendran and Vedaldi, [2014](https://arxiv.org/abs/1412.0035)). Here are five layers,
# from shallow to deep.

# %%
rebuilt = first_two | {layer: rebuild(layer) for layer in one_a_block if layer not in first_two}
rebuilt = {layer: rebuilt[layer] for layer in one_a_block}
plots.row(
    rebuilt,
    alt="Five pictures, rebuilt from one layer each: two near copies of the cat; the cat in paler colours with smoother "
    "fur; only eyes, nose and outlines on soft false colours; gaudy patches with a trace of the eyes",
)

# %% [markdown]
# **Look at** what goes first. True colours and fine fur fade, then all surfaces. The eyes outlast them.

# %% [markdown]
# How far is each picture from the photo at *all* layers? Layers have different units, so take shares of the cost of a
# picture whose features are all zero.
#
# **Predict.** A picture was rebuilt from `relu3_2`. Will it agree with the photo at shallower layers, at deeper ones,
# or at `relu3_2` alone?

# %%
predict("01.follows")


# %%
def left(picture):
    """J_content by layer, as a share of the cost of features that are all zero."""
    there, C = blocks(picture), features_c
    zero = {layer: content_cost(0 * C[layer], C[layer]) for layer in one_a_block}
    return {layer: (content_cost(there[layer], C[layer]) / zero[layer]).item() for layer in one_a_block}


# %%
shares = {layer: left(picture) for layer, picture in rebuilt.items()}
plots.table(shares, "rebuilt from / left at")

# %%
depth = {layer: place for place, layer in enumerate(one_a_block)}
deeper = max(shares[a][b] for a in depth for b in depth if depth[b] > depth[a])
shallower = min(shares[a][b] for a in one_a_block[2:] for b in depth if depth[b] < depth[a])

# %% claim="deeper follows" tags=["nbval-check-output"]
claim("right of the diagonal, most that is left", deeper, below=1 / 4)
claim("from relu3_2 or deeper, left of the diagonal, least", shallower, above=0.3)

# %% [markdown]
# **Explain.** Read a row of the table. To the right of its own layer little is left, less than 0.2. To the left more
# remains: from `relu3_2` on, nearly half or more. The reason is simple: `relu4_2` is computed from `relu3_2` and from
# nothing else. If two pictures agreed exactly there, they would agree at every later layer.

# %% [markdown]
# The reverse does not hold. A ReLU cuts off what is negative and a pooling drops three answers of four, so *many*
# pictures share one deep answer, and the optimiser stops at whichever it meets first.
#
# A share above 1 is worse than zero features: the run put in grain that its own layer hardly notices, but the others
# do.

# %% [markdown]
# ### Block 3 or block 4?
#
# In a forum, somebody tried `block3_conv2` and `block4_conv2` for content, and somebody else found: "block4 seems to
# work best". The paper, too, takes block 4; TensorFlow's tutorial and the Keras example take block 5. Our `relu3_2` and
# `relu4_2` are the forum's layers, after their ReLU. Compare their rows.

# %%
at_3, at_4 = shares["relu3_2"], shares["relu4_2"]
ratios = {layer: at_4[layer] / at_3[layer] for layer in ("relu1_1", "relu2_1", "relu3_2")}
plots.bars(
    {layer: {"ratio": ratio} for layer, ratio in ratios.items()},
    "content left: from relu4_2 / from relu3_2",
    line=1,
    log=True,
)

# %% claim="block 3 and block 4" tags=["nbval-check-output"]
claim("left at relu1_1, rebuilt from relu4_2 over rebuilt from relu3_2", ratios["relu1_1"], above=1.2)
claim("left at relu2_1", ratios["relu2_1"], above=1.5)
claim("left at relu3_2", ratios["relu3_2"], above=6)

# %% [markdown]
# **Explain.** Block 4 keeps *less* of the photo: the content cost that it leaves at `relu1_1` is 1.8 times that of
# block 3 (with the rocket and the waves, 1.2 times). How can it be better? Because content is not alone. Let style
# count again ($\beta = 10$), begin with the photo, and measure style as in lesson 00: how far the picture's Gram matrix
# is from the painting's.

# %%
repainted = {}
for layer in ("relu2_1", "relu3_2", "relu4_2"):
    repainted[layer] = nstlib.stylize(photo, painting, Settings(size=side, content_layers=(layer,)))
plots.row(
    {"painting": painting} | {f"content at {layer}": picture for layer, picture in repainted.items()},
    alt="A painted night sky, and the cat in its colours three times: first like a tinted photo, then with strokes "
    "in place of the fur",
)

# %% [markdown]
# **Look at** the cheek on the left: streaks of fur in the first cat, short bent strokes in the last one.


# %%
def gram(features):
    """F Fᵀ, divided by the number of positions."""
    F = unroll(features)
    return F @ F.T / F.shape[1]


def style_left(picture, layer):
    """Squared distance of the Gram matrices of picture and painting, as a share of the photo's."""
    target = gram(features_s[layer])
    before, now = gram(features_c[layer]) - target, gram(blocks(picture)[layer]) - target
    return (now.square().sum() / before.square().sum()).item()


# %%
room = {}
for at, picture in repainted.items():
    room[at] = {layer: style_left(picture, layer) for layer in nstlib.networks.STYLE_LAYERS}
plots.table(room, "content at / style left at")

# %%
by_2 = room["relu2_1"]["relu2_1"] / room["relu4_2"]["relu2_1"]
by_3 = room["relu3_2"]["relu3_1"] / room["relu4_2"]["relu3_1"]
by_4 = room["relu4_2"]["relu4_1"] / room["relu2_1"]["relu4_1"]

# %% claim="room for style" tags=["nbval-check-output"]
claim("style left at relu2_1, content at relu2_1 over at relu4_2", by_2, above=2)
claim("style left at relu3_1, content at relu3_2 over at relu4_2", by_3, above=1.25)
claim("style left at relu4_1, content at relu4_2 over at relu2_1", by_4, above=1.2)

# %% [markdown]
# **Explain.** Read down the columns. Style at `relu2_1` suffers most from content at `relu2_1`, and style at `relu3_1`,
# though by little, from content at `relu3_2`: there, both pull at the same layer or at neighbours. `relu4_2` leaves
# palette and strokes free while it holds the shapes. In exchange, more is left of the style at the deep layers. "Best"
# depends on what you want to keep. If the face must stay *this* face, take block 3.

# %% [markdown]
# ## 6. One content layer or several?
#
# Another question from the same forum: style sums over many layers, so why does content take only one?
#
# **Predict.** Add a second layer to `relu4_2`: first the deeper `relu5_1`, then the shallower `relu2_1`. Which of them
# changes the picture?

# %%
predict("01.second")

# %%
pairs = {
    "relu4_2 alone": rebuilt["relu4_2"],
    "with relu5_1": rebuild("relu4_2", "relu5_1"),
    "with relu2_1": rebuild("relu2_1", "relu4_2"),
    "relu2_1 alone": rebuilt["relu2_1"],
}
plots.row(
    pairs,
    alt="Four rebuilt pictures: the first two show eyes and nose on soft false colours, the last two a cat like "
    "the photo's",
)

# %%
of_pairs = {name: left(picture)["relu2_1"] for name, picture in pairs.items()}
plots.bars(
    {name: {"left": share} for name, share in of_pairs.items()}, "content left at relu2_1", log=True
)

# %%
alone = of_pairs["relu4_2 alone"]
deeper_added, shallower_added = of_pairs["with relu5_1"] / alone, of_pairs["with relu2_1"] / alone

# %% claim="adding a layer" tags=["nbval-check-output"]
# The bound is wide: in smaller pictures the shallower layer gains less.
claim("left at relu2_1, with relu5_1 over without", deeper_added, above=0.8, below=1.25)
claim("left at relu2_1, with relu2_1 over without", shallower_added, below=1 / 6)

# %% [markdown]
# Now do what the forum did with style, for content: all five layers, then all but one. Which single layer is missed?


# %%
def without(dropped):
    """The photo, rebuilt from all five layers but one."""
    return rebuild(*[layer for layer in one_a_block if layer != dropped])


# %%
several = {"all five": rebuild(*one_a_block)}
several |= {f"without {layer}": without(layer) for layer in one_a_block[:2]}

# %%
several |= {f"without {layer}": without(layer) for layer in one_a_block[2:]}
plots.row(several, alt="Six times the cat, all near the photo and hard to tell apart by eye")

# %% [markdown]
# By eye you can hardly tell them apart. Measure what is left at every layer:

# %%
missed = {name: left(picture) for name, picture in several.items()}
plots.table(missed, "rebuilt from / left at")

# %%
by_all = {name: there["relu2_1"] / missed["all five"]["relu2_1"] for name, there in missed.items()}
of_deeper = [by_all[f"without {layer}"] for layer in one_a_block[2:]]

# %% claim="all but one" tags=["nbval-check-output"]
claim("left at relu2_1 without that layer, over with all five", by_all["without relu2_1"], above=2)
claim("without one of the three deeper ones, at most", max(of_deeper), below=1.25)

# %% [markdown]
# **Explain.** None of the three deeper layers is missed at `relu2_1`: what they ask for follows from there. Without
# `relu2_1`, much more is left there. So one layer is enough, and choosing it means choosing how much detail to insist
# on. (The costs are added as they are, and `relu2_1`'s is large. Lesson 05b adds a layer whose cost is small.)

# %% [markdown]
# For style this is not so. A Gram matrix sums the positions away, and the next layer needs exactly those. Lesson 02
# ends with the experiment.

# %% [markdown]
# ## Recap
#
# - Normalise, then convolve, cut at zero and pool: the features of a layer are a block $(N, H, W)$.
# - $F$ = `unroll(features)` has one row per filter and one column per position.
# - Channels last, then `reshape` without turning: shape and trace stay, $G$ is wrong.
# - $J_{\text{content}} = \frac12 \sum (F_X - F_C)^2$, with the gradient $F_X - F_C$.
# - Where content agrees at one layer, the deeper ones follow, so one layer is enough. The deeper it is, the freer the
#   surface.

# %% [markdown]
# ## On your own
#
# - Rebuild the painting instead of the photo. Which layer keeps its strokes?
# - Find a filter of `relu3_1` whose favourites you can name in one word. How many did you try?
# - Shift the photo by 8 pixels and compute $J_{\text{content}}$ between it and the original, at `relu1_1` and at
#   `relu4_2`, each as a share of the cost of zero features. Which one minds more?
