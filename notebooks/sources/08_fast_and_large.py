# %% [markdown]
# # 08 · Fast and large
#
# **What you will do.** Turn the loop of the tutorials into this library's engine, one change at a time, and count what
# each saves. Then run a large picture in memory that you forecast.
#
# **You will be able to** find what a step computes in vain, measure it, use half precision without `nan`, and say
# beforehand how much memory a picture needs.
#
# **You need** the loop and $J$ of lesson 05 and 45 minutes.

# %%
import copy
import math
import os
import subprocess
import sys
from itertools import pairwise

import torch
from torch.utils.flop_counter import FlopCounterMode

import nstlib
from nstlib import Settings, bench, claim, engine, pictures, plots
from nstlib.predictions import predict, progress

# %%
side = int(os.environ.get("NST_SIDE", "128"))
original, whole_painting = nstlib.pictures.sample("cat"), nstlib.painted.paint("night")
photo = pictures.resize(original, side)
painting = nstlib.transfer.resample_to(whole_painting, photo)  # of the photo's shape

# %% [markdown]
# We use two networks: the course's small one, and VGG-19 in full width. VGG-19's weights are random here, so you need
# no download: what a step *computes* does not depend on the values of the weights.
#
# Our own steps run on the CPU, with as many threads as the library's engine uses. Bars called `nstlib` run where the
# engine runs: on a GPU, if there is one. For a fair race set `NST_DEVICE=cpu` before you start JupyterLab.

# %%
layers = (*nstlib.networks.STYLE_LAYERS, "relu4_2")
minivgg = nstlib.networks.load("minivgg", layers)

# %%
whole = nstlib.networks.load("random-vgg19", (*layers, "pool5"))  # down to the last layer there is
half_size = [pictures.resize(picture, side // 2) for picture in (photo, painting)]  # for the wide network

# %%
plan = engine.plan()
print(plan)

# %% [markdown]
# ## 1. The loop as tutorials print it
#
# $J$ is lesson 05's, with $\alpha = 1$ and $\beta = 10$, and every layer's cost is divided by the cost of a picture
# without features:
#
# $$J = \frac{\lVert F_X - F_C \rVert^2}{\lVert F_C \rVert^2} + \frac{10}{5} \sum_l
# \frac{\lVert G_X/M_X - G_S/M_S \rVert^2}{\lVert G_S/M_S \rVert^2}$$


# %%
def gram(block):
    """G / M of a layer's block."""
    F = block.flatten(1).float()
    return F @ F.T / F.shape[1]


def E(block, goal):
    """E_l, for a goal of G_S / M_S."""
    return (gram(block) - goal).square().sum() / (4 * len(goal) ** 2)


# %%
def J(features, content, goals, E=E):
    """J of features by layer, given the content's block and G_S / M_S by layer."""
    kept = (features["relu4_2"].float() - content).square().sum() / content.square().sum()
    nothing = {layer: goal.square().sum() / (4 * len(goal) ** 2) for layer, goal in goals.items()}
    missing = sum(E(features[layer], goal) / nothing[layer] for layer, goal in goals.items())
    return kept + 10 * missing / len(goals)


# %% [markdown]
# And this is a step. It does four things that can be read in well-known programs, and all four waste time. No program
# that we know has all of them.


# %%
def all_again(network, photo, painting):
    """A function that computes J and its gradient once."""
    x = photo.clone().requires_grad_()

    def step():
        x.grad = None
        seen = network(torch.stack([photo, painting, x]))
        content, style, generated = ({layer: seen[layer][i] for layer in layers} for i in range(3))
        goals = {layer: gram(style[layer]) for layer in nstlib.networks.STYLE_LAYERS}
        J(generated, content["relu4_2"], goals).backward()
        return x.grad

    return step


# %% [markdown]
# **Predict.** Count what this step computes in vain, though it only has to move the pixels of X. Which of these
# is *not* waste?

# %%
predict("08.waste")

# %% [markdown]
# The four are:
#
# 1. The weights still ask for gradients, and get them.
# 2. The network runs on past the deepest layer that $J$ uses.
# 3. Photo and painting are shown again at every step, though they never change.
# 4. Their targets are computed again from that.
#
# Three changes mend all four, because targets that are computed once need no pictures again. [Keras's
# example](https://keras.io/examples/generative/neural_style_transfer/) (F. Chollet) does 2, 3 and 4;
# [d2l](https://d2l.ai/chapter_computer-vision/neural-style.html) does only 1.

# %% [markdown]
# Now the yardsticks. Times differ from machine to machine and from minute to minute. Counts do not.
#
# A *FLOP* is one operation on numbers with a decimal point. A multiplication and an addition are two, so a product of
# matrices, $N \times M$ times $M \times N$, takes $2 N^2 M$. A convolution is such a product, of weights and
# neighbourhoods. PyTorch's counter counts only products and convolutions; a ReLU or a pool counts as nothing.


# %%
def flops(work):
    """Floating-point operations of a call."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


# %%
def difference(a, b):
    """How far a tensor is from another one, relative to the latter's size."""
    return ((a - b).norm() / b.norm()).item()


# %%
def race(**work):
    """Draw how many times as fast as the first each call is, by median times taken in turns."""
    seconds = bench.interleaved(work, rounds=3)
    first = next(iter(seconds.values()))
    speeds = {name: {"speed": first / each} for name, each in seconds.items()}
    return plots.bars(speeds, ylabel="times as fast as the first", line=1)


# %%
tutorial = all_again(
    copy.deepcopy(whole).requires_grad_(), *half_size
)  # weights as torchvision gives them
three_steps = Settings(size=side // 2, scales=1, steps=3)
library = list(nstlib.transfer.steps(*half_size, three_steps, whole))[-1]

# %%
with torch.no_grad():
    answers = whole(torch.stack([*half_size, library.picture]))
    of_c, of_s, of_x = ({layer: each[i] for layer, each in answers.items()} for i in range(3))
    grams_s = {layer: gram(of_s[layer]) for layer in nstlib.networks.STYLE_LAYERS}
    by_formula = J(of_x, of_c["relu4_2"], grams_s).item()

# %% claim="same J" tags=["nbval-check-output"]
# The bound is wide: the library may compute features in bfloat16.
claim("relative difference of our J and the library's", abs(by_formula / library.total - 1), below=0.02)
claim("largest entry of the gradient", tutorial().abs().max(), above=0)

# %%
running = nstlib.transfer.steps(
    *half_size, Settings(size=side // 2, scales=1, steps=10**6, plateau=0), whole
)
race(plain=tutorial, nstlib=lambda: next(running))

# %% [markdown]
# **Look at** the ratio: the same $J$, and a fraction of the time. Where does the time go? We take the step apart,
# change by change. (The optimiser is left out: it only touches the pixels, which are few beside the features.)

# %% [markdown]
# ## 2. Freeze the weights
#
# `backward()` fills in the gradient of *everything* that asks for one. We move pixels; nobody needs
# $\partial J/\partial\,\text{weights}$. A convolution takes some FLOPs forward. On the way back, the gradient with
# respect to its input takes as many again, and so does the one with respect to its weights.
#
# (`whole.with_layers(layers)` stops after relu5_1, the deepest layer that $J$ uses. Here it only serves as a measure;
# section 3 makes a step of it.)

# %%
frozen = all_again(whole, *half_size)  # the library loads every network frozen
until_relu5_1 = whole.with_layers(layers)
three = torch.stack([*half_size, half_size[0]])
plain_flops, frozen_flops, forward = map(flops, (tutorial, frozen, lambda: until_relu5_1(three)))
saved = plain_flops - frozen_flops

# %% claim="weights' gradients" tags=["nbval-check-output"]
claim("share of a step's FLOPs that went to the weights' gradients", saved / plain_flops, above=0.3)
claim("these FLOPs, of one pass forward", saved / forward, equals=1.0)
claim("relative difference of the pixels' gradient", difference(frozen(), tutorial()), below=1e-3)

# %% [markdown]
# **Explain.** Forward, back to the input, back to the weights: three nearly equal parts, and the last was thrown away.
# (Forward runs on past relu5_1, so it is a little more than a third.) One line mends it:
# `network.requires_grad_(False)`.
#
# Some programs ask for `torch.autograd.grad(j, x)` instead of calling `j.backward()`. That helps, too, even when the
# network is not frozen:

# %%
asking, begin = copy.deepcopy(whole).requires_grad_(), half_size[0].clone().requires_grad_()
deep = asking(begin[None])["relu5_1"].sum()
everything = flops(lambda: deep.backward(retain_graph=True))
x_only = flops(lambda: torch.autograd.grad(deep, begin, retain_graph=True))

# %% claim="asked for x only" tags=["nbval-check-output"]
claim("FLOPs on the way back, grad(j, x) of backward()", x_only / everything, equals=0.5)

# %% [markdown]
# Autograd computes only what leads to $x$. Both ways are right, and neither spends memory on the gradients of 20
# million weights.

# %% [markdown]
# ## 3. Cut below the deepest layer
#
# $J$ uses nothing deeper than relu5_1. VGG-19 has three more convolutions there, of 512 filters on 512.

# %% [markdown]
# **Predict.** These are 7 of 20 million weights. What share of the step's FLOPs do we save without them?

# %%
predict("08.cut")

# %%
cut = all_again(until_relu5_1, *half_size)
cut_flops, whole_forward = flops(cut), flops(lambda: whole(three))
saved = frozen_flops - cut_flops
below_relu5_1 = whole_forward - forward

# %% claim="the cut" tags=["nbval-check-output"]
claim("share of a step's FLOPs that the cut saves", saved / frozen_flops, above=0.02)
claim("FLOPs saved besides those past relu5_1 on the way forward", saved - below_relu5_1, equals=0)

# %% [markdown]
# A convolution's FLOPs are weights *times positions*, and a map this deep has few positions. The gradient never passed
# through these layers, so nothing is saved on the way back.
#
# The cut pays when $J$ asks for less. This is what a pass forward takes if it stops at each layer:

# %%
one_pass = {layer: flops(lambda: whole.with_layers([layer])(three)) for layer in layers[:5]}
part = {layer: count / whole_forward for layer, count in one_pass.items()}
plots.bars(
    {layer: {"cut there": each} for layer, each in part.items()},
    ylabel="share of a pass through VGG-19",
)

# %% claim="a cut higher up" tags=["nbval-check-output"]
claim("share of a pass that ends at relu3_1", part["relu3_1"], below=1 / 3)
claim("share of a pass that ends at relu5_1", part["relu5_1"], above=0.9)

# %%
race(plain=tutorial, frozen=frozen, cut=cut)

# %% [markdown]
# ## 4. Compute the targets once
#
# $F_C$ and $G_S/M_S$ never change during a run.


# %%
def once(network, photo, painting, pick=lambda block: block[0], E=E):
    """The step of a loop whose targets were computed before it began."""
    with torch.no_grad():
        content = pick(network(photo[None])["relu4_2"]).float()
        goals = {
            layer: gram(block[0])
            for layer, block in network(painting[None]).items()
            if layer != "relu4_2"
        }
    x = photo.clone().requires_grad_()

    def step():
        x.grad = None
        J({layer: pick(block) for layer, block in network(x[None]).items()}, content, goals, E).backward()
        return x.grad

    return step


# %% [markdown]
# Is each picture shown as often as we think? A *hook* is a function of ours that PyTorch calls whenever a module runs.
# This one notes how many pictures the network is given.


# %%
def shown(network, step):
    """How many pictures a step shows to the network."""
    sizes = []
    hook = network.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
    step()
    hook.remove()
    return sum(sizes)


# %%
ready = once(until_relu5_1, *half_size)

# %% claim="targets once" tags=["nbval-check-output"]
claim("pictures shown in a step, before", shown(until_relu5_1, cut), equals=3)
claim("pictures shown in a step, after", shown(until_relu5_1, ready), equals=1)
claim("FLOPs before, times those after", cut_flops / flops(ready), above=2.9)
claim("relative difference of the gradient", difference(ready(), cut()), below=1e-3)

# %%
race(cut=cut, targets_once=ready)

# %% [markdown]
# **Explain.** One picture instead of three, forward *and* back: in a batch, the gradient runs back through all of them.
# This is the largest saving in FLOPs, and no number changed.
#
# So far we left out work. Now we do the same work better: in another order of memory, with fewer digits, and by a
# formula that saves one more product. We go on with the small network, where other things than products take time, too.

# %% [markdown]
# PyTorch stores a block filter by filter. *Channels-last* stores all $N$ filters of one position, then the next
# position, which some convolution routines prefer. Two lines switch to it, and nothing else changes. Appendix A shows
# why the second one is `squeeze`.


# %%
def squeezed(block):
    """A layer's block without the batch of one."""
    return block.squeeze(0)


last = copy.deepcopy(minivgg).to(memory_format=torch.channels_last)  # the weights; features follow

# %% [markdown]
# ## 5. Fewer digits for the features
#
# bfloat16 has float32's range and only 8 of its 24 binary digits. It takes half the bytes, and on some CPUs and GPUs
# its products are several times as fast. Where they are *not* fast, it is slower than float32. So the engine asks the
# hardware first:

# %%
on_cpu = plan.device.type == "cpu"
dtype = plan.dtype if on_cpu else torch.float32
reason = plan.reason if on_cpu else "the engine's plan is for the GPU and says nothing of the CPU"
print(f"Features of the row `engine` below: {dtype}, because: {reason}")

# %% [markdown]
# 8 digits are one part in 256, and the network has eleven convolutions in a row. How far off will $J$ be?

# %%
short_digits = copy.deepcopy(last)
short_digits.stages.to(torch.bfloat16)  # the pictures' scaling stays float32
exact, rounded = (once(each, photo, painting, squeezed) for each in (last, short_digits))
angle = torch.cosine_similarity(exact().flatten(), rounded().flatten(), dim=0).item()

# %%
with torch.no_grad():
    goal, seen = ({n: squeezed(b) for n, b in last(each[None]).items()} for each in (painting, photo))
    few = {name: squeezed(block) for name, block in short_digits(photo[None]).items()}
    goals = {layer: gram(goal[layer]) for layer in nstlib.networks.STYLE_LAYERS}
    # Content against the painting's block: against the photo's own it would be 0
    error = abs(J(few, goal["relu4_2"], goals) / J(seen, goal["relu4_2"], goals) - 1).item()

# %% claim="few digits" tags=["nbval-check-output"]
# The bound is wide: how many digits are left depends on the processor
claim("relative error of J", error, above=0, below=0.005)
claim("1 − cosine of the two gradients", 1 - angle, above=1e-5, below=0.05)

# %% [markdown]
# **Explain.** Each rounding goes up or down by chance, and $J$ sums over thousands of positions, so the errors cancel.
# A single pixel's gradient sums over far fewer, and turns a little.

# %%
placed = copy.deepcopy(last)
placed.stages.to(dtype)
lean = once(placed, photo, painting, squeezed)
race(float32=exact, engine=lean)

# %% [markdown]
# (Where the engine chose float32, both bars are the same step.)
#
# Features may be short. Their *sums* may not. Add a thousand ones in bfloat16, one after the other:

# %%
total = torch.tensor(0, dtype=torch.bfloat16)
for _ in range(1000):
    total = total + torch.tensor(1, dtype=torch.bfloat16)

# %% claim="ones" tags=["nbval-check-output"]
claim("1 + 1 + … + 1, a thousand times, in bfloat16", int(total), equals=256)

# %% [markdown]
# With 8 binary digits, $256 + 1$ is 256. A Gram entry is a sum over all positions, so the library sums in float32, and
# this lesson's `gram` says `.float()`.

# %% [markdown]
# ## 6. A mistake on purpose: float16
#
# float16 has 11 binary digits, but ends at 65,504. Lesson 05 saw one of its sums overflow. A common repair is to divide
# *first*, each $F$ by $\sqrt M$, so that the product is $G/M$ at once:
#
# $$\frac{F}{\sqrt M} \left(\frac{F}{\sqrt M}\right)^\top = \frac{F F^\top}{M}$$
#
# Try it at 512 × 512 positions, with filters that answer 100 everywhere, and 500 everywhere.

# %%
M = 512 * 512
hundred, five_hundred = (torch.full((2, M), value, dtype=torch.float16) for value in (100.0, 500.0))
G_kk = {}
for answer, F in ((100, hundred), (500, five_hundred)):
    summed, divided, single = F @ F.T, (F / M**0.5) @ (F / M**0.5).T, F.float() @ F.float().T / M
    G_kk[answer] = {"G": summed[0, 0], "divided first": divided[0, 0], "summed in float32": single[0, 0]}

# %%
plots.table({f"answers of {answer}": entries for answer, entries in G_kk.items()}, "one entry")

# %% claim="divide first" tags=["nbval-check-output"]
claim("finite entries undivided", sum(G_kk[answer]["G"].isfinite().item() for answer in G_kk), equals=0)
claim("answers of 100, divided first", G_kk[100]["divided first"], equals=100.0**2)
claim(
    "answers of 500, divided first, finite entries", int(G_kk[500]["divided first"].isfinite()), equals=0
)
claim("answers of 500, summed in float32, of 500²", G_kk[500]["summed in float32"] / 500**2, above=0.99)

# %% [markdown]
# **Explain.** $100^2$ fits. $500^2 = 250{,}000$ does not: even a *mean* square can be too large. Two infinite Grams
# then give inf − inf, which is `nan`. Dividing first mends small answers and makes `nan` just rare enough to surprise
# you later. Summing in float32 mends all of them. (The 9997 is float32's own rounding of a long sum: 0.03 %.)
#
# So if you see `nan` in half precision: first sum in float32, then take bfloat16 instead of float16.

# %% [markdown]
# ## 7. The gradient by hand
#
# Lesson 03 derived the gradient, and autograd agreed. Count the products of an $N \times N$ with an $N \times M$
# matrix, or of $N \times M$ with $M \times N$. Write $D = G_X/M_X - G_S/M_S$.
#
# $$\begin{aligned}
# G_X &= F F^\top && \text{one product, forward} \\
# \frac{\partial E_l}{\partial F} &= \frac{D F + D^\top F}{2 N^2 M_X} && \text{autograd: one product for each } F
# \text{ in } F F^\top \\
# &= \frac{D F}{N^2 M_X} && \text{by hand: } D = D^\top \text{, so one is enough}
# \end{aligned}$$

# %% [markdown]
# A `torch.autograd.Function` brings its own gradient. `forward` leaves in `ctx` what `backward` will need; `backward`
# is given $\partial J/\partial E_l$ and returns one gradient for each argument, or `None` where none is needed.


# %%
class StyleCost(torch.autograd.Function):
    """E_l with its gradient in closed form."""

    @staticmethod
    def forward(ctx, F, goal):
        D = gram(F) - goal
        ctx.save_for_backward(F, D)
        return D.square().sum() / (4 * len(goal) ** 2)

    @staticmethod
    def backward(ctx, slope):
        F, D = ctx.saved_tensors
        by_position = F.T @ D.to(F.dtype)  # (M, N): a position's filters side by side
        return slope * by_position.T / (F.shape[0] ** 2 * F.shape[1]), None


# %%
def closed(block, goal):
    return StyleCost.apply(block.flatten(1), goal)


# %% [markdown]
# Which of the two keeps less in memory? `saved_tensors_hooks` hands us every tensor that autograd keeps for the way
# back. Two of them may be views of one piece of memory, so we count each piece once, known by its address,
# `data_ptr()`.


# %%
def kept(work, but=()):
    """Bytes that the forward pass keeps for the backward pass, each once, without the tensors in `but`."""
    held, known = {}, {tensor.untyped_storage().data_ptr() for tensor in but}

    def pack(tensor):
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = work()  # noqa: F841  as long as it lives, no storage is used twice
    return sum(size for pointer, size in held.items() if pointer not in known)


# %%
with torch.no_grad():
    seen, goal = (squeezed(last(each[None])["relu2_1"]) for each in (photo, painting))
    goal = gram(goal)
block = seen.clone().requires_grad_()
short_block = seen.bfloat16().requires_grad_()
N, M = block.shape[0], block[0].numel()

# %%
by_autograd, by_hand = (torch.autograd.grad(cost(block, goal), block)[0] for cost in (E, closed))
products = [flops(lambda: cost(block, goal).backward()) / (2 * N * N * M) for cost in (E, closed)]
beside_D = [kept(lambda: cost(short_block, goal)) - 4 * N * N for cost in (E, closed)]

# %% claim="closed form" tags=["nbval-check-output"]
claim("relative difference of the two gradients", difference(by_hand, by_autograd), below=1e-3)
claim("products by autograd", products[0], equals=3)
claim("products by hand", products[1], equals=2)

# %% claim="kept by a cost" tags=["nbval-check-output"]
claim("bytes kept for each number of F in bfloat16, by autograd", beside_D[0] / (N * M), equals=4)
claim("bytes kept by hand", beside_D[1] / (N * M), equals=2)

# %%
formula = once(placed, photo, painting, squeezed, closed)
race(autograd=lean, closed=formula)

# %% [markdown]
# **Explain.** We know that $D$ is symmetric; autograd does not. The formula also keeps $F$ as the network
# gave it, while autograd keeps the float32 copy that went into the sum. This is the last change;
# `nstlib.style.gram_matrix` does the same for a whole $G$.

# %% [markdown]
# ## 8. The same steps at three sizes
#
# The same settings do not repaint a small and a large photo alike. A filter looks at a fixed number of
# pixels: strokes of ten pixels are broad on a small picture and thin as a hair on a large one.

# %% [markdown]
# **Predict.** Run twenty steps at each of three sizes, without smaller scales first. Shrink the results to 16 pixels,
# so that only large areas remain. Which picture's areas moved farthest?

# %%
predict("08.sizes")


# %%
def run(size, scales, steps):
    """The library's steps, with nothing but these three chosen."""
    settings = Settings(size=size, scales=scales, steps=steps, plateau=0)
    return list(nstlib.transfer.steps(original, whole_painting, settings, minivgg))


def moved(steps):
    """How far a run moved the large areas: mean difference of its first and last picture at 16 pixels."""
    first, final = (pictures.resize(steps[i].picture, 16) for i in (0, -1))
    return (final - first).abs().mean()


# %%
at_full_size = {size: moved(run(size, 1, 20)) for size in (side // 2, side, 2 * side)}
smallest, middle, largest = at_full_size.values()
plots.bars(
    {f"{size} pixels": {"moved": each} for size, each in at_full_size.items()},
    ylabel="mean change of large areas",
)

# %% claim="larger moves less" tags=["nbval-check-output"]
claim("the middle picture moved, of the smallest", middle / smallest, below=1)
claim("the largest picture moved, of the middle", largest / middle, below=1)

# %% [markdown]
# **Explain.** Adam moves each pixel by about the learning rate in a step (lesson 05, section 3), whatever the size. But
# on a large picture neighbours move to and fro within thin strokes, and large areas move less. How much less depends
# on the pair: the largest moved 0.63 times as far as the middle one here, 0.94 times with the coffee
# and the mosaic.

# %% [markdown]
# So begin small: there a stroke reaches across the cheek, and a step is cheap. Enlarge the result, go on,
# and add finer strokes. That is *coarse to fine* (used by Gatys et al., [2017](https://arxiv.org/abs/1611.07865), for
# large pictures). Each scale here has $\sqrt 2$ times the side of the one before, so twice the pixels.
#
# Compare 40 steps over four scales with a run at full size that computes as many pixels.


# %%
def pixels(steps):
    """All pixels that went through the network in a run."""
    return sum(step.picture[0].numel() for step in steps)


# %%
coarse_first = run(2 * side, scales=4, steps=40)
as_many = round(pixels(coarse_first) / coarse_first[-1].picture[0].numel())
full_only = run(2 * side, scales=1, steps=as_many)

# %%
plots.row(
    {"full size alone": full_only[-1].picture, "coarse to fine": coarse_first[-1].picture},
    height=3.5,
    alt="Two cats made from the same number of pixels. Left every hair and stripe is still the cat's own, with a fine "
    "relief over it; right the fur is laid in broad strokes and curls, and the background has turned blue",
)

# %% [markdown]
# **Look at** the forehead: the fur's dark stripes are still there on the left, and painted over on the right.

# %% claim="coarse to fine" tags=["nbval-check-output"]
far, near = moved(coarse_first), moved(full_only)
claim("steps at full size that compute as many pixels", as_many, above=16, below=22)
claim("coarse to fine moved large areas, times full size alone", far / near, above=1.8)

# %%
longer = run(2 * side, scales=1, steps=40)
plots.table(
    {
        title: {"J": taken[-1].total, "million pixels": pixels(taken) / 1e6}
        for title, taken in (
            ("coarse to fine", coarse_first),
            ("full size", full_only),
            ("full size, 40 steps", longer),
        )
    }
)

# %% [markdown]
# **Explain.** For the same number of pixels, coarse to fine moved the large areas 2.9 times as far (with the coffee and
# the mosaic, 1.5 times). With *as many steps*, full size may reach the lower $J$, for twice the work. So $J$ alone does
# not decide: broad strokes are what only coarse to fine brings. The library does it by itself: `scales=None` begins
# near 180 pixels.

# %% [markdown]
# ## 9. Your own table
#
# All changes together, in turns, for both networks.


# %%
def ladder(network, photo, painting):
    """Each variant's step by name: one change more in each."""
    needed = network.with_layers(layers)
    ordered = copy.deepcopy(needed).to(memory_format=torch.channels_last)
    precise = copy.deepcopy(ordered)
    precise.stages.to(dtype)
    variants = {"plain": all_again(copy.deepcopy(network).requires_grad_(), photo, painting)}
    variants |= {"weights frozen": all_again(network, photo, painting)}
    variants |= {"cut": all_again(needed, photo, painting), "targets once": once(needed, photo, painting)}
    variants |= {"channels-last": once(ordered, photo, painting, squeezed)}
    variants |= {f"in {str(dtype)[6:]}": once(precise, photo, painting, squeezed)}
    return variants | {"by hand": once(precise, photo, painting, squeezed, closed)}


# %%
all_of_minivgg = nstlib.networks.load("minivgg", (*layers, "pool5"))

# %%
ladders = {"VGG-19": ladder(whole, *half_size), "minivgg": ladder(all_of_minivgg, photo, painting)}

# %%
own = nstlib.transfer.steps(
    photo, painting, Settings(size=side, scales=1, steps=10**6, plateau=0), minivgg
)
ladders["VGG-19"]["nstlib"], ladders["minivgg"]["nstlib"] = lambda: next(running), lambda: next(own)

# %%
times = {title: bench.interleaved(rungs, rounds=3) for title, rungs in ladders.items()}

# %%
done = {title: {name: flops(step) for name, step in rungs.items()} for title, rungs in ladders.items()}


# %%
def table_of(title):
    """How many times fewer FLOPs than the plain step each variant takes, and how many times faster it is."""
    counted, needed = done[title], times[title]
    return {
        variant.replace(" ", "\n").replace("-", "-\n"): {
            "times fewer FLOPs": counted["plain"] / counted[variant],
            "times as fast": needed["plain"] / needed[variant],
        }
        for variant in counted
    }


# %%
plots.bars(table_of("VGG-19"), ylabel="VGG-19, against the plain step", line=1)

# %%
plots.bars(table_of("minivgg"), ylabel="minivgg, against the plain step", line=1)

# %%
ours = [name for name in ladders["minivgg"] if name != "nstlib"]
counts = [done["minivgg"][name] for name in ours]
first, *others = [ladders["minivgg"][name]().flatten() for name in ours]
angles = [torch.cosine_similarity(first, other, dim=0).item() for other in others]
rises = sum(after > before for before, after in pairwise(counts))

# %% claim="every change" tags=["nbval-check-output"]
claim("changes that add FLOPs", rises, equals=0)
claim("FLOPs of the last step, of the first", counts[-1] / counts[0], below=0.25)
claim("smallest cosine with the first step's gradient", min(angles), above=0.95)

# %% [markdown]
# **Look at** the two bars of each change. Where work is left out, both rise, though not by the same factor: what is no
# product takes time, too. (minivgg has no convolution deeper than relu5_1, so its cut saves nothing.) Memory order and
# precision leave the FLOPs as they are and may still change the time. So FLOPs are not everything. (Three rounds each:
# a tenth up or down means nothing.)

# %% [markdown]
# `nstlib` may be slower than the bar before it: it also moves the picture, copies it for you and reports every cost.
# Where there is a GPU, it runs there. On processors with AMX, the library takes a Gram matrix's product twice, in
# bfloat16 each, to get float32's digits. There it does more FLOPs than the bar before it. A bar `in float32`, on a
# machine without fast bfloat16, is the same step as the one before it.

# %% [markdown]
# ## 10. Large, in a known amount of memory
#
# The way back needs what the way forward computed, so it is kept. That is what runs out, not the weights.

# %% [markdown]
# **Predict.** In the middle of a block stand a convolution, its ReLU and the next convolution. Which of their tensors
# are kept until the way back?

# %%
predict("08.kept")


# %%
def kept_by(network, height, width):
    """Bytes kept by a forward pass of a picture of this size, without the weights."""
    x = torch.rand(3, height, width).requires_grad_()
    return kept(lambda: network(x[None]), but=(*network.parameters(), network.mean, network.std))


# %%
small, double = kept_by(minivgg, 64, 96), kept_by(minivgg, 128, 192)
work = [flops(lambda: minivgg(torch.rand(1, 3, *size))) for size in ((64, 96), (128, 192))]

# %% claim="memory grows with pixels" tags=["nbval-check-output"]
claim("twice the side keeps, times the bytes", double / small, equals=4)
claim("twice the side takes, times the FLOPs", work[1] / work[0], equals=4)

# %% [markdown]
# The ReLU's result is kept, for its own mask and as the next convolution's input; the convolution's own result is not.
# In the library, a block's last ReLU comes after the pool, because $\max(\text{ReLU}(a), \text{ReLU}(b)) =
# \text{ReLU}(\max(a, b))$: a quarter as many numbers. For each of them the pool keeps, in 8 bytes, where the maximum
# was.

# %% [markdown]
# Memory is proportional to the pixels, exactly so where both sides divide by 16. So one number says it all: bytes *a
# pixel*. With $b$ bytes for a number, block $l$ has $N_l$ filters, $d_l$ convolutions and $1/4^{l-1}$ of the positions:
#
# $$\text{bytes a pixel} = 3 b + \sum_{l=1}^{4} \frac{N_l}{4^{l-1}} \Big(\underbrace{(d_l - 1)\, b}_{\text{ReLUs before
# the pool}} + \underbrace{\tfrac14 (b + 8)}_{\text{pool: result, places}}\Big) + \frac{N_5\, b}{4^4}$$
#
# The first term is the picture itself; the last is block 5, which ends with its first ReLU.


# %%
def bytes_a_pixel(architecture, bytes_each):
    """What is kept for each pixel until relu5_1; a number takes `bytes_each`: 4 in float32, 2 in bfloat16."""
    total = 3 * bytes_each  # the picture itself, scaled
    for block, (N, depth) in enumerate(zip(architecture.widths, architecture.depths, strict=True)):
        pooled = (bytes_each + 8) / 4
        # Block 5 ends with its first ReLU
        kept_here = (depth - 1) * bytes_each + pooled if block < 4 else bytes_each
        total += N * kept_here / 4**block
    return total


# %%
counted = {net.name: kept_by(net, 64, 96) / (64 * 96) for net in (minivgg, until_relu5_1)}
formulas = {net.name: bytes_a_pixel(net.architecture, 4) for net in (minivgg, until_relu5_1)}
plots.table(
    {
        name: {"counted": f"{counted[name]:g}", "by the formula": f"{formulas[name]:g}"}
        for name in counted
    },
    "bytes a pixel, float32",
)

# %% claim="bytes a pixel" tags=["nbval-check-output"]
claim("minivgg, counted and by the formula", counted["minivgg"], equals=formulas["minivgg"])
claim("VGG-19, counted and by the formula", counted["random-vgg19"], equals=formulas["random-vgg19"])


# %%
def forecast(network, height, width):
    """Gigabytes that a pass keeps, by the formula, in float32 and in bfloat16."""
    n_pixels = height * width
    return {
        name: bytes_a_pixel(network.architecture, each) * n_pixels / 1e9
        for name, each in (("float32, GB", 4), ("bfloat16, GB", 2))
    }


# %%
plots.table(
    {
        f"{network.name}, {height} × {width}": forecast(network, height, width)
        for network, height, width in (
            (until_relu5_1, 1024, 1536),
            (minivgg, 1024, 1536),
            (minivgg, 2048, 3072),
        )
    },
    "kept",
)

# %% [markdown]
# What is kept is the *floor*. A step also holds blocks on their way, gradients, the optimiser, and memory that was
# freed but not handed back, since asking Linux for it anew costs time. Where this was written, a run took about three
# times the floor. Allow for 4 times, and for 0.5 to 0.7 GB for Python and PyTorch. Above four million pixels the
# library hands everything back: less memory, but twice the time.

# %% [markdown]
# Now a forecast to be tested: minivgg in float32, the cat at four times `side`. Write down the megabytes by the
# formula. Then we make a few steps and look.
#
# A process counts Python and PyTorch, too, and does not give back all that it once held. So each run gets a process of
# its own, and we subtract a small picture's. `NST_TEST=1` makes the library compute in float32, on one thread of the
# CPU.


# %%
def alone(size):
    """Pixels and the most bytes of a process that made seven steps at this size, and nothing else."""
    script = f"from nstlib.bench import limits; print(*limits.measure('minivgg', {size}).values())"
    command, fixed = [sys.executable, "-c", script], os.environ | {"NST_TEST": "1"}
    done = subprocess.run(command, env=fixed, stdout=subprocess.PIPE, text=True, check=True)
    n_pixels, _, most = map(float, done.stdout.split())
    return n_pixels, most


# %%
small_pixels, small_bytes = alone(side)

# %%
large_pixels, large_bytes = alone(4 * side)

# %%
floor = bytes_a_pixel(minivgg.architecture, 4)
measured = (large_bytes - small_bytes) / (large_pixels - small_pixels)
plots.bars(
    {
        title: {"MB": each * large_pixels / 1e6}
        for title, each in (("floor", floor), ("measured", measured), ("forecast: 4 × floor", 4 * floor))
    },
    ylabel="MB for the large picture",
)

# %% claim="a large picture's memory" tags=["nbval-check-output"]
claim("measured bytes a pixel, times the floor", measured / floor, above=1, below=4)

# %% [markdown]
# **Explain.** The forecast needed no run: filters, layers and pixels gave it. (`python -m nstlib.bench.limits` measures
# other networks and sizes, in the engine's own precision.)
#
# **Out of memory?** Take minivgg instead of VGG-19, then a smaller size. bfloat16 is not for you to choose: the engine
# takes it where the hardware has it. And look at your own loop. This lesson's `longer` is a list of 40 steps, and every
# step has its picture:

# %%
a_pixel = sum(step.picture.nbytes for step in longer) / longer[-1].picture[0].numel()

# %% claim="pictures kept" tags=["nbval-check-output"]
claim("bytes a pixel in list(steps) of 40 steps", a_pixel, equals=12 * 40)
claim("these, times what the network keeps", a_pixel / bytes_a_pixel(minivgg.architecture, 4), above=1)

# %% [markdown]
# **Explain.** This course writes `list(nstlib.transfer.steps(…))`, which keeps *every* picture. For a large one write
# `for step in steps(…): pass`, or `nstlib.stylize`, and keep the last.
#
# FLOPs and bytes grow with the pixels. And the time of a step? Say it grows as $\text{pixels}^p$. Twice the side is
# four times the pixels, so
#
# $$\frac{t_{\text{large}}}{t_{\text{small}}} = 4^p \quad\Longrightarrow\quad p = \frac{\log(t_{\text{large}} /
# t_{\text{small}})}{\log 4}$$

# %%
sizes = {small: pictures.resize(original, small) for small in (side // 2, side, 2 * side)}
looks = {small: nstlib.transfer.resample_to(whole_painting, picture) for small, picture in sizes.items()}
growing = {small: once(placed, sizes[small], looks[small], squeezed, closed) for small in sizes}
took = list(bench.interleaved(growing, rounds=5).values())

# %%
plots.table(
    {
        f"from {small} to {2 * small} pixels": {
            "times the time": more / fewer,
            "p": math.log(more / fewer, 4),
        }
        for (fewer, more), small in zip(pairwise(took), sizes, strict=False)
    }
)

# %% [markdown]
# **Look at** $p$. It is below 1 as long as a step's fixed costs show, and nears 1 as pictures grow: from then on, twice
# the side takes four times as long. It is above 1 where blocks no longer fit into the processor's cache.

# %% [markdown]
# ## 11. A GPU, where there is one
#
# The engine takes it by itself. The FLOPs stay the same; the order and the precision are what the engine chose for that
# GPU. What is kept lies in *its* memory. There PyTorch's own pool keeps its input as well, so more is kept than on the
# CPU. A GPU returns before it has finished, so a timer must wait (`torch.cuda.synchronize()`), as `bench.interleaved`
# does. Without a GPU there is nothing to compare.

# %%
contestants = {"cpu": formula}
if plan.device.type != "cpu":
    there = engine.place(minivgg, plan)
    contestants["gpu"] = once(there, photo.to(plan.device), painting.to(plan.device), squeezed, closed)
race(**contestants) if "gpu" in contestants else "The engine's device is the CPU here."

# %% [markdown]
# Your predictions in this lesson, and the answers:

# %% tags=["nbval-ignore-output"]
progress("08")

# %% [markdown]
# ## Recap
#
# - First leave out work: **freeze the weights** (a third), **compute targets once** (two thirds of the rest), cut below
#   the deepest layer.
# - Then do the same work better: **channels-last** there *and back*, **bfloat16 features with float32 sums**, the
#   **gradient by hand**.
# - Count FLOPs and bytes; race times in turns, and compare ratios.
# - Large pictures: **coarse to fine** for broad strokes; memory is **bytes a pixel** times pixels, up to 4 times over.

# %% [markdown]
# ## On your own
#
# - Run the lesson with `NST_SIDE=256` set before JupyterLab starts. Which ratios change with the size?
# - `torch.utils.checkpoint` keeps only a block's input and computes the block again on the way back. Count what that
#   saves in `kept` and costs in FLOPs.
# - Compare $J$ after as many steps by Adam and by `nstlib.Settings(optimizer="pyramid")`.
# - How large a picture does your memory allow? Compute its side; let `nst stylize --size` try half of it, a quarter of
#   the pixels.

# %% [markdown]
# ## Appendix A. Put a position's filters side by side
#
# A block $(N, H, W)$ is one long row of numbers. A tensor's *strides* say how far it is to the next filter, row and
# column. In PyTorch's own order these are $HW$, $W$ and 1. In channels-last order the next filter is the next number:
# the strides are 1, $N W$ and $N$.

# %%
in_rows = once(minivgg, photo, painting)
by_filter, by_position = (network(photo[None])["relu3_1"] for network in (minivgg, last))
_, N, H, W = by_filter.shape
plots.table(
    {
        name: dict(zip(("next filter", "next row", "next column"), block.stride()[1:], strict=True))
        for name, block in (("PyTorch's own order", by_filter), ("channels-last", by_position))
    },
    "stride",
)

# %% claim="memory format" tags=["nbval-check-output"]
claim("own order: numbers to the next filter, of H W", by_filter.stride(1) / (H * W), equals=1.0)
claim("channels-last: numbers to the next filter", by_position.stride(1), equals=1)
claim("channels-last: numbers to the next column, of N", by_position.stride(3) / N, equals=1.0)
claim("relative difference of the blocks", difference(by_position, by_filter), below=1e-3)

# %% [markdown]
# A convolution mixes the filters of a position. Where PyTorch's routine for it wants them side by side and gets another
# order, it sorts first, in every layer. And the order must survive the way *back*, too.
#
# A network gives $(1, N, H, W)$. There are two ways to lose the 1: `block[0]` and `block.squeeze(0)`. Both give the
# same tensor, with the same strides. But one of them spoils the order of the gradient.

# %% [markdown]
# To see it we hang a hook on each layer, called with its output, and on the output another, called with the gradient as
# it arrives.


# %%
def in_order(network, step):
    """How many of the gradients that arrive at the layers are channels-last, and of how many."""
    orders = []

    def watch(stage, given, output):
        if output.requires_grad:
            output.register_hook(
                lambda g: orders.append(g.is_contiguous(memory_format=torch.channels_last))
            )

    hooks = [stage.register_forward_hook(watch) for stage in network.stages.values()]
    step()
    for hook in hooks:
        hook.remove()
    return sum(orders), len(orders)


# %%
indexed = once(last, photo, painting)
by_squeeze = once(last, photo, painting, squeezed)
n_indexed, n_all = in_order(last, indexed)
n_squeezed, _ = in_order(last, by_squeeze)

# %% claim="a view on the way back" tags=["nbval-check-output"]
claim("gradients that arrive in another order, with block[0]", n_all - n_indexed, equals=len(layers))
claim("gradients that arrive in another order, with squeeze(0)", n_all - n_squeezed, equals=0)
claim("relative difference of the two", difference(by_squeeze(), indexed()), below=1e-3)

# %%
race(by_filter=in_rows, index=indexed, squeeze=by_squeeze)

# %% [markdown]
# **Explain.** `block[0]` spoils it. The gradient of an index is a new block of zeros in PyTorch's own order, into which
# the slice is copied: at each of the six layers that $J$ looks at, and then the layers on the way back sort again.
# `squeeze` only changes the shape.

# %% [markdown]
# ## Appendix B. Where the rest of the time goes
#
# A processor computes, and it fetches numbers. A layer that does few FLOPs for each byte may wait for memory, however
# fast the products are. We count both for each layer of minivgg as loaded: in float32, forward. Which block will take
# most of the time: the first, with few filters at every pixel, or the fourth, with many filters on a map of 1/64?

# %%
given, calls = (photo[None] - minivgg.mean) / minivgg.std, {}
for layer, stage in minivgg.stages.items():
    calls[layer] = (stage, given)
    given = stage(given)


# %%
def cost_of(stage, given):
    """FLOPs, and bytes read and written, of one layer."""
    result = stage(given)
    weights = sum(weight.numel() for weight in stage.parameters())
    return flops(lambda: stage(given)), 4 * (given.numel() + result.numel() + weights)


# %%
costs = {layer: cost_of(*call) for layer, call in calls.items()}
intensity = {layer: count / size for layer, (count, size) in costs.items() if count}
first = {layer: each for layer, each in costs.items() if layer[4] == "1"}
share = [
    sum(pair[i] for pair in first.values()) / sum(pair[i] for pair in costs.values()) for i in (0, 1)
]

# %% claim="FLOPs for each byte" tags=["nbval-check-output"]
claim("layer with the fewest FLOPs a byte", min(intensity, key=intensity.get), equals="conv1_1")
claim("conv3_2's FLOPs a byte, times conv1_1's", intensity["conv3_2"] / intensity["conv1_1"], above=6)
claim("block 1's share of the FLOPs", share[0], below=0.2)
claim("block 1's share of the bytes, times that", share[1] / share[0], above=2)

# %%
matrix = torch.rand(768, 768)
works = {layer: lambda call=call: call[0](call[1]) for layer, call in calls.items()}
with torch.no_grad():
    spent = bench.interleaved(works | {"product": lambda: matrix @ matrix}, rounds=9)
peak = 2 * 768**3 / spent["product"]

# %%
speeds = {layer: costs[layer][0] / spent[layer] / peak for layer in intensity}
plots.table(
    {layer: {"FLOPs a byte": each, "speed": speeds[layer]} for layer, each in intensity.items()}, "layer"
)

# %%
plots.scatter(
    {"minivgg's layers": torch.tensor([list(intensity.values()), list(speeds.values())])},
    ("FLOPs a byte", "of a large product's speed"),
    alt="A dot for each layer: its FLOPs for each byte to the right, its speed upwards, as a share of a large product's",
)

# %% [markdown]
# **Look at** the dots on the left: do they lie low? Speed is a share of the speed that a large product of matrices
# reaches. A layer that waits for memory stays low. (A few layers even beat that product.)


# %%
def by_block(numbers):
    return {
        f"block {block}": sum(numbers[name] for name in costs if name[4] == str(block))
        for block in range(1, 6)
    }


# %%
totals = [by_block({layer: pair[i] for layer, pair in costs.items()}) for i in (0, 1)]
plots.shares({"FLOPs": totals[0], "bytes": totals[1], "time": by_block(spent)})

# %% [markdown]
# **Look at** block 1 in each bar. It computes little and moves much. Is its share of the time nearer to its FLOPs or to
# its bytes? That depends on the machine. Where this was written, it took clearly more of the time than of the FLOPs. A
# small network has more of such layers, and is not as much faster as its FLOPs promise.
